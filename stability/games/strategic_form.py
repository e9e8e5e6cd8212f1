"""Games in strategic form: finitely many strategies for each player, and a table of what they pay."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from ..documents.formulas import looks
from ..dynamics.symbols import exact, expression
from ..errors import InputError, InputTypeError
from .population import SymbolicPopulationGame
from .sets import Simplex
from .symbolic import SymbolicGame

MOST_PAYOFFS = 10_000
LARGEST = 10**100
_SHOWN = 40  # characters of what is refused


@dataclass(frozen=True)
class StrategicForm:
    """A finite game: every player chooses one of its strategies, and the choices decide what each one gets.

    **Arguments:**

    - `strategies`: player ↦ the labels of its (pure) strategies, in player order.
    - `payoffs`: player ↦ what it gets, a table (nested lists, an array) whose axes are the players', *in
      player order*, whoever's table it is. Entries are numbers (0.1 is read as 1/10), or SymPy expressions of
      parameters.
    - `parameters`: symbol or name ↦ value, for parameters that have one.
    - `name`: what reports call the game.

    One player with one *square* table, two axes of its own strategies, is a symmetric game in one population:
    entry (i, j) is what i gets when it meets j, and the population's state is the share of each strategy
    (Maynard Smith 1982; Sandholm 2010). With one axis it is a decision without an opponent.

    Raises InputError or InputTypeError, naming player and entry, for tables that do not fit the strategies,
    labels given twice, what is no finite real number, and more than ten thousand payoffs.
    """

    strategies: Mapping[str, Sequence[str]]
    payoffs: Mapping[str, Any]
    parameters: Mapping[sympy.Symbol, sympy.Expr] = field(default_factory=dict)
    name: str = "game"

    def __post_init__(self):
        if not isinstance(self.strategies, Mapping) or not isinstance(self.payoffs, Mapping):
            raise InputTypeError("strategies and payoffs are mappings from player names")
        if not self.strategies:
            raise InputError("a game needs at least one player")
        strategies = {player: _labels(player, own) for player, own in self.strategies.items()}
        for player in self.payoffs:
            if player not in strategies:
                known = ", ".join(map(str, strategies))
                raise InputError(
                    f"payoffs name {player!r}, who is no player; the players are {known}"
                )
        counts = [len(own) for own in strategies.values()]
        if len(counts) * math.prod(counts) > MOST_PAYOFFS:
            shape = " by ".join(map(str, counts))
            raise InputError(f"a game has at most {MOST_PAYOFFS} payoffs, not {shape} by player")
        values = {_symbol(key): exact(value) for key, value in self.parameters.items()}
        own = {symbol.name: symbol for symbol in values}
        payoffs = {}
        for player in strategies:
            if player not in self.payoffs:
                raise InputError(f"player {player!r} has no payoffs; give it a table")
            entries, shape = _entries(self.payoffs[player], player, strategies)
            payoffs[player] = sympy.ImmutableDenseNDimArray(
                [_named(entry, own) for entry in entries], shape
            )
        for name, value in (
            ("strategies", strategies),
            ("payoffs", payoffs),
            ("parameters", values),
        ):
            object.__setattr__(self, name, value)

    @property
    def players(self) -> tuple[str, ...]:
        return tuple(self.strategies)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many strategies each player has."""
        return tuple(map(len, self.strategies.values()))

    @property
    def one_population(self) -> bool:
        """Whether it is a symmetric game in one population: one player with one square table."""
        return len(self.players) == 1 and next(iter(self.payoffs.values())).rank() == 2

    @property
    def symbols(self) -> set[sympy.Symbol]:
        """The parameters in the payoffs."""
        return set().union(*(table.free_symbols for table in self.payoffs.values()))

    @cached_property
    def variables(self) -> tuple[tuple[sympy.Symbol, ...], ...]:
        """The symbols of the strategies' probabilities by player, such as `row_rock`: player and label, made
        into a name that nothing else has."""
        taken = {looks(symbol.name) for symbol in {*self.symbols, *self.parameters}}
        return tuple(
            tuple(sympy.Symbol(_name(f"{player}_{label}", taken), real=True) for label in labels)
            for player, labels in self.strategies.items()
        )

    def expected(
        self, player: str, profile: Mapping[str, Sequence[Any]] | None = None
    ) -> tuple[sympy.Expr, ...]:
        """What each pure strategy of the `player` gets where everybody else plays mixed strategies.

        `profile`: player ↦ probabilities; default: the `variables`. In one population everybody else is the
        population itself, and the answer A x.
        """
        played = list(self.variables if profile is None else profile.values())
        axis = self.players.index(player)
        others = played if self.one_population else [*played[:axis], *played[axis + 1 :]]
        weights = [sympy.Mul(*chosen) for chosen in itertools.product(*others)]
        rows = np.moveaxis(np.array(self.payoffs[player].tolist(), dtype=object), axis, 0)
        return tuple(
            sympy.Add(*(a * w for a, w in zip(row, weights, strict=True) if a != 0))
            for row in rows.reshape(len(rows), -1)
        )

    def game(
        self,
        *,
        start: Mapping[Any, Any] | None = None,
        box: Mapping[Any, Any] | None = None,
    ) -> SymbolicGame:
        """The game in mixed strategies: players choose probabilities, and minimise minus the expected payoff.

        Its variables are `variables`, and each player's set is a `Simplex`; a player's name is made one of
        letters, digits, _ and -. A player with a single strategy has nothing to choose, and is left out. In
        one population the variables are the shares of the strategies, and the game is a
        `SymbolicPopulationGame`. The game keeps this form as `strategic_form`.

        - `start`: variable ↦ probability; what a player's given ones leave is divided equally among its
          others.
        - `box`: variable ↦ (low, high), where portraits are drawn; default: 0 to 1.

        Raises InputError if no player has a choice.
        """
        taken: set[str] = set()
        names = {player: _name(player, taken, keep="-") for player in self.players}
        free = {
            player: own
            for player, own in zip(self.players, self.variables, strict=True)
            if len(own) > 1
        }
        if not free:
            raise InputError(
                "no player of this game has a choice; give one at least two strategies"
            )
        variables = [v for own in free.values() for v in own]
        options: dict[str, Any] = {
            "parameters": self.parameters,
            "box": {v.name: (0, 1) for v in variables}
            | {str(v): b for v, b in (box or {}).items()},
            "start": _probabilities(start or {}, list(free.values())),
            "name": self.name,
            "sets": {names[player]: Simplex() for player in free},
        }
        if self.one_population:
            ((player, own),) = free.items()
            game = SymbolicPopulationGame(names[player], own, self.expected(player), **options)
        else:
            alone = {own[0]: sympy.Integer(1) for own in self.variables if len(own) == 1}
            losses = {}
            for player, own in free.items():
                worth = zip(own, self.expected(player), strict=True)
                loss = -sympy.Add(*(x * u.xreplace(alone) for x, u in worth))
                losses[names[player]] = (own, sympy.expand(loss))
            game = SymbolicGame(losses, **options)
        game.strategic_form = self
        return game

    def renamed(self, mapping: Mapping[Any, Any]) -> StrategicForm:
        """The same game with some symbols exchanged: `mapping` is old ↦ new."""
        return replace(
            self,
            payoffs={player: _put(table, mapping) for player, table in self.payoffs.items()},
            parameters={mapping.get(p, p): value for p, value in self.parameters.items()},
        )

    def at_values(self, parameters: Mapping[Any, Any] | None = None) -> StrategicForm:
        """The game with numbers for its parameters: its own, and `parameters`, name ↦ value, over these.

        Raises InputError for a name that is no parameter, and for a parameter without a value.
        """
        values = {symbol.name: value for symbol, value in self.parameters.items()}
        symbols = {symbol.name: symbol for symbol in {*self.symbols, *self.parameters}}
        for key, value in (parameters or {}).items():
            if str(key) not in symbols:
                known = ", ".join(sorted(symbols)) or "none"
                raise InputError(f"there is no parameter {key}; there are {known}")
            values[str(key)] = exact(value)
        for symbol in sorted(self.symbols, key=str):
            if symbol.name not in values:
                raise InputError(
                    f"parameter {symbol} needs a value: pass parameters={{'{symbol}': …}}"
                )
        put = {symbol: values[name] for name, symbol in symbols.items() if name in values}
        payoffs = {player: _put(table, put) for player, table in self.payoffs.items()}
        for player, table in payoffs.items():
            for entry in sympy.flatten(table):
                if not (entry.is_real and entry.is_finite):
                    at = ", ".join(f"{symbol} = {value}" for symbol, value in put.items())
                    raise InputError(
                        f"a payoff of {player!r} is no finite real number but {entry} at {at}"
                    )
        return replace(self, payoffs=payoffs, parameters={})


def strategic_form_of(game: Any) -> StrategicForm:
    """The strategic form that a game is or was made from. Raises InputTypeError if there is none."""
    form = game if isinstance(game, StrategicForm) else getattr(game, "strategic_form", None)
    if form is None:
        raise InputTypeError(
            "this takes a game in strategic form: a StrategicForm, or a game that was made from one "
            f"(a file with a [matrix] table, a .nfg file), not {type(game).__name__}"
        )
    return form


def _name(text: str, taken: set[str], keep: str = "") -> str:
    """A text made into a name that does not look like one that is taken, and takes it: letters, digits and _
    (and what to `keep`), not beginning with a digit."""
    name = re.sub(rf"[^\w{keep}]", "_", unicodedata.normalize("NFKC", text))
    name = name if keep or name.isidentifier() else f"_{name}"
    found, number = name, 1
    while looks(found) in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(looks(found))
    return found


def _probabilities(
    given: Mapping[Any, Any], groups: Sequence[Sequence[sympy.Symbol]]
) -> dict[str, sympy.Expr]:
    """Every variable's start: what the given ones of a group leave is divided equally among the others."""
    known = {str(key): exact(value) for key, value in given.items()}
    names = [[v.name for v in group] for group in groups]
    for name in known:
        if not any(name in group for group in names):
            there = ", ".join(name for group in names for name in group)
            raise InputError(f"the start names {name}, which is no variable; there are {there}")
    start: dict[str, sympy.Expr] = {}
    for group in names:
        others = [name for name in group if name not in known]
        rest = 1 - sympy.Add(*(known[name] for name in group if name in known))
        start |= {name: known[name] if name in known else rest / len(others) for name in group}
    return start


def _labels(player: Any, labels: Any) -> tuple[str, ...]:
    if not isinstance(player, str) or not player:
        raise InputTypeError(f"a player's name is a non-empty string, not {player!r}")
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise InputTypeError(
            f'the strategies of {player!r} are a list of labels, such as ["left", "right"], not {labels!r}'
        )
    labels = tuple(labels)
    if not labels:
        raise InputError(f"player {player!r} has no strategies; give it at least one")
    for position, label in enumerate(labels):
        if not isinstance(label, str) or not label.strip() or not label.isprintable():
            raise InputTypeError(
                f"a strategy's label is a line of text that is not empty; {player!r} has {label!r}"
            )
        if label in labels[:position]:
            raise InputError(f"player {player!r} has the strategy {label!r} twice; rename one")
    return labels


def _entries(
    table: Any, player: str, strategies: Mapping[str, tuple[str, ...]]
) -> tuple[list[sympy.Expr], tuple[int, ...]]:
    """A table's entries, row by row, and its shape, which fits the strategies."""
    shape = tuple(map(len, strategies.values()))
    if hasattr(table, "tolist"):
        table = table.tolist()
    square = len(shape) == 1 and isinstance(table, Sequence) and any(map(_is_list, table))
    if square:
        shape = shape * 2
    axes = list(strategies) * (2 if square else 1)
    flat: list[sympy.Expr] = []

    def read(part: Any, place: tuple[int, ...]) -> None:
        depth = len(place)
        where = f"the payoffs of {player!r}" + "".join(f"[{i}]" for i in place)
        if depth == len(shape):
            flat.append(_payoff(part, where))
            return
        if not _is_list(part):
            raise InputTypeError(
                f"{where} is a list of {shape[depth]}, one for each strategy of {axes[depth]!r}, "
                f"not {_short(part)}"
            )
        if len(part) != shape[depth]:
            raise InputError(
                f"{where} has {len(part)} entries, and {axes[depth]!r} has {shape[depth]} strategies"
            )
        for i, inner in enumerate(part):
            read(inner, (*place, i))

    read(table, ())
    return flat, shape


def _is_list(part: Any) -> bool:
    return isinstance(part, Sequence) and not isinstance(part, (str, bytes))


def _payoff(entry: Any, where: str) -> sympy.Expr:
    if _is_list(entry):
        raise InputTypeError(f"{where} is one number, not a list; the table has an axis too many")
    if isinstance(entry, (sympy.Expr, str)) and not getattr(entry, "is_number", False):
        return expression(entry, where)
    try:
        number = exact(entry)
    except InputError:
        raise InputError(f"{where} is no finite real number but {_short(entry)}") from None
    if abs(number) > LARGEST:
        raise InputError(f"{where} is larger than 1e100: {_short(entry)}; choose other units")
    return number


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _symbol(key: Any) -> sympy.Symbol:
    """A real symbol of this name, or the symbol itself if it is one."""
    real = isinstance(key, sympy.Symbol) and key.is_real
    return key if real else sympy.Symbol(str(key), real=True)


def _named(entry: sympy.Expr, own: Mapping[str, sympy.Symbol]) -> sympy.Expr:
    """An entry with its parameters the game's own symbols of these names, or real ones."""
    return entry.xreplace({s: own.get(s.name, _symbol(s)) for s in entry.free_symbols})


def _put(table: sympy.ImmutableDenseNDimArray, mapping: Mapping[Any, Any]) -> Any:
    return sympy.ImmutableDenseNDimArray(
        [entry.xreplace(dict(mapping)) for entry in sympy.flatten(table)], table.shape
    )
