"""Regret against closed forms and against every reply of a fine grid."""

import numpy as np
import pytest
import sympy

import stability as st
from stability.errors import InputError
from stability.verdicts.regret import epsilon

X, Y, Z = sympy.symbols("x y z", real=True)
HALF = sympy.Rational(1, 2)


def test_the_prisoner_who_cooperates_regrets_what_temptation_pays():
    game = st.games.prisoners_dilemma()
    both = st.regret(game, [1, 0, 1, 0])  # everybody cooperates
    losses = [
        game.losses()[0].xreplace(dict(zip(game.variables, profile, strict=True)))
        for profile in ((1, 0, 1, 0), (0, 1, 1, 0))
    ]
    assert both["row"].value == float(losses[0] - losses[1]) > 0
    assert both["row"].reply == {"row_cooperate": 0.0, "row_defect": 1.0}
    nobody = st.regret(game, [0, 1, 0, 1])
    assert [own.exact for own in nobody.values()] == ["0", "0"]
    assert epsilon(nobody) == 0


def test_a_firm_that_produces_too_little():
    # p = 10 − Q without costs: against 1 the best reply is 9/2, profit 81/4 instead of 8
    game = st.SymbolicGame(
        {"one": ([X], -X * (10 - X - Y)), "two": ([Y], -Y * (10 - X - Y))},
        sets={"one": st.Bounds(0), "two": st.Bounds(0)},
    )
    found = st.regret(game, {"x": 1, "y": 1})["one"]
    assert (found.exact, found.reply) == ("49/4", {"x": 4.5})


def test_a_ball_is_left_in_the_direction_of_the_slope():
    game = st.SymbolicGame(
        {"one": ([X, Y], 3 * X + 4 * Y + Z * X), "two": ([Z], Z**2)},
        sets={"one": st.Ball(2), "two": st.Bounds(-1, 1)},
    )
    found = st.regret(game, [0, 0, 0])["one"]  # the lowest is −2·5
    assert found.exact == "10"
    assert found.reply == {"x": -1.2, "y": -1.6}


def test_a_local_equilibrium_with_regret_is_no_global_one():
    game = st.SymbolicGame(
        {"one": ([X], -(X**2)), "two": ([Y], Y**2)},
        sets={"one": st.Bounds(-1, 2), "two": st.Bounds(-1, 1)},
    )
    report = st.report(game, rules=[st.Simultaneous(0.1)])
    ends = {e["point"]["x"]: e for e in report.to_dict()["equilibria"]}
    assert ends[-1]["conditions"]["local_nash"]["verdict"] == "yes"
    assert ends[-1]["regret"]["players"]["one"]["exact"] == "3"  # −1 against −4
    assert ends[2]["regret"]["epsilon"] == 0
    text = " ".join(str(report).split())
    assert "one gains 3 by x = 2; this is a local Nash equilibrium and no global one" in text


def test_floats_and_irrational_coefficients_are_not_called_exact():
    game = st.SymbolicGame(
        {"one": ([X], 0.1 * X**2 - 0.3 * X), "two": ([Y], sympy.sqrt(2) * Y**4 - sympy.pi * Y**2)},
        sets={"one": st.Bounds(-1, 1), "two": st.Bounds(-2, 2)},
    )
    one, two = st.regret(game, [0, 0]).values()
    assert (one.value, one.exact) == (pytest.approx(0.2), None)
    # √2 y⁴ − π y² is lowest at y² = π/(2√2), by π²/(4√2)
    assert (two.value, two.exact) == (pytest.approx(np.pi**2 / (4 * np.sqrt(2))), None)


@pytest.mark.parametrize("seed", range(4))
def test_no_reply_of_a_grid_is_better_than_the_best(seed):
    """Losses that are affine in each of two intervals by itself: the minimum lies at a vertex."""
    a, b, c, d = map(sympy.Rational, np.random.default_rng(seed).integers(-5, 6, 4))
    game = st.SymbolicGame(
        {"one": ([X, Y], a * X * Y + b * X + c * Y + d * X * Z), "two": ([Z], Z**2)},
        sets={"one": [st.Bounds(-1, 2, of="x"), st.Bounds(0, 3, of="y")], "two": st.Bounds(-1, 1)},
    )
    found = st.regret(game, [HALF, HALF, HALF])["one"]
    value = sympy.lambdify((X, Y), game.losses()[0].xreplace({Z: HALF}))
    x, y = np.meshgrid(np.linspace(-1, 2, 31), np.linspace(0, 3, 31))
    lowest = np.min(value(x, y) + 0 * x)
    assert found.value == pytest.approx(float(value(0.5, 0.5)) - lowest, abs=1e-12)


def test_what_is_not_known_is_not_told():
    wavy = st.SymbolicGame(
        {"one": ([X], sympy.sin(3 * X)), "two": ([Y], -Y)},
        sets={"one": st.Bounds(-3, 3), "two": st.Bounds(0)},
    )
    found = st.regret(wavy, [0, 0])
    assert found["one"].value is None
    assert found["two"].because == "the loss falls without end"
    assert epsilon(found) is None
    numeric = st.zero_sum(
        lambda x, y: x @ y, minimizer="x", maximizer="y", start={"x": np.ones(1), "y": np.ones(1)}
    )
    assert st.regret(numeric, [0.0, 0.0])["x"].value is None


def test_what_does_not_fit_gets_a_sentence():
    game = st.games.prisoners_dilemma()
    with pytest.raises(InputError, match="4 finite numbers"):
        st.regret(game, [0, 0])
    with pytest.raises(InputError, match="outside the players' sets"):
        st.regret(game, [1, 1, 0, 1])
    with pytest.raises(InputError, match="every variable"):
        st.regret(game, {"row_cooperate": 1})


@pytest.mark.parametrize(
    ("losses", "sets", "at", "gain"),
    [
        ((-sympy.sqrt(2) * X / 10**14, [X]), st.Bounds(0, 1), [0], "sqrt(2)/100000000000000"),
        ((X / 3 + Y / 3 - Y / 10**20, [X, Y]), st.Simplex(), [1, 0], "1/100000000000000000000"),
        (((sympy.sqrt(6) - sympy.sqrt(2) * sympy.sqrt(3)) * X, [X]), st.Bounds(0), [1], "0"),
        (
            ((sympy.sqrt(3 + 2 * sympy.sqrt(2)) - 1 - sympy.sqrt(2)) * X, [X]),
            st.Bounds(0),
            [1],
            "0",
        ),
    ],
    ids=["irrational", "between strategies", "zero at once", "zero to be seen"],
)
def test_what_is_exact_is_not_rounded(losses, sets, at, gain):
    loss, own = losses
    game = st.SymbolicGame({"one": (own, loss), "two": ([Z], Z**2)}, sets={"one": sets})
    assert st.regret(game, [*at, 0])["one"].exact == gain


@pytest.mark.parametrize(
    ("factor", "power", "expected"),
    [(1, 1, "yes"), (1, 2, "undecided"), (sympy.sqrt(2), 1, "undecided"), (0.1, 1, "undecided")],
    ids=["none is better", "the other end is", "irrational", "float"],
)
def test_without_regret_a_point_is_a_global_equilibrium(factor, power, expected):
    """x³ − x⁴ on [0, 1] at 0, without a push or a second derivative: it is 0 at 1, and never less."""
    losses = {"one": ([X], factor * (X**3 - power * X**4)), "two": ([Y], Y**2)}
    game = st.SymbolicGame(losses, sets={"one": st.Bounds(0, 1)})
    (e,) = st.report(game, rules=[], at={"x": 0, "y": 0}).equilibria
    assert e.conditions is not None
    nash = e.conditions.local_nash
    assert nash.verdict == expected
    assert ("a global Nash equilibrium" in nash.because) == (expected == "yes")
    if factor == 1:
        assert e.regret is not None
        assert e.regret["one"].exact == str(power - 1)


def test_both_ends_of_an_edge_of_equilibria():
    """xy and (1 + x)y − y²/8 on [0, 1]²: y = 0 is the best reply to every x, and then x does not matter."""
    losses = {"a": ([X], X * Y), "b": ([Y], (1 + X) * Y - Y**2 / 8)}
    game = st.SymbolicGame(losses, sets={"a": st.Bounds(0, 1), "b": st.Bounds(0, 1)})
    for x in (0, 1):
        (e,) = st.report(game, rules=[], at={"x": x, "y": 0}).equilibria
        assert e.conditions is not None
        assert e.regret is not None
        assert (e.conditions.local_nash.verdict, epsilon(e.regret)) == ("yes", 0)
        assert e.conditions.local_nash.evidence == "exact"
