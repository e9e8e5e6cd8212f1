"""The maximum mean discrepancy of two samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp


def mmd_squared(a: Any, b: Any, bandwidths: Sequence[float]) -> Any:
    """The unbiased estimate of MMD² from samples of shapes (n, k) and (m, k) (Gretton et al. 2012, eq. 3).

    The kernel is the sum of the Gaussians exp(−‖a − b‖²/(2σ²)) over the bandwidths σ.
    """
    n, m = len(a), len(b)
    # the kernel is 1 for every bandwidth where a sample meets itself
    same = sum(
        (_kernel(c, c, bandwidths).sum() - len(c) * len(bandwidths)) / (len(c) * (len(c) - 1))
        for c in (a, b)
    )
    return same - 2 * _kernel(a, b, bandwidths).sum() / (n * m)


def _kernel(a: Any, b: Any, bandwidths: Sequence[float]) -> Any:
    # differences, not ‖a‖² + ‖b‖² − 2ab, which would lose the small distances to cancellation
    squares = jnp.sum((a[:, None] - b[None]) ** 2, axis=-1)
    return sum(jnp.exp(-squares / (2 * sigma**2)) for sigma in bandwidths)
