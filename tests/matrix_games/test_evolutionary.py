"""Evolutionarily stable strategies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hs
from sympy import Rational, sqrt

import stability as st

THIRD = Rational(1, 3)


def one(A) -> st.StrategicForm:
    return st.StrategicForm({"all": [str(i) for i in range(len(A))]}, {"all": A})


@pytest.mark.parametrize(
    ("A", "expected"),
    [
        ([[-1, 4], [0, 2]], [(2 * THIRD, THIRD)]),  # hawk and dove
        ([[3, 0], [5, 1]], [(0, 1)]),  # prisoner's dilemma
        ([[2, 0], [0, 1]], [(1, 0), (0, 1)]),  # coordination
        ([[1, 1], [1, 0]], [(1, 0)]),  # a tie, decided at second order
        ([[1, 1], [1, 1]], []),
        ([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], []),  # rock, paper, scissors
        ([[0, -1, 2], [2, 0, -1], [-1, 2, 0]], [(THIRD,) * 3]),  # a winner's gain above the loss
        ([[0, -2, 1], [1, 0, -2], [-2, 1, 0]], []),
        # Zeeman (1980): (1/3, 1/3, 1/3) attracts the replicator and is no ESS
        ([[0, 6, -4], [-3, 0, 5], [-1, 3, 0]], [(1, 0, 0)]),
    ],
)
def test_known_games(A, expected):
    found = st.evolutionarily_stable_strategies(one(A))
    assert [e.strategy for e in found] == expected


def test_what_is_told():
    (found,) = st.evolutionarily_stable_strategies(one([[1, 1], [1, 0]]).game())
    assert found.support == ("0",)
    assert found.best_replies == ("0", "1")
    assert found.payoff == 1
    assert str(found) == "(1, 0), payoff 1"


def test_two_players_with_the_same_choices():
    labels = {"row": ["h", "d"], "column": ["h", "d"]}
    A = [[-1, 4], [0, 2]]
    form = st.StrategicForm(labels, {"row": A, "column": [[-1, 0], [4, 2]]})
    assert [e.strategy for e in st.evolutionarily_stable_strategies(form)] == [(2 * THIRD, THIRD)]
    with pytest.raises(st.InputError, match="about symmetric games"):
        st.evolutionarily_stable_strategies(st.StrategicForm(labels, {"row": A, "column": A}))
    with pytest.raises(st.InputError, match="about symmetric games"):
        st.evolutionarily_stable_strategies(st.StrategicForm({"me": ["a", "b"]}, {"me": [1, 2]}))
    with pytest.raises(st.InputError, match="rational numbers"):
        st.evolutionarily_stable_strategies(one([[sqrt(2), 0], [0, 1]]))
    with pytest.raises(st.InputError, match="at most 12 strategies, not 13"):
        st.evolutionarily_stable_strategies(one(np.eye(13, dtype=int)))


def _uninvaded(A, x):
    """Whether x does better than every y near it against that y, tried for many y.

    Equivalent to evolutionary stability (Hofbauer, Schuster, Sigmund 1979).
    """
    A, x = np.array(A, dtype=float), np.array(x, dtype=float)
    others = np.random.default_rng(0).dirichlet(np.full(len(x), 0.3), 3000)
    others = np.vstack([others, np.eye(len(x))])
    others = others[np.abs(others - x).max(axis=1) > 1e-3]
    near = x + 1e-3 * (others - x)
    return bool((((x - near) * (near @ A.T)).sum(axis=1) > 1e-12).all())


@settings(max_examples=20, deadline=None)
@given(hs.integers(2, 4), hs.lists(hs.integers(-2, 2), min_size=16, max_size=16))
def test_they_are_the_equilibria_that_are_not_invaded(n, numbers):
    A = np.reshape(numbers[: n * n], (n, n)).tolist()
    stable = {e.strategy for e in st.evolutionarily_stable_strategies(one(A))}
    equilibria = {e.strategies["all"] for e in st.nash_equilibria(one(A)).equilibria}
    assert stable <= equilibria
    assert stable == {x for x in equilibria if _uninvaded(A, x)}
