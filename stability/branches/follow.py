"""Following an equilibrium from one parameter value to another, inside a compiled function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .linear import linear_step, value_and_jacobian

_CORRECTIONS = 4  # Newton steps at each stop; more only hide that the stop is too far away
_CLOSE = 1e-8  # last correction, in units of the box, of a converged stop
_FAR = 0.1  # first correction, in units of the box, beyond which another branch might be met
_SMALLEST = 2.0**-14  # of the whole way
_POLISH = 3


def follow(
    function: Callable[[Any, Any], Any],
    point: np.ndarray,
    origin: np.ndarray,
    target: Any,
    unit: np.ndarray,
    degenerate: bool,
) -> Any:
    """The zero at `target` of the branch of zeros of `function(x, parameters)` with `point` at `origin`.

    The parameters go from `origin` to `target`, both of shape (p,), on a straight line, in steps that adapt
    themselves: an Euler predictor along the branch, then Newton's method, whose corrections have to shrink
    (Deuflhard, *Newton Methods for Nonlinear Problems*, 2004, section 5.1). Each target is reached on its
    own way from the origin, so results do not depend on how a grid is divided.

    `unit`, shape (d,), says how large the coordinates are. With `degenerate` zeros are not isolated, and
    steps are the shortest ones.

    **Returns** a vector of shape (d,), JAX-traceable and made for `jax.vmap`; NaN where the branch was lost.
    """
    direction = target - origin

    def at(s: Any, x: Any) -> tuple[Any, Any]:
        return value_and_jacobian(lambda y: function(y, origin + s * direction), x)

    def correct(s: Any, x: Any) -> tuple[Any, Any]:
        """A few Newton steps, and whether they converged."""

        def step(_, carry):
            x, last, good = carry
            value, jacobian = at(s, x)
            move = -linear_step(jacobian, value, degenerate)
            size = jnp.max(jnp.abs(move) / unit)
            good &= (size <= _FAR) & ((size <= 0.5 * last) | (size <= _CLOSE))
            return x + move, size, good

        x, last, good = lax.fori_loop(0, _CORRECTIONS, step, (x, jnp.inf, True))
        return x, good & (last <= _CLOSE)

    def tangent(s: Any, x: Any) -> Any:
        slope = jax.jvp(lambda s: function(x, origin + s * direction), (s,), (jnp.ones_like(s),))[1]
        return -linear_step(at(s, x)[1], slope, degenerate)

    def advance(state):
        s, step, x = state
        following = jnp.minimum(s + step, 1.0)
        slope = tangent(s, x)
        slope = jnp.where(jnp.isfinite(slope), slope, 0.0)
        corrected, good = correct(following, x + (following - s) * slope)
        return (
            jnp.where(good, following, s),
            jnp.where(good, 2 * step, step / 4),
            jnp.where(good, corrected, x),
        )

    def unfinished(state):
        s, step, _ = state
        return (s < 1.0) & (step >= _SMALLEST)

    start = (jnp.zeros_like(target[0]), jnp.ones_like(target[0]), jnp.asarray(point))
    s, _, x = lax.while_loop(unfinished, advance, start)

    def polish(_, x):
        value, jacobian = at(s, x)
        move = -linear_step(jacobian, value, degenerate)
        small = jnp.max(jnp.abs(move) / unit) <= _CLOSE  # else the Jacobian is nearly singular
        return jnp.where(small, x + move, x)

    return jnp.where(s >= 1.0, lax.fori_loop(0, _POLISH, polish, x), jnp.nan)
