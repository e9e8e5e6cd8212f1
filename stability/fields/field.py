"""What a field is: a vector field made from a game."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields as dataclass_fields
from typing import Any, ClassVar, overload

import numpy as np

from ..documents.settings import as_option
from ..dynamics.domain import within
from ..dynamics.flow import Flow, SymbolicFlow
from ..errors import InputTypeError
from ..games.game import Game
from ..games.symbolic import SymbolicGame


class Field(ABC):
    """A recipe that turns a game into a vector field; write `__call__` once, for both engines.

    `__call__(game, x)` uses only the operations that `Game` and `SymbolicGame` share, and `+` and `*`. In
    all methods `game` is a game of either engine with d variables, `x` a profile, shape (d,) (symbolic: a
    column), and `i` the position of a player. `keeps_equilibria` says whether the field vanishes wherever
    the game's gradient field does, and `keeps_when_zero_sum` whether it does so at least where two
    players' losses add up to a constant. `keeps_sets` says whether paths along the field keep to the players'
    sets by themselves, and are not projected.
    """

    name: ClassVar[str]
    keeps_equilibria: ClassVar[bool] = True
    keeps_when_zero_sum: ClassVar[bool] = False
    keeps_sets: ClassVar[bool] = False
    rests_like_the_gradient: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, game: Any, x: Any) -> Any:
        """The field at the profile x, a vector like x."""

    def part(self, game: Any, i: int, x: Any) -> Any:
        """Player i's part of the field; override it where that is cheaper than the whole."""
        return game.partition.part(i, self(game, x))

    def check(self, game: Game | SymbolicGame) -> None:  # noqa: B027 (most fields suit every game)
        """Raises InputError if this field cannot be made of the game."""

    @property
    def settings(self) -> dict[str, Any]:
        """The field's settings by name, for reports."""
        return {f.name: getattr(self, f.name) for f in dataclass_fields(self)}  # pyright: ignore[reportArgumentType]

    def __str__(self) -> str:
        return as_option(self.name, self.settings, self)

    @overload
    def flow(self, game: Game) -> Flow: ...
    @overload
    def flow(self, game: SymbolicGame) -> SymbolicFlow: ...
    def flow(self, game: Game | SymbolicGame) -> Flow | SymbolicFlow:
        """The flow ẋ = field(game, x), in the game's own engine, made once; raises what `check` does."""
        self.check(game)
        return game.kept("flows", self, lambda: self._flow(game))

    def _flow(self, game: Any) -> Flow | SymbolicFlow:
        if game.symbolic:
            expressions = self(game, game.profile)
            flow = SymbolicFlow(
                dict(zip(game.variables, expressions, strict=True)),
                parameters=game.parameters,
                box=game.box,
                start=game.named_start,
                name=game.name,
                partition=game.partition,
            )
        else:
            flow = Flow(
                within(lambda x: self(game, x), game),
                part=lambda i, x: within(lambda x: self.part(game, i, x), game)(x),
                partition=game.partition,
                variables=lambda: game.variables,
                start=game.start,
                box=game.box,
                name=game.name,
                check=False,
            )
        flow.game, flow.field, flow.sets = game, self, game.sets
        flow.kept_in = game.sets if game.sets and not self.keeps_sets else None
        return flow


def check_player(player: Any, what: str) -> None:
    """Raises InputTypeError unless `player` is a name or a position."""
    position = isinstance(player, (int, np.integer)) and not isinstance(player, bool)
    if not (isinstance(player, str) or position):
        raise InputTypeError(f"{what} is a player's name or position, not {player!r}")
