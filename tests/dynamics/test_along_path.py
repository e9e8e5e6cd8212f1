"""Quantities along paths."""

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import InputError
from stability.dynamics import Flow, SymbolicFlow
from stability.dynamics.along_path import distances, drift, path_angle, speeds
from stability.dynamics.integrate import integrate

x, y = sympy.symbols("x y")


def test_distances_to_a_point_and_to_a_path():
    points = np.array([[3.0, 4.0], [0.0, 1.0]])
    assert distances(points, [0.0, 0.0]).tolist() == [5, 1]
    assert distances(points, points[::-1]) == pytest.approx([np.sqrt(18)] * 2)
    with pytest.raises(InputError, match=r"from \(2, 2\) to \(3,\)"):
        distances(points, [0.0, 0.0, 0.0])


def test_speeds_in_both_engines():
    points = np.array([[3.0, 4.0], [0.0, 2.0]])
    numeric = Flow(lambda z: 2 * z, dimension=2)
    assert speeds(numeric, points).tolist() == [10, 4]
    assert speeds(SymbolicFlow({x: 2 * x, y: 2 * y}), points).tolist() == [10, 4]
    assert speeds(Flow(lambda z: z, dimension=200), np.ones((130, 200))) == pytest.approx(200**0.5)
    with pytest.raises(InputError, match=r"shape \(n, 2\)"):
        speeds(numeric, [1.0, 2.0])


def test_what_a_flow_conserves_drifts_little():
    # Nagarajan and Kolter's uniform game: w² + a²/2 − log a is constant along w' = (1 − a²)/3 …, a' = 2wa/3
    flow = Flow(lambda z: jnp.stack([(1 - z[1] ** 2) / 3, 2 * z[0] * z[1] / 3]), dimension=2)
    path = integrate(flow, [0.3, 1.2], 50.0)
    change = drift(lambda z: z[0] ** 2 + z[1] ** 2 / 2 - jnp.log(z[1]), path.points)
    assert change[0] == 0
    assert abs(change).max() < 1e-8
    assert drift(lambda z: z[0], [[-2.0], [-1.0]]).tolist() == [0, 0.5]
    with pytest.raises(InputError, match="zero at the first point"):
        drift(lambda z: z[0], [[0.0], [1.0]])
    with pytest.raises(InputError, match="the quantity returns one real number"):
        drift(lambda z: z, [[0.0], [1.0]])


@pytest.mark.parametrize(("a", "b"), [(1.0, 0.0), (1.0, 2.0), (0.0, 1.0), (-0.3, 1.0)])
def test_the_path_angle_tells_attraction_from_rotation(a, b):
    flow = Flow(lambda z: -jnp.array([[a, b], [-b, a]]) @ z, dimension=2)
    alphas, cosines = path_angle(flow, [0.7, -0.2], [0.0, 0.0])
    assert alphas[[0, -1]].tolist() == [-0.5, 1.5]
    expected = a / np.hypot(a, b) * np.sign(1 - alphas)
    inside = abs(alphas - 1) > 1e-6  # at the end itself the field vanishes
    assert cosines[inside] == pytest.approx(expected[inside], abs=1e-12)
    alphas, cosines = path_angle(flow, [1.0, 0.0], [0.0, 0.0], [0.0, 1.0])
    assert np.isnan(cosines).tolist() == [False, True]


def test_a_line_needs_two_points():
    flow = Flow(lambda z: -z, dimension=2)
    with pytest.raises(InputError, match="the same point"):
        path_angle(flow, [1.0, 0.0], [1.0, 0.0])
    with pytest.raises(InputError, match="shape"):
        path_angle(flow, [1.0], [0.0, 0.0])
