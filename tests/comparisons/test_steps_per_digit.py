"""What rotation costs: the steps for a digit where |Im λ| ≫ |Re λ|, and what cures it."""

import math

import numpy as np
import pytest
import sympy

import stability as st

DIGIT = math.log(10)


def test_the_best_radius_against_a_rotation_is_exact():
    a, b, h = sympy.symbols("a b h", positive=True)
    square = sympy.expand((1 - h * a) ** 2 + (h * b) ** 2)  # |1 + hλ|², λ = −a ± ib
    (best,) = sympy.solve(sympy.diff(square, h), h)
    assert sympy.simplify(best - a / (a**2 + b**2)) == 0
    assert sympy.simplify(square.subs(h, best) - b**2 / (a**2 + b**2)) == 0


def test_steps_for_a_digit_grow_like_the_square_of_the_rotation():
    # |μ|² = b²/(a² + b²), so −log10 |μ| = log10(1 + (a/b)²)/2
    for gamma in (0.1, 0.01):
        game = st.games.load("dirac-gan-r1", {"gamma": str(gamma)})
        (row,) = st.compare(game, rules=[st.Simultaneous()]).rows
        exact = -2 * DIGIT / math.log1p(-(gamma**2))  # a = γ/2, a² + b² = 1/4
        assert row.steps_per_digit == pytest.approx(exact, rel=1e-6)
        assert row.steps_per_digit == pytest.approx(2 * DIGIT / gamma**2, rel=gamma**2)
        assert row.best_lr == pytest.approx(2 * gamma, rel=1e-6)


def test_the_fastest_rotation_of_four_players_decides():
    epsilon, square = 0.01, (1 + math.sqrt(2)) ** 2
    (row,) = st.compare(st.games.load("balduzzi-four"), rules=[st.Simultaneous()]).rows
    exact = 2 * DIGIT / math.log1p(epsilon**2 / square)
    assert row.steps_per_digit == pytest.approx(exact, rel=1e-6)
    assert row.best_lr == pytest.approx(epsilon / (epsilon**2 + square), rel=1e-6)


def test_what_consensus_and_r1_buy():
    game = st.games.load("dirac-gan-r1", {"gamma": "0.01"})
    fields = [st.Gradient(), st.Consensus(gamma=1)]
    rows = st.compare(game, fields=fields, rules=[st.Simultaneous()]).rows
    plain, consensus = (next(row for row in rows if row.field == f.name) for f in fields)
    jacobian = np.array([[0, -0.5], [0.5, -0.01]])
    jacobian = jacobian - jacobian.T @ jacobian  # of v − Jᵀv, at a zero of v
    value = np.linalg.eigvals(jacobian)[0]
    exact = 2 * DIGIT / math.log1p((value.real / value.imag) ** 2)
    assert consensus.steps_per_digit == pytest.approx(exact, rel=1e-5)
    assert plain.steps_per_digit >= 2000 * consensus.steps_per_digit
    strong = st.games.load("dirac-gan-r1", {"gamma": "1"})
    (row,) = st.compare(strong, rules=[st.Simultaneous()]).rows
    # critical damping: a double −1/2, which the step 2 takes to zero: the error is gone in two steps
    assert row.best_spectral_radius < 1e-6
