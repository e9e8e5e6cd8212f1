"""Rules, fields, penalties and conditions by their names, as text: `alternating:lr=0.1,steps.disc=2`."""

from __future__ import annotations

import dataclasses
import difflib
import importlib.util
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import InputError
from ..fields import FIELDS, Field
from ..games.expressions import parse_expression
from ..games.load import python_object
from ..penalties import PENALTIES, Penalty
from ..rules import RULES, Rule
from ..rules.optax_rule import named_optax, optax_constructor
from ..verdicts.named_conditions import CONDITIONS, Condition

WHOLE = ("steps", "k", "at_step", "seed")
FLAGS = ("past", "alignment", "exact", "stop_gradient", "nesterov")
ALONE = ("to", "inner")  # by player only for those named
NAMES = ("leader", "player", "of", "by", "on", "discriminator")


def rule(text: str) -> Rule:
    """The rule that a text names; see `from_text`."""
    return from_text(text, RULES, "rule")


def field(text: str) -> Field:
    """The field that a text names; see `from_text`."""
    return from_text(text, FIELDS, "field")


def penalty(text: str) -> Penalty:
    """The penalty that a text names; see `from_text`."""
    return from_text(text, PENALTIES, "penalty")


def condition(text: str) -> Condition:
    """The condition that a text names; see `from_text`."""
    return from_text(text, CONDITIONS, "condition")


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


def from_text(text: str, registry: Mapping[str, type], what: str) -> Any:
    """A rule, field, penalty or condition from its name and settings: `alternating:lr=0.1,steps.disc=2`.

    A dotted key sets one player's value; everyone else's is the plain key's, or else the default. A rule
    inside another one stands in parentheses if it has settings: `lookahead:k=5,inner=(heavy-ball:beta=0.5)`.
    A rule may be one of optax's optimisers, and anything may be an object of a Python file,
    `my_rules.py:mine`, which is run. Raises InputError for an unknown name or setting and for values that
    are no numbers.
    """
    name, _, rest = text.partition(":")
    name = name.strip()
    if name.endswith(".py"):
        return _from_file(name, rest.strip(), registry, what)
    kind = registry.get(name)
    if kind is not None:
        known = {f.name: f.default for f in dataclasses.fields(kind)}
        return kind(**_settings(name, rest, known, registry, what))
    if what == "rule" and name and _is_optax(name):
        given = _settings(name, rest, None, registry, what)
        return named_optax(name, given.pop("lr", 0.1), given)
    near = difflib.get_close_matches(name, registry, 1)
    meant = f"did you mean {near[0]}? There" if near else "there"
    raise InputError(f"there is no {what} called {name!r}; {meant} are {', '.join(registry)}")


def _settings(
    name: str, text: str, known: Mapping[str, Any] | None, registry: Mapping[str, type], what: str
) -> dict[str, Any]:
    given: dict[str, Any] = {}
    parts = [part for part in _split(text) if part.strip()]
    for key, value in assignments(parts, f"{what} {name}").items():
        setting, dot, player = key.partition(".")
        if known is not None and setting not in known:
            has = f"its settings are {', '.join(known)}" if known else "it has no settings"
            raise InputError(f"{what} {name} has no setting {setting!r}; {has}")
        worth = _setting(name, setting, value, registry, what)
        if not dot:
            given[setting] = {"": worth, **given[setting]} if setting in given else worth
            continue
        if not isinstance(given.get(setting), dict):
            default = None if known is None else known[setting]
            others = given.get(setting, default)
            given[setting] = {} if setting in ALONE else {"": others}
        given[setting][player] = worth
    return given


def _setting(name: str, setting: str, value: str, registry: Mapping[str, type], what: str) -> Any:
    if setting == "inner":
        inside = value[1:-1] if value.startswith("(") and value.endswith(")") else value
        return from_text(inside, registry, what)
    if setting == "order":
        parts = tuple(part.strip() for part in value.split("+"))
        return parts if name == "alternating" or len(parts) > 1 else value
    if setting in NAMES:
        return value
    if setting in FLAGS or value in ("true", "false"):
        if value not in ("true", "false"):
            raise InputError(f"{what} {name}: {setting} is true or false, not {value}")
        return value == "true"
    exact = number(value, f"{what} {name}, {setting}")
    if setting in WHOLE:
        if not exact.is_Integer:
            raise InputError(f"{what} {name}: {setting} is a whole number, not {value}")
        return int(exact)
    return float(exact)


def _split(text: str) -> list[str]:
    """The text at its commas, but not at those in parentheses."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _is_optax(name: str) -> bool:
    if importlib.util.find_spec("optax") is None:
        return False
    return optax_constructor(name) is not None


def _from_file(path: str, attribute: str, registry: Mapping[str, type], what: str) -> Any:
    if not attribute:
        raise InputError(f"say which object of {path} is the {what}, as in {path}:name")
    found = python_object(path, attribute)
    kinds = next(iter(registry.values())).__mro__
    base = next(kind for kind in kinds if kind.__name__ == what.capitalize())
    if isinstance(found, type) and issubclass(found, base):
        found = found()
    if not isinstance(found, base):
        raise InputError(f"{path}:{attribute} is no {what} but {type(found).__name__}")
    return found
