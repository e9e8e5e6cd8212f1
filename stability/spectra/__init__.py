"""Spectra with error bounds, exact stability conditions, critical step sizes."""

from .critical import critical_step as critical_step
from .dense import Bounds as Bounds
from .dense import Spectrum as Spectrum
from .dense import spectrum as spectrum
from .dense import stability_sign as stability_sign
from .exact import exact_eigenvalues as exact_eigenvalues
from .hurwitz import characteristic_polynomial as characteristic_polynomial
