"""Extreme eigenvalues of symmetric operators: thick-restart Lanczos."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from ...errors import InputError
from ..dense import symmetric_eigenvalues
from .basis import append, in_precision_of, inner, length, norm, random_vector, rotate, row

DENSE = (
    128  # up to this dimension the matrix is formed by as many products, and nothing can be missed
)
ROUNDING = 16  # of a Rayleigh quotient and a residual, in units of eps times the operator's norm
_BREAKDOWN = 32  # what orthogonalisation leaves of a vector inside the span, in the same units
_SYMMETRIC = 1e-3  # relative difference of uᵀAv and vᵀAu that rounding does not explain


_NOT_FINITE = "the operator's products are not finite; look for NaN or overflow at the point"
_NOISE = 100  # roundings of the largest numbers that a block may be made of
_NOT_SYMMETRIC = "the operator is not symmetric; use its symmetric part, or `spectrum`"


class NotSymmetricError(InputError):
    """An operator that should be symmetric is not."""


@dataclass(frozen=True, eq=False)
class SymmetricSpectrum:
    """Eigenpairs of a symmetric operator, ascending, each with a bound on its error.

    - `eigenvalues` (k,): Rayleigh quotients of the `eigenvectors` (d, k), which are orthonormal.
    - `residuals` (k,): ‖A x − λ x‖, recomputed with the operator at the end.
    - `errors` (k,): an eigenvalue lies this close to the computed one: the residual (for symmetric operators
      that is a theorem, Parlett, The Symmetric Eigenvalue Problem, 4.5.1) and what rounding adds to it.
    - `rounding`: the part of every error that does not come from the residual. A Rayleigh quotient lies
      between the smallest eigenvalue and the largest but for this.
    - `norm`: an estimate, from below, of ‖A‖.
    - `complete`: whether all eigenvalues were computed, so that none can have been missed. Otherwise the
      extreme ones are those that Lanczos finds from a random start, and finds again from another.
    - `converged`: whether every residual is within the tolerance and the second start found nothing new.
    - `products`: how often the operator was applied. `remarks`: sentences on what did not work.
    """

    eigenvalues: np.ndarray
    eigenvectors: Any
    residuals: np.ndarray
    errors: np.ndarray
    rounding: float
    norm: float
    complete: bool
    converged: bool
    products: int
    remarks: tuple[str, ...] = ()


def symmetric_spectrum(
    operator: Any,
    k: int = 1,
    which: str = "smallest",
    *,
    tolerance: float | None = None,
    basis: int | None = None,
    max_products: int = 2000,
    seed: int = 0,
    scale: float = 0.0,
) -> SymmetricSpectrum:
    """The k smallest or largest eigenvalues of a symmetric operator, or k at both ends.

    Thick-restart Lanczos (Wu, Simon, SIAM J. Matrix Anal. Appl. 22, 2000). Differs from the paper thus:

    1. Every new vector is orthogonalised against the whole basis, and the projected matrix is made of what
       that took away, not of the three-term recurrence.
    2. On breakdown the basis goes on with a random vector orthogonal to the invariant subspace found, so
       multiple eigenvalues come with their multiplicity and nothing is made of noise.
    3. When all residuals are small the wanted vectors are kept and the search starts again from a random
       vector orthogonal to them, until it finds nothing new.
    4. Operators of dimension up to 128 are turned into a matrix and diagonalised.

    **Arguments:**

    - `operator`: has `shape` (d, d), `dtype` and `matvec`, which takes and gives JAX vectors.
    - `k`: how many, at each end if `which` is "both"; they must not be more than d in all.
    - `tolerance`: largest residual over ‖A‖; default 1e-8, in single precision 1e-5.
    - `basis`: how many vectors the basis may hold (one more is stored); default 20 more than twice the number
      of wanted ones, and at least 40.
    - `max_products`: after so many products what was found is returned, not converged.
    - `seed`: of the random starting vectors.
    - `scale`: the norm of a matrix that the operator is a block of. It has to be symmetric up to the rounding
      of that: where larger numbers cancel, a block is noise, which is not symmetric.

    Raises InputError for an operator that is not square, not symmetric or not finite, and for a bad number.
    """
    _check(operator, k, which, max_products)
    with in_precision_of(operator.dtype):
        if operator.shape[0] <= DENSE:
            return _dense(operator, k, which, scale)
        return _lanczos(operator, k, which, tolerance, basis, max_products, seed, scale)


def _lanczos(
    operator: Any,
    k: int,
    which: str,
    tolerance: float | None,
    basis: int | None,
    max_products: int,
    seed: int,
    scale: float,
) -> SymmetricSpectrum:
    d, eps = operator.shape[0], float(np.finfo(operator.dtype).eps)
    wanted = min(d, 2 * k if which == "both" else k)
    capacity = min(d, max(basis or max(2 * wanted + 20, 40), wanted + 2))
    tolerance = max(1e-8, 100 * eps) if tolerance is None else tolerance
    krylov = Krylov(operator, capacity, max_products, seed, scale)
    locked: np.ndarray | None = None  # the wanted values before the last random restart
    remarks = ()
    while True:
        krylov.grow()
        values, vectors, residuals = krylov.ritz()
        keep = _ends(len(values), wanted, which)
        allowed = tolerance * krylov.norm
        small = len(keep) == wanted and bool((residuals[keep] <= allowed).all())
        if krylov.exhausted or krylov.spent:
            break
        if small and locked is not None:
            if np.abs(values[keep] - locked).max() > 2 * allowed:
                locked = None  # the second start found something that the first one had missed
            elif _settled(values, residuals, keep, which, allowed):
                break
        if small and locked is None:
            krylov.restart(values, vectors, keep, fresh=True)
            locked = values[keep]
        else:
            more = wanted + (len(values) - wanted) // 2
            krylov.restart(values, vectors, _ends(len(values), more, which))
    converged = krylov.exhausted or (small and locked is not None and not krylov.spent)
    if krylov.spent and not converged:
        what = "its cross-check from a second start" if small else "the residuals asked for"
        remarks = (f"{max_products} products did not suffice for {what}",)
    krylov.rotate(vectors[:, keep])
    return _recomputed(operator, krylov, len(keep), converged, remarks)


class Krylov:
    """An orthonormal basis V, shape (m + 1, d), and the matrix V A Vᵀ of its first `size` rows."""

    def __init__(
        self, operator: Any, capacity: int, max_products: int, seed: int, scale: float = 0.0
    ):
        self.operator, self.scale = operator, scale
        self.dimension = operator.shape[0]
        self.eps = float(np.finfo(operator.dtype).eps)
        self.basis = jnp.zeros((capacity + 1, self.dimension), operator.dtype)
        self.projected = np.zeros((capacity, capacity))
        self.size, self.products, self.max_products = 0, 0, max_products
        self.norm, self.coupling = 0.0, 0.0
        self.seed, self._draws = seed, 0
        self.place_random()

    @property
    def exhausted(self) -> bool:
        """Whether the basis spans the whole space."""
        return self.size == self.dimension

    @property
    def spent(self) -> bool:
        return self.products >= self.max_products

    def place_random(self) -> None:
        """A random vector orthogonal to the basis becomes the next one; nothing couples the two."""
        self.coupling = 0.0
        if self.exhausted:
            return
        seed = np.random.SeedSequence([self.seed, self._draws]).generate_state(1)[0]
        self._draws += 1
        w = random_vector(seed, self.dimension, np.dtype(self.operator.dtype))
        self.basis, _, _, _ = append(self.basis, self.size, w)

    def grow(self, until_breakdown: bool = False) -> None:
        """Applies the operator until the basis is full, the space is exhausted or the products are spent."""
        while self.size < len(self.projected) and not self.spent:
            self.step()
            if until_breakdown and not self.coupling:
                break

    def step(self) -> None:
        """One product, and the next vector of the basis."""
        j = self.size
        w = self.operator.matvec(row(self.basis, j))
        self.basis, coefficients, before, after = append(self.basis, j + 1, w)
        column, before, after = (
            np.asarray(coefficients, float)[: j + 1],
            float(before),
            float(after),
        )
        self.products += 1
        if not (math.isfinite(before) and math.isfinite(after)):
            raise InputError(_NOT_FINITE)
        self.norm = max(self.norm, before)
        uneven = abs(column[j - 1] - self.coupling) if j and self.coupling else 0.0
        if uneven > max(_SYMMETRIC * self.norm, _NOISE * self.eps * self.scale):
            raise NotSymmetricError(_NOT_SYMMETRIC)
        self.projected[: j + 1, j] = self.projected[j, : j + 1] = column
        self.size, self.coupling = j + 1, after
        if after <= _BREAKDOWN * self.eps * math.sqrt(j + 1) * self.norm:
            self.place_random()

    def ritz(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ritz values, ascending; their vectors in the basis, (size, size); their residuals' estimates."""
        matrix = self.projected[: self.size, : self.size]
        values, vectors = np.linalg.eigh(matrix)
        if len(values):
            self.norm = max(self.norm, float(np.abs(values).max()))
        return values, vectors, np.abs(self.coupling * vectors[-1])

    def restart(
        self, values: np.ndarray, vectors: np.ndarray, keep: np.ndarray, fresh: bool = False
    ) -> None:
        """Keeps some Ritz vectors, and goes on with the last residual, or with a fresh random vector."""
        self.rotate(vectors[:, keep], carried=self.size)
        self.projected[:] = 0
        self.size = len(keep)
        self.projected[range(self.size), range(self.size)] = values[keep]
        carried = self.coupling * vectors[-1, keep]
        if fresh or not self.coupling:
            self.place_random()
        else:
            self.coupling = float(carried[-1])  # to the vector before it; checks the symmetry

    def rotate(self, vectors: np.ndarray, carried: int | None = None) -> None:
        """The basis becomes combinations of its vectors, (size, p), and after them the row `carried`."""
        count = vectors.shape[1]
        rotation = np.zeros((len(self.basis), len(self.basis)), self.basis.dtype)
        rotation[:count, : len(vectors)] = vectors.T
        if carried is not None:
            rotation[count, carried] = 1
        self.basis = rotate(self.basis, rotation)


def _ends(size: int, count: int, which: str) -> np.ndarray:
    """The positions of the wanted ones among ascending values."""
    count = min(count, size)
    low = {"smallest": count, "largest": 0, "both": (count + 1) // 2}[which]
    return np.r_[np.arange(low), np.arange(size - (count - low), size)]


def _settled(
    values: np.ndarray, residuals: np.ndarray, keep: np.ndarray, which: str, allowed: float
) -> bool:
    """Whether the best value that is not wanted is known to be the worse one.

    After a random restart its Ritz value comes down from above; it may stop where its residual no longer
    reaches the wanted values, or is as small as theirs.
    """
    rest = np.setdiff1d(np.arange(len(values)), keep)
    next_ones = {"smallest": rest[:1], "largest": rest[-1:], "both": rest[[0, -1]]}[which]
    gap = np.abs(values[next_ones][:, None] - values[keep][None, :]).min(axis=1)
    return bool((residuals[next_ones] <= np.maximum(gap, allowed)).all())


def _recomputed(
    operator: Any, krylov: Krylov, count: int, converged: bool, remarks: tuple[str, ...]
) -> SymmetricSpectrum:
    eigenvectors = krylov.basis[:count].T
    values, residuals, size = rayleigh(operator, eigenvectors)
    size = max(size, krylov.norm)
    order = np.argsort(values, kind="stable")
    rounding = ROUNDING * krylov.eps * size
    return SymmetricSpectrum(
        eigenvalues=values[order],
        eigenvectors=eigenvectors[:, order],
        residuals=residuals[order],
        errors=residuals[order] + rounding,
        rounding=rounding,
        norm=size,
        complete=krylov.exhausted,
        converged=converged,
        products=krylov.products + count,
        remarks=remarks,
    )


def rayleigh(operator: Any, vectors: Any) -> tuple[np.ndarray, np.ndarray, float]:
    """Rayleigh quotients and residuals of vectors (d, k), and the largest ‖A x‖ over ‖x‖."""
    values, residuals, size = [], [], 0.0
    for u in vectors.T:
        u = u / length(u)
        image = operator.matvec(u)
        value = inner(u, image)
        values.append(float(value))
        residuals.append(norm(image - value * u))
        size = max(size, norm(image))
    return np.array(values), np.array(residuals), size


def measured_again(found: SymmetricSpectrum, operator: Any) -> SymmetricSpectrum:
    """The same eigenvectors with values, residuals and errors by another operator: one of more precision."""
    with in_precision_of(operator.dtype):
        vectors = jnp.asarray(found.eigenvectors, operator.dtype)
        values, residuals, size = rayleigh(operator, vectors)
    order = np.argsort(values, kind="stable")
    rounding = ROUNDING * float(np.finfo(operator.dtype).eps) * max(size, found.norm)
    return replace(
        found,
        eigenvalues=values[order],
        eigenvectors=found.eigenvectors[:, order],
        residuals=residuals[order],
        errors=residuals[order] + rounding,
        rounding=rounding,
        products=found.products + len(order),
    )


def _dense(operator: Any, k: int, which: str, scale: float) -> SymmetricSpectrum:
    d, dtype = operator.shape[0], operator.dtype
    columns = [operator.matvec(jnp.asarray(u)) for u in np.eye(d, dtype=dtype)]
    matrix = np.stack([np.asarray(column, float) for column in columns], axis=1)
    if not np.isfinite(matrix).all():
        raise InputError(_NOT_FINITE)
    size = np.abs(matrix).max(initial=0.0)
    noise = _NOISE * float(np.finfo(dtype).eps) * scale
    if np.abs(matrix - matrix.T).max(initial=0.0) > max(_SYMMETRIC * size, noise):
        raise NotSymmetricError(_NOT_SYMMETRIC)
    rounding = ROUNDING * float(np.finfo(dtype).eps) * np.abs(matrix)
    symmetric = (matrix + matrix.T) / 2
    values, error = symmetric_eigenvalues(symmetric, rounding + np.abs(matrix - symmetric))
    vectors = np.linalg.eigh(symmetric)[1]
    keep = _ends(d, 2 * k if which == "both" else k, which)
    residuals = np.linalg.norm(
        symmetric @ vectors[:, keep] - vectors[:, keep] * values[keep], axis=0
    )
    return SymmetricSpectrum(
        eigenvalues=values[keep],
        eigenvectors=jnp.asarray(vectors[:, keep], dtype),
        residuals=residuals,
        errors=np.full(len(keep), error),
        rounding=error,
        norm=float(np.abs(values).max()),
        complete=True,
        converged=True,
        products=d,
    )


def _check(operator: Any, k: int, which: str, max_products: int) -> None:
    shape = tuple(operator.shape)
    if len(shape) != 2 or shape[0] != shape[1] or not shape[0]:
        raise InputError(f"a symmetric operator is square, not of shape {shape}")
    if which not in ("smallest", "largest", "both"):
        raise InputError(f"which is smallest, largest or both, not {which!r}")
    if not 1 <= (2 * k if which == "both" else k) <= shape[0]:
        raise InputError(f"k = {k} eigenvalues ({which}) cannot be had of dimension {shape[0]}")
    if max_products < 1:
        raise InputError(f"max_products is at least 1, not {max_products}")
