"""Sets of equilibria in words: how many and which, where they attract, and where they are no manifold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ..analysis.value import ComponentInfo, EquilibriumAnalysis
from ..documents.formulas import readable
from ..documents.numbers import listed, point

LONGEST = 60  # characters of a parametrisation in a headline
COUNTS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_BETWEEN = re.compile(r"( < | > | <= | >= | = | or | and )")


def count(n: int) -> str:
    """A number as a word, if it is small."""
    return COUNTS[n] if n < len(COUNTS) else str(n)


def name_of(e: EquilibriumAnalysis) -> str:
    """What the set that a point stands for is called: a line, a curve …"""
    assert e.component is not None
    return e.component.name


def named_sets(points: Sequence[EquilibriumAnalysis]) -> list[str]:
    """`a line`, `two curves`; the parts of one that was only seen numerically are one."""
    names = {}
    for i, e in enumerate(points):
        if e.component is not None:
            names[("exact", i) if e.piece is None else ("seen", e.piece, name_of(e))] = name_of(e)
    return [
        f"a {name}" if n == 1 else f"{count(n)} {name}s"
        for name, n in Counter(names.values()).items()
    ]


def in_parts(points: Sequence[EquilibriumAnalysis]) -> bool:
    """Whether several of the points stand for parts of the same set."""
    pieces = [e.piece for e in points if e.component is not None and e.piece is not None]
    return len(set(pieces)) < len(pieces)


def equation_of(component: ComponentInfo, names: Sequence[str]) -> str | None:
    """The set as a reader would write it, `x = 1 − y, y free`; None if it is only known numerically."""
    if component.equation is not None:
        return _formatted(component.equation, names)
    if component.parametrisation is None:
        return None
    equal: dict[str, list[str]] = {}
    for variable, expression in component.parametrisation.items():
        if variable not in component.free:
            equal.setdefault(readable(expression, names), []).append(variable)
    said = [f"{' = '.join(own)} = {text}" for text, own in equal.items()]
    return ", ".join([*said, f"{listed(list(component.free))} free"])


def ranges(component: ComponentInfo, names: Sequence[str]) -> str | None:
    """Where it attracts and repels, as the end of a sentence about it; None if nothing is known."""
    said = []
    for verb, where in (("attracts", component.attracts), ("repels", component.repels)):
        if where == "everywhere":
            return f"{verb} everywhere"
        if where is not None and where != "nowhere":
            said.append(f"{verb} where {_formatted(where, names)}")
    if said:
        return " and ".join(said)
    return "attracts nowhere" if component.attracts else None


def about(e: EquilibriumAnalysis, names: Sequence[str]) -> list[str]:
    """Which set it is, where that attracts and repels, and whether some points between are not listed."""
    own = e.component
    if own is None:
        return []
    equation, where = equation_of(own, names), ranges(own, names)
    said = [] if equation is None else [f"The whole {own.name}: {equation}."]
    if where is None:
        return said
    said.append(f"The {own.name} {where}.")
    if not own.all_ends and not {own.attracts, own.repels} & {"everywhere"}:
        said.append("Points between these ranges are not all listed.")
    return said


def briefly(e: EquilibriumAnalysis, names: Sequence[str]) -> str:
    """The equation in brackets, with a blank before it, if there is one and it is short."""
    text = None if e.component is None else equation_of(e.component, names)
    return f" ({text})" if text is not None and len(text) <= LONGEST else ""


def singular_points(points: Sequence[EquilibriumAnalysis]) -> list[str]:
    """For each reason a sentence that says where the set of equilibria cannot be judged across."""
    groups: dict[str, list[EquilibriumAnalysis]] = {}
    for e in points:
        if e.singular is not None:
            groups.setdefault(e.singular, []).append(e)
    said = []
    for reason, own in groups.items():
        where = listed([point(e.point) for e in own])
        words = {f.stability.verdict for e in own for f in (*e.flows, *e.rules, *e.maps)}
        verdict = f", {words.pop()}" if len(words) == 1 else ""
        own_right = "itself" if len(own) == 1 else "themselves"
        said.append(f"At {where} {reason.removesuffix(' here')}: judged by {own_right}{verdict}.")
    return said


def _formatted(text: str, names: Sequence[str]) -> str:
    return "".join(
        part if i % 2 else readable(part, names) for i, part in enumerate(_BETWEEN.split(text))
    )
