"""What pictures of stability say in words and numbers, their limits and scales, and their errors."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Circle

import stability as st
from stability.comparisons.curves import rate_curves
from stability.plots.algorithms import comparison
from stability.plots.grids import edges, is_geometric
from stability.plots.loci import loci
from stability.plots.radius_map import radius
from stability.plots.rate_curves import rates
from stability.plots.regions import stability_region, stability_regions
from stability.plots.series import multiple
from stability.plots.spectra import eigenvalues, multipliers
from tests.known_systems import POLYNOMIAL

SPACE = "\u00a0"


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def _legend(ax) -> list[str]:
    return [text.get_text().replace(SPACE, " ") for text in ax.get_legend().get_texts()]


def _texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_legend_has_the_spectral_abscissa_of_every_flow():
    ax = eigenvalues(st.report(st.load("dirac-gan-r1"), fields=[st.Consensus(1.0)]))
    assert len(_legend(ax)) == 1
    assert "consensus, gamma=1" in _legend(ax)[0].replace("\n", " ")
    # half the trace of J − JᵀJ with J = [[0, −½], [½, −0.3]]
    assert "max Re = −0.445" in _legend(ax)[0].replace("\n", " ")


def test_eigenvalues_of_several_equilibria_are_drawn_together():
    points = [dict(zip("xy", POLYNOMIAL[i], strict=True)) for i in (3, 0)]
    ax = eigenvalues(st.report(st.load("polynomial"), at=points))
    (label,) = _legend(ax)
    assert label.replace("\n", " ").startswith("gradient at 2 equilibria")


def test_multiple_eigenvalues_are_counted():
    report = st.report(st.load("ridge-1"), at={"x": 0, "y": 0})
    assert "×2" in _texts(eigenvalues(report))  # +2, twice (REFERENCE B4)
    assert multiple(np.array([1, 1 + 1e-9, 2])) == [(pytest.approx(1), 2), (2, 1)]


@pytest.mark.parametrize(
    "values",
    [np.zeros(3), [-1.0, -2.0], [1j, -1j], [3.0], [-1e-9, -2e-9], [1e8 + 1e8j, 1e8 - 1e8j]],
    ids=["zero", "real", "imaginary", "one", "small", "large"],
)
def test_limits_hold_the_values_and_zero_with_equal_aspect(values):
    ax = eigenvalues(values)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    for z in [*np.asarray(values, complex), 0]:
        assert left < z.real < right
        assert bottom < z.imag < top
    assert ax.get_aspect() == 1.0
    assert (top - bottom) / (right - left) == pytest.approx(0.75)


def test_sizes_far_apart_go_on_a_logarithmic_scale_and_the_picture_says_so():
    ax = eigenvalues([-1e-3, -1e3, -1 + 2j, -1 - 2j])
    assert ax.get_xscale() == ax.get_yscale() == "symlog"
    assert "logarithmic beyond ±0.001" in _texts(ax)
    assert ax.get_xlim()[0] <= -1e3


def test_error_discs_are_drawn_only_where_they_can_be_seen():
    rough = st.spectrum(np.array([[-1.0, 2], [-2, -1]]), np.full((2, 2), 0.1))
    exact = st.spectrum(np.array([[-1.0, 2], [-2, -1]]))

    def discs(ax):
        return [patch for patch in ax.patches if isinstance(patch, Circle)]

    assert sorted(d.radius for d in discs(eigenvalues(rough))) == pytest.approx(rough.errors)
    assert not discs(eigenvalues(exact))


def test_inset_enlarges_multipliers_near_one_only():
    near = multipliers({"a": [1 + 0.05j, 1 - 0.05j], "b": [0.99]})
    assert len(near.child_axes) == 1
    low, high = near.child_axes[0].get_xlim()
    assert low < 0.99 < 1 < high
    assert not multipliers([1 + 0.05j, -0.99]).child_axes
    assert not multipliers([0.5]).child_axes
    assert len(multipliers([1 - 0.05j]).child_axes) == 1  # none above the real axis


def test_legend_has_the_spectral_radius_one_where_it_differs_by_rounding():
    ax = multipliers({"a": [np.exp(0.1j) * (1 - 1e-16)], "b": [0.6, 0.8j]})
    assert _legend(ax) == ["a (ρ = 1)", "b (ρ = 0.8)"]


def test_default_marks_are_the_best_and_the_critical_step():
    ax = stability_region(st.Extragradient, [1j, -1j])
    assert _texts(ax) == ["h = 0.707, best", "h = 1, critical"]  # REFERENCE B1
    ax = stability_region(st.Simultaneous, [1j, -1j])  # never stable
    assert _texts(ax) == ["h = 0.5"]
    ax = stability_region(st.Simultaneous, [-1.0], steps=[0.5, 0.25])
    assert _texts(ax) == ["h = 0.25", "h = 0.5"]


def test_region_of_a_rule_that_treats_players_apart_is_refused():
    with pytest.raises(st.InputError, match="no functions of one eigenvalue"):
        stability_region(st.Alternating)
    with pytest.raises(st.InputError, match="give these too"):
        stability_region(st.RK4, steps=[0.1])
    with pytest.raises(st.InputError, match="no rules"):
        stability_regions([])


def test_regions_are_told_apart_by_colour_and_dashes():
    ax = stability_regions([st.Simultaneous, st.RK4, st.Heun])
    looks = {(line.get_color(), str(line.get_linestyle())) for line in ax.get_legend().get_lines()}
    assert len(looks) == 3
    assert _legend(ax) == ["simultaneous", "rk4", "heun"]


def _radii(**settings):
    lr = np.linspace(0.1, 4, 40)
    game = st.load("dirac-gan-r1")
    return st.sweep(
        game, {"gamma": np.linspace(0.05, 2, 40), "lr": lr}, "spectral_radius", **settings
    )


def test_critical_curve_on_the_grid_agrees_with_the_closed_form():
    ax = radius(
        _radii(), st.critical_step(st.load("dirac-gan-r1"), st.Simultaneous, parameter="gamma")
    )
    dashed = next(line for line in ax.lines if line.get_label() == "closed form")
    gamma, lr = np.asarray(dashed.get_data(), float)
    below = (gamma > 0.1) & (gamma < 0.95)
    np.testing.assert_allclose(lr[below], 4 * gamma[below], rtol=1e-9)  # −2 Re λ/|λ|² with |λ| = ½
    contour = np.concatenate([path.vertices for path in ax.collections[1].get_paths()])
    for x, y in contour:  # interpolated between points that are 0.1 apart
        i = np.abs(gamma - x).argmin()
        slope = 4 if x < 1 else 60  # falls steeply behind γ = 1
        assert abs(lr[i] - y) < 0.05 + slope * 0.01


def test_colours_of_radii_are_centred_at_one():
    ax = radius(_radii())
    norm = ax.collections[0].norm
    assert norm(1.0) == 0.5
    assert norm.vmax - 1 == pytest.approx(1 - norm.vmin)


def test_map_of_radii_says_which_point_is_best():
    ax = radius(_radii())
    (best,) = [text for text in _legend(ax) if text.startswith("best")]
    values = _radii().quantities["spectral_radius"]
    assert best.replace("\n", " ").endswith(f"ρ = {values.min():.3g}")


def test_geometric_axes_are_logarithmic():
    lr = np.geomspace(0.1, 10, 8)
    sweep = st.sweep(
        st.load("xy"), {"lr.x": lr, "lr.y": lr}, "spectral_radius", rule=st.Extragradient()
    )
    ax = radius(sweep)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    np.testing.assert_allclose(edges(lr)[1:-1], np.sqrt(lr[1:] * lr[:-1]))
    assert not is_geometric(np.linspace(0.1, 10, 8))
    np.testing.assert_allclose(edges(np.array([0.0, 1, 2])), [-0.5, 0.5, 1.5, 2.5])


def test_maps_and_loci_refuse_what_does_not_fit():
    one = st.sweep(st.load("xy"), {"lr": [0.1, 0.2]}, "spectral_radius")
    with pytest.raises(st.InputError, match="over two axes"):
        radius(one)
    with pytest.raises(st.InputError, match='"eigenvalues"'):
        loci(one)
    with pytest.raises(st.InputError, match="the sweep over others"):
        radius(_radii(), st.step_region(st.load("dirac-gan-r1"), st.Simultaneous(), rays=3))
    with pytest.raises(st.InputError, match="StepRegion"):
        radius(_radii(), 0.3)  # pyright: ignore[reportArgumentType]


def test_rates_mark_best_and_critical_steps():
    curves = rate_curves(st.load("xy"), [st.Simultaneous(), st.Extragradient(), st.RK4()])
    ax = rates(curves)
    assert _legend(ax)[:3] == ["rk4", "extragradient", "simultaneous"]  # the fastest first
    dots = [
        line.get_xydata()[0]
        for line in ax.lines
        if line.get_marker() == "o" and len(line.get_xdata())
    ]
    np.testing.assert_allclose(dots, [(6**0.5, 0.5), (0.5**0.5, 0.75**0.5)], rtol=1e-6)
    bars = [
        line.get_xydata()[0]
        for line in ax.lines
        if line.get_marker() == "|" and len(line.get_xdata())
    ]
    np.testing.assert_allclose(bars, [(8**0.5, 1), (1, 1)], rtol=1e-6)


def test_comparison_has_a_line_for_every_algorithm_with_a_step_size():
    compared = st.compare(
        st.load("xy"), rules=[st.Extragradient(), st.Simultaneous(), st.BestResponse()]
    )
    ax = comparison(compared)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["extragradient", "simultaneous"]
    assert "no stable step" in _texts(ax)
    assert "0.866" in _texts(ax)


def test_loci_name_the_numbers_at_which_stability_changes():
    sweep = st.sweep(st.load("brusselator"), {"B": np.linspace(1, 4, 31)}, "eigenvalues")
    assert "crosses at B = 2" in _legend(loci(sweep))  # the Hopf point, REFERENCE B9


@pytest.mark.parametrize("values", [[], "eigenvalues", [np.nan]])
def test_what_is_no_set_of_eigenvalues_is_refused(values):
    with pytest.raises(st.InputError, match="eigenvalues"):
        eigenvalues(values)
