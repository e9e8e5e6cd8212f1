"""Everything that is said about one rest point of a game whose players' strategies have limits."""

from __future__ import annotations

import numpy as np

from ..equilibria.faces import face_at
from ..equilibria.variational import Bounded
from ..spectra.exact import exact_text
from ..verdicts.on_sets import conditions_off_rest, conditions_on_sets
from ..verdicts.regret import decided_by_regret, regrets
from .at_point import Place
from .components import component_info
from .derivatives import point_of
from .here import here
from .remarks import remarks
from .subject import Subject, applies
from .value import EquilibriumAnalysis, LimitInfo


def analyse_on_sets(subject: Subject, place: Place, zero_sum: bool | None) -> EquilibriumAnalysis:
    """The analysis of a place of a game whose players' strategies have limits."""
    e = place.main
    places = [here(subject, place, i) for i in range(len(subject.flows))]
    flows = [own.flow for own in places]
    rules = [
        own.rule(rule)
        for field, own in zip(subject.flows, places, strict=True)
        for rule in subject.rules
        if applies(rule, field)
    ]
    point = point_of(subject, e, bool(zero_sum))
    main = place.limits
    found = conditions_off_rest(point) if main is None else conditions_on_sets(point, main)
    regret = regrets(point, found)
    found = decided_by_regret(found, regret)
    exact = None
    if e.exact is not None:
        exact = {
            v: exact_text(c, subject.names) for v, c in zip(subject.variables, e.exact, strict=True)
        }
    active, limits = _limits(subject, main, e.point)
    return EquilibriumAnalysis(
        point=dict(zip(subject.variables, map(float, e.point), strict=True)),
        exact=exact,
        residual=e.residual,
        stationary=e.stationary,
        differentiable=e.differentiable,
        isolated=e.isolated,
        manifold_dimension=e.manifold_dimension,
        conditions=found,
        decomposition=None,
        flows=tuple(flows),
        rules=tuple(rules),
        maps=(),
        remarks=(
            *remarks(e, found, flows, rules),
            *dict.fromkeys(r.remark for r in subject.rules if r.remark),
        ),
        further=tuple(condition.at(point) for condition in subject.conditions),
        component=component_info(subject, e, None),
        singular=e.singular,
        piece=e.piece,
        active=active,
        limits=limits,
        regret=regret,
    )


def _limits(
    subject: Subject, bounded: Bounded | None, x: np.ndarray
) -> tuple[dict[str, str], dict[str, LimitInfo]]:
    """The active limits by variable: which they are, and how strongly the field pushes against them."""
    if bounded is None:
        return face_at(subject.sets, None, x).names_of_limits(subject.variables), {}
    balls = subject.sets.balls
    named = {
        subject.variables[k] if k >= 0 else balls[-1 - k].name: limit
        for k, limit in bounded.limits.items()
    }
    active = {name: limit.kind for name, limit in named.items()}
    return active, {
        name: LimitInfo(limit.kind, limit.multiplier, limit.strict) for name, limit in named.items()
    }
