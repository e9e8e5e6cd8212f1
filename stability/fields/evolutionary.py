"""Fields on simplices, that stay there by themselves: the replicator, smoothed and exact best replies."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..dynamics.positive_settings import check_positive
from ..dynamics.vectors import grouped, largest, multiplied, softmax
from ..errors import InputError
from ..games.numbers import in_engine
from .field import Field


class OnSimplices(Field):
    """A field of players who all choose probabilities: on each simplex a function of the probabilities x
    there and of u = −ξ, what the pure strategies pay in a matrix game.

    It leaves x nonnegative and of sum one by itself, so nothing is projected.
    """

    keeps_equilibria: ClassVar[bool] = False
    keeps_sets: ClassVar[bool] = True

    @abstractmethod
    def _on_simplex(self, game: Any, x: Any, u: Any) -> Any:
        """The field on one simplex of n strategies, from x and u, shape (n,)."""

    def check(self, game: Any) -> None:
        check_simplices(self.name, game.sets, game.variables)

    def __call__(self, game: Any, x: Any) -> Any:
        self.check(game)
        return grouped(
            lambda x, u: self._on_simplex(game, x, u), game.sets.simplices, x, game.field(x)
        )


@dataclass(frozen=True)
class Replicator(OnSimplices):
    """The field x_i (u_i − Σ_j x_j u_j), u = −ξ the payoffs of the strategies (Taylor, Jonker 1978).

    Strategies grow as they do better than the mean. Needs players whose strategies are in simplices. Besides
    the Nash equilibria it rests wherever all strategies that are played pay the same, at every pure profile
    too; there a strategy that is not played grows at the rate by which it pays more than the mean (Hofbauer,
    Sigmund 1998).
    """

    name: ClassVar[str] = "replicator"
    rests_like_the_gradient: ClassVar[bool] = True

    def _on_simplex(self, game: Any, x: Any, u: Any) -> Any:
        return multiplied(x, u) - x.dot(u) * x


@dataclass(frozen=True)
class Logit(OnSimplices):
    """The field softmax(β u) − x, u = −ξ: towards a smoothed best reply (Fudenberg, Levine 1998).

    `beta` is β > 0, the inverse of the noise. Needs players whose strategies are in simplices. It rests at
    the logit equilibria (quantal responses, McKelvey, Palfrey 1995), which tend to Nash equilibria as β
    grows.
    """

    beta: Any = 1.0
    name: ClassVar[str] = "logit"

    def __post_init__(self):
        check_positive(self.beta, "beta of logit")

    def _on_simplex(self, game: Any, x: Any, u: Any) -> Any:
        return softmax(in_engine(game, self.beta) * u) - x


@dataclass(frozen=True)
class BestReplyDynamics(OnSimplices):
    """The field b − x, b the best reply to x, or the mean of all if there are several (Gilboa, Matsui 1991).

    Best replies are the strategies with the largest u = −ξ. Needs players whose strategies are in simplices.
    It jumps where the best replies change; at a tie every mean of them is a best reply, and the field is one
    choice of them.
    """

    name: ClassVar[str] = "best-reply"

    def _on_simplex(self, game: Any, x: Any, u: Any) -> Any:
        return largest(u) - x


def check_simplices(name: str, sets: Any, variables: Any) -> None:
    """Raises InputError unless every variable is a probability of one of the sets' simplices."""
    inside = np.concatenate([[], *(() if sets is None else sets.simplices)])
    outside = sorted(set(range(len(variables))) - set(inside.astype(int).tolist()))
    if outside:
        raise InputError(
            f"{name} needs players whose strategies are probabilities, and {variables[outside[0]]} is in no "
            "simplex; use a game in strategic form, or give the players st.Simplex() as sets"
        )
