"""Is a function nowhere lower than where its gradient vanishes? Sufficient conditions, by algebra."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import sympy

from ..dynamics.functions import softplus
from ..spectra.hurwitz import characteristic_polynomial, root_counts
from .forms import sign_of
from .intervals import NoBounds, interval

Shape = Literal["constant", "convex", "nowhere lower", "convex in the box"]


def lowest_everywhere(function: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Expr]) -> Shape | None:
    """By what a function of the variables of `at` is seen to be nowhere lower than there, or None.

    It does not depend on them; it is convex, by the rules of composition (Boyd, Vandenberghe 2004, §3.2) or
    as a quadratic polynomial; or the difference is a square, a sum of such, or a polynomial of one variable
    whose real roots are even (Sturm). `at` gives exact numbers, at which the gradient vanishes.
    """
    expanded = sympy.expand(function)
    if expanded.free_symbols.isdisjoint(at):
        return "constant"
    if is_convex(function, at) or is_convex(expanded, at):
        return "convex"
    difference = function - function.xreplace(dict(at))
    if difference.is_nonnegative:
        return "nowhere lower"
    if not expanded.is_polynomial(*at):
        return None
    polynomial = sympy.Poly(expanded, *at)
    if polynomial.total_degree() <= 2:
        hessian = sympy.hessian(expanded, list(at))
        counts = root_counts(characteristic_polynomial(hessian))
        return "convex" if counts is not None and not counts.left else None
    if _even(sympy.expand(difference), at) or sympy.factor(difference).is_nonnegative:
        return "nowhere lower"
    return None


def is_convex_within(function: sympy.Expr, box: Mapping[sympy.Symbol, tuple[float, float]]) -> bool:
    """Whether interval bounds of the second derivatives, and Gershgorin's discs, show convexity in a box.

    `box` gives the sides of all variables of the function.
    """
    hessian = sympy.hessian(function, list(box)).applyfunc(sympy.factor)
    try:
        bounds = [[interval(e, box) for e in hessian.row(k)] for k in range(hessian.rows)]
    except NoBounds:
        return False
    radii = [
        sum(max(-low, high) for j, (low, high) in enumerate(row) if j != k)
        for k, row in enumerate(bounds)
    ]
    return all(row[k][0] >= radii[k] for k, row in enumerate(bounds))


def is_affine(expression: sympy.Expr, own: Collection[sympy.Symbol]) -> bool:
    """Whether an expression is a polynomial of degree at most one in the symbols `own`."""
    if expression.free_symbols.isdisjoint(own):
        return True
    if not expression.is_polynomial(*own):
        return False
    return int(sympy.Poly(expression, *own).total_degree()) <= 1


def is_convex(expression: sympy.Expr, own: Collection[sympy.Symbol], up: bool = True) -> bool:
    """Whether an expression is convex in the symbols `own`, or concave (not `up`), by rules of composition.

    Convex are exp, softplus and cosh of something affine (the first two also of something convex), its even
    powers and absolute value, maxima of convex functions; concave are log and square root of something
    concave, and minima; sums, and multiples by numbers of one sign.
    """
    if is_affine(expression, own):
        return True
    if expression.is_Add:
        return all(is_convex(term, own, up) for term in expression.args)
    if expression.is_Mul:
        factor, rest = expression.as_independent(*own)
        sign = None if factor.free_symbols else sign_of(factor)
        return rest != expression and bool(sign) and is_convex(rest, own, up == (sign == 1))
    if isinstance(expression, sympy.Max if up else sympy.Min):
        return all(is_convex(part, own, up) for part in expression.args)
    if expression.is_Pow:
        base, power = expression.args
        if power.is_Integer:
            return up and bool(power.is_even and power.is_positive) and is_affine(base, own)
        return not up and power == sympy.Rational(1, 2) and is_convex(base, own, False)
    if len(expression.args) != 1:
        return False
    argument = expression.args[0]
    if isinstance(expression, (sympy.exp, softplus)):
        return up and is_convex(argument, own)
    if isinstance(expression, (sympy.cosh, sympy.Abs)):
        return up and is_affine(argument, own)
    return isinstance(expression, sympy.log) and not up and is_convex(argument, own, False)


def _even(difference: sympy.Expr, at: Mapping[sympy.Symbol, sympy.Expr]) -> bool:
    """Whether a polynomial in one variable is nowhere negative."""
    if len(at) > 1 or not all(c.is_Rational for c in sympy.Poly(difference, *at).coeffs()):
        return False
    polynomial = sympy.Poly(difference, *at)
    odd = [factor for factor, multiplicity in polynomial.sqf_list()[1] if multiplicity % 2]
    return bool(polynomial.LC() > 0) and not any(factor.count_roots() for factor in odd)
