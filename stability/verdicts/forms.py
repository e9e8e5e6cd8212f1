"""The sign of a form: a homogeneous polynomial of even degree in a few variables."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import sympy

from ..equilibria.exact import number_is_zero

Exponents = tuple[int, ...]
Terms = Mapping[Exponents, sympy.Expr]
_MOST_BOXES = 200_000  # that are still open
_SMALLEST = 2.0**-10  # of a box
_t = sympy.Dummy("t", real=True)


def sign_of(number: sympy.Expr) -> int | None:
    """The sign of a real exact number, or None if it cannot be told."""
    if number.is_Rational:
        return int(sympy.sign(number))
    if number_is_zero(number):
        return 0
    value = number.evalf(30)
    if not value.is_Float or abs(value) < 1e-15:
        return None
    return 1 if value > 0 else -1


def sign_of_form(form: Terms, count: int) -> int | None:
    """1 if a form in `count` variables is positive definite, 0 if it is nowhere negative and vanishes
    somewhere beside the origin, −1 if it takes a negative value, None if that is not found out.

    In one variable the coefficient decides, in two the real roots of f(1, t), counted by Sturm's theorem. In
    more, linear combinations on which it does not depend are left out, and the rest is bounded from below on
    the faces x_i = 1 of the cube, box by box, until it is positive on all or negative at the middle of one.
    `form`: exponents ↦ exact number, all of one even degree.
    """
    if count == 1:
        return sign_of(next(iter(form.values())))
    if count == 2 and all(c.is_Rational for c in form.values()):
        return _binary(form)
    pivots, flat = _essential(form, count)
    if flat:
        sign = sign_of_form(_restricted(form, pivots), len(pivots))
        return 0 if sign == 1 else sign
    squares = _of_squares(form)
    return squares if squares is not None else _by_boxes(form, count)


def directions(form: Terms, count: int) -> list[tuple[sympy.Expr, ...]] | None:
    """The directions in which a form that is nowhere negative vanishes, one entry of each being 1.

    None where they are not finitely many, or have no short formulas: then the form is of more variables than
    two and not a positive definite one of all but one linear combinations of them.
    """
    if count > 2:
        pivots, flat = _essential(form, count)
        definite = len(flat) == 1 and sign_of_form(_restricted(form, pivots), len(pivots)) == 1
        return [tuple(flat[0])] if definite else None
    polynomial, at_infinity = _dehomogenised(form)
    found: list[tuple[sympy.Expr, ...]] = [(sympy.S.Zero, sympy.S.One)] * bool(at_infinity)
    if polynomial.degree() > 0:
        if not polynomial.domain.is_QQ and not polynomial.domain.is_ZZ:
            return None
        for factor, _ in polynomial.factor_list()[1]:
            if not factor.count_roots():
                continue
            if factor.degree() > 2:
                return None
            found += [(sympy.S.One, root) for root in sympy.real_roots(factor)]
    return found


def _essential(form: Terms, count: int) -> tuple[list[int], list[sympy.Matrix]]:
    """Variables on which a form depends, and directions along which it is constant, from its derivatives.

    With the others put to 0 it is a form of these variables, and the same one along the directions.
    """
    rows: dict[Exponents, int] = {}
    entries: dict[tuple[int, int], sympy.Expr] = {}
    for exponents, coefficient in form.items():
        for i, e in enumerate(exponents):
            if e:
                lower = (*exponents[:i], e - 1, *exponents[i + 1 :])
                entries[rows.setdefault(lower, len(rows)), i] = coefficient * e
    matrix = sympy.Matrix(len(rows), count, lambda j, i: entries.get((j, i), sympy.S.Zero))
    pivots = list(matrix.rref(iszerofunc=number_is_zero)[1])
    return pivots, matrix.nullspace(iszerofunc=number_is_zero)


def _restricted(form: Terms, kept: list[int]) -> dict[Exponents, sympy.Expr]:
    """The form where all variables but these are 0."""
    return {
        tuple(e[i] for i in kept): c for e, c in form.items() if sum(e[i] for i in kept) == sum(e)
    }


def _dehomogenised(form: Terms) -> tuple[sympy.Poly, int]:
    """f(1, t), and the multiplicity of the direction (0, 1)."""
    degree = sum(next(iter(form)))
    polynomial = sympy.Poly({(j,): c for (_, j), c in form.items()}, _t)
    return polynomial, degree - int(polynomial.degree())


def _binary(form: Terms) -> int:
    polynomial, at_infinity = _dehomogenised(form)
    leading = int(sympy.sign(polynomial.LC()))
    vanishes = at_infinity > 0
    if at_infinity % 2:
        return -1
    for factor, multiplicity in polynomial.sqf_list()[1]:
        if factor.count_roots():
            vanishes = True
            if multiplicity % 2:
                return -1
    return -1 if leading < 0 else int(not vanishes)


def _of_squares(form: Terms) -> int | None:
    """The sign of a sum of even powers with positive coefficients, or None."""
    if any(e % 2 for exponents in form for e in exponents):
        return None
    if any(sign_of(c) != 1 for c in form.values()):
        return None
    degree = sum(next(iter(form)))
    pure = {i for exponents in form for i, e in enumerate(exponents) if e == degree}
    return int(len(pure) == len(next(iter(form))))


def _by_boxes(form: Terms, count: int) -> int | None:
    exponents = np.array(list(form))
    coefficients = np.array([float(c.evalf(20)) for c in form.values()])
    size = float(np.abs(coefficients).sum())
    slack = 1e-12 * size * (1 + int(exponents.sum(axis=1).max()))  # what rounding may do
    slopes = np.abs(coefficients) @ exponents  # |∂f/∂x_i| on the cube, shape (count,)
    for face in range(count):
        others = [i for i in range(count) if i != face]
        steepness = float(slopes[others].sum())
        radius, middles = 1.0, np.zeros((1, count))
        middles[:, face] = 1.0
        halves = np.array(list(itertools.product((-0.5, 0.5), repeat=count - 1)))
        while len(middles):
            values = (middles[:, None, :] ** exponents).prod(axis=2) @ coefficients
            lowest = int(values.argmin())
            if values[lowest] < -slack and _negative_at(form, middles[lowest]):
                return -1
            middles = middles[values - radius * steepness <= slack]
            if len(middles) * len(halves) > _MOST_BOXES or radius < _SMALLEST:
                return None
            steps = np.zeros((len(halves), count))
            steps[:, others] = radius * halves
            middles = (middles[:, None, :] + steps).reshape(-1, count)
            radius /= 2
    return 1


def _negative_at(form: Terms, x: np.ndarray) -> bool:
    """Whether the form is negative at a point whose coordinates are taken at their binary values."""
    exact = [sympy.Rational(float(v)) for v in x]
    value = sympy.Add(
        *(
            c * sympy.Mul(*(v**e for v, e in zip(exact, exponents, strict=True)))
            for exponents, c in form.items()
        )
    )
    return sign_of(value) == -1
