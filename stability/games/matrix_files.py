"""The [matrix] table of a game file: a game in strategic form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import sympy
from sympy.printing.str import StrPrinter

from ..errors import InputError
from .strategic_form import StrategicForm

_KEYS = ("players", "payoffs")

Entry = Callable[[str, object], sympy.Expr]  # of the key and what stands there


class Reader(Protocol):
    """What reads the rest of the file: it makes the errors, which name the file and the key."""

    def error(self, key: str, message: str, column: int | None = None) -> Exception: ...


def read_matrix(
    reader: Reader,
    table: Mapping[str, Any],
    entry: Entry,
    name: str,
    parameters: Mapping[sympy.Symbol, sympy.Expr],
) -> StrategicForm:
    """The game of a [matrix] table: `players`, who maps to labels, and `payoffs`, who maps to a table.

    `entry` reads one payoff, a number or an expression of parameters; `name` and `parameters` are the file's.
    Raises what `reader.error` makes.
    """
    for key in table:
        if key not in _KEYS:
            raise reader.error(
                f"matrix.{key}", f"there is no such key (there is: {', '.join(_KEYS)})"
            )
    for key, example in zip(
        _KEYS, ('{ row = ["a", "b"] }', "{ row = [[1, 0], [0, 1]] }"), strict=True
    ):
        if not isinstance(table.get(key), dict):
            raise reader.error(f"matrix.{key}", f"it must map players, as in {key} = {example}")

    def read(key: str, part: object) -> Any:
        if isinstance(part, list):
            return [read(f"{key}[{i}]", inner) for i, inner in enumerate(part)]
        return entry(key, part)

    payoffs = {
        player: read(f"matrix.payoffs.{player}", own) for player, own in table["payoffs"].items()
    }
    try:
        return StrategicForm(table["players"], payoffs, parameters=parameters, name=name)
    except InputError as error:
        raise reader.error("matrix", str(error)) from None


def write_matrix(form: StrategicForm) -> str:
    """The game as the text of a game file, with a [matrix] table.

    Numbers are written exactly, those that are no decimals as expressions in quotes.
    """
    lines = [f"name = {_text(form.name)}", "", "[matrix.players]"]
    for player, labels in form.strategies.items():
        lines.append(f"{_key(player)} = [{', '.join(map(_text, labels))}]")
    lines += ["", "[matrix.payoffs]"]
    for player, table in form.payoffs.items():
        lines.append(f"{_key(player)} = {_nested(table.tolist(), 0)}")
    if form.parameters:
        lines += ["", "[parameters]"]
        lines += [f"{_key(p.name)} = {_entry(value)}" for p, value in form.parameters.items()]
    return "\n".join(lines) + "\n"


def _nested(part: Any, depth: int) -> str:
    if not isinstance(part, list):
        return _entry(part)
    if not isinstance(part[0], list):
        return f"[{', '.join(map(_entry, part))}]"
    inner = ",\n".join(" " * (4 * depth + 4) + _nested(p, depth + 1) for p in part)
    return f"[\n{inner},\n{' ' * (4 * depth)}]"


def _entry(value: sympy.Expr) -> str:
    return str(value) if value.is_Integer else _text(_Printer().doprint(value))


class _Printer(StrPrinter):
    """Expressions as game files spell them."""

    def _print_Function(self, expr: Any) -> str:
        return f"{expr.func.__name__.lower()}({self.stringify(expr.args, ', ')})"

    _print_Max = _print_Min = _print_Abs = _print_Function

    def _print_Exp1(self, expr: Any) -> str:
        return "e"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else _text(name)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
