"""What is said about one rule at one equilibrium."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from ..criteria.exact_steps import ExactStep, exact_steps, unit
from ..criteria.steps import StepSizes, rule_step_sizes
from ..documents.settings import settings
from ..dynamics.partition import Partition
from ..dynamics.symbols import exact as exact_number
from ..equilibria.equilibrium import Equilibrium, across
from ..errors import InputError, NotAtRestError
from ..rules import OnFace, Rule
from ..rules.modified import logarithms, modified_jacobian
from ..rules.rule import each
from ..spectra.dense import spectrum
from ..spectra.exact import exact_text
from ..spectra.value import Spectrum, settled, sorted_values
from ..verdicts.local_stability import local_stability
from ..verdicts.verdict import Verdict
from .at_kinks import known_at_kink, rule_at_kink
from .components import qualified
from .derivatives import EPS
from .silent import settled_rule
from .subject import FieldFlow, Subject, plain
from .value import Drift, NoNumbers, RuleAnalysis

_NILPOTENT = 1e-3  # a smaller radius may be that of a multiple zero
HUGE = 1e150  # squares overflow beyond


@dataclass(frozen=True)
class _Steps:
    """The step sizes of a RuleAnalysis; all None where there are none to speak of."""

    critical_lr: Any = None
    critical_lr_exact: str | None = None
    best_lr: Any = None
    best_spectral_radius: float | None = None
    stable_lr: tuple[tuple[float, float | None], ...] | None = None
    stable_lr_exact: tuple[tuple[str | None, str | None], ...] | None = None


@dataclass(frozen=True)
class FieldJacobian:
    """A field's Jacobian at a point, or a map's.

    - `matrix`, `uncertainty` (a bound on the error of each entry), shape (d, d); `exact`: in the parameters.
    - `linear`: whether it is the same at every point; `agree`: whether both engines say the same.
    """

    matrix: np.ndarray
    uncertainty: np.ndarray
    exact: sympy.MatrixBase | None
    linear: bool
    agree: bool = True


def analyse_rule(
    subject: Subject,
    field: FieldFlow,
    e: Equilibrium,
    rule: Rule,
    known: FieldJacobian | None,
    closed_forms: bool = True,
    step_sizes: bool = True,
    settle: bool = True,
) -> RuleAnalysis:
    """A rule at a point that is `e` to its field.

    It is faster without closed forms of the critical step, and much faster without any step sizes. Unless it
    is to be `settle`d, a verdict on which the linearisation is silent stays undecided.
    """
    if known is None and known_at_kink(e) and e.stationary:
        return rule_at_kink(field, e, rule)
    near = as_it_acts(field, e, rule, known)
    if isinstance(near, RuleAnalysis):
        return near
    if known is None or not e.stationary:  # only its own map tells what it does here
        nothing = np.zeros((len(e.point), len(e.point)))
        known = FieldJacobian(nothing, nothing, None, False)
        e = replace(e, exact=None, tangent=np.zeros((len(e.point), 0)))
    matrix, uncertainty, exact = known.matrix, known.uncertainty, known.exact
    partition = field.numeric.partition
    step = near.linearise(matrix, partition)
    bound = _entry_errors(near, step, matrix, uncertainty, partition)
    if not np.abs(step).max() + bound.max() < HUGE:
        because = (
            f"the {rule.name} step overflows at {settings(plain(rule.settings))}; use a smaller lr"
        )
        return no_rule(rule, field, NoNumbers.NO_LINEARISATION, _undecided(because))
    exactly = None if exact is None else _exact_rule(rule, field, e)
    inserted = None
    if exactly is not None and exact is not None:
        number = sympy.Matrix(exact.xreplace(dict(subject.values)))
        try:
            inserted = exactly.with_each_lr(exact_number).linearise(number, partition)
            inserted = inserted.xreplace(dict(subject.values))
        except InputError:  # a step without formulas
            exactly = None
    found = local_stability(
        "map",
        step,
        bound,
        inserted,
        tangent=near.lifted(matrix, partition, e.tangent) if e.tangent.shape[1] else None,
        linear=known.linear,
    )
    steps = _Steps()
    if step_sizes:
        closed = exactly if closed_forms else None
        steps = _steps(subject, e, near, closed, matrix, exact, partition)
    whole, across = found.spectrum.radius, found.across.radius.value
    converges = found.verdict.verdict == "exponentially stable"
    verdict, form, around = found.verdict, None, None
    if settle:
        verdict, form, around = settled_rule(field, e, rule, found)
    return RuleAnalysis(
        rule=rule.name,
        settings=plain(rule.settings),
        field=field.name,
        field_settings=field.settings,
        multipliers=sorted_values(settled(found.spectrum.eigenvalues, found.spectrum.errors)),
        spectral_radius=whole.value,
        error_bound=whole.error,
        type=found.type,
        stability=qualified(e, verdict),
        **vars(steps),
        steps_per_digit=math.log(10) / -math.log(across) if converges and 0 < across < 1 else None,
        drift=_drift(near, matrix, uncertainty, partition, found.spectrum),
        normal_form=form,
        born=around,
    )


def _drift(
    rule: Rule, matrix: np.ndarray, uncertainty: np.ndarray, partition: Partition, steps: Spectrum
) -> Drift | None:
    """The flows that the steps follow; None for a rule with memory, or of which J does not tell all."""
    told = rule.sees_more_than_the_jacobian or isinstance(rule, OnFace)
    if rule.lr is None or told or len(steps.eigenvalues) > len(matrix):
        return None
    lr = rule.lr if not isinstance(rule.lr, Mapping) else 1.0
    time = float(lr)
    with np.errstate(all="ignore"):
        modified = [modified_jacobian(rule, matrix, partition, order) for order in (1, 2)]
        errors = steps.errors / (np.abs(steps.eigenvalues) * time)
    if not all(np.isfinite(own).all() for own in modified):
        return None
    flows = []
    for own in modified:
        slack = 32 * EPS * np.abs(own).max() + uncertainty.max()
        found = spectrum(own, np.full(own.shape, slack))
        flows.append(sorted_values(settled(found.eigenvalues, found.errors)))
    exact = settled(logarithms(steps.eigenvalues, time), errors)
    return Drift(time, sorted_values(exact), *flows)


def as_it_acts(
    field: FieldFlow, e: Equilibrium, rule: Rule, known: FieldJacobian | None
) -> Rule | RuleAnalysis:
    """The rule as it acts near the point, or, where it does not rest or has no derivative, what to say."""
    at_rest = e.stationary and known is not None
    e = replace(e, differentiable=e.differentiable and (known is not None or not e.stationary))
    if not at_rest and not rule.rests_elsewhere:
        kind = NoNumbers.NOT_AT_REST if e.differentiable else NoNumbers.NOT_DIFFERENTIABLE
        return no_rule(rule, field, kind, no_verdict(e, field))
    try:
        near = rule.with_each_lr(float).near(field.numeric, e.point)
        if not near.ignores_the_jacobian and not at_rest:
            return no_rule(rule, field, NoNumbers.NOT_AT_REST, no_verdict(e, field))
        d = len(e.point)
        near.linearise(np.zeros((d, d)) if known is None else known.matrix, field.numeric.partition)
    except NotAtRestError as error:
        return no_rule(rule, field, NoNumbers.NOT_AT_REST, _undecided(str(error)))
    except InputError as error:
        return no_rule(rule, field, NoNumbers.NO_LINEARISATION, _undecided(str(error)))
    return near


def no_verdict(e: Equilibrium, field: FieldFlow | None = None) -> Verdict:
    """Why there is no stability to speak of where the field does not vanish or has no derivative."""
    plain_field = field is None or field.name in ("gradient", "given")
    name = "field" if field is None or plain_field else f"{field.name} field"
    if not e.differentiable:
        return Verdict(
            "undecided", None, None, "numeric", f"the {name} is {NoNumbers.NOT_DIFFERENTIABLE}"
        )
    what = "the point is not stationary" if plain_field else f"the {name} does not rest here"
    text = f"{what}: the {name} there has size {e.residual:.6g}"
    return Verdict("undecided", e.residual, None, "numeric", text)


def _undecided(because: str) -> Verdict:
    return Verdict("undecided", None, None, "numeric", because)


def _entry_errors(
    rule: Rule, step: np.ndarray, matrix: np.ndarray, uncertainty: np.ndarray, partition: Partition
) -> np.ndarray:
    """Bounds on the errors of the linearised step's entries: rounding, and what J's own errors do to it."""
    size = np.abs(step)
    if rule.ignores_the_jacobian:
        return 64 * EPS * (size + size.max())
    with np.errstate(all="ignore"):
        try:
            most = rule.linearise(np.abs(matrix), partition)
            moved = rule.linearise(np.abs(matrix) + uncertainty, partition) - most
        except InputError:  # an inverse that |J| does not have
            most, moved = size, np.full_like(size, np.nan)
        if not _dominates(most, step) or not np.isfinite(moved).all():
            # inverses are no sums of products: see what J's errors do, in a few directions
            signs = np.sign(np.random.default_rng(0).standard_normal((8, *matrix.shape)))
            try:
                others = [rule.linearise(matrix + s * uncertainty, partition) for s in signs]
            except InputError:  # an inverse that hangs on the last digits of J
                return np.full_like(size, np.inf)
            moved = 4 * np.max([np.abs(other - step) for other in others], axis=0)
            most = size + size.max()
    return 8 * EPS * np.abs(most) + np.abs(moved)


def _dominates(most: np.ndarray, step: np.ndarray) -> bool:
    return bool(np.isfinite(most).all() and (np.abs(most) >= np.abs(step) * (1 - 1e-9)).all())


def _exact_rule(rule: Rule, field: FieldFlow, e: Equilibrium) -> Rule | None:
    """The rule at the exact point, whose linearisation SymPy can do; None if it is numeric only."""
    if field.symbolic is None or e.exact is None:
        return None
    try:
        return rule.near(field.symbolic, e.exact)
    except InputError:
        return None


def _steps(
    subject: Subject,
    e: Equilibrium,
    rule: Rule,
    exactly: Rule | None,
    jacobian: np.ndarray,
    exact: sympy.MatrixBase | None,
    partition: Partition,
) -> _Steps:
    k = e.tangent.shape[1]
    if k == len(jacobian) or rule.lr is None:
        return _Steps()
    base = unit(rule).with_each_lr(float)
    found = None
    if exact is not None and exactly is not None:
        found = exact_steps(exactly, exact, partition, subject.values, k)
    known = None if found is None or found.stable is None else _numbers(found.stable)
    sizes = rule_step_sizes(base, jacobian, partition, e.tangent, known)
    stable, texts = sizes.stable, None
    critical, text = sizes.critical, None
    if found is not None:
        critical, text = found.critical.value, _text(found.critical, subject.names)
    if found is not None and known is not None:
        stable = known
        texts = tuple(
            (_text(low, subject.names), _text(high, subject.names))
            for low, high in found.stable or ()
        )

    def times(factor: float | None) -> Any:
        return None if factor is None else each(base.lr, lambda lr: lr * factor)

    best = (None, None)
    if stable:
        radius = _without_rounding(sizes, base, jacobian, partition, e.tangent)
        best = times(sizes.best), radius
    return _Steps(times(critical), text, *best, stable, texts)


def _without_rounding(
    sizes: StepSizes, rule: Rule, jacobian: np.ndarray, partition: Partition, tangent: np.ndarray
) -> float | None:
    """The radius at the best step, 0 where that is within its error: a multiple zero is split by rounding."""
    if sizes.best is None or sizes.best_radius is None or sizes.best_radius > _NILPOTENT:
        return sizes.best_radius
    rule = rule.scaled(sizes.best)
    step = rule.linearise(jacobian, partition)
    if tangent.shape[1]:
        step = across(step, rule.lifted(jacobian, partition, tangent))
    found = spectrum(step, np.full(step.shape, 16 * EPS * max(np.abs(step).max(), 1.0)))
    return 0.0 if found.radius.lower == 0.0 else sizes.best_radius


def _numbers(
    stable: Sequence[tuple[ExactStep, ExactStep]],
) -> tuple[tuple[float, float | None], ...]:
    return tuple((low.value or 0.0, high.value) for low, high in stable)


def _text(step: ExactStep, names: tuple[str, ...]) -> str | None:
    return None if step.expression is None else exact_text(step.expression, names)


def no_rule(rule: Rule, field: FieldFlow, kind: str, verdict: Verdict) -> RuleAnalysis:
    """A rule of which there are no numbers here, and why."""
    return RuleAnalysis(
        rule=rule.name,
        settings=plain(rule.settings),
        field=field.name,
        field_settings=field.settings,
        multipliers=None,
        spectral_radius=None,
        error_bound=None,
        type=kind,
        stability=verdict,
        **vars(_Steps()),
        steps_per_digit=None,
    )
