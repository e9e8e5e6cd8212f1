"""Game files: a game, a flow or a map written in TOML.

Everything in a file is exact: decimal numbers become fractions and a constant such as `sqrt(2)`
stays what it is. Nothing in a file is ever run as code (see `stability.games.expressions`).
"""

from __future__ import annotations

import difflib
import json
import keyword
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal

from sympy import Expr, Integer, Symbol, oo

from ..documents.formulas import looks
from ..errors import ExpressionError, GameFileError, InputError
from ..time_limits import in_time
from .expressions import RESERVED, SECONDS, parse_expression
from .flow_tables import Total, check_start, read_angles, read_totals, refuse_on_games
from .matrix_files import read_matrix
from .sets.kinds import Set
from .sets.tables import KEYS, read_sets
from .strategic_form import StrategicForm

MAX_FILE_LENGTH = 100_000

_KINDS: Mapping[str, Literal["game", "flow", "map"]] = {
    "players": "game",
    "flow": "flow",
    "map": "map",
    "matrix": "game",
}
_TABLES = (
    "name", "players", "matrix", "flow", "map", "parameters", "constants", "box", "start", "angles",
    "conserved",
)  # fmt: skip
_PLAYER_KEYS = ("strategy", "loss", "payoff", *KEYS)
_BARE_KEY = re.compile(r"[\w-]+", re.ASCII)
_ESCAPED = frozenset('"\\')
_TAKEN = frozenset(
    ["π", "oo", "zoo", "nan", "inf"]
)  # SymPy's numbers that are none, and pi's other spelling
_PLAYER_NAME = re.compile(r"\w[\w-]*")

Table = Mapping[str, Any]  # of a document
Numbers = Mapping[str, Expr]  # by name


@dataclass(frozen=True)
class GameFile:
    """What a game file says, in exact SymPy expressions.

    `variables` are in player order, then strategy order. `losses` are what the players minimise
    (a payoff is negated; `payoffs` names the players that were given by one). `equations` are the
    right-hand sides of a flow or the next values of a map, in the order of the variables.
    Parameters remain symbols in losses and equations, and their values are in `parameters`;
    constants have been put in. `sets`: where each player's strategy lives. `angles`: the periods of the
    variables that live on a circle; `totals`: what a flow or a map conserves, with the values that are told.
    `form`: the game in strategic form that a [matrix] table holds; variables, players and losses are then
    those of its mixed strategies.
    """

    kind: Literal["game", "flow", "map"]
    name: str
    variables: tuple[Symbol, ...]
    players: Mapping[str, tuple[Symbol, ...]]
    losses: Mapping[str, Expr]
    payoffs: frozenset[str]
    equations: tuple[Expr, ...]
    parameters: Mapping[Symbol, Expr]
    box: Mapping[str, tuple[Expr, Expr]]
    start: Mapping[str, Expr]
    sets: Mapping[str, list[Set]]
    angles: Mapping[str, Expr] = field(default_factory=dict)
    totals: Mapping[str, Total] = field(default_factory=dict)
    form: StrategicForm | None = None


def read_game_file(
    text: str, *, filename: str = "<string>", settings: Mapping[str, str] | None = None
) -> GameFile:
    """Reads a game file.

    `settings` override the values of parameters, each by a constant expression ("0.3", "1/3").
    Every expression has to be defined at the parameters' values.

    Raises `GameFileError`, whose message is one line that begins with the file's name, the key and
    (in expressions) the column.
    """
    reader = Reader(filename)
    document = reader.document(text)
    kind = reader.kind(document)
    constants = reader.values("constants", document, {})
    parameters = reader.values("parameters", document, constants)
    parameters |= reader.settings(settings or {}, parameters, constants)
    if "matrix" in document:
        return reader.strategic_form(document, parameters, constants)

    players: dict[str, tuple[Symbol, ...]] = {}
    if kind == "game":
        players = reader.strategies(document["players"])
        variables = tuple(variable for strategy in players.values() for variable in strategy)
    else:
        variables = tuple(reader.variable(kind, name) for name in document[kind])
    reader.check_names(variables, parameters, constants)

    symbols = {name: Symbol(name, real=True) for name in parameters}
    scope = Scope(
        names=constants | symbols | {variable.name: variable for variable in variables},
        values=parameters,
        variables=variables,
    )
    losses: dict[str, Expr] = {}
    sets: dict[str, list[Set]] = {}
    equations: tuple[Expr, ...] = ()
    start = reader.start(document, variables, constants)
    angles, totals = {}, {}
    if kind == "game":
        refuse_on_games(reader, document)
        losses = reader.losses(document["players"], scope)
        sets = reader.sets(document["players"], players, Scope(constants | symbols, parameters, ()))
    else:
        equations = tuple(
            reader.expression(f"{kind}.{_key(name)}", equation, scope)
            for name, equation in document[kind].items()
        )
        angles = read_angles(reader, document, variables, parameters, constants)
        totals = read_totals(reader, document, scope)
        check_start(reader, totals, start, scope)
    return GameFile(
        kind=kind,
        name=reader.name(document),
        variables=variables,
        players=players,
        losses=losses,
        payoffs=frozenset(p for p in players if "payoff" in document["players"][p]),
        equations=equations,
        parameters={symbols[name]: value for name, value in parameters.items()},
        box=reader.box(document, variables, constants),
        start=start,
        sets=sets,
        angles=angles,
        totals=totals,
    )


@dataclass(frozen=True)
class _Decimal:
    """A TOML float as it was written."""

    text: str


@dataclass(frozen=True)
class Scope:
    """What the names in an expression stand for, the values the parameters have at present, the variables."""

    names: Mapping[str, Expr]
    values: Mapping[str, Expr]
    variables: tuple[Symbol, ...]


@dataclass(frozen=True)
class Reader:
    """Reads the parts of one file; every error begins with the file's name."""

    filename: str

    def error(self, key: str, message: str, column: int | None = None) -> GameFileError:
        place = key if column is None else f"{key}, column {column}"
        return GameFileError(" ".join(f"{self.filename}: {place}: {message}".split()))

    def no_such(self, key: str, kind: str, name: str, known: Any) -> GameFileError:
        """The error for a name that is none of those known."""
        return self.error(key, _no_such(kind, name, known))

    def key(self, name: str) -> str:
        """A key as it is written in TOML."""
        return _key(name)

    # ---- the document --------------------------------------------------------------------

    def document(self, text: str) -> dict[str, Any]:
        if len(text) > MAX_FILE_LENGTH:
            raise self.error("file", f"it is longer than {MAX_FILE_LENGTH} characters")
        try:
            document = in_time(
                SECONDS, lambda: tomllib.loads(text, parse_float=_Decimal), default=None
            )
        except tomllib.TOMLDecodeError as error:
            raise self.error(
                "file", _unquoted(text, str(error)) or f"this is not TOML: {error}"
            ) from None
        except InputError:  # not of the file
            raise
        except ValueError:  # Python's limit on the digits of an integer
            raise self.error("file", "a number has too many digits") from None
        except RecursionError:
            raise self.error("file", "brackets are nested too deeply") from None
        if document is None:  # a key of very many parts
            raise self.error("file", "it takes too long to read; write it more simply")
        for key in document:
            if key not in _TABLES:
                raise self.error(_key(key), _no_such("key", key, _TABLES))
        return document

    def kind(self, document: Table) -> Literal["game", "flow", "map"]:
        found = [table for table in _KINDS if table in document]
        if not found:
            raise self.error(
                "players", "there is none; add a [players.NAME], [matrix], [flow] or [map] table"
            )
        if len(found) > 1:
            raise self.error(found[1], f"a file has either [{found[0]}] or [{found[1]}], not both")
        if not self.table(found[0], document):
            raise self.error(found[0], "the table is empty")
        return _KINDS[found[0]]

    def table(self, key: str, document: Table) -> dict[str, Any]:
        table = document.get(key, {})
        if not isinstance(table, dict):
            raise self.error(key, f"it must be a table, [{key}], not {_describe(table)}")
        return table

    def name(self, document: Table) -> str:
        name = document.get("name", PurePath(self.filename).stem)
        if not isinstance(name, str):
            raise self.error("name", f"it must be a string, not {_describe(name)}")
        if not name.strip() or not name.isprintable():
            raise self.error("name", "it must be one line of text and not empty")
        return name

    # ---- names ---------------------------------------------------------------------------

    def check_name(self, key: str, name: str) -> None:
        if keyword.iskeyword(name):
            shorter = {"lambda": "lam"}.get(name, f"{name}_")
            raise self.error(key, f"{name!r} is a word of Python; call it {shorter!r}, say")
        if name in RESERVED or name in _TAKEN:
            raise self.error(
                key, f"{name!r} already has a meaning in expressions; choose another name"
            )
        if not name.isidentifier():
            raise self.error(
                key,
                f"{_quote(name)} is not a name: letters, digits and _, not starting with a digit",
            )
        usual = unicodedata.normalize("NFKC", name)
        if usual != name:  # as Python, which reads the expressions, has it
            raise self.error(
                key,
                f"{_quote(name)} ({_codes(name)}) is to be written {_quote(usual)} ({_codes(usual)})",
            )

    def variable(self, key: str, name: str) -> Symbol:
        self.check_name(f"{key}.{_key(name)}", name)
        return Symbol(name, real=True)

    def check_names(
        self, variables: tuple[Symbol, ...], parameters: Numbers, constants: Numbers
    ) -> None:
        names_in_order = [variable.name for variable in variables]
        names = set(names_in_order)
        for table, others in (("parameters", parameters), ("constants", constants)):
            for name in others:
                if name in names:
                    raise self.error(f"{table}.{name}", "this is also the name of a variable")
                if table == "constants" and name in parameters:
                    raise self.error(f"{table}.{name}", "this is also the name of a parameter")
        seen: dict[str, str] = {}
        for name in (*names_in_order, *parameters):
            other = seen.setdefault(looks(name), name)
            if other != name:
                key = f"parameters.{_key(name)}" if name in parameters else "variables"
                raise self.error(
                    key, f"{name} and {other} look the same in formulas and pictures; rename one"
                )

    def number(self, key: str, value: object, constants: Numbers) -> Expr:
        """An exact number from a TOML number or a constant expression."""
        if isinstance(value, bool) or not isinstance(value, int | str | _Decimal):
            raise self.error(key, f"it must be a number, not {_describe(value)}")
        if isinstance(value, _Decimal):
            value = value.text.replace("_", "").lstrip("+")
            if value.lstrip("-") in ("nan", "inf"):
                raise self.error(key, f"it must be a finite number, not {value}")
        try:
            return parse_expression(str(value), constants)
        except ExpressionError as error:
            raise self.error(key, str(error), error.column) from None
        except ValueError:  # Python's limit on the digits of an integer, here a hexadecimal one
            raise self.error(key, "the number has too many digits") from None

    def values(self, key: str, document: Table, constants: Numbers) -> dict[str, Expr]:
        """The numbers of [constants], which may use earlier ones, or of [parameters]."""
        values: dict[str, Expr] = {}
        for name, value in self.table(key, document).items():
            self.check_name(f"{key}.{_key(name)}", name)
            known = {**constants, **values} if key == "constants" else constants
            values[name] = self.number(f"{key}.{name}", value, known)
        return values

    def settings(
        self, settings: Mapping[str, str], parameters: Numbers, constants: Numbers
    ) -> dict[str, Expr]:
        for name in settings:
            if name not in parameters:
                raise self.error(f"--set {_key(name)}", _no_such("parameter", name, parameters))
        return {
            name: self.number(f"--set {name}", value, constants) for name, value in settings.items()
        }

    def expression(self, key: str, text: object, scope: Scope) -> Expr:
        if not isinstance(text, str):
            raise self.error(key, f"it must be an expression in quotes, not {_describe(text)}")
        try:
            expression = parse_expression(text, scope.names)
        except ExpressionError as error:
            raise self.error(key, str(error), error.column) from None
        symbols = expression.free_symbols
        used = {name: v for name, v in scope.values.items() if scope.names[name] in symbols}
        if used:
            try:
                parse_expression(text, {**scope.names, **used})
            except ExpressionError as error:
                at = ", ".join(f"{name} = {value}" for name, value in used.items())
                raise self.error(key, f"{error} (at {at})", error.column) from None
        return expression

    def strategies(self, players: Table) -> dict[str, tuple[Symbol, ...]]:
        owners: dict[Symbol, str] = {}
        strategies: dict[str, tuple[Symbol, ...]] = {}
        for player, table in players.items():
            key = f"players.{_key(player)}"
            if not _PLAYER_NAME.fullmatch(player):
                raise self.error(key, "a player's name is made of letters, digits, _ and -")
            if not isinstance(table, dict):
                raise self.error(key, f"it must be a table, [{key}], not {_describe(table)}")
            for name in table:
                if name not in _PLAYER_KEYS:
                    raise self.error(f"{key}.{_key(name)}", _no_such("key", name, _PLAYER_KEYS))
            strategies[player] = self.strategy(f"{key}.strategy", table.get("strategy"))
            for variable in strategies[player]:
                if variable in owners:
                    owner = f"player {owners[variable]}"
                    raise self.error(
                        f"{key}.strategy", f"{variable.name!r} already belongs to {owner}"
                    )
                owners[variable] = player
        return strategies

    def strategy(self, key: str, names: object) -> tuple[Symbol, ...]:
        example = 'write a list of names, such as strategy = ["x"]'
        if names is None:
            raise self.error(key, f"it is missing; {example}")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self.error(key, f"{example}, not {_describe(names)}")
        if not names:
            raise self.error(key, f"it is empty; {example}")
        for index, name in enumerate(names):
            self.check_name(key, name)
            if name in names[:index]:
                raise self.error(key, f"{name!r} is there twice")
        return tuple(Symbol(name, real=True) for name in names)

    def losses(self, players: Table, scope: Scope) -> dict[str, Expr]:
        losses: dict[str, Expr] = {}
        for player, table in players.items():
            key = f"players.{_key(player)}"
            if "loss" in table and "payoff" in table:
                raise self.error(f"{key}.payoff", "a player has a loss or a payoff, not both")
            if "loss" in table:
                losses[player] = self.expression(f"{key}.loss", table["loss"], scope)
            elif "payoff" in table:
                losses[player] = -self.expression(f"{key}.payoff", table["payoff"], scope)
            else:
                raise self.error(f"{key}.loss", "it is missing; give the player a loss or a payoff")
        return losses

    def sets(
        self, players: Table, strategies: Mapping[str, tuple[Symbol, ...]], scope: Scope
    ) -> dict[str, list[Set]]:
        sets: dict[str, list[Set]] = {}
        taken: set[str] = set()
        for player, table in players.items():
            key = f"players.{_key(player)}"
            own = [variable.name for variable in strategies[player]]
            sets[player] = read_sets(self, key, table, own, lambda k, v: self.limit(k, v, scope))
            for name in (name for one in sets[player] for name in one.of or ()):
                if name in taken:
                    raise self.error(
                        key, f"{name} is in two sets; one variable is in one kind of set"
                    )
                taken.add(name)
        return {player: own for player, own in sets.items() if own}

    def limit(self, key: str, value: object, scope: Scope) -> Expr:
        """An end of an interval or a radius: a number, ±inf, or an expression of parameters in quotes."""
        text = value.text if isinstance(value, _Decimal) else value
        if text in ("inf", "+inf"):
            return oo
        if text == "-inf":
            return -oo
        if isinstance(value, str):
            return self.expression(key, value, scope)
        return self.number(key, value, {})

    def strategic_form(self, document: Table, parameters: Numbers, constants: Numbers) -> GameFile:
        """What a file with a [matrix] table says."""
        self.check_names((), parameters, constants)
        symbols = {name: Symbol(name, real=True) for name in parameters}
        scope = Scope({**constants, **symbols}, parameters, ())

        def entry(key: str, value: object) -> Expr:
            if isinstance(value, str):
                return self.expression(key, value, scope)
            return self.number(key, value, {})

        values = {symbols[name]: value for name, value in parameters.items()}
        form = read_matrix(self, document["matrix"], entry, self.name(document), values)
        try:
            game = form.game()
        except InputError as error:
            raise self.error("matrix", str(error)) from None
        own = dict(zip(game.players, game.partition.slices, strict=True))
        return GameFile(
            kind="game",
            name=form.name,
            variables=game.variables,
            players={player: game.variables[part] for player, part in own.items()},
            losses=dict(zip(game.players, game.losses(), strict=True)),
            payoffs=frozenset(game.players),
            equations=(),
            parameters=values,
            box={v.name: (Integer(0), Integer(1)) for v in game.variables}
            | self.box(document, game.variables, constants),
            start=self.start(document, game.variables, constants),
            sets={},
            form=form,
        )

    # ---- box and start -------------------------------------------------------------------

    def box(
        self, document: Table, variables: tuple[Symbol, ...], constants: Numbers
    ) -> dict[str, tuple[Expr, Expr]]:
        box: dict[str, tuple[Expr, Expr]] = {}
        for name, bounds in self.of_variables("box", document, variables).items():
            key = f"box.{name}"
            if not isinstance(bounds, list) or len(bounds) != 2:
                raise self.error(key, f"it must be [low, high], not {_describe(bounds)}")
            low, high = (self.number(key, bound, constants) for bound in bounds)
            if not float(low) < float(high):
                raise self.error(
                    key, f"the lower bound {low} is not less than the upper bound {high}"
                )
            box[name] = (low, high)
        return box

    def start(
        self, document: Table, variables: tuple[Symbol, ...], constants: Numbers
    ) -> dict[str, Expr]:
        table = self.of_variables("start", document, variables)
        return {
            name: self.number(f"start.{name}", value, constants) for name, value in table.items()
        }

    def of_variables(
        self, key: str, document: Table, variables: tuple[Symbol, ...]
    ) -> dict[str, Any]:
        table = self.table(key, document)
        names = [variable.name for variable in variables]
        for name in table:
            if name not in names:
                raise self.error(f"{key}.{_key(name)}", _no_such("variable", name, names))
        return table


# ---- words -------------------------------------------------------------------------------


def _key(name: str) -> str:
    """A key as it is written in TOML."""
    return name if _BARE_KEY.fullmatch(name) else _quote(name)


def _quote(text: str) -> str:
    """A text in quotes, with what cannot be printed as its code."""
    text = text if len(text) <= 40 else text[:37] + "..."
    return f'"{"".join(c if c.isprintable() and c not in _ESCAPED else json.dumps(c)[1:-1] for c in text)}"'


def _codes(text: str) -> str:
    return " ".join(f"U+{ord(c):04X}" for c in text if not c.isascii()) or "ASCII"


def _unquoted(text: str, error: str) -> str | None:
    """What to say where TOML stops at a letter in a key that is not in quotes; None anywhere else."""
    place = re.search(r"at line (\d+), column (\d+)", error)
    if place is None:
        return None
    line, column = text.split("\n")[int(place[1]) - 1], int(place[2]) - 1
    key = line.partition("=")[0]
    if column >= len(key) or key[column].isascii() or not key[column].isalpha() or '"' in key:
        return None
    word = next(m[0] for m in re.finditer(r"[\w-]+", key) if m.start() <= column < m.end())
    return f'line {place[1]}: write the key {word} in quotes, "{word}"; without them TOML takes ASCII only'


def _no_such(kind: str, name: str, known: Any) -> str:
    names = list(known)
    if not names:
        return f"there is no such {kind}; there are none in this file"
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"there is no such {kind}{hint} (there is: {', '.join(names)})"


def _describe(value: object) -> str:
    """A TOML value in words."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    words = {bool: str(value).lower(), str: "a string", dict: "a table"}
    words |= dict.fromkeys((int, _Decimal), "a number")
    return words.get(type(value), "a date or time")
