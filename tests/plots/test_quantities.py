"""Quantities of a sweep as curves."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

import stability as st
from stability.plots.looks import looks
from stability.plots.quantities import quantities


def _one(sweep):
    (ax,) = quantities(sweep, Figure().subplots())
    return ax


def test_a_curve_has_gaps_where_there_is_no_number():
    # steps per digit of simultaneous steps exist below the critical step 1.2 alone
    lr = np.linspace(0.1, 2.0, 60)
    ax = _one(st.sweep(st.load("dirac-gan-r1"), {"lr": lr}, "steps_per_digit"))
    curve = ax.lines[0]
    np.testing.assert_array_equal(curve.get_xdata(), lr)
    np.testing.assert_array_equal(np.isfinite(curve.get_ydata()), lr < 1.2)
    assert curve.get_color() == looks(["simultaneous"])["simultaneous"].color


def test_numbers_of_equal_ratio_are_on_a_logarithmic_axis():
    game = st.load("dirac-gan-r1")
    log = _one(st.sweep(game, {"lr": np.geomspace(1e-3, 1, 10)}, "spectral_radius"))
    even = _one(st.sweep(game, {"lr": np.linspace(0.1, 1, 10)}, "spectral_radius"))
    assert (log.get_xscale(), even.get_xscale()) == ("log", "linear")
    assert 1.0 in [line.get_ydata()[0] for line in log.lines]  # where stability ends


def test_no_limit_is_an_arrow_at_the_edge():
    rule = st.Proximal()
    ax = _one(st.sweep(st.load("xy"), {"lr": [0.1, 0.5, 1.0]}, "critical_lr", rule=rule))
    (arrows,) = [line for line in ax.lines if line.get_label() == "no limit"]
    assert len(arrows.get_xdata()) == 3
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["no limit"]


def test_stability_is_told_in_words():
    sweep = st.sweep(st.load("brusselator"), {"B": np.linspace(1, 3, 21)}, "stable")
    ax = _one(sweep)
    words = [text.get_text() for text in ax.get_yticklabels()]
    assert words == ["stable", "undecided", "unstable"]  # at B = 2 exactly
    stable, _, unstable = ax.lines[::2]
    assert np.nanmax(stable.get_xdata()[np.isfinite(stable.get_ydata())]) < 2
    assert np.nanmin(unstable.get_xdata()[np.isfinite(unstable.get_ydata())]) > 2


def test_every_quantity_has_a_panel():
    names = ["spectral_radius", "losses", "multipliers", "point"]
    drawn = quantities(st.sweep(st.load("dirac-gan-r1"), {"gamma": np.linspace(0, 2, 9)}, names))
    assert [ax.get_ylabel() for ax in drawn] == ["spectral radius ρ", "loss", "|μ|", "equilibrium"]
    assert [text.get_text() for text in drawn[3].get_legend().get_texts()] == ["theta", "psi"]
    drawn[0].figure.draw_without_rendering()
    boxes = [ax.get_tightbbox() for ax in drawn]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_curves_are_over_one_axis():
    sweep = st.sweep(st.load("xy"), {"lr.x": [0.1, 0.2], "lr.y": [0.1, 0.2]}, "spectral_radius")
    with pytest.raises(st.InputError, match="one axis"):
        quantities(sweep)
