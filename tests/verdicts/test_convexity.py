"""Convexity of each player's own loss: proofs, counterexamples, and what sampling can say."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as hs

import stability as st
from stability import InputError
from stability.dynamics.functions import sigmoid, softplus
from stability.verdicts.intervals import NoBounds, interval

x, y, z = sympy.symbols("x y z", real=True)


def game(loss_x, loss_y=y**2, **options) -> st.SymbolicGame:
    return st.SymbolicGame({"x": ([x], loss_x), "y": ([y], loss_y)}, **options)


@pytest.mark.parametrize(
    ("loss", "verdict", "value"),
    [
        (x * y, "yes", 0.0),
        (x**2 + x * y**3, "yes", 2.0),
        (-(x**2) / 2 + x * y, "no", -1.0),
    ],
)
def test_constant_second_derivatives_are_decided_exactly(loss, verdict, value):
    found = st.convexity(game(loss))["x"]
    assert (found.verdict, found.evidence) == (verdict, "exact")
    assert found.value == pytest.approx(value, abs=1e-15)
    assert (found.point is None) == (verdict == "yes")


def test_bounds_over_a_box_prove_what_holds_only_there():
    cubic = game(x**3, box={"x": (0.5, 2), "y": (-1, 1)})
    inside = st.convexity(cubic)["x"]
    assert (inside.verdict, inside.evidence) == ("yes", "exact")
    assert inside.value == pytest.approx(3.0, rel=1e-12)  # 6x at x = ½
    outside = st.convexity(cubic, box={"x": (-1, 2)})["x"]
    assert (outside.verdict, outside.evidence) == ("no", "numeric")
    # Sobol points come within about 1/1024 of the left end, where 6x = −6
    assert -6 <= outside.value < -5.9
    assert outside.value == pytest.approx(6 * outside.point["x"], rel=1e-9)
    assert outside.to_dict()["point"]["x"] == outside.point["x"]


def test_two_coordinates_that_are_convex_apart_but_not_together():
    saddle = st.SymbolicGame({"x": ([x, z], x**2 + z**2 + 3 * x * z), "y": ([y], y**2)})
    found = st.convexity(saddle)["x"]
    assert (found.verdict, found.evidence, found.value) == ("no", "exact", pytest.approx(-1.0))
    bowl = st.SymbolicGame({"x": ([x, z], x**2 + z**2 + x * z), "y": ([y], y**2)})
    assert st.convexity(bowl)["x"].value == pytest.approx(1.0)


def test_kinks_are_seen_by_chords():
    """A second derivative that is zero wherever it exists says nothing of a kink."""
    found = st.convexity(game(-sympy.Abs(x)))["x"]
    assert (found.verdict, found.evidence) == ("no", "numeric")
    assert "above a chord" in found.because
    valley = st.convexity(game(sympy.Abs(x)))["x"]
    assert (valley.verdict, valley.evidence) == ("yes", "numeric")


def test_games_in_jax_are_sampled():
    numeric = st.Game(
        {"x": lambda a, b: jnp.sum(a**4) + a[0] * b, "y": lambda a, b: jnp.sin(3 * b)},
        start={"x": jnp.zeros(2), "y": jnp.zeros(())},
    )
    found = st.convexity(numeric, points=256)
    assert (found["x"].verdict, found["x"].evidence) == ("yes", "numeric")
    assert found["y"].verdict == "no"
    # −9 sin 3b over [−1, 1]: at worst −9
    assert found["y"].value == pytest.approx(-9, abs=0.1)


def test_convex_concave_in_function_space_but_not_in_parameters():
    """Goodfellow et al. 2014, §4.2, against what Goodfellow 2017 says of parameters."""
    space = st.convexity(st.games.finite_gan(3, generator="simplex", discriminator="probabilities"))
    assert [(v.verdict, v.evidence) for v in space.values()] == [("yes", "exact")] * 2
    network = st.convexity(st.games.finite_gan(2))
    assert (network["disc"].verdict, network["disc"].evidence) == ("yes", "exact")
    assert network["gen"].verdict == "no"
    # the counterexample is one: the softmax's second derivative along (1, −1)/√2, by hand
    point = network["gen"].point
    q = 1 / (1 + np.exp(point["g2"] - point["g1"]))
    worth = [-np.log1p(np.exp(point[t])) for t in ("t1", "t2")]
    second = 2 * q * (1 - q) * (1 - 2 * q) * (worth[0] - worth[1])
    assert second < 0
    assert network["gen"].value == pytest.approx(second, rel=1e-9)


def test_second_derivatives_that_are_not_finite_leave_it_open():
    found = st.convexity(game(x**4 + sympy.sqrt(x) ** 3, box={"x": (-1, 1), "y": (0, 1)}))["x"]
    assert found.verdict == "undecided"
    assert "not finite" in found.because


def test_bad_questions_get_one_sentence():
    with pytest.raises(InputError, match="names w"):
        st.convexity(game(x**2), box={"w": (0, 1)})
    with pytest.raises(InputError, match="no parameters"):
        st.convexity(game(x**2).numeric(), parameters={"a": 1})
    with pytest.raises(InputError, match="number of points"):
        st.convexity(game(x**2), points=0)


# ---- Interval arithmetic ------------------------------------------------------------------------

EXPRESSIONS = [
    x**2 * y - 3 * x / 7,
    sympy.exp(x) / (1 + sympy.exp(y)),
    sigmoid(x) * (1 - sigmoid(x)) + softplus(-y),
    sympy.log(3 + x) ** 3 - sympy.pi * y**-2,
]
ends = hs.tuples(hs.floats(-2, 2), hs.floats(0, 2))


@settings(max_examples=30, deadline=None)
@given(hs.sampled_from(EXPRESSIONS), ends, ends, hs.floats(0, 1), hs.floats(0, 1))
def test_bounds_hold_everywhere_in_the_box(expression, of_x, of_y, s, t):
    box = {x: (of_x[0], of_x[0] + of_x[1]), y: (of_y[0], of_y[0] + of_y[1])}
    try:
        low, high = interval(expression, box)
    except NoBounds:
        assert expression is EXPRESSIONS[3]  # whose pole or logarithm the box touches
        return
    at = {
        v: sympy.Rational(a + f * (b - a))
        for (v, (a, b)), f in zip(box.items(), (s, t), strict=True)
    }
    value = float(expression.subs(at).evalf(30))
    # the point itself was rounded to a float on the way
    slack = 1e-12 * (1 + abs(value))
    assert low - slack <= value <= high + slack


def test_what_has_no_bounds():
    for expression, box in (
        (1 / x, (-1, 1)),
        (sympy.log(x), (0, 1)),
        (sympy.Abs(x), (0, 1)),
        (y, (0, 1)),
    ):
        with pytest.raises(NoBounds):
            interval(expression, {x: box})
    assert interval(sympy.pi * x**2, {x: (-1.0, 2.0)}) == pytest.approx((0, 4 * np.pi))
