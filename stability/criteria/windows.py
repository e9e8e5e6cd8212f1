"""Where matrices that depend on one number are stable, and where most so, numerically."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .leading_eigenvalue import (
    PER_ROUND,
    ROUNDING,
    Eigenvalues,
    Size,
    Stable,
    bottoms_of,
    boundary,
    lowest,
    sizes,
)

Window = tuple[float, float]
_POINTS = 400  # evenly spaced
_PER_DECADE = 24  # towards the lower end, over ten decades
_DECADES = 10
_FAR = 1e6  # where an infinite interval is cut off, in units of its lower end or one
_SNAP = 1e-9  # of the interval: nearer to an end is the end
CLOSE_CALL = 0.1  # of the spectrum's size: how near to the boundary an extremum is looked at


@dataclass(frozen=True)
class Region:
    """Where eigenvalues are stable: those whose `size` is below the `limit`."""

    size: Size
    limit: float

    @property
    def kind(self) -> str:
        return "map" if self.limit else "flow"


HALF_PLANE = Region(np.real, 0.0)
UNIT_DISC = Region(np.abs, 1.0)


@dataclass(frozen=True)
class Lowest:
    """The lowest size of the leading eigenvalue; `at_end` if it is at an end of the interval."""

    number: float
    size: float
    at_end: bool


@dataclass(frozen=True)
class Samples:
    """Numbers in order, the leading eigenvalue's size there, and what is rounding in it, (n,) each."""

    numbers: np.ndarray
    sizes: np.ndarray
    rounding: np.ndarray


def sample(eigenvalues_at: Eigenvalues, region: Region, numbers: np.ndarray) -> Samples:
    """The leading eigenvalue's size at the numbers; ∞ where there are no finite eigenvalues."""
    numbers = np.unique(numbers)
    eigenvalues = eigenvalues_at(numbers)
    values = sizes(lambda _: eigenvalues, region.size, numbers)
    with np.errstate(all="ignore"):
        largest = np.abs(eigenvalues).max(axis=1, initial=0.0)
    scale = np.where(np.isfinite(largest), largest, 1.0)
    return Samples(numbers, values, ROUNDING * (scale if region is HALF_PLANE else 1.0 + 0 * scale))


def scan_grid(low: float, high: float) -> np.ndarray:
    """Numbers inside (low, high), evenly spaced and, towards `low` (or away from it, to ∞), by ratio."""
    if math.isinf(high):
        unit = max(1.0, abs(low))
        return low + unit * np.geomspace(1 / _FAR, _FAR, 2 * _POINTS)
    width = high - low
    near = width * np.geomspace(10.0**-_DECADES, 0.5, _DECADES * _PER_DECADE)
    even = width * (np.arange(_POINTS) + 0.5) / _POINTS
    return np.unique(np.concatenate([low + near, low + even]))


def complete_windows(
    eigenvalues_at: Eigenvalues, region: Region, low: float, high: float, candidates: np.ndarray
) -> tuple[Window, ...]:
    """The stable intervals, given every number at which stability may change, and perhaps others."""
    inside = candidates[(candidates > low) & (candidates < high)]
    width = (high if math.isfinite(high) else max(1.0, abs(low), 2 * inside.max(initial=0.0))) - low
    inside = inside[(inside - low > 1e-14 * width) & (high - inside > 1e-14 * width)]
    beyond = high if math.isfinite(high) else low + 2 * width
    cells = np.concatenate([[low], inside, [beyond]])
    middles = (cells[:-1] + cells[1:]) / 2
    samples = sample(eigenvalues_at, region, np.concatenate([inside, middles]))
    return _windows(eigenvalues_at, region, low, high, samples)


def scanned_windows(
    eigenvalues_at: Eigenvalues, region: Region, low: float, high: float, samples: Samples
) -> tuple[Window, ...]:
    """The stable intervals from a dense grid, with a look at every extremum between its points.

    A hump that rises over the boundary, or a dip below it, between two points is found if it can be
    guessed from its surroundings.
    """

    def size(numbers: np.ndarray) -> np.ndarray:
        return sizes(eigenvalues_at, region.size, numbers)

    near = CLOSE_CALL * samples.rounding / ROUNDING
    extrema = close_extrema(size, samples.numbers, samples.sizes - region.limit, near)
    more = np.concatenate([samples.numbers, extrema])
    return _windows(eigenvalues_at, region, low, high, sample(eigenvalues_at, region, more))


def close_extrema(
    size: Callable[[np.ndarray], np.ndarray], numbers: np.ndarray, beyond: np.ndarray, near: Any
) -> np.ndarray:
    """Where, between numbers in order, the size may pass a limit twice: maxima below it, minima above it.

    `beyond`, shape (n,), is by how much the sizes at the numbers exceed the limit; only where that is less
    than `near`, a number or shape (n,), is an extremum looked for.
    """
    before, here, after = beyond[:-2], beyond[1:-1], beyond[2:]
    maxima = (here >= np.maximum(before, after)) & (here < 0)
    minima = (here <= np.minimum(before, after)) & (here >= 0)
    close = (np.abs(beyond) < near)[1:-1]
    inner = np.flatnonzero((maxima | minima) & close)
    if not len(inner):
        return np.zeros(0)
    signs = np.where(minima, 1, -1)[inner]
    groups = -(-len(inner) * PER_ROUND // len(numbers))  # no more numbers at once than were given
    found = [
        bottoms_of(
            lambda t, s=signs[own]: s[:, None] * size(t.ravel()).reshape(t.shape),
            numbers[inner[own]],
            numbers[inner[own] + 2],
        )
        for own in np.array_split(np.arange(len(inner)), groups)
    ]
    return np.concatenate(found)


def stable_intervals(
    is_stable: Stable,
    numbers: np.ndarray,
    stable: np.ndarray,
    low: float,
    high: float,
) -> tuple[Window, ...]:
    """The intervals in which numbers in order, shape (n,), are `stable`, a mask; ends to the last digit.

    The first one begins at `low`, or the last one ends at `high`, if it has the first or the last number.
    """
    x = numbers.tolist()
    changes = np.flatnonzero(np.diff(stable.astype(int), prepend=0, append=0)).tolist()
    return tuple(
        (
            low if first == 0 else boundary(is_stable, x[first], x[first - 1]),
            high if after == len(x) else boundary(is_stable, x[after - 1], x[after]),
        )
        for first, after in zip(changes[::2], changes[1::2], strict=True)
    )


def _windows(
    eigenvalues_at: Eigenvalues, region: Region, low: float, high: float, samples: Samples
) -> tuple[Window, ...]:
    stable = samples.sizes - region.limit < -samples.rounding  # within rounding it is neutral

    def is_stable(numbers: np.ndarray) -> np.ndarray:
        return sizes(eigenvalues_at, region.size, numbers) < region.limit

    near = _SNAP * (float(samples.numbers[-1]) - low)
    return tuple(
        (low if begin - low <= near else begin, high if high - end <= near else end)
        for begin, end in stable_intervals(is_stable, samples.numbers, stable, low, high)
    )


def lowest_of_all(
    eigenvalues_at: Eigenvalues, region: Region, samples: Samples, ends: tuple[float, ...]
) -> Lowest | None:
    """Where the leading eigenvalue's size is smallest; None if it is the same everywhere or never stable.

    `ends` are the ends of the interval that may themselves be taken.
    """
    all_samples = sample(eigenvalues_at, region, np.concatenate([samples.numbers, np.array(ends)]))
    x, y = all_samples.numbers, all_samples.sizes
    finite = y[np.isfinite(y)]
    least = int(np.argmin(y))
    if not y[least] - region.limit < -all_samples.rounding[least]:
        return None
    if len(finite) == len(y) and np.ptp(y) <= all_samples.rounding.max():
        return None
    candidates = [(float(y[i]), float(x[i])) for i in (0, len(x) - 1)]
    inner = y[1:-1]
    if len(inner) and ((inner <= y[:-2]) & (inner <= y[2:])).any():
        candidates.append(lowest(eigenvalues_at, region.size, x, y))
    size, number = min(candidates)
    return Lowest(number, size, number in (x[0], x[-1]))
