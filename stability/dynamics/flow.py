"""Flows ẋ = v(x): numeric (JAX) and symbolic (SymPy)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from .batch import batched
from .partition import Partition
from .system import NumericSystem, SymbolicSystem


class Flow(NumericSystem):
    """An autonomous flow ẋ = v(x) on flat vectors.

    **Arguments:**

    - `field`: a JAX-traceable function from a vector of shape (d,) to one of shape (d,).
    - `dimension`: d. May be left out when `start`, `variables` or `partition` tells it.
    - `variables`: d names; default x0, x1, ….
    - `start`: where trajectories start and a search begins, a vector of shape (d,) or a mapping by name.
    - `box`: where equilibria are searched, a mapping from names to (low, high).
    - `partition`: who owns which coordinates (only rules that move the players separately ask).
    - `part`: `part(i, x)`, player i's rows of v(x), if they are cheaper than all of v.

    Raises InputError if the dimension is unknown, or `field` does not return a real vector of shape (d,).
    """

    kind = "flow"

    def __init__(
        self,
        field: Callable[[Any], Any],
        *,
        dimension: int | None = None,
        variables: Sequence[str] | None = None,
        start: Any = None,
        box: Mapping[str, tuple[float, float]] | None = None,
        partition: Partition | None = None,
        part: Callable[[int, Any], Any] | None = None,
        name: str = "flow",
        check: bool = True,
    ):
        super().__init__(field, dimension, variables, start, box, partition, name, check)
        self._part = part

    def __call__(self, x: Any) -> Any:
        """v(x), shape (d,)."""
        return self.function(x)

    def part(self, i: int, x: Any) -> Any:
        """Player i's rows of v(x), shape (d_i,)."""
        return self.partition.part(i, self(x)) if self._part is None else self._part(i, x)

    @cached_property
    def evaluate(self) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """X (n, d) ↦ (v, J) of shapes (n, d) and (n, d, d), in float64, in one compiled batch."""
        return batched(self.function, self.dimension)


class Linear:
    """The linear flow ẋ = Jx of a matrix (NumPy or SymPy), on vectors or stacks of tangent vectors."""

    def __init__(self, matrix: Any, partition: Partition):
        self.matrix = matrix
        self.partition = partition

    def __call__(self, x: Any) -> Any:
        return self.matrix @ x

    def part(self, i: int, x: Any) -> Any:
        return self.partition.part(i, self.matrix) @ x


class SymbolicFlow(SymbolicSystem):
    """A flow given by one expression per variable: `SymbolicFlow({x: y, y: -x})`.

    Keys are SymPy symbols, values expressions in them and in parameters. Further arguments as for
    `SymbolicGame`. Called on a column matrix of shape (d, 1) it returns v there, shape (d, 1).
    """

    kind = "flow"

    def part(self, i: int, x: sympy.MatrixBase) -> sympy.MatrixBase:
        """Player i's rows of v(x), shape (d_i, 1)."""
        return self._at(self.partition.part(i, self.expressions), x)

    def numeric(self, parameters: Mapping[Any, Any] | None = None) -> Flow:
        """The same flow in JAX, at the given parameter values (default: the flow's own)."""
        function = self.compiled(parameters)
        return Flow(function, **self.numeric_arguments(parameters), check=False)
