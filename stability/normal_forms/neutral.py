"""Rest points that are neutral, with the reason: an invariant, a symmetry, or the twist theorem."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from ..documents.formulas import readable
from ..documents.numbers import number
from ..spectra.exact import exact_text
from ..time_limits import in_time
from .boundary import Boundary, boundary
from .conserved import conserved_by_flow, conserved_by_map
from .extremum import holding
from .generators import NotCovered
from .integrating_factor import integrating_factor, potential, rests_on_a_pair
from .near_rest import Formulas, NearRest
from .quotients import DirectionField
from .reversing import reversing_reflection
from .smooth import smooth_near
from .twist import twist
from .value import NormalForm

_SECONDS = 1.5  # for each kind of reason
_STAY = "orbits stay close and come no closer"


def neutral(near: NearRest) -> NormalForm | None:
    """Why a rest point is stable without attracting, proved in exact arithmetic; None if no reason is found.

    None also where there are no formulas, where an eigenvalue grows, or where all are strictly stable.
    """
    if near.formulas is None:
        return None
    formulas = smooth_near(near.formulas)
    if formulas is None:
        return None
    split = in_time(_SECONDS, lambda: boundary(formulas, near.kind, near.inverse), None)
    if split is None:
        return None
    searches = (_by_invariant, _by_reflection, _by_twist)
    for search in searches:
        found = in_time(
            _SECONDS, lambda search=search: _or_none(search, near, formulas, split), None
        )
        if found is not None:
            return found
    return None


def _or_none(search, near: NearRest, formulas: Formulas, split: Boundary) -> NormalForm | None:
    try:
        return search(near, formulas, split)
    except NotCovered:
        return None


def _by_invariant(near: NearRest, formulas: Formulas, split: Boundary) -> NormalForm | None:
    if near.kind == "map":
        conserved = conserved_by_map(formulas.variables, formulas.expressions)
        held = holding(conserved, formulas, split)
        return None if held is None else _conserved(near, split, held)
    field = DirectionField(formulas.variables, formulas.expressions)
    held = holding(conserved_by_flow(field), formulas, split)
    if held is not None:
        return _conserved(near, split, held)
    if len(formulas.variables) != 2 or not rests_on_a_pair(field, formulas):
        return None
    factor = integrating_factor(field, formulas)
    if factor is None:
        return None
    function = potential(field, factor)
    if function is not None:
        held = holding([function], formulas, split)
        if held is not None:
            return _conserved(near, split, held)
    text = exact_text(sympy.factor(factor), near.names)
    because = (
        f"multiplied by {readable(text, near.names)} the field has no divergence, so that a quantity is "
        "conserved, which has a strict extremum here: orbits stay close and come no closer"
    )
    return NormalForm(
        "neutral", because, split.case, evidence="exact", reason=f"integrating factor {text}"
    )


def _conserved(near: NearRest, split: Boundary, held: Sequence[sympy.Expr]) -> NormalForm:
    texts = [exact_text(v, near.names) for v in held]
    shown = [readable(t, near.names) for t in texts]
    if len(held) == 1:
        because = f"{shown[0]} is conserved and has a strict extremum here: {_STAY}"
    else:
        because = (
            f"{', '.join(shown)} are conserved and together hold orbits close, which come no closer"
        )
    return NormalForm("neutral", because, split.case, evidence="exact", invariant=", ".join(texts))


def _by_reflection(near: NearRest, formulas: Formulas, split: Boundary) -> NormalForm | None:
    if near.kind != "flow" or len(formulas.variables) != 2 or split.case != "hopf":
        return None
    reflection = reversing_reflection(formulas, split.jacobian, "flow")
    if reflection is None:
        return None
    moved = [
        p + e
        for p, e in zip(
            formulas.point,
            reflection * (sympy.Matrix(formulas.variables) - sympy.Matrix(formulas.point)),
            strict=True,
        )
    ]
    images = ", ".join(readable(exact_text(sympy.expand(e), near.names), near.names) for e in moved)
    shown = f"({', '.join(near.names)}, t) → ({images}, −t)"
    because = (
        f"the reflection {shown} keeps the flow, so that all orbits nearby are closed: "
        "they stay close and come no closer"
    )
    return NormalForm(
        "neutral", because, split.case, evidence="exact", reason=f"reversible under {shown}"
    )


def _by_twist(near: NearRest, formulas: Formulas, split: Boundary) -> NormalForm | None:
    if near.kind != "map" or len(formulas.variables) != 2 or split.case != "neimark-sacker":
        return None
    found = twist(formulas, split.jacobian)
    if found is None:
        return None
    value = number(float(found.coefficient.evalf(20)))
    because = (
        f"the map is {found.structure} and the rotation changes with the radius (twist {value}): "
        "by the twist theorem invariant curves surround the point, and orbits stay between them"
    )
    reason = (
        f"twist theorem: {found.structure}, with twist coefficient {value} of order {found.order}"
    )
    return NormalForm("neutral", because, split.case, evidence="exact", reason=reason)
