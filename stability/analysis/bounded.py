"""What is said at a rest point on the players' sets: on the face that it is pushed against, and into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy

from ..criteria.critical_cone import projected_linear_flow
from ..dynamics.flow import Flow, SymbolicFlow
from ..equilibria.components import Component
from ..equilibria.equilibrium import Equilibrium
from ..equilibria.face_chart import FaceChart
from ..equilibria.faces import Face
from ..equilibria.find import describe_point
from ..equilibria.variational import Bounded
from ..equilibria.window import whole
from ..fields.evolutionary import Replicator
from ..rules import Rule
from ..verdicts.verdict import Verdict
from .at_point import analyse_flow
from .beside_limits import on_the_side
from .face_rule import WholeStep
from .rules_at_point import FieldJacobian, analyse_rule, no_rule, no_verdict
from .subject import FieldFlow, Subject
from .value import FlowAnalysis, NoNumbers, RuleAnalysis

CORNER = "corner"  # the type of a rest point with no free coordinate
ARRIVES = "reached in finite time"


def on_face(
    subject: Subject, field: FieldFlow, face: Face, chart: FaceChart | None = None
) -> tuple[Subject, FieldFlow]:
    """The subject and one of its fields on a face, in the face's coordinates: a flow of fewer variables.

    Where the face has spheres, in those of the `chart`.
    """
    if face.whole:
        return subject, _inside(field)
    if chart is not None:
        return _in_chart(subject, field, chart)
    key = (face.held, face.exact is None)
    flow = field.numeric.kept("on a face", key, lambda: _field_on_face(subject, field, face))
    names = tuple(subject.variables[k] for k in face.free)
    box = subject.box[face.free]
    return replace(
        getattr(subject, "subject", subject),
        kind="flow", variables=names, numeric=flow.numeric, symbolic=flow.symbolic, main=flow.numeric,
        flows=(flow,), rules=subject.rules, box=box, window=subject.window[face.free], conditions=(),
    ), flow  # fmt: skip


def _field_on_face(subject: Subject, field: FieldFlow, face: Face) -> FieldFlow:
    names = tuple(subject.variables[k] for k in face.free)
    evaluate = field.numeric.evaluate if field.numeric is subject.main else field.quick.evaluate
    numeric = _flow_on_face(field.numeric, face, names)
    vars(numeric)["evaluate"] = face.evaluate(evaluate)  # what is compiled already
    symbolic = None
    if field.symbolic is not None and face.exact is not None:
        own = field.symbolic
        free = [own.variables[k] for k in face.free]
        put = dict(zip(own.variables, face.lift_exactly(free), strict=True))
        velocity = face.velocity([e.xreplace(put) for e in own.expressions])
        symbolic = SymbolicFlow(dict(zip(free, velocity, strict=True)), partition=face.partition)
    return replace(field, numeric=numeric, symbolic=symbolic)


def _inside(field: FieldFlow) -> FieldFlow:
    """The field without projections in its formulas, where no limit is near: these may hold parameters."""
    own = field.symbolic
    if own is None or own.kept_in is None:
        return field
    return replace(field, symbolic=own.kept("inside", None, lambda: own.within(None)))


def _in_chart(subject: Subject, field: FieldFlow, chart: FaceChart) -> tuple[Subject, FieldFlow]:
    def make() -> FieldFlow:
        symbolic = None
        if field.formulas is not None and chart.exact is not None:
            symbolic = chart.symbolic_flow(field.formulas)
        return replace(field, numeric=chart.flow(field.numeric), symbolic=symbolic, values={})

    key = (chart.face.held, chart.face.spheres, chart.x, chart.exact is None)
    flow = field.numeric.kept("in a face's chart", key, make)
    half = np.maximum(1.0, np.abs(chart.origin))
    box = np.stack([chart.origin - half, chart.origin + half], axis=1)
    return replace(
        getattr(subject, "subject", subject),
        kind="flow", variables=chart.names, numeric=flow.numeric, symbolic=flow.symbolic, main=flow.numeric,
        values={}, flows=(flow,), rules=subject.rules, box=box, window=whole(box), conditions=(),
    ), flow  # fmt: skip


def _flow_on_face(flow: Flow, face: Face, names: Sequence[str]) -> Flow:
    inverse, basis, offset = face.inverse, face.basis, face.offset

    def field(u: Any) -> Any:
        return inverse.astype(u.dtype) @ flow(basis.astype(u.dtype) @ u + offset.astype(u.dtype))

    return Flow(field, variables=names, partition=face.partition, name=flow.name, check=False)


@dataclass(frozen=True)
class OnFace:
    """A field's rest point on the sets, and its analysis there.

    `known`: the field's Jacobian on the face, None at a corner. `subject`, `field`: the system on the face;
    `whole`, `whole_field`: that of which it is a face.
    """

    bounded: Bounded
    subject: Subject
    field: FieldFlow
    flow: FlowAnalysis
    known: FieldJacobian | None
    whole: Subject
    whole_field: FieldFlow


def flow_on_sets(
    subject: Subject, field: FieldFlow, bounded: Bounded, settle: bool = True
) -> OnFace:
    """The field's flow at a rest point on the sets; `settle` as for `analyse_flow`."""
    face = bounded.face
    if not face.dimension:
        flow = _corner_flow(subject, field, bounded)
        return OnFace(bounded, subject, field, flow, None, subject, field)
    inner, own = on_face(subject, field, face, bounded.chart)
    e = bounded.on_face
    settle = settle and (bounded.strict or keeps_sets(field))
    flow, known = analyse_flow(inner, own, e, settle)
    bends = _bends(field, bounded)
    if not bounded.strict and not keeps_sets(field) and not bends:
        flow = replace(
            flow, stability=_into_sets(subject, bounded, known), normal_form=None, born=None
        )
    elif bends:
        silent = Verdict("undecided", None, None, "numeric", _ANSWERS_CHANGE)
        flow = replace(flow, stability=silent, normal_form=None, born=None)
    elif face.held or face.spheres:
        flow = replace(flow, stability=_beside(flow.stability, subject, face, "paths"))
    else:
        flow = _flow_inside_only(flow, field, bounded, known)
    return OnFace(bounded, inner, own, flow, known, subject, field)


_ANSWERS_CHANGE = (
    "somebody whose answer is anticipated is at a limit without a push, so that the answer, and with it the "
    "field, has no derivative here"
)


def _bends(field: FieldFlow, bounded: Bounded) -> bool:
    """Whether a field in which players anticipate projected steps has no derivative, for a projection has
    none."""
    anticipated = getattr(field.numeric.field, "anticipated", None)
    game = field.numeric.game
    if anticipated is None or not game.sets:
        return False
    with jax.enable_x64(True):
        reached = np.asarray(anticipated(game, jnp.asarray(bounded.x)))
    return game.sets.bends_at(reached)


def _flow_inside_only(
    flow: FlowAnalysis, field: FieldFlow, bounded: Bounded, known: FieldJacobian | None
) -> FlowAnalysis:
    """`_inside_only` of a flow; a replicator's is decided where the side of the sets is known."""
    form = flow.normal_form
    silent = flow.stability.verdict == "unstable" and bool(bounded.limits)
    own = isinstance(field.numeric.field, Replicator)
    if form is not None and known is not None and silent and own:
        found = on_the_side(form, bounded, known.matrix)
        if found is not None:
            verdict = replace(flow.stability, verdict=found.verdict, because=found.because)
            return replace(flow, stability=verdict, normal_form=found)
    return _inside_only(flow, bounded)


def _inside_only(found: Any, bounded: Bounded) -> Any:
    """An analysis at limits that are never crossed: who runs away by a term of higher order may do so on the
    other side of them alone."""
    if not bounded.limits or found.normal_form is None or found.stability.verdict != "unstable":
        return found
    because = (
        "the first term that decides is of higher order, and only its side in the players' sets counts: "
        f"without limits, {found.stability.because}"
    )
    verdict = replace(found.stability, verdict="undecided", because=because)
    return replace(found, stability=verdict, normal_form=None)


def keeps_sets(field: FieldFlow) -> bool:
    """Whether the flow of a field keeps the players' sets by itself, so that nothing is projected."""
    return bool(getattr(field.numeric.field, "keeps_sets", False))


def rule_on_sets(place: OnFace, rule: Rule, **options: Any) -> RuleAnalysis:
    """A rule's projected steps at a rest point on the sets; the options are those of `analyse_rule`."""
    bounded = place.bounded
    if _moves_by_itself(rule, bounded.face):
        e = whole_point(bounded)
        found = _rule_by_itself(place.whole, place.whole_field, e, rule, **options)
        return _inside_only(found, bounded)
    own = rule_on_face(place, rule)
    if isinstance(own, RuleAnalysis):
        return own
    found = analyse_rule(place.subject, place.field, bounded.on_face, own, place.known, **options)
    found = _inside_only(found, bounded) if keeps_sets(place.whole_field) else found
    return _with_zeros(found, place.whole, own, bounded.face)


def rule_on_face(place: OnFace, rule: Rule) -> Rule | RuleAnalysis:
    """A rule's projected steps near a rest point on the sets, as a rule along the field on the face.

    At a corner, and where a limit is touched without a push, there is none, but what to say.
    """
    bounded, face = place.bounded, place.bounded.face
    subject, field = place.whole, place.whole_field
    if _moves_by_itself(rule, face):
        where = face.text(subject.variables)
        because = f"{rule.name} reaches no limit, so that it has no steps on {where} alone"
        verdict = Verdict("undecided", None, None, "numeric", because)
        return no_rule(rule, field, NoNumbers.NO_LINEARISATION, verdict)
    if not bounded.strict and not keeps_sets(field):
        because = (
            f"{_touched(subject, bounded)}, and what steps do beside such a limit is not decided by a "
            "linearisation"
        )
        verdict = Verdict("undecided", None, None, "numeric", because)
        return no_rule(rule, field, NoNumbers.NO_LINEARISATION, verdict)
    if _bends(field, bounded):
        verdict = Verdict("undecided", None, None, "numeric", _ANSWERS_CHANGE)
        return no_rule(rule, field, NoNumbers.NO_LINEARISATION, verdict)
    if not face.dimension:
        return _corner_rule(subject, field, rule, bounded)
    if needs_the_whole_step(rule, face):
        chart = bounded.chart or FaceChart(face, bounded.x, bounded.exact, subject.variables)
        return WholeStep(rule, chart, field.numeric, field.formulas)
    return rule


def _moves_by_itself(rule: Rule, face: Face) -> bool:
    """Whether a rule projects nothing, so that it never reaches the limits of a face."""
    return bool(face.held) and any(own.keeps_sets for own in rule.inside)


def needs_the_whole_step(rule: Rule, face: Face) -> bool:
    """Whether a rule's projected steps near a face are not its steps along the field on the face.

    On flat faces they are for rules that combine values of the field linearly, seen at points where the
    others stay at their limits.
    """
    if face.whole:
        return any(rule.keeps_sets for rule in rule.inside) and bool(face.sets)
    if face.spheres or any(own.keeps_sets or own.anticipates for own in rule.inside):
        return True
    return bool(face.sets.simplices) and any(own.transforms_the_field for own in rule.inside)


def _with_zeros(found: RuleAnalysis, subject: Subject, rule: Rule, face: Face) -> RuleAnalysis:
    """A rule on a face, with the multiplier 0 of every active coordinate."""
    if found.multipliers is None or not (face.held or face.spheres):
        return found
    own = len(found.multipliers)
    copies = own // face.dimension if not isinstance(rule, WholeStep) else 1
    active = len(face.held) + len(face.spheres)
    zeros = np.zeros(active * max(copies, 1))
    multipliers = np.concatenate([found.multipliers, zeros])
    order = np.lexsort((-multipliers.imag, -multipliers.real))
    return replace(
        found,
        multipliers=multipliers[order],
        stability=_beside(found.stability, subject, face, "steps"),
    )


def _beside(verdict: Verdict, subject: Subject, face: Face, what: str) -> Verdict:
    """A verdict on a face, with how the face itself is reached."""
    where = face.text(subject.variables)
    long = {"paths": "finite time", "steps": "finitely many steps"}[what]
    if verdict.verdict in ("exponentially stable", "asymptotically stable", "neutral"):
        text = f"nearby {what} reach {where} in {long}, and there {verdict.because}"
    else:
        text = f"on {where} {verdict.because}"
    return replace(verdict, because=text)


def _corner_flow(subject: Subject, field: FieldFlow, bounded: Bounded) -> FlowAnalysis:
    where = bounded.face.text(subject.variables)
    push = min((limit.multiplier for limit in bounded.limits.values()), default=0.0)
    because = f"{where} is {ARRIVES}: the field pushes against every limit, the weakest push is {push:.6g}"
    evidence = "exact" if bounded.exact is not None else "numeric"
    return FlowAnalysis(
        field=field.name,
        settings=field.settings,
        eigenvalues=np.zeros(0, dtype=complex),
        exact_eigenvalues=None,
        spectral_abscissa=None,
        error_bound=None,
        type=CORNER,
        stability=Verdict("exponentially stable", None, push, evidence, because),
    )


def _corner_rule(subject: Subject, field: FieldFlow, rule: Rule, bounded: Bounded) -> RuleAnalysis:
    where = bounded.face.text(subject.variables)
    evidence = "exact" if bounded.exact is not None else "numeric"
    because = f"{where} is reached in finitely many steps, of any size"
    found = no_rule(
        rule,
        field,
        NoNumbers.NO_LINEARISATION,
        Verdict("exponentially stable", 0.0, 1.0, evidence, because),
    )
    return replace(
        found,
        multipliers=np.zeros(len(bounded.limits), dtype=complex),
        spectral_radius=0.0,
        error_bound=0.0,
        type=CORNER,
        stable_lr=((0.0, None),),
    )


def _into_sets(subject: Subject, bounded: Bounded, known: FieldJacobian | None) -> Verdict:
    """The verdict where limits are touched without a push, from the cone of critical directions."""
    touched = _touched(subject, bounded)
    if known is None or any(limit.strict == "undecided" for limit in bounded.limits.values()):
        because = f"{touched}, as far as floating point tells: which side it is on decides"
        return Verdict("undecided", None, None, "numeric", because)
    face, chart = bounded.face, bounded.chart
    slopes = face.basis
    if chart is not None:
        slopes = chart.lift_tangent(np.eye(face.dimension))
    basis, triangle = np.linalg.qr(slopes)
    matrix = triangle @ known.matrix @ np.linalg.inv(triangle)
    normals = _normals(bounded) @ basis
    found = projected_linear_flow(matrix, normals)
    word = {"stable": "exponentially stable", "unstable": "unstable", "undecided": "undecided"}
    where = f"on {face.text(subject.variables)} " if face.held or face.spheres else ""
    because = f"{where}{touched}; there {found.because}"
    margin = None if found.rate is None or found.word == "undecided" else abs(found.rate)
    return Verdict(word[found.word], found.rate, margin, "numeric", because)


def _normals(bounded: Bounded) -> np.ndarray:
    """The inward normals of the limits that are touched without a push, shape (m, d)."""
    d = len(bounded.x)
    rows = []
    for k in bounded.weak:
        row = np.zeros(d)
        if k < 0:  # a sphere
            index = bounded.face.sets.balls[-1 - k].index
            row[index] = -bounded.x[index] / np.linalg.norm(bounded.x[index])
        else:
            row[k] = -1.0 if bounded.limits[k].kind == "upper" else 1.0
        rows.append(row)
    return np.array(rows).reshape(-1, d)


def _touched(subject: Subject, bounded: Bounded) -> str:
    names = bounded.weak_names(subject.variables)
    several = len(names) > 1
    return (
        f"the limit{'s' if several else ''} of {', '.join(names)} {'are' if several else 'is'} touched "
        "without a push (complementarity is not strict)"
    )


def whole_point(bounded: Bounded, variables: Sequence[sympy.Symbol] = ()) -> Equilibrium:
    """The rest point in all the variables; as symbols these are needed for a set of rest points."""
    e, face = bounded.on_face, bounded.face
    chart = bounded.chart
    tangent = face.basis @ e.tangent if chart is None else chart.lift_tangent(e.tangent)
    if not bounded.strict:  # an end of what rests on the face
        tangent = np.zeros((len(bounded.x), 0))
    tangent = np.linalg.qr(tangent)[0] if tangent.shape[1] else tangent
    return replace(
        e,
        point=bounded.x,
        exact=bounded.exact,
        residual=bounded.residual,
        stationary=True,
        isolated=e.isolated if bounded.strict else "undecided" if e.isolated != "no" else "no",
        manifold_dimension=tangent.shape[1],
        tangent=tangent,
        component=_lifted(bounded, variables) if bounded.strict else None,
        pieces=None,
    )


def _lifted(bounded: Bounded, variables: Sequence[sympy.Symbol]) -> Component | None:
    """The set of rest points on a flat face, in all the variables; the face's limits cut it."""
    own, face = bounded.on_face.component, bounded.face
    if own is None or face.whole:
        return own
    if bounded.chart is not None or face.exact is None or not variables:
        return None
    coordinates = face.lift_exactly(own.coordinates)
    solved = {v: c for v, c in zip(variables, coordinates, strict=True) if c != v}
    return Component(tuple(variables), solved, own.values, own.equation)


def moving_flow(field: FieldFlow, e: Equilibrium) -> FlowAnalysis:
    """A field that does not rest at a point."""
    return FlowAnalysis(
        field=field.name,
        settings=field.settings,
        eigenvalues=None,
        exact_eigenvalues=None,
        spectral_abscissa=None,
        error_bound=None,
        type=NoNumbers.NOT_AT_REST,
        stability=no_verdict(e, field),
        stationary=False,
    )


def rule_elsewhere(
    subject: Subject, field: FieldFlow, e: Equilibrium, rule: Rule, **options: Any
) -> RuleAnalysis:
    """A rule at a point where its field does not rest: multiplicative weights may, wherever what is played
    pays the same."""
    if not any(own.keeps_sets for own in rule.inside):
        return no_rule(rule, field, NoNumbers.NOT_AT_REST, no_verdict(e, field))
    return _rule_by_itself(subject, field, e, rule, **options)


def _rule_by_itself(
    subject: Subject, field: FieldFlow, e: Equilibrium, rule: Rule, **options: Any
) -> RuleAnalysis:
    """A rule that projects nothing, in the planes of the simplices' sums: it reaches no limit, and what is
    pushed against one only decays."""
    exact = None if subject.symbolic is None else subject.symbolic.sets.put(dict(subject.values))
    face = Face(subject.sets, exact)
    inner, own = on_face(subject, field, face)
    there = describe_point(own.numeric.evaluate, e.point[face.free], inner.box, None, None)
    chart = FaceChart(face, e.point, None, subject.variables)
    step = WholeStep(rule, chart, field.numeric, None)
    there = replace(there, stationary=False)
    return analyse_rule(inner, own, there, step, None, **{**options, "closed_forms": False})
