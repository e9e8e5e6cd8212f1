"""A few eigenpairs of a large real operator, with residuals, condition numbers and error bounds."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from ..value import Spectrum, overlapping
from .device import DeviceBasis
from .host import HostBasis
from .iteration import NEGLIGIBLE, Found, krylov_schur
from .operators import Operator, adapt
from .pairs import Pairs, error_bounds, left_vectors, rayleigh_ritz
from .schur import preference
from .shift_invert import inner_size, inverted

_STEPS = 4  # products made at once
_SYMMETRIC_BASIS, _SYMMETRIC_PRODUCTS, _ROUGH = 40, 120, 1e-3  # of the search in (A + Aᵀ)/2
_SLACK = 1.5  # of a residual that is computed anew, over its estimate in the iteration
_FURTHER = {
    "rightmost": "further to the right",
    "leftmost": "further to the left",
    "largest": "larger",
    "imaginary": "further from the real axis",
    "nearest": "nearer",
}


@dataclass(frozen=True)
class _Search:
    """What is looked for, and how."""

    which: str
    target: complex | None
    tolerance: float
    size: int
    steps: int
    max_products: int
    seed: int

    def basis(self, operator: Operator, rows: int) -> HostBasis | DeviceBasis:
        """An empty basis where the operator's vectors live."""
        where = (rows, operator.dimension, operator.dtype, self.seed)
        if operator.sharding is None:
            return HostBasis(*where)
        return DeviceBasis(*where, operator.sharding)

    def run(
        self,
        operator: Operator,
        basis: Any,
        k: int,
        verify: bool,
        guess: Any = None,
        start: Any = None,
    ) -> tuple[Found, Pairs]:
        """The invariant subspace, left in the basis, and the eigenpairs on it."""
        searched, which = operator, self.which
        if self.target is not None:
            inner = self.basis(operator, inner_size(operator.dimension))
            searched = inverted(operator, inner, self.target, self.tolerance)
            which = "largest"
        found = krylov_schur(
            searched,
            basis,
            preference(which),
            k,
            size=self.size,
            steps=self.steps if self.target is None else 1,
            tolerance=self.tolerance,
            spent=lambda: operator.products + 2 * (k + 1) >= self.max_products,
            verify=verify,
            guess=guess,
            start=start,
        )
        pairs = rayleigh_ritz(operator.matvec, basis, found.count)
        if self.target is not None:
            found = replace(found, norm=float(np.linalg.norm(pairs.projected, 2)))
        return found, pairs


def krylov_spectrum(
    operator: Any,
    k: int,
    which: str = "rightmost",
    target: complex | None = None,
    *,
    tolerance: float | None = None,
    seed: int = 0,
    left: bool = True,
    steps: int = _STEPS,
    max_products: int | None = None,
    verify: bool = True,
    start: Any = None,
) -> Spectrum:
    """What `stability.spectrum` does for a large operator; see there.

    **Arguments:**

    - `steps`: how many products are made before they are orthonormalised together.
    - `verify`: whether a second random start looks for what the first has missed.
    - `start`: a unit vector to begin with, a sum of eigenvectors of a nearby operator say, which saves most
      of the products; default: a random one.
    """
    seen = adapt(operator)
    size = basis_size(k, seen.dimension)
    search = _Search(
        which="nearest" if target is not None else which,
        target=target,
        tolerance=default_tolerance(seen.dtype) if tolerance is None else tolerance,
        size=size,
        steps=steps,
        max_products=_budget(size, target) if max_products is None else max_products,
        seed=seed,
    )
    with seen.precision(), _one_blas_thread():
        return _solve(seen, k, search, left, verify, start)


def default_tolerance(dtype: np.dtype) -> float:
    """Relative residuals to reach: 1e-4 in single precision, 1e-8 in double."""
    return 1e-4 if dtype == np.float32 else 1e-8


def basis_size(k: int, d: int) -> int:
    """How many vectors the basis has: 3 k and at least 40, if the space has as many dimensions."""
    return min(d, max(3 * k, 40))


def _budget(size: int, target: complex | None) -> int:
    """Products to spend by default; a solution inside the iteration takes some tens of them."""
    return 100 * size if target is None else 2000 * size


def _solve(
    operator: Operator, k: int, search: _Search, left: bool, verify: bool, start: Any
) -> Spectrum:
    basis = search.basis(operator, max(search.size, 2 * k + 1) + 1)
    guess = _fastest(operator, basis, search) if verify else None
    found, pairs = search.run(operator, basis, k, verify, guess, start)
    vectors = basis.take(pairs.coefficients)
    size = np.maximum(np.abs(pairs.values), NEGLIGIBLE * found.norm)
    met = pairs.residuals <= _SLACK * search.tolerance * size
    remarks = _remarks(found, met, search.which, operator.products, verify)
    left_eigenvectors, condition = None, np.full(found.count, np.inf)
    if left and operator.transposed is None:
        remarks.append(
            "the operator has no rmatvec, so there are no left eigenvectors, condition numbers or "
            "error bounds"
        )
    elif left:
        left_eigenvectors, condition = _left(operator, basis, search, found, pairs, vectors)
        unknown = int(np.count_nonzero(~np.isfinite(condition)))
        if unknown:
            remarks.append(
                f"no left eigenvector was found for {unknown} of the {found.count} eigenvalues, so "
                "that their condition numbers and error bounds are unknown"
            )
    errors = error_bounds(pairs.residuals, condition, found.norm, operator.dtype)
    return Spectrum(
        eigenvalues=pairs.values.astype(complex),
        errors=errors,
        eigenvectors=vectors,
        left_eigenvectors=left_eigenvectors,
        residuals=pairs.residuals,
        condition=condition,
        clusters=overlapping(pairs.values, errors),
        converged=found.converged and bool(met.all()),
        products=operator.products,
        restarts=found.restarts,
        which=search.which,
        remarks=tuple(remarks),
    )


def _fastest(operator: Operator, basis: Any, search: _Search) -> Any:
    """The direction u in which uᵀAu is largest (smallest, for the leftmost eigenvalues), or None.

    In a normal operator this is where the rightmost eigenvalue lies, whatever hides it from a Krylov
    space of A: eigenvalues further up and down the imaginary axis converge before it.
    """
    sign = {"rightmost": 0.5, "leftmost": -0.5}.get(search.which)
    forward, backward = operator.apply, operator.transposed
    if sign is None or backward is None or not isinstance(basis, HostBasis):
        return None

    def mean(vector: Any) -> Any:
        return sign * (np.asarray(forward(vector)) + np.asarray(backward(vector)))

    symmetric = replace(operator, apply=mean, transposed=None, products=0)
    try:
        found = krylov_schur(
            symmetric,
            basis,
            preference("rightmost"),
            1,
            size=min(search.size, _SYMMETRIC_BASIS),
            steps=search.steps,
            tolerance=_ROUGH,
            spent=lambda: symmetric.products >= _SYMMETRIC_PRODUCTS,
            verify=False,
        )
        pairs = rayleigh_ritz(symmetric.matvec, basis, found.count)
    except NotImplementedError:  # SciPy's way to have no rmatvec
        return None
    operator.products += 2 * symmetric.products
    best = int(np.argmax(np.real(pairs.values)))
    return np.array(basis.combination(np.real(pairs.coefficients[:, best])))


def _left(
    operator: Operator, basis: Any, search: _Search, found: Found, pairs: Pairs, vectors: Any
) -> tuple[Any, np.ndarray]:
    """Left eigenvectors, by the same iteration with Aᵀ in the same basis, and condition numbers."""
    assert operator.transposed is not None
    turned = replace(operator, apply=operator.transposed, transposed=None, products=0)
    try:
        other, transposed = search.run(turned, basis, found.count, False)
    except NotImplementedError:  # SciPy's way to have no rmatvec
        return None, np.full(found.count, np.inf)
    operator.products += turned.products
    if other.count != found.count:
        return None, np.full(found.count, np.inf)
    limit = search.tolerance**0.5 * found.norm
    return left_vectors(pairs, vectors, transposed, basis, limit)


def _remarks(found: Found, met: np.ndarray, which: str, products: int, verify: bool) -> list[str]:
    """What was checked, and what was not reached."""
    if found.complete:
        return ["the whole space was searched, so that no eigenvalue can have been missed"]
    if not (found.converged and met.all()):
        return [
            f"{max(1, int(np.count_nonzero(~met)))} of {len(met)} eigenvalues did not converge in "
            f"{products} products, so that others may lie {_FURTHER[which]}; allow more products "
            "or a larger tolerance"
        ]
    if not verify:
        return ["no second random start looked for missed eigenvalues"]
    if not found.verified:
        return [
            "the products did not suffice to look for missed eigenvalues from a second random start"
        ]
    more = f", after {found.missed} such starts had found more" if found.missed else ""
    return [
        "a second random start, orthogonal to these eigenvectors, found no eigenvalue "
        f"{_FURTHER[which]}{more}"
    ]


def _one_blas_thread() -> AbstractContextManager[Any]:
    """BLAS in one thread: its spinning ones slow down JAX's, and gain nothing on small matrices."""
    return threadpool_limits(1, "blas")
