"""The Wasserstein-1 distance (Kantorovich–Rubinstein): the cost of moving one distribution to the other."""

from __future__ import annotations

import numpy as np
import scipy

from ..errors import InputError
from .distributions import Density, Finite
from .kernels import check_dimensions
from .quadrature import integral

MOST_ROUTES = 40_000  # of a linear program: some seconds
MOST_SAMPLES = 4096  # of an assignment: some seconds


def transport_of_points(p: Finite, q: Finite) -> tuple[float, str]:
    """W1 of two finite distributions with Euclidean distances, and how it was found.

    On the line by sorting; equally many equally likely points by an optimal assignment (Birkhoff: some
    optimal plan is a permutation); otherwise by a linear program. Raises InputError for too many points.
    """
    check_dimensions(p, q)
    if p.points.shape[1] == 1:
        x, y = p.points[:, 0], q.points[:, 0]
        return float(scipy.stats.wasserstein_distance(x, y, p.weights, q.weights)), "sorting"
    n, m = len(p.weights), len(q.weights)
    if n == m and _alike(p.weights) and _alike(q.weights):
        if n > MOST_SAMPLES:
            raise InputError(f"an assignment takes at most {MOST_SAMPLES} samples, not {n}")
        cost = scipy.spatial.distance.cdist(p.points, q.points)
        return float(cost[scipy.optimize.linear_sum_assignment(cost)].mean()), "assignment"
    if n * m > MOST_ROUTES:
        raise InputError(
            f"the linear program would have {n * m} unknowns; take at most {MOST_ROUTES}, "
            "or equally many samples of each distribution"
        )
    return float(
        scipy.stats.wasserstein_distance_nd(p.points, q.points, p.weights, q.weights)
    ), "linear program"


def transport_on_the_line(p: Density | Finite, q: Density | Finite) -> tuple[float, float]:
    """W1 = ∫ |P(X ≤ x) − Q(X ≤ x)| dx of two distributions on the line, with an error estimate."""
    return integral(lambda x: np.abs(p.cdf(x) - q.cdf(x)), np.unique([*p.edges, *q.edges]))


def _alike(weights: np.ndarray) -> bool:
    return bool(np.ptp(weights) <= 1e-15)
