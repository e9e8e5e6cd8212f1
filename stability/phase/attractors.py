"""What starts end at: points of rest, cycles and other sets, and how near a point is to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

NEAR_POINT, NEAR_SET = 1e-3, 1e-2  # what counts as being there, in parts of the picture
_SHORT_STEP = 0.1  # of its size: a list of points with shorter steps than that is a closed curve
_PERIODS = 32  # an orbit of a map with fewer points than that is named by its period
_SHOWN = 4  # coordinates in a name


@dataclass(frozen=True, eq=False)
class Attractor:
    """A set that starts end at: `points`, shape (k, d), and the `scale` of each coordinate, shape (d,)."""

    points: np.ndarray
    scale: np.ndarray

    @property
    def near(self) -> float:
        """At which distance a point counts as being there."""
        return NEAR_POINT if len(self.points) == 1 else NEAR_SET

    def distance(self, points: np.ndarray) -> np.ndarray:
        """How far points, shape (n, d), are away, in units of the scale, shape (n,)."""
        return self._tree.query(points / self.scale)[0]

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(_filled(self.points / self.scale))

    @property
    def is_curve(self) -> bool:
        return _is_curve(self.points / self.scale)


def _is_curve(points: np.ndarray) -> bool:
    size = np.linalg.norm(np.ptp(points, axis=0))
    gaps = np.linalg.norm(np.diff(points, axis=0, append=points[:1]), axis=1)
    return bool(size > 0 and gaps.max() <= _SHORT_STEP * size)


def _filled(points: np.ndarray) -> np.ndarray:
    """The points; of a curve with further ones between them, so that none on it is far from all."""
    if not _is_curve(points):
        return points
    following = np.roll(points, -1, axis=0)
    longest = np.linalg.norm(following - points, axis=1).max()
    count = int(np.ceil(4 * longest / NEAR_SET))
    along = np.linspace(0, 1, max(count, 1), endpoint=False)[:, None, None]
    return (points + along * (following - points)).reshape(-1, points.shape[1])


def clusters(points: np.ndarray, link: float) -> list[np.ndarray]:
    """The numbers of the points of each group that hangs together by links, the largest group first."""
    pairs = KDTree(points).sparse_distance_matrix(KDTree(points), link)
    _, groups = connected_components(pairs, directed=False)
    order = np.argsort(-np.bincount(groups), kind="stable")
    return [np.flatnonzero(groups == group) for group in order]


def names(attractors: Sequence[Attractor]) -> tuple[str, ...]:
    """A name for each, for a legend; those of the same kind are numbered."""
    kinds = [_kind(attractor) for attractor in attractors]
    return tuple(
        f"{kind} {kinds[: i + 1].count(kind)}" if kinds.count(kind) > 1 else kind
        for i, kind in enumerate(kinds)
    )


def _kind(attractor: Attractor) -> str:
    points = attractor.points
    if len(points) == 1:
        shown = [f"{value + 0.0:.3g}".replace("-", "−") for value in points[0][:_SHOWN]]
        return f"({', '.join(shown)}{', …' if len(points[0]) > _SHOWN else ''})"
    if attractor.is_curve:
        return "cycle"
    period = len(clusters(points / attractor.scale, NEAR_POINT))
    return f"period {period}" if period < _PERIODS else "bounded set"
