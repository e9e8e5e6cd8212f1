"""The players step in turn, each seeing what has already moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..dynamics.positive import check_positive
from ..errors import InputError, InputTypeError
from .rule import Rule, State


@dataclass(frozen=True)
class Alternating(Rule):
    """Player by player: x_i ← x_i + h_i v_i(x), k_i times, with the moves already made visible in x.

    `steps` is k_i, a positive integer or a mapping from players (key `""` for the others, else 1);
    `order` names the players in the order in which they move (default: player order).
    """

    lr: Any = 0.1
    steps: Any = 1
    order: tuple[str, ...] | None = None
    name: ClassVar[str] = "alternating"

    def __post_init__(self):
        check_positive(self.lr, "a step size lr")
        for value in self.steps.values() if isinstance(self.steps, Mapping) else [self.steps]:
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
                raise InputTypeError(f"alternating takes a whole number of steps, not {value!r}")
            if not 1 <= value <= 1000:
                raise InputError(f"alternating takes 1 to 1000 steps for each player, not {value}")
        if self.order is not None:
            order = self.order.split("+") if isinstance(self.order, str) else self.order
            if not isinstance(order, (list, tuple)) or not all(isinstance(p, str) for p in order):
                raise InputTypeError(
                    f"the order is a sequence of players' names, not {self.order!r}"
                )
            object.__setattr__(self, "order", tuple(order))

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        partition = flow.partition
        sizes = partition.per_player(self.lr, "lr")
        own = self.steps if isinstance(self.steps, Mapping) else {"": self.steps}
        steps = partition.per_player({"": 1, **own}, "steps")
        for i in self._turns(partition):
            for _ in range(steps[i]):
                x = x + partition.embed(i, sizes[i] * flow.part(i, x), like=x)
        return (x,)

    def _turns(self, partition: Any) -> list[int]:
        if len(partition.players) == 1:
            raise InputError("alternating needs a game with at least two players")
        if self.order is None:
            return list(range(len(partition.players)))
        turns = [partition.index(player) for player in self.order]
        if sorted(turns) != list(range(len(partition.players))):
            raise InputError(
                f"the order names every player once, as in order={'+'.join(partition.players)}, "
                f"not {'+'.join(map(str, self.order))}"
            )
        return turns
