"""Expressions near a point, without the functions that have kinks elsewhere."""

from __future__ import annotations

from dataclasses import replace

import sympy

from ..equilibria.exact import number_is_zero
from .near_rest import Formulas

_DIGITS = 30


def smooth_near(formulas: Formulas) -> Formulas | None:
    """The same formulas near their point, where |u|, max, min, sign and steps are each one smooth branch.

    1 + max(0, 1 + x) is 2 + x near x = 0. None where the point lies on a kink or that cannot be told.
    """
    put = dict(zip(formulas.variables, formulas.point, strict=True))
    try:
        expressions = tuple(_branch(e, put) for e in formulas.expressions)
    except _Kink:
        return None
    return replace(formulas, expressions=expressions)


class _Kink(Exception):
    """The point lies on a kink, or may do so."""


def _branch(e: sympy.Expr, put: dict[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    if not e.args:
        return e
    if isinstance(e, sympy.Max | sympy.Min):
        sign = 1 if isinstance(e, sympy.Max) else -1
        best, *others = e.args
        for other in others:
            if sign * _sign(other - best, put) > 0:
                best = other
        return _branch(best, put)
    if isinstance(e, sympy.Piecewise):
        raise _Kink
    args = [_branch(a, put) for a in e.args]
    if isinstance(e, sympy.Abs):
        return _sign(args[0], put) * args[0]
    if isinstance(e, sympy.sign):
        return sympy.Integer(_sign(args[0], put))
    if isinstance(e, sympy.Heaviside):
        return sympy.Integer(_sign(args[0], put) > 0)
    if isinstance(e, sympy.DiracDelta):
        _sign(args[0], put)
        return sympy.Integer(0)
    return e.func(*args)


def _sign(e: sympy.Expr, put: dict[sympy.Symbol, sympy.Expr]) -> int:
    """The sign of an expression at the point; raises where it is, or may be, zero."""
    value = e.xreplace(put)
    number = value.evalf(_DIGITS)
    if not number.is_Float and not number.is_Rational:
        raise _Kink
    if abs(number) < sympy.Float(10) ** (-_DIGITS // 2) and not value.is_Rational:
        raise _Kink
    if number == 0 or number_is_zero(value):
        raise _Kink
    return 1 if number > 0 else -1
