"""Coordinates over decades: one to one, with the right derivative, and starts that stay in the window."""

import numpy as np
import pytest

from stability.equilibria.decades import decades
from tests.equilibria.fields_with_known_zeros import cube, field

NOWHERE = np.tile([-np.inf, np.inf], (2, 1))


def test_there_and_back():
    over = decades(cube(2, 2), NOWHERE)
    points = np.array([[0.0, 1e-9], [3.0, -2e4], [-1e-4, 2.0]])
    np.testing.assert_allclose(over.points(over.coordinates(points)), points, rtol=1e-12)


def test_the_field_is_that_of_the_coordinates_along_the_flow():
    """y(t) moves as x(t) does; and the Jacobian is its derivative, by central differences."""
    own = field(lambda x, y: [x * y - 3, y**2 - x])
    over = decades(cube(2, 2), NOWHERE)
    move, y = over.field(own), over.coordinates(np.array([[1e-3, 40.0]]))
    value, jacobian = move(y)
    h = 1e-6
    v = own(over.points(y))[0]
    after = over.coordinates(over.points(y) + h * 1e-3 * v) - y
    np.testing.assert_allclose(after / (h * 1e-3), value, rtol=1e-4)
    for j, e in enumerate(np.eye(2)):
        slope = (move(y + h * e)[0] - move(y - h * e)[0]) / (2 * h)
        np.testing.assert_allclose(slope, jacobian[:, :, j], rtol=1e-4)


@pytest.mark.parametrize("window", [[[0, 5], [1, 2]], [[-3, 1], [-5, -4]], [[0, 0.1], [-1e4, 1e4]]])
def test_starts_lie_in_the_window(window):
    window = np.array(window, float)
    starts = decades(window, window).starts(64, (0, 1))
    assert ((starts >= window[:, 0]) & (starts <= window[:, 1])).all()


def test_starts_spread_over_decades_of_either_sign_where_there_is_no_window():
    starts = decades(cube(2, 2), NOWHERE).starts(256, (0, 1))
    sizes = np.log10(np.abs(starts).max(axis=1))
    assert sizes.min() < -3
    assert sizes.max() > 3
    assert (starts >= 0).all(axis=1).sum() >= 128  # as concentrations
    assert (starts < 0).any()
