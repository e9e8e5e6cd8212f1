"""Real Schur forms of small matrices, the wanted eigenvalues first and no pair ever split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.linalg import lapack

Small = NDArray[np.float64]
Values = NDArray[Any]
Preference = Callable[[Values], NDArray[np.float64]]

WHICH = ("rightmost", "leftmost", "largest", "imaginary")


def preference(which: str, target: complex | None = None) -> Preference:
    """Values ↦ how much each is wanted, the most wanted first; equal for conjugates."""
    if target is not None:
        # conjugates are wanted alike, or a pair would be split
        point = complex(target.real, abs(target.imag))
        return lambda values: -np.abs(np.real(values) + 1j * np.abs(np.imag(values)) - point)
    return {
        "rightmost": lambda values: values.real,
        "leftmost": lambda values: -values.real,
        "largest": np.abs,
        "imaginary": lambda values: np.abs(values.imag),
    }[which]


def schur(matrix: Small) -> tuple[Small, Small]:
    """S quasi-triangular and Z orthogonal with A = Z S Zᵀ."""
    return scipy.linalg.schur(matrix, output="real")


def eigenvalues(quasi: Small) -> Values:
    """Eigenvalues of a standardised quasi-triangular matrix, in the order of its diagonal."""
    values = quasi.diagonal().astype(complex)
    below = np.flatnonzero(quasi.diagonal(-1))
    imaginary = np.sqrt(np.abs(quasi[below, below + 1] * quasi[below + 1, below]))
    values[below] += 1j * imaginary
    values[below + 1] -= 1j * imaginary
    return values


def wanted(quasi: Small, values: Values, prefer: Preference, count: int) -> NDArray[np.int32]:
    """A mask of the `count` most wanted eigenvalues, one more where that would split a pair."""
    second = np.concatenate([[False], quasi.diagonal(-1) != 0])
    mask = np.zeros(len(values), np.int32)
    for index in np.argsort(-prefer(values), kind="stable"):
        if mask.sum() >= count:
            break
        first = index - int(second[index])
        mask[first] = 1
        if first + 1 < len(values) and second[first + 1]:
            mask[first + 1] = 1
    return mask


def lead(quasi: Small, vectors: Small, mask: NDArray[np.int32]) -> tuple[Small, Small]:
    """The Schur form reordered so that the eigenvalues of the mask come first (LAPACK's trsen)."""
    if len(quasi) < 2 or mask.all() or not mask.any():
        return quasi, vectors
    select = lapack.dtrsen(mask, quasi, vectors, job=b"N", lwork=len(quasi), liwork=1)
    return select[0], select[1]


def eigenvectors(quasi: Small) -> tuple[Values, Values]:
    """Eigenvalues and unit eigenvectors (columns) of a small quasi-triangular matrix."""
    values, vectors = np.linalg.eig(quasi)
    return values, vectors / np.linalg.norm(vectors, axis=0)
