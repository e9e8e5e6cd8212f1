"""The linear algebra of one point, inside a compiled function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

_NEARLY_SINGULAR = 1e-8  # relative singular value below which a direction is left alone


def value_and_jacobian(function: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """f(x), shape (d,), and its Jacobian, shape (d, d), from one linearisation."""
    value, push = jax.linearize(function, x)
    return value, jax.vmap(push, out_axes=1)(jnp.eye(len(x), dtype=x.dtype))


def linear_step(matrix: Any, right: Any, degenerate: bool) -> Any:
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
