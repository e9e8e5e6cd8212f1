"""Maps x ← F(x): numeric (JAX) and symbolic (SymPy)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np
import sympy

from .angles import circle_lengths, nearest
from .batch import batched
from .simulate import simulate
from .starts import given_start
from .system import NumericSystem, SymbolicSystem
from .trajectory import Trajectory


class Map(NumericSystem):
    """A discrete dynamical system x ← F(x) on flat vectors.

    `function` takes a vector of shape (d,) to one of shape (d,). `dimension`, `variables`, `start`, `box`,
    `name`, `check`, `angles` and `conserved` are as for `Flow`. A map takes angles that are a period apart to
    such angles, and x is a fixed point if F(x) is x up to whole periods.
    """

    kind = "map"

    def __init__(
        self,
        function: Callable[[Any], Any],
        *,
        dimension: int | None = None,
        variables: Sequence[str] | Callable[[], Sequence[str]] | None = None,
        start: Any = None,
        box: Mapping[str, tuple[float, float]] | None = None,
        name: str = "map",
        check: bool = True,
        angles: Mapping[str, Any] | None = None,
        conserved: Mapping[str, Any] | None = None,
    ):
        super().__init__(
            function, dimension, variables, start, box, None, name, check, angles, conserved
        )

    def trajectory(
        self, x0: Any = None, *, steps: int, **options: Any
    ) -> Trajectory | tuple[Trajectory, ...]:
        """The orbit from x0 of so many `steps`; `options`, answer and errors are those of `simulate`.

        `x0`: a start, shape (d,), or a mapping by variable, or many starts, shape (k, d); default: the
        map's own start. Raises InputError if it has none.
        """
        return simulate(self, given_start(self, x0), steps, **options)

    @cached_property
    def evaluate(self) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """X (n, d) ↦ (F(x) − x, DF − I): the displacement, whose zeros are the fixed points.

        That of angles is the one nearest to zero among those that whole periods make of it.
        """
        if not self.angles:
            return batched(lambda x: self.function(x) - x, self.dimension)
        lengths = circle_lengths(self)
        return batched(lambda x: nearest(self.function(x) - x, lengths, jnp), self.dimension)


class SymbolicMap(SymbolicSystem):
    """A map given by one next value per variable: `SymbolicMap({x: 1 - a*x**2 + y, y: b*x})`.

    `expressions` is variable ↦ next value; `parameters`, `box`, `start`, `name`, `partition`, `angles` and
    `conserved` are as for `SymbolicFlow`, and what angles mean for a map as for `Map`.
    """

    kind = "map"

    @property
    def rest_equations(self) -> sympy.Matrix:
        """F(x) − x, shape (d, 1): zero at fixed points."""
        return self.expressions - self.profile

    def trajectory(
        self, x0: Any = None, *, steps: int, **options: Any
    ) -> Trajectory | tuple[Trajectory, ...]:
        """As `Map.trajectory`, of `steps` from `x0` with its `options`, at the parameters' own values."""
        return self.twin.trajectory(x0, steps=steps, **options)

    def numeric(self, parameters: Mapping[Any, Any] | None = None) -> Map:
        """The same map in JAX, at the values of `parameters`, name ↦ number (default: the map's own)."""
        arguments = self.numeric_arguments(parameters)
        del arguments["partition"]
        map = Map(self.compiled(parameters), **arguments, check=False)
        map._lives_where(self.real, self.real.values(parameters))
        return map
