"""The linear part at a rest point, split exactly into what decays and what is on the boundary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sympy

from ..equilibria.exact import number_is_zero
from ..spectra.exact import at_point, factors
from ..spectra.hurwitz import characteristic_polynomial, circle_counts, root_counts
from .near_rest import Formulas
from .value import Case

_s = sympy.Dummy("s")


@dataclass(frozen=True)
class Boundary:
    """The invariant subspace of the eigenvalues on the boundary; all others are strictly stable.

    - `jacobian`: of the field or the map at the point, shape (d, d).
    - `basis`: of the subspace, shape (d, c), c ≥ 1; the identity where it is everything.
    - `polynomial`: the characteristic polynomial on it, in descending powers, leading coefficient one.
    - `case`: which eigenvalues these are; "degenerate" if neither one alone nor a pair that is not real.
    """

    jacobian: sympy.Matrix
    basis: sympy.Matrix
    polynomial: tuple[sympy.Expr, ...]
    case: Case


def boundary(
    formulas: Formulas, kind: Literal["flow", "map"], inverse: bool = False
) -> Boundary | None:
    """What is on the boundary at a rest point; None if an eigenvalue grows, if none is there, or if unclear.

    `inverse`: the formulas are those of the inverse of the map that is meant.
    """
    variables = formulas.variables
    matrix = at_point(
        sympy.Matrix(formulas.expressions).jacobian(variables), variables, formulas.point
    )
    if not all(e.is_real for e in matrix):
        return None
    polynomial = sympy.Poly(characteristic_polynomial(matrix), _s)
    neutral = sympy.Poly(1, _s)
    for factor, multiplicity in factors(polynomial.as_expr(), _s):
        on = _on_boundary(factor.all_coeffs(), kind, inverse)
        if on is None:
            return None
        if on:
            neutral *= factor**multiplicity
    neutral = neutral.monic()
    size = neutral.degree()
    if size == 0:
        return None
    basis = sympy.eye(len(variables))
    if size < len(variables):
        vectors = _power_sum(neutral, matrix).nullspace(iszerofunc=number_is_zero)
        if len(vectors) != size:
            return None
        basis = sympy.Matrix.hstack(*vectors)
    return Boundary(matrix, basis, tuple(neutral.all_coeffs()), _case(neutral, kind))


def _on_boundary(coefficients: list[sympy.Expr], kind: str, inverse: bool) -> bool | None:
    """Whether all roots are on the boundary (or, False, strictly stable); None if neither is known."""
    counts = (root_counts if kind == "flow" else circle_counts)(coefficients)
    if counts is None:
        return None
    stable, on, growing = reversed(counts) if inverse else counts
    if growing or (stable and on):
        return None
    return on > 0


def _power_sum(polynomial: sympy.Poly, matrix: sympy.Matrix) -> sympy.Matrix:
    """p(A), by Horner's scheme."""
    result = sympy.zeros(*matrix.shape)
    for coefficient in polynomial.all_coeffs():
        result = (result * matrix + coefficient * sympy.eye(matrix.rows)).applyfunc(sympy.expand)
    return result


def _case(polynomial: sympy.Poly, kind: str) -> Case:
    coefficients = polynomial.all_coeffs()
    if len(coefficients) == 2:
        if kind == "flow":
            return "zero"
        return "one" if coefficients[1].is_negative else "flip"
    if len(coefficients) == 3:
        discriminant = sympy.expand(coefficients[1] ** 2 - 4 * coefficients[2])
        if not number_is_zero(discriminant) and discriminant.evalf() < 0:
            return "hopf" if kind == "flow" else "neimark-sacker"
    return "degenerate"
