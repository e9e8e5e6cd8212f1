"""GANs: one pass gives the field of both losses; shapes, data and errors; spectral normalisation."""

from __future__ import annotations

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import Game, InputError, InputTypeError
from stability.dynamics.map import Map
from stability.fields import Gradient
from stability.games.gan import GAN, OBJECTIVES, Objective, gan, spectrally_normalised
from stability.penalties import R1
from stability.rules import HeavyBall


def layers(rng, *sizes):
    return [
        {"w": rng.standard_normal((a, b)) / np.sqrt(a), "b": rng.standard_normal(b) / 4}
        for a, b in pairwise(sizes)
    ]


def network(parameters, x):
    *hidden, last = parameters
    for layer in hidden:
        x = jnp.tanh(x @ layer["w"] + layer["b"])
    return x @ last["w"] + last["b"]


def small_gan(objective="non-saturating", n=11, seed=0, features=1, **options):
    """A GAN of networks that need no check, which would be compiled anew for each."""
    options = {"check": False, **options}
    rng = np.random.default_rng(seed)
    start = {"disc": layers(rng, 3, 5, features), "gen": layers(rng, 2, 4, 3)}
    data = rng.standard_normal((n, 3))
    return gan(network, network, start=start, data=data, latent=2, objective=objective, **options)


def plain(game):
    """The same losses as a game that knows nothing of networks: every player differentiates its own."""
    objective = game.objective

    def outputs(disc, gen, real, latent):
        said = network(disc, real), network(disc, network(gen, latent))
        return said if objective.features else tuple(logits[:, 0] for logits in said)

    def loss_d(*arguments):
        return objective.discriminator(*outputs(*arguments))

    def loss_g(*arguments):
        if objective.generator is None:
            return -loss_d(*arguments)
        return objective.generator(*outputs(*arguments))

    disc, gen = game.unpack(jnp.asarray(game.start))
    return Game({"disc": loss_d, "gen": loss_g}, start={"disc": disc, "gen": gen}, data=game.data)


def profile(game):
    return jnp.asarray(game.start)


@pytest.fixture
def x64():
    with jax.enable_x64(True):
        yield


# ---- The field is that of the losses ----------------------------------------------------------


# the others take JAX long to compile
LONG = [pytest.param(name, marks=pytest.mark.slow) for name in ("minimax", "mmd")]


@pytest.mark.parametrize("objective", ["non-saturating", *LONG])
def test_the_shared_pass_gives_the_gradients_of_both_losses(objective, x64):
    game = small_gan(objective, features=2 if objective == "mmd" else 1)
    other = plain(game)
    x = profile(game)
    u = jnp.asarray(np.random.default_rng(1).standard_normal(game.dimension))
    # the same operations in another order, on numbers of order one
    close = {"rtol": 1e-11, "atol": 1e-13}
    assert game.players == ("disc", "gen")
    # compiled together, which is faster
    losses, field, moved, pulled = jax.jit(
        lambda x: (other.losses(x), other.field(x), other.jvp(x, u), other.vjp(x, u))
    )(x)
    np.testing.assert_allclose(game.losses(x), losses, **close)
    np.testing.assert_allclose(game.field(x), field, **close)
    linear = game.linearise(x)
    np.testing.assert_allclose(linear.matvec(u), moved, **close)
    np.testing.assert_allclose(linear.rmatvec(u), pulled, **close)
    assert np.abs(linear.matvec(u) - linear.rmatvec(u)).max() > 0.1


def flops(function, *arguments):
    return jax.jit(function).lower(*arguments).compile().cost_analysis()["flops"]


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["non-saturating", "minimax"])
def test_the_shared_pass_is_cheaper(objective):
    game = small_gan(objective, n=256)
    other = plain(game)
    x = profile(game)
    separate = sum(flops(lambda x, p=p: other.player_field(p, x), x) for p in other.players)
    # Forward, a layer costs one product, and two more for the gradients by its weights and by its input. Two
    # separate gradients go through the generator twice and through the discriminator on generated samples
    # twice. A zero-sum game needs one pullback through the discriminator less.
    assert flops(game.field, x) < (0.65 if objective == "minimax" else 0.75) * separate


@pytest.mark.slow
def test_a_plain_game_costs_what_both_gradients_cost():
    """Its losses share the forward passes, as the compiler finds them in gradients taken by hand."""
    game = plain(small_gan("non-saturating", n=256))

    def by_hand(x):
        strategies = game.unpack(x)
        gradients = [
            jax.grad(loss, argnums=i)(*strategies, *game.data)
            for i, loss in enumerate(game._losses)
        ]
        return -jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(gradients)])

    assert flops(game.field, profile(game)) <= 1.01 * flops(by_hand, profile(game))


@pytest.mark.slow  # the field and its products are compiled for every game
@pytest.mark.parametrize("seed", range(4))
def test_random_gans(seed, x64):
    """With random objectives, penalties and sizes: whole or in microbatches, J and Jᵀ fit together."""
    rng = np.random.default_rng(seed)
    names = [name for name, objective in OBJECTIVES.items() if not objective.features]
    n = int(rng.integers(3, 20))
    penalties = [R1(rng.uniform(0.1, 2))] if seed % 2 == 0 else []
    game = small_gan(str(rng.choice(names)), n=n, seed=seed, penalties=penalties)
    x = profile(game)
    parts = game.batched(int(rng.integers(1, n + 1)))
    # sums of up to 20 terms in another order
    np.testing.assert_allclose(parts.field(x), game.field(x), rtol=1e-9, atol=1e-12)
    u, w = rng.standard_normal((2, game.dimension))
    linear = parts.linearise(x)
    forward, backward = w @ linear.matvec(u), u @ linear.rmatvec(w)
    np.testing.assert_allclose(forward, backward, rtol=1e-9)
    whole = game.linearise(x)
    np.testing.assert_allclose(w @ whole.matvec(u), forward, rtol=1e-8)


def test_an_objective_of_ones_own(x64):
    """Relativistic: the losses look at pairs of logits (Jolicoeur-Martineau 2019)."""
    relativistic = Objective(
        "relativistic",
        lambda real, fake: jnp.mean(jax.nn.softplus(fake - real)),
        lambda real, fake: jnp.mean(jax.nn.softplus(real - fake)),
    )
    game = small_gan(relativistic)
    x = profile(game)
    np.testing.assert_allclose(game.field(x), plain(game).field(x), rtol=1e-11, atol=1e-13)


# ---- Large games ------------------------------------------------------------------------------


def test_names_of_coordinates_are_made_only_when_asked_for():
    game = small_gan()
    flow = Gradient().flow(game)
    stepped = HeavyBall(lr=0.1).map(flow)
    assert isinstance(stepped, Map)
    for system in (game, flow, stepped):
        assert "variables" not in vars(system)
    assert game.variables[:2] == ("disc.0.b[0]", "disc.0.b[1]")
    assert len(game.variables) == game.dimension
    assert flow.variables == game.variables
    assert stepped.variables[: game.dimension] == game.variables
    assert len(set(stepped.variables)) == 2 * game.dimension


def test_names_that_two_coordinates_would_share():
    start = {"a": {"w": np.ones(2), "w[0]": 1.0}}
    with pytest.raises(InputError, match="different variable names"):
        Game({"a": lambda a: jnp.sum(a["w"]) * a["w[0]"]}, start=start)


# ---- Data and latents -------------------------------------------------------------------------


def test_latents_are_drawn_from_the_seed():
    game, same = small_gan(seed=3), small_gan(seed=3)
    real, latent = game.data
    assert latent.shape == (len(real), 2)
    assert latent.dtype == real.dtype
    np.testing.assert_array_equal(latent, same.data[1])
    rng = np.random.default_rng(3)
    start = {"disc": layers(rng, 3, 5, 1), "gen": layers(rng, 2, 4, 3)}
    other = gan(network, network, start=start, data=real, latent=2, seed=4)
    assert np.abs(latent - other.data[1]).min() > 0


def test_data_in_batches_are_collected_and_taken_in_microbatches(x64):
    whole = small_gan(n=11)
    start = dict(zip(whole.players, whole.unpack(profile(whole)), strict=True))
    real, latent = whole.data
    batches = (real[i : i + 4] for i in range(0, 11, 4))
    game = gan(network, network, start=start, data=batches, latent=latent)
    np.testing.assert_array_equal(game.data[0], real)
    x = profile(game)
    u = jnp.ones(game.dimension)
    field, moved = jax.jit(lambda x: (whole.field(x), whole.jvp(x, u)))(x)
    np.testing.assert_allclose(game.field(x), field, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(game.linearise(x).matvec(u), moved, rtol=1e-11, atol=1e-13)


def test_pytrees_of_samples(x64):
    """Samples of two parts, in a mapping, are the same as samples of both parts side by side."""
    whole = small_gan()
    start = dict(zip(whole.players, whole.unpack(profile(whole)), strict=True))
    real, latent = whole.data
    parts = gan(
        lambda disc, x: network(disc, jnp.concatenate([x["a"], x["b"]], axis=1)),
        lambda gen, z: {"a": network(gen, z)[:, :1], "b": network(gen, z)[:, 1:]},
        start=start,
        data={"a": real[:, :1], "b": real[:, 1:]},
        latent=latent,
        penalties=[R1(0.5)],
    )
    x = profile(whole)
    expected = R1(0.5)(whole).field(x)
    np.testing.assert_allclose(parts.field(x), expected, rtol=1e-11, atol=1e-13)


@pytest.mark.slow
def test_other_latents_than_data(x64):
    rng = np.random.default_rng(0)
    start = {"disc": layers(rng, 3, 5, 1), "gen": layers(rng, 2, 4, 3)}
    data, latent = rng.standard_normal((7, 3)), rng.standard_normal((5, 2))
    game = gan(network, network, start=start, data=data, latent=latent)
    x = profile(game)
    np.testing.assert_allclose(game.field(x), plain(game).field(x), rtol=1e-11, atol=1e-13)
    with pytest.raises(InputError, match="different lengths, 5, 7"):
        game.batched(2)


# ---- Errors -----------------------------------------------------------------------------------

GOOD = {
    "discriminator": lambda disc, x: x @ disc,
    "generator": lambda gen, z: z @ gen,
    "start": {"disc": np.ones(3), "gen": np.ones((2, 3))},
    "data": np.ones((4, 3)),
    "latent": 2,
}
BAD = [
    ({"data": np.ones((4, 3), int)}, InputTypeError, "the data hold int64; make them floating"),
    ({"data": np.full((4, 3), np.nan)}, InputError, "the data hold a number that is not finite"),
    ({"data": np.ones((0, 3))}, InputError, "the data are empty"),
    ({"data": []}, InputError, "the data are empty"),
    ({"data": {}}, InputError, "the data hold no arrays"),
    ({"data": 3.0}, InputTypeError, "the data are arrays"),
    ({"data": [[1.0, 2.0]]}, InputTypeError, "batch 0 of the data are arrays"),
    ({"data": [np.ones((2, 3)), np.ones((2, 4))]}, InputError, "not all shaped alike"),
    ({"data": {"a": np.ones(2), "b": np.ones(3)}}, InputError, "of different lengths, 2, 3"),
    ({"data": np.ones((4, 5))}, InputError, r"takes samples of shape \(4, 3\) .* given \(4, 5\)"),
    ({"latent": 0}, InputError, "dimension of the latents"),
    ({"latent": True}, InputTypeError, "the latents are arrays"),
    ({"latent": 3}, InputError, "the generator takes latents .* set latent=2$"),
    ({"generator": lambda gen, z: gen}, InputError, r"samples of shape \(2, 3\) out of 4"),
    ({"generator": None}, InputTypeError, "the generator is a function"),
    (
        {"discriminator": lambda d, x: x},
        InputError,
        r"logits of shape \(4,\) or \(4, 1\).*\(4, 3\)",
    ),
    ({"discriminator": lambda d, x: d[0]}, InputError, r"for 4 samples, not shape \(\)"),
    ({"discriminator": lambda d, x: (x @ d,)}, InputError, "for 4 samples, not tuple"),
    ({"discriminator": lambda d: d}, InputError, "the discriminator, on the data, fails"),
    ({"discriminator": lambda d, x: jnp.log(x @ d - 9)}, InputError, "not finite"),
    ({"objective": "mmd"}, InputError, r"feature vectors of shape \(4, k\)"),
    ({"objective": "gan"}, InputError, "no objective 'gan'; there are minimax"),
    ({"objective": len}, InputTypeError, "an objective is a name or an Objective"),
    ({"start": {"disc": np.ones(3)}}, InputError, "start maps 'disc' and 'gen'"),
    ({"start": {"disc": np.ones(3), "gen": 1}}, InputError, "the generator fails under JAX on lat"),
    ({"batch": 0}, InputError, "the size of a microbatch"),
]


@pytest.mark.parametrize(("change", "kind", "message"), BAD, ids=[m for _, _, m in BAD])
def test_bad_arguments(change, kind, message):
    with pytest.raises(kind, match=message) as error:
        gan(**{**GOOD, **change})
    assert "\n" not in str(error.value)


def test_random_numbers_in_a_network_are_seen():
    def noisy(gen, z):
        return z @ gen + np.random.randn()  # noqa: NPY002

    with pytest.raises(InputError, match="changes from call to call"):
        gan(**{**GOOD, "generator": noisy})


def test_logits_of_both_shapes():
    assert isinstance(gan(**GOOD), GAN)
    column = gan(**{**GOOD, "discriminator": lambda disc, x: (x @ disc)[:, None]})
    x = profile(column)
    np.testing.assert_array_equal(column.field(x), gan(**GOOD).field(x))


# ---- Spectral normalisation -------------------------------------------------------------------


@pytest.mark.parametrize("axis", [-1, 0])
def test_spectrally_normalised_matrices_and_kernels(axis, x64):
    rng = np.random.default_rng(0)
    weights = {
        "dense": rng.standard_normal((4, 6)),
        "kernel": rng.standard_normal((3, 3, 2, 5)),
        "bias": rng.standard_normal(5),
        "scale": 2.0,
    }
    normalised = spectrally_normalised(lambda disc, _: disc, output_axis=axis)(weights, None)
    for name in ("dense", "kernel"):
        matrix = np.moveaxis(weights[name], axis, 0).reshape(weights[name].shape[axis], -1)
        # the square root of the Gram matrix's eigenvalue is accurate to a few roundings
        expected = weights[name] / np.linalg.norm(matrix, 2)
        np.testing.assert_allclose(normalised[name], expected, rtol=1e-13)
    np.testing.assert_array_equal(normalised["bias"], weights["bias"])
    assert normalised["scale"] == 2.0


def test_two_derivatives_of_a_normalised_matrix_of_low_rank(x64):
    """W = diag(a, b, b, 0): the largest singular value is a, though the others are double and zero."""
    singular = np.array([3.0, 1.0, 1.0, 0.0])

    def value(t):
        matrix = jnp.diag(jnp.asarray(singular)).at[0, 0].add(t)
        return spectrally_normalised(lambda disc, _: disc[1, 1])(matrix, None)  # 1/(3 + t)

    slope = jax.grad(value)
    derivatives = jax.jit(lambda t: (value(t), slope(t), jax.grad(slope)(t)))
    np.testing.assert_allclose(derivatives(0.0), [1 / 3, -1 / 9, 2 / 27], rtol=1e-12)
    with pytest.raises(InputError, match="output_axis"):
        spectrally_normalised(network, output_axis=1)
