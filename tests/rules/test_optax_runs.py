"""Optimiser states of real optax runs: our rule goes on where optax stopped, and is analysed there."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import Game, Gradient, InputError, InputTypeError, Optax, Simultaneous
from stability.rules.linearisation import linearise_rule
from stability.rules.optax_state import optax_state

optax = pytest.importorskip("optax")

RNG = np.random.default_rng(0)
X, Z = RNG.normal(size=(6, 2)), RNG.normal(size=(6, 2))


def layer(inputs, outputs):
    return {"w": RNG.normal(size=(inputs, outputs)), "b": RNG.normal(size=outputs), "scale": 1.5}


def loss_d(disc, gen):
    def logit(x):
        return disc["scale"] * jnp.tanh(x @ disc["w"] + disc["b"]).sum(-1)

    fake = gen["scale"] * jnp.tanh(Z @ gen["w"] + gen["b"])
    return jnp.mean(jax.nn.softplus(-logit(X)) + jax.nn.softplus(logit(fake)))


LOSSES = {"disc": loss_d, "gen": lambda disc, gen: -loss_d(disc, gen)}
START = {"disc": layer(2, 3), "gen": layer(2, 2)}


@pytest.fixture(scope="module")
def flow():
    with jax.enable_x64(True):
        return Gradient().flow(Game(LOSSES, start=START))


@pytest.fixture(scope="module")
def gradients():
    """What a user's own loop differentiates, in pytrees."""
    return jax.jit(
        lambda params: {
            player: jax.grad(loss, i)(params["disc"], params["gen"])
            for i, (player, loss) in enumerate(LOSSES.items())
        }
    )


def run(transformations, gradients, params, states, steps):
    for _ in range(steps):
        slopes = gradients(params)
        for player, transformation in transformations.items():
            update, states[player] = transformation.update(
                slopes[player], states[player], params[player]
            )
            params = params | {player: optax.apply_updates(params[player], update)}
    return params, states


WEIGHTS = {"w": "adam", "b": "sgd", "scale": "sgd"}
TRANSFORMATIONS = {
    "adam, clipped, with a schedule": lambda: optax.chain(
        optax.clip_by_global_norm(0.1), optax.adam(optax.cosine_decay_schedule(1e-2, 20))
    ),
    # these treat each array apart, so that one flat vector would not do
    "trust ratios": lambda: optax.lamb(1e-2),
    "an optimiser for each array": lambda: optax.multi_transform(
        {"adam": optax.adam(1e-2), "sgd": optax.sgd(1e-2, 0.5)}, WEIGHTS
    ),
    "averages by rows and columns": lambda: optax.adafactor(1e-2, min_dim_size_to_factor=2),
}


SLOW = ("an optimiser for each array", "averages by rows and columns", "trust ratios")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in TRANSFORMATIONS]
)
def test_a_run_is_taken_up_where_it_stopped(flow, gradients, name):
    transformations = {"disc": TRANSFORMATIONS[name](), "gen": optax.rmsprop(3e-3, momentum=0.5)}
    rule = Optax(transformations)
    with jax.enable_x64(True):
        params = jax.tree.map(jnp.asarray, START)
        states = {player: t.init(params[player]) for player, t in transformations.items()}
        params, states = run(transformations, gradients, params, states, 3)
        state = optax_state(rule, flow, flow.game.pack(params), states)
        step = jax.jit(lambda state: rule.step(flow, state))
        for _ in range(3):
            state = step(state)
        params, states = run(transformations, gradients, params, states, 3)
        expected = flow.game.pack(params)
        assert np.abs(expected - flow.start).max() > 1e-3
        np.testing.assert_allclose(state[0], expected, rtol=1e-13)
        # and so are the moments
        again = optax_state(rule, flow, expected, states)
        for ours, theirs in zip(state, again, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-18)


def test_the_multipliers_of_adam_with_the_moments_of_the_run(flow, gradients):
    # m ← β₁m − (1 − β₁)v, ν ← β₂ν + (1 − β₂)v², x ← x − h m̂/(√ν̂ + ε), differentiated by hand in x and m
    h, b1, b2, eps = 0.05, 0.5, 0.9, 1e-3
    adam = optax.adam(h, b1, b2, eps=eps)
    rule = Optax(adam)
    with jax.enable_x64(True):
        params = jax.tree.map(jnp.asarray, START)
        states = {player: adam.init(params[player]) for player in params}
        params, states = run(dict.fromkeys(params, adam), gradients, params, states, 4)
        x = flow.game.pack(params)
        state = optax_state(rule, flow, x, states)
        found = linearise_rule(rule, flow, x, state)
        d = len(x)
        u, w = np.split(np.random.default_rng(1).normal(size=2 * d), 2)
        image = np.asarray(found.matvec(np.concatenate([u, w])))
        along, v = np.asarray(flow.game.jvp(x, u)), np.asarray(flow.game.field(x))
        mu, nu = (
            np.asarray(flow.game.pack({p: getattr(states[p][0], name) for p in states}))
            for name in ("mu", "nu")
        )
    n = int(states["disc"][0].count) + 1
    nu_after, mu_after = b2 * nu + (1 - b2) * v**2, b1 * mu - (1 - b1) * v
    root = np.sqrt(nu_after / (1 - b2**n))
    mu_moves = b1 * w - (1 - b1) * along
    # at this point the field is not zero, so the new ν̂ depends on x as well
    root_moves = (1 - b2) * v * along / (1 - b2**n) / root
    moves = mu_moves / (root + eps) - mu_after * root_moves / (root + eps) ** 2
    np.testing.assert_allclose(image[:d], u - h / (1 - b1**n) * moves, rtol=1e-9)
    np.testing.assert_allclose(image[d:], mu_moves, rtol=1e-9)


def test_states_that_went_through_a_file_or_flax_fit(flow):
    adam = optax.adam(1e-2)
    params = jax.tree.map(jnp.asarray, START)
    states = {player: adam.init(params[player]) for player in params}
    expected = optax_state(Optax(adam), flow, flow.start, states)
    plain = {
        player: [{"count": s[0].count, "mu": s[0].mu, "nu": s[0].nu}, {}]
        for player, s in states.items()
    }
    wrapped = jax.tree.map(lambda leaf: {"value": leaf}, states)  # as Flax's variables are
    for given in (plain, wrapped):
        for one, other in zip(
            optax_state(Optax(adam), flow, flow.start, given), expected, strict=True
        ):
            np.testing.assert_array_equal(one, other)


def changed(**changes):
    """Adam's state for the players with one thing changed for the discriminator."""
    adam = optax.adam(1e-2)
    states = {player: adam.init(jax.tree.map(jnp.asarray, own)) for player, own in START.items()}
    first, *rest = states["disc"]
    return states | {"disc": (first._replace(**changes), *rest)}


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (lambda: {"disc": ()}, "maps each of the players disc, gen"),
        (lambda: changed(nu=None), "of player 'disc' has no '0/nu/b'"),
        (lambda: changed(nu={**START["disc"], "v": np.ones(2)}), "has '0/nu/v', which"),
        (lambda: changed(mu=START["gen"]), r"'0/mu/b' .* has the shape \(2,\); .* \(3,\)"),
        (lambda: changed(count=np.nan), "'0/count' .* holds a number that is not finite"),
    ],
)
def test_states_that_do_not_fit(flow, states, words):
    with pytest.raises(InputError, match=words) as caught:
        optax_state(Optax(optax.adam(1e-2)), flow, flow.start, states())
    assert "\n" not in str(caught.value)


def test_other_rules_have_no_optax_state(flow):
    with pytest.raises(InputTypeError, match="inside Alternating, not simultaneous"):
        optax_state(Simultaneous(0.1), flow, flow.start, {})
