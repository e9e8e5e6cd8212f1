"""Eigenvalues of a matrix or of an operator: the one function that chooses the method."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from ..errors import InputError, InputTypeError
from .dense import Spectrum, restricted
from .dense import spectrum as dense_spectrum
from .discs import Array
from .krylov.operators import adapt, require_finite
from .krylov.schur import WHICH, Preference, preference
from .krylov.solve import krylov_spectrum

DENSE = 1000  # operators of at most this dimension are written out as matrices
_COUNT = 20
_ROUNDING = 8.0  # of a product, in units of eps times its norm


def spectrum(
    operator: Any,
    uncertainty: Array | None = None,
    *,
    k: int | None = None,
    which: str = "rightmost",
    target: complex | None = None,
    tolerance: float | None = None,
    seed: int = 0,
    left: bool = True,
    max_products: int | None = None,
) -> Spectrum:
    """Eigenvalues with error bounds, of a matrix or of an operator that is only ever applied.

    A matrix has all its eigenvalues computed, and the k wanted are chosen from them. An operator
    of dimension at most 1000 is written out as a matrix first. A larger one is given to a restarted
    Krylov–Schur iteration (Stewart 2001), which needs products A v alone: some hundreds for the
    20 rightmost eigenvalues of a network's Jacobian, and as many Aᵀ v for the left eigenvectors.

    **Arguments:**

    - `operator`: (d, d) array, or an object with `shape` and `matvec`: `game.linearise(x)`, a SciPy
      LinearOperator or sparse matrix, or your own, on vectors of NumPy or JAX, or of PyTorch
      or CuPy if its `dtype` (or type) says so. Without an `rmatvec`, there are no condition
      numbers and error bounds.
    - `uncertainty`: for a matrix: bounds on the errors of its entries, (d, d).
    - `k`: how many eigenvalues; default: all of a matrix, 20 (or d) of an operator. Where the last
      one is half of a conjugate pair, the other half is returned too. Of a large operator ask
      for more than one or two: where many have nearly the same real part, the first to
      converge need not be the wanted ones. `numerical_abscissa` bounds all real parts.
    - `which`: "rightmost", "leftmost", "largest" (in modulus) or "imaginary" (largest imaginary
      part in modulus).
    - `target`: a point; then the k eigenvalues nearest to it, or to its conjugate, whatever `which`.
    - `tolerance`: an eigenpair has converged if ‖A x − λ x‖ is at most this times |λ|, or times a
      hundredth of ‖A‖ if that is larger; default 1e-4 in single and 1e-8 in double precision.
    - `seed`: of the random starting vectors.
    - `left`: whether left eigenvectors, condition numbers and error bounds of an operator are
      computed: about twice the work.
    - `max_products`: when to give up, for A and again for Aᵀ; what was found is returned with
      `converged=False`. Default: 100 for each vector of the basis, which has 3 k (at least 40).

    Raises `InputError` for an operator that is not square or (if large) not real, returns NaN, or
    has fewer than k eigenvalues, `InputTypeError` for what is no operator.
    """
    prefer, asked = _preference(which, target)
    # asked last, because scipy.sparse is slow to import
    if not (isinstance(operator, np.ndarray) or hasattr(operator, "matvec")) and (
        scipy.sparse.issparse(operator)
    ):
        operator = scipy.sparse.linalg.aslinearoperator(operator)
    if not hasattr(operator, "matvec"):
        found = dense_spectrum(operator, uncertainty)
        count = None if k is None else _checked(k, len(found.eigenvalues))
        return _chosen(found, count, prefer, asked, not np.iscomplexobj(operator))
    if uncertainty is not None:
        raise InputError("an operator takes no uncertainty; its entries are not seen")
    search: dict[str, Any] = {"tolerance": tolerance, "seed": seed, "max_products": max_products}
    _check_search(**search)
    dimension = int(operator.shape[0])
    k = min(_COUNT, dimension) if k is None else _checked(k, dimension)
    if dimension <= DENSE:
        return _chosen(_written_out(operator), k, prefer, asked, True)
    return krylov_spectrum(operator, k, which, target, left=left, **search)


def _check_search(tolerance: float | None, seed: int, max_products: int | None) -> None:
    if tolerance is not None and not 0 < tolerance < 1:
        raise InputError(f"the tolerance lies between 0 and 1, not at {tolerance!r}")
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise InputError(f"the seed is a whole number, 0 or more, not {seed!r}")
    if max_products is not None and not max_products >= 1:
        raise InputError(f"max_products is at least 1, not {max_products!r}")


def _preference(which: str, target: complex | None) -> tuple[Preference, str]:
    """What puts the eigenvalues wanted first, and the name of these."""
    if which not in WHICH:
        raise InputError(f"which must be one of {', '.join(map(repr, WHICH))}, not {which!r}")
    if target is not None and not (
        isinstance(target, (int, float, complex, np.number)) and np.isfinite(target)
    ):
        raise InputError(f"the target is a finite number, real or complex, not {target!r}")
    return preference(which, target), which if target is None else "nearest"


def _checked(k: int, dimension: int) -> int:
    if not isinstance(k, (int, np.integer)):
        raise InputTypeError(f"k is how many eigenvalues are wanted, a whole number, not {k!r}")
    if not 1 <= k <= dimension:
        raise InputError(
            f"k={k} eigenvalues were asked of an operator of dimension {dimension}; k must be "
            f"between 1 and {dimension}"
        )
    return int(k)


def _written_out(operator: Any) -> Spectrum:
    """The spectrum of a small operator, whose columns are its products with unit vectors."""
    seen = adapt(operator)
    matrix = np.empty(tuple(operator.shape))
    with seen.precision():
        for i, unit in enumerate(np.eye(len(matrix), dtype=seen.dtype)):
            matrix[:, i] = np.asarray(seen.matvec(unit))
    require_finite(matrix)
    # the rounding of a product, as if spread evenly over its entries
    rounding = _ROUNDING * float(np.finfo(seen.dtype).eps)
    sizes = np.linalg.norm(matrix, axis=0) / np.sqrt(max(1, len(matrix)))
    found = dense_spectrum(matrix, np.broadcast_to(rounding * sizes, matrix.shape).copy())
    return Spectrum(**{**vars(found), "products": seen.products})


def _chosen(found: Spectrum, k: int | None, prefer: Preference, which: str, real: bool) -> Spectrum:
    """The k most wanted of all eigenvalues; one more where k would split a conjugate pair."""
    if k is None:
        return found
    order = np.argsort(-prefer(found.eigenvalues), kind="stable")
    count = 0
    while count < min(k, len(order)):
        pair = real and found.eigenvalues[order[count]].imag != 0
        count += 2 if pair else 1
    if count == len(order) and found.which == which:
        return found
    return restricted(found, np.sort(order[:count]), which)
