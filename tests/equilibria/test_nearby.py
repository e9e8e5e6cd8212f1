"""How far a point is from rest, and the way there by products alone."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stability
from stability import Flow, Game, InputError
from stability.equilibria.nearby import nearby_stationary_point, stationarity
from tests.selection import slow_but


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def test_the_newton_step_of_a_linear_field():
    matrix = np.array([[-1.0, 2.0], [-2.0, -0.5]])
    flow = Flow(lambda z: jnp.asarray(matrix) @ (z - jnp.array([1.0, 2.0])), dimension=2)
    found = stationarity(flow, jnp.array([4.0, 6.0]))
    assert found.newton_step == pytest.approx(5, rel=1e-6)  # LSMR's tolerance
    assert found.relative_step == pytest.approx(5 / np.sqrt(52), rel=1e-6)
    assert found.field_norm == pytest.approx(np.linalg.norm(matrix @ [3.0, 4.0]))
    assert found.remainder < 1e-6
    assert found.converged
    # the power method stays below the norm, and six steps come close
    assert 0.9 <= found.jacobian_norm / np.linalg.norm(matrix, 2) <= 1 + 1e-12
    assert not found.stationary
    assert stationarity(flow, jnp.array([1.0, 2.0])).stationary
    # a point at rest up to rounding is at rest; one part in a million is not
    assert stationarity(flow, jnp.array([1.0 + 1e-15, 2.0])).stationary
    assert not stationarity(flow, jnp.array([1.0 + 1e-6, 2.0])).stationary


def test_gradient_norms_by_player():
    game = Game(
        {"a": lambda a, b: 3 * a[0] + 4 * a[1], "b": lambda a, b: b**2},
        start={"a": jnp.zeros(2), "b": 1.5},
    )
    found = stationarity(game, game.start)
    assert found.gradient_norms == pytest.approx({"a": 5, "b": 3})
    assert found.remainder == pytest.approx(5 / np.hypot(5, 3))  # no step changes a's field
    assert not found.stationary


@pytest.mark.parametrize(
    "name", slow_but(["dirac-gan-r1", "ridge-1", "polynomial"], ["dirac-gan-r1", "ridge-1"])
)
def test_catalogue_games(name):
    game = stability.load(name)
    known = [np.array(list(e.point.values())) for e in stability.report(game).equilibria]
    numeric = game.numeric()
    for point in known[:3]:
        start = point + 0.03 * np.random.default_rng(0).standard_normal(point.size)
        found = nearby_stationary_point(numeric, jnp.asarray(start))
        assert found.outcome == "reached"
        assert found.stationarity.stationary
        # quadratic convergence ends at the rounding of the field, here with conditions below 1e3
        np.testing.assert_allclose(found.point, point, atol=1e-10)
        assert found.distance == pytest.approx(np.linalg.norm(start - point), rel=1e-6)
        assert (np.diff(found.history) < 0).all()


def test_a_local_minimum_of_the_size_is_not_called_a_rest_point():
    flow = Flow(lambda z: jnp.array([z[0] ** 2 + 1, z[1]]), dimension=2)
    found = nearby_stationary_point(flow, jnp.array([0.7, 0.5]))
    assert found.outcome == "local minimum"
    assert not found.stationarity.stationary
    assert found.history[-1] == pytest.approx(1, abs=1e-8)
    assert "not zero" in found.because


def test_the_budget_is_kept():
    flow = Flow(lambda z: -jnp.exp(z) + 1e-6, dimension=1)  # the way to log 1e-6 is long
    found = nearby_stationary_point(flow, jnp.array([5.0]), max_steps=3)
    assert found.outcome == "out of budget"
    assert len(found.history) <= 4
    few = nearby_stationary_point(flow, jnp.array([5.0]), max_products=20)
    assert few.outcome == "out of budget"


def test_a_line_of_rest_points_is_reached_at_its_nearest_point():
    game = stability.load("tandem").numeric()  # x + y = 1
    found = nearby_stationary_point(game, jnp.array([2.0, 0.0]))
    assert found.outcome == "reached"
    np.testing.assert_allclose(found.point, [1.5, -0.5], atol=1e-9)


def test_bad_points():
    flow = Flow(lambda z: jnp.log(z), dimension=1)
    with pytest.raises(InputError, match="not finite"):
        nearby_stationary_point(flow, jnp.array([-1.0]))
    with pytest.raises(InputError, match="at least 1"):
        nearby_stationary_point(flow, jnp.array([2.0]), max_steps=0)


@pytest.mark.parametrize("dtype", slow_but([np.float32, np.float64], [np.float32]))
def test_a_network_with_weight_decay(dtype):
    rng = np.random.default_rng(0)
    real, latent = (jnp.asarray(rng.standard_normal((16, 2)) + s, dtype) for s in (1, 0))

    def disc(p, x):
        return jnp.tanh(x @ p["w"]) @ p["out"]

    def decay(p):
        return sum((leaf**2).sum() for leaf in jax.tree.leaves(p)) / 20

    def value(d, g):
        fake = jnp.tanh(latent @ g["w"]) @ g["out"]
        return jax.nn.softplus(-disc(d, real)).mean() + jax.nn.softplus(disc(d, fake)).mean()

    shapes = {"disc": {"w": (2, 6), "out": (6,)}, "gen": {"w": (2, 6), "out": (6, 2)}}
    start = {
        player: {k: jnp.asarray(rng.standard_normal(s) / 2, dtype) for k, s in own.items()}
        for player, own in shapes.items()
    }
    game = Game(
        {
            "disc": lambda d, g: value(d, g) + decay(d),
            "gen": lambda d, g: -value(d, g) + decay(g),
        },
        start=start,
    )
    found = nearby_stationary_point(game, jnp.asarray(game.start))
    assert found.point.dtype == dtype
    assert found.outcome == "reached"
    # the field's rounding: 42 numbers of order one, in units of eps
    assert found.stationarity.field_norm <= 1e3 * np.finfo(dtype).eps
