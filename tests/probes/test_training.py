"""Training: the steps are the rule's, on the batches they should be on, and interruptions change nothing."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import stability as st
from stability.dynamics.trajectory import Outcome
from stability.errors import InputError, InputTypeError
from stability.probes.training import train
from stability.rules.optax_rule import named_optax
from tests.selection import slow_but

SAMPLES = 12
RULES = [  # without memory, with a vector of it, with vectors and counts
    st.Alternating(lr={"x": 0.1, "y": 0.2}, steps={"x": 2}),
    st.Optimistic(lr=0.1),
    named_optax("adam", 0.02, {"b1": 0.5}),
]


def bilinear():
    return st.zero_sum(
        lambda x, y: x * y, minimizer="x", maximizer="y", start={"x": 1.0, "y": 0.0}, name="xy"
    )


@pytest.fixture(scope="module")
def game():
    return sampled()


def sampled():
    """min max of the mean of xᵀA_k y + |x|²/2 − |y|²/2 over twelve matrices A_k."""
    matrices = np.random.default_rng(0).standard_normal((SAMPLES, 3, 3)).astype(np.float32)

    def value(x, y, a):
        return jnp.mean(jnp.einsum("i,nij,j->n", x, a, y)) + x @ x / 2 - y @ y / 2

    start = {"x": jnp.ones(3), "y": jnp.arange(3.0)}
    return st.zero_sum(value, minimizer="x", maximizer="y", start=start, data=(matrices,))


def counting():
    """A game whose first player counts which samples were seen."""

    def loss(x, y, seen):
        return -jnp.mean(seen @ x)

    start = {"x": jnp.zeros(SAMPLES), "y": jnp.ones(())}
    return st.Game(
        {"x": loss, "y": lambda x, y, seen: 0.0 * y}, start=start, data=(jnp.eye(SAMPLES),)
    )


def test_simultaneous_steps_on_xy_spiral_out_at_the_known_rate():
    trained = train(bilinear(), st.Simultaneous(lr=0.1), 300)
    assert trained.step == 300
    assert trained.outcome is Outcome.FINISHED
    # rounding in float32: 300 steps of relative error 6e-8 each
    assert np.linalg.norm(trained.x) == pytest.approx(1.01**150, rel=1e-4)
    angle = 300 * math.atan(0.1)
    np.testing.assert_allclose(
        trained.x / np.linalg.norm(trained.x), [math.cos(angle), math.sin(angle)], atol=1e-4
    )
    assert trained.strategies == {"x": trained.x[0], "y": trained.x[1]}


@pytest.mark.parametrize("rule", slow_but(RULES[:2], RULES[:1]), ids=str)
def test_training_follows_the_rules_map(game, rule):
    flow = st.Gradient().flow(game)
    with jax.enable_x64(True):
        x0 = jnp.asarray(game.start, jnp.float64)
        trained = train(game, rule, 40, x0=x0)
        state = jnp.concatenate([jnp.ravel(v) for v in rule.init(flow, x0)])
        orbit = st.simulate(rule.map(flow), np.asarray(state), 40)
    # two compilations of the same float64 arithmetic; the data of the game are float32 in both
    np.testing.assert_allclose(trained.x, orbit.points[-1][: len(x0)], rtol=1e-7, atol=1e-9)


def test_an_epoch_sees_every_sample_once():
    batch, epochs = 4, 3
    trained = train(counting(), st.Simultaneous(lr=batch), epochs * SAMPLES // batch, batch=batch)
    np.testing.assert_allclose(trained.x[:SAMPLES], epochs)


def test_the_draws_depend_on_the_seed_and_go_on_beyond_one_chunk():
    game, rule = counting(), st.Simultaneous(lr=1.0)
    # five do not divide twelve: two batches an epoch, and two samples are left out
    trained = train(game, rule, 2, batch=5)
    np.testing.assert_allclose(sorted(trained.x[:SAMPLES]), [0] * 2 + [0.2] * 10)
    ends = [train(game, rule, 301, batch=5, seed=seed).x for seed in (1, 1, 2)]
    np.testing.assert_array_equal(ends[0], ends[1])
    assert not np.array_equal(ends[0], ends[2])
    assert ends[0][:SAMPLES].sum() == pytest.approx(301, rel=1e-5)  # sums of 0.2 in float32


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_an_interrupted_run_ends_bit_for_bit_where_it_would_have(game, rule, tmp_path):
    whole = train(game, rule, 200, batch=5, seed=3)

    def interrupt(step, x, state):
        if step == 150:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(
            game, rule, 200, batch=5, seed=3, every=50, folder=tmp_path / "run", callback=interrupt
        )
    again = sampled() if rule is RULES[0] else game  # compiled anew, as in another process
    parts = train(again, rule, 200, batch=5, seed=3, every=7, folder=tmp_path / "run")
    assert len(whole.state) == len(parts.state)
    for one, other in zip(whole.state, parts.state, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    steps = [file.step for file in st.open_run(tmp_path / "run", game=game).checkpoints]
    assert steps == [0, 50, 100, 150, *range(154, 200, 7), 200]


def test_adam_trains_as_optax_does_on_the_strategies(game):
    trained = train(game, named_optax("adam", 0.05, {}), 5)
    strategies = dict(zip(game.players, game.unpack(game.start), strict=True))
    optimiser = optax.adam(0.05)
    states = {player: optimiser.init(own) for player, own in strategies.items()}
    for _ in range(5):
        field = game.field(game.pack(strategies))
        gradients = dict(zip(game.players, game.unpack(-field), strict=True))
        for player in game.players:
            update, states[player] = optimiser.update(gradients[player], states[player])
            strategies[player] = optax.apply_updates(strategies[player], update)
    # float32, the updates scaled in another order
    np.testing.assert_allclose(trained.x, game.pack(strategies), rtol=2e-5, atol=1e-6)


def test_a_run_that_blows_up_stops_at_its_last_finite_state(tmp_path):
    game = st.Game({"x": lambda x: -(x**4) / 4}, start={"x": jnp.asarray(1.0)})
    kept = []
    trained = train(
        game,
        st.Simultaneous(lr=0.5),
        1000,
        every=3,
        folder=tmp_path / "run",
        callback=lambda step, x, state: kept.append((step, float(x[0]))),
    )
    assert trained.outcome is Outcome.BLEW_UP
    # 1, 1.5, 3.2, 19, 3.6e3, 2.3e10: the fifth step is beyond 1e9
    assert trained.step == 4
    x = 1.0
    for _ in range(4):
        x += 0.5 * x**3
    assert trained.x[0] == pytest.approx(x, rel=1e-5)
    assert [step for step, _ in kept] == [0, 3, 4]
    assert st.open_run(tmp_path / "run", game=game).recorded["outcome"] == "blew up"


def test_the_loop_is_compiled_once_for_any_number_of_steps():
    traced = []

    def loss(x, a):
        traced.append(None)
        return jnp.mean(a) * x @ x

    game = st.Game({"x": loss}, start={"x": jnp.ones(2)}, data=(jnp.ones(6),))
    rule = st.Simultaneous(lr=0.1)
    train(game, rule, 3, batch=2)
    before = len(traced)
    train(game, rule, 400, batch=2, seed=5)
    train(game, rule, 17, batch=2, every=2, x0=jnp.zeros(2))
    assert len(traced) == before
    # a penalised copy of the game must not train with the unpenalised one's loop
    doubled = st.Anchor(1.0)(game)
    once, twice = (
        train(own, rule, 1, batch=2, x0=jnp.full(2, 3.0)).x[0] for own in (game, doubled)
    )
    assert once != twice


def test_callbacks_come_at_checkpoints_and_progress_in_order(game):
    called, told = [], []
    train(
        game,
        RULES[1],
        25,
        every=10,
        callback=lambda step, x, state: called.append((step, x, state)),
        progress=lambda done, steps: told.append((done, steps)),
    )
    assert [step for step, *_ in called] == [0, 10, 20, 25]
    np.testing.assert_array_equal(called[0][1], game.start)
    assert all(len(state) == 2 and state[0] is x for _, x, state in called)
    assert told == [(0, 25), (10, 25), (20, 25), (25, 25)]


def test_penalties_starts_and_games_by_name():
    rule = st.Simultaneous(lr=0.1)
    trained = train(
        "xy", rule, 10, penalties=[st.Anchor(0.5)], x0={"x": jnp.ones(1), "y": 2 * jnp.ones(1)}
    )
    by_hand = train(st.Anchor(0.5)(st.load("xy").numeric()), rule, 10, x0=jnp.array([1.0, 2.0]))
    np.testing.assert_allclose(trained.x, by_hand.x, rtol=1e-6)
    assert trained.game.players == ("x", "y")


def test_what_cannot_be_trained_is_said_in_a_sentence(game):
    rule = st.Simultaneous(lr=0.1)
    with pytest.raises(InputError, match=r"batch size is a whole number from 1 to 12, not 13"):
        train(game, rule, 10, batch=13)
    with pytest.raises(InputError, match="has no data"):
        train(bilinear(), rule, 10, batch=2)
    with pytest.raises(InputError, match="6 floating-point numbers"):
        train(game, rule, 10, x0=jnp.ones(5))
    with pytest.raises(InputError, match="not finite"):
        train(game, rule, 10, x0=jnp.full(6, jnp.nan))
    with pytest.raises(InputError, match="steps is a whole number"):
        train(game, rule, 0)
    with pytest.raises(InputError, match="every is a whole number"):
        train(game, rule, 10, every=0)
    with pytest.raises(InputError, match="seed"):
        train(game, rule, 10, seed=-1)
    with pytest.raises(InputTypeError, match="takes a rule such as"):
        train(game, "simultaneous", 10)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputTypeError, match="for games"):
        train(st.Map(lambda x: x, dimension=2), rule, 10)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="no player 'z'"):
        train(game, st.Simultaneous(lr={"z": 0.1, "": 0.1}), 10)
