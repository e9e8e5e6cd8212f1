"""The lowest point of a function on a box."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import InputError
from stability.games.box_minimum import box_grid, box_minimum

WELL = np.roots([4, 0, -4, 0.1]).real.min()  # the lower minimum of (u² − 1)² + u/10


def lowest(function, low, high):
    with jax.enable_x64(True):
        low, high = np.array(low, float), np.array(high, float)
        x, value = jax.jit(lambda: box_minimum(function, low, high, jnp.float64))()
    return np.asarray(x), float(value)


@pytest.mark.parametrize(
    ("function", "low", "high", "x", "value"),
    [
        (lambda u: jnp.sum((u - 0.3) ** 2), [-1], [1], [0.3], 0),
        (lambda u: u[0], [-1], [2], [-1], -1),
        # the lower one of two wells, and a minimum on one side of the box only: 2(y + 3) > 0 on it
        (
            lambda u: (u[0] ** 2 - 1) ** 2 + 0.1 * u[0] + (u[1] + 3) ** 2,
            [-2, -2],
            [2, 2],
            [WELL, -2],
            (WELL**2 - 1) ** 2 + 0.1 * WELL + 1,
        ),
        # not finite on half of the box: log(u) u has its minimum at 1/e
        (lambda u: u[0] * jnp.log(u[0]), [-1], [1], [np.exp(-1)], -np.exp(-1)),
    ],
)
def test_known_minima(function, low, high, x, value):
    found, height = lowest(function, low, high)
    np.testing.assert_allclose(found, x, atol=1e-12)
    assert height == pytest.approx(value, abs=1e-12)


def test_a_function_that_is_finite_nowhere():
    assert lowest(lambda u: jnp.log(-1 - u[0] ** 2), [-1], [1])[1] == np.inf


def test_the_grid_has_corners_and_centre():
    for d in (1, 2, 3, 4):
        grid = box_grid(np.full(d, -1.0), np.full(d, 3.0))
        assert grid.shape[1] == d
        assert len(grid) <= 6561
        for point in (-1.0, 1.0, 3.0):
            assert (grid == point).all(axis=1).any()
    with pytest.raises(InputError, match="up to 4"):
        box_grid(np.zeros(5), np.ones(5))
