"""A game's losses and their derivatives, as pure functions of a profile and the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.partition import Partition
from ..dynamics.system import System
from ..errors import InputTypeError
from .batches import average


class PureGame(System):
    """The part of a game that is traced by JAX.

    The functions that take `samples` are means over the samples they are given; those that take `data` are of
    the whole data, which a game in microbatches hands over bit by bit.
    """

    data: tuple[Any, ...]
    partition: Partition
    _losses: tuple[Callable[..., Any], ...]
    _joint: Callable[[Any], Any] | None  # x (d,) ↦ all losses (n,), where that is less to compile
    _terms: tuple[Term, ...]
    _microbatch: int | None
    _trees: tuple[Any, ...]
    _shapes: tuple[tuple[tuple[int, ...], ...], ...]

    @property
    def players(self) -> tuple[str, ...]:
        return self.partition.players

    @property
    def dimension(self) -> int:
        return self.partition.dimension

    def unpack(self, x: Any) -> tuple[Any, ...]:
        """The players' strategies, as pytrees in player order, of a profile of shape (d,)."""
        x = jnp.asarray(x)
        strategies, begin = [], 0
        for tree, shapes in zip(self._trees, self._shapes, strict=True):
            leaves = []
            for shape in shapes:
                end = begin + math.prod(shape)
                leaves.append(x[begin:end].reshape(shape))
                begin = end
            strategies.append(jax.tree_util.tree_unflatten(tree, leaves))
        return tuple(strategies)

    def _copy(self, **changed: Any) -> Self:
        """The same game with some attributes changed, and nothing compiled yet."""
        game = copy(self)
        game.forget()
        vars(game).update(changed)
        return game

    def _mean(self, function: Callable[[Any], Any], data: Any) -> Any:
        return (
            function(data)
            if self._microbatch is None
            else average(function, data, self._microbatch)
        )

    def _base_loss(self, i: int, x: Any, samples: Any) -> Any:
        return self._losses[i](*self.unpack(x), *samples)

    def _base_field(self, x: Any, samples: Any) -> Any:
        """The field of the losses without terms.

        All losses read the same strategies, so that what they have in common is computed once.
        """
        if self._joint is not None:
            gradients = jax.jacrev(self._joint)(x)
            return -jnp.concatenate(
                [own[s] for own, s in zip(gradients, self.partition.slices, strict=True)]
            )
        strategies = self.unpack(x)
        parts = []
        for i, own in enumerate(strategies):

            def loss(own: Any, i: int = i) -> Any:
                return self._losses[i](*strategies[:i], own, *strategies[i + 1 :], *samples)

            parts += [-leaf.reshape(-1) for leaf in jax.tree.leaves(jax.grad(loss)(own))]
        return jnp.concatenate(parts)

    def _sample_loss(self, i: int, x: Any, samples: Any) -> Any:
        loss = self._base_loss(i, x, samples)
        return _plus(loss, (term(x, samples, None) for term in self._terms_of(i, mean=True)))

    def _terms_of(self, i: int, *, mean: bool) -> list[Term]:
        return [term for term in self._terms if term.player == i and term.mean == mean]

    def _own(self, i: int, function: Callable[[Any], Any], x: Any) -> Any:
        """−∇ᵢ of a function of the profile."""
        own = self.partition.slices[i]
        # written into x, not joined to its other parts: an x that is split over devices would then have XLA
        # gather the samples instead of the parameters
        return -jax.grad(lambda part: function(x.at[own].set(part)))(x[own])

    def _sample_player_field(self, i: int, x: Any, samples: Any) -> Any:
        return self._own(i, lambda y: self._sample_loss(i, y, samples), x)

    def _sample_field(self, x: Any, samples: Any) -> Any:
        return self._with_terms(True, self._base_field(x, samples), x, samples)

    def _loss(self, i: int, x: Any, data: Any) -> Any:
        loss = self._mean(partial(self._sample_loss, i, x), data)
        return _plus(
            loss, (term(x, data, self._microbatch) for term in self._terms_of(i, mean=False))
        )

    def _loss_vector(self, x: Any, data: Any) -> Any:
        if self._joint is not None and not self._terms:
            return self._joint(x)
        losses = [self._loss(i, x, data) for i in range(len(self.players))]
        return jnp.stack([jnp.asarray(loss, x.dtype) for loss in losses])

    def _player_field(self, i: int, x: Any, data: Any) -> Any:
        part = self._mean(partial(self._sample_player_field, i, x), data)
        return self._with_own_terms(False, i, part, x, data)

    def _field(self, x: Any, data: Any) -> Any:
        return self._with_terms(False, self._mean(partial(self._sample_field, x), data), x, data)

    def _with_terms(self, mean: bool, field: Any, x: Any, data: Any) -> Any:
        """The field of the losses, and of those terms that are means over samples, or that are not."""
        if not any(term.mean == mean for term in self._terms):
            return field
        parts = [self.partition.part(i, field) for i in range(len(self.players))]
        return jnp.concatenate(
            [self._with_own_terms(mean, i, part, x, data) for i, part in enumerate(parts)]
        )

    def _with_own_terms(self, mean: bool, i: int, part: Any, x: Any, data: Any) -> Any:
        microbatch = None if mean else self._microbatch
        for term in self._terms_of(i, mean=mean):
            part = part + self._own(i, lambda y, term=term: term(y, data, microbatch), x)
        return part

    def _gradient(self, i: int, x: Any, data: Any) -> Any:
        gradient = self._mean(
            lambda samples: jax.grad(lambda y: self._sample_loss(i, y, samples))(x), data
        )
        for term in self._terms_of(i, mean=False):
            gradient = gradient + jax.grad(lambda y, t=term: t(y, data, self._microbatch))(x)
        return gradient

    def _solve(self, players: tuple[int, ...], transposed: bool, x: Any, b: Any, data: Any) -> Any:
        index = np.concatenate(
            [np.arange(self.dimension)[self.partition.slices[i]] for i in players]
        )
        directions = (
            jnp.zeros((len(index), self.dimension), x.dtype).at[np.arange(len(index)), index].set(1)
        )
        columns = jax.vmap(lambda u: self._jvp(x, u, data), out_axes=1)(directions)
        matrix = columns[index]
        return jnp.linalg.solve(matrix.T if transposed else matrix, b)

    def _hessian(self, i: int, x: Any, data: Any) -> Any:
        return jax.jacfwd(partial(self._gradient, i))(x, data)

    def _constrained_hessian(self, leader: int, follower: int, x: Any, w: Any, data: Any) -> Any:
        own = self.partition.slices[follower]

        def lagrangian(x):
            follower_gradient = self._gradient(follower, x, data)[own]
            return self._loss(leader, x, data) - w @ follower_gradient

        return jax.hessian(lagrangian)(x)

    def _jvp(self, x: Any, u: Any, data: Any) -> Any:
        return jax.jvp(lambda y: self._field(y, data), (x,), (u,))[1]

    def _vjp(self, x: Any, u: Any, data: Any) -> Any:
        return jax.vjp(lambda y: self._field(y, data), x)[1](u)[0]

    def _derivatives(self, x: Any, data: Any) -> tuple[Any, Any]:
        if self._joint is not None and not self._terms:
            return jax.jacrev(self._joint)(x), jax.hessian(self._joint)(x)
        n = range(len(self.players))
        gradients = jnp.stack([self._gradient(i, x, data) for i in n])
        return gradients, jnp.stack([self._hessian(i, x, data) for i in n])


@dataclass(frozen=True)
class Term:
    """What was added to a player's loss: a function of a game and a profile, times a weight, if there is one.

    See `Game.with_terms` and `Game.weighing_terms`.
    """

    game: PureGame
    player: int
    function: Callable[[Any, Any], Any]
    mean: bool
    weight: Any = None

    def __call__(self, x: Any, data: Any, microbatch: int | None) -> Any:
        """The term at the profile x and at other data than the game's."""
        game = self.game._copy(data=data, _microbatch=microbatch)
        value = jnp.asarray(self.function(game, x))
        if value.shape != ():
            raise InputTypeError(
                f"a term of the loss of player {game.players[self.player]!r} must be a scalar, "
                f"not shape {value.shape}"
            )
        return (
            value.astype(x.dtype) if self.weight is None else (self.weight * value).astype(x.dtype)
        )


def _plus(loss: Any, terms: Iterable[Any]) -> Any:
    for term in terms:
        loss = loss + term
    return loss
