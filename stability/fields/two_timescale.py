"""Players that learn at different speeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..dynamics.positive_settings import check_positive
from ..errors import InputError
from ..games.numbers import in_engine
from .field import Field


@dataclass(frozen=True)
class TwoTimescale(Field):
    """The gradient field with player 2's part times τ (Heusel et al. 2017; Fiez, Ratliff 2021).

    `tau` is a positive number for a two-player game, or a mapping from players to numbers (players that
    are not named keep speed 1). Raises InputError for a number with any other count of players.
    """

    tau: Any = 1.0
    name: ClassVar[str] = "two-timescale"

    def __post_init__(self):
        own = isinstance(self.tau, Mapping)
        check_positive({"": 1, **self.tau} if own else self.tau, "a timescale tau")

    def speeds(self, game: Any) -> tuple[Any, ...]:
        """The factor of each player's part, in player order."""
        if isinstance(self.tau, Mapping):
            speeds = game.partition.per_player({"": 1, **self.tau}, "tau")
            return tuple(in_engine(game, speed) for speed in speeds)
        if len(game.partition.players) != 2:
            raise InputError(
                "two-timescale with one tau needs two players; name the player instead: "
                f"two-timescale:tau.{game.partition.players[-1]}=2"
            )
        return (1, in_engine(game, self.tau))

    def check(self, game: Any) -> None:
        self.speeds(game)

    def __call__(self, game: Any, x: Any) -> Any:
        return game.partition.scale(self.speeds(game), game.field(x))

    def part(self, game: Any, i: int, x: Any) -> Any:
        return self.speeds(game)[i] * game.player_field(i, x)
