"""Whether numbers on an axis are evenly or geometrically spaced, and the scale that shows them so."""

from __future__ import annotations

import numpy as np
from matplotlib.axis import Axis
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

_EVEN = 1e-3


def is_geometric(numbers: np.ndarray) -> bool:
    """Whether positive numbers have a constant ratio, and no constant difference."""
    if len(numbers) < 3 or not (numbers > 0).all():
        return False
    ratios = np.diff(np.log(numbers))
    return bool(np.ptp(ratios) <= _EVEN * np.abs(ratios).max()) and not _is_even(numbers)


def scale_of(numbers: np.ndarray) -> Normalize:
    """A colour scale from the least to the largest number, logarithmic where they are geometric."""
    ends = float(numbers.min()), float(numbers.max())
    return LogNorm(*ends) if is_geometric(numbers) else Normalize(*ends)


def plain_ticks(axis: Axis) -> None:
    """Readable numbers on a logarithmic axis: over few powers of ten, some between these too."""
    low, high = axis.get_view_interval()
    if high < 1e3 * low:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def edges(numbers: np.ndarray) -> np.ndarray:
    """The ends of the cells around increasing or decreasing numbers, shape (n + 1,)."""
    if is_geometric(numbers):
        return np.exp(edges_between(np.log(numbers)))
    return edges_between(numbers)


def edges_between(numbers: np.ndarray) -> np.ndarray:
    """The middles between neighbours, and an end beyond the first and the last number."""
    if len(numbers) == 1:
        return np.array([numbers[0] - 0.5, numbers[0] + 0.5])
    middle = (numbers[:-1] + numbers[1:]) / 2
    return np.concatenate([[2 * numbers[0] - middle[0]], middle, [2 * numbers[-1] - middle[-1]]])


def _is_even(numbers: np.ndarray) -> bool:
    apart = np.diff(numbers)
    return bool(np.ptp(apart) <= _EVEN * np.abs(apart).max())
