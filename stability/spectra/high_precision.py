"""Stability of matrices whose float64 eigenvalues cannot decide it: exact counts and 50 digits."""

from __future__ import annotations

from typing import Any, Literal

import mpmath
import numpy as np
from sympy import ZZ
from sympy.polys.matrices import DomainMatrix

from ..time_limits import in_time
from .discs import Array, balance, coupling, isolate
from .hurwitz import circle_counts, root_counts

Kind = Literal["flow", "map"]

_DIGITS = 50
_ROUNDING = (
    1e-46  # relative error of every step with 50 digits, generously, for d up to some hundred
)
_SECONDS = 5.0


def exact_sign(matrix: Array, kind: Kind) -> int | None:
    """−1, 0 or 1 as `stability_sign` has it, from exact counts of the eigenvalues in each region.

    Float64 numbers are integers over powers of two, so the characteristic polynomial is computed in
    integers. A complex matrix X + iY is replaced by [[X, −Y], [Y, X]], which adds the conjugate
    spectrum. The cost grows like d^4.
    """
    if np.iscomplexobj(matrix):
        matrix = np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])
    entries = _exactly_balanced(matrix).tolist()
    ratios = [[entry.as_integer_ratio() for entry in row] for row in entries]
    denominator = max((bottom for row in ratios for _, bottom in row), default=1)
    integers = [[ZZ(top * (denominator // bottom)) for top, bottom in row] for row in ratios]
    d = len(integers)
    polynomial = [int(c) for c in DomainMatrix(integers, (d, d), ZZ).charpoly()] if d else [1]
    if kind == "flow":
        counts = root_counts(polynomial)
    else:  # the eigenvalues were multiplied by the denominator
        counts = circle_counts([c * denominator ** (d - k) for k, c in enumerate(polynomial)])
    if counts is None:
        return None
    _, boundary, outside = counts
    return 1 if outside else (0 if boundary else -1)


def _exactly_balanced(matrix: Array) -> Array:
    """A similar matrix with a smaller range of exponents, if no entry underflows on the way."""
    if len(matrix) == 0:
        return matrix
    balanced, _, scaling, exponent = balance(matrix, None)
    with np.errstate(all="ignore"):
        balanced = np.ldexp(balanced, exponent)
        restored = balanced * scaling[:, None] / scaling[None, :]
    return balanced if np.array_equal(restored, matrix) else matrix


def precise_sign(matrix: Array, uncertainty: Array, kind: Kind) -> int | None:
    """−1 or 1 as `stability_sign` has it for all matrices within `uncertainty`, or None.

    The discs of `stability.spectra.discs` around eigenvalues computed with 50 digits: what remains
    of their radii is the effect of the uncertainty alone.
    """
    return in_time(_SECONDS, lambda: _precise_sign(matrix, uncertainty, kind), None)


def _precise_sign(matrix: Array, uncertainty: Array, kind: Kind) -> int | None:
    d = len(matrix)
    matrix, scaled_uncertainty, _, exponent = balance(matrix, uncertainty)
    assert scaled_uncertainty is not None
    with mpmath.workdps(_DIGITS):
        exact = mpmath.matrix(matrix.tolist())
        try:
            values, vectors = mpmath.eig(exact)
            inverse = mpmath.inverse(vectors)
        except (ZeroDivisionError, TypeError, RuntimeError):  # singular vectors; no convergence
            return None
        residual = exact * vectors - vectors * mpmath.diag(values)
        defect = mpmath.eye(d) - inverse * vectors
        scale = mpmath.mpf(2) ** exponent
        boundary = 0 if kind == "flow" else 1
        size = mpmath.re if kind == "flow" else abs
        margins = np.array([float(size(value) * scale - boundary) for value in values])
        centres = np.array([complex(value) for value in values])
        moduli, inverse_moduli = _moduli(vectors), _moduli(inverse)
        residual_moduli, defect_moduli = _moduli(residual), _moduli(defect)
    with np.errstate(all="ignore"):
        rounding = _ROUNDING * (np.abs(matrix) @ moduli + moduli * np.abs(centres))
        underflow = d * np.finfo(np.float64).tiny
        residual_moduli += rounding + underflow + scaled_uncertainty @ moduli
        defect_moduli += _ROUNDING * (inverse_moduli @ moduli)
        discs = isolate(
            centres, coupling(inverse_moduli @ residual_moduli, defect_moduli.sum(axis=1))
        )
        reach = discs.radii * 2.0**exponent * (1 + 1e-14)
        slack = 1e-15 * np.abs(margins)
    if np.all(margins + reach + slack < 0):
        return -1
    if any(np.all((margins - reach - slack)[c] > 0) for c in discs.components):
        return 1
    return None


def _moduli(matrix: Any) -> Array:
    entries = [[float(abs(matrix[i, j])) for j in range(matrix.cols)] for i in range(matrix.rows)]
    return np.array(entries)
