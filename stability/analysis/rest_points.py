"""Where the fields and rules of a report rest: at the game's equilibria, and at points of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..dynamics.batch import batch_size, batched
from ..dynamics.domain import undefined
from ..dynamics.many_digits import ManyDigits
from ..equilibria.equilibrium import Equations, Equilibrium
from ..equilibria.find import describe_point, find_equilibria
from ..equilibria.search import Evaluate
from ..games.structure import adds_to_zero
from ..rules import Rule
from .at_point import Place
from .subject import FieldFlow, Subject


def field_at(subject: Subject, field: FieldFlow, e: Equilibrium) -> Equilibrium:
    """What the point of an equilibrium of the game is to one of the fields."""
    if field.numeric is subject.main or (field.keeps and e.stationary and e.differentiable):
        return e
    own = describe_point(
        field.quick.evaluate, e.point, subject.box, e.exact, field.equations, field.many_digits
    )
    return replace(own, error=max(own.error, e.error))


def with_rest_points(
    subject: Subject,
    places: Sequence[Place],
    window: np.ndarray,
    starts: int | None,
    seed: int,
) -> list[Place]:
    """The places, and those where only a field that looks beyond the gradient, or only a rule, rests.

    What searches find outside `window`, shape (d, 2), is left out.
    """
    found = list(places)
    for i, field in enumerate(subject.flows):
        if not field.keeps:
            own = _search(
                subject,
                field.quick.evaluate,
                field.equations,
                window,
                starts,
                seed,
                field.many_digits,
            )
            for e in own:
                _add(subject, found, e, i)
        for rule in subject.rules:
            if rule.rests_elsewhere and not (rule.name == "unrolled" and _opposed(subject)):
                moved = _displacement(field, rule)
                for e in _search(subject, moved, None, window, starts, seed, thorough=False):
                    _add(subject, found, e, None)
    scale = subject.box[:, 1] - subject.box[:, 0]
    return sorted(found, key=lambda place: tuple(np.round(place.main.point / scale, 9)))


def _opposed(subject: Subject) -> bool:
    """Whether a game's losses add up to a constant, so that looking ahead adds no rest points."""
    return subject.kind == "game" and adds_to_zero(subject.numeric)


def _search(
    subject: Subject,
    evaluate: Evaluate,
    equations: Equations | None,
    window: np.ndarray,
    starts: int | None,
    seed: int,
    many_digits: ManyDigits | None = None,
    thorough: bool = True,
) -> Sequence[Equilibrium]:
    starts = starts or batch_size(len(subject.variables))
    return find_equilibria(
        evaluate,
        subject.box,
        equations,
        window=window,
        starts=starts,
        seed=seed,
        thorough=thorough,
        defined=lambda x: undefined(subject.main, x) is None,
        many_digits=many_digits,
    ).found


def _displacement(field: FieldFlow, rule: Rule) -> Evaluate:
    """X ↦ how a step moves the profile, over the step size, and the derivative: zero where the rule rests."""
    flow, own = field.numeric, rule.with_each_lr(float)

    def moved(x):
        after = own.step(flow, own.init(flow, x))[0]
        return after - x

    return batched(moved, flow.dimension)


def _add(subject: Subject, found: list[Place], e: Equilibrium, field: int | None) -> None:
    scale = subject.box[:, 1] - subject.box[:, 0]
    near = 1e-6 * scale + 10 * e.error
    if any((np.abs(place.main.point - e.point) <= near).all() for place in found):
        return
    equations = subject.equations
    main = describe_point(
        subject.main.evaluate, e.point, subject.box, e.exact, equations, subject.many_digits
    )
    main = replace(main, exact=e.exact, error=e.error)
    fields = [field_at(subject, own, main) for own in subject.flows]
    if field is not None:
        fields[field] = e
    found.append(Place(main, tuple(fields)))
