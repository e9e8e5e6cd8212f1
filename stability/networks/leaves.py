"""The arrays of every player's strategy by name: the player, and the path in the player's pytree."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError


def leaf_shapes(game: Any) -> dict[str, tuple[int, ...]]:
    """Name ↦ shape of every array of the game's strategies, in the order in which a profile stacks them.

    A name is the player's, then the path in the player's pytree: `disc/layers/0/w`; a strategy that is one
    array has the player's name alone. Raises InputError if two arrays get the same name.
    """
    vector = jax.ShapeDtypeStruct((game.dimension,), jnp.float32)
    strategies = jax.eval_shape(game.unpack, vector)
    shapes: dict[str, tuple[int, ...]] = {}
    for player, strategy in zip(game.players, strategies, strict=True):
        for path, leaf in jax.tree_util.tree_flatten_with_path(strategy)[0]:
            name = _name(player, path)
            if name in shapes:
                raise InputError(f"two arrays of the game are both called {name!r}; rename one")
            shapes[name] = leaf.shape
    return shapes


def split_profile(game: Any, x: Any) -> dict[str, np.ndarray]:
    """Name ↦ array of the profile x, in x's own dtype. Raises InputError if x is no profile of the game."""
    vector = np.asarray(x)
    if vector.shape != (game.dimension,) or not jnp.issubdtype(vector.dtype, jnp.floating):
        raise InputError(
            f"a profile of this game is a vector of {game.dimension} floating-point numbers, "
            f"not of shape {vector.shape} and dtype {vector.dtype}"
        )
    found, begin = {}, 0
    for name, shape in leaf_shapes(game).items():
        end = begin + math.prod(shape)
        found[name] = vector[begin:end].reshape(shape)
        begin = end
    return found


def tree_leaves(trees: Mapping[str, Any]) -> dict[str, Any]:
    """Name ↦ leaf of a mapping from players to pytrees, named as by `leaf_shapes`."""
    return {
        _name(player, path): leaf
        for player, tree in trees.items()
        for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]
    }


def _name(player: str, path: Any) -> str:
    return "/".join(
        [player, *([jax.tree_util.keystr(path, simple=True, separator="/")] * bool(path))]
    )
