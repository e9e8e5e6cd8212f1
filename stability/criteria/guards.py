"""The only numbers p at which eigenvalues of a polynomial matrix M(p) can cross the stability boundary.

Two eigenvalues with sum zero (flows: a conjugate pair on the imaginary axis, or a zero twice) make the map
X ↦ M X + X Mᵀ on symmetric matrices singular, two with product one (steps) X ↦ M X Mᵀ − X. In p that is a
polynomial eigenvalue problem of size d(d + 1)/2, whose real eigenvalues are the candidates: the guard maps
of Saydy, Tits and Abed (1990), as Fiez and Ratliff (2021) use them for the timescale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

LARGEST = 1000  # rows of a linearised guard map; beyond, eigenvalues take longer than a scan
_HIGHEST_DEGREE = 4
_CHECKS = 5  # nodes more than a polynomial of the highest degree needs
_FITS = 1e-12  # largest remainder, relative to the entries, of a polynomial
_NEARLY_REAL = 1e-4  # double roots come back as complex pairs, √eps apart
_SHIFT = 0.2718 + 0.3141j  # a number at which no guard map is singular by design
_SINGULAR = 1e14  # condition number of a map that is singular for every p

Matrices = Callable[[np.ndarray], np.ndarray]  # numbers (n,) ↦ matrices (n, m, m)


@dataclass(frozen=True)
class PolynomialMatrix:
    """M(p) = Σ C_k t^k with t = (p − centre) / half; `coefficients` are C_0, C_1, …, shape (m, m) each."""

    coefficients: tuple[np.ndarray, ...]
    centre: float
    half: float


def polynomial_matrix(matrices_at: Matrices, low: float, high: float) -> PolynomialMatrix | None:
    """The matrices as a polynomial in the number, checked at more nodes than it needs; None if they are none.

    `low` and `high` are finite ends of the interval whose Chebyshev nodes are looked at.
    """
    count = _HIGHEST_DEGREE + 1 + _CHECKS
    nodes = np.cos(np.pi * (np.arange(count) + 0.5) / count)
    centre, half = (low + high) / 2, (high - low) / 2
    matrices = matrices_at(centre + half * nodes)
    size = np.abs(matrices).max(initial=0.0)
    if not np.isfinite(size):
        return None
    chebyshev = np.polynomial.chebyshev.chebfit(
        nodes, matrices.reshape(count, -1), _HIGHEST_DEGREE + 1
    )
    present = np.abs(chebyshev).max(axis=1, initial=0.0) > _FITS * size
    degree = int(np.flatnonzero(present).max(initial=0))
    kept = chebyshev[: degree + 1]
    remainder = np.polynomial.chebyshev.chebval(nodes, kept).T - matrices.reshape(count, -1)
    if degree > _HIGHEST_DEGREE or np.abs(remainder).max(initial=0.0) > _FITS * size:
        return None
    change = np.zeros((degree + 1, degree + 1))
    for k in range(degree + 1):
        change[: k + 1, k] = np.polynomial.chebyshev.cheb2poly(np.eye(degree + 1)[k])[: k + 1]
    coefficients = (change @ kept).reshape(degree + 1, *matrices.shape[1:])
    return PolynomialMatrix(tuple(coefficients), centre, half)


def crossing_candidates(matrix: PolynomialMatrix, kind: str) -> np.ndarray | None:
    """Every real p where an eigenvalue may cross the boundary of `kind`, "flow" or "map"; sorted.

    There may be others among them. None if the problem is too large, or if two eigenvalues keep to the
    boundary, or opposite sides of it, for every p.
    """
    guard = guard_map(matrix.coefficients, kind)
    degree, size = len(guard) - 1, len(guard[0])
    if not degree or not size:
        return None if degree else np.zeros(0)
    if degree * size > LARGEST:
        return None
    # in ν = 1/(t − shift) the polynomial's leading matrix is its value at the shift, which is regular
    taylor = _taylor(guard, _SHIFT)
    try:
        inverse = np.linalg.inv(taylor[0])
    except np.linalg.LinAlgError:
        return None
    if np.linalg.norm(taylor[0], 1) * np.linalg.norm(inverse, 1) > _SINGULAR:
        return None
    companion = np.zeros((degree * size, degree * size), complex)
    companion[:size] = np.hstack([-inverse @ part for part in taylor[1:]])
    companion[size:, :-size] = np.eye((degree - 1) * size)
    inverted = np.linalg.eigvals(companion)
    inverted = inverted[np.abs(inverted) > 1e-13 * np.abs(inverted).max(initial=1e-300)]
    roots = _SHIFT + 1 / inverted
    real = roots.real[np.abs(roots.imag) <= _NEARLY_REAL * (1 + np.abs(roots))]
    return np.unique(matrix.centre + matrix.half * real)


def guard_map(coefficients: Sequence[np.ndarray], kind: str) -> list[np.ndarray]:
    """The coefficients in t of the guard map, in coordinates of symmetric matrices, size m(m + 1)/2.

    Its eigenvalues are the sums λ_i + λ_j ("flow"), or the products μ_i μ_j less one ("map"), for i ≤ j.
    """
    m = len(coefficients[0])
    rows, columns = np.triu_indices(m)
    basis = np.zeros((len(rows), m, m))
    basis[np.arange(len(rows)), rows, columns] = 1.0
    basis[np.arange(len(rows)), columns, rows] = 1.0

    def in_coordinates(images: np.ndarray) -> np.ndarray:
        return images[:, rows, columns].T

    if kind == "flow":
        one_sided = [c @ basis for c in coefficients]
        return [in_coordinates(image + image.transpose(0, 2, 1)) for image in one_sided]
    degree = len(coefficients) - 1
    guard = [np.zeros((len(rows), len(rows))) for _ in range(2 * degree + 1)]
    guard[0] -= np.eye(len(rows))
    for i, left in enumerate(coefficients):
        for j, right in enumerate(coefficients):
            guard[i + j] += in_coordinates(left @ basis @ right.T)
    return guard


def _taylor(polynomial: Sequence[np.ndarray], shift: complex) -> list[np.ndarray]:
    """The coefficients about `shift` of a polynomial about zero, by repeated synthetic division."""
    rest = [np.asarray(c, complex) for c in polynomial]
    found = []
    while rest:
        for k in range(len(rest) - 2, -1, -1):
            rest[k] = rest[k] + shift * rest[k + 1]
        found.append(rest.pop(0))
    return found
