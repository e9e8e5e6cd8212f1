"""Elementary functions of either engine: of JAX arrays, and of SymPy expressions.

What is written with them, and with `+`, `*` and powers, has a value for both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import sympy

from ...dynamics import functions


def _of_either(
    in_sympy: Callable[[Any], Any], in_jax: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    return lambda t: in_sympy(t) if isinstance(t, sympy.Basic) else in_jax(t)


exp = _of_either(sympy.exp, jnp.exp)
expm1 = _of_either(lambda t: sympy.exp(t) - 1, jnp.expm1)
softplus = _of_either(functions.softplus, jax.nn.softplus)
relu = _of_either(functions.relu, jax.nn.relu)
sqrt = _of_either(sympy.sqrt, jnp.sqrt)


def constant(number: sympy.Expr, like: Any) -> Any:
    """An exact number, as what may be added to `like`: itself in SymPy, the nearest float in JAX."""
    return number if isinstance(like, sympy.Basic) else float(number)
