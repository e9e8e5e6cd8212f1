"""Steps that are kept in a set: weight clipping and projection onto a ball."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..documents.settings import setting
from ..dynamics.positive_settings import check_positive, check_real
from ..dynamics.vectors import clip, into_ball, stack
from ..errors import InputError
from .inner_rule import take_inner
from .limits import sets_of
from .local import local
from .rule import Rule, State, coefficient


class Kept(Rule):
    """A step of the inner rule, then the nearest point of a set, player by player.

    Inside the set the step is the inner rule's, and that is what `linearise` gives. A rest point on the
    boundary, where the field points outwards, has multipliers of its own; one where the boundary is met
    without a push has no derivative.

    Where players live in sets of their own, it is the inner rule on the intersection.
    """

    @abstractmethod
    def _kept(self, i: int, partition: Any, own: Any) -> Any:
        """The nearest point to player i's strategy."""

    @abstractmethod
    def _narrowed(self, flow: Any) -> Any:
        """The flow, kept in the intersection of its own sets and the rule's."""

    @abstractmethod
    def _distance(self, i: int, partition: Any, own: np.ndarray) -> np.ndarray:
        """How far inside the set player i's strategy is, for every constraint; negative outside."""

    @property
    def rests_elsewhere(self) -> bool:
        return True

    def interior(self) -> Rule:
        return self.inner.interior()

    def check(self, flow: Any) -> None:
        self.inner.check(flow)
        if sets_of(flow) is not None:
            self._narrowed(flow)

    def init(self, flow: Any, x: Any) -> State:
        return self.inner.init(flow, x)

    def step(self, flow: Any, state: State) -> State:
        if sets_of(flow) is not None:
            return self.inner.step(self._narrowed(flow), state)
        x, *memory = self.inner.step(flow, state)
        partition = flow.partition
        kept = [
            self._kept(i, partition, partition.part(i, x)) for i in range(len(partition.players))
        ]
        return (stack(kept), *memory)

    def linearise(self, matrix: Any, partition: Any) -> Any:
        return self.inner.linearise(matrix, partition)

    def near(self, flow: Any, x: Any) -> Rule:
        self.check(flow)
        if sets_of(flow) is not None:
            return self.inner.near(self._narrowed(flow), x)
        partition = flow.partition
        point = np.array([float(c) for c in x])
        inside = [
            self._distance(i, partition, partition.part(i, point))
            for i in range(len(partition.players))
        ]
        touching = np.concatenate(inside) <= 1e-12 * (1 + np.abs(point).max())
        if not touching.any():
            return self.inner.near(flow, x)
        return local(self, flow, x)


@dataclass(frozen=True)
class Clipped(Kept):
    """A step of the inner rule, then every number clipped to [low, high] (Arjovsky et al. 2017).

    `low` and `high` are numbers, None for no bound, or mappings from players (key `""` for the others, else
    none): `Clipped(low={"disc": -0.01}, high={"disc": 0.01})`. `inner` is simultaneous unless given; `lr` is
    its step size.
    """

    lr: Any = None
    low: Any = None
    high: Any = None
    inner: Any = setting(None, read="rule", others=False)
    name: ClassVar[str] = "clipped"

    def __post_init__(self):
        take_inner(self)
        if self.low is None and self.high is None:
            raise InputError("clipped needs a bound: low=-0.01, high=0.01, or both")
        for bound in (self.low, self.high):
            for value in bound.values() if isinstance(bound, Mapping) else [bound]:
                if value is not None:
                    check_real(value, "a bound of clipped")

    def check(self, flow: Any) -> None:
        super().check(flow)
        for i, player in enumerate(flow.partition.players):
            low, high = self._bounds(i, flow.partition)
            if low is not None and high is not None and not float(low) < float(high):
                raise InputError(
                    f"the interval of {player} is empty: low {low} is not below high {high}"
                )

    def _bounds(self, i: int, partition: Any) -> tuple[Any, Any]:
        def own(bound: Any, what: str) -> Any:
            given = {"": None, **bound} if isinstance(bound, Mapping) else bound
            return partition.per_player(given, what)[i]

        return own(self.low, "low"), own(self.high, "high")

    def _kept(self, i: int, partition: Any, own: Any) -> Any:
        bounds = self._bounds(i, partition)
        return clip(own, *(None if side is None else coefficient(side, own) for side in bounds))

    def _narrowed(self, flow: Any) -> Any:
        players = range(len(flow.partition.players))
        low, high = zip(*(self._bounds(i, flow.partition) for i in players), strict=True)
        return flow.within(sets_of(flow).clipped(low, high))

    def _distance(self, i: int, partition: Any, own: np.ndarray) -> np.ndarray:
        low, high = self._bounds(i, partition)
        found = [own - float(low)] if low is not None else []
        return np.concatenate([*found, *([float(high) - own] if high is not None else []), []])


@dataclass(frozen=True)
class Projected(Kept):
    """A step of the inner rule, then the nearest point of the ball ‖x_i‖ ≤ radius, for every player.

    `radius` is a positive number or a mapping from players (key `""` for the others, else no ball).
    `inner` is simultaneous unless given; `lr` is its step size.
    """

    lr: Any = None
    radius: Any = 1.0
    inner: Any = setting(None, read="rule", others=False)
    name: ClassVar[str] = "projected"

    def __post_init__(self):
        take_inner(self)
        check_positive(self.radius, "the radius of projected")

    def check(self, flow: Any) -> None:
        super().check(flow)
        self._radius(0, flow.partition)

    def _radius(self, i: int, partition: Any) -> Any:
        given = {"": None, **self.radius} if isinstance(self.radius, Mapping) else self.radius
        return partition.per_player(given, "radius")[i]

    def _kept(self, i: int, partition: Any, own: Any) -> Any:
        radius = self._radius(i, partition)
        return own if radius is None else into_ball(own, coefficient(radius, own))

    def _narrowed(self, flow: Any) -> Any:
        radii = [self._radius(i, flow.partition) for i in range(len(flow.partition.players))]
        return flow.within(sets_of(flow).in_balls(radii))

    def _distance(self, i: int, partition: Any, own: np.ndarray) -> np.ndarray:
        radius = self._radius(i, partition)
        return np.array([] if radius is None else [float(radius) - np.linalg.norm(own)])
