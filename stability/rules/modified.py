"""Modified flows: which flow the steps of a rule really follow (backward error analysis).

A one-step rule is a map Φ_s(x) = x + s φ₁(x) + s² φ₂(x) + s³ φ₃(x) + … in the factor s on its step
sizes. The flow of f₁ + s f₂ + s² f₃ + … over the time s is, by Taylor's theorem,

    x + s f₁ + s² (f₂ + ½ f₁′f₁) + s³ (f₃ + ½ (f₂′f₁ + f₁′f₂) + ⅙ (f₁′f₁)′f₁) + …

and agrees with the step when the coefficients do (Hairer, Lubich, Wanner, Geometric Numerical Integration,
2006, section IX.1; for games: Rosca, Wu, Dherin, Barrett 2021, Discretization drift in two-player games).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import factorial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy

from ..dynamics.flow import Flow, SymbolicFlow
from ..dynamics.partition import Partition
from ..dynamics.positive_settings import check_positive
from ..dynamics.symbols import exact
from ..dynamics.system import is_a
from ..errors import InputError, InputTypeError
from ..time_limits import in_time
from .limits import sets_of
from .on_face import OnFace
from .rule import Rule

_SECONDS = 1.0
_s = sympy.Dummy("s", positive=True)


def modified_flow(rule: Rule, flow: Flow | SymbolicFlow, order: int = 1) -> Flow | SymbolicFlow:
    """The flow that the steps of a rule follow more closely than the flow they were made from.

    **Arguments:**

    - `rule`: a rule whose state is one vector.
    - `flow`: what the rule steps along, numeric or symbolic; the answer is of the same kind and keeps its
      variables, partition, start, box, parameters and name.
    - `order`: 1 or 2, the power of the step size up to which the field is corrected. The flow over the time
      of one step then misses the step by the power `order` + 2 of the step size.

    **Units of time.** With one step size h for all players a step takes the time h, and the field is
    f₁ + h f₂ + h² f₃ with f₁ = v (k v for a rule that moves k times in a step). With a step size by player
    no single time suits them all: a step takes the time 1, and f₁ = D v, with D the players' step sizes.

    A symbolic `lr` stays in a symbolic flow; a decimal one is put in as the fraction it shows.

    Raises InputError for another order, a rule with memory (momentum, optimism), a rule whose steps do not
    shrink with its step size (a best response), and a step size without a value on a numeric flow.
    """
    own: Any = flow
    if not is_a(own, "flow"):
        raise InputTypeError(f"modified_flow takes a Flow or a SymbolicFlow, not {flow!r}")
    _check(rule, order)
    rule.check(flow)
    if sets_of(flow) is not None:
        raise InputError(
            "a modified flow is that of steps without projections; this game's players live in sets"
        )
    if len(rule.state_sizes(flow.partition)) > 1:
        raise InputError(f"a modified flow needs a rule without memory, which {rule.name} is not")
    return _symbolic(rule, own, order) if own.symbolic else _numeric(rule, own, order)


def modified_jacobian(rule: Rule, jacobian: Any, partition: Partition, order: int = 1) -> Any:
    """The Jacobian of the modified flow at an equilibrium where the field's is `jacobian`.

    With the linearised step M(s) = I + sM₁ + s²M₂ + …, this is log(M(s))/s up to the power `order` of s: at a
    zero of f₁ and f₂ the derivative of f₂′f₁ is F₂F₁, so the coefficients of the two series obey the same
    recursion. (The modified field vanishes there too, for a rule that rests where the field does.)

    Arguments: `jacobian`, NumPy or SymPy, of shape (d, d); the rest, the errors and the units of time as
    for `modified_flow`. Returns a matrix of the same kind and shape.
    """
    _check(rule, order)
    if isinstance(rule, OnFace):
        raise InputError("a modified flow is that of steps without projections")
    symbolic = isinstance(jacobian, sympy.MatrixBase)
    matrix = jacobian if symbolic else np.asarray(jacobian)
    d = partition.dimension
    if matrix.shape != (d, d):
        raise InputError(f"the Jacobian of this partition has shape ({d}, {d}), not {matrix.shape}")
    unit, time = _unit(rule, _exact if symbolic else _number)
    powers = _powers(unit, matrix, partition, order + 1)

    def phi(k: int, u: Any = None, times: int = 1) -> Any:
        if u is None:
            return powers[k]
        return powers[k] @ u if times == 1 else 0 * u  # φ″(f₁, f₁) is of second order where f₁ = 0

    return _at_time(time, _corrections(phi, order))


def modified_eigenvalues(rule: Rule, jacobian: Any, partition: Partition, order: int = 1) -> Any:
    """The eigenvalues of the Jacobian of a rule's modified flow at an equilibrium.

    `rule` has no memory; `jacobian` is the flow's there, shape (d, d), NumPy or SymPy; `partition` says which
    variables are whose; `order` is how many powers of the step size are kept (see `modified_flow`).

    Returns an array of shape (d,), largest real part first, or for a SymPy matrix a list of d
    expressions. Raises InputError if those have no closed form.
    """
    matrix = modified_jacobian(rule, jacobian, partition, order)
    if isinstance(matrix, sympy.MatrixBase):
        values = sympy.roots(matrix.charpoly(), multiple=True)
        if len(values) < partition.dimension:
            raise InputError(
                "these modified eigenvalues have no closed form; give numbers (a NumPy Jacobian)"
            )
        return values
    values = np.linalg.eigvals(matrix)
    return values[np.lexsort((-values.imag, -values.real))]


def logarithms(multipliers: Any, time: float) -> np.ndarray:
    """log(μ)/time: the eigenvalues that a flow needs to have these multipliers after `time`.

    The principal branch: |Im| ≤ π/time, so that a faster rotation comes back as an alias, and a negative
    multiplier (the steps jump from side to side, as no flow on a line does) as the edge ±iπ/time. The
    multiplier 0 gives −∞. Returns a complex array of the shape of `multipliers`.

    Raises InputError unless `time` is positive.
    """
    check_positive(time, "the time of a step")
    with np.errstate(divide="ignore"):  # log 0
        logarithm = np.log(np.asarray(multipliers, dtype=complex))
    # part by part, because (−∞ + 0i)/time is −∞ + NaN i in complex arithmetic
    result = np.empty_like(logarithm)
    result.real, result.imag = np.real(logarithm) / time, np.imag(logarithm) / time
    return result


def _check(rule: Rule, order: Any) -> None:
    if type(order) is not int or order not in (1, 2):
        raise InputError(f"a modified flow has order 1 or 2, not {order!r}")
    if rule.lr is None:
        raise InputError(f"{rule.name} has no step size, and its steps follow no flow")


def _unit(rule: Rule, number: Callable[[Any], Any]) -> tuple[Rule, Any]:
    """The rule with step size one, and the time a step takes; step sizes by player stay, with time one."""
    if isinstance(rule.lr, Mapping):
        return rule.with_each_lr(number), 1
    return rule.with_each_lr(lambda _: 1), number(rule.lr)


def _number(lr: Any) -> Any:
    if not isinstance(lr, sympy.Expr):
        return lr
    if lr.free_symbols:
        raise InputError(f"the step size {lr} has no value; give a number for a numeric flow")
    return float(lr)


def _exact(lr: Any) -> sympy.Expr:
    return lr if isinstance(lr, sympy.Expr) and lr.free_symbols else exact(lr)


def _corrections(phi: Callable[..., Any], order: int) -> list[Any]:
    """f₁, f₂ and, for order 2, f₃ from the coefficients of a step.

    `phi(k)` is φₖ, `phi(k, u)` its derivative φₖ′u and `phi(k, u, 2)` its second derivative φₖ″(u, u): fields
    in either engine, or their derivatives at an equilibrium. f₃ is written without derivatives of f₂.
    """
    first = phi(1)
    acceleration = phi(1, first)
    second = phi(2) - acceleration / 2
    if order == 1:
        return [first, second]
    third = (
        phi(3) + phi(1, first, 2) / 12 + phi(1, acceleration / 12 - second / 2) - phi(2, first) / 2
    )
    return [first, second, third]


def _at_time(time: Any, terms: Sequence[Any]) -> Any:
    """The polynomial with these coefficients, f₁ + f₂ time + f₃ time² + …."""
    result = terms[0]
    for k, term in enumerate(terms[1:], 1):
        result = result + term * time**k
    return result


def _numeric(rule: Rule, flow: Flow, order: int) -> Flow:
    unit, time = _unit(rule, _number)

    def field(x: Any) -> Any:
        def phi(k: int, u: Any = None, times: int = 1) -> Any:
            def along(t: Any) -> Any:
                start = x if u is None else x + t * u
                step = _derivative(lambda s: unit.scaled(s).step(flow, (start,))[0], k)
                return step(jnp.zeros_like(t)) / factorial(k)

            return _derivative(along, 0 if u is None else times)(jnp.zeros((), x.dtype))

        return _at_time(time, _corrections(phi, order))

    return Flow(
        field,
        variables=flow.variables,
        start=flow.start,
        box=flow.box,
        partition=flow.partition,
        name=flow.name,
        check=False,
    )


def _derivative(curve: Callable[[Any], Any], times: int) -> Callable[[Any], Any]:
    """A derivative of a curve."""
    for _ in range(times):
        curve = partial(_velocity, curve)
    return curve


def _velocity(curve: Callable[[Any], Any], t: Any) -> Any:
    return jax.jvp(curve, (t,), (jnp.ones_like(t),))[1]


def _symbolic(rule: Rule, flow: SymbolicFlow, order: int) -> SymbolicFlow:
    # SymPy takes a bare symbol for complex and then differentiates |x| into something else
    symbols = {*flow.variables, *flow.parameters, *flow.free_parameters}
    real = {s: sympy.Symbol(s.name, real=True) for s in symbols if s.is_real is None}
    variables = [real.get(v, v) for v in flow.variables]
    unit, time = _unit(rule, _exact)
    series = _Series(flow, real, order + 1)
    (after,) = unit.scaled(_s).step(series, (series.profile,))
    coefficients = _coefficients(after.xreplace(real), order + 1)

    def phi(k: int, u: Any = None, times: int = 1) -> Any:
        if u is None:
            return coefficients[k]
        symbols = sympy.Matrix([sympy.Dummy(v.name, real=True) for v in variables])
        derivative = coefficients[k]
        for _ in range(times):
            derivative = derivative.jacobian(variables) * symbols
        return derivative.xreplace(dict(zip(symbols, u, strict=True)))

    field = _at_time(time, [_shorter(term) for term in _corrections(phi, order)])
    back = {symbol: user for user, symbol in real.items()}
    return SymbolicFlow(
        dict(zip(flow.variables, field.xreplace(back), strict=True)),
        parameters=flow.parameters,
        box=flow.box,
        start=flow.named_start,
        name=flow.name,
        partition=flow.partition,
    )


def _shorter(expressions: sympy.MatrixBase) -> sympy.MatrixBase:
    """The same expressions, expanded where that is shorter: most corrections cancel in part."""

    def entry(e: sympy.Expr) -> sympy.Expr:
        return min((e, sympy.expand(e)), key=sympy.count_ops)

    return in_time(_SECONDS, lambda: expressions.applyfunc(entry), expressions)


class _Series(SymbolicFlow):
    """A flow over real symbols that carries power series in s only up to a given power.

    The field at x₀ + s x₁ + … becomes such a series too, before the next evaluation is put around it:
    nested evaluations that are differentiated at the end grow beyond use. Implicit steps have a
    series although they have no formula.
    """

    def __init__(self, flow: SymbolicFlow, real: Mapping[sympy.Symbol, sympy.Symbol], power: int):
        rows = zip(flow.variables, flow.expressions, strict=True)
        super().__init__(
            {real.get(v, v): e.xreplace(real) for v, e in rows}, partition=flow.partition
        )
        self.game, self.field = flow.game, flow.field
        self._power = power
        self._expansions: dict[sympy.MatrixBase, list[sympy.MatrixBase]] = {}
        self._symbols_of_x = [
            sympy.Matrix([sympy.Dummy(v.name, real=True) for v in self.variables])
            for _ in range(power + 1)
        ]

    def _at(self, expression: Any, x: sympy.MatrixBase | None) -> Any:
        if x is None:
            return expression
        key = sympy.ImmutableMatrix(expression)
        if key not in self._expansions:  # the chain rule to this power, once for all evaluations
            moving = super()._at(expression, _at_time(_s, self._symbols_of_x))
            self._expansions[key] = _coefficients(moving, self._power)
        values: dict[Any, Any] = {}
        for symbols, coefficient in zip(
            self._symbols_of_x, _coefficients(x, self._power), strict=True
        ):
            values.update(zip(symbols, coefficient, strict=True))
        return _at_time(_s, [c.xreplace(values) for c in self._expansions[key]])

    def implicit_step(self, sizes: Sequence[Any], x: sympy.MatrixBase) -> sympy.MatrixBase:
        y = x
        for _ in range(self._power):  # the sizes hold s: each round gets one more power right
            y = x + self.partition.scale(sizes, self(y))
        return y


def _coefficients(expressions: sympy.MatrixBase, power: int) -> list[sympy.MatrixBase]:
    """The coefficients of 1, s, …, s^power in a matrix of functions of s."""
    found = []
    for k in range(power + 1):
        found.append(expressions.xreplace({_s: sympy.S.Zero}) / factorial(k))
        expressions = expressions.applyfunc(lambda e: e.diff(_s))  # SymPy simplifies diff(_s, 2)
    return found


def _powers(rule: Rule, jacobian: Any, partition: Partition, order: int) -> list[Any]:
    """M₀, …, M_order of the linearised step M(s) = M₀ + sM₁ + s²M₂ + … of the rule scaled by s.

    s multiplies the field in every rule, so the step along J ⊗ N is M(N) for any matrix N in place of the
    number s. With N the nilpotent shift, N^(order+1) = 0, the arithmetic of matrices is the arithmetic of
    truncated power series: no derivatives, no differences, and implicit steps are as exact as others.
    """
    n = order + 1
    symbolic = isinstance(jacobian, sympy.MatrixBase)
    if symbolic:
        shift = sympy.Matrix(n, n, lambda i, j: int(j == i + 1))
        matrix = sympy.kronecker_product(sympy.Matrix(jacobian), shift)
    else:
        matrix = np.kron(jacobian, np.eye(n, k=1))
    step = rule.linearise(
        matrix, Partition(partition.players, tuple(n * size for size in partition.sizes))
    )
    if step.shape != matrix.shape:
        raise InputError(
            "a modified flow needs a rule without memory whose linearised step the Jacobian alone tells, "
            f"which {rule.name} is not"
        )
    if symbolic:
        return [step.extract(range(0, step.rows, n), range(k, step.cols, n)) for k in range(n)]
    return [step[::n, k::n] for k in range(n)]
