"""How a rule acts near one point, by differentiating its own map there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
import sympy

from ..dynamics.flow import Flow, SymbolicFlow
from ..dynamics.partition import Partition
from ..dynamics.vectors import split, stack
from ..errors import InputError, NotAtRestError
from ..games.sets import tangent
from .limits import sets_of
from .rule import Rule, State

_LONGEST = 3000  # operations in the formulas of a step, whose derivative grows far beyond them


class _Step(NamedTuple):
    """A step at a point.

    - `jacobian`: shape (m, m); `nearby`: how the step itself moves states near the point, shape (n, m), and
      `linear`: how the Jacobian does.
    - `moved`: how far two steps take the profile, shape (d,); the second one shows what memory does.
    """

    jacobian: Any
    nearby: Any
    linear: Any
    moved: Any


@dataclass(frozen=True, eq=False)
class Local(Rule):
    """A rule at a rest point of its own: `linearise` differentiates the whole step there.

    By automatic differentiation, compiled once for all step sizes. Its matrix argument is not used: such a
    rule is more than the field's Jacobian tells. It counts as one rule, and says nothing of those inside.
    Raises InputError where the rule does not rest at the point, or its step has no derivative there. At
    limits of the players' sets only directions along these are asked about: states reach them after a step.
    """

    rule: Rule
    flow: Flow | SymbolicFlow
    point: Any
    ignores_the_jacobian: ClassVar[bool] = True

    @property
    def name(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.rule.name

    @property
    def sees_more_than_the_jacobian(self) -> bool:
        return True

    @property
    def acts_by_jacobian(self) -> bool:
        return False

    @property
    def transforms_the_field(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.rule.transforms_the_field

    @property
    def lr(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.rule.lr

    @property
    def settings(self) -> dict[str, Any]:
        return self.rule.settings

    def init(self, flow: Any, x: Any) -> State:
        return self.rule.init(flow, x)

    def step(self, flow: Any, state: State) -> State:
        return self.rule.step(flow, state)

    def put_into(self, outer: Rule, flow: Flow | SymbolicFlow, x: Any) -> Rule:
        return local(outer, flow, x)

    def with_lr(self, lr: Any) -> Self:
        local = replace(self, rule=self.rule.with_lr(lr))
        if "_compiled" in self.__dict__:  # one compilation serves every step size
            object.__setattr__(local, "_compiled", self._compiled)
        return local

    def linearise(self, matrix: Any, partition: Partition) -> Any:
        with jax.enable_x64(True):
            return np.asarray(self._compiled(self._by_player()).jacobian)

    def check(self, flow: Any = None) -> None:
        """Raises NotAtRestError if the rule does not rest here, InputError if its step has no derivative."""
        with jax.enable_x64(True):
            step = jax.tree.map(np.asarray, self._compiled(self._by_player()))
        size = 1 + np.abs(np.asarray(self.point, dtype=float)).max()
        moved = step.moved.max()
        if not moved <= 1e-9 * (1 + np.abs(step.jacobian).max()) * size:
            raise NotAtRestError(f"{self.name} does not rest here: two steps move by {moved:.3g}")
        off = np.abs(step.nearby - step.linear).max()
        if not off <= 1e-3 * np.abs(step.linear).max() + 1e-12:
            raise InputError(f"the step of {self.name} has no derivative at this point")

    def lifted(self, matrix: Any, partition: Partition, tangent: np.ndarray) -> np.ndarray:
        point = np.asarray(self.point, dtype=float)
        with jax.enable_x64(True):
            slopes = jax.jacfwd(lambda x: stack(self.rule.init(self.flow, x)))(jnp.asarray(point))
        return np.asarray(slopes) @ tangent

    def _tangent(self, lengths: tuple[int, ...]) -> np.ndarray:
        """The projector on the directions of the state, shape (m, m), along limits that the point touches."""
        matrix = np.eye(sum(lengths))
        sets = sets_of(self.flow)
        if sets is not None:
            along, begin = tangent(sets, self.point).matrix, 0
            for length in lengths:
                if length == len(along):
                    own = slice(begin, begin + length)
                    matrix[own, own] = along
                begin += length
        return matrix

    def _by_player(self) -> np.ndarray:
        lr = 1.0 if self.lr is None else self.lr
        return np.array(self.flow.partition.per_player(lr, "lr"), dtype=float)

    @cached_property
    def _compiled(self) -> Callable[[np.ndarray], _Step]:
        """The step as a function of the step sizes."""
        players, point = self.flow.partition.players, np.asarray(self.point, dtype=float)
        reach = 1e-7 * (1 + np.abs(point).max())

        @jax.jit
        def at(sizes):
            rule = self.rule.with_lr(dict(zip(players, sizes, strict=True)))
            vectors = rule.init(self.flow, jnp.asarray(point))
            lengths = tuple(len(v) for v in vectors)
            start = stack(vectors)

            @jax.jit  # traced once for all the uses below
            def step(state):
                return stack(rule.step(self.flow, split(state, lengths)))

            matrix = jax.jacfwd(step)(start)
            directions = np.random.default_rng(0).standard_normal((4, len(start)))
            directions = reach * np.concatenate([directions, -directions]) @ self._tangent(lengths)
            nearby = jax.vmap(lambda u: step(start + u) - step(start))(directions)
            moved = jnp.abs(step(step(start)) - start)[: len(point)]
            return _Step(matrix, nearby, directions @ matrix.T, moved)

        return at


class ExactLocal(Local):
    """The same in SymPy, from the step's expressions; whether the rule rests at the point is not asked."""

    def linearise(self, matrix: Any, partition: Partition) -> sympy.MatrixBase:
        own = self.rule.map(self.flow)
        if sum(e.count_ops() for e in own.expressions) > _LONGEST:
            raise InputError(f"the formulas of the step of {self.name} are too long to work with")
        start = stack(self.rule.init(self.flow, sympy.Matrix(self.point)))
        at = dict(zip(own.variables, start, strict=True))
        jacobian: Any = own.jacobian()
        if any(_vanishes(e.args[0].xreplace(at)) for e in jacobian.atoms(sympy.Heaviside)):
            raise InputError(f"the step of {self.name} has no derivative at this point")
        return jacobian.xreplace(at)

    def check(self, flow: Any = None) -> None:
        pass


def _vanishes(expression: sympy.Expr) -> bool:
    """Whether it is zero, up to the rounding of the decimals in it."""
    return bool(expression.is_zero) or bool(expression.is_number and abs(expression.n()) < 1e-12)


def local(rule: Rule, flow: Flow | SymbolicFlow, x: Any) -> Local:
    """The rule at its rest point x.

    Raises NotAtRestError if it does not rest there, InputError if its step has no derivative there.
    """
    kind = ExactLocal if flow.symbolic else Local
    found = kind(rule.frozen(), flow, x)
    found.check()
    return found
