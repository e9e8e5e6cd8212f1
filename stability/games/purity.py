"""Whether a function is one: the same on every call, and without effects."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

_CALL = jax.make_user_context()
_calls = itertools.count()
_SEEDED = re.compile(r"random_seed\[[^\]]*\] (\d+):")
_DAY = 86_400
_KEPT = (
    "keeps an array of one call and uses it in the next; "
    "hold batch statistics and the like still, or pass them as data"
)


def impurity(function: Callable[..., Any], *arguments: Any) -> str | None:
    """What makes a function no pure function of its arguments, as the predicate of a sentence, or None.

    `function` is called with `arguments`. It is traced twice, functions inside it that are jitted too: JAX
    would remember those from the first time, and with them what they read or drew then. Found are random
    numbers of NumPy and Python, or of a key made from the clock; counters, toggles and statistics kept from
    one call to the next; and callbacks into Python. Not found is what stays the same over two calls in a
    row, such as an array that somebody changes later. Raises what the first call raises.
    """
    first = _trace(function, arguments)
    try:
        again = _trace(function, arguments)
    except jax.errors.UnexpectedTracerError:
        return _KEPT
    constants = list(_constants(again))
    if any(isinstance(constant, jax.core.Tracer) for constant in constants):
        return _KEPT
    text = str(first)
    if any(abs(time.time() - int(seed)) < _DAY for seed in _SEEDED.findall(text)):
        return "draws random numbers with the clock as seed; pass them (or a JAX key) as data"
    if text != str(again) or not _same(list(_constants(first)), constants):
        return (
            "changes from call to call; "
            "pass random numbers (or a JAX key) as data instead of drawing them inside"
        )
    if "pure_callback[" in text or "io_callback[" in text:
        return "calls back into Python while it runs; write it with jax.numpy alone"
    return None


def _trace(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    with _CALL(next(_calls)):  # a context of its own: nothing traced before is used again
        return jax.make_jaxpr(function)(*arguments)


def _constants(jaxpr: Any) -> Iterator[Any]:
    """The numbers and arrays written into a trace, those of the functions it calls included."""
    from jax.extend.core import ClosedJaxpr, Jaxpr, Literal  # slow to import

    if isinstance(jaxpr, ClosedJaxpr):
        yield from jaxpr.consts
        jaxpr = jaxpr.jaxpr
    for equation in jaxpr.eqns:
        yield from (given.val for given in equation.invars if isinstance(given, Literal))
        for parameter in equation.params.values():
            for inner in parameter if isinstance(parameter, tuple) else (parameter,):
                if isinstance(inner, (ClosedJaxpr, Jaxpr)):
                    yield from _constants(inner)


def _same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(one) == len(other) and all(map(_equal, one, other))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, jax.Array) and jnp.issubdtype(one.dtype, jax.dtypes.prng_key):
        one, other = jax.random.key_data(one), jax.random.key_data(other)
    a, b = np.asarray(one), np.asarray(other)
    return np.array_equal(a, b, equal_nan=np.issubdtype(a.dtype, np.inexact))
