"""Competitive gradient descent: every player reckons with the others' reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..dynamics.fixed_point import SHORTER, fixed_point
from ..dynamics.flow import Linear
from ..dynamics.vectors import eye_like, solve, stack, zeros_like
from ..errors import InputError
from .limits import project, sets_of
from .rule import Rule, State, check_lr


@dataclass(frozen=True)
class Competitive(Rule):
    """The Nash equilibrium of the game's bilinear approximation with a quadratic cost on the move.

    Schäfer, Anandkumar (2019), for two players with losses f and g:
    Δx = −h(I − h² f_xy g_yx)⁻¹(f_x − h f_xy g_y), likewise y. With O the part of J outside the players'
    own blocks that is (I − hO)Δ = hv, which is how it is solved here and what it is for more players.

    Where players live in sets it is the approximation's equilibrium in them, x ← the y with
    y = P(x + hv + hO(y − x)).
    """

    lr: Any = 0.1
    name: ClassVar[str] = "competitive"
    anticipates: ClassVar[bool] = True

    def __post_init__(self):
        check_lr(self.name, self.lr)

    def check(self, flow: Any) -> None:
        super().check(flow)
        _several(self, flow)

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        replies = self.along(flow, flow.partition.interaction(flow.jacobian(x)))
        move = self.along(flow, flow(x))
        if sets_of(flow) is None:
            return (x + solve(eye_like(replies) - replies, move),)
        return (_in_sets(flow, x, move, replies),)


@dataclass(frozen=True)
class LinearCompetitive(Rule):
    """x ← x + h(v + hOv), O the part of J outside the players' own blocks: competitive to first order in hO.

    For two players Δx = −h(f_x − h f_xy g_y) (LCGD, Schäfer, Anandkumar 2019). Where players live in sets hv
    is the others' projected move, P(x + hv) − x.
    """

    lr: Any = 0.1
    name: ClassVar[str] = "linear-competitive"
    anticipates: ClassVar[bool] = True

    def __post_init__(self):
        check_lr(self.name, self.lr)

    def check(self, flow: Any) -> None:
        super().check(flow)
        _several(self, flow)

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        partition = flow.partition
        v = flow(x)
        moves = self.along(flow, v)
        if sets_of(flow) is not None:
            moves = project(flow, x + moves) - x
        replies = []
        for i in range(len(partition.players)):
            of_others = partition.replaced(i, zeros_like(partition.part(i, moves)), moves)
            replies.append(partition.part(i, flow.jvp(x, of_others)))
        return (project(flow, x + self.along(flow, v + stack(replies))),)


def _in_sets(flow: Any, x: Any, move: Any, replies: Any) -> Any:
    """The y with y = P(x + move + replies (y − x)), `replies` a matrix; NaN where none is found."""
    sets, start = sets_of(flow), x + move
    if isinstance(flow, Linear):
        return solve(eye_like(replies) - sets.project(replies), sets.project(start - replies @ x))
    if flow.symbolic:
        raise InputError(
            "a competitive step in players' sets has no formula; use the numeric flow (flow.numeric())"
        )

    def moved(y: Any, h: Any) -> Any:
        return y + h * (sets.project(start + replies @ (y - x)) - y)

    return sets.project(fixed_point(moved, x, SHORTER))


def _several(rule: Rule, flow: Any) -> None:
    if len(flow.partition.players) < 2:
        raise InputError(f"{rule.name} needs a game with at least two players")
