"""Every player is drawn to a point of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
import sympy

from ..documents.settings import setting
from ..dynamics.positive_settings import check_nonnegative, check_real
from ..errors import InputError
from .penalty import Penalty, Term, coefficient


@dataclass(frozen=True)
class Anchor(Penalty):
    """strength/2 ‖xᵢ − toᵢ‖² on the loss of every player i: weight decay, towards any point.

    `strength` is a number for all players or a mapping by player (players that are not named have none, or
    what the key `""` says). `to` is a number for all variables or a mapping by variable (variables that are
    not named are drawn to 0, or where the key `""` says). The penalty adds −strength to the diagonal of J,
    and moves the equilibria that are not at `to`.

    Raises InputError for a negative strength, a `to` that is no finite number, and, when applied, for
    players and variables that the game does not have.
    """

    strength: Any = 0.1
    to: Any = setting(0.0, others=False)
    name: ClassVar[str] = "anchor"

    def __post_init__(self):
        if isinstance(self.strength, Mapping) and not self.strength:
            raise InputError("the strength of anchor is given for no player")
        for number in _values(self.strength):
            check_nonnegative(number, "the strength of anchor")
        for number in _values(self.to):
            check_real(number, "where anchor draws a variable")

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name, with variables by their names too."""
        own = isinstance(self.to, Mapping)
        to = {str(v): number for v, number in self.to.items()} if own else self.to
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

    def _to(self, game: Any) -> tuple[Any, dict[int, Any]]:
        """Where the variables are drawn: most of them, and the others by position."""
        what = "where anchor draws a variable"
        if not isinstance(self.to, Mapping):
            return coefficient(game, self.to, what), {}
        numbers = {str(v): coefficient(game, number, what) for v, number in self.to.items()}
        most = numbers.pop("", 0)
        position = {str(v): k for k, v in enumerate(game.variables)}
        for variable in numbers:
            if variable not in position:
                raise InputError(f"anchor draws {variable}, which is no variable of the game")
        return most, {position[variable]: number for variable, number in numbers.items()}


def _values(setting: Any) -> list[Any]:
    return list(setting.values()) if isinstance(setting, Mapping) else [setting]


def _distance(i: int, half: Any, to: tuple[Any, dict[int, Any]]) -> Term:
    """Half the strength times the squared distance of player i from `to`."""

    def term(game: Any, x: Any) -> Any:
        moved = game.partition.part(i, x - _point(*to, x))
        return half * moved.dot(moved)

    return term


def _point(most: Any, numbers: Mapping[int, Any], like: Any) -> Any:
    """The vector shaped like `like` with some numbers given by position and the same one elsewhere."""
    if isinstance(like, sympy.MatrixBase):
        return sympy.Matrix([numbers.get(k, most) for k in range(len(like))])
    point = jnp.full(like.shape, most, like.dtype)
    if not numbers:
        return point
    values = jnp.stack([jnp.asarray(number, like.dtype) for number in numbers.values()])
    return point.at[np.array(list(numbers))].set(values)
