"""Sets of positive numbers, such as the stable step sizes, as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from .numbers import DIGITS, apart

Intervals = Sequence[tuple[float, float | None]]  # open, in order; None is infinity
Ends = tuple[str, str | None]


def ends(found: Intervals, digits: int = DIGITS) -> list[Ends]:
    """The ends as text, with as many digits as it takes to tell them apart."""
    shown = []
    for low, high in found:
        first, *second = apart((low,) if high is None else (low, high), digits)
        shown.append((first, second[0] if second else None))
    return shown


def intervals(found: Intervals, digits: int = DIGITS) -> str:
    """For a cell of a table: `< 1.2`, `0.5 to 2, > 3`, `all` or `none`."""
    return ", ".join(_cell(*own) for own in ends(found, digits)) or "none"


def spoken(found: Intervals, digits: int = DIGITS) -> str:
    """In a sentence, after a noun: `below 1.2`, `between 0.5 and 2 or above 3`."""
    return " or ".join(_phrase(*own) for own in ends(found, digits))


def inequalities(found: Sequence[Ends], what: str = "lr") -> str:
    """`0.5 < lr < 2 or lr > 3` from the ends as text."""
    return " or ".join(_inequality(low, high, what) for low, high in found)


def _cell(low: str, high: str | None) -> str:
    if high is None:
        return "all" if low == "0" else f"> {low}"
    return f"< {high}" if low == "0" else f"{low} to {high}"


def _phrase(low: str, high: str | None) -> str:
    if high is None:
        return "of any size" if low == "0" else f"above {low}"
    return f"below {high}" if low == "0" else f"between {low} and {high}"


def _inequality(low: str, high: str | None, what: str) -> str:
    if high is None:
        return f"{what} > {low}"
    return f"{what} < {high}" if low == "0" else f"{low} < {what} < {high}"
