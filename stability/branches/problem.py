"""What varies, the rest point where it starts, and the system as a function of the numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import sympy

from ..analysis.subject import LARGEST_EXACT
from ..dynamics.flow import Flow
from ..dynamics.functions import jax_function
from ..dynamics.map import Map
from ..dynamics.partition import Partition
from ..equilibria.equilibrium import Equilibrium
from ..fields import Gradient
from ..games.game import Game
from ..time_limits import in_time
from .axes import Axis, Setup

_SECONDS = 2.0  # for SymPy to differentiate


@dataclass(frozen=True)
class Problem:
    """Everything that a worker needs to evaluate any point of a grid; it can be pickled.

    - `system`: the system before (`penalties` in `setup` still to be applied, if it is a JAX game) or after
      its penalties; `fixed`: values of the symbolic parameters that are not varied, by symbol.
    - `setup`, `axes`: field, rule and penalties, and what is varied among these and the parameters.
    - `base`: the equilibrium at the values `origin` of the axes; `coordinates` are closed forms in
      `symbols`, one for each axis (None for axes that are no parameter), where they are known to follow it.
    - `unit`, `reach`: half the width of the search box, shape (d,), and its largest coordinate.
    - `rests_apart`: whether the field rests at points of its own, which then are what is followed.
    - `local`: whether the rule near a point is more than the field's Jacobian tells (see `Rule.near`).
    - `winding`: the whole periods that a map with angles takes the fixed point on by, d of them.
    """

    system: Any
    fixed: Mapping[sympy.Symbol, sympy.Expr]
    setup: Setup
    axes: tuple[Axis, ...]
    base: Equilibrium
    origin: np.ndarray
    coordinates: tuple[sympy.Expr, ...] | None
    unit: np.ndarray
    reach: float
    kind: str
    variables: tuple[str, ...]
    partition: Partition
    rests_apart: bool
    local: bool
    winding: tuple[sympy.Expr, ...]

    @property
    def moving(self) -> tuple[int, ...]:
        """The axes along which the equilibrium may move."""
        owners = ("parameter", "penalty", "field") if self.rests_apart else ("parameter", "penalty")
        return tuple(i for i, axis in enumerate(self.axes) if axis.owner in owners)

    @property
    def varied(self) -> tuple[int, ...]:
        """The axes that are parameters of the symbolic system."""
        owners = ("parameter", "penalty")
        return tuple(i for i, axis in enumerate(self.axes) if axis.owner in owners)

    @property
    def is_euler(self) -> bool:
        """Whether the rule's linearised step is I + HJ."""
        return self.setup.rule is not None and self.setup.rule.is_euler

    def formulas(self) -> Callable[..., Any] | None:
        """Variables and varied parameters ↦ the main field (of a map F(x) − x) and its Jacobian, row by row,

        and what has to be real and finite besides.

        As formulas of SymPy these are quicker to compile and to evaluate than what JAX differentiates. None
        for systems that have none, or large ones.
        """
        system = self.system
        if not system.symbolic or system.dimension > LARGEST_EXACT:
            return None

        def derived() -> list[sympy.Expr]:
            fixed = dict(self.fixed)
            main = system.rest_equations - sympy.Matrix(self.winding)
            jacobian = main.jacobian(system.variables)
            return [e.xreplace(fixed) for e in (*main, *jacobian, *system.domain)]

        expressions = in_time(_SECONDS, derived, None)
        if expressions is None:
            return None
        symbols = [parameter_symbol(system, self.axes[i]) for i in self.varied]
        return jax_function([*system.variables, *symbols], expressions)

    def at(self, numbers: Sequence[Any]) -> tuple[Setup, Callable[[], Any]]:
        """Field, rule and penalties with the axes' numbers put in, and the numeric system that they make."""
        setup = self.setup
        for axis, number in zip(self.axes, numbers, strict=True):
            if axis.owner != "parameter":
                setup = setup.with_value(axis, number)
        if self.system.symbolic:
            return setup, lambda: self._numeric(numbers)

        def penalised() -> Any:
            system = self.system
            for penalty in setup.penalties:
                system = penalty(system)
            return system

        return setup, penalised

    def displacement(self, setup: Setup, system: Any) -> Callable[[Any], Any]:
        """The function whose zeros are followed: a field of the game, the flow's field, or F(x) − x."""
        if system.kind == "game":
            field = setup.field if self.rests_apart else Gradient()
            return field.flow(system).function
        if system.kind == "map":
            winding = np.array([float(w) for w in self.winding])
            return lambda x: system.function(x) - x - winding
        return system.function

    def _numeric(self, numbers: Sequence[Any]) -> Any:
        """The symbolic system in JAX, with the axes' numbers as its parameters."""
        system = self.system
        values = [numbers[i] for i in self.moving]
        arguments = [
            *system.variables,
            *(parameter_symbol(system, self.axes[i]) for i in self.moving),
        ]
        fixed = dict(self.fixed)
        if system.kind == "game":
            losses = {
                player: _loss(jax_function(arguments, [loss.xreplace(fixed)]), values)
                for player, loss in zip(system.players, system.losses(), strict=True)
            }
            start = np.zeros(system.dimension)
            game = Game(
                losses,
                start={
                    p: start[s]
                    for p, s in zip(system.players, system.partition.slices, strict=True)
                },
                name=system.name,
                variables=[v.name for v in system.variables],
                minimizer=system.minimizer,
                check=False,
            )
            game.total = not system.domain
            return game
        function = jax_function(arguments, list(system.expressions.xreplace(fixed)))

        def vector(x: Any) -> Any:
            return jnp.stack([jnp.asarray(value, x.dtype) for value in function(*x, *values)])

        names = [v.name for v in system.variables]
        if system.kind == "map":
            return Map(vector, variables=names, check=False)
        return Flow(vector, variables=names, partition=system.partition, check=False)


def field_flow(setup: Setup, system: Any) -> Flow:
    """The flow whose Jacobian is asked for: that of the field, or the given one."""
    if system.kind == "game":
        return setup.field.flow(system)
    return system


def _loss(function: Callable[..., Any], values: Sequence[Any]) -> Callable[..., Any]:
    def loss(*strategies: Any) -> Any:
        coordinates = jnp.concatenate(strategies)
        return jnp.asarray(function(*coordinates, *values)[0], coordinates.dtype)

    return loss


def point_text(variables: Sequence[str], point: Any) -> str:
    """A point as it is given to `at` on the command line: x=0.5,y=0."""
    pairs = zip(variables, point, strict=True)
    return ",".join(f"{name}={value + 0.0:.6g}" for name, value in pairs)


def parameter_symbol(system: Any, axis: Axis) -> sympy.Symbol:
    """The symbol in a symbolic system that a parameter's or penalty's axis stands for."""
    name = axis.setting if axis.owner == "parameter" else axis.name
    symbols = (*system.parameters, *system.free_parameters)
    return next((s for s in symbols if s.name == name), sympy.Symbol(name, real=True))
