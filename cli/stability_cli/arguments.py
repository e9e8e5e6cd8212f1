"""Reading the small languages of the command line: name=value, rules and fields, points, boxes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from stability.errors import InputError
from stability.games.expressions import parse_expression


def assignments(texts: Iterable[str], option: str) -> dict[str, str]:
    """`name=value` texts as a mapping. Raises InputError for anything else, and for a name given twice."""
    result: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise InputError(f"{option} takes name=value, not {text!r}")
        if name in result:
            raise InputError(f"{option} sets {name} twice")
        result[name] = value
    return result


def number(text: str, what: str) -> Any:
    """A constant expression such as 0.1, 1/3 or sqrt(2), as an exact SymPy number."""
    try:
        return parse_expression(text, {})
    except InputError as error:
        raise InputError(f"{what}: {error}") from None


def point(text: str) -> dict[str, Any]:
    """A point such as "x=0,y=1/2", exactly."""
    parts = [part for part in text.split(",") if part.strip()]
    if not parts:
        raise InputError('--at takes a point such as "x=0,y=0"')
    return {
        name: number(value, f"--at {name}") for name, value in assignments(parts, "--at").items()
    }


def box(texts: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Intervals such as x=-5:5, several in one text separated by commas."""
    parts = [part for text in texts for part in text.split(",") if part.strip()]
    result = {}
    for name, interval in assignments(parts, "--box").items():
        low, colon, high = interval.partition(":")
        if not colon:
            raise InputError(f"--box takes name=low:high, not {name}={interval}")
        result[name] = (float(number(low, f"--box {name}")), float(number(high, f"--box {name}")))
    return result


def from_text(text: str, registry: Mapping[str, type], what: str) -> Any:
    """A rule or field from its name and settings: `alternating:lr=0.1,steps.disc=2`.

    A dotted key sets one player's value; everyone else's is the plain key's, or else the default.
    Raises InputError for an unknown name or setting and for values that are no numbers.
    """
    name, _, rest = text.partition(":")
    name = name.strip()
    if name not in registry:
        raise InputError(f"there is no {what} called {name!r}; there are {', '.join(registry)}")
    kind = registry[name]
    known = {f.name: f.default for f in dataclasses.fields(kind)}
    given: dict[str, Any] = {}
    for key, value in assignments(
        [p for p in rest.split(",") if p.strip()], f"{what} {name}"
    ).items():
        setting, dot, player = key.partition(".")
        if setting not in known:
            has = f"its settings are {', '.join(known)}" if known else "it has no settings"
            raise InputError(f"{what} {name} has no setting {setting!r}; {has}")
        worth = _setting(setting, value, f"{what} {name}")
        if not dot:
            given[setting] = {"": worth, **given[setting]} if setting in given else worth
        elif isinstance(given.get(setting), dict):
            given[setting][player] = worth
        else:
            given[setting] = {"": given.get(setting, known[setting]), player: worth}
    return kind(**given)


def _setting(setting: str, value: str, what: str) -> Any:
    if setting == "order":
        return tuple(part.strip() for part in value.split("+"))
    exact = number(value, f"{what}, {setting}")
    if setting == "steps":
        if not exact.is_Integer:
            raise InputError(f"{what}: steps is a whole number, not {value}")
        return int(exact)
    return float(exact)
