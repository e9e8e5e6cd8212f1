"""The phase portrait that can be played with: what its script is told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..analysis.subject import plain
from ..analysis.value import EquilibriumAnalysis
from ..dynamics.flow import SymbolicFlow
from ..dynamics.level import on_level
from ..dynamics.map import SymbolicMap
from ..dynamics.partition import Partition
from ..errors import InputError
from ..fields import Field, Gradient
from ..games.symbolic import SymbolicGame
from ..plots.looks import looks
from ..reports.value import Report
from ..rules import (
    RK4,
    Alternating,
    Extragradient,
    HeavyBall,
    Heun,
    Nesterov,
    Optimistic,
    Rule,
    Simultaneous,
)
from ..time_limits import in_time
from .assets import asset
from .javascript import javascript

# The rules that the page steps by, with the settings that it knows; the others have their defaults there.
RULES = {
    Simultaneous: ("lr",),
    Alternating: ("lr", "steps", "order"),
    Extragradient: ("lr",),
    Optimistic: ("lr",),
    HeavyBall: ("lr", "beta"),
    Nesterov: ("lr", "beta"),
    Heun: ("lr",),
    RK4: ("lr",),
}
SCRIPTS = ("functions.js", "dynamics.js", "drawing.js", "controls.js", "portrait.js")
LONGEST = 20_000  # characters of a field in JavaScript
SECONDS = 10.0  # for its translation
MOST = 4  # variables
STEPS, ITERATES = 200, 500
MARKS = {
    "exponentially stable": "stable",
    "asymptotically stable": "stable",
    "unstable": "unstable",
    "neutral": "neutral",
}


def explorer(
    report: Report, system: Any, field: Field | None, rules: Sequence[Rule]
) -> tuple[dict[str, Any], str]:
    """The data of the portrait and its script, which is one function of its own.

    Raises InputError, with a sentence for the reader, where there can be no such portrait.
    """
    noun = report.system.kind
    if not system.symbolic:
        raise InputError(f"it is drawn from formulas, and this {noun} is given by a function")
    system = on_level(system.real, report.system.parameters)
    d = system.dimension
    if not 2 <= d <= MOST:
        raise InputError(
            f"it shows systems of two to four variables, and this {noun} has {'one' if d == 1 else d}"
        )
    real = system.real
    values = real.values(report.system.parameters)
    field = field or Gradient()
    moved = field.flow(real) if real.kind == "game" else real
    symbols = [*real.variables, *values]
    domain = real.domain if real.kind == "game" else ()
    function = in_time(SECONDS, lambda: javascript(list(moved.expressions), symbols, domain), None)
    if function is None or len(function) > LONGEST:
        raise InputError(f"the formulas of this {noun} are too long for it")
    data = {
        "kind": "map" if system.kind == "map" else "flow",
        "name": report.system.name or f"a {noun}",
        "variables": [v.name for v in real.variables],
        "box": [list(report.search.box[v.name]) for v in real.variables],
        "start": _start(report, real),
        "parameters": [_parameter(p.name, float(value)) for p, value in values.items()],
        "equilibria": _equilibria(report, real, field if real.kind == "game" else None),
        "steps": bool(rules) or system.kind != "flow",
        "count": ITERATES if system.kind == "map" else STEPS,
        **_stepping(rules, moved.partition),
    }
    called = f"const formulas = {function};\nconst system = (x, p) => formulas(...x, ...p);"
    return data, "\n".join(["(() => {", '"use strict";', called, *map(asset, SCRIPTS), "})();"])


def _start(report: Report, system: SymbolicGame | SymbolicFlow | SymbolicMap) -> list[float]:
    """The system's own, else the first two variables between the middle of the box and its upper corner."""
    if system.start is not None:
        return [float(x) for x in system.start]
    names = [v.name for v in system.variables]
    start = [
        low + (0.5 if i > 1 else 0.75) * (high - low)
        for i, (low, high) in enumerate(report.search.box[name] for name in names)
    ]
    if report.equilibria:
        start[2:] = [report.equilibria[0].point[name] for name in names[2:]]
    return start


def _parameter(name: str, value: float) -> dict[str, Any]:
    """A parameter with the ends of its slider."""
    low, high = (-1.0, 1.0) if value == 0 else sorted((0.0, 3 * value))
    return {"name": name, "value": value, "low": low, "high": high}


def _equilibria(report: Report, system: Any, field: Field | None) -> list[dict[str, Any]]:
    found = []
    for e in report.equilibria:
        verdict = _verdict(e, field)
        if verdict is not None:
            point = [e.point[v.name] for v in system.variables]
            found.append({"point": point, "kind": MARKS.get(verdict, "undecided")})
    return found


def _verdict(e: EquilibriumAnalysis, field: Field | None) -> str | None:
    """How stable the point is for the flow (or map) of the portrait; None where it does not rest."""
    for flow in e.flows:
        own = field is None or (flow.field, flow.settings) == (field.name, plain(field.settings))
        if own:
            return flow.stability.verdict if flow.stationary else None
    return e.maps[0].stability.verdict if e.maps and e.stationary else None


def _stepping(rules: Sequence[Rule], partition: Partition) -> dict[str, Any]:
    """The rules on offer with the settings that they start with."""
    several = len(partition.players) > 1
    known = [rule for rule in rules if _plain(rule) and (several or rule.name != Alternating.name)]
    first = known[0] if known else Simultaneous()
    turns = _first(known, "steps", Alternating())
    steps = turns.steps if isinstance(turns.steps, Mapping) else {"": turns.steps}
    counts = partition.per_player({"": 1, **steps}, "steps")
    order = partition.players if turns.order is None else turns.order
    slices = [range(partition.dimension)[own] for own in partition.slices]
    heavy = _first(known, "beta", HeavyBall())
    own = f" ({', '.join(map(str, counts))} steps)" if set(counts) != {1} else ""
    return {
        "players": [
            {"name": name, "rows": list(rows)}
            for name, rows in zip(partition.players, slices, strict=True)
        ],
        "lr": [float(h) for h in partition.per_player(first.lr, "lr")],
        "beta": float(heavy.beta),
        "rule": first.name,
        "rules": [
            [rule.name, rule.name + (own if rule is Alternating else "")]
            for rule in RULES
            if several or rule is not Alternating
        ],
        "colours": {rule.name: looks([rule.name])[rule.name].color for rule in RULES},
        "turns": [
            {"rows": list(slices[partition.index(p)]), "steps": counts[partition.index(p)]}
            for p in order
        ],
    }


def _first(rules: Sequence[Rule], setting: str, usual: Any) -> Any:
    """The first rule with this setting, else the usual one."""
    return next((rule for rule in rules if setting in RULES[type(rule)]), usual)


def _plain(rule: Rule) -> bool:
    """Whether the page steps in the same way."""
    kind = type(rule)
    if kind not in RULES:
        return False
    same = kind(**{setting: getattr(rule, setting) for setting in RULES[kind]})
    return rule == same and math.isfinite(max(_rates(rule)))


def _rates(rule: Rule) -> list[float]:
    return [float(h) for h in (rule.lr.values() if isinstance(rule.lr, Mapping) else [rule.lr])]
