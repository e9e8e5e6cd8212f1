"""Krylov–Schur: a few eigenvalues of large nonsymmetric operators."""

from .solve import krylov_spectrum as krylov_spectrum
