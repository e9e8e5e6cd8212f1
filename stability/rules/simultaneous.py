"""All players step at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..dynamics.positive import check_positive
from .rule import Rule, State


@dataclass(frozen=True)
class Simultaneous(Rule):
    """x ← x + h v(x), every player at once: the Euler step of the flow."""

    lr: Any = 0.1
    name: ClassVar[str] = "simultaneous"

    def __post_init__(self):
        check_positive(self.lr, "a step size lr")

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        return (x + self.along(flow, flow(x)),)
