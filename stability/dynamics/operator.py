"""Linear operators: real matrices that are known by their products with vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, TypeVar

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

from ..errors import InputTypeError

T = TypeVar("T")


def as_pytree(*data: str) -> Callable[[type[T]], type[T]]:
    """A decorator that makes a dataclass a pytree; the fields named hold arrays, all others are static."""

    def register(cls: type[T]) -> type[T]:
        static = [f.name for f in fields(cls) if f.name not in data]  # pyright: ignore
        return jax.tree_util.register_dataclass(cls, data, static)

    return register


class Action:
    """How an operator acts: `forward(kept, u)` is A u and `backward(kept, u)` is Aᵀ u.

    `kept` is what the products need to know of A. One action serves all operators of its kind, so what is
    compiled for one of them is compiled for all.
    """

    def __init__(self, forward: Callable[[Any, Any], Any], backward: Callable[[Any, Any], Any]):
        self.forward, self.backward = forward, backward

    @cached_property
    def columns(self) -> Callable[[Any, Any], Any]:
        """(kept, U) ↦ A U for a stack of columns."""
        return jax.jit(jax.vmap(self.forward, (None, 1), 1))

    @cached_property
    def transposed(self) -> Action:
        transposed = Action(self.backward, self.forward)
        transposed.transposed = self
        return transposed

    @cached_property
    def negative(self) -> Action:
        negative = Action(
            lambda kept, u: -self.forward(kept, u), lambda kept, u: -self.backward(kept, u)
        )
        negative.negative = self
        return negative

    @cached_property
    def symmetric(self) -> Action:
        def mean(kept: Any, u: Any) -> Any:
            return (self.forward(kept, u) + self.backward(kept, u)) / 2

        return Action(mean, mean)


@as_pytree("kept")
@dataclass(frozen=True, eq=False)
class Operator:
    """A real matrix A of shape (m, d) that is known by its products.

    - `matvec(u)`: A u. `rmatvec(u)`: Aᵀ u. Both stay on the device and may be used inside `jax.jit`.
    - `matmat(U)`, `rmatmat(U)`: A U and Aᵀ U for stacks of columns, shape (d, k) and (m, k).
    - `T`, `-A`, and for square A `symmetric`, which is (A + Aᵀ)/2.
    - `as_linear_operator()`: for SciPy.

    Where A was made at a point that lies on several devices, vectors lie there as that point does.

    An operator is a pytree: hand it to a jitted function as an argument (rather than close over it), and
    nothing is compiled again for another point.

    Raises InputTypeError for what is not a real vector (or stack of columns) of the right length.
    """

    kept: Any
    action: Action
    shape: tuple[int, int]
    dtype: Any
    x64: bool
    sharding: Any

    def matvec(self, u: Any) -> Any:
        """A u, shape (m,)."""
        return self._apply(self.action.forward, u, (self.shape[1],))

    def rmatvec(self, u: Any) -> Any:
        """Aᵀ u, shape (d,)."""
        return self._apply(self.action.backward, u, (self.shape[0],))

    def matmat(self, columns: Any) -> Any:
        """A U, shape (m, k)."""
        return self._apply(self.action.columns, columns, (self.shape[1], None))

    def rmatmat(self, columns: Any) -> Any:
        """Aᵀ U, shape (d, k)."""
        return self._apply(self.action.transposed.columns, columns, (self.shape[0], None))

    @property
    def T(self) -> Operator:
        """Aᵀ."""
        return self._with(self.action.transposed, (self.shape[1], self.shape[0]))

    def __neg__(self) -> Operator:
        return self._with(self.action.negative, self.shape)

    @property
    def symmetric(self) -> Operator:
        """(A + Aᵀ)/2. Raises InputTypeError if A is not square."""
        if self.shape[0] != self.shape[1]:
            raise InputTypeError(f"only a square operator has a symmetric part, not {self.shape}")
        return self._with(self.action.symmetric, self.shape)

    def as_linear_operator(self) -> Any:
        """The same as a `scipy.sparse.linalg.LinearOperator`, on NumPy vectors."""
        from scipy.sparse.linalg import LinearOperator

        return LinearOperator(
            self.shape,  # pyright: ignore[reportCallIssue]
            dtype=np.dtype(self.dtype),
            matvec=lambda u: np.asarray(self.matvec(np.ravel(u))),
            rmatvec=lambda u: np.asarray(self.rmatvec(np.ravel(u))),
            matmat=lambda columns: np.asarray(self.matmat(columns)),
            rmatmat=lambda columns: np.asarray(self.rmatmat(columns)),
        )

    def _with(self, action: Action, shape: tuple[int, int]) -> Operator:
        return Operator(self.kept, action, shape, self.dtype, self.x64, self.sharding)

    def _apply(self, function: Any, u: Any, shape: tuple[int | None, ...]) -> Any:
        if not isinstance(u, jax.Array):
            u = np.asarray(u)
        fits = len(u.shape) == len(shape) and u.shape[0] == shape[0]
        if not fits or jnp.issubdtype(u.dtype, jnp.complexfloating):
            expected = f"({shape[0]},)" if len(shape) == 1 else f"({shape[0]}, k)"
            raise InputTypeError(
                f"this takes real numbers of shape {expected}, not {u.dtype} of shape {u.shape}"
            )
        # in the mode that A was made in, so that A is compiled once and keeps its dtype
        with jax.enable_x64(self.x64):
            if u.dtype != self.dtype:
                u = u.astype(self.dtype)
            if self.sharding is None:
                return function(self.kept, u)
            if not isinstance(u, jax.core.Tracer):
                u = jax.device_put(u, self.sharding)
            return jax.lax.with_sharding_constraint(function(self.kept, u), self.sharding)
