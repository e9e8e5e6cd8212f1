"""Rules that correct a step by looking ahead or back: extragradient and optimistic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..documents.settings import setting
from ..dynamics.positive_settings import check_flag
from .limits import project
from .rule import Rule, State, check_lr


@dataclass(frozen=True)
class Extragradient(Rule):
    """x ← x + h v(x + h v(x)) (Korpelevich 1976).

    With `past` the inner field is the one used in the step before (Popov 1980): y = x + h v(y₋),
    x ← x + h v(y), one evaluation for each step instead of two.
    """

    lr: Any = 0.1
    past: bool = setting(False, read="flag")
    name: ClassVar[str] = "extragradient"

    def __post_init__(self):
        check_lr(self.name, self.lr)
        check_flag(self.past, "past")

    def init(self, flow: Any, x: Any) -> State:
        return (x, flow(x)) if self.past else (x,)

    def step(self, flow: Any, state: State) -> State:
        x, *memory = state
        first = memory[0] if self.past else flow(x)
        second = flow(project(flow, x + self.along(flow, first)))
        moved = project(flow, x + self.along(flow, second))
        return (moved, second) if self.past else (moved,)


@dataclass(frozen=True)
class Optimistic(Rule):
    """x ← x + 2h v(x) − h v(x₋), with x₋ the profile one step before (Daskalakis et al. 2018)."""

    lr: Any = 0.1
    name: ClassVar[str] = "optimistic"

    def __post_init__(self):
        check_lr(self.name, self.lr)

    def init(self, flow: Any, x: Any) -> State:
        return (x, flow(x))

    def step(self, flow: Any, state: State) -> State:
        x, last = state
        v = flow(x)
        return (project(flow, x + self.along(flow, 2 * v - last)), v)
