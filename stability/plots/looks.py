"""One look for each algorithm: its colour, marker and line style, the same in every picture."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..rules import RULES
from .style import ALGORITHMS

MARKERS = ("o", "^", "s", "D", "v", "p", "*")
DASHES = (
    "solid", (0, (4, 1.5)), (0, (5, 1, 1, 1)), (0, (7, 1.5)), (0, (4, 1, 1, 1, 1, 1)), (0, (2, 1)),
)  # fmt: skip
_SETTING = re.compile(r"([\w.-]+)=([^,\s)]+)")


@dataclass(frozen=True)
class Look:
    """How an algorithm is drawn: `color`, `marker` for its steps, `line` for its curves."""

    color: str
    marker: str
    line: Any


def look(number: int) -> Look:
    """One of many looks: the first eight differ in colour, all of the first 168 in something."""
    return Look(
        ALGORITHMS[number % len(ALGORITHMS)],
        MARKERS[number % len(MARKERS)],
        DASHES[number % len(DASHES)],
    )


def looks(labels: Iterable[str]) -> dict[str, Look]:
    """The looks of the algorithms of a picture, told by their labels (`alternating, lr=0.1`).

    The first eight of `stability.rules.RULES` have looks of their own in every picture. The others, and
    those that are there twice with different settings, have looks that are still free, by name and settings:
    the same algorithms look the same whatever the order in which a picture has them.
    """
    taken: dict[str, int] = {}
    names = list(RULES)
    for label in sorted(set(labels), key=_order):
        name = _name(label)
        own = names.index(name) if name in names else len(ALGORITHMS)
        if own >= len(ALGORITHMS) or own in taken.values():
            own = -1
        taken[label] = own
    free = iter(n for n in range(len(taken) + len(ALGORITHMS)) if n not in taken.values())
    return {label: look(next(free) if n < 0 else n) for label, n in taken.items()}


def _name(label: str) -> str:
    """The rule that a label begins with."""
    found = re.match(r"[\w-]+", label)
    return found[0] if found else label


def _order(label: str) -> tuple:
    """By name, then by field, then by settings, the step size last: a curve over step sizes has none."""
    name = _name(label)
    known = list(RULES).index(name) if name in RULES else len(RULES)
    own, *field = re.split(r"\s+on\s+", label, maxsplit=1)
    settings = sorted(
        (key.startswith("lr"), key, _number(value)) for key, value in _SETTING.findall(own)
    )
    return known, name, field, settings, label


def _number(text: str) -> tuple[float, str]:
    try:
        return float(text.replace("−", "-")), ""
    except ValueError:
        return 0.0, text
