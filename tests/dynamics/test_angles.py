import itertools
import math

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability.dynamics.angles import Circles, nearest
from stability.dynamics.plane import choose_plane

phi, w, x = sympy.symbols("phi w x", real=True)
PENDULUM = {phi: w, w: -sympy.sin(phi)}


@pytest.mark.parametrize(
    ("period", "exact"),
    [
        (2 * sympy.pi, 2 * sympy.pi),
        (2 * math.pi, 2 * sympy.pi),  # a float is recognised
        (math.tau * 2, 4 * sympy.pi),  # a multiple of the least period is one too
    ],
)
def test_periods_are_exact(period, exact):
    flow = st.SymbolicFlow(PENDULUM, angles={"phi": period})
    assert flow.angles == {"phi": exact}
    assert flow.real.numeric().angles == {"phi": exact}


@pytest.mark.parametrize(
    ("angles", "said"),
    [
        ({phi: 0}, "a positive number, not 0"),
        ({phi: -1}, "a positive number, not -1"),
        ({phi: math.nan}, "a positive finite number, not nan"),
        ({phi: math.inf}, "a positive finite number, not inf"),
        ({phi: "tau"}, "a positive finite number, not 'tau'"),
        ({phi: w}, "the period of phi is a number, and w depends on w"),
        ({"psi": 1}, "the angles name psi, which is no variable; there are phi, w"),
        ([phi], "angles map variables to their periods"),
        ({phi: 3}, "the right-hand side of w does not have the period 3 in phi"),
        ({w: 1}, "the right-hand side of phi does not have the period 1 in w"),
    ],
)
def test_bad_angles_get_one_sentence(angles, said):
    with pytest.raises(st.InputError, match=said):
        st.SymbolicFlow(PENDULUM, angles=angles)


def test_functions_are_looked_at_at_points():
    field = lambda z: jnp.array([z[1], -jnp.sin(z[0])])  # noqa: E731
    assert st.Flow(field, variables=["phi", "w"], angles={"phi": 2 * np.pi}).angles
    with pytest.raises(st.InputError, match="the right-hand side of w does not have the period 6"):
        st.Flow(field, variables=["phi", "w"], angles={"phi": 6})


def test_maps_may_take_an_angle_on_by_whole_periods():
    doubling = st.SymbolicMap({x: 2 * x}, angles={x: 1})
    assert doubling.angles == {"x": 1}
    assert st.Map(lambda z: 2 * z, variables=["x"], angles={"x": 1.0}).angles == {"x": 1}
    with pytest.raises(st.InputError, match="the next value of x does not have the period 1 in x"):
        st.SymbolicMap({x: sympy.Rational(3, 2) * x}, angles={x: 1})
    with pytest.raises(st.InputError, match="the next value of x does not have the period 1"):
        st.Map(lambda z: 1.5 * z, variables=["x"], angles={"x": 1.0})


def test_one_point_stands_for_all_that_are_whole_periods_apart():
    circles = Circles((2 * sympy.pi, sympy.S.Zero), np.zeros(2))
    rng = np.random.default_rng(0)
    points = rng.uniform(-3, 3, (20, 2))
    shifts = 2 * np.pi * rng.integers(-5, 6, 20)
    moved = points + np.stack([shifts, np.zeros(20)], axis=1)
    np.testing.assert_allclose(circles.wrap(moved), points, atol=1e-12)
    ends = circles.wrap(np.array([[np.pi, 0.0], [-np.pi, 0.0], [3 * np.pi - 1e-12, 0.0]]))
    np.testing.assert_allclose(ends[:, 0], np.pi)  # the closed end
    exact = circles.wrap_exactly((7 * sympy.pi, w), np.array([7 * np.pi, 1.0]))
    assert exact == (sympy.pi, w)
    np.testing.assert_allclose(nearest(moved - points, circles.lengths), 0, atol=1e-12)


def test_a_curve_that_goes_round_has_gaps_and_no_stripes():
    box = np.array([[-np.pi, np.pi], [-1.0, 1.0]])
    plane = choose_plane(("phi", "w"), box, periods=np.array([2 * np.pi, 0.0]))
    t = np.linspace(0.5, 20, 500)
    path = np.stack([t, np.sin(t)], axis=1)
    curve = plane.curve(path)
    gaps = np.isnan(curve).any(axis=1)
    assert gaps.sum() == 3  # at π, 3π and 5π
    assert np.abs(curve[~gaps, 0]).max() <= np.pi + 1e-12
    np.testing.assert_allclose(curve[~gaps, 1], np.sin(curve[~gaps, 0]), atol=1e-3)
    for a, b in itertools.pairwise(curve):
        assert np.isnan(a + b).any() or abs(a[0] - b[0]) < 0.1
    back = plane.curve(path[::-1])
    np.testing.assert_allclose(back[::-1], curve, atol=1e-12)
    np.testing.assert_allclose(plane.coordinates(np.array([7.0, 0.5])), [7 - 2 * np.pi, 0.5])
