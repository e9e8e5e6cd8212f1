"""The values behind pictures of stability: rate curves, planes of hλ and loci, against known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import stability as st
from stability.branches.loci import loci, matched
from stability.comparisons.curves import rate_curves
from stability.comparisons.rule_plane import eigenvalue_step_sizes, rule_plane


def test_radii_on_xy_are_the_known_ones():
    h = np.linspace(0.05, 1.5, 30)
    rules = [st.Simultaneous(), st.Extragradient(), st.Alternating(), st.Proximal(), st.Heun()]
    found = {c.name: c.radii for c in rate_curves(st.load("xy"), rules, steps=h).curves}
    known = {  # REFERENCE B1
        "simultaneous": np.sqrt(1 + h**2),
        "extragradient": np.sqrt(1 - h**2 + h**4),
        "alternating": np.ones_like(h),
        "proximal": 1 / np.sqrt(1 + h**2),
        "heun": np.sqrt(1 + h**4 / 4),
    }
    assert found.keys() == known.keys()
    for name, radii in known.items():
        np.testing.assert_allclose(found[name], radii, rtol=1e-12, err_msg=name)


def test_critical_and_best_steps_and_the_order_of_curves():
    curves = rate_curves(st.load("xy"), [st.Optimistic(), st.Extragradient(), st.RK4()]).curves
    assert [c.name for c in curves] == ["rk4", "optimistic", "extragradient"]
    critical = [c.sizes.critical for c in curves]
    np.testing.assert_allclose(critical, [8**0.5, 3**-0.5, 1], rtol=1e-9)


def test_several_equilibria_are_judged_by_the_worst():
    game, rules = st.load("polynomial"), [st.Simultaneous(), st.Alternating()]
    points = [{"x": -1.31653, "y": -1.22427}, {"x": -12.4766, "y": -8.67793}]
    steps = np.linspace(0.01, 0.3, 12)
    together = rate_curves(game, rules, at=points, steps=steps).curves
    apart = [rate_curves(game, rules, at=point, steps=steps).curves for point in points]
    for curve in together:
        own = [c for curves in apart for c in curves if c.name == curve.name]
        np.testing.assert_allclose(curve.radii, np.max([c.radii for c in own], axis=0), rtol=1e-12)
        assert curve.sizes.critical == pytest.approx(min(c.sizes.critical for c in own), rel=1e-6)


def test_along_a_line_of_equilibria_rates_are_those_across_it():
    # tandem: eigenvalues 0 along the line and −4 across it (REFERENCE B7)
    curves = rate_curves(st.load("tandem"), [st.Simultaneous()], steps=[0.1, 0.25, 0.6])
    np.testing.assert_allclose(curves.curves[0].radii, [0.6, 0.0, 1.4], atol=1e-12)


def test_step_sizes_by_player_are_scaled_together():
    lr = {"gen": 0.1, "disc": 0.2}
    (curve,) = rate_curves(
        st.load("dirac-gan-r1"), [st.Simultaneous(lr=lr)], steps=[1.0, 2.0]
    ).curves
    assert curve.by_player
    sweep = st.sweep(
        st.load("dirac-gan-r1"), {"lr.gen": [0.1, 0.2], "lr.disc": [0.2, 0.4]}, "spectral_radius"
    )
    np.testing.assert_allclose(
        curve.radii, np.diag(sweep.quantities["spectral_radius"]), rtol=1e-12
    )


def test_rules_that_cannot_be_judged_are_named():
    curves = rate_curves(st.load("matching-pennies"), steps=[0.1])
    assert ("best-response", "it has no step size") in curves.left_out
    with pytest.raises(st.InputError, match="best-response has no step size"):
        rate_curves(st.load("xy"), [st.BestResponse()])
    with pytest.raises(st.InputError, match="a map takes no steps"):
        rate_curves(st.load("henon"))
    with pytest.raises(st.InputError, match="positive"):
        rate_curves(st.load("xy"), [st.Simultaneous()], steps=[-0.1])


def test_radius_over_the_plane_of_simultaneous_steps():
    plane = rule_plane(st.Simultaneous, shape=0.75)
    z = plane.real + 1j * plane.imaginary[:, None]
    np.testing.assert_allclose(plane.radius, np.abs(1 + z), rtol=1e-12)
    assert plane.real[0] < -2
    assert plane.real[-1] > 0
    assert np.ptp(plane.imaginary) == pytest.approx(0.75 * np.ptp(plane.real))


@pytest.mark.parametrize("rule", [st.Extragradient, st.RK4, st.Optimistic, st.Heun, st.Proximal])
def test_the_default_rectangle_holds_the_whole_boundary(rule):
    plane = rule_plane(rule, including=[-0.1 + 4j])
    assert plane.imaginary[-1] > 4
    stable = plane.radius < 1
    border = np.concatenate([stable[0], stable[-1], stable[:, 0], stable[:, -1]])
    assert border.all() == border.any()  # the boundary does not leave the rectangle
    assert stable.any()
    assert not stable.all()


def test_extent_is_taken_as_given():
    plane = rule_plane(st.RK4, extent=(-3, 1, -2, 2), resolution=5)
    assert plane.real.tolist() == [-3, -2, -1, 0, 1]
    assert plane.radius.shape == (5, 5)
    with pytest.raises(st.InputError, match="extent"):
        rule_plane(st.RK4, extent=(1, -3, -2, 2))


@pytest.mark.parametrize(
    ("rule", "critical"),
    [
        (st.Optimistic(), 3**-0.5),
        (st.RK4(), 8**0.5),
        (st.Simultaneous(), 0.0),
        (st.Proximal(), None),
    ],
)
def test_step_sizes_of_eigenvalues_alone(rule, critical):
    found = eigenvalue_step_sizes(rule, np.array([1j, -1j])).critical
    assert found == (critical if not critical else pytest.approx(critical, rel=1e-9))


def test_paths_that_pass_each_other_are_kept_apart():
    t = np.linspace(0, 1, 21)
    paths = np.stack([-1 + 2 * t + 1j, 1 - 2 * t - 0.5j, 0.3j + 0 * t], axis=1)
    shuffled = np.stack([np.random.default_rng(i).permutation(row) for i, row in enumerate(paths)])
    found = matched(shuffled)
    assert {tuple(path) for path in found.T} == {tuple(path) for path in paths.T}
    assert not np.array_equal(shuffled, found)


def test_paths_go_on_after_a_gap():
    t = np.arange(5.0)
    paths = np.stack([t + 1j, t - 1j], axis=1)
    gapped = paths.copy()
    gapped[2] = np.nan
    gapped[3] = gapped[3, ::-1]
    found = matched(gapped)
    np.testing.assert_array_equal(found[[0, 1, 3, 4]], paths[[0, 1, 3, 4]])
    assert np.isnan(found[2]).all()


def test_crossings_of_the_axis_and_of_the_circle():
    sweep = st.sweep(st.load("brusselator"), {"B": np.linspace(1.03, 3, 50)}, "eigenvalues")
    crossings = loci(sweep).crossings  # Hopf at B = 2 with ω = 1 (REFERENCE B9)
    assert [c.number for c in crossings] == pytest.approx([2, 2], abs=1e-9)  # Re λ is linear in B
    assert [c.value.imag for c in crossings] == pytest.approx([1, -1], abs=1e-3)
    lr = np.linspace(0.5, 1.5, 101)
    sweep = st.sweep(st.load("xy"), {"lr": lr}, "multipliers", rule=st.Extragradient())
    crossings = loci(sweep).crossings
    assert [c.number for c in crossings] == pytest.approx([1, 1], abs=1e-3)
    np.testing.assert_allclose([abs(c.value) for c in crossings], 1, atol=1e-3)


def test_neutral_paths_cross_nothing():
    sweep = st.sweep(
        st.load("xy"), {"lr": np.linspace(0.1, 1.9, 30)}, "multipliers", rule=st.Alternating()
    )
    assert loci(sweep).crossings == ()


def test_a_sweep_without_its_equilibrium_has_no_loci():
    sweep = st.sweep(st.load("xy"), {"lr": [0.1, 0.2]}, "multipliers")
    lost = replace(sweep, quantities={"multipliers": np.full((2, 2), np.nan)})
    with pytest.raises(st.InputError, match="lost at every lr"):
        loci(lost)


def test_loci_need_one_axis():
    both = st.sweep(st.load("xy"), {"lr.x": [0.1], "lr.y": [0.1]}, "multipliers")
    with pytest.raises(st.InputError, match="one axis"):
        loci(both)
