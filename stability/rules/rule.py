"""What a rule is: a way to step along a field."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from typing import Any, ClassVar, Self

import jax.numpy as jnp
import numpy as np
import sympy

from ..dynamics.flow import Flow, Linear, SymbolicFlow
from ..dynamics.map import Map, SymbolicMap
from ..dynamics.partition import Partition
from ..dynamics.vectors import stack

State = tuple[Any, ...]


class Rule(ABC):
    """A recipe that turns a flow into a map; a frozen dataclass with at least the step size `lr`.

    `lr` is a positive number, or a mapping from players to numbers (key `""` for the others).

    A rule's state is a tuple of vectors shaped like the profile. `step` evaluates the field and combines
    the results linearly, and nothing else; then, at an equilibrium, where every evaluation happens at the
    equilibrium itself, the chain rule says that the linearised step is the step along the linearised
    field. `linearise` rests on that, so that multipliers need nothing but J, in either engine.
    """

    name: ClassVar[str]
    lr: Any

    def init(self, flow: Any, x: Any) -> State:
        """The state that starts at the profile x; a fixed point of `step` when x is an equilibrium."""
        return (x,)

    @abstractmethod
    def step(self, flow: Any, state: State) -> State:
        """One step along the flow's field (`flow(x)`, or one player's rows `flow.part(i, x)`)."""

    @property
    def settings(self) -> dict[str, Any]:
        """The rule's settings by name, for reports."""
        return {f.name: getattr(self, f.name) for f in dataclass_fields(self)}  # pyright: ignore[reportArgumentType]

    def scaled(self, factor: Any) -> Self:
        """The rule with every step size multiplied by `factor` (a number or a SymPy expression)."""
        return self.with_each_lr(lambda lr: lr * factor)

    def with_each_lr(self, function: Callable[[Any], Any]) -> Self:
        """The rule with `function` applied to its step size, or to each player's."""
        return replace(self, lr=each(self.lr, function))  # pyright: ignore[reportArgumentType]

    def linearise(self, matrix: Any, partition: Partition) -> Any:
        """The Jacobian of the step on the stacked state at an equilibrium where the field's is `matrix`.

        `matrix` is NumPy or SymPy, of shape (d, d); with k state vectors the result is (kd, kd). Its
        eigenvalues are the multipliers.
        """
        d = partition.dimension
        flow = Linear(matrix, partition)
        vectors = len(self.init(flow, np.zeros(d)))
        if isinstance(matrix, sympy.MatrixBase):
            identity = sympy.eye(vectors * d)
            state = tuple(identity[k * d : (k + 1) * d, :] for k in range(vectors))
        else:
            state = tuple(np.split(np.eye(vectors * d), vectors))
        return stack(self.step(flow, state))

    def map(self, flow: Flow | SymbolicFlow) -> Map | SymbolicMap:
        """The map that this rule makes of a flow, on the stacked state of shape (kd,)."""
        d = flow.dimension
        if isinstance(flow, SymbolicFlow):
            vectors = len(self.init(flow, flow.profile))
            names = [f"{v}{'_' * k}" for k in range(vectors) for v in flow.variables]
            symbols = list(flow.variables) + [sympy.Symbol(n, real=True) for n in names[d:]]
            state = tuple(sympy.Matrix(symbols[k * d : (k + 1) * d]) for k in range(vectors))
            after = stack(self.step(flow, state))
            return SymbolicMap(
                dict(zip(symbols, after, strict=True)), parameters=flow.parameters, name=flow.name
            )
        vectors = len(self.init(flow, jnp.zeros(d)))
        names = [f"{v}{'_' * k}" for k in range(vectors) for v in flow.variables]
        return Map(
            lambda state: stack(self.step(flow, tuple(jnp.split(state, vectors)))),
            variables=names,
            name=flow.name,
            check=False,
        )


def each(lr: Any, function: Callable[[Any], Any]) -> Any:
    """A function applied to a step size, or to each player's in a mapping."""
    return {p: function(v) for p, v in lr.items()} if isinstance(lr, Mapping) else function(lr)
