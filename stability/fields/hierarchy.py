"""Fields in which one player moves first: the Stackelberg gradient and Follow-the-Ridge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np
import sympy

from ..documents.settings import setting
from ..dynamics.vectors import eye_like, rows, solve, stack
from ..errors import InputError
from ..games.structure import is_zero_sum
from .field import Field, check_player


@dataclass(frozen=True)
class Stackelberg(Field):
    """The leader follows its total gradient, all others their own (Fiez, Chasnov, Ratliff 2020).

    With f the followers and v_f their part of the gradient field, their response to the leader has the
    slope r′ = −J_ff⁻¹ J_fl, and the leader's part is −(∇_l L_l + r′ᵀ ∇_f L_l). For two players this is
    the hierarchical gradient −(∇₁L₁ − (∇²₂₁L₂)ᵀ(∇²₂₂L₂)⁻¹∇₂L₁). Where two players' losses add
    up to a constant the total gradient vanishes wherever the gradient does; elsewhere, also where they add up
    to own terms, the field rests at points of its own.

    `leader` is a player's name or position. The field is infinite where J_ff is singular.

    Followers who live in sets respond in them: x_f = P(x_f + v_f) (the natural map, Facchinei and Pang 2003,
    1.5.8), so that with D = DP(x_f + v_f) the slope solves (1 − D(1 + J_ff)) r′ = D J_fl. Inside the sets
    that is the same; who is pushed against a limit does not respond; on a sphere of radius R with push m the
    tangent block of J_ff becomes J_ff − m/R.
    """

    leader: Any = setting(0, read="name")
    name: ClassVar[str] = "stackelberg"
    keeps_equilibria: ClassVar[bool] = False
    keeps_when_zero_sum: ClassVar[bool] = True

    def __post_init__(self):
        check_player(self.leader, "the leader")

    def check(self, game: Any) -> None:
        game.partition.index(self.leader)
        if len(game.partition.players) < 2:
            raise InputError("stackelberg needs at least two players: a leader and a follower")

    def __call__(self, game: Any, x: Any) -> Any:
        self.check(game)
        partition = game.partition
        leader = partition.index(self.leader)
        followers = [i for i in range(len(partition.players)) if i != leader]
        slope = game.gradient(leader, x)
        followed = stack([partition.part(i, slope) for i in followers])
        weights = iter(_split(_response_to(game, x, followers, followed), partition, followers))
        adjoint = stack(
            [
                0 * partition.part(leader, slope) if i == leader else next(weights)
                for i in range(len(partition.players))
            ]
        )
        pulled = partition.part(leader, game.vjp(x, adjoint))
        v = game.field(x)
        return partition.replaced(leader, pulled - partition.part(leader, slope), v)

    def anticipated(self, game: Any, x: Any) -> Any:
        """Where the followers' steps of the natural map lead before they are projected, a vector like x."""
        return x + game.field(x)


@dataclass(frozen=True)
class Ridge(Field):
    """Follow-the-Ridge (Wang, Zhang, Ba 2020) for min over x, max over y of f.

    ẋ = −f_x, ẏ = f_y + f_yy⁻¹ f_yx f_x: the second term keeps y on the ridge f_y = 0 while x, the game's
    minimizer, moves. In terms of
    the gradient field the outer player's part is v_x and the inner one's v_y − J_yy⁻¹ J_yx v_x.

    Raises InputError unless the game has two players and is zero-sum, and for players who live in sets.
    Infinite where f_yy is singular.
    """

    name: ClassVar[str] = "ridge"

    def check(self, game: Any) -> None:
        if len(game.partition.players) != 2:
            raise InputError(
                f"ridge needs a two-player zero-sum game; this one has {len(game.partition.players)} "
                f"player{'s' if len(game.partition.players) != 1 else ''}"
            )
        if getattr(game, "sets", None):
            raise InputError(
                "ridge moves the inner player along with the outer one's unprojected field, and these "
                "players live in sets; use stackelberg, whose followers respond in theirs"
            )
        try:
            zero_sum = game.kept("structure", "zero-sum", lambda: is_zero_sum(game))
        except jax.errors.TracerArrayConversionError:  # numbers that JAX traces have no values yet
            return
        if not zero_sum:
            raise InputError("ridge needs a two-player zero-sum game; this one is general-sum")

    def __call__(self, game: Any, x: Any) -> Any:
        partition = game.partition
        outer, inner = game.minimizer, 1 - game.minimizer
        v = game.field(x)
        outer_alone = partition.embed(outer, partition.part(outer, v), like=v)
        along = game.solve((inner,), x, partition.part(inner, game.jvp(x, outer_alone)))
        return v - partition.embed(inner, along, like=v)


def _response_to(game: Any, x: Any, players: list[int], w: Any) -> Any:
    """The z with r′ᵀw = −J_flᵀz, r′ the slope of the players' response: J_ff⁻ᵀw where they have no limits.

    In sets z = −D(1 − (1 + J_ffᵀ)D)⁻¹w.
    """
    if not getattr(game, "sets", None):  # a linear game has none
        return game.solve(players, x, w, transposed=True)
    slopes, own = _response_matrices(game, x, players)
    one = eye_like(own)
    matrix = one - (one + own.T) @ slopes
    if isinstance(matrix, sympy.MatrixBase):  # without pivots, which may vanish on a piece
        return -slopes * (matrix.adjugate() * w) / matrix.det()
    return -slopes @ solve(matrix, w)


def _response_matrices(game: Any, x: Any, players: list[int]) -> tuple[Any, Any]:
    """D and J_ff of `Stackelberg`, both of shape (d_f, d_f)."""
    index = [k for i in players for k in range(len(x))[game.partition.slices[i]]]
    slopes, jacobian = game.sets.slopes(x + game.field(x)), game.jacobian(x)
    if isinstance(x, sympy.MatrixBase):
        return slopes.extract(index, index), jacobian.extract(index, index)
    return slopes[np.ix_(index, index)], jacobian[np.ix_(index, index)]


def _split(vector: Any, partition: Any, players: list[int]) -> list[Any]:
    """A vector of some players' parts, one below the other, as the list of these parts."""
    parts, begin = [], 0
    for i in players:
        parts.append(rows(vector, slice(begin, begin + partition.sizes[i])))
        begin += partition.sizes[i]
    return parts
