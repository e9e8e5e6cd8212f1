"""Local minima at singular Hessians: closed forms, forms by their signs, and samples on small spheres."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import sympy
from sympy import Integer, Rational, pi, sqrt

from stability.verdicts.forms import directions, sign_of_form
from stability.verdicts.lowest_terms import Series, nearby, stationary_in

x, y, z = sympy.symbols("x y z", real=True)


def series(f, variables=None):
    variables = variables or sorted(f.free_symbols, key=str)
    polynomial = sympy.Poly(sympy.expand(f), *variables)
    return Series({e: c for e, c in polynomial.terms() if any(e)}, len(variables), None)


@pytest.mark.parametrize(
    ("f", "word", "strict"),
    [
        (x**4, "yes", True),
        (x**3, "no", None),
        (-(x**4) + x**6, "no", None),
        (x**2 - 3 * x * y**2 + 2 * y**4, "no", None),  # Peano: a minimum along every line
        (2 * x**2 - 3 * x * y**2 + 2 * y**4, "yes", True),  # its discriminant: 9 − 16 < 0
        ((x + y) ** 2, "yes", False),
        ((x + y) ** 2 + x**4, "yes", True),
        ((x + y) ** 2 - x**4, "no", None),
        ((x + y) ** 2 + x**3, "no", None),
        ((x - y**2) ** 2, "yes", False),
        ((x - y**2) ** 2 + y**6, "yes", True),
        ((x - y**2) ** 2 - y**6, "no", None),
        ((x - y**2) ** 2 + x**3, "yes", True),  # y⁶ on x = y²
        ((x - y**2) ** 2 + x**2 * y, "no", None),  # y⁵
        (x**4 + y**6, "yes", True),
        (x**4 - y**6, "no", None),
        (x**4 + y**6 - 3 * x**2 * y**3, "no", None),  # X² − 3XY + Y² at X = x², Y = y³
        (x**4 + y**6 - 2 * x**2 * y**3, "yes", False),
        (x**4 + y**6 - x**2 * y**3, "yes", True),
        (x**2 * y**2, "yes", False),
        (x**3 * y, "no", None),
        ((x**2 - 2 * y**2) ** 2 + x**5, "no", None),  # along x = ±√2 y
        ((x**2 - 2 * y**2) ** 2 + x**6, "yes", True),
        ((x + y + z) ** 2 + y**4 + z**4 - y * z**3, "yes", True),
        ((x + y + z) ** 2 + y**4 + z**4 - 3 * y * z**3, "no", None),
        (x**4 + y**4 + z**4 - x**2 * y * z, "yes", True),
        (x**4 + y**4 + z**4 - 4 * x**2 * y * z, "no", None),
        (
            (x + y) ** 4 + (y - z) ** 4 + x**6,
            "yes",
            True,
        ),  # constant to fourth order along (1, −1, −1)
        ((x + y) ** 4 + (y - z) ** 4 - x**6, "no", None),
        ((x + y) ** 4 + (y - z) ** 4 + x**5, "no", None),
        ((x + y - z**2) ** 4 + (y - z) ** 4 + x**2 * y**6, "yes", True),
        (x**2 + 2 * sqrt(2) * x * y + 2 * y**2 + y**4, "yes", True),
        (x**2 + 2 * sqrt(2) * x * y + 2 * y**2 + y**3, "no", None),
        (x**4 + y**4 * Rational(1, 10**12) - x**2 * y**2 / 10**5, "no", None),  # 10⁻¹⁰ > 4·10⁻¹²
    ],
)
def test_known_functions(f, word, strict):
    found = nearby(series(f))
    assert found.word == word
    if word == "yes":
        assert found.strict is strict


def test_what_is_left_names_its_variable():
    found = nearby(series(x**2 - 3 * x * y**2 + 2 * y**4))
    assert (dict(found.leading), found.kept) == ({(4,): Rational(-1, 4)}, (1,))


def test_a_truncated_series_that_vanishes_decides_nothing():
    found = nearby(Series({(2, 0): Integer(1)}, 2, 4))
    assert (found.word, found.missing) == ("undecided", "terms of higher order")


@pytest.mark.parametrize(("order", "word"), [(6, "undecided"), (8, "yes"), (None, "yes")])
def test_a_blown_up_series_is_known_to_a_lower_order(order, word):
    """x⁴ + y⁶ is r⁴(τ⁴ + r²) along x = 0, where an order of 6 leaves 2."""
    assert nearby(Series({(4, 0): Integer(1), (0, 6): Integer(1)}, 2, order)).word == word


def test_motzkins_form_is_left_open():
    """It is nowhere negative, no sum of squares, and vanishes in four directions."""
    f = x**4 * y**2 + x**2 * y**4 + z**6 - 3 * x**2 * y**2 * z**2
    assert nearby(series(f)).word == "undecided"


@pytest.mark.parametrize(
    ("f", "sign"),
    [
        (x**4 + y**4, 1),
        (x**2 * y**2, 0),
        (x**4 - x**2 * y**2, -1),
        (x**2 * y**2 - x * y**3, -1),
        ((x - 2 * y) ** 4, 0),
        (-(x**2) * y**2, -1),
        (x**4 - 2 * x**2 * y**2 + Rational(1000001, 1000000) * y**4, 1),
        (x**4 - 2 * x**2 * y**2 + Rational(999999, 1000000) * y**4, -1),
        (sqrt(2) * x**4 - 4 * x**2 * y**2 + pi * y**4, 1),  # 16 < 4√2π
        (sqrt(2) * x**4 - 5 * x**2 * y**2 + pi * y**4, -1),
        (x**4 + y**4 + z**4 - 2 * x**2 * y * z, 1),
        (x**4 + y**4 + z**4 - 3 * x**2 * y * z, -1),  # −1/16 at (1, √¾, √¾)
        (x**2 * y**2 + y**2 * z**2, 0),
        ((x + y) ** 4 + (y - z) ** 4, 0),
        ((x + y) ** 4 - (x + y) ** 3 * (y - z), -1),
        ((x + y - z) ** 4, 0),
    ],
)
def test_signs_of_forms(f, sign):
    terms = series(f)
    assert sign_of_form(terms.terms, terms.count) == sign


def test_directions_in_which_a_form_vanishes():
    terms = series(x**2 * (x - 3 * y) ** 2 * (x**2 - 2 * y**2) ** 2).terms
    found = set(directions(terms, 2) or ())
    assert found == {(0, 1), (1, Rational(1, 3)), (1, sqrt(2) / 2), (1, -sqrt(2) / 2)}


def test_elimination_against_the_closed_form():
    """f = w² + 2w g(s) + h(s): at w = −g it is h − g²."""
    g, h = x**2 - 3 * y**3, x**4 + x * y**5
    reduced = stationary_in(series(z**2 + 2 * z * g + h, [x, y, z]), [2])
    expected = series(h - g**2, [x, y])
    assert reduced.order is None
    assert reduced.terms == expected.terms


def test_elimination_where_the_answer_is_a_series():
    """f = (1 + s) w² − 2 w s² + s⁵: at w = s²/(1 + s) it is s⁵ − s⁴/(1 + s)."""
    reduced = stationary_in(series((1 + x) * y**2 - 2 * y * x**2 + x**5), [1])
    assert reduced.order == 10
    expected = sympy.series(x**5 - x**4 / (1 + x), x, 0, 11).removeO()
    assert reduced.terms == series(expected).terms


@pytest.mark.parametrize("seed", range(3))
def test_random_functions_against_samples(seed):
    """f = Σ aₖ (wₖ + quadratic)² + φ in sheared coordinates: a minimum iff φ, a random form, has one."""
    rng = np.random.default_rng(seed)
    for _ in range(8):
        s, t = x, y
        form = sum(int(rng.integers(-3, 5)) * s**k * t ** (4 - k) for k in range(5))
        bend = sum(int(rng.integers(-2, 3)) * s**k * t ** (2 - k) for k in range(3))
        shear = int(rng.integers(-2, 3)) * s + int(rng.integers(-2, 3)) * t
        f = int(rng.integers(1, 4)) * (z + shear + bend) ** 2 + form + s**6 - t**6 / 2
        angles = np.linspace(0, np.pi, 100_001)
        values = sympy.lambdify((s, t), form)(np.cos(angles), np.sin(angles)) + 0 * angles
        if abs(values.min()) < 1e-6:
            continue
        assert nearby(series(f, [x, y, z])).word == ("yes" if values.min() > 0 else "no")


def test_the_names_of_variables_do_not_matter():
    f = (x + y + z) ** 2 + x**4 - 3 * x**2 * y * z + z**6 + y**4
    words = {nearby(series(f, list(order))).word for order in itertools.permutations((x, y, z))}
    assert len(words) == 1
