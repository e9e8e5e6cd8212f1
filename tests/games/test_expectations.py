"""Expectations of expressions: moments, points and quadrature against closed forms and each other."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import sympy
from hypothesis import given
from hypothesis import strategies as st

from stability import InputError, InputTypeError
from stability.games.expectations import Normal, Points, Uniform, expectation

x, y, m, s, p = sympy.symbols("x y m s p", real=True)


def test_moments_of_a_normal_variable():
    moments = [expectation(x**k, [x], Normal(m, s)) for k in range(5)]
    expected = [1, m, m**2 + s**2, m**3 + 3 * m * s**2, m**4 + 6 * m**2 * s**2 + 3 * s**4]
    for moment, value in zip(moments, expected, strict=True):
        assert sympy.expand(moment.value - value) == 0
        assert moment.quadrature is None


def test_moments_of_a_uniform_variable():
    for k in range(5):
        moment = expectation(p * x**k, [x], Uniform(-1, m))
        expected = p * (m ** (k + 1) - (-1) ** (k + 1)) / ((k + 1) * (m + 1))
        assert sympy.simplify(moment.value - expected) == 0
        assert moment.quadrature is None


def test_points():
    heads = Points([0, 1], [1 - p, p])
    assert sympy.expand(expectation(sympy.exp(x), [x], heads).value - 1 - p * (sympy.E - 1)) == 0
    plane = Points(np.array([[0.5, 1.0], [2.0, -1.0]]), [0.25, 0.75])
    taken = expectation(sympy.cos(x) * y, [x, y], plane)
    assert taken.value == sympy.cos(sympy.Rational(1, 2)) / 4 - 3 * sympy.cos(2) / 4
    assert taken.quadrature is None
    assert Points([1, 2, 3]).weights == (sympy.Rational(1, 3),) * 3
    # three floats that add up to one up to a rounding
    assert sum(Points([1, 2, 3], [0.3, 0.6, 0.1]).weights) == 1
    assert sum(Points([1, 2, 3], [1 / 3] * 3).weights) == 1


@pytest.mark.parametrize("nodes", range(1, 6))
@pytest.mark.parametrize("distribution", [Uniform(-1, 3), Normal(1, 2)])
def test_n_nodes_are_exact_below_degree_2n(distribution, nodes):
    rule = distribution.quadrature(0, nodes)
    assert len(rule) == nodes
    for k in range(2 * nodes + 1):
        error = sympy.N(sum(w * t**k for t, w in rule) - distribution.moment([k]), 40)
        assert (abs(error) < 1e-30) == (k < 2 * nodes)  # 40 digits were asked for
    assert all(sympy.N(w) > 0 for _, w in rule)


@pytest.mark.parametrize("nodes", [6, 7, 33, 64])
@pytest.mark.parametrize(
    ("distribution", "rule", "scale"),
    [
        (Uniform(-1, 1), np.polynomial.legendre.leggauss, 2.0),
        (Normal(0, 1), np.polynomial.hermite_e.hermegauss, np.sqrt(2 * np.pi)),
    ],
)
def test_many_nodes_are_decimal(distribution, rule, scale, nodes):
    """Six nodes or more: NumPy's to float64, and n nodes exact below degree 2n to 30 digits."""
    own = distribution.quadrature(0, nodes)
    t, w = (np.array(column, dtype=float) for column in zip(*own, strict=True))
    expected_t, expected_w = rule(nodes)
    # NumPy's own roots and weights are off by a few roundings, and small weights by more of their own size
    np.testing.assert_allclose(t, expected_t, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(w, expected_w / scale, rtol=1e-10)
    assert sum(weight for _, weight in own) == 1
    assert all(sum(weight * t**k for t, weight in own) == 0 for k in (1, 3))
    for k in (2, 2 * nodes - 2):
        error = sum(weight * t**k for t, weight in own) / distribution.moment([k]) - 1
        assert abs(error) < 1e-27  # t has 30 digits, and its power of 126 loses two of them


@pytest.mark.parametrize(
    ("distribution", "law"),
    [(Uniform(-1, 1), scipy.stats.uniform(-1, 2)), (Normal(0.3, 0.5), scipy.stats.norm(0.3, 0.5))],
)
def test_quadrature_of_smooth_functions(distribution, law):
    taken = expectation(sympy.exp(x) + x**9, [x], distribution, 5)
    assert taken.quadrature.endswith("quadrature with 5 nodes")
    low, high = law.support() if np.isfinite(law.support()).all() else (-5, 5)
    expected, _ = scipy.integrate.quad(lambda t: law.pdf(t) * (np.exp(t) + t**9), low, high)
    # x⁹ is exact; the fifth rule's error in exp is its tenth derivative over 10!, times 1e-2 at most
    assert float(taken.value) == pytest.approx(expected, abs=1e-7)


def test_what_is_polynomial_is_exact_beside_what_is_not():
    # outside the functions the square is multiplied out, so x⁸ does not go through two nodes
    taken = expectation((x**4 + sympy.Abs(x)) ** 2, [x], Normal(0, 1), 2)
    # 105 + 1 and, at the nodes ±1, 2 E |x|⁵ ≈ 2
    assert taken.value == 108
    assert taken.quadrature == "Gauss–Hermite quadrature with 2 nodes"


def test_independent_coordinates():
    taken = expectation(x**2 * y**2 + m, [x, y], Normal([m, 0], [1, s]))
    assert sympy.expand(taken.value - (m**2 + 1) * s**2 - m) == 0
    taken = expectation(sympy.Abs(x) * sympy.exp(y), [x, y], Uniform([0, -1], [2, 1]), 2)
    root = sympy.sqrt(3) / 3
    assert float(taken.value) == pytest.approx(float(sympy.cosh(root)), rel=1e-15)
    assert Normal([0, 1], [1, 2]).dimension == 2


# any expression that is polynomial in x: the two ways agree, up to roundings of 30 digits
@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=6),
    st.integers(-3, 3),
    st.integers(1, 3),
)
def test_moments_and_quadrature_agree(coefficients, mean, sd):
    polynomial = sympy.Add(*(c * x**k for k, c in enumerate(coefficients)))
    distribution = Normal(mean, sd)
    exactly = expectation(polynomial, [x], distribution).value
    nodes = distribution.quadrature(0, 3)
    by_nodes = sum(w * polynomial.subs(x, t) for t, w in nodes)
    assert abs(sympy.N(exactly - by_nodes, 30)) < 1e-20


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Points([]), "at least one point"),
        (lambda: Points(range(1001)), "1001 points are too many"),
        (lambda: Points([[1], [1, 2]]), "different numbers of coordinates"),
        (lambda: Points([1, 2], [1]), "2 points and 1 weights"),
        (lambda: Points([1, 2], [0.5, 0.6]), "sum to 1.1, not to one"),
        (lambda: Points([1, 2], [-0.5, 1.5]), "the weight -1/2 is negative"),
        (lambda: Points([1, 2], [p, p]), r"sum to 2\*p, not to one"),
        (lambda: Points([1, float("nan")]), "a point is a finite real number, not nan"),
        (lambda: Points("ab"), "given as a sequence"),
        (lambda: Uniform(1, 1), "between low < high, not 1, 1"),
        (lambda: Uniform([0, 0], [1]), "one for each coordinate"),
        (lambda: Normal(0, -1), "zero or positive, not -1"),
        (lambda: Normal(0, float("inf")), "the sd is a finite real number, not inf"),
        (lambda: Normal([], []), "one for each coordinate"),
        (
            lambda: expectation(sympy.exp(x), [x], Normal(0, 1), 65),
            "nodes is a whole number from 1 to 64",
        ),
        (
            lambda: expectation(
                sympy.exp(sum(v := sympy.symbols("v:6"))), v, Normal([0] * 6, [1] * 6)
            ),
            "too many terms",
        ),
    ],
)
def test_errors(make, message):
    with pytest.raises((InputError, InputTypeError), match=message):
        make()
