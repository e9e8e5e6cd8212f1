"""Eigenvalues of many small real matrices: 2 × 2 in closed form, compiled, others by LAPACK."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

_HIGH_BITS = np.uint64(
    0xFFFFFFFFF8000000
)  # sign, exponent and the upper 26 bits of the significand
_BIAS = 1023


def eigenvalues_2x2(matrix: Any) -> Any:
    """The eigenvalues of real matrices (..., 2, 2) in float64, shape (..., 2), the larger real part first.

    JAX-traceable; call it with 64-bit arithmetic switched on. With δ = (a − d)/2 the eigenvalues are
    (a + d)/2 ± √(δ² + bc). Differs from the textbook in these ways:

    1. b and c are balanced, and the matrix is scaled, by powers of two: nothing overflows, and graded
       matrices keep their small entries.
    2. The discriminant δ² + bc and the determinant ad − bc are summed from products without rounding
       errors (Dekker 1971), so a defective matrix keeps its double eigenvalue instead of splitting it by
       the square root of the rounding error.
    3. Of two real eigenvalues the one of smaller modulus is the determinant over the other one.
    """
    a, b, c, d = matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 0], matrix[..., 1, 1]
    shift = (_exponent(c) - _exponent(b)) // 2
    b, c = b * _power_of_two(shift), c * _power_of_two(-shift)
    largest = jnp.maximum(jnp.maximum(abs(a), abs(d)), jnp.maximum(abs(b), abs(c)))
    exponent = _exponent(largest)
    down = _power_of_two(-exponent)
    a, b, c, d = a * down, b * down, c * down, d * down

    mean = (a + d) / 2
    difference, lost = _sum(a, -d)
    product, product_error = _product(b, c)
    square, square_error = _product(difference / 2, difference / 2)
    discriminant, rounded = _sum(square, product)
    discriminant = discriminant + (rounded + square_error + product_error + difference * lost / 2)
    other, other_error = _product(a, d)
    determinant, rounded = _sum(other, -product)
    determinant = determinant + (rounded + other_error - product_error)

    root = jnp.sqrt(abs(discriminant))
    large = mean + jnp.where(mean < 0, -root, root)
    small = jnp.where(large == 0, 0.0, determinant / jnp.where(large == 0, 1.0, large))
    real = discriminant >= 0
    first = jnp.where(real, jnp.maximum(large, small), mean)
    second = jnp.where(real, jnp.minimum(large, small), mean)
    # not finite: let NaN through instead of what the comparisons above make of it
    first, second = first + 0 * discriminant, second + 0 * discriminant
    imaginary = jnp.stack([jnp.where(real, 0.0, root), jnp.where(real, 0.0, -root)], axis=-1)
    up = _power_of_two(exponent)[..., None]
    return lax.complex(jnp.stack([first, second], axis=-1) * up, imaginary * up)


def _exponent(x: Any) -> Any:
    """The binary exponent of a float64."""
    bits = lax.bitcast_convert_type(x, jnp.uint64)
    return ((bits >> 52) & 0x7FF).astype(jnp.int64) - _BIAS


def _power_of_two(exponent: Any) -> Any:
    """2 to an integer power, clipped to the normal numbers."""
    bits = (jnp.clip(exponent, 1 - _BIAS, _BIAS) + _BIAS).astype(jnp.uint64) << 52
    return lax.bitcast_convert_type(bits, jnp.float64)


def _sum(x: Any, y: Any) -> tuple[Any, Any]:
    """x + y and its rounding error (Knuth)."""
    total = x + y
    virtual = total - x
    return total, (x - (total - virtual)) + (y - virtual)


def _product(x: Any, y: Any) -> tuple[Any, Any]:
    """x·y and its rounding error (Dekker), the factors split by masking bits, which no compiler undoes."""
    product = x * y
    x_high, y_high = _high(x), _high(y)
    x_low, y_low = x - x_high, y - y_high
    error = ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low
    return product, error


def _high(x: Any) -> Any:
    bits = lax.bitcast_convert_type(x, jnp.uint64)
    return lax.bitcast_convert_type(bits & _HIGH_BITS, jnp.float64)


def eigenvalues_on_host(matrices: np.ndarray) -> np.ndarray:
    """The eigenvalues of matrices (n, d, d) by LAPACK, complex, shape (n, d), sorted; NaN if not finite.

    The stack is divided among threads, which NumPy lets run at once. Sorted by real part, then by imaginary
    part, largest first; real parts that differ by rounding count as equal.
    """
    finite = np.isfinite(matrices).all(axis=(1, 2))
    values = np.full(matrices.shape[:2], complex(np.nan, np.nan))
    stack = matrices if finite.all() else matrices[finite]
    threads = min(_available_cores(), max(1, len(stack) // 256))
    if threads == 1:
        found = np.linalg.eigvals(stack)
    else:
        with ThreadPoolExecutor(threads) as pool:
            parts = pool.map(np.linalg.eigvals, np.array_split(stack, threads))
            found = np.concatenate(list(parts))
    values[finite] = found
    return _sorted(values)


def _available_cores() -> int:
    """How many processor cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _sorted(values: np.ndarray) -> np.ndarray:
    order = np.argsort(-np.real(values), axis=1, kind="stable")
    descending = np.take_along_axis(values, order, axis=1)
    tolerance = 1e-12 * np.abs(values).max(axis=1, initial=0.0, keepdims=True)
    falls = -np.diff(np.real(descending), axis=1, prepend=np.inf) > tolerance
    rank = np.cumsum(falls, axis=1)
    within = np.lexsort((-np.imag(descending), rank), axis=1)
    return np.take_along_axis(descending, within, axis=1)
