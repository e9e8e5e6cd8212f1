"""One player's optimum while the others wait."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability import InputError

x, y = sympy.symbols("x y")


def test_a_quadratic_loss_takes_one_step():
    game = st.SymbolicGame(
        {"x": ([x], (x - 3 * y) ** 2 + 1), "y": ([y], y**2)}, start={"x": 0, "y": 2}
    )
    reply = st.best_reply(game, "x")
    assert reply.converged
    assert reply.profile == pytest.approx([6, 2], abs=1e-12)
    assert (reply.loss, reply.curvature) == (pytest.approx(1), pytest.approx(2))
    assert st.best_reply(game, "x", {"y": -1}).profile == pytest.approx([-3, -1], abs=1e-12)


def test_newton_alone_would_run_away():
    """From x = 3 full Newton steps of log cosh diverge: x − sinh x cosh x."""
    game = st.Game(
        {"x": lambda a, b: jnp.sum(jnp.logaddexp(a - b, b - a)), "y": lambda a, b: b**2},
        start={"x": jnp.full(2, 3.0), "y": 0.5},
    )
    reply = st.best_reply(game, "x")
    assert reply.converged
    np.testing.assert_allclose(reply.profile, [0.5, 0.5, 0.5], atol=1e-8)  # a slope of 1e-16 over 1


@pytest.mark.parametrize("loss", [-(x**2) + y, x * (1 + y**2)])
def test_a_loss_without_a_minimum_is_not_converged(loss):
    game = st.SymbolicGame({"x": ([x], loss), "y": ([y], y**2)}, start={"x": 0.5, "y": 1})
    assert not st.best_reply(game, "x").converged


def test_a_maximum_is_not_taken_for_a_minimum():
    game = st.SymbolicGame({"x": ([x], sympy.cos(x)), "y": ([y], y**2)}, start={"x": 0.5, "y": 0})
    reply = st.best_reply(game, 0)
    assert reply.converged
    assert reply.profile[0] == pytest.approx(np.pi, abs=1e-7)
    at_the_top = st.best_reply(game, 0, [0.0, 0.0])
    assert not at_the_top.converged
    assert at_the_top.curvature == pytest.approx(-1)


def test_bad_profiles_get_one_sentence():
    game = st.SymbolicGame({"x": ([x], x**2), "y": ([y], y**2)})
    with pytest.raises(InputError, match="names z, which is no variable"):
        st.best_reply(game, "x", {"z": 1.0})
    with pytest.raises(InputError, match="2 finite numbers"):
        st.best_reply(game, "x", [1.0])
    with pytest.raises(InputError, match="2 real numbers"):
        st.best_reply(game, "x", ["a", "b"])
    with pytest.raises(InputError, match="not finite at the profile"):
        st.best_reply(
            st.SymbolicGame({"x": ([x], sympy.log(x)), "y": ([y], y**2)}), "x", [-1.0, 0.0]
        )
    with pytest.raises(InputError, match="no parameters"):
        st.best_reply(game.numeric(), "x", parameters={"a": 1})
