"""Deflation: take known zeros out of a field, so that the next search finds others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .scaling import ScaledField

_LENGTH = 0.1  # of the box's half-width: how far a known zero pushes others' runs away


def deflated(
    field: ScaledField, zeros: np.ndarray
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """The field times `Π (ℓ²/‖u − r‖² + 1)` over the known zeros `r`, with its Jacobian.

    A simple zero of the field becomes a pole, so no run ends there; other zeros stay where they
    are, and far away the field is unchanged. `zeros` has shape `(m, d)`, in the coordinates `x`.

    **Reference**: Farrell, Birkisson, Funke, *Deflation techniques for finding distinct solutions
    of nonlinear partial differential equations*, SIAM J. Sci. Comput. 37 (2015), with p = 2, shift
    1, and a length so that many zeros do not drown the field.
    """

    def residual(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        w, jac = field(points)
        with np.errstate(all="ignore"):
            apart = (points[:, None, :] - zeros) / field.unit
            squared = np.einsum("nmd,nmd->nm", apart, apart)
            factor = np.prod(_LENGTH**2 / squared + 1, axis=1)
            # ∇ log(ℓ²/s + 1) = −2ℓ² (u − r) / (s (s + ℓ²)), s = ‖u − r‖²
            pull = -2 * _LENGTH**2 / (squared * (squared + _LENGTH**2))
            log_gradient = np.einsum("nm,nmd->nd", pull, apart)
            new_jac = jac + w[:, :, None] * log_gradient[:, None, :]
            return factor[:, None] * w, factor[:, None, None] * new_jac

    return residual
