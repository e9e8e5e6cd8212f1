"""Consensus optimisation: the gradient field, pulled towards where everybody's gradient is small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..dynamics.positive_settings import check_nonnegative
from ..games.numbers import in_engine
from .field import Field


@dataclass(frozen=True)
class Consensus(Field):
    """The field v − γ Jᵀv: the gradient field less the gradient of γ/2 ‖v‖² (Mescheder et al. 2017).

    `gamma` is γ ≥ 0.
    """

    gamma: Any = 0.1
    name: ClassVar[str] = "consensus"

    def __post_init__(self):
        check_nonnegative(self.gamma, "the consensus weight gamma")

    def __call__(self, game: Any, x: Any) -> Any:
        v = game.field(x)
        return v - in_engine(game, self.gamma) * game.vjp(x, v)
