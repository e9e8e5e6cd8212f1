"""Discriminators of limited capacity see less than the divergence, and how much less."""

from __future__ import annotations

import math

import numpy as np
import pytest

import stability.divergences as sd
from stability import InputError

NAMES = [name for name, divergence in sd.F_DIVERGENCES.items() if divergence.activation is not None]


@pytest.mark.parametrize("name", NAMES)
def test_all_discriminators_see_all_of_the_divergence(name):
    rng = np.random.default_rng(5)
    for k in (2, 7):
        p, q = rng.dirichlet(np.full(k, 3.0), 2)
        bound = sd.variational_bound(name, p, q, np.eye(k))
        assert bound.converged
        assert abs(bound.gap) < 1e-10
        logit = sd.F_DIVERGENCES[name].optimal_logit
        (u,) = logit.free_symbols
        expected = [float(logit.subs(u, ratio)) for ratio in p / q]
        np.testing.assert_allclose(bound.coefficients, expected, atol=1e-6)  # a flat maximum


@pytest.mark.parametrize("name", ["kl", "reverse-kl", "squared-hellinger", "jensen-shannon", "js"])
def test_quadratic_discriminators_suffice_for_normal_distributions(name):
    """Their optimal logit is affine in log p/q, a polynomial of degree two."""
    p, q = sd.Normal(0, 1), sd.Normal(0.5, 1.3)
    bound = sd.variational_bound(name, p, q, sd.polynomials(2))
    assert bound.converged
    assert abs(bound.gap) < 1e-10
    slope = 0.5 if name == "squared-hellinger" else 1.0  # v = slope · log p/q + constant
    ratio = [0.5 / 1.69 * -1, 0.5 * (1 / 1.69 - 1)]  # of x and x² in log p/q
    np.testing.assert_allclose(bound.coefficients[1:], slope * np.array(ratio), atol=1e-6)
    linear = sd.variational_bound(name, p, q, sd.polynomials(1))
    assert linear.gap > 0.01


@pytest.mark.parametrize("name", NAMES)
def test_linear_discriminators_see_means_only(name):
    same_mean = sd.Normal(0, 1), sd.Normal(0, 1.3)
    assert sd.variational_bound(name, *same_mean, sd.polynomials(1)).value == pytest.approx(
        0, abs=1e-14
    )
    assert sd.variational_bound(name, *same_mean, sd.polynomials(2)).value > 0.01
    shifted = sd.Normal(0.5, 1), sd.Normal(0, 1.3)
    assert sd.variational_bound(name, *shifted, sd.polynomials(1)).value > 0.01


def test_pearson_with_linear_discriminators_is_the_squared_difference_of_means():
    """max over a, b of E_p v − E_q(v + v²/4), v = a + b x: (m_p − m_q)²/var_q."""
    bound = sd.variational_bound("pearson", sd.Normal(0.7, 1), sd.Normal(0, 1.3), sd.polynomials(1))
    assert bound.value == pytest.approx(0.49 / 1.69, rel=1e-12)


def test_more_features_never_see_less():
    p = sd.Mixture([0.5, 0.5], [sd.Normal(-1, 0.5), sd.Normal(1, 0.5)])
    values = [
        sd.variational_bound("js", p, sd.Normal(0, 1), sd.polynomials(k)).value for k in range(7)
    ]
    assert values[0] == pytest.approx(0, abs=1e-14)
    # odd powers add nothing for two symmetric densities
    assert values[1] == pytest.approx(0, abs=1e-12)
    assert values[3] == pytest.approx(values[2], abs=1e-10)
    assert values[2] < values[4] < values[6] < sd.between("js", p, sd.Normal(0, 1)).value


def test_features_that_outgrow_the_tails_never_see_less():
    """From a constant, a Newton step along x⁸ leads where E_q exp(v − 1) overflows."""
    p, q = sd.Normal(0, 1), sd.Normal(0.7, 2)
    values = [sd.variational_bound("kl", p, q, sd.polynomials(k)).value for k in range(9)]
    assert values[0] == pytest.approx(0, abs=1e-14)
    # rounding in features of sizes up to 76⁸ at the last nodes
    assert min(np.diff(values)) > -1e-10
    # the optimal logit is of degree two
    np.testing.assert_allclose(values[2:], sd.between("kl", p, q).value, atol=1e-10)


@pytest.mark.parametrize("name", ["reverse-kl", "squared-hellinger"])
def test_bounds_that_do_not_converge_keep_what_was_reached(name):
    p = sd.Mixture([0.5, 0.5], [sd.Normal(-1, 0.5), sd.Normal(1, 0.5)])
    bounds = [sd.variational_bound(name, p, sd.Normal(0, 1), sd.polynomials(k)) for k in range(11)]
    assert not bounds[10].converged
    values = [bound.value for bound in bounds]
    assert min(np.diff(values)) > -1e-12
    assert bounds[10].gap > 0
    # without a constant among the features the trivial discriminator is v = 0
    odd = sd.variational_bound(name, p, sd.Normal(0, 1), lambda x: x**3)
    trivial = {"kl": -math.exp(-1)}.get(
        name, 0.0
    )  # −E_q f*(g(0)), where g(v) = v and f* = exp(v − 1)
    assert odd.value >= trivial - 1e-14


def test_a_bound_shows_its_gap_and_whether_it_converged():
    p, q = [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]
    assert repr(sd.variational_bound("kl", p, q, np.eye(3))).endswith("not converged)")
    bound = sd.variational_bound("kl", [0.2, 0.8], [0.6, 0.4], np.ones((2, 1)))
    assert f"gap={bound.gap!r}" in repr(bound)
    assert "converged" not in repr(bound)


def test_suprema_that_no_discriminator_attains():
    p, q = [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]
    bounded = sd.variational_bound("jensen-shannon", p, q, np.eye(3))
    assert bounded.converged
    # logits of about 30 leave e^-30
    assert bounded.value == pytest.approx(math.log(2), abs=1e-12)
    for name in ("kl", "reverse-kl", "pearson"):
        infinite = sd.variational_bound(name, p, q, np.eye(3))
        assert not infinite.converged
        assert infinite.gap == math.inf


def test_bad_features_get_one_sentence():
    p, q = [0.5, 0.5], [0.4, 0.6]
    with pytest.raises(InputError, match="no variational bound for 'total-variation'"):
        sd.variational_bound("total-variation", p, q, np.eye(2))
    with pytest.raises(InputError, match=r"of shape \(2, m\), not \(3, 3\)"):
        sd.variational_bound("kl", p, q, np.eye(3))
    with pytest.raises(InputError, match="not finite"):
        sd.variational_bound("kl", p, q, np.full((2, 1), np.inf))
    with pytest.raises(InputError, match="vanish wherever"):
        sd.variational_bound("kl", p, q, np.zeros((2, 1)))
    with pytest.raises(InputError, match="need points"):
        sd.variational_bound("kl", p, q, sd.polynomials(1))
    with pytest.raises(InputError, match="two finite distributions or two densities"):
        sd.variational_bound("kl", sd.Normal(0, 1), sd.Finite([1.0], [0.0]), sd.polynomials(1))
