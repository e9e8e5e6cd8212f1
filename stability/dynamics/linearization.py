"""Jacobians as linear operators: linearised once at a point, then applied to vectors without a matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from ..errors import InputTypeError
from .partition import Partition


class Products:
    """The compiled products of a function's Jacobian, made once and used at every point.

    - `function`: a pure function `function(x, *arguments)` from vectors of shape (d,) to vectors of shape (m,).
    - `keep`: whether what a product needs of the point is computed once and kept (`jax.linearize`); else
      every product evaluates the function anew, in the memory of one evaluation.
    """

    def __init__(self, function: Callable[..., Any], partition: Partition, keep: bool = True):
        self.partition = partition
        if keep:
            self._start = jax.jit(lambda x, *more: jax.linearize(lambda y: function(y, *more), x))
            self._forward = jax.jit(lambda tangent, u: tangent(u))
            self._backward = jax.jit(lambda tangent, u: jax.linear_transpose(tangent, u)(u)[0])
        else:
            self._start = jax.jit(lambda x, *more: (function(x, *more), (x, more)))
            self._forward = jax.jit(partial(_pushed, function))
            self._backward = jax.jit(partial(_pulled, function))

    def at(self, x: Any, *arguments: Any) -> Linearization:
        """The Jacobian at x."""
        value, kept = self._start(x, *arguments)
        return Linearization(x, value, self.partition, kept, self._forward, self._backward)


def _pushed(function: Callable[..., Any], kept: Any, u: Any) -> Any:
    x, more = kept
    return jax.jvp(lambda y: function(y, *more), (x,), (u,))[1]


def _pulled(function: Callable[..., Any], kept: Any, u: Any) -> Any:
    x, more = kept
    return jax.vjp(lambda y: function(y, *more), x)[1](u)[0]


@dataclass(frozen=True, eq=False)
class Linearization:
    """J = ∂v/∂x at one point, as a linear operator on vectors of shape (d,); nothing of shape (d, d) is formed.

    - `point`, `value`: x and v(x). `partition`: who owns which coordinates.
    - `matvec(u)`: J u. `rmatvec(u)`: Jᵀ u. Both stay on the device, and may be used inside `jax.jit`.
    - `matmat(U)`, `rmatmat(U)`: J U and Jᵀ U for stacks of columns, shape (d, k).
    - `block(i, j)`: the block ∂v_i/∂x_j of players i and j, an operator of its own.
    """

    point: Any
    value: Any
    partition: Partition
    kept: Any
    forward: Callable[[Any, Any], Any]
    backward: Callable[[Any, Any], Any]

    @property
    def shape(self) -> tuple[int, int]:
        return (self.value.size, self.point.size)

    @property
    def dtype(self) -> Any:
        return self.point.dtype

    def matvec(self, u: Any) -> Any:
        """J u, shape (d,)."""
        return self.forward(self.kept, self._vector(u))

    def rmatvec(self, u: Any) -> Any:
        """Jᵀ u, shape (d,)."""
        return self.backward(self.kept, self._vector(u))

    def matmat(self, columns: Any) -> Any:
        """J U, shape (d, k)."""
        return jax.vmap(lambda u: self.forward(self.kept, u), 1, 1)(
            jnp.asarray(columns, self.dtype)
        )

    def rmatmat(self, columns: Any) -> Any:
        """Jᵀ U, shape (d, k)."""
        return jax.vmap(lambda u: self.backward(self.kept, u), 1, 1)(
            jnp.asarray(columns, self.dtype)
        )

    def _vector(self, u: Any) -> Any:
        u = jnp.asarray(u, self.dtype)
        if u.shape != (self.shape[1],):
            raise InputTypeError(f"this takes a vector of shape ({self.shape[1]},), not {u.shape}")
        return u
