"""Games in strategic form as Gambit's .nfg files (McKelvey, McLennan, Turocy: the Gambit project)."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import sympy

from ..errors import GameFileError, InputError
from .strategic_form import MOST_PAYOFFS, StrategicForm, strategic_form_of

MOST_CHARACTERS = 1_000_000
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]|[^\s,{}"]+|"', re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?|[+-]?\d+/\d+")
_DIGITS = 17  # of payoffs that are no fractions
_LONGEST = 200  # characters of a number
_SHOWN = 30


class _Token(NamedTuple):
    text: str
    line: int

    @property
    def is_text(self) -> bool:
        return len(self.text) > 1 and self.text[0] == '"'


def read_nfg(text: str, *, filename: str = "<string>") -> StrategicForm:
    """The game of a .nfg file, in the outcome or the payoff version, with strategies named or counted.

    `text` is what the file says, and `filename` what errors call it. Decimals and fractions are read exactly.
    Labels that are empty become the strategies' numbers.
    Raises GameFileError, in one line with the file and the line of it, for what is no such file.
    """
    return _Reader(text, filename).form()


class _Reader:
    def __init__(self, text: str, filename: str):
        self.filename = filename
        if len(text) > MOST_CHARACTERS:
            raise self.error(1, f"the file is longer than {MOST_CHARACTERS} characters")
        self.tokens = list(_tokens(text))
        self.at = 0
        self.last = text.count("\n") + 1

    def error(self, line: int, message: str) -> GameFileError:
        return GameFileError(" ".join(f"{self.filename}: line {line}: {message}".split()))

    def form(self) -> StrategicForm:
        head = [token.text for token in self.tokens[:3]]
        if head[:1] != ["NFG"]:
            raise self.error(
                1, 'this is no .nfg file: it begins with NFG 1 R "title" { "player" … } { … }'
            )
        if head[1:2] != ["1"] or head[2:3] not in (["R"], ["D"]):
            raise self.error(1, "after NFG come the version 1 and R or D, as in NFG 1 R")
        self.at = 3
        title = self.text("the title of the game, in quotes")
        line = self.line
        players = self.group('the players, as in { "row" "column" }', self.text_of_group)
        if not players:
            raise self.error(line, 'there are no players; name them, as in { "row" "column" }')
        players = [player or str(i + 1) for i, player in enumerate(players)]
        self.distinct(players, line, "two players are called")
        strategies = self.strategies(players)
        counts = [len(labels) for labels in strategies]
        if len(players) * math.prod(counts) > MOST_PAYOFFS:
            shape = " by ".join(map(str, counts))
            raise self.error(
                line, f"a game has at most {MOST_PAYOFFS} payoffs, not {shape} by player"
            )
        if self.peek().is_text:
            self.at += 1  # the comment
        rows = (
            self.outcomes(players, counts)
            if self.peek().text == "{"
            else self.payoffs(players, counts)
        )
        # the first player's strategy varies fastest
        places = [place[::-1] for place in itertools.product(*(range(k) for k in counts[::-1]))]
        tables = {player: sympy.MutableDenseNDimArray.zeros(*counts) for player in players}
        for place, row in zip(places, rows, strict=True):
            for player, payoff in zip(players, row, strict=True):
                tables[player][place] = payoff
        try:
            return StrategicForm(
                dict(zip(players, strategies, strict=True)),
                tables,
                name=" ".join(title.split()) or "game",
            )
        except InputError as error:
            raise self.error(line, str(error)) from None

    # ---- pieces --------------------------------------------------------------------------

    def peek(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _Token("", self.last)

    @property
    def line(self) -> int:
        return self.peek().line

    def next(self, what: str) -> _Token:
        token = self.peek()
        if not token.text:
            raise self.error(self.last, f"the file ends where it should have {what}")
        self.at += 1
        return token

    def expected(self, token: _Token, what: str) -> GameFileError:
        if token.text == '"':
            return self.error(token.line, 'a quotation mark " is not closed')
        shown = token.text if len(token.text) <= _SHOWN else token.text[: _SHOWN - 1] + "…"
        return self.error(token.line, f"here should be {what}, not {shown}")

    def text(self, what: str) -> str:
        token = self.next(what)
        if not token.is_text:
            raise self.expected(token, what)
        return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)

    def group(self, what: str, read: Callable[[], str]) -> list[str]:
        """What `read` finds between braces."""
        token = self.next(what)
        if token.text != "{":
            raise self.expected(token, what)
        found = []
        while self.peek().text != "}":
            if not self.peek().text:
                raise self.error(self.last, "the file ends inside { }; a closing } is missing")
            found.append(read())
        self.at += 1
        return found

    def text_of_group(self) -> str:
        return self.text("a name in quotes, or }")

    def distinct(self, names: Sequence[str], line: int, what: str) -> None:
        for i, name in enumerate(names):
            if name in names[:i]:
                raise self.error(line, f'{what} "{name}"; rename one')

    def strategies(self, players: Sequence[str]) -> list[list[str]]:
        """The labels by player: { { "a" "b" } { "c" "d" } }, or numbers of strategies, { 2 2 }."""
        line = self.line
        if (
            self.peek().text == "{"
            and self.at + 1 < len(self.tokens)
            and self.tokens[self.at + 1].text == "{"
        ):
            self.at += 1
            found = []
            while self.peek().text == "{":
                found.append(self.group("strategies", self.text_of_group))
            token = self.next("} after the strategies")
            if token.text != "}":
                raise self.expected(token, "} after the strategies")
            found = [[own or str(k + 1) for k, own in enumerate(labels)] for labels in found]
        else:
            what = 'the strategies, as in { 2 2 } or { { "a" "b" } { "c" "d" } }'
            found = [
                [str(k + 1) for k in range(int(count))] for count in self.group(what, self.count)
            ]
        if len(found) != len(players):
            raise self.error(
                line, f"there are {len(players)} players, and strategies for {len(found)} of them"
            )
        for player, labels in zip(players, found, strict=True):
            if not labels:
                raise self.error(line, f'player "{player}" has no strategies; give it at least one')
            self.distinct(labels, line, f'player "{player}" has two strategies called')
        return found

    def count(self) -> str:
        token = self.next("a number of strategies")
        if not token.text.isascii() or not token.text.isdigit() or len(token.text) > 6:
            raise self.expected(token, "a number of strategies")
        if int(token.text) > MOST_PAYOFFS:
            raise self.error(token.line, f"a player has at most {MOST_PAYOFFS} strategies")
        return token.text

    def number(self) -> sympy.Rational:
        token = self.next("a payoff")
        if len(token.text) > _LONGEST or not _NUMBER.fullmatch(token.text):
            raise self.expected(token, "a payoff, a number such as 3, -0.5 or 1/3")
        if re.search(r"/0+$", token.text):
            raise self.error(token.line, f"the payoff {token.text} divides by zero")
        return sympy.Rational(token.text)

    # ---- bodies --------------------------------------------------------------------------

    def payoffs(self, players: Sequence[str], counts: Sequence[int]) -> list[list[sympy.Rational]]:
        """One payoff for each player at each choice of strategies."""
        needed = len(players) * math.prod(counts)
        found = self.tokens[self.at :]
        if len(found) < needed:
            raise self.error(self.last, f"the game has {needed} payoffs, and the file {len(found)}")
        rows = [[self.number() for _ in players] for _ in range(math.prod(counts))]
        self.end(f"{needed} payoffs")
        return rows

    def outcomes(self, players: Sequence[str], counts: Sequence[int]) -> list[list[sympy.Rational]]:
        """Outcomes, { "name" payoffs }, then which one each choice of strategies has; 0 is that of zeros."""
        self.at += 1
        known = [[sympy.Integer(0)] * len(players)]
        while self.peek().text == "{":
            self.at += 1
            line = self.line
            self.text("an outcome's name, in quotes")
            row = []
            while self.peek().text not in ("}", ""):
                row.append(self.number())
            if len(row) != len(players):
                raise self.error(
                    line, f"an outcome has {len(row)} payoffs, and the game {len(players)} players"
                )
            self.next("}")
            known.append(row)
        token = self.next("} after the outcomes")
        if token.text != "}":
            raise self.expected(token, 'an outcome, { "name" payoffs }, or } after the last one')
        needed = math.prod(counts)
        found = self.tokens[self.at :]
        if len(found) < needed:
            raise self.error(
                self.last,
                f"the game has {needed} choices of strategies, and outcomes for {len(found)}",
            )
        rows = []
        for _ in range(needed):
            token = self.next("an outcome's number")
            if not token.text.isdigit() or len(token.text) > 6 or int(token.text) >= len(known):
                raise self.expected(token, f"an outcome's number, 0 to {len(known) - 1}")
            rows.append(known[int(token.text)])
        self.end(f"{needed} outcomes")
        return rows

    def end(self, after: str) -> None:
        if self.peek().text:
            raise self.error(self.line, f"there is more after the game's {after}")


def _tokens(text: str) -> Iterator[_Token]:
    line, end = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", end, match.start())
        yield _Token(match[0], line)
        line += match[0].count("\n")
        end = match.end()


def write_nfg(game: Any) -> str:
    """The text of a .nfg file of a game, in the payoff version, parameters at their values.

    `game`: a `StrategicForm`, or a game that was made from one. Rational payoffs are written exactly, others
    to 17 digits. A game within one population becomes the symmetric game of two players: the format
    knows no populations.

    Raises InputTypeError for a game without a strategic form, InputError for a parameter without a value.
    """
    form = strategic_form_of(game).at_values()
    strategies = list(form.strategies.items())
    tables = [form.payoffs[player] for player in form.players]
    if form.one_population:
        ((player, labels),) = strategies
        strategies.append((f"{player} (met)", labels))
        tables.append(sympy.permutedims(tables[0], (1, 0)))
    lines = [
        f"NFG 1 R {_quoted(form.name)} {{ {' '.join(_quoted(player) for player, _ in strategies)} }}",
        "",
        "{ " + "\n  ".join(f"{{ {' '.join(map(_quoted, labels))} }}" for _, labels in strategies),
        "}",
        '""',
        "",
    ]
    for place in itertools.product(*(range(len(labels)) for _, labels in strategies[::-1])):
        lines.append(" ".join(_number(table[place[::-1]]) for table in tables))
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _number(payoff: sympy.Expr) -> str:
    return str(payoff if payoff.is_Rational else payoff.evalf(_DIGITS))
