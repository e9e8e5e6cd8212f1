"""All equilibria of a report in one table, a line for each."""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.value import EquilibriumAnalysis, MapAnalysis, RuleAnalysis
from ..documents.blocks import Block, Paragraph, Row, Table
from ..documents.numbers import MANY, MISSING, SPACE, named, number, point, radius, values_of
from ..verdicts.conditions import Conditions
from ..verdicts.verdict import Verdict
from .names import flow_name, rule_name
from .value import Report

WORDS = {"exponentially stable": "stable", "asymptotically stable": "slowly stable"}
DIGITS = 4  # of a point
FAR = 1e-3  # radii that differ from one by more have as many
APART = 3  # up to so many flows and rules have a column each, even if all agree


def overview(report: Report) -> Iterator[Block]:
    """The table, and what its words mean; nothing where there are no equilibria."""
    if not report.equilibria:
        return
    first = report.equilibria[0]
    names = list(first.point)
    columns = [
        "No.",
        "Point" if len(names) > MANY else named(names, "").removesuffix(" = "),
    ]
    both = first.conditions is not None and _applies(first.conditions.local_minmax)
    if first.conditions is not None:
        columns.append("Local" if both else "Local Nash")
    several = len(first.flows) > 1
    movers = [flow_name(f).capitalize() if several else "Flow" for f in first.flows]
    movers += [rule_name(r, several) for r in first.rules]
    movers += ["Map" for _ in first.maps]
    agreed = len(movers) > APART and all(map(_agreed, report.equilibria))
    rows = []
    for i, e in enumerate(report.equilibria):
        cells = [str(i + 1), values_of(e.point, DIGITS)]
        if e.conditions is not None:
            cells.append(_local(e.conditions) if both else e.conditions.local_nash.word)
        moving = [*e.flows, *e.rules, *e.maps]
        if agreed:
            cells.append(_short(moving[0].stability.verdict))
        else:
            types = [
                kind(f.type, f.stability.verdict, len(names)).replace("degenerate ", "")
                for f in e.flows
            ]
            cells += [*types, *(_radius(own) for own in (*e.rules, *e.maps))]
        rows.append(Row(tuple(cells), to=heading(report, i)))
    columns += ["Every flow and rule"] if agreed else movers
    yield Table(tuple(columns), tuple(rows), brief=True)
    said = []
    if both:
        said.append(
            "Local: whether it is a local Nash equilibrium, a strict local minmax point, both or neither "
            "(“?”: undecided)."
        )
    words = [own.stability.verdict for e in report.equilibria for own in (*e.rules, *e.maps)]
    if words or agreed:
        said.append("Stable: exponentially stable; the number is the spectral radius.")
    if "asymptotically stable" in words:
        said.append("Slowly stable: the error shrinks slower than any exponential.")
    if said:
        yield Paragraph(" ".join(said))


def heading(report: Report, index: int) -> str:
    """What the part about one equilibrium is called."""
    e = report.equilibria[index]
    noun = "Fixed point" if report.system.kind == "map" else "Equilibrium"
    if e.judged and not e.differentiable:
        noun = "Equilibrium on a kink"
    elif not e.judged:
        noun = "Rest point" if e.at_rest else "Point"
    total = len(report.equilibria)
    which = f" {index + 1} of {total}" if total > 1 else ""
    return f"{noun}{which}: {point(e.point)}"


def kind(type_: str, stability: str, dimension: int) -> str:
    """A type in short, with the stability where that does not tell."""
    name = type_
    if dimension <= 2:
        name = name.removesuffix(" with 1 unstable direction")
    name = name.split(" with ")[0] if name.startswith("non-hyperbolic") else name
    name = name.replace("centre of the linearisation", "linear centre").removesuffix(" here")
    tells = any(word in name for word in ("stable", "saddle", "attracting", "repelling"))
    slowly = "stable, slowly" if stability == "asymptotically stable" else stability
    return name if tells else f"{name}, {slowly}"


def _agreed(e: EquilibriumAnalysis) -> bool:
    return len({own.stability.verdict for own in (*e.flows, *e.rules, *e.maps)}) == 1


def _applies(verdict: Verdict) -> bool:
    return verdict.word == verdict.verdict


def _local(conditions: Conditions) -> str:
    """Which local solution concepts hold, and which are open."""
    found = {"Nash": conditions.local_nash.verdict, "minmax": conditions.local_minmax.verdict}
    if set(found.values()) == {"yes"}:
        return "both"
    said = [name for name, verdict in found.items() if verdict == "yes"]
    said += [f"{name}?" for name, verdict in found.items() if verdict == "undecided"]
    return ", ".join(said) or "neither"


def _short(verdict: str) -> str:
    return WORDS.get(verdict, verdict)


def _radius(own: RuleAnalysis | MapAnalysis) -> str:
    """The verdict and the spectral radius, not broken at the end of a line."""
    rho = own.spectral_radius
    if rho is None:
        return _short(own.stability.verdict)
    text = number(rho, DIGITS) if abs(rho - 1) >= FAR else radius(rho)
    return (
        f"{_short(own.stability.verdict)}{SPACE}{text}"
        if text != MISSING
        else own.stability.verdict
    )
