"""Matrix products and convolutions in bfloat16 with sums in the precision that they had."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

if TYPE_CHECKING:  # slow to import
    from jax.extend import core

PRODUCTS = ("dot_general", "conv_general_dilated")
# calls of one function, which is evaluated in their place; derivatives have been taken before
CALLS = ("jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "checkpoint", "remat2")
LOOPS = ("scan", "while", "cond")


def rounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with every operand of a matrix product or convolution rounded to bfloat16.

    Products are accumulated, and everything else is computed, in the dtype it has in `function`; so
    arguments and results keep theirs. The relative error of a product is about 2⁻⁸ of its largest terms.
    On processors with bfloat16 units the products take a fraction of the time. (JAX's
    `default_matmul_precision` asks for the same but is ignored on CPUs and by convolutions.)

    Derivatives are to be taken inside `function`, so that their products are rounded too.
    """

    def evaluate(*arguments: Any) -> Any:
        closed, shapes = jax.make_jaxpr(function, return_shape=True)(*arguments)
        values = _evaluated(closed, *jax.tree.leaves(arguments))
        return jax.tree.unflatten(jax.tree.structure(shapes), values)

    return evaluate


def _evaluated(closed: core.ClosedJaxpr, *arguments: Any) -> list[Any]:
    from jax.extend import core

    jaxpr = closed.jaxpr
    values: dict[Any, Any] = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    values.update(zip(jaxpr.invars, arguments, strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else values[atom]

    for equation in jaxpr.eqns:
        results = _applied(equation, [read(atom) for atom in equation.invars])
        values.update(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _applied(equation: Any, operands: list[Any]) -> list[Any]:
    name, settings = equation.primitive.name, equation.params
    if name in CALLS:
        return _evaluated(_called(settings), *operands)
    if name in PRODUCTS and all(jnp.issubdtype(o.dtype, jnp.floating) for o in operands):
        operands = [operand.astype(jnp.bfloat16) for operand in operands]
        settings = {**settings, "preferred_element_type": equation.outvars[0].aval.dtype}
    elif name in LOOPS:
        settings = {key: _rounded_part(value) for key, value in settings.items()}
    results = equation.primitive.bind(*operands, **settings)
    return results if equation.primitive.multiple_results else [results]


def _called(settings: Any) -> core.ClosedJaxpr:
    from jax.extend import core

    inner = settings["call_jaxpr"] if "call_jaxpr" in settings else settings["jaxpr"]
    return inner if isinstance(inner, core.ClosedJaxpr) else core.ClosedJaxpr(inner, ())


def _rounded_part(value: Any) -> Any:
    """The bodies of a loop with their products rounded; all other settings as they are."""
    from jax.extend import core

    if isinstance(value, tuple) and value and isinstance(value[0], core.ClosedJaxpr):
        return tuple(_rounded_part(own) for own in value)
    if not isinstance(value, core.ClosedJaxpr):
        return value
    return jax.make_jaxpr(lambda *operands: _evaluated(value, *operands))(*value.in_avals)
