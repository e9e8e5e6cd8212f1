"""A Krylov basis in the computer's memory: rows of one NumPy array, worked on by BLAS."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .schur import Small

Rows = NDArray[Any]

_CACHE = 2**20  # bytes worked on at once, so that a panel of the rows fits a core's cache
_SHARE = 2**13  # entries of a row below which another thread does not pay
_THREADS = min(8, os.cpu_count() or 1)


class HostBasis:
    """Up to `size` orthonormal vectors of length d, the rows of a NumPy array.

    Long rows are worked on panel by panel (blocks of columns): a product with a few vectors then
    reads the basis from memory once, and a rotation of the basis needs no second basis. Threads
    share the panels. They are ours and not BLAS's, whose threads keep spinning after their work
    and so slow down the operator's.
    """

    def __init__(self, size: int, d: int, dtype: Any, seed: int):
        self.rows: Rows = np.zeros((size, d), dtype)
        self._random = np.random.default_rng(seed)
        self._threads = min(_THREADS, max(1, d // _SHARE))
        self._pool = ThreadPoolExecutor(self._threads) if self._threads > 1 else None

    def random(self) -> Rows:
        """A vector of independent normal entries."""
        return self._random.standard_normal(self.rows.shape[1]).astype(self.rows.dtype)

    def row(self, index: int) -> Rows:
        """One vector, for the operator to read."""
        return self.rows[index]

    def extend(self, indices: list[int], place: int, image: Any) -> Small:
        """Set the row indices[place] to the image, orthonormalised against the rows indices[:place].

        Returns what was taken out, and at `place` the norm that was left, (len(indices),).
        """
        row = self.rows[indices[place]]
        row[:] = np.asarray(image)
        known = [self.rows[run] for run in _runs(indices[:place])]
        column = np.zeros(len(indices))
        column[:place] = np.sum(self._shared(_inner_with, place, known, row), axis=0)
        ends = np.cumsum([len(rows) for rows in known])[:-1]
        weights = np.split(column[:place].astype(row.dtype), ends)
        squares = self._shared(_subtract_from, place, known, row, weights)
        norm = column[place] = float(np.sqrt(np.sum(squares)))
        if norm > 0:
            row *= row.dtype.type(1 / norm)
        return column

    def columns(self, columns: list[Small]) -> Small:
        """What `extend` returned, side by side."""
        return np.stack(columns, axis=1)

    def block(self, first: int, count: int) -> Rows:
        """Some rows that follow each other, to be orthonormalised in place."""
        return self.rows[first : first + count]

    def stack(self, vectors: list[Any]) -> Rows:
        return np.stack([np.asarray(vector, self.rows.dtype) for vector in vectors])

    def gram(self, block: Rows) -> Small:
        """Inner products of the vectors of a block, (s, s)."""
        return self._products(block, block)

    def gram_of_rows(self, first: int, last: int) -> Small:
        """Inner products of the rows from `first` to before `last`."""
        return self.gram(self.rows[first:last])

    def inner(self, count: int, columns: Rows) -> Rows:
        """Inner products of the first rows with columns of shape (d, p): (count, p)."""
        rows = self.rows[:count]
        return (rows @ np.real(columns)).astype(np.complex128) + 1j * (rows @ np.imag(columns))

    def turned(self, block: Rows, factor: Small) -> Rows:
        """factor @ block; factor is (s, s)."""
        self._rotate(block, len(factor), factor.astype(block.dtype))
        return block

    def project(self, count: int, block: Rows) -> Small:
        """Inner products of the first `count` rows with the s vectors of a block, (count, s)."""
        return self._products(self.rows[:count], block)

    def subtract(self, count: int, block: Rows, coefficients: Small) -> Rows:
        """The block less the combinations of the first rows with these coefficients (count, s)."""
        self._subtract(self.rows[:count], block, coefficients)
        return block

    def store(self, index: int, block: Rows) -> None:
        """Set the rows from `index` on to the vectors of a block."""
        target = self.rows[index : index + len(block)]
        if not np.shares_memory(target, block):
            target[:] = block

    def rotate(self, count: int, vectors: Small) -> None:
        """Replace the first rows by vectors.T @ (the first `count` rows); vectors is (count, p)."""
        self._rotate(self.rows, count, np.ascontiguousarray(vectors.T.astype(self.rows.dtype)))

    def move(self, source: int, target: int) -> None:
        self.rows[target] = self.rows[source]

    def combination(self, weights: Small) -> Rows:
        """One combination of the first rows."""
        return weights.astype(self.rows.dtype) @ self.rows[: len(weights)]

    def take(self, coefficients: Rows) -> Rows:
        """Combinations of the first rows as columns, (d, p); coefficients is (count, p)."""
        rows = self.rows[: len(coefficients)]
        found = np.empty((rows.shape[1], coefficients.shape[1]), np.result_type(rows, 1j))
        real, imaginary = (part(coefficients).astype(rows.dtype) for part in (np.real, np.imag))
        self._shared(_take, len(rows), found, rows, real, imaginary)
        return found

    def _products(self, one: Rows, other: Rows) -> Small:
        return np.sum(self._shared(_inner, len(one), one, other), axis=0)

    def _subtract(self, rows: Rows, block: Rows, coefficients: Small) -> None:
        turned = np.ascontiguousarray(coefficients.T.astype(rows.dtype))
        self._shared(_subtract, len(rows), rows, block, turned)

    def _rotate(self, rows: Rows, count: int, turned: Rows) -> None:
        self._shared(_rotate, count, rows, count, turned)

    def _shared(self, work: Callable[..., Any], count: int, *arrays: Any) -> list[Any]:
        """work(panels, *arrays) for every thread's panels, fit for `count` rows at once."""
        length, itemsize = self.rows.shape[1], self.rows.itemsize
        width = 2 ** int(np.log2(_CACHE / (itemsize * max(1, count))))
        panels = [slice(i, i + width) for i in range(0, length, width)]
        if self._pool is None:
            return [work(panels, *arrays)]
        ends = [i * len(panels) // self._threads for i in range(self._threads + 1)]
        shares = [panels[i:j] for i, j in pairwise(ends)]
        return list(self._pool.map(lambda share: work(share, *arrays), shares))


def _inner(panels: list[slice], one: Rows, other: Rows) -> Small:
    total = np.zeros((len(one), len(other)))
    for panel in panels:
        total += one[:, panel] @ other[:, panel].T
    return total


def _runs(indices: list[int]) -> list[slice]:
    """The indices as slices, one for each run of consecutive ones."""
    breaks = np.flatnonzero(np.diff(indices) != 1) + 1
    return [slice(int(run[0]), int(run[-1]) + 1) for run in np.split(np.array(indices), breaks)]


def _inner_with(panels: list[slice], known: list[Rows], row: Rows) -> Small:
    total = np.zeros(sum(len(rows) for rows in known))
    for panel in panels:
        total += np.concatenate([rows[:, panel] @ row[panel] for rows in known])
    return total


def _subtract_from(panels: list[slice], known: list[Rows], row: Rows, weights: list[Rows]) -> float:
    """The sum of squares of what is left."""
    total = 0.0
    for panel in panels:
        part = row[panel]
        for rows, own in zip(known, weights, strict=True):
            part -= own @ rows[:, panel]
        total += float(part @ part)
    return total


def _subtract(panels: list[slice], rows: Rows, block: Rows, coefficients: Rows) -> None:
    for panel in panels:
        block[:, panel] -= coefficients @ rows[:, panel]


def _rotate(panels: list[slice], rows: Rows, count: int, vectors: Rows) -> None:
    for panel in panels:
        rows[: len(vectors), panel] = vectors @ rows[:count, panel]


def _take(panels: list[slice], found: Rows, rows: Rows, real: Rows, imaginary: Rows) -> None:
    for panel in panels:
        found[panel].real = rows[:, panel].T @ real
        found[panel].imag = rows[:, panel].T @ imaginary
