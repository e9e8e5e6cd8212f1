"""Attracting periodic orbits and invariant closed curves of maps, followed until they stay where they are."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.map import Map
from .polygons import distances, extent, segment_distances
from .value import Cycle

_ORBIT = 4096  # points of an orbit that are looked at
_FIRST = 2048  # steps before the first look
_PERIODS = 64
_PERIODIC = 1e-8  # of the orbit's extent: how exactly a periodic orbit repeats
_STILL = 1e-6  # of the extent: how little a curve may have moved since half the time
_THIN = 2e-3  # of the extent: how far from a curve its points may be
_GAP = 0.35  # radians around the middle without a point: no closed curve
_PUSH, _LEFT = 1e-2, 2e-3  # of the extent: pushed off by so much, a point must come back to so near
_PUSHED = 8  # points that are pushed
_NUDGE, _APART = (
    1e-9,
    1e-3,
)  # of the extent: neighbours that separate by so much belong to a chaotic orbit
_SAME = 1e-3  # of the extent
_DRAWN = 512

Advance = Callable[[np.ndarray, int], np.ndarray]


def invariant_curves(map: Map, starts: np.ndarray, *, most: int = 2**18) -> tuple[Cycle, ...]:
    """The attracting periodic orbits (of period 2 to 64) and invariant closed curves that starts tend to.

    **Arguments:**

    - `map`: in JAX.
    - `starts`, shape (k, m) or (m,): of the map that a rule makes, whole states.
    - `most`: the steps after which an orbit that has not settled is left out.

    Each start is followed until its orbit stays where it is: not merely slow, but the same to 1e-6 of its
    size when the number of steps doubles. (An orbit that creeps into a fixed point like a power of time never
    passes.) It has to attract: points pushed off it return. A periodic orbit comes as its points in the
    order of time, `period` their number. A closed curve is recognised in the plane of the first two
    coordinates, where it has to go around its middle with one point in each direction; it is ordered by
    angle, its last point the first again. Chaotic orbits, and what has not settled in time, are left out.
    """
    x = np.atleast_2d(np.asarray(starts, dtype=float))
    advance, follow = _compiled(map)
    found: list[Cycle] = []
    before: dict[int, np.ndarray | None] = dict.fromkeys(range(len(x)))
    done, steps = 0, _FIRST
    while before and steps <= most:
        x = advance(x, steps - done)
        orbits = follow(x)
        unsettled: dict[int, np.ndarray | None] = {}
        for i, earlier in before.items():
            orbit = orbits[i]
            if _over(orbit) or (done == 0 and _chaotic(orbit, advance)) or _known(orbit, found):
                continue
            settled = _settled(orbit, earlier)
            if settled is None or not _attracts(settled, advance, steps):
                unsettled[i] = orbit
            elif len(settled) <= _PERIODS:
                found.append(Cycle(settled, float(len(settled)), None, True))
            else:
                found.append(Cycle(_drawn(settled), None, None, True))
        before, done, steps = unsettled, steps, 2 * steps
    return tuple(found)


def _compiled(map: Map) -> tuple[Advance, Callable[[np.ndarray], np.ndarray]]:
    """(X (k, m), n) ↦ the points after n steps, and X ↦ the orbits that begin there, (k, n, m)."""

    @jax.jit
    def advanced(x, steps):
        return jax.lax.fori_loop(0, steps, lambda _, y: jax.vmap(map.function)(y), x)

    @jax.jit
    def followed(x):
        return jax.lax.scan(lambda y, _: (jax.vmap(map.function)(y), y), x, length=_ORBIT)[1]

    def advance(x: np.ndarray, steps: int) -> np.ndarray:
        with jax.enable_x64(True):
            return np.asarray(advanced(jnp.asarray(x), steps))

    def follow(x: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True):
            return np.asarray(followed(jnp.asarray(x))).swapaxes(0, 1)

    return advance, follow


def _over(orbit: np.ndarray) -> bool:
    """Whether an orbit has blown up or come to rest at a fixed point."""
    if not (np.abs(orbit) < 1e100).all():
        return True
    return extent(orbit) <= 1e-12 * (1 + np.abs(orbit).max())


def _chaotic(orbit: np.ndarray, advance: Advance) -> bool:
    """Whether neighbours on an orbit separate exponentially."""
    size = extent(orbit)
    pair = np.stack([orbit[0], orbit[0] + _NUDGE * size / np.sqrt(orbit.shape[1])])
    first, second = advance(pair, _ORBIT)
    return not np.linalg.norm(first - second) <= _APART * size


def _settled(orbit: np.ndarray, earlier: np.ndarray | None) -> np.ndarray | None:
    """What an orbit has settled on: the points of a period, or a closed curve; None if nothing yet."""
    size = extent(orbit)
    for period in range(1, _PERIODS + 1):
        if np.abs(orbit[period:] - orbit[:-period]).max() <= _PERIODIC * size:
            return orbit[-period:] if period > 1 else None
    if orbit.shape[1] < 2 or earlier is None:
        return None
    curve, previous = _closed_curve(orbit), _closed_curve(earlier)
    if curve is None or previous is None:
        return None
    moved = float(np.median(distances(curve[:: _ORBIT // _DRAWN], previous)))
    return curve if moved <= _STILL * size else None


def _closed_curve(orbit: np.ndarray) -> np.ndarray | None:
    """The orbit's points in the order of their angles, closed, if they lie on a curve around their middle."""
    around = orbit[:, :2] - orbit[:, :2].mean(axis=0)
    angles = np.arctan2(around[:, 1], around[:, 0])
    order = np.argsort(angles)
    if np.diff(angles[order], append=angles[order[0]] + 2 * np.pi).max() > _GAP:
        return None
    curve = orbit[order]
    off = segment_distances(curve, np.roll(curve, 1, axis=0), np.roll(curve, -1, axis=0))
    if np.quantile(off, 0.95) > _THIN * extent(orbit):
        return None
    return np.concatenate([curve, curve[:1]])


def _drawn(curve: np.ndarray) -> np.ndarray:
    """A closed curve with some hundred points, at about equal angles."""
    around = curve[:-1, :2] - curve[:-1, :2].mean(axis=0)
    angles = np.arctan2(around[:, 1], around[:, 0])
    chosen = np.unique(np.searchsorted(angles, np.linspace(-np.pi, angles[-1], _DRAWN)))
    return curve[np.append(chosen, chosen[0])]


def _attracts(settled: np.ndarray, advance: Advance, steps: int) -> bool:
    """Whether points that are pushed off it in some directions are back after as many steps as it took."""
    size, m = extent(settled), settled.shape[1]
    pushed = settled[np.linspace(0, len(settled) - 1, _PUSHED).astype(int)]
    directions = np.random.default_rng(0).standard_normal((_PUSHED, m))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    ends = advance(
        np.concatenate([pushed + _PUSH * size * directions, pushed - _PUSH * size * directions]),
        steps,
    )
    return bool((_apart(ends, settled) <= _LEFT * size).all())


def _apart(points: np.ndarray, settled: np.ndarray) -> np.ndarray:
    """How far points are from a periodic orbit or a closed curve, shape (n,)."""
    if len(settled) <= _PERIODS:
        return np.linalg.norm(points[:, None] - settled, axis=2).min(axis=1)
    return distances(points, settled)


def _known(orbit: np.ndarray, found: list[Cycle]) -> bool:
    """Whether an orbit is on one of the cycles that are known."""
    return any(
        (_apart(orbit[:_PUSHED], cycle.points) <= _SAME * extent(cycle.points)).all()
        for cycle in found
    )
