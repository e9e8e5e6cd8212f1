"""Mixed equilibria of continuous games with known finite supports."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import stability as st
from stability import InputError, SymbolicGame, mixed_equilibrium
from stability.matrix_games.mixed_newton import newton
from stability.matrix_games.payoff import payoff

x, y = sympy.symbols("x y", real=True)


def game(f):
    return SymbolicGame({"x": ([x], f), "y": ([y], -f)}, box={"x": (-1, 1), "y": (-1, 1)})


def assert_mixture(found, expected, tolerance=1e-8):
    """`expected` is point ↦ weight, points as tuples."""
    order = np.lexsort(found.points.T[::-1])
    known = sorted(expected.items())
    np.testing.assert_allclose(found.points[order], [p for p, _ in known], atol=tolerance)
    np.testing.assert_allclose(found.weights[order], [w for _, w in known], atol=tolerance)


# Half of the y at each end: min over x of x² + 1 is at 0, where max over y of y² is at both ends.
SQUARED_DISTANCE = ((x - y) ** 2, 1, {(0,): 1}, {(-1,): 0.5, (1,): 0.5})
# Parrilo 2006, with the roles named the other way round. At x = 1/5 it is 2/25 + 2y²/5, highest at
# y = ±1; with q on y = 1 the minimum over x is at 5(2q − 1) − 2 = 4x, so q = 39/50.
PARRILO = (-5 * x * y + 2 * x**2 + 2 * x * y**2 + y, 0.48, {(0.2,): 1}, {(-1,): 0.22, (1,): 0.78})
# (x² − y²)² + xy with x = ±r and y in {−1, 0, 1}: E over x is r⁴ − 2r²y² + y⁴, equal at 0 and ±1 for r² = ½;
# E over y is x⁴ − 2Qx² + Q with Q = P(y ≠ 0), lowest at x² = Q = ½. Value ¼.
FOUR_POINTS = (
    (x**2 - y**2) ** 2 + x * y,
    0.25,
    {(-np.sqrt(0.5),): 0.5, (np.sqrt(0.5),): 0.5},
    {(-1,): 0.25, (0,): 0.5, (1,): 0.25},
)


@pytest.mark.parametrize(
    ("f", "value", "minimizer", "maximizer"),
    [SQUARED_DISTANCE, *(pytest.param(*g, marks=pytest.mark.slow) for g in (PARRILO, FOUR_POINTS))],
)
def test_polynomial_games_with_known_supports(f, value, minimizer, maximizer):
    found = mixed_equilibrium(game(f))
    assert found.value == pytest.approx(value, abs=1e-10)
    assert found.epsilon <= 1e-6
    assert found.verdict.verdict == "yes"
    assert_mixture(found.minimizer, minimizer)
    assert_mixture(found.maximizer, maximizer)
    assert found.rounds[-1].epsilon == found.epsilon
    epsilons = [r.epsilon for r in found.rounds]
    assert epsilons == sorted(epsilons, reverse=True)


def test_two_generators_cover_two_modes():
    found = mixed_equilibrium(st.load("order-of-play"))
    assert_mixture(found.minimizer, {(-1,): 0.5, (1,): 0.5})
    assert_mixture(found.maximizer, {(0, 0): 1})
    assert found.epsilon == pytest.approx(0, abs=1e-12)
    # one generator at its best is off by min max − max min = 3/8
    alone = [r.epsilon for r in found.rounds if r.generators == 1]
    assert min(alone) == pytest.approx(3 / 8, abs=1e-9)
    assert "0.5 on (theta = 1)" in str(found)


def test_the_certificate_is_the_best_deviation_on_a_grid():
    continuous = payoff(game(SQUARED_DISTANCE[0]), None, None)
    points, weights = np.array([[-0.2], [0.5]]), np.array([0.3, 0.7])
    grid = np.linspace(-1, 1, 2001)[:, None]
    for role in (0, 1):
        reply, value = continuous.best_reply(1 - role, points, weights)
        pairs = (points, grid) if role == 0 else (grid, points)
        table = continuous.table(*pairs)
        mean = weights @ table if role == 0 else table @ weights
        best = mean.max() if role == 0 else mean.min()
        # the grid misses the optimum by at most its curvature times half the spacing squared
        assert value == pytest.approx(best, abs=1e-6)
        assert (value >= best - 1e-12) if role == 0 else (value <= best + 1e-12)
        assert np.abs(reply).max() <= 1


def test_newton_merges_and_refines_a_rough_mixture():
    f, _, minimizer, maximizer = FOUR_POINTS
    continuous = payoff(game(f), None, None)
    rough_x = np.array([[-0.7], [0.7], [0.705]]), np.array([0.52, 0.3, 0.18])
    rough_y = np.array([[-1.0], [0.01], [1.0]]), np.array([0.27, 0.5, 0.23])
    found = newton(continuous, rough_x, rough_y)
    assert found is not None
    for (points, weights), known in zip(found, (minimizer, maximizer), strict=True):
        order = np.argsort(points[:, 0])
        np.testing.assert_allclose(
            points[order, 0], [p for (p,), _ in sorted(known.items())], atol=1e-12
        )
        np.testing.assert_allclose(
            weights[order], [w for _, w in sorted(known.items())], atol=1e-12
        )


@pytest.mark.slow
def test_a_search_that_is_cut_short_says_so():
    found = mixed_equilibrium(game(FOUR_POINTS[0]), rounds=2)
    assert found.verdict.verdict == "no"
    assert found.epsilon > 0.1
    assert found.lower <= 0.25 <= found.upper


def test_bad_settings():
    with pytest.raises(InputError, match="epsilon is zero or a positive"):
        mixed_equilibrium(game(x * y), epsilon=-1)
    with pytest.raises(InputError, match="number of rounds"):
        mixed_equilibrium(game(x * y), rounds=0)
    with pytest.raises(InputError, match="do not add up to a constant"):
        mixed_equilibrium(game(sympy.log(x - 3) * y))
