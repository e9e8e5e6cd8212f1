"""A grid in chunks of one size, each evaluated by one call of the compiled function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..branches.compiled import Compiled
from ..branches.grid_points import GridPoints
from ..branches.problem import Problem
from .quantities import QUANTITIES, needs_scan

LOST = "lost"  # besides the quantities: where the equilibrium was lost
_MEMORY = 2**26  # bytes for one chunk's matrices
_LARGEST = 65_536
_WHEN_FOLLOWED = 4096  # points that Newton's method follows together; the slowest one decides
_WHEN_SCANNED = 64  # points whose step sizes are scanned for, some seconds together


@dataclass(frozen=True)
class Grid:
    """All combinations of the values of one or two axes, the last one fastest, `chunk` points at once."""

    axes: tuple[np.ndarray, ...]
    chunk: int

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(axis) for axis in self.axes)

    @property
    def points(self) -> int:
        return int(np.prod(self.shape, dtype=object))

    @property
    def chunks(self) -> int:
        return -(-self.points // self.chunk)

    def span(self, index: int) -> slice:
        """Which points, counted through the grid, belong to a chunk."""
        return slice(index * self.chunk, min((index + 1) * self.chunk, self.points))

    def rows(self, index: int) -> np.ndarray:
        """The axes' values at a chunk's points, shape (n, a), n at most `chunk`."""
        span = self.span(index)
        rows = np.empty((span.stop - span.start, len(self.axes)))
        fastest = self.axes[-1]
        first, last = span.start // len(fastest), -(-span.stop // len(fastest))
        skipped = span.start - first * len(fastest)
        rows[:, -1] = np.tile(fastest, last - first)[skipped : skipped + len(rows)]
        if len(self.axes) == 2:
            slowest = np.repeat(self.axes[0][first:last], len(fastest))
            rows[:, 0] = slowest[skipped : skipped + len(rows)]
        return rows


def chunk_size(problem: Problem, quantities: Sequence[str], points: int) -> int:
    """As many points as give a chunk a bounded size and, as far as can be told, a few seconds of work."""
    largest = _LARGEST
    if problem.moving and problem.coordinates is None:
        largest = _WHEN_FOLLOWED
    if needs_scan(quantities) and not problem.is_euler:
        largest = _WHEN_SCANNED
    rows = 4 * problem.partition.dimension  # matrices of the step, and workspace
    largest = max(1, min(largest, max(16, _MEMORY // (8 * rows * rows))))
    return -(-points // -(-points // largest))  # all about as long, so that little is padded


@dataclass(frozen=True)
class Evaluator:
    """Evaluates quantities of a problem in chunks; everything is compiled once, at the first one."""

    problem: Problem
    quantities: tuple[str, ...]
    chunk: int

    @cached_property
    def compiled(self) -> Compiled:
        reads = (QUANTITIES[name].reads for name in self.quantities)
        return Compiled(self.problem, frozenset().union(*reads))

    def __call__(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """The quantities, and `LOST`, at up to `chunk` rows of the axes' values, shape (n, a).

        Their shapes are (n,) or (n, m).
        """
        count = len(rows)
        padded = rows
        if count < self.chunk:
            padded = np.concatenate([rows, np.repeat(rows[-1:], self.chunk - count, axis=0)])
        found = {key: value[:count] for key, value in self.compiled(padded).items()}
        points = GridPoints(self.compiled, rows, found)
        with np.errstate(all="ignore"):
            values = {name: QUANTITIES[name].values(points) for name in self.quantities}
        return values | {LOST: found["lost"]}


def labels(problem: Problem, name: str, values: np.ndarray) -> Sequence[str]:
    """What the numbers of a quantity are called; an empty string for a single one."""
    label = QUANTITIES[name].labels
    return ("",) if label is None or values.ndim == 1 else label(problem, values.shape[-1])
