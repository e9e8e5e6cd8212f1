"""Basins of attraction: where a grid of starts ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy

from ..dynamics.angles import around, circle_lengths, nearest
from ..dynamics.ensemble import Ensemble
from ..dynamics.ensemble_flows import flow_ends
from ..dynamics.ensemble_maps import iterate
from ..dynamics.flow import Flow
from ..dynamics.level import on_level
from ..dynamics.map import Map
from ..dynamics.plane import Plane
from ..dynamics.positive_settings import check_positive, check_whole
from ..dynamics.trajectory import Outcome
from ..errors import InputError, InputTypeError
from ..rules import Rule
from .attractors import (
    NEAR_POINT,
    NEAR_SET,
    Attractor,
    Neighbours,
    clusters,
    names,
    once_around,
    spread,
)
from .value import Basins

ESCAPED, UNDECIDED = -1, -2
_ROUNDS = 4  # the time is doubled so often, less one
_FAR = 1e3  # pictures away: escaped
_REST = 1e-6  # of the greatest speed: a flow's path is not followed further
_STILL = 1e-5  # what moves less than that, in parts of the picture, may be at rest
_CHAIN, _FEW = 0.03, 8  # more points of rest than that, no farther apart, are a line
_TRIED = 32  # groups that may be at rest, in one round
_FOLLOWED = 6  # moving ends whose orbits are looked at, in one round
_SAMPLES = 256  # points at which a flow's orbit is computed
_POINTS = 4096  # of an orbit, those between them too
_NUDGES = 4


def basins(
    system: Flow | Map,
    plane: Plane,
    *,
    until: float,
    shape: tuple[int, int] = (200, 200),
    attractors: Sequence[Any] = (),
    rule: Rule | None = None,
    seed: int = 0,
    progress: Callable[[float], object] | None = None,
) -> Basins:
    """To which attractor each start of a grid goes, under a flow, a map, or the steps of a rule on a flow.

    **Arguments:**

    - `system`: a flow or a map; `rule`: whose steps on a flow are followed instead of the flow.
    - `plane`: where the starts are, over its box; with a rule, the plane of the profile x.
    - `until`: the time, or the number of steps, after which a start is looked at first. Those that are
      nowhere yet are followed on, to twice, four and eight times that.
    - `shape`: how many starts along u and along w.
    - `attractors`: known ones, each of shape (d,) or (k, d): a point of rest, or the points of a closed
      curve in order. They are taken to attract.
    - `seed`: of the directions in which starts are moved away.
    - `progress`: called with the fraction that is done.

    A start belongs to an attractor if its path is there at the end, and still is after some time more. Paths
    that end elsewhere are followed to find what they are at: a point of rest (or a line of them), or a set
    that they keep coming back to, such as a cycle. Either has to attract: starts moved away from it have to
    come back, so a saddle, or an orbit of a centre, is none. What is still on its way is undecided, −2;
    what is a thousand pictures away, or has blown up, has escaped, −1. Distances are measured in parts of
    the picture. Angles of the system are taken modulo their periods, so that a rotation is a cycle. Computed
    in float64.

    Raises InputError for a rule on a map, a plane in other coordinates than those that conserved totals
    leave, a `shape` and a time that are not positive, and attractors of the wrong shape.
    """
    if rule is not None and system.kind != "flow":
        raise InputTypeError("a rule steps along a flow; a map has its own steps")
    system = _on_level(system, plane)
    motion = _Flowing(system.twin) if system.kind == "flow" and rule is None else None
    if motion is None:
        check_whole(until, "the number of steps", 1, 2**40)
        motion = _Stepping(system, rule)
    check_positive(until, "the time")
    for size in shape:
        check_whole(size, "the size of the grid", 1, 2**15)
    u, w = (
        np.linspace(low, high, size) for (low, high), size in zip(plane.box, shape, strict=True)
    )
    starts = plane.points(np.stack(np.meshgrid(u, w), axis=-1).reshape(-1, 2))
    scale, lengths = _scale(plane), circle_lengths(system)
    known = [_known(points, scale, lengths) for points in attractors]
    search = _Search(motion, scale, lengths, plane, known, np.random.default_rng(seed))
    labels = search.run(starts, until, progress)
    return Basins(
        u,
        w,
        labels.reshape(len(w), len(u)),
        names(search.attractors),
        np.array([a.points[0] for a in search.attractors]).reshape(-1, system.dimension),
    )


def _on_level(system: Any, plane: Plane) -> Any:
    """The system on the level set of what it conserves, whose coordinates the plane has to be in."""
    reduced = on_level(system)
    if len(plane.origin) != reduced.dimension:
        names = ", ".join(map(str, reduced.variables))
        raise InputError(
            f"the plane is in {len(plane.origin)} coordinates, and what is conserved leaves "
            f"{reduced.dimension}: give it in {names}"
            if reduced is not system
            else f"the plane is in {len(plane.origin)} coordinates, not in {names}"
        )
    return reduced


def _scale(plane: Plane) -> np.ndarray:
    """The picture's extent in each coordinate; in those it does not cross, the largest of the others."""
    corners = plane.points(np.stack(np.meshgrid(*plane.box), axis=-1).reshape(-1, 2))
    extent = np.ptp(corners, axis=0)
    return np.where(extent > 1e-9 * extent.max(), extent, extent.max())


def _known(points: Any, scale: np.ndarray, lengths: np.ndarray) -> Attractor:
    points = np.atleast_2d(np.asarray(points, dtype=float))
    if points.ndim != 2 or points.shape[1] != len(scale) or not np.isfinite(points).all():
        raise InputError(
            f"an attractor is given by finite points of shape (k, {len(scale)}), not {points.shape}"
        )
    return Attractor(points, scale, len(points) == 1, lengths)


class _Flowing:
    """Starts moved by a flow; their states are the points."""

    def __init__(self, flow: Flow):
        self.flow = flow

    def lifted(self, points: np.ndarray) -> np.ndarray:
        return points if self.flow.kept_in is None else self.flow.kept_in.project(points)

    def advance(self, states: np.ndarray, time: float, **options: Any) -> Ensemble:
        return flow_ends(self.flow, self.lifted(states), time, rest=_REST, **options)

    def orbits(self, states: np.ndarray, time: float) -> list[np.ndarray]:
        """The paths from here, each of shape (k, d)."""
        points = [states]
        for _ in range(_SAMPLES):
            points.append(flow_ends(self.flow, self.lifted(points[-1]), time / _SAMPLES).points)
        times = np.linspace(0, time, len(points))
        between = np.linspace(0, time, _POINTS)
        return [
            scipy.interpolate.CubicHermiteSpline(times, path, self.flow.values(path))(between)
            for path in np.stack(points, axis=1)
        ]

    def settled(self, state: np.ndarray, time: float) -> np.ndarray:
        """The state after a long time, from one that is nearly at rest."""
        return flow_ends(self.flow, self.lifted(state), 4 * time, rtol=1e-10, atol=1e-12).points[0]

    def lags(self, time: float) -> tuple[float, ...]:
        """After which times a path that has not moved is at rest; the last is a part of the given time."""
        return (time / 7,)


class _Stepping:
    """Starts moved by a map, or by a rule, whose state is the profile and what it remembers."""

    def __init__(self, system: Flow | Map, rule: Rule | None):
        self.map: Any = system if rule is None else rule.map(system)  # pyright: ignore
        self._init = None
        if rule is not None:
            self._init = jax.jit(jax.vmap(lambda x: jnp.concatenate(rule.init(system, x))))

    def lifted(self, points: np.ndarray) -> np.ndarray:
        if self._init is None:
            return points
        with jax.enable_x64(True):
            return np.array(self._init(points))

    def advance(self, states: np.ndarray, time: float, **options: Any) -> Ensemble:
        return iterate(self.map, states, round(time), **options)

    def orbits(self, states: np.ndarray, time: float) -> list[np.ndarray]:
        return [orbit.states for orbit in self.map.trajectory(states, steps=_POINTS)]

    def settled(self, state: np.ndarray, time: float) -> np.ndarray:
        return iterate(self.map, state, 4 * round(time)).points[0]

    def lags(self, time: float) -> tuple[float, ...]:
        return (1, max(1, round(time / 7)))


class _Search:
    """Follows starts, and collects the attractors that they are found at."""

    def __init__(
        self,
        motion: _Flowing | _Stepping,
        scale: np.ndarray,
        lengths: np.ndarray,
        plane: Plane,
        attractors: list[Attractor],
        random: np.random.Generator,
    ):
        self.motion, self.scale, self.attractors, self.random = motion, scale, attractors, random
        self.lengths = lengths
        self.middle = plane.points(plane.box.mean(axis=1))

    def run(self, starts: np.ndarray, until: float, progress: Any) -> np.ndarray:
        labels = np.full(len(starts), UNDECIDED)
        states = self.motion.lifted(starts)
        left = np.arange(len(starts))
        time = until
        for i in range(_ROUNDS):
            report = None
            if progress is not None:
                # each round is about as long as all the later ones
                report = lambda part, i=i: progress(1 - (1 - part / 2) / 2**i)  # noqa: E731
            ends = self.motion.advance(states[left], time, progress=report)
            states[left] = ends.points
            gone = self._gone(ends)
            labels[left[gone]] = ESCAPED
            left = left[~gone & ~ends.ended(Outcome.GAVE_UP)]
            for discover in (None, self._at_rest, self._moving):
                if discover is not None and len(left):
                    discover(states[left], time)
                labels[left] = self._where(states[left], time)
                left = left[labels[left] == UNDECIDED]
            if not len(left):
                break
            time = until * 2**i
        if progress is not None:
            progress(1.0)
        return labels

    def _gone(self, ends: Ensemble) -> np.ndarray:
        away = np.abs(self._points(ends.points) - self.middle) / self.scale
        return ends.ended(Outcome.LEFT, Outcome.BLEW_UP) | (away > _FAR).any(axis=1)

    def _points(self, states: np.ndarray) -> np.ndarray:
        """The points of the states, their angles in the period around the middle of the picture."""
        points = states[..., : len(self.scale)]
        return around(points, self.middle, self.lengths)

    def _where(self, states: np.ndarray, time: float) -> np.ndarray:
        """At which attractor the states are now and after some time more; else UNDECIDED."""
        labels = self._nearest(self._points(states))
        near = np.flatnonzero(labels != UNDECIDED)
        if len(near):
            after = self.motion.advance(states[near], self.motion.lags(time)[-1])
            again = self._nearest(self._points(after.points))
            labels[near[again != labels[near]]] = UNDECIDED
        return labels

    def _nearest(self, points: np.ndarray) -> np.ndarray:
        labels, best = np.full(len(points), UNDECIDED), np.full(len(points), np.inf)
        for i, attractor in enumerate(self.attractors):
            distance = attractor.distance(points)
            closer = (distance <= attractor.near) & (distance < best)
            labels[closer], best[closer] = i, distance[closer]
        return labels

    def _at_rest(self, states: np.ndarray, time: float) -> None:
        """Adds the points, or lines, where some of these states rest, if they attract."""
        before, moved = self._points(states), np.zeros(len(states))
        for lag in self.motion.lags(time):
            after = self._points(self.motion.advance(states, lag).points)
            way = nearest(after - before, self.lengths)
            moved = np.maximum(moved, np.linalg.norm(way / self.scale, axis=1))
        still = np.flatnonzero(moved <= _STILL)
        if not len(still):
            return
        for group in self._groups(before[still])[:_TRIED]:
            members = still[group]
            if np.linalg.norm(np.ptp(before[members], axis=0) / self.scale) <= 4 * NEAR_POINT:
                members = members[[np.argmin(moved[members])]]
            state, points = states[members[0]], before[members]
            if self._nearest(points[:1])[0] != UNDECIDED:  # across the end of a period
                continue
            if len(members) == 1:
                state = self.motion.settled(state, time)
                points = self._points(state[None])
            found = Attractor(spread(points, self.scale), self.scale, True, self.lengths)
            if self._attracts(found, state, time, 4 * NEAR_POINT):
                self.attractors.append(found)

    def _groups(self, points: np.ndarray) -> list[np.ndarray]:
        """The numbers of the points of each group: close ones together, and those along a line of them."""
        groups = []
        for chain in clusters(points / self.scale, _CHAIN):
            own = clusters(points[chain] / self.scale, NEAR_POINT)
            groups += [chain[group] for group in own] if len(own) <= _FEW else [chain]
        return groups

    def _moving(self, states: np.ndarray, time: float) -> None:
        """Adds the sets that some of these states keep coming back to, if they attract."""
        chosen = np.linspace(0, len(states) - 1, min(_FOLLOWED, len(states))).round().astype(int)
        for path in self.motion.orbits(states[chosen], time):
            orbit = self._points(path)
            small = np.linalg.norm(np.ptp(orbit, axis=0) / self.scale) <= 4 * NEAR_SET
            if small or self._nearest(orbit[-1:])[0] != UNDECIDED:
                continue
            first, second = np.array_split(orbit / self.scale, 2)
            back = Neighbours(first, self.lengths / self.scale).query(second)[0]
            if np.quantile(back, 0.95) > NEAR_SET:
                continue
            around = once_around(orbit, self.scale, self.lengths)
            found = Attractor(around, self.scale, False, self.lengths)
            if self._attracts(found, path[-1], time, 4 * NEAR_SET):
                self.attractors.append(found)

    def _attracts(
        self, attractor: Attractor, state: np.ndarray, time: float, distance: float
    ) -> bool:
        """Whether states at a distance from this one come to the attractor."""
        d = len(self.scale)
        directions = self.random.normal(size=(_NUDGES, d))
        directions *= distance / np.linalg.norm(directions, axis=1, keepdims=True)
        states = np.repeat(state[None], _NUDGES, axis=0)
        states[:, :d] += directions * self.scale
        ends = self.motion.advance(states, time).points
        return bool((attractor.distance(self._points(ends)) <= attractor.near).all())
