"""Rest points that are neutral, with the reason: an invariant, a symmetry, or the twist theorem."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import sympy

from ..documents.formulas import readable
from ..documents.numbers import number
from ..equilibria.exact import number_is_zero
from ..spectra.exact import exact_text
from ..time_limits import in_time
from .boundary import Boundary, boundary
from .conserved import conserved_by_flow, conserved_by_map
from .degenerate import orbits_turn
from .extremum import holding
from .generators import Generators, NotCovered
from .integrating_factor import (
    has_no_divergence,
    integrating_factor,
    potential,
    rests_on_a_pair,
)
from .near_rest import Formulas, NearRest
from .quotients import DirectionField
from .reversing import reversing_reflection, reversing_without_pair
from .smaller import smaller
from .smooth import smooth_near
from .twist import twist
from .value import NormalForm

_SECONDS, _SECONDS_IN_ALL = 1.0, 3.0  # for one kind of reason
_STAY = "stay close and come no closer"
_EXTREMUM = f"which has a strict extremum here: orbits {_STAY}"


def neutral(near: NearRest) -> NormalForm | None:
    """Why a rest point is stable without attracting, proved in exact arithmetic; None if no reason is found.

    None also where there are no formulas, where an eigenvalue grows, or where all are strictly stable.
    """
    formulas = None if near.formulas is None else smooth_near(near.formulas)
    if formulas is None:
        return None
    return in_time(_SECONDS_IN_ALL, lambda: _reasoned(near, formulas), None)


def _reasoned(near: NearRest, formulas: Formulas) -> NormalForm | None:
    split = boundary(formulas, near.kind, near.inverse)
    if split is None:
        return None
    less = in_time(
        _SECONDS, lambda: _or_none(smaller, formulas, split, near.kind, near.inverse), None
    )
    if less is not None:
        formulas, split = less, boundary(less, near.kind, near.inverse)
        assert split is not None
    planar = len(formulas.variables) == 2 == split.basis.cols  # none of the two decays
    if near.kind == "flow":
        searches = (_by_divergence, _by_invariant, _by_integrating_factor, _by_reflection)
        if not planar or split.case != "hopf":
            searches = (_by_invariant, _by_reflection) if planar else (_by_invariant,)
    else:
        searches = (_by_invariant, _by_return, _by_twist)
        searches = searches if planar and split.case == "neimark-sacker" else searches[:2]
    for search in searches:
        found = in_time(_SECONDS, lambda s=search: _or_none(s, near, formulas, split), None)
        if found is not None:
            where = "" if less is None else "without the variables that decay, "
            return replace(found, because=f"{where}{found.because}")
    return None


def _or_none(search: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return search(*arguments)
    except NotCovered:
        return None


def _by_return(near: NearRest, formulas: Formulas, split: Boundary) -> NormalForm | None:
    """A map whose second iterate is the identity; so is that of its linear part, which is seen at once."""
    square = split.jacobian**2 - sympy.eye(len(formulas.variables))
    if not all(number_is_zero(e) for e in square):
        return None
    put = dict(zip(formulas.variables, formulas.expressions, strict=True))
    twice = [e.xreplace(put) for e in formulas.expressions]
    known = Generators(formulas.variables, twice)
    if not all(known.vanishes(e - v) for e, v in zip(twice, formulas.variables, strict=True)):
        return None
    reason = "two steps lead back"
    because = f"{reason}: orbits {_STAY}"
    return NormalForm("neutral", because, split.case, evidence="exact", reason=reason)


def _by_invariant(near: NearRest, formulas: Formulas, split: Boundary) -> NormalForm | None:
    if near.kind == "map":
        conserved = conserved_by_map(formulas.variables, formulas.expressions)
    else:
        conserved = conserved_by_flow(DirectionField(formulas.variables, formulas.expressions))
    held = holding(conserved, formulas, split)
    return None if held is None else _conserved(near, split, held)


def _by_divergence(near: NearRest, formulas: Formulas, split: Boundary) -> NormalForm | None:
    if not has_no_divergence(formulas):
        return None
    function = potential(formulas.variables, *formulas.expressions)
    held = None if function is None else holding([function], formulas, split)
    if held is not None:
        return _conserved(near, split, held)
    because = f"the field has no divergence, so that a quantity is conserved, {_EXTREMUM}"
    reason = "the field has no divergence"
    return NormalForm("neutral", because, split.case, evidence="exact", reason=reason)


def _by_integrating_factor(
    near: NearRest, formulas: Formulas, split: Boundary
) -> NormalForm | None:
    field = DirectionField(formulas.variables, formulas.expressions)
    if not rests_on_a_pair(field, formulas):
        return None
    factor = integrating_factor(field, formulas)
    if factor is None:
        return None
    first, second = (factor * field.expression(n) for n in field.components)
    function = potential(formulas.variables, first, second)
    held = None if function is None else holding([function], formulas, split)
    if held is not None:
        return _conserved(near, split, held)
    text = exact_text(sympy.factor(factor), near.names)
    because = (
        f"multiplied by {readable(text, near.names)} the field has no divergence, so that a quantity is "
        f"conserved, {_EXTREMUM}"
    )
    reason = f"integrating factor {text}"
    return NormalForm("neutral", because, split.case, evidence="exact", reason=reason)


def _conserved(near: NearRest, split: Boundary, held: Sequence[sympy.Expr]) -> NormalForm:
    texts = [exact_text(v, near.names) for v in held]
    shown = [readable(t, near.names) for t in texts]
    if len(held) == 1:
        because = f"{shown[0]} is conserved and has a strict extremum here: orbits {_STAY}"
    else:
        because = (
            f"{', '.join(shown)} are conserved and together hold orbits close, which come no closer"
        )
    return NormalForm("neutral", because, split.case, evidence="exact", invariant=", ".join(texts))


def _by_reflection(near: NearRest, formulas: Formulas, split: Boundary) -> NormalForm | None:
    if split.case == "hopf":
        reflection = reversing_reflection(formulas, split.jacobian, "flow")
    elif orbits_turn(near, formulas):
        reflection = reversing_without_pair(formulas, split.jacobian)
    else:
        return None
    if reflection is None:
        return None
    point = sympy.Matrix(formulas.point)
    moved = point + reflection * (sympy.Matrix(formulas.variables) - point)
    images = ", ".join(readable(exact_text(sympy.expand(e), near.names), near.names) for e in moved)
    names = ", ".join(v.name for v in formulas.variables)
    shown = f"({names}, t) → ({images}, −t)"
    because = f"{shown} keeps the flow, so that the orbits nearby are closed: they {_STAY}"
    reason = f"reversible under {shown}"
    return NormalForm("neutral", because, split.case, evidence="exact", reason=reason)


def _by_twist(near: NearRest, formulas: Formulas, split: Boundary) -> NormalForm | None:
    found = twist(formulas, split.jacobian)
    if found is None:
        return None
    value = number(float(found.coefficient.evalf(20)))
    structure = f"is {found.structure}"
    if found.structure == "measure-preserving":
        density = readable(exact_text(sympy.factor(found.density), near.names), near.names)
        structure = f"preserves area divided by {density}"
    because = (
        f"the map {structure}, and its rotation changes with the radius (twist coefficient {value}): "
        "by the twist theorem invariant curves surround the point, and orbits stay between them"
    )
    reason = (
        f"twist theorem: the map {structure}, with twist coefficient {value} of order {found.order}"
    )
    return NormalForm("neutral", because, split.case, evidence="exact", reason=reason)
