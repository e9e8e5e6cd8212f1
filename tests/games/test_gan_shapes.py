"""Networks, data and latents that do not fit together: one sentence with the shapes and the way out."""

from __future__ import annotations

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import InputError, gan

RNG = np.random.default_rng(0)


def layers(*sizes):
    return [np.ones(shape, "float32") for shape in pairwise(sizes)]


def network(parameters, x):
    *hidden, last = parameters
    for w in hidden:
        x = jnp.tanh(x @ w)
    return x @ last


def build(disc=(6, 9, 1), gen=(8, 9, 6), width=6, latent=8, **more):
    start = {"disc": layers(*disc), "gen": layers(*gen)}
    data = RNG.standard_normal((5, width)).astype("float32")
    return gan(network, network, start=start, data=data, latent=latent, **more)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"latent": 5},
            "the generator takes latents of shape (5, 8) and was given (5, 5); set latent=8",
        ),
        (
            {"latent": np.ones((3, 2), "float32")},
            "the generator takes latents of shape (3, 8) and was given (3, 2); give it such latents",
        ),
        (
            {"width": 4},
            "the discriminator, on the data, takes samples of shape (5, 6) and was given (5, 4); "
            "give it such samples, or change its first layer",
        ),
        (
            {"gen": (8, 9, 7)},
            "the generator makes samples of shape (5, 7) out of 5 latents; for these data it must be "
            "(5, 6), so change its last layer or the data",
        ),
        (
            {"disc": (6, 9, 3)},
            "the discriminator returns logits of shape (5,) or (5, 1) for 5 samples, not shape (5, 3); "
            "let it end in one number for each sample",
        ),
    ],
    ids=["latent", "latents", "data", "samples", "logits"],
)
def test_the_sentence_names_the_network_the_shapes_and_the_way_out(options, sentence):
    with pytest.raises(InputError) as caught:
        build(**options)
    assert str(caught.value) == sentence
    build()  # and the widths that it names are right


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_the_channels_of_images(layout):
    def disc(kernel, x):
        return jax.lax.conv_general_dilated(
            x, kernel, (1, 1), "VALID", dimension_numbers=(layout, "HWIO", layout)
        ).mean(axis=(1, 2, 3))

    shapes = {"NHWC": [(4, 7, 7, 1), (4, 7, 7, 3)], "NCHW": [(4, 1, 7, 7), (4, 3, 7, 7)]}
    given, taken = shapes[layout]
    with pytest.raises(InputError) as caught:
        gan(
            disc,
            lambda gen, z: z,
            start={"disc": np.ones((2, 2, 3, 5), "float32"), "gen": np.ones(1, "float32")},
            data=np.ones(given, "float32"),
            latent=np.ones(given, "float32"),
        )
    assert f"takes samples of shape {taken} and was given {given};" in str(caught.value)


def test_what_is_not_a_matter_of_width_keeps_its_own_reason():
    def generator(gen, z):
        raise RuntimeError(f"no {z.shape[1]} here")

    with pytest.raises(
        InputError, match=r"fails under JAX on latents of shape \(5, 8\): no 8 here$"
    ):
        gan(
            network,
            generator,
            start={"disc": layers(6, 1), "gen": layers(8, 6)},
            data=np.ones((5, 6), "float32"),
            latent=8,
        )
