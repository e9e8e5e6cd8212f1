"""Following an equilibrium from one parameter value to another, inside a compiled function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

_CORRECTIONS = 4  # Newton steps at each stop; more only hide that the stop is too far away
_CLOSE = 1e-8  # last correction, in units of the box, of a converged stop
_FAR = 0.1  # first correction, in units of the box, beyond which another branch might be met
_SMALLEST = 2.0**-14  # of the whole way
_POLISH = 3
_NEARLY_SINGULAR = 1e-8  # relative singular value below which a direction is left alone


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
    way = _Way(function, origin, target - origin, unit, degenerate)

    def advance(state):
        s, step, x = state
        following = jnp.minimum(s + step, 1.0)
        slope = way.slope(s, x)
        slope = jnp.where(jnp.isfinite(slope), slope, 0.0)
        corrected, good = way.corrected(following, x + (following - s) * slope)
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
    return jnp.where(s >= 1.0, way.polished(s, x), jnp.nan)


@dataclass(frozen=True)
class _Way:
    """The way of the parameters, origin + s · direction for s from 0 to 1, and the zeros along it."""

    function: Callable[[Any, Any], Any]
    origin: np.ndarray
    direction: Any
    unit: np.ndarray
    degenerate: bool

    def at(self, s: Any, x: Any) -> Any:
        return self.function(x, self.origin + s * self.direction)

    def slope(self, s: Any, x: Any) -> Any:
        """dx/ds along the branch."""
        moved = jax.jvp(lambda s: self.at(s, x), (s,), (jnp.ones_like(s),))[1]
        jacobian = value_and_jacobian(lambda y: self.at(s, y), x)[1]
        return -_solution(jacobian, moved, self.degenerate)

    def newton(self, s: Any, x: Any) -> tuple[Any, Any]:
        """The step of Newton's method, and its size."""
        value, jacobian = value_and_jacobian(lambda y: self.at(s, y), x)
        move = -_solution(jacobian, value, self.degenerate)
        return move, jnp.max(jnp.abs(move) / self.unit)

    def corrected(self, s: Any, x: Any) -> tuple[Any, Any]:
        """The point after a few steps of Newton's method, and whether they converged."""

        def step(_, carry):
            x, last, good = carry
            move, size = self.newton(s, x)
            good &= (size <= _FAR) & ((size <= 0.5 * last) | (size <= _CLOSE))
            return x + move, size, good

        x, last, good = lax.fori_loop(0, _CORRECTIONS, step, (x, jnp.inf, True))
        return x, good & (last <= _CLOSE)

    def polished(self, s: Any, x: Any) -> Any:
        def step(_, x):
            move, size = self.newton(s, x)
            return jnp.where(size <= _CLOSE, x + move, x)  # else the Jacobian is nearly singular

        return lax.fori_loop(0, _POLISH, step, x)


def value_and_jacobian(function: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """f(x), shape (d,), and its Jacobian, shape (d, d), from one linearisation."""
    value, push = jax.linearize(function, x)
    return value, jax.vmap(push, out_axes=1)(jnp.eye(len(x), dtype=x.dtype))


def _solution(matrix: Any, right: Any, degenerate: bool) -> Any:
    """The z with `matrix` z = `right`; with `degenerate` the shortest, nearly singular ones left out."""
    if degenerate:
        return jnp.linalg.pinv(matrix, rtol=_NEARLY_SINGULAR) @ right
    if matrix.shape == (1, 1):
        return right / matrix[0]
    if matrix.shape == (2, 2):  # far quicker, in a batch, than a factorisation of each
        (a, b), (c, d) = matrix
        z = jnp.stack([d * right[0] - b * right[1], a * right[1] - c * right[0]])
        return z / (a * d - b * c)
    return jnp.linalg.solve(matrix, right)
