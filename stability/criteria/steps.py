"""Critical and best step sizes of any rule, numerically.

The spectral radius ρ(h) of a rule's multipliers is scanned over many decades of the step size h, every
local extremum is looked at, and the lowest minima are refined (see `leading_eigenvalue`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..dynamics.partition import Partition
from ..equilibria.equilibrium import across
from ..errors import SingularError
from ..rules import Rule
from .eigenvalue_maps import (
    Multipliers,
    commutes,
    eigenvalue_multipliers,
    eigenvalues_of_all,
)
from .leading_eigenvalue import ROUNDING, lowest, sizes
from .windows import CLOSE_CALL, close_extrema, stable_intervals

_AT_ONCE = 2_000_000  # numbers
_SOME = np.arange(1, 12) / 12  # of an interval that is known to be stable
_TRIALS = (1e-3, 0.37, 1.9, 41.0)  # steps over the Jacobian's largest entry
_POWERS, _SAME = 6, 1e-10
Window = tuple[float, float | None]
Matrices = Callable[[np.ndarray], np.ndarray]  # factors (n,) ↦ matrices (n, m, m)


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
    stable: tuple[Window, ...]


NO_STEP = StepSizes(0.0, None, None, ())


def rule_step_sizes(
    rule: Rule,
    jacobian: np.ndarray,
    partition: Partition,
    tangent: np.ndarray | None = None,
    stable: Sequence[Window] | None = None,
) -> StepSizes:
    """Critical and best factor of a rule at an equilibrium whose field has the given Jacobian (d, d).

    `tangent` is a basis, shape (d, k), of the tangent of a manifold of equilibria; the multipliers are then
    those of the step modulo the manifold. `stable` is the set of all stable factors, where that is known.
    """
    if stable is not None and not len(stable):
        return NO_STEP
    if rule.is_euler:
        scaled = partition.scale(partition.per_player(rule.lr, "lr"), jacobian)
        return euler_step_sizes(np.linalg.eigvals(across(scaled, tangent)))
    return step_sizes(step_multipliers(rule, jacobian, partition, tangent), len(jacobian), stable)


def step_multipliers(
    rule: Rule, jacobian: np.ndarray, partition: Partition, tangent: np.ndarray | None = None
) -> Multipliers:
    """Factors (n,) ↦ multipliers (n, m), complex, of the rule with its step sizes times the factor."""
    if not isinstance(rule.lr, Mapping) and commutes(rule):
        return eigenvalue_multipliers(rule, np.linalg.eigvals(across(jacobian, tangent)))
    if tangent is not None and tangent.shape[1]:
        tangent = rule.lifted(jacobian, partition, tangent)
    steps_at = linearised_steps(rule, jacobian, partition)

    def multipliers_at(factors: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return eigenvalues_of_all(across(steps_at(factors), tangent))

    return multipliers_at


def linearised_steps(rule: Rule, jacobian: np.ndarray, partition: Partition) -> Matrices:
    """Factors (n,) on the step sizes ↦ the linearised steps (n, m, m), but for the units of the memory.

    Nearly every rule multiplies the field by its step size wherever it asks for it. Then its steps along the
    fields hJ, all of which are taken together, are those of h along J; whether that is so is tried out.
    ∞ where a step does not exist.
    """

    def together(factors: np.ndarray) -> np.ndarray:
        return rule.linearised_together(factors, jacobian, partition)

    def one_by_one(factors: np.ndarray) -> np.ndarray:
        return np.stack([one(float(factor)) for factor in factors])

    def one(factor: float) -> np.ndarray:
        try:
            return np.asarray(rule.scaled(factor).linearise(jacobian, partition))
        except SingularError:  # at this very step
            return np.full((size, size), np.inf)

    def quickly(factors: np.ndarray) -> np.ndarray:
        try:
            return together(factors)
        except SingularError:  # at one of them
            return one_by_one(factors)

    size = sum(rule.state_sizes(partition))
    fastest = float(np.abs(jacobian).max(initial=0.0))
    trials = np.array(_TRIALS) / (fastest if fastest > 0 else 1.0)
    with np.errstate(all="ignore"):
        try:
            same = _same_spectra(together(trials), one_by_one(trials))
        except (TypeError, ValueError, IndexError, AttributeError):  # a step of its own kind
            same = False
    return quickly if same else one_by_one


def _same_spectra(some: np.ndarray, others: np.ndarray) -> bool:
    """Whether matrices, shape (n, m, m) each, have the same characteristic polynomials."""
    if some.shape != others.shape:
        return False
    left, right = some, others
    m = some.shape[-1]
    size = m * np.abs(np.stack([some, others])).max(axis=(0, 2, 3))
    for power in range(1, min(m, _POWERS) + 1):
        apart = np.trace(left - right, axis1=1, axis2=2)
        if not (np.abs(apart) <= _SAME * size**power).all():
            return False
        left, right = left @ some, right @ others
    return True


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


def step_sizes(
    multipliers_at: Multipliers, dimension: int, stable: Sequence[Window] | None = None
) -> StepSizes:
    """The critical and the best factor, and all stable ones, of multipliers as functions of the factor.

    `stable` is the set of all stable factors where that is known, however narrow its intervals are; else
    they are scanned for.

    Some of the multipliers tend to one as the factor tends to zero, and tell the range of steps to look at;
    others, of a rule that remembers more than the profile, tend to limits of their own.
    """

    def radii(factors: np.ndarray) -> np.ndarray:
        return sizes(multipliers_at, np.abs, factors)

    def radius(factor: float) -> float:
        return float(radii(np.array([factor]))[0])

    low, high = _range(multipliers_at)
    if high == 0.0:  # nothing moves, whatever the step
        return StepSizes(None, None, None, ((0.0, None),)) if radius(1.0) < 1 else NO_STEP
    ratio = 1.02 if dimension <= 12 else 1.1 if dimension <= 60 else 1.3
    grid = np.geomspace(low, high, max(2, math.ceil(math.log(high / low) / math.log(ratio))))
    if stable is not None:
        grid = np.union1d(grid, _inside(stable, low, high))
    values = radii(grid)
    settled = int(np.searchsorted(grid, 1e-5 * high))  # up to here first order in the step rules
    found = _stable_set(radii, grid, values, settled) if stable is None else tuple(stable)
    critical = found[0][1] if found and found[0][0] == 0.0 else 0.0
    best, best_radius = _best(multipliers_at, grid, values)
    if best is None and found and found[-1][1] is None and values.argmin() == len(values) - 1:
        near, far = radius(1e3 * high), radius(1e6 * high)
        best_radius = (
            0.0 if far < 0.5 * near else far
        )  # falls like a power of the step, or has a limit
    return StepSizes(critical, best, best_radius, found)


def _inside(windows: Sequence[Window], low: float, high: float) -> np.ndarray:
    """A few numbers between `low` and `high` inside every window."""
    ends = [(max(a, low), high if b is None else min(b, high)) for a, b in windows]
    return np.concatenate([[], *(a + (b - a) * _SOME for a, b in ends if a < b)])


def _range(multipliers_at: Multipliers) -> tuple[float, float]:
    """Steps between which everything happens, from the slopes dμ/dh at 0, which are rates λ."""
    factors = 1e-200 * 1e4 ** np.arange(55)
    apart = multipliers_at(factors) - 1.0
    moving = int((np.abs(apart[0]) < 1e-6).sum())  # the others have limits of their own
    if moving == 0:
        return 0.0, 0.0

    def moves(difference: np.ndarray) -> np.ndarray:
        return difference[np.argsort(np.abs(difference))][:moving]

    def too_large(difference: np.ndarray) -> bool:
        return len(difference) < moving or not np.abs(difference).max() <= 1e-6

    differences = map(moves, apart)
    factor, difference = next(
        (factor, own)
        for factor, own in zip(factors.tolist(), differences, strict=True)
        if too_large(own) or np.abs(own).max() >= 1e-8 or factor == factors[-1]
    )
    while factor > 1e-250 and too_large(difference):  # the first order shall dominate
        factor /= 8.0
        difference = moves(multipliers_at(np.array([factor]))[0] - 1.0)
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
    radii: Callable[[np.ndarray], np.ndarray], grid: np.ndarray, values: np.ndarray, settled: int
) -> tuple[Window, ...]:
    """The intervals of stable steps: their ends, and a look at every local extremum between points."""
    # near zero the radius is one to rounding, so what counts is where it first differs
    stable = np.flatnonzero(values < 1.0 - ROUNDING)
    first = int(stable[0]) if len(stable) else len(grid)
    from_zero = first <= settled and not (values[:first] > 1.0 + ROUNDING).any()
    begin = first if from_zero else 0
    points, found = grid[begin:], values[begin:]
    extrema = close_extrema(radii, points, found - 1.0, CLOSE_CALL)
    if len(extrema):
        points, found = np.concatenate([points, extrema]), np.concatenate([found, radii(extrema)])
    order = np.argsort(points, kind="stable")
    points, found = points[order], found[order]
    inside = found < 1.0
    # a radius of one to rounding is neutral, not stable
    inside[(found >= 1.0 - ROUNDING) & ~_beside(found < 1.0 - ROUNDING)] = False
    low = 0.0 if from_zero else float(points[0])
    intervals = stable_intervals(lambda t: radii(t) < 1.0, points, inside, low, math.inf)
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
