"""Eigenvalues with error bounds, dense, matrix-free and in closed form; knows no game and no rule."""

from .dense import Bounds as Bounds
from .dense import Spectrum as Spectrum
from .dense import stability_sign as stability_sign
from .exact import exact_eigenvalues as exact_eigenvalues
from .hurwitz import characteristic_polynomial as characteristic_polynomial
from .spectrum import spectrum as spectrum
