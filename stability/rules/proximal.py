"""The proximal point method: an implicit step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .rule import Rule, State, check_lr


@dataclass(frozen=True)
class Proximal(Rule):
    """x ← the y with y = x + h v(y) (Martinet 1970; Rockafellar 1976), the implicit Euler step.

    Solved by Newton's method from x to the rounding of the dtype; NaN where that finds nothing. Its
    linearisation (I − hJ)⁻¹ is exact in both engines; the step itself is numeric only.
    """

    lr: Any = 0.1
    name: ClassVar[str] = "proximal"
    is_inverse_of_a_formula: ClassVar[bool] = True

    def __post_init__(self):
        check_lr(self.name, self.lr)

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        return (flow.implicit_step(flow.partition.per_player(self.lr, "lr"), x),)

    def backwards(self, flow: Any, state: State) -> State:
        """x = y − h v(y)."""
        (y,) = state
        return (y - self.along(flow, flow(y)),)
