"""Whether expressions vanish identically, and functions at points of a box."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import sympy

from ..time_limits import in_time

_SECONDS = 2.0
_POINTS = 6
_DIGITS = 30
_ROUNDING = 1e-9  # of the terms: what rounding may leave in float64


def is_zero_identically(expression: sympy.Expr) -> bool:
    """Whether an expression is zero for all values of its symbols, wherever it is real and finite.

    By expansion and simplification, and where these leave something by its values, to 30 digits, at random
    rational points: an analytic function that is not zero everywhere is zero at none of them, but for a set
    of measure zero.
    """
    expanded = in_time(_SECONDS, lambda: sympy.expand(expression), expression)
    if expanded == 0:
        return True
    random = np.random.default_rng(0)
    symbols = sorted(expanded.free_symbols, key=str)
    seen = 0
    for _ in range(8 * _POINTS):
        put = {
            s: sympy.Rational(int(random.integers(1, 4000)), 1009)
            * (1 if s.is_nonnegative else -1 if s.is_nonpositive else int(random.choice([-1, 1])))
            for s in symbols
        }
        terms = [term.xreplace(put).evalf(_DIGITS) for term in sympy.Add.make_args(expanded)]
        if not all(term.is_real and term.is_finite for term in terms):
            continue
        size = max(abs(term) for term in terms)
        if abs(sympy.Add(*terms)) > size * sympy.Float(10) ** (10 - _DIGITS):
            return False
        seen += 1
        if seen == _POINTS:
            return True
    return False  # real nowhere that was tried


def points_to_try(system: Any, count: int = 16) -> np.ndarray:
    """The start, and random points in the box (default: within 2 of the start), shape (count + 1, d)."""
    start = np.zeros(system.dimension) if system.start is None else np.asarray(system.start, float)
    near = [(x - 2.0, x + 2.0) for x in start]
    sides = [system.box.get(v, own) for v, own in zip(_names(system.variables), near, strict=True)]
    low, high = np.array(sides, float).reshape(-1, 2).T
    inside = np.random.default_rng(0).uniform(low, high, (count, len(low)))
    return np.concatenate([start[None], inside])


def vanishes_at(values: np.ndarray, sizes: np.ndarray) -> bool | None:
    """Whether values are zero up to rounding of their terms' sizes; None where none is finite."""
    known = np.isfinite(values) & np.isfinite(sizes)
    if not known.any():
        return None
    return bool((np.abs(values[known]) <= _ROUNDING * sizes[known]).all())


def _names(variables: Iterable[Any]) -> list[str]:
    return [str(v) for v in variables]
