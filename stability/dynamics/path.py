"""A flow's path as its solver left it: the steps, the points between them, where to draw and where to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .stepper import Settings, Stepper
from .trajectory import Outcome
from .zeros import zero_between

_TURN = 0.06  # radians between two points that are to be drawn
_BEND = 5e-4  # of the path's extent: how far a chord may be from the path
_MOST = 64  # points drawn per step
_SECTIONS = 8  # of a step, at whose ends events are looked for


@dataclass
class Path:
    """The steps that were taken, and the settings that they were taken with.

    - `elapsed`: the times gone by, shape (n,), from 0; `points` and `velocities` there, shape (n, d).
    - `pieces`: which stepper took the steps from which row on.
    - `attempts`: the number of steps, with the rejected ones.
    """

    elapsed: np.ndarray
    points: np.ndarray
    velocities: np.ndarray
    outcome: Outcome
    attempts: int
    pieces: list[tuple[int, Stepper]]
    settings: Settings

    def at(self, elapsed: np.ndarray) -> np.ndarray:
        """The points at times gone by, shape (n, d)."""
        last = max(len(self.elapsed) - 2, 0)
        row = np.clip(np.searchsorted(self.elapsed, elapsed, side="right") - 1, 0, last)
        lengths = elapsed - self.elapsed[row]
        result = self.points[row]
        ends = [*(first for first, _ in self.pieces[1:]), len(self.elapsed)]
        for (first, stepper), end in zip(self.pieces, ends, strict=True):
            own = (row >= first) & (row < end) & (lengths > 0)
            if own.any():
                result[own] = stepper.between(self.points[row[own]], lengths[own], self.settings)
        result[elapsed == self.elapsed[-1]] = self.points[-1]
        return result

    def followed_by(self, more: Path) -> Path:
        """This path with another one that begins at its end."""
        pieces = [*self.pieces, (len(self.elapsed) - 1, more.pieces[0][1])]
        return Path(
            np.concatenate([self.elapsed, more.elapsed[1:]]),
            np.concatenate([self.points, more.points[1:]]),
            np.concatenate([self.velocities, more.velocities[1:]]),
            more.outcome,
            self.attempts + more.attempts,
            pieces,
            self.settings,
        )

    def drawn(self) -> np.ndarray:
        """Times gone by at which points make a smooth picture, in phase space and over time.

        Chords turn by a few degrees at most, and bend away from the path by a small part of its extent.
        """
        lengths = np.diff(self.elapsed)
        cosines = (_units(self.velocities[:-1]) * _units(self.velocities[1:])).sum(axis=1)
        turns = np.arccos(np.clip(cosines, -1, 1))
        bends = lengths[:, None] / 8 * np.abs(np.diff(self.velocities, axis=0))
        extent = np.ptp(self.points, axis=0)
        bends /= np.where(extent > 0, extent, np.inf)
        counts = np.maximum(turns / _TURN, np.sqrt(bends.max(axis=1) / _BEND))
        counts = np.clip(np.ceil(counts), 2, _MOST).astype(int)
        rows = np.repeat(np.arange(len(lengths)), counts)
        position = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        inner = self.elapsed[rows] + lengths[rows] * position / counts[rows]
        return np.append(inner, self.elapsed[-1])

    def locate(self, until: Callable[[np.ndarray], np.ndarray] | None) -> None:
        """Ends the path where it first leaves the box, or where `until`, (n, d) ↦ (n,), crosses zero."""
        boxed = np.isfinite([self.settings.low, self.settings.high]).any()
        if len(self.elapsed) < 2 or not (boxed or until is not None):
            return
        parts = np.arange(_SECTIONS) / _SECTIONS
        inner = self.elapsed[:-1, None] + np.diff(self.elapsed)[:, None] * parts
        elapsed = np.append(inner.ravel(), self.elapsed[-1])
        points = self.at(elapsed)
        found = []
        if boxed:
            leaves = np.flatnonzero(self._outside(points) > 0)
            found += [(leaves[0], self._outside, Outcome.LEFT)] if len(leaves) else []
        if until is not None:
            crossing = _crossing(until(points))
            found += [(crossing, until, Outcome.STOPPED)] if crossing is not None else []
        roots = [(self._root(function, elapsed, i), outcome) for i, function, outcome in found]
        if roots:
            self._cut(*min(roots, key=lambda root: root[0]))

    def _outside(self, points: np.ndarray) -> np.ndarray:
        """How far points (n, d) are outside the box, negative inside, shape (n,)."""
        low, high = self.settings.low, self.settings.high
        return np.maximum(low - points, points - high).max(axis=-1)

    def _root(self, function: Callable, elapsed: np.ndarray, i: int) -> float:
        """The time of the zero in the i-th of the intervals between some times, the one that ends at i."""
        begin, end = elapsed[i - 1 : i + 1]
        return zero_between(lambda s: function(self.at(np.array([s])))[0], begin, end)

    def _cut(self, elapsed: float, outcome: Outcome) -> None:
        point = self.at(np.array([elapsed]))
        kept = int(np.searchsorted(self.elapsed, elapsed))
        self.elapsed = np.append(self.elapsed[:kept], elapsed)
        self.points = np.concatenate([self.points[:kept], point])
        self.velocities = self.velocities[: kept + 1]
        self.pieces = [piece for piece in self.pieces if piece[0] < max(kept, 1)]
        self.outcome = outcome


def _units(vectors: np.ndarray) -> np.ndarray:
    """The directions of vectors (n, d), zero for those that are zero; the largest do not overflow."""
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    scaled = vectors / np.where(largest > 0, largest, 1.0)
    return scaled / np.where(largest > 0, np.linalg.norm(scaled, axis=1, keepdims=True), 1.0)


def _crossing(values: np.ndarray) -> int | None:
    """The first place whose sign is not that of the one before, zeros and a start that is zero left out."""
    signs = np.sign(values)
    if abs(values[0]) <= 1e-6 * abs(values[1]):
        signs[0] = 0
    signed = np.flatnonzero(signs)
    changes = np.flatnonzero(np.diff(signs[signed]))
    return int(signed[changes[0] + 1]) if len(changes) else None
