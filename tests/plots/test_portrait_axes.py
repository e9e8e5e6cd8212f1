"""Portraits keep to the Axes they are given, and leave everything else as it was."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from stability.plots.portrait import portrait
from stability.plots.style import figure, picture
from tests.plots import portraits

LONG = "lookahead, lr=0.05, k=10, alpha=0.5, inner=heavy-ball:beta=-0.5,order=alternating"


@pytest.fixture(params=list(portraits.PORTRAITS))
def found(request):
    return portraits.PORTRAITS[request.param]()


@pytest.fixture(autouse=True)
def headless(monkeypatch):
    def show(*_, **__):
        raise AssertionError("plt.show was called")

    monkeypatch.setattr(plt, "show", show)
    yield
    plt.close("all")


def renamed(found, rule):
    return replace(found, steps=tuple(replace(own, rule=rule) for own in found.steps))


def legend_texts(ax):
    return [text.get_text().replace("\n", " ") for text in ax.get_legend().get_texts()]


def test_nothing_global_changes(found):
    before = dict(matplotlib.rcParams)
    portrait(found)
    assert dict(matplotlib.rcParams) == before


def test_the_axes_given_are_returned_and_no_figure_is_made(found):
    _, ax = figure()
    open_before = plt.get_fignums()
    assert portrait(found, ax) is ax
    assert plt.get_fignums() == open_before


def test_limits_labels_and_title_that_an_axes_has_are_kept(found):
    ax = Figure().subplots()
    ax.set(xlim=(-0.5, 1.5), ylim=(0.1, 0.7), xlabel="mine", ylabel="too", title="and this")
    portrait(found, ax)
    assert ax.get_xlim() == (-0.5, 1.5)
    assert ax.get_ylim() == (0.1, 0.7)
    assert ax.get_aspect() == "auto"
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("mine", "too", "and this")


def test_an_axes_that_has_nothing_gets_the_box_and_the_names():
    ax = Figure().subplots()
    portrait(portraits.bistable(), ax)
    assert ax.get_xlim() == (-2, 2)
    assert ax.get_ylim() == (-1.5, 1.5)
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("x", "y", "Bistable")


def test_several_portraits_share_a_figure_without_overlaps():
    made, axes = figure(3, 2)
    for ax, make in zip(axes.flat, portraits.PORTRAITS.values(), strict=True):
        portrait(make(), ax)
    made.draw_without_rendering()  # lays it out
    boxes = [ax.get_tightbbox() for ax in axes.flat]
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            assert not one.overlaps(other)


@pytest.mark.parametrize("rule", ["alternating, lr=0.5", LONG, "x" * 200, "$a_$ costs $"])
@pytest.mark.parametrize("columns", [1, 2])
def test_legends_stay_inside_the_figure_whatever_rules_are_called(rule, columns):
    made, axes = figure(columns)
    for ax in np.atleast_1d(axes):
        portrait(renamed(portraits.bilinear(), rule), ax)
    made.draw_without_rendering()
    for ax in np.atleast_1d(axes):
        box = ax.get_legend().get_window_extent()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= made.bbox.x1
        # without the leading
        inside = [text.get_window_extent().padded(-2.0) for text in ax.get_legend().get_texts()]
        assert not any(a.overlaps(b) for i, a in enumerate(inside) for b in inside[:i])
        # the picture is what most of its part of the figure is for
        assert ax.get_window_extent().height > 0.35 * made.bbox.height


def test_legends_name_every_layer_once():
    _, ax = figure()
    found = portraits.bilinear()
    portrait(replace(found, steps=found.steps * 2, paths=found.paths * 2), ax)
    assert sorted(legend_texts(ax)) == [
        "alternating, lr=0.5", "centre of the flow, neutral", "cycle of alternating, lr=0.5", "flow", "start",
        "x′ = 0", "y′ = 0",
    ]  # fmt: skip


def test_cycles_of_steps_have_the_colour_of_their_rule_and_differ_from_the_flows():
    _, ax = figure()
    found = portraits.bilinear()
    other = replace(found.steps[0], rule="another rule")
    of_flow = portraits.oscillator().cycles
    portrait(replace(found, steps=(*found.steps, other), cycles=of_flow), ax)
    lines = {line.get_label(): line for line in ax.get_lines()}
    for rule in ("alternating, lr=0.5", "another rule"):
        assert lines[f"cycle of {rule}"].get_color() == lines[rule].get_color()
    colors = {lines[name].get_color() for name in lines if "cycle" in name}
    assert len(colors) == 3  # the flow's two are black, and tell apart by their dashes
    assert lines["attracting cycle"].get_linestyle() != lines["repelling cycle"].get_linestyle()
    # a double line, so that not colour alone tells
    assert len(lines["cycle of another rule"].get_path_effects()) == 2
    assert not lines["attracting cycle"].get_path_effects()


def test_a_figure_of_its_own_makes_room_for_the_legend():
    def height(found):
        ax = portrait(found)
        ax.figure.draw_without_rendering()
        return ax.get_window_extent().height / ax.figure.dpi

    few, many = portraits.rotation(), portraits.bistable()
    assert len(legend_texts(portrait(many))) > len(legend_texts(portrait(few)))
    assert height(many) > 1.4  # inches
    assert height(few) > 1.4


def test_greek_names_are_greek_letters():
    _, ax = figure()
    where = portraits.plane(labels=("theta_1", "0.5·psi + lambda"))
    portrait(replace(portraits.bilinear(), plane=where), ax)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("θ_1", "0.5·ψ + λ")


def svg(name):
    made, ax = figure()
    portrait(portraits.PORTRAITS[name](), ax)
    return picture(made, "svg")


@pytest.mark.parametrize("name", list(portraits.PORTRAITS))
def test_the_same_portrait_is_the_same_file(name):
    assert svg(name) == svg(name)


@pytest.mark.slow
def test_another_process_writes_the_same_file():
    run = subprocess.run(
        [sys.executable, __file__],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "7"},
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [
        hashlib.sha256(svg(name)).hexdigest() for name in portraits.PORTRAITS
    ]


if __name__ == "__main__":  # the other process
    for own in portraits.PORTRAITS:
        print(hashlib.sha256(svg(own)).hexdigest())
