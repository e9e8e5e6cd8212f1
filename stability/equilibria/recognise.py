"""From a numeric zero to an exact one: guess simple numbers, then prove the guess by substitution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import sympy

from ..time_limits import in_time
from .exact import number_is_zero

LARGEST_DENOMINATOR = 64

_SECONDS = 1.0


def recognise(
    point: np.ndarray,
    error: float,
    equations: Sequence[sympy.Expr],
    variables: Sequence[sympy.Symbol],
    values: Mapping[sympy.Symbol, sympy.Expr],
) -> tuple[sympy.Expr, ...] | None:
    """Exact coordinates of a zero that is known numerically, or None.

    Each coordinate is matched with a small fraction, a small multiple of π or the root of a small fraction;
    the guess counts only if it makes every equation vanish exactly, first with symbolic parameters and
    else at their `values`.
    """
    tolerance = max(1e-9, 10 * error)
    guess = [_guess(float(x), tolerance) for x in point]
    if any(g is None for g in guess):
        return None
    put = dict(zip(variables, guess, strict=True))

    def proved() -> bool:
        return all(
            number_is_zero(e.xreplace(put))
            or number_is_zero(e.xreplace(put).xreplace(dict(values)))
            for e in equations
        )

    return tuple(g for g in guess if g is not None) if in_time(_SECONDS, proved, False) else None


def _guess(x: float, tolerance: float) -> sympy.Expr | None:
    if abs(x) <= tolerance:
        return sympy.Integer(0)
    for unit, expression in ((1.0, sympy.Integer(1)), (np.pi, sympy.pi)):
        fraction = Fraction(x / unit).limit_denominator(LARGEST_DENOMINATOR)
        if fraction and abs(float(fraction) * unit - x) <= tolerance * max(1.0, abs(x)):
            return sympy.Rational(fraction.numerator, fraction.denominator) * expression
    square = Fraction(x * x).limit_denominator(LARGEST_DENOMINATOR)
    if square and abs(float(square) - x * x) <= tolerance * max(1.0, x * x):
        root = sympy.sqrt(sympy.Rational(square.numerator, square.denominator))
        return root if x > 0 else -root
    return None
