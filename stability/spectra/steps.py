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
from ..errors import SingularError
from ..rules import Rule, Simultaneous
from .eigenvalue_maps import commutes, multipliers

Multipliers = Callable[[np.ndarray], np.ndarray]  # factors (n,) ↦ multipliers (n, m)
ROUNDING = 1e-13  # a radius this close to one cannot be told from one


@dataclass(frozen=True)
class StepSizes:
    """Factors on a rule's step sizes.

    - `critical`: supremum of the factors below which every one is stable; 0 if no small one is, None if
      every one is.
    - `best`, `best_radius`: where the spectral radius is smallest, and its value; None if no step is stable.
      If ever larger ones are better, `best` is None and `best_radius` the limit.
    - `stable`: the factors that are stable, as disjoint intervals; None as an end is infinity.
    """

    critical: float | None
    best: float | None
    best_radius: float | None
    stable: tuple[tuple[float, float | None], ...]


NO_STEP = StepSizes(0.0, None, None, ())


def rule_step_sizes(
    rule: Rule, jacobian: np.ndarray, partition: Partition, tangent: np.ndarray | None = None
) -> StepSizes:
    """Critical and best factor of a rule at an equilibrium whose field has the given Jacobian (d, d).

    `tangent` is a basis, shape (d, k), of the tangent of a manifold of equilibria; the multipliers are then
    those of the step modulo the manifold.
    """
    if isinstance(rule, Simultaneous):
        scaled = partition.scale(partition.per_player(rule.lr, "lr"), jacobian)
        basis = None if tangent is None else complement(tangent)
        return euler_step_sizes(np.linalg.eigvals(_modulo(scaled, basis)))
    return step_sizes(step_multipliers(rule, jacobian, partition, tangent), len(jacobian))


def step_multipliers(
    rule: Rule, jacobian: np.ndarray, partition: Partition, tangent: np.ndarray | None = None
) -> Multipliers:
    """Factors (n,) ↦ multipliers (n, m), complex, of the rule with its step sizes times the factor."""
    if commutes(rule):  # then the eigenvalues of J are enough, for all factors at once
        basis = None if tangent is None else complement(tangent)
        eigenvalues = np.linalg.eigvals(_modulo(jacobian, basis))
        unit = rule.with_each_lr(lambda _: 1.0)

        def by_eigenvalue(factors: np.ndarray) -> np.ndarray:
            with np.errstate(all="ignore"):
                found = multipliers(unit, float(rule.lr) * np.multiply.outer(factors, eigenvalues))
            return np.where(np.isnan(found), np.inf, found).reshape(len(factors), -1)

        return by_eigenvalue
    basis = None if tangent is None else complement(rule.lifted(jacobian, partition, tangent))

    def one(factor: float) -> np.ndarray:
        with np.errstate(all="ignore"):
            try:
                matrix = _modulo(rule.scaled(factor).linearise(jacobian, partition), basis)
            except SingularError:  # at this very step
                return np.full(1, np.inf + 0j)
        if not np.isfinite(matrix).all():
            return np.full(len(matrix), np.inf + 0j)
        return np.linalg.eigvals(matrix).astype(complex)

    def all_of_them(factors: np.ndarray) -> np.ndarray:
        found = [one(float(factor)) for factor in factors]
        most = max(map(len, found))
        return np.stack([np.resize(own, most) for own in found])

    return all_of_them


def complement(tangent: np.ndarray) -> np.ndarray:
    """An orthonormal basis, shape (d, d − k), of the complement of the columns of `tangent`, shape (d, k)."""
    q, _ = np.linalg.qr(tangent, mode="complete")
    return q[:, tangent.shape[1] :]


def _modulo(matrix: np.ndarray, basis: np.ndarray | None) -> np.ndarray:
    return matrix if basis is None else basis.T @ matrix @ basis


def euler_step_sizes(eigenvalues: np.ndarray) -> StepSizes:
    """The same for the Euler step μ = 1 + hλ, in closed form.

    |μ|² − 1 = 2h Re λ + h²|λ|² is a parabola for every eigenvalue, so the critical step is the smallest
    −2 Re λ/|λ|², and the best one, where the upper envelope of the parabolas is lowest, is the vertex of
    one of them or where two of them cross. There is no cancellation, however weak the damping.
    """
    fastest = float(np.abs(eigenvalues).max(initial=0.0))
    if fastest == 0.0 or np.real(eigenvalues).max() > -1e-100 * fastest:
        return NO_STEP
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
    best_step = float(candidates[best]) / fastest
    return StepSizes(critical, best_step, radius, ((0.0, critical),))


def step_sizes(multipliers_at: Multipliers, dimension: int) -> StepSizes:
    """The critical and the best factor, and all stable ones, of multipliers as functions of the factor.

    Some of the multipliers tend to one as the factor tends to zero, and tell the range of steps to look at;
    others, of a rule that remembers more than the profile, tend to limits of their own.
    """

    def radii(factors: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            values = np.abs(multipliers_at(factors)).max(axis=1, initial=0.0)
        return np.where(np.isfinite(values), values, np.inf)

    def radius(factor: float) -> float:
        return float(radii(np.array([factor]))[0])

    def multipliers(factor: float) -> np.ndarray:
        return multipliers_at(np.array([factor]))[0]

    low, high = _range(multipliers)
    if high == 0.0:  # nothing moves, whatever the step
        return StepSizes(None, None, None, ((0.0, None),)) if radius(1.0) < 1 else NO_STEP
    ratio = 1.02 if dimension <= 12 else 1.1 if dimension <= 60 else 1.3
    grid = np.geomspace(low, high, max(2, math.ceil(math.log(high / low) / math.log(ratio))))
    values = radii(grid)
    settled = int(np.searchsorted(grid, 1e-5 * high))  # up to here first order in the step rules
    stable = _stable_set(radius, grid, values, settled)
    critical = stable[0][1] if stable and stable[0][0] == 0.0 else 0.0
    best, best_radius = _best(multipliers, radius, grid, values)
    if best is None and stable and stable[-1][1] is None and values.argmin() == len(values) - 1:
        best_radius = radius(1e8 * high)
        best_radius = 0.0 if best_radius < 1e-7 else best_radius
    return StepSizes(critical, best, best_radius, stable)


def _range(multipliers: Callable[[float], np.ndarray]) -> tuple[float, float]:
    """Steps between which everything happens, from the slopes dμ/dh at 0, which are rates λ."""
    factor = 1e-200
    moving = int(
        (np.abs(multipliers(factor) - 1.0) < 1e-6).sum()
    )  # the others have limits of their own
    if moving == 0:
        return 0.0, 0.0

    def moves(factor: float) -> np.ndarray:
        difference = multipliers(factor) - 1.0
        return difference[np.argsort(np.abs(difference))][:moving]

    def too_large(difference: np.ndarray) -> bool:
        return len(difference) < moving or not np.abs(difference).max() <= 1e-6

    difference = moves(factor)
    while factor < 1e15 and not too_large(difference) and np.abs(difference).max() < 1e-8:
        factor *= 1e4
        difference = moves(factor)
    while factor > 1e-250 and too_large(difference):  # the first order shall dominate
        factor /= 8.0
        difference = moves(factor)
    slopes = difference / factor
    rates = np.abs(slopes)
    fastest = float(np.max(rates, initial=0.0))
    if fastest == 0.0 or not np.isfinite(fastest):
        return 0.0, 0.0
    moving_rates = rates > 1e-12 * fastest
    damped = np.maximum(-slopes.real[moving_rates], 1e-8 * fastest)
    euler = 2 * damped / rates[moving_rates] ** 2
    low = 1e-3 * min(float(euler.min()), 1.0 / fastest)
    return low, 1e4 / fastest


def _stable_set(
    radius: Callable[[float], float], grid: np.ndarray, values: np.ndarray, settled: int
) -> tuple[tuple[float, float | None], ...]:
    """The intervals of stable steps: ends by bisection, and a look at every local extremum between points."""
    stable = np.flatnonzero(values < 1.0 - ROUNDING)
    if not len(stable):
        return ()
    # near zero the radius is one to rounding, so what counts is where it first differs
    first = int(stable[0])
    from_zero = not (values[:first] > 1.0 + ROUNDING).any() and first <= settled
    points, sizes = [], []
    begin = first if from_zero else 0
    for i in range(begin, len(grid)):
        points.append(float(grid[i]))
        sizes.append(float(values[i]))
        if not begin < i < len(grid) - 1:
            continue
        before, here, after = values[i - 1], values[i], values[i + 1]
        # a hump that rises over one, or a dip below it, between two grid points would be overlooked
        sign = -1 if here >= max(before, after) and 0.9 < here < 1 else 0
        sign = 1 if here <= min(before, after) and 1 <= here < 1.1 else sign
        if sign:
            extremum = _golden(lambda t, s=sign: s * radius(t), grid[i - 1], grid[i + 1])
            points.append(extremum)
            sizes.append(radius(extremum))
    order = np.argsort(points, kind="stable")
    points, sizes = np.array(points)[order], np.array(sizes)[order]
    inside = sizes < 1.0
    inside[(sizes >= 1.0 - ROUNDING) & ~_beside(sizes < 1.0 - ROUNDING)] = (
        False  # neutral, not stable
    )
    intervals: list[tuple[float, float | None]] = []
    ends = np.flatnonzero(np.diff(inside.astype(int), prepend=0, append=0))
    for i, end in zip(ends[::2], ends[1::2], strict=True):
        low = 0.0 if from_zero else float(points[0])
        if i:
            low = _crossing(radius, float(points[i]), float(points[i - 1]))
        high = None
        if end < len(points):
            high = _crossing(radius, float(points[end - 1]), float(points[end]))
        intervals.append((low, high))
    return tuple(intervals)


def _beside(mask: np.ndarray) -> np.ndarray:
    """Which entries have a neighbour in the mask."""
    beside = np.zeros_like(mask)
    beside[1:] |= mask[:-1]
    beside[:-1] |= mask[1:]
    return beside


def _crossing(radius: Callable[[float], float], stable: float, unstable: float) -> float:
    for _ in range(200):
        middle = 0.5 * (stable + unstable)
        if middle in (stable, unstable):
            break
        if radius(middle) < 1.0:
            stable = middle
        else:
            unstable = middle
    return 0.5 * (stable + unstable)


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
