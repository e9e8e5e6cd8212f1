"""A rest point in strategy sets as numbers vary, looked up anew at every value.

Where players live in sets a rest point wanders from face to face: a firm leaves its market, a probability
reaches zero. So at every value all solutions of the variational inequality are searched for, as a report
does, and the one is taken that continues the point before: the nearest, if it is near, no other is as near,
and no other point before is as near to it. So where a point ends at a fold it is lost, and no far one that
lives on is taken for it. Between values where that cannot be told, values in between are looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from ..analysis.at_point import Place
from ..analysis.study import Study, as_study, study
from ..analysis.value import EquilibriumAnalysis
from ..dynamics.symbols import exact as exact_number
from ..errors import InputError
from .axes import Setup
from .problem import Problem

_STRIDE = 0.25  # of an axis: between two values that are looked at on the way to a first one
_NEAR = (
    0.2  # of the half width of the search box: a point that moved less continues the one before …
)
_APART = 0.5  # … if no other point is nearer than this share says
_HALVINGS = 6
_KEPT = 64  # searches that are remembered


class PointByPoint:
    """The rest point of a problem in strategy sets, at any numbers of its axes.

    `system` is the game without penalties; `spans`, shape (a,), are the widths of the axes' grids; `box` and
    `everywhere` as for `sweep`. Equal numbers of parameters, penalties and fields share one search.
    """

    def __init__(
        self,
        system: Any,
        problem: Problem,
        spans: np.ndarray,
        box: Mapping[str, tuple[float, float]] | None,
        everywhere: bool,
    ):
        self._system, self.problem, self._box, self._everywhere = system, problem, box, everywhere
        self._spans = np.where(spans > 0, spans, 1.0)
        self._searches: dict[tuple[float, ...], tuple[Study, tuple[Place, ...]]] = {}
        self._followed = [(problem.origin, problem.base.point)]

    def at(self, numbers: Any) -> EquilibriumAnalysis | None:
        """What is true of the rest point there; None where it was lost, or a number is not taken."""
        target = np.asarray(numbers, dtype=float)
        try:
            place = self._follow(target)
        except InputError:  # a number that a setting does not take, an empty set
            return None
        if place is None:
            return None
        setup = self._setup(target)
        whole = self._search(target)[0]
        if setup.rule is not None:
            whole = as_study(whole, rules=[setup.rule])
        return whole.analysis(place)

    def losses(self, numbers: Any, x: np.ndarray) -> np.ndarray:
        """Every player's loss at x."""
        game = self._search(np.asarray(numbers, float))[0].numeric
        with jax.enable_x64(True):
            return np.asarray(game.losses(x), float)

    def _follow(self, target: np.ndarray) -> Place | None:
        """The place at the target, from the nearest numbers at which it is known."""
        begin, x = min(self._followed, key=lambda own: self._distance(own[0], target))
        count = max(1, int(np.ceil(self._distance(begin, target) / _STRIDE)))
        place = None
        before = begin
        for k in range(1, count + 1):
            numbers = begin + (target - begin) * k / count if k < count else target
            place = self._advance(before, x, numbers, _HALVINGS)
            if place is None:
                return None
            before, x = numbers, place.main.point
        self._followed.append((target, x))
        return place

    def _advance(
        self, before: np.ndarray, x: np.ndarray, numbers: np.ndarray, halvings: int
    ) -> Place | None:
        """The place that continues x from the numbers `before` to others."""
        places = self._search(numbers)[1]
        earlier = self._search(before)[1]
        if places and earlier:
            moved = self._away(places, x)
            nearest = places[int(np.argmin(moved))]
            own = int(np.argmin(self._away(earlier, x)))
            back = np.delete(self._away(earlier, nearest.main.point), own)
            second = min([*np.sort(moved)[1:], *back], default=np.inf)
            if moved.min() <= min(_NEAR, _APART * second):
                return nearest
        if not halvings or self._distance(before, numbers) == 0:
            return None
        middle = (before + numbers) / 2
        between = self._advance(before, x, middle, halvings - 1)
        if between is None:
            return None
        return self._advance(middle, between.main.point, numbers, halvings - 1)

    def _away(self, places: Sequence[Place], x: np.ndarray) -> np.ndarray:
        """How far places are from x, in half widths of the box."""
        points = [np.abs(place.main.point - x) / self.problem.unit for place in places]
        return np.array([own.max() for own in points])

    def _distance(self, one: np.ndarray, other: np.ndarray) -> float:
        return float((np.abs(one - other) / self._spans).max(initial=0.0))

    def _setup(self, numbers: np.ndarray) -> Any:
        setup = self.problem.setup
        for axis, number in zip(self.problem.axes, numbers, strict=True):
            parameter = axis.owner == "parameter"
            value = exact_number(float(number)) if parameter else float(number)
            setup = setup.with_value(axis, value)
        return setup

    def _search(self, numbers: np.ndarray) -> tuple[Study, tuple[Place, ...]]:
        """The system there and its rest points."""
        moving = [
            float(number)
            for axis, number in zip(self.problem.axes, numbers, strict=True)
            if axis.owner != "rule"
        ]
        key = tuple(moving)
        if key not in self._searches:
            while len(self._searches) >= _KEPT:
                del self._searches[next(iter(self._searches))]
            setup = self._setup(numbers)
            self._searches[key] = searched(self._system, setup, self._box, self._everywhere)
        return self._searches[key]


def searched(
    system: Any, setup: Setup, box: Mapping[str, tuple[float, float]] | None, everywhere: bool
) -> tuple[Study, tuple[Place, ...]]:
    """A game made ready, and where its field rests on the players' sets."""
    values = {p: v for p, v in setup.parameters.items() if v is not None}
    made = study(
        system,
        fields=[setup.field],
        rules=[] if setup.rule is None else [setup.rule],
        penalties=setup.penalties,
        parameters=values if system.symbolic else None,
        box=box,
    )
    found = made.rest_points(elsewhere=False, everywhere=everywhere)
    return made, tuple(p for p in found.places if p.bounded[0] is not None)
