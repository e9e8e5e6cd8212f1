"""Rate curves: the spectral radius over the step size, against known answers."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import stability as st
from stability.comparisons.curves import rate_curves
from tests.known_systems import INFINITY, ON_XY, POLYNOMIAL


def test_radii_on_xy_are_the_known_ones():
    h = np.linspace(0.05, 1.5, 30)
    known = {own.name: own for own in ON_XY if own.rule(1.0).name == own.name}
    rules = [own.rule(0.1) for own in known.values()]
    found = {c.name: c for c in rate_curves(st.load("xy"), rules, steps=h).curves}
    assert found.keys() == known.keys()
    for name, own in known.items():
        radii = [own.radius(step) for step in h]
        # optimistic: near a double root right to the root of the rounding only
        np.testing.assert_allclose(found[name].radii, radii, rtol=1e-7, err_msg=name)
        critical = INFINITY if found[name].sizes.critical is None else found[name].sizes.critical
        assert critical == pytest.approx(own.critical, rel=1e-9)


def test_curves_are_ordered_by_their_critical_steps():
    curves = rate_curves(st.load("xy"), [st.Optimistic(), st.Extragradient(), st.RK4()]).curves
    assert [c.name for c in curves] == ["rk4", "optimistic", "extragradient"]


def test_each_equilibrium_to_which_small_steps_return_has_a_curve():
    game, rules = st.load("polynomial"), [st.Simultaneous(), st.Alternating()]
    points = [dict(zip("xy", POLYNOMIAL[i], strict=True)) for i in (3, 0)]
    steps = np.linspace(0.01, 0.3, 12)
    together = rate_curves(game, rules, at=points, steps=steps).curves
    apart = [rate_curves(game, rules, at=point, steps=steps).curves for point in points]
    stable = [
        (own.name, i) for i, curves in enumerate(apart) for own in curves if own.sizes.critical
    ]
    assert sorted((own.name, *own.at) for own in together) == sorted(stable)
    for curve in together:
        (own,) = [c for c in apart[curve.at[0]] if c.name == curve.name]
        np.testing.assert_allclose(curve.radii, own.radii, rtol=1e-12)


def test_symmetric_equilibria_share_a_curve_and_saddles_have_none():
    x = sympy.Symbol("x")
    flow = st.SymbolicFlow({x: 2 * x - x**3})  # 2 at zero, −4 at the two others
    (curve,) = rate_curves(flow, [st.Simultaneous()], steps=[0.1, 0.25, 0.6]).curves
    assert curve.at == (0, 2)
    np.testing.assert_allclose(curve.radii, [0.6, 0.0, 1.4], atol=1e-12)


def test_where_nothing_is_stable_every_equilibrium_has_a_curve():
    # the double eigenvalue 0.15 at (π, π) and, the same point of the torus, (−π, −π)
    points = [{"x": np.pi, "y": np.pi}, {"x": -np.pi, "y": -np.pi}]
    found = rate_curves(st.load("torus"), [st.Simultaneous()], at=points, steps=[0.1, 0.2])
    (curve,) = found.curves
    assert curve.at == (0, 1)
    np.testing.assert_allclose(curve.radii, [1.015, 1.03], rtol=1e-9)


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
    with pytest.raises(st.InputError, match="best-response: it has no step size"):
        rate_curves(st.load("xy"), [st.BestResponse()])
    with pytest.raises(st.InputError, match="a map takes no steps"):
        rate_curves(st.load("henon"))
    with pytest.raises(st.InputError, match="positive"):
        rate_curves(st.load("xy"), [st.Simultaneous()], steps=[-0.1])
