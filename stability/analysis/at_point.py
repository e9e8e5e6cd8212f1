"""Everything that is said about one equilibrium."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy

from ..criteria.along_components import Along
from ..dynamics.many_digits import ManyDigits
from ..equilibria.equilibrium import Equilibrium
from ..equilibria.scaling import Evaluate
from ..equilibria.variational import Bounded
from ..errors import InputError, SingularError
from ..spectra.dense import Bounds
from ..spectra.exact import exact_eigenvalues, exact_text
from ..spectra.value import settled, sorted_values
from ..verdicts.conditions import Conditions
from ..verdicts.conditions_at import conditions_at
from ..verdicts.kinks import conditions_at_kink
from ..verdicts.local_stability import LocalStability, local_stability
from ..verdicts.point import GamePoint
from .at_kinks import flow_at_kink, known_at_kink
from .components import component_info, qualified
from .derivatives import EPS, jacobian_at, point_of
from .remarks import remarks
from .rules_at_point import HUGE, FieldJacobian, analyse_rule, no_verdict
from .silent import settled_flow, settled_map
from .subject import FieldFlow, Subject
from .value import Decomposition, EquilibriumAnalysis, FlowAnalysis, MapAnalysis, NoNumbers

PLAIN = ("gradient", "given")  # fields that vanish where the system rests
DISAGREE = "SymPy and JAX disagree on the Jacobian here; please report this."


@dataclass(frozen=True)
class Place:
    """A point where something rests: what it is to the game (or flow, or map), and to each of the fields.

    `along`: what holds along the set of rest points that it stands for. Where players' strategies have
    limits, `bounded` is what the point is to each field there, None to those that do not rest, and `limits`
    the same for the game's own field.
    """

    main: Equilibrium
    fields: tuple[Equilibrium, ...]
    along: Along | None = None
    bounded: tuple[Bounded | None, ...] = ()
    limits: Bounded | None = None


def analyse(subject: Subject, place: Place, zero_sum: bool | None) -> EquilibriumAnalysis:
    """The analysis of one equilibrium, or of a given point that is not one."""
    e = place.main
    exact = None
    if e.exact is not None:
        whole = subject.exactly_in_all_variables(e.exact)
        exact = {
            v: exact_text(c, subject.names)
            for v, c in zip(subject.all_variables, whole, strict=True)
        }
    found, further, flows, rules, maps, decomposition = None, (), [], [], [], None
    jacobians = []
    if subject.kind == "map":
        analysed, known = _map(subject, e)
        maps.append(analysed)
        jacobians.append(known)
    for field, own in zip(subject.flows, place.fields, strict=True):
        flow, known = analyse_flow(subject, field, own)
        flows.append(flow)
        jacobians.append(known)
        rules += [analyse_rule(subject, field, own, rule, known) for rule in subject.rules]
    notes = [DISAGREE for known in jacobians if known is not None and not known.agree]
    notes += [rule.remark for rule in subject.rules if rule.remark]
    if subject.kind == "game":
        point = point_of(subject, e, bool(zero_sum))
        found = _conditions(point)
        further = tuple(condition.at(point) for condition in subject.conditions)
        decomposition = _decomposition(subject, e) if e.differentiable else None
    return EquilibriumAnalysis(
        point=subject.named(e.point),
        exact=exact,
        residual=e.residual,
        stationary=e.stationary,
        differentiable=e.differentiable,
        isolated=_isolated(e, [*flows, *maps]),
        manifold_dimension=e.manifold_dimension,
        conditions=found,
        decomposition=decomposition,
        flows=tuple(flows),
        rules=tuple(rules),
        maps=tuple(maps),
        remarks=(*remarks(e, found, flows, rules), *dict.fromkeys(notes)),
        further=further,
        component=component_info(subject, e, place.along),
        singular=e.singular,
        piece=e.piece,
    )


def _isolated(e: Equilibrium, found: Sequence[FlowAnalysis | MapAnalysis]) -> str:
    """Whether the point is isolated, where the search could not tell but its stability does.

    No other rest point is near one that attracts, nor on a centre manifold of one dimension where the
    motion begins with a coefficient that does not vanish.
    """
    own = next((f for f in found if isinstance(f, MapAnalysis) or f.field in PLAIN), None)
    if e.isolated != "undecided" or own is None or own.stability.evidence != "exact":
        return e.isolated
    attracts = own.stability.verdict in ("exponentially stable", "asymptotically stable")
    form = own.normal_form
    moves = form is not None and form.case in ("zero", "one") and form.coefficient is not None
    settled_so = moves and own.stability.verdict != "undecided"
    return "yes" if attracts or settled_so else e.isolated


def analyse_flow(
    subject: Subject, field: FieldFlow, e: Equilibrium, settle: bool = True
) -> tuple[FlowAnalysis, FieldJacobian | None]:
    """A field's flow at a point, and its Jacobian for the rules, or None where it has none.

    Unless it is to be `settle`d, a verdict on which the linearisation is silent stays undecided.
    """
    expression = None if field.symbolic is None else field.symbolic.jacobian()
    evaluate = (field.numeric if field.numeric is subject.main else field.quick).evaluate
    if known_at_kink(e):
        return flow_at_kink(field, e), None
    try:
        if not e.differentiable:
            raise SingularError(f"the field is {NoNumbers.NOT_DIFFERENTIABLE}")
        found, known = _linearised(subject, e, evaluate, expression, "flow", field.many_digits)
    except SingularError:
        return FlowAnalysis(
            field=field.name,
            settings=field.settings,
            eigenvalues=None,
            exact_eigenvalues=None,
            spectral_abscissa=None,
            error_bound=None,
            type=NoNumbers.NOT_DIFFERENTIABLE,
            stability=no_verdict(replace(e, differentiable=False), field),
            stationary=e.stationary,
        ), None
    eigenvalues, closed, bound = _eigenvalues(subject, known.exact, found, found.spectrum.abscissa)
    verdict, form, near = found.verdict, None, None
    if not e.stationary:
        verdict = no_verdict(e, field)
    elif settle:
        verdict, form, near = settled_flow(field, e, found)
    flow = FlowAnalysis(
        field=field.name,
        settings=field.settings,
        eigenvalues=eigenvalues,
        exact_eigenvalues=closed,
        spectral_abscissa=float(np.real(eigenvalues).max()),
        error_bound=bound,
        type=found.type,
        stability=qualified(e, verdict),
        stationary=e.stationary,
        normal_form=form,
        born=near,
    )
    return flow, known


def _map(subject: Subject, e: Equilibrium) -> tuple[MapAnalysis, FieldJacobian | None]:
    if not e.differentiable:
        return MapAnalysis(
            multipliers=None,
            exact_multipliers=None,
            spectral_radius=None,
            error_bound=None,
            type=NoNumbers.NOT_DIFFERENTIABLE,
            stability=no_verdict(e),
        ), None
    expression = None
    if subject.symbolic is not None:
        expression = subject.symbolic.jacobian() - sympy.eye(subject.symbolic.dimension)
    own = subject.main.evaluate
    found, known = _linearised(subject, e, own, expression, "displacement", subject.many_digits)
    multipliers, closed, bound = _eigenvalues(subject, known.exact, found, found.spectrum.radius)
    verdict, form, near = no_verdict(e), None, None
    if e.stationary:
        verdict, form, near = settled_map(subject, e, found)
    return MapAnalysis(
        multipliers=multipliers,
        exact_multipliers=closed,
        spectral_radius=float(np.abs(multipliers).max()),
        error_bound=bound,
        type=found.type,
        stability=qualified(e, verdict),
        normal_form=form,
        born=near,
    ), known


def _linearised(
    subject: Subject,
    e: Equilibrium,
    evaluate: Evaluate,
    expression: sympy.MatrixBase | None,
    kind: str,
    many_digits: ManyDigits,
) -> tuple[LocalStability, FieldJacobian]:
    """What the spectrum says, and the matrix that it is of.

    A map is searched by its displacement F(x) − x, so its matrix is that of the displacement plus one.
    """
    jacobian, uncertainty, exact, agree = jacobian_at(subject, e, evaluate, expression, many_digits)
    if not np.isfinite(jacobian).all():
        raise SingularError("the field has no Jacobian here")
    if not np.abs(jacobian).max() < HUGE:
        raise InputError(
            "the field's Jacobian overflows; use settings and parameters of moderate size"
        )
    linear = _is_linear(subject, expression)
    if kind == "displacement":
        identity = np.eye(len(jacobian))
        jacobian, uncertainty = jacobian + identity, uncertainty + EPS * identity
        exact = None if exact is None else exact + sympy.eye(len(identity))
    found = local_stability(
        "map" if kind == "displacement" else "flow",
        jacobian,
        uncertainty,
        None if exact is None else exact.xreplace(dict(subject.values)),
        tangent=e.tangent,
        linear=linear,
    )
    return found, FieldJacobian(jacobian, uncertainty, exact, linear, agree)


def _is_linear(subject: Subject, expression: sympy.MatrixBase | None) -> bool:
    if expression is None or subject.symbolic is None:
        return False
    return not expression.free_symbols & set(subject.symbolic.variables)


def _eigenvalues(
    subject: Subject, exact: sympy.MatrixBase | None, found: LocalStability, bounds: Bounds
) -> tuple[np.ndarray, tuple[str, ...] | None, float]:
    """The eigenvalues, from their closed forms where there are any; these as text; an error bound."""
    closed = None if exact is None else exact_eigenvalues(exact, subject.values)
    if closed is None:
        own = found.spectrum
        return sorted_values(settled(own.eigenvalues, own.errors)), None, bounds.error
    values = dict(subject.values)
    numeric = np.array([complex(c.xreplace(values).evalf(20)) for c in closed])
    leading = numeric[0] if bounds is found.spectrum.abscissa else numeric[np.abs(numeric).argmax()]
    return (
        numeric,
        tuple(exact_text(c, subject.names) for c in closed),
        2 * EPS * float(abs(leading)),
    )


def _conditions(point: GamePoint) -> Conditions:
    game, e = point.game, point.equilibrium
    if known_at_kink(e) and point.symbolic is not None and e.pieces is not None:
        own, put = point.symbolic, dict(point.values)
        return conditions_at_kink(
            game.players,
            [own.variables[s] for s in game.partition.slices],
            tuple(loss.xreplace(put) for loss in own.losses()),
            e.pieces.point,
            exact=e.pieces.exact,
            zero_sum=point.zero_sum,
        )
    if not (e.differentiable and e.stationary):
        verdict = no_verdict(e)
        leaders = game.players if len(game.players) == 2 else ()
        return Conditions(verdict, verdict, verdict, {f"leader {p}": verdict for p in leaders})
    return conditions_at(point)


def _decomposition(subject: Subject, e: Equilibrium) -> Decomposition:
    jacobian = subject.main.evaluate(e.point[None])[1][0]
    symmetric, antisymmetric = (
        float(np.linalg.norm((jacobian + s * jacobian.T) / 2)) for s in (1, -1)
    )
    largest = 4 * EPS * max(symmetric, antisymmetric)  # what rounding leaves of a part that is zero
    symmetric, antisymmetric = (x if x > largest else 0.0 for x in (symmetric, antisymmetric))
    total = symmetric**2 + antisymmetric**2
    return Decomposition(symmetric, antisymmetric, antisymmetric**2 / total if total else 0.0)
