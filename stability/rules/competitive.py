"""Competitive gradient descent: every player reckons with the others' reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..dynamics.vectors import eye_like, solve, stack, zeros_like
from ..errors import InputError
from .rule import Rule, State, check_lr


@dataclass(frozen=True)
class Competitive(Rule):
    """The Nash equilibrium of the game's bilinear approximation with a quadratic cost on the move.

    Schäfer, Anandkumar (2019), for two players with losses f and g:
    Δx = −h(I − h² f_xy g_yx)⁻¹(f_x − h f_xy g_y), likewise y. With O the part of J outside the players'
    own blocks that is (I − hO)Δ = hv, which is how it is solved here and what it is for more players.
    """

    lr: Any = 0.1
    name: ClassVar[str] = "competitive"

    def __post_init__(self):
        check_lr(self.name, self.lr)

    def check(self, flow: Any) -> None:
        super().check(flow)
        _several(self, flow)

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        interaction = flow.partition.interaction(flow.jacobian(x))
        matrix = eye_like(interaction) - self.along(flow, interaction)
        return (x + solve(matrix, self.along(flow, flow(x))),)


@dataclass(frozen=True)
class LinearCompetitive(Rule):
    """x ← x + h(v + hOv), O the part of J outside the players' own blocks: competitive to first order in hO.

    For two players Δx = −h(f_x − h f_xy g_y) (LCGD, Schäfer, Anandkumar 2019).
    """

    lr: Any = 0.1
    name: ClassVar[str] = "linear-competitive"

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
        replies = []
        for i in range(len(partition.players)):
            of_others = partition.replaced(i, zeros_like(partition.part(i, moves)), moves)
            replies.append(partition.part(i, flow.jvp(x, of_others)))
        return (x + self.along(flow, v + stack(replies)),)


def _several(rule: Rule, flow: Any) -> None:
    if len(flow.partition.players) < 2:
        raise InputError(f"{rule.name} needs a game with at least two players")
