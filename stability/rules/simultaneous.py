"""All players step at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .limits import project
from .rule import Rule, State, check_lr


@dataclass(frozen=True)
class Simultaneous(Rule):
    """x ← x + h v(x), every player at once: the Euler step of the flow."""

    lr: Any = 0.1
    name: ClassVar[str] = "simultaneous"
    is_euler: ClassVar[bool] = True

    def __post_init__(self):
        check_lr(self.name, self.lr)

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        return (project(flow, x + self.along(flow, flow(x))),)
