"""From an invariant subspace to eigenpairs: residuals by the operator itself, left vectors, errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..value import order_of
from .operators import require_finite
from .schur import Small, Values

_AT_ONCE = 4  # products that are orthogonalised together
_ROUNDING = 8.0  # of one product, in units of eps ‖A‖


@dataclass(frozen=True)
class Pairs:
    """Eigenpairs of A on the span of the basis's first rows Q, in the order of `Spectrum`.

    - `values`: (l,) complex. `coefficients`: (l, l), columns c with eigenvectors Q c of norm 1.
    - `residuals`: (l,), ‖A x − λ x‖.
    - `projected`: (l, l), QᵀAQ. `gram`: (l, l), inner products of the columns of A Q − Q QᵀAQ.
    """

    values: Values
    coefficients: Values
    residuals: Small
    projected: Small
    gram: Small


def rayleigh_ritz(product: Callable[[Any], Any], basis: Any, count: int) -> Pairs:
    """The eigenpairs on the first `count` rows, which the product is applied to anew.

    The residual vectors are left in the `count` rows that follow.
    """
    factor = np.linalg.cholesky(basis.gram_of_rows(0, count))
    basis.rotate(count, np.linalg.inv(factor).T)  # orthonormal to rounding, after all the rotations
    projected = np.zeros((count, count))
    for i in range(0, count, _AT_ONCE):
        columns = range(i, min(i + _AT_ONCE, count))
        for j in columns:
            basis.store(count + j, basis.stack([product(basis.row(j))]))
        block = basis.block(count + i, len(columns))
        inner = basis.project(count, block)
        require_finite(inner)
        block = basis.subtract(count, block, inner)
        rest = basis.project(count, block)
        block = basis.subtract(count, block, rest)
        projected[:, columns] = inner + rest
        basis.store(count + i, block)
    gram = basis.gram_of_rows(count, 2 * count)
    values, vectors = np.linalg.eig(projected)
    order = order_of(values, True)
    values, vectors = values[order], vectors[:, order] / np.linalg.norm(vectors[:, order], axis=0)
    return Pairs(values, vectors, _norms(gram, vectors), projected, gram)


def left_vectors(
    right: Pairs, vectors: Any, transposed: Pairs, basis: Any, tolerance: float
) -> tuple[Any, Small]:
    """Left eigenvectors y (columns, norm 1) for the right ones, and condition numbers 1 / |yᴴx|.

    Let the rows of the basis, Z, span the invariant subspace of Aᵀ for the same eigenvalues. Then
    Y = Z M⁻ᴴ with M = ZᵀX has YᴴX = I, so that its columns are the left eigenvectors, whatever the
    multiplicities (Stewart and Sun, Matrix Perturbation Theory, I.3.2 and V.2). The condition
    number is infinite where they are not: the residual of yᴴA = λyᴴ exceeds `tolerance` |λ|, or
    M is singular, as at a defective eigenvalue.
    """
    count = len(right.values)
    overlap = basis.inner(count, vectors)
    try:
        coefficients = np.linalg.inv(overlap).conj().T
    except np.linalg.LinAlgError:
        coefficients = np.linalg.pinv(overlap).conj().T
    norms = np.linalg.norm(coefficients, axis=0)
    unit = coefficients / norms
    inside = transposed.projected @ unit - unit * right.values.conj()
    residuals = np.hypot(np.linalg.norm(inside, axis=0), _norms(transposed.gram, unit))
    good = residuals <= tolerance
    return basis.take(unit), np.where(good & np.isfinite(norms), norms, np.inf)


def error_bounds(residuals: Small, condition: Small, norm: float, dtype: np.dtype) -> Small:
    """First-order bounds on the eigenvalues' errors: condition × (residual + rounding)."""
    rounding = _ROUNDING * float(np.finfo(dtype).eps) * norm
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(condition), condition * (residuals + rounding), np.inf)


def _norms(gram: Small, vectors: Values) -> Small:
    """‖R c‖ for the columns c, from the inner products of the columns of R."""
    squares = np.einsum("ij,ik,kj->j", vectors.conj(), gram, vectors).real
    return np.sqrt(np.maximum(squares, 0.0))
