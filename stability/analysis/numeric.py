"""The JAX side of any system, made once."""

from __future__ import annotations

from ..dynamics.flow import Flow, SymbolicFlow
from ..dynamics.stepper import kept
from ..errors import InputError, InputTypeError
from ..fields import Field, Gradient
from ..games.game import Game
from ..games.symbolic import SymbolicGame

System = Game | SymbolicGame | Flow | SymbolicFlow


def numeric_flow(system: System, field: Field | None = None) -> Flow:
    """The JAX flow of a flow or of a game's field (default: the gradient), made once.

    Raises InputError for a field on what is no game, and as `field.flow` does.
    """
    if isinstance(system, (Game, SymbolicGame)):
        game, field = numeric_game(system), Gradient() if field is None else field
        return kept(game, "_flows", repr(field), lambda: field.flow(game))
    if not isinstance(system, (Flow, SymbolicFlow)):
        raise InputTypeError(f"paths are those of a game or a flow, not {system!r}")
    if field is not None:
        raise InputError("a flow is its own field; fields are made of games")
    if isinstance(system, SymbolicFlow):
        return system.twin if system.game is None else numeric_flow(system.game, system.field)
    return system


def numeric_game(game: Game | SymbolicGame) -> Game:
    return game if isinstance(game, Game) else kept(game, "_twin", None, game.numeric)
