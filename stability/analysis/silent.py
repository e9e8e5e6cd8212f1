"""Rest points where the linearisation is silent: the nonlinear system goes to the normal forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import sympy

from ..dynamics.flow import Flow, SymbolicFlow
from ..dynamics.map import Map, SymbolicMap
from ..dynamics.symbols import exact as exact_number
from ..dynamics.traced_formulas import traced_formulas
from ..dynamics.vectors import stack
from ..equilibria.components import Component
from ..equilibria.equilibrium import Equilibrium
from ..equilibria.recognise import recognise
from ..errors import InputError
from ..games.symbolic import SymbolicGame
from ..normal_forms.across import across
from ..normal_forms.born import Born, born, within_reach
from ..normal_forms.centre import Kind
from ..normal_forms.near_rest import Formulas, NearRest
from ..normal_forms.settle import settle
from ..normal_forms.value import NormalForm
from ..rules import Rule
from ..time_limits import in_time
from ..verdicts.local_stability import LocalStability
from ..verdicts.point import LARGEST_EXACT
from ..verdicts.verdict import Verdict
from .subject import FieldFlow, Subject

_SECONDS = 3.0  # to write a step down in SymPy
_ROUNDING = 1e-13  # a coefficient below it is not seen in what JAX computes
_AGREEMENT = 1e-6  # of coefficients, where constants are nudged by their rounding


Settled = tuple[Verdict, NormalForm | None, Born | None]


def settled_flow(field: FieldFlow, e: Equilibrium, found: LocalStability) -> Settled:
    """The verdict on a flow at its rest point `e`; the normal form, where that was needed; what is born."""
    traced = field.symbolic is None
    beside = _across(found, e, lambda own, component: (_near_flow(field, own), component))
    if beside is not None or _out_of_reach(e, traced):
        return beside or (found.verdict, None, None)
    leading = found.spectrum.eigenvalues[0]
    return _settled(
        "flow", found, leading, traced, lambda nudged: _near_flow(*_with_formulas(field, e, nudged))
    )


def settled_map(subject: Subject, e: Equilibrium, found: LocalStability) -> Settled:
    """The same of the map that the subject is."""
    traced = subject.symbolic is None
    beside = _across(found, e, lambda own, component: (_near_map(subject, own, False), component))
    if beside is not None or _out_of_reach(e, traced):
        return beside or (found.verdict, None, None)
    return _settled(
        "map", found, _largest(found), traced, lambda nudged: _near_map(subject, e, nudged)
    )


def settled_rule(field: FieldFlow, e: Equilibrium, rule: Rule, found: LocalStability) -> Settled:
    """The same of a rule's steps along a field at a rest point `e` of both."""
    traced = field.symbolic is None
    beside = _across(found, e, lambda own, component: _near_rule_on(field, own, rule, component))
    if beside is not None:
        return _of_profile(beside, found, len(e.point))
    if _out_of_reach(e, traced):
        return found.verdict, None, None
    settled = _settled(
        "map",
        found,
        _largest(found),
        traced,
        lambda nudged: _near_rule(*_with_formulas(field, e, nudged), rule),
    )
    return _of_profile(settled, found, len(e.point))


def _across(
    found: LocalStability,
    e: Equilibrium,
    near: Callable[[Equilibrium, Component], tuple[NearRest, Component | None]],
) -> Settled | None:
    """The same beside a set of rest points that is known exactly; None where that does not decide.

    `near` makes the system at a point of the set, and the set in its variables.
    """
    own = e.end
    if own is None and e.component is not None and e.exact is not None and e.singular is None:
        own = e.component, e.exact
    if own is None or found.verdict.verdict != "undecided":
        return None
    component, point = own
    system, lifted = near(replace(e, exact=point), component)
    form = None if lifted is None else across(system, lifted)
    if form is None:
        return None
    told = replace(
        found.verdict,
        verdict=form.verdict,
        margin=0.0,
        evidence=form.evidence,
        because=form.because,
    )
    return told, form, None


def _of_profile(settled: Settled, found: LocalStability, d: int) -> Settled:
    """With distances of the profile, the first d numbers of a rule's state, not of the whole state."""
    verdict, form, around = settled
    vectors = found.spectrum.eigenvectors
    if len(vectors) == d or (around is None and (form is None or form.law is None)):
        return settled
    own = vectors[:, int(np.argmax(np.abs(found.spectrum.eigenvalues)))]
    share = float(np.linalg.norm(own[:d]) / np.linalg.norm(own))
    if around is not None:
        return verdict, form, replace(around, radius=around.radius * share)
    assert form is not None
    assert form.law is not None
    law = replace(form.law, constant=form.law.constant * share)
    because = form.because.replace(form.law.text("n"), law.text("n"))
    return replace(verdict, because=because), replace(form, law=law, because=because), None


def _out_of_reach(e: Equilibrium, traced: bool) -> bool:
    """Whether a point where a set of equilibria is no manifold has coordinates too long to compute with.

    Its neutral eigenvalues are then known to the last digits only, which no normal form can do with.
    """
    return e.singular is not None and e.exact is None and not traced


def _largest(found: LocalStability) -> complex:
    values = found.spectrum.eigenvalues
    return values[int(np.argmax(np.abs(values)))]


def _settled(
    kind: Kind,
    found: LocalStability,
    leading: complex,
    traced: bool,
    near: Callable[[bool], NearRest],
) -> Settled:
    """`near` makes the system; if its formulas are `traced`, on demand with nudged constants."""
    verdict = found.verdict
    if not found.silent:
        alone = found.across is found.spectrum  # no manifold of equilibria
        decided = alone and verdict.verdict in ("exponentially stable", "unstable")
        if not decided or traced or not within_reach(kind, complex(leading)):
            return verdict, None, None
        system = near(False)
        return verdict, None, None if system.formulas is None else born(system)
    system = near(False)
    form = settle(system)
    if traced:
        form = _beyond_rounding(form, system, near)
    evidence = form.evidence if form.verdict != "undecided" else verdict.evidence
    told = replace(verdict, verdict=form.verdict, evidence=evidence, because=form.because)
    return told, form, None


def _beyond_rounding(
    form: NormalForm, system: NearRest, near: Callable[[bool], NearRest]
) -> NormalForm:
    """What formulas with the constants as written say, if it does not hang on their last digits.

    Else what floating point says, which is undecided, but has the coefficient with its error.
    """
    form = replace(form, evidence="numeric")
    if system.formulas is None:
        return form
    rounded = replace(system, formulas=None)
    if form.verdict == "undecided":
        other = settle(rounded)
        return other if other.coefficient is not None else form
    if form.coefficient is not None and abs(form.coefficient) <= _ROUNDING:
        return settle(rounded)
    other = near(True).formulas
    if other == system.formulas:  # all constants are short
        return form
    again = None if other is None else settle(replace(system, formulas=other))
    if again is not None and (again.verdict, again.case, again.order) == (
        form.verdict, form.case, form.order
    ):  # fmt: skip
        one, two = form.coefficient, again.coefficient
        if one is None or two is None or abs(one - two) <= _AGREEMENT * abs(one):
            return form
    return settle(rounded)


def _with_formulas(field: FieldFlow, e: Equilibrium, nudged: bool) -> tuple[FieldFlow, Equilibrium]:
    """A field in JAX alone with the formulas that it computes, and the point exactly if recognised."""
    own = field.numeric
    if field.symbolic is not None or own.dimension > LARGEST_EXACT:
        return field, e
    symbolic = own.kept(
        "traced", nudged, lambda: in_time(_SECONDS, lambda: _traced(own, nudged), None)
    )
    if symbolic is None:
        return field, e
    exact = recognise(e.point, e.error, list(symbolic.expressions), symbolic.variables, {})
    return replace(field, symbolic=symbolic), replace(e, exact=exact)


def _traced(flow: Flow, nudged: bool) -> SymbolicFlow | None:
    """The flow in SymPy, from the losses of its game if it has one: their derivatives trace less well."""
    variables = tuple(sympy.Symbol(name, real=True) for name in flow.variables)
    game = flow.game
    expressions = traced_formulas(flow.function if game is None else game.losses, variables, nudged)
    if expressions is None:
        return None
    if game is None:
        return SymbolicFlow(
            dict(zip(variables, expressions, strict=True)), partition=flow.partition
        )
    owned = (variables[part] for part in game.partition.slices)
    losses = zip(game.players, owned, expressions, strict=True)
    symbolic = SymbolicGame(
        {player: (own, loss) for player, own, loss in losses}, minimizer=game.minimizer
    )
    return flow.field.flow(symbolic)


def _near_flow(field: FieldFlow, e: Equilibrium) -> NearRest:
    formulas = None
    if field.formulas is not None and e.exact is not None:
        own = field.formulas
        formulas = Formulas(own.variables, tuple(own.expressions), _at(e.exact, field.values))
    names = tuple(field.numeric.variables)
    return NearRest("flow", names, field.numeric.function, e.point, e.error, formulas)


def _near_map(subject: Subject, e: Equilibrium, nudged: bool) -> NearRest:
    own, exact, values = subject.symbolic, e.exact, subject.values
    wound = _wound(subject, e)
    if own is None and subject.main.dimension <= LARGEST_EXACT:
        own = in_time(_SECONDS, lambda: _traced_map(subject.main, nudged), None)
        if own is not None:
            moved = list(own.expressions - own.profile - wound)
            exact = recognise(e.point, e.error, moved, own.variables, {})
    formulas = None
    if own is not None and exact is not None:
        formulas = Formulas(own.variables, _at(own.expressions - wound, values), _at(exact, values))
    function = subject.main.function
    if not wound.is_zero_matrix:
        periods = np.array(wound.evalf(20).tolist(), dtype=float)[:, 0]
        function = lambda x: subject.main.function(x) - periods  # noqa: E731
    return NearRest("map", subject.variables, function, e.point, e.error, formulas)


def _wound(subject: Subject, e: Equilibrium) -> sympy.MatrixBase:
    """The whole periods, shape (d, 1), that a step takes a fixed point on by; 0 where nothing is an angle."""
    if subject.circles is None:
        return sympy.zeros(len(subject.variables), 1)
    change = subject.main.values(e.point[None])[0] - e.point
    return sympy.Matrix(subject.circles.winding(change))


def _traced_map(own: Map, nudged: bool) -> SymbolicMap | None:
    variables = tuple(sympy.Symbol(name, real=True) for name in own.variables)
    expressions = traced_formulas(own.function, variables, nudged)
    return (
        None if expressions is None else SymbolicMap(dict(zip(variables, expressions, strict=True)))
    )


def _near_rule(field: FieldFlow, e: Equilibrium, rule: Rule) -> NearRest:
    own = rule.with_each_lr(float)
    formulas = None
    if field.symbolic is not None and e.exact is not None:
        formulas = in_time(
            _SECONDS, lambda: _formulas_of_rule(field, e, rule.with_each_lr(exact_number)), None
        )
    start = stack([np.asarray(v) for v in own.init(field.numeric, e.point)])
    inverse = rule.is_inverse_of_a_formula
    stepped = field.numeric.stepped(own.init, own.backwards if inverse else own.step)
    names = tuple(stepped.variables)
    return NearRest("map", names, stepped.function, start, e.error, formulas, inverse)


def _near_rule_on(
    field: FieldFlow, e: Equilibrium, rule: Rule, own: Component
) -> tuple[NearRest, Component | None]:
    """The steps at a point of a set of rest points, and this set in the space of the rule's states."""
    near, flow = _near_rule(field, e, rule), field.formulas
    if near.formulas is None or flow is None:
        return near, None
    exactly = rule.with_each_lr(exact_number)
    coordinates = [own.numbers.get(v, v) for v in own.variables]
    start = stack(exactly.init(flow, sympy.Matrix(coordinates)))
    memory = list(zip(near.formulas.variables, start, strict=True))[len(coordinates) :]
    lifted = replace(own, variables=near.formulas.variables, solved={**own.solved, **dict(memory)})
    return near, lifted


def _formulas_of_rule(field: FieldFlow, e: Equilibrium, rule: Rule) -> Formulas | None:
    """The step, or the step backwards where that is what has a formula; None where neither has one."""
    flow, values = field.symbolic, field.values
    assert isinstance(flow, SymbolicFlow)
    assert e.exact is not None
    start = stack(rule.init(flow, sympy.Matrix(e.exact)))
    try:
        move = rule.backwards if rule.is_inverse_of_a_formula else rule.step
        own = flow.stepped(rule.init, move)
    except InputError:
        return None
    return Formulas(own.variables, _at(own.expressions, values), _at(start, values))


def _at(
    expressions: sympy.MatrixBase | tuple[sympy.Expr, ...],
    values: Mapping[sympy.Symbol, sympy.Expr],
) -> tuple[sympy.Expr, ...]:
    put = dict(values)
    return tuple(expression.xreplace(put) for expression in expressions)
