"""Rules, fields, penalties and conditions made of text, `alternating:lr=0.1,steps.disc=2`, and back."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..documents.settings import Setting, as_option, settings_of
from ..dynamics.flow import Flow
from ..dynamics.partition import Partition
from ..errors import InputError
from ..fields import FIELDS, Field
from ..games.expressions import parse_expression
from ..games.load import python_object
from ..penalties import PENALTIES, Penalty
from ..rules import RULES, Rule
from ..rules.optax_rule import named_optax, optax_constructor, optax_settings
from ..verdicts.named_conditions import CONDITIONS, Condition

_TRIALS = 3  # steps by which two rules are told apart


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
    if name in registry:
        kind = registry[name]
        return kind(**_settings(name, rest, settings_of(kind), registry, what))
    if what == "rule" and (constructor := _in_optax(name)) is not None:
        given = _settings(name, rest, optax_settings(constructor), registry, what)
        return named_optax(name, given.pop("lr", 0.1), given)
    near = difflib.get_close_matches(name, registry, 1)
    meant = f"did you mean {near[0]}? There" if near else "there"
    raise InputError(f"there is no {what} called {name!r}; {meant} are {', '.join(registry)}")


def _settings(
    name: str, text: str, known: Mapping[str, Setting], registry: Mapping[str, type], what: str
) -> dict[str, Any]:
    given: dict[str, Any] = {}
    parts = [part for part in _split(text) if part.strip()]
    for key, value in assignments(parts, f"{what} {name}").items():
        setting, dot, player = key.partition(".")
        if setting not in known:
            has = f"its settings are {', '.join(known)}" if known else "it has no settings"
            raise InputError(f"{what} {name} has no setting {setting!r}; {has}")
        if known[setting].read == "rule":
            inside = value[1:-1] if value.startswith("(") and value.endswith(")") else value
            worth = from_text(inside, registry, what)
        else:
            worth = _value(value, known[setting].read, f"{what} {name}", setting)
        if not dot:
            given[setting] = {"": worth, **given[setting]} if setting in given else worth
            continue
        if not isinstance(given.get(setting), dict):
            others = given.get(setting, known[setting].default)
            given[setting] = {"": others} if known[setting].others else {}
        given[setting][player] = worth
    return given


def _value(text: str, read: str, whose: str, setting: str) -> Any:
    """What a text says, read as a `Setting` is to be."""
    if read == "names":
        names = tuple(part.strip() for part in text.split("+"))
        return names if len(names) > 1 else text
    if read == "name":
        return text
    if text in ("true", "false"):
        return text == "true"
    if read == "flag":
        raise InputError(f"{whose}: {setting} is true or false, not {text}")
    exact = number(text, f"{whose}, {setting}")
    if read != "whole":
        return float(exact)
    if not exact.is_Integer:
        raise InputError(f"{whose}: {setting} is a whole number, not {text}")
    return int(exact)


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


def _in_optax(name: str) -> Any:
    """optax's function of that name, if it is installed and that makes an optimiser."""
    return optax_constructor(name) if name and importlib.util.find_spec("optax") else None


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


def penalty_text(own: Penalty) -> str | None:
    """The text of a penalty; None for one that no text makes again, such as a class of the user's own."""
    text, again = _read_again(own, penalty)
    return text if again is not None and again == own else None


def rule_text(own: Rule, players: Sequence[str]) -> str | None:
    """The text of a rule for games with these players; None for one that no text makes again."""
    text, again = _read_again(own, rule)
    if again is None or type(again) is not type(own):
        return None
    return text if again == own or _same_steps(own, again, players) else None


def _read_again(thing: Any, read: Callable[[str], Any]) -> tuple[str, Any]:
    text = as_option(
        thing.name, thing.settings
    )  # all of them, whatever the defaults will be one day
    try:
        return text, read(text)
    except InputError:
        return text, None


def _same_steps(one: Rule, other: Rule, players: Sequence[str]) -> bool:
    """Whether two rules do the same to the bit, along a linear field of two numbers for each player."""
    partition = Partition(tuple(players), (2,) * len(players))
    random = np.random.default_rng(0)
    d = partition.dimension
    matrix = jnp.asarray(random.standard_normal((d, d)))
    flow = Flow(lambda x: matrix @ x, partition=partition, check=False)
    x = jnp.asarray(random.standard_normal(d))
    states = [one.init(flow, x), other.init(flow, x)]
    for _ in range(_TRIALS):
        states = [rule.step(flow, own) for rule, own in zip((one, other), states, strict=True)]
        if len(states[0]) != len(states[1]):
            return False
        if not all(map(np.array_equal, *states)):
            return False
    return True
