"""Pictures of stability against baselines without text, and that a lost layer would be noticed.

Run as a script, this file writes the baselines anew; look at them before keeping them.
"""

from __future__ import annotations

import functools
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.spines import Spine
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text
from matplotlib.ticker import NullFormatter

import stability as st
from stability.comparisons.curves import rate_curves
from stability.fields import Gradient
from stability.plots.algorithms import comparison
from stability.plots.loci import loci
from stability.plots.radius_map import radius
from stability.plots.rate_curves import rates
from stability.plots.regions import stability_region, stability_regions
from stability.plots.spectra import eigenvalues, multipliers
from stability.plots.style import picture, styled

BASELINE = Path(__file__).parent / "baseline"
# A marker that is lost changes the root mean square by 2 and more (see the last test), a new version of
# Matplotlib, with all text taken away, by less than 0.5.
TOLERANCE = 1.0
DPI = 80


@functools.cache
def _computed(name):
    """What the pictures show, worked out once."""
    xy, r1 = st.load("xy"), st.load("dirac-gan-r1")
    rules = [st.Simultaneous(), st.Extragradient(), st.Optimistic()]
    lr = np.linspace(0.1, 4, 24)
    if name == "report":
        return st.report(r1, fields=[Gradient(), st.Consensus(0.5)], rules=rules)
    if name == "radii":
        return st.sweep(r1, {"lr.disc": lr, "lr.gen": lr}, "spectral_radius")
    if name == "region":
        return st.step_region(r1, st.Simultaneous(), rays=31)
    if name == "rates":
        return rate_curves(xy, rules)
    if name == "comparison":
        return st.compare(xy, rules=[*rules, st.Proximal()])
    return st.sweep(st.load("brusselator"), {"B": np.linspace(1, 4, 40)}, "eigenvalues")


PICTURES = {
    "eigenvalues": lambda ax: eigenvalues(_computed("report"), ax),
    "multipliers": lambda ax: multipliers(_computed("report"), ax),
    "stability_region": lambda ax: stability_region(st.Extragradient, [1j, -1j], ax=ax),
    "radius": lambda ax: radius(_computed("radii"), _computed("region"), ax),
    "rates": lambda ax: rates(_computed("rates"), ax),
    "comparison": lambda ax: comparison(_computed("comparison"), ax),
    "loci": lambda ax: loci(_computed("loci"), ax),
    "stability_regions": lambda ax: stability_regions([st.Heun, st.RK4], [-0.1 + 1j], ax),
}


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def _drawn(name) -> Axes:
    figure = Figure(figsize=(3.4, 2.9), layout="constrained")
    return PICTURES[name](figure.subplots())


def _write(figure: Figure, path: Path) -> None:
    """The figure without text, whose look depends on the version of the font library."""
    for axes in figure.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(NullFormatter())
            axis.set_minor_formatter(NullFormatter())
    for writing in [*figure.findobj(Text), *figure.findobj(Legend)]:
        writing.set_visible(False)
    with styled():
        figure.savefig(path, dpi=DPI)


def _layers(ax: Axes) -> list[Artist]:
    """What was drawn on the Axes, without empty entries for the legend."""
    drawn = []
    for artist in ax.get_children():
        empty = isinstance(artist, Line2D) and not len(artist.get_xdata())
        empty |= isinstance(artist, Patch) and artist.get_label().startswith("ρ <")
        mine = isinstance(artist, Line2D | Patch | Collection | Axes)
        if mine and not (empty or isinstance(artist, Spine) or artist is ax.patch):
            drawn.append(artist)
    return drawn


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_that_of_the_baseline(name, tmp_path):
    drawn = tmp_path / f"{name}.png"
    _write(_drawn(name).figure, drawn)
    difference = compare_images(str(BASELINE / f"stability_{name}.png"), str(drawn), TOLERANCE)
    assert difference is None, difference


@pytest.mark.parametrize("name", PICTURES)
def test_a_lost_layer_is_noticed(name, tmp_path):
    ax = _drawn(name)
    whole, without = tmp_path / "whole.png", tmp_path / "without.png"
    _write(ax.figure, whole)
    ax.figure.set_layout_engine("none")  # a layer that is hidden must not move the others
    layers = _layers(ax)
    assert len(layers) >= 4
    hidden = {}
    for layer in layers:
        layer.set_visible(False)
        ax.figure.savefig(without, dpi=DPI)
        hidden[layer] = compare_images(str(whole), str(without), TOLERANCE)
        layer.set_visible(True)
    unnoticed = [layer for layer, difference in hidden.items() if difference is None]
    assert not unnoticed, unnoticed


@pytest.mark.parametrize("name", PICTURES)
def test_the_axes_given_are_used_and_global_settings_left_alone(name):
    before = dict(mpl.rcParams)
    figure, (left, right) = plt.subplots(1, 2, layout="constrained")
    assert PICTURES[name](right) is right
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == [figure.number]
    assert not left.lines
    assert not left.collections
    assert figure.get_size_inches().tolist() == mpl.rcParams["figure.figsize"]


QUICK = ("eigenvalues", "radius", "stability_region")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in PICTURES]
)
def test_the_same_picture_has_the_same_bytes(name):
    first, second = (picture(_drawn(name).figure, "svg") for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", PICTURES)
def test_own_figure_is_one_column_wide_and_holds_everything(name):
    ax = PICTURES[name](None)
    figure = ax.figure
    with styled():
        figure.draw_without_rendering()
    width, height = figure.get_size_inches()
    assert width == 3.4
    box = figure.get_tightbbox()
    # a legend may stick out by the width of a letter
    assert box.x0 > -0.1
    assert box.y0 > -0.1
    assert box.x1 < width + 0.1
    assert box.y1 < height + 0.1


if __name__ == "__main__":
    BASELINE.mkdir(exist_ok=True)
    for own in PICTURES:
        _write(_drawn(own).figure, BASELINE / f"stability_{own}.png")
