"""Fixed points of projected steps: implicit steps and best replies in sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

_STEPS = 64
SHORTER = tuple(2.0**-k for k in range(8))  # parts of a step
LONGER = tuple(2.0**k for k in range(-8, 24, 4))  # steps, the last one as good as infinite


def fixed_point(moved: Callable[[Any, Any], Any], guess: Any, sizes: Any) -> Any:
    """The y with y = moved(y, 1), shape (d,), found from a guess; NaN where none was found.

    `moved(y, h)` is y after a projected step whose length grows with h; it has the same fixed points for
    every h > 0. Semismooth Newton steps (Qi, Sun 1993) on y − moved(y, 1), and where one is no better than
    that, the best of the projected steps of these `sizes`. Differentiable by the implicit function theorem.
    """
    tolerance = float(64 * jnp.finfo(guess.dtype).eps)
    sizes = jnp.asarray(sizes, guess.dtype)

    def residual(y: Any) -> Any:
        return y - moved(y, jnp.ones((), y.dtype))

    def missed(y: Any) -> Any:
        r = residual(y)
        size = jnp.sqrt(r @ r) / (1 + jnp.sqrt(y @ y))
        return jnp.where(jnp.isfinite(size), size, jnp.inf)

    def search(function: Callable[[Any], Any], start: Any) -> Any:
        def more(carry: Any) -> Any:
            _, size, count = carry
            return (size > tolerance) & (count < _STEPS)

        def one(carry: Any) -> Any:
            y, _, count = carry
            newton = y - _solved(jax.jacfwd(function)(y), function(y))
            trials = jnp.concatenate([newton[None], jax.vmap(lambda h: moved(y, h))(sizes)])
            missing = jax.vmap(missed)(trials)
            best = jnp.argmin(missing)
            return trials[best], missing[best], count + 1

        y, size, _ = jax.lax.while_loop(more, one, (start, missed(start), 0))
        return jnp.where(size <= tolerance, y, jnp.nan)

    def tangent(linear: Callable[[Any], Any], b: Any) -> Any:
        return _solved(jax.jacfwd(linear)(jnp.zeros_like(b)), b)

    return jax.lax.custom_root(residual, guess, search, tangent)


def _solved(matrix: Any, b: Any) -> Any:
    return jnp.linalg.solve(matrix, b)
