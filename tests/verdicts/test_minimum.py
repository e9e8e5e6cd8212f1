"""Minima of expressions: by Taylor terms, by algebra everywhere, with kinks elsewhere."""

from __future__ import annotations

import pytest
import sympy
from sympy import Abs, Integer, Max, cos, cosh, exp, log, sin, sqrt, tanh

from stability import time_limits
from stability.dynamics.functions import log_sigmoid, relu, softplus
from stability.verdicts.everywhere import is_affine, is_convex, lowest_everywhere
from stability.verdicts.minimum import minimum

x, y, z = sympy.symbols("x y z", real=True)


def at(f, point):
    variables = sorted(f.free_symbols | {x}, key=str)
    return {v: Integer(point) for v in variables}


@pytest.mark.parametrize(
    ("f", "point", "word", "strict", "everywhere"),
    [
        (x**4, 0, "yes", True, "convex"),
        ((x - 1) ** 4, 1, "yes", True, "convex"),
        (sympy.expand((x - 1) ** 4), 1, "yes", True, "nowhere lower"),
        (x**4 - x**6, 0, "yes", True, None),
        (x**3, 0, "no", False, None),
        (x * 0, 0, "yes", False, "constant"),
        (cos(x) + x**2 / 2, 0, "yes", True, None),  # x⁴/24
        (sin(x) - x, 0, "no", False, None),
        (log(1 + x**2) - x**2, 0, "no", False, None),  # −x⁴/2
        (softplus(x) + softplus(-x) - x**2 / 4, 0, "no", False, None),  # −x⁴/96
        (softplus(x) - softplus(-x) - x, 0, "yes", False, "constant"),
        (sin(x) ** 2 + cos(x) ** 2, 0, "yes", False, "constant"),
        ((x - y**2) ** 2, 0, "yes", False, "nowhere lower"),
        (sympy.expand((x - y**2) ** 2), 0, "yes", False, "nowhere lower"),
        ((x * y - 1) ** 2, 1, "yes", None, "nowhere lower"),
        (x**2 - 3 * x * y**2 + 2 * y**4, 0, "no", False, None),
        (x**4 + y**6 + z**2, 0, "yes", True, "convex"),
        (x**4 - z**6 + y**2, 0, "no", False, None),
        (cosh(x) - x**2 / 2 + z**4 - z**6, 0, "yes", True, None),
        (x**2 + 2 * x * sin(y) + y**2, 0, "yes", True, None),  # y⁴/3 at x = −sin y
        (x**2 + 2 * x * y + sin(y) ** 2, 0, "no", False, None),
        (x**2 + x * y + y**2 + tanh(x * y), 0, "yes", True, None),  # y⁶/3
        (exp(x + y) - x - y, 0, "yes", None, "convex"),
        (Max(x - 2, -(x**4)), 0, "no", False, None),
        (x**4 * Abs(x - 2), 0, "yes", True, "nowhere lower"),
        (relu(1 - x) + x + x**4 - x**6, 0, "yes", True, None),
        (sqrt(1 + x**4), 0, "yes", True, None),
    ],
)
def test_known_functions(f, point, word, strict, everywhere):
    found = minimum(f, at(f, point))
    assert (found.word, found.everywhere) == (word, everywhere)
    if word == "yes":
        assert found.strict is strict


def test_a_flat_function_is_left_open():
    found = minimum(x**2 * exp(-1 / x**2), {x: Integer(0)})
    assert found.word == "undecided"


def test_a_kink_is_left_open():
    found = minimum(Abs(x) - x**2, {x: Integer(0)})
    assert (found.word, found.missing) == ("undecided", "one-sided derivatives")


def test_a_point_that_is_off_is_left_open():
    found = minimum(x**4 + y**4, {x: Integer(0), y: sympy.Rational(1, 10**20)})
    assert (found.word, found.missing) == ("undecided", "the point in closed form")


def test_what_it_grows_like():
    assert minimum(cos(x) + x**2 / 2, {x: Integer(0)}).leading == x**4 / 24
    found = minimum(x**2 - 3 * x * y**2 + 2 * y**4, {x: Integer(0), y: Integer(0)})
    assert (found.leading, found.partly) == (-(y**4) / 4, True)
    assert minimum(-((x - 2) ** 4), {x: Integer(2)}).leading == -((x - 2) ** 4)


def test_time_is_limited():
    with time_limits.patience(1e-6):
        found = minimum(cos(x) + x**2 / 2, {x: Integer(0)})
    assert found.word == "undecided"


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (softplus(2 * x - y) + exp(-x) - 3 * x, True),
        (-log_sigmoid(x) - 2 * log(1 - x), True),
        (log_sigmoid(x), False),
        (Max(x**2, y) + Abs(x - y) ** 4, True),
        (x * y, False),
        (-sqrt(x) + cosh(y - x), True),
        (exp(-(x**2)), False),
        (exp(x**2), True),
        (x**3, False),
        (1 / x, False),
        (softplus(-softplus(x)), False),
    ],
)
def test_convexity_by_composition(f, expected):
    assert is_convex(f, {x, y}) is expected
    if expected and not f.is_polynomial(x, y):
        assert is_convex(-f, {x, y}, up=False)
        assert not is_convex(f, {x, y}, up=False)


def test_affine_in_some_of_the_symbols():
    assert is_affine(x * y**3 + y, {x})
    assert is_affine((x + 1) ** 2 - x**2, {x})
    assert not is_affine(x * y, {x, y})
    assert not is_affine(Abs(x), {x})


@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (x**4 - 2 * x**3 + x**2, "nowhere lower"),  # x²(x − 1)²
        (x**4 - 3 * x**3 + x**2, None),
        (x**2 - 2 * x * y + y**2, "convex"),
        (x**2 - 3 * x * y + y**2, None),
        (y**2, "convex"),
    ],
)
def test_what_is_lowest_everywhere(f, shape):
    assert (
        lowest_everywhere(f, {x: Integer(0), y: Integer(0)} if f.has(y) else {x: Integer(0)})
        == shape
    )


def test_a_long_sum_of_squares_is_seen_as_it_is_typed():
    """Expanded it has thousands of terms."""
    squares = (x - y * z + z**3) ** 12 + (y + x * z + y * x * z) ** 12 + (z - x * y + x**4) ** 10
    with time_limits.patience(0.1):
        found = minimum(squares, {x: Integer(0), y: Integer(0), z: Integer(0)})
    assert (found.word, found.everywhere) == ("yes", "nowhere lower")


def test_low_orders_of_a_long_polynomial_decide_without_expanding_it():
    long = (x - y * z + z**3) ** 12 + (y + x * z + y * x * z) ** 12 + (z - x * y + x**4) ** 10
    with time_limits.patience(0.4):
        found = minimum(long - x**3 + y**4 * (x - y * z) ** 4, dict.fromkeys((x, y, z), Integer(0)))
    assert (found.word, found.leading) == ("no", -(x**3))
