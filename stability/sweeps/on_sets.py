"""A sweep's quantities where players live in sets: read from the analysis of one rest point at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..analysis.value import EquilibriumAnalysis, RuleAnalysis
from ..branches.point_by_point import PointByPoint
from ..branches.problem import Problem
from ..verdicts.verdict import Verdict
from .chunks import LOST

CHUNK = 16  # points that are worked off together, some seconds


@dataclass(frozen=True)
class EvaluatorOnSets:
    """What `Evaluator` is elsewhere, for a game whose players live in sets.

    `system` is the game without penalties, `spans`, shape (a,), the widths of the axes' grids. Where active
    limits leave fewer eigenvalues or multipliers than variables, the last ones are NaN.
    """

    system: Any
    problem: Problem
    quantities: tuple[str, ...]
    chunk: int
    spans: np.ndarray
    box: Mapping[str, tuple[float, float]] | None
    everywhere: bool

    @property
    def searched(self) -> tuple[Any, ...]:
        """Where rest points are looked for, as text would tell it."""
        return (sorted((self.box or {}).items()), self.everywhere)

    @cached_property
    def _points(self) -> PointByPoint:
        return PointByPoint(self.system, self.problem, self.spans, self.box, self.everywhere)

    def __call__(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The quantities, and `LOST`, at rows of the axes' values, shape (n, a)."""
        found = [self._points.at(row) for row in rows]
        values = {name: [] for name in self.quantities}
        for row, e in zip(rows, found, strict=True):
            for name, own in values.items():
                own.append(self._value(name, row, e))
        arrays = {name: np.array(own) for name, own in values.items()}
        return {**arrays, LOST: np.array([e is None for e in found])}

    def _value(self, name: str, row: np.ndarray, e: EquilibriumAnalysis | None) -> Any:
        shape = self._shapes.get(name, ())
        kind = complex if name in ("eigenvalues", "multipliers") else float
        empty = np.full(shape, complex(np.nan, np.nan) if kind is complex else np.nan)
        if e is None:
            return empty
        if name == "losses":
            return self._points.losses(row, np.array(list(e.point.values())))
        read = _READ.get(name)
        value = read(e) if read is not None else _of_rule(name, e, self._players)
        if value is None:
            return empty
        if not shape:
            return float(value)
        value = np.atleast_1d(np.asarray(value, dtype=kind))[: shape[0]]
        return np.concatenate([value, empty[len(value) :]])

    @property
    def _players(self) -> tuple[str, ...] | None:
        """The players, if their step sizes differ or one of them varies."""
        problem = self.problem
        rule = problem.setup.rule
        varied = any(a.owner == "rule" and a.setting == "lr" and a.player for a in problem.axes)
        by_player = rule is not None and (isinstance(rule.lr, Mapping) or varied)
        return problem.partition.players if by_player else None

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        d = len(self.problem.variables)
        rule, players = self.problem.setup.rule, self.problem.partition
        states = 1 if rule is None else len(rule.state_sizes(players))
        steps = () if self._players is None else (len(self._players),)
        return {
            "point": (d,),
            "losses": (len(players.players),),
            "eigenvalues": (d,),
            "multipliers": (states * d,),
            "critical_lr": steps,
            "best_lr": steps,
            "stable_lr": (2,),
        }


def _stable(verdict: Verdict) -> float:
    return {"exponentially stable": 1.0, "unstable": 0.0}.get(verdict.verdict, math.nan)


_READ: dict[str, Callable[[EquilibriumAnalysis], Any]] = {
    "spectral_abscissa": lambda e: e.flows[0].spectral_abscissa,
    "stable": lambda e: _stable(e.flows[0].stability),
    "eigenvalues": lambda e: e.flows[0].eigenvalues,
    "spectral_radius": lambda e: e.rules[0].spectral_radius,
    "stable_rule": lambda e: _stable(e.rules[0].stability),
    "multipliers": lambda e: e.rules[0].multipliers,
    "steps_per_digit": lambda e: e.rules[0].steps_per_digit,
    "best_spectral_radius": lambda e: e.rules[0].best_spectral_radius,
    "point": lambda e: list(e.point.values()),
    "residual": lambda e: e.residual,
}


def _of_rule(name: str, e: EquilibriumAnalysis, players: tuple[str, ...] | None) -> Any:
    """The critical or best step size, or the stable ones around the best."""
    rule = e.rules[0]
    if rule.multipliers is None or rule.stable_lr is None:
        return None
    if name == "stable_lr":
        return _around(rule)
    value = rule.critical_lr if name == "critical_lr" else rule.best_lr
    if value is None:  # every step is stable; or none is the best
        value = math.inf if name == "critical_lr" else math.nan
    if players is None:
        return value
    return [value[p] if isinstance(value, Mapping) else value for p in players]


def _around(rule: RuleAnalysis) -> list[float] | None:
    """The interval of stable step sizes around the best one; the last one where that is not known."""
    ends = [(low, math.inf if high is None else high) for low, high in rule.stable_lr or ()]
    best = rule.best_lr if isinstance(rule.best_lr, float) else math.nan
    around = [own for own in ends if own[0] <= best <= own[1]] or ends[-1:]
    return list(around[0]) if around else None
