"""A game's second derivatives beyond its Jacobian, as operators: for the conditions at scale."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal
from weakref import WeakKeyDictionary, proxy

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.linearisation import Products
from ..dynamics.operator import Operator
from ..games.game import Game
from ..spectra.symmetric.basis import in_precision_of

_POINTS = 3  # at which a game is tested for being zero-sum


def constrained_hessian(game: Game, leader: int, follower: int, x: Any, w: Any) -> Operator:
    """∇²(L_leader − wᵀ∇_follower L_follower), w held fixed, (d, d): `Game.constrained_hessian`."""
    with in_precision_of(x.dtype):
        return _compiled(game)[f"lagrangian {leader} {follower}"].at(x, w, game._arrays)


def sum_of_losses(game: Game, x: Any, seed: int = 0) -> Literal["constant", "own terms", "general"]:
    """What the losses add up to, as in `stability.games.structure`, by products with random vectors.

    Tested at x and at two random points about as far from x as x is large, up to rounding relative to the
    losses' own derivatives.
    """
    partition = game.partition
    if len(partition.players) < 2:
        return "general"
    with in_precision_of(x.dtype):
        allowed = float(jnp.finfo(x.dtype).eps) ** (2 / 3)
        rng = np.random.default_rng(seed)
        constant = True
        size = max(1.0, float(jnp.linalg.norm(x))) / np.sqrt(x.size)
        for point in range(_POINTS):
            shift = rng.standard_normal(x.size) * (size if point else 0.0)
            at = x + jnp.asarray(shift, x.dtype)
            hessians = _compiled(game)["gradients"].at(at, game._arrays)
            gradients = hessians.value.reshape(len(partition.players), -1)
            constant &= bool(
                jnp.abs(gradients.sum(axis=0)).max() <= allowed * jnp.abs(gradients).max()
            )
            for j in range(len(partition.players)):
                own = jnp.asarray(rng.standard_normal(partition.sizes[j]), x.dtype)
                u = partition.embed(j, own, x)
                images = hessians.matvec(u).reshape(len(partition.players), -1)
                total = partition.replaced(j, jnp.zeros_like(own), images.sum(axis=0))
                if not jnp.abs(total).max() <= allowed * jnp.abs(images).max():
                    return "general"
    return "constant" if constant else "own terms"


_COMPILED: WeakKeyDictionary[Products, dict[str, Products]] = WeakKeyDictionary()


def _compiled(game: Game) -> dict[str, Products]:
    """The game's products, made once for all games that share their compiled code."""
    shared = game._products
    if shared not in _COMPILED:
        owner = proxy(shared.function.__self__)  # pyright: ignore[reportFunctionMemberAccess]
        functions = {"gradients": partial(_gradients, owner)}
        for leader, follower in ((0, 1), (1, 0)):
            function = partial(_lagrangian_gradient, owner, leader, follower)
            functions[f"lagrangian {leader} {follower}"] = function
        _COMPILED[shared] = {
            name: Products(function, game.partition, shared.keep)
            for name, function in functions.items()
        }
    return _COMPILED[shared]


def _gradients(game: Any, x: Any, data: Any) -> Any:
    """∇L_1, …, ∇L_n stacked, shape (n d,)."""
    return jnp.concatenate([game._gradient(i, x, data) for i in range(len(game.players))])


def _lagrangian_gradient(game: Any, leader: int, follower: int, x: Any, w: Any, data: Any) -> Any:
    """∇(L_leader − wᵀ∇_follower L_follower), by one product of the follower's Hessian, which is symmetric."""
    direction = game.partition.embed(follower, w, x)
    _, along = jax.jvp(lambda y: game._gradient(follower, y, data), (x,), (direction,))
    return game._gradient(leader, x, data) - along
