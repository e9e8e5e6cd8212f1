"""Symmetric matrices as vectors, so that a map of second moments is a matrix without redundant rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def size(m: int) -> int:
    """How many numbers a symmetric (m, m) matrix holds."""
    return m * (m + 1) // 2


def pack(matrices: np.ndarray) -> np.ndarray:
    """The upper triangles of symmetric matrices (…, m, m), shape (…, m(m + 1)/2); ⟨P, Q⟩ is kept."""
    i, j = np.triu_indices(matrices.shape[-1])
    return matrices[..., i, j] * np.where(i == j, 1.0, np.sqrt(2.0))


def unpack(vectors: np.ndarray, m: int) -> np.ndarray:
    """The symmetric matrices, shape (…, m, m), that `pack` made the vectors of."""
    i, j = np.triu_indices(m)
    matrices = np.zeros((*vectors.shape[:-1], m, m))
    matrices[..., i, j] = matrices[..., j, i] = vectors * np.where(i == j, 1.0, np.sqrt(0.5))
    return matrices


def matrix_of(function: Callable[[np.ndarray], np.ndarray], m: int) -> np.ndarray:
    """The matrix of a linear map of symmetric (m, m) matrices that takes stacks of them."""
    return pack(function(unpack(np.eye(size(m)), m))).T
