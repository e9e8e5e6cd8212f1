"""A game in double precision, to check there what was found in a lower one."""

from __future__ import annotations

from copy import copy
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..games.game import Game

_LOWER = ("f32[", "f16[", "bf16[")  # how JAX prints the arrays of lower precisions


def double_precision(game: Game, x: Any) -> tuple[Game, Any] | None:
    """The same game with its data in float64, and the point, for use under `jax.enable_x64`.

    None if x is float64 already, and for losses that do not compute in float64 even then (they convert, or
    insist on their own precision).
    """
    if x.dtype == np.float64:
        return None
    with jax.enable_x64(True):
        precise = copy(game)
        point, precise.data = jax.tree.map(_double, (x, game.data))
        try:
            text = str(jax.make_jaxpr(game._field)(point, precise.data))
        except (TypeError, ValueError):
            return None
    return None if any(lower in text for lower in _LOWER) else (precise, point)


def _double(leaf: Any) -> Any:
    array = jnp.asarray(leaf)
    return array.astype(jnp.float64) if jnp.issubdtype(array.dtype, jnp.floating) else array
