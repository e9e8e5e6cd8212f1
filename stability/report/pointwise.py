"""Everything that is said about one equilibrium."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import sympy

from ..dynamics.partition import Partition
from ..dynamics.system import exact as exact_number
from ..equilibria.find import Equilibrium
from ..errors import InputError
from ..games.game import Game
from ..rules import Rule
from ..rules.rule import each
from ..spectra.dense import Bounds
from ..spectra.exact import exact_eigenvalues, exact_text
from ..spectra.exact_steps import exact_critical_step, unit
from ..spectra.steps import rule_step_sizes
from ..verdicts.conditions import Conditions, conditions
from ..verdicts.linearised import Linearisation, complement, linearisation
from ..verdicts.verdict import Verdict
from .derivatives import EPS, derivatives_at, jacobian_at
from .remarks import remarks
from .subject import FieldFlow, Subject, plain
from .value import Decomposition, EquilibriumAnalysis, FlowAnalysis, MapAnalysis, RuleAnalysis

HUGE = 1e150  # squares overflow beyond
NOT_DIFFERENTIABLE = "not differentiable here"


def analyse(subject: Subject, e: Equilibrium, zero_sum: bool | None) -> EquilibriumAnalysis:
    """The analysis of one equilibrium, or of a given point that is not one."""
    exact = None
    if e.exact is not None:
        exact = {v: exact_text(c) for v, c in zip(subject.variables, e.exact, strict=True)}
    found, flows, rules, maps, decomposition, notes = None, [], [], [], None, []
    if subject.kind == "map":
        maps.append(_map(subject, e, notes))
    for field in subject.flows:
        flow, own_rules = _flow(subject, field, e, notes)
        flows.append(flow)
        rules += own_rules
    if isinstance(subject.numeric, Game):
        found = _conditions(subject, e, bool(zero_sum))
        decomposition = _decomposition(subject, e) if e.differentiable else None
    return EquilibriumAnalysis(
        dict(zip(subject.variables, map(float, e.point), strict=True)),
        exact,
        e.residual,
        e.stationary,
        e.differentiable,
        e.isolated,
        e.manifold_dimension,
        found,
        decomposition,
        tuple(flows),
        tuple(rules),
        tuple(maps),
        (*remarks(e, found, flows, rules), *dict.fromkeys(notes)),
    )


def _flow(
    subject: Subject, field: FieldFlow, e: Equilibrium, notes: list[str]
) -> tuple[FlowAnalysis, list[RuleAnalysis]]:
    if not e.differentiable:
        flow = FlowAnalysis(
            field.name, field.settings, None, None, None, None, NOT_DIFFERENTIABLE, _no_verdict(e)
        )
        return flow, [_no_rule(rule, field, e) for rule in subject.rules]
    expression = None if field.symbolic is None else field.symbolic.jacobian()
    found, exact, jacobian = _linearised(
        subject, e, field.numeric.evaluate, expression, "flow", notes
    )
    eigenvalues, closed, bound = _eigenvalues(subject, exact, found, found.spectrum.abscissa)
    flow = FlowAnalysis(
        field.name,
        field.settings,
        eigenvalues,
        closed,
        float(np.real(eigenvalues).max()),
        bound,
        found.type,
        found.verdict if e.stationary else _no_verdict(e),
    )
    linear = _is_linear(subject, expression)
    rules = [_rule(subject, field, e, rule, jacobian, exact, linear) for rule in subject.rules]
    return flow, rules


def _map(subject: Subject, e: Equilibrium, notes: list[str]) -> MapAnalysis:
    if not e.differentiable:
        return MapAnalysis(None, None, None, None, NOT_DIFFERENTIABLE, _no_verdict(e))
    expression = None
    if subject.symbolic is not None:
        expression = subject.symbolic.jacobian() - sympy.eye(subject.symbolic.dimension)
    found, exact, _ = _linearised(
        subject, e, subject.main.evaluate, expression, "displacement", notes
    )
    multipliers, closed, bound = _eigenvalues(subject, exact, found, found.spectrum.radius)
    verdict = found.verdict if e.stationary else _no_verdict(e)
    radius = float(np.abs(multipliers).max())
    return MapAnalysis(multipliers, closed, radius, bound, found.type, verdict)


def _linearised(
    subject: Subject, e: Equilibrium, evaluate, expression, kind: str, notes: list[str]
) -> tuple[Linearisation, sympy.MatrixBase | None, tuple[np.ndarray, np.ndarray]]:
    """The linearisation, the exact matrix in the parameters (or None), and J with its entries' errors.

    A map is searched by its displacement F(x) − x, so its matrix is that of the displacement plus one.
    """
    jacobian, uncertainty, exact, agree = jacobian_at(subject, e, evaluate, expression)
    if not np.abs(jacobian).max() < HUGE:
        raise InputError(
            "the field's Jacobian overflows; use settings and parameters of moderate size"
        )
    if not agree:
        notes.append("SymPy and JAX disagree on the Jacobian here; please report this.")
    linear = _is_linear(subject, expression)
    if kind == "displacement":
        identity = np.eye(len(jacobian))
        jacobian, uncertainty = jacobian + identity, uncertainty + EPS * identity
        exact = None if exact is None else exact + sympy.eye(len(identity))
    found = linearisation(
        "map" if kind == "displacement" else "flow",
        jacobian,
        uncertainty,
        None if exact is None else exact.xreplace(dict(subject.values)),
        tangent=_tangent(e),
        linear=linear,
    )
    return found, exact, (jacobian, uncertainty)


def _is_linear(subject: Subject, expression: sympy.MatrixBase | None) -> bool:
    if expression is None or subject.symbolic is None:
        return False
    return not expression.free_symbols & set(subject.symbolic.variables)


def _tangent(e: Equilibrium) -> np.ndarray | None:
    return e.tangent if e.tangent.shape[1] else None


def _eigenvalues(
    subject: Subject, exact: sympy.MatrixBase | None, found: Linearisation, bounds: Bounds
) -> tuple[np.ndarray, tuple[str, ...] | None, float]:
    """The eigenvalues, from their closed forms where there are any; these as text; an error bound."""
    closed = None if exact is None else exact_eigenvalues(exact, subject.values)
    if closed is None:
        return sorted_values(found.spectrum.eigenvalues), None, _error(bounds)
    values = dict(subject.values)
    numeric = np.array([complex(c.xreplace(values).evalf(20)) for c in closed])
    leading = numeric[0] if bounds is found.spectrum.abscissa else numeric[np.abs(numeric).argmax()]
    return numeric, tuple(exact_text(c) for c in closed), 2 * EPS * float(abs(leading))


def sorted_values(values: np.ndarray) -> np.ndarray:
    """By real part, then by imaginary part, largest first; real parts equal to rounding are equal."""
    tolerance = 1e-12 * float(np.abs(values).max(initial=0.0))
    order = np.argsort(-np.real(values), kind="stable")
    steps = -np.diff(np.real(values)[order], prepend=np.inf if len(order) else ()) > tolerance
    rank = np.empty(len(values), dtype=int)
    rank[order] = np.cumsum(steps)
    return values[np.lexsort((-np.imag(values), rank))]


def _error(bounds: Bounds) -> float:
    return max(bounds.upper - bounds.value, bounds.value - bounds.lower)


def _rule(
    subject: Subject,
    field: FieldFlow,
    e: Equilibrium,
    rule: Rule,
    numeric: tuple[np.ndarray, np.ndarray],
    exact: sympy.MatrixBase | None,
    linear: bool,
) -> RuleAnalysis:
    jacobian, uncertainty = numeric
    in_floats = rule.with_each_lr(float)
    partition = field.numeric.partition
    with np.errstate(all="ignore"):
        size = in_floats.linearise(np.abs(jacobian), partition)
        moved = in_floats.linearise(np.abs(jacobian) + uncertainty, partition) - size
    if not np.abs(size + moved).max() < HUGE:
        raise InputError(
            f"the {rule.name} step overflows at {plain(rule.settings)}; use a smaller lr"
        )
    inserted = None
    if exact is not None:
        matrix = sympy.Matrix(exact.xreplace(dict(subject.values)))
        inserted = rule.with_each_lr(exact_number).linearise(matrix, partition)
    found = linearisation(
        "map",
        in_floats.linearise(jacobian, partition),
        8 * EPS * np.abs(size) + np.abs(moved),
        inserted,
        tangent=_tangent(e),
        linear=linear,
    )
    verdict = found.verdict if e.stationary else _no_verdict(e)
    critical, critical_exact, best, best_radius = None, None, None, None
    if e.stationary:
        critical, critical_exact, best, best_radius = _steps(
            subject, e, rule, jacobian, exact, partition
        )
    whole, across = found.spectrum.radius, found.across.radius.value
    stable = verdict.verdict == "exponentially stable"
    return RuleAnalysis(
        rule.name,
        plain(rule.settings),
        field.name,
        field.settings,
        sorted_values(found.spectrum.eigenvalues),
        whole.value,
        _error(whole),
        found.type,
        verdict,
        critical,
        critical_exact,
        best,
        best_radius,
        math.log(10) / -math.log(across) if stable and 0 < across < 1 else None,
    )


def _steps(
    subject: Subject,
    e: Equilibrium,
    rule: Rule,
    jacobian: np.ndarray,
    exact: sympy.MatrixBase | None,
    partition: Partition,
) -> tuple[Any, str | None, Any, float | None]:
    """Critical step size, its closed form, best step size and the radius there."""
    tangent = _tangent(e)
    k = 0 if tangent is None else tangent.shape[1]
    if k == len(jacobian):
        return None, None, None, None
    base = unit(rule).with_each_lr(float)
    transversal = None if tangent is None else complement(tangent)
    sizes = rule_step_sizes(base, jacobian, partition, transversal)
    critical, text = sizes.critical, None
    if exact is not None:
        found = exact_critical_step(rule, exact, partition, subject.values, k)
        if found is not None:
            critical = found.value
            text = None if found.expression is None else exact_text(found.expression)

    def times(factor: float | None) -> Any:
        return None if factor is None else each(base.lr, lambda lr: lr * factor)

    return times(critical), text, times(sizes.best), sizes.best_radius


def _conditions(subject: Subject, e: Equilibrium, zero_sum: bool) -> Conditions:
    game = subject.numeric
    assert isinstance(game, Game)
    if not (e.differentiable and e.stationary):
        verdict = _no_verdict(e)
        leaders = game.players if len(game.players) == 2 else ()
        return Conditions(verdict, verdict, verdict, {f"leader {p}": verdict for p in leaders})
    numeric, exact, error = derivatives_at(subject, e)
    return conditions(
        game.partition,
        numeric,
        exact,
        zero_sum=zero_sum,
        minimizer=game.minimizer,
        uncertainty=error,
    )


def _decomposition(subject: Subject, e: Equilibrium) -> Decomposition:
    jacobian = subject.main.evaluate(e.point[None])[1][0]
    symmetric, antisymmetric = (
        float(np.linalg.norm((jacobian + s * jacobian.T) / 2)) for s in (1, -1)
    )
    largest = 4 * EPS * max(symmetric, antisymmetric)  # what rounding leaves of a part that is zero
    symmetric, antisymmetric = (x if x > largest else 0.0 for x in (symmetric, antisymmetric))
    total = symmetric**2 + antisymmetric**2
    return Decomposition(symmetric, antisymmetric, antisymmetric**2 / total if total else 0.0)


def _no_verdict(e: Equilibrium) -> Verdict:
    if not e.differentiable:
        return Verdict("undecided", None, None, "numeric", f"the field is {NOT_DIFFERENTIABLE}")
    text = f"the point is not stationary: the field there has size {e.residual:.6g}"
    return Verdict("undecided", e.residual, None, "numeric", text)


def _no_rule(rule: Rule, field: FieldFlow, e: Equilibrium) -> RuleAnalysis:
    return RuleAnalysis(
        rule.name,
        plain(rule.settings),
        field.name,
        field.settings,
        *(None, None, None),
        NOT_DIFFERENTIABLE,
        _no_verdict(e),
        *(None, None, None, None, None),
    )
