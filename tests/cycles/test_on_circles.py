"""Closed orbits of flows and maps with angles: rotations, and orbits up to whole turns."""

import numpy as np
import pytest
import sympy

import stability as st

phi, w = sympy.symbols("phi w", real=True)


@pytest.mark.slow
def test_the_rotation_of_a_driven_pendulum():
    (cycle,) = st.limit_cycles(st.load("pendulum"), np.array([[0.0, 2.5], [-3.0, 1.0]]))
    assert cycle.stable
    trivial, other = cycle.multipliers
    np.testing.assert_allclose(trivial, 1, rtol=1e-6)
    np.testing.assert_allclose(
        other, np.exp(-0.3 * cycle.period), rtol=1e-6
    )  # Liouville: tr J = −c
    np.testing.assert_allclose(cycle.points[-1] - cycle.points[0], [2 * np.pi, 0], atol=1e-6)
    angle, speed = cycle.points.T
    work = np.trapezoid(speed, angle)  # c ∮ w dφ = 2π T
    np.testing.assert_allclose(0.3 * work, np.pi, rtol=1e-4)


@pytest.mark.parametrize("turns", [1, pytest.param(-1, marks=pytest.mark.slow)])
def test_a_rotation_that_is_a_graph_over_the_angle(turns):
    # w relaxes to ±(2 + cos φ) along the flow φ̇ = w: the cycle is the graph, of period ∮ dφ/(2 + cos φ)
    speed = turns * (2 + sympy.cos(phi))
    flow = st.SymbolicFlow(
        {phi: w, w: -2 * (w - speed) - turns * sympy.sin(phi) * w}, angles={phi: 2 * sympy.pi}
    )
    (cycle,) = st.limit_cycles(flow, np.array([[0.3, 2.0 * turns]]))
    np.testing.assert_allclose(cycle.period, 2 * np.pi / np.sqrt(3), rtol=1e-6)
    np.testing.assert_allclose(cycle.multipliers[1], np.exp(-2 * cycle.period), rtol=1e-4)
    np.testing.assert_allclose(
        cycle.points[:, 1], turns * (2 + np.cos(cycle.points[:, 0])), atol=1e-5
    )


def test_cycles_on_a_level_set_come_in_all_variables():
    x, y, z = sympy.symbols("x y z", real=True)
    growth = 1 - x**2 - y**2
    rows = {x: x * growth - y, y: y * growth + x}
    flow = st.SymbolicFlow(
        {**rows, z: -rows[x] - rows[y]},
        conserved={"sum": (x + y + z, 3)},
        start={x: 0.5, y: 0, z: 2.5},
    )
    (cycle,) = st.limit_cycles(flow, np.array([[0.5, 0.0, 2.5]]))
    np.testing.assert_allclose(cycle.points.sum(axis=1), 3, rtol=1e-12)
    np.testing.assert_allclose(cycle.period, 2 * np.pi, rtol=1e-6)
    np.testing.assert_allclose(cycle.multipliers[1], np.exp(-4 * np.pi), rtol=1e-3)
    with pytest.raises(st.InputError, match="the start is not on sum = 3"):
        st.limit_cycles(flow, np.array([[0.5, 0.0, 2.0]]))


def test_periodic_orbits_of_the_standard_map_close_up_to_turns():
    two = st.periodic_orbits(st.load("standard-map"), period=2, starts=32)
    through = [own for own in two if np.abs(own.points - np.pi).min() < 1e-9]
    (orbit,) = through  # (0, π) → (π, π): trace 2 − K² of the two steps
    np.testing.assert_allclose(orbit.points, [[0, np.pi], [np.pi, np.pi]], atol=1e-9)
    np.testing.assert_allclose(orbit.multipliers.sum(), 2 - 1**2, atol=1e-9)
