"""The eigenvalues of [[−Q, P], [−Pᵀ, 0]]: where they can be."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class EigenvalueBounds:
    """Intervals that hold the real parts of eigenvalues, (low, high), or None if there can be none.

    `real`: of the real eigenvalues; `complex`: of the pairs.
    """

    real: tuple[float, float]
    complex: tuple[float, float] | None

    @property
    def abscissa(self) -> float:
        """No eigenvalue has a larger real part."""
        return self.real[1] if self.complex is None else max(self.real[1], self.complex[1])


def eigenvalue_bounds(q: np.ndarray, p: np.ndarray) -> EigenvalueBounds:
    """Bounds for J = [[−Q, P], [−Pᵀ, 0]] with Q ≻ 0, shape (n, n), and P of full column rank, shape (n, m).

    For an eigenvector (u, w) with eigenvalue μ, μw = −Pᵀu gives μ²u + μQu + PPᵀu = 0, and with ‖u‖ = 1,
    a = uᴴQu, b = uᴴPPᵀu the real equation μ² + aμ + b = 0. So the real part of a pair is −a/2, and a real
    eigenvalue lies in [−a, 0). For a real μ = −s with s < λ_min(Q), eliminating u instead gives
    s = wᵀPᵀ(Q − s)⁻¹Pw / ‖w‖² ≥ σ²/(λ_max(Q) − s), σ² = λ_min(PᵀP); so s is at least λ_min(Q) or the smaller
    root of s(λ_max(Q) − s) = σ². Nagarajan and Kolter (2017, appendix) show the weaker
    s ≥ λ_min(Q) σ² / (λ_min(Q) λ_max(Q) + σ²). For n = m = 1 both bounds are attained.
    """
    lowest, highest = np.linalg.eigvalsh(q)[[0, -1]].tolist()
    if not p.shape[1]:
        return EigenvalueBounds((-highest, -lowest), None)
    square = float(np.linalg.svd(p, compute_uv=False)[-1]) ** 2
    slowest, discriminant = lowest, highest**2 - 4 * square
    if discriminant >= 0:  # 2σ²/(λ + √…) is the smaller root without cancellation
        slowest = min(lowest, 2 * square / (highest + math.sqrt(discriminant)))
    return EigenvalueBounds((-highest, -slowest), (-highest / 2, -lowest / 2))
