"""One side of a rest point of a flow of one variable: the leading term of the speed away from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy

from ..equilibria.cells import TangledError

_HIGHEST = 12  # derivative that is looked at


@dataclass(frozen=True)
class Side:
    """ṙ = coefficient · r^order + … at the distance r from the point; `sign` 0 if ṙ vanishes identically."""

    coefficient: sympy.Expr
    order: sympy.Rational
    sign: int

    @property
    def number(self) -> float:
        """The coefficient in floating point."""
        return float(sympy.sympify(self.coefficient).evalf(20))


def side(
    speed: sympy.Expr,
    variable: sympy.Symbol,
    point: sympy.Expr,
    way: int,
    sign: Callable[[sympy.Expr], int],
) -> Side:
    """The side of `point` that lies below it (`way` −1) or above it (1).

    `speed` is the smooth formula that holds there; `sign` tells that of a constant. Raises TangledError where
    there is no leading power.
    """
    r = sympy.Dummy("r", positive=True)
    away = way * speed.xreplace({variable: point + way * r})
    if sympy.expand(away) == 0:
        return Side(sympy.Integer(0), sympy.Integer(0), 0)
    derivative = away
    for order in range(_HIGHEST + 1):
        value = derivative.xreplace({r: sympy.Integer(0)})
        if value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
            break
        own = sign(sympy.expand(value))
        if own:
            return Side(value / sympy.factorial(order), sympy.Integer(order), own)
        derivative = derivative.diff(r)
    try:  # a root, as in √r
        coefficient, power = away.leadterm(r)
    except (ValueError, NotImplementedError, AttributeError):
        raise TangledError("a one-sided field has no leading power") from None
    if coefficient.has(r) or not (power.is_Rational and power >= 0):
        raise TangledError("a one-sided field has no leading power")
    return Side(coefficient, power, sign(coefficient))
