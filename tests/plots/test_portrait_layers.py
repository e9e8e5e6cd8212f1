"""What each layer draws, looked up in its artists."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from stability.attraction import Basins
from stability.cycles import Cycle
from stability.phase import Nullcline, Separatrix
from stability.plots import (
    basins,
    cobweb,
    cycles,
    equilibria,
    iterates,
    nullclines,
    path,
    phase_line,
    separatrices,
    steps,
    streamlines,
)
from stability.plots.layers import FAR, cut_off
from stability.plots.style import FIELD
from tests.plots import portraits

SQUARE = portraits.plane()


@pytest.fixture
def ax():
    axes = Figure().subplots()
    axes.set(xlim=(-2, 2), ylim=(-2, 2))
    return axes


def labelled(ax):
    return dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))


def arrows(ax):
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def dots(ax):
    """The line whose dots are the steps."""
    (found,) = (
        line for line in ax.get_lines() if line.get_marker() == "o" and len(line.get_xdata()) > 1
    )
    return found


def vertices(ax):
    return np.concatenate([line.get_xydata() for line in ax.get_lines()])


# streamlines


def test_streamlines_depend_on_directions_alone(ax):
    u, w, velocity = portraits.grid(lambda x, y: (y, -x), SQUARE)
    streamlines(ax, u, w, velocity)
    other = Figure().subplots()
    other.set(xlim=(-2, 2), ylim=(-2, 2))
    streamlines(other, u, w, 1e150 * velocity)
    np.testing.assert_allclose(
        vertices(other), vertices(ax), atol=1e-6
    )  # the integrator's own error


def test_streamlines_follow_the_field(ax):
    streamlines(ax, *portraits.grid(lambda x, y: (-y, x), SQUARE))
    for line in ax.get_lines():
        pieces = np.split(line.get_xydata(), np.flatnonzero(np.isnan(line.get_xdata())))
        for piece in pieces:
            radius = np.linalg.norm(piece[~np.isnan(piece[:, 0])], axis=1)
            if len(radius):
                # within the error of Matplotlib's integrator on this grid
                assert np.ptp(radius) < 0.05


def test_streamlines_are_darker_where_it_is_faster(ax):
    streamlines(ax, *portraits.grid(lambda x, y: (np.exp(2 * y), 0 * x), SQUARE))
    height = {line.get_color(): np.nanmean(line.get_ydata()) for line in ax.get_lines()}
    assert [height[shade] for shade in FIELD] == sorted(height[shade] for shade in FIELD)


@pytest.mark.parametrize("outside", [np.nan, np.inf])
def test_no_streamlines_where_the_field_is_not_finite(ax, outside):
    def field(x, y):
        return np.where(x < 0, outside, 1.0), 0 * x + 0.1

    streamlines(ax, *portraits.grid(field, SQUARE))
    x = vertices(ax)[:, 0]
    assert np.nanmin(x) > -0.11  # a cell of the grid
    assert np.nanmax(x) > 1.9


def test_huge_range_of_speeds(ax):
    streamlines(ax, *portraits.grid(lambda x, y: (10.0 ** (80 * x), 10.0 ** (80 * y)), SQUARE))
    assert ax.get_lines()


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_field_that_moves_nothing_has_no_streamlines(ax, value):
    streamlines(ax, *portraits.grid(lambda x, y: (value + 0 * x, value + 0 * y), SQUARE))
    assert not ax.get_lines()


def test_streamlines_are_few_artists(ax):
    streamlines(ax, *portraits.grid(lambda x, y: (y, -x), SQUARE))
    assert len(ax.get_lines()) == len(FIELD)
    assert not ax.collections


# curves


def test_nullclines_differ_in_colour_and_line_style(ax):
    curve = np.array([[0.0, -1.0], [0.0, 1.0]])
    nullclines(ax, (Nullcline("theta", (curve, curve + 1)), Nullcline("y", (curve,))))
    one, other = labelled(ax).values()
    assert list(labelled(ax)) == ["θ′ = 0", "y′ = 0"]
    assert one.get_color() != other.get_color()
    assert one._unscaled_dash_pattern != other._unscaled_dash_pattern
    np.testing.assert_array_equal(one.get_xydata()[:2], curve)
    assert np.isnan(one.get_xydata()[2]).all()  # a gap between the two curves


def test_a_nullcline_without_curves_is_not_in_the_legend(ax):
    nullclines(ax, (Nullcline("x", ()), Nullcline("y", ())))
    assert not labelled(ax)


def test_separatrices_differ_in_colour_and_line_style(ax):
    curve = np.array([[0.0, 0.0], [1.0, 0.0]])
    separatrices(ax, [Separatrix(kind, curve, curve) for kind in ("unstable", "stable", "stable")])
    assert list(labelled(ax)) == ["stable manifold", "unstable manifold"]
    stable, unstable = labelled(ax).values()
    assert (stable.get_linestyle(), unstable.get_linestyle()) == ("-", "-.")
    assert stable.get_color() != unstable.get_color()
    assert len(stable.get_xdata()) == 6


def test_cycles_attracting_solid_repelling_dashed_closed(ax):
    points = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    multipliers = np.array([1.0, 0.5])
    cycles(ax, [Cycle(points, 1.0, multipliers, stable) for stable in (True, False)], SQUARE)
    attracting, repelling = labelled(ax).values()
    assert list(labelled(ax)) == ["attracting cycle", "repelling cycle"]
    assert attracting.get_linestyle() == "-"
    assert repelling.get_linestyle() == "--"
    np.testing.assert_array_equal(attracting.get_xydata()[[0, -1]], points[[0, 0]])


def test_orbits_of_maps_are_told_from_those_of_flows(ax):
    points = np.array([[1.0, 0.0], [-1.0, 0.0]])
    cycles(ax, [Cycle(points, 2.0, None, True), Cycle(points, None, None, True)], SQUARE)
    periodic, curve = labelled(ax).values()
    assert list(labelled(ax)) == ["attracting orbit of period 2", "attracting invariant curve"]
    assert (periodic.get_linestyle(), curve.get_linestyle()) == ("None", "-")
    np.testing.assert_array_equal(periodic.get_xydata(), points)


# equilibria

STABLE, UNSTABLE = "exponentially stable", "unstable"


@pytest.mark.parametrize(
    ("type", "stability", "shape", "filling", "label"),
    [
        ("stable focus", STABLE, "o", "black", "stable focus"),
        ("unstable node", UNSTABLE, "o", "white", "unstable node"),
        ("saddle with 1 unstable direction", UNSTABLE, "o", "half", "saddle"),
        ("centre", "neutral", "ring", "black", "centre, neutral"),
        (
            "centre of the linearisation",
            "asymptotically stable",
            "o",
            "black",
            "linear centre, stable, slowly",
        ),
        ("centre of the linearisation", "undecided", "D", "grey", "linear centre, undecided"),
        (
            "non-hyperbolic with 1 stable, 1 neutral directions",
            "undecided",
            "D",
            "grey",
            "non-hyperbolic, undecided",
        ),
        (
            "attracting curve of equilibria",
            STABLE,
            "s",
            "black",
            "attracting curve of equilibria",
        ),
        ("repelling curve of equilibria", UNSTABLE, "s", "white", "repelling curve of equilibria"),
    ],
)
def test_marker_tells_type_and_stability(ax, type, stability, shape, filling, label):
    equilibria(ax, [portraits.spot(0, 0, type, stability)])
    ((name, marker),) = labelled(ax).items()
    assert name == label
    assert marker.get_marker() == shape or shape == "ring"
    assert marker.get_fillstyle() == ("left" if filling == "half" else "full")
    if filling in ("white", "black"):
        assert marker.get_markerfacecolor() in (filling, "#000000" if filling == "black" else "")


def test_one_entry_for_equilibria_of_a_kind(ax):
    kinds = [("stable node", STABLE), ("stable node", STABLE), ("unstable node", UNSTABLE)]
    equilibria(ax, [portraits.spot(i, 0, *kind) for i, kind in enumerate(kinds)])
    equilibria(ax, [portraits.spot(1, 1, "stable node", STABLE)])
    assert list(labelled(ax)) == ["stable node", "unstable node"]


def test_equilibria_lie_above_everything(ax):
    portrait = portraits.bistable()
    path(ax, portrait.paths[0], portrait.plane)
    steps(ax, portrait.steps[0].path, portrait.plane)
    others = max(artist.zorder for artist in ax.get_children() if artist is not ax.patch)
    equilibria(ax, portrait.spots)
    assert labelled(ax)["saddle"].zorder >= others


# basins


def test_basins_in_pale_colours_escapes_hatched_undecided_grey(ax):
    u = np.linspace(-1.5, 1.5, 4)
    labels = np.array([[0, 1, -1, -2]] * 4)
    basins(ax, Basins(u, u, labels, ("here", "there", "nowhere"), np.zeros((3, 2))))
    assert list(labelled(ax)) == ["basin of here", "basin of there", "escapes", "undecided"]
    (image,) = ax.images
    colors = image.get_array()[0]
    assert colors[:, 3].tolist() == [1, 1, 0, 1]  # hatching is seen through the image
    assert len({tuple(color) for color in colors}) == 4
    assert (colors[:2, :3].min(axis=1) > 0.5).all()
    assert list(image.get_extent()) == [-2, 2, -2, 2]  # half a cell more on every side
    assert ax.get_xlim() == (-2, 2)


# paths


def test_path_has_arrowheads_in_its_direction(ax):
    t = np.linspace(0, 3, 100)
    points = np.stack([1.5 * np.exp(-t), 0 * t], axis=1)
    path(ax, portraits.trajectory(points, t), SQUARE)
    assert list(labelled(ax)) == ["flow", "start"]
    assert arrows(ax)
    for arrow in arrows(ax):
        tail, head = arrow._posA_posB
        assert head[0] < tail[0]


def test_path_that_does_not_move_has_no_arrowheads(ax):
    path(ax, portraits.trajectory(np.zeros((50, 2))), SQUARE)
    assert not arrows(ax)


@pytest.mark.parametrize("steps_taken", [5, 100, 2000])
def test_steps_are_dots_and_arrows_while_they_are_few(ax, steps_taken):
    points = np.linspace([-1.5, -1.5], [1.5, 1.5], steps_taken + 1)
    steps(ax, portraits.trajectory(points), SQUARE, label="rule")
    np.testing.assert_array_equal(dots(ax).get_xydata(), points)
    assert len(arrows(ax)) == (5 if steps_taken == 5 else 0)


def test_half_steps_are_a_staircase(ax):
    half = np.array([[1.0, 1.0], [0.5, 1.0], [0.5, 1.5], [0.0, 1.5], [0.0, 1.75]])
    steps(ax, portraits.trajectory(half[::2]), SQUARE, half=portraits.trajectory(half))
    drawn = [line.get_xydata() for line in ax.get_lines()]
    assert any(len(line) == 5 and (line == half).all() for line in drawn)


def test_many_iterates_are_small_dots(ax):
    sizes = []
    for count in (10, 1000):
        points = np.random.default_rng(0).uniform(-1, 1, (count, 2))
        iterates(ax, portraits.trajectory(points), SQUARE, label=f"{count}")
        sizes.append(labelled(ax)[f"{count}"].get_markersize())
    assert sizes[0] > sizes[1]


@pytest.mark.parametrize("end", [1e9, 1e30, 1e300])
def test_paths_that_blow_up_can_be_drawn(ax, end):
    points = np.array([[0.0, 0.0], [1.0, 0.5], [1e4, 5e3], [end, end]])
    for draw in (path, steps, iterates):
        draw(ax, portraits.trajectory(points), SQUARE)
    ax.figure.draw_without_rendering()
    finite = vertices(ax)[np.isfinite(vertices(ax)).all(axis=1)]
    assert np.abs(finite).max() <= 2 * FAR + 1e-9


POINT = st.tuples(*[st.floats(-1e6, 1e6)] * 2)


@given(st.lists(POINT, min_size=2, max_size=8))
def test_cut_curves_are_what_is_seen_of_the_curve(points):
    # A segment that goes far away is cut where it does; those with both ends far away are left out.
    box = np.array([[-1.0, 1.0], [-1.0, 1.0]])
    curve = np.array(points)
    kept = cut_off(curve, box)
    near = (np.abs(curve) <= FAR).all(axis=1)
    finite = kept[np.isfinite(kept).all(axis=1)] if len(kept) else np.empty((0, 2))
    assert (np.abs(finite) <= FAR * (1 + 1e-9)).all()
    assert {tuple(p) for p in curve[near]} <= {tuple(p) for p in finite}
    for p in finite:  # each lies on the curve
        a, b = curve[:-1], curve[1:]
        length = np.linalg.norm(b - a, axis=1)
        share = np.clip(((p - a) * (b - a)).sum(axis=1) / np.maximum(length**2, 1e-300), 0, 1)
        away = np.linalg.norm(a + share[:, None] * (b - a) - p, axis=1)
        assert away.min() <= 1e-8


# one variable


def test_cobweb_goes_from_the_graph_to_the_diagonal(ax):
    portrait = portraits.logistic()
    cobweb(ax, *portrait.graph, portrait.paths, portrait.spots)
    x, y = labelled(ax)["iterates"].get_data()
    assert x[0] == y[0] == 0.1
    np.testing.assert_allclose(y[1::2], 3.2 * x[1::2] * (1 - x[1::2]), rtol=1e-12)
    np.testing.assert_array_equal(y[2::2], x[2::2])
    fixed = labelled(ax)["unstable node of the map"].get_xydata()
    np.testing.assert_array_equal(fixed, [[0.6875, 0.6875]])


def test_arrows_of_a_phase_line_point_where_x_goes(ax):
    x = np.linspace(-2, 2, 401)
    phase_line(ax, x, x - x**3)
    shown = [line for line in ax.get_lines() if line.get_marker() in "<>"]
    assert len(shown) >= 4
    for line in shown:
        at = line.get_xdata()[0]
        assert line.get_marker() == (">" if at - at**3 > 0 else "<")


def test_phase_line_of_a_field_with_a_pole(ax):
    x = np.linspace(-2, 2, 400)
    with np.errstate(divide="ignore"):
        phase_line(ax, np.append(x, 3.0), np.append(1 / x, np.nan))
    ax.figure.draw_without_rendering()
    left, right = (
        {line.get_marker() for line in ax.get_lines() if line.get_marker() in "<>" and side(line)}
        for side in (lambda line: line.get_xdata()[0] < 0, lambda line: line.get_xdata()[0] > 0)
    )
    assert (left, right) == ({"<"}, {">"})
