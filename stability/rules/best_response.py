"""Best response: the players in turn go all the way to their optimum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import sympy

from ..dynamics.flow import Linear
from ..dynamics.vectors import stack
from ..errors import InputError, SingularError
from .alternating import Alternating
from .rule import Rule, State


@dataclass(frozen=True)
class BestResponse(Rule):
    """Each player in turn moves to the point where its own part of the field vanishes, the others held fixed.

    `order` names the players in the order in which they move (default: player order), or is
    `"simultaneous"`: everybody replies to the same profile. There is no step size. The optimum is found by
    Newton's method from the player's own strategy (NaN where it finds none); the linearised step is
    x_i ← −J_ii⁻¹ Σ_{j≠i} J_ij x_j, block Gauss–Seidel (Jacobi) on J.

    Near an equilibrium a player has a best response only if −J_ii is positive definite there: a strict
    optimum. `linearise` raises SingularError otherwise.
    """

    order: Any = None
    name: ClassVar[str] = "best-response"
    lr: ClassVar[Any] = None

    def __post_init__(self):
        if self.order not in (None, "simultaneous"):
            object.__setattr__(self, "order", Alternating(order=self.order).order)

    def check(self, flow: Any) -> None:
        if len(flow.partition.players) < 2:
            raise InputError("best-response needs a game with at least two players")
        self._turns(flow.partition)

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        partition = flow.partition
        if self.order == "simultaneous":
            return (stack([self._reply(flow, i, x) for i in range(len(partition.players))]),)
        for i in self._turns(partition):
            x = partition.replaced(i, self._reply(flow, i, x), x)
        return (x,)

    def _reply(self, flow: Any, i: int, x: Any) -> Any:
        alone = flow.restricted(i, x)
        if isinstance(alone, Linear) and not _definite(-(alone.matrix + alone.matrix.T) / 2):
            raise SingularError(
                f"{flow.partition.players[i]} has no best response here: its own loss has no "
                "strict minimum"
            )
        return alone.zero(flow.partition.part(i, x))

    def _turns(self, partition: Any) -> list[int]:
        order = None if self.order == "simultaneous" else self.order
        return Alternating(order=order)._turns(partition)


def _definite(matrix: Any) -> bool:
    """Whether a symmetric matrix is positive definite, for all that is known of its symbols."""
    if isinstance(matrix, sympy.MatrixBase):
        return matrix.is_positive_definite is not False
    return bool(np.linalg.eigvalsh(matrix).min() > 0)
