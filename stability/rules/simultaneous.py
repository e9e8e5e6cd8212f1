"""All players step at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .rule import Rule, State, check_step_size


@dataclass(frozen=True)
class Simultaneous(Rule):
    """x ← x + h v(x), every player at once: the Euler step of the flow."""

    lr: Any = 0.1
    name: ClassVar[str] = "simultaneous"

    def __post_init__(self):
        check_step_size(self.lr)

    @property
    def commutes(self) -> bool:
        return not isinstance(self.lr, Mapping)

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        sizes = flow.partition.per_player(self.lr, "lr")
        return (x + flow.partition.scale(sizes, flow(x)),)
