"""Power series against SymPy's own, and fields whose zeros are exact."""

import math

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import (
    Abs,
    CRootOf,
    Max,
    Min,
    Rational,
    atan,
    cos,
    cosh,
    erf,
    exp,
    log,
    pi,
    sign,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)  # fmt: skip

from stability.dynamics.functions import log_sigmoid, relu, sigmoid, softplus
from stability.normal_forms.fields import ExactField, ManyDigits, Undecidable
from stability.normal_forms.series import Composition, NotAnalytic, packed, program, unpacked

from .systems import x, y

THIRD = Rational(1, 3)


def series_of(expression, point, degree):
    """The Taylor polynomial in x and y as a SymPy expression in the distances from the point."""
    written = program((x, y), (expression,), point)
    over = ExactField(written.constants)
    composition = Composition(written, over)
    total = over.expression(composition.value()[0])
    for n in range(1, degree + 1):
        own = [{packed((1, 0)): over.one}, {packed((0, 1)): over.one}] if n == 1 else [{}, {}]
        for monomial, c in composition.part(n, own)[0].items():
            j, k = unpacked(monomial, 2)
            total += over.expression(c) * x**j * y**k
    return total


@pytest.mark.parametrize("f", [
    exp, sin, cos, tan, sinh, cosh, tanh, atan, erf, sigmoid, softplus, log_sigmoid, sympy.asinh,
    lambda u: log(2 + u), lambda u: sqrt(1 + u), lambda u: (2 + u) ** -2, lambda u: (1 + u) ** pi,
    lambda u: (2 + u) ** THIRD, lambda u: 2**u, lambda u: (2 + u) ** u, lambda u: u**7,
])  # fmt: skip
def test_taylor_coefficients_are_derivatives(f):
    # along the line t (1, 2)
    expression, point = f(x * y + x), (Rational(1, 5), Rational(2, 3))
    found = series_of(expression, point, 3)
    t = sympy.Symbol("t", real=True)
    along = expression.xreplace({x: point[0] + t, y: point[1] + 2 * t})
    polynomial = sympy.Poly(found.xreplace({x: t, y: 2 * t}), t)
    for n in range(4):
        wanted = along.diff(t, n).xreplace({t: sympy.Integer(0)}).evalf(30) / math.factorial(n)
        assert abs(polynomial.coeff_monomial(t**n).evalf(30) - wanted) < 1e-25


@pytest.mark.parametrize(("expression", "smooth"), [
    (Abs(y) + sign(x) * x, x - y), (Max(x, y, x * y), x), (Min(x, y), y), (relu(x) - relu(y), x),
])  # fmt: skip
def test_functions_with_kinks_are_smooth_away_from_them(expression, smooth):
    point = (sympy.Integer(1), sympy.Integer(-2))
    assert series_of(expression, point, 2) == series_of(smooth, point, 2)


@pytest.mark.parametrize(
    "expression", [Abs(x), Max(x, y), sqrt(x), log(x), 1 / (x * y), sympy.floor(x)]
)
def test_no_series_at_a_kink_or_a_pole(expression):
    with pytest.raises(NotAnalytic):
        series_of(expression, (sympy.Integer(0), sympy.Integer(0)), 2)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 3), st.integers(0, 3)), max_size=6))
@settings(max_examples=20)
def test_polynomials_are_their_own_series(terms):
    p = sum((c * (x + 1) ** j * (y - THIRD) ** k for c, j, k in terms), sympy.Integer(0))
    found = series_of(p * p + p, (sympy.Integer(-1), THIRD), 12)
    wanted = (p * p + p).xreplace({x: x - 1, y: y + THIRD})
    assert sympy.expand(found - wanted) == 0


def test_the_typing_changes_no_coefficient():
    point = (sympy.Integer(1), sympy.Integer(0))
    p = (x - 1) * (x + y) ** 3
    assert sympy.expand(series_of(p, point, 5) - series_of(sympy.expand(p), point, 5)) == 0
    inverse = (1 + exp(-x)) ** -1
    assert sympy.simplify(series_of(sigmoid(x), point, 3) - series_of(inverse, point, 3)) == 0


# ---- fields ----------------------------------------------------------------------------------

FIFTH = CRootOf(x**5 - x - 1, 0)


@pytest.mark.parametrize("zero", [
    sqrt(2) * sqrt(3) - sqrt(6),
    sqrt(3 + 2 * sqrt(2)) - 1 - sqrt(2),
    FIFTH**5 - FIFTH - 1,
    exp(1) * exp(Rational(1, 2)) - exp(Rational(3, 2)),
    sin(1) ** 2 + cos(1) ** 2 - 1,
    sin(2) - 2 * sin(1) * cos(1),
    sin(1 + sqrt(2)) - sin(1) * cos(sqrt(2)) - cos(1) * sin(sqrt(2)),
    cos(3) - 4 * cos(1) ** 3 + 3 * cos(1),
    cosh(1) ** 2 - sinh(1) ** 2 - 1,
    tanh(1) - (1 - exp(-2)) / (1 + exp(-2)),
    log(6) - log(2) - log(3),
    log(9) - 2 * log(3),
    sigmoid(1) + sigmoid(-1) - 1,
    softplus(1) - softplus(-1) - 1,
    pi - sqrt(pi) ** 2,
    cos(pi / 5) - (1 + sqrt(5)) / 4,
], ids=str)  # fmt: skip
def test_identities_are_zeros(zero):
    over = ExactField([zero, THIRD])
    assert over.is_zero(over.number(zero))


@pytest.mark.parametrize("number", [sqrt(2) + FIFTH, exp(2) - pi + log(3) / 7, sin(1) * sigmoid(2)])
def test_elements_keep_their_values(number):
    over = ExactField([number])
    element = over.number(number)
    assert not over.is_zero(element)
    assert over.value(element) == pytest.approx(float(number.evalf(20)), rel=1e-15)
    assert abs(over.expression(element * element / 3).evalf(40) - (number**2 / 3).evalf(40)) < 1e-35


def test_what_nobody_can_tell_from_zero_is_undecidable():
    # equal, but no rule above knows it: both are one number, in two spellings
    doubtful = atan(Rational(1, 2)) + atan(THIRD) - pi / 4
    over = ExactField([doubtful])
    with pytest.raises(Undecidable):
        over.is_zero(over.number(doubtful))


def test_many_digits_tell_what_is_not_zero():
    over = ManyDigits(60)
    assert not over.is_zero(over.number(exp(1) - Rational(2718281828459045, 10**15)))
    assert over.is_zero(over.number(sin(1) ** 2 + cos(1) ** 2 - 1))
