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
