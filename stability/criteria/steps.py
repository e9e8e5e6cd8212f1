"""Critical and best step sizes of any rule, numerically.

The spectral radius ρ(h) of a rule's multipliers is scanned over many decades of the step size h, every
local extremum is looked at, and the lowest minima are refined (see `scan`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..dynamics.partition import Partition
from ..errors import SingularError
from ..rules import Rule, Simultaneous
from .eigenvalue_maps import commutes, multipliers
from .scan import ROUNDING, boundary, golden, lowest, sizes

Multipliers = Callable[[np.ndarray], np.ndarray]  # factors (n,) ↦ multipliers (n, m)


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
    if not isinstance(rule.lr, Mapping) and commutes(rule):
        # the eigenvalues of J are enough, for all factors at once
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
        return sizes(multipliers_at, np.abs, factors)

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
    best, best_radius = _best(multipliers_at, grid, values)
    if best is None and stable and stable[-1][1] is None and values.argmin() == len(values) - 1:
        near, far = radius(1e3 * high), radius(1e6 * high)
        best_radius = (
            0.0 if far < 0.5 * near else far
        )  # falls like a power of the step, or has a limit
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
    points, at_points = [], []
    begin = first if from_zero else 0
    for i in range(begin, len(grid)):
        points.append(float(grid[i]))
        at_points.append(float(values[i]))
        if not begin < i < len(grid) - 1:
            continue
        before, here, after = values[i - 1], values[i], values[i + 1]
        # a hump that rises over one, or a dip below it, between two grid points would be overlooked
        sign = -1 if here >= max(before, after) and 0.9 < here < 1 else 0
        sign = 1 if here <= min(before, after) and 1 <= here < 1.1 else sign
        if sign:
            extremum = golden(lambda t, s=sign: s * radius(t), grid[i - 1], grid[i + 1])
            points.append(extremum)
            at_points.append(radius(extremum))
    order = np.argsort(points, kind="stable")
    points, found = np.array(points)[order], np.array(at_points)[order]
    inside = found < 1.0
    # a radius of one to rounding is neutral, not stable
    inside[(found >= 1.0 - ROUNDING) & ~_beside(found < 1.0 - ROUNDING)] = False
    intervals: list[tuple[float, float | None]] = []

    def stable_at(factor: float) -> bool:
        return radius(factor) < 1.0

    ends = np.flatnonzero(np.diff(inside.astype(int), prepend=0, append=0))
    for i, end in zip(ends[::2], ends[1::2], strict=True):
        low = 0.0 if from_zero else float(points[0])
        if i:
            low = boundary(stable_at, float(points[i]), float(points[i - 1]))
        high = None
        if end < len(points):
            high = boundary(stable_at, float(points[end - 1]), float(points[end]))
        intervals.append((low, high))
    return tuple(intervals)


def _beside(mask: np.ndarray) -> np.ndarray:
    """Which entries have a neighbour in the mask."""
    beside = np.zeros_like(mask)
    beside[1:] |= mask[:-1]
    beside[:-1] |= mask[1:]
    return beside


def _best(
    multipliers_at: Multipliers, grid: np.ndarray, values: np.ndarray
) -> tuple[float | None, float | None]:
    if not values.min() < 1.0 - ROUNDING:
        return None, None
    if values.argmin() in (0, len(grid) - 1):  # ever smaller or ever larger steps are better
        return None, None
    best_radius, best = lowest(multipliers_at, np.abs, grid, values)
    return best, best_radius
