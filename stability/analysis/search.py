"""The points that a view is about: given by their coordinates, or searched for, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dynamics.batch import batch_size
from ..dynamics.domain import check_defined, undefined
from ..equilibria.equilibrium import Equilibrium
from ..equilibria.find import Equilibria, describe_point, find_equilibria
from ..equilibria.newton import polish
from ..equilibria.scaling import scaled_field
from ..equilibria.search import LINEAR
from ..equilibria.window import in_window, whole
from ..errors import InputError
from .at_point import Place
from .components import along_component, with_ends
from .rest_points import field_at, with_rest_points
from .subject import Subject, check_written, constants
from .value import GIVEN_POINT, SearchInfo

MOST = 256  # equilibria that are analysed
_SAMPLES = 64  # points of the box at which a loss is asked whether it is real anywhere
COPIED = (
    1e-5  # how far, relatively, a point may be from the equilibrium that a report printed it for
)


@dataclass(frozen=True)
class RestPoints:
    """Where a system rests, or the points that were given, with how they were found and warnings."""

    places: tuple[Place, ...]
    search: SearchInfo
    warnings: tuple[str, ...]


def find_rest_points(
    subject: Subject,
    at: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None,
    starts: int | None,
    seed: int,
    elsewhere: bool,
    everywhere: bool = False,
) -> RestPoints:
    """The points to analyse; see `Study.rest_points`, which remembers them."""
    if starts is not None and starts < 1:
        raise InputError(f"a search needs at least one start, not {starts}")
    if seed < 0:
        raise InputError(f"a seed is not negative, unlike {seed}")
    window = whole(subject.window) if everywhere else subject.window
    found = _search(subject, window, starts, seed) if at is None else _given(subject, at, seed)
    kept, warnings, hidden = found.found, list(found.warnings), found.outside
    if len(kept) > MOST and at is None:
        inside = [e for e in kept if in_window(e, window, subject.box)]
        hidden += len(kept) - len(inside)
        kept = _innermost(inside, found.box)
        warnings.append(
            f"{len(inside)} equilibria were found, of which the {MOST} nearest to the middle of the box "
            "are analysed; for others give a smaller box, or a point"
        )
    alongs = [(e, along_component(subject, e)) for e in kept]
    known = with_ends(subject, alongs) if at is None else alongs
    places = [
        Place(e, tuple(field_at(subject, field, e) for field in subject.flows), own)
        for e, own in known
    ]
    if at is None:
        if elsewhere:
            places = with_rest_points(subject, places, window, starts, seed)
        there = [place for place in places if in_window(place.main, window, subject.box)]
        hidden += len(places) - len(there)
        places = there
        if not places and _nowhere_real(subject):
            warnings.append(
                f"the field or a loss is not a real number at any of the {_SAMPLES} points of the box that "
                "were tried; look at the arguments of logarithms and roots"
            )
        elif found.method == LINEAR and places:
            warnings.append(
                "the field was taken for linear, for its Jacobian is the same wherever it was looked at; one "
                "that is linear only there may rest elsewhere too"
            )
        elif not found.exhaustive:
            warnings.append(
                "the equilibria come from a multi-start search, which proves nothing about completeness"
                if places
                else "no equilibrium was found in the box; one may have been missed, at a kink for example "
                "(look at a point of your choice), or lie outside (give a larger box)"
            )
    if subject.symbolic is None:
        for place in places:
            _check_derivatives(subject, place.main.point)
    box = dict(zip(subject.variables, map(tuple, found.box.tolist()), strict=True))
    search = SearchInfo(
        method=found.method,
        starts=found.starts,
        seed=found.seed,
        box=box,
        exhaustive=found.exhaustive,
        hidden=hidden,
        rounds=found.rounds,
        budget=found.budget,
    )
    return RestPoints(tuple(places), search, tuple(warnings))


def _innermost(found: Sequence[Equilibrium], box: np.ndarray) -> list[Equilibrium]:
    """The `MOST` equilibria nearest to the middle of the box, in the order in which they were."""
    middle, width = box.mean(axis=1), box[:, 1] - box[:, 0]
    away = [float(np.linalg.norm((e.point - middle) / width)) for e in found]
    return [found[i] for i in sorted(np.argsort(away, kind="stable")[:MOST])]


def _check_derivatives(subject: Subject, x: np.ndarray) -> None:
    """Raises InputError where JAX gives a loss or a field other derivatives at x than it has there."""
    subject.numeric.check_derivatives(x)
    for field in subject.flows:
        if subject.kind == "game":
            check_written(field.numeric, x)


def _nowhere_real(subject: Subject) -> bool:
    low, high = subject.box.T
    points = np.random.default_rng(0).uniform(low, high, (_SAMPLES, len(low)))
    return not np.isfinite(subject.main.evaluate(points)[0]).all(axis=1).any()


def _search(subject: Subject, window: np.ndarray, starts: int | None, seed: int) -> Equilibria:
    """The search for where the subject's own field rests, made once for a system in JAX and the arguments."""
    start = subject.numeric.start
    first = None if start is None else np.asarray(start, dtype=float)

    def search() -> Equilibria:
        return find_equilibria(
            subject.main.evaluate,
            subject.box,
            subject.equations,
            window=window,
            special=[] if first is None else [first],
            starts=starts or batch_size(len(subject.variables)),
            seed=seed,
            defined=lambda x: undefined(subject.main, x) is None,
            many_digits=subject.many_digits,
            circles=subject.circles,
        )

    equations = subject.equations
    known = None if equations is None else (equations.variables, *equations.values)
    key = subject.box, window, first, known, starts, seed
    return subject.main.kept("equilibria", key, search)


def _given(subject: Subject, at: Any, seed: int) -> Equilibria:
    points = [at] if isinstance(at, Mapping) else list(at)
    found, warnings = [], []
    for point in points:
        exact, x = subject.point(point)
        moved = None if subject.level is None else subject.level.projected(constants(point))
        if moved is not None:
            warnings.append(moved)
        check_defined(subject.numeric, x)
        given = describe_point(
            subject.main.evaluate, x, subject.box, exact, subject.equations, subject.many_digits
        )
        found.append(_meant(subject, given))
    return Equilibria(tuple(found), GIVEN_POINT, 0, seed, subject.box, False, tuple(warnings))


def _meant(subject: Subject, given: Equilibrium) -> Equilibrium:
    """The equilibrium that a given point is but for the digits left out when it was copied, or the point."""
    if given.stationary or not given.differentiable:
        return given
    evaluate, box, x = subject.main.evaluate, subject.box, given.point
    (near,) = polish(scaled_field(evaluate, box), x[None])
    rounding = 1e-9 * (box[:, 1] - box[:, 0])
    if (np.abs(near - x) > COPIED * np.abs(x) + rounding).any():
        return given
    found = describe_point(evaluate, near, box, None, subject.equations, subject.many_digits)
    return found if found.stationary else given
