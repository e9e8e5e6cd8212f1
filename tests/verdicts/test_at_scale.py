"""The conditions at scale against the dense ones, on known games and on small networks."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stability
from stability.equilibria.nearby import stationarity
from stability.games import catalogue
from stability.verdicts.at_scale import conditions_at_scale, definiteness_of
from stability.verdicts.conditions import Derivatives, conditions

FEW = ("ridge-1",)  # the others take a compilation of everything each


def verdicts(found):
    return {
        "differential Nash": found.differential_nash,
        "local Nash": found.local_nash,
        "local minmax": found.local_minmax,
        **found.differential_stackelberg,
    }


def agree(dense, scale):
    """No yes against a no; where both decide, the same number."""
    dense, scale = verdicts(dense), verdicts(scale)
    assert dense.keys() == scale.keys()
    decided = 0
    for name, one in dense.items():
        other = scale[name]
        if "undecided" not in (one.verdict, other.verdict):
            decided += 1
            assert one.verdict == other.verdict, (name, one, other)
    return decided


@pytest.mark.parametrize(
    "name",
    [
        name if name in FEW else pytest.param(name, marks=pytest.mark.slow)
        for name in catalogue.names()
    ],
)
def test_catalogue_games(name):
    game = stability.load(name)
    if not isinstance(game, stability.SymbolicGame) or game.sets:  # whose limits it does not see
        return
    numeric = game.numeric()
    for equilibrium in stability.report(game).equilibria:
        with jax.enable_x64(True):
            x = jnp.asarray(np.array(list(equilibrium.point.values())))
            found = conditions_at_scale(numeric, x)
        if equilibrium.stationary and equilibrium.differentiable:
            assert found.stationarity.stationary
            agree(equilibrium.conditions, found)


# ---- Networks ---------------------------------------------------------------------------------

WIDTH, INPUTS, SAMPLES = 24, 4, 32


def disc(p, x):
    return jnp.tanh(x @ p["w"] + p["b"]) @ p["out"]


def gen(p, z):
    return jnp.tanh(z @ p["w"] + p["b"]) @ p["out"]


def terms(d, g, real, latent, slopes, decay):
    """Linear terms that put the field to zero at a chosen point, and weight decay."""
    flat = [jnp.concatenate([leaf.ravel() for leaf in jax.tree.leaves(p)]) for p in (d, g)]
    return [s @ p + decay[i] / 2 * p @ p for i, (s, p) in enumerate(zip(slopes, flat, strict=True))]


def value(d, g, real, latent):
    return -jax.nn.softplus(-disc(d, real)).mean() - jax.nn.softplus(disc(d, gen(g, latent))).mean()


def loss_disc(d, g, *data):
    return -value(d, g, *data[:2]) + terms(d, g, *data)[0]


def loss_gen_zero_sum(d, g, *data):
    return value(d, g, *data[:2]) + terms(d, g, *data)[1]


def loss_gen(d, g, *data):
    return jax.nn.softplus(-disc(d, gen(g, data[1]))).mean() + terms(d, g, *data)[1]


def parameters(rng, outputs):
    return {
        "w": rng.standard_normal((INPUTS, WIDTH)) / 2,
        "b": rng.standard_normal(WIDTH) / 2,
        "out": rng.standard_normal((WIDTH, outputs) if outputs > 1 else WIDTH) / 2,
    }


def network(loss, dtype):
    rng = np.random.default_rng(0)
    start = {"disc": parameters(rng, 1), "gen": parameters(rng, INPUTS)}
    sizes = [sum(leaf.size for leaf in jax.tree.leaves(p)) for p in start.values()]
    data = (
        rng.standard_normal((SAMPLES, INPUTS)) + 1,
        rng.standard_normal((SAMPLES, INPUTS)),
        [np.zeros(size) for size in sizes],
        np.zeros(2),
    )
    start, data = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), (start, data))
    return stability.Game({"disc": loss_disc, "gen": loss}, start=start, data=data)


def at_rest(game, x, decay):
    """The game with weight decay and with linear terms that make x stationary."""
    real, latent, slopes, _ = game.data
    decay = jnp.asarray(decay, x.dtype)
    there = game.with_data(real, latent, [0 * s for s in slopes], decay)
    field = there.field(x)
    return there.with_data(real, latent, [field[s] for s in game.partition.slices], decay)


def dense(game, x, zero_sum):
    gradients, hessians = (np.asarray(part) for part in game.derivatives(x))

    def constrained(leader, follower, w):
        return np.asarray(game.constrained_hessian(leader, follower, x, w))

    derivatives = Derivatives(gradients, list(hessians), constrained)
    return conditions(game.partition, derivatives, None, zero_sum=zero_sum, minimizer=1)


@pytest.mark.slow  # everything is compiled for four games; the numbers themselves take a second
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("loss", [loss_gen_zero_sum, loss_gen])
def test_networks(loss, dtype):
    # three points on each of four games; the decays make some own Hessians definite and others not
    with jax.enable_x64(True):
        game, oracle = network(loss, dtype), network(loss, np.float64)
        game.minimizer = 1
        decided, words = 0, set()
        for seed, decay in enumerate([(0, 0), (2, 0), (2, 2)]):
            x = 0.3 * np.random.default_rng(seed).standard_normal(game.dimension)
            x = jnp.asarray(x, dtype)
            here = at_rest(game, x, decay)
            found = conditions_at_scale(here, x)
            assert found.zero_sum == (loss is loss_gen_zero_sum)
            assert found.stationarity.stationary
            exact = jnp.asarray(x, np.float64)
            known = dense(at_rest(oracle, exact, decay), exact, found.zero_sum)
            decided += agree(known, found)
            words |= {v.verdict for v in verdicts(found).values()}
            blocks = np.asarray(
                oracle.with_data(*at_rest(oracle, exact, decay).data).jacobian(exact)
            )
            for own, spectrum in zip(game.partition.slices, found.own.values(), strict=True):
                smallest = np.linalg.eigvalsh(-blocks[own, own])[0]
                # Lanczos stops at a relative residual of 1e-8 (1e-5); its error bound holds besides
                assert abs(spectrum.eigenvalues[0] - smallest) <= spectrum.errors[0] + 1e-12
        assert decided >= 9
        assert {"yes", "no"} <= words


def test_not_at_rest_is_never_called_an_equilibrium():
    with jax.enable_x64(True):
        game = stability.load("ridge-1").numeric()
        found = conditions_at_scale(game, jnp.asarray([0.5, 0.25]))
    assert not found.stationarity.stationary
    assert {v.verdict for v in verdicts(found).values()} == {"undecided"}
    assert "not stationary" in found.differential_nash.because
    assert found.own["x"].eigenvalues[0] == pytest.approx(-6)  # the curvature is told all the same


def test_undecided_where_lanczos_did_not_converge():
    with jax.enable_x64(True):
        values = np.r_[np.logspace(-9, 0, 200)]
        weights = jnp.asarray(values)
        losses = {
            "a": lambda a, b: (weights * a**2).sum() / 2,
            "b": lambda a, b: (b**2).sum() / 2 + a[:2] @ b,
        }
        game = stability.Game(losses, start={"a": jnp.zeros(200), "b": jnp.zeros(2)})
        at = replace(stationarity(game, jnp.zeros(202)), stationary=True)
        found = conditions_at_scale(game, jnp.zeros(202), max_products=60, at=at)
    assert found.differential_nash.verdict == "undecided"
    assert "products did not suffice" in found.differential_nash.because
    # the follower b is definite, so a's total second derivative is the question, and as hard
    assert found.differential_stackelberg["leader a"].verdict == "undecided"


def test_a_hessian_that_is_zero_is_known_to_be():
    game = stability.load("xy").numeric()
    with jax.enable_x64(True):
        hessian = game.linearise(jnp.zeros(2)).hessian("x")
        found = definiteness_of(stability.symmetric_spectrum(hessian, 1))
    assert (found.sign, found.smallest, found.margin) == (0, 0.0, 0.0)


def test_a_bilinear_game_has_a_weak_equilibrium():
    zero = jnp.zeros(2)
    game = stability.zero_sum(
        lambda a, b: a @ jnp.array([[1.0, 2.0], [3.0, -1.0]]) @ b,
        minimizer="a",
        maximizer="b",
        start={"a": zero, "b": zero},
    )
    here = conditions_at_scale(game, jnp.zeros(4))
    elsewhere = conditions_at_scale(game, jnp.ones(4))
    assert here.local_nash.verdict == "yes"
    assert here.local_nash.because.startswith("a weak global Nash equilibrium")
    assert elsewhere.local_nash.verdict == "undecided"
    assert elsewhere.second_order.local_nash.verdict == "undecided"
