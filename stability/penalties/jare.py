"""JARE: every player pays for the others' gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..dynamics.positive_settings import check_nonnegative
from ..errors import InputError
from .gradient_norm import squared_norms
from .penalty import Penalty, Term, coefficient


@dataclass(frozen=True)
class JARE(Penalty):
    """γ/2 Σ_{j≠i} ‖∇ⱼLⱼ‖² on the loss of player i: Jacobian regularisation (Nie, Patel 2020).

    For a GAN: half the squared norm of the discriminator's gradient on the generator's loss, and the other
    way round. Unlike consensus, nobody pays for the own gradient. The paper has two players; the sum over
    all others is its extension to n. Raises InputError for a negative `gamma` and a single player.
    """

    gamma: Any = 0.1
    name: ClassVar[str] = "jare"

    def __post_init__(self):
        check_nonnegative(self.gamma, "the JARE weight gamma")

    def terms(self, game: Any) -> dict[str, Term]:
        players = game.partition.players
        if len(players) < 2:
            raise InputError("jare needs at least two players")
        half = coefficient(game, self.gamma, "the JARE weight gamma") / 2
        return {
            player: squared_norms({(j, j): half for j in range(len(players)) if j != i})
            for i, player in enumerate(players)
        }
