"""Numbers that fields and penalties take as settings, as a game's engine wants them."""

from __future__ import annotations

from typing import Any

import jax.core
import sympy

from ..dynamics.symbols import exact
from ..errors import InputTypeError


def in_engine(game: Any, number: Any) -> Any:
    """A setting as the game's engine wants it: in SymPy 0.1 means 1/10; in JAX √2 is a float.

    Raises InputTypeError for symbols in a JAX game and for a number that JAX traces in a symbolic one.
    """
    if game.symbolic:
        if isinstance(number, jax.core.Tracer):
            raise InputTypeError(
                "a number that JAX traces has no exact value; use the numeric game (game.numeric())"
            )
        symbolic = isinstance(number, sympy.Expr) and not number.is_Float
        return number if symbolic else exact(number)
    if not isinstance(number, sympy.Expr):
        return number
    if number.free_symbols:
        raise InputTypeError(f"a JAX game takes numbers for its settings, and {number} is none")
    return float(number)
