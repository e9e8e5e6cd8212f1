"""The nearest point of a set, in JAX, NumPy and SymPy."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import sympy

from ...errors import InputError

_MOST_EXACT = 10  # variables of a simplex whose projection has a formula of 2ⁿ terms


def onto_simplex(x: Any) -> Any:
    """The nearest points of the simplex to the rows of x, shape (…, n): max(x − τ, 0), τ making the sum one.

    τ = (Σ_S x − 1)/|S|, S the largest numbers of x that stay positive (Held, Wolfe, Crowder 1974). S does not
    change nearby, so the derivative sees τ as that mean; no derivative is taken through the sorting.
    """
    if isinstance(x, np.ndarray):
        return np.maximum(x - _threshold(np, x, _supports(np, x)), 0.0)
    import jax
    import jax.numpy as jnp

    support = _supports(jnp, jax.lax.stop_gradient(x))
    return jnp.where(support, x - _threshold(jnp, x, support), 0.0)


def _supports(xp: Any, x: Any) -> Any:
    """Which numbers of each row stay positive."""
    falling = -xp.sort(-x, axis=-1)
    total = xp.cumsum(falling, axis=-1) - 1.0
    count = xp.arange(1, x.shape[-1] + 1)
    k = xp.sum(falling * count > total, axis=-1, keepdims=True)
    # a probability of zero up to rounding is zero
    return x > xp.take_along_axis(total, k - 1, axis=-1) / k + 8 * xp.finfo(x.dtype).eps


def _threshold(xp: Any, x: Any, support: Any) -> Any:
    kept = xp.where(support, x, 0.0)
    number = xp.maximum(support.sum(axis=-1, keepdims=True), 1)
    return (kept.sum(axis=-1, keepdims=True) - 1.0) / number


def onto_simplex_exactly(x: sympy.MatrixBase) -> sympy.MatrixBase:
    """The same of a column (n, 1): τ is the largest of (Σ_S x − 1)/|S| over all sets S that are not empty."""
    n = x.rows
    if n > _MOST_EXACT:
        raise InputError(
            f"the projection on a simplex of {n} variables has no formula of a size to work with; "
            "use the numeric game (game.numeric())"
        )
    numbers = list(x)
    means = [
        (sum(chosen) - 1) / sympy.Integer(k)
        for k in range(1, n + 1)
        for chosen in combinations(numbers, k)
    ]
    threshold = sympy.Max(*means)
    return x.applyfunc(lambda c: sympy.Max(c - threshold, 0))
