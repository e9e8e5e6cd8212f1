"""JAX functions and formulas evaluated with many more digits than double precision has.

Rounding hides whether a field vanishes along a curve or is merely small there: with 100 digits it does not.
A JAX function is interpreted from its trace, on NumPy arrays of decimal numbers.
"""

from __future__ import annotations

import decimal
import math
import struct
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import sympy
from jax.extend.core import Literal

from .ensemble_scalars import CALLS, MOVING, moved
from .functions import sigmoid, softplus
from .symbols import as_written

DIGITS = 100
_SHORT = 2**16  # the largest denominator of a constant that rounding has not changed
_DEAREST = 300_000  # operations on numbers in one evaluation
_MOST_TURNS = 1000  # of a loop

ManyDigits = Callable[..., np.ndarray]
"""A function of an array of `Decimal`s, shape (d,), to one of shape (m,); it takes `nudge` too."""

CONTEXT = decimal.Context(prec=DIGITS, traps=[], Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
_STEP = Decimal("1e-40")  # of a difference
_NOTHING = 1e-60  # what differences leave of a derivative that is 0
_ONE, _HALF = Decimal(1), Decimal("0.5")


class NotEvaluatedError(Exception):
    """The trace holds an operation that is not done in many digits, or too many of them."""


def with_many_digits(function: Callable[[Any], Any], dimension: int) -> ManyDigits:
    """A JAX function from (d,) to (m,), evaluated with 100 digits.

    Constants are the numbers that they are written as, 0.1 is 1/10. With a `nudge`, which is not 0, those
    that are no short binary fractions are a little off, equal ones alike, as rounding might have left them.
    It is traced at the first call.

    The function that comes back raises NotEvaluatedError where the trace holds something else than
    arithmetic, elementary and a few special functions, sums, products of matrices, choices, loops, and what
    moves numbers about, or where it would take too long; values may be NaN.
    """
    traced: list[Any] = []
    constants: dict[int, list[Any]] = {}

    def evaluate(x: np.ndarray, nudge: int = 0) -> np.ndarray:
        if not traced:
            with jax.enable_x64(True):
                shape = jax.ShapeDtypeStruct((dimension,), np.float64)
                traced.append(jax.make_jaxpr(function)(shape))
        with decimal.localcontext(CONTEXT), mpmath.workdps(DIGITS), jax.enable_x64(True):
            if nudge not in constants:
                constants[nudge] = [_given(value, nudge) for value in traced[0].consts]
            (value,) = _Run(nudge).values(traced[0].jaxpr, constants[nudge], [x])
        return _decimals(value).ravel()

    return evaluate


def formulas_with_many_digits(
    expressions: Sequence[sympy.Expr], variables: Sequence[sympy.Symbol]
) -> ManyDigits:
    """Expressions in d real symbols, all else in them numbers, evaluated with 100 digits.

    The function that comes back raises NotEvaluatedError where mpmath has no such functions.
    """
    modules = [{own.__name__: own._mpmath_value for own in (sigmoid, softplus)}, "mpmath"]
    written: list[Any] = []

    def evaluate(x: np.ndarray, nudge: int = 0) -> np.ndarray:
        try:
            if not written:
                symbols = list(variables)
                written.append(sympy.lambdify(symbols, list(expressions), modules, cse=True))
            with mpmath.workdps(DIGITS):
                values = written[0](*(mpmath.mpf(str(c)) for c in x))
                return _array([_from_mpmath(v) for v in values], (len(values),))
        except (TypeError, ValueError, ArithmeticError, NameError) as error:
            raise NotEvaluatedError from error

    return evaluate


def jacobian_with_many_digits(function: ManyDigits, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The Jacobian at x (d,) without rounding, and what the constants' last digits change it by, both (m, d).

    From central differences over 1e-40; an entry that is no larger than its change with that distance is 0.
    Raises NotEvaluatedError as the function does.
    """
    point = _array([Decimal(float(c)) for c in x], x.shape)

    def derivative(nudge: int, size: Decimal = _STEP) -> np.ndarray:
        with decimal.localcontext(CONTEXT):
            columns = []
            for i in range(len(point)):
                step = np.array([size if j == i else Decimal(0) for j in range(len(point))], object)
                ends = function(point + step, nudge=nudge), function(point - step, nudge=nudge)
                columns.append((ends[0] - ends[1]) / (2 * size))
            return np.stack(columns, axis=1).astype(float)

    own = derivative(0)
    own = np.where(np.abs(own) <= np.abs(derivative(0, 2 * _STEP) - own), 0.0, own)
    changed = np.stack([derivative(nudge) for nudge in (1, 2, 3)]) - own
    return own, np.where(np.abs(changed) <= _NOTHING, 0.0, np.abs(changed)).max(axis=0)


class _Run:
    """One evaluation of a jaxpr: real numbers in arrays of Decimals, integers and truth values in NumPy's."""

    def __init__(self, nudge: int) -> None:
        self.nudge = nudge
        self.done = 0

    def values(self, jaxpr: Any, constants: Sequence[Any], arguments: Sequence[Any]) -> list[Any]:
        known: dict[Any, Any] = {}

        def read(variable: Any) -> Any:
            if isinstance(variable, Literal):
                return _given(variable.val, self.nudge)
            return known[variable]

        given = [_given(value, self.nudge) for value in constants]
        known.update(zip(jaxpr.constvars, given, strict=True))
        known.update(zip(jaxpr.invars, arguments, strict=True))
        for equation in jaxpr.eqns:
            inputs = [read(variable) for variable in equation.invars]
            outputs = map(_as_array, self.applied(equation, inputs))
            known.update(zip(equation.outvars, outputs, strict=True))
        return [read(variable) for variable in jaxpr.outvars]

    def applied(self, equation: Any, inputs: list[Any]) -> Sequence[Any]:
        name, parameters = equation.primitive.name, equation.params
        if name in CALLS:
            inner = parameters[CALLS[name]]
            return self.values(inner.jaxpr, inner.consts, inputs)
        if name == "cond":
            return self.closed(parameters["branches"][int(inputs[0])], inputs[1:])
        if name == "while":
            return self.repeated(parameters, inputs)
        if name == "scan":
            return self.scanned(parameters, inputs)
        self.done += sum(int(np.prod(v.aval.shape)) for v in equation.outvars)
        if name == "dot_general":
            self.done += _multiplications(equation)
        if self.done > _DEAREST:
            raise NotEvaluatedError(name)
        if not any(map(_is_decimal, inputs)):
            return _by_jax(equation, inputs)
        shape = equation.outvars[0].aval.shape
        if name in _ELEMENTWISE:
            return [_number_by_number(_ELEMENTWISE[name], inputs, shape)]
        if name in _PLAIN_MOVES:
            return [_PLAIN_MOVES[name](parameters, *inputs)]
        if name in MOVING:
            return _moved(equation, inputs)
        if name in _OTHERS:
            return [_OTHERS[name](equation, *inputs)]
        raise NotEvaluatedError(name)

    def closed(self, closed: Any, arguments: Sequence[Any]) -> list[Any]:
        return self.values(closed.jaxpr, closed.consts, arguments)

    def repeated(self, parameters: Any, inputs: list[Any]) -> list[Any]:
        first, second = parameters["cond_nconsts"], parameters["body_nconsts"]
        whether, what = inputs[:first], inputs[first : first + second]
        state = inputs[first + second :]
        for _ in range(_MOST_TURNS):
            (goes_on,) = self.closed(parameters["cond_jaxpr"], [*whether, *state])
            if not bool(goes_on):
                return state
            state = self.closed(parameters["body_jaxpr"], [*what, *state])
        raise NotEvaluatedError("while")

    def scanned(self, parameters: Any, inputs: list[Any]) -> list[Any]:
        m, k = parameters["num_consts"], parameters["num_carry"]
        fixed, state, rows = inputs[:m], inputs[m : m + k], inputs[m + k :]
        turns = range(parameters["length"])
        kept: dict[int, list[Any]] = {}
        for i in reversed(turns) if parameters["reverse"] else turns:
            each = [np.asarray(row[i], dtype=row.dtype) for row in rows]
            values = self.closed(parameters["jaxpr"], [*fixed, *state, *each])
            state, kept[i] = values[:k], values[k:]
        stacked = [np.stack(column) for column in zip(*(kept[i] for i in turns), strict=True)]
        if not turns and len(parameters["jaxpr"].out_avals) > k:
            raise NotEvaluatedError("scan")
        return [*state, *stacked]


def _given(value: Any, nudge: int = 0) -> np.ndarray:
    """A constant of the trace."""
    array = np.asarray(value)
    if array.dtype == object or not np.issubdtype(array.dtype, np.inexact):
        return array
    if np.iscomplexobj(array):
        raise NotEvaluatedError("complex")
    return _array([_constant(float(number), nudge) for number in array.ravel()], array.shape)


def _constant(number: float, nudge: int) -> Decimal:
    if not math.isfinite(number):
        return Decimal(number)
    fraction = as_written(number)
    value = Decimal(fraction.numerator) / fraction.denominator
    if not nudge or Fraction(number).denominator <= _SHORT:
        return value
    random = np.random.default_rng([nudge, int.from_bytes(struct.pack("d", abs(number)))])
    return value * (1 + Decimal(random.uniform(-2, 2)) / 2**52)


def _array(numbers: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(len(numbers), object)
    array[:] = numbers
    return array.reshape(shape)


def _as_array(value: Any) -> np.ndarray:
    """NumPy takes the only number out of an array of objects without axes."""
    return value if isinstance(value, np.ndarray) else _array([value], ())


def _is_decimal(array: Any) -> bool:
    return array.dtype == object


def _decimals(array: np.ndarray) -> np.ndarray:
    if _is_decimal(array):
        return array
    return _array([Decimal(n.item()) for n in array.ravel()], array.shape)


def _by_jax(equation: Any, inputs: list[Any]) -> list[Any]:
    """An operation on integers and truth values alone."""
    with jax.ensure_compile_time_eval():
        found = equation.primitive.bind(*map(jnp.asarray, inputs), **equation.params)
    return [_given(v) for v in (found if equation.primitive.multiple_results else [found])]


def _number_by_number(operation: Any, inputs: list[Any], shape: tuple[int, ...]) -> np.ndarray:
    blocks = [np.broadcast_to(value, shape).ravel() for value in inputs]
    numbers = [operation(*each) for each in zip(*blocks, strict=True)]
    if numbers and not isinstance(numbers[0], Decimal):
        return np.array(numbers).reshape(shape)
    return _array(numbers, shape)


def _moved(equation: Any, inputs: list[Any]) -> list[Any]:
    found = moved(equation, inputs)
    if found is None:
        raise NotEvaluatedError(equation.primitive.name)
    return found


def _broadcast(x: np.ndarray, shape: tuple[int, ...], axes: tuple[int, ...]) -> np.ndarray:
    own = [1] * len(shape)
    for axis, size in zip(axes, x.shape, strict=True):
        own[axis] = size
    return np.broadcast_to(x.reshape(own), shape)


def _multiplications(equation: Any) -> int:
    contracted, _ = equation.params["dimension_numbers"]
    shape = equation.invars[0].aval.shape
    inner = int(np.prod([shape[i] for i in contracted[0]]))
    return inner * int(np.prod(equation.outvars[0].aval.shape))


def _product(equation: Any, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    (left, right), (left_batch, right_batch) = equation.params["dimension_numbers"]
    x, y = _decimals(x), _decimals(y)

    def as_matrices(a: np.ndarray, batch: Any, inner: Any, last: bool) -> np.ndarray:
        free = [i for i in range(a.ndim) if i not in (*batch, *inner)]
        order = [*batch, *free, *inner] if last else [*batch, *inner, *free]
        sizes = [int(np.prod([a.shape[i] for i in axes])) for axes in (batch, free, inner)]
        rows, columns = (sizes[1], sizes[2]) if last else (sizes[2], sizes[1])
        return a.transpose(order).reshape(sizes[0], rows, columns)

    product = as_matrices(x, left_batch, left, True) @ as_matrices(y, right_batch, right, False)
    return product.reshape(equation.outvars[0].aval.shape)


def _reduced(operation: Any, start: Any) -> Callable[..., np.ndarray]:
    def reduce(equation: Any, x: np.ndarray) -> np.ndarray:
        axes = tuple(equation.params["axes"])
        kept = [i for i in range(x.ndim) if i not in axes]
        rows = x.transpose([*kept, *axes]).reshape(*(x.shape[i] for i in kept), -1)
        found = np.full(rows.shape[:-1], start, object)
        for i in range(rows.shape[-1]):
            found = np.frompyfunc(operation, 2, 1)(found, rows[..., i])
        return found

    return reduce


def _running_sum(equation: Any, x: np.ndarray) -> np.ndarray:
    axis, back = equation.params["axis"], equation.params["reverse"]
    rows = np.flip(x, axis) if back else x
    sums = np.add.accumulate(rows, axis)
    return np.flip(sums, axis) if back else sums


def _chosen(equation: Any, which: np.ndarray, *cases: np.ndarray) -> np.ndarray:
    shape = equation.outvars[0].aval.shape
    blocks = [np.broadcast_to(_decimals(case), shape).ravel() for case in cases]
    index = np.broadcast_to(which, shape).ravel().astype(int)
    return _array([blocks[k][i] for i, k in enumerate(index)], shape)


def _converted(equation: Any, x: np.ndarray) -> np.ndarray:
    kind = equation.params["new_dtype"]
    if jnp.issubdtype(kind, jnp.floating):
        return x
    if not (kind == np.bool_ or jnp.issubdtype(kind, jnp.integer)):
        raise NotEvaluatedError("convert_element_type")
    numbers = [kind.type(int(n) if kind != np.bool_ else n != 0) for n in x.ravel()]
    return np.array(numbers, kind).reshape(x.shape)


def _scattered(equation: Any, operand: np.ndarray, places: np.ndarray, updates: Any) -> np.ndarray:
    """Numbers added to others at places, learnt from what becomes of ones."""
    zeros = np.zeros(operand.shape)
    ones = np.eye(updates.size).reshape(updates.size, *updates.shape)
    with jax.ensure_compile_time_eval():
        to = [
            np.asarray(equation.primitive.bind(zeros, places, u, **equation.params)) for u in ones
        ]
    found = operand.ravel().copy()
    for number, where in zip(_decimals(updates).ravel(), to, strict=True):
        for i in np.flatnonzero(where):
            found[i] = found[i] + number
    return found.reshape(operand.shape)


def _by_mpmath(name: str) -> Callable[..., Decimal]:
    function = getattr(mpmath, name)
    return lambda *x: _from_mpmath(function(*(mpmath.mpf(str(c)) for c in x)))


def _from_mpmath(value: Any) -> Decimal:
    if isinstance(value, mpmath.mpc) or not isinstance(value, int | float | mpmath.mpf):
        return Decimal("NaN")
    return Decimal(mpmath.nstr(mpmath.mpf(value), DIGITS))


def _power(x: Any, y: Any) -> Decimal:
    exponent = _decimals(np.asarray(y)).item()
    return x**exponent if exponent else _ONE


def _hyperbolic(sign: int) -> Callable[[Decimal], Decimal]:
    return lambda x: (x.exp() + sign * (-x).exp()) * _HALF


def _tanh(x: Decimal) -> Decimal:
    small = (-2 * abs(x)).exp()
    return ((1 - small) / (1 + small)).copy_sign(x)


def _sign(x: Decimal) -> Decimal:
    return x if not x or x.is_nan() else _ONE.copy_sign(x)


def _integer_part(how: str) -> Callable[[Decimal], Decimal]:
    return lambda x: x.to_integral_value(how)


def _cube_root(x: Decimal) -> Decimal:
    return (abs(x) ** (_ONE / 3)).copy_sign(x) if x else x


_ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "add": lambda a, b: a + b,
    "add_any": lambda a, b: a + b,
    "cbrt": _cube_root,
    "ceil": _integer_part(decimal.ROUND_CEILING),
    "clamp": lambda low, x, high: min(max(x, low), high),
    "copy": lambda a: a,
    "cosh": _hyperbolic(1),
    "div": lambda a, b: a / b,
    "eq": lambda a, b: a == b,
    "erf_inv": _by_mpmath("erfinv"),
    "exp": lambda a: a.exp(),
    "exp2": lambda a: Decimal(2) ** a,
    "expm1": lambda a: a.exp() - 1,
    "floor": _integer_part(decimal.ROUND_FLOOR),
    "ge": lambda a, b: a >= b,
    "gt": lambda a, b: a > b,
    "is_finite": lambda a: a.is_finite(),
    "le": lambda a, b: a <= b,
    "lgamma": _by_mpmath("loggamma"),
    "log": lambda a: a.ln(),
    "log1p": lambda a: (1 + a).ln(),
    "logistic": lambda a: 1 / (1 + (-a).exp()),
    "lt": lambda a, b: a < b,
    "max": max,
    "min": min,
    "mul": lambda a, b: a * b,
    "ne": lambda a, b: a != b,
    "neg": lambda a: -a,
    "pow": _power,
    "reduce_precision": lambda a: a,
    "rem": lambda a, b: a % b,
    "rsqrt": lambda a: 1 / a.sqrt(),
    "sign": _sign,
    "sinh": _hyperbolic(-1),
    "sqrt": lambda a: a.sqrt(),
    "square": lambda a: a * a,
    "stop_gradient": lambda a: a,
    "sub": lambda a, b: a - b,
    "tanh": _tanh,
} | {
    name: _by_mpmath(name)
    for name in [
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atan2",
        "atanh",
        "cos",
        "digamma",
        "erf",
        "erfc",
        "sin",
        "tan",
    ]
}

# what NumPy does without compiling
_PLAIN_MOVES: dict[str, Callable[..., np.ndarray]] = {
    "broadcast_in_dim": lambda p, x: _broadcast(x, p["shape"], p["broadcast_dimensions"]),
    "concatenate": lambda p, *x: np.concatenate([_decimals(own) for own in x], p["dimension"]),
    "reshape": lambda p, x: x.reshape(p["new_sizes"]),
    "squeeze": lambda p, x: np.squeeze(x, tuple(p["dimensions"])),
    "slice": lambda p, x: x[
        tuple(map(slice, p["start_indices"], p["limit_indices"], p["strides"] or [None] * x.ndim))
    ],
    "transpose": lambda p, x: x.transpose(p["permutation"]),
}

_OTHERS: dict[str, Callable[..., np.ndarray]] = {
    "convert_element_type": _converted,
    "cumsum": _running_sum,
    "dot_general": _product,
    "integer_pow": lambda equation, x: x ** Decimal(int(equation.params["y"])),
    "reduce_max": _reduced(max, Decimal("-Infinity")),
    "reduce_min": _reduced(min, Decimal("Infinity")),
    "reduce_prod": _reduced(lambda a, b: a * b, _ONE),
    "reduce_sum": _reduced(lambda a, b: a + b, Decimal(0)),
    "scatter-add": _scattered,
    "select_n": _chosen,
}
