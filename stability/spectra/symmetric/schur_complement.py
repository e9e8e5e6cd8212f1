"""What is left of a symmetric operator when the inner player answers: Schur complements by inner solves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np

from ...equilibria.nearby import estimated_norm
from ...errors import InputError
from .basis import in_precision_of, norm
from .lanczos import (
    ROUNDING,
    NotSymmetricError,
    SymmetricSpectrum,
    measured_again,
    symmetric_spectrum,
)
from .linear_solves import conjugate_gradients

_USELESS = 1e-4  # relative residual of an inner solve that no eigenvalue should be read from


class InnerSolveError(Exception):
    """An inner solve failed; the message is a sentence for the result."""


class InnerBlock:
    """A positive definite operator C to solve with, and what the solves cost.

    **Arguments:**

    - `operator`: C, as for `conjugate_gradients`.
    - `spectrum`: its smallest eigenvalue, positive beyond its error, which turns residuals into errors.
    - `max_products`: how many products all solves together may take; one solve may take 1000.

    Raises InputError for a block that is not positive definite as far as `spectrum` tells.
    """

    def __init__(self, operator: Any, spectrum: SymmetricSpectrum, max_products: int = 50_000):
        self.operator = operator
        self.smallest = float(spectrum.eigenvalues[0] - spectrum.errors[0])
        if not self.smallest > 0:
            raise InputError(
                "the inner block is not positive definite beyond the error of its smallest eigenvalue, "
                f"{spectrum.eigenvalues[0]:.6g}; there is no complement to take"
            )
        self.rounding = ROUNDING * float(np.finfo(operator.dtype).eps) * spectrum.norm
        self.products, self.max_products = 0, max_products

    def solve(self, right: Any) -> tuple[Any, float]:
        """C⁻¹b, and a bound on the norm of its error. Raises InnerSolveError where it is of no use."""
        left = self.max_products - self.products
        found = conjugate_gradients(self.operator, right, max_products=max(1, min(1000, left)))
        self.products += found.products
        if found.indefinite:
            raise InnerSolveError(
                "the inner block has a direction with the Rayleigh quotient "
                f"{found.curvature:.6g}, met by conjugate gradients"
            )
        if not (found.converged or found.relative_residual <= _USELESS):
            raise InnerSolveError(
                "conjugate gradients with the inner block stopped at the relative residual "
                f"{found.relative_residual:.2g} after {found.products} products"
            )
        error = (norm(found.residual) + self.rounding * norm(found.x)) / self.smallest
        return found.x, error


class SchurComplement:
    """A + B C⁻¹ Bᵀ with C ≻ 0: the second derivative, in x, of max over y of f.

    For min x max y of f: A = ∇²_xx f, B = ∇²_xy f, C = −∇²_yy f (Jin, Netrapalli, Jordan 2020, prop. 19).

    - `outer`: A, symmetric, (m, m). `coupling`: B, (m, n), with `matvec` and `rmatvec`. `inner`: C, (n, n).
    """

    def __init__(self, outer: Any, coupling: Any, inner: InnerBlock):
        self.outer, self.coupling, self.inner = outer, coupling, inner
        self.shape, self.dtype = outer.shape, outer.dtype

    def matvec(self, u: Any) -> Any:
        answer, _ = self.inner.solve(self.coupling.rmatvec(u))
        return self.outer.matvec(u) + self.coupling.matvec(answer)

    def error(self, u: Any) -> float:
        """A bound on what the inner solve does to the product with u."""
        return self.inner.solve(self.coupling.rmatvec(u))[1] * self._size

    @cached_property
    def _size(self) -> float:
        return largest_singular_value(self.coupling)


class TotalSecondDerivative:
    """(I, R)ᵀ M (I, R) with the follower's response R = −C⁻¹G: a leader's loss along that response.

    - `whole`: M, symmetric, (d, d): the constrained Hessian of the leader's problem (see
      `Game.constrained_hessian`). `leader`, `follower`: which of its coordinates are whose.
    - `mixed`: G = ∇²_fl L_f, (n, m), with `matvec` and `rmatvec`. `inner`: C = ∇²_ff L_f ≻ 0, (n, n).
    """

    def __init__(self, whole: Any, leader: slice, follower: slice, mixed: Any, inner: InnerBlock):
        self.whole, self.leader, self.follower = whole, leader, follower
        self.mixed, self.inner = mixed, inner
        self.shape, self.dtype = (mixed.shape[1], mixed.shape[1]), whole.dtype

    def matvec(self, u: Any) -> Any:
        image = self._along(u, self.inner.solve(self.mixed.matvec(u))[0])
        back, _ = self.inner.solve(image[self.follower])
        return image[self.leader] - self.mixed.rmatvec(back)

    def error(self, u: Any) -> float:
        """A bound on what the inner solves do to the product with u."""
        answer, first = self.inner.solve(self.mixed.matvec(u))
        _, second = self.inner.solve(self._along(u, answer)[self.follower])
        whole, mixed = self.norms
        return first * whole * (1 + mixed / self.inner.smallest) + second * mixed

    def _along(self, u: Any, answer: Any) -> Any:
        both = jnp.zeros(self.whole.shape[1], self.dtype)
        return self.whole.matvec(both.at[self.leader].set(u).at[self.follower].set(-answer))

    @cached_property
    def norms(self) -> tuple[float, float]:
        """Bounds on ‖M‖ and ‖G‖, from products."""
        product, d = self.whole.matvec, self.whole.shape[1]
        with in_precision_of(self.dtype):
            whole = 2 * estimated_norm(product, product, d, self.dtype)
        return whole, largest_singular_value(self.mixed)


@dataclass(frozen=True, eq=False)
class ComplementSpectrum:
    """The smallest eigenvalues of a complement; the errors of the inner solves are part of theirs.

    - `spectrum`: None if an inner solve failed. `failure`: then a sentence on how, else None.
    - `inner_products`: how often the inner block was applied.
    """

    spectrum: SymmetricSpectrum | None
    failure: str | None
    inner_products: int


def complement_spectrum(
    complement: SchurComplement | TotalSecondDerivative,
    k: int = 1,
    *,
    max_products: int = 2000,
    seed: int = 0,
    check: SchurComplement | TotalSecondDerivative | None = None,
) -> ComplementSpectrum:
    """The k smallest eigenvalues of a complement, by Lanczos whose every product is an inner solve.

    An inner solve that fails ends it: the failure is a value, never a number. `check` is the same complement
    in a higher precision, if there is one: values, residuals and errors are then taken from it.
    """

    def failed(why: str) -> ComplementSpectrum:
        return ComplementSpectrum(None, why, complement.inner.products)

    try:
        found = symmetric_spectrum(complement, k, max_products=max_products, seed=seed)
        operator = complement if check is None else check
        if check is not None:
            found = measured_again(found, check)
        with in_precision_of(operator.dtype):
            vectors = jnp.asarray(found.eigenvectors, operator.dtype)
            more = np.array([operator.error(u / norm(u)) for u in vectors.T])
    except InnerSolveError as error:
        return failed(str(error))
    except NotSymmetricError:
        return failed("the inner solves are too inaccurate: the complement comes out unsymmetric")
    found = replace(found, errors=found.errors + more, rounding=found.rounding + float(more.max()))
    return ComplementSpectrum(found, None, complement.inner.products)


def largest_singular_value(operator: Any) -> float:
    """A bound on ‖B‖, from products (see `estimated_norm`)."""
    columns, dtype = operator.shape[1], operator.dtype
    with in_precision_of(dtype):
        return 2 * estimated_norm(operator.matvec, operator.rmatvec, columns, dtype)
