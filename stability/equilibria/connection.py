"""Which points of a zero set lie on the same connected piece of it."""

from __future__ import annotations

import numpy as np
import scipy

from .assessment import assess
from .levenberg_marquardt import levenberg_marquardt
from .newton import polish
from .scaling import ScaledField

_FINEST_GAP = 0.05  # half-widths of the box: pieces nearer to each other than this are joined
_MOST_HALVINGS = 6
_TRIES = 4  # pairs tried between two groups


def project(field: ScaledField, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Moves points `(n, d)` to zeros nearby, by steps that are nearly shortest.

    **Returns** the points `(n, d)`, which of them are zeros `(n,)`, and the dimensions of their
    Jacobians' kernels `(n,)`.
    """
    ends = levenberg_marquardt(field, points, field.centre, field.unit)
    ends = polish(field, ends)
    judged = assess(field, ends)
    return ends, judged.accepted, judged.kernel


def connected(field: ScaledField, points: np.ndarray) -> np.ndarray:
    """A label for each zero `(m, d)`, equal for zeros that the zero set connects.

    Single linkage: the pairs of the minimum spanning tree are tried first, then, as long as that
    joins anything, the closest pairs between the groups that remain.
    """
    u = field.to_units(points)
    distances = np.linalg.norm(u[:, None] - u, axis=2)
    labels = np.arange(len(points))
    tree = np.argwhere(scipy.sparse.csgraph.minimum_spanning_tree(distances).toarray() > 0)
    pairs = [(int(a), int(b)) for a, b in tree]
    tried: set[tuple[int, int]] = set()
    while pairs:
        tried.update(pairs)
        linked = _linked(field, points, pairs)
        for (a, b), link in zip(pairs, linked, strict=True):
            if link:
                labels[labels == labels[b]] = labels[a]
        pairs = _untried(distances, labels, tried) if linked.any() or len(tried) < len(u) else []
    return labels


def _untried(
    distances: np.ndarray, labels: np.ndarray, tried: set[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The closest pairs, not tried so far, between groups."""
    pairs = []
    for first in np.unique(labels):
        for second in np.unique(labels[labels > first]):
            a, b = np.flatnonzero(labels == first), np.flatnonzero(labels == second)
            order = np.argsort(distances[np.ix_(a, b)], axis=None)[: 2 * _TRIES]
            close = [(int(a[k // len(b)]), int(b[k % len(b)])) for k in order]
            pairs.extend([pair for pair in close if not {pair, pair[::-1]} & tried][:_TRIES])
    return pairs


def _linked(field: ScaledField, points: np.ndarray, pairs: list[tuple[int, int]]) -> np.ndarray:
    """Which pairs the zero set connects, by projecting midpoints again and again."""
    left = points[[a for a, _ in pairs]]
    right = points[[b for _, b in pairs]]
    owner = np.arange(len(pairs))
    linked = np.ones(len(pairs), bool)
    for _ in range(_MOST_HALVINGS):
        gaps = np.linalg.norm((right - left) / field.unit, axis=1)
        wide = (gaps > _FINEST_GAP) & linked[owner]
        if not wide.any():
            break
        left, right, owner, gaps = left[wide], right[wide], owner[wide], gaps[wide]
        middle, zero, kernel = project(field, (left + right) / 2)
        halves = [np.linalg.norm((middle - end) / field.unit, axis=1) for end in (left, right)]
        between = zero & (kernel > 0) & (np.maximum(*halves) < 0.8 * gaps)
        linked[owner[~between]] = False
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
        owner = np.concatenate([owner, owner])
    return linked
