"""All Nash equilibria of finite games."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import scipy
import sympy
from hypothesis import given, settings
from hypothesis import strategies as hs
from sympy import Rational, Symbol, sqrt

import stability as st
from stability.matrix_games import supports
from stability.matrix_games.vertices import vertices

HALF, THIRD = Rational(1, 2), Rational(1, 3)


def two(A, B) -> st.StrategicForm:
    labels = {
        "row": [f"r{i}" for i in range(len(A))],
        "column": [f"c{j}" for j in range(len(A[0]))],
    }
    return st.StrategicForm(labels, {"row": A, "column": B})


def one(A) -> st.StrategicForm:
    return st.StrategicForm({"all": [str(i) for i in range(len(A))]}, {"all": A})


def points(found: st.NashEquilibria) -> list[tuple]:
    return [tuple(e.strategies.values()) for e in found.equilibria]


def test_a_game_with_three_equilibria():
    """The running example of von Stengel (2002), equations 3.6: all by hand."""
    form = two([[3, 3], [2, 5], [0, 6]], [[3, 2], [2, 6], [3, 1]])
    found = st.nash_equilibria(form)
    assert points(found) == [
        ((1, 0, 0), (1, 0)),
        ((Rational(4, 5), Rational(1, 5), 0), (2 * THIRD, THIRD)),
        ((0, THIRD, 2 * THIRD), (THIRD, 2 * THIRD)),
    ]
    assert found.exhaustive
    assert found.evidence == "exact"
    assert found.because is None
    assert [e.strict for e in found.equilibria] == [True, False, False]
    assert all(e.quasi_strict and e.regret == 0 for e in found.equilibria)
    assert [e.index for e in found.equilibria] == [1, -1, 1]
    assert found.equilibria[1].payoffs == {"row": 3, "column": Rational(14, 5)}
    assert found.equilibria[1].support == {"row": ("r0", "r1"), "column": ("c0", "c1")}
    assert [c.dimension for c in found.components] == [0, 0, 0]
    assert str(found).splitlines()[0] == "row (1, 0, 0), column (1, 0); payoffs 3, 3; strict"


def test_a_tie_makes_a_segment():
    """The same with B_11 = B_12: the first row is best against 2/3 and more of the first column."""
    found = st.nash_equilibria(two([[3, 3], [2, 5], [0, 6]], [[3, 3], [2, 6], [3, 1]]))
    assert [c.dimension for c in found.components] == [1, 0]
    (segment,) = found.components[0].subsets
    assert segment == {"row": ((1, 0, 0),), "column": ((1, 0), (2 * THIRD, THIRD))}
    assert [e.quasi_strict for e in found.equilibria] == [False, False, True]
    assert [e.index for e in found.equilibria] == [None, None, 1]
    assert "a component of dimension 1 with 1 convex part" in str(found)


def test_two_segments_that_meet_are_one_component():
    found = st.nash_equilibria(two([[1, 1], [1, 0]], [[1, 1], [1, 0]]))
    assert points(found) == [((1, 0), (1, 0)), ((1, 0), (0, 1)), ((0, 1), (1, 0))]
    (corner,) = found.components
    assert corner.dimension == 1
    assert len(corner.subsets) == 2


def test_nothing_matters():
    found = st.nash_equilibria(two([[0] * 3] * 2, [[1] * 3] * 2))
    (everything,) = found.components
    assert everything.dimension == 3
    assert len(found.equilibria) == 6


@pytest.mark.parametrize(
    ("A", "expected"),
    [
        ([[-1, 4], [0, 2]], [(2 * THIRD, THIRD)]),  # hawk and dove, V = 4, C = 6
        ([[2, 0], [0, 1]], [(1, 0), (THIRD, 2 * THIRD), (0, 1)]),
        ([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], [(THIRD,) * 3]),
        ([[3, 0], [5, 1]], [(0, 1)]),
    ],
)
def test_one_population(A, expected):
    found = st.nash_equilibria(one(A))
    assert [e.strategies["all"] for e in found.equilibria] == expected
    assert sum(e.index for e in found.equilibria) == 1
    assert all(c.dimension == 0 for c in found.components)


def test_a_population_with_ties():
    found = st.nash_equilibria(one([[1, 1, 0], [1, 1, 0], [0, 0, 1]]))
    edges = [component.subsets for component in found.components]
    assert edges == [
        ({"all": ((1, 0, 0), (0, 1, 0))},),
        ({"all": ((HALF, 0, HALF), (0, HALF, HALF))},),
        ({"all": ((0, 0, 1),)},),
    ]


def test_a_player_alone():
    found = st.nash_equilibria(st.StrategicForm({"me": ["a", "b", "c"]}, {"me": [2, 1, 2]}))
    assert points(found) == [((1, 0, 0),), ((0, 0, 1),)]
    assert [c.dimension for c in found.components] == [1]


def test_payoffs_in_parameters():
    v, c = Symbol("v", real=True), Symbol("c", real=True)
    form = st.StrategicForm(
        {"all": ["hawk", "dove"]},
        {"all": [[(v - c) / 2, v], [0, v / 2]]},
        parameters={"v": 4, "c": 6},
    )
    (mixed,) = st.nash_equilibria(form.game()).equilibria
    assert mixed.strategies == {"all": (2 * THIRD, THIRD)}
    (hawks,) = st.nash_equilibria(form, parameters={"v": 8}).equilibria
    assert hawks.support == {"all": ("hawk",)}


def test_irrational_payoffs_are_rounded_and_said_to_be():
    found = st.nash_equilibria(one([[sqrt(2), 0], [0, 1]]))
    assert found.evidence == "numeric"
    assert not found.exhaustive
    assert "not rational" in found.because
    (mixed,) = [e for e in found.equilibria if len(e.support["all"]) == 2]
    assert float(mixed.strategies["all"][0]) == pytest.approx(1 / (1 + 2**0.5), abs=1e-15)


@pytest.mark.parametrize("seed", range(6))
def test_indices_add_up_to_one(seed):
    """In games without ties, of which there are an odd number of equilibria (Shapley 1974)."""
    generator = np.random.default_rng(seed)
    A, B = generator.integers(-99, 100, (2, 5, 5)).tolist()
    found = st.nash_equilibria(two(A, B))
    assert sum(e.index for e in found.equilibria) == 1
    assert len(found.equilibria) % 2 == 1
    population = st.nash_equilibria(one(A))
    assert sum(e.index for e in population.equilibria) == 1


def test_the_value_of_a_zero_sum_game():
    A = sympy.Matrix(3, 4, [3, 0, -2, 1, -1, 2, 4, 0, 0, 1, -3, 5])
    solved = st.matrix_game(-A)  # whose row player pays
    found = st.nash_equilibria(two(A.tolist(), (-A).tolist()))
    assert {e.payoffs["row"] for e in found.equilibria} == {-solved.exact[0]}
    assert solved.exact[1:] in points(found)


def _regret(A, x, y):
    return max(sum(a * q for a, q in zip(row, y, strict=True)) for row in A) - sum(
        p * a * q for p, row in zip(x, A, strict=True) for a, q in zip(row, y, strict=True)
    )


def _inside(point, corners):
    """Whether a point is a mean of corners."""
    matrix = np.vstack([np.array(corners, dtype=float).T, np.ones(len(corners))])
    right = np.append(np.array(point, dtype=float), 1)
    return scipy.optimize.linprog(np.zeros(len(corners)), A_eq=matrix, b_eq=right).status == 0


def _mean(corners, weights):
    """A mean of corners, by the first of the weights, in exact numbers."""
    total = sum(weights[: len(corners)])
    parts = list(zip(weights, corners, strict=False))
    return [
        sum(Fraction(w, total) * Fraction(str(c[i])) for w, c in parts)
        for i in range(len(corners[0]))
    ]


@settings(max_examples=12, deadline=None)
@given(
    hs.lists(hs.integers(-1, 1), min_size=12, max_size=12),
    hs.lists(hs.integers(1, 9), min_size=6, max_size=6),
)
def test_components_are_all_equilibria_and_nothing_else(numbers, weights):
    """Of 2 by 3 games full of ties: means of corners have no regret; profiles in halves without are there."""
    A, B = np.reshape(numbers, (2, 2, 3)).tolist()
    BT = np.transpose(B).tolist()
    found = st.nash_equilibria(two(A, B))
    subsets = [s for component in found.components for s in component.subsets]
    for s in subsets:
        x, y = _mean(s["row"], weights), _mean(s["column"], weights)
        assert _regret(A, x, y) == 0 == _regret(BT, y, x)
    for x0, y0, y1 in itertools.product(range(3), repeat=3):
        x = [Fraction(x0, 2), Fraction(2 - x0, 2)]
        y = [Fraction(y0, 2), Fraction(y1, 2), Fraction(2 - y0 - y1, 2)]
        if y0 + y1 <= 2 and _regret(A, x, y) == 0 == _regret(BT, y, x):
            assert any(_inside(x, s["row"]) and _inside(y, s["column"]) for s in subsets)
    assert all(e.regret == 0 for e in found.equilibria)


@settings(max_examples=12, deadline=None)
@given(
    hs.lists(hs.integers(-1, 1), min_size=9, max_size=9),
    hs.lists(hs.integers(1, 9), min_size=3, max_size=3),
)
def test_components_of_a_population(numbers, weights):
    A = np.reshape(numbers, (3, 3)).tolist()
    found = st.nash_equilibria(one(A))
    subsets = [s["all"] for component in found.components for s in component.subsets]
    for corners in subsets:
        x = _mean(corners, weights)
        assert _regret(A, x, x) == 0
    for i, j in itertools.product(range(5), repeat=2):
        x = [Fraction(i, 4), Fraction(j, 4), Fraction(4 - i - j, 4)]
        if i + j <= 4 and _regret(A, x, x) == 0:
            assert any(_inside(x, corners) for corners in subsets)


def test_vertices_of_a_cube():
    """{x ≥ 0, x_i ≤ 1 for each i} but for 0 has seven, with one of two labels for each coordinate."""
    eye = [[Fraction(int(i == j)) for j in range(3)] for i in range(3)]
    found = vertices(eye)
    assert sorted(x for x, _ in found) == sorted(
        set(itertools.product((0, 1), repeat=3)) - {(0,) * 3}
    )
    for x, labels in found:
        assert labels == sum(1 << (i + 3 * own) for i, own in enumerate(x))


# ---- more players ------------------------------------------------------------------------


def three(payoff) -> st.StrategicForm:
    """Three players of two strategies; payoff(player, i, j, k)."""
    return st.StrategicForm(
        {p: ["0", "1"] for p in "abc"},
        {
            p: [[[payoff(n, i, j, k) for k in (0, 1)] for j in (0, 1)] for i in (0, 1)]
            for n, p in enumerate("abc")
        },
    )


def test_three_players_who_coordinate():
    """Each gets 3 where all play 0 and 2 where all play 1: 3 p² = 2 (1 − p)², p = √6 − 2, if all mix.

    If a plays 0 for sure, b and c play 0 too, for 0 is then never worse.
    """
    found = st.nash_equilibria(three(lambda n, i, j, k: 3 if i + j + k == 0 else 2 * (i * j * k)))
    p = sqrt(6) - 2
    mixed = [e for e in found.equilibria if len(e.support["a"]) == 2]
    assert [tuple(e.strategies.values()) for e in mixed] == [((p, 1 - p),) * 3]
    assert mixed[0].quasi_strict
    assert mixed[0].index is None
    strict = [e for e in found.equilibria if e.strict]
    assert [tuple(e.strategies.values()) for e in strict] == [((1, 0),) * 3, ((0, 1),) * 3]
    assert found.exhaustive
    assert all(sympy.simplify(e.regret) == 0 for e in found.equilibria)


def test_three_players_in_a_circle():
    """a meets b, b meets c, c meets a at pennies: 1/2 each and nothing else (Jordan 1993)."""
    found = st.nash_equilibria(
        three(lambda n, i, j, k: (-1) ** (((i + j), (j + k), (k + i + 1))[n]))
    )
    assert points(found) == [((HALF, HALF),) * 3]
    assert found.exhaustive


def test_a_continuum_of_three_players_is_said_to_be_one():
    found = st.nash_equilibria(three(lambda n, i, j, k: -i if n == 0 else -j if n == 1 else i))
    assert not found.exhaustive
    assert "continua of equilibria" in found.because
    assert "{0} × {0} × {0, 1}" in found.because


def test_equations_that_are_not_solved_are_said_to_be(monkeypatch):
    monkeypatch.setattr(supports, "_MOST_UNSOLVED", 0)
    found = st.nash_equilibria(three(lambda n, i, j, k: 3 if i + j + k == 0 else 2 * (i * j * k)))
    assert not found.exhaustive
    assert "the equations were not solved, on the supports" in found.because
    assert all(e.strict for e in found.equilibria)


def test_what_is_refused():
    with pytest.raises(
        st.InputTypeError, match=r"takes a game in strategic form.* not SymbolicGame"
    ):
        st.nash_equilibria(st.games.xy())
    many = st.StrategicForm(
        {p: list("abcd") for p in "xyz"}, {p: np.ones((4, 4, 4)) for p in "xyz"}
    )
    with pytest.raises(st.InputError, match="3375 choices of supports"):
        st.nash_equilibria(many)
    with pytest.raises(st.InputError, match="parameter a needs a value"):
        st.nash_equilibria(one([[Symbol("a"), 0], [0, 1]]))
