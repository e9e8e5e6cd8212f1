"""Optimiser states of runs whose players took turns: `Alternating` goes on where optax stopped."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import Alternating, Game, Gradient, InputError, InputTypeError, Lookahead, Optax
from stability.rules.optax_state import optax_state

optax = pytest.importorskip("optax")

RNG = np.random.default_rng(0)
START = {
    "disc": {"w": RNG.normal(size=(2, 3)), "b": RNG.normal(size=3)},
    "gen": {"w": RNG.normal(size=(2, 2)), "shift": RNG.normal(size=2)},
}
Z = RNG.normal(size=(6, 2))


def value(disc, gen):
    fake = Z @ gen["w"] + gen["shift"]
    return jnp.mean(jnp.tanh(fake @ disc["w"] + disc["b"])) + 0.1 * jnp.sum(fake**2)


LOSSES = {"disc": lambda disc, gen: -value(disc, gen), "gen": value}


@pytest.fixture(scope="module")
def flow():
    with jax.enable_x64(True):
        return Gradient().flow(Game(LOSSES, start=START))


def in_turn(transformations, params, states):
    """One step of everybody's own loop: the second player sees what the first has done."""
    for i, (player, transformation) in enumerate(transformations.items()):
        slope = jax.grad(LOSSES[player], i)(*params.values())
        update, state = transformation.update(slope, states[player], params[player])
        params = params | {player: optax.apply_updates(params[player], update)}
        states = states | {player: state}
    return params, states


def test_the_next_step_is_the_loops_own(flow):
    transformations = {"disc": optax.adam(0.05, eps=1e-3), "gen": optax.sgd(0.1, momentum=0.9)}
    rule = Alternating(inner={p: Optax(t) for p, t in transformations.items()}, lr=1.0)
    loop = jax.jit(lambda params, states: in_turn(transformations, params, states))
    with jax.enable_x64(True):
        params = jax.tree.map(jnp.asarray, START)
        states = {p: t.init(params[p]) for p, t in transformations.items()}
        for _ in range(3):
            params, states = loop(params, states)
        x = flow.game.pack(params)
        after = jax.jit(lambda state: rule.step(flow, state))(optax_state(rule, flow, x, states))
        params, states = loop(params, states)
        expected = flow.game.pack(params)
        assert np.abs(expected - x).max() > 1e-2
        # the same sums in another order, so all but the last digits; and the memory goes on as the loop's
        for ours, theirs in zip(after, optax_state(rule, flow, expected, states), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    "transformation",
    [
        optax.chain(optax.clip_by_block_rms(1.0), optax.sgd(0.1)),
        optax.lars(0.1),
        optax.masked(optax.adam(0.1), {"w": True, "b": False}),
    ],
    ids=["clip-by-block", "trust-ratio", "masked"],
)
def test_what_treats_arrays_apart_is_refused_in_a_sentence(flow, transformation):
    plain = optax.sgd(0.1)
    rule = Alternating(inner={"disc": Optax(transformation), "gen": Optax(plain)}, lr=1.0)
    with jax.enable_x64(True):
        states = {"disc": transformation.init(START["disc"]), "gen": plain.init(START["gen"])}
        with pytest.raises(InputError, match="player 'disc' treats each array apart") as caught:
            optax_state(rule, flow, flow.start, states)
        assert "\n" not in str(caught.value)
        alone = Optax({"disc": transformation, "gen": plain})
        assert optax_state(alone, flow, flow.start, states)  # what the sentence advises


def test_other_rules_and_bare_transformations_are_refused_by_name(flow):
    adam = optax.adam(0.1)
    with pytest.raises(InputTypeError, match=r"alone or inside Alternating, not lookahead$"):
        optax_state(Lookahead(inner=Optax(adam)), flow, flow.start, {})
    with pytest.raises(InputTypeError, match="player 'disc' steps by simultaneous"):
        optax_state(Alternating(inner={"gen": Optax(adam)}), flow, flow.start, {})
    for make in (
        lambda: Alternating(adam),
        lambda: Alternating(inner=adam),
        lambda: Alternating(inner={"disc": adam}),
        lambda: Lookahead(inner=adam),
    ):
        with pytest.raises(InputTypeError, match=r"as st.Optax\(transformation\)$"):
            make()
