"""Discs that are certain to hold the eigenvalues of a matrix, from an approximate diagonalisation.

Let V be nearly a matrix of eigenvectors, L = diag(values) and W nearly the inverse of V. With
R = (A + dA) V - V L and E = I - W V,

    V^-1 (A + dA) V = L + V^-1 R,    V^-1 R = (I - E)^-1 W R,

so the Gershgorin discs of the right-hand side hold the eigenvalues of every A + dA, and a union of
k discs that touches no other disc holds exactly k of them. Here |V^-1 R| is bounded entrywise by a
matrix called the coupling, its own rounding errors included. References: Bauer and Fike (1960);
Wilkinson, The Algebraic Eigenvalue Problem (1965), chapter 9; Rump, Linear Algebra Appl. 324
(2001); Miyajima, SIAM J. Matrix Anal. Appl. 33 (2012); for the rounding errors Higham, Accuracy and
Stability (2002), chapter 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
import scipy.linalg
from numpy.typing import NDArray

Array = NDArray[np.inexact]
Indices = NDArray[np.intp]

_EPS = np.finfo(np.float64).eps
UNIT_ROUNDOFF = _EPS / 2
_GOOD_RADIUS = 1e-7  # relative to the norm; beyond it another diagonalisation may do better
_SMALLEST = np.finfo(np.float64).tiny  # more than anything lost to underflow in one operation
_SCALING_MARGIN = 0.49  # an isolated set's scaled discs stay within this part of the gap around it


@dataclass(frozen=True)
class Discs:
    """Discs around `values` with `radii`; indices whose discs hang together share a label.

    The discs with one label hold as many eigenvalues as there are discs. Shapes (d,).
    """

    values: Array
    radii: Array
    labels: Indices

    @property
    def components(self) -> list[Indices]:
        return [np.flatnonzero(self.labels == label) for label in np.unique(self.labels)]


def balance(matrix: Array, uncertainty: Array | None) -> tuple[Array, Array | None, Array, int]:
    """B = 2^-exponent D^-1 A D with entries of at most about one, and the uncertainty likewise.

    D holds powers of two, chosen to make rows and columns of B alike in norm, so B is exact short
    of underflow. Returns B, the scaled uncertainty, the diagonal of D and the exponent.
    """
    # LAPACK itself: scipy.linalg.matrix_balance fails on scalings beyond the largest integer
    (gebal,) = scipy.linalg.get_lapack_funcs(("gebal",), (matrix,))
    balanced, _, _, scaling, _ = gebal(matrix, scale=1, permute=0)
    if uncertainty is not None:
        uncertainty = uncertainty / scaling[:, None] * scaling[None, :]
    largest = max(np.abs(balanced).max(), 0.0 if uncertainty is None else uncertainty.max())
    exponent = math.frexp(largest)[1]
    balanced = np.ldexp(1.0, -exponent) * balanced
    if uncertainty is not None:
        uncertainty = np.ldexp(1.0, -exponent) * uncertainty
    return balanced, uncertainty, scaling, exponent


@dataclass(frozen=True)
class Diagonalised:
    """Approximate eigenvalues (d,), eigenvectors (d, d) and the approximate inverse of these."""

    values: Array
    vectors: Array
    inverse: Array


def diagonalise(matrix: Array) -> Diagonalised:
    values, vectors = np.linalg.eig(matrix)
    try:
        inverse = np.linalg.inv(vectors)
    except np.linalg.LinAlgError:  # an exactly singular pivot: no inverse, but left eigenvectors
        eigenpairs: Any = scipy.linalg.eig(matrix, left=True)
        values, left, vectors = eigenpairs
        inverse = left.conj().T
    return Diagonalised(values, vectors, inverse)


def best_discs(matrix: Array, found: Diagonalised, uncertainty: Array | None) -> Discs:
    """The smallest discs found, with `discs.values[i]` close to `found.values[i]`."""
    best = _discs(matrix, found, uncertainty)
    norm = np.linalg.norm(matrix)
    if best.radii.max() <= _GOOD_RADIUS * norm:
        return best
    d = len(matrix)
    noise = np.random.default_rng(0).standard_normal(matrix.shape)
    candidates = [diagonalise(matrix + size * _EPS * norm * noise) for size in (1, 64)]
    schur, basis = scipy.linalg.schur(matrix, output="complex")[:2]
    # columns shrunk by a constant factor each shrink the upper triangle; the factor is as small as
    # keeps the rounding errors of the inverse below one
    shrinking = (d * d * _EPS) ** (np.arange(d) / d)
    inverse = (basis / shrinking).conj().T
    candidates.append(Diagonalised(schur.diagonal(), basis * shrinking, inverse))
    for candidate in candidates:
        discs = _discs(matrix, candidate, uncertainty)
        if discs.radii.max() < best.radii.max():
            best = discs
    match = _matching(found.values, best.values)
    return Discs(best.values[match], best.radii[match], best.labels[match])


def _matching(values: Array, others: Array) -> Indices:
    """A permutation that brings `others` close to `values`, one by one."""
    distance = np.abs(values[:, None] - others[None, :])
    match = np.zeros(len(values), dtype=int)
    for i in range(len(values)):
        match[i] = np.argmin(distance[i])
        distance[:, match[i]] = np.inf
    return match


def _discs(matrix: Array, found: Diagonalised, uncertainty: Array | None) -> Discs:
    """Discs for every matrix within `uncertainty` of `matrix`, by float64 arithmetic.

    **Arguments:**

    - `matrix`: (d, d), with entries no larger than about one so that nothing overflows.
    - `found`: any numbers will do, bad ones give large discs.
    - `uncertainty`: (d, d) bound on |dA|, entry by entry, or None.
    """
    values, vectors, inverse = found.values, found.vectors, found.inverse
    d = len(values)
    moduli, inverse_moduli = np.abs(vectors), np.abs(inverse)
    image, scaled = _product(matrix, vectors), vectors * values
    # |fl(x) - x| for a dot product is at most d u times that of the moduli, twice that if complex
    factor = (d + 4 if np.isrealobj(matrix) else 2 * d + 8) * UNIT_ROUNDOFF
    bound = np.abs(matrix) @ moduli + moduli * np.abs(values)
    residual = np.abs(image - scaled) + factor * bound + d * _SMALLEST
    if uncertainty is not None:
        residual += uncertainty @ moduli
    defect = np.abs(np.eye(d) - inverse @ vectors)
    defect += (2 * d + 16) * UNIT_ROUNDOFF * (inverse_moduli @ moduli) + d * _SMALLEST
    return isolate(values, coupling(inverse_moduli @ residual, defect.sum(axis=1)))


def _product(matrix: Array, vectors: Array) -> Array:
    if np.isrealobj(matrix) and np.iscomplexobj(vectors):
        return matrix @ vectors.real + 1j * (matrix @ vectors.imag)
    return matrix @ vectors


def coupling(product: Array, defect: Array) -> Array:
    """An entrywise bound on (I - E)^-1 W R, from one on W R and the row sums of one on E.

    (I - E)^-1 = I + E (I - E)^-1, and no entry of column j of (I - |E|)^-1 |W R| exceeds the
    largest of |W R| in that column over 1 - ||E||. Infinite where ||E|| < 1 fails.
    """
    d = len(product)
    norm = defect.max() * (1 + 4 * d * UNIT_ROUNDOFF)
    if not norm < 1 or not np.all(np.isfinite(product)):
        return np.full((d, d), np.inf)
    total = product + np.outer(defect, product.max(axis=0) / (1 - norm))
    return total * (1 + (6 * d + 40) * UNIT_ROUNDOFF)  # the rounding of all steps since |A| |V|


def isolate(values: Array, bound: Array) -> Discs:
    """The Gershgorin discs of L + C for any |C| <= `bound`, made small by diagonal similarities.

    Multiplying the basis vectors of an isolated component by 1/t divides its coupling to all others
    by t and multiplies theirs to it; the largest t that keeps the component isolated makes its
    discs shrink to second order in C (Wilkinson 1965, chapter 2, sections 13 to 15).
    """
    d = len(values)
    if not np.all(np.isfinite(bound)):
        return Discs(values, np.full(d, np.inf), np.zeros(d, dtype=int))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        moduli = np.abs(values)
        gap = np.abs(values[:, None] - values[None, :])
        gap -= 4 * UNIT_ROUNDOFF * (moduli[:, None] + moduli[None, :])
        radii = bound.sum(axis=1) * (1 + 4 * d * UNIT_ROUNDOFF)
        labels = connected(gap <= radii[:, None] + radii[None, :])
        if labels.max() == 0:
            return Discs(values, radii, labels)
        order = np.argsort(labels, kind="stable")
        starts = np.searchsorted(labels[order], np.arange(labels.max() + 1))
        to_component = np.add.reduceat(bound[:, order], starts, axis=1)  # (d, components)
        distance = np.minimum.reduceat(gap[:, order], starts, axis=1)
        own = labels[:, None] == np.arange(labels.max() + 1)
        room = _SCALING_MARGIN * distance - np.maximum(radii[:, None] - to_component, 0)
        factors = np.where(own, np.inf, room / to_component).min(axis=0)[labels]
        inside = to_component[np.arange(d), labels]
        outside = np.maximum(radii - inside, 0) + 4 * d * UNIT_ROUNDOFF * radii
        scaled = (inside + outside / factors) * (1 + 4 * d * UNIT_ROUNDOFF)
        nearest = np.where(own, np.inf, distance).min(axis=0)[labels]
        isolated = (factors > 1) & (scaled < _SCALING_MARGIN * nearest)
        # all of a component is scaled or none of it
        for label in np.unique(labels[~isolated]):
            isolated[labels == label] = False
        radii = np.where(isolated, np.minimum(scaled, radii), radii)
        # smaller discs may have come apart
        labels = connected(gap <= radii[:, None] + radii[None, :])
    return Discs(values, radii, labels)


def connected(adjacent: NDArray[np.bool_]) -> Indices:
    """Labels 0, 1, ... of the connected components of a graph, given as a symmetric (d, d) mask."""
    d = len(adjacent)
    if np.count_nonzero(adjacent) == np.count_nonzero(adjacent.diagonal()):
        return np.arange(d)
    graph = scipy.sparse.csr_array(adjacent)
    return scipy.sparse.csgraph.connected_components(graph, directed=False)[1].astype(int)
