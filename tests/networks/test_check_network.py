"""Networks and losses that are no functions of their arguments alone are caught and named."""

from __future__ import annotations

import random
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import InputError, InputTypeError
from stability.networks import check_network, impurity

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
W = np.random.default_rng(1).normal(size=(3, 2)).astype(np.float32)


def network(w, x):
    return jnp.tanh(x @ w)


class Toggle:
    def __init__(self):
        self.on = False

    def __call__(self, w, x):
        self.on = not self.on
        return network(w, x) * (1.0 if self.on else 2.0)


class RunningMean:
    """Batch statistics kept on the side: those of the last call go into this one."""

    def __init__(self):
        self.mean = jnp.zeros(3)

    def __call__(self, w, x):
        self.mean = 0.9 * self.mean + 0.1 * jnp.mean(x, axis=0)
        return network(w, x - self.mean)


class History:
    """Each call adds a number of Python's own, as a schedule kept by hand would."""

    def __init__(self):
        self.calls = []

    def __call__(self, w, x):
        self.calls.append(0)
        return network(w, x) / len(self.calls)


@jax.jit
def jitted_noise(x):
    return x + np.random.standard_normal(x.shape).astype(np.float32)  # noqa: NPY002


class Unhashable:
    def __call__(self, w, x):
        return jnp.einsum("ij,jk", x, w)


BROKEN = {
    "numpy's random numbers": lambda w, x: network(w, x + np.random.standard_normal((4, 3))),  # noqa: NPY002
    "one random number of Python's": lambda w, x: network(w, x) * random.random(),
    "drawn inside a jitted function": lambda w, x: network(w, jitted_noise(x)),
    "a toggle": Toggle(),
    "a counter": History(),
    "a key from the time in nanoseconds": lambda w, x: network(
        w, x + jax.random.normal(jax.random.key(time.time_ns() % 2**30), x.shape)
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_changes_from_call_to_call(name):
    with pytest.raises(InputError, match="the generator changes from call to call"):
        check_network(BROKEN[name], W, X, "the generator")


@pytest.mark.parametrize("make", [jax.random.key, jax.random.PRNGKey])
def test_the_clock_as_seed(make):
    def noisy(w, x):
        return network(w, x + jax.random.normal(make(int(time.time())), x.shape))

    assert "clock as seed" in impurity(noisy, W, X)
    assert "clock as seed" in impurity(jax.jit(noisy), W, X)


def test_statistics_kept_on_the_side():
    with pytest.raises(InputError, match="the discriminator keeps an array of one call") as caught:
        check_network(RunningMean(), W, X, "the discriminator")
    assert "\n" not in str(caught.value)


def test_callbacks():
    def called_back(w, x):
        shape = jax.ShapeDtypeStruct(x.shape, x.dtype)
        return network(w, jax.pure_callback(lambda x: x, shape, x))

    assert "calls back into Python" in impurity(called_back, W, X)


@pytest.mark.parametrize(
    "function",
    [
        network,
        jax.jit(network),
        lambda w, x: network(w, x + jax.random.normal(jax.random.key(3), x.shape)),
        lambda w, x: jax.lax.scan(lambda c, _: (jnp.tanh(c @ w @ W.T), None), x, length=3)[0],
        lambda w, x: jax.nn.relu(network(w, x) + np.array([np.inf, np.nan])),
        lambda w, x: jax.checkpoint(network)(w, x),
        Unhashable(),
    ],
    ids=[
        "plain",
        "jitted",
        "fixed key",
        "scan",
        "constants that are no numbers",
        "remat",
        "object",
    ],
)
def test_pure_functions(function):
    assert impurity(function, W, X) is None


def batch_normalised(w, x):
    x = x @ w
    return (x - x.mean(0)) / jnp.sqrt(x.var(0) + 1e-5)


def test_a_batch_that_mixes_its_samples():
    with pytest.raises(InputError, match="depends on the other samples of the batch"):
        check_network(batch_normalised, W, X)
    layer = check_network(lambda w, x: jax.vmap(batch_normalised, (None, 0))(w, x[:, None]), W, X)
    assert layer.shape == (4, 1, 2)


@pytest.mark.parametrize("which", [0, 3])
def test_one_sample_that_moves_one_other(which):
    def mixed(w, x):
        return network(w, x).at[2].add(1e-6 * x[0, 0] if which == 0 else 0.0)

    if which == 0:
        with pytest.raises(InputError, match="depends on the other samples"):
            check_network(mixed, W, X)
    else:
        check_network(mixed, W, X)


def test_labels_beside_images():
    def conditional(w, inputs):
        return {"logit": network(w, inputs["image"])[:, 0] + inputs["label"]}

    inputs = {"image": X, "label": np.arange(4)}
    assert check_network(conditional, W, inputs)["logit"].shape == (4,)


@pytest.mark.parametrize(
    ("apply", "inputs", "kind", "words"),
    [
        (lambda w, x: (x @ w).mean(), X, InputTypeError, "one output per sample, 4 along"),
        (lambda w, x: (x @ w) > 0, X, InputTypeError, "floating-point numbers, not bool"),
        (lambda w, x: jnp.log(x @ w), X, InputError, "returns a number that is not finite"),
        (lambda w, x: x @ w.T, X, InputError, "the critic fails under JAX: dot_general"),
        (lambda w, x: network(w, x["a"]), {"a": X, "b": X[:2]}, InputTypeError, "not shapes"),
        (network, np.float32(1), InputTypeError, "not shapes"),
    ],
)
def test_networks_that_do_not_fit(apply, inputs, kind, words):
    with pytest.raises(kind, match=words) as caught:
        check_network(apply, W, inputs, "the critic")
    assert "the critic" in str(caught.value)
    assert "\n" not in str(caught.value)
