"""What a rule is: a way to step along a field."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Self

import jax
import jax.core
import jax.numpy as jnp
import numpy as np
import sympy

from ..documents.settings import as_option
from ..dynamics.flow import Flow, Linear, SymbolicFlow
from ..dynamics.partition import Partition
from ..dynamics.positive_settings import check_positive
from ..dynamics.symbols import exact
from ..dynamics.vectors import identity, split, stack
from ..errors import InputError, InputTypeError
from .limits import sets_of

State = tuple[Any, ...]
Move = Callable[[Any, State], State]  # of a flow and the state
WRAPPED = "an optax transformation becomes a rule as st.Optax(transformation)"


class Rule(ABC):
    """A recipe that turns a flow into a map; a frozen dataclass with at least the step size `lr`.

    `lr` is a positive number, or a mapping from players to numbers (key `""` for the others); it is None
    for the few rules that have no step size.

    In all methods `flow` is the flow that the steps are taken along, numeric or symbolic, with d variables
    and a `partition` into players; `x` is a profile, shape (d,) (symbolic: a column); `state` is what the
    rule goes on from.

    A rule's state is a tuple of vectors, the first of them the profile. `step` evaluates the field and
    combines the results linearly, and nothing else; then, at an equilibrium, where every evaluation
    happens at the equilibrium itself, the chain rule says that the linearised step is the step along the
    linearised field. `linearise` rests on that, so that multipliers need nothing but J, in either engine.
    Rules that act differently from place to place say how they act `near` a point.

    Where players live in sets, every point at which a step evaluates the field, and every strategy that it
    gives a player, goes through `project`, `project_player` or `project_part` (rules/limits.py).

    A rule around another one, or around one for each player, has it as `inner`. Class attributes say
    what step it is:

    - `is_euler`: linearised it is I + HJ, H the step sizes.
    - `is_inverse_of_a_formula`: the step solves an equation; the step `backwards` is a formula.
    - `ignores_the_jacobian`: `linearise` does not use its matrix (see `Local`).
    - `keeps_sets`: the step keeps to the players' sets by itself, and projects nothing.
    - `transforms_the_field`: the profile moves by the step sizes times a function of the field there and of
      the memory.
    - `anticipates`: a player reckons with moves of the others, as they would be without limits.
    """

    name: ClassVar[str]
    lr: Any
    inner: Any = None
    is_euler: ClassVar[bool] = False
    is_inverse_of_a_formula: ClassVar[bool] = False
    ignores_the_jacobian: ClassVar[bool] = False
    transforms_the_field: ClassVar[bool] = False
    near_limits: ClassVar[Callable[..., Rule]]  # in on_face.py, which is built on this file
    anticipates: ClassVar[bool] = False
    keeps_sets: ClassVar[bool] = False

    def init(self, flow: Any, x: Any) -> State:
        """The state that starts at the profile x; a fixed point of `step` when x is an equilibrium."""
        return (x,)

    @abstractmethod
    def step(self, flow: Any, state: State) -> State:
        """One step along the flow's field (`flow(x)`, or one player's rows `flow.part(i, x)`)."""

    def backwards(self, flow: Any, state: State) -> State:
        """The state before `state`, of the inverse of a formula. Raises InputError for other rules."""
        raise InputError(f"a step of {self.name} is a formula forwards, not backwards")

    def near(self, flow: Flow | SymbolicFlow, x: Any) -> Rule:
        """A rule whose `linearise` is right at the rest point x of this one; most are so everywhere.

        Raises InputError where the step has no derivative at x.
        """
        if sets_of(flow) is None or any(rule.keeps_sets for rule in self.inside):
            return self.near_inside(flow, x)
        return self.near_limits(flow, x)

    def near_inside(self, flow: Flow | SymbolicFlow, x: Any) -> Rule:
        """The same where x touches no limits of the players' sets."""
        if self.inner is None:
            return self
        own = self.inner.near(flow, x)
        return self if own is self.inner else own.put_into(self, flow, x)

    def put_into(self, outer: Rule, flow: Flow | SymbolicFlow, x: Any) -> Rule:
        """The `outer` rule at x, where its inner one acts like this one."""
        return replace(outer, inner=self)  # pyright: ignore[reportArgumentType]

    @property
    def within(self) -> tuple[Rule, ...]:
        """The rules that this one is around: its inner one, or every player's."""
        if self.inner is None:
            return ()
        return tuple(self.inner.values()) if isinstance(self.inner, Mapping) else (self.inner,)

    @property
    def inside(self) -> tuple[Rule, ...]:
        """Every rule that there is in this one, itself first."""
        return (self, *(rule for one in self.within for rule in one.inside))

    def with_inner(self, function: Callable[[Rule], Rule]) -> Self:
        """The rule with `function` applied to its inner rule, or to each player's."""
        if self.inner is None:
            return self
        return replace(self, inner=each(self.inner, function))  # pyright: ignore[reportArgumentType]

    @property
    def rests_elsewhere(self) -> bool:
        """Whether the rule may rest where its field does not, or not rest where it does."""
        return any(rule.rests_elsewhere for rule in self.within)

    @property
    def sees_more_than_the_jacobian(self) -> bool:
        """Whether the linearised step depends on more than the field's Jacobian."""
        return any(rule.sees_more_than_the_jacobian for rule in self.within)

    @property
    def acts_by_jacobian(self) -> bool:
        """Whether `linearise` is right without `near` wherever x is inside all limits."""
        return all(rule.acts_by_jacobian for rule in self.within)

    @property
    def remark(self) -> str | None:
        """What a reader of this rule's numbers has to know, in a sentence or several."""
        return " ".join(dict.fromkeys(rule.remark for rule in self.within if rule.remark)) or None

    def interior(self) -> Rule:
        """The rule without its projections, as it acts inside their sets."""
        return self.with_inner(lambda rule: rule.interior())

    def frozen(self) -> Self:
        """The rule with whatever changes for good (Adam's second moments, schedules) held still."""
        return self.with_inner(lambda rule: rule.frozen())

    def moving(self, flow: Any, x: Any) -> tuple[bool, ...]:
        """Which vectors of the state, the profile first, `frozen()` does not hold."""
        if self.inner is not None:
            return self.inner.moving(flow, x)
        return (True,) * len(jax.eval_shape(partial(self.init, flow), x))

    def turns(self, partition: Partition) -> tuple[Move, ...]:
        """The parts of a step in which one player moves each, in order; if all move at once, the step."""
        return (self.step,)

    def check(self, flow: Any) -> None:
        """Raises InputError if this rule cannot step along the flow: unknown players, too few of them."""
        if self.lr is not None:
            flow.partition.per_player(self.lr, "lr")

    @property
    def settings(self) -> dict[str, Any]:
        """The rule's settings by name, for reports; a rule inside another one as its text."""
        values = {f.name: getattr(self, f.name) for f in dataclass_fields(self)}  # pyright: ignore[reportArgumentType]
        return {k: each(v, _as_text) for k, v in values.items() if v is not None}

    def __str__(self) -> str:
        shown = {
            k: v
            for k, v in self.settings.items()
            if k != "lr" and (k, v) != ("inner", "simultaneous")
        }
        return as_option(self.name, shown, self)

    def scaled(self, factor: Any) -> Self:
        """The rule with every step size multiplied by `factor` (a number or a SymPy expression)."""
        return self.with_each_lr(lambda lr: lr * factor)

    def with_each_lr(self, function: Callable[[Any], Any]) -> Self:
        """The rule with `function` applied to its step size, or to each player's."""
        return self if self.lr is None else self.with_lr(each(self.lr, function))

    def with_lr(self, lr: Any) -> Self:
        """The rule with another step size, or with one for each player; as it is if it has none."""
        return self if self.lr is None else replace(self, lr=lr)  # pyright: ignore[reportArgumentType]

    def along(self, flow: Any, u: Any) -> Any:
        """The vector `u`, shape (d,), with every player's part times the player's step size."""
        return flow.partition.scale(flow.partition.per_player(self.lr, "lr"), u)

    def linearise(self, matrix: Any, partition: Partition) -> Any:
        """The Jacobian of the step on the stacked state at an equilibrium where the field's is `matrix`.

        `matrix` is NumPy or SymPy, of shape (d, d), and `partition` says which variables are whose; with m
        numbers in the state the result is (m, m), the profile first. Its eigenvalues are the multipliers.
        """
        sizes = self.state_sizes(partition)
        start = split(identity(sum(sizes), matrix), sizes)
        return stack(self.step(self.linear_flow(matrix, partition), start))

    def linearised_together(
        self, factors: np.ndarray, matrix: np.ndarray, partition: Partition
    ) -> np.ndarray:
        """`linearise` along n fields, `factors`, shape (n,), times that of the `matrix`: shape (n, m, m).

        For nearly every rule these are the steps with n step sizes, but for the units of the memory.
        """
        return np.asarray(self.linearise(factors[:, None, None, None] * matrix, partition))[:, 0]

    def linear_flow(self, matrix: Any, partition: Partition) -> Linear:
        """The flow with the Jacobian `matrix`, and with what else the step asks of an equilibrium."""
        if len(self.within) == 1:
            return self.within[0].linear_flow(matrix, partition)
        return Linear(matrix, partition)

    def lifted(self, matrix: np.ndarray, partition: Partition, tangent: np.ndarray) -> np.ndarray:
        """Directions along a manifold of equilibria as directions of the state, shape (m, k).

        `tangent`, shape (d, k), holds them as columns; `matrix` and `partition` are as in `linearise`.
        """
        return stack(self.init(Linear(matrix, partition), tangent))

    def state_sizes(self, partition: Partition) -> tuple[int, ...]:
        """The lengths of the vectors in the state along a linear flow, the profile first."""
        d = partition.dimension
        single = np.zeros(d, np.float32)  # the precision that JAX has whatever its settings
        start = self.init(Linear(np.zeros((d, d)), partition), single)
        return tuple(len(vector) for vector in start)

    def map(self, flow: Flow | SymbolicFlow) -> Any:
        """The map that this rule makes of a flow, on the stacked state (the profile, then the memory)."""
        return flow.stepped(self.init, self.step)


def _as_text(setting: Any) -> Any:
    """A rule as text; everything else as it is."""
    return str(setting) if isinstance(setting, Rule) else setting


def each(setting: Any, function: Callable[[Any], Any]) -> Any:
    """A function applied to a setting, or to each player's in a mapping."""
    if isinstance(setting, Mapping):
        return {player: function(own) for player, own in setting.items()}
    return function(setting)


def coefficient(number: Any, x: Any) -> Any:
    """A setting as a factor of the vector x: an exact number in SymPy, a float elsewhere."""
    if isinstance(x, sympy.MatrixBase):
        return number if isinstance(number, sympy.Expr) else exact(number)
    return number if isinstance(number, jnp.ndarray) else float(number)


def check_lr(name: str, lr: Any) -> None:
    """Raises InputError unless a rule's step size, or every player's, is a positive finite number."""
    if isinstance(lr, Mapping) and lr:
        for player, own in lr.items():
            whose = f"player {player!r}" if player else "the other players"
            check_positive(_known(own), f"the step size lr of {name} for {whose}")
    elif is_transformation(lr):
        raise InputTypeError(f"the step size lr of {name} is a positive number; {WRAPPED}")
    else:
        check_positive(_known(lr), f"the step size lr of {name}")


def _known(number: Any) -> Any:
    """A number in an array as a Python number, unless JAX is tracing it."""
    concrete = isinstance(number, jax.Array) and not isinstance(number, jax.core.Tracer)
    return number.item() if concrete and number.shape == () else number


def is_transformation(thing: Any) -> bool:
    """Whether a thing looks like a transformation of optax, which is not imported for this."""
    return callable(getattr(thing, "update", None)) and callable(getattr(thing, "init", None))
