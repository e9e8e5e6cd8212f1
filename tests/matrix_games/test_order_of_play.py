"""min max and max min with known values, and what the rules make of the order."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import stability as st
from stability import InputError, InputTypeError, SymbolicGame, order_of_play

x, y = sympy.symbols("x y", real=True)
SQUARE = {"x": (-1, 1), "y": (-1, 1)}


def game(f, box=None):
    return SymbolicGame({"x": ([x], f), "y": ([y], -f)}, box=SQUARE if box is None else box)


@pytest.mark.parametrize(
    ("f", "minmax", "maxmin", "minmax_at", "maxmin_at"),
    [
        # the maximizer answers x = 0 at the edge; the minimizer answers any y by x = y
        pytest.param((x - y) ** 2, 1, 0, (("x", 0),), (), marks=pytest.mark.slow),
        # max over y is 2|x| + 1 − x²/2, min over x is −2|y| − 1/2 + y²: both have a kink at their optimum
        pytest.param(
            2 * x * y - x**2 / 2 + y**2,
            1,
            -0.5,
            (("x", 0),),
            (("y", 0),),
            marks=pytest.mark.slow,
        ),
        # Parrilo 2006: max over y of −5xy + 2x² + 2xy² + y is at y = ±1 for x = 1/5
        pytest.param(
            -5 * x * y + 2 * x**2 + 2 * x * y**2 + y,
            0.48,
            None,
            (("x", 0.2),),
            (),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_known_values(f, minmax, maxmin, minmax_at, maxmin_at):
    found = order_of_play(game(f))
    assert found.minmax == pytest.approx(minmax, abs=1e-10)
    if maxmin is not None:
        assert found.maxmin == pytest.approx(maxmin, abs=1e-10)
    for point, known in ((found.minmax_point, minmax_at), (found.maxmin_point, maxmin_at)):
        for name, value in known:
            assert point[name] == pytest.approx(value, abs=1e-7)
    assert found.matters.verdict == "yes"
    assert found.matters.value == pytest.approx(found.gap)
    assert found.error <= 1e-10


def test_the_catalogue_game():
    found = order_of_play(st.load("order-of-play"))
    assert found.minmax == pytest.approx(3 / 8, abs=1e-10)
    assert found.maxmin == pytest.approx(0, abs=1e-10)
    theta = found.minmax_point["theta"]
    assert abs(theta) == pytest.approx(1 / np.sqrt(2), abs=1e-8)
    assert found.minmax_point["w1"] == pytest.approx(-theta, abs=1e-8)
    assert found.minmax_point["w2"] == pytest.approx(0.5, abs=1e-8)
    assert np.hypot(found.maxmin_point["w1"], found.maxmin_point["w2"]) < 1e-8
    assert "no Nash equilibrium in pure strategies" in str(found)


def test_a_saddle_point_leaves_nothing_to_see():
    found = order_of_play(game(x * y + x**2 - y**2))
    assert found.matters.verdict == "undecided"
    assert abs(found.gap) < 1e-10
    assert found.minmax_point == pytest.approx({"x": 0, "y": 0}, abs=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_fine_grid_agrees(seed):
    a, b, c, d = np.random.default_rng(seed).uniform(-2, 2, 4).round(3).tolist()
    f = sympy.cos(a * x - 3 * y) + b * x * y + c * x**3 * y**2 + d * x
    found = order_of_play(game(f))
    points = np.linspace(-1, 1, 2001)
    values = sympy.lambdify((x, y), f)(points[:, None], points[None])
    # a grid of spacing 1e-3 is off by at most the slope, below 20, times half the spacing
    assert found.minmax == pytest.approx(values.max(axis=1).min(), abs=1e-2)
    assert found.maxmin == pytest.approx(values.min(axis=0).max(), abs=1e-2)
    assert found.maxmin <= found.minmax + 1e-12


def flow():
    return st.Gradient().flow(st.load("order-of-play").numeric())


def last(rule, start=(0.5, 0.0, 0.0), steps=400, kept=6):
    return np.asarray(st.simulate(rule.map(flow()), list(start), steps).points)[-kept:]


@pytest.mark.parametrize(
    "rule",
    [
        st.Alternating({"gen": 0.1, "disc": 0.5}, steps={"disc": 8}, order="disc+gen"),
        pytest.param(st.Unrolled(0.1, k=10, player="gen"), marks=pytest.mark.slow),
    ],
)
def test_a_discriminator_trained_inside_leads_to_the_best_compromise(rule):
    root = np.sqrt(0.5)
    # both converge geometrically: after 400 steps nothing is left
    np.testing.assert_allclose(last(rule)[-1], [root, -root, 0.5], atol=1e-6)


def test_a_generator_trained_inside_jumps_from_mode_to_mode():
    # ten long steps take the generator from any slope above 0.02 to the end of the box
    inner = st.Alternating({"gen": 5.0, "disc": 0.1}, steps={"gen": 10}, order="disc+gen")
    rule = st.Clipped(inner=inner, low={"gen": -1}, high={"gen": 1})
    ends = last(rule, kept=60)
    assert {-1.0, 1.0} <= set(ends[:, 0])
    # each discriminator step moves w₁ by 0.1 towards the other mode: it stays within two steps of w = 0
    assert np.abs(ends[:, 1:]).max() < 0.2


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"x": ([x], x**2), "y": ([y], y**2)}, InputError, "do not add up to a constant"),
        ({"x": ([x], x**2)}, InputError, "two-player games"),
    ],
)
def test_games_that_are_not_zero_sum(given, error, message):
    box = {str(own[0]): (-1, 1) for own, _ in given.values()}
    with pytest.raises(error, match=message):
        order_of_play(SymbolicGame(given, box=box))


def test_bad_boxes_and_things_that_are_no_games():
    with pytest.raises(InputError, match="the box says nothing of y"):
        order_of_play(game(x * y, {"x": (-1, 1)}))
    with pytest.raises(InputError, match="low < high"):
        order_of_play(game(x * y), box={"x": (1, -1)})
    with pytest.raises(InputTypeError, match="takes a Game or a SymbolicGame"):
        order_of_play([[1, 2], [3, 4]])  # pyright: ignore[reportArgumentType]
    many = sympy.symbols("a:5", real=True)
    wide = SymbolicGame({"x": (many, sum(many) * y), "y": ([y], -sum(many) * y)})
    with pytest.raises(InputError, match="up to 4 variables per player"):
        order_of_play(wide)
