"""Means in microbatches: the same numbers as at once, in the memory of one microbatch; other data."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import Game, InputError
from stability.games.batches import average, samples
from stability.penalties import ConsensusPenalty

DATA = np.random.default_rng(0).standard_normal((7, 2))


def fit(data=DATA, traces=None, **options):
    """Two players, losses that are means over points."""

    def loss_a(a, b, points):
        if traces is not None:
            traces.append(None)
        return jnp.mean(jnp.sin(a * points[:, 0]) * b + a**2 * points[:, 1])

    def loss_b(a, b, points):
        return jnp.mean(jnp.cos(b * points[:, 1] - a))

    return Game({"a": loss_a, "b": loss_b}, start={"a": 0.4, "b": -0.3}, data=(data,), **options)


@pytest.fixture
def x64():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_averages_of_any_size(size, x64):
    """Of 7 samples: one by one, with one left over, at once, and in microbatches larger than the data."""
    function = lambda data: {"m": jnp.mean(data[0] ** 3, axis=0), "s": jnp.mean(jnp.exp(data[1]))}  # noqa: E731
    data = (jnp.asarray(DATA), jnp.asarray(DATA[:, 1]))
    for found, expected in zip(
        jax.tree.leaves(average(function, data, size)),
        jax.tree.leaves(function(data)),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_every_operation_in_microbatches(x64):
    whole = fit()
    game = whole.batched(3)
    x, u = jnp.array([0.4, -0.3]), jnp.array([1.0, 0.6])
    close = {"rtol": 1e-13, "atol": 1e-15}  # sums of seven terms in another order
    operations = ("losses", "field", "jacobian", "derivatives")

    @jax.jit
    def at_once(x):
        """What is expected, compiled together."""
        return {name: getattr(whole, name)(x) for name in operations}

    expected = at_once(x)
    for name in operations:
        for a, b in zip(
            jax.tree.leaves(getattr(game, name)(x)), jax.tree.leaves(expected[name]), strict=True
        ):
            np.testing.assert_allclose(a, b, **close)
    np.testing.assert_allclose(game.player_field("b", x), expected["field"][1:], **close)
    linear = game.linearise(x)
    np.testing.assert_allclose(linear.matvec(u), expected["jacobian"] @ u, **close)
    np.testing.assert_allclose(linear.rmatvec(u), expected["jacobian"].T @ u, **close)
    np.testing.assert_array_equal(game.field(x), game.field(x))


@pytest.mark.slow
def test_squares_of_means_are_taken_of_the_whole_mean(x64):
    """Consensus is no mean over samples, before and after the game is put into microbatches."""
    x = jnp.array([0.4, -0.3])
    expected = ConsensusPenalty(0.7)(fit()).field(x)
    wrong = np.mean([ConsensusPenalty(0.7)(fit(DATA[[i]])).field(x) for i in range(7)], axis=0)
    for game in (ConsensusPenalty(0.7)(fit().batched(3)), ConsensusPenalty(0.7)(fit()).batched(3)):
        np.testing.assert_allclose(game.field(x), expected, rtol=1e-12)
    assert np.abs(wrong - expected).max() > 0.01


def test_terms_that_are_means_are_taken_in_microbatches_too(x64):
    seen = []

    def term(game, x):
        seen.append(len(game.data[0]))
        return jnp.mean(game.data[0][:, 0] ** 2) * x[0] ** 3

    x = jnp.array([0.4, -0.3])
    whole = fit().with_terms({"a": term}, mean=True)
    expected = whole.field(x)
    assert set(seen) == {7}
    seen.clear()
    np.testing.assert_allclose(whole.batched(3).field(x), expected, rtol=1e-13)
    assert set(seen) == {3, 1}


def test_the_memory_is_that_of_one_microbatch():
    def bytes_for(n, size):
        game = fit(np.ones((n, 2), "float32"), check=False)
        game = game if size is None else game.batched(size)
        vjp = jax.jit(lambda x, points: game.with_data(points).vjp(x, x))
        compiled = vjp.lower(jnp.ones(2), jnp.ones((n, 2))).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    small, large = bytes_for(1_000, 500), bytes_for(100_000, 500)
    assert large < 2 * small
    assert bytes_for(100_000, None) > 20 * large


def test_other_data_run_the_same_code():
    traces = []
    game = fit(DATA.astype("float32"), traces)
    x = jnp.array([0.4, -0.3])
    other = 2 * DATA.astype("float32")
    for operation in ("field", "linearize"):
        getattr(game, operation)(x)
        once = len(traces)
        getattr(game.with_data(other), operation)(x)
        getattr(game.with_data(jnp.asarray(other)).with_data(-other), operation)(x)
        assert len(traces) == once
    # with one sample more: compiled anew, and right
    more = np.concatenate([other, other[:1]])
    np.testing.assert_allclose(game.with_data(more).field(x), fit(more).field(x), rtol=1e-5)
    np.testing.assert_allclose(game.with_data(other).field(x), fit(other).field(x), rtol=1e-5)
    np.testing.assert_array_equal(game.data[0], DATA.astype("float32"))


def test_data_inside_somebody_elses_jit():
    game = fit(DATA.astype("float32"))
    x = jnp.array([0.4, -0.3])
    inside = jax.jit(lambda points: game.with_data(points).field(x))
    other = jnp.asarray(2 * DATA, "float32")
    np.testing.assert_allclose(inside(other), game.with_data(other).field(x), rtol=1e-5)
    np.testing.assert_allclose(game.field(x), fit().field(x), rtol=1e-5)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((DATA, DATA), "not structured"),
        ((), "not structured"),
        ((DATA[0],), "of 2 axes and float.*not of 1"),
        ((np.ones((7, 2), int),), "not of 2 axes and int"),
    ],
)
def test_data_that_do_not_fit(data, message):
    with pytest.raises(InputError, match=message):
        fit().with_data(*data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((), "the game has no data"),
        ((3.0,), "a number without axes"),
        ((np.ones((2, 3)), np.ones(4)), "different lengths, 2, 4"),
        ((np.ones((0, 3)),), "the data are empty"),
    ],
)
def test_data_without_samples(data, message):
    with pytest.raises(InputError, match=message):
        samples(data)
    with pytest.raises(InputError, match="the size of a microbatch"):
        fit().batched(0)
