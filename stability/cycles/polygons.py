"""Sizes of and distances from curves that are given by their vertices."""

from __future__ import annotations

import numpy as np
import scipy

_VERTICES = 4


def extent(points: np.ndarray) -> float:
    """The diagonal of the smallest box around points of shape (n, d)."""
    return float(np.linalg.norm(np.ptp(points, axis=0)))


def distances(points: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """The distances of points (n, d) from a curve (m, d) with dense vertices, shape (n,).

    Only the chords at the nearest vertices are looked at.
    """
    _, nearest = scipy.spatial.cKDTree(curve).query(points, k=min(_VERTICES, len(curve)))
    chords = np.clip(np.concatenate([nearest - 1, nearest], axis=1), 0, len(curve) - 2)
    return segment_distances(points[:, None], curve[chords], curve[chords + 1]).min(axis=1)


def segment_distances(points: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The distances of points from segments, of shapes (…, d) that broadcast, shape (…)."""
    along = end - begin
    squares = np.maximum((along**2).sum(axis=-1), 1e-300)
    part = np.clip(((points - begin) * along).sum(axis=-1) / squares, 0, 1)[..., None]
    return np.linalg.norm(begin + part * along - points, axis=-1)
