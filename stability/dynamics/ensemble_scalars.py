"""A function of a short vector as a function of its numbers, so that a batch of it needs no matrices.

Batched as it stands, a function that takes vectors apart and puts them together works on arrays of shape
(lanes, d), where neighbouring numbers belong to different coordinates. Rewritten on scalars first (what
compilers call scalar replacement), a batch is d arrays of shape (lanes,), and the taking apart and putting
together is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import core
from jax.extend.core import Literal

_LARGEST = 64  # numbers in a vector or matrix that is taken apart

_ELEMENTWISE = frozenset(
    {
        "abs",
        "acos",
        "acosh",
        "add",
        "add_any",
        "and",
        "asin",
        "asinh",
        "atan",
        "atan2",
        "atanh",
        "cbrt",
        "ceil",
        "clamp",
        "convert_element_type",
        "copy",
        "cos",
        "cosh",
        "digamma",
        "div",
        "eq",
        "erf",
        "erf_inv",
        "erfc",
        "exp",
        "exp2",
        "expm1",
        "floor",
        "ge",
        "gt",
        "integer_pow",
        "is_finite",
        "le",
        "lgamma",
        "log",
        "log1p",
        "logistic",
        "lt",
        "max",
        "min",
        "mul",
        "ne",
        "neg",
        "nextafter",
        "not",
        "or",
        "pow",
        "rem",
        "round",
        "rsqrt",
        "select_n",
        "sign",
        "sin",
        "sinh",
        "sqrt",
        "square",
        "sub",
        "tan",
        "tanh",
        "xor",
    }
)
# operations that put numbers elsewhere and leave them as they are
MOVING = frozenset(
    {
        "broadcast_in_dim",
        "concatenate",
        "dynamic_slice",
        "dynamic_update_slice",
        "gather",
        "pad",
        "reshape",
        "rev",
        "scatter",
        "slice",
        "split",
        "squeeze",
        "stack",
        "transpose",
    }
)
_PLACES = {  # from which of their inputs on, and how many, say where
    "gather": slice(1, 2),
    "scatter": slice(1, 2),
    "dynamic_slice": slice(1, None),
    "dynamic_update_slice": slice(2, None),
}
CALLS = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr"} | dict.fromkeys(
    ("custom_jvp_call", "custom_vjp_call"), "call_jaxpr"
)


def scalarised(function: Callable[[Any], Any], dimension: int) -> Callable[..., tuple[Any, ...]]:
    """`function` from (d,) to (m,) as one from d scalars to m scalars, which JAX can trace and batch.

    Operations that act number by number or move numbers, sums and small matrix products are done on scalars;
    any other one is given its arrays. What comes out can no longer use custom derivatives.
    """

    def on_scalars(*x: Any) -> tuple[Any, ...]:
        vector = jax.ShapeDtypeStruct((dimension,), x[0].dtype)
        closed = jax.make_jaxpr(function)(vector)
        (value,) = _evaluate(closed.jaxpr, closed.consts, [_block(x, (dimension,))])
        return tuple(value.ravel())

    return on_scalars


def _evaluate(jaxpr: Any, constants: Sequence[Any], arguments: Sequence[Any]) -> list[Any]:
    """The values of a jaxpr, as blocks where they are small."""
    known: dict[Any, Any] = {}

    def read(variable: Any) -> Any:
        return variable.val if isinstance(variable, Literal) else known[variable]

    known.update(zip(jaxpr.constvars, constants, strict=True))
    known.update(zip(jaxpr.invars, arguments, strict=True))
    for equation in jaxpr.eqns:
        values = _apply(jaxpr, equation, [read(variable) for variable in equation.invars])
        known.update(zip(equation.outvars, values, strict=True))
    return [_block_of(read(variable)) for variable in jaxpr.outvars]


def _apply(jaxpr: Any, equation: Any, inputs: list[Any]) -> Sequence[Any]:
    """The values of one operation of a jaxpr."""
    name, parameters = equation.primitive.name, equation.params
    if name in CALLS:
        inner = parameters[CALLS[name]]
        return _evaluate(inner.jaxpr, inner.consts, inputs)
    shapes = [variable.aval.shape for variable in (*equation.invars, *equation.outvars)]
    if max(map(prod, shapes)) <= _LARGEST:
        values = None
        if name in _ELEMENTWISE:
            values = _number_by_number(equation, inputs)
        elif name in MOVING:
            values = moved(equation, inputs)
        elif name == "reduce_sum":
            values = _sum(parameters, _block_of(inputs[0]))
        elif name == "dot_general":
            values = _product(parameters, *map(_block_of, inputs))
        if values is not None:
            return values
    arrays = {
        variable: _array(value, variable.aval)
        for variable, value in zip(equation.invars, inputs, strict=True)
        if not isinstance(variable, Literal)
    }
    alone = jaxpr.replace(constvars=(), invars=[*arrays], eqns=[equation], outvars=equation.outvars)
    return core.eval_jaxpr(alone, (), *arrays.values())


def _block(numbers: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray:
    """Scalars, traced or known, as a NumPy array of objects."""
    block = np.empty(len(numbers), object)
    for i, number in enumerate(numbers):
        block[i] = number
    return block.reshape(shape)


def _result(value: Any) -> np.ndarray:
    """What NumPy has computed from blocks: a block, or the only number of one."""
    return value if _is_block(value) else _block([value], ())


def _is_block(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == object


def _block_of(array: Any) -> np.ndarray:
    """An array as a block of its numbers; a block as it is."""
    if _is_block(array):
        return array
    array = array if isinstance(array, core.Tracer) else np.asarray(array)
    flat = array.reshape(-1)
    return _block([flat[i] for i in range(flat.size)], array.shape)


def _array(value: Any, like: Any) -> Any:
    """A block as one array of the shape and dtype of `like`; an array as it is."""
    if not _is_block(value):
        return value
    if not value.size:
        return jnp.zeros(like.shape, like.dtype)
    return jnp.stack([jnp.asarray(n, like.dtype) for n in value.ravel()]).reshape(like.shape)


def _known(block: Any) -> bool:
    """Whether no number of a block is a traced one."""
    return not any(isinstance(number, core.Tracer) for number in block.ravel())


def _number_by_number(equation: Any, inputs: list[Any]) -> list[Any]:
    shape = equation.outvars[0].aval.shape
    blocks = [np.broadcast_to(_block_of(value), shape).ravel() for value in inputs]

    def numbers() -> list[Any]:
        bind, parameters = equation.primitive.bind, equation.params
        return [bind(*each, **parameters) for each in zip(*blocks, strict=True)]

    if all(map(_known, blocks)):  # so that indices stay known
        with jax.ensure_compile_time_eval():
            return [_block(numbers(), shape)]
    return [_block(numbers(), shape)]


def moved(equation: Any, inputs: list[Any]) -> list[Any] | None:
    """What an operation that only moves numbers does, learnt from where it moves their positions."""
    blocks = [_block_of(value) for value in inputs]
    places = range(len(blocks))[_PLACES.get(equation.primitive.name, slice(0, 0))]
    if not all(_known(blocks[i]) for i in places):
        return None
    numbers: list[Any] = [None]  # what is filled in from outside has position 0, or a negative one
    positions = []
    for i, block in enumerate(blocks):
        if i in places:
            own = np.array(block.tolist(), equation.invars[i].aval.dtype)
        else:
            own = np.arange(len(numbers), len(numbers) + block.size, dtype=np.int32)
            numbers.extend(block.ravel())
        positions.append(own.reshape(block.shape))
    with jax.ensure_compile_time_eval():
        ends = equation.primitive.bind(*map(jnp.asarray, positions), **equation.params)
    ends = [np.asarray(p) for p in (ends if equation.primitive.multiple_results else [ends])]
    if any((p < 1).any() for p in ends):
        return None
    return [_block([numbers[i] for i in p.ravel()], p.shape) for p in ends]


def _sum(parameters: Any, x: np.ndarray) -> list[Any] | None:
    if not x.size:
        return None
    axes = tuple(parameters["axes"])
    return [_result(x.sum(axis=axes))]


def _product(parameters: Any, x: np.ndarray, y: np.ndarray) -> list[Any] | None:
    contracted, batched = parameters["dimension_numbers"]
    if any(batched) or not x.size or not y.size:
        return None
    return [_result(np.tensordot(x, y, axes=contracted))]
