"""Bounds of an expression over a box, by interval arithmetic with outward rounding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath
import sympy

from ..dynamics.functions import sigmoid, softplus

_iv = mpmath.iv


class NoBounds(Exception):
    """The expression holds a function that has no interval extension here, or leaves its domain."""


def interval(
    expression: sympy.Expr, box: Mapping[sympy.Symbol, tuple[float, float]]
) -> tuple[float, float]:
    """Numbers (low, high) between which the expression lies everywhere in the box (Moore 1966).

    They need not be the tightest: a variable that occurs twice counts as two. Raises NoBounds for functions
    other than powers, exp, log, sigmoid and softplus, for symbols without bounds, and where the expression
    is not finite everywhere.
    """
    sides = {symbol: _iv.mpf([low, high]) for symbol, (low, high) in box.items()}
    value = _bounds(expression, sides)
    low, high = float(value.a), float(value.b)
    if not (mpmath.isfinite(low) and mpmath.isfinite(high)):
        raise NoBounds
    return low, high


def _bounds(e: Any, sides: Mapping[sympy.Symbol, Any]) -> Any:
    if e in sides:
        return sides[e]
    if e.is_Rational:
        return _iv.mpf(int(e.p)) / int(e.q)
    if e.is_number:
        near = sympy.N(e, 30)
        if not near.is_Float:
            raise NoBounds
        return _iv.mpf(mpmath.mpf(str(near))) * _iv.mpf([1 - 1e-15, 1 + 1e-15])
    if e.is_Add or e.is_Mul:
        total = _iv.mpf(0 if e.is_Add else 1)
        for part in e.args:
            bounds = _bounds(part, sides)
            total = total + bounds if e.is_Add else total * bounds
        return total
    if e.is_Pow and e.exp.is_Integer:
        base = _bounds(e.base, sides)
        if e.exp < 0 and 0 in base:
            raise NoBounds
        return base ** int(e.exp)
    if len(e.args) != 1:
        raise NoBounds
    argument = _bounds(e.args[0], sides)
    if isinstance(e, sympy.exp):
        return _iv.exp(argument)
    if isinstance(e, sympy.log) and argument.a > 0:
        return _iv.log(argument)
    if isinstance(e, sigmoid):
        return 1 / (1 + _iv.exp(-argument))
    if isinstance(e, softplus):
        return _iv.log(1 + _iv.exp(argument))
    raise NoBounds
