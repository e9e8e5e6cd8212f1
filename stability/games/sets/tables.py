"""The sets of a player's table in a game file: `bounds`, `simplex` and `ball`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import sympy

from .kinds import Ball, Bounds, Set, Simplex

KEYS = ("bounds", "simplex", "ball")

Limit = Callable[[str, object], sympy.Expr]  # of the key and what stands there


class Reader(Protocol):
    """What reads the rest of the file: it makes the errors, which name the file and the key."""

    def error(self, key: str, message: str, column: int | None = None) -> Exception: ...


def read_sets(
    reader: Reader, key: str, table: Mapping[str, Any], own: Sequence[str], limit: Limit
) -> list[Set]:
    """The sets of one player.

    **Arguments:**

    - `key`: of the player's table. `own`: the names of the player's variables.
    - `limit`: reads a limit, a number or an expression of parameters.

    Raises what `reader.error` makes, for anything that is no set of the player's own variables.
    """
    return [
        *_bounds(reader, f"{key}.bounds", table.get("bounds", {}), own, limit),
        *_simplices(reader, f"{key}.simplex", table.get("simplex", []), own),
        *_balls(reader, f"{key}.ball", table.get("ball", []), own, limit),
    ]


def _bounds(reader: Reader, key: str, bounds: object, own: Sequence[str], limit: Limit):
    if not isinstance(bounds, dict):
        raise reader.error(key, "it must map variables to intervals, as in { q = [0, inf] }")
    for name, interval in bounds.items():
        _check_own(reader, key, [name], own)
        if not isinstance(interval, list) or len(interval) != 2:
            raise reader.error(f"{key}.{name}", "it must be [low, high], as in [0, inf]")
        low, high = (limit(f"{key}.{name}", end) for end in interval)
        if low == sympy.oo or high == -sympy.oo:
            raise reader.error(f"{key}.{name}", f"no number is in the interval [{low}, {high}]")
        if low.is_number and high.is_number and not low < high:
            raise reader.error(
                f"{key}.{name}",
                f"the low end {low} is not below the high end {high}; a number that is fixed is a constant",
            )
        yield Bounds(low, high, name)


def _simplices(reader: Reader, key: str, groups: object, own: Sequence[str]):
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        raise reader.error(key, 'it must be a list of groups of variables, as in [["a", "b", "c"]]')
    for group in groups:
        _check_own(reader, key, group, own)
        if len(group) < 2:
            raise reader.error(
                key,
                f"the group {group} has fewer than two variables; a probability alone has bounds = "
                "{ p = [0, 1] }",
            )
        yield Simplex(group)


def _balls(reader: Reader, key: str, balls: object, own: Sequence[str], limit: Limit):
    if not isinstance(balls, list):
        raise reader.error(key, 'it must be a list, as in [{ of = ["u", "v"], radius = 0.5 }]')
    for ball in balls:
        if not isinstance(ball, dict) or set(ball) != {"of", "radius"}:
            raise reader.error(key, 'every ball is written { of = ["u", "v"], radius = 0.5 }')
        names = ball["of"]
        if not isinstance(names, list) or not names:
            raise reader.error(key, 'of is a list of variables, as in of = ["u", "v"]')
        _check_own(reader, key, names, own)
        radius = limit(key, ball["radius"])
        if radius.is_number and not (radius.is_finite and radius > 0):
            raise reader.error(key, f"the radius is a positive finite number, not {radius}")
        yield Ball(radius, names)


def _check_own(reader: Reader, key: str, names: Sequence[object], own: Sequence[str]) -> None:
    for k, name in enumerate(names):
        if name not in own:
            raise reader.error(
                key, f"{name!r} is no variable of this player; there are {', '.join(own)}"
            )
        if name in names[:k]:
            raise reader.error(key, f"{name!r} is there twice")
