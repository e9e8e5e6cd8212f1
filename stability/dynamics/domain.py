"""Where expressions are real and finite: the parts of them that need not be, and a point at which all are.

A gradient may be real where its loss is not: that of log(−1 − x²) is, everywhere. So a game is where its
losses are, and both engines ask for the losses' values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy

from ..errors import InputError
from .functions import sigmoid, softplus

_SHOWN = 6  # coordinates of a point in a sentence
_TOTAL = (
    sympy.sin, sympy.cos, sympy.sinh, sympy.cosh, sympy.tanh, sympy.atan, sympy.erf, sympy.exp, sympy.Abs,
    sympy.sign, sympy.Max, sympy.Min, sympy.Heaviside, sympy.DiracDelta, sigmoid, softplus,
)  # fmt: skip


def partial_parts(expressions: Iterable[sympy.Expr]) -> tuple[sympy.Expr, ...]:
    """The parts of expressions over real symbols that may be complex or infinite somewhere, each once.

    Logarithms, powers, poles of functions. The expressions are real and finite where all of these are.
    """
    found: dict[sympy.Expr, None] = {}
    seen: set[Any] = set()
    stack: list[Any] = list(expressions)
    while stack:
        part = stack.pop()
        if part in seen or not part.args:
            continue
        seen.add(part)
        stack.extend(part.args)
        if _may_fail(part) and part.free_symbols:
            found[part] = None
    return tuple(sorted(found, key=sympy.default_sort_key))


def _may_fail(part: Any) -> bool:
    if isinstance(part, sympy.log):
        return not part.args[0].is_positive
    if isinstance(part, sympy.Pow):
        base, exponent = part.args
        if base.is_positive or (exponent.is_integer and exponent.is_nonnegative):
            return False
        if exponent.is_integer:
            return not base.is_nonzero
        return not (base.is_nonnegative and exponent.is_positive)
    if isinstance(part, sympy.Function):
        return not isinstance(part, _TOTAL) and not part.is_real
    return False


def all_real(parts: Iterable[sympy.Expr], point: Mapping[Any, Any]) -> bool:
    """Whether all parts that have a value at a point, symbol ↦ number, are real and finite there."""
    for part in parts:
        value = part.xreplace(dict(point))
        if value.free_symbols:
            continue
        if value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
            return False
        value = value.evalf(30)
        if value.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo) or not value.is_number:
            return False
        if abs(sympy.im(value)) > 1e-20 * (1 + abs(value)):
            return False
    return True


def within(function: Callable[[Any], Any], game: Any) -> Callable[[Any], Any]:
    """A function of a profile, NaN with its derivatives where a loss of the JAX game is not real."""
    if game is None or game.total:
        return function

    def masked(x: Any) -> Any:
        value, real = function(x), jnp.isfinite(game.losses(x)).all()
        return value * jnp.where(real, 1.0, jnp.nan).astype(value.dtype)

    return masked


def undefined(system: Any, x: Any) -> str | None:
    """Whose losses, in a JAX game, or right-hand side are not real and finite at x, in words; None: all are.

    A flow that a field makes of a game is defined where the game is.
    """
    game = system if system.kind == "game" else getattr(system, "game", None)
    if game is not None and game.total:
        return None
    with jax.enable_x64(True):
        x = jnp.asarray(x, dtype=jnp.float64)
        numbers = np.asarray(system(x) if game is None else game.losses(x))
    bad = np.flatnonzero(~np.isfinite(numbers))
    if not len(bad):
        return None
    if game is None:
        return f"the right-hand side of {system.variables[bad[0]]}"
    return f"the loss of player {game.players[bad[0]]!r}"


def check_defined(system: Any, x: Any, what: str = "the point") -> None:
    """Raises InputError where `undefined` finds something, about `what` the point is."""
    whose = undefined(system, x)
    if whose is None:
        return
    pairs = list(zip(system.variables, np.asarray(x).tolist(), strict=True))
    shown = ", ".join(f"{name} = {value:g}" for name, value in pairs[:_SHOWN])
    shown += ", …" if len(pairs) > _SHOWN else ""
    raise InputError(f"{whose} is not a finite real number at {what} {shown}")
