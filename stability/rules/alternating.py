"""The players step in turn, each seeing what has already moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from ..documents.settings import setting
from ..dynamics.partition import Partition
from ..dynamics.positive_settings import check_whole
from ..errors import InputError, InputTypeError
from .inner_rule import check_inner, take_inner
from .limits import project_player
from .local import local
from .rule import Move, Rule, State, check_lr
from .simultaneous import Simultaneous


@dataclass(frozen=True)
class Alternating(Rule):
    """Player by player: k_i steps of player i's own, with the moves already made visible.

    `steps` is k_i, a positive integer or a mapping from players (key `""` for the others, else 1);
    `order` names the players in the order in which they move (default: player order); `inner` is the rule
    that each player steps by (default: x_i ← x_i + h_i v_i(x)), or a mapping from players to rules.
    """

    lr: Any = None
    steps: Any = setting(1, read="whole")
    order: tuple[str, ...] | None = setting(None, read="names")
    inner: Any = setting(None, read="rule", others=False)
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
            object.__setattr__(self, "order", players_in_order(self.order))

    def _take_lrs(self) -> None:
        for rule in self.inner.values():
            _check_inner(rule)
        if self.lr is None:
            sizes = {p: rule.lr for p, rule in self.inner.items() if rule.lr is not None}
            object.__setattr__(self, "lr", {"": 0.1, **sizes})

    def check(self, flow: Any) -> None:
        super().check(flow)
        self.turns(flow.partition)
        self._counts(flow.partition)
        if self.inner is not None:
            for i, rule in enumerate(self.by_player(flow.partition)):
                rule.check(_Still(flow.partition.alone(i)))

    def near_inside(self, flow: Any, x: Any) -> Rule:
        if self.inner is None:
            return self
        rules = self.by_player(flow.partition)
        alone = [flow.restricted(i, x) for i in range(len(rules))]
        parts = [flow.partition.part(i, x) for i in range(len(rules))]
        near = [rule.near(*own) for rule, *own in zip(rules, alone, parts, strict=True)]
        if all(one is other for one, other in zip(near, rules, strict=True)):
            return self
        return local(self, flow, x)

    def moving(self, flow: Any, x: Any) -> tuple[bool, ...]:
        if self.inner is None:
            return (True,)
        moves = [True]
        for i, rule in enumerate(self.by_player(flow.partition)):
            moves += rule.moving(flow.restricted(i, x), flow.partition.part(i, x))[1:]
        return tuple(moves)

    def init(self, flow: Any, x: Any) -> State:
        if self.inner is None:
            return (x,)
        memory = []
        for i, rule in enumerate(self.by_player(flow.partition)):
            memory += rule.init(flow.restricted(i, x), flow.partition.part(i, x))[1:]
        return (x, *memory)

    def step(self, flow: Any, state: State) -> State:
        for move in self.turns(flow.partition):
            state = move(flow, state)
        return state

    def turns(self, partition: Partition) -> tuple[Move, ...]:
        return tuple(partial(self._move, i) for i in order_of_moves(self.order, partition))

    def _move(self, i: int, flow: Any, state: State) -> State:
        """All steps of player i, while the others' strategies stay as they are."""
        partition = flow.partition
        steps = self._counts(partition)[i]
        x, *memory = state
        if self.inner is None:
            size = partition.per_player(self.lr, "lr")[i]
            for _ in range(steps):
                moved = x + partition.embed(i, size * flow.part(i, x), like=x)
                x = project_player(flow, i, moved)
            return (x,)
        rules = self.by_player(partition)[: i + 1]
        alone, own = flow.restricted(i, x), partition.part(i, x)
        remembered = [
            len(rule.init(_Still(partition.alone(k)), partition.part(k, x))) - 1
            for k, rule in enumerate(rules)
        ]
        mine = slice(sum(remembered[:-1]), sum(remembered))
        own_state = (own, *memory[mine])
        for _ in range(steps):
            own_state = rules[i].step(alone, own_state)
        own, *memory[mine] = own_state
        return (partition.replaced(i, own, x), *memory)

    def by_player(self, partition: Any) -> tuple[Rule, ...]:
        """Every player's own rule, with the player's step size."""
        given = self.inner if isinstance(self.inner, Mapping) else {"": self.inner}
        rules = partition.per_player({"": Simultaneous(), **given}, "inner")
        if self.lr is None:
            return rules
        sizes = partition.per_player(self.lr, "lr")
        return tuple(rule.with_lr(h) for rule, h in zip(rules, sizes, strict=True))

    def _counts(self, partition: Any) -> tuple[int, ...]:
        own = self.steps if isinstance(self.steps, Mapping) else {"": self.steps}
        return partition.per_player({"": 1, **own}, "steps")


def players_in_order(order: Any) -> tuple[str, ...]:
    """The players' names, given as a sequence or as `a+b`."""
    order = order.split("+") if isinstance(order, str) else order
    if not isinstance(order, (list, tuple)) or not all(isinstance(p, str) for p in order):
        raise InputTypeError(f"the order is a sequence of players' names, not {order!r}")
    return tuple(order)


def order_of_moves(order: Sequence[str] | None, partition: Partition) -> list[int]:
    """The positions of the players, named in the order in which they move (None: player order)."""
    if len(partition.players) == 1:
        raise InputError("alternating needs a game with at least two players")
    everybody = list(range(len(partition.players)))
    if order is None:
        return everybody
    turns = [partition.index(player) for player in order]
    if sorted(turns) != everybody:
        raise InputError(
            f"the order names every player once, as in order={'+'.join(partition.players)}, "
            f"not {'+'.join(map(str, order))}"
        )
    return turns


def _check_inner(rule: Any) -> None:
    check_inner(rule, "the inner rule is a rule")
    if isinstance(rule.lr, Mapping):
        raise InputError("give step sizes by player to the outer rule, not to the inner one")


class _Still:
    """A flow of these players that stands still, on vectors of any engine."""

    game: Any = None
    field: Any = None

    def __init__(self, partition: Partition):
        self.partition = partition

    def __call__(self, x: Any) -> Any:
        return 0 * x

    def part(self, i: int, x: Any) -> Any:
        return 0 * self.partition.part(i, x)
