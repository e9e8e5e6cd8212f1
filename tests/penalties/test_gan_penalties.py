"""Penalties on a GAN's samples: closed forms on the Dirac-GAN and on D = ψx²/2; draws; errors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import Game, InputError, InputTypeError, SymbolicGame
from stability.equilibria.smoothness import smoothness
from stability.fields import Gradient
from stability.games.gan import gan
from stability.penalties import DRAGAN, JARE, R1, R2, WGANGP, ConsensusPenalty, InstanceNoise
from tests.selection import slow_but


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


def dirac_gan(*penalties, n=1, objective="minimax"):
    """Data at 0, D(x) = ψx, G = θ; the profile is (ψ, θ)."""
    return gan(
        lambda psi, x: psi * x,
        lambda theta, z: theta + 0 * z,
        start={"disc": 0.3, "gen": 0.7},
        data=np.zeros((n, 1)),
        latent=np.zeros((n, 1)),
        objective=objective,
        penalties=penalties,
        check=False,  # of the networks, compiled anew for each
    )


RNG = np.random.default_rng(0)
REAL, LATENT = RNG.standard_normal((2, 6, 1))
POINT = np.array([0.7, -0.4])


def parabola(*penalties, batch=None):
    """D(x) = ψx²/2, so that the slope at x is ψx, and G(z) = θz; Wasserstein."""
    return gan(
        lambda psi, x: psi * x**2 / 2,
        lambda theta, z: theta * z,
        start={"disc": 0.7, "gen": -0.4},
        data=REAL,
        latent=LATENT,
        objective="wasserstein",
        penalties=penalties,
        batch=batch,
        check=False,
    )


def close_spectrum(game, expected, tolerance=1e-14):
    found = np.linalg.eigvals(np.asarray(game.jacobian(jnp.zeros(2))))
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=tolerance)


# ---- Eigenvalues of the Dirac-GAN at the origin -------------------------------------------------


@pytest.mark.parametrize("penalty", [R1, R2])
@pytest.mark.parametrize("gamma", [0.3, 1.7])
def test_gradient_penalties_of_the_dirac_gan(penalty, gamma):
    root = np.sqrt(complex(gamma**2 / 4 - 1 / 4))
    close_spectrum(dirac_gan(penalty(gamma)), [-gamma / 2 - root, -gamma / 2 + root])


@pytest.mark.parametrize("penalty", slow_but([ConsensusPenalty, JARE], [ConsensusPenalty]))
def test_gradient_norms_of_the_dirac_gan(penalty):
    close_spectrum(dirac_gan(penalty(0.6)), [-0.15 - 0.5j, -0.15 + 0.5j])


def test_instance_noise_of_the_dirac_gan():
    """J = [[−(E s² + E (θ + t)²)/4, −½], [½, 0]] at ψ = 0, with the noise s = σε on the data and t."""
    sigma, n = 0.8, 20_000
    game = dirac_gan(InstanceNoise(sigma), n=n)
    on_real, on_generated = (sigma * drawn for drawn in game.data[2])
    square = np.mean(on_real**2) + np.mean(on_generated**2)
    expected = np.array([[-square / 4, -0.5], [0.5, 0]])
    jacobian = np.asarray(game.jacobian(jnp.zeros(2)))
    np.testing.assert_allclose(jacobian, expected, atol=1e-12)
    root = np.sqrt(complex(sigma**4 / 16 - 1 / 4))
    # E ε² of 20,000 draws is 1 within ±0.04 (four standard deviations)
    close_spectrum(game, [-(sigma**2) / 4 - root, -(sigma**2) / 4 + root], 0.02)


@pytest.mark.parametrize("penalty", [WGANGP(0.5), DRAGAN(0.5)], ids=["wgan-gp", "dragan"])
def test_no_derivative_where_the_slope_is_zero(penalty):
    """The slope is ψ everywhere: the field is (−θ − 2γ(|ψ| − 1) sign ψ, ψ), and jumps at ψ = 0."""
    game = dirac_gan(penalty, objective="wasserstein")
    for psi, theta in ((0.3, 0.9), (-1.6, 0.2)):
        expected = [-theta - (abs(psi) - 1) * np.sign(psi), psi]
        np.testing.assert_allclose(game.field(jnp.array([psi, theta])), expected, rtol=1e-13)
    assert np.isnan(game.field(jnp.zeros(2))[0])
    box = np.array([[-2.0, 2.0], [-2.0, 2.0]])
    assert smoothness(Gradient().flow(game).evaluate, np.zeros(2), box) == "jump"


# ---- Fields on D = ψx²/2 ------------------------------------------------------------------------

GAMMA = 0.9


def added(game):
    """What the penalties add to the field, the generator's part being none of their business."""
    difference = game.field(jnp.asarray(POINT)) - parabola().field(jnp.asarray(POINT))
    assert difference[1] == 0
    return float(difference[0])


def test_where_the_slopes_are_taken():
    psi, theta = POINT
    # −∂/∂ψ of γ/2 E(ψx)² and of γ E(|ψx| − 1)²
    np.testing.assert_allclose(
        added(parabola(R1(GAMMA))), -GAMMA * psi * np.mean(REAL**2), rtol=1e-12
    )
    made = theta * LATENT
    np.testing.assert_allclose(
        added(parabola(R2(GAMMA))), -GAMMA * psi * np.mean(made**2), rtol=1e-12
    )

    def off_one(x):
        return -2 * GAMMA * np.mean((np.abs(psi * x) - 1) * np.abs(x) * np.sign(psi))

    game = parabola(WGANGP(GAMMA, seed=5))
    share = game.data[2][:, None]
    assert ((share > 0) & (share < 1)).all()
    between = share * REAL + (1 - share) * made
    np.testing.assert_allclose(added(game), off_one(between), rtol=1e-12)
    game = parabola(DRAGAN(GAMMA, seed=5))
    around = REAL + np.std(REAL) / 2 * game.data[2]
    np.testing.assert_allclose(added(game), off_one(around), rtol=1e-12)
    around = REAL + 0.1 * game.data[2]
    np.testing.assert_allclose(added(parabola(DRAGAN(GAMMA, 0.1, 5))), off_one(around), rtol=1e-12)


def test_the_order_of_instance_noise_and_other_penalties():
    sigma = 0.5
    after, before = (
        parabola(*penalties)
        for penalties in ((InstanceNoise(sigma), R1(GAMMA)), (R1(GAMMA), InstanceNoise(sigma)))
    )
    x = jnp.asarray(POINT)
    plain = parabola(InstanceNoise(sigma)).field(x)
    noisy = REAL + sigma * after.data[2][0]
    for game, seen in ((after, noisy), (before, REAL)):
        difference = game.field(x) - plain
        expected = [-GAMMA * POINT[0] * np.mean(seen**2), 0]
        np.testing.assert_allclose(difference, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.slow
def test_in_microbatches_with_everything_that_was_drawn():
    penalties = (InstanceNoise(0.5), WGANGP(GAMMA), R2(0.3))
    x = jnp.asarray(POINT)
    whole, parts = parabola(*penalties), parabola(*penalties, batch=4)
    np.testing.assert_allclose(parts.field(x), whole.field(x), rtol=1e-12)
    after = parabola(*penalties).batched(4)
    np.testing.assert_array_equal(after.field(x), parts.field(x))


def test_other_data_keep_what_was_drawn():
    game = parabola(WGANGP(GAMMA))
    x = jnp.asarray(POINT)
    fewer = game.with_data(2 * REAL[:4], LATENT[:4])
    np.testing.assert_array_equal(fewer.data[2], game.data[2][:4])
    share = game.data[2][:4, None]
    psi, theta = POINT
    between = share * 2 * REAL[:4] + (1 - share) * theta * LATENT[:4]
    slope = (np.mean(4 * REAL[:4] ** 2) - np.mean((theta * LATENT[:4]) ** 2)) / 2
    expected = slope - 2 * GAMMA * np.mean((np.abs(psi * between) - 1) * np.abs(between))
    np.testing.assert_allclose(fewer.field(x)[0], expected, rtol=1e-12)
    drawn = np.full(6, 0.25)
    assert game.with_data(REAL, LATENT, drawn).data[2] is drawn
    with pytest.raises(InputError, match="drew numbers for 6 samples, and 12 are given"):
        game.with_data(*np.concatenate([game.data[:2]] * 2, axis=1))


def test_traced_weights():
    x = jnp.asarray(POINT)
    game = parabola()
    field = jax.jit(lambda gamma, sigma: InstanceNoise(sigma)(R1(gamma)(game)).field(x))
    expected = parabola(R1(GAMMA), InstanceNoise(0.2)).field(x)
    np.testing.assert_allclose(field(GAMMA, 0.2), expected, rtol=1e-12)


# ---- Errors -------------------------------------------------------------------------------------

KINDS = [R1, R2, WGANGP, DRAGAN, InstanceNoise]


@pytest.mark.parametrize("kind", KINDS)
def test_games_without_a_discriminator(kind):
    import sympy

    plain = Game(
        {"disc": lambda d, g: d * g, "gen": lambda d, g: g**2}, start={"disc": 1.0, "gen": 1.0}
    )
    x, y = sympy.symbols("x y")
    for game in (plain, SymbolicGame({"disc": ([x], x * y), "gen": ([y], y**2)})):
        with pytest.raises(InputError, match=f"{kind.name} needs a game that st.gan made"):
            kind()(game)
    with pytest.raises(InputTypeError, match="penalties are for games"):
        kind()(None)


@pytest.mark.parametrize("kind", KINDS)
def test_bad_settings(kind):
    for wrong in (-1, "0.1", float("nan"), None):
        with pytest.raises(InputError):
            kind(wrong)
    if kind not in (R1, R2):
        for seed in (-1, 0.5, None):
            with pytest.raises(InputError, match=f"the seed of {kind.name}"):
                kind(seed=seed)
    if kind is DRAGAN:
        with pytest.raises(InputError, match="the deviation of dragan"):
            kind(deviation=-1)


def test_penalties_that_do_not_fit_the_gan():
    features = gan(
        lambda psi, x: psi * x,
        lambda theta, z: theta * z,
        start={"disc": 1.0, "gen": 1.0},
        data=REAL,
        latent=LATENT,
        objective="mmd",
    )
    for kind in (R1, R2, WGANGP, DRAGAN):
        with pytest.raises(
            InputError, match=f"{kind.name} needs a discriminator that returns one logit"
        ):
            kind()(features)
    with pytest.raises(InputError, match="give 6 latents, not 4"):
        WGANGP()(parabola().with_data(REAL, LATENT[:4]))
