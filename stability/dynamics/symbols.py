"""What SymPy is given: exact numbers, expressions, symbols; checked, and refused in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import jax
import numpy as np
import sympy

from ..errors import InputError, InputTypeError

_DECIMAL_DIGITS = 12  # a float that is nearest to so short a decimal is hardly so by chance
_DENOMINATOR = 1000


def exact(value: Any) -> sympy.Expr:
    """A number as an exact SymPy number: 0.1 is read as the decimal 1/10."""
    if isinstance(value, bool) or (
        isinstance(value, (float, np.floating)) and not np.isfinite(value)
    ):
        raise InputError(f"{value!r} is no finite number")
    if isinstance(value, (np.ndarray, jax.Array)) and value.shape == ():
        value = value.item()
    if isinstance(value, (float, np.floating)):
        return sympy.Rational(repr(float(value)))
    number = expression(value, "a number")
    if number.is_Float:
        number = sympy.Rational(str(number))
    if number.free_symbols or not (number.is_real and number.is_finite):
        raise InputTypeError(f"{value!r} is no finite real number")
    return number


def as_written(number: float) -> Fraction:
    """The number that a float stands for, which it is nearest to: a short decimal or fraction.

    0.1 is 1/10 and 0.3333333333333333 is 1/3. A float that is nearest to no decimal of up to 12 digits, nor
    to a fraction with a denominator of up to 1000, has its binary value.
    """
    decimal = Decimal(repr(float(number)))
    if len(decimal.as_tuple().digits) <= _DECIMAL_DIGITS:
        return Fraction(decimal)
    binary = Fraction(float(number))
    near = binary.limit_denominator(_DENOMINATOR)
    return near if float(near) == number else binary


def expression(value: Any, what: str) -> sympy.Expr:
    """`value` as a SymPy expression; a string is refused, because SymPy would run it as Python code."""
    result: Any = None
    try:
        result = None if isinstance(value, str) else sympy.sympify(value)
    except (sympy.SympifyError, TypeError, AttributeError):
        result = None
    if not isinstance(result, sympy.Expr) or result.is_Matrix:
        raise InputTypeError(f"{what} is a SymPy expression, not {value!r}")
    if result.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I):
        raise InputTypeError(f"{what} is real and finite, not {result}")
    return result


def check_symbols(variables: Sequence[Any]) -> None:
    """Raises InputTypeError unless all variables are SymPy symbols."""
    for variable in variables:
        if not isinstance(variable, sympy.Symbol):
            raise InputTypeError(f"a variable is a SymPy symbol, not {variable!r}")


def by_name(e: sympy.Expr, variables: Sequence[sympy.Symbol]) -> sympy.Expr:
    """The expression with symbols that are called like a variable replaced by that variable.

    SymPy takes Symbol("x") and Symbol("x", real=True) for two symbols; nobody else does.
    """
    names = {v.name: v for v in variables}
    other = {s: names[s.name] for s in e.free_symbols if s.name in names and s != names[s.name]}
    return e.xreplace(other) if other else e
