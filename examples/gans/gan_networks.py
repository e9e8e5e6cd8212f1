"""Small networks in plain JAX: fully connected and convolutional, parameters as dictionaries of arrays.

The activations are smooth, so that the game has the second derivatives that its Jacobian is made of. ReLU
networks can be trained and probed too: their derivatives exist almost everywhere, but the curvature that the
kinks hide is in no eigenvalue.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

GAIN = 2**0.5  # keeps signals from dying out in two hidden layers of softplus and tanh


def initial_dense(key, inputs: int, outputs: int):
    """Glorot and Bengio's (2010) weights, and no bias."""
    scale = GAIN * (2 / (inputs + outputs)) ** 0.5
    return {"w": scale * jax.random.normal(key, (inputs, outputs)), "b": jnp.zeros(outputs)}


def dense(parameters, x):
    return x @ parameters["w"] + parameters["b"]


def initial_mlp(key, sizes):
    """Layers between so many units: `initial_mlp(key, (16, 64, 64))` has two."""
    keys = jax.random.split(key, len(sizes) - 1)
    layers = zip(keys, sizes[:-1], sizes[1:], strict=True)
    return {f"layer{i}": initial_dense(*own) for i, own in enumerate(layers)}


def mlp(parameters, x, activation=jnp.tanh):
    """Dense layers with the activation between them; samples along the first axis."""
    *hidden, last = (parameters[f"layer{i}"] for i in range(len(parameters)))
    for layer in hidden:
        x = activation(dense(layer, x))
    return dense(last, x)


def initial_convolution(key, channels_in: int, channels_out: int):
    """A 3×3 convolution, as a dense layer on the nine neighbours of each pixel."""
    return initial_dense(key, 9 * channels_in, channels_out)


def convolution(parameters, images, stride: int = 1):
    """Images of shape (n, height, width, channels), padded so that stride 1 keeps their size.

    It is one matrix product: on a processor XLA is ten times slower at the derivatives of its own convolution
    inside a loop.
    """
    height, width = images.shape[1:3]
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    shifts = [(i, j) for i in range(3) for j in range(3)]
    neighbours = [padded[:, i : i + height : stride, j : j + width : stride] for i, j in shifts]
    return dense(parameters, jnp.concatenate(neighbours, axis=-1))


def enlarge(images):
    """Every pixel becomes a square of four."""
    return images.repeat(2, axis=1).repeat(2, axis=2)
