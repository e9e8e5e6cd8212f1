"""Settings that are positive numbers: step sizes, timescales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import sympy

from ..errors import InputError, InputTypeError


def check_positive(value: Any, what: str) -> None:
    """Raises InputError unless `value`, or every value of a mapping, is a positive finite number.

    A SymPy expression with symbols and a number that JAX traces pass: their sign is not known yet.
    """
    if isinstance(value, Mapping):
        if not value:
            raise InputError(f"{what} is given for no player")
        for own in value.values():
            check_positive(own, what)
        return
    if isinstance(value, sympy.Expr):
        positive = value.is_positive if value.is_number else True
    elif isinstance(value, jax.Array) and value.shape == ():
        positive = True
    elif isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        positive = 0 < value < float("inf")
    else:
        raise InputTypeError(f"{what} is a positive number, not {value!r}")
    if not positive or value is sympy.oo:
        raise InputError(f"{what} is a positive finite number, not {value}")


def check_nonnegative(value: Any, what: str) -> None:
    """Raises InputError unless `value` is a finite number, zero or positive; as `check_positive`."""
    numbers = (int, float, np.integer, np.floating, sympy.Integer)
    if isinstance(value, numbers) and not isinstance(value, bool) and value == 0:
        return
    try:
        check_positive(value, what)
    except InputError as error:
        raise type(error)(str(error).replace("is a positive", "is zero or a positive")) from None


def check_real(value: Any, what: str) -> None:
    """Raises InputError unless `value` is a finite real number of either sign."""
    if isinstance(value, sympy.Expr):
        good = value.is_real is not False and not value.has(sympy.oo, sympy.nan, sympy.zoo)
    elif isinstance(value, jax.Array) and value.shape == ():
        good = True
    elif isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
        good = bool(np.isfinite(value))
    else:
        raise InputTypeError(f"{what} is a real number, not {value!r}")
    if not good:
        raise InputError(f"{what} is a finite real number, not {value}")


def check_whole(value: Any, what: str, low: int, high: int) -> None:
    """Raises InputError unless `value` is a whole number between `low` and `high`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise InputTypeError(f"{what} is a whole number, not {value!r}")
    if not low <= value <= high:
        raise InputError(f"{what} is a whole number from {low} to {high}, not {value}")


def check_flag(value: Any, what: str) -> None:
    """Raises InputTypeError unless `value` is True or False."""
    if not isinstance(value, bool):
        raise InputTypeError(f"{what} is true or false, not {value!r}")
