"""Rules with momentum: heavy ball and Nesterov."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..documents.settings import setting
from ..dynamics.partition import Partition
from ..dynamics.positive_settings import check_real
from ..dynamics.vectors import zeros_like
from ..errors import InputError
from .alternating import Alternating
from .limits import project
from .rule import Move, Rule, State, check_lr, coefficient


@dataclass(frozen=True)
class HeavyBall(Rule):
    """x ← x + β(x − x₋) + h v(x), β of either sign (Polyak 1964; negative: Gidel et al. 2019).

    `beta` is β, any real number. `order` is `"simultaneous"`, or `"alternating"`: the players take this step
    in turn, each seeing what has already moved.
    """

    lr: Any = 0.1
    beta: Any = 0.9
    order: str = setting("simultaneous", read="names")
    name: ClassVar[str] = "heavy-ball"

    def __post_init__(self):
        check_lr(self.name, self.lr)
        check_real(self.beta, "the momentum beta")
        if self.order not in ("simultaneous", "alternating"):
            raise InputError(
                f"heavy-ball's order is simultaneous or alternating, not {self.order!r}"
            )

    def init(self, flow: Any, x: Any) -> State:
        if self.order == "alternating":
            return self._in_turn().init(flow, x)
        return (x, zeros_like(x))

    def step(self, flow: Any, state: State) -> State:
        if self.order == "alternating":
            return self._in_turn().step(flow, state)
        x, momentum = state
        momentum = coefficient(self.beta, x) * momentum + self.along(flow, flow(x))
        moved = x + momentum
        kept = project(flow, moved)
        return (kept, momentum if kept is moved else kept - x)

    def check(self, flow: Any) -> None:
        super().check(flow)
        if self.order == "alternating":
            self._in_turn().check(flow)

    def turns(self, partition: Partition) -> tuple[Move, ...]:
        if self.order == "alternating":
            return self._in_turn().turns(partition)
        return super().turns(partition)

    def _in_turn(self) -> Alternating:
        return Alternating(self.lr, inner=HeavyBall(beta=self.beta))


@dataclass(frozen=True)
class Nesterov(Rule):
    """x ← y + h v(y) with y = x + β(x − x₋) (Nesterov 1983).

    `beta` is β, any real number.
    """

    lr: Any = 0.1
    beta: Any = 0.9
    name: ClassVar[str] = "nesterov"

    def __post_init__(self):
        check_lr(self.name, self.lr)
        check_real(self.beta, "the momentum beta")

    def init(self, flow: Any, x: Any) -> State:
        return (x, zeros_like(x))

    def step(self, flow: Any, state: State) -> State:
        x, momentum = state
        ahead = project(flow, x + coefficient(self.beta, x) * momentum)
        moved = project(flow, ahead + self.along(flow, flow(ahead)))
        return (moved, moved - x)
