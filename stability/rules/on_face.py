"""How a rule acts near a rest point at limits of the players' sets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.flow import Flow, Linear, SymbolicFlow
from ..dynamics.partition import Partition
from ..dynamics.vectors import identity, split, stack
from ..errors import InputError
from ..games.sets import Tangent, tangent
from .local import local
from .rule import Rule, State


@dataclass(frozen=True, eq=False)
class OnFace(Rule):
    """A rule at a rest point whose field pushes against all the flat limits that it touches.

    There the projection of x* + cv has for every c > 0 the same derivative, the projector on the tangent
    space of the face, so that a step linearised is the step along the linearised field with this
    projector for the projection (Facchinei, Pang 2003, 4.1). A coordinate that is held gets the
    multiplier 0: nearby states have reached the face after a step. So does, for every simplex, the direction
    out of the plane of its sum, in which no state lies.

    `inner`: the rule; `face`: the tangent space, without spheres.
    """

    face: Tangent
    inner: Any = None

    @property
    def name(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.inner.name

    @property
    def lr(self) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.inner.lr

    @property
    def settings(self) -> dict[str, Any]:
        return self.inner.settings

    def with_lr(self, lr: Any) -> Self:
        return replace(self, inner=self.inner.with_lr(lr))

    def init(self, flow: Any, x: Any) -> State:
        return self.inner.init(flow, x)

    def step(self, flow: Any, state: State) -> State:
        return self.inner.step(flow, state)

    def turns(self, partition: Partition) -> Any:
        return self.inner.turns(partition)

    def near(self, flow: Any, x: Any) -> Rule:
        return self.inner.near(flow, x)

    def linearise(self, matrix: Any, partition: Partition) -> Any:
        sizes = self.state_sizes(partition)
        x, *memory = split(identity(sum(sizes), matrix), sizes)
        start = (self._plane.project(x), *memory)
        return stack(self.inner.step(self.linear_flow(matrix, partition), start))

    @property
    def _plane(self) -> Tangent:
        """The plane of the simplices' sums."""
        return replace(self.face, held=np.zeros_like(self.face.held))

    def linear_flow(self, matrix: Any, partition: Partition) -> Linear:
        flow = self.inner.linear_flow(matrix, partition)
        flow.kept_in = self.face
        return flow


def near_limits(rule: Rule, flow: Flow | SymbolicFlow, x: Any) -> Rule:
    """The `rule` as it acts near its rest point `x`, on the sets that its `flow` is kept in.

    Raises InputError where x touches a limit that the field does not push against: the step has no
    derivative there. On spheres, which are curved, and for steps of which the Jacobian does not tell all, the
    step itself is differentiated.
    """
    numeric = flow.twin
    point = np.array([float(c) for c in x])
    face = tangent(numeric.kept_in, point)
    if face.whole:
        return rule.near_inside(flow, x)
    with jax.enable_x64(True):
        v = np.asarray(numeric(jnp.asarray(point)), float)
    if not face.strict(v):
        raise InputError(
            f"the step of {rule.name} has no derivative at this point, which touches a limit of the players' "
            "sets without a push against it"
        )
    rule.check(flow)
    if face.spheres or not rule.acts_by_jacobian:
        return local(rule, flow, x)
    return OnFace(face, rule)


Rule.near_limits = near_limits
