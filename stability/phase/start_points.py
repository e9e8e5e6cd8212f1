"""Where the paths of a portrait start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..analysis.at_point import Place
from ..analysis.study import Study
from ..dynamics.domain import check_defined, undefined
from ..dynamics.points import named_start, start_vector
from ..errors import InputError
from ..games.sets import Sets

AWAY = 0.6  # of the way from the middle of the box to its corner: where a path starts by default
TRIED = 64  # points of the box, besides, of which one is to be where the losses are real
AT_REST = 1e-9  # how near to an equilibrium, relative to the box, a start is on it


def portrait_starts(
    study: Study, starts: Sequence[Any] | None, places: Sequence[Place]
) -> np.ndarray:
    """Where paths start, shape (k, d); by default not where nothing would move or a loss is not real."""
    sets = sets_of(study)
    if starts is None:
        own = study.numeric.start
        width = np.ptp(study.box, axis=1)
        at_rest = own is not None and any(
            (np.abs(study.nearest(place.main.point - own)) <= AT_REST * width).all()
            for place in places
        )
        away = study.box.mean(axis=1) + AWAY * width / 2
        away = away if sets is None else sets.project(away)
        inside = sample(study, TRIED)
        if sets is not None and sets.simplices:  # far out all may be equal, and at rest
            away, inside = inside[0], inside[1:]
        tried = [away, *inside] if own is None or at_rest else [own, away, *inside]
        first = next((x for x in tried if undefined(study.numeric, x) is None), tried[0])
        return np.asarray(first, dtype=float)[None]
    if not len(starts):
        raise InputError("say where at least one path starts, or leave the starts out")
    given = np.array([_start(study, start) for start in starts])
    for k, start in enumerate(given):
        if sets is not None:
            given[k] = start = sets.taken(start, study.variables, "the start")
        check_defined(study.numeric, start, "the start")
    return given


def _start(study: Study, start: Any) -> np.ndarray:
    """A start as it was given, in the study's variables; on the level set of what is conserved."""
    level = study.level
    if level is not None and not isinstance(start, Mapping):
        start = dict(zip(level.variables, start_vector(start, len(level.variables)), strict=True))
    if level is not None:
        start = level.lower(start, "the start")
    return named_start(start, study.variables)


def sets_of(study: Study) -> Sets | None:
    """The sets that the players of a game live in, if there are any."""
    return getattr(study.numeric, "sets", None) or None


def sample(study: Study, n: int) -> np.ndarray:
    """Points of the box, shape (n, d), and of the players' sets."""
    generator, sets = np.random.default_rng(0), sets_of(study)
    if sets is not None:
        return sets.sample(generator, n, study.box)
    return generator.uniform(study.box[:, 0], study.box[:, 1], (n, len(study.box)))
