"""The numerical abscissa: how fast a linear flow can grow before its eigenvalues have their say."""

from __future__ import annotations

from ...dynamics.operator import Operator
from .lanczos import SymmetricSpectrum, symmetric_spectrum


def numerical_abscissa(
    operator: Operator, *, max_products: int = 2000, seed: int = 0
) -> SymmetricSpectrum:
    """The largest eigenvalue of (J + Jᵀ)/2, from the products of J and Jᵀ.

    It is the largest initial growth rate of ‖x‖ along ẋ = J x: d/dt ‖e^{tJ}‖ at t = 0 (Trefethen, Embree,
    Spectra and Pseudospectra, 2005, ch. 14 and 17), and at least the spectral abscissa. If it is negative
    every disturbance shrinks from the start; if it is positive and the spectral abscissa negative, some grow
    before they die out, which no eigenvalue of J shows.

    `operator`: J, square (`game.linearise(x)`); `max_products`, `seed` as for `symmetric_spectrum`. Raises
    as `symmetric_spectrum`, and InputTypeError if J is not square.
    """
    return symmetric_spectrum(
        operator.symmetric, which="largest", max_products=max_products, seed=seed
    )
