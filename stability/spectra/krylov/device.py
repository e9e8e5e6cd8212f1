"""A Krylov basis on JAX's devices: rows of one array, split along their length over several devices.

The host sees small replicated matrices only, so that several processes decide alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec, Sharding
from numpy.typing import NDArray

from .schur import Small

_PANELS = 16  # a rotation works on one at a time, in so small a part of the basis's memory


class DeviceBasis:
    """What `HostBasis` is, on the devices on which the operator's vectors lie (`sharding`)."""

    def __init__(self, size: int, d: int, dtype: Any, seed: int, sharding: Sharding):
        self.size, self.dimension, self.dtype = size, d, np.dtype(dtype)
        self._do = kernels(split(sharding), sharding)
        pieces = _PANELS * len(sharding.device_set)
        self._length = -(-d // pieces) * pieces  # padded with zeros, so that it can be split
        self._key = jax.random.key(seed)
        self.rows = self._do.zeros(size, self._length, self.dtype)

    def random(self) -> jax.Array:
        """A vector of independent normal entries."""
        self._key, key = jax.random.split(self._key)
        return self._do.random(key, self.dimension, self.dtype)

    def row(self, index: int) -> jax.Array:
        """One vector, for the operator to read."""
        return self._do.row(self.rows, index, self.dimension)

    def extend(self, indices: list[int], place: int, image: Any) -> jax.Array:
        """Set the row indices[place] to the image, orthonormalised against the rows indices[:place].

        Returns what was taken out, and at `place` the norm that was left, (len(indices),).
        """
        self.rows, column = self._do.extend(self.rows, np.array(indices), place, image)
        return column

    def columns(self, columns: list[jax.Array]) -> Small:
        """What `extend` returned, side by side."""
        return np.stack([np.asarray(column, np.float64) for column in columns], axis=1)

    def block(self, first: int, count: int) -> jax.Array:
        """Some rows that follow each other."""
        return self._do.block(self.rows, first, count)

    def stack(self, vectors: list[Any]) -> jax.Array:
        return self._do.stack(vectors, self._length, self.dtype)

    def gram(self, block: jax.Array) -> Small:
        """Inner products of the vectors of a block, (s, s)."""
        return np.asarray(self._do.products(block, block), np.float64)

    def gram_of_rows(self, first: int, last: int) -> Small:
        """Inner products of the rows from `first` to before `last`."""
        found = self._do.products(self.rows, self.rows)
        return np.asarray(found, np.float64)[first:last, first:last]

    def inner(self, count: int, columns: Any) -> NDArray[Any]:
        """Inner products of the first rows with columns of shape (d, p): (count, p)."""
        return np.asarray(self._do.inner(self.rows, columns), np.complex128)[:count]

    def turned(self, block: jax.Array, factor: Small) -> jax.Array:
        """factor @ block; factor is (s, s)."""
        return self._do.turned(block, factor.astype(self.dtype))

    def project(self, count: int, block: jax.Array) -> Small:
        """Inner products of the first `count` rows with the s vectors of a block, (count, s)."""
        return np.asarray(self._do.products(self.rows, block), np.float64)[:count]

    def subtract(self, count: int, block: jax.Array, coefficients: Small) -> jax.Array:
        """The block less the combinations of the first rows with these coefficients (count, s)."""
        padded = np.zeros((self.size, coefficients.shape[1]), self.dtype)
        padded[:count] = coefficients
        return self._do.subtract(self.rows, block, padded)

    def store(self, index: int, block: jax.Array) -> None:
        """Set the rows from `index` on to the vectors of a block."""
        self.rows = self._do.store(self.rows, block, index)

    def rotate(self, count: int, vectors: Small) -> None:
        """Replace the first rows by vectors.T @ (the first `count` rows); vectors is (count, p)."""
        kept = vectors.shape[1]
        padded = np.eye(self.size, dtype=self.dtype)
        padded[:kept] = 0.0
        padded[:kept, :count] = vectors.T
        self.rows = self._do.rotate(self.rows, padded)

    def move(self, source: int, target: int) -> None:
        self.rows = self._do.move(self.rows, source, target)

    def combination(self, weights: Small) -> jax.Array:
        """One combination of the first rows."""
        padded = np.zeros(self.size, self.dtype)
        padded[: len(weights)] = weights
        return self._do.combination(self.rows, padded, self.dimension)

    def take(self, coefficients: NDArray[Any]) -> jax.Array:
        """Combinations of the first rows as columns, (d, p); coefficients is (count, p)."""
        padded = np.zeros((self.size, coefficients.shape[1]), complex)
        padded[: len(coefficients)] = coefficients
        real, imaginary = (part(padded).astype(self.dtype) for part in (np.real, np.imag))
        return self._do.take(self.rows, real, imaginary, self.dimension)


@dataclass(frozen=True)
class Kernels:
    """The compiled operations; each is compiled once for each shape."""

    zeros: Any
    random: Any
    row: Any
    extend: Any
    block: Any
    stack: Any
    products: Any
    inner: Any
    turned: Any
    subtract: Any
    store: Any
    rotate: Any
    move: Any
    combination: Any
    take: Any


def split(sharding: Sharding) -> NamedSharding | None:
    """How rows lie: split along their length over all devices; None on a single one."""
    if len(sharding.device_set) == 1:
        return None
    if isinstance(sharding, NamedSharding):
        devices, names = np.asarray(sharding.mesh.devices), sharding.mesh.axis_names
    else:
        devices, names = np.array(sorted(sharding.device_set, key=lambda d: d.id)), ("basis",)
    mesh = Mesh(devices, names, axis_types=(AxisType.Auto,) * len(names))
    return NamedSharding(mesh, PartitionSpec(None, names))


@lru_cache(maxsize=16)
def kernels(rows: NamedSharding | None, vector: Sharding | None) -> Kernels:
    """The operations for rows split so, and operators whose vectors lie so."""
    whole = None if rows is None else NamedSharding(rows.mesh, PartitionSpec())
    vector = None if rows is None else vector
    rotate = _rotated
    if rows is not None:
        spec = rows.spec
        rotate = jax.shard_map(
            _rotated, mesh=rows.mesh, in_specs=(spec, PartitionSpec()), out_specs=spec
        )
    both = None if rows is None else (rows, whole)
    device = partial(jax.jit, out_shardings=rows)
    small = partial(jax.jit, out_shardings=whole)
    return Kernels(
        zeros=jax.jit(_zeros, static_argnums=(0, 1, 2), out_shardings=rows),
        random=jax.jit(_random, static_argnums=(1, 2), out_shardings=vector),
        row=jax.jit(_row, static_argnums=2, out_shardings=vector),
        extend=jax.jit(_extended, donate_argnums=0, out_shardings=both),
        block=device(_block, static_argnums=2),
        stack=device(_stacked, static_argnums=(1, 2)),
        products=small(_products),
        inner=small(_inner),
        turned=device(_turned),
        subtract=device(_subtracted, donate_argnums=1),
        store=device(_stored, donate_argnums=0),
        rotate=device(rotate, donate_argnums=0),
        move=device(_moved, donate_argnums=0),
        combination=jax.jit(_combination, static_argnums=2, out_shardings=vector),
        take=jax.jit(_taken, static_argnums=3),
    )


def _times(one: Any, other: Any) -> Any:
    """A product without the reduced precision that accelerators use by default."""
    return jnp.matmul(one, other, precision=jax.lax.Precision.HIGHEST)


def _zeros(size: int, length: int, dtype: Any) -> Any:
    return jnp.zeros((size, length), dtype)


def _random(key: Any, length: int, dtype: Any) -> Any:
    return jax.random.normal(key, (length,), dtype)


def _row(rows: Any, index: Any, length: int) -> Any:
    return jax.lax.dynamic_index_in_dim(rows, index, keepdims=False)[:length]


def _extended(rows: Any, indices: Any, place: Any, image: Any) -> Any:
    window = rows[indices]
    row = jnp.pad(image.astype(rows.dtype), (0, rows.shape[1] - image.shape[0]))
    column = jnp.where(jnp.arange(len(indices)) < place, _times(window, row), 0.0)
    row = row - _times(column, window)
    norm = jnp.linalg.norm(row)
    row = jnp.where(norm > 0, row / norm, row)
    return rows.at[indices[place]].set(row), column.at[place].set(norm)


def _block(rows: Any, first: Any, count: int) -> Any:
    return jax.lax.dynamic_slice_in_dim(rows, first, count)


def _stacked(vectors: Any, length: int, dtype: Any) -> Any:
    block = jnp.stack(vectors).astype(dtype)
    return jnp.pad(block, ((0, 0), (0, length - block.shape[1])))


def _products(one: Any, other: Any) -> Any:
    return _times(one, other.T)


def _inner(rows: Any, columns: Any) -> Any:
    padded = jnp.pad(columns, ((0, rows.shape[1] - columns.shape[0]), (0, 0)))
    return jax.lax.complex(_times(rows, padded.real), _times(rows, padded.imag))


def _turned(block: Any, factor: Any) -> Any:
    return _times(factor, block)


def _subtracted(rows: Any, block: Any, coefficients: Any) -> Any:
    return block - _times(coefficients.T, rows)


def _stored(rows: Any, block: Any, index: Any) -> Any:
    return jax.lax.dynamic_update_slice_in_dim(rows, block, index, 0)


def _moved(rows: Any, source: Any, target: Any) -> Any:
    row = jax.lax.dynamic_slice_in_dim(rows, source, 1)
    return jax.lax.dynamic_update_slice_in_dim(rows, row, target, 0)


def _rotated(rows: Any, vectors: Any) -> Any:
    """vectors @ rows, panel by panel in place."""
    width = rows.shape[1] // _PANELS

    def turn(i: Any, rows: Any) -> Any:
        panel = jax.lax.dynamic_slice_in_dim(rows, i * width, width, 1)
        return jax.lax.dynamic_update_slice_in_dim(rows, _times(vectors, panel), i * width, 1)

    return jax.lax.fori_loop(0, _PANELS, turn, rows)


def _combination(rows: Any, weights: Any, length: int) -> Any:
    return _times(weights, rows)[:length]


def _taken(rows: Any, real: Any, imaginary: Any, length: int) -> Any:
    columns = rows[:, :length].T
    return jax.lax.complex(_times(columns, real), _times(columns, imaginary))
