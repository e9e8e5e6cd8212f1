"""The plane of a portrait: the phase plane itself, or a slice through a larger phase space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Plane:
    """The points origin + u a + w b.

    - `origin`, shape (d,); `axes`, shape (d, 2), columns a and b, linearly independent.
    - `labels`: what u and w are, for the axes of a picture.
    - `box`, shape (2, 2): the low and high end of u, then of w.
    """

    origin: np.ndarray
    axes: np.ndarray
    labels: tuple[str, str]
    box: np.ndarray

    @property
    def whole(self) -> bool:
        """Whether the plane is all of phase space."""
        return len(self.origin) == 2

    def points(self, coordinates: np.ndarray) -> np.ndarray:
        """From coordinates in the plane, shape (…, 2), to phase space, (…, d)."""
        return self.origin + np.asarray(coordinates) @ self.axes.T

    def coordinates(self, points: np.ndarray) -> np.ndarray:
        """From phase space, shape (…, d), to the plane, (…, 2): the orthogonal projection."""
        return (np.asarray(points) - self.origin) @ np.linalg.pinv(self.axes).T

    def distances(self, points: np.ndarray) -> np.ndarray:
        """How far points, shape (…, d), are from the plane, shape (…)."""
        points = np.asarray(points)
        return np.linalg.norm(points - self.points(self.coordinates(points)), axis=-1)
