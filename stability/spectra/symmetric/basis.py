"""An orthonormal basis that stays on the device: one row a vector, in memory that is allocated once."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_NEARLY_INSIDE = 0.7  # a vector that loses more than this to the basis is orthogonalised once more
_COLUMNS = 1 << 16  # of a basis that is rotated in place, so many at a time


def in_precision_of(dtype: Any) -> contextlib.AbstractContextManager[Any]:
    """A context in which JAX computes with that dtype, whatever the global setting."""
    return jax.enable_x64(True) if np.dtype(dtype) == np.float64 else contextlib.nullcontext()


def inner(u: Any, v: Any) -> Any:
    """uᵀv in the vectors' own precision (accelerators round the factors to fewer bits by default)."""
    return jnp.vdot(u, v, precision=jax.lax.Precision.HIGHEST)


@jax.jit
def length(u: Any) -> Any:
    """‖u‖, where the squares may underflow or overflow."""
    largest = jnp.abs(u).max()
    scaled = u / jnp.where(largest > 0, largest, 1)
    return largest * jnp.sqrt(inner(scaled, scaled))


def norm(u: Any) -> float:
    """‖u‖, on the host."""
    return float(length(u))


@partial(jax.jit, static_argnums=(1, 2))
def random_vector(seed: Any, dimension: int, dtype: Any) -> Any:
    """Independent standard normal numbers, shape (dimension,)."""
    return jax.random.normal(jax.random.key(seed), (dimension,), dtype)


@jax.jit
def row(basis: Any, index: Any) -> Any:
    """One vector of the basis."""
    return jax.lax.dynamic_index_in_dim(basis, index, keepdims=False)


@partial(jax.jit, donate_argnums=0)
def append(basis: Any, index: Any, w: Any) -> tuple[Any, Any, Any, Any]:
    """Puts w, made orthogonal to all rows before `index` and normalised, into that row.

    Classical Gram–Schmidt, with a second pass where the first one cancelled much of w (Daniel, Gragg,
    Kaufman, Stewart 1976).

    **Returns** the basis; the coefficients of w in the rows before, shape (m,); and the norms of w before
    and after. A w inside the span leaves a row of noise, which the norms tell.
    """
    before = jnp.arange(len(basis)) < index

    def reduced(w: Any) -> tuple[Any, Any]:
        coefficients = jnp.where(before, _times(basis, w), 0)
        return w - _times(coefficients, basis), coefficients

    size = length(w)
    w, coefficients = reduced(w)

    def again(w: Any) -> tuple[Any, Any]:
        w, more = reduced(w)
        return w, coefficients + more

    needed = length(w) < _NEARLY_INSIDE * size
    w, coefficients = jax.lax.cond(needed, again, lambda w: (w, coefficients), w)
    rest = length(w)
    unit = w / jnp.where(rest > 0, rest, 1)
    basis = jax.lax.dynamic_update_index_in_dim(basis, unit.astype(basis.dtype), index, 0)
    return basis, coefficients, size, rest


@partial(jax.jit, donate_argnums=0)
def rotate(basis: Any, rotation: Any) -> Any:
    """The basis with its rows replaced by `rotation @ basis`, slab by slab: no second basis is held."""
    width = min(_COLUMNS, basis.shape[1])

    def slab(basis: Any, begin: Any, width: int) -> Any:
        part = jax.lax.dynamic_slice_in_dim(basis, begin, width, axis=1)
        return jax.lax.dynamic_update_slice_in_dim(basis, _times(rotation, part), begin, axis=1)

    whole = basis.shape[1] // width
    basis = jax.lax.fori_loop(0, whole, lambda i, b: slab(b, i * width, width), basis)
    rest = basis.shape[1] - whole * width
    return slab(basis, whole * width, rest) if rest else basis


def _times(a: Any, b: Any) -> Any:
    return jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST)
