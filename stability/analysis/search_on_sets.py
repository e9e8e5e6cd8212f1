"""The rest points of a game whose players' strategies have limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..dynamics.batch import batch_size
from ..dynamics.domain import check_defined, undefined
from ..dynamics.points import coordinates_by_name
from ..dynamics.symbols import exact as exact_number
from ..equilibria.equilibrium import Equilibrium
from ..equilibria.find import describe_point
from ..equilibria.variational import Bounded, Problem, Variational, bounded_at, find_bounded
from ..equilibria.window import in_window
from ..errors import InputError
from .at_point import Place
from .bounded import keeps_sets, whole_point
from .search import MOST, RestPoints
from .subject import FieldFlow, Subject, constants
from .value import GIVEN_POINT, SearchInfo

_SAME = 1e-8


def find_on_sets(
    subject: Subject,
    at: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None,
    starts: int | None,
    seed: int,
    elsewhere: bool,
    everywhere: bool = False,
) -> RestPoints:
    """The points to analyse, as `find_rest_points` gives them for a game without limits.

    Every field has its own rest points; `elsewhere` is about those of fields after the first.
    """
    if starts is not None and starts < 1:
        raise InputError(f"a search needs at least one start, not {starts}")
    if seed < 0:
        raise InputError(f"a seed is not negative, unlike {seed}")
    if at is not None:
        return _given(subject, at, seed)
    starts = starts or batch_size(len(subject.variables))
    fields = subject.flows if elsewhere else subject.flows[:1]
    searches = [_search(subject, field, starts, seed) for field in fields]
    points: list[np.ndarray] = []
    for search in searches:
        for b in search.found:
            if not any(_same(b.x, x) for x in points):
                points.append(b.x)
    points.sort(key=lambda x: tuple(np.round(x, 9)))
    warnings = [w for search in searches for w in search.warnings]
    if len(points) > MOST:
        warnings.append(f"{len(points)} rest points were found, of which {MOST} are analysed")
        points = points[:MOST]
    places = [_place(subject, x, searches) for x in points]
    exhaustive = all(search.exhaustive for search in searches)
    if not places:
        warnings.append("no rest point was found in the players' sets")
    elif not exhaustive and not warnings:
        warnings.append(
            "some faces were searched numerically, which proves nothing about completeness"
        )
    named = dict(zip(subject.variables, map(tuple, subject.box.tolist()), strict=True))
    hidden = 0
    if not everywhere:
        seen = [place for place in places if in_window(place.main, subject.window, subject.box)]
        hidden, places = len(places) - len(seen), seen
    starts = sum(search.starts for search in searches)
    info = SearchInfo(searches[0].method, starts, seed, named, exhaustive, hidden)
    return RestPoints(tuple(places), info, tuple(dict.fromkeys(warnings)))


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((np.abs(one - other) <= _SAME * (1 + np.abs(one))).all())


def problem_of(subject: Subject, field: FieldFlow) -> Problem:
    """A field on the players' sets as a variational inequality."""
    flow = field.numeric if field.numeric is subject.main else field.quick
    simpler = None
    if getattr(field.numeric.field, "rests_like_the_gradient", False):
        own = _gradient(subject)
        simpler = own.numeric.evaluate, own.equations
    return Problem(
        flow=field.numeric,
        symbolic=field.formulas,
        evaluate=flow.evaluate,
        sets=subject.sets,
        exact=None if field.equations is None else subject.symbolic.sets.put(dict(subject.values)),
        equations=field.equations,
        box=subject.box,
        keeps=keeps_sets(field),
        simpler=simpler,
        defined=lambda x: undefined(subject.main, x) is None,
    )


def _search(subject: Subject, field: FieldFlow, starts: int, seed: int) -> Variational:
    start = np.asarray(subject.numeric.start, dtype=float)
    return find_bounded(problem_of(subject, field), starts=starts, seed=seed, special=[start])


def _place(subject: Subject, x: np.ndarray, searches: Sequence[Variational]) -> Place:
    own: list[Bounded | None] = [
        next((b for b in search.found if _same(b.x, x)), None) for search in searches
    ]
    own += [bounded_at(problem_of(subject, field), x, None) for field in subject.flows[len(own) :]]
    return _with_fields(subject, x, own)


def _with_fields(subject: Subject, x: np.ndarray, own: Sequence[Bounded | None]) -> Place:
    known = next((b for b in own if b is not None), None)
    exact = None if known is None else known.exact
    main = own[0] if subject.flows[0].numeric is subject.main else None
    if main is None:
        main = bounded_at(problem_of(subject, _gradient(subject)), x, exact)
    symbols = () if subject.symbolic is None else subject.symbolic.variables
    resting = [None if b is None else whole_point(b, symbols) for b in own]
    fields = [
        _not_resting(subject, field, x, exact) if e is None else e
        for field, e in zip(subject.flows, resting, strict=True)
    ]
    whole = (
        whole_point(main, symbols)
        if main is not None
        else _not_resting(subject, _gradient(subject), x, exact)
    )
    return Place(whole, tuple(fields), None, tuple(own), main)


def _gradient(subject: Subject) -> FieldFlow:
    """The game's own field, whichever fields were asked for."""
    known = next((f for f in subject.flows if f.numeric is subject.main), None)
    if known is not None:
        return known
    from ..fields import Gradient

    symbolic = None if subject.symbolic is None else Gradient().flow(subject.symbolic)
    return FieldFlow("gradient", {}, subject.main, symbolic, subject.values)


def _not_resting(subject: Subject, field: FieldFlow, x: np.ndarray, exact: Any) -> Equilibrium:
    """A point of the sets at which a field does not rest."""
    evaluate = (field.numeric if field.numeric is subject.main else field.quick).evaluate
    e = describe_point(evaluate, x, subject.box, exact, None)
    v = evaluate(x[None])[0][0]
    moved = float(np.abs(subject.sets.project(x + v) - x).max())
    return replace(e, stationary=False, residual=moved, exact=exact)


def _given(subject: Subject, at: Any, seed: int) -> RestPoints:
    points = [at] if isinstance(at, Mapping) else list(at)
    places = []
    for point in points:
        named = coordinates_by_name(constants(point), subject.variables, "the point")
        exact = tuple(map(exact_number, named))
        x = np.array([float(c.evalf(20)) for c in exact])
        taken = subject.sets.taken(x, subject.variables, "the point")
        check_defined(subject.numeric, taken)
        closed = exact if np.array_equal(taken, x) else None
        own = [bounded_at(problem_of(subject, f), taken, closed) for f in subject.flows]
        places.append(_with_fields(subject, taken, own))
    named_box = dict(zip(subject.variables, map(tuple, subject.box.tolist()), strict=True))
    return RestPoints(tuple(places), SearchInfo(GIVEN_POINT, 0, seed, named_box, False), ())
