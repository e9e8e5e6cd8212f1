"""Critical and best step sizes of any rule, numerically.

The spectral radius ρ(h) of a rule's multipliers is continuous in the step size but has kinks (another
eigenvalue takes over) and cusps (two eigenvalues collide), and best steps like to sit on them. So ρ is
scanned over many decades first, every local extremum is then refined on its own, and a collision is
located as the zero of the pair's discriminant, which is smooth there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from ..dynamics.partition import Partition
from ..rules import Rule, Simultaneous

ROUNDING = 1e-13  # a radius this close to one cannot be told from one


@dataclass(frozen=True)
class StepSizes:
    """Factors on a rule's step sizes.

    - `critical`: supremum of the factors below which every one is stable; 0 if no small one is, None if
      every one is.
    - `best`, `best_radius`: where the spectral radius is smallest, and its value; None if no step is stable.
    """

    critical: float | None
    best: float | None
    best_radius: float | None


def rule_step_sizes(
    rule: Rule, jacobian: np.ndarray, partition: Partition, transversal: np.ndarray | None = None
) -> StepSizes:
    """Critical and best factor of a rule at an equilibrium whose field has the given Jacobian (d, d).

    `transversal` is an orthonormal basis, shape (d, m), of the complement of the tangent of a manifold of
    equilibria; the multipliers are then those of the step modulo the manifold.
    """

    if isinstance(rule, Simultaneous):
        scaled = partition.scale(partition.per_player(rule.lr, "lr"), jacobian)
        return euler_step_sizes(np.linalg.eigvals(_modulo(scaled, transversal)))
    multipliers = step_multipliers(rule, jacobian, partition, transversal)
    return step_sizes(multipliers, len(jacobian))


def step_multipliers(
    rule: Rule, jacobian: np.ndarray, partition: Partition, transversal: np.ndarray | None = None
) -> Callable[[float], np.ndarray]:
    """factor ↦ multipliers, complex, of the rule with its step sizes times the factor."""

    def multipliers(factor: float) -> np.ndarray:
        with np.errstate(all="ignore"):
            matrix = rule.scaled(factor).linearise(jacobian, partition)
        if not np.isfinite(matrix).all():
            return np.array([np.inf + 0j])
        return np.linalg.eigvals(_modulo(matrix, transversal)).astype(complex)

    return multipliers


def _modulo(matrix: np.ndarray, transversal: np.ndarray | None) -> np.ndarray:
    return matrix if transversal is None else transversal.T @ matrix @ transversal


def euler_step_sizes(eigenvalues: np.ndarray) -> StepSizes:
    """The same for the Euler step μ = 1 + hλ, in closed form.

    |μ|² − 1 = 2h Re λ + h²|λ|² is a parabola for every eigenvalue, so the critical step is the smallest
    −2 Re λ/|λ|², and the best one, where the upper envelope of the parabolas is lowest, is the vertex of
    one of them or where two of them cross. There is no cancellation, however weak the damping.
    """
    fastest = float(np.abs(eigenvalues).max(initial=0.0))
    if fastest == 0.0 or np.real(eigenvalues).max() > -1e-100 * fastest:
        return StepSizes(0.0, None, None)
    real, square = np.real(eigenvalues) / fastest, np.abs(eigenvalues / fastest) ** 2
    leaders = np.unique(np.stack([real, square], axis=1), axis=0)
    slope, curvature = leaders[:, 0], leaders[:, 1]
    i, j = np.triu_indices(len(slope), 1)
    crossing = curvature[i] != curvature[j]
    i, j = i[crossing], j[crossing]
    candidates = np.concatenate(
        [-slope / curvature, -2 * (slope[i] - slope[j]) / (curvature[i] - curvature[j])]
    )
    candidates = np.unique(candidates[candidates > 0])
    envelope = np.array([(2 * h * slope + h**2 * curvature).max() for h in candidates])
    best = int(envelope.argmin())
    radius = math.sqrt(max(1.0 + envelope[best], 0.0))
    critical = float((-2 * slope / curvature).min()) / fastest
    return StepSizes(critical, float(candidates[best]) / fastest, radius)


def step_sizes(multipliers: Callable[[float], np.ndarray], dimension: int) -> StepSizes:
    """The critical and the best factor for multipliers that tend to one as the factor tends to zero."""

    def radius(factor: float) -> float:
        with np.errstate(all="ignore"):
            value = float(np.max(np.abs(multipliers(factor)), initial=0.0))
        return value if math.isfinite(value) else math.inf

    low, high = _range(multipliers)
    if high == 0.0:  # nothing moves
        return StepSizes(0.0, None, None)
    ratio = 1.02 if dimension <= 12 else 1.1 if dimension <= 60 else 1.3
    grid = np.geomspace(low, high, max(2, math.ceil(math.log(high / low) / math.log(ratio))))
    values = np.array([radius(factor) for factor in grid])
    settled = int(np.searchsorted(grid, 1e-5 * high))  # up to here first order in the step rules
    critical = _critical(radius, grid, values, settled)
    best = _best(multipliers, radius, grid, values)
    return StepSizes(critical, *best)


def _range(multipliers: Callable[[float], np.ndarray]) -> tuple[float, float]:
    """Steps between which everything happens, from the slopes dμ/dh at 0, which are rates λ."""
    factor = 1.0
    for _ in range(200):  # a factor small enough for the first order to dominate
        slopes = (multipliers(factor) - 1.0) / factor
        if not np.isfinite(slopes).all() or np.max(np.abs(slopes), initial=0.0) * factor > 1e-6:
            factor /= 8.0
        elif 0.0 < np.max(np.abs(slopes)) * factor < 1e-8 and factor < 1e12:
            factor *= 8.0
        else:
            break
    rates = np.abs(slopes)
    fastest = float(np.max(rates, initial=0.0))
    if fastest == 0.0:
        return 0.0, 0.0
    moving = rates > 1e-12 * fastest
    damped = np.maximum(-slopes.real[moving], 1e-8 * fastest)
    euler = 2 * damped / rates[moving] ** 2
    low = 1e-3 * min(float(euler.min()), 1.0 / fastest)
    return low, 1e4 / fastest


def _critical(
    radius: Callable[[float], float], grid: np.ndarray, values: np.ndarray, settled: int
) -> float | None:
    # near zero the radius is one to rounding, so look where it first differs
    stable = np.flatnonzero(values < 1.0 - ROUNDING)
    if not len(stable) or (values[: stable[0]] > 1.0 + ROUNDING).any() or stable[0] > settled:
        return 0.0
    outside = np.flatnonzero(values[stable[0] :] >= 1.0)
    end = stable[0] + int(outside[0]) if len(outside) else len(grid)
    # a hump between two grid points that rises over one would be overlooked: look at every local top
    for i in range(int(stable[0]) + 1, end - 1):
        if values[i] >= values[i - 1] and values[i] >= values[i + 1] and values[i] > 0.9:
            top = _golden(lambda t: -radius(t), grid[i - 1], grid[i + 1])
            if radius(top) > 1.0:
                return _crossing(radius, grid[i - 1], top)
    if end == len(grid):
        return None
    return _crossing(radius, grid[end - 1], grid[end])


def _crossing(radius: Callable[[float], float], stable: float, unstable: float) -> float:
    for _ in range(200):
        middle = 0.5 * (stable + unstable)
        if middle in (stable, unstable):
            break
        if radius(middle) < 1.0:
            stable = middle
        else:
            unstable = middle
    return float(0.5 * (stable + unstable))


def _best(multipliers, radius, grid, values) -> tuple[float | None, float | None]:
    if not values.min() < 1.0 - ROUNDING:
        return None, None
    if values.argmin() in (0, len(grid) - 1):  # ever smaller or ever larger steps are better
        return None, None
    inner = np.arange(1, len(grid) - 1)
    minima = inner[(values[inner] <= values[inner - 1]) & (values[inner] <= values[inner + 1])]
    minima = minima[np.argsort(values[minima])][:4]
    found = [c for i in minima for c in _refined(multipliers, radius, grid[i - 1], grid[i + 1])]
    best_radius, best = min(found)
    return float(best), float(best_radius)


def _refined(multipliers, radius, low: float, high: float) -> list[tuple[float, float]]:
    """(radius, factor) at a local minimum inside a bracket, by kind: kink, smooth bottom, collision."""
    kink = _golden(radius, low, high)
    found = [(radius(kink), kink)]
    step = 1e-3 * (high - low)

    def slope(t: float) -> float:  # five-point stencil: error O(step⁴)
        return (
            radius(t - 2 * step)
            - 8 * radius(t - step)
            + 8 * radius(t + step)
            - radius(t + 2 * step)
        ) / (12 * step)

    left, right = kink - 10 * step, kink + 10 * step
    if slope(left) < 0 < slope(right):
        bottom = float(brentq(slope, left, right, xtol=1e-16 * high, rtol=1e-15))
        if radius(bottom) <= found[0][0] + ROUNDING:  # as low, and far better located
            found = [(radius(bottom), bottom)]

    def discriminant(t: float) -> float:
        first, second = _closest_leaders(multipliers(t))
        return float(((first - second) ** 2).real)

    if discriminant(left) * discriminant(right) < 0:
        collision = float(brentq(discriminant, left, right, xtol=1e-16 * high, rtol=1e-15))
        pair = _closest_leaders(multipliers(collision))
        rest = np.sort(np.abs(multipliers(collision)))[:-2]
        modulus = max(abs(sum(pair)) / 2, float(rest[-1]) if len(rest) else 0.0)
        if abs(pair[0] - pair[1]) < 1e-5:
            found.append((modulus, collision))
    return found


def _closest_leaders(multipliers: np.ndarray) -> tuple[complex, complex]:
    """The multiplier of largest modulus and the one nearest to it."""
    leader = int(np.argmax(np.abs(multipliers)))
    others = np.delete(multipliers, leader)
    if not len(others):
        return complex(multipliers[leader]), complex(multipliers[leader])
    return complex(multipliers[leader]), complex(
        others[np.argmin(np.abs(others - multipliers[leader]))]
    )


def _golden(function: Callable[[float], float], low: float, high: float) -> float:
    """A local minimum of a function on [low, high] by golden-section search."""
    inverse = (math.sqrt(5.0) - 1.0) / 2.0
    a, b = low, high
    c, d = b - inverse * (b - a), a + inverse * (b - a)
    fc, fd = function(c), function(d)
    for _ in range(100):
        if b - a <= 1e-15 * high:
            break
        if fc <= fd:
            b, d, fd = d, c, fc
            c = b - inverse * (b - a)
            fc = function(c)
        else:
            a, c, fc = c, d, fd
            d = a + inverse * (b - a)
            fd = function(d)
    return 0.5 * (a + b)
