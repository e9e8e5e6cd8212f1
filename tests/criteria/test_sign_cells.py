"""Sign combinations of polynomials, and the rational numbers between real roots."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import sympy

from stability.criteria.root_separators import separators
from stability.criteria.sign_cells import known_sign, sign_vectors

p, q = sympy.symbols("p q", positive=True)
a, b, c = sympy.symbols("a b c", real=True)


def test_separators_lie_between_the_roots():
    # √2, −√2 and 3/2, 7/5, which are close to √2; (x² + 1) has no real root
    points = separators([[1, 0, -2], [2, -3], [5, -7], [1, 0, 1]])
    roots = sorted([2**0.5, -(2**0.5), 1.5, 1.4])
    assert len(points) == len(roots) + 1
    for point, (low, high) in zip(
        points, itertools.pairwise([-np.inf, *roots, np.inf]), strict=True
    ):
        assert low < point < high


def test_separators_on_one_side_of_zero():
    assert [x > 0 for x in separators([[1, 0, -2]], 1)] == [True, True]
    assert [x < 0 for x in separators([[1, 0, -2]], -1)] == [True, True]
    assert separators([], 1) == [Fraction(1)]
    assert len(separators([])) == 1


def test_roots_that_floats_cannot_tell_apart():
    # 1 and 1 + 10⁻³⁰, and a coefficient beyond the range of floats
    tiny = 10**30
    points = separators([[1, -1], [tiny, -tiny - 1]])
    assert len(points) == 3
    assert 1 < points[1] < 1 + Fraction(1, tiny)
    huge = 10**400
    assert len(separators([[huge, 0, -1]])) == 3
    assert len(separators([[1, -huge]])) == 2


@pytest.mark.parametrize(
    "polynomials",
    [
        [a - b, a + b, a],
        [p - q, 4 - 2 * p * q + q**2],
        [4 - 2 * a * p - p**2 / 4, a],
        [a**2 + b**2 - 1, a * b - sympy.Rational(1, 3), a - b**2],
        [p * (q**2 + a**2) - 2 * q, q - a],
        [a**3 + p * a + b, b - p],
        [a * p + b * q - 1, a - b, c - a * b],
    ],
)
def test_every_combination_of_signs_that_occurs_is_found(polynomials):
    found = sign_vectors(polynomials)
    symbols = sorted(set().union(*(e.free_symbols for e in polynomials)), key=str)
    rng = np.random.default_rng(0)
    values = 10 ** rng.uniform(-2, 2, size=(len(symbols), 20_000))
    signs = [1 if s.is_positive else rng.choice([-1, 1], 20_000) for s in symbols]
    points = [v * s for v, s in zip(values, signs, strict=True)]
    sampled = np.sign([sympy.lambdify(symbols, e)(*points) for e in polynomials]).astype(int)
    assert set(map(tuple, sampled.T.tolist())) <= found
    # and each one found does occur: the decomposition has evaluated it at a point
    assert len(found) <= 2 ** len(polynomials)


@pytest.mark.parametrize(
    ("expression", "sign"),
    [
        (p + q, 1),
        (-p - a**2, -1),
        (a**2 + 4, 1),
        (a**2 + b**2, None),  # zero at the origin
        (p - q, None),
        (sympy.sqrt(2) - 1, 1),
        (sympy.Integer(0), None),
    ],
)
def test_known_signs(expression, sign):
    assert known_sign(expression) == sign
