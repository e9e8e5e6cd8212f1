"""The programs that an accelerator runs can be made for it, on a machine that has none."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import Gradient, Optimistic, gan
from stability.dynamics.linearisation import Products
from stability.rules.linearisation import linearise_rule

LENGTH = 8


def convolve(kernel, x):
    layout = ("NHC", "HIO", "NHC")
    return jax.lax.conv_general_dilated(x, kernel, (2,), "SAME", dimension_numbers=layout)


def discriminator(disc, samples):
    hidden = jax.nn.softplus(convolve(disc["kernel"], samples[..., None]))
    return hidden.reshape(len(samples), -1) @ disc["out"]


def generator(gen, latents):
    return jnp.tanh(latents @ gen["in"]) @ gen["out"]


@pytest.fixture(scope="module")
def game():
    r = np.random.default_rng(0)

    def weights(*shape):
        return r.standard_normal(shape).astype("float32")

    start = {
        "disc": {"kernel": weights(3, 1, 2), "out": weights(LENGTH, 1)},
        "gen": {"in": weights(2, 4), "out": weights(4, LENGTH)},
    }
    return gan(discriminator, generator, start=start, data=weights(6, LENGTH), latent=2)


def lowered(function, *arguments):
    """The program for CUDA, as text."""
    traced = jax.jit(function).trace(*arguments)
    return traced.lower(lowering_platforms=("cuda",)).as_text()


def check(program, *operations):
    for operation in operations:
        assert operation in program
    # nothing that would have to ask Python, or LAPACK on the host
    assert "callback" not in program
    assert "lapack" not in program


def test_the_field_and_its_linearization(game):
    x = jnp.asarray(game.start)
    check(lowered(game.field, x), "stablehlo.dot_general", "stablehlo.convolution")
    check(lowered(game.linearize, x), "stablehlo.dot_general", "stablehlo.convolution")
    check(lowered(game.jvp, x, x), "stablehlo.dot_general")


@pytest.mark.parametrize("precision", [None, "bfloat16"])
def test_products(game, precision):
    x = jnp.asarray(game.start)
    # shapes are enough: nothing is compiled or run
    products = Products(game.field, game.partition)
    kept = jax.eval_shape(lambda y: products.at(y, precision=precision), x)
    programs = [
        lowered(lambda a, u: a.matvec(u), kept, x),
        lowered(lambda a, u: a.rmatvec(u), kept, x),
        lowered(lambda a, u: a.symmetric.matvec(u), kept, x),
        lowered(lambda a, u: a.matmat(u), kept, jnp.stack([x, x], 1)),
    ]
    for program in programs:
        check(program, "stablehlo.dot_general", "stablehlo.convolution")
        assert ("bf16" in program) == (precision is not None)


def test_blocks_and_microbatches(game):
    x = jnp.asarray(game.start)
    of_gen = game.partition.part(1, x)
    hessian = jax.eval_shape(lambda y: game.linearise(y).hessian("gen"), x)
    check(lowered(lambda a, u: a.matvec(u), hessian, of_gen), "stablehlo.dot_general")
    batched = jax.eval_shape(game.batched(4).linearize, x)
    check(lowered(lambda a, u: a.rmatvec(u), batched, x), "stablehlo.while")


def test_steps_of_rules(game):
    step = linearise_rule(Optimistic(0.1), Gradient().flow(game), game.start)
    check(lowered(lambda a, u: a.matvec(u), step, step.point), "stablehlo.dot_general")
    check(lowered(lambda a, u: a.rmatvec(u), step, step.point), "stablehlo.dot_general")
