"""Unrolled optimisation: one player looks through the others' next k steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np
import sympy

from ..documents.settings import setting
from ..dynamics.flow import Linear
from ..dynamics.positive_settings import check_flag, check_whole
from ..errors import InputError
from ..fields.anticipation import anticipated_gradient, others
from ..fields.field import check_player
from ..fields.gradient import Gradient
from .limits import project, project_part, pull_back
from .local import local
from .rule import Rule, State, check_lr


@dataclass(frozen=True)
class Unrolled(Rule):
    """Simultaneous steps, where `player` minimises its loss at the place the others will have reached.

    Metz et al. (2017): the others' strategies are unrolled by `k` simultaneous steps of their own (their step
    sizes `lr`), and the player follows −d/dx_i of L_i(x_i, U_k(x)), differentiated through the k steps. The
    others take one ordinary step. With `stop_gradient` the unrolled place counts as given. `player` is a
    name or a position (default: the first).

    Differentiated through, the rule needs the game behind the flow and follows its gradient field; where
    the others' strategies matter to the player at an equilibrium (∇_{−i}L_i ≠ 0), which they do
    not in two-player games whose losses add up to a constant, it rests elsewhere.
    """

    lr: Any = 0.1
    k: int = setting(5, read="whole")
    player: Any = setting(0, read="name")
    stop_gradient: bool = setting(False, read="flag")
    name: ClassVar[str] = "unrolled"
    anticipates: ClassVar[bool] = True

    def __post_init__(self):
        check_lr(self.name, self.lr)
        check_whole(self.k, "unrolled's number of steps k", 1, 1000)
        check_player(self.player, "unrolled's player")
        check_flag(self.stop_gradient, "stop_gradient")

    @property
    def rests_elsewhere(self) -> bool:
        return True

    @property
    def sees_more_than_the_jacobian(self) -> bool:
        return not self.stop_gradient

    @property
    def acts_by_jacobian(self) -> bool:
        return self.stop_gradient

    def check(self, flow: Any) -> None:
        super().check(flow)
        flow.partition.index(self.player)
        if len(flow.partition.players) < 2:
            raise InputError("unrolled needs a game with at least two players")
        if not self.stop_gradient and not isinstance(flow.field, Gradient):
            raise InputError(
                "unrolled differentiates a game's losses, so it follows the gradient field of a game only "
                "(with stop_gradient=true it follows any field)"
            )

    def near_inside(self, flow: Any, x: Any) -> Rule:
        self.check(flow)
        if self.stop_gradient:
            return self
        i = flow.partition.index(self.player)
        if flow.symbolic:
            point = sympy.Matrix(x)
            slope, hessian = flow.game.gradient(i, point), flow.game.derivatives(point)[1][i]
            if others(flow.partition, i, slope).is_zero_matrix:
                return UnrolledHere(self.lr, self.k, self.player, hessian=hessian)
            raise InputError("unrolled has no short exact form where the others' strategies matter")
        with jax.enable_x64(True):
            point = np.asarray(x, dtype=float)
            slopes, hessians = map(np.asarray, flow.game.derivatives(point))
        matter = np.abs(others(flow.partition, i, slopes[i])).max()
        if matter <= 1e-12 * (1 + np.abs(hessians[i]).max()) * (1 + np.abs(point).max()):
            return UnrolledHere(self.lr, self.k, self.player, hessian=hessians[i])
        return local(self, flow, x)

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        partition = flow.partition
        i = partition.index(self.player)
        sizes = partition.per_player(self.lr, "lr")
        path, before = [x], []
        for _ in range(self.k):
            before.append(path[-1] + self.along(flow, others(partition, i, flow(path[-1]))))
            path.append(project(flow, before[-1]))
        if self.stop_gradient:
            own = flow.part(i, path[-1])
        elif flow.game is None:
            raise InputError("unrolled, differentiated through, is no matter of the Jacobian alone")
        else:
            own = -anticipated_gradient(
                flow.game,
                i,
                path,
                lambda u: self.along(flow, u),
                lambda k, w: pull_back(flow, before[k], w),
            )
        moved = project(flow, x + self.along(flow, flow(x)))
        own = project_part(flow, i, partition.part(i, x) + sizes[i] * own)
        return (partition.replaced(i, own, moved),)


@dataclass(frozen=True, eq=False)
class UnrolledHere(Unrolled):
    """Unrolled at an equilibrium where ∇_{−i}L_i vanishes, whose `hessian` ∇²L_i, shape (d, d), is known.

    Third derivatives of the losses enter the linearised step only multiplied by ∇_{−i}L_i, so J and this
    Hessian are enough.
    """

    hessian: Any = None

    def linear_flow(self, matrix: Any, partition: Any) -> Linear:
        flow = Linear(matrix, partition)
        flow.game, flow.field = _QuadraticGame(matrix, self.hessian, partition), Gradient()
        return flow


@dataclass(frozen=True, eq=False)
class _QuadraticGame:
    """What the unrolled player asks of a game, to first order at an equilibrium."""

    matrix: Any
    hessian: Any
    partition: Any

    def gradient(self, i: int, x: Any) -> Any:
        return self.hessian @ x

    def vjp(self, x: Any, u: Any) -> Any:
        return self.matrix.T @ u
