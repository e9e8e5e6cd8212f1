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
torch.set_num_threads(1)  # these networks are too small for more

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
    linear = game.linearise(x)
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
    found = st.spectrum(game.linearise(game.start), k=6, which="rightmost")
    with jax.enable_x64(True):
        known = st.spectrum(twin.linearise(twin.start), k=6, which="rightmost")
    np.testing.assert_allclose(found.eigenvalues, known.eigenvalues, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_forward_and_transposed_products_are_adjoint_in_the_modules_precision(dtype):
    game = gan(dtype=dtype)
    linear = game.linearise(game.start)
    assert linear.dtype == game.start.dtype == np.dtype(str(dtype).removeprefix("torch."))
    u, v = RNG.normal(size=(2, game.dimension)).astype(linear.dtype)
    forward, backward = np.asarray(linear.matvec(u)), np.asarray(linear.rmatvec(v))
    assert forward.dtype == backward.dtype == linear.dtype
    # to the rounding of two inner products of the game's dimension
    eps = np.finfo(linear.dtype).eps
    assert abs(v @ forward - backward @ u) <= 100 * eps * np.linalg.norm(u) * np.linalg.norm(v)
    with jax.enable_x64(dtype is torch.float64):
        inside = jax.jit(lambda operator, w: 2 * operator.matvec(w))(linear, u)
    np.testing.assert_array_equal(inside, 2 * forward)
    np.testing.assert_allclose(
        linear.matmat(np.stack([u, v], 1))[:, 0], forward, rtol=1e-5, atol=10 * eps
    )


def test_a_loss_may_differentiate_a_module_itself():
    """R1 written into the loss, against the same discriminator's gradient by hand."""

    def penalised(disc, gen, x, z):
        points = x.clone().requires_grad_()
        (slopes,) = torch.autograd.grad(disc(points).sum(), points, create_graph=True)
        return loss_d(disc, gen, x, z) + (slopes**2).sum(1).mean()

    torch.manual_seed(0)
    disc = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    gen = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2)).double()
    data = [torch.as_tensor(array) for array in (X, Z)]
    game = torch_game(
        {"disc": penalised, "gen": loss_g}, modules={"disc": disc, "gen": gen}, data=data
    )
    plain = gan(disc=disc, gen=gen)

    def penalty(x):
        p = plain.unpack(x)[0]
        inner = 1 - jnp.tanh(X @ p["0.weight"].T + p["0.bias"]) ** 2
        return jnp.mean(jnp.sum(((inner * p["2.weight"]) @ p["0.weight"]) ** 2, axis=1))

    with jax.enable_x64(True):
        x, u = jnp.asarray(game.start), jnp.cos(jnp.arange(34.0))
        change = jax.jvp(jax.grad(penalty), (x,), (u,))[1]
        found = game.linearise(x).matvec(u) - plain.linearise(x).matvec(u)
        np.testing.assert_allclose(found[:17], -change[:17], rtol=0, atol=1e-12)
        np.testing.assert_allclose(
            game.losses(x)[0] - plain.losses(x)[0], penalty(x), rtol=0, atol=1e-12
        )


def test_products_at_one_point_evaluate_the_losses_once():
    calls = []

    def counted(disc, gen, x, z):
        calls.append(None)
        return loss_g(disc, gen, x, z)

    game = gan(loss_g=counted)
    linear = game.linearise(game.start)
    for u in np.eye(game.dimension)[:5]:
        linear.matvec(u), linear.rmatvec(u), linear.hessian("gen").matvec(u[:17])
    before = len(calls)
    elsewhere = game.linearise(game.start + 0.1)  # nothing is kept of another point
    for u in np.eye(game.dimension)[:5]:
        elsewhere.matvec(u), linear.rmatvec(u)
    assert len(calls) == before + 1


def test_modules_profiles_and_checkpoints(tmp_path):
    disc = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    game = gan(disc=disc)
    assert list(game.unpack(game.start)[0]) == ["0.bias", "0.weight", "2.bias", "2.weight"]
    np.testing.assert_array_equal(game.unpack(game.start)[0]["0.bias"], disc[0].bias.detach())
    named = dict(zip(game.players, game.unpack(game.start), strict=True))
    np.testing.assert_array_equal(game.pack(named), game.start)
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
    gen = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2)).double()
    game = gan(disc=disc, gen=gen)
    assert disc.training
    linear = game.linearise(game.start)
    linear.matvec(np.ones(game.dimension))
    assert torch.equal(disc[1].running_mean, stored)
    disc.eval()
    expected = loss_d(disc, gen, *(torch.as_tensor(array) for array in (X, Z)))
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


class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value):
        ctx.save_for_backward(value)
        return value**2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, weight):
        return 2 * ctx.saved_tensors[0] * weight


def slope(disc, at):
    (gradient,) = torch.autograd.grad(disc(at).sum(), at)
    return gradient.square().sum()


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, weight):
        return -weight


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
    "a detached player": (
        lambda d, g, x, z: softplus(-d(g(z).detach())).mean(),
        "'gen' depends on player 'gen', but not for PyTorch's derivatives; leave out detach",
    ),
    "a bootstrap target": (
        lambda d, g, x, z: (g(z) - g(x).detach()).square().mean(),
        r"the loss of player 'gen' has another derivative than PyTorch is told, by detach\(\)",
    ),
    "numbers of NumPy's": (
        lambda d, g, x, z: loss_g(d, g, x, z) * (1 + g(z).square().mean().item()),
        r"the loss of player 'gen' has another derivative than PyTorch is told, by item\(\)",
    ),
    "a wrong backward": (
        lambda d, g, x, z: Reversed.apply(loss_g(d, g, x, z)),
        "another derivative than PyTorch is told, by .*the backward of ReversedBackward",
    ),
    "a penalty without its graph": (
        lambda d, g, x, z: loss_g(d, g, x, z) + slope(d, g(z)),
        "another derivative than PyTorch is told, by a gradient without create_graph",
    ),
    "no second derivative": (
        lambda d, g, x, z: Once.apply(loss_g(d, g, x, z)),
        "the loss of player 'gen' uses a function that can be differentiated once only",
    ),
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
    with pytest.raises(InputTypeError, match=r"real vector of shape \(34,\)"):
        game.field(np.ones(3))
    with pytest.raises(InputTypeError, match=r"real numbers of shape \(34,\)"):
        game.linearise(game.start).matvec(np.ones(3))
    for refused in (
        lambda: game.with_data(1.0),
        lambda: game.batched(2),
        lambda: game.linearise(game.start, precision="bfloat16"),
    ):
        with pytest.raises(InputError, match="a PyTorch game"):
            refused()
