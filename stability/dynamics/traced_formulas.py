"""The formulas that a JAX function of a few numbers computes, read from its trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
import sympy
from jax.extend.core import Literal

from .ensemble_scalars import scalarised
from .functions import sigmoid, softplus
from .symbols import as_written

_LONGEST = 1000  # operations in a trace that is still read
_SHORT = 2**16  # the largest denominator of a constant that rounding has not changed

_OPERATIONS: dict[str, Callable[..., Any]] = {
    "abs": sympy.Abs,
    "add": lambda a, b: a + b,
    "add_any": lambda a, b: a + b,
    "atan": sympy.atan,
    "cos": sympy.cos,
    "cosh": sympy.cosh,
    "copy": lambda a: a,
    "div": lambda a, b: a / b,
    "erf": sympy.erf,
    "exp": sympy.exp,
    "expm1": lambda a: sympy.exp(a) - 1,
    "log": sympy.log,
    "log1p": lambda a: _log1p(a),
    "logistic": sigmoid,
    "max": sympy.Max,
    "min": sympy.Min,
    "mul": lambda a, b: a * b,
    "ne": lambda a, b: None if a != b else False,
    "neg": lambda a: -a,
    "pow": lambda a, b: a**b,
    "rsqrt": lambda a: 1 / sympy.sqrt(a),
    "sign": sympy.sign,
    "sin": sympy.sin,
    "sinh": sympy.sinh,
    "sqrt": sympy.sqrt,
    "square": lambda a: a**2,
    "sub": lambda a, b: a - b,
    "tan": sympy.tan,
    "tanh": sympy.tanh,
}


class _NoFormula(Exception):
    """The trace holds something that has no formula here."""


def traced_formulas(
    function: Callable[[Any], Any], symbols: Sequence[sympy.Symbol], nudged: bool = False
) -> tuple[sympy.Expr, ...] | None:
    """The components of a JAX function from (d,) to (m,) as expressions in d real symbols, or None.

    Floating-point constants are the numbers that they are written as, 0.1 is 1/10 (`nudged`: those that are
    no short binary fractions a little off, each in its own way, as rounding might have left them), and the
    arithmetic of the formulas is exact, so that they differ from what JAX computes by rounding alone. There
    are none for functions that loop, look numbers up or choose by comparing, nor for traces of more than a
    thousand operations.
    """
    with jax.enable_x64(True):
        numbers = np.zeros(len(symbols))
        jaxpr = jax.make_jaxpr(scalarised(function, len(symbols)))(*numbers)
    if len(jaxpr.eqns) > _LONGEST:
        return None
    known: dict[Any, Any] = dict(zip(jaxpr.jaxpr.invars, symbols, strict=True))
    known |= dict(zip(jaxpr.jaxpr.constvars, jaxpr.consts, strict=True))

    random = np.random.default_rng(0) if nudged else None

    def read(variable: Any) -> Any:
        value = variable.val if isinstance(variable, Literal) else known[variable]
        return value if isinstance(value, sympy.Basic) or value is False else _exact(value, random)

    try:
        for equation in jaxpr.eqns:
            known[equation.outvars[0]] = _apply(equation, [read(v) for v in equation.invars])
        return tuple(_without_kinks(read(v)) for v in jaxpr.jaxpr.outvars)
    except _NoFormula:
        return None


def _apply(equation: Any, inputs: list[Any]) -> Any:
    name, parameters = equation.primitive.name, equation.params
    if name == "integer_pow":
        return inputs[0] ** int(parameters["y"])
    if name == "convert_element_type":
        if not jax.numpy.issubdtype(parameters["new_dtype"], np.floating):
            raise _NoFormula
        return inputs[0]
    if name == "select_n" and inputs[0] is False:
        return inputs[1]
    if name not in _OPERATIONS or any(value is False for value in inputs):
        raise _NoFormula
    value = _OPERATIONS[name](*inputs)
    if value is None:
        raise _NoFormula
    return value


def _log1p(a: sympy.Expr) -> sympy.Expr:
    """log(1 + a), softplus where a is an exponential."""
    return softplus(a.args[0]) if isinstance(a, sympy.exp) else sympy.log(1 + a)


def _without_kinks(value: sympy.Expr) -> sympy.Expr:
    """softplus(z) where it is written as JAX computes it, max(z, 0) + softplus(−|z|), without a kink."""
    if not value.has(softplus) or not value.has(sympy.Abs):
        return value
    smooth = sympy.expand(value.replace(softplus, _halved).replace(sympy.Max, _as_distance))
    return value if smooth.has(sympy.Abs) else smooth


def _halved(z: sympy.Expr) -> sympy.Expr:
    """softplus(−|z|) = softplus(z) − (z + |z|)/2."""
    if not isinstance(-z, sympy.Abs):
        return softplus(z)
    inner = (-z).args[0]
    return softplus(inner) - (inner - z) / 2


def _as_distance(*parts: sympy.Expr) -> sympy.Expr:
    """max(a, b) = (a + b + |a − b|)/2."""
    if len(parts) != 2:
        return sympy.Max(*parts)
    a, b = parts
    return (a + b + sympy.Abs(a - b)) / 2


def _exact(value: Any, random: np.random.Generator | None) -> sympy.Expr:
    """A constant as it is written, or its binary value nudged at random."""
    if np.shape(value) or not np.issubdtype(np.asarray(value).dtype, np.number):
        raise _NoFormula
    number = float(value)
    if not np.isfinite(number):
        raise _NoFormula
    exact = sympy.Rational(number)
    if exact.q <= _SHORT:
        return exact
    if random is None:
        return sympy.Rational(as_written(number))
    return exact * (1 + sympy.Rational(random.uniform(1, 4) * random.choice([-1, 1])) / 2**52)
