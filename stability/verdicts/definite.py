"""Whether a symmetric matrix is positive definite, with evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from ..documents.numbers import within
from ..spectra.dense import symmetric_eigenvalues
from ..spectra.hurwitz import characteristic_polynomial, root_counts
from .verdict import Evidence


@dataclass(frozen=True)
class Definiteness:
    """`sign` is 1 (positive definite), 0 (semidefinite and singular), −1 (a negative eigenvalue) or None.

    `smallest` is the smallest eigenvalue; `margin` its distance from zero less its error.
    """

    sign: int | None
    smallest: float
    margin: float
    evidence: Evidence

    @property
    def smallest_text(self) -> str:
        """The smallest eigenvalue that is not told from zero, with its error."""
        return within(self.smallest, abs(self.smallest) - self.margin)


def definiteness(
    matrix: np.ndarray, uncertainty: np.ndarray | float = 0.0, exact: sympy.MatrixBase | None = None
) -> Definiteness:
    """The definiteness of a symmetric matrix of shape (d, d), d ≥ 1.

    `uncertainty` bounds the error of its entries; `exact` is the same matrix in exact numbers, which
    then decide the sign (all roots of the characteristic polynomial are real and are counted).
    """
    bound = np.broadcast_to(np.asarray(uncertainty, dtype=float), matrix.shape)
    eigenvalues, error = symmetric_eigenvalues(matrix, bound if bound.any() else None)
    smallest = float(eigenvalues[0])
    if exact is not None:
        counts = root_counts(characteristic_polynomial(exact))
        if counts is not None:
            sign = -1 if counts.left else 0 if counts.axis else 1
            return Definiteness(
                sign, smallest if sign else 0.0, abs(smallest) if sign else 0.0, "exact"
            )
    margin = abs(smallest) - error
    if margin > 0:
        return Definiteness(1 if smallest > 0 else -1, smallest, margin, "numeric")
    sign = 0 if error == 0.0 and smallest == 0.0 else None
    return Definiteness(sign, smallest, margin, "numeric")


def solve(matrix: Any, right: Any) -> Any:
    """matrix⁻¹ right, in NumPy or in SymPy."""
    if isinstance(matrix, sympy.MatrixBase):
        return matrix.LUsolve(right).applyfunc(sympy.expand)
    return np.linalg.solve(matrix, right)
