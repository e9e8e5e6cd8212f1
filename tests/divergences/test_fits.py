"""Model mismatch: which normal distribution each divergence prefers for a target of two modes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import stability.divergences as sd
from stability import InputError, InputTypeError
from stability.divergences.fit import FITTED

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
    # W1 has a kink at zero, where differences over ±h see a slope of zero within about h² of it
    assert fits[0].value == pytest.approx(0, abs=1e-5 if name == "wasserstein-1" else 1e-12)


@pytest.mark.parametrize("name", ["pearson", "wasserstein-1", "mmd-squared"])
def test_minima_are_minima(name):
    (fit,) = sd.fit_normal(name, TWO_MODES, starts=4)
    value = sd.between(name, TWO_MODES, fit.model).value
    assert fit.value == value
    assert fit.curvature > 0
    for mean, scale in ((1e-2, 0), (-1e-2, 0), (0, 1e-2), (0, -1e-2)):
        nearby = sd.Normal(fit.mean + mean, fit.scale + scale)
        assert sd.between(name, TWO_MODES, nearby).value > value


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
