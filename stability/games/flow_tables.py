"""The tables of a game file that only flows and maps have: [angles] and [conserved]."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sympy import Expr, Symbol

TABLES = ("angles", "conserved")
_KEYS = ("total", "value")
_ON = 1e-9  # of a total's size: so far a start may be off its value

Reader = Scope = Any  # those of `files`, which imports this file
Total = tuple[Expr, Expr | None]  # and its value, if it has one


def refuse_on_games(reader: Reader, document: Mapping[str, Any]) -> None:
    """Raises GameFileError where a game has one of these tables."""
    for table in TABLES:
        if table in document:
            raise reader.error(
                table, f"a game has no [{table}]; it is for files with a [flow] or a [map]"
            )


def read_angles(
    reader: Reader,
    document: Mapping[str, Any],
    variables: tuple[Symbol, ...],
    parameters: Mapping[str, Expr],
    constants: Mapping[str, Expr],
) -> dict[str, Expr]:
    """The period of every angle, by name."""
    angles = {}
    for name, value in reader.of_variables("angles", document, variables).items():
        key = f"angles.{name}"
        for other in (*parameters, *(v.name for v in variables)):
            if isinstance(value, str) and value.strip() == other:
                raise reader.error(
                    key, f"a period is a number or an expression of constants, and {other} is none"
                )
        period = reader.number(key, value, constants)
        if not period.is_positive:
            raise reader.error(key, f"a period is positive, unlike {period}")
        angles[name] = period
    return angles


def read_totals(reader: Reader, document: Mapping[str, Any], scope: Scope) -> dict[str, Total]:
    """The conserved totals, by name, with their values as far as they have some."""
    totals: dict[str, Total] = {}
    table = reader.table("conserved", document)
    for name, entry in table.items():
        key = f"conserved.{reader.key(name)}"
        if not isinstance(entry, dict):
            raise reader.error(
                key,
                f'it must be a table, as in {reader.key(name)} = {{ total = "A + B", value = 1 }}',
            )
        for own in entry:
            if own not in _KEYS:
                raise reader.no_such(f"{key}.{reader.key(own)}", "key", own, _KEYS)
        if "total" not in entry:
            raise reader.error(f"{key}.total", "it is missing; say what is conserved")
        total = reader.expression(f"{key}.total", entry["total"], scope)
        if not total.free_symbols & set(scope.variables):
            raise reader.error(f"{key}.total", f"there is no variable in {total}")
        totals[name] = (total, _value(reader, f"{key}.value", entry.get("value"), scope))
    return totals


def _value(reader: Reader, key: str, value: Any, scope: Scope) -> Expr | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return reader.number(key, value, {})
    found = reader.expression(key, value, scope)
    variables = sorted(s.name for s in found.free_symbols & set(scope.variables))
    if variables:
        raise reader.error(
            key,
            f"a value is a number or an expression of parameters, and {variables[0]} is a variable",
        )
    return found


def check_start(
    reader: Reader,
    totals: Mapping[str, Total],
    start: Mapping[str, Expr],
    scope: Scope,
) -> None:
    """Raises GameFileError for a start off the level set, and a total that has neither value nor start."""
    for name, (total, value) in totals.items():
        key = f"conserved.{reader.key(name)}"
        if value is None and not start:
            raise reader.error(
                f"{key}.value", "it is missing; give a value, or a [start] to take it from"
            )
        if value is None or not start:
            continue
        put = {v: start.get(v.name, 0) for v in scope.variables}
        put |= {scope.names[name]: own for name, own in scope.values.items()}
        there, goal = (float(e.xreplace(put)) for e in (total, value))
        if not abs(there - goal) <= _ON * (1 + abs(goal)) or not math.isfinite(there):
            raise reader.error(
                "start",
                f"{total} is {there:g} there, and {key} says {goal:g}; change one of the two",
            )
