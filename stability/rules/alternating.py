"""The players step in turn, each seeing what has already moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ..dynamics.flow import Linear
from ..dynamics.positive_settings import check_whole
from ..errors import InputError, InputTypeError
from .rule import Rule, State, check_inner, check_lr, take_inner
from .simultaneous import Simultaneous


@dataclass(frozen=True)
class Alternating(Rule):
    """Player by player: k_i steps of player i's own, with the moves already made visible.

    `steps` is k_i, a positive integer or a mapping from players (key `""` for the others, else 1);
    `order` names the players in the order in which they move (default: player order); `inner` is the rule
    that each player steps by (default: x_i ← x_i + h_i v_i(x)), or a mapping from players to rules.
    """

    lr: Any = None
    steps: Any = 1
    order: tuple[str, ...] | None = None
    inner: Any = None
    name: ClassVar[str] = "alternating"

    def __post_init__(self):
        if isinstance(self.inner, Mapping):
            self._take_lrs()
        elif self.inner is not None:
            _check_inner(self.inner)
            if not isinstance(self.lr, Mapping):
                take_inner(self)
            elif self.lr.get("", 1) is None:
                object.__setattr__(self, "lr", {**self.lr, "": self.inner.lr})
        elif self.lr is None:
            object.__setattr__(self, "lr", 0.1)
        elif isinstance(self.lr, Mapping) and self.lr.get("", 1) is None:
            object.__setattr__(self, "lr", {**self.lr, "": 0.1})
        if self.lr is not None:
            check_lr(self.name, self.lr)
        for value in self.steps.values() if isinstance(self.steps, Mapping) else [self.steps]:
            check_whole(value, "alternating's number of steps for each player", 1, 1000)
        if self.order is not None:
            order = self.order.split("+") if isinstance(self.order, str) else self.order
            if not isinstance(order, (list, tuple)) or not all(isinstance(p, str) for p in order):
                raise InputTypeError(
                    f"the order is a sequence of players' names, not {self.order!r}"
                )
            object.__setattr__(self, "order", tuple(order))

    def _take_lrs(self) -> None:
        for rule in self.inner.values():
            _check_inner(rule)
        if self.lr is None:
            sizes = {p: rule.lr for p, rule in self.inner.items() if rule.lr is not None}
            object.__setattr__(self, "lr", {"": 0.1, **sizes})

    def check(self, flow: Any) -> None:
        super().check(flow)
        self._turns(flow.partition)
        self._counts(flow.partition)
        if self.inner is not None:
            for i, rule in enumerate(self._rules(flow.partition)):
                rule.check(_standing(flow.partition.alone(i)))

    def near(self, flow: Any, x: Any) -> Rule:
        from .local import local

        if self.inner is None:
            return self
        rules = self._rules(flow.partition)
        alone = [flow.restricted(i, x) for i in range(len(rules))]
        parts = [flow.partition.part(i, x) for i in range(len(rules))]
        near = [rule.near(*own) for rule, *own in zip(rules, alone, parts, strict=True)]
        if all(one is other for one, other in zip(near, rules, strict=True)):
            return self
        return local(self, flow, x)

    def frozen(self) -> Alternating:
        if not isinstance(self.inner, Mapping):
            return super().frozen()
        return replace(self, inner={p: rule.frozen() for p, rule in self.inner.items()})

    @property
    def remark(self) -> str | None:
        rules = self.inner.values() if isinstance(self.inner, Mapping) else [self.inner]
        remarks = dict.fromkeys(r.remark for r in rules if r is not None and r.remark)
        return " ".join(remarks) or None

    def init(self, flow: Any, x: Any) -> State:
        if self.inner is None:
            return (x,)
        memory = []
        for i, rule in enumerate(self._rules(flow.partition)):
            memory += rule.init(flow.restricted(i, x), flow.partition.part(i, x))[1:]
        return (x, *memory)

    def step(self, flow: Any, state: State) -> State:
        partition = flow.partition
        steps = self._counts(partition)
        if self.inner is None:
            (x,) = state
            sizes = partition.per_player(self.lr, "lr")
            for i in self._turns(partition):
                for _ in range(steps[i]):
                    x = x + partition.embed(i, sizes[i] * flow.part(i, x), like=x)
            return (x,)
        x, *memory = state
        rules = self._rules(partition)
        memories = self._divided(flow, x, rules, memory)
        for i in self._turns(partition):
            alone, (begin, end) = flow.restricted(i, x), memories[i]
            own_state = (partition.part(i, x), *memory[begin:end])
            for _ in range(steps[i]):
                own_state = rules[i].step(alone, own_state)
            x, memory[begin:end] = partition.replaced(i, own_state[0], x), own_state[1:]
        return (x, *memory)

    def _rules(self, partition: Any) -> tuple[Rule, ...]:
        """Every player's own rule, with the player's step size."""
        given = self.inner if isinstance(self.inner, Mapping) else {"": self.inner}
        rules = partition.per_player({"": Simultaneous(), **given}, "inner")
        if self.lr is None:
            return rules
        sizes = partition.per_player(self.lr, "lr")
        return tuple(
            rule if rule.lr is None else replace(rule, lr=h)
            for rule, h in zip(rules, sizes, strict=True)
        )

    def _divided(self, flow: Any, x: Any, rules: Any, memory: Any) -> list[tuple[int, int]]:
        """Which of the vectors remembered are whose: from where to where, by player."""
        ends, begin = [], 0
        for i, rule in enumerate(rules):
            own = len(rule.init(flow.restricted(i, x), flow.partition.part(i, x))) - 1
            ends.append((begin, begin + own))
            begin += own
        return ends

    def _counts(self, partition: Any) -> tuple[int, ...]:
        own = self.steps if isinstance(self.steps, Mapping) else {"": self.steps}
        return partition.per_player({"": 1, **own}, "steps")

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


def _check_inner(rule: Any) -> None:
    check_inner(rule, "the inner rule is a rule")
    if isinstance(rule.lr, Mapping):
        raise InputError("give step sizes by player to the outer rule, not to the inner one")


def _standing(partition: Any) -> Any:
    """A flow of these players that stands still."""
    d = partition.dimension
    return Linear(np.zeros((d, d)), partition)
