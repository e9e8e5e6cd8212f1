"""Roots of an equation in the sine and the cosine of one angle, over one period."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

_S, _C, _T = (sympy.Dummy(name, real=True) for name in ("sin", "cos", "tan half"))

Roots = Callable[[sympy.Expr, sympy.Symbol], list[sympy.Expr] | None]


def angles_of(
    equation: sympy.Expr,
    v: sympy.Symbol,
    period: sympy.Expr,
    roots: Roots,
    value_is_zero: Callable[[sympy.Expr], bool],
    values: Any,
) -> list[sympy.Expr] | None:
    """Every v of one period at which an equation holds that is polynomial in sin(2πv/P) and cos(2πv/P).

    `roots` gives the real roots of a polynomial in one symbol, `value_is_zero` says whether a constant
    vanishes at the parameters' `values`. An equation in the sine alone, or the cosine alone, is solved for
    it; one in both for tan(πv/P). None where the roots cannot be had exactly.
    """
    unit = period / (2 * sympy.pi)
    theta = sympy.Dummy("angle", real=True)
    turned = sympy.expand(equation.xreplace({v: theta * unit}))
    rewritten = sympy.expand_trig(turned).xreplace({sympy.sin(theta): _S, sympy.cos(theta): _C})
    if rewritten.has(theta) or not rewritten.is_polynomial(_S, _C):
        return None
    rewritten = sympy.expand(rewritten)
    if rewritten.has(_S) and rewritten.has(_C):
        rewritten = sympy.rem(rewritten, _S**2 + _C**2 - 1, _S)  # linear in the sine
    if rewritten == 0:
        return None
    if not rewritten.has(_C):
        found = _from_ratio(rewritten, _S, roots, value_is_zero, values)
    elif not rewritten.has(_S):
        found = _from_ratio(rewritten, _C, roots, value_is_zero, values)
    else:
        found = _from_half(rewritten, roots, value_is_zero)
    return None if found is None else [sympy.expand(own * unit) for own in found]


def _from_ratio(
    polynomial: sympy.Expr, ratio: sympy.Symbol, roots: Roots, value_is_zero: Any, values: Any
) -> list[sympy.Expr] | None:
    """From the roots r of a polynomial in the sine, or the cosine, the θ with sin θ = r, or cos θ = r."""
    slope, rest = (polynomial.coeff(ratio, n) for n in (1, 0))
    linear = sympy.expand(slope * ratio + rest - polynomial) == 0
    ratios = [-rest / slope] if linear else roots(polynomial, ratio)
    if ratios is None:
        return None
    angles: list[sympy.Expr] = []
    for r in ratios:
        gap = 1 - r**2
        if value_is_zero(gap):  # at an end: the two angles are one
            own = sympy.sign(r.xreplace(values))
            angles.append(sympy.asin(own) if ratio == _S else sympy.acos(own))
        elif gap.xreplace(values).evalf(20) > 0:
            one = sympy.asin(r) if ratio == _S else sympy.acos(r)
            angles += [one, sympy.pi - one if ratio == _S else -one]
    return angles


def _from_half(polynomial: sympy.Expr, roots: Roots, value_is_zero: Any) -> list[sympy.Expr] | None:
    """From t = tan(θ/2), sin θ = 2t/(1 + t²), cos θ = (1 − t²)/(1 + t²); θ = π has no t."""
    halves = {_S: 2 * _T / (1 + _T**2), _C: (1 - _T**2) / (1 + _T**2)}
    numerator = sympy.fraction(sympy.together(polynomial.xreplace(halves)))[0]
    tangents: list[sympy.Expr] = []
    for factor in sympy.Mul.make_args(sympy.factor(numerator)):
        base = factor.base if isinstance(factor, sympy.Pow) else factor
        if base.has(_T):
            own = roots(base, _T)
            if own is None:
                return None
            tangents += own
    angles = [2 * sympy.atan(t) for t in tangents]
    if value_is_zero(polynomial.xreplace({_S: sympy.S.Zero, _C: -sympy.S.One})):
        angles.append(sympy.pi)
    return angles
