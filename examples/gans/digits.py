"""GANs on the 1,797 real 8×8 images of digits that scikit-learn ships (the extra `examples`).

`digits.py:game` has dense networks, `digits.py:convolutional` convolutions: give either to `stability probe`.
"""

from __future__ import annotations

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from gan_networks import (
    convolution,
    dense,
    enlarge,
    initial_convolution,
    initial_dense,
    initial_mlp,
    mlp,
)

import stability as st

MODES = 10
LATENT = 16
CHANNELS = 16
CERTAIN = (
    0.9  # probability from which on an image counts as the digit that the classifier takes it for
)


def images() -> np.ndarray:
    """The images as rows, shape (1797, 64), pixels between −1 and 1."""
    from sklearn.datasets import load_digits

    return (load_digits().data / 8 - 1).astype(np.float32)


def latents(seed: int = 1, count: int = 1797) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, LATENT)).astype(np.float32)


@cache
def classifier():
    """A logistic regression of the digits, to see which ones a generator makes."""
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1.0, max_iter=2000).fit(images(), load_digits().target)


def modes(samples: np.ndarray) -> int:
    """How many of the ten digits get at least a quarter of their share of the samples, for certain."""
    probabilities = classifier().predict_proba(samples)
    hit = probabilities.argmax(axis=1)[probabilities.max(axis=1) >= CERTAIN]
    return int(np.sum(np.bincount(hit, minlength=MODES) >= len(samples) / MODES / 4))


def discriminator(parameters, images):
    return mlp(parameters, images)[:, 0]


def generator(parameters, latents):
    return jnp.tanh(mlp(parameters, latents))


def convolutional_discriminator(parameters, images):
    x = images.reshape(-1, 8, 8, 1)
    x = jnp.tanh(convolution(parameters["first"], x, stride=2))
    x = jnp.tanh(convolution(parameters["second"], x, stride=2))
    return dense(parameters["last"], x.reshape(len(x), -1))[:, 0]


def convolutional_generator(parameters, latents):
    x = jnp.tanh(dense(parameters["first"], latents)).reshape(-1, 2, 2, 2 * CHANNELS)
    x = jnp.tanh(convolution(parameters["second"], enlarge(x)))
    x = jnp.tanh(convolution(parameters["third"], enlarge(x)))
    return jnp.tanh(convolution(parameters["last"], x)).reshape(-1, 64)


def _game(discriminator, generator, start, name: str) -> st.Game:
    return st.gan(
        discriminator,
        generator,
        objective="non-saturating",
        data=jnp.asarray(images()),
        latent=jnp.asarray(latents()),
        start=start,
        name=name,
    )


def game() -> st.Game:
    disc, gen = jax.random.split(jax.random.key(0))
    start = {
        "disc": initial_mlp(disc, (64, 128, 64, 1)),
        "gen": initial_mlp(gen, (LATENT, 64, 128, 64)),
    }
    return _game(discriminator, generator, start, "digits")


def convolutional() -> st.Game:
    keys = jax.random.split(jax.random.key(0), 7)
    start = {
        "disc": {
            "first": initial_convolution(keys[0], 1, CHANNELS),
            "second": initial_convolution(keys[1], CHANNELS, 2 * CHANNELS),
            "last": initial_dense(keys[2], 2 * 2 * 2 * CHANNELS, 1),
        },
        "gen": {
            "first": initial_dense(keys[3], LATENT, 2 * 2 * 2 * CHANNELS),
            "second": initial_convolution(keys[4], 2 * CHANNELS, 2 * CHANNELS),
            "third": initial_convolution(keys[5], 2 * CHANNELS, CHANNELS),
            "last": initial_convolution(keys[6], CHANNELS, 1),
        },
    }
    return _game(
        convolutional_discriminator, convolutional_generator, start, "convolutional digits"
    )
