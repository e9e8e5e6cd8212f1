"""Spectra of dense matrices, symmetric or not, with bounds on the error of every eigenvalue."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import InputError, InputTypeError
from .discs import UNIT_ROUNDOFF, Array, Discs, balance, best_discs, connected, diagonalise
from .high_precision import Kind, exact_sign, precise_sign
from .value import Bounds, Spectrum, indices_by_label, order_of, overlapping, restricted

__all__ = [
    "Bounds",
    "Spectrum",
    "geometric_multiplicity",
    "kernel",
    "overlapping",
    "restricted",
    "spectrum",
    "stability_sign",
    "symmetric_eigenvalues",
]

_EPS = np.finfo(np.float64).eps
_EXACT_DIMENSION = 16
_PRECISE_DIMENSION = 12
_BACKWARD_ERROR = 32.0  # generous, in units of eps ‖A‖: of the entries and of LAPACK together


def spectrum(matrix: Any, uncertainty: Array | None = None) -> Spectrum:
    """All eigenvalues of a dense matrix, each with an error bound that includes rounding.

    The matrix is balanced (exactly, by powers of two) and diagonalised by LAPACK; Gershgorin discs
    of the approximately diagonalised matrix, with all rounding errors bounded a posteriori, hold
    the true eigenvalues (Bauer and Fike 1960; Rump 2001; Miyajima 2012; see
    `stability.spectra.discs`). Near a defective matrix the eigenvectors are numerically dependent:
    then eigenvectors of a slightly perturbed matrix and scaled Schur vectors are tried as well, and
    the smallest discs are kept.

    Computed eigenvalues of one cluster whose distance rounding explains (LAPACK's backward error
    times their condition numbers) are replaced by their mean, which is far more accurate than they
    are when they stem from one multiple eigenvalue: a defective double one is split by sqrt(eps),
    its mean is not (Kato, Perturbation Theory, II section 2).

    **Arguments:**

    - `matrix`: (d, d), real or complex; d may be 0.
    - `uncertainty`: None if the entries are exactly what is meant, or nonnegative (d, d) bounds on
      their errors; the bounds then hold for every matrix that close.

    Raises `InputError` for a matrix that is not square or not finite, and for a bad uncertainty.
    """
    matrix, uncertainty = _checked(matrix, uncertainty)
    off_diagonal = np.count_nonzero(matrix) - np.count_nonzero(matrix.diagonal())
    if len(matrix) <= 1 or (off_diagonal == 0 and uncertainty is None):
        return _diagonal_spectrum(matrix, uncertainty)

    with np.errstate(all="ignore"):  # what is not finite makes the bounds infinite, never NaN
        balanced, scaled_uncertainty, scaling, exponent = balance(matrix, uncertainty)
        found = diagonalise(balanced)
        values, vectors, inverse = found.values, found.vectors, found.inverse
        discs = best_discs(balanced, found, scaled_uncertainty)
        if discs.labels.max() < len(values) - 1:
            explained = _explained(balanced, vectors, inverse, scaled_uncertainty)
            values = _merged(values, discs, explained)
        errors = _errors(values, discs)

        right = _unit_columns(vectors * scaling[:, None])
        left = _unit_columns((inverse / scaling[None, :]).conj().T)
        values, errors = values * 2.0**exponent, errors * 2.0**exponent
        residuals = np.linalg.norm(matrix @ right - right * values, axis=0)
        condition = 1 / np.abs(np.sum(left.conj() * right, axis=0))
    order = order_of(values, np.isrealobj(matrix))
    return Spectrum(
        eigenvalues=values[order],
        errors=np.where(np.isnan(errors), np.inf, errors)[order],
        eigenvectors=right[:, order],
        left_eigenvectors=left[:, order],
        residuals=residuals[order],
        condition=np.where(np.isnan(condition), np.inf, condition)[order],
        clusters=indices_by_label(discs.labels[order].tolist()),
    )


def stability_sign(matrix: Any, uncertainty: Array | None = None, *, kind: str) -> int | None:
    """Where the eigenvalues certainly are: the stability of a linear flow or map.

    Float64 discs decide nearly always. Where they do not, a matrix of dimension at most 16 that is
    exactly what is meant has its eigenvalues counted in rational arithmetic (float64 numbers are
    rational); one with an uncertainty and of dimension at most 12 is diagonalised with 50 digits,
    which settles graded matrices, whose small eigenvalues drown in the rounding errors of the large
    ones.

    **Arguments:**

    - `matrix`, `uncertainty`: as for `spectrum`.
    - `kind`: "flow" for the left half plane, "map" for the unit disc.

    Returns −1 if all eigenvalues lie in the open left half plane (inside the unit circle), 1 if one
    lies in the open right half plane (outside), 0 if none does but one lies on the boundary,
    None if this is undecided.
    """
    if kind not in ("flow", "map"):
        raise InputError(f"kind must be 'flow' or 'map', not {kind!r}")
    system: Kind = "flow" if kind == "flow" else "map"
    matrix, uncertainty = _checked(matrix, uncertainty)
    found = spectrum(matrix, uncertainty)
    bounds, boundary = (found.abscissa, 0.0) if kind == "flow" else (found.radius, 1.0)
    if bounds.upper < boundary:
        return -1
    if bounds.lower > boundary:
        return 1
    if uncertainty is None or not uncertainty.any():
        return exact_sign(matrix, system) if len(matrix) <= _EXACT_DIMENSION else None
    return precise_sign(matrix, uncertainty, system) if len(matrix) <= _PRECISE_DIMENSION else None


def symmetric_eigenvalues(matrix: Any, uncertainty: Array | None = None) -> tuple[Array, float]:
    """Eigenvalues of a real symmetric matrix, ascending, and one bound on the error of each.

    With computed eigenpairs (θ, Q), Weyl's theorem bounds the distance to the eigenvalues of Q θ Qᵀ
    by ‖A − Q θ Qᵀ‖, and Ostrowski's theorem that of these to θ by max |θ| ‖QᵀQ − I‖ (Horn and
    Johnson, Matrix Analysis, 4.3.1 and 4.5.9). What is not symmetric in `matrix` counts as error.

    **Arguments:**

    - `matrix`: (d, d) real. `uncertainty`: None or nonnegative (d, d) bounds on the entries' errors.

    Raises `InputError` as `spectrum` does, and for a complex matrix.
    """
    matrix, uncertainty = _checked(matrix, uncertainty)
    if np.iscomplexobj(matrix):
        raise InputError("symmetric_eigenvalues needs a real matrix; this one is complex")
    d = len(matrix)
    error = 0.0 if uncertainty is None else float(np.linalg.norm(uncertainty))
    if d == 0 or not matrix.any():
        return np.zeros(d), error
    if d == 1:
        return matrix[0].copy(), error
    exponent = math.frexp(np.abs(matrix).max())[1]
    scaled = matrix * 2.0**-exponent
    symmetric = (scaled + scaled.T) / 2
    values, vectors = np.linalg.eigh(symmetric)
    moduli = np.abs(vectors)
    rounding = (d + 8) * UNIT_ROUNDOFF
    distance = np.abs(scaled - (vectors * values) @ vectors.T)
    distance += rounding * ((moduli * np.abs(values)) @ moduli.T + np.abs(scaled))
    defect = np.abs(vectors.T @ vectors - np.eye(d)) + rounding * (moduli.T @ moduli)
    bound = np.linalg.norm(distance) + np.abs(values).max() * np.linalg.norm(defect)
    return values * 2.0**exponent, error + float(
        bound * (1 + 8 * d * UNIT_ROUNDOFF) * 2.0**exponent
    )


def kernel(matrix: Any, tolerance: float | Array | None = None) -> tuple[Array, Array]:
    """The numerical kernel: an orthonormal basis (d, k), and all d singular values, descending.

    A direction belongs to the kernel if its singular value is at most `tolerance`: by default d ·
    eps · ‖A‖₂, what rounding the entries can cause (Golub and Van Loan, 5.4.1). A matrix of bounds
    on the entries' errors may be given instead; its Frobenius norm is then added to that default.
    """
    matrix, _ = _checked(matrix, None)
    d = len(matrix)
    if d == 0:
        return np.zeros((0, 0)), np.zeros(0)
    _, singular_values, right = np.linalg.svd(matrix)
    rounding = d * _EPS * singular_values[0]
    if tolerance is None:
        tolerance = rounding
    elif np.ndim(tolerance) > 0:
        tolerance = rounding + float(np.linalg.norm(np.asarray(tolerance)))
    rank = int(np.count_nonzero(singular_values > tolerance))
    return right[rank:].conj().T, singular_values


def geometric_multiplicity(matrix: Any, eigenvalue: complex) -> int:
    """The number of independent eigenvectors: the dimension of the kernel of A − λI.

    The tolerance is 16 d eps max(‖A‖, |λ|): the mean of a cluster (which `spectrum`
    reports) is off by a small multiple of eps ‖A‖ even for a defective matrix, so sqrt(eps) need
    not be allowed for, and a nilpotent part of 1e-10 ‖A‖ is still told from zero (star node from
    degenerate node).
    """
    matrix, _ = _checked(matrix, None)
    d = len(matrix)
    if d == 0:
        return 0
    if np.imag(eigenvalue) == 0:
        eigenvalue = np.real(eigenvalue)
    tolerance = 16 * d * _EPS * max(float(np.linalg.norm(matrix, 2)), abs(eigenvalue))
    basis, _ = kernel(matrix - eigenvalue * np.eye(d), tolerance)
    return basis.shape[1]


def _checked(matrix: Any, uncertainty: Array | None) -> tuple[Array, Array | None]:
    matrix = np.asarray(matrix)
    if matrix.dtype.kind not in "biufc":
        raise InputTypeError(f"a matrix must hold numbers, not {matrix.dtype}")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"the matrix must be square; its shape is {matrix.shape}")
    matrix = matrix.astype(np.complex128 if np.iscomplexobj(matrix) else np.float64)
    if not np.all(np.isfinite(matrix)):
        raise InputError(
            "the matrix has entries that are NaN or infinite; only finite ones will do"
        )
    if uncertainty is None:
        return matrix, None
    uncertainty = np.asarray(uncertainty, dtype=np.float64)
    if uncertainty.shape != matrix.shape:
        raise InputError(
            f"the uncertainty must have the matrix's shape {matrix.shape}, not {uncertainty.shape}"
        )
    if not (np.all(np.isfinite(uncertainty)) and np.all(uncertainty >= 0)):
        raise InputError("the uncertainty must be finite and nonnegative in every entry")
    return matrix, uncertainty


def _diagonal_spectrum(matrix: Array, uncertainty: Array | None) -> Spectrum:
    """The spectrum of a diagonal matrix, without rounding errors."""
    d = len(matrix)
    values = matrix.diagonal().astype(np.complex128)
    order = np.lexsort((-values.imag, -values.real))
    unit = np.eye(d, dtype=complex)[:, order]
    errors = np.zeros(d) if uncertainty is None else uncertainty.diagonal().astype(np.float64)
    clusters = indices_by_label(values[order].tolist())
    return Spectrum(
        eigenvalues=values[order],
        errors=errors,
        eigenvectors=unit,
        left_eigenvectors=unit,
        residuals=np.zeros(d),
        condition=np.ones(d),
        clusters=clusters,
    )


def _explained(matrix: Array, vectors: Array, inverse: Array, uncertainty: Array | None) -> Array:
    """How far rounding and the uncertainty move each eigenvalue, to first order."""
    overlap = np.abs(np.sum(inverse.T * vectors, axis=0))
    norms = np.linalg.norm(inverse, axis=1) * np.linalg.norm(vectors, axis=0)
    explained = _BACKWARD_ERROR * _EPS * np.linalg.norm(matrix) * norms
    if uncertainty is not None:
        explained += np.sum(np.abs(inverse.T) * (uncertainty @ np.abs(vectors)), axis=0)
    return explained / overlap


def _merged(values: Array, discs: Discs, explained: Array) -> Array:
    """The values, with those replaced by their mean whose distance is `explained` by rounding."""
    close = np.abs(values[:, None] - values[None, :]) <= np.minimum(explained[:, None], explained)
    groups = connected(
        close & (discs.labels[:, None] == discs.labels) | np.eye(len(values), dtype=bool)
    )
    merged = values.astype(complex)
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        if len(members) > 1:
            # fsum does not depend on the order, so conjugate groups get conjugate means
            merged[members] = complex(
                math.fsum(values[members].real) / len(members),
                math.fsum(values[members].imag) / len(members),
            )
    return merged


def _errors(values: Array, discs: Discs) -> Array:
    """For each value the radius of a disc around it that holds all discs of its component."""
    if discs.labels.max() == len(values) - 1:
        reach = np.abs(values - discs.values) + discs.radii
    else:
        same = discs.labels[:, None] == discs.labels[None, :]
        distance = np.abs(values[:, None] - discs.values[None, :]) + discs.radii[None, :]
        reach = np.where(same, distance, 0.0).max(axis=1)
    return reach * (1 + 8 * UNIT_ROUNDOFF)


def _unit_columns(vectors: Array) -> Array:
    vectors = vectors.astype(complex)
    return vectors / np.linalg.norm(vectors, axis=0)
