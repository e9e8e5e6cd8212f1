"""Jacobians as linear operators: linearised once at a point, then applied to vectors without a matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

from ..errors import InputError
from .operator import Action, Operator, as_pytree
from .partition import Partition
from .quick_compilation import quickly_compiled
from .rounded import rounded

PRECISIONS = (None, "bfloat16")
SMALL = 128  # numbers, up to which a Jacobian is written out once: one compilation serves all its products
_FEW = 100_000  # numbers of data, up to which compiling takes longer than running
_AT_ONCE = 16  # of its columns: the memory of so many products
PROBES = 4  # vectors by which the error of a reduced precision is measured


class Products:
    """The compiled products of a function's Jacobian, made once and used at every point.

    - `function`: a pure function `function(x, *arguments)` from vectors (d,) to vectors (m,).
    - `keep`: whether what a product needs of the point is computed once and kept (`jax.linearize`); else
      every product evaluates the function anew, in the memory of one evaluation.
    - `part`: `part(i, x, *arguments)`, player i's rows of the function, if they are cheaper than all of it;
      the blocks are products of these rows.
    - `precision`: None, or "bfloat16": the operands of matrix products and convolutions, in the function and
      in its derivatives, are rounded to bfloat16; sums and all else stay in the dtype of x.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        partition: Partition,
        keep: bool = True,
        part: Callable[..., Any] | None = None,
        precision: str | None = None,
    ):
        if precision not in PRECISIONS:
            raise InputError(f"the precision is None or 'bfloat16', not {precision!r}")
        self.function, self.partition, self.keep = function, partition, keep
        self.part = partial(_rows, function, partition) if part is None else part
        self.precision = precision
        if keep:
            start, forward, backward = _linearised, _forward, _backward
        else:
            start, forward, backward = _evaluated, _pushed, _pulled
        pure = [partial(start, function)]
        pure += [f if keep else partial(f, function) for f in (forward, backward)]
        self._start, *both = [jax.jit(rounded(f) if precision else f) for f in pure]
        self._action = Action(*both)
        self._blocks: dict[tuple[int, int], Products] = {}
        self._rounded: Products | None = None

    def at(self, x: Any, *arguments: Any, precision: str | None = None) -> Linearisation:
        """The Jacobian at x, in the precision of these products or in a lower one.

        Raises InputError for an unknown precision, and for a function that changes the dtype of x.
        """
        if precision is not None and precision != self.precision:
            return self._in(precision).at(x, *arguments)
        small = self.keep and self.precision is None and x.size <= SMALL
        traced = isinstance(x, jax.core.Tracer)
        if small and not traced and len(x.sharding.device_set) == 1 and not _tracing():
            return self._written_out(x, arguments)
        value, tangent = self._start(x, *arguments)
        sharding = None if traced else x.sharding
        if sharding is None or len(sharding.device_set) == 1:
            sharding = None
        else:
            value = jax.lax.with_sharding_constraint(value, sharding)
        _check_precision(x, value)
        return Linearisation(
            (x, tangent if self.keep else arguments),
            self._action,
            (value.size, x.size),
            x.dtype,
            jax.config.jax_enable_x64,  # pyright: ignore[reportAttributeAccessIssue]
            sharding,
            x,
            value,
            arguments,
            self.partition,
            self,
        )

    @cached_property
    def _written(self) -> Callable[..., Any]:
        return jax.jit(partial(_pushed_together, self.function))

    @cached_property
    def _quickly_written(self) -> Callable[..., Any]:
        return quickly_compiled(partial(_pushed_together, self.function), 1)

    def _written_out(self, x: Any, arguments: tuple[Any, ...]) -> WrittenOut:
        """The Jacobian at x as a matrix."""
        units = np.eye(x.size, -(-x.size // _AT_ONCE) * _AT_ONCE, dtype=x.dtype)
        parts = np.split(units, units.shape[1] // _AT_ONCE, axis=1)
        numbers = sum(np.size(leaf) for leaf in jax.tree.leaves(arguments))
        whole = self._quickly_written if numbers <= _FEW else self._written
        values, columns = zip(*(whole(x, part, *arguments) for part in parts), strict=True)
        value = values[0]
        _check_precision(x, value)
        matrix = jnp.asarray(np.concatenate(columns, axis=1)[:, : x.size])
        x64 = jax.config.jax_enable_x64  # pyright: ignore[reportAttributeAccessIssue]
        return WrittenOut(
            matrix,
            _MATRIX,
            (value.size, x.size),
            x.dtype,
            x64,
            None,
            x,
            value,
            arguments,
            self.partition,
            self,
        )

    def block(self, i: int, j: int) -> Products:
        """The products of the block ∂v_i/∂x_j, at player j's strategy x_j, then x and the arguments."""
        if (i, j) not in self._blocks:
            self._blocks[i, j] = Products(
                partial(_block, self.part, self.partition, i, j),
                self.partition.alone(j),
                self.keep,
                precision=self.precision,
            )
        return self._blocks[i, j]

    def _in(self, precision: str) -> Products:
        if self._rounded is None:
            self._rounded = Products(self.function, self.partition, self.keep, self.part, precision)
        return self._rounded

    @cached_property
    def full(self) -> Products:
        """The same products in the dtype of x."""
        return Products(self.function, self.partition, self.keep, self.part)


@as_pytree("kept", "point", "value", "arguments")
@dataclass(frozen=True, eq=False)
class Linearisation(Operator):
    """J = ∂v/∂x at one point, as a linear operator on vectors (d,); nothing of shape (d, d) is formed.

    Everything an `Operator` has, and

    - `point`, `value`: x and v(x). `partition`: who owns which coordinates.
    - `block(i, j)`, `hessian(i)`: the blocks of J and the players' own Hessians, operators of their own.
    - `error`: what a reduced precision costs.
    """

    point: Any
    value: Any
    arguments: tuple[Any, ...]
    partition: Partition
    products: Products

    def block(self, row: str | int, column: str | int) -> Linearisation:
        """∂v_row/∂x_column, shape (d_row, d_column), of two players by name or position.

        Linearised by itself, so that its products cost what the block needs and not what J does.
        """
        i, j = self.partition.index(row), self.partition.index(column)
        with jax.enable_x64(self.x64):
            own = self.partition.part(j, self.point)
            if self.sharding is not None:
                own = jax.device_put(own, self.sharding)
            return self.products.block(i, j).at(own, self.point, *self.arguments)

    def hessian(self, player: str | int) -> Operator:
        """The player's own Hessian ∇²_ii L_i = −∂v_i/∂x_i, shape (d_i, d_i), where v is a gradient field."""
        return -self.block(player, player)

    @cached_property
    def error(self) -> float:
        """The relative error of the products by the reduced precision; zero where nothing is reduced.

        The largest ‖Ãu − Au‖/‖Au‖, and the same of Aᵀ, over four standard normal u, against the products in
        the dtype of x. It measures typical vectors and bounds none.
        """
        if self.products.precision is None:
            return 0.0
        with jax.enable_x64(self.x64):
            full = self.products.full.at(self.point, *self.arguments)
            keys = jax.random.split(jax.random.key(0), PROBES)
            ratios = [
                jnp.linalg.norm(one.matvec(u) - other.matvec(u)) / jnp.linalg.norm(other.matvec(u))
                for one, other in ((self, full), (self.T, full.T))
                for u in (jax.random.normal(key, (other.shape[1],), self.dtype) for key in keys)
            ]
            return float(jnp.stack(ratios).max())


@as_pytree("kept", "point", "value", "arguments")
@dataclass(frozen=True, eq=False)
class WrittenOut(Linearisation):
    """The Jacobian of a function of few numbers, as a matrix; its blocks are blocks of that."""

    def block(self, row: str | int, column: str | int) -> Linearisation:
        i, j = self.partition.index(row), self.partition.index(column)
        rows, columns = self.partition.slices[i], self.partition.slices[j]
        x64, alone = self.x64, self.partition.alone(j)
        with jax.enable_x64(x64):
            own, value = self.point[columns], self.value[rows]
            matrix = self.kept[rows, columns]
        return WrittenOut(
            matrix,
            _MATRIX,
            (value.size, own.size),
            self.dtype,
            x64,
            None,
            own,
            value,
            (),
            alone,
            self.products,
        )


def _tracing() -> bool:
    """Whether somebody is tracing, and what is computed here goes into a trace."""
    return isinstance(jax.lax.full((), 0), jax.core.Tracer)


def _check_precision(x: Any, value: Any) -> None:
    if value.dtype != x.dtype:
        raise InputError(
            f"the function takes a point of {x.dtype} to {value.dtype}; "
            "give the point and the data one precision"
        )


def _pushed_together(function: Any, x: Any, units: Any, *arguments: Any) -> tuple[Any, Any]:
    value, push = jax.linearize(lambda y: function(y, *arguments), x)
    return value, jax.vmap(push, in_axes=1, out_axes=1)(units)


def _rows(function: Any, partition: Partition, i: int, x: Any, *arguments: Any) -> Any:
    return partition.part(i, function(x, *arguments))


def _block(
    part: Any, partition: Partition, i: int, j: int, own: Any, x: Any, *arguments: Any
) -> Any:
    return part(i, partition.replaced(j, own, x), *arguments)


# `kept` is the point with the linear map that holds what it needs of the point and the arguments, …


def _linearised(function: Any, x: Any, *arguments: Any) -> Any:
    return jax.linearize(lambda y: function(y, *arguments), x)


def _forward(kept: Any, u: Any) -> Any:
    return kept[1](u)


def _backward(kept: Any, u: Any) -> Any:
    x, tangent = kept
    return jax.linear_transpose(tangent, x)(u)[0]


# … or the point with the arguments.


def _evaluated(function: Any, x: Any, *arguments: Any) -> Any:
    return function(x, *arguments), None


def _pushed(function: Any, kept: Any, u: Any) -> Any:
    x, arguments = kept
    return jax.jvp(lambda y: function(y, *arguments), (x,), (u,))[1]


def _pulled(function: Any, kept: Any, u: Any) -> Any:
    x, arguments = kept
    return jax.vjp(lambda y: function(y, *arguments), x)[1](u)[0]


# … or the matrix itself.


@jax.jit
def _times(matrix: Any, u: Any) -> Any:
    return jnp.matmul(matrix, u, precision=jax.lax.Precision.HIGHEST)


@jax.jit
def _transposed_times(matrix: Any, u: Any) -> Any:
    return jnp.matmul(u, matrix, precision=jax.lax.Precision.HIGHEST)


_MATRIX = Action(_times, _transposed_times)
