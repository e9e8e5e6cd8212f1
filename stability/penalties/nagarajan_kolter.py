"""The generator pays for the discriminator's gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..documents.settings import setting
from ..dynamics.positive_settings import check_nonnegative
from ..errors import InputError, InputTypeError
from .gradient_norm import squared_norms
from .penalty import Penalty, Term, coefficient

USUAL_NAMES = frozenset(["disc", "discriminator", "critic", "d"])


@dataclass(frozen=True)
class NagarajanKolter(Penalty):
    """η ‖∇_D L_D‖² on the loss of every player but the discriminator D (Nagarajan, Kolter 2017).

    `discriminator` is D's name. Left out, D is the player called disc, discriminator, critic or D, or else,
    of two players, the one that is not the game's minimizer. The paper's GANs are zero-sum, where
    ∇_D L_D = −∇_D V; in others it is the gradient of the discriminator's own loss.

    Raises InputError for a negative `eta` and if it is not clear who the discriminator is.
    """

    eta: Any = 0.1
    discriminator: str | None = setting(None, read="name")
    name: ClassVar[str] = "nagarajan-kolter"

    def __post_init__(self):
        check_nonnegative(self.eta, "the penalty weight eta")
        if self.discriminator is not None and not isinstance(self.discriminator, str):
            raise InputTypeError(
                f"the discriminator of {self.name} is a player's name, not {self.discriminator!r}"
            )

    def terms(self, game: Any) -> dict[str, Term]:
        players = game.partition.players
        if len(players) < 2:
            raise InputError(f"{self.name} needs at least two players")
        d = discriminator_of(game, self.discriminator)
        eta = coefficient(game, self.eta, "the penalty weight eta")
        others = [player for i, player in enumerate(players) if i != d]
        return dict.fromkeys(others, squared_norms({(d, d): eta}))


def discriminator_of(game: Any, name: str | None = None) -> int:
    """The position of the discriminator: the player of that name, or the one that is called like one.

    Of two players of whom none is, it is the one that is not the game's minimizer. Raises InputError if there
    is no such player, or if it is not clear which one it is.
    """
    players = game.partition.players
    if name is not None:
        return game.partition.index(name)
    usual = [i for i, player in enumerate(players) if player.lower() in USUAL_NAMES]
    if len(usual) == 1:
        return usual[0]
    if len(players) == 2 and not usual:
        return 1 - game.minimizer
    raise InputError(
        f"it is not clear which of {', '.join(players)} is the discriminator; name it: "
        f"{NagarajanKolter.name}:discriminator={players[usual[0] if usual else -1]}"
    )
