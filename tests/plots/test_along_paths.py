"""Panels over time: what is drawn are the numbers of the paths, told apart."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import sympy
from matplotlib.figure import Figure

import stability as st
from stability.errors import InputError
from stability.plots import apart, coordinates, distances, losses, trajectory
from stability.plots.style import ALGORITHMS, FLOW, MODIFIED, STEPS

x, y = sympy.symbols("x y")
GAME = st.SymbolicGame({"x": ([x], x * y), "y": ([y], -x * y)}, box={"x": (-2, 2), "y": (-2, 2)})


@pytest.fixture(scope="module")
def paths():
    return st.follow(GAME, rules=[st.Simultaneous(lr=0.1)], starts=[(1, 0)], steps=30)


@pytest.fixture(scope="module")
def several():
    rules = [st.Simultaneous(lr=0.1), st.Simultaneous(lr=0.2), st.Alternating(lr=0.1)]
    return st.follow(GAME, rules=rules, starts=[(1, 0), (0.5, 0)], steps=5)


@pytest.fixture(scope="module")
def flow():
    linear = st.SymbolicFlow({x: -x, y: -2 * y}, box={"x": (-2, 2), "y": (-2, 2)})
    return st.follow(linear, starts=[(1, 1)], time=12.0)


@pytest.fixture
def ax():
    return Figure().subplots()


def lines(ax):
    return {
        line.get_label(): line for line in ax.get_lines() if not line.get_label().startswith("_")
    }


def test_distances_of_the_circle_and_of_the_spiral(paths, ax):
    assert distances(paths, ax) is ax
    drawn = lines(ax)
    assert list(drawn) == ["flow", "simultaneous", "modified flow"]
    assert [line.get_color() for line in drawn.values()] == [FLOW, STEPS, MODIFIED]
    np.testing.assert_allclose(drawn["flow"].get_ydata(), 1.0, rtol=1e-8)
    steps = drawn["simultaneous"]
    np.testing.assert_allclose(steps.get_xdata(), 0.1 * np.arange(31), atol=1e-12)
    np.testing.assert_allclose(steps.get_ydata(), 1.01 ** (np.arange(31) / 2), rtol=1e-10)
    assert ax.get_yscale() == "linear"


def test_distances_over_decades_are_logarithmic(flow, ax):
    distances(flow, ax)
    assert ax.get_yscale() == "log"
    (line,) = lines(ax).values()
    t = line.get_xdata()
    np.testing.assert_allclose(line.get_ydata(), np.hypot(np.exp(-t), np.exp(-2 * t)), rtol=1e-6)


def test_distances_apart(paths, ax):
    apart(paths, ax)
    own = paths.comparisons[0]
    drawn = lines(ax)
    assert list(drawn) == ["simultaneous from the flow", "simultaneous from its modified flow"]
    for line, values in zip(
        drawn.values(), (own.flow_distances, own.modified_distances), strict=True
    ):
        np.testing.assert_array_equal(line.get_ydata(), values)


def test_losses_add_to_zero_where_the_game_does(paths, ax):
    losses(paths, ax)
    one, other = lines(ax).values()
    assert list(lines(ax)) == ["x", "y"]
    np.testing.assert_allclose(one.get_ydata(), -other.get_ydata(), atol=1e-12)
    points = paths.comparisons[0].steps.points
    np.testing.assert_allclose(one.get_ydata(), points.prod(axis=1), atol=1e-12)


def test_coordinates(paths, ax):
    coordinates(paths, ax)
    drawn = lines(ax)
    np.testing.assert_allclose(
        drawn["flow"].get_ydata(), np.cos(drawn["flow"].get_xdata()), atol=1e-7
    )
    assert drawn["simultaneous"].get_linestyle() == "None"


def test_rules_are_told_apart_the_same_in_every_panel(several):
    colors = []
    for draw in (distances, apart):
        drawn = lines(draw(several, Figure().subplots()))
        rules = [name for name in drawn if "flow" not in name or "from the" in name]
        colors.append([drawn[name].get_color() for name in rules])
        assert [name.split(" from")[0] for name in rules] == [
            "simultaneous, lr=0.1", "simultaneous, lr=0.2", "alternating, lr=0.1, steps=1",
        ]  # fmt: skip
        for name, line in drawn.items():
            if "modified" in name:
                assert line.get_linestyle() == ":"
    own = [
        ALGORITHMS[i] for i in (0, 2, 1)
    ]  # the second simultaneous one has what alternating leaves
    assert colors == [own] * 2
    starts = [line.get_color() for line in distances(several, Figure().subplots()).get_lines()]
    assert {starts.count(color) for color in own} == {4}  # two starts, and the modified flows


def test_the_picture_of_paths(paths):
    before = dict(mpl.rcParams)
    phase, rest, between = trajectory(paths)
    assert dict(mpl.rcParams) == before
    phase.figure.draw_without_rendering()
    boxes = [ax.get_tightbbox() for ax in (phase, rest, between)]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    labels = [text.get_text() for text in phase.get_legend().get_texts()]
    assert labels == [
        "flow",
        "start",
        "simultaneous, lr=0.1",
        "centre of the flow, neutral",
        "modified flow",
    ]


def test_paths_can_be_drawn_on_axes_of_the_user(flow):
    axes = Figure().subplots(1, 2)
    axes[0].set(xlim=(-5, 5))
    drawn = trajectory(flow, axes)
    assert list(drawn) == list(axes)
    assert axes[0].get_xlim() == (-5, 5)


def test_what_there_is_not_cannot_be_drawn(flow):
    with pytest.raises(InputError, match="only games"):
        losses(flow)
    with pytest.raises(InputError, match="give a rule"):
        apart(flow)
    nowhere = st.follow(st.SymbolicFlow({x: 1 + x**2}, box={"x": (-1, 1)}), time=0.5)
    with pytest.raises(InputError, match="no equilibrium"):
        distances(nowhere)
