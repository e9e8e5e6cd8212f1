"""Kinks and jumps are told from smooth fields, however steep."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import Flow
from stability.equilibria.smoothness import smoothness

BOX = np.array([[-2.0, 2.0]])


def multiplied_out(z):
    """(z − 2)⁶."""
    return z**6 - 12 * z**5 + 60 * z**4 - 160 * z**3 + 240 * z**2 - 192 * z + 64


SCALAR = {
    # kinks
    "abs": (jnp.abs, 0.0, "continuous"),
    "relu": (jax.nn.relu, 0.0, "continuous"),
    "leaky relu": (jax.nn.leaky_relu, 0.0, "continuous"),
    "weak kink": (lambda z: z + 1e-6 * jnp.abs(z), 0.0, "continuous"),
    "kink beside a constant": (lambda z: 1e3 + jnp.abs(z - 1), 1.0, "continuous"),
    "kink within rounding": (jnp.abs, 1e-9, "continuous"),
    # jumps
    "sign": (jnp.sign, 0.0, "jump"),
    "step": (lambda z: jnp.where(z > 0, 1.0 + z, z), 0.0, "jump"),
    "logarithm at its edge": (jnp.log, 0.0, "jump"),
    "logarithm near its edge": (jnp.log, 1e-5, "jump"),
    "square root at its edge": (jnp.sqrt, 0.0, "jump"),
    "nan": (lambda z: z * jnp.nan, 0.0, "jump"),
    "pole": (lambda z: 1 / z, 0.0, "jump"),
    # smooth
    "constant": (lambda z: 0 * z + 1, 0.0, "smooth"),
    "zero": (lambda z: 0 * z, 0.0, "smooth"),
    "linear": (lambda z: 3 * z, 0.0, "smooth"),
    "cubic": (lambda z: z**3, 0.0, "smooth"),
    "steep parabola": (lambda z: 1e8 * z**2, 0.0, "smooth"),
    "x|x|": (lambda z: z * jnp.abs(z), 0.0, "smooth"),
    "squared relu": (lambda z: jax.nn.relu(z) ** 2, 0.0, "smooth"),
    "power 3/2": (lambda z: jnp.sign(z) * jnp.abs(z) ** 1.5, 0.0, "smooth"),
    "abs beside its kink": (jnp.abs, 1e-3, "smooth"),
    "logarithm inside": (jnp.log, 0.01, "smooth"),
    "steep sigmoid": (lambda z: jax.nn.sigmoid(50 * z), 0.0, "smooth"),
    "very steep sigmoid": (lambda z: jax.nn.sigmoid(5000 * z), 0.0, "smooth"),
    "fast sine": (lambda z: jnp.sin(1000 * z), 0.3, "smooth"),
    "large constant": (lambda z: 1e12 + jnp.sin(z), 1.0, "smooth"),
    "softplus": (jax.nn.softplus, 0.0, "smooth"),
    # terms that cancel to rounding, as of a power that is multiplied out, alone and beside a kink
    "sixth power": (multiplied_out, 2.0, "smooth"),
    "kink in the sixth power": (
        lambda z: multiplied_out(z) + 1e-6 * jnp.abs(z - 2),
        2.0,
        "continuous",
    ),
    "jump in the sixth power": (lambda z: multiplied_out(z) + 1e-9 * jnp.sign(z - 2), 2.0, "jump"),
}


@pytest.mark.parametrize(("function", "point", "expected"), SCALAR.values(), ids=SCALAR)
def test_one_variable(function, point, expected):
    evaluate = Flow(function, dimension=1).evaluate
    assert smoothness(evaluate, np.array([point]), BOX) == expected


PLANE = {
    "kink in one direction": (lambda z: jnp.array([z[1], -jnp.abs(z[0])]), [0, 1], "continuous"),
    "kink along a slanted line": (
        lambda z: jnp.array([jax.nn.relu(z[0] - 2 * z[1]), z[0]]),
        [1.0, 0.5],
        "continuous",
    ),
    "WGAN-GP": (
        lambda z: jnp.array([-z[1], z[0] - 2 * (jnp.abs(z[1]) - 1) * jnp.sign(z[1])]),
        [0, 0],
        "jump",
    ),
    "length of a vector": (lambda z: jnp.sqrt(z @ z) * jnp.ones(2), [0.0, 0.0], "jump"),
    "away from the kink": (lambda z: jnp.array([z[1], -jnp.abs(z[0])]), [1, 0], "smooth"),
    "rotation": (lambda z: jnp.array([z[1], -z[0]]), [0, 0], "smooth"),
}


@pytest.mark.parametrize(("function", "point", "expected"), PLANE.values(), ids=PLANE)
def test_two_variables(function, point, expected):
    evaluate = Flow(function, dimension=2).evaluate
    box = np.array([[-2.0, 2.0], [-4.0, 4.0]])
    for seed in range(3):
        assert smoothness(evaluate, np.array(point, dtype=float), box, seed) == expected


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_boxes_of_all_sizes(scale):
    box = scale * BOX
    for function, expected in ((lambda z: jnp.abs(z), "continuous"), (lambda z: z * z, "smooth")):
        evaluate = Flow(function, dimension=1).evaluate
        assert smoothness(evaluate, np.zeros(1), box) == expected
