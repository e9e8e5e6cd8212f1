"""Critical and best step sizes of any rule, numerically.

The spectral radius ρ(h) of a rule's multipliers is scanned over many decades of the step size h, every
local extremum is looked at, and the lowest minima are refined (see `leading_eigenvalue`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..dynamics.partition import Partition
from ..equilibria.find import across
from ..errors import SingularError
from ..rules import Rule
from .eigenvalue_maps import Multipliers, commutes, eigenvalue_multipliers
from .leading_eigenvalue import ROUNDING, lowest, sizes
from .windows import CLOSE_CALL, close_extrema, stable_intervals

_AT_ONCE = 2_000_000  # numbers


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
    if rule.is_euler:
        scaled = partition.scale(partition.per_player(rule.lr, "lr"), jacobian)
        return euler_step_sizes(np.linalg.eigvals(across(scaled, tangent)))
    return step_sizes(step_multipliers(rule, jacobian, partition, tangent), len(jacobian))


def step_multipliers(
    rule: Rule, jacobian: np.ndarray, partition: Partition, tangent: np.ndarray | None = None
) -> Multipliers:
    """Factors (n,) ↦ multipliers (n, m), complex, of the rule with its step sizes times the factor."""
    if not isinstance(rule.lr, Mapping) and commutes(rule):
        return eigenvalue_multipliers(rule, np.linalg.eigvals(across(jacobian, tangent)))
    if tangent is not None and tangent.shape[1]:
        tangent = rule.lifted(jacobian, partition, tangent)

    def one(factor: float) -> np.ndarray:
        with np.errstate(all="ignore"):
            try:
                matrix = across(rule.scaled(factor).linearise(jacobian, partition), tangent)
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


def euler_step_sizes(eigenvalues: np.ndarray) -> StepSizes:
    """The step sizes of the Euler step μ = 1 + hλ, in closed form; see `euler_step_sizes_of_all`."""
    if not eigenvalues.size:
        return NO_STEP
    critical, best, best_radius = (float(x[0]) for x in euler_step_sizes_of_all(eigenvalues[None]))
    if critical == 0.0:
        return NO_STEP
    return StepSizes(critical, best, best_radius, ((0.0, critical),))


def euler_step_sizes_of_all(
    eigenvalues: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The critical Euler step, the best one and the radius there, shape (n,) each, of spectra (n, m).

    |μ|² − 1 = 2h Re λ + h²|λ|² is a parabola for every eigenvalue, so the critical step is the smallest
    −2 Re λ/|λ|², and the best one, where the upper envelope of the parabolas is lowest, is the vertex of
    one of them or where two of them cross. There is no cancellation, however weak the damping.

    The critical step is 0, and the best one NaN, where no step is stable; all three are NaN where the
    spectrum is.
    """
    n, m = eigenvalues.shape
    sizes = np.full((n, 3), np.nan)
    known = np.flatnonzero(np.isfinite(eigenvalues).all(axis=1) & (m > 0))
    batch = max(1, _AT_ONCE // max(1, m * m * (m + 1) // 2))
    for begin in range(0, len(known), batch):
        part = known[begin : begin + batch]
        sizes[part] = _euler_step_sizes(eigenvalues[part])
    critical, best, best_radius = sizes.T
    return critical, best, best_radius


def _euler_step_sizes(eigenvalues: np.ndarray) -> np.ndarray:
    """Critical step, best step and radius, shape (n, 3)."""
    fastest = np.abs(eigenvalues).max(axis=1)
    unstable = (fastest == 0) | (np.real(eigenvalues).max(axis=1) > -1e-100 * fastest)
    sizes = np.full((len(eigenvalues), 3), np.nan)
    sizes[unstable, 0] = 0.0
    fastest = fastest[~unstable, None]
    stable = eigenvalues[~unstable]
    if not len(stable):
        return sizes
    slope, curvature = np.real(stable) / fastest, np.abs(stable / fastest) ** 2
    i, j = np.triu_indices(slope.shape[1], 1)
    with np.errstate(all="ignore"):
        vertices = -slope / curvature
        crossings = -2 * (slope[:, i] - slope[:, j]) / (curvature[:, i] - curvature[:, j])
    usable = (curvature[:, i] != curvature[:, j]) & (crossings > 0)
    crossings = np.where(usable, crossings, vertices[:, :1])
    candidates = np.sort(np.concatenate([vertices, crossings], axis=1), axis=1)
    pieces = -(-candidates.size * slope.shape[1] // _AT_ONCE)
    envelope = np.concatenate(
        [
            (2 * h * slope[:, None] + h**2 * curvature[:, None]).max(axis=2)
            for h in np.array_split(candidates[:, :, None], pieces, axis=1)
        ],
        axis=1,
    )
    lowest = envelope.argmin(axis=1)[:, None]
    sizes[~unstable, 0] = 2 * vertices.min(axis=1) / fastest[:, 0]
    sizes[~unstable, 1] = np.take_along_axis(candidates, lowest, axis=1)[:, 0] / fastest[:, 0]
    bottom = np.take_along_axis(envelope, lowest, axis=1)[:, 0]
    sizes[~unstable, 2] = np.sqrt(np.maximum(1.0 + bottom, 0.0))
    return sizes


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
    begin = first if from_zero else 0
    points, found = grid[begin:], values[begin:]
    extrema = close_extrema(radius, points, found - 1.0, CLOSE_CALL)
    points = np.concatenate([points, extrema])
    found = np.concatenate([found, [radius(factor) for factor in extrema]])
    order = np.argsort(points, kind="stable")
    points, found = points[order], found[order]
    inside = found < 1.0
    # a radius of one to rounding is neutral, not stable
    inside[(found >= 1.0 - ROUNDING) & ~_beside(found < 1.0 - ROUNDING)] = False
    low = 0.0 if from_zero else float(points[0])
    intervals = stable_intervals(lambda t: radius(t) < 1.0, points, inside, low, math.inf)
    return tuple((low, None if math.isinf(high) else high) for low, high in intervals)


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
