"""Limit cycles of flows: followed until they recur, then polished and judged by their Floquet multipliers."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from ..dynamics.angles import circle_lengths, nearest
from ..dynamics.flow import Flow
from ..dynamics.integrate import integrate
from ..dynamics.level import on_level
from ..dynamics.trajectory import Outcome, Trajectory
from ..errors import InputError
from .polygons import distances, extent
from .shooting import NEUTRAL, ClosedOrbit, Turn, closed_orbit
from .value import Cycle

_CROSSINGS = 20.0  # how often a start would cross the box meanwhile, at its first speed
_ENLARGED = 1.0  # box widths that an orbit may go beyond the box
_RTOL, _ATOL = 1e-8, 1e-10
_MAX_STEPS = 20_000
_NEAR = 0.25  # of the orbit's extent: what may be a return
_SMALL = 1e-3  # of the box: orbits smaller than that are no cycles but the approach to a point
_LONGER = (1, 4, 16, 64)  # times the time, while a path has not recurred
_FAILURES = 3  # turns that lead to no new limit cycle, before the search ends: a centre has many
_FINER = 4  # points of a cycle for one of a path
_MOST = 50  # dimensions in which cycles are looked for
_SAME = 1e-3  # of the extent


def limit_cycles(
    flow: Flow,
    starts: np.ndarray | None = None,
    box: np.ndarray | None = None,
    *,
    time: float | None = None,
) -> tuple[Cycle, ...]:
    """The attracting limit cycles that paths from some starts tend to, and the repelling ones backwards.

    **Arguments:**

    - `flow`: in JAX.
    - `starts`, shape (k, d): where to begin; `box`, shape (d, 2): adds starts spread over it, and orbits that
      go far beyond it are not followed. At least one of the two is needed.
    - `time`: how long a path is followed before it has to recur; default: long enough to cross the box twenty
      times at the starts' median speed, and up to 64 times as long for paths that have not recurred.

    A path that is still moving when time is up is followed to its next return to the hyperplane across the
    field; from there Newton's method finds the closed orbit. It is a limit cycle if its Floquet multipliers
    other than the trivial one are all inside the unit circle (all outside, backwards), by more than 1e-6: the
    orbits of a centre are none, nor is the slow spiral into an equilibrium that has no linear decay. What was
    not met from a start is not found, nor are cycles that attract (or repel) by factors beyond 1e12 a turn,
    nor very stiff ones; in more than fifty dimensions nothing is looked for.

    Angles of the flow are taken modulo their periods: a rotation is a closed orbit too, whose last point is
    whole periods from its first. Cycles of a flow with conserved totals are those on their level set, and
    have the multipliers that they have there.

    Raises InputError if there are neither starts nor a box.
    """
    if starts is None and box is None:
        raise InputError("limit cycles are looked for from starts or in a box; give one of them")
    if flow.conserved:
        return _on_level(on_level(flow), starts, box, time)
    flow = flow.twin
    if not 2 <= flow.dimension <= _MOST:
        return ()
    begin = np.empty((0, flow.dimension)) if starts is None else np.asarray(starts, dtype=float)
    if box is not None:
        begin = np.concatenate([begin, _spread(np.asarray(box, dtype=float))])
    else:
        size = 3.0 * (1.0 + np.abs(begin).max())
        box = np.stack([begin.min(axis=0) - size, begin.max(axis=0) + size], axis=1)
    box = np.asarray(box, dtype=float)
    if flow.kept_in is not None:
        begin = flow.kept_in.project(begin)
    duration = time or _duration(flow, begin, box)
    found: list[Cycle] = []
    turn = Turn(flow)
    for direction in (1.0, -1.0):
        _look(flow, turn, begin, direction * duration, box, found)
    return tuple(found)


def _on_level(
    flow: Any, starts: np.ndarray | None, box: np.ndarray | None, time: float | None
) -> tuple[Cycle, ...]:
    """The cycles on the level set of what is conserved, in all variables."""
    level = flow.level
    kept = [level.variables.index(name) for name in level.kept]
    if starts is not None:
        named = [dict(zip(level.variables, map(float, x), strict=True)) for x in starts]
        lowered = [level.lower(x, "the start") for x in named]
        starts = np.array([[x[name] for name in level.kept] for x in lowered])
    box = None if box is None else np.asarray(box, dtype=float)[kept]
    found = limit_cycles(flow, starts, box, time=time)
    return tuple(replace(cycle, points=level.lift(cycle.points)) for cycle in found)


def _look(
    flow: Flow,
    turn: Turn,
    starts: np.ndarray,
    time: float,
    box: np.ndarray,
    found: list[Cycle],
) -> None:
    """Adds to the cycles that are found those that paths from the starts lead to."""
    least, lengths = _SMALL * float((box[:, 1] - box[:, 0]).min()), circle_lengths(flow)
    failures = 0
    for factor in _LONGER:
        wandering = []
        for path in _paths(flow, starts, factor * time, box):
            size = _size(_late(path), lengths)
            if size < least or _on_one(path.end, found, lengths):
                continue
            recurrence = _return(flow, path, size, lengths)
            if recurrence is None:
                wandering.append(path.end)
                continue
            cycle = _cycle(flow, turn, *recurrence, path, least)
            if cycle is None or _on_one(cycle.points[0], found, lengths):
                failures += 1
            else:
                found.append(cycle)
            if failures == _FAILURES:
                return
        if not wandering:
            return
        starts = np.stack(wandering)


def _spread(box: np.ndarray) -> np.ndarray:
    """Starts spread over a box: a small lattice off its middle, random in many dimensions."""
    if len(box) > 3:
        parts = np.random.default_rng(0).uniform(0.1, 0.9, (12, len(box)))
    else:
        levels = (0.13, 0.38, 0.61, 0.84) if len(box) == 2 else (0.23, 0.71)
        parts = np.array(list(product(levels, repeat=len(box))))
    return box[:, 0] + parts * (box[:, 1] - box[:, 0])


def _duration(flow: Flow, starts: np.ndarray, box: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        speeds = np.linalg.norm(flow.values(starts), axis=1)
    speeds = speeds[np.isfinite(speeds) & (speeds > 0)]
    size = float(np.linalg.norm(box[:, 1] - box[:, 0]))
    return _CROSSINGS * size / float(np.median(speeds)) if len(speeds) else 1.0


def _paths(flow: Flow, starts: np.ndarray, time: float, box: np.ndarray) -> list[Trajectory]:
    """The paths that neither rest nor go away."""
    widths = (box[:, 1] - box[:, 0])[:, None] * np.array([-_ENLARGED, _ENLARGED])
    sides = dict(zip(flow.variables, map(tuple, (box + widths).tolist()), strict=True))
    sides = {v: side for v, side in sides.items() if v not in flow.angles}
    paths = integrate(flow, starts, time, box=sides, rtol=_RTOL, atol=_ATOL, max_steps=_MAX_STEPS)
    assert isinstance(paths, tuple)
    return [path for path in paths if path.outcome is Outcome.FINISHED]


def _late(path: Trajectory) -> np.ndarray:
    """The points of the path's second half."""
    return path.points[np.abs(path.times) >= 0.5 * abs(path.times[-1])]


def _size(points: np.ndarray, lengths: np.ndarray) -> float:
    """The extent of points (n, d), that in angles at most a period."""
    ranges = np.ptp(points, axis=0)
    return float(np.linalg.norm(np.where(lengths > 0, np.minimum(ranges, lengths), ranges)))


def _on_one(x: np.ndarray, found: list[Cycle], lengths: np.ndarray) -> bool:
    """Whether a point is on a cycle that is known, or whole periods of angles from one."""
    turns = [(-1, 0, 1) if length else (0,) for length in lengths]
    for cycle in found:
        middle = (cycle.points.min(axis=0) + cycle.points.max(axis=0)) / 2
        own = middle + nearest(x - middle, lengths)
        copies = own + np.array(list(product(*turns))) * lengths
        if distances(copies, cycle.points).min() <= _SAME * extent(cycle.points):
            return True
    return False


def _cycle(
    flow: Flow,
    turn: Turn,
    x: np.ndarray,
    period: float,
    winding: np.ndarray,
    path: Trajectory,
    least: float,
) -> Cycle | None:
    """The limit cycle near the last turn of a path, if there is one that attracts in the path's direction."""
    end, direction = float(path.times[-1]), np.sign(path.times[-1])
    orbit = closed_orbit(
        turn, x, period, extent(path(end - direction * np.linspace(0, period, 64))), winding
    )
    if orbit is None:
        return None
    sizes = np.abs(orbit.multipliers[1:])
    attracts, repels = bool((sizes < 1 - NEUTRAL).all()), bool((sizes > 1 + NEUTRAL).all())
    if not (attracts if direction > 0 else repels):
        return None
    points = _around(flow, orbit, direction, winding)
    if points is None or extent(points) < least:
        return None
    return Cycle(points, orbit.period, orbit.multipliers, attracts)


def _return(
    flow: Flow, path: Trajectory, size: float, lengths: np.ndarray
) -> tuple[np.ndarray, float, np.ndarray] | None:
    """A point late on a path, the time after which the path returns to about there, and by which whole

    periods of angles, shape (d,), it has then gone on.

    The section is the hyperplane across the field at the path's end, looked at backwards along the path; of
    the returns that come near enough it is the first that comes as near as any.
    """
    end = path.end
    normal = flow.values(end[None])[0]
    times = path.times
    away = nearest(path.points - end, lengths)
    levels, turns = away @ normal, path.points - away
    same_way = (
        (levels[:-1] < 0) & (levels[1:] >= 0)
        if times[-1] > 0
        else (levels[:-1] > 0) & (levels[1:] <= 0)
    )
    same_way &= np.abs(np.diff(turns, axis=0)).max(axis=1) <= 1e-6 * size  # no jump by a period
    crossed = np.flatnonzero(same_way[:-1])[::-1]  # the last one is the end itself
    parts = levels[crossed] / (levels[crossed] - levels[crossed + 1])
    when = times[crossed] + parts * (times[crossed + 1] - times[crossed])
    if not len(when):
        return None
    missed = np.linalg.norm(nearest(path(when) - end, lengths), axis=1)
    near = np.flatnonzero((missed <= _NEAR * size) & (np.abs(when) >= 0.25 * abs(times[-1])))
    if not len(near):
        return None
    first = near[np.flatnonzero(missed[near] <= max(2 * missed[near].min(), 1e-2 * size))[0]]
    gone = end - path(when[first])
    winding = np.sign(times[-1]) * (gone - nearest(gone, lengths))
    return end, float(abs(times[-1] - when[first])), winding


def _around(
    flow: Flow, orbit: ClosedOrbit, direction: float, winding: np.ndarray
) -> np.ndarray | None:
    """Once around the orbit, shape (n, d), the last point the first again, up to whole periods of angles."""
    path = integrate(flow, orbit.point, direction * orbit.period, rest=None, max_steps=_MAX_STEPS)
    assert isinstance(path, Trajectory)
    if path.outcome is not Outcome.FINISHED:
        return None
    fine = np.interp(
        np.arange(_FINER * (len(path) - 1) + 1) / _FINER, np.arange(len(path)), path.times
    )
    points = path(fine[:: int(direction)])
    points[-1] = points[0] + winding
    return points
