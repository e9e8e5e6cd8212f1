"""Invariant curves and periodic orbits of maps that are known, and orbits that are none."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from stability import Alternating, Gradient, HeavyBall, Map, Simultaneous
from stability.cycles.invariant_curves import invariant_curves
from stability.cycles.polygons import distances
from stability.games import load


def game_flow(name):
    return Gradient().flow(load(name)).real.numeric()


def radii(cycle):
    return np.linalg.norm(cycle.points[:, :2], axis=1)


def logistic(r):
    return Map(lambda z: r * z * (1 - z), dimension=1)


def henon(a):
    return Map(lambda z: jnp.array([1 - a * z[0] ** 2 + z[1], 0.3 * z[0]]), dimension=2)


def delayed_logistic(r):
    return Map(lambda z: jnp.array([r * z[0] * (1 - z[1]), z[0]]), dimension=2)


def test_logistic_map_of_period_two():
    (cycle,) = invariant_curves(logistic(3.2), np.array([[0.3], [0.6]]))
    assert (cycle.period, cycle.stable, cycle.multipliers) == (2, True, None)
    r = 3.2
    expected = (r + 1 + np.array([-1, 1]) * np.sqrt((r - 3) * (r + 1))) / (2 * r)
    np.testing.assert_allclose(np.sort(cycle.points[:, 0]), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("r", "period"), [(3.5, 4), (3.83, 3), (2.9, None), (3.0, None), (4.0, None)]
)
def test_logistic_map(r, period):
    found = invariant_curves(logistic(r), np.array([0.3]))
    assert [cycle.period for cycle in found] == ([] if period is None else [period])


@pytest.mark.parametrize(("a", "period"), [(0.5, 2), (1.0, 4), (1.4, None)])
def test_henon_map(a, period):
    found = invariant_curves(henon(a), np.array([[0.1, 0.1], [0.0, 0.0], [50.0, 50.0]]))
    assert [cycle.period for cycle in found] == ([] if period is None else [period])


def test_delayed_logistic_map_beyond_neimark_and_sacker():
    starts = np.array([[0.5, 0.5], [0.3, 0.2]])
    map_ = delayed_logistic(2.02)
    (cycle,) = invariant_curves(map_, starts)
    assert cycle.period is None
    assert cycle.stable
    np.testing.assert_array_equal(cycle.points[0], cycle.points[-1])
    # it is invariant: images of its points lie on it, up to the drawing
    assert distances(map_.values(cycle.points), cycle.points).max() < 1e-4
    assert invariant_curves(delayed_logistic(1.95), starts) == ()


@pytest.mark.parametrize("lr", [0.2, 0.02])
def test_the_nonsaturating_dirac_gan_under_simultaneous_steps(lr):
    map_ = Simultaneous(lr=lr).map(game_flow("dirac-gan-nonsaturating"))
    (cycle,) = invariant_curves(map_, np.array([[1.0, 1.0], [0.05, 0.0]]))
    assert cycle.period is None
    # REFERENCE: radius about sqrt(2h), to the next order in h
    assert np.median(radii(cycle)) == pytest.approx(np.sqrt(2 * lr), rel=0.05 * lr + 1e-3)


def test_letcher_s_game_under_steps():
    for rule in (Simultaneous(lr=0.01), Alternating(lr=0.2)):
        (cycle,) = invariant_curves(rule.map(game_flow("letcher")), np.array([1.0, 1.0]))
        assert cycle.stable
    (cycle,) = invariant_curves(
        Simultaneous(lr=0.01).map(game_flow("letcher")), np.array([1.0, 1.0])
    )
    assert 1.065 < radii(cycle).min() < 1.075
    assert 1.245 < radii(cycle).max() < 1.255


def test_a_rule_with_memory_is_followed_in_its_whole_state():
    map_ = HeavyBall(lr=0.1, beta=0.3).map(game_flow("dirac-gan-nonsaturating"))
    (cycle,) = invariant_curves(map_, np.array([1.0, 1.0, 1.0, 1.0]))
    assert cycle.points.shape[1] == 4


@pytest.mark.parametrize(
    ("name", "lr"),
    [("xy", 0.2), ("xy", 1.0), ("dirac-gan", 0.2), ("dirac-gan-nonsaturating", 0.2)],
    ids=["neutral", "neutral, of period 6", "neutral and curved", "algebraic decay"],
)
def test_alternating_steps_that_only_turn_have_no_attracting_curve(name, lr):
    map_ = Alternating(lr=lr).map(game_flow(name))
    assert invariant_curves(map_, np.array([[1.0, 1.0], [0.3, 0.2]])) == ()
