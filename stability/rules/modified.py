"""Modified flows: which flow the steps of a rule really follow (backward error analysis).

A one-step rule is a map Φ_s(x) = x + s φ₁(x) + s² φ₂(x) + s³ φ₃(x) + … in the factor s on its step
sizes. The flow of f₁ + s f₂ + s² f₃ + … over the time s is, by Taylor's theorem,

    x + s f₁ + s² (f₂ + ½ f₁′f₁) + s³ (f₃ + ½ (f₂′f₁ + f₁′f₂) + ⅙ (f₁′f₁)′f₁) + …

and agrees with the step when the coefficients do (Hairer, Lubich, Wanner, Geometric Numerical Integration,
2006, section IX.1; for games: Rosca, Wu, Dherin, Barrett 2021, Discretization drift in two-player games).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import factorial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy

from ..dynamics.flow import Flow, SymbolicFlow
from ..dynamics.partition import Partition
from ..dynamics.positive import check_positive
from ..dynamics.system import exact
from ..errors import InputError, InputTypeError
from .rule import Rule

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
    _check_order(order)
    if isinstance(flow, SymbolicFlow):
        _check_rule(rule, flow.partition)
        return _symbolic(rule, flow, order)
    if isinstance(flow, Flow):
        _check_rule(rule, flow.partition)
        return _numeric(rule, flow, order)
    raise InputTypeError(f"modified_flow takes a Flow or a SymbolicFlow, not {flow!r}")


def modified_jacobian(rule: Rule, jacobian: Any, partition: Partition, order: int = 1) -> Any:
    """The Jacobian of the modified flow at an equilibrium where the field's is `jacobian`.

    With the linearised step M(s) = I + sM₁ + s²M₂ + …, this is log(M(s))/s up to the power `order` of s: at a
    zero of f₁ and f₂ the derivative of f₂′f₁ is F₂F₁, so the coefficients of the two series obey the same
    recursion. (The modified field vanishes wherever the rule rests.)

    Arguments: `jacobian`, NumPy or SymPy, of shape (d, d); the rest, the errors and the units of time as
    for `modified_flow`. Returns a matrix of the same kind and shape.
    """
    _check_order(order)
    symbolic = isinstance(jacobian, sympy.MatrixBase)
    matrix = jacobian if symbolic else np.asarray(jacobian)
    d = partition.dimension
    if matrix.shape != (d, d):
        raise InputError(f"the Jacobian of this partition has shape ({d}, {d}), not {matrix.shape}")
    _check_rule(rule, partition)
    unit, time = _unit(rule, _exact if symbolic else _number)
    coefficients = _powers(unit, matrix, partition, order + 1)[1:]
    terms = _corrections(coefficients, along=lambda g, u: g @ u, total=_sum)
    return _sum(*((term * time**k, 1) for k, term in enumerate(terms)))


def modified_eigenvalues(rule: Rule, jacobian: Any, partition: Partition, order: int = 1) -> Any:
    """The eigenvalues of `modified_jacobian`, whose arguments these are.

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
    result.real, result.imag = logarithm.real / time, logarithm.imag / time
    return result


def _check_order(order: Any) -> None:
    if isinstance(order, bool) or order not in (1, 2):
        raise InputError(f"a modified flow has order 1 or 2, not {order!r}")


def _check_rule(rule: Rule, partition: Partition) -> None:
    """Raises InputError unless the rule's state is one vector and its vanishing steps the identity."""
    identity = np.eye(partition.dimension)
    try:
        unmoved = _powers(rule.with_each_lr(lambda _: 1.0), -identity, partition, 0)[0]
    except np.linalg.LinAlgError:  # it solves for a point of rest, whatever its step size
        unmoved = np.zeros_like(identity)
    if not np.array_equal(unmoved, identity):
        raise InputError(
            f"the steps of {rule.name} do not shrink with its step size, so they follow no flow"
        )


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


def _corrections(
    phi: Sequence[Any], along: Callable[[Any, Any], Any], total: Callable[..., Any]
) -> list[Any]:
    """f₁, f₂ and, given φ₃, f₃ from the coefficients φ of a step.

    `along(g, u)` is g′u, and `total` adds up pairs (term, divisor): for fields in either engine, and for
    matrices, where g′u is the product GU.
    """
    first = phi[0]
    acceleration = along(first, first)
    second = total((phi[1], 1), (acceleration, -2))
    if len(phi) == 2:
        return [first, second]
    third = total(
        (phi[2], 1),
        (along(acceleration, first), -6),
        (along(second, first), -2),
        (along(first, second), -2),
    )
    return [first, second, third]


def _sum(*terms: tuple[Any, int]) -> Any:
    """The sum of term/divisor, for arrays and for SymPy matrices."""
    (first, divisor), *others = terms
    result = first / divisor
    for term, divisor in others:
        result = result + term / divisor
    return result


def _numeric(rule: Rule, flow: Flow, order: int) -> Flow:
    unit, time = _unit(rule, _number)

    def coefficient(k: int) -> Callable[[Any], Any]:
        def phi(x: Any) -> Any:
            curve = lambda s: unit.scaled(s).step(flow, (x,))[0]  # noqa: E731
            for _ in range(k):
                curve = _derivative(curve)
            return curve(jnp.zeros((), x.dtype)) / factorial(k)

        return phi

    terms = _corrections(
        [coefficient(k) for k in range(1, order + 2)],
        along=lambda g, u: lambda x: jax.jvp(g, (x,), (u(x),))[1],
        total=lambda *pairs: lambda x: _sum(*((g(x), divisor) for g, divisor in pairs)),
    )
    return Flow(
        lambda x: sum(term(x) * time**k for k, term in enumerate(terms)),
        variables=flow.variables,
        start=flow.start,
        box=flow.box,
        partition=flow.partition,
        name=flow.name,
        check=False,
    )


def _derivative(curve: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda s: jax.jvp(curve, (s,), (jnp.ones_like(s),))[1]


def _symbolic(rule: Rule, flow: SymbolicFlow, order: int) -> SymbolicFlow:
    unit, time = _unit(rule, _exact)
    (after,) = unit.scaled(_s).step(flow, (flow.profile,))
    # SymPy takes a bare symbol for complex and then differentiates |x| into something else
    real = {
        symbol: sympy.Symbol(symbol.name, real=True)
        for symbol in after.free_symbols
        if symbol.is_real is None
    }
    after, variables = after.xreplace(real), [real.get(v, v) for v in flow.variables]
    terms = _corrections(
        [
            after.diff(_s, k).xreplace({_s: sympy.S.Zero}) / factorial(k)
            for k in range(1, order + 2)
        ],
        along=lambda g, u: g.jacobian(variables) * u,
        total=_sum,
    )
    field = _sum(*((term * time**k, 1) for k, term in enumerate(terms)))
    back = {symbol: user for user, symbol in real.items()}
    return SymbolicFlow(
        dict(zip(flow.variables, field.xreplace(back), strict=True)),
        parameters=flow.parameters,
        box=flow.box,
        start=flow.named_start,
        name=flow.name,
        partition=flow.partition,
    )


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
            f"a modified flow needs a rule whose state is one vector, and {rule.name} keeps more"
        )
    if symbolic:
        return [step.extract(range(0, step.rows, n), range(k, step.cols, n)) for k in range(n)]
    return [step[::n, k::n] for k in range(n)]
