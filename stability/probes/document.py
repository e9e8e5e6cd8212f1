"""What a probe says and in which order, before it becomes text, Markdown or HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ..documents.blocks import Block, Bullets, Heading, Paragraph, Row, Table, printable_block
from ..documents.intervals import intervals
from ..documents.numbers import MISSING, SPACE, eigenvalues, listed, number, radius
from ..documents.page import document
from ..documents.settings import settings, with_settings
from ..reports.document import conditions_by_name, conditions_table, whole
from .explained import ENOUGH, Explained
from .value import Eigenvalues, ProbeReport, RuleProbe

SHOWN = 8  # rows of a table of eigenvalues; JSON has all of them
FEW = 4  # significant digits of an eigenvalue known to single precision
ROUGH = 2  # of a residual or an error


@document.register(ProbeReport)
def _(report: ProbeReport) -> tuple[Block, ...]:
    """A probe as headings, paragraphs and tables; names are free of control characters."""
    blocks: list[Block] = [
        Heading(f"Probe of {report.network.name}", 1),
        Paragraph(_system(report)),
        Paragraph(" ".join(_headline(report)), strong=True),
        Heading("Is it at rest?", 2),
        *_rest(report),
        Heading("Eigenvalues of the game's Jacobian", 2),
        *_spectrum(report),
        Heading("The players' own Hessians", 2),
        *_hessians(report),
    ]
    blocks += [Heading("Game-theoretic conditions", 2), *_conditions(report)]
    if report.rules:
        blocks += [Heading("Rules", 2), *_rules(report.rules)]
    remarks = tuple(dict.fromkeys(_remarks(report)))
    if remarks:
        blocks += [Heading("Warnings", 2), Bullets(tuple(whole(remark) for remark in remarks))]
    blocks += [Heading("How this was found", 2), Paragraph(_method(report))]
    return tuple(printable_block(block) for block in blocks)


def _system(report: ProbeReport) -> str:
    network = report.network
    kind = {True: "Zero-sum game", False: "General-sum game", None: "Game"}[network.zero_sum]
    if network.zero_sum_up_to_own_terms:
        kind += " up to own terms"
    players = listed([f"{p} ({_numbers(size)})" for p, size in network.players.items()])
    count = len(network.players)
    step = "" if report.step is None else f", step {report.step:,}"
    return (
        f"{kind} of {count} player{'s' if count > 1 else ''}: {players}; {network.dtype}. "
        f"Point: {report.point}{step}, of norm {number(report.rest.point_norm, FEW)}."
    )


def _numbers(count: int) -> str:
    return f"{count:,} number{'' if count == 1 else 's'}"


def _headline(report: ProbeReport) -> Iterator[str]:
    rest = report.rest
    if rest.stationary.verdict == "yes":
        yield "The field vanishes here: this is an equilibrium."
    elif rest.stationary.verdict == "no":
        far = (
            ""
            if rest.newton_step is None
            else f", and a Newton step to rest is {number(rest.newton_step, 3)} long "
            f"(the point has norm {number(rest.point_norm, 3)})"
        )
        yield f"This is no equilibrium: the field has norm {number(rest.field_norm, 3)}{far}."
    else:
        yield "Whether this is an equilibrium is undecided."
    if len(report.rightmost.values):
        first = report.rightmost.values[0]
        shown = eigenvalues(with_conjugate(first), "flow")
        error = float(report.rightmost.errors[0])
        side = "right" if first.real > 0 else "left"
        where = f"{side} of the imaginary axis"
        if not abs(first.real) > error:
            where = "which may lie on either side of the imaginary axis"
        yield f"The rightmost eigenvalue found is {shown}, {where}."
    for player, own in report.own_hessians.items():
        low = own.smallest
        if len(low.values) and low.values[0] + low.errors[0] < 0:
            yield (
                f"{player} can do better alone: its own Hessian has the negative eigenvalue "
                f"{number(float(low.values[0]), FEW)}."
            )
    for rule in report.rules:
        if rule.spectral_radius is not None:
            yield (
                f"The largest multiplier of {_rule_name(rule)} has modulus "
                f"{radius(rule.spectral_radius)}."
            )


def with_conjugate(value: complex) -> np.ndarray:
    """The eigenvalue, and its conjugate where it is complex, shape (1,) or (2,)."""
    return np.array([value, value.conjugate()] if value.imag else [value])


def _rest(report: ProbeReport) -> Iterable[Block]:
    rest = report.rest
    yield Table(
        ("Player", "Loss", "Gradient norm"),
        tuple(
            Row((player, number(rest.losses[player]), number(norm, FEW)))
            for player, norm in rest.gradient_norms.items()
        ),
    )
    said = [whole(rest.stationary.because)]
    if rest.moved is not None:
        said.append(f"The point was moved by {number(rest.moved, FEW)} before all this.")
    yield Paragraph(" ".join([*said, *map(whole, rest.remarks)]))


def _spectrum(report: ProbeReport) -> Iterable[Block]:
    yield _table("Rightmost", report.rightmost)
    yield _table("Largest", report.largest)
    verdict = report.stability
    name = settings(report.field_settings)
    field = f"{report.field} field{f' ({name})' if name else ''}"
    yield Paragraph(
        f"Stability of the flow along the {field}: {verdict.verdict}. {whole(verdict.because)}"
    )
    yield Paragraph(_turning(report))


def _table(title: str, found: Eigenvalues) -> Table:
    rows = []
    for i in _one_of_each_pair(found):
        condition = None if found.condition is None else float(found.condition[i])
        value = eigenvalues(with_conjugate(rounded(found.values[i])), "flow")
        rows.append(
            Row(
                (
                    value,
                    number(float(found.residuals[i]), ROUGH),
                    number(condition, ROUGH),
                    number(float(found.errors[i]), ROUGH),
                )
            )
        )
    more = len(rows) - SHOWN
    if more > 0:
        rows = [*rows[:SHOWN], Row((f"… and {more} more", "", "", ""))]
    return Table((title, "Residual", "Condition", "Error at most"), tuple(rows))


def rounded(value: complex) -> complex:
    """The eigenvalue in as many digits as single precision knows of it."""
    return complex(*(float(f"{part:.{FEW}g}") for part in (value.real, value.imag)))


def _one_of_each_pair(found: Eigenvalues) -> list[int]:
    """The indices of real eigenvalues and of those above the real axis; the largest by modulus."""
    shown = [i for i, value in enumerate(found.values) if value.imag >= 0]
    if found.which == "largest":
        shown.sort(key=lambda i: -abs(found.values[i]))
    return shown


def _turning(report: ProbeReport) -> str:
    turning = report.rotation
    sure = f" (± {number(100 * turning.error, ROUGH)}% by random probes)" if turning.error else ""
    said = (
        f"Rotation: {number(100 * turning.share, 3)}%{sure} of the Jacobian (squared Frobenius norm) is "
        f"antisymmetric; {turning.turning} of the "
        f"{turning.among} largest eigenvalues have |Im λ| > |Re λ|"
    )
    if turning.angle is not None:
        said += f", the largest ratio |Im λ|/|Re λ| is {number(turning.angle, 3)}"
    abscissa = report.numerical_abscissa
    if len(abscissa.values):
        said += (
            f". Numerical abscissa (the fastest growth of a disturbance at first): "
            f"{number(float(abscissa.values[0]), FEW)}"
        )
    return f"{said}."


def _hessians(report: ProbeReport) -> Iterable[Block]:
    yield Table(
        ("Player", "Smallest eigenvalues", "Residual", "Largest", "Residual"),
        tuple(
            Row(
                (
                    player,
                    ", ".join(number(float(v), FEW) for v in own.smallest.values),
                    number(float(np.max(own.smallest.residuals, initial=0.0)), ROUGH),
                    number(float(own.largest.values[0]), FEW) if len(own.largest.values) else "",
                    number(float(np.max(own.largest.residuals, initial=0.0)), ROUGH),
                )
            )
            for player, own in report.own_hessians.items()
        ),
    )


def _conditions(report: ProbeReport) -> Iterable[Block]:
    if report.rest.stationary.verdict == "yes":
        yield from conditions_table(conditions_by_name(report.conditions))
    else:
        yield Paragraph(
            "All undecided: none holds where the field does not vanish. What the second derivatives "
            "here say of the conditions:"
        )
        yield from conditions_table(conditions_by_name(report.second_order))
    if report.complements:
        yield Table(
            ("Complement", "Smallest eigenvalues", "Residual", "Error at most"),
            tuple(
                Row(
                    (
                        "Schur (minmax)" if name == "minmax" else f"total ({name})",
                        ", ".join(number(float(v), FEW) for v in own.values),
                        number(float(np.max(own.residuals, initial=0.0)), ROUGH),
                        number(float(np.max(own.errors, initial=0.0)), ROUGH),
                    )
                )
                for name, own in report.complements.items()
            ),
        )


def _rules(rules: tuple[RuleProbe, ...]) -> Iterable[Block]:
    rows = []
    for rule in rules:
        found = rule.multipliers
        notes = [whole(rule.stability.because)]
        if found is not None and len(found.values):
            leading = [found.values[i] for i in _one_of_each_pair(found)][:2]
            shown = ", ".join(eigenvalues(with_conjugate(rounded(v)), "map") for v in leading)
            worst = number(float(np.max(found.residuals)), ROUGH)
            more = ", …" if len(leading) < len(_one_of_each_pair(found)) else ""
            notes.append(
                f"Multipliers {shown}{more} of a state of {_numbers(rule.state_size)} "
                f"(residuals at most {worst})."
            )
        if rule.explained is not None:
            notes += _explained(rule.explained)
        if rule.remark:
            notes.append(whole(rule.remark))
        rows.append(
            Row(
                (
                    _rule_name(rule),
                    radius(rule.spectral_radius),
                    rule.stability.verdict,
                    MISSING if rule.stable_lr is None else intervals(rule.stable_lr, FEW),
                    number(rule.steps_per_digit, FEW),
                ),
                tuple(notes),
            )
        )
    yield Table(
        ("Rule", f"Spectral{SPACE}radius", "Stability", "Stable lr within", "Steps per digit"),
        tuple(rows),
    )
    if any(rule.stable_lr is not None for rule in rules):
        yield Paragraph(
            "Stable lr within: with any other step one of the eigenvalues above is unstable; others may "
            "leave fewer."
        )


def _explained(found: Explained) -> Iterator[str]:
    """Over how far the multipliers hold."""
    length = number(found.radius, 3)
    if found.step is None and not found.sphere:
        yield f"The next step is {length} long: too short to tell in this precision what J explains."
        return
    parts = []
    if found.step is not None:
        parts.append(f"{_percent(found.step)} of the field's change over it")
    if found.sphere:
        low, high = _percent(min(found.sphere)), _percent(max(found.sphere))
        between = low if low == high else f"{low} to {high}"
        parts.append(f"{between} in random directions of that length")
    yield f"The next step is {length} long; J explains {', and '.join(parts)}."
    if found.least is not None and found.least < ENOUGH:
        yield (
            "So the field bends, or has kinks, within a step: these multipliers hold for less than one. "
            "Smaller steps, or smooth activations and penalties, would make them hold."
        )


def _percent(share: float) -> str:
    if share <= 0:
        return "none"
    return f"{number(min(100 * share, 99.9999), 3 if share < 0.999 else 6)}%"


def _rule_name(rule: RuleProbe) -> str:
    return with_settings(rule.rule, rule.settings)


def _remarks(report: ProbeReport) -> Iterator[str]:
    yield from report.warnings
    named = {
        "rightmost eigenvalues": report.rightmost,
        "largest eigenvalues": report.largest,
        "numerical abscissa": report.numerical_abscissa,
        **{f"complement, {name}": own for name, own in report.complements.items()},
    }
    for player, own in report.own_hessians.items():
        named[f"{player}'s own Hessian, smallest"] = own.smallest
        named[f"{player}'s own Hessian, largest"] = own.largest
    for rule in report.rules:
        if rule.multipliers is not None:
            named[f"multipliers of {rule.rule}"] = rule.multipliers
    for name, found in named.items():
        if not found.converged:
            yield f"{name}: {' '.join(found.remarks) or 'not converged'}"


def _method(report: ProbeReport) -> str:
    how = "From matrices written out by" if report.rightmost.complete else "Matrix-free:"
    return (
        f"{how} {report.products:,} products with Jacobians and Hessians in "
        f"{number(report.seconds, 3)} s, in {report.network.dtype} (seed {report.seed}). Residuals are those "
        "of unit vectors, recomputed; errors are residuals times condition numbers, to first order. "
        f"Computed by stability {report.version}."
    )
