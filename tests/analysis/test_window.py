"""A box that is given hides the rest points outside it, and nothing else does."""

import numpy as np
import pytest
import sympy

import stability as st
from stability.errors import InputError

X, Y = sympy.symbols("x y", real=True)


@pytest.fixture(scope="module")
def exact():
    """Rest points (0, 1), (3, 1) and (3, 5)."""
    return st.SymbolicFlow({X: X * (X - 3), Y: (Y - 1) * (X * (Y - 5) + 3 - X)})


@pytest.fixture(scope="module")
def curve():
    """The parabola y = x² + 3 of rest points, which attracts."""
    return st.SymbolicFlow({X: 0 * X, Y: X**2 + 3 - Y})


@pytest.fixture(scope="module")
def numeric():
    """Rest points −1, 0 and 3, found by a search alone."""
    return st.Flow(lambda z: np.pi * z * (1 - z / 3) * (z + 1), variables=["x"])


def points(system, box=None, everywhere=False, at=None):
    found = st.study(system, box=box).rest_points(at, everywhere=everywhere)
    listed = sorted(tuple(np.round(place.main.point, 6)) for place in found.places)
    return listed, found.search.hidden


ALL = [(0, 1), (3, 1), (3, 5)]


@pytest.mark.parametrize(
    ("box", "listed"),
    [
        (None, ALL),
        ({"x": (-1, 1), "y": (-1, 2)}, ALL[:1]),
        ({"x": (-1, 1)}, ALL[:1]),  # y has no box, and hides nothing
        ({"y": (2, 6)}, ALL[2:]),
        ({"x": (0, 3), "y": (1, 2)}, ALL[:2]),  # an edge is inside
    ],
)
def test_exact_points_outside_the_given_box_are_hidden_and_counted(exact, box, listed):
    assert points(exact, box) == (listed, len(ALL) - len(listed))
    assert points(exact, box, everywhere=True) == (ALL, 0)


def test_a_point_that_is_given_is_never_hidden(exact):
    assert points(exact, {"x": (-1, 1)}, at={"x": 3, "y": 5}) == ([(3, 5)], 0)


def test_the_systems_own_box_hides_as_one_that_is_given():
    system = st.SymbolicFlow({X: (X - 1) * (X - 4)}, box={"x": (0, 2)})
    assert points(system) == ([(1,)], 1)
    assert points(system, {"x": (0, 9)}) == ([(1,), (4,)], 0)


def test_a_curve_is_inside_where_it_meets_the_box(curve):
    """Its lowest point is (0, 3)."""
    assert points(curve, {"x": (-1, 1), "y": (-1, 1)}) == ([], 1)
    (on_curve,), hidden = points(curve, {"x": (1, 2), "y": (5, 6)})
    assert hidden == 0
    np.testing.assert_allclose(on_curve[1], on_curve[0] ** 2 + 3, rtol=1e-5)
    assert points(curve, {"y": (30, 40)})[1] == 0  # x = ±6, outside where searches begin
    assert points(curve, {"x": (0, 1), "y": (30, 40)}) == ([], 1)


def test_a_numeric_search_hides_by_the_same_box(numeric):
    assert points(numeric, {"x": (-2, 2)}) == ([(-1,), (0,)], 1)
    assert points(numeric, {"x": (-2, 2)}, everywhere=True) == ([(-1,), (0,), (3,)], 0)
    assert points(numeric) == ([(-1,), (0,), (3,)], 0)


def test_verbs_list_what_is_hidden_only_when_asked(exact):
    box = {"x": (-1, 1), "y": (-1, 2)}
    report = st.report(exact, box=box)
    assert report.to_dict()["search"]["hidden"] == 2
    text = " ".join(str(report).split())
    assert "In the box that was given, the flow rests at one point" in text
    assert "Two more rest points lie outside the box that was given" in text
    shown = st.report(exact, box=box, everywhere=True)
    assert (len(shown.equilibria), shown.search.hidden) == (3, 0)
    assert "outside the box" not in str(shown)
    assert len(st.phase_portrait(exact, box=box, curves=False).spots) == 1
    assert len(st.phase_portrait(exact, box=box, curves=False, everywhere=True).spots) == 3


def test_what_is_followed_may_lie_outside_when_asked_for():
    a = sympy.Symbol("a", positive=True)
    system = st.SymbolicFlow({X: (X - a) * (X - 4)}, parameters={a: 1})
    options = {"quantities": "spectral_abscissa", "box": {"x": (0, 2)}}
    (value,) = st.sweep(system, {"a": [1.0]}, **options).quantities["spectral_abscissa"]
    assert value == -3
    chosen = st.sweep(system, {"a": [1.0]}, at={"x": 4}, **options)
    assert chosen.quantities["spectral_abscissa"][0] == 3
    with pytest.raises(InputError, match="2 equilibria"):
        st.sweep(system, {"a": [1.0]}, everywhere=True, **options)
