"""A portrait leaves alone what is the user's, and covers nothing."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import portraits
import pytest
from matplotlib.figure import Figure

from stability.plots import portrait as draw_portrait
from stability.plots.style import figure, picture

SMALL = (
    "bilinear",
    "rotation",
    "logistic",
    "line",
)  # those without streamlines, which take their time


@pytest.fixture
def axes():
    return Figure(figsize=(3.4, 3.4)).subplots()


@pytest.mark.parametrize("name", SMALL)
def test_settings_and_figures_of_the_user_are_left_alone(name, axes, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *_, **__: pytest.fail("plt.show was called"))
    before, open_figures = dict(mpl.rcParams), plt.get_fignums()
    assert draw_portrait(portraits.PORTRAITS[name](), axes) is axes
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == open_figures


@pytest.mark.parametrize("name", SMALL)
def test_limits_and_labels_of_the_user_are_kept(name, axes):
    axes.set(xlim=(-9, 8), ylim=(-7, 6), xlabel="mine", ylabel="also", title="my title")
    draw_portrait(portraits.PORTRAITS[name](), axes)
    assert (axes.get_xlim(), axes.get_ylim()) == ((-9, 8), (-7, 6))
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("mine", "also", "my title")
    assert axes.get_aspect() == "auto"


def test_fresh_axes_show_the_box_to_one_scale(axes):
    draw_portrait(portraits.bilinear(), axes)
    assert (axes.get_xlim(), axes.get_ylim()) == ((-2, 2), (-2, 2))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x", "y")
    assert axes.get_title() == "Bilinear game"
    assert axes.get_aspect() == 1


def test_without_axes_there_is_a_figure_that_a_notebook_shows():
    before = plt.get_fignums()
    ax = draw_portrait(portraits.line())
    assert plt.get_fignums() == [*before, ax.figure.number]
    plt.close(ax.figure)


def test_several_portraits_in_one_figure():
    made = Figure(figsize=(7, 3.4), layout="constrained")
    left, right = made.subplots(1, 2)
    draw_portrait(portraits.bilinear(), left)
    draw_portrait(portraits.rotation(), right)
    made.canvas.draw()
    boxes = [ax.get_tightbbox() for ax in (left, right)]
    assert boxes[0].x1 <= boxes[1].x0
    assert [len(ax.get_legend().get_texts()) for ax in (left, right)] == [7, 6]


@pytest.mark.parametrize("name", portraits.PORTRAITS)
def test_legend_covers_nothing_and_is_whole(name):
    made, ax = figure(height=3.4)
    draw_portrait(portraits.PORTRAITS[name](), ax)
    made.canvas.draw()
    legend = ax.get_legend().get_window_extent()
    assert not legend.overlaps(ax.get_window_extent())
    assert not legend.overlaps(ax.xaxis.get_tightbbox())
    assert made.bbox.x0 <= legend.x0 < legend.x1 <= made.bbox.x1
    assert made.bbox.y0 <= legend.y0
    texts = [text.get_window_extent() for text in ax.get_legend().get_texts()]
    assert not any(a.overlaps(b) for i, a in enumerate(texts) for b in texts[:i])


@pytest.mark.parametrize("name", ["bilinear", "bistable"])
def test_same_picture_in_the_same_bytes(name):
    def svg():
        made, ax = figure()
        draw_portrait(portraits.PORTRAITS[name](), ax)
        return picture(made, "svg")

    assert svg() == svg()


def test_same_picture_in_the_same_bytes_in_another_process():
    made, ax = figure()
    draw_portrait(portraits.bilinear(), ax)
    script = (
        "import hashlib, portraits\n"
        "from stability.plots import portrait\n"
        "from stability.plots.style import figure, picture\n"
        "made, ax = figure()\n"
        "portrait(portraits.bilinear(), ax)\n"
        "print(hashlib.sha256(picture(made, 'svg')).hexdigest())"
    )
    path = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path}\n{script}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == hashlib.sha256(picture(made, "svg")).hexdigest()


def test_names_are_text_and_no_formula(axes):
    made = portraits.make(name="a_b $x^", graph=portraits.line().graph)
    draw_portrait(made, axes)
    axes.figure.canvas.draw()
    assert axes.get_title() == "a_b $x^"
