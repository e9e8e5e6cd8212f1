"""Variables that live on a circle: their periods, checked, and which point of a period stands for all."""

from __future__ import annotations

import decimal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from ..errors import InputError, InputTypeError, KeyedError
from .identities import is_zero_identically, points_to_try, vanishes_at
from .many_digits import CONTEXT, DIGITS, ManyDigits
from .points import listed_names
from .symbols import exact

_EDGE = (
    1e-9  # of a period: so near to the open end of it a point counts as at the other, closed one
)
_DENOMINATORS = 64
_EPS = float(np.finfo(float).eps)


def checked_periods(angles: Mapping[Any, Any], variables: Sequence[str]) -> dict[str, sympy.Expr]:
    """The period of every angle, exact, by name, in the order of the variables.

    A float that is a small multiple of π to the last digit is taken for that multiple. Raises InputError
    for a name that is no variable and a period that is no positive number.
    """
    if not isinstance(angles, Mapping):
        raise InputTypeError(
            f"angles map variables to their periods, as in angles={{'{variables[0]}': 2*pi}}, "
            f"not {angles!r}"
        )
    named = {str(key): value for key, value in angles.items()}
    for name in named:
        if name not in variables:
            raise InputError(
                f"the angles name {name}, which is no variable; there are {listed_names(variables)}"
            )
    return {name: _period(name, named[name]) for name in variables if name in named}


def _period(name: str, value: Any) -> sympy.Expr:
    symbols = getattr(value, "free_symbols", None)
    if symbols:
        others = listed_names(sorted(map(str, symbols)))
        raise InputError(f"the period of {name} is a number, and {value} depends on {others}")
    try:
        period = exact(value)
    except InputError:
        raise InputError(
            f"the period of {name} is a positive finite number, not {value!r}"
        ) from None
    if not period.is_positive:
        raise InputError(f"the period of {name} is a positive number, not {value}")
    if period.is_Rational:
        turns = Fraction(float(period) / float(np.pi)).limit_denominator(_DENOMINATORS)
        if abs(float(turns) * np.pi - float(period)) <= 2 * _EPS * float(period):
            return sympy.Rational(turns.numerator, turns.denominator) * sympy.pi
    return period


def check_periodic_formulas(system: Any) -> None:
    """Raises InputError unless a symbolic flow's field has the angles' periods, for all values of parameters.

    A map has to take points that are a period apart to such points: F(x + P) − F(x) is a whole multiple of a
    period in the coordinates that are angles, and zero in the others.
    """
    own = {v.name: v for v in system.variables}
    for name, period in system.angles.items():
        put = {own[name]: own[name] + period}
        for v, e in zip(system.variables, system.expressions, strict=True):
            change = e.xreplace(put) - e
            if system.kind == "map" and v.name in system.angles:
                change -= _whole_turns(change, own.values(), system.angles[v.name])
            if not is_zero_identically(change):
                raise _not_periodic(system.kind, v.name, name, period)


def _whole_turns(change: sympy.Expr, variables: Any, period: sympy.Expr) -> sympy.Expr:
    """The whole multiple of the period that is nearest to a change, seen at one point."""
    symbols = sorted(change.free_symbols, key=str)
    value = change.xreplace(
        {s: sympy.Rational(7 + 2 * i, 19) for i, s in enumerate(symbols)}
    ).evalf(20)
    turns = (value / period).evalf(20)
    return round(float(turns)) * period if turns.is_real and turns.is_finite else sympy.S.Zero


def check_periodic_function(system: Any) -> None:
    """As `check_periodic_formulas`, for a system in JAX, at random points. Raises InputError."""
    points, lengths = points_to_try(system), circle_lengths(system)
    before = system.values(points)
    for i in np.flatnonzero(lengths):
        moved = points.copy()
        moved[:, i] += lengths[i]
        change = system.values(moved) - before
        if system.kind == "map":
            change = nearest(change, lengths)
        size = 1.0 + np.abs(before) + np.abs(moved).max()
        for j, v in enumerate(system.variables):
            if vanishes_at(change[:, j], size[:, j]) is False:
                period = system.angles[system.variables[i]]
                raise _not_periodic(system.kind, v, system.variables[i], period)


def _not_periodic(kind: str, row: str, name: str, period: sympy.Expr) -> KeyedError:
    what = f"the next value of {row}" if kind == "map" else f"the right-hand side of {row}"
    return KeyedError(
        f"angles.{name}",
        f"{what} does not have the period {period} in {name}; give {name} the period of the {kind}, or do "
        "not call it an angle",
    )


def circle_lengths(system: Any) -> np.ndarray:
    """The periods in floating point, shape (d,), 0 for what is no angle."""
    names = [str(v) for v in system.variables]
    return np.array([float(system.angles[v]) if v in system.angles else 0.0 for v in names])


def nearest(differences: Any, lengths: np.ndarray, numbers: Any = np) -> Any:
    """Differences (…, d) of points modulo the periods, the ones nearest to 0; `numbers`: NumPy or JAX's."""
    on = lengths > 0
    safe = np.where(on, lengths, 1.0)
    return numbers.where(on, differences - safe * numbers.round(differences / safe), differences)


def around(points: np.ndarray, middle: Any, lengths: np.ndarray) -> np.ndarray:
    """Points (…, d) with their angles in the period around the middle; other coordinates as they are."""
    return np.where(lengths > 0, nearest(points - middle, lengths) + middle, points)


@dataclass(frozen=True, eq=False)
class Circles:
    """One point for all that are whole periods apart: its angles lie in (middle − P/2, middle + P/2].

    - `periods`: of every coordinate, exact; 0 of one that is no angle. `middle`: shape (d,).
    """

    periods: tuple[sympy.Expr, ...]
    middle: np.ndarray

    @cached_property
    def lengths(self) -> np.ndarray:
        """The periods in floating point, shape (d,)."""
        return np.array([float(p) for p in self.periods])

    def turns(self, points: np.ndarray, errors: Any = 0.0) -> np.ndarray:
        """How many periods to take from points, shape (…, d), that are known up to `errors`, shape (…, 1)."""
        lengths, on = self.lengths, self.lengths > 0
        away = (points - self.middle) / np.where(on, lengths, 1.0)
        slack = _EDGE + errors / np.where(on, lengths, 1.0)
        return np.where(on, np.ceil(away - 0.5 - slack), 0.0)

    def wrap(self, points: np.ndarray, errors: Any = 0.0) -> np.ndarray:
        """The points (…, d) that stand for these, which are known up to `errors`, shape (…, 1)."""
        return points - self.lengths * self.turns(points, errors) + 0.0

    def wrap_exactly(
        self, coordinates: Sequence[sympy.Expr], x: np.ndarray
    ) -> tuple[sympy.Expr, ...]:
        """The point that stands for an exact one, which is x (d,) in floating point."""
        turns = self.turns(x)
        return tuple(
            c - int(n) * period if n else c
            for c, n, period in zip(coordinates, turns, self.periods, strict=True)
        )

    def winding(self, change: np.ndarray) -> tuple[sympy.Expr, ...]:
        """The whole periods, exact, that are nearest to a change (d,)."""
        safe = np.where(self.lengths > 0, self.lengths, 1.0)
        return tuple(
            int(n) * period for n, period in zip(np.round(change / safe), self.periods, strict=True)
        )

    def less_whole_periods(self, change: ManyDigits) -> ManyDigits:
        """A change of a state in many digits, less the whole periods that are nearest to it."""
        with decimal.localcontext(CONTEXT):
            periods = [decimal.Decimal(str(sympy.N(p, DIGITS + 5))) for p in self.periods]

        def less(x: np.ndarray, nudge: int = 0) -> np.ndarray:
            values = change(x, nudge)
            with decimal.localcontext(CONTEXT):
                turns = [
                    round(float(v) / float(p)) if p and v.is_finite() else 0
                    for v, p in zip(values, periods, strict=True)
                ]
                moved = [
                    v - n * p if n else v for v, n, p in zip(values, turns, periods, strict=True)
                ]
            return np.array(moved, dtype=object)

        return less
