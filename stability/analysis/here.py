"""One field at one place, as every view looks at it: on the face of the players' sets that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..equilibria.equilibrium import Equilibrium
from ..rules import Rule
from .at_point import Place, analyse_flow
from .bounded import (
    OnFace,
    flow_on_sets,
    moving_flow,
    rule_elsewhere,
    rule_on_face,
    rule_on_sets,
)
from .rules_at_point import FieldJacobian, analyse_rule, as_it_acts
from .subject import FieldFlow, Subject
from .value import FlowAnalysis, RuleAnalysis


@dataclass(frozen=True, eq=False)
class Here:
    """A field at a place, and its linearisation there.

    - `e`: what the point is to the field, `subject` and `field` the system that it is a point of: the whole
      one, or where the field rests on the players' sets that on a face, in the face's coordinates.
    - `flow`: what is said of the field's flow; `known`: its Jacobian for the rules, None where there is none.
    - `point`: in all the variables, shape (d,).
    - `rest`: the rest point on the sets; None in a game without, and where the field does not rest.
    """

    subject: Subject
    field: FieldFlow
    e: Equilibrium
    flow: FlowAnalysis
    known: FieldJacobian | None
    point: np.ndarray
    rest: OnFace | None = None

    @property
    def is_corner(self) -> bool:
        """Whether no coordinate is free, so that paths and steps end here and nothing is linearised."""
        return self.rest is not None and not self.rest.bounded.face.dimension

    def rule(self, rule: Rule, **options: Any) -> RuleAnalysis:
        """What is said of a rule here; the options are those of `analyse_rule`."""
        if self.rest is not None:
            return rule_on_sets(self.rest, rule, **options)
        if self.subject.sets:
            return rule_elsewhere(self.subject, self.field, self.e, rule, **options)
        return analyse_rule(self.subject, self.field, self.e, rule, self.known, **options)

    def acting(self, rule: Rule) -> Rule | RuleAnalysis:
        """The rule as it acts near the point, in the coordinates of `e`, or what to say where it does not."""
        if self.rest is not None:
            found = rule_on_face(self.rest, rule)
            if isinstance(found, RuleAnalysis):
                return found
            rule = found
        return as_it_acts(self.field, self.e, rule, self.known)

    def lift(self, points: np.ndarray) -> np.ndarray:
        """Points in the coordinates of `e`, shape (n, k), in all the variables, shape (n, d)."""
        if self.rest is None:
            return points
        bounded = self.rest.bounded
        if bounded.chart is None:
            return bounded.face.lift(points)
        return bounded.chart.lift_points(points)

    def lower(self, points: np.ndarray) -> np.ndarray:
        """The coordinates, shape (n, k), of points (n, d), or of the points of the face nearest to them."""
        if self.rest is None:
            return points
        bounded = self.rest.bounded
        if bounded.chart is None:
            return (points - bounded.face.offset) @ bounded.face.inverse.T
        return bounded.chart.lower_points(points)


def here(subject: Subject, place: Place, i: int = 0, settle: bool = True) -> Here:
    """The subject's field number i at a place.

    Unless it is to be `settle`d, a verdict on which the linearisation is silent stays undecided.
    """
    field, own = subject.flows[i], place.fields[i]
    bounded = place.bounded[i] if place.bounded else None
    if bounded is None:
        flow, known = moving_flow(field, own), None
        if not subject.sets:
            flow, known = analyse_flow(subject, field, own, settle)
        return Here(subject, field, own, flow, known, own.point)
    rest = flow_on_sets(subject, field, bounded, settle)
    return Here(
        rest.subject, rest.field, bounded.on_face, rest.flow, rest.known, bounded.x, rest
    )  # fmt: skip
