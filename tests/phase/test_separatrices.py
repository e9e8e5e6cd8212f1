"""Separatrices: against manifolds that are known in closed form."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from stability import Flow
from stability.dynamics.integrate import integrate
from stability.dynamics.plane import choose_plane
from stability.games import load
from stability.phase.separatrices import separatrices

BOX = np.array([[-2.0, 2.0], [-1.5, 1.5]])
ORIGIN = np.zeros((1, 2))


def branches(field, saddles=ORIGIN, box=BOX, plane=None, **options):
    flow = field if isinstance(field, Flow) else Flow(field, dimension=len(box))
    plane = plane or choose_plane(flow.variables, box)
    found = separatrices(flow, saddles, plane, box, **options)
    for branch in found:
        np.testing.assert_allclose(branch.curve, plane.coordinates(branch.points), atol=1e-14)
    return {
        kind: [branch.points for branch in found if branch.kind == kind]
        for kind in ("stable", "unstable")
    }


def outside(point, box=BOX):
    return (point < box[:, 0]).any() or (point > box[:, 1]).any()


def test_a_curved_unstable_manifold():
    found = branches(lambda z: jnp.array([z[0], -z[1] + z[0] ** 2]))
    assert [len(own) for own in found.values()] == [2, 2]
    for points in found["unstable"]:
        np.testing.assert_allclose(points[:, 1], points[:, 0] ** 2 / 3, atol=1e-8)
        assert outside(points[-1])
    for points in found["stable"]:
        np.testing.assert_allclose(points[:, 0], 0.0, atol=1e-12)
        assert outside(points[-1])
    ends = np.sign([points[-1, 0] for points in found["unstable"]])
    assert sorted(ends) == [-1, 1]  # one branch to each side


def test_a_branch_begins_at_the_saddle():
    shift = np.array([0.4, -0.3])
    found = branches(
        lambda z: jnp.array([z[0] - 0.4, -(z[1] + 0.3) + (z[0] - 0.4) ** 2]), saddles=shift[None]
    )
    for points in (*found["stable"], *found["unstable"]):
        np.testing.assert_allclose(points[0], shift, atol=1e-15)
        assert np.linalg.norm(np.diff(points, axis=0), axis=1).max() < 0.6  # and has no gap


def test_the_second_order_is_needed_and_right():
    # the stable manifold of x' = x + 3y², y' = −y is x = −y²; at first order it would be missed at the start
    found = branches(lambda z: jnp.array([z[0] + 3 * z[1] ** 2, -z[1]]))
    for points in found["stable"]:
        np.testing.assert_allclose(points[:, 0], -(points[:, 1] ** 2), atol=1e-8)


def test_both_branches_of_a_homoclinic_loop_close():
    found = branches(lambda z: jnp.array([z[1], z[0] - z[0] ** 3]))
    for points in (*found["stable"], *found["unstable"]):
        u, w = points.T
        np.testing.assert_allclose(w**2, u**2 - u**4 / 2, atol=1e-8)
        np.testing.assert_array_equal(points[-1], [0.0, 0.0])
        assert np.abs(u).max() == pytest.approx(2**0.5, abs=1e-3)
        assert (np.sign(u[1:-1]) == np.sign(u[1])).all()  # once around one side


def test_heteroclinic_branches_end_at_the_other_saddle():
    box = np.array([[-1.0, 8.0], [-3.0, 3.0]])
    saddles = np.array([[0.0, 0.0], [2 * np.pi, 0.0]])
    found = branches(lambda z: jnp.array([z[1], jnp.sin(z[0])]), saddles, box)
    ends = np.array([points[-1] for points in found["unstable"]])
    met = [np.abs(ends - saddle).max(axis=1) < 1e-12 for saddle in saddles]
    assert np.sum(met) == 2


def test_fitzhugh_nagumo():
    symbolic = load("fitzhugh-nagumo").real
    flow, box = symbolic.numeric(), np.array(list(symbolic.box.values()))
    found = branches(flow, box=box)
    first, second = found["unstable"]
    attractor = np.array([np.sqrt(2 / 3), np.sqrt(2 / 27)])
    np.testing.assert_allclose(first[-1] * np.sign(first[-1, 0]), attractor, atol=1e-6)
    np.testing.assert_allclose(first[-1], -second[-1], atol=1e-6)
    one, other = found["stable"]
    np.testing.assert_allclose(one, -other, atol=1e-12)  # the field is odd
    assert outside(one[-1], box)
    # the stable manifold is what separates: starts a little to its sides end apart
    on = one[len(one) // 2]
    ends = [path.end for path in integrate(flow, on + np.array([[1e-4, 0.0], [-1e-4, 0.0]]), 20.0)]
    np.testing.assert_allclose(ends[0], -ends[1], atol=1e-6)


def test_a_branch_that_winds_for_long_is_cut():
    box = np.array([[-3.0, 3.0], [-4.0, 4.0]])

    def duffing(z):  # its stable branches wind out of two weak foci
        return jnp.array([z[1], z[0] - z[0] ** 3 + 0.01 * z[1]])

    found = branches(duffing, box=box, length=3.0)
    diagonal = np.linalg.norm(box[:, 1] - box[:, 0])
    for points in found["stable"]:
        length = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
        assert 2.5 * diagonal < length < 3.2 * diagonal


def test_only_saddles_in_the_box_that_are_hyperbolic_have_any():
    rotation = branches(lambda z: jnp.array([z[1], -z[0]]))
    node = branches(lambda z: -z)
    degenerate = branches(lambda z: jnp.array([z[0], -(z[1] ** 3)]))
    away = branches(lambda z: jnp.array([z[0] - 5, -z[1]]), saddles=np.array([[5.0, 0.0]]))
    for found in (rotation, node, degenerate, away):
        assert found == {"stable": [], "unstable": []}


def test_in_three_dimensions_only_curves_are_drawn():
    def lorenz(z):
        x, y, w = z
        return jnp.array([10 * (y - x), 28 * x - y - x * w, x * y - 8 / 3 * w])

    box = np.array([[-25.0, 25.0], [-30.0, 30.0], [-1.0, 50.0]])
    plane = choose_plane("xyz", box, np.zeros(3), axes=["x", "z"])
    found = branches(lorenz, np.zeros((1, 3)), box, plane, time=3.0)
    assert found["stable"] == []
    first, second = found["unstable"]
    np.testing.assert_allclose(first, second * [-1, -1, 1], atol=1e-6)  # the equations' symmetry
    assert (np.abs(first[5:, 0]) > 1e-6).all()
