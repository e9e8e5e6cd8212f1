"""PyTorch modules as players: the same answers as JAX, and nothing that moves behind their backs.

These tests need PyTorch, which is no dependency: without it they are skipped.
"""

from __future__ import annotations

import random

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stability as st
from stability import Game, InputError, InputTypeError
from stability.networks import load_checkpoint, save_checkpoint, torch_game

torch = pytest.importorskip("torch", reason="PyTorch is not installed; it is no dependency")
nn = torch.nn
softplus = nn.functional.softplus

RNG = np.random.default_rng(0)
X, Z = RNG.normal(size=(6, 2)), RNG.normal(size=(6, 2))


def loss_d(disc, gen, x, z):
    return softplus(-disc(x)).mean() + softplus(disc(gen(z))).mean()


def loss_g(disc, gen, x, z):
    return softplus(-disc(gen(z))).mean()


def gan(disc=None, gen=None, dtype=torch.float64, loss_g=loss_g):
    torch.manual_seed(0)
    disc = disc or nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    gen = gen or nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    data = [torch.as_tensor(array, dtype=dtype) for array in (X, Z)]
    return torch_game(
        {"disc": loss_d, "gen": loss_g},
        modules={"disc": disc.to(dtype), "gen": gen.to(dtype)},
        data=data,
    )


def in_jax(game):
    """The same game, from the same parameters, written with jax.numpy."""

    def net(p, x):
        return jnp.tanh(x @ p["0.weight"].T + p["0.bias"]) @ p["2.weight"].T + p["2.bias"]

    def loss_d(disc, gen):
        fake = net(disc, net(gen, Z))
        return jnp.mean(jax.nn.softplus(-net(disc, X))) + jnp.mean(jax.nn.softplus(fake))

    def loss_g(disc, gen):
        return jnp.mean(jax.nn.softplus(-net(disc, net(gen, Z))))

    start = dict(zip(game.players, game.unpack(game.start), strict=True))
    return Game({"disc": loss_d, "gen": loss_g}, start=start)


@pytest.fixture(scope="module")
def both():
    game = gan()
    with jax.enable_x64(True):
        twin = in_jax(game)
        yield game, twin


def test_everything_is_what_jax_says(both):
    game, twin = both
    x = game.start + 0.1 * RNG.normal(size=game.dimension)
    with jax.enable_x64(True):
        np.testing.assert_array_equal(game.start, twin.start)
        assert game.partition == twin.partition
        np.testing.assert_allclose(game.losses(x), twin.losses(x), rtol=1e-13)
        np.testing.assert_allclose(game.field(x), twin.field(x), rtol=1e-10, atol=1e-14)
        for player in game.players:
            np.testing.assert_allclose(
                game.player_field(player, x), twin.player_field(player, x), rtol=1e-10, atol=1e-14
            )
        np.testing.assert_allclose(
            game.gradient("gen", x), twin.gradient("gen", x), rtol=1e-10, atol=1e-14
        )
        jacobian = np.asarray(twin.jacobian(x))
    linear = game.linearize(x)
    assert linear.shape == jacobian.shape
    assert linear.dtype == np.float64
    unit = np.eye(game.dimension)
    close = {"rtol": 1e-10, "atol": 1e-13}  # roundings of a sum of a dozen terms
    np.testing.assert_allclose(np.stack([linear.matvec(u) for u in unit], 1), jacobian, **close)
    np.testing.assert_allclose(np.stack([linear.rmatvec(u) for u in unit]), jacobian, **close)
    np.testing.assert_allclose(linear.value, game.field(x), **close)
    disc, gen = game.partition.slices
    u, w = unit[1][disc], RNG.normal(size=game.partition.sizes[1])
    block = linear.block("gen", "disc")
    np.testing.assert_allclose(block.matvec(u), jacobian[gen, disc] @ u, **close)
    np.testing.assert_allclose(block.rmatvec(w), jacobian[gen, disc].T @ w, **close)
    np.testing.assert_allclose(linear.hessian("gen").matvec(w), -jacobian[gen, gen] @ w, **close)
    whole = RNG.normal(size=game.dimension)
    np.testing.assert_allclose(
        linear.symmetric.matvec(whole), (jacobian + jacobian.T) @ whole / 2, **close
    )


def test_the_spectrum_is_that_of_the_same_network_in_jax(both):
    game, twin = both
    found = st.spectrum(game.linearize(game.start), k=6, which="rightmost")
    with jax.enable_x64(True):
        known = st.spectrum(twin.linearize(twin.start), k=6, which="rightmost")
    np.testing.assert_allclose(found.eigenvalues, known.eigenvalues, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_vectors_come_back_as_they_went_in(dtype):
    game = gan(dtype=dtype)
    linear = game.linearize(game.start)
    u = RNG.normal(size=game.dimension).astype(linear.dtype)
    with jax.enable_x64(dtype is torch.float64):
        tensor, array = torch.as_tensor(u), jnp.asarray(u)
        results = [linear.matvec(v) for v in (u, tensor, array)]
        assert [type(r).__module__.split(".")[0] for r in results] == ["numpy", "torch", "jaxlib"]
        inside = jax.jit(lambda v: 2 * linear.matvec(v))(array)
        for result in (*results[1:], inside / 2):
            np.testing.assert_array_equal(np.asarray(result), results[0])
    frozen = u.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(linear.matvec(frozen), results[0])
    v = RNG.normal(size=game.dimension).astype(linear.dtype)
    # the adjoint identity, to the rounding of two inner products of the game's dimension
    eps = np.finfo(linear.dtype).eps
    left, right = v @ linear.matvec(u), linear.rmatvec(v) @ u
    assert abs(left - right) <= 100 * eps * np.linalg.norm(u) * np.linalg.norm(v)


def test_modules_profiles_and_checkpoints(tmp_path):
    disc = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    game = gan(disc=disc)
    assert list(game.unpack(game.start)[0]) == ["0.bias", "0.weight", "2.bias", "2.weight"]
    np.testing.assert_array_equal(game.unpack(game.start)[0]["0.bias"], disc[0].bias.detach())
    other = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    gen = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2)).double()
    x = game.pack({"disc": other, "gen": gen})
    np.testing.assert_array_equal(game.unpack(x)[0]["2.weight"], other[2].weight.detach())
    save_checkpoint(tmp_path / "c.npz", game, x, step=3)
    np.testing.assert_array_equal(load_checkpoint(tmp_path / "c.npz", game).x, x)
    with pytest.raises(
        InputError, match=r"player 'gen' has no parameter '0\.bias' of shape \(3,\)"
    ):
        game.pack({"disc": other, "gen": other})


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 1)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return self.linear(x)


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 1)

    def forward(self, x):
        return nn.functional.dropout(self.linear(x), training=True)


def test_batch_normalisation_and_dropout_are_set_to_evaluation():
    disc = nn.Sequential(
        nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1)
    ).double()
    for _ in range(3):
        disc(torch.as_tensor(X))
    stored = disc[1].running_mean.clone()
    game = gan(disc=disc)
    assert disc.training
    linear = game.linearize(game.start)
    linear.matvec(np.ones(game.dimension))
    assert torch.equal(disc[1].running_mean, stored)
    disc.eval()
    expected = loss_d(disc, nn.Sequential(*game._modules.players[1]), *game.data)
    np.testing.assert_allclose(game.losses(game.start)[0], expected.item(), rtol=1e-14)


def test_parameters_without_gradient_stay_as_they_are():
    disc = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    disc[0].weight.requires_grad_(False)
    game = gan(disc=disc)
    assert list(game.unpack(game.start)[0]) == ["0.bias", "2.bias", "2.weight"]


UNSTEADY_MODULES = {
    "batch normalisation without statistics": (
        lambda: nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1, track_running_stats=False)),
        "'1' of player 'disc' normalises by the statistics of the batch",
    ),
    "dropout left on": (
        lambda: nn.Sequential(nn.Tanh(), Noisy()),
        "the loss of player 'disc' draws random numbers in '1'",
    ),
    "dropout in the module itself": (Noisy, "draws random numbers in its module"),
    "a counter": (Counting, "changes the buffer 'calls' of player 'disc'"),
    "nothing to train": (nn.Tanh, "player 'disc' has no parameters to train"),
}


@pytest.mark.parametrize("name", UNSTEADY_MODULES)
def test_modules_that_do_not_stand_still_are_refused(name):
    make, words = UNSTEADY_MODULES[name]
    with pytest.raises(InputError, match=words) as caught:
        gan(disc=make())
    assert "\n" not in str(caught.value)


UNSTEADY_LOSSES = {
    "noise": (
        lambda d, g, x, z: softplus(d(g(torch.randn_like(z)))).mean(),
        "the loss of player 'gen' draws random numbers in the loss itself",
    ),
    "numbers of Python's": (
        lambda d, g, x, z: loss_g(d, g, x, z) * random.random(),
        "the loss of player 'gen' changes from call to call",
    ),
    "many numbers": (lambda d, g, x, z: d(g(z)), r"player 'gen' is no scalar but \(6, 1\)"),
    "no tensor": (lambda d, g, x, z: 1.0, r"player 'gen' is no scalar but 1\.0"),
    "a whole number": (lambda d, g, x, z: torch.tensor(1), "number, not torch.int64"),
    "infinity": (lambda d, g, x, z: loss_g(d, g, x, z) / 0, "'gen' is not finite at the start"),
    "other arguments": (lambda d, g: 0, "the loss of player 'gen' fails: "),
}


@pytest.mark.parametrize("name", UNSTEADY_LOSSES)
def test_losses_that_do_not_stand_still_are_refused(name):
    loss, words = UNSTEADY_LOSSES[name]
    with pytest.raises(InputError, match=words) as caught:
        gan(loss_g=loss)
    assert "\n" not in str(caught.value)


def test_players_that_do_not_fit():
    shared = nn.Linear(2, 2)
    both = {"disc": nn.Sequential(shared, nn.Linear(2, 1)), "gen": nn.Sequential(shared)}
    with pytest.raises(
        InputError, match=r"players 'disc' and 'gen' share the parameter '0\.weight'"
    ):
        torch_game({"disc": loss_d, "gen": loss_g}, modules=both)
    with pytest.raises(InputError, match="they have to be the same"):
        torch_game({"disc": loss_d}, modules=both)
    with pytest.raises(InputTypeError, match=r"player 'gen' has no torch\.nn\.Module but 3"):
        torch_game({"disc": loss_d, "gen": loss_g}, modules={**both, "gen": 3})
    game = gan()
    with pytest.raises(InputTypeError, match=r"has the shape \(\d+,\), not \(3,\)"):
        game.field(np.ones(3))
    with pytest.raises(InputTypeError, match="takes a vector of shape"):
        game.linearize(game.start).matvec(np.ones(3))
