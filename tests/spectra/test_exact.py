"""Eigenvalues in closed form: values, multiplicities, order, and when there are none."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import I, Integer, Matrix, Poly, Rational, sqrt

import stability
from stability.spectra.exact import (
    LONGEST,
    at_point,
    closed_form_roots,
    exact_eigenvalues,
    simplified,
)
from stability.time_limits import patience

s, t = sympy.symbols("s t")
g, k = sympy.symbols("gamma kappa", real=True)
x, y = sympy.symbols("x y", real=True)


def numbers(expressions, values=None):
    return np.array([complex(e.xreplace(values or {}).evalf(30)) for e in expressions])


def agree(found, expected):
    """The same expressions in the same order."""
    assert found is not None
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert sympy.simplify(one - other) == 0


# ---- Roots ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("polynomial", "roots"),
    [
        (2 * s - 3, [Rational(3, 2)]),
        (g * s + 1, [-1 / g]),
        (s**2 - 2, [sqrt(2), -sqrt(2)]),
        (s**2 + 4 * s + 5, [-2 + I, -2 - I]),
        ((s - 3) ** 2, [Integer(3), Integer(3)]),
        (s**2 + g * s + 1, [(-g + sqrt(g**2 - 4)) / 2, (-g - sqrt(g**2 - 4)) / 2]),
        (k * s**2 - 1, [1 / sqrt(k), -1 / sqrt(k)]),
    ],
)
def test_roots_of_low_degree(polynomial, roots):
    values = {g: Integer(3), k: Integer(2)}
    found = closed_form_roots(Poly(polynomial, s))
    assert found is not None
    np.testing.assert_allclose(
        np.sort_complex(numbers(found, values)),
        np.sort_complex(numbers(roots, values)),
        rtol=1e-15,
        atol=1e-15,
    )


@pytest.mark.parametrize(
    "polynomial",
    [
        s**3 - 2,
        s**3 + s + 1,
        (s - 1) ** 2 * (s + 2),
        s**4 + 5 * s**2 + 4,
        s**4 + 1,
        (s**2 + 1) ** 2,
    ],
)
def test_roots_by_radicals(polynomial):
    poly = Poly(polynomial, s)
    found = closed_form_roots(poly)
    assert found is not None
    assert len(found) == poly.degree()
    residuals = [abs(complex(poly.eval(root).evalf(30))) for root in found]
    assert max(residuals) < 1e-25
    # all of them: the sum of the roots and their product
    first, last = poly.all_coeffs()[1], poly.all_coeffs()[-1]
    assert abs(complex(sum(found).evalf(30)) + complex(first)) < 1e-25
    product = complex(sympy.prod(found).evalf(30))
    assert abs(product - (-1) ** poly.degree() * complex(last)) < 1e-25


@pytest.mark.parametrize("polynomial", [s**5 - s - 1, s**4 + s**3 + 3 * s + 7, s**5])
def test_no_short_roots(polynomial):
    found = closed_form_roots(Poly(polynomial, s))
    assert found is None or all(sympy.count_ops(root) <= LONGEST for root in found)
    if Poly(polynomial, s).degree() == 5:
        assert found is None


# ---- Eigenvalues ------------------------------------------------------------------------------


def test_sorted_by_real_part_then_imaginary_part():
    agree(exact_eigenvalues(sympy.diag(-3, 5, -1), {}), [5, -1, -3])
    agree(exact_eigenvalues(Matrix([[-1, 2], [-2, -1]]), {}), [-1 + 2 * I, -1 - 2 * I])
    companion = Matrix([[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [-4, 0, -5, 0]])
    agree(exact_eigenvalues(companion, {}), [2 * I, I, -I, -2 * I])


def test_the_order_is_that_of_the_given_values():
    matrix = sympy.diag(g, k)
    agree(exact_eigenvalues(matrix, {g: Integer(1), k: Integer(2)}), [k, g])
    agree(exact_eigenvalues(matrix, {g: Integer(2), k: Integer(1)}), [g, k])


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([[-1, 1], [0, -1]], [-1, -1]),
        ([[6, -4], [4, -2]], [2, 2]),
        (sympy.eye(3) * g, [g, g, g]),
        ([[sympy.exp(-1), 1], [0, sympy.exp(-1)]], [sympy.exp(-1)] * 2),
        (sympy.zeros(2), [0, 0]),
        ([[0, 1, 1, 0], [-1, 0, 0, 1], [0, 0, 0, 1], [0, 0, -1, 0]], [I, I, -I, -I]),
    ],
)
def test_multiplicities(matrix, expected):
    agree(exact_eigenvalues(Matrix(matrix), {g: Integer(3)}), expected)


def test_dirac_gan_with_r1():
    found = exact_eigenvalues(Matrix([[0, -Rational(1, 2)], [Rational(1, 2), -g]]), {g: Integer(3)})
    agree(found, [-g / 2 + sqrt(g**2 - 1) / 2, -g / 2 - sqrt(g**2 - 1) / 2])


def test_irrational_entries():
    agree(
        exact_eigenvalues(Matrix([[sqrt(2), 1], [1, 0]]), {}),
        [(sqrt(2) + sqrt(6)) / 2, (sqrt(2) - sqrt(6)) / 2],
    )


def test_blocks_are_solved_one_by_one():
    # three 2 × 2 blocks on the diagonal, shuffled, with couplings above: degree six, yet closed forms
    blocks = sympy.diag(*(Matrix([[-a, 1], [-1, -a]]) for a in (1, g, k)))
    blocks[0, 2], blocks[1, 5], blocks[3, 4] = 7, g, -2
    order = [3, 0, 5, 1, 4, 2]
    shuffled = blocks.extract(order, order)
    values = {g: Integer(2), k: Integer(3)}
    found = exact_eigenvalues(shuffled, values)
    agree(found, [-1 + I, -1 - I, -g + I, -g - I, -k + I, -k - I])


def test_balduzzis_four_players():
    e = Rational(1, 100)
    matrix = Matrix(4, 4, lambda i, j: -e if i == j else (-1 if j > i else 1))
    expected = [-e + s * I * (1 + t * sqrt(2)) for s, t in ((1, 1), (-1, -1), (1, -1), (-1, 1))]
    agree(exact_eigenvalues(matrix, {}), [expected[i] for i in (0, 1, 2, 3)])


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_numpy(seed):
    rng = np.random.default_rng(seed)
    d = 2 + seed % 2
    matrix = rng.integers(-4, 5, size=(d, d))
    with patience(4):
        found = exact_eigenvalues(Matrix(matrix.tolist()), {})
    assert found is not None
    values = numbers(found)
    np.testing.assert_allclose(
        np.sort_complex(np.round(values, 9)),
        np.sort_complex(np.round(np.linalg.eigvals(matrix), 9)),
        atol=1e-8,
    )
    keys = [(-round(v.real, 9), -round(v.imag, 9)) for v in values]
    assert keys == sorted(keys)


def test_no_closed_form():
    companion = sympy.zeros(5)
    companion[:4, 1:] = sympy.eye(4)
    companion[4, 0] = companion[4, 1] = 1  # s⁵ − s − 1
    assert exact_eigenvalues(companion, {}) is None
    assert exact_eigenvalues(sympy.zeros(0), {}) == ()


# ---- Matrices of expressions ------------------------------------------------------------------


def test_at_point_and_simplified():
    matrix = Matrix([[x**2 + y, g * x + g * y], [sympy.sin(x), 1]])
    at = at_point(matrix, (x, y), (sqrt(2), Integer(-2)))
    assert at[0, 0] == 0
    assert sympy.expand(at[0, 1] - g * (sqrt(2) - 2)) == 0
    assert at[1, 1] == 1
    assert at_point(Matrix([[x, y]]), (x, y), (y, x)) == Matrix([[y, x]])  # all at once
    assert simplified(Matrix([[(x + 1) ** 2 - x**2 - 2 * x - 1]])) == Matrix([[0]])


def test_eigenvalues_of_a_users_own_matrix():
    x, y, gamma = sympy.symbols("x y gamma")  # bare symbols, no values
    game = stability.SymbolicGame({"x": ([x], x * y + gamma / 2 * x**2), "y": ([y], -x * y)})
    jacobian = game.jacobian(sympy.zeros(2, 1))
    assert stability.characteristic_polynomial(jacobian) == [1, gamma, 1]
    found = stability.exact_eigenvalues(jacobian)
    assert found is not None
    assert len(found) == 2
    assert sympy.simplify(sum(found) + gamma) == 0
    assert sympy.simplify(found[0] * found[1] - 1) == 0
