"""The normal distribution closest to a target on the line by Wasserstein-1: a convex problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from ..dynamics.zeros import zero_between
from .distributions import Density, Normal
from .quadrature import nodes

ROUNDING = 1e-15  # a difference of distribution functions no larger has no sign
STEPS = 200  # of damped Newton at most
# What is added to the Hessian's diagonal, in units of the target's spread; at most where no step is left
FIRST_DAMPING, LARGEST_DAMPING = 1e-2, 1e15


@dataclass(frozen=True)
class Expansion:
    """W1(target, N(mean, scale²)), its gradient in (mean, scale), (2,), and its Hessian, (2, 2)."""

    value: float
    gradient: np.ndarray
    hessian: np.ndarray


def expansion(target: Density, mean: float, scale: float) -> Expansion:
    """W1(target, N(mean, scale²)) and its first two derivatives.

    In quantile functions, z that of N(0, 1), W1 = ∫₀¹ |F⁻¹(u) − mean − scale·z(u)| du (Vallender 1974): the
    modulus of what is linear in (mean, scale), hence convex. The gradient is −∫ sign(·)(1, z) du, between
    two sign changes a difference of Φ and of −φ. A sign change at z moves with the parameters; where the
    densities are f of the target and q of the model it adds 2 f q/|f − q| · (1, z)ᵀ(1, z) to the Hessian.
    """
    model = Normal(mean, scale)
    edges = np.unique([*target.edges, *model.edges])
    zeros, signs = _sign_changes(target, model, edges)
    at, weights = nodes(np.unique([*edges, *zeros]))
    value = float(np.sum(np.abs(target.cdf(at) - model.cdf(at)) * weights))
    z = (zeros - mean) / scale
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    masses = np.diff(np.concatenate([[0.0], scipy.special.ndtr(z), [1.0]]))
    moments = -np.diff(np.concatenate([[0.0], density, [0.0]]))
    f, q = np.exp(target.log_density(zeros)), density / scale
    # where the densities touch the Hessian is infinite
    weight = 2 * f * q / np.maximum(np.abs(f - q), ROUNDING * (f + q))
    directions = np.stack([np.ones_like(z), z])
    gradient = -np.array([signs @ masses, signs @ moments])
    return Expansion(value, gradient, (directions * weight) @ directions.T)


def closest(target: Density, center: float, spread: float) -> tuple[float, float]:
    """The mean and scale of the minimum of W1, sought from the target's mean and standard deviation.

    W1 is convex, and strictly so around a point where its gradient vanishes: a single sign change leaves a
    slope in the scale, and of several at least two add to the Hessian, so there is one minimum. It is
    reached by Newton's method with Levenberg's damping.
    """
    x = np.array([0.0, 1.0])  # in units of the spread, from the center
    best, damping = expansion(target, center, spread), FIRST_DAMPING
    for _ in range(STEPS):
        matrix = best.hessian * spread + damping * np.eye(2)
        trial = x - np.linalg.lstsq(matrix, best.gradient, rcond=None)[0]
        found = None
        if trial[1] > 0:
            found = expansion(target, center + spread * trial[0], spread * trial[1])
        if found is not None and _better(found, best):
            x, best, damping = trial, found, damping / 10
        else:
            damping *= 10
        if damping > LARGEST_DAMPING or not best.gradient.any():
            break
    return center + spread * float(x[0]), spread * float(x[1])


def _better(found: Expansion, best: Expansion) -> bool:
    """Whether the value is less or, where rounding hides which is, the gradient."""
    difference = found.value - best.value
    if abs(difference) > ROUNDING * 10 * best.value:
        return difference < 0
    return np.abs(found.gradient).max() < np.abs(best.gradient).max()


def _sign_changes(
    target: Density, model: Normal, edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where F⁻¹ − (mean + scale·z) changes its sign, (k,) points on the line, and its k + 1 signs.

    Those of Φ − F, with which it rises and falls: monotone between its critical points, where the densities
    are equal, so that none is missed between them.
    """

    def difference(x):
        return model.cdf(x) - target.cdf(x)

    def slope(x):
        return np.exp(model.log_density(x)) - np.exp(target.log_density(x))

    grid = np.unique([*edges, *nodes(edges)[0].ravel()])
    grid = np.unique([*grid, *_roots(slope, grid, model.scale)])
    grid = grid[np.abs(difference(grid)) > ROUNDING]
    if len(grid) == 0:
        return np.empty(0), np.zeros(1)
    signs = np.sign(difference(grid))
    kept = np.concatenate([[True], signs[1:] != signs[:-1]])
    return np.array(_roots(difference, grid, model.scale)), signs[kept]


def _roots(function: Callable, grid: np.ndarray, unit: float) -> list[float]:
    """A root of the function between every two neighbours on the grid where it has different signs."""
    negative = function(grid) < 0
    return [
        zero_between(function, grid[i], grid[i + 1], 1e-16 * unit)
        for i in np.flatnonzero(negative[1:] != negative[:-1])
    ]
