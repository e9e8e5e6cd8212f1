"""What minibatch noise does where SymPy says it in closed form."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import sympy as sp

import stability as st
from tests.minibatches.noisy_games import dirac, scalar

EXACT = 1e-8  # of closed forms; they agree to rounding, 1e-13 or so
CURVATURES, PUSHES = (0.5, 1.0, 3.0, 0.2), (1.0, -1.0, 0.5, -0.5)
SAMPLES = np.array([-1.5, -0.7, -0.2, 0.1, 0.9, 1.4])
GAMMA = 0.6


@cache
def random_curvature():
    return scalar(CURVATURES, PUSHES)


@cache
def scattered_dirac(objective="minimax"):
    return dirac(SAMPLES, GAMMA, objective)


@pytest.mark.parametrize(("batch", "replacement"), [(1, True), (3, True), (1, False), (3, False)])
def test_a_scalar_with_random_curvature(batch, replacement):
    game, rest = random_curvature()
    a, b, h = np.array(CURVATURES), np.array(PUSHES), 0.3
    share = 1 / batch if replacement else (4 - batch) / (batch * 3)
    square = a.mean() ** 2 + share * a.var()  # E[a_B²]
    found = st.noise(game, [rest], st.Simultaneous(lr=h), batch=batch, replacement=replacement)
    # E[(1 − h a_B)²] < 1 and P = E[(1 − h a_B)²]P + h² Var(v_B), by SymPy
    hs, abar, second, sigma, p = sp.symbols("h a s sigma p", positive=True)
    radius = 1 - 2 * hs * abar + hs**2 * second
    critical = [root for root in sp.solve(radius - 1, hs) if root != 0]
    assert critical == [2 * abar / second]
    (settled,) = sp.solve(radius * p + hs**2 * sigma - p, p)
    values = {hs: h, abar: a.mean(), second: square, sigma: share * np.var(a * rest + b)}
    assert found.mean_square_lr == pytest.approx(float(critical[0].subs(values)), rel=EXACT)
    assert found.mean_square_radius == pytest.approx(float(radius.subs(values)), rel=EXACT)
    assert found.covariance[0, 0] == pytest.approx(float(settled.subs(values)), rel=EXACT)
    assert found.stability.verdict == "yes"


def test_constant_curvature_is_a_sampled_ornstein_uhlenbeck_process():
    a, h, batch = 0.8, 0.5, 2
    game, rest = scalar([a] * 3, (1.0, -2.0, 1.5))
    found = st.noise(game, [rest], st.Simultaneous(lr=h), batch=batch)
    expected = h * np.var([1.0, -2.0, 1.5]) / (batch * a * (2 - h * a))
    assert found.covariance[0, 0] == pytest.approx(expected, rel=EXACT)
    assert found.additive_covariance[0, 0] == pytest.approx(expected, rel=EXACT)
    assert found.mean_square_lr == pytest.approx(2 / a, rel=EXACT)  # the noise does not matter


def rotation_with_random_damping():
    """Δ and P of δ⁺ = (I + h[[−k − ξ, −ω], [ω, 0]])δ + (hζ, 0), Var ξ = q, Var ζ = Σ, by SymPy."""
    h, k, w, q, sigma = symbols = sp.symbols("h k omega q Sigma", positive=True)
    entries = sp.symbols("p11 p12 p22")
    p = sp.Matrix([[entries[0], entries[1]], [entries[1], entries[2]]])
    step = sp.eye(2) + h * sp.Matrix([[-k, -w], [w, 0]])
    moved = step * p * step.T + sp.diag(h**2 * (q * p[0, 0] + sigma), 0)
    solution = sp.solve(list(moved - p), entries, dict=True)[0]
    delta = (k - h * w**2) * (4 - 2 * h * k + h**2 * w**2) - 2 * h * q
    closed = (2 * h * sigma / delta, -w * h**2 * sigma / delta)
    closed += (h * sigma * (2 - h * k + h**2 * w**2) / delta,)
    for entry, form in zip(entries, closed, strict=True):
        assert sp.simplify(solution[entry] - form) == 0
    return symbols, delta, p.subs(dict(zip(entries, closed, strict=True)))


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("objective", ["minimax", "wasserstein"])
def test_the_dirac_gan_on_scattered_data(objective, batch):
    h = 0.2
    samples = SAMPLES - SAMPLES.mean()
    assert np.allclose(SAMPLES.mean(), 0)
    # minimax: v = (x/2 − …, …), ∂²/∂ψ² = x²/4; Wasserstein (D = ψx, G = θ): linear, additive noise alone
    logistic = objective == "minimax"
    curvature = samples**2 / 4 if logistic else 0 * samples
    slope = 0.5 if logistic else 1.0
    symbols, delta, covariance = rotation_with_random_damping()
    values = (h, GAMMA + curvature.mean(), slope, curvature.var() / batch)
    known = dict(zip(symbols, (*values, slope**2 * samples.var() / batch), strict=True))
    found = st.noise(scattered_dirac(objective), [0.0, 0.0], st.Simultaneous(lr=h), batch=batch)
    expected = np.array(covariance.subs(known)).astype(float)
    np.testing.assert_allclose(found.covariance, expected, rtol=EXACT)
    del known[symbols[0]]
    roots = sp.Poly(delta.subs(known), symbols[0]).nroots()
    critical = min(float(sp.re(r)) for r in roots if abs(sp.im(r)) < 1e-12 and sp.re(r) > 0)
    assert found.mean_square_lr == pytest.approx(critical, rel=EXACT)
    if logistic:  # the noise in the curvature costs something
        whole = st.noise(
            scattered_dirac(), [0.0, 0.0], st.Simultaneous(lr=h), batch=6, replacement=False
        )
        assert found.mean_square_lr < whole.mean_square_lr


def test_at_interpolation_the_noise_is_multiplicative_only():
    game = dirac(np.zeros(4), 1.0)
    found = st.noise(game, [0.0, 0.0], st.Alternating(lr=0.1), batch=2)
    assert found.stability.verdict == "yes"
    assert not found.covariance.any()
    assert not found.field_covariance.any()
    curved, rest = scalar(CURVATURES, (0.0,) * 4)
    found = st.noise(curved, [rest], st.Simultaneous(lr=0.1), batch=1)
    assert not found.covariance.any()
    assert found.mean_square_lr < 2 / np.mean(CURVATURES)


def test_too_large_a_step_has_no_stationary_covariance():
    game, rest = random_curvature()
    critical = st.noise(game, [rest], st.Simultaneous(), batch=1).mean_square_lr
    for factor, word in ((0.999999, "yes"), (1.000001, "no")):
        found = st.noise(game, [rest], st.Simultaneous(lr=factor * critical), batch=1)
        assert found.stability.verdict == word
        assert (found.covariance is None) == (word == "no")
    assert "mean shrinks" in found.stability.because  # the mean is stable up to 2/ā, far beyond
    beyond = st.noise(game, [rest], st.Simultaneous(lr=2.0), batch=1)
    assert "the mean itself grows" in beyond.stability.because


def test_what_is_neutral_is_undecided():
    game = dirac(np.array([-1.0, 1.0]), 0.0, "wasserstein")  # no damping: a centre
    found = st.noise(game, [0.0, 0.0], st.Alternating(lr=0.1), batch=1)
    assert found.stability.verdict == "undecided"
    assert found.mean_square_radius == pytest.approx(1.0, abs=1e-9)
    assert found.covariance is None
    assert found.mean_square_lr == 0.0
