"""What can be varied by name: a game's parameters, and the settings of its field, rule and penalties."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import InputError

_INSIDE = 1e-9  # of an interval: its ends themselves need not be allowed, as zero for a timescale


@dataclass(frozen=True)
class Axis:
    """One thing that can be varied, as `resolve` understood its `name`.

    `owner` is "parameter", "field", "rule" or "penalty"; `position` says which penalty; `player` is None
    for a setting that all players share.
    """

    name: str
    owner: str
    setting: str
    player: str | None = None
    position: int = 0


@dataclass(frozen=True)
class Interval:
    """What varies, by name, and between which values; `high` may be ∞."""

    name: str
    low: float
    high: float

    @property
    def inner(self) -> np.ndarray:
        """Three numbers that stand for the interval: next to its ends, and in the middle."""
        width = self.high - self.low if math.isfinite(self.high) else max(1.0, abs(self.low))
        return self.low + width * np.array([_INSIDE, 0.5, 1 - _INSIDE])


@dataclass(frozen=True)
class Setup:
    """A game's parameters (by name) together with the field, the rule and the penalties that are used."""

    parameters: Mapping[str, Any]
    field: Any = None
    rule: Any = None
    penalties: tuple[Any, ...] = ()
    players: tuple[str, ...] = ()

    def value(self, axis: Axis) -> Any:
        """The value that the axis has now; a parameter without one has None."""
        if axis.owner == "parameter":
            return self.parameters[axis.setting]
        value = getattr(self._owner(axis), axis.setting)
        if isinstance(value, Mapping):
            return value.get(axis.player, value.get("")) if axis.player else value
        return value

    def with_value(self, axis: Axis, value: Any) -> Setup:
        """The same with another value, which may be a number that JAX traces or a SymPy symbol.

        Raises InputError if the setting does not take the value.
        """
        if axis.owner == "parameter":
            return replace(self, parameters={**self.parameters, axis.setting: value})
        owner = self._owner(axis)
        if axis.player is not None:
            before = getattr(owner, axis.setting)
            others = before if isinstance(before, Mapping) else {"": before}
            value = {**others, axis.player: value}
        changed = replace(owner, **{axis.setting: value})
        if axis.owner == "penalty":
            penalties = list(self.penalties)
            penalties[axis.position] = changed
            return replace(self, penalties=tuple(penalties))
        return (
            replace(self, field=changed) if axis.owner == "field" else replace(self, rule=changed)
        )

    def takes(self, axis: Axis, values: np.ndarray) -> tuple[np.ndarray, str | None]:
        """Which of the values, shape (n,), the axis may have, a mask, and what is wrong with another one."""

        def wrong(value: float) -> str | None:
            try:
                self.with_value(axis, float(value))
            except InputError as error:
                return str(error)
            return None

        ends = () if axis.owner == "parameter" else (values.min(), values.max())
        if not any(map(wrong, ends)):  # what settings may be is an interval
            return np.ones(len(values), bool), None
        reasons = [wrong(value) for value in values]
        taken = np.array([reason is None for reason in reasons])
        return taken, next(filter(None, reasons), None)

    def _owner(self, axis: Axis) -> Any:
        return (
            self.penalties[axis.position] if axis.owner == "penalty" else getattr(self, axis.owner)
        )


def resolve(name: str, setup: Setup) -> Axis:
    """The axis that a name means.

    `gamma` is the game's parameter, or the setting of that name if only one thing has it; `lr` is the
    rule's step size and `lr.PLAYER` one player's; `consensus.gamma`, `heavy-ball.beta` and `parameter.gamma`
    say whose it is.

    Raises InputError for a name that means nothing, or several things, or a setting that is no real number.
    """

    def whole(axis: Axis) -> bool:
        return axis.owner != "parameter" and _is_whole(setup._owner(axis), axis.setting)

    found = [axis for names, axis in _candidates(setup) if name in names]
    if not found:
        known = (
            ", ".join(names[0] for names, axis in _candidates(setup) if not whole(axis))
            or "nothing"
        )
        raise InputError(f"there is no {name} to vary; there is {known}")
    if len(found) > 1:
        full = " or ".join(dict.fromkeys(_full_name(axis, setup) for axis in found))
        raise InputError(f"the name {name} may mean several things; say which one: {full}")
    axis = replace(found[0], name=name)
    if whole(axis):
        raise InputError(
            f"{name} is a whole number, which cannot be varied continuously; fix it, one run for each value"
        )
    return axis


def has(name: str, setup: Setup) -> bool:
    """Whether a name means something there, be it several things."""
    return any(name in names for names, _ in _candidates(setup))


def _candidates(setup: Setup) -> Iterator[tuple[list[str], Axis]]:
    """Every axis with the names it answers to, the shortest first."""
    for parameter in setup.parameters:
        yield [parameter, f"parameter.{parameter}"], Axis(parameter, "parameter", parameter)
    owners = [("field", 0, setup.field), ("rule", 0, setup.rule)]
    owners += [("penalty", i, penalty) for i, penalty in enumerate(setup.penalties)]
    for kind, position, owner in owners:
        for setting in _settings(owner):
            players = setup.players if _by_player(owner, setting) else ()
            short = setting if kind == "rule" else f"{owner.name}.{setting}"
            for player in (None, *players):
                end = "" if player is None else f".{player}"
                names = [f"{setting}{end}", f"{owner.name}.{setting}{end}"]
                names.sort(key=lambda name: name != f"{short}{end}")
                yield names, Axis(names[0], kind, setting, player, position)


def _settings(owner: Any) -> list[str]:
    """The settings that hold numbers, now or by default."""
    if owner is None:
        return []
    return [
        f.name
        for f in dataclasses.fields(owner)
        if any(_is_number(v) for v in (f.default, *_values(getattr(owner, f.name))))
    ]


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, Mapping) else [value]


def _is_number(value: Any) -> bool:
    import sympy

    return isinstance(value, (int, float, sympy.Expr)) and not isinstance(value, bool)


def _is_whole(owner: Any, setting: str) -> bool:
    default = next(f.default for f in dataclasses.fields(owner) if f.name == setting)
    return isinstance(default, int)


def _by_player(owner: Any, setting: str) -> bool:
    return setting in ("lr", "tau", "steps") or _keyed_by_player(getattr(owner, setting))


def _keyed_by_player(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _full_name(axis: Axis, setup: Setup) -> str:
    owner = "parameter" if axis.owner == "parameter" else setup._owner(axis).name
    return f"{owner}.{axis.setting}" + ("" if axis.player is None else f".{axis.player}")
