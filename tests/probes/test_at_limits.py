"""A clipped network that rests at its limits: the spectrum on the free numbers, in closed form."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stability as st
from stability.probes.at_limits import free_game, strictly_held


def critic_loss(d, g):
    return -3 * d[0] + 5 * d[3] + d[1] ** 2 + d[2] ** 2 / 2 + d[1] * g[0]


def generator_loss(d, g):
    return (g @ g) / 2 - d[1] * g[0]


def clipped(start):
    return st.Game(
        {"critic": critic_loss, "generator": generator_loss},
        start={"critic": np.array(start), "generator": np.zeros(2)},
        sets={"critic": st.Bounds(-0.1, 0.1)},
    )


@pytest.mark.slow
def test_a_clipped_network_is_at_rest_at_its_limits():
    """Free are d1, d2, g0, g1: d1′ = −2d1 − g0, g0′ = d1 − g0, the others decay: (−3 ± i√3)/2, −1, −1."""
    report = st.probe(clipped([0.1, 0.0, 0.0, -0.1]), rules=[st.Simultaneous(0.1)])
    expected = np.array([-1, -1, -1.5 + np.sqrt(0.75) * 1j, -1.5 - np.sqrt(0.75) * 1j])
    np.testing.assert_allclose(
        np.sort_complex(report.rightmost.values), np.sort_complex(expected), atol=1e-9
    )
    assert report.stability.verdict == "exponentially stable"
    (rule,) = report.rules
    assert rule.multipliers is not None
    np.testing.assert_allclose(
        np.sort_complex(rule.multipliers.values), np.sort_complex(1 + 0.1 * expected), atol=1e-9
    )
    assert "2 of the 6 numbers are held at limits" in report.warnings[0]
    assert "with 3 to 5" in report.warnings[0]


@pytest.mark.slow
def test_a_limit_that_is_touched_without_a_push_is_told():
    report = st.probe(clipped([0.1, 0.1, 0.0, -0.1]))
    assert any("touches 3 of their limits" in warning for warning in report.warnings)
    assert report.stability.verdict == "undecided"


def test_the_game_of_the_free_numbers():
    game = clipped([0.1, 0.0, 0.0, -0.1])
    with jax.enable_x64(True):
        x = jnp.asarray(game.start)
        face = strictly_held(game, x)
        assert face is not None
        free = free_game(game, x, face)
        jacobian = free.jacobian(jnp.asarray(free.start))
        assert strictly_held(game, x.at[1].set(0.1)) is None  # touched, and pushed inwards
    expected = [[-2, 0, -1, 0], [0, -1, 0, 0], [1, 0, -1, 0], [0, 0, 0, -1]]
    np.testing.assert_allclose(jacobian, expected, atol=1e-12)


def test_points_outside_are_refused():
    with pytest.raises(st.InputError, match="the point is outside the players' sets"):
        st.probe(clipped([0.1, 0.0, 0.0, -0.1]), jnp.array([0.2, 0, 0, 0, 0, 0]))
