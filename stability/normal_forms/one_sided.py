"""What verdicts at kinks are made of: one-sided derivatives, their eigenvalues, texts, evidence."""

from __future__ import annotations

import numpy as np
import sympy

from ..equilibria.cells import TangledError
from ..equilibria.pieces import Pieces
from ..spectra.exact import LONGEST, exact_text
from ..spectra.hurwitz import characteristic_polynomial, root_counts
from ..spectra.value import Evidence
from .value import NormalForm

_FLAT = 1e-8  # real parts that numbers do not tell from zero, relative to the matrix


def jacobian(pieces: Pieces, field: sympy.Matrix) -> sympy.Matrix:
    """A field's Jacobian at the point, shape (d, d). Raises TangledError where it has none."""
    found = pieces.at(field.jacobian(pieces.variables))
    if found.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
        raise TangledError("a one-sided field has no derivative")
    return found.applyfunc(sympy.expand)


def counts(pieces: Pieces, matrix: sympy.Matrix) -> tuple[tuple[int, int, int] | None, float]:
    """How many eigenvalues decay, are neutral and grow, or None; and the largest real part."""
    numbers = floats(matrix)
    real = np.linalg.eigvals(numbers).real
    if not pieces.exact:
        near = np.abs(real) <= _FLAT * max(float(np.abs(numbers).max()), 1.0)
        known = None if near.any() else (int((real < 0).sum()), 0, int((real > 0).sum()))
        return known, float(real.max())
    found = root_counts(characteristic_polynomial(matrix))
    return None if found is None else (found.left, found.axis, found.right), float(real.max())


def floats(matrix: sympy.Matrix) -> np.ndarray:
    """A matrix of constants in floating point."""
    return np.array(matrix.evalf(20).tolist(), dtype=float)


def exact_form(e: sympy.Expr, pieces: Pieces) -> str | None:
    """A constant as text, if it is exact and short."""
    if not pieces.exact or sympy.count_ops(e) > LONGEST:
        return None
    return exact_text(e, [v.name for v in pieces.variables])


def evidence_of(pieces: Pieces) -> Evidence:
    """What verdicts at the point rest on."""
    return "exact" if pieces.exact else "numeric"


def undecided(because: str) -> NormalForm:
    """No verdict at a kink, and why."""
    return NormalForm("undecided", because, "kink")
