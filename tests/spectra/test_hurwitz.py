"""Exact root counts and guard polynomials, against roots that are known or computed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stability.errors import InputError
from stability.spectra.hurwitz import (
    characteristic_polynomial,
    circle_counts,
    circle_guards,
    flow_guards,
    hurwitz_determinants,
    moebius,
    root_counts,
)

s, h, gamma = sympy.symbols("s h gamma")
small = st.fractions(-3, 3, max_denominator=4)


def _times(first: list, second: list) -> list:
    result = [Fraction(0)] * (len(first) + len(second) - 1)
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            result[i + j] += a * b
    return result


def _polynomial(real: list, pairs: list, lead: Fraction | int = 1) -> list:
    """Coefficients of lead ∏ (s − r) ∏ ((s − a)² + b²)."""
    result = [Fraction(lead)]
    for r in real:
        result = _times(result, [1, -r])
    for a, b in pairs:
        result = _times(result, [1, -2 * a, a * a + b * b])
    return result


def _sides(numbers: list) -> tuple[int, int, int]:
    return (
        sum(x < 0 for x in numbers),
        sum(x == 0 for x in numbers),
        sum(x > 0 for x in numbers),
    )


@settings(max_examples=300, deadline=None)
@given(
    st.lists(small, max_size=4),
    st.lists(st.tuples(small, small), max_size=3),
    st.lists(small, max_size=2),
    st.sampled_from([1, -2, Fraction(1, 3)]),
)
def test_counts_of_known_roots(real: list, pairs: list, opposite: list, lead: Fraction | int):
    """Multiplicities, roots on the axis, and symmetric pairs ±a, which make Routh rows vanish."""
    real = real + opposite + [-a for a in opposite]
    polynomial = _polynomial(real, pairs, lead)
    expected = _sides(real + [a for a, _ in pairs for _ in range(2)])
    assert root_counts(polynomial) == expected

    distances = [r * r - 1 for r in real] + [a * a + b * b - 1 for a, b in pairs for _ in range(2)]
    assert circle_counts(polynomial) == _sides(distances)


@pytest.mark.parametrize("angle", [(3, 4, 5), (5, 12, 13), (0, 1, 1), (1, 0, 1), (-1, 0, 1)])
@pytest.mark.parametrize("multiplicity", [1, 2, 3])
def test_roots_on_the_circle(angle: tuple[int, int, int], multiplicity: int):
    a, b, c = angle  # a Pythagorean triple: (a + ib) / c has modulus one
    pairs = [(Fraction(a, c), Fraction(b, c))] * multiplicity
    polynomial = _polynomial([Fraction(1, 2), -1, 2, Fraction(-1, 2)], pairs)
    assert circle_counts(polynomial) == (2, 1 + 2 * multiplicity, 1)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=2, max_size=9))
def test_counts_agree_with_numerical_roots(coefficients: list):
    assume(coefficients[0] != 0)
    roots = np.roots(coefficients)
    # multiple roots are split by as much as eps^(1/8); leave out what is near the boundary
    if np.abs(roots.real).min(initial=1.0) > 0.02:
        assert root_counts(coefficients) == _sides(list(roots.real))
    if np.abs(np.abs(roots) - 1).min(initial=1.0) > 0.02:
        assert circle_counts(coefficients) == _sides(list(np.abs(roots) - 1))


def test_degenerate_routh_rows():
    assert root_counts([1, 0, 0, 0, 1]) == (2, 0, 2)
    assert root_counts([1, 1, 2, 2, 3, 5]) == (
        3,
        0,
        2,
    )  # a first element vanishes, the row does not
    assert root_counts([1, 0, 0, 0]) == (0, 3, 0)
    assert root_counts([0, 0, 1, 1]) == (1, 0, 0)  # leading zeros
    assert root_counts([5]) == (0, 0, 0)
    assert circle_counts([5]) == (0, 0, 0)


def test_kinds_of_numbers():
    assert root_counts([1.0, 0.5, 0.25]) == (2, 0, 0)
    assert root_counts([np.float64(1), np.int64(2), Fraction(1, 3)]) == (2, 0, 0)
    assert root_counts([sympy.Rational(1, 3), sympy.Float("0.1"), sympy.Integer(2)]) == (2, 0, 0)
    assert root_counts([1, 1e-300, 1]) == (2, 0, 0)  # exact: no tolerance


def test_irrational_constants():
    root70, pi, e = sympy.sqrt(70), sympy.pi, sympy.exp(-1)
    assert root_counts([1, root70 - 8, 1]) == (2, 0, 0)
    assert root_counts([1, root70 - 9, 1]) == (0, 0, 2)
    assert root_counts([1, sympy.sqrt(2) * sympy.sqrt(3) - sympy.sqrt(6), pi]) == (0, 2, 0)
    hidden_zero = sympy.sqrt(5 + 2 * sympy.sqrt(6)) - sympy.sqrt(2) - sympy.sqrt(3)
    assert root_counts([1, hidden_zero, 1]) == (0, 2, 0)
    # (s + sqrt 2)(s² + sqrt 3)
    assert root_counts([1, sympy.sqrt(2), sympy.sqrt(3), sympy.sqrt(6)]) == (1, 2, 0)
    assert circle_counts([1, e, sympy.cos(1)]) == (2, 0, 0)
    # a double root on the circle, at exp(±i): (s² − 2 cos(1) s + 1)²
    once = [1, -2 * sympy.cos(1), 1]
    assert circle_counts(_expanded(once, once)) == (0, 4, 0)


def _expanded(first: list, second: list) -> list:
    product = sympy.Poly(first, s) * sympy.Poly(second, s)
    return product.all_coeffs()


def test_undecidable_signs_give_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("stability.spectra.hurwitz._is_zero", lambda number: None)
    hidden_zero = sympy.sqrt(5 + 2 * sympy.sqrt(6)) - sympy.sqrt(2) - sympy.sqrt(3)
    assert root_counts([1, hidden_zero, 1]) is None


@pytest.mark.parametrize("count", [root_counts, circle_counts])
def test_bad_coefficients(count):
    with pytest.raises(InputError, match="zero polynomial"):
        count([0, 0])
    with pytest.raises(InputError, match="zero polynomial"):
        count([])
    with pytest.raises(InputError, match="real number"):
        count([1, gamma])
    with pytest.raises(InputError, match="real number"):
        count([1, sympy.I])
    with pytest.raises(InputError, match="finite"):
        count([1, float("nan")])


def test_characteristic_polynomial():
    matrix = sympy.Matrix([[0, -sympy.Rational(1, 2)], [sympy.Rational(1, 2), -gamma]])
    assert characteristic_polynomial(matrix) == [1, gamma, sympy.Rational(1, 4)]
    assert characteristic_polynomial(sympy.zeros(0, 0)) == [1]
    irrational = sympy.Matrix([[sympy.sqrt(2), sympy.exp(h)], [1 / h, -sympy.sqrt(2)]])
    coefficients = characteristic_polynomial(irrational)
    assert [sympy.simplify(c) for c in coefficients] == [
        1,
        0,
        sympy.simplify(-2 - sympy.exp(h) / h),
    ]
    floats = characteristic_polynomial(sympy.Matrix([[0.5, 1], [0.25, 0]]))
    assert floats == [1, -sympy.Rational(1, 2), -sympy.Rational(1, 4)]
    with pytest.raises(InputError, match="square"):
        characteristic_polynomial(sympy.zeros(1, 2))


@pytest.mark.parametrize("d", [1, 2, 3, 5, 6])
def test_characteristic_polynomial_against_numbers(d: int):
    matrix = sympy.Matrix(d, d, lambda i, j: (3 * i - 2 * j + 1) * h + (i * j % 3) * gamma - i)
    values = {h: sympy.Rational(1, 3), gamma: 2}
    found = [float(c.subs(values)) for c in characteristic_polynomial(matrix)]
    numeric = np.array(matrix.subs(values).tolist(), dtype=float)
    np.testing.assert_allclose(found, np.poly(numeric), rtol=1e-9, atol=1e-9)


def test_moebius():
    # z = (1 + w) / (1 − w), so w = (z − 1) / (z + 1)
    image = moebius([1, -Fraction(1, 2)])
    assert image == [Fraction(3, 2), Fraction(1, 2)]
    roots = np.array([0.5, -0.3, 0.2 + 0.9j, 0.2 - 0.9j])
    found = np.roots(moebius(list(np.poly(roots).real)))
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex((roots - 1) / (roots + 1)))


def test_hurwitz_determinants():
    a, b, c = sympy.symbols("a b c")
    assert hurwitz_determinants([1, a, b]) == [a, a * b]
    third = hurwitz_determinants([1, a, b, c])
    assert [
        sympy.expand(x - y) for x, y in zip(third, [a, a * b - c, c * (a * b - c)], strict=True)
    ] == [
        0,
        0,
        0,
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=5))
def test_hurwitz_criterion(tail: list):
    counts = root_counts([1, *tail])
    assert counts is not None
    stable = counts.left == len(tail)
    assert stable == all(d > 0 for d in hurwitz_determinants([1, *tail]))


def test_guards_of_the_dirac_gan():
    """R1 on the Dirac-GAN: simultaneous steps are stable up to h = 4 γ."""
    jacobian = sympy.Matrix([[0, -sympy.Rational(1, 2)], [sympy.Rational(1, 2), -gamma]])
    guards = circle_guards(characteristic_polynomial(sympy.eye(2) + h * jacobian))
    assert any(sympy.simplify(g.subs(h, 4 * gamma)) == 0 for g in guards)
    positive = {
        root for g in guards for root in sympy.solve(g.subs(gamma, sympy.Rational(1, 10)), h)
    }
    assert min(r for r in positive if r.is_real and r > 0) == sympy.Rational(2, 5)
    assert set(flow_guards(characteristic_polynomial(jacobian))) == {sympy.Rational(1, 4), gamma}


def test_guards_of_the_nagarajan_kolter_game():
    """The generator penalty's flow −4η/9 ± … loses stability at η = 0, and only there."""
    eta = sympy.Symbol("eta")
    jacobian = sympy.Matrix([[0, -sympy.Rational(2, 3)], [sympy.Rational(2, 3), -8 * eta / 9]])
    constant, hopf = flow_guards(characteristic_polynomial(jacobian))
    assert constant == sympy.Rational(4, 9)
    assert sympy.solve(hopf, eta) == [0]


def test_guards_of_smallest_degrees():
    assert flow_guards([1]) == []
    assert circle_guards([1]) == []
    assert flow_guards([1, gamma]) == [gamma]
    assert circle_guards([1, gamma]) == [1 + gamma, 1 - gamma]


@settings(max_examples=60, deadline=None)
@given(st.lists(small, max_size=3), st.lists(st.tuples(small, small), min_size=1, max_size=2))
def test_guards_vanish_on_the_boundary(real: list, pairs: list):
    on_axis = _polynomial([*real], [*pairs, (Fraction(0), Fraction(3, 2))])
    assert 0 in flow_guards([sympy.Rational(c.numerator, c.denominator) for c in on_axis])
    on_circle = _polynomial([*real], [*pairs, (Fraction(-3, 5), Fraction(4, 5))])
    assert 0 in circle_guards([sympy.Rational(c.numerator, c.denominator) for c in on_circle])


def test_guards_do_not_vanish_elsewhere():
    stable = _polynomial([Fraction(1, 3)], [(Fraction(-1, 2), Fraction(1, 2))])
    assert 0 not in flow_guards(stable)
    assert 0 not in circle_guards(stable)
