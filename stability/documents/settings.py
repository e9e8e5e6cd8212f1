"""Settings of rules, fields, penalties and conditions: how text is read as one, and how it becomes text."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from .numbers import number


@dataclasses.dataclass(frozen=True)
class Setting:
    """A setting's default, and how text is read for it.

    - `read`: as a number, a whole number, `true` or `false`, a name, one or several names (`a+b`), or a rule.
    - `others`: whether those who have no value of their own, where some have, keep the default.
    """

    default: Any
    read: Literal["number", "whole", "flag", "name", "names", "rule"] = "number"
    others: bool = True


def setting(default: Any, **read: Any) -> Any:
    """A field of a dataclass that is a `Setting`, of which these are the arguments."""
    return dataclasses.field(default=default, metadata=read)


def settings_of(owner: Any) -> dict[str, Setting]:
    """The settings of a dataclass by name; numbers, unless `setting` says otherwise."""
    return {f.name: Setting(f.default, **f.metadata) for f in dataclasses.fields(owner)}


def as_option(name: str, values: Mapping[str, Any], owner: Any = None) -> str:
    """`alternating:lr=0.1,steps.disc=2`, as on the command line, without what is None.

    With its `owner`, a dataclass, without the settings that have their defaults either.
    """
    own = [text for key, value in unusual(values, owner).items() for text in _option(key, value)]
    return f"{name}:{','.join(own)}" if own else name


def unusual(values: Mapping[str, Any], owner: Any) -> dict[str, Any]:
    """The settings that are not the defaults of the owner, a dataclass or None."""
    usual = {} if owner is None else settings_of(owner)
    return {k: v for k, v in values.items() if k not in usual or v != usual[k].default}


def settings(values: Mapping[str, Any]) -> str:
    """`lr=0.1, steps.disc=2`, to be read; None and false, the defaults, are left out."""
    return ", ".join(f"{name}={text}" for name, text in _flat("", values))


def with_settings(name: str, values: Mapping[str, Any]) -> str:
    """A name with its settings, to be read: `alternating, lr=0.1, steps.disc=2`."""
    text = settings(values)
    return f"{name}, {text}" if text else name


def _option(key: str, value: Any) -> Iterator[str]:
    """`steps=2`, or `steps.disc=2` for each player in a mapping; None is the default and left out."""
    if isinstance(value, Mapping):
        for player, own in value.items():
            yield from _option(f"{key}.{player}" if player else key, own)
    elif isinstance(value, bool):
        yield f"{key}={str(value).lower()}"
    elif isinstance(value, tuple) and all(isinstance(part, str) for part in value):
        yield f"{key}={'+'.join(value)}"
    elif isinstance(value, str) and ":" in value:
        yield f"{key}=({value})"
    elif value is not None:
        yield f"{key}={value}"


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for key, value in values.items():
        name = f"{prefix}.{key}" if prefix and key else prefix or key
        if isinstance(value, Mapping):
            yield from _flat(name, value)
        elif isinstance(value, (list, tuple)):
            yield name, "+".join(map(str, value))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield name, number(value)
        elif value is True:
            yield name, "true"
        elif value is not None and value is not False:
            yield name, f"({value})" if ":" in str(value) else str(value)
