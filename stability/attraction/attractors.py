"""What starts end at: points of rest, cycles and other sets, and how near a point is to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy

from ..dynamics.angles import nearest

NEAR_POINT, NEAR_SET = 1e-3, 1e-2  # at which distance one is there, in parts of the picture
_SHORT_STEP = 0.1  # of its size: a list of points with shorter steps than that is a closed curve
_PERIODS = 32  # an orbit of a map with fewer points than that is named by its period
_SHOWN = 4  # coordinates in a name


@dataclass(frozen=True, eq=False)
class Attractor:
    """A set that starts end at.

    - `points`, shape (k, d): a point of rest, a closed curve in order, or any other set.
    - `scale`, shape (d,): the unit of each coordinate, in which distances are measured.
    - `resting`: whether every point of it rests.
    - `lengths`, shape (d,): the periods of coordinates that are angles, else 0.
    """

    points: np.ndarray
    scale: np.ndarray
    resting: bool
    lengths: np.ndarray

    @property
    def near(self) -> float:
        """At which distance a point counts as being there."""
        return NEAR_POINT if len(self.points) == 1 else NEAR_SET

    @cached_property
    def is_curve(self) -> bool:
        return not self.resting and _is_curve(self.points / self.scale, self._periods)

    def distance(self, points: np.ndarray) -> np.ndarray:
        """How far points, shape (n, d), are away, shape (n,)."""
        return self._tree.query(points / self.scale)[0]

    @property
    def _periods(self) -> np.ndarray:
        return self.lengths / self.scale

    @cached_property
    def _tree(self) -> Neighbours:
        points = self.points / self.scale
        filled = _filled(points, self._periods) if self.is_curve else points
        return Neighbours(filled, self._periods)


class Neighbours:
    """The nearest of some points, shape (n, d), in coordinates of which some have `periods` (0: none)."""

    def __init__(self, points: np.ndarray, periods: np.ndarray):
        self.periods = periods
        self.tree = scipy.spatial.KDTree(self._in_period(points), boxsize=periods)

    def query(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Their distances from the nearest one, and which one that is, for points of shape (k, d)."""
        return self.tree.query(self._in_period(points))

    def _in_period(self, points: np.ndarray) -> np.ndarray:
        on = self.periods > 0
        wrapped = np.mod(points, np.where(on, self.periods, 1.0))
        wrapped = np.where(wrapped >= self.periods, 0.0, wrapped)  # by rounding
        return np.where(on, wrapped, points)


def _is_curve(points: np.ndarray, periods: np.ndarray) -> bool:
    size = np.linalg.norm(np.ptp(points, axis=0))
    steps = np.linalg.norm(nearest(np.roll(points, -1, axis=0) - points, periods), axis=1)
    return bool(size > 0 and steps.max() <= _SHORT_STEP * size)


def _filled(points: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """A closed curve with further points on its chords, so that none on it is far from all of them."""
    steps = nearest(np.roll(points, -1, axis=0) - points, periods)
    count = int(np.ceil(4 * np.linalg.norm(steps, axis=1).max() / NEAR_SET))
    along = np.linspace(0, 1, max(count, 1), endpoint=False)[:, None, None]
    return (points + along * steps).reshape(-1, points.shape[1])


def spread(points: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Some of the points, so that all others are near one of them."""
    _, first = np.unique(np.round(points / scale * (4 / NEAR_SET)), axis=0, return_index=True)
    return points[first]


def once_around(orbit: np.ndarray, scale: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """A path up to where it first comes back to its beginning along a closed curve; else all of it."""
    near = np.linalg.norm(nearest(orbit - orbit[0], lengths) / scale, axis=1) <= NEAR_SET
    back = np.flatnonzero(near[1:] & ~near[:-1])
    if not len(back):
        return orbit
    around = orbit[: back[0] + 2]
    return around if _is_curve(around / scale, lengths / scale) else orbit


def clusters(points: np.ndarray, link: float) -> list[np.ndarray]:
    """The numbers of the points of each group that hangs together by links, the largest group first."""
    # many points in one place would make many pairs: one for each cell is enough
    cells, cell = np.unique(np.round(points * (4 / link)), axis=0, return_inverse=True)
    tree = scipy.spatial.KDTree(cells * (link / 4))
    near = tree.sparse_distance_matrix(tree, link)
    _, groups = scipy.sparse.csgraph.connected_components(near, directed=False)
    groups = groups[cell.ravel()]
    order = np.argsort(-np.bincount(groups), kind="stable")
    return [np.flatnonzero(groups == group) for group in order]


def names(attractors: Sequence[Attractor]) -> tuple[str, ...]:
    """A name for each, for a legend; those of the same kind are numbered."""
    kinds = [_kind(attractor) for attractor in attractors]
    return tuple(
        f"{kind}, no. {kinds[: i + 1].count(kind)}" if kinds.count(kind) > 1 else kind
        for i, kind in enumerate(kinds)
    )


def _kind(attractor: Attractor) -> str:
    if len(attractor.points) == 1:
        point = np.where(
            np.abs(attractor.points[0]) > 1e-5 * attractor.scale, attractor.points[0], 0.0
        )
        shown = [f"{value:.3g}".replace("-", "−") for value in point[:_SHOWN]]
        return f"({', '.join(shown)}{', …' if len(point) > _SHOWN else ''})"
    if attractor.resting:
        return "points of rest"
    if attractor.is_curve:
        return "cycle"
    points = attractor.points / attractor.scale
    period = len(clusters(points, NEAR_POINT))
    if period < _PERIODS:
        return f"period {period}"
    angle = np.arctan2(*(points - points.mean(axis=0))[:, 1::-1].T)
    ordered = _is_curve(points[np.argsort(angle)], attractor.lengths / attractor.scale)
    return "invariant curve" if ordered else "bounded set"
