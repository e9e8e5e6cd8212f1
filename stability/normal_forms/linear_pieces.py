"""Continuous kinks: every one-sided field vanishes, and each is linear in its cell to leading order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy

from ..documents.numbers import number
from ..equilibria.pieces import Pieces
from .one_sided import evidence_of, floats, jacobian, undecided
from .quadratic import common_lyapunov_function
from .value import NormalForm

_FLAT = 1e-8  # growth that numbers do not tell from none, relative to the matrix


@dataclass(frozen=True)
class LinearPieces:
    """The Jacobians of the fields, or of the steps, shape (d, d), in the order of the cells of `pieces`."""

    pieces: Pieces
    matrices: tuple[sympy.Matrix, ...]

    def of_flow(self) -> NormalForm:
        """What they say of the flow, for any number of variables; complete only for fewer than three."""
        rate = self._ray(0.0)
        if rate is not None:
            text = f"on one side of the kink a ray of the linear part leaves like exp({number(rate)}·t)"
            return NormalForm("unstable", text, "kink", 1, rate)
        if common_lyapunov_function(self.matrices, self.pieces.sign) is not None:
            text = "the linear parts of the one-sided fields share a quadratic Lyapunov function"
            return NormalForm(
                "exponentially stable", text, "kink", 1, evidence=evidence_of(self.pieces)
            )
        return _open("the one-sided linear parts")

    def of_steps(self) -> NormalForm:
        """What they say of steps that are linear in every cell; complete for one variable."""
        if len(self.matrices) == 2 and self.matrices[0].rows == 1:
            return self._one_variable()
        rate = self._ray(1.0)
        if rate is not None:
            text = (
                f"on one side of the kink steps multiply the distance by {number(rate)} along a ray"
            )
            return NormalForm("unstable", text, "kink", 1, rate)
        if common_lyapunov_function(self.matrices, self.pieces.sign, steps=True) is not None:
            text = "the linear parts of the steps on all sides share a quadratic Lyapunov function"
            return NormalForm(
                "exponentially stable", text, "kink", 1, evidence=evidence_of(self.pieces)
            )
        return _open("the linear parts of the steps")

    def _one_variable(self) -> NormalForm:
        """x ↦ μ₋x below and μ₊x above: from a side with μ < 0 the next step is from the other side."""
        below, above = (m[0, 0] for m in self.matrices)
        sign = self.pieces.sign
        if sign(below) < 0 and sign(above) < 0:
            factors = [below * above]
            text = "two steps, one on each side of the kink, multiply the distance by {}"
        else:  # what is thrown to the side that keeps stays there
            factors = [m for m in (below, above) if sign(m) >= 0]
            text = "beside the kink steps multiply the distance by {}"
        worst = max(factors, key=lambda f: float(f.evalf(20)))
        own = sign(sympy.expand(worst - 1))
        value = float(worst.evalf(20))
        if own == 0:
            return _open("the one-sided multipliers")
        word = "exponentially stable" if own < 0 else "unstable"
        shown = text.format(number(value) + (" or less" if len(factors) > 1 and own < 0 else ""))
        return NormalForm(word, shown, "kink", 1, value, evidence=evidence_of(self.pieces))

    def _ray(self, least: float) -> float | None:
        """A real eigenvalue above `least` with an eigenvector inside its matrix's own cell."""
        normals = floats(self.pieces.normals)
        lengths = np.linalg.norm(normals, axis=1)
        for cell, matrix in zip(self.pieces.cells, self.matrices, strict=True):
            numbers = floats(matrix)
            values, vectors = np.linalg.eig(numbers)
            scale = max(float(np.abs(numbers).max()), least)
            for value, vector in zip(values, vectors.T, strict=True):
                inside = normals @ vector.real * np.array(cell.signs)
                own = (inside > 1e-6 * lengths).all() or (inside < -1e-6 * lengths).all()
                if own and abs(value.imag) < 1e-12 * scale and value.real - least > _FLAT * scale:
                    return float(value.real)
        return None


def linear_pieces(pieces: Pieces) -> LinearPieces | None:
    """The Jacobians of the one-sided fields; None where one of these fields does not vanish.

    Raises TangledError where one has no derivative.
    """
    fields = [sympy.Matrix(cell.expressions) for cell in pieces.cells]
    if any(pieces.sign(x) for field in fields for x in pieces.at(field)):
        return None
    return LinearPieces(pieces, tuple(jacobian(pieces, field) for field in fields))


def _open(what: str) -> NormalForm:
    return undecided(f"{what} leave it open; a common Lyapunov function of them would decide")
