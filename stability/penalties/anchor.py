"""Every player is drawn to a point of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
import sympy

from ..dynamics.positive import check_nonnegative, check_real
from ..errors import InputError, InputTypeError
from .penalty import Penalty, Term, coefficient


@dataclass(frozen=True)
class Anchor(Penalty):
    """strength/2 ‖xᵢ − toᵢ‖² on the loss of every player i: weight decay, towards any point.

    `strength` is a number for all players or a mapping by player (players that are not named have none, or
    what the key `""` says). `to` maps variables to numbers; variables that are not named are drawn to 0.
    It moves J by −strength on the diagonal, and the equilibria unless they are at `to`.

    Raises InputError for a negative strength, a `to` that is no finite number, and, when applied, for
    players and variables that the game does not have.
    """

    strength: Any = 0.1
    to: Mapping[Any, Any] | None = None
    name: ClassVar[str] = "anchor"

    def __post_init__(self):
        if isinstance(self.strength, Mapping):
            if not self.strength:
                raise InputError("the strength of anchor is given for no player")
            for player, number in self.strength.items():
                check_nonnegative(number, f"the strength of anchor for {player!r}")
        else:
            check_nonnegative(self.strength, "the strength of anchor")
        if self.to is None:
            return
        if not isinstance(self.to, Mapping):
            raise InputTypeError(f"to in anchor maps variables to numbers, it is not {self.to!r}")
        for variable, number in self.to.items():
            check_real(number, f"where anchor draws {variable}")

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name, variables by their names too."""
        to = None if self.to is None else {str(v): number for v, number in self.to.items()}
        return {"strength": self.strength, "to": to}

    def terms(self, game: Any) -> dict[str, Term]:
        partition = game.partition
        own = isinstance(self.strength, Mapping)
        strength = {"": 0, **self.strength} if own else self.strength
        strengths = partition.per_player(strength, "the strength of anchor")
        to = self._to(game)
        return {
            player: _distance(i, coefficient(game, strengths[i], "the strength of anchor") / 2, to)
            for i, player in enumerate(partition.players)
        }

    def _to(self, game: Any) -> dict[int, Any]:
        """Where the variables are drawn, by position; 0 is left out."""
        position = {str(v): k for k, v in enumerate(game.variables)}
        to = {}
        for variable, number in (self.to or {}).items():
            if str(variable) not in position:
                raise InputError(f"anchor draws {variable}, which is no variable of the game")
            to[position[str(variable)]] = coefficient(
                game, number, f"where anchor draws {variable}"
            )
        return to


def _distance(i: int, half: Any, to: Mapping[int, Any]) -> Term:
    """Half the strength times the squared distance of player i from `to`."""

    def term(game: Any, x: Any) -> Any:
        moved = game.partition.part(i, x - _point(to, x) if to else x)
        return half * moved.dot(moved)

    return term


def _point(numbers: Mapping[int, Any], like: Any) -> Any:
    """The vector shaped like `like` with some numbers given by position and zeros elsewhere."""
    if isinstance(like, sympy.MatrixBase):
        return sympy.Matrix([numbers.get(k, 0) for k in range(len(like))])
    values = jnp.stack([jnp.asarray(number, like.dtype) for number in numbers.values()])
    return jnp.zeros_like(like).at[np.array(list(numbers))].set(values)
