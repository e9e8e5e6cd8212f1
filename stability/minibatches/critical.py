"""The largest step size with which second moments stay bounded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.linalg
from scipy.linalg.lapack import dtrsyl

from ..criteria.leading_eigenvalue import ROUNDING
from ..criteria.steps import rule_step_sizes
from ..criteria.windows import UNIT_DISC, sample, scanned_windows
from ..dynamics.partition import Partition
from ..dynamics.zeros import zero_between
from ..errors import SingularError
from ..rules import Rule
from .moments import Jitter, Moments
from .radius import DENSE, leading, radius
from .symmetric import matrix_of

FARTHEST = 1e4  # the largest step looked at, over the time of the fastest rate
SMALLEST = 1e-9  # the smallest one, over the largest
HALVINGS = 30
SCANNED = 8  # rows of P up to which the radius is quick enough for a scan
PRECISION = 1e-7  # of the critical step of a large game, relative


def critical_factor(
    rule: Rule, moments_of: Callable[[Rule], Moments], jitter: Jitter, partition: Partition
) -> float | None:
    """The supremum of the factors on the rule's step sizes below which every one is mean-square stable.

    0 if no small one is, None if every one is. Second moments bound first ones, so no more than the factors
    with which the mean is stable come into question.
    """
    jacobian = jitter.fields.jacobian
    if rule.is_euler:
        found = euler_critical_factor(rule, jitter, partition)
        if found is not None:
            return found
    most = rule_step_sizes(rule, jacobian, partition).critical
    if most == 0.0:
        return 0.0
    rates = np.abs(
        np.linalg.eigvals(partition.scale(partition.per_player(rule.lr, "lr"), jacobian))
    )
    far = most is None
    high = FARTHEST / max(float(rates.max()), 1e-300) if most is None else most

    def radius_at(factor: float) -> float:
        try:
            moments = moments_of(rule.scaled(factor))
            return radius(moments.second, len(moments.mean))
        except SingularError:  # on one of the minibatches, at this very step
            return np.inf

    if len(moments_of(rule).mean) > SCANNED:
        return _largest(radius_at, high, far)

    def radii(factors: np.ndarray) -> np.ndarray:
        return np.array([[radius_at(float(own))] for own in factors], dtype=complex)

    grid = high * np.concatenate([np.geomspace(1e-4, 0.1, 10)[:-1], np.linspace(0.1, 1, 24)])
    while grid[0] > SMALLEST * high and not radius_at(grid[0]) < 1 - ROUNDING:
        grid = np.concatenate([[grid[0] / 10], grid])
    windows = scanned_windows(radii, UNIT_DISC, 0.0, high, sample(radii, UNIT_DISC, grid))
    if not windows or windows[0][0] > 0.0:
        return 0.0
    return None if far and windows[0][1] == high else windows[0][1]


def _largest(radius_at: Callable[[float], float], high: float, far: bool) -> float | None:
    """The same from few evaluations: the first halving of `high` that is stable, and the root above it."""
    inner = high * (1 - 1e-6)
    if radius_at(inner) < 1 - ROUNDING:
        return None if far else high
    for _ in range(HALVINGS):
        outer, inner = inner, inner / 2
        value = radius_at(inner)
        if value < 1 - ROUNDING:
            accuracy = PRECISION * inner
            return zero_between(lambda t: min(radius_at(t), 2.0) - 1, inner, outer, accuracy)
    return 0.0


def euler_critical_factor(rule: Rule, jitter: Jitter, partition: Partition) -> float | None:
    """The critical factor of the simultaneous step in closed form; None if its eigenvalue was not found.

    With F = HJ, H the step sizes, the step s moves second moments by P ↦ P + s(FP + PFᵀ) + s²D(P),
    D(P) = FPFᵀ + H Cov(J_B)(P) H. The Lyapunov operator A: P ↦ FP + PFᵀ of a stable F has a negative inverse,
    D is positive, so the second moments shrink if and only if s ρ(−A⁻¹D) < 1 (Damm 2004, Rational Matrix
    Equations in Stochastic Control, chapter 3, on resolvent positive operators).
    """
    d = partition.dimension
    h = partition.scale(partition.per_player(rule.lr, "lr"), np.ones(d))
    f = h[:, None] * jitter.fields.jacobian
    scale = float(np.abs(f).max())
    if scale == 0.0 or np.linalg.eigvals(f).real.max() > -1e-14 * scale:
        return 0.0
    noise = jitter.of_jacobian(slice(0, d))

    def square(p: np.ndarray) -> np.ndarray:
        return f @ p @ f.T + np.outer(h, h) * noise(p)

    if d <= DENSE:
        lyapunov = matrix_of(lambda p: f @ p + p @ f.T, d)
        growth = -np.linalg.solve(lyapunov, matrix_of(square, d))
        return 1 / float(np.abs(np.linalg.eigvals(growth)).max())
    triangle, basis = scipy.linalg.schur(f)

    def grown(p: np.ndarray) -> np.ndarray:
        inner, scaling, _ = dtrsyl(triangle, triangle, -basis.T @ square(p) @ basis, tranb="T")
        x = basis @ inner @ basis.T / scaling
        return (x + x.T) / 2

    found = leading(grown, d)
    return None if found is None else 1 / found[0]
