"""What a penalty is: a game made from a game, with terms added to the losses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields as dataclass_fields
from typing import Any, ClassVar, overload

import sympy

from ..dynamics.symbols import by_name
from ..dynamics.system import is_a
from ..errors import InputError, InputTypeError
from ..games.game import Game
from ..games.numbers import in_engine
from ..games.symbolic import SymbolicGame

Term = Callable[[Any, Any], Any]


class Penalty(ABC):
    """A recipe that adds terms to the losses of a game; write `terms` once, for both engines.

    The penalised game has the same players, variables, start, box, data and minimizer. A penalty on a
    zero-sum game may make it general-sum.
    """

    name: ClassVar[str]

    @abstractmethod
    def terms(self, game: Any) -> Mapping[str, Term]:
        """What is added to whose loss: player ↦ term, a function (game, x) ↦ real number.

        A term uses only the operations that `Game` and `SymbolicGame` share, and `+` and `*`. It asks the
        game it is called with, which is at the data of the moment, and not the `game` given here.
        Raises InputError if the penalty does not fit the game.
        """

    @property
    def settings(self) -> dict[str, Any]:
        """The penalty's settings by name, for reports."""
        return {f.name: getattr(self, f.name) for f in dataclass_fields(self)}  # pyright: ignore[reportArgumentType]

    @overload
    def __call__(self, game: Game) -> Game: ...
    @overload
    def __call__(self, game: SymbolicGame) -> SymbolicGame: ...
    def __call__(self, game: Game | SymbolicGame) -> Game | SymbolicGame:
        """The penalised game, in the engine of the game. Raises InputError if the penalty does not fit it."""
        if not is_a(game, "game"):
            raise InputTypeError(
                f"penalties are for games, and {self.name} was given a {type(game).__name__}"
            )
        return game.with_terms(self.terms(game))


def coefficient(game: Any, number: Any, what: str) -> Any:
    """A setting as the game's engine wants it, with the game's own parameters for symbols of their names.

    Raises InputError for an expression that holds a variable of the game.
    """
    number = in_engine(game, number)
    if not isinstance(number, sympy.Expr):
        return number
    variables = {v.name for v in game.variables}
    held = sorted(s.name for s in number.free_symbols if s.name in variables)
    if held:
        raise InputError(f"{what} holds {held[0]}, a variable of the game; use another name")
    return by_name(number, (*game.parameters, *game.free_parameters))
