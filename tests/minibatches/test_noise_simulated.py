"""Long runs of the games themselves against the moments predicted for them."""

from __future__ import annotations

import numpy as np
import pytest

import stability as st
from tests.minibatches.noisy_games import dirac, matrices, moments_by_hand, scalar, simulated_chains

SIGMAS = 4.5  # standard errors; by chance one entry in 150 000 is further off


def agrees(path: np.ndarray, noise: st.Noise, allowance: float = 0.0) -> None:
    """Mean and second moments over the second half of every chain, against their scatter over chains."""
    covariance, shift = noise.covariance, noise.shift
    settled = path[:, path.shape[1] // 2 :]
    means = settled.mean(axis=1)
    squares = np.einsum("cti,ctj->cij", settled - shift, settled - shift) / settled.shape[1]
    chains = len(path)
    for found, expected in ((means, shift), (squares, covariance)):
        error = found.std(axis=0, ddof=1) / np.sqrt(chains)
        far = np.abs(found.mean(axis=0) - expected)
        assert (far <= SIGMAS * error + allowance * np.abs(expected).max()).all()
        assert error.max() < 0.05 * np.sqrt(np.abs(covariance).max())  # the test can fail


@pytest.mark.parametrize(
    ("rule", "batch"),
    [
        (st.Simultaneous(lr=0.3), 1),
        pytest.param(st.HeavyBall(lr=0.1, beta=0.3), 2, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_a_linear_game_settles_as_predicted(rule, batch):
    game, _, _ = matrices(3, (2, 1))
    found = st.noise(game, np.zeros(3), rule, batch=batch)
    path = simulated_chains(rule, game, np.zeros(3), batch, steps=1500, chains=200)
    agrees(path, found)


def test_one_minibatch_for_the_whole_step_shifts_the_mean():
    game, _, _ = matrices(3, (2, 1))
    rule = st.Extragradient(lr=0.3)
    found = st.noise(game, np.zeros(3), rule, batch=1, fresh=False)
    path = simulated_chains(rule, game, np.zeros(3), 1, steps=1500, chains=200)
    agrees(path, found)
    assert np.abs(found.shift).max() > 0.02


@pytest.mark.slow
def test_a_gan_settles_as_predicted_where_it_is_nearly_linear():
    game = dirac(np.array([-1.5, -0.7, -0.2, 0.1, 0.9, 1.4]), 0.6)
    rule = st.Simultaneous(lr=0.02)
    found = st.noise(game, [0.0, 0.0], rule, batch=2)
    path = simulated_chains(rule, game, np.zeros(2), 2, steps=6000, chains=100)
    # the variances are near 0.01, so what the logistic function's third derivative adds is of that order
    agrees(path, found, allowance=0.02)


@pytest.mark.parametrize("factor", [0.95, 1.05])
def test_the_second_moment_at_the_edge(factor):
    """Near the edge a sample mean of squares is carried by rare paths, so moments are propagated exactly."""
    game, rest = scalar((0.5, 1.0, 3.0, 0.2), (1.0, -1.0, 0.5, -0.5))
    critical = st.noise(game, [rest], st.Simultaneous(), batch=1).mean_square_lr
    h, a = factor * critical, np.array([0.5, 1.0, 3.0, 0.2])
    pushes = a * rest + np.array([1.0, -1.0, 0.5, -0.5])
    square = 0.0
    path = []
    for _ in range(400):  # E[δ²] by its definition, the mean staying at zero
        square = np.mean((1 - h * a) ** 2 * square + h**2 * pushes**2)
        path.append(square)
    assert abs(np.mean(1 - h * a)) < 1  # the mean is stable on both sides
    if factor < 1:
        found = st.noise(game, [rest], st.Simultaneous(lr=h), batch=1)
        assert path[-1] == pytest.approx(found.covariance[0, 0], rel=1e-6)
    else:
        assert path[-1] > 10 * path[199] > 100 * path[9]


def test_beyond_the_edge_runs_blow_up():
    game, pushes, jacobians = matrices(3, (2, 1))
    critical = st.noise(game, np.zeros(3), st.Simultaneous(), batch=1).mean_square_lr
    outside = st.Simultaneous(lr=1.6 * critical)
    inside = st.noise(game, np.zeros(3), st.Simultaneous(lr=0.5 * critical), batch=1)
    lists = [([j], [v]) for j, v in zip(jacobians, pushes, strict=True)]
    radius, _, _ = moments_by_hand(outside, game, lists, (3,))
    assert radius > 1
    assert st.noise(game, np.zeros(3), outside, batch=1).stability.verdict == "no"
    far = simulated_chains(outside, game, np.zeros(3), 1, steps=300, chains=50)
    assert np.abs(far[:, -1]).mean() > 1e3 * np.sqrt(inside.trace)
