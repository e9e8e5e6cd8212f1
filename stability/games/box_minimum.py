"""The lowest point of a function of few variables on a box: a grid, then Newton's method inside the box."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError

MOST_VARIABLES = 4  # a grid of five variables is too coarse to be trusted, or too large
_MOST_POINTS = 6561
_STARTS = 8
_STEPS = 16
_HALVINGS = 30


def box_grid(low: np.ndarray, high: np.ndarray, most: int = _MOST_POINTS) -> np.ndarray:
    """At most `most` points, shape (n, d), evenly over the box, its corners and its centre among them.

    Raises InputError for more than four variables.
    """
    d = len(low)
    if d > MOST_VARIABLES:
        raise InputError(
            f"a player with {d} variables is too large for a search over the box, "
            f"which takes up to {MOST_VARIABLES}"
        )
    count = int(np.floor(most ** (1 / d) + 1e-9))
    count = min(count - (count % 2 == 0), 257)
    axes = [np.linspace(a, b, count) for a, b in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, d)


def box_minimum(
    function: Callable[[Any], Any], low: np.ndarray, high: np.ndarray, dtype: Any
) -> tuple[Any, Any]:
    """The lowest point x, shape (d,), that is found of a function on the box, and the value there.

    JAX can trace it. The best points of eight parts of a grid are starts of a projected Newton method
    (Bertsekas 1982) with |H| for the Hessian H: the answer is at least as low as the grid, and a local
    minimum, up to rounding. A minimum narrower than the grid can be missed. Points at which the function is
    not finite count as high. Raises InputError for more than four variables.
    """
    grid = jnp.asarray(box_grid(low, high), dtype)
    floor, ceiling = jnp.asarray(low, dtype), jnp.asarray(high, dtype)

    def height(x: Any) -> Any:
        value = function(x)
        return jnp.where(jnp.isfinite(value), value, jnp.inf)

    heights = jax.vmap(height)(grid)
    parts = np.array_split(np.arange(len(grid)), _STARTS)
    starts = jnp.stack(
        [grid[part[0] + jnp.argmin(heights[part[0] : part[-1] + 1])] for part in parts]
    )
    ends = jax.vmap(lambda x: _descended(height, x, floor, ceiling))(starts)
    values = jax.vmap(height)(ends)
    best = jnp.argmin(values)
    return ends[best], values[best]


def _descended(height: Callable[[Any], Any], x: Any, low: Any, high: Any) -> Any:
    """The end of a projected Newton method from x."""
    rounding = 4 * jnp.finfo(x.dtype).eps
    lengths = jnp.append(0.5 ** jnp.arange(_HALVINGS, dtype=x.dtype), 0)

    def step(_: int, x: Any) -> Any:
        gradient, hessian = jax.grad(height)(x), jax.hessian(height)(x)
        held = ((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0))
        gradient = jnp.where(held, 0, gradient)
        hessian = jnp.where(held[:, None] | held, 0, hessian) + jnp.diag(held.astype(x.dtype))
        curvatures, axes = jnp.linalg.eigh(hessian)
        least = 1e-12 * jnp.abs(curvatures).max() + jnp.finfo(x.dtype).tiny
        direction = -axes @ ((axes.T @ gradient) / jnp.maximum(jnp.abs(curvatures), least))
        direction = jnp.where(jnp.isfinite(direction).all(), direction, 0)
        ends = jnp.clip(x + lengths[:, None] * direction, low, high)
        heights = jax.vmap(height)(ends)
        lowest = heights.min()
        # the longest step among the equally good ones: values say nothing of x below sqrt(eps)
        return ends[jnp.argmax(heights <= lowest + rounding * (1 + jnp.abs(lowest)))]

    return jax.lax.fori_loop(0, _STEPS, step, x)
