"""A few eigenpairs of a large real operator, with residuals, condition numbers and error bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dense import Spectrum, overlapping, sorted_spectrum
from .device import DeviceBasis
from .host import HostBasis
from .iteration import Found, krylov_schur
from .operators import Operator, adapt
from .pairs import error_bounds, left_vectors, rayleigh_ritz
from .schur import preference

_STEPS = 4  # products made at once


def krylov_spectrum(
    operator: Any,
    k: int,
    which: str = "rightmost",
    *,
    tolerance: float | None = None,
    seed: int = 0,
    left: bool = True,
    size: int | None = None,
    steps: int = _STEPS,
    max_products: int | None = None,
) -> Spectrum:
    """What `stability.spectrum` does for a large operator; see there.

    Args:
        size: how many vectors the basis has; by default `basis_size(k, d)`.
        steps: how many products are made before they are orthonormalised together.
    """
    seen = adapt(operator)
    if tolerance is None:
        tolerance = default_tolerance(seen.dtype)
    size = basis_size(k, seen.dimension) if size is None else min(size, seen.dimension)
    budget = 100 * size if max_products is None else max_products
    with seen.precision():
        return _solve(seen, k, which, tolerance, seed, left, size, steps, budget)


def default_tolerance(dtype: np.dtype) -> float:
    """Relative residuals to reach: 1e-4 in single precision, 1e-8 in double."""
    return 1e-4 if dtype == np.float32 else 1e-8


def basis_size(k: int, d: int) -> int:
    """How many vectors the basis has: 3 k and at least 40, if the space has as many dimensions."""
    return min(d, max(3 * k, 40))


def _solve(
    operator: Operator,
    k: int,
    which: str,
    tolerance: float,
    seed: int,
    left: bool,
    size: int,
    steps: int,
    budget: int,
) -> Spectrum:
    prefer = preference(which)
    rows = max(size + 1, 2 * (k + 1))
    where = (rows, operator.dimension, operator.dtype, seed)
    on_host = operator.sharding is None
    basis = HostBasis(*where) if on_host else DeviceBasis(*where, operator.sharding)
    settings: dict[str, Any] = {"size": size, "steps": steps, "tolerance": tolerance}
    found = krylov_schur(operator, basis, prefer, k, max_products=budget - 2 * (k + 1), **settings)
    pairs = rayleigh_ritz(operator.matvec, basis, found.count)
    vectors = basis.take(pairs.coefficients)
    scale = tolerance * np.maximum(np.abs(pairs.values), 1e-2 * found.norm)
    met = pairs.residuals <= 1.5 * scale
    remarks = _remarks(found, met, which, operator)
    left_eigenvectors, condition = None, np.full(found.count, np.inf)
    if left and operator.transposed is None:
        remarks.append(
            "the operator has no rmatvec, so there are no left eigenvectors, condition numbers or "
            "error bounds"
        )
    elif left:
        used = operator.products
        turned = Operator(
            operator.transposed, None, operator.dimension, operator.dtype, operator.sharding
        )
        other = krylov_schur(
            turned, basis, prefer, found.count, max_products=budget, verify=False, **settings
        )
        transposed = rayleigh_ritz(turned.matvec, basis, other.count)
        operator.products = used + turned.products
        if other.count == found.count:
            left_eigenvectors, condition = left_vectors(
                pairs, vectors, transposed, basis, tolerance**0.5 * found.norm
            )
        if not np.all(np.isfinite(condition)):
            missing = int(np.count_nonzero(~np.isfinite(condition)))
            remarks.append(
                f"no left eigenvector was found for {missing} of the {found.count} eigenvalues: "
                "their condition numbers and error bounds are unknown"
            )
    errors = error_bounds(pairs.residuals, condition, found.norm, operator.dtype)
    return sorted_spectrum(
        Spectrum(
            pairs.values.astype(complex),
            errors,
            vectors,
            left_eigenvectors,
            pairs.residuals,
            condition,
            overlapping(pairs.values, errors),
            converged=bool(found.converged and met.all()),
            products=operator.products,
            restarts=found.restarts,
            which=which,
            remarks=tuple(remarks),
        )
    )


def _remarks(found: Found, met: np.ndarray, which: str, operator: Operator) -> list[str]:
    """What was checked, and what was not reached."""
    remarks = []
    if not (found.converged and met.all()):
        remarks.append(
            f"{int(np.count_nonzero(~met))} of {len(met)} eigenvalues did not converge in "
            f"{operator.products} products, so that others may be further "
            f"{_direction(which)}; raise max_products or the tolerance"
        )
    if found.complete:
        remarks.append("the whole space was searched, so that no eigenvalue can have been missed")
    elif found.checks:
        more = f", after {found.missed} such starts had found more" if found.missed else ""
        remarks.append(
            "a fresh random start, orthogonal to the eigenvectors, found no further eigenvalue"
            + more
        )
    else:
        remarks.append("no fresh random start was made to look for missed eigenvalues")
    return remarks


def _direction(which: str) -> str:
    return {
        "rightmost": "to the right",
        "leftmost": "to the left",
        "largest": "out",
        "imaginary": "from the real axis",
    }[which]
