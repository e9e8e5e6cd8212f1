"""Symmetric operators: extreme eigenvalues, linear solves, Schur complements, spectral densities."""

from .abscissa import numerical_abscissa as numerical_abscissa
from .density import SpectralDensity as SpectralDensity
from .density import spectral_density as spectral_density
from .lanczos import SymmetricSpectrum as SymmetricSpectrum
from .lanczos import symmetric_spectrum as symmetric_spectrum
from .linear_solves import Solution as Solution
from .linear_solves import conjugate_gradients as conjugate_gradients
from .schur_complement import ComplementSpectrum as ComplementSpectrum
from .schur_complement import InnerBlock as InnerBlock
from .schur_complement import SchurComplement as SchurComplement
from .schur_complement import TotalSecondDerivative as TotalSecondDerivative
from .schur_complement import complement_spectrum as complement_spectrum
