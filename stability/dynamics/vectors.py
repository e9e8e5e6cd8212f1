"""The few vector operations that fields and rules need, for JAX, NumPy and SymPy alike.

A vector is a flat JAX or NumPy array of shape (d,), a stack of tangent vectors of shape (d, k), n such stacks
of shape (n, 1, d, k), or a SymPy matrix of shape (d, 1) or (d, k). Everything else a rule does is `+` and
`*`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import sympy

from ..errors import SingularError


def rows(x: Any, part: slice) -> Any:
    """The rows of `x` in `part`."""
    if isinstance(x, sympy.MatrixBase):
        return x[part, :]
    return x[..., part, :] if getattr(x, "ndim", 1) == 4 else x[part]


def block(matrix: Any, part: slice) -> Any:
    """The diagonal block of a matrix, or of n of them, that belongs to `part`."""
    return matrix[..., part, part] if len(matrix.shape) == 4 else matrix[part, part]


def stack(parts: Sequence[Any]) -> Any:
    """The parts one below the other, in one vector."""
    if isinstance(parts[0], sympy.MatrixBase):
        return sympy.Matrix.vstack(*parts)
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts, axis=-2 if parts[0].ndim == 4 else 0)
    import jax.numpy as jnp

    return jnp.concatenate(parts)


def split(x: Any, sizes: Sequence[int]) -> tuple[Any, ...]:
    """The parts of these sizes, one below the other in the vector."""
    ends = list(accumulate(sizes))
    return tuple(rows(x, slice(end - size, end)) for size, end in zip(sizes, ends, strict=True))


def grouped(function: Callable[..., Any], groups: Sequence[np.ndarray], *vectors: Any) -> Any:
    """The vector that at each group of positions is `function` of the rows of the vectors there.

    The groups hold every position once.
    """
    order = np.argsort(np.concatenate(groups))
    return taken(stack([function(*(taken(v, g) for v in vectors)) for g in groups]), order)


def taken(x: Any, index: np.ndarray) -> Any:
    """The rows of the vector at these positions."""
    if isinstance(x, sympy.MatrixBase):
        return x.extract([int(i) for i in index], list(range(x.cols)))
    return x[index]


def multiplied(x: Any, y: Any) -> Any:
    """The product of two vectors, number by number."""
    return x.multiply_elementwise(y) if isinstance(x, sympy.MatrixBase) else x * y


def softmax(x: Any) -> Any:
    """The vector e^{x_i}/Σ_j e^{x_j}."""
    if isinstance(x, sympy.MatrixBase):
        powers = x.applyfunc(sympy.exp)
        return powers / sum(powers)
    import jax

    return jax.nn.softmax(x)


def reweighted(x: Any, y: Any) -> Any:
    """The vector x_i e^{y_i}/Σ_j x_j e^{y_j}, of probabilities x."""
    if isinstance(x, sympy.MatrixBase):
        weights = x.multiply_elementwise(y.applyfunc(sympy.exp))
        return weights / sum(weights)
    import jax.numpy as jnp

    # so that the sum is neither zero nor infinite; the shift cancels
    weights = x * jnp.exp(y - jnp.where(x > 0, y, -jnp.inf).max())
    return weights / weights.sum()


def largest(x: Any) -> Any:
    """Where the vector is largest, as a vector of sum one: 1/k at each of its k largest numbers."""
    if isinstance(x, sympy.MatrixBase):
        numbers = list(x)
        others = [sympy.Max(*numbers[:i], *numbers[i + 1 :]) for i in range(len(numbers))]
        steps = [sympy.Heaviside(a - b, 1) for a, b in zip(numbers, others, strict=True)]
        best = sympy.Matrix(steps)
        return best / sum(best)
    import jax.numpy as jnp

    best = (x >= x.max()).astype(x.dtype)
    return best / jnp.sum(best)


def zeros_like(x: Any) -> Any:
    """A zero vector of the shape of `x`."""
    if isinstance(x, sympy.MatrixBase):
        return sympy.zeros(*x.shape)
    if isinstance(x, np.ndarray):
        return np.zeros_like(x)
    import jax.numpy as jnp

    return jnp.zeros_like(x)


def solve(matrix: Any, right: Any) -> Any:
    """The solution z of `matrix` z = `right`; `right` is a vector or a stack of them.

    Raises SingularError for a singular matrix in NumPy and SymPy; JAX cannot raise and returns what is not
    finite.
    """
    try:
        if isinstance(matrix, sympy.MatrixBase):
            return matrix.LUsolve(right)
        if isinstance(matrix, np.ndarray) and isinstance(right, np.ndarray):
            return np.linalg.solve(matrix, right)
    except (np.linalg.LinAlgError, sympy.matrices.exceptions.NonInvertibleMatrixError):
        raise SingularError("a matrix that has to be inverted is singular") from None
    import jax.numpy as jnp

    return jnp.linalg.solve(matrix, right)


def eye_like(matrix: Any) -> Any:
    """The identity of the shape and dtype of a square matrix."""
    if isinstance(matrix, sympy.MatrixBase):
        return sympy.eye(matrix.rows)
    return np.eye(matrix.shape[-1], dtype=matrix.dtype)


def identity(size: int, like: Any) -> Any:
    """The identity with so many rows, in SymPy if `like` is, else in float64; n of them for n matrices."""
    if isinstance(like, sympy.MatrixBase):
        return sympy.eye(size)
    return np.broadcast_to(np.eye(size), (*like.shape[:-2], size, size)).copy()


def clip(x: Any, low: Any, high: Any) -> Any:
    """The vector with every number clipped to [low, high]; None is no bound."""
    if isinstance(x, sympy.MatrixBase):
        x = x if low is None else x.applyfunc(lambda c: sympy.Max(c, low))
        return x if high is None else x.applyfunc(lambda c: sympy.Min(c, high))
    import jax.numpy as jnp

    # at a bound the derivative is that of what stays there: zero
    x = x if low is None else jnp.where(x <= low, jnp.asarray(low, x.dtype), x)
    return x if high is None else jnp.where(x >= high, jnp.asarray(high, x.dtype), x)


def into_ball(x: Any, radius: Any) -> Any:
    """The nearest point of the ball ‖x‖ ≤ radius."""
    if isinstance(x, sympy.MatrixBase):
        return x / sympy.Max(1, sympy.sqrt(x.dot(x)) / radius)
    import jax.numpy as jnp

    inside = radius * (1 - 8 * jnp.finfo(x.dtype).eps)  # on the sphere the derivative is its own
    square = x @ x
    outside = square >= inside**2
    # no root at zero, whose slope is infinite
    return x * jnp.where(outside, radius / jnp.sqrt(jnp.where(outside, square, 1.0)), 1.0)
