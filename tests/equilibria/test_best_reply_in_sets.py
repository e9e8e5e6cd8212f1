"""Best replies of players that live in sets, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import stability as st
from stability import InputError

x, y, z, w = sympy.symbols("x y z w", real=True)


def reply(loss, own, kind):
    """The reply of a player with this loss in a set."""
    game = st.SymbolicGame({"me": (own, loss), "you": ([w], w**2)}, sets={"me": kind})
    return st.best_reply(game, "me")


@pytest.mark.parametrize(
    ("loss", "expected"),
    [((x - 3) ** 2, 1.0), ((x + 3) ** 2, -1.0), ((x - sympy.Rational(1, 4)) ** 2, 0.25), (x, -1.0)],
)
def test_in_an_interval_it_is_the_clipped_minimum(loss, expected):
    found = reply(loss, [x], st.Bounds(-1, 1))
    assert found.converged
    assert found.profile[0] == pytest.approx(expected)
    assert found.slope == pytest.approx(0, abs=1e-12)


def test_a_strategy_leaves_a_limit_that_it_is_not_pushed_against():
    # the unconstrained minimum (−1, 2) is outside the quadrant; that within it is (0, 3/2)
    loss = (x + 1) ** 2 + (y - 2) ** 2 + (x + 1) * (y - 2)
    found = reply(loss, [x, y], st.Bounds(0, sympy.oo))
    np.testing.assert_allclose(found.profile[:2], [0, 1.5], atol=1e-9)
    assert found.converged
    assert found.curvature == pytest.approx(2)  # along x = 0


def test_in_a_simplex_the_nearest_point_to_another():
    # |p − (0.9, 0.5, −1)|² over the simplex: τ = 0.2 and the support {x, y}
    target = (sympy.Rational(9, 10), sympy.Rational(1, 2), -1)
    loss = sum((v - t) ** 2 for v, t in zip((x, y, z), target, strict=True))
    found = reply(loss, [x, y, z], st.Simplex())
    np.testing.assert_allclose(found.profile[:3], [0.7, 0.3, 0], atol=1e-9)
    assert found.converged
    found = reply(2 * x + y + 3 * z, [x, y, z], st.Simplex())  # linear: the cheapest one
    np.testing.assert_allclose(found.profile[:3], [0, 1, 0], atol=1e-9)


def test_in_a_ball_the_nearest_point_to_another():
    found = reply((x - 3) ** 2 / 2 + (y - 4) ** 2 / 2, [x, y], st.Ball(1))
    np.testing.assert_allclose(found.profile[:2], [0.6, 0.8], atol=1e-6)
    assert found.curvature == pytest.approx(1 + 4)  # the push is |(3, 4)| − 1


def test_a_profile_outside_the_sets_is_refused():
    game = st.SymbolicGame({"me": ([x], x**2), "you": ([w], w**2)}, sets={"me": st.Bounds(0, 1)})
    with pytest.raises(InputError, match="the profile is outside"):
        st.best_reply(game, "me", [2, 0])
