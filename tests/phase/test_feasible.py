"""The players' sets in portraits: outlines of known area, planes, starts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import stability as st
from stability import InputError
from stability.dynamics import Partition
from stability.dynamics.plane import choose_plane
from stability.games.sets import resolved
from stability.phase.feasible import feasible, plane_of_sets

ABC = ("a", "b", "c")


def sets_of(one, names):
    partition = Partition(("one",), (len(names),))
    return resolved({"one": one}, partition, [[("", (len(names),))]], lambda: names)


def area(polygon):
    x, y = polygon.T
    return abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2


def plane_in(sets, names, box, span=None):
    middle = sets.middle
    plane = plane_of_sets(names, box, sets, middle, -np.eye(len(names)), span)
    assert plane is not None
    return plane


def test_three_probabilities_are_an_equilateral_triangle():
    sets, box = sets_of(st.Simplex(), ABC), np.array([[0.0, 1.0]] * 3)
    plane = plane_in(sets, ABC, box)
    corners = plane.coordinates(np.eye(3))
    np.testing.assert_allclose(corners, [[0, 0], [1, 0], [0.5, np.sqrt(3) / 2]], atol=1e-15)
    np.testing.assert_allclose(plane.points(corners), np.eye(3), atol=1e-15)
    shown = feasible(plane, sets, ABC)
    assert area(shown.outline) == pytest.approx(np.sqrt(3) / 4)
    assert [name for name, _ in shown.corners] == list(ABC)
    points = plane.points(shown.outline)
    np.testing.assert_allclose(points.sum(axis=1), 1)
    assert max(map(sets.outside, points)) < 1e-12


def test_two_pairs_of_probabilities_are_a_square():
    names = ("a", "b", "c", "d")
    sets = sets_of([st.Simplex(["a", "b"]), st.Simplex(["c", "d"])], names)
    plane = plane_in(sets, names, np.array([[0.0, 1.0]] * 4))
    assert plane.labels == ("a", "c")
    np.testing.assert_allclose(plane.points(np.array([0.2, 0.7])), [0.2, 0.8, 0.7, 0.3])
    assert area(feasible(plane, sets, names).outline) == pytest.approx(1)


def test_planes_through_larger_simplices_stay_in_their_sum():
    names = ("a", "b", "c", "d")
    sets, box = sets_of(st.Simplex(), names), np.array([[0.0, 1.0]] * 4)
    for span in (None, ("a", "b")):
        plane = plane_in(sets, names, box, span)
        np.testing.assert_allclose(plane.points(np.array([[0.1, 0.05], [0, 0]])).sum(axis=1), 1)
        assert max(map(sets.outside, plane.points(feasible(plane, sets, names).outline))) < 1e-9


@pytest.mark.parametrize(
    ("one", "expected"),
    [(st.Bounds(-0.5, 0.25), 0.75**2), (st.Ball(0.5), np.pi / 4), (st.Bounds(0.0), None)],
    ids=["box", "disc", "quadrant"],
)
def test_areas_in_the_phase_plane(one, expected):
    names = ("x", "y")
    sets = sets_of(one, names)
    outline = feasible(choose_plane(names, np.array([[-1.0, 1.0]] * 2)), sets, names).outline
    assert max(map(sets.outside, outline)) < 1e-4  # a disc is a polygon around it
    if expected is not None:
        assert area(outline) == pytest.approx(expected, rel=1e-4)
    else:
        assert outline.max() > 1  # the box's own sides are no limits


def test_samples_lie_in_the_sets():
    names = ("p", "a", "b", "c", "u", "v")
    sets = sets_of(
        [st.Bounds(0, of=["p"]), st.Simplex(["a", "b", "c"]), st.Ball(0.5, ["u", "v"])], names
    )
    points = sets.sample(np.random.default_rng(0), 4000, np.array([[-1.0, 2.0]] * 6))
    assert max(map(sets.outside, points)) < 1e-12
    # moments of the uniform distributions: of an interval, a triangle, a disc of radius R (E‖x‖² = R²/2)
    np.testing.assert_allclose(points[:, 0].mean(), 1.0, atol=0.03)
    np.testing.assert_allclose(points[:, 1:4].mean(axis=0), 1 / 3, atol=0.01)
    np.testing.assert_allclose((points[:, 4:] ** 2).sum(axis=1).mean(), 0.125, atol=0.005)


def test_starts_outside_are_refused_and_rounding_is_projected():
    game: Any = st.load("dirac-gan")
    losses = dict(zip(game.players, game.losses(), strict=True))
    variables = {
        p: game.variables[s] for p, s in zip(game.players, game.partition.slices, strict=True)
    }
    name = str(game.variables[0])
    limited = st.SymbolicGame(
        {p: (variables[p], losses[p]) for p in losses},
        sets={p: st.Bounds(-1, 1) for p in losses},
        parameters=game.parameters,
    )
    flow = st.Gradient().flow(limited)
    with pytest.raises(InputError, match=f"the start is outside the players' sets: {name} = 1.5"):
        flow.trajectory([1.5, 0.0], t=1.0)
    with pytest.raises(InputError, match="the start is outside the players' sets"):
        st.phase_portrait(
            limited, starts=[[0.0, -1.1]], box={str(v): (-2, 2) for v in game.variables}
        )
    found: Any = flow.trajectory([1 + 1e-12, 0.0], t=0.1)
    assert found.points[0][0] == 1.0
