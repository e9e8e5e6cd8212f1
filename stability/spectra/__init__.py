"""Spectra with error bounds, exact stability conditions, critical step sizes."""

from .dense import Bounds as Bounds
from .dense import Spectrum as Spectrum
from .dense import spectrum as spectrum
from .dense import stability_sign as stability_sign
