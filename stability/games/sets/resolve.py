"""From what is said about each player to the set of all profiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from ...dynamics.partition import Partition
from ...dynamics.symbols import exact as exact_number
from ...errors import InputError, InputTypeError
from .kinds import Ball, Bounds, Set, Simplex
from .product import BallOf, Sets, listed

Leaf = tuple[str, tuple[int, ...]]  # of a player's pytree: its name and shape


def resolved(
    given: Mapping[str, Set | Sequence[Set]] | Sets | None,
    partition: Partition,
    leaves: Sequence[Sequence[Leaf]],
    names: Callable[[], Sequence[str]],
    exact: bool = False,
) -> Sets:
    """The set of all profiles, from player ↦ the player's set, or a list of them.

    **Arguments:**

    - `given`: as `Game` and `SymbolicGame` take it; None is no limit.
    - `leaves`: of every player's strategy. `names`: the coordinates' names, made when they are needed.
    - `exact`: whether the limits stay SymPy expressions.

    Raises InputError for a player or a variable that does not exist, a variable in two sets, an empty set, a
    simplex of one number; InputTypeError for what is no set.
    """
    if isinstance(given, Sets):
        return given
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise InputTypeError(
            f"sets maps players to sets, as in {{'{partition.players[0]}': Bounds(0, 1)}}, not {given!r}"
        )
    resolver = _Resolver(partition, leaves, names, exact)
    for player, own in given.items():
        if player not in partition.players:
            raise InputError(
                f"sets names {player!r}, who is no player; there are {listed(partition.players)}"
            )
        for one in own if isinstance(own, (list, tuple)) else [own]:
            resolver.add(partition.index(player), one)
    return resolver.found()


class _Resolver:
    """Collects sets, limit by limit."""

    def __init__(
        self,
        partition: Partition,
        leaves: Sequence[Sequence[Leaf]],
        names: Callable[[], Sequence[str]],
        exact: bool,
    ):
        d = partition.dimension
        self.partition, self.leaves, self.names, self.exact = partition, leaves, names, exact
        infinity = sympy.oo if exact else np.inf
        self.low = np.full(d, -infinity, dtype=object if exact else float)
        self.high = np.full(d, infinity, dtype=object if exact else float)
        self.taken = np.zeros(d, dtype=bool)
        self.simplices: list[np.ndarray] = []
        self.balls: list[BallOf] = []

    def add(self, i: int, one: Any) -> None:
        """Another set of player i."""
        if not isinstance(one, Set):
            raise InputTypeError(
                f"{one!r} is no set; player {self.partition.players[i]!r} lives in Bounds(0, 1), Simplex() "
                "or Ball(1), say"
            )
        chosen = self._chosen(i, one)
        index = np.concatenate([own.ravel() for own in chosen])
        twice = index[self.taken[index]] if len(np.unique(index)) == len(index) else index
        if len(twice):
            name = self.names()[int(twice[0])]
            raise InputError(f"{name} is in two sets; one variable is in one kind of set")
        self.taken[index] = True
        if isinstance(one, Bounds):
            self.low[index] = self._ends(one.low, len(index), "low", -1)
            self.high[index] = self._ends(one.high, len(index), "high", 1)
        elif isinstance(one, Simplex):
            self._add_simplices(i, chosen)
        else:
            self._add_ball(i, one, index)

    def _add_simplices(self, i: int, chosen: Sequence[np.ndarray]) -> None:
        rows = [row for own in chosen for row in own.reshape(-1, own.shape[-1] if own.ndim else 1)]
        if any(len(row) < 2 for row in rows):
            raise InputError(
                f"a simplex of player {self.partition.players[i]!r} has one number, which can only be 1; "
                "a probability alone lives in Bounds(0, 1)"
            )
        self.simplices += rows

    def _add_ball(self, i: int, one: Ball, index: np.ndarray) -> None:
        radius = self._number(one.radius, "the radius of a ball")
        known = not self.exact or radius.is_number
        if known and not 0 < float(radius) < np.inf:
            raise InputError(f"the radius of a ball is a positive finite number, not {one.radius}")
        if len(index) == 1:  # an interval
            self.low[index], self.high[index] = -radius, radius
            return
        whole = len(index) > 6
        named = [] if whole else [str(self.names()[int(k)]) for k in index]
        name = self.partition.players[i] if whole else ", ".join(named)
        if any(ball.name == name for ball in self.balls):
            name = f"{name} {len(self.balls) + 1}"
        self.balls.append(BallOf(index, radius, name))

    def _chosen(self, i: int, one: Set) -> list[np.ndarray]:
        """The positions that the set is of: an array for each leaf, one for variables named one by one."""
        own = self.partition.slices[i]
        by_leaf, begin = {}, own.start
        for name, shape in self.leaves[i]:
            size = int(np.prod(shape, dtype=int))
            by_leaf[name] = np.arange(begin, begin + size).reshape(shape)
            begin += size
        if one.of is None:
            return list(by_leaf.values())
        player = self.partition.players[i]
        chosen, single = [], []
        for name in one.of:
            leaf = next((by_leaf[n] for n in (name, f"{player}.{name}") if n in by_leaf), None)
            if leaf is not None and leaf.ndim:
                chosen.append(leaf)
                continue
            mine = list(self.names()[own])
            if leaf is None and name not in mine:
                raise InputError(
                    f"the set of player {player!r} is of {name!r}, which is no variable of this player; "
                    f"there are {listed(mine)}"
                )
            single.append(int(leaf) if leaf is not None else own.start + mine.index(name))
        return [*chosen, *([np.array(single)] if single else [])]

    def _ends(self, given: Any, size: int, what: str, side: int) -> Any:
        """One side of an interval for every number, from a number, an array or a pytree."""
        if given is None:
            return side * (sympy.oo if self.exact else np.inf)
        if isinstance(given, (np.ndarray, Mapping, list, tuple)) or getattr(given, "ndim", 0):
            import jax

            flat = np.concatenate(
                [np.ravel(np.asarray(leaf, dtype=object)) for leaf in jax.tree.leaves(given)]
            )
            if len(flat) != size:
                raise InputError(
                    f"the {what} ends of bounds are {len(flat)} numbers for {size} variables; give one "
                    "for all, or one for each"
                )
        else:
            flat = [given] * size
        ends = [self._number(e, f"the {what} end of an interval") for e in flat]
        wrong = np.inf if side < 0 else -np.inf
        for end in ends:
            if (not self.exact or end.is_number) and float(end) == wrong:
                raise InputError(f"the {what} end of an interval cannot be {wrong:g}")
        if not self.exact:
            return np.array(ends, dtype=float)
        objects = np.empty(size, dtype=object)
        objects[:] = ends
        return objects

    def _number(self, value: Any, what: str) -> Any:
        """A limit as a float, or exactly."""
        if isinstance(value, bool) or value is None:
            raise InputTypeError(f"{what} is a number, not {value!r}")
        try:
            if self.exact:
                if isinstance(value, (float, np.floating)) and np.isinf(value):
                    return sympy.oo if value > 0 else -sympy.oo
                number: Any = value if isinstance(value, sympy.Expr) else exact_number(value)
                good = number not in (sympy.nan, sympy.zoo) and number.is_real is not False
                good = good or number in (sympy.oo, -sympy.oo)
            else:
                number = float(value)
                good = not np.isnan(number)
        except (TypeError, ValueError):
            raise InputTypeError(f"{what} is a number, not {value!r}") from None
        if not good:
            raise InputError(f"{what} is a real number, not {value}")
        return number

    def found(self) -> Sets:
        result = Sets(
            self.low,
            self.high,
            tuple(self.simplices),
            tuple(self.balls),
            self.partition,
            self.exact,
        )
        if not self.exact:
            result.check(_Lazily(self.names))
        else:
            for k, (low, high) in enumerate(zip(self.low, self.high, strict=True)):
                if low.is_number and high.is_number and not low < high:
                    raise InputError(
                        f"the interval [{low}, {high}] of {self.names()[k]} has no room: its low end is not "
                        "below its high end (a number that is fixed is a constant, not a strategy)"
                    )
        return result


class _Lazily(Sequence):  # names that are made when one is needed
    def __init__(self, names: Callable[[], Sequence[str]]):
        self._names = names

    def __getitem__(self, k: Any) -> Any:
        return self._names()[k]

    def __len__(self) -> int:
        return len(self._names())
