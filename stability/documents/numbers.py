"""Numbers as people read them: six significant digits, conjugate pairs as one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

DIGITS = 6
SPACE = "\u00a0"  # never broken at the end of a line
MISSING = "—"
MANY = 8  # up to this dimension every coordinate and every eigenvalue is shown
TOGETHER = 3  # up to this dimension a point is not broken at the end of a line
LEADING = 6  # above MANY, this many eigenvalues


def number(x: float | None, digits: int = DIGITS) -> str:
    """A real number with `digits` significant digits; a dash if there is none."""
    if x is None or not math.isfinite(x):
        return MISSING
    return _minus(f"{float(x) + 0.0:.{digits}g}")  # + 0.0 turns -0.0 into 0.0


def apart(numbers: Sequence[float], digits: int = DIGITS) -> list[str]:
    """Different numbers with at least so many digits, and more where they would be written alike."""
    while True:
        shown = [number(x, digits) for x in numbers]
        if digits >= 17 or len(set(shown)) == len(set(numbers)):
            return shown
        digits += 1


def beside(x: float, boundary: float, below: bool, digits: int = DIGITS) -> str:
    """A number that is known to lie below a boundary, or above it, in a text that does not deny it.

    `0.999`; where these digits would round it away, `1 − 3.2e-12`; `just below 1` where x itself is off.
    """

    def kept(text: str) -> bool:
        shown = float(text)
        return shown < boundary if below else shown > boundary

    text = f"{x:.{digits}g}"
    if kept(text):
        return text
    side, sign = ("below", "−") if below else ("above", "+")
    distance = boundary - x if below else x - boundary
    return f"{boundary:g} {sign} {distance:.2g}" if distance > 0 else f"just {side} {boundary:g}"


def within(x: float, error: float) -> str:
    """A number with its error, in the digits that it leaves: `0 ± 2e-14`, `0.97 ± 0.01`."""
    if not (math.isfinite(error) and error > 0):
        return f"{x:.{DIGITS}g}"
    decimals = -math.floor(math.log10(error))
    shown = round(x, decimals)
    text = f"{shown:.{decimals}f}" if shown and 0 < decimals <= DIGITS else f"{shown + 0.0:.15g}"
    return f"{text} ± {error:.1g}"


def radius(x: float | None, error: float = 0.0) -> str:
    """A spectral radius, with as many digits as it takes to tell it from one.

    One that is not told from one by its `error` is written as 1.
    """
    if x is None or not math.isfinite(x):
        return MISSING
    distance = abs(x - 1)
    if distance <= error:
        return "1"
    if distance >= 1e-3:
        return number(x)
    if distance < 1e-9:
        return f"1{SPACE}{'+' if x > 1 else '−'}{SPACE}{distance:.1e}"
    return f"{x:.{2 - math.floor(math.log10(distance))}f}".rstrip("0")


def eigenvalues(values: np.ndarray | None, kind: str, error: float | None = None) -> str:
    """Eigenvalues (`kind` "flow") or multipliers ("map"); above dimension 8 the leading six.

    Conjugate pairs become `a ± bi`, repeated values are counted. A real or imaginary part below
    `error`, or below the rounding of the whole number, is shown as zero.
    """
    if values is None:
        return MISSING
    values = np.asarray(values, dtype=complex)
    if len(values) > MANY and kind == "map":
        values = values[np.argsort(-np.abs(values), kind="stable")]
    groups = _pairs([_snapped(v, error) for v in values])
    shown, taken = [], 0
    for text, size, count in groups:
        if len(values) > MANY and taken and taken + size * count > LEADING:
            break
        taken += size * count
        shown.append(text if count == 1 else f"{text}{SPACE}({repeated(count)})")
    more = len(values) - taken
    return ", ".join(shown) + (f", … and {more} more" if more else "")


def per_player(value: Any) -> str:
    """A number, or one for each player."""
    if isinstance(value, Mapping):
        return ", ".join(f"{p or 'others'}{SPACE}{number(v)}" for p, v in value.items())
    return number(value)


def values_of(point: Mapping[str, float], digits: int = DIGITS) -> str:
    """The coordinates of a point: `(0, 1.5)`; above dimension 8 the first eight and the norm."""
    x = np.array(list(point.values()), dtype=float)
    x = np.where(np.abs(x) < 1e-15 * np.abs(x).max(initial=0.0), 0.0, x)
    shown = [number(v, digits) for v in x[:MANY]]
    if len(x) > MANY:
        shown.append(f"… and {len(x) - MANY} more")
        return f"({', '.join(shown)}) of norm {number(float(np.linalg.norm(x)), digits)}"
    return together(shown)


def together(items: Sequence[str]) -> str:
    """`a` or `(a, b)`, not broken at the end of a line if it is short."""
    if len(items) == 1:
        return items[0]
    return f"({(',' + (SPACE if len(items) <= TOGETHER else ' ')).join(items)})"


def named(names: Sequence[str], values: str) -> str:
    """`(x, y) = values`, or the values alone where the names would fill a paragraph."""
    if len(names) > MANY:
        return values
    return f"{together(names)} = {values}"


def point(coordinates: Mapping[str, float]) -> str:
    """A point with its names: `(x, y) = (0, 1.5)`."""
    return named(list(coordinates), values_of(coordinates))


def sentence(text: str) -> str:
    """A sentence with the minus signs of its numbers written as in all other numbers."""
    return re.sub(r"(?<![\w)\]−-])-(?=\.?\d)", "−", text)


def repeated(count: int) -> str:
    """`twice`, `3 times`."""
    return "twice" if count == 2 else f"{count}{SPACE}times"


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def _minus(text: str) -> str:
    return "−" + text[1:] if text.startswith("-") else text


def _snapped(value: complex, error: float | None) -> complex:
    floor = 4e-16 * abs(value)
    if error is not None and error < 1e-6 * abs(value):
        floor = max(floor, error)
    return complex(*(part if abs(part) > floor else 0.0 for part in (value.real, value.imag)))


def _pairs(values: Sequence[complex]) -> list[tuple[str, int, int]]:
    """(text, eigenvalues in it, how often) in the order of first appearance."""
    rest, counts = list(values), dict[tuple[str, int], int]()
    while rest:
        value = rest.pop(0)
        near = [abs(value.conjugate() - other) <= 1e-9 * abs(value) for other in rest]
        if value.imag and any(near):
            rest.pop(near.index(True))
            key = (_complex(value.real, abs(value.imag), "±"), 2)
        elif value.imag:
            key = (_complex(value.real, abs(value.imag), "+" if value.imag > 0 else "−"), 1)
        else:
            key = (number(value.real), 1)
        counts[key] = counts.get(key, 0) + 1
    return [(text, size, count) for (text, size), count in counts.items()]


def _complex(real: float, imaginary: float, sign: str) -> str:
    size = number(imaginary)
    size = "i" if size == "1" else f"{size}i"
    if real == 0:
        return size if sign == "+" else f"{sign}{size}"
    return f"{number(real)}{SPACE}{sign}{SPACE}{size}"
