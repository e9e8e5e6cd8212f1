"""Wasserstein-1 and MMD: closed forms, and other ways to the same numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import linprog

import stability.divergences as sd
from stability import InputError

ROUNDING = 1e-13  # of sums of up to a thousand numbers of order one


def test_transport_of_shifted_and_scaled_distributions():
    for shift in (0.0, 0.5, 7.0):
        for p, q in (
            (sd.Uniform(0, 1), sd.Uniform(shift, 1 + shift)),
            (sd.Normal(0, 2), sd.Normal(shift, 2)),
            (sd.Finite([1.0], [0.0]), sd.Finite([1.0], [shift])),
            (
                sd.Finite([0.3, 0.7], [[0, 0], [1, 1]]),
                sd.Finite([0.3, 0.7], [[shift, 0], [1 + shift, 1]]),
            ),
        ):
            found = sd.between("wasserstein-1", p, q)
            # the linear program of the last pair has tolerances of its own
            assert found.value == pytest.approx(
                shift, abs=1e-7 if found.how == "linear program" else 1e-12
            )
    # N(0, s²) and N(0, t²): |s − t| E|Z|
    found = sd.between("wasserstein-1", sd.Normal(0, 1), sd.Normal(0, 3)).value
    assert found == pytest.approx(2 * math.sqrt(2 / math.pi), rel=ROUNDING)
    # a point in the middle of a segment of length one: a quarter
    found = sd.between("wasserstein-1", sd.Finite([1.0], [0.5]), sd.Uniform(0, 1)).value
    assert found == pytest.approx(0.25, rel=ROUNDING)


def test_transport_in_the_plane_by_every_way():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6, 2)), rng.normal(size=(6, 2)) + 1
    by_assignment = sd.between("wasserstein-1", sd.empirical(x), sd.empirical(y))
    assert by_assignment.how == "assignment"
    # the transport polytope: plans with both marginals
    cost = np.linalg.norm(x[:, None] - y[None], axis=2)
    rows = np.kron(np.eye(6), np.ones(6)), np.kron(np.ones(6), np.eye(6))
    for a, b in (
        (np.full(6, 1 / 6), np.full(6, 1 / 6)),
        (rng.dirichlet(np.ones(6)), rng.dirichlet(np.ones(6))),
    ):
        plan = linprog(cost.ravel(), A_eq=np.vstack(rows), b_eq=np.concatenate([a, b]))
        found = sd.between("wasserstein-1", sd.Finite(a, x), sd.Finite(b, y)).value
        assert found == pytest.approx(plan.fun, abs=1e-7)  # HiGHS's own tolerance
    assert sd.between("wasserstein-1", sd.empirical(x), sd.empirical(x)).value == 0


def test_points_on_the_line_need_no_plan():
    p, q = sd.Finite([0.5, 0.5], [0.0, 1.0]), sd.Finite([0.25, 0.75], [0.0, 2.0])
    found = sd.between("wasserstein-1", p, q)
    assert (found.value, found.how) == (pytest.approx(0.25 + 0.75, rel=ROUNDING), "sorting")


def test_mmd_of_normal_distributions():
    """E k(X, Y) = σ/√(σ² + s²) exp(−m²/(2(σ² + s²))) where X − Y is N(m, s²)."""

    def kernel(m: float, s_squared: float, sigma: float) -> float:
        return (
            sigma
            / math.sqrt(sigma**2 + s_squared)
            * math.exp(-(m**2) / (2 * (sigma**2 + s_squared)))
        )

    for sigma in (0.3, 1.0, 4.0):
        expected = kernel(0, 2.0, sigma) + kernel(0, 2 * 0.25, sigma) - 2 * kernel(3, 1.25, sigma)
        found = sd.between("mmd-squared", sd.Normal(0, 1), sd.Normal(3, 0.5), bandwidth=sigma)
        assert found.value == pytest.approx(expected, rel=1e-12)
        assert found.error < 1e-13


def test_mmd_of_points_both_ways():
    p, q = sd.Finite([0.5, 0.5], [0.0, 1.0]), sd.Finite([1.0], [2.0])
    expected = 0.5 + 0.5 * math.exp(-0.5) + 1 - math.exp(-2) - math.exp(-0.5)
    assert sd.between("mmd-squared", p, q).value == pytest.approx(expected, rel=ROUNDING)
    # a thin segment is nearly a point, to the square of its width
    thin = sd.Uniform(2 - 1e-4, 2 + 1e-4)
    assert sd.between("mmd-squared", p, thin).value == pytest.approx(expected, abs=1e-7)


def test_the_unbiased_estimate_has_no_bias_and_the_biased_one_is_positive():
    rng = np.random.default_rng(3)
    unbiased, biased = [], []
    for _ in range(400):
        x, y = rng.normal(size=(2, 8, 2))
        unbiased.append(sd.mmd_unbiased(x, y))
        biased.append(sd.between("mmd-squared", sd.empirical(x), sd.empirical(y)).value)
    error = np.std(unbiased) / math.sqrt(400)
    assert abs(np.mean(unbiased)) < 4 * error < np.mean(biased)
    # the biased one counts each point with itself: 2(1 − E k)/n more, E k = 1/(1 + 2/σ²)
    assert np.mean(biased) == pytest.approx(2 * (1 - 1 / 3) / 8, abs=4 * error)
    assert min(biased) > 0 > min(unbiased)


def test_distances_say_what_they_cannot_compare():
    plane, line = sd.empirical([[0.0, 1.0]]), sd.empirical([0.0])
    for name in ("wasserstein-1", "mmd-squared", "kl"):
        with pytest.raises(InputError, match="2 and 1 coordinates"):
            sd.between(name, plane, line)
    with pytest.raises(InputError, match="density is on the line"):
        sd.between("wasserstein-1", plane, sd.Normal(0, 1))
    with pytest.raises(InputError, match="two samples"):
        sd.mmd_unbiased([0.0], [1.0, 2.0])
    with pytest.raises(InputError, match="bandwidth of the kernel is a positive"):
        sd.between("mmd-squared", line, line, bandwidth=-1.0)
    with pytest.raises(InputError, match="at most 5000 points"):
        sd.mmd_unbiased(np.arange(6000.0), np.arange(6000.0))
    with pytest.raises(InputError, match="at most 40000"):
        sd.between(
            "wasserstein-1", sd.empirical(np.zeros((300, 2))), sd.empirical(np.zeros((301, 2)))
        )


# ---- Samples against distributions --------------------------------------------------------------


def test_jensen_shannon_never_learns_and_transport_learns_slowly():
    line = sd.sample_complexity((1,), (16, 64, 256), repeats=40, seed=1)
    space = sd.sample_complexity((5,), (16, 64, 256), repeats=6, seed=1)
    for row in (*line.rows, *space.rows):
        assert row.mean["js"] == pytest.approx(math.log(2), rel=1e-12)  # sums of 1/n
        assert row.standard_error["js"] < 1e-12
    # n^(−1/2) on the line, where W1 scatters by half its size: 0.5/√40/log 16 · √2 is 0.04.
    # n^(−1/5) in five dimensions, which at these n is not reached yet: near 0.23, with hardly any scatter
    assert line.exponent[1] == pytest.approx(-0.5, abs=0.12)
    assert space.exponent[5] == pytest.approx(-0.22, abs=0.04)
    mmd = [row.mean["mmd-squared"] for row in space.rows]
    assert mmd[0] > 2 * mmd[1] > 4 * mmd[2] > 0  # like 1/n: a factor of four each
    assert "d = 5" in str(space)
    assert sd.sample_complexity((5,), (16, 64, 256), repeats=6, seed=1).rows == space.rows


def test_the_true_values_of_shifted_cubes():
    found = sd.sample_complexity((2,), (64, 256), shift=0.25, repeats=4)
    true = found.true[2]
    assert (true["js"], true["wasserstein-1"]) == (0.25 * math.log(2), 0.25)
    on_the_line = [sd.Uniform(0, 1), sd.Uniform(0.25, 1.25)]
    assert sd.between("js", *on_the_line).value == pytest.approx(true["js"], rel=ROUNDING)
    line = sd.sample_complexity((1,), (2, 3), shift=0.25, repeats=2).true[1]["mmd-squared"]
    # subtracting kernels of order one
    expected = sd.between("mmd-squared", *on_the_line, bandwidth=0.5).value
    assert line == pytest.approx(expected, abs=1e-14)
    last = found.rows[-1]
    # standard deviations of about 0.02 and 0.03 for one pair of samples
    assert last.mean["wasserstein-1"] == pytest.approx(0.25, abs=0.04)
    assert last.mean["mmd-squared"] == pytest.approx(true["mmd-squared"], abs=0.06)
    for wrong in ({"sizes": (16,)}, {"repeats": 1}, {"shift": -1.0}, {"dimensions": ()}):
        with pytest.raises(InputError):
            sd.sample_complexity(**wrong)
