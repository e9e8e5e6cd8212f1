"""Inequalities as a person would write them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Sequence

import sympy
from sympy.logic.boolalg import Boolean

from ..spectra.exact import LONGEST, closed_form_roots
from .root_separators import separators
from .sign_cells import Signs, known_sign


def solved(
    sign: int, factors: Collection[sympy.Expr], steps: Sequence[sympy.Symbol] = ()
) -> Boolean:
    """sign · Π factors > 0, solved for a positive step where that is an equivalence, else left > right.

    A factor is solved if it is linear in the step and the step's coefficient has a known sign, or
    quadratic with outer coefficients of known and different signs: then it has one positive root.
    """
    if len(factors) > 1:
        product = sympy.Mul(*factors)
        return sympy.Gt(product, 0) if sign > 0 else sympy.Lt(product, 0)
    (factor,) = factors
    e = sympy.expand(sign * factor)
    unknown = e.free_symbols
    for x in [*steps, *(unknown if len(unknown) == 1 else ())]:
        if not e.has(x) or not e.is_polynomial(x):
            continue
        p = sympy.Poly(e, x)
        if p.degree() == 1:
            slope = known_sign(p.LC())
            bound = _shortest(sympy.cancel(-p.TC() / p.LC()))
        elif p.degree() == 2 and x.is_positive and known_sign(p.TC()) == -(known_sign(p.LC()) or 0):
            slope = known_sign(p.LC())
            a, b, c = p.all_coeffs()
            surd = sympy.sqrt(sympy.factor_terms(sympy.expand(b**2 - 4 * a * c)))
            bound = _shortest(sympy.expand((-b + slope * surd) / (2 * a)))
        else:
            continue
        if slope is not None and sympy.count_ops(bound) <= LONGEST:
            return sympy.Gt(x, bound) if slope > 0 else sympy.Lt(x, bound)
    return _sides(e)


def _sides(e: sympy.Expr) -> Boolean:
    """e > 0 without minus signs where there are terms on both sides."""
    terms = sympy.Add.make_args(e)
    left = [t for t in terms if not t.could_extract_minus_sign()]
    right = [-t for t in terms if t.could_extract_minus_sign()]
    return sympy.Gt(sympy.factor_terms(sympy.Add(*left)), sympy.factor_terms(sympy.Add(*right)))


def _shortest(e: sympy.Expr) -> sympy.Expr:
    forms = (e, sympy.factor_terms(e), sympy.factor(e), sympy.expand(e))
    return min(forms, key=sympy.count_ops)


def interval_set(
    factors: Sequence[sympy.Expr], holds: Callable[[Signs], bool], x: sympy.Symbol
) -> tuple[Boolean, ...]:
    """Where the signs of the polynomials in the one variable x are right, as open intervals.

    At the polynomials' zeros it does not hold. One interval comes back as one or two relations, several
    as one disjunction.
    """
    polynomials = [sympy.Poly(f, x) for f in factors]
    sign = known_sign(x)
    points = separators(
        [[int(c) for c in p.clear_denoms(convert=True)[1].all_coeffs()] for p in polynomials], sign
    )
    roots = [root for p in polynomials for root in _real_roots(p)]
    ends = sorted(
        (r for r in dict.fromkeys(roots) if sign is None or r.evalf(30) * sign > 0),
        key=lambda r: r.evalf(30),
    )
    bounds: list[sympy.Expr | None] = [None, *ends, None]
    intervals: list[Boolean] = []
    for point, (low, high) in zip(points, itertools.pairwise(bounds), strict=True):
        value = sympy.Rational(point.numerator, point.denominator)
        if holds(tuple(1 if p.eval(value) > 0 else -1 for p in polynomials)):
            above = sympy.true if low is None else sympy.Gt(x, low)
            below = sympy.true if high is None else sympy.Lt(x, high)
            intervals.append(sympy.And(above, below))
    if len(intervals) == 1:
        (only,) = intervals
        return only.args if isinstance(only, sympy.And) else ((only,) if only != sympy.true else ())
    return (sympy.Or(*intervals),)


def _real_roots(p: sympy.Poly) -> list[sympy.Expr]:
    """The real roots, by radicals where that is short and free of i."""
    roots = list(dict.fromkeys(sympy.real_roots(p, radicals=False)))
    forms = [f for f in closed_form_roots(p) or [] if not f.has(sympy.I)]
    return [
        next((f for f in forms if abs((f - r).evalf(30)) < 1e-20 * abs(r.evalf(30))), r)
        for r in roots
    ]
