"""Matrix games with known values, and what their solution says of itself."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stability import InputError, InputTypeError, matrix_game

PENNIES = [[1, -1], [-1, 1]]
ROCK_PAPER_SCISSORS = [[0, 1, -1], [-1, 0, 1], [1, -1, 0]]
SADDLE = [[1, 2], [3, 4]]  # the row player pays 2 at least, by the first row
MIXED = [[3, 0], [1, 2]]  # p = (1/4, 3/4) and q = (1/2, 1/2) equalise: value 3/2

KNOWN = [
    (PENNIES, 0, (Fraction(1, 2),) * 2, (Fraction(1, 2),) * 2),
    (ROCK_PAPER_SCISSORS, 0, (Fraction(1, 3),) * 3, (Fraction(1, 3),) * 3),
    (SADDLE, 2, (1, 0), (0, 1)),
    (MIXED, Fraction(3, 2), (Fraction(1, 4), Fraction(3, 4)), (Fraction(1, 2),) * 2),
    ([[5]], 5, (1,), (1,)),
    ([[1, 2, 3]], 3, (1,), (0, 0, 1)),
    ([[1], [2], [0]], 0, (0, 0, 1), (1,)),
]


@pytest.mark.parametrize(("payoffs", "value", "row", "column"), KNOWN)
def test_known_games_in_both_arithmetics(payoffs, value, row, column):
    exact = matrix_game(sympy.Matrix(payoffs))
    assert exact.exact is not None
    assert exact.exact[0] == sympy.Rational(value)
    assert exact.exact[1:] == (tuple(map(sympy.Rational, row)), tuple(map(sympy.Rational, column)))
    assert (exact.gap, exact.unique.verdict, exact.unique.evidence) == (0, "yes", "exact")
    found = matrix_game(payoffs)
    # small numbers: the linear program ends in a vertex, computed to rounding
    np.testing.assert_allclose(found.row, [float(p) for p in row], atol=1e-14)
    np.testing.assert_allclose(found.column, [float(q) for q in column], atol=1e-14)
    assert found.value == pytest.approx(float(value), abs=1e-14)
    assert found.gap <= 1e-14
    assert found.unique.verdict == "yes"
    assert found.exact is None


def test_pure_values_are_those_of_the_rows_and_columns():
    found = matrix_game(PENNIES)
    assert (found.minmax, found.maxmin) == (1, -1)
    found = matrix_game(SADDLE)
    assert found.minmax == found.maxmin == found.value == 2


@pytest.mark.parametrize(
    "payoffs",
    [
        [[1, 1], [1, 1]],
        [[1, -1], [-1, 1], [1, -1]],  # two equal rows
        [[0, 0], [0, 1]],  # rows 1 and 2 both guarantee 0 in part
    ],
)
def test_several_solutions_are_seen(payoffs):
    assert matrix_game(payoffs).unique.verdict == "no"
    exact = matrix_game(sympy.Matrix(payoffs)).unique
    assert (exact.verdict, exact.evidence) == ("no", "exact")


def test_nearly_several_solutions_are_undecided():
    # the second row is worse by a hundred-billionth: more than rounding, less than the program solves to
    assert matrix_game([[0.0, 1.0], [1e-11, 1.0], [1.0, 0.0]]).unique.verdict == "undecided"


def test_huge_and_tiny_payoffs():
    found = matrix_game(np.array(PENNIES) * 1e300)
    assert found.value == 0
    np.testing.assert_allclose(found.row, 0.5)
    found = matrix_game(1e9 + 1e-3 * np.array(MIXED))
    # the payoffs themselves are rounded at 1e-7 of what differs
    np.testing.assert_allclose(found.row, [0.25, 0.75], atol=1e-3)
    assert matrix_game([[0.0, 0.0]]).value == 0


@pytest.mark.parametrize(("modes", "generators"), [(2, 1), (3, 2), (4, 2), (4, 3), (4, 4)])
def test_n_generators_against_k_modes(modes, generators):
    # Data uniform on k points, every generator one of them, discriminators all of {−1, 1}^k: the payoff
    # E_data D − E_gen D of the uniform mixture of n generators is at most 2(1 − n/k), of all of them 0.
    scores = np.array(list(itertools.product([-1, 1], repeat=modes)), float)
    payoffs = scores.mean(axis=1) - scores[:, :generators].T
    found = matrix_game(payoffs)
    assert found.value == pytest.approx(2 * (1 - generators / modes), abs=1e-12)
    uniform = np.full(generators, 1 / generators)
    assert (uniform @ payoffs).max() == pytest.approx(found.value, abs=1e-12)


@settings(max_examples=40)
@given(arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.floats(-9, 9)))
def test_every_game_has_a_value(payoffs):
    found = matrix_game(payoffs)
    assert found.maxmin - 1e-8 <= found.value <= found.minmax + 1e-8
    assert np.isclose(found.row.sum(), 1)
    assert np.isclose(found.column.sum(), 1)
    assert min(found.row.min(), found.column.min()) >= 0
    spread = payoffs.max() - payoffs.min()
    assert (
        found.gap <= 1e-8 * spread
    )  # HiGHS satisfies its constraints to 1e-7 at worst, here far better
    assert matrix_game(-payoffs.T).value == pytest.approx(-found.value, abs=1e-8)


def test_the_two_arithmetics_agree():
    numbers = np.random.default_rng(1).integers(-9, 10, (5, 7))
    exact, found = matrix_game(sympy.Matrix(numbers)), matrix_game(numbers)
    assert exact.exact is not None
    value, row, column = exact.exact
    assert sum(row) == sum(column) == 1
    assert max(sympy.Matrix([row]) * sympy.Matrix(numbers)) == value
    assert min(sympy.Matrix(numbers) * sympy.Matrix(column)) == value
    assert found.value == pytest.approx(exact.value, abs=1e-12)
    assert str(found).startswith(f"value {found.value:.6g}")


@pytest.mark.parametrize(
    ("payoffs", "error", "message"),
    [
        ([[]], InputError, "at least one row and one column"),
        (np.zeros((0, 3)), InputError, "at least one row and one column"),
        ([1, 2], InputTypeError, "not an array of 1 axes"),
        ([[1, 2], [3]], InputTypeError, "rows of one length"),
        ([[1, float("nan")]], InputError, "finite payoffs"),
        ([[1, float("inf")]], InputError, "finite payoffs"),
        ([["a"]], InputTypeError, "a matrix of real numbers"),
        ([[1j]], InputTypeError, "a matrix of real numbers"),
        (np.zeros((1001, 1000)), InputError, "at most 1000000 entries"),
        (sympy.Matrix([[sympy.sqrt(2)]]), InputTypeError, "rational numbers"),
        (sympy.zeros(21, 20), InputError, "at most 400 entries"),
    ],
)
def test_bad_matrices(payoffs, error, message):
    with pytest.raises(error, match=message):
        matrix_game(payoffs)
