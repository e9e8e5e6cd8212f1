"""Best response: the players in turn go all the way to their optimum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
import sympy

from ..documents.settings import setting
from ..dynamics.flow import Linear
from ..dynamics.partition import Partition
from ..dynamics.points import named_box
from ..dynamics.vectors import eye_like, stack
from ..errors import InputError, InputTypeError, SingularError
from ..fields.gradient import Gradient
from ..games.box_minimum import MOST_VARIABLES, box_minimum
from .alternating import order_of_moves, players_in_order
from .limits import sets_of
from .local import local
from .rule import Move, Rule, State


@dataclass(frozen=True)
class BestResponse(Rule):
    """Each player in turn moves to the point where its own part of the field vanishes, the others held fixed.

    `order` names the players in the order in which they move (default: player order), or is
    `"simultaneous"`: everybody replies to the same profile. There is no step size. The optimum is found by
    Newton's method from the player's own strategy (NaN where it finds none); the linearised step is
    x_i ← −J_ii⁻¹ Σ_{j≠i} J_ij x_j, block Gauss–Seidel (Jacobi) on J.

    Near an equilibrium a player has a best response only if −J_ii is positive definite there: a strict
    optimum. `linearise` raises SingularError otherwise.

    Newton's method finds an optimum nearby, not the best one, and where the player's loss is not convex
    it may find a worst one. With `box` the players reply with the best strategy in a box, wherever they
    are: True for the game's own box, or variable ↦ (low, high) over it. That takes the gradient field of a
    game with at most four variables per player; such a step jumps where two replies are equally good, and it
    rests at an equilibrium only if no strategy in the box is better.
    """

    order: Any = setting(None, read="names")
    box: Any = None
    name: ClassVar[str] = "best-response"
    anticipates: ClassVar[bool] = True
    lr: ClassVar[Any] = None

    def __post_init__(self):
        if self.order not in (None, "simultaneous"):
            object.__setattr__(self, "order", players_in_order(self.order))
        if self.box is False:
            object.__setattr__(self, "box", None)
        if not (self.box is None or self.box is True or isinstance(self.box, Mapping)):
            raise InputTypeError(
                "the box of best-response is True, for the game's own, or a mapping from variables to "
                f"(low, high), not {self.box!r}"
            )

    @property
    def acts_by_jacobian(self) -> bool:
        return self.box is None

    def check(self, flow: Any) -> None:
        if len(flow.partition.players) < 2:
            raise InputError("best-response needs a game with at least two players")
        self.turns(flow.partition)
        if self.box is None:
            return
        if not isinstance(flow.field, Gradient):
            raise InputError(
                "best-response in a box compares a game's losses, so it follows the gradient field of a "
                "game only"
            )
        if max(flow.partition.sizes) > MOST_VARIABLES:
            raise InputError(
                f"best-response in a box takes players of at most {MOST_VARIABLES} variables, "
                f"not {max(flow.partition.sizes)}"
            )
        if not flow.symbolic:
            self._sides(flow)

    def near_inside(self, flow: Any, x: Any) -> Rule:
        if self.box is None:
            return self
        self.check(flow)
        return local(self, flow, x)

    def step(self, flow: Any, state: State) -> State:
        for move in self.turns(flow.partition):
            state = move(flow, state)
        return state

    def turns(self, partition: Partition) -> tuple[Move, ...]:
        if self.order == "simultaneous":
            return (self._at_once,)
        return tuple(partial(self._move, i) for i in order_of_moves(self.order, partition))

    def _at_once(self, flow: Any, state: State) -> State:
        (x,) = state
        return (stack([self._reply(flow, i, x) for i in range(len(flow.partition.players))]),)

    def _move(self, i: int, flow: Any, state: State) -> State:
        (x,) = state
        return (flow.partition.replaced(i, self._reply(flow, i, x), x),)

    def _reply(self, flow: Any, i: int, x: Any) -> Any:
        if self.box is not None and flow.game is not None and not flow.symbolic:
            return self._best(flow, i, x)
        alone = flow.restricted(i, x)
        if isinstance(alone, Linear) and not _definite(_own_hessian(alone)):
            raise SingularError(
                f"{flow.partition.players[i]} has no best response here: its own loss has no "
                "strict minimum"
            )
        return alone.zero(flow.partition.part(i, x))

    def _best(self, flow: Any, i: int, x: Any) -> Any:
        """The best strategy in the box; NaN if the loss is finite nowhere on a grid of it."""
        low, high = (flow.partition.part(i, side) for side in self._sides(flow))

        def loss(own: Any) -> Any:
            return flow.game.losses(flow.partition.replaced(i, own, x))[i]

        reply, value = box_minimum(loss, low, high, x.dtype)
        return jnp.where(jnp.isfinite(value), reply, jnp.nan)

    def _sides(self, flow: Any) -> np.ndarray:
        """The low and the high sides of the box within the players' intervals, shape (2, d).

        Raises InputError if one is missing, and where players live in simplices or balls.
        """
        game, sets = flow.game, sets_of(flow)
        given = {} if self.box is True else named_box(self.box, game.variables)
        sides = {**game.box, **given}
        missing = [variable for variable in game.variables if variable not in sides]
        if missing:
            raise InputError(
                f"the box of best-response says nothing of {missing[0]}; "
                f"give box={{'{missing[0]}': (low, high)}}"
            )
        box = np.array([sides[variable] for variable in game.variables], dtype=float).T
        if sets is None:
            return box
        if sets.simplices or sets.balls:
            raise InputError(
                "best-response in a box takes players who live in intervals; leave box= out for "
                "simplices and balls"
            )
        box = np.clip(box, sets.low, sets.high)
        if not (box[0] < box[1]).all():
            raise InputError("the box of best-response does not meet the players' intervals")
        return box


def _own_hessian(alone: Linear) -> Any:
    """−(J + Jᵀ)/2 of a player's own block; in sets that of the face, with ones for what is held."""
    matrix, face = alone.matrix, alone.kept_in
    if face is not None:
        eye = eye_like(matrix)
        matrix = face.project(face.project(matrix).T).T + face.project(eye) - eye
    return -(matrix + matrix.T) / 2


def _definite(matrix: Any) -> bool:
    """Whether a symmetric matrix is positive definite, for all that is known of its symbols."""
    if isinstance(matrix, sympy.MatrixBase):
        return matrix.is_positive_definite is not False
    return bool(np.linalg.eigvalsh(matrix).min() > 0)
