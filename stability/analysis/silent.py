"""Rest points where the linearisation is silent: the nonlinear system goes to the normal forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import sympy

from ..dynamics.flow import SymbolicFlow
from ..dynamics.map import SymbolicMap
from ..dynamics.symbols import exact as exact_number
from ..dynamics.vectors import stack
from ..equilibria.find import Equilibrium
from ..errors import InputError
from ..normal_forms.near_rest import Formulas, NearRest
from ..normal_forms.settle import settle
from ..normal_forms.value import NormalForm
from ..rules import Rule
from ..time_limits import in_time
from ..verdicts.local_stability import LocalStability
from ..verdicts.verdict import Verdict
from .subject import FieldFlow, Subject

_SECONDS = 3.0  # to write a rule's step down in SymPy


def settled_flow(
    field: FieldFlow, e: Equilibrium, found: LocalStability
) -> tuple[Verdict, NormalForm | None]:
    """The verdict on a flow at its rest point `e`, and the normal form, where that was needed."""
    return _settled(found, lambda: _near_flow(field, e))


def settled_map(
    subject: Subject, e: Equilibrium, found: LocalStability
) -> tuple[Verdict, NormalForm | None]:
    """The verdict on the map that the subject is."""
    return _settled(found, lambda: _near_map(subject, e))


def settled_rule(
    field: FieldFlow, e: Equilibrium, rule: Rule, found: LocalStability
) -> tuple[Verdict, NormalForm | None]:
    """The verdict on a rule's steps along a field at a rest point `e` of both."""
    return _settled(found, lambda: _near_rule(field, e, rule))


def _settled(
    found: LocalStability, near: Callable[[], NearRest]
) -> tuple[Verdict, NormalForm | None]:
    verdict = found.verdict
    if not found.silent:
        return verdict, None
    form = settle(near())
    if form is None:
        return verdict, None
    evidence = form.evidence if form.verdict != "undecided" else verdict.evidence
    return replace(verdict, verdict=form.verdict, evidence=evidence, because=form.because), form


def _near_flow(field: FieldFlow, e: Equilibrium) -> NearRest:
    formulas = None
    if field.formulas is not None and e.exact is not None:
        own = field.formulas
        formulas = Formulas(own.variables, tuple(own.expressions), _at(e.exact, field.values))
    names = tuple(field.numeric.variables)
    return NearRest("flow", names, field.numeric.function, e.point, e.error, formulas)


def _near_map(subject: Subject, e: Equilibrium) -> NearRest:
    formulas, values = None, subject.values
    if subject.symbolic is not None and e.exact is not None:
        own: SymbolicMap = subject.symbolic
        formulas = Formulas(own.variables, _at(own.expressions, values), _at(e.exact, values))
    return NearRest("map", subject.variables, subject.main.function, e.point, e.error, formulas)


def _near_rule(field: FieldFlow, e: Equilibrium, rule: Rule) -> NearRest:
    own = rule.with_each_lr(float)
    formulas = None
    if field.symbolic is not None and e.exact is not None:
        formulas = in_time(
            _SECONDS, lambda: _formulas_of_rule(field, e, rule.with_each_lr(exact_number)), None
        )
    start = stack([np.asarray(v) for v in own.init(field.numeric, e.point)])
    stepped = own.map(field.numeric)
    names = tuple(stepped.variables)
    inverse = formulas is not None and rule.is_inverse_of_a_formula
    return NearRest("map", names, stepped.function, start, e.error, formulas, inverse)


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
