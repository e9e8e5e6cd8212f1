"""From a numeric zero to an exact one: right guesses are proved, wrong ones are not made."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
from sympy import Integer, Rational, cos, log, pi, sqrt

from stability.equilibria.recognise import recognise

x, y = sympy.symbols("x y", real=True)
g = sympy.Symbol("gamma", real=True)


def exact(point, equations, variables=(x, y), values=None, error=1e-12):
    return recognise(np.array(point, dtype=float), error, equations, variables, values or {})


@pytest.mark.parametrize(
    ("point", "equations", "expected"),
    [
        ([0.5 + 1e-13, 1e-14], [2 * x - 1, y], (Rational(1, 2), 0)),
        ([-7 / 64, 3.0], [64 * x + 7, y - 3], (Rational(-7, 64), 3)),
        ([math.pi / 3, 0], [cos(x) - Rational(1, 2), y], (pi / 3, 0)),
        ([-math.pi, 2 * math.pi], [x + pi, y - 2 * pi], (-pi, 2 * pi)),
        (
            *([-math.sqrt(2 / 3), -math.sqrt(2 / 27)], [10 * (x - x**3 - y), x - 3 * y]),
            (-sqrt(Rational(2, 3)), -sqrt(Rational(2, 27))),
        ),
        ([math.sqrt(2), -math.sqrt(3)], [x**2 - 2, y**2 - 3], (sqrt(2), -sqrt(3))),
    ],
)
def test_recognised(point, equations, expected):
    assert exact(point, equations) == expected


@pytest.mark.parametrize(
    ("point", "equations"),
    [
        ([0.7390851332151607, 0], [cos(x) - x, y]),  # transcendental
        ([2 ** (1 / 3), 0], [x**3 - 2, y]),  # no square root
        ([1 / 65, 0], [65 * x - 1, y]),  # the denominator is too large
        ([0.5, 0], [2 * x - 1 - Rational(1, 10**10), y]),  # close, but no zero
        ([1e-10, 0], [x - Rational(1, 10**10), y]),  # not 0
        ([0.5, 0.7390851332151607], [2 * x - 1, cos(y) - y]),  # every coordinate counts
    ],
)
def test_not_recognised(point, equations):
    assert exact(point, equations) is None


def test_the_error_of_the_point_widens_the_guess():
    assert exact([0.5001, 0], [2 * x - 1, y]) is None
    assert exact([0.5001, 0], [2 * x - 1, y], error=1e-4) == (Rational(1, 2), 0)


def test_parameters_may_take_part_in_the_proof():
    assert exact([0.1, 0], [x - g, y], values={g: Rational(1, 10)}) == (Rational(1, 10), 0)
    assert exact([0.1, 0], [x - g, y], values={g: Rational(1, 9)}) is None
    assert exact([0, 0], [g * x, y], values={g: Integer(7)}) == (0, 0)


def test_large_coordinates():
    assert exact([1e15, 0], [x - 10**15, y]) == (10**15, 0)


def test_guesses_where_the_field_is_not_defined():
    assert exact([0.0, 0.0], [x * log(x), y]) is None
