"""Exact zeros: complete where it is claimed, and never a point where the field is not zero."""

from __future__ import annotations

import pytest
import sympy
from sympy import Abs, Integer, Rational, exp, log, sin, sqrt, tanh

from stability.equilibria.exact import number_is_zero, solve_exactly
from stability.time_limits import patience

x, y, z = sympy.symbols("x y z", real=True)
g = sympy.Symbol("gamma", real=True)


def solve(equations, variables=(x, y), values=None):
    with patience(7):
        return solve_exactly(equations, variables, values or {})


def points(found, variables=(x, y), values=None):
    return {
        tuple(sympy.nsimplify(p[v].xreplace(values or {})) for v in variables) for p in found.points
    }


CASES = {
    "linear": ([x + y - 1, x - y], {(Rational(1, 2), Rational(1, 2))}),
    "contradiction": ([x - 1, x - 2], set()),
    "more equations than unknowns": ([x + y - 1, x - y, 2 * x - 1], {(Rational(1, 2),) * 2}),
    "too many linear equations": ([x + y - 1, x - y, x - 1], set()),
    "no real root": ([x**2 + 1, y], set()),
    "circle and line": (
        *([x**2 + y**2 - 1, x - y],),
        {(sqrt(2) / 2, sqrt(2) / 2), (-sqrt(2) / 2, -sqrt(2) / 2)},
    ),
    "multiple roots": ([(x - 1) ** 2, y**3], {(1, 0)}),
    "factors": ([x * (x - 1), y * (y - 2) * (y**2 + 1)], {(0, 0), (1, 0), (0, 2), (1, 2)}),
    "positive factors": ([x * exp(y), y * (1 + exp(x))], {(0, 0)}),
    "cubic": ([x**3 - x, y - x**2], {(0, 0), (1, 1), (-1, 1)}),
    "odd root": ([x**3 + 8, y], {(-2, 0)}),
    "even power": ([x**4 - 16, y], {(2, 0), (-2, 0)}),
    "reciprocal": ([1 / x, y], set()),
}


@pytest.mark.parametrize(("equations", "expected"), CASES.values(), ids=CASES)
def test_isolated_zeros(equations, expected):
    found = solve(equations)
    assert points(found) == expected
    assert found.exhaustive
    assert found.families == ()


def test_roots_that_have_no_radicals():
    found = solve([x**5 - x - 1, y - x])
    assert found.exhaustive
    (zero,) = found.points
    assert float(zero[x]) == pytest.approx(1.1673039782614187, rel=1e-15)
    assert zero[y] == zero[x]


@pytest.mark.parametrize(
    ("equations", "families", "expected"),
    [
        ([x + y - 1, 2 * x + 2 * y - 2], [{x: 1 - y}], set()),
        ([x * y, x * (y - 1)], [{x: 0}], set()),
        ([x * y, Integer(0)], [{x: 0}, {y: 0}], set()),
        ([Integer(0) * x, Integer(0)], [{}], set()),
        ([x * (x - 1), x * y], [{x: 0}], {(1, 0)}),
    ],
)
def test_families(equations, families, expected):
    found = solve(equations)
    assert found.exhaustive
    assert list(found.families) == families
    assert points(found) == expected


@pytest.mark.parametrize("value", [2, -2, 0])
def test_parameters_decide_which_roots_are_real(value):
    values = {g: Integer(value)}
    found = solve([x * (g - x**2), y], values=values)
    assert found.exhaustive
    expected = {(0, 0)} | ({(sqrt(2), 0), (-sqrt(2), 0)} if value == 2 else set())
    assert points(found, values=values) == expected
    if value == 2:
        assert {p[x] for p in found.points} == {0, sqrt(g), -sqrt(g)}


def test_leading_coefficients_that_vanish_at_the_parameters_values():
    values = {g: Integer(0)}
    assert points(solve([g * x**2 + x - 1, y], values=values), values=values) == {(1, 0)}
    found = solve([g * x, y], values=values)
    assert found.families == ({y: 0},)


def test_lorenz():
    equations = [10 * (y - x), x * (g - z) - y, x * y - Rational(8, 3) * z]
    values = {g: Integer(28)}
    found = solve(equations, (x, y, z), values)
    assert found.exhaustive
    root = sqrt(72)
    expected = {(0, 0, 0), (root, root, 27), (-root, -root, 27)}
    assert points(found, (x, y, z), values) == expected
    for zero in found.points:  # at every γ, not only at 28
        assert all(sympy.simplify(e.xreplace(zero)) == 0 for e in equations)


@pytest.mark.parametrize(
    "equation",
    [sin(x), tanh(x), log(x), Abs(x) - 1, sympy.sign(x), sympy.Max(x, 0), sympy.cos(x) - x],
)
def test_what_is_not_solved_is_not_claimed(equation):
    found = solve([equation, y])
    assert found.points == ()
    assert not found.exhaustive


def test_part_of_the_zeros_of_what_is_not_solved():
    found = solve([sin(x) * (x - 1), y])
    assert points(found) == {(1, 0)}
    assert not found.exhaustive


def test_out_of_time():
    hard = sum((x**i * y**j * sin(i * x + j * y) for i in range(6) for j in range(6)), Integer(0))
    with patience(0.1):
        found = solve_exactly([hard, hard.diff(x)], (x, y), {})
    assert not found.exhaustive


POLES = {
    "removable": [(x**2 - 1) / (x - 1), y],
    "pole elsewhere": [(x - 1) / x**2, y / (x - 1)],
    "edge of a logarithm": [x * log(x), y],
    "outside a root's domain": [sqrt(x - 2) * (x - 1), y],
}


@pytest.mark.parametrize("equations", POLES.values(), ids=POLES)
def test_the_field_is_defined_and_zero_at_every_exact_zero(equations):
    for zero in solve(equations).points:
        for equation in equations:
            value = equation.subs(zero)  # no cancelling before
            assert value == 0
            factors = [f.xreplace(zero) for f in sympy.Mul.make_args(equation)]
            assert all(factor.is_real for factor in factors)


# ---- Constants --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "zero"),
    [
        (Integer(0), True),
        (Rational(1, 10**40), False),
        (sqrt(2) * sqrt(3) - sqrt(6), True),
        (sympy.sin(1) ** 2 + sympy.cos(1) ** 2 - 1, True),
        (sqrt(5 + 2 * sqrt(6)) - sqrt(2) - sqrt(3), True),
        (sympy.pi - Rational(355, 113), False),
        (sympy.pi - Rational(314159265358979323846, 10**20), False),
        (x - x, True),
        ((x + 1) ** 2 - x**2 - 2 * x - 1, True),
        (x, False),
        pytest.param(
            *(sympy.nan, False),
        ),
    ],
    ids=repr,
)
def test_number_is_zero(expression, zero):
    assert number_is_zero(expression) is zero
