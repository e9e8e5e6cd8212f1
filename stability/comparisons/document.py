"""What a comparison says and in which order, before it becomes text, Markdown or HTML."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..documents.blocks import Block, Bullets, Heading, Paragraph, Table, printable_block
from ..documents.blocks import Row as TableRow
from ..documents.numbers import MISSING, number, per_player, point, radius
from ..documents.page import document
from ..fields import Field
from ..reports.document import stable_cell, system_sentence, whole
from ..rules import Rule
from .tuning import Tuned
from .value import Comparison, FlowRow, Row

MOST = 6  # equilibria that are named
FEW = 4  # significant digits in the table; JSON has all of them
SHORT = {
    "exponentially stable": "stable",
    "asymptotically stable": "stable (slowly)",
}


@document.register(Comparison)
def _(comparison: Comparison) -> tuple[Block, ...]:
    """A comparison as headings, paragraphs and tables; names are free of control characters."""
    system = comparison.system
    blocks: list[Block] = [
        Heading(f"Algorithms on {system.name or f'a {system.kind}'}", 1),
        Paragraph(system_sentence(system)),
        Paragraph(_headline(comparison), strong=True),
    ]
    if len(comparison.equilibria) > 1:
        blocks.append(Paragraph(_equilibria(comparison)))
    if comparison.rows and comparison.equilibria:
        blocks += [*_flows(comparison), Heading(_title(comparison), 2), _table(comparison)]
        blocks.append(Paragraph(_explanation(comparison)))
        exact = [row for row in comparison.rows if row.conditions is not None]
        if exact:
            blocks += [Heading("Exact conditions for stability", 2), _conditions(exact)]
    for name in dict.fromkeys(tuned.name for tuned in comparison.tuned):
        blocks += _tuning(name, [tuned for tuned in comparison.tuned if tuned.name == name])
    if comparison.inapplicable:
        items = (f"{_spaced(own.name)}: {own.because}" for own in comparison.inapplicable)
        stopped = tuple(item if item.endswith(".") else f"{item}." for item in items)
        blocks += [Heading("Does not apply here", 2), Bullets(stopped)]
    if comparison.warnings:
        blocks += [
            Heading("Warnings", 2),
            Bullets(tuple(whole(warning) for warning in comparison.warnings)),
        ]
    return tuple(printable_block(block) for block in blocks)


def _headline(comparison: Comparison) -> str:
    points = comparison.equilibria
    if not points:
        return "There is no equilibrium at which algorithms could be compared."
    where = (
        f"At {point(points[0])}"
        if len(points) == 1
        else f"At the worst of the {len(points)} equilibria"
    )
    fast = [row for row in comparison.rows if row.steps_per_digit is not None]
    if not fast:
        unknown = sum(row.spectral_radius is None for row in comparison.rows)
        but = f" ({unknown} could not be judged)" if unknown else ""
        return f"{where} no algorithm converges exponentially, whatever its step size{but}."
    first = fast[0]
    counted = [row for row in fast if not row.cost.solves]
    cheapest = min(counted, key=lambda row: (row.work_per_digit, row.cost.work), default=None)
    text = f"{where} {_spaced(first.name)} converges fastest"
    if cheapest is first and first.steps_per_digit:
        return f"{text}{_with_step(first)}: {_steps(first)}, {_evaluations(first)} for each digit."
    text += f"{_with_step(first)}{_so_fast(first, _steps(first))}."
    if cheapest is None or cheapest is first:
        return text
    name = f"{_spaced(cheapest.name)}{_with_step(cheapest)}"
    speed = _so_fast(cheapest, _evaluations(cheapest))
    return f"{text} Least work without solving equations: {name}{speed}."


def _equilibria(comparison: Comparison) -> str:
    """Where the equilibria are, as far as they are few; --at takes one of them."""
    shown = [point(own) for own in comparison.equilibria[:MOST]]
    more = len(comparison.equilibria) - len(shown)
    return f"Compared at {', '.join(shown)}{f' and {more} more' if more else ''}."


def _with_step(row: Row) -> str:
    return "" if row.best_lr is None else f" with lr = {per_player(row.best_lr)}"


def _so_fast(row: Row, effort: str) -> str:
    grows = row.best_lr is None and row.settings.get("lr") is not None
    if row.steps_per_digit:
        return f"{' with ever larger steps' if grows else ''}, {effort} for each digit"
    return (
        ", the faster the larger its steps"
        if grows
        else ", which gets there in finitely many steps"
    )


def _steps(row: Row) -> str:
    return f"{_count(row.steps_per_digit, 3)} steps"


def _evaluations(row: Row) -> str:
    return f"{_count(row.work_per_digit, 3)} gradient evaluations"


def _count(x: float | None, digits: int = FEW) -> str:
    """A number of something: no powers of ten before a million."""
    if x is None or not 10**digits <= x < 1e6:
        return number(x, digits)
    return f"{float(f'{x:.{digits}g}'):.0f}"


def _title(comparison: Comparison) -> str:
    several = len(comparison.equilibria) > 1
    return "Algorithms, the fastest first" + (" (worst equilibrium)" if several else "")


def _flows(comparison: Comparison) -> Iterable[Block]:
    rows = tuple(_flow_row(flow, len(comparison.equilibria)) for flow in comparison.flows)
    yield Heading("Flows", 2)
    yield Table(("Field", "Stability", "Spectral abscissa"), rows, brief=True)


def _flow_row(flow: FlowRow, total: int) -> TableRow:
    verdict = _verdict(flow.verdict, flow.verdicts, total)
    return TableRow((_spaced(flow.name), verdict, number(flow.spectral_abscissa)))


def _verdict(verdict: str, verdicts: tuple[str, ...], total: int) -> str:
    """The worst verdict; where equilibria differ, at how many it is stable."""
    stable = sum(v in SHORT for v in verdicts)
    if total > 1 and 0 < stable < total:
        return f"stable at {stable} of {total}"
    return SHORT.get(verdict, verdict)


def _table(comparison: Comparison) -> Table:
    total = len(comparison.equilibria)
    return Table(
        (
            "Algorithm",
            "As given",
            "Stable lr",
            "Best lr",
            "Radius",
            "Work per step",
            "Work per digit",
        ),
        tuple(_row(row, total) for row in comparison.rows),
    )


def _row(row: Row, total: int) -> TableRow:
    notes = []
    if row.because:
        notes.append(whole(row.because))
    return TableRow(
        (
            _spaced(row.name),
            _verdict(row.verdict, row.verdicts, total),
            stable_cell(row.settings, row.critical_lr, row.stable_lr, FEW),
            _best(row),
            _radius(row.best_spectral_radius),
            _work(row),
            _work_per_digit(row),
        ),
        tuple(notes),
    )


def _spaced(name: str) -> str:
    """A name that may be broken between its settings."""
    return name.replace(",", ", ").replace(":", ", ").replace("=-", "=−")


def _best(row: Row) -> str:
    if row.best_lr is None and row.best_spectral_radius is not None:
        if row.settings.get("lr") is None:
            return MISSING
        return "any" if row.spectral_radius == 0 else "large"  # corners are reached by all of them
    return _few(row.best_lr)


def _radius(x: float | None) -> str:
    """Four digits, or as many as it takes to tell it from one."""
    return number(x, FEW) if x is None or abs(x - 1) >= 1e-3 else radius(x)


def _few(lr: Any) -> str:
    return per_player(lr) if isinstance(lr, Mapping) else number(lr, FEW)


def _work(row: Row) -> str:
    solves = row.cost.solves
    text = _count(row.cost.work, 3)
    if not solves:
        return text
    solved = f"{number(solves, 3)} solve{'s' if solves != 1 else ''}"
    return solved if row.cost.work == 0 else f"{text} + {solved}"


def _work_per_digit(row: Row) -> str:
    if row.steps_per_digit is None or (row.steps_per_digit == 0 and row.best_lr is None):
        return MISSING
    text, solves = _count(row.work_per_digit), row.steps_per_digit * row.cost.solves
    if not solves:
        return text
    solved = f"{_count(solves, 3)} solves"
    return solved if row.cost.work == 0 else f"{text} + {solved}"


def _conditions(rows: list[Row]) -> Table:
    cells = [(_spaced(row.name), _condition(row.conditions or "")) for row in rows]
    return Table(("Algorithm", "Stable if and only if"), tuple(TableRow(own) for own in cells))


def _tuning(name: str, found: list[Tuned]) -> Iterable[Block]:
    low, high = found[0].interval
    end = "∞" if math.isinf(high) else number(high)
    yield Heading(f"Which {name}, between {number(low)} and {end}?", 2)
    columns = ("Algorithm", f"Stable {name}", f"Best {name}", "Rate there", "Steps per digit")
    yield Table(columns, tuple(map(_tuned, found)))
    yield Paragraph(
        "Stable at every equilibrium compared. Rate: for a flow the spectral abscissa (the error "
        "shrinks like exp(rate·t)), for a rule at its own lr the spectral radius."
    )


def _tuned(tuned: Tuned) -> TableRow:
    field = "the flow" if tuned.field is None else f"{_spaced(str(tuned.field))} flow"
    name = field if tuned.rule is None else _spaced(_with_lr(tuned.rule, tuned.field))
    if tuned.stable is None:
        return TableRow((name, *(MISSING,) * 4), (whole(tuned.because or ""),))
    intervals = [
        f"({_end(low, exact[0])}, {_end(high, exact[1])})"
        for (low, high), exact in zip(tuned.stable, tuned.exact, strict=True)
    ]
    rate = number if tuned.rule is None else radius
    return TableRow(
        (
            name,
            ", ".join(intervals) or "none",
            number(tuned.best),
            rate(tuned.best_value),
            number(tuned.steps_per_digit, FEW),
        ),
        tuple(whole(warning) for warning in tuned.warnings),
    )


def _with_lr(rule: Rule, field: Field | None) -> str:
    lr = "" if rule.lr is None else f"lr={per_player(rule.lr)}"
    on = "" if field is None or field.name == "gradient" else f" on {field}"
    text = str(rule)
    return f"{text}{':' if ':' not in text and lr else ',' if lr else ''}{lr}{on}"


def _end(value: float, exact: str | None) -> str:
    if math.isinf(value):
        return "∞"
    shown = number(value)
    written = None if exact is None else _condition(exact)
    return shown if written is None or written == shown else f"{written} = {shown}"


def _condition(text: str) -> str:
    if text in ("True", "False"):
        return "always" if text == "True" else "never"
    powers = re.sub(r"\*\*(\d)\b", lambda m: "⁰¹²³⁴⁵⁶⁷⁸⁹"[int(m[1])], text)
    for plain, written in (
        ("*", "·"),
        ("sqrt(", "√("),
        (" & ", " and "),
        (" | ", " or "),
        ("-", "−"),
    ):
        powers = powers.replace(plain, written)
    return powers


def _explanation(comparison: Comparison) -> str:
    sizes = {row.settings["lr"] for row in comparison.rows if _is_plain(row.settings.get("lr"))}
    given = f"lr = {number(sizes.pop())}" if len(sizes) == 1 else "its own lr"
    return (
        f"As given: at {given}. Stable lr: the steps with which it converges exponentially; the end of "
        "those that reach down to 0 is the critical lr. "
        "Best lr: the step with the smallest spectral radius, which is the factor by which the error "
        "shrinks in the long run. Work: evaluations of the whole gradient; a product with the Jacobian "
        "counts as one more; equations to solve are listed apart. Work per digit: "
        "what it takes to divide the error by ten at the best lr."
    )


def _is_plain(lr: Any) -> bool:
    return lr is not None and not isinstance(lr, Mapping)
