"""Consensus: every player pays for everybody's gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..dynamics.positive_settings import check_nonnegative
from .gradient_norm import squared_norms
from .penalty import Penalty, Term, coefficient


@dataclass(frozen=True)
class ConsensusPenalty(Penalty):
    """γ/2 ‖v‖² on every loss, v the gradient field (Mescheder, Nowozin, Geiger 2017).

    The gradient field of the penalised game is the field `Consensus(gamma)` of the game itself, which is
    cheaper where the field alone is wanted. Raises InputError for a negative `gamma`.
    """

    gamma: Any = 0.1
    name: ClassVar[str] = "consensus"

    def __post_init__(self):
        check_nonnegative(self.gamma, "the consensus weight gamma")

    def terms(self, game: Any) -> dict[str, Term]:
        half = coefficient(game, self.gamma, "the consensus weight gamma") / 2
        players = game.partition.players
        return dict.fromkeys(players, squared_norms({(j, j): half for j in range(len(players))}))
