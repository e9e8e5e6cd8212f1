"""Zeros of a function along many segments at once: with a change of sign by bisection, without one by dips.

Only values are asked for, so kinks do no harm.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Values = Callable[[np.ndarray], np.ndarray]

_HALVINGS = 54  # to the last bit of the position in the segment
_SECTIONS = 60
_GOLDEN = (np.sqrt(5) - 1) / 2
_SHRUNK = 1e-3  # a zero's values shrink at least as much; those of poles and jumps do not
_TOUCH = 1e-8  # relative to the values around it, what counts as a zero without change of sign
_DEEP = 0.75  # a dip that may reach zero is at most this part of the values beside it


def crossings(
    values: Values,
    begin: np.ndarray,
    end: np.ndarray,
    begin_value: np.ndarray,
    end_value: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Where a function passes through zero on segments at whose ends it has opposite signs.

    `values`: points (n, k) ↦ (n,); `begin`, `end`, shape (n, k); their values, shape (n,), of which a zero
    counts as the sign opposite to the other end's.

    Returns the points, shape (n, k), and whether each is a zero, shape (n,), and no pole or jump.
    """
    if not len(begin):
        return begin, np.zeros(0, dtype=bool)
    positive = np.where(begin_value == 0, end_value < 0, begin_value > 0)
    low, high = np.zeros(len(begin)), np.ones(len(begin))
    low_value, high_value = np.abs(begin_value), np.abs(end_value)
    scale = np.fmax(low_value, high_value)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        value = values(_between(begin, end, middle))
        lower = np.where(value == 0, False, (value > 0) == positive)
        low, high = np.where(lower, middle, low), np.where(lower, high, middle)
        low_value = np.where(lower, np.abs(value), low_value)
        high_value = np.where(lower, high_value, np.abs(value))
    nearer = low_value < high_value
    residual = np.fmax(low_value, high_value)  # of both sides: at a jump one of them may hit zero
    return _between(begin, end, np.where(nearer, low, high)), residual <= _SHRUNK * scale


def deep(f: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Where |f| dips so that it may reach zero: between the outer two of three neighbours of one sign.

    `f` and their signs, shape (…, n); returns shape (…, n − 2).
    """
    a, b, c = (np.abs(f[..., k : k + f.shape[-1] - 2]) for k in range(3))
    middle = sign[..., 1:-1]
    same = (sign[..., :-2] == middle) & (sign[..., 2:] == middle) & np.isfinite(a + b + c)
    beside = np.fmax(a, c)
    return same & (b <= a) & (b <= c) & (b <= _DEEP * beside) & (beside > 0)


def dips(
    values: Values,
    begin: np.ndarray,
    end: np.ndarray,
    sign: np.ndarray,
    scale: np.ndarray,
    noise: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The least value of `sign`·f on segments at whose ends and somewhere between f has that sign.

    `scale`, shape (n,): the values around; `noise`: what rounding leaves of a zero.

    Returns its place on each segment, in [0, 1], whether f touches zero there, and whether f is beyond zero
    there, so that it has two zeros on the segment: each of shape (n,).
    """
    if not len(begin):
        empty = np.zeros(0)
        return empty, empty.astype(bool), empty.astype(bool)
    low, high = np.zeros(len(begin)), np.ones(len(begin))
    first, second = 1 - _GOLDEN + low, _GOLDEN + low

    def value(t: np.ndarray) -> np.ndarray:
        return np.nan_to_num(sign * values(_between(begin, end, t)), nan=np.inf)

    at_first, at_second = value(first), value(second)
    for _ in range(_SECTIONS):
        left = at_first < at_second
        low, high = np.where(left, low, first), np.where(left, second, high)
        new = np.where(left, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        at_new = value(new)
        first, second = np.where(left, new, second), np.where(left, first, new)
        at_first, at_second = np.where(left, at_new, at_second), np.where(left, at_first, at_new)
    place = np.where(at_first < at_second, first, second)
    least = np.fmin(at_first, at_second)
    beyond = least < -np.fmax(noise, _TOUCH * scale)
    return place, np.abs(least) <= np.fmax(noise, _TOUCH * scale), beyond


_PIECES = 2048  # of an interval, between whose ends zeros are looked for


def zeros_on_interval(values: Values, low: float, high: float) -> np.ndarray:
    """The zeros of a function of one variable, points (n, 1) ↦ (n,), in [low, high], increasing."""
    steps = np.linspace(0.0, 1.0, _PIECES + 1)
    nodes = low + (high - low) * uneven(steps)
    f = values(nodes[:, None])
    noise = rounding(f)
    ends = np.array([low, high])[np.abs(f[[0, -1]]) <= noise]
    sign = np.where(f >= 0, 1.0, -1.0)
    changed = np.flatnonzero((sign[1:] != sign[:-1]) & np.isfinite(f[1:]) & np.isfinite(f[:-1]))
    through, true = crossings(
        values, nodes[changed, None], nodes[changed + 1, None], f[changed], f[changed + 1]
    )
    dip = 1 + np.flatnonzero(deep(f, sign))
    begin, end = nodes[dip - 1, None], nodes[dip + 1, None]
    scale = np.fmax(np.abs(f[dip - 1]), np.abs(f[dip + 1]))
    place, touches, beyond = dips(values, begin, end, sign[dip], scale, noise)
    least = _between(begin, end, place)
    hidden = []
    for outer in (begin, end):  # a pair between two nodes: one zero on each side of the dip
        there, ok = crossings(
            values, outer[beyond], least[beyond], values(outer[beyond]), values(least[beyond])
        )
        hidden.append(there[ok])
    zeros = np.sort(np.concatenate([through[true], least[touches], *hidden, ends[:, None]])[:, 0])
    apart = np.diff(zeros, prepend=-np.inf) > 1e-9 * (high - low)
    return zeros[apart]


def uneven(steps: np.ndarray) -> np.ndarray:
    """[0, 1] onto itself, smoothly and so that no simple fraction goes to one.

    Curves of textbooks have a way of passing exactly through the nodes of even grids.
    """
    moved = steps + 0.0318309886 * np.sin(np.pi * steps) + 0.0112837917 * np.sin(2 * np.pi * steps)
    moved[0], moved[-1] = 0.0, 1.0  # not what rounding makes of them
    return moved


def rounding(values: np.ndarray) -> float:
    """What rounding may leave of a zero of a function that has these values."""
    known = np.abs(values[np.isfinite(values)])
    return 1e-14 * float(np.median(known)) if known.size else 0.0


def _between(begin: np.ndarray, end: np.ndarray, t: np.ndarray) -> np.ndarray:
    return begin + (end - begin) * t[:, None]
