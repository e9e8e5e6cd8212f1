"""The spectral radius of P ↦ E[M P Mᵀ]: whether second moments shrink.

The map keeps the cone of positive semidefinite matrices, so its spectral radius is itself an eigenvalue, with
an eigenvector in the cone (Krein, Rutman 1948), and real: the rightmost one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import scipy
import scipy.linalg

from ..spectra.dense import Bounds, spectrum
from .symmetric import matrix_of, pack, size, unpack

Map = Callable[[np.ndarray], np.ndarray]  # of symmetric matrices (…, m, m)

DENSE = 22  # rows of P up to which the map's own matrix, of 253 rows, is formed
TOLERANCE = 1e-11  # of Arnoldi's method, relative
UNKNOWN = Bounds(np.nan, 0.0, np.inf)


def radius_bounds(second: Map, m: int) -> Bounds:
    """The spectral radius of a positive map of (m, m) matrices, with an interval that holds it.

    Of a small one all eigenvalues are computed, with their error bounds. Of a large one the leading one, by
    Arnoldi's method; then for its eigenvector P ≻ 0 the interval is that of the c with det(L(P) − cP) = 0
    (Collatz 1942, Wielandt 1950: L(P) ⪯ cP means that the radius is at most c, ⪰ that it is at least c).
    """
    if m <= DENSE:
        matrix = matrix_of(second, m)
        if not np.isfinite(matrix).all():
            return UNKNOWN
        return spectrum(matrix).radius
    found = leading(second, m)
    if found is None:
        return UNKNOWN
    value, vector = found
    try:
        ratios = scipy.linalg.eigh(second(vector), vector, eigvals_only=True)
    except np.linalg.LinAlgError:  # the eigenvector is singular to rounding
        return Bounds(value, 0.0, np.inf)
    return Bounds(value, float(min(ratios[0], value)), float(max(ratios[-1], value)))


def radius(second: Map, m: int) -> float:
    """The same without bounds; ∞ where it was not found."""
    if m <= DENSE:
        matrix = matrix_of(second, m)
        return (
            float(np.abs(np.linalg.eigvals(matrix)).max()) if np.isfinite(matrix).all() else np.inf
        )
    found = leading(second, m)
    return np.inf if found is None else found[0]


def leading(second: Map, m: int) -> tuple[float, np.ndarray] | None:
    """The spectral radius of a positive map and its eigenvector (m, m) of trace one; None if not found."""
    n = size(m)

    def product(v: np.ndarray) -> np.ndarray:
        return pack(second(unpack(np.ravel(v), m)))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            values, vectors = scipy.sparse.linalg.eigs(
                scipy.sparse.linalg.LinearOperator((n, n), matvec=product, dtype=float),
                k=1,
                which="LR",
                v0=pack(np.eye(m)),
                tol=TOLERANCE,
            )
        except (scipy.sparse.linalg.ArpackError, scipy.sparse.linalg.ArpackNoConvergence):
            return None
    vector = unpack(np.real(vectors[:, 0]), m)
    return float(np.real(values[0])), vector / np.trace(vector)
