"""Reading the small languages of the command line: points and boxes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stability.analysis.names import assignments, number
from stability.errors import InputError


def point(text: str, option: str = "--at") -> dict[str, Any]:
    """A point such as "x=0,y=1/2", exactly."""
    parts = [part for part in text.split(",") if part.strip()]
    if not parts:
        raise InputError(f'{option} takes a point such as "x=0,y=0"')
    return {
        name: number(value, f"{option} {name}")
        for name, value in assignments(parts, option).items()
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
