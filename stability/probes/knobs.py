"""The numbers of an algorithm that advice is about: step sizes, their ratio, momentum, penalties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from functools import partial

import numpy as np

from ..penalties import Penalty
from ..rules.family import StepFamily
from .stable_range import SIGNED, Scale, octaves

_STRENGTHS = ("gamma", "coefficient", "strength", "eta")  # what penalties call it
_DOWN = 3.0  # octaves that are looked at below a stable step size: smaller ones rarely are not


@dataclass(frozen=True)
class Knob:
    """One number that is varied while all others are held.

    - `name`: `lr`, `lr.disc`, `ratio`, `momentum`, `r1.gamma`. `what`: in words.
    - `now`: its value. `scale`: how it is walked along.
    - `numbers`: a value of it ↦ the numbers of the `StepFamily`.
    - `time`: a value of it ↦ how much further the flow goes in a step than it does now, at most.
    """

    name: str
    what: str
    now: float
    scale: Scale
    numbers: Callable[[float], np.ndarray]
    time: Callable[[float], float]


def knobs(family: StepFamily, penalties: Sequence[Penalty]) -> tuple[Knob, ...]:
    """Every number of the family, by itself; `penalties` are those with a weight, in order."""
    n, now = len(family.players), family.now
    common = len(set(now[:n].tolist())) == 1
    found = []

    def changed(places: Sequence[int], factors: Callable[[float], Sequence[float]]) -> Callable:
        def numbers(value: float) -> np.ndarray:
            own = now.copy()
            own[list(places)] *= factors(value)
            return own

        return numbers

    everybody = range(n)
    if common:
        lr = float(now[0])
        numbers = changed(everybody, lambda value: [value / lr] * n)
        what = "step size" if n == 1 else "step size of every player"
        found.append(Knob("lr", what, lr, octaves(lr, _DOWN), numbers, lambda value: value / lr))
    else:
        numbers = changed(everybody, lambda value: [value] * n)
        what = "factor on all step sizes"
        found.append(Knob("lr factor", what, 1.0, octaves(1.0, _DOWN), numbers, float))
    if n > 1:
        for i, player in enumerate(family.players):
            lr = float(now[i])
            numbers = changed([i], lambda value, lr=lr: [value / lr])
            what = f"step size of {player} alone"
            further = partial(_further, lr)
            found.append(Knob(f"lr.{player}", what, lr, octaves(lr, _DOWN), numbers, further))
    if n == 2:
        one, other = family.players
        ratio = float(now[0] / now[1])

        def both(value: float) -> Sequence[float]:
            root = (value / ratio) ** 0.5
            return [root, 1 / root]

        what = f"ratio of the step sizes, {one} to {other}, at the same product"
        found.append(
            Knob(
                "ratio", what, ratio, octaves(ratio), changed([0, 1], both), lambda r: max(both(r))
            )
        )
    if family.momentum is not None and -1 < family.momentum < 1:

        def with_value(value: float) -> np.ndarray:
            own = now.copy()
            own[n] = value
            return own

        found.append(
            Knob("momentum", "momentum", family.momentum, SIGNED, with_value, family.momentum_time)
        )
    first = len(now) - len(penalties)
    for i, penalty in enumerate(penalties):
        strength = strength_of(penalty)
        if strength is not None and strength[1] < 0:
            strength = None
        name, value = strength or ("factor", 1.0)
        numbers = changed([first + i], lambda new, value=value: [new / value])
        what = f"{name} of {penalty.name}" if strength else f"factor on {penalty.name}"
        own = f"{penalty.name}.{name}"
        found.append(Knob(own, what, value, octaves(value), numbers, lambda _: 1.0))
    return tuple(found)


def _further(lr: float, value: float) -> float:
    return max(1.0, value / lr)


def strength_of(penalty: Penalty) -> tuple[str, float] | None:
    """The setting by which all of a penalty is multiplied, and its value; None where it is not one number."""
    for own in dataclass_fields(penalty):  # pyright: ignore[reportArgumentType]
        if own.name in _STRENGTHS:
            try:
                return own.name, float(getattr(penalty, own.name))
            except TypeError:  # one for each player, or a parameter of the game's
                return None
    return None


def is_factor(penalty: Penalty) -> bool:
    """Whether the penalty's terms are proportional to its strength, and there are any."""
    named = any(own.name in _STRENGTHS for own in dataclass_fields(penalty))  # pyright: ignore[reportArgumentType]
    strength = strength_of(penalty)
    return named and (strength is None or strength[1] != 0)
