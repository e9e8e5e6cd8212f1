"""Basins of attraction, most of them known in closed form."""

from __future__ import annotations

from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import (
    Alternating,
    Flow,
    InputError,
    InputTypeError,
    Map,
    Optimistic,
    Simultaneous,
    SymbolicFlow,
    SymbolicMap,
    load,
)
from stability.attraction.basins import ESCAPED, UNDECIDED, basins
from stability.dynamics.plane import Plane
from stability.fields import Gradient


def plane(u=(-2, 2), w=(-1, 1)):
    return Plane(np.zeros(2), np.eye(2), ("u", "w"), np.array([u, w], dtype=float))


# a system keeps what was compiled for it
@cache
def double_well():
    return Flow(lambda z: jnp.stack([z[0] - z[0] ** 3, -z[1]]), dimension=2)


@cache
def henon():
    return load("henon").numeric()


SHAPE = (24, 16)


@pytest.mark.parametrize("known", [(), ([-1.0, 0.0], [1.0, 0.0])])
def test_two_half_planes(known):
    found = basins(double_well(), plane(), until=8, shape=SHAPE, attractors=known)
    assert found.labels.shape == (16, 24)
    assert found.names == ("(−1, 0)", "(1, 0)")
    np.testing.assert_allclose(found.attractors, [[-1, 0], [1, 0]], atol=1e-5)
    np.testing.assert_array_equal(found.labels, np.tile(found.u > 0, (16, 1)))
    np.testing.assert_array_equal(found.u, np.linspace(-2, 2, 24))
    np.testing.assert_array_equal(found.w, np.linspace(-1, 1, 16))


def test_attractors_keep_their_order_and_one_that_nobody_reaches_its_place():
    known = [[1.0, 0.0], [0.0, 9.0], [-1.0, 0.0]]
    found = basins(double_well(), plane(), until=8, shape=SHAPE, attractors=known)
    np.testing.assert_array_equal(found.labels, np.tile(np.where(found.u > 0, 0, 2), (16, 1)))
    assert found.names == ("(1, 0)", "(0, 9)", "(−1, 0)")


def test_starts_on_the_way_to_a_saddle_are_undecided():
    found = basins(double_well(), plane(), until=8, shape=(5, 4))
    np.testing.assert_array_equal(found.labels, np.tile([0, 0, UNDECIDED, 1, 1], (4, 1)))


def test_starts_that_need_longer_are_given_it():
    # after t = 2 nobody is within a thousandth of the picture
    found = basins(double_well(), plane(), until=2, shape=SHAPE)
    np.testing.assert_array_equal(found.labels, np.tile(found.u > 0, (16, 1)))


def test_starts_that_are_too_slow_are_undecided():
    found = basins(double_well(), plane(), until=0.3, shape=SHAPE)
    assert (found.labels == UNDECIDED).all()
    assert found.names == ()
    assert found.attractors.shape == (0, 2)


def test_the_symmetric_bistable_system():
    flow = load("fitzhugh-nagumo").numeric()
    found = basins(flow, plane(), until=10, shape=(20, 20))
    point = [np.sqrt(2 / 3), np.sqrt(2 / 27)]
    np.testing.assert_allclose(found.attractors, [np.negative(point), point], atol=1e-5)
    # the field is odd, so the picture turned by half a turn has its colours exchanged
    np.testing.assert_array_equal(found.labels, 1 - found.labels[::-1, ::-1])
    assert set(np.unique(found.labels)) == {0, 1}


def test_van_der_pols_cycle_attracts_from_everywhere():
    flow = load("van-der-pol").numeric()
    found = basins(flow, plane((-3, 3), (-4, 4)), until=20, shape=(12, 12))
    assert found.names == ("cycle",)
    assert (found.labels == 0).all()
    assert np.abs(found.attractors).max() < 3


def test_a_known_cycle():
    # r' = r (1 − r²): the unit circle, given by few points
    angle = np.linspace(0, 2 * np.pi, 90)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    flow = Flow(
        lambda z: (1 - z @ z) * z + jnp.stack([-z[1], z[0]]),
        dimension=2,
    )
    found = basins(flow, plane(), until=10, shape=SHAPE, attractors=[circle])
    assert found.names == ("cycle",)
    assert (found.labels == 0).all()


@pytest.mark.slow
def test_a_point_inside_a_cycle_and_one_that_is_repelled_outwards():
    # r' = −r (1 − r²)(4 − r²) attracts to 0 inside r = 1, to r = 2 outside of it
    def field(z):
        square = z @ z
        return -(1 - square) * (4 - square) * z + jnp.stack([-z[1], z[0]])

    found = basins(Flow(field, dimension=2), plane((-3, 3), (-3, 3)), until=8, shape=(20, 20))
    radius = np.hypot(*np.meshgrid(found.u, found.w))
    assert set(found.names) == {"(0, 0)", "cycle"}
    labels = np.where(radius < 1, found.names.index("(0, 0)"), found.names.index("cycle"))
    np.testing.assert_array_equal(found.labels, labels)


def test_from_a_linear_saddle_all_escape():
    flow = Flow(lambda z: jnp.stack([z[0], -z[1]]), dimension=2)
    found = basins(flow, plane(), until=5, shape=SHAPE)
    assert (found.labels == ESCAPED).all()
    assert found.names == ()


def test_orbits_of_a_centre_go_nowhere():
    found = basins(
        Flow(lambda z: jnp.stack([z[1], -z[0]]), dimension=2), plane(), until=7, shape=(8, 8)
    )
    assert (found.labels == UNDECIDED).all()


def test_a_line_of_rest_is_one_attractor():
    flow = Flow(lambda z: -jnp.stack([z[0] + z[1]] * 2), dimension=2)
    found = basins(flow, plane(), until=10, shape=(40, 40))
    assert found.names == ("points of rest",)
    assert (found.labels == 0).all()


def test_a_rule_that_blows_up_beyond_a_radius():
    # x ← x − h x³ in both coordinates: to 0 below sqrt(2/h) = 2, to infinity above
    flow = Flow(lambda z: -(z**3) - 0.2 * z, dimension=2)
    rule = Simultaneous(lr=0.5)
    found = basins(flow, plane((-3, 3), (-3, 3)), until=200, shape=(20, 20), rule=rule)
    limit = np.sqrt(2 / 0.5 - 0.2)  # where x − h x³ − h x/5 = −x
    u, w = np.meshgrid(found.u, found.w)
    inside = np.maximum(np.abs(u), np.abs(w)) < limit
    np.testing.assert_array_equal(found.labels, np.where(inside, 0, ESCAPED))
    assert found.names == ("(0, 0)",)


def test_newtons_method_on_the_cube_roots_of_one():
    def newton(z):
        x, y = z
        # z − (z³ − 1)/(3z²) in real numbers
        square = (x * x + y * y) ** 2
        return jnp.stack([(2 * x + (x * x - y * y) / square) / 3, (2 * y - 2 * x * y / square) / 3])

    found = basins(Map(newton, dimension=2), plane((-2, 2), (-2, 2)), until=64, shape=(30, 30))
    roots = np.exp(2j * np.pi * np.arange(3) / 3)
    ends = found.attractors @ [1, 1j]
    np.testing.assert_allclose(np.sort_complex(ends), np.sort_complex(roots), atol=1e-9)
    assert len(found.names) == 3
    z = found.u + 1j * found.w[:, None]
    with np.errstate(all="ignore"):
        for _ in range(200):
            z = z - (z**3 - 1) / (3 * z**2)
    # on the boundary, a fractal, rounding decides: a few starts of 900 at most
    nearest = np.abs(z[..., None] - ends).argmin(axis=-1)
    assert np.mean(found.labels == nearest) > 0.99


def test_an_orbit_of_period_two():
    map = Map(lambda z: jnp.stack([3.2 * z[0] * (1 - z[0]), 0.5 * z[1]]), dimension=2)
    found = basins(map, plane((-0.2, 1.2)), until=100, shape=(29, 5))
    assert found.names == ("period 2",)
    expected = np.where((found.u > 1e-12) & (found.u < 1 - 1e-12), 0, ESCAPED)
    # 0 and 1 lead to the fixed point 0, which repels; so does whatever is there but for rounding
    sure = (np.abs(found.u) > 1e-9) & (np.abs(found.u - 1) > 1e-9)
    np.testing.assert_array_equal(found.labels[:, sure], np.tile(expected[sure], (5, 1)))


def test_henons_attractor_is_found_and_so_are_those_that_escape():
    found = basins(henon(), plane(), until=200, shape=(20, 20))
    assert found.names == ("bounded set",)
    x = np.stack(np.meshgrid(found.u, found.w))
    with np.errstate(all="ignore"):
        for _ in range(500):
            x = np.stack([1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]])
    np.testing.assert_array_equal(found.labels, np.where(np.isfinite(x[0]), 0, ESCAPED))


@pytest.mark.parametrize("rule", [Alternating(lr=0.2), Optimistic(lr=0.2)])
def test_rules_on_a_game_with_and_without_memory(rule):
    flow = Gradient().flow(load("dirac-gan-r1")).numeric()
    found = basins(flow, plane((-2, 2), (-2, 2)), until=300, shape=(12, 12), rule=rule)
    assert found.names == ("(0, 0)",)
    assert (found.labels == 0).all()


def test_simultaneous_steps_that_end_on_an_invariant_curve():
    flow = Gradient().flow(load("letcher")).numeric()
    rule = Simultaneous(lr=0.05)
    found = basins(flow, plane((-2, 2), (-2, 2)), until=500, shape=(12, 12), rule=rule)
    assert len(found.names) == 1
    assert (found.labels == 0).all()


def test_a_slice_through_three_dimensions():
    # two wells along the diagonal u + z, seen in the plane of x and z at y = 0.3
    slice_ = Plane(
        np.array([0.0, 0.3, 0.0]),
        np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]),
        ("x", "z"),
        np.array([[-2.0, 2.0], [-2.0, 2.0]]),
    )
    flow = Flow(lambda p: jnp.stack([p[0] - p[0] ** 3, -p[1], p[0] - p[2]]), dimension=3)
    found = basins(flow, slice_, until=12, shape=(10, 8))
    assert found.names == ("(−1, 0, −1)", "(1, 0, 1)")
    np.testing.assert_array_equal(found.labels, np.tile(found.u > 0, (8, 1)))


def test_the_same_picture_twice():
    first, second = (basins(henon(), plane(), until=100, shape=(9, 9), seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(first.attractors, second.attractors)


def test_progress_grows_to_one():
    told = []
    basins(double_well(), plane(), until=2, shape=SHAPE, progress=told.append)
    assert told == sorted(told)
    assert 0 < told[0] < 1
    assert told[-1] == 1.0


@pytest.mark.parametrize(
    ("error", "system", "options"),
    [
        (InputTypeError, Map(lambda x: x / 2, dimension=2), {"rule": Simultaneous()}),
        (InputTypeError, Map(lambda x: x / 2, dimension=2), {"until": 1.5}),
        (InputError, double_well(), {"until": 0}),
        (InputError, double_well(), {"shape": (0, 4)}),
        (InputError, double_well(), {"attractors": [[1.0, 2.0, 3.0]]}),
        (InputError, double_well(), {"attractors": [[np.nan, 2.0]]}),
    ],
)
def test_bad_input(error, system, options):
    with pytest.raises(error):
        basins(system, plane(), **{"until": 5, **options})


def test_an_attractor_at_the_end_of_a_period_is_one():
    phi, w = sympy.symbols("phi w", real=True)
    rows = {phi: phi + sympy.sin(phi) / 2, w: w / 2}  # φ = π has the multiplier 1/2, φ = 0 3/2
    found = basins(
        SymbolicMap(rows, angles={phi: 2 * sympy.pi}).twin,
        plane((-np.pi, np.pi), (-1, 1)),
        until=60,
        shape=(6, 3),
    )
    assert (found.labels == 0).all()
    np.testing.assert_allclose(np.abs(found.attractors), [[np.pi, 0]], atol=1e-6)


@pytest.mark.slow
def test_a_rotation_is_an_attractor_and_escapes_nowhere():
    phi, w = sympy.symbols("phi w", real=True)
    speed = 2 + sympy.cos(phi)
    rows = {phi: w, w: -2 * (w - speed) - sympy.sin(phi) * w}
    flow = SymbolicFlow(rows, angles={phi: 2 * sympy.pi})
    found = basins(flow, plane((-np.pi, np.pi), (1, 3)), until=20.0, shape=(4, 3))
    assert found.names == ("cycle",)
    assert (found.labels == 0).all()


@pytest.mark.slow
def test_basins_on_a_level_set_are_in_its_coordinates():
    flow, flat = load("sir"), plane((0.1, 0.9), (0.05, 0.1))
    found = basins(flow, flat, until=200.0, shape=(3, 2))
    assert (found.labels == 0).all()
    np.testing.assert_allclose(found.attractors, [[11 / 30, 0.0575758]], atol=1e-4)
    whole = Plane(np.zeros(3), np.eye(3)[:, :2], ("S", "I"), flat.box)
    with pytest.raises(InputError, match="give it in S, I"):
        basins(flow, whole, until=10.0, shape=(3, 2))
