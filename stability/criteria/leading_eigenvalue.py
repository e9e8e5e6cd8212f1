"""Where the leading eigenvalue of a matrix that depends on one number lies lowest.

Its size (real part for flows, modulus for steps) is continuous in the number but has kinks (another
eigenvalue takes over) and cusps (two eigenvalues collide), and best values like to sit on them. So a grid
proposes, every local minimum is then refined on its own, and a collision is located as the zero of the
pair's discriminant, which is smooth there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..dynamics.zeros import zero_between

Eigenvalues = Callable[[np.ndarray], np.ndarray]  # numbers (n,) ↦ eigenvalues (n, m)
Size = Callable[[Any], Any]  # np.abs or np.real
Stable = Callable[[np.ndarray], np.ndarray]  # numbers (n,) ↦ which of them are stable, a mask
ROUNDING = 1e-13  # sizes this close to each other cannot be told apart
_MOST_MINIMA = 4
PER_ROUND = 15  # numbers in an interval that is searched: four digits of two in each round
_INNER = np.arange(1, PER_ROUND + 1) / (PER_ROUND + 1)


def sizes(eigenvalues_at: Eigenvalues, size: Size, numbers: np.ndarray) -> np.ndarray:
    """The size of the leading eigenvalue at each number, shape (n,); ∞ where it is not finite."""
    with np.errstate(all="ignore"):
        values = size(eigenvalues_at(numbers)).max(axis=1, initial=-np.inf)
    return np.where(np.isnan(values), np.inf, values)


def lowest(
    eigenvalues_at: Eigenvalues, size: Size, grid: np.ndarray, values: np.ndarray
) -> tuple[float, float]:
    """(size, number) at the lowest of the minima between the grid's ends; `values` are the grid's sizes."""
    inner = np.arange(1, len(grid) - 1)
    minima = inner[(values[inner] <= values[inner - 1]) & (values[inner] <= values[inner + 1])]
    minima = minima[np.argsort(values[minima], kind="stable")][:_MOST_MINIMA]
    return min(
        found
        for i in minima
        for found in _refined(eigenvalues_at, size, float(grid[i - 1]), float(grid[i + 1]))
    )


def _refined(
    eigenvalues_at: Eigenvalues, size: Size, low: float, high: float
) -> list[tuple[float, float]]:
    """(size, number) at a local minimum inside a bracket, by kind: kink, smooth bottom, collision."""

    def many(numbers: np.ndarray) -> np.ndarray:
        return sizes(eigenvalues_at, size, numbers)

    def function(t: float) -> float:
        return float(many(np.array([t]))[0])

    def eigenvalues(t: float) -> np.ndarray:
        return eigenvalues_at(np.array([t]))[0]

    kink = bottom_of(many, low, high)
    found = [(function(kink), kink)]
    step = 1e-3 * (high - low)
    largest = max(abs(low), abs(high))

    def slope(t: float) -> float:  # five-point stencil: error O(step⁴)
        a, b, c, d = many(t + step * np.array([-2, -1, 1, 2])).tolist()
        return (a - 8 * b + 8 * c - d) / (12 * step)

    left, right = kink - 10 * step, kink + 10 * step
    if slope(left) < 0 < slope(right):
        bottom = zero_between(slope, left, right, 1e-16 * largest)
        if function(bottom) <= found[0][0] + ROUNDING:  # as low, and far better located
            found = [(function(bottom), bottom)]

    def discriminant(t: float) -> float:
        first, second = _closest_leaders(eigenvalues(t), size)
        return float(((first - second) ** 2).real)

    if discriminant(left) * discriminant(right) < 0:
        collision = zero_between(discriminant, left, right, 1e-16 * largest)
        there = eigenvalues(collision)
        pair = _closest_leaders(there, size)
        rest = np.sort(size(there))[:-2]
        own = float(size(sum(pair))) / 2
        if abs(pair[0] - pair[1]) < 1e-5:
            found.append((max(own, float(rest[-1])) if len(rest) else own, collision))
    return found


def _closest_leaders(eigenvalues: np.ndarray, size: Size) -> tuple[complex, complex]:
    """The eigenvalue of largest size and the one nearest to it."""
    leader = int(np.argmax(size(eigenvalues)))
    others = np.delete(eigenvalues, leader)
    if not len(others):
        return complex(eigenvalues[leader]), complex(eigenvalues[leader])
    nearest = others[np.argmin(np.abs(others - eigenvalues[leader]))]
    return complex(eigenvalues[leader]), complex(nearest)


def boundary(stable: Stable, inside: float, outside: float) -> float:
    """Where, between a stable number and one that is not, stability ends, to the last digit."""
    while True:
        points = inside + (outside - inside) * _INNER
        points = points[(points != inside) & (points != outside)]
        if not len(points):
            return 0.5 * (inside + outside)
        kept = stable(points)
        first = int(np.argmin(kept)) if not kept.all() else len(points)
        if first > 0:
            inside = float(points[first - 1])
        if first < len(points):
            outside = float(points[first])


def bottom_of(function: Callable[[np.ndarray], np.ndarray], low: float, high: float) -> float:
    """A local minimum on [low, high] of a function of many numbers at once, by ever finer grids."""
    return float(bottoms_of(lambda numbers: function(numbers[0])[None], [low], [high])[0])


def bottoms_of(
    function: Callable[[np.ndarray], np.ndarray], low: ArrayLike, high: ArrayLike
) -> np.ndarray:
    """A local minimum in each of k intervals at once, shape (k,), by ever finer grids.

    `function` takes numbers, shape (k, n), n of every interval, and gives its values there.
    """
    low, high = np.array(low, dtype=float), np.array(high, dtype=float)
    each = np.arange(len(low))
    while True:
        wide = high - low > 1e-15 * np.maximum(np.abs(low), np.abs(high))
        if not wide.any():
            break
        width = (high - low)[:, None]
        points = np.hstack([low[:, None], low[:, None] + width * _INNER, high[:, None]])
        least = np.argmin(function(points[:, 1:-1]), axis=1) + 1
        below = np.where(wide, points[each, least - 1], low)
        above = np.where(wide, points[each, least + 1], high)
        if (below == low).all() and (above == high).all():
            break
        low, high = below, above
    return 0.5 * (low + high)
