"""Spectra with error bounds, exact stability conditions, critical step sizes."""

from .critical import critical_step as critical_step
from .dense import Bounds as Bounds
from .dense import Spectrum as Spectrum
from .dense import stability_sign as stability_sign
from .eigenvalue_maps import multiplier_polynomial as multiplier_polynomial
from .eigenvalue_maps import multipliers as multipliers
from .eigenvalue_maps import stability_region as stability_region
from .exact import exact_eigenvalues as exact_eigenvalues
from .hurwitz import characteristic_polynomial as characteristic_polynomial
from .relations import hurwitz_conditions as hurwitz_conditions
from .relations import schur_conditions as schur_conditions
from .relations import stability_conditions as stability_conditions
from .spectrum import spectrum as spectrum
