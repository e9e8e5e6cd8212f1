"""How much of a field turns: the antisymmetric share of its Jacobian, and the angles of its eigenvalues."""

from __future__ import annotations

from typing import Any

import numpy as np

from .value import Rotation

PROBES = 16  # random vectors


def rotation(jacobian: Any, largest: np.ndarray, seed: int) -> Rotation:
    """The rotation of a linear operator J, shape (d, d), with the given largest eigenvalues.

    For random signs u, E‖Ju‖² = ‖J‖² and E‖(J − Jᵀ)u/2‖² = ‖A‖² in Frobenius norms (Hutchinson 1990); the
    error of their ratio is propagated to first order. A small operator is applied to every unit vector.
    """
    dimension = jacobian.shape[0]
    if dimension <= PROBES:
        vectors = np.eye(dimension, dtype=jacobian.dtype)
    else:
        signs = np.array([-1, 1], dtype=jacobian.dtype)
        vectors = np.random.default_rng(seed).choice(signs, (PROBES, dimension))
    whole, turning = np.empty(len(vectors)), np.empty(len(vectors))
    for i, u in enumerate(vectors):
        forward, backward = np.asarray(jacobian.matvec(u)), np.asarray(jacobian.rmatvec(u))
        whole[i] = np.sum(forward.astype(np.float64) ** 2)
        turning[i] = np.sum((forward.astype(np.float64) - backward) ** 2) / 4
    mean = whole.mean()
    share = float(turning.mean() / mean) if mean > 0 else 0.0
    error = 0.0
    if mean > 0 and dimension > PROBES:
        error = float(np.std(turning - share * whole, ddof=1) / mean / PROBES**0.5)
    real, imaginary = np.abs(np.real(largest)), np.abs(np.imag(largest))
    ratios = imaginary[real > 0] / real[real > 0]
    return Rotation(
        min(share, 1.0),
        error,
        float(ratios.max()) if len(ratios) else None,
        int(np.count_nonzero(imaginary > real)),
        len(largest),
    )
