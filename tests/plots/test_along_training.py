"""Figures along training: what is drawn are the numbers given, at the steps given, told apart."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from stability.errors import InputError
from stability.plots import along_training as along

STEPS = [0, 100, 400]
SPECTRA = [[1 + 2j, 1 - 2j], [-1 + 1j, -1 - 1j, -5], [-2.0, -3.0]]


@pytest.fixture
def ax():
    return Figure().subplots()


def labelled(ax):
    handles, labels = ax.get_legend_handles_labels()
    return dict(zip(labels, handles, strict=True))


def test_spectra_are_drawn_each_with_a_marker_and_colour_of_its_own(ax):
    assert along.spectra_along(STEPS, SPECTRA, ax) is ax
    drawn = labelled(ax)
    assert list(drawn) == [
        "step 0 (max\u00a0Re\u00a0=\u00a01)",
        "step 100 (max\u00a0Re\u00a0=\u00a0−1)",
        "step 400 (max\u00a0Re\u00a0=\u00a0−2)",
    ]
    for line, values in zip(drawn.values(), SPECTRA, strict=True):
        np.testing.assert_array_equal(line.get_xdata() + 1j * line.get_ydata(), values)
    assert len({line.get_marker() for line in drawn.values()}) == 3
    assert len({tuple(line.get_markeredgecolor()) for line in drawn.values()}) == 3
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert left < -5 < 1 < right
    assert low == -high
    assert high > 2


def test_lines_show_values_and_their_errors(ax):
    values = {"disc": [1.0, np.nan, 3.0], "gen": [0.5, 0.2, 0.1]}
    along.line_along(STEPS, values, ax, ylabel="size", errors={"gen": [0.1, 0.2, np.inf]}, level=0)
    drawn = labelled(ax)
    assert list(drawn) == ["disc", "gen"]
    for label, own in values.items():
        np.testing.assert_array_equal(drawn[label][0].get_xdata(), STEPS)
        np.testing.assert_array_equal(drawn[label][0].get_ydata(), own)
    assert not drawn["disc"].has_yerr
    bars = drawn["gen"][2][0].get_segments()
    np.testing.assert_allclose(bars[1], [[100, 0.0], [100, 0.4]], atol=1e-15)
    assert bars[2].size == 0  # an unknown error is no bar


def test_named_lines_have_their_scales_and_levels(ax):
    positive = {"disc": [1.0, 10.0, 0.1], "gen": [2.0, 3.0, 4.0]}
    assert along.gradient_norms_along(STEPS, positive).get_yscale() == "log"
    assert along.rotation_along(STEPS, [0.1, 1.0, 20.0]).get_yscale() == "log"
    for draw in (along.rightmost_along, along.hessians_along):
        made = draw(STEPS, [0.5, -0.1, -0.2])
        assert made.get_yscale() == "linear"
        assert list(made.get_lines()[0].get_ydata()) == [0.0, 0.0]
    covered = along.coverage_along(STEPS, [1, 5, 8], modes=8, ax=ax)
    assert covered.get_lines()[0].get_ydata()[0] == 8
    assert covered.get_ylim()[1] > 8
    mpl.pyplot.close("all")


def test_the_path_angle_with_and_without_norms(ax):
    alphas = np.linspace(-0.5, 1.5, 21)
    along.path_angle(alphas, np.cos(alphas), ax=ax)
    np.testing.assert_array_equal(labelled(ax)["path angle"].get_ydata(), np.cos(alphas))
    assert ax.get_ylim() == (-1.05, 1.05)
    small = along.path_angle(alphas, [*np.full(20, 0.05), np.nan], ax=Figure().subplots())
    assert small.get_ylim() == pytest.approx(
        (-0.12, 0.12)
    )  # in many dimensions all cosines are small
    figure = Figure()
    along.path_angle(alphas, np.cos(alphas), np.exp(alphas), figure.subplots())
    left, right = figure.axes
    (line,) = right.get_lines()
    np.testing.assert_array_equal(line.get_ydata(), np.exp(alphas))
    assert right.get_yscale() == "log"
    assert list(labelled(left)) == ["path angle", "‖v‖, right"]


def test_numbers_that_do_not_match_are_told():
    with pytest.raises(InputError, match="3 steps and 2 spectra"):
        along.spectra_along(STEPS, SPECTRA[:2])
    with pytest.raises(InputError, match="3 steps and 2 values"):
        along.line_along(STEPS, [1.0, 2.0])
    with pytest.raises(InputError, match="0 steps"):
        along.line_along([], [])
    with pytest.raises(InputError, match="no eigenvalues"):
        along.spectra_along([0], [[]])
    with pytest.raises(InputError, match="finite"):
        along.spectra_along([0], [[np.nan]])
    with pytest.raises(InputError, match="3 values of α and 2 norms"):
        along.path_angle([0, 1, 2], [0, 1, 2], [1, 2])
    mpl.pyplot.close("all")
