"""Limit cycles of flows that are known, and closed orbits that are none."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from stability import Flow, Gradient, InputError
from stability.cycles.limit_cycles import limit_cycles
from stability.dynamics.integrate import integrate
from stability.games import load

BOX = np.array([[-2.0, 2.0], [-2.0, 2.0]])


def rotating(radial):
    """θ' = 1, r' = r radial(r²)."""
    return Flow(lambda z: radial(z @ z) * z + jnp.array([-z[1], z[0]]), dimension=2)


def game_flow(name):
    return Gradient().flow(load(name)).real.numeric()


def radii(cycle):
    return np.linalg.norm(cycle.points[:, :2], axis=1)


def test_van_der_pol():
    flow = Flow(lambda z: jnp.array([z[1], (1 - z[0] ** 2) * z[1] - z[0]]), dimension=2)
    (cycle,) = limit_cycles(flow, box=np.array([[-3.0, 3.0], [-4.0, 4.0]]))
    assert cycle.stable
    assert cycle.period == pytest.approx(6.663287, abs=1e-6)
    assert cycle.points[:, 0].max() == pytest.approx(2.008620, abs=2e-5)  # between two vertices
    assert cycle.multipliers[0] == pytest.approx(1, abs=1e-6)
    # by Liouville's formula the other is exp of the divergence's integral, 1 − x² over a period
    times = np.linspace(0, cycle.period, 2001)
    x = integrate(flow, cycle.points[0], cycle.period, times=times).points[:, 0]
    assert cycle.multipliers[1].real == pytest.approx(
        np.exp(np.trapezoid(1 - x**2, times)), rel=1e-5
    )
    np.testing.assert_array_equal(cycle.points[0], cycle.points[-1])


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.5, 0.02])
def test_stuart_landau(rho):
    (cycle,) = limit_cycles(rotating(lambda r2: rho - r2), box=BOX)
    assert cycle.stable
    np.testing.assert_allclose(radii(cycle), np.sqrt(rho), rtol=1e-8)
    assert cycle.period == pytest.approx(2 * np.pi, rel=1e-9)
    np.testing.assert_allclose(cycle.multipliers, [1, np.exp(-4 * np.pi * rho)], rtol=1e-6)


def test_nested_cycles_the_inner_one_repelling():
    flow = rotating(lambda r2: (r2 - 0.5) * (1.2 - r2))
    found = sorted(limit_cycles(flow, box=BOX), key=lambda cycle: radii(cycle)[0])
    assert [cycle.stable for cycle in found] == [False, True]
    for cycle, square in zip(found, (0.5, 1.2), strict=True):
        np.testing.assert_allclose(radii(cycle), np.sqrt(square), rtol=1e-8)
        slope = 2 * square * (1.7 - 2 * square)  # r d(radial)/dr
        assert cycle.multipliers[1].real == pytest.approx(np.exp(2 * np.pi * slope), rel=1e-5)
        along = (np.diff(cycle.points, axis=0) * flow.values(cycle.points[:-1])).sum(axis=1)
        assert (along > 0).all()  # in the flow's own direction, the repelling one too


def test_a_start_alone_will_do_and_finds_what_it_leads_to():
    (cycle,) = limit_cycles(rotating(lambda r2: 1 - r2), np.array([[0.2, 0.1]]))
    np.testing.assert_allclose(radii(cycle), 1.0, rtol=1e-8)


@pytest.mark.slow
def test_a_slow_relaxation_oscillation():
    flow = Flow(lambda z: jnp.array([z[1], 10 * (1 - z[0] ** 2) * z[1] - z[0]]), dimension=2)
    (cycle,) = limit_cycles(flow, box=np.array([[-3.0, 3.0], [-14.0, 14.0]]))
    assert cycle.period == pytest.approx(19.0783696, abs=1e-6)  # scipy's Radau at 1e-12 agrees


def test_a_cycle_in_three_dimensions():
    def field(z):
        return jnp.append((1 - z[:2] @ z[:2]) * z[:2] + jnp.array([-z[1], z[0]]), z[0] - 2 * z[2])

    (cycle,) = limit_cycles(Flow(field, dimension=3), box=np.tile([-2.0, 2.0], (3, 1)))
    np.testing.assert_allclose(radii(cycle), 1.0, rtol=1e-8)
    expected = [1, np.exp(-4 * np.pi), np.exp(-4 * np.pi)]
    np.testing.assert_allclose(np.abs(cycle.multipliers), expected, atol=1e-8)
    assert cycle.stable


@pytest.mark.slow
def test_letcher_s_game():
    (cycle,) = limit_cycles(game_flow("letcher"), box=BOX)
    assert cycle.stable
    assert 1.06 < radii(cycle).min() < 1.08
    assert 1.24 < radii(cycle).max() < 1.26


@pytest.mark.slow
def test_the_brusselator_beyond_its_hopf_point():
    symbolic = load("brusselator").real
    beyond = symbolic.numeric({"B": 3.0, "A": 1.0})  # the Hopf point is B = 2
    (cycle,) = limit_cycles(beyond, box=np.array([[0.0, 5.0], [0.0, 6.0]]))
    assert cycle.stable
    assert (
        limit_cycles(symbolic.numeric({"B": 1.5, "A": 1.0}), box=np.tile([0.0, 5.0], (2, 1))) == ()
    )


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(lambda z: jnp.array([-z[1], z[0]]), id="xy", marks=pytest.mark.slow),
        pytest.param(
            lambda z: jnp.array([z[0] * (1 - z[1]), -z[1] * (1 - z[0])]), id="Lotka and Volterra"
        ),
        pytest.param(
            lambda z: jnp.array([z[1], z[0] - z[0] ** 3]), id="Duffing", marks=pytest.mark.slow
        ),
    ],
)
def test_the_orbits_of_a_centre_are_no_limit_cycles(field):
    assert limit_cycles(Flow(field, dimension=2), box=np.array([[-0.5, 2.0], [-0.5, 2.0]])) == ()


def test_a_slow_spiral_into_a_point_is_no_limit_cycle():
    assert limit_cycles(game_flow("dirac-gan-nonsaturating"), box=BOX) == ()


@pytest.mark.parametrize(
    "matrix",
    [
        pytest.param([[-0.1, 1.0], [-1.0, -0.1]], marks=pytest.mark.slow),
        [[1.0, 0.0], [0.0, 2.0]],
    ],
)
def test_neither_foci_nor_nodes_are_cycles(matrix):
    flow = Flow(lambda z: jnp.array(matrix) @ z, dimension=2)
    assert limit_cycles(flow, box=BOX) == ()


def test_limit_cycles_need_somewhere_to_begin():
    with pytest.raises(InputError, match="from starts or in a box"):
        limit_cycles(rotating(lambda r2: 1 - r2))
