"""Model mismatch: which normal distribution each divergence prefers for a target of two modes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtri

import stability.divergences as sd
from stability import InputError, InputTypeError
from stability.divergences.fit import FITTED
from stability.divergences.transport_fit import expansion

TWO_MODES = sd.Mixture([0.4, 0.6], [sd.Normal(-2, 0.5), sd.Normal(2, 0.7)])
# what five-point differences leave of the gradient, about 1e-11, over curvatures of order one
ACCURACY = 1e-8


def test_kl_matches_mean_and_variance():
    (fit,) = sd.fit_normal("kl", TWO_MODES, starts=6)
    # mean .4(−2) + .6 · 2; variance within and between
    assert fit.mean == pytest.approx(0.4, abs=ACCURACY)
    variance = 0.4 * 0.5**2 + 0.6 * 0.7**2 + 0.4 * 0.6 * 16
    assert fit.scale == pytest.approx(math.sqrt(variance), abs=ACCURACY)
    assert fit.curvature == pytest.approx(
        1, abs=1e-4
    )  # of second differences; in (mean/s, log s) it is diag(1, 2)
    (uniform,) = sd.fit_normal("kl", sd.Uniform(1, 3), starts=3)
    assert (uniform.mean, uniform.scale) == pytest.approx((2, math.sqrt(1 / 3)), abs=ACCURACY)
    # KL = log(σ√(2πe)) − log 2, the entropies' difference
    expected = math.log(math.sqrt(2 * math.pi * math.e / 3)) - math.log(2)
    assert uniform.value == pytest.approx(expected, rel=1e-12)


def test_reverse_kl_picks_a_mode():
    best, second = sd.fit_normal("reverse-kl", TWO_MODES, starts=10)
    # inside a mode of weight w the density is w times the mode's: KL ≈ −log w but for the other's tail
    for fit, weight, mode in ((best, 0.6, sd.Normal(2, 0.7)), (second, 0.4, sd.Normal(-2, 0.5))):
        assert fit.value == pytest.approx(-math.log(weight), abs=2e-3)
        assert (fit.mean, fit.scale) == pytest.approx((mode.center, mode.scale), abs=1e-2)
        assert fit.value <= sd.between("reverse-kl", TWO_MODES, mode).value


@pytest.mark.parametrize("name", ["js", "squared-hellinger"])
def test_jensen_shannon_and_hellinger_lie_between(name):
    cover, mode, other = sd.fit_normal(name, TWO_MODES, starts=12)
    assert cover.value < mode.value < other.value
    assert -2 < other.mean < -1.9 < 0.4 < cover.mean < 1.0 < 1.9 < mode.mean < 2.0
    assert mode.scale < 0.8 < 1.9 < cover.scale < 2.06


@pytest.mark.parametrize("name", FITTED)
def test_a_normal_target_is_found_by_every_divergence(name):
    fits = sd.fit_normal(name, sd.Normal(1.5, 0.5), starts=3)
    assert (fits[0].mean, fits[0].scale) == pytest.approx((1.5, 0.5), abs=1e-5)
    assert fits[0].value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", ["pearson", "wasserstein-1", "mmd-squared"])
def test_minima_are_minima(name):
    (fit,) = sd.fit_normal(name, TWO_MODES, starts=4)
    value = sd.between(name, TWO_MODES, fit.model).value
    assert fit.value == value
    assert fit.curvature > 0
    for mean, scale in ((1e-2, 0), (-1e-2, 0), (0, 1e-2), (0, -1e-2)):
        nearby = sd.Normal(fit.mean + mean, fit.scale + scale)
        assert sd.between(name, TWO_MODES, nearby).value > value


FOUR = (
    sd.Mixture([0.7, 0.3], [sd.Normal(-3, 1), sd.Normal(4, 0.5)]),
    sd.Mixture([0.585, 0.415], [sd.Normal(2.821, 0.534), sd.Normal(0.7435, 1.056)]),
    sd.Mixture([0.75038, 0.24962], [sd.Normal(-3.68326, 0.7134), sd.Normal(0.22871, 0.35611)]),
    sd.Mixture([0.7, 0.3], [sd.Normal(-2, 0.5), sd.Normal(2, 0.5)]),
)
APART = sd.Mixture([0.5, 0.5], [sd.Uniform(-10, -9), sd.Uniform(9, 10)])
MIXED = sd.Mixture([0.2, 0.3, 0.5], [sd.Uniform(0, 1), sd.Normal(5, 0.1), sd.Uniform(7, 9)])


@pytest.mark.parametrize("target", [*FOUR, TWO_MODES, sd.Uniform(0, 1), APART, MIXED])
def test_wasserstein_has_one_minimum(target):
    (fit,) = sd.fit_normal("wasserstein-1", target)
    assert fit.curvature > 0
    # convex in (mean, scale): a vanishing gradient proves a global minimum. The gradient again, from the
    # quantile functions at a million levels; their grid misplaces a sign change by about 1e-5
    count = 1_000_000
    u = (np.arange(count) + 0.5) / count
    x = np.linspace(target.edges[0], target.edges[-1], 400_001)
    cdf, kept = np.unique(target.cdf(x), return_index=True)
    signs = np.sign(np.interp(u, cdf, x[kept]) - fit.mean - fit.scale * ndtri(u))
    assert abs(signs.mean()) < 1e-4
    assert abs((signs * ndtri(u)).mean()) < 1e-4
    assert fit.gradient < 1e-12 * max(1.0, math.sqrt(target.variance))


@pytest.mark.parametrize(
    ("target", "mean", "scale", "value"),
    # by minimising sums of |F − Φ| split at their sign changes, all but the third in 30 digits
    [
        (FOUR[0], -1.22156, 2.93685, 1.2659223),
        (FOUR[1], 1.98102, 1.39658, 0.2643399),
        (FOUR[2], -2.99699, 1.45865, 0.5941173),
        (FOUR[3], -0.87378, 1.77753, 0.7415160),
    ],
)
def test_wasserstein_fits_of_known_mixtures(target, mean, scale, value):
    (fit,) = sd.fit_normal("wasserstein-1", target, starts=1)
    assert (fit.mean, fit.scale) == pytest.approx((mean, scale), abs=6e-6)
    assert fit.value == pytest.approx(value, abs=6e-8)


def test_wasserstein_derivatives_are_those_of_its_values():
    target, at, h = FOUR[2], np.array([-2.5, 1.2]), 1e-4
    here = expansion(target, *at)
    assert here.value == pytest.approx(
        sd.between("wasserstein-1", target, sd.Normal(*at)).value, rel=1e-12
    )
    for i, step in enumerate(np.eye(2) * h):
        ahead, behind = expansion(target, *(at + step)), expansion(target, *(at - step))
        # central differences leave about h²
        assert (ahead.value - behind.value) / (2 * h) == pytest.approx(here.gradient[i], abs=1e-6)
        column = (ahead.gradient - behind.gradient) / (2 * h)
        np.testing.assert_allclose(column, here.hessian[i], atol=1e-5)


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_wasserstein_fits_scale_with_the_target(unit):
    (fit,) = sd.fit_normal("wasserstein-1", FOUR[0])
    scaled = sd.Mixture([0.7, 0.3], [sd.Normal(-3 * unit, unit), sd.Normal(4 * unit, unit / 2)])
    (far,) = sd.fit_normal("wasserstein-1", scaled)
    assert (far.mean, far.scale, far.value) == pytest.approx(
        (unit * fit.mean, unit * fit.scale, unit * fit.value), rel=1e-10
    )


def test_wasserstein_is_infinitely_curved_at_a_normal_target():
    (fit,) = sd.fit_normal("wasserstein-1", sd.Normal(1.5, 0.5))
    assert (fit.value, fit.gradient, fit.curvature) == (0, 0, math.inf)
    # a millionth of the mass a million away draws the standard deviation, not W1's choice
    rare = sd.Mixture([1 - 1e-6, 1e-6], [sd.Normal(0, 1), sd.Normal(1e6, 1)])
    (near,) = sd.fit_normal("wasserstein-1", rare)
    assert (near.mean, near.scale) == pytest.approx((0, 1), abs=1e-5)
    assert math.sqrt(rare.variance) > 900


def test_pearson_is_minimal_at_tilted_moments():
    """Stationary in an exponential family: the moments of p²/q, normalised, equal those of the model."""
    (fit,) = sd.fit_normal("pearson", TWO_MODES, starts=2)
    x = np.linspace(-14, 14, 40_001)
    tilted = np.exp(2 * TWO_MODES.log_density(x) - fit.model.log_density(x))
    tilted /= tilted.sum()
    assert tilted @ x == pytest.approx(fit.mean, abs=1e-7)
    assert tilted @ (x - fit.mean) ** 2 == pytest.approx(fit.scale**2, abs=1e-7)


def test_what_cannot_be_fitted():
    with pytest.raises(InputError, match="no fit by 'total-variation'"):
        sd.fit_normal("total-variation", TWO_MODES)
    with pytest.raises(InputError, match="reverse-kl is infinite for every normal"):
        sd.fit_normal("reverse-kl", sd.Uniform(0, 1), starts=2)
    with pytest.raises(InputTypeError, match="the target is a density"):
        sd.fit_normal("kl", [0.5, 0.5])
