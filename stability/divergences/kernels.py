"""The maximum mean discrepancy with a Gaussian kernel exp(−‖x − y‖²/(2σ²)) (Gretton et al. 2012)."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from ..dynamics.positive_settings import check_positive
from ..errors import InputError
from .distributions import Density, Finite, empirical
from .quadrature import integral

MOST_PAIRS = 25_000_000  # 200 MB
_ENDS = 8.5  # standard deviations: less than 1e-16 of a normal distribution lies outside


def mmd_of_points(p: Finite, q: Finite, bandwidth: float) -> float:
    """MMD² of two finite distributions, Σ (p − q)(p − q)ᵀk: exactly theirs, and not negative."""
    cross = p.weights @ _kernel(p.points, q.points, bandwidth) @ q.weights
    own = sum(r.weights @ _kernel(r.points, r.points, bandwidth) @ r.weights for r in (p, q))
    return max(float(own - 2 * cross), 0.0)


def mmd_on_the_line(
    p: Density | Finite, q: Density | Finite, bandwidth: float
) -> tuple[float, float]:
    """MMD² of two distributions on the line with an error estimate.

    The kernel is the characteristic function of N(0, 1/σ²), so MMD² is the expectation of
    |φ_p(ω) − φ_q(ω)|² for ω normal with that variance (Sriperumbudur et al. 2010, corollary 4).
    """

    def integrand(z: np.ndarray) -> np.ndarray:
        frequency = z / bandwidth
        difference = p.characteristic(frequency) - q.characteristic(frequency)
        return np.abs(difference) ** 2 * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)

    return integral(integrand, np.linspace(-_ENDS, _ENDS, 35))


def mmd_unbiased(x: Any, y: Any, bandwidth: float = 1.0) -> float:
    """The unbiased estimate of MMD² from samples of shapes (n, d) and (m, d), n, m ≥ 2; may be negative.

    `x` and `y` are the samples; the kernel is exp(−‖x − y‖²/(2·bandwidth²)) with a positive `bandwidth`.

    Pairs of a sample with itself are left out (Gretton et al. 2012, eq. 3). The biased estimate, which
    keeps them, is the MMD² of the two empirical distributions. Raises InputError for fewer than two
    samples.
    """
    check_positive(bandwidth, "the bandwidth of the kernel")
    p, q = empirical(x), empirical(y)
    check_dimensions(p, q)
    n, m = len(p.points), len(q.points)
    if min(n, m) < 2:
        raise InputError("the unbiased estimate of MMD² needs two samples of each distribution")
    own = sum(
        (_kernel(r.points, r.points, bandwidth).sum() - k) / (k * (k - 1))
        for r, k in ((p, n), (q, m))
    )
    return float(own - 2 * _kernel(p.points, q.points, bandwidth).mean())


def check_dimensions(p: Finite, q: Finite) -> None:
    """Raises InputError unless the points of both are of one dimension."""
    if p.points.shape[1] != q.points.shape[1]:
        raise InputError(
            f"the points have {p.points.shape[1]} and {q.points.shape[1]} coordinates; "
            "a distance needs equally many"
        )


def _kernel(x: np.ndarray, y: np.ndarray, bandwidth: float) -> np.ndarray:
    if len(x) * len(y) > MOST_PAIRS:
        raise InputError(
            f"the kernel would take {len(x)} times {len(y)} pairs; give at most 5000 points"
        )
    return np.exp(-scipy.spatial.distance.cdist(x / bandwidth, y / bandwidth, "sqeuclidean") / 2)
