"""The covariance that the iterate settles to."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from .moments import Moments
from .radius import DENSE
from .symmetric import matrix_of, pack, unpack

SWEEPS = 500
CONVERGED = 1e-11


def stationary_moments(moments: Moments) -> tuple[np.ndarray, np.ndarray] | None:
    """Mean μ (m,) and covariance (m, m) of the state's stationary distance; None if they were not found.

    They solve μ = E[M]μ + E[g] and S = E[M S Mᵀ] + E[(Mμ + g)(Mμ + g)ᵀ − Mμ(Mμ)ᵀ], S = P + μμᵀ, and exist
    if the step is mean-square stable. The linear equation is solved directly where it is small; else by
    S ← M̄ S M̄ᵀ + (the rest at the last S), a Lyapunov equation at a time.
    """
    m = len(moments.mean)
    mean = np.linalg.solve(np.eye(m) - moments.mean, moments.drift)
    forcing = moments.forcing(mean)
    if m <= DENSE:
        matrix = matrix_of(moments.second, m)
        second = unpack(np.linalg.solve(np.eye(len(matrix)) - matrix, pack(forcing)), m)
        return mean, second - np.outer(mean, mean)
    second = lyapunov(moments.mean, forcing)
    for _ in range(SWEEPS):
        noise = moments.second(second) - moments.mean @ second @ moments.mean.T
        new = lyapunov(moments.mean, forcing + noise)
        change = np.abs(new - second).max()
        second = new
        if change <= CONVERGED * np.abs(second).max():
            return mean, second - np.outer(mean, mean)
    return None


def additive_covariance(moments: Moments) -> np.ndarray:
    """P = MPMᵀ + G, the covariance if only the field were noisy and not its Jacobian, shape (m, m)."""
    return lyapunov(*moments.additive())


def lyapunov(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The P with P = A P Aᵀ + Q, for a stable A, symmetric."""
    if not right.any():
        return np.zeros_like(right)
    found = scipy.linalg.solve_discrete_lyapunov(matrix, right)
    return (found + found.T) / 2
