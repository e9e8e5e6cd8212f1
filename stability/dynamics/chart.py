"""Flows and maps on a flat set that they keep: fewer coordinates, and the way back to all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy

from ..errors import InputError
from .flow import Flow, SymbolicFlow
from .map import Map, SymbolicMap

_HIGHEST = (
    jax.lax.Precision.HIGHEST
)  # the chart is exact, whatever a device multiplies matrices with


@dataclass(frozen=True, eq=False)
class Chart:
    """Affine coordinates u of the flat set {x = A u + b}, such as a face of a simplex or a plane Σ xᵢ = 1.

    - `variables`: the d names of the coordinates of x; `names`: the k < d names of those of u.
    - `offset`: b, shape (d,), and `basis`: A, shape (d, k), of rank k; numbers, or SymPy expressions in
      parameters.
    - `inverse`: an L, shape (k, d), with L A = 1; default the pseudo-inverse A⁺, which projects
      orthogonally what is not tangent to the set. What is tangent is the same through every L, and rows
      of the identity keep formulas short.

    Raises InputError for shapes that do not fit, columns of A that depend on each other, and L A ≠ 1.
    """

    variables: tuple[str, ...]
    names: tuple[str, ...]
    offset: Any
    basis: Any
    inverse: Any = None

    def __post_init__(self) -> None:
        d, k = len(self.variables), len(self.names)
        basis, offset = sympy.Matrix(self.basis), sympy.Matrix(self.offset)
        if basis.shape != (d, k) or offset.shape != (d, 1):
            raise InputError(
                f"a chart of {k} of {d} coordinates has a basis of shape ({d}, {k}) and an offset of "
                f"shape ({d},), not {basis.shape} and {len(offset)} numbers"
            )
        if basis.rank() < k:
            raise InputError("the columns of a chart's basis depend on each other")
        if self.inverse is None:
            inverse = (basis.T * basis).inv() * basis.T if k else sympy.zeros(0, d)
        else:
            inverse = sympy.Matrix(self.inverse)
            if inverse.shape != (k, d) or sympy.simplify(inverse * basis) != sympy.eye(k):
                raise InputError("a chart's inverse times its basis is not the identity")
        for name, value in (("basis", basis), ("offset", offset), ("inverse", inverse)):
            object.__setattr__(self, name, value)

    def at(self, values: Any) -> Chart:
        """The chart with values, symbol ↦ number, put in for parameters."""
        put = dict(values)
        return Chart(
            self.variables,
            self.names,
            self.offset.xreplace(put),
            self.basis.xreplace(put),
            self.inverse.xreplace(put),
        )

    def lift(self, u: Any) -> Any:
        """x = A u + b: of u in SymPy, shape (k, 1), or of numbers, shape (…, k); shaped like u."""
        if isinstance(u, sympy.MatrixBase):
            return self.basis * u + self.offset
        _, basis, offset = self._numbers
        if isinstance(u, jax.Array):
            return _product(basis, u) + jnp.asarray(offset, u.dtype)
        return u @ basis.T + offset

    def lower(self, x: Any) -> Any:
        """u = L (x − b), the coordinates of x, or of the point of the set that L projects it to."""
        if isinstance(x, sympy.MatrixBase):
            return self.inverse * (x - self.offset)
        inverse, _, offset = self._numbers
        if isinstance(x, jax.Array):
            return _product(inverse, x - jnp.asarray(offset, x.dtype))
        return (x - offset) @ inverse.T

    def flow(self, flow: Flow | SymbolicFlow) -> Any:
        """The flow u̇ = L v(A u + b), in the engine of `flow`: the flow on the set, if it keeps it."""
        if isinstance(flow, SymbolicFlow):
            return SymbolicFlow(self._expressions(flow, tangent=True), **self._told(flow))
        inverse, _, _ = self._numbers
        return Flow(
            lambda u: _product(inverse, flow(self.lift(u))), **self._told(flow), check=False
        )

    def map(self, map: Map | SymbolicMap) -> Any:
        """The map u ← L (F(A u + b) − b), in the engine of `map`: the map on the set, if it keeps it."""
        if isinstance(map, SymbolicMap):
            return SymbolicMap(self._expressions(map, tangent=False), **self._told(map))
        return Map(lambda u: self.lower(map(self.lift(u))), **self._told(map), check=False)

    def _expressions(self, system: Any, tangent: bool) -> dict[sympy.Symbol, sympy.Expr]:
        own = {v.name: v for v in system.variables}
        u = [own.get(name, sympy.Symbol(name, real=True)) for name in self.names]
        value = system(self.lift(sympy.Matrix(u)))
        rows = self.inverse * value if tangent else self.lower(value)
        return dict(zip(u, rows, strict=True))

    def _told(self, system: Any) -> dict[str, Any]:
        """Start, box and name of the system in the coordinates of the chart, and its parameters."""
        told: dict[str, Any] = {
            "box": {name: system.box[name] for name in self.names if name in system.box},
            "name": system.name,
        }
        if system.start is not None and not self._symbols - set(getattr(system, "parameters", ())):
            own = self.at(system.parameters) if system.symbolic else self
            told["start"] = dict(zip(self.names, own.lower(np.asarray(system.start)), strict=True))
        if system.symbolic:
            return {**told, "parameters": system.parameters}
        return {**told, "variables": self.names}

    @property
    def _symbols(self) -> set[sympy.Symbol]:
        return set().union(*(m.free_symbols for m in (self.inverse, self.basis, self.offset)))

    @cached_property
    def _numbers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """L, A and b in floating point. Raises InputError where a parameter has no value."""
        if self._symbols:
            name = min(s.name for s in self._symbols)
            raise InputError(f"the chart depends on {name}; put its value in with chart.at")
        matrices = (self.inverse, self.basis, self.offset)
        inverse, basis, offset = (
            np.array(m.evalf(20).tolist(), dtype=float).reshape(m.shape) for m in matrices
        )
        return inverse, basis, offset[:, 0]


def unit_rows(rows: Sequence[int], d: int) -> sympy.Matrix:
    """The rows of the identity of size d with these indices: what picks coordinates of x."""
    return sympy.Matrix(len(rows), d, lambda i, j: int(rows[i] == j))


def _product(matrix: np.ndarray, x: Any) -> Any:
    return jnp.matmul(x, jnp.asarray(matrix.T, x.dtype), precision=_HIGHEST)
