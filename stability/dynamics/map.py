"""Maps x ← F(x): numeric (JAX) and symbolic (SymPy)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from .batch import batched
from .system import NumericSystem, SymbolicSystem


class Map(NumericSystem):
    """A discrete dynamical system x ← F(x) on flat vectors.

    Arguments as for Flow, without `partition` and `part`; `function` takes a vector of shape (d,) to one
    of shape (d,).
    """

    kind = "map"

    def __init__(
        self,
        function: Callable[[Any], Any],
        *,
        dimension: int | None = None,
        variables: Sequence[str] | None = None,
        start: Any = None,
        box: Mapping[str, tuple[float, float]] | None = None,
        name: str = "map",
        check: bool = True,
    ):
        super().__init__(function, dimension, variables, start, box, None, name, check)

    def __call__(self, x: Any) -> Any:
        """F(x), shape (d,)."""
        return self.function(x)

    @cached_property
    def evaluate(self) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """X (n, d) ↦ (F(x) − x, DF − I): the displacement, whose zeros are the fixed points."""
        return batched(lambda x: self.function(x) - x, self.dimension)


class SymbolicMap(SymbolicSystem):
    """A map given by one next value per variable: `SymbolicMap({x: 1 - a*x**2 + y, y: b*x})`."""

    kind = "map"

    @property
    def displacement(self) -> sympy.Matrix:
        """F(x) − x, shape (d, 1): zero at fixed points."""
        return self.expressions - self.profile

    def numeric(self, parameters: Mapping[Any, Any] | None = None) -> Map:
        """The same map in JAX, at the given parameter values (default: the map's own)."""
        arguments = self.numeric_arguments(parameters)
        del arguments["partition"]
        return Map(self.compiled(parameters), **arguments, check=False)
