"""Functions rewritten on scalars: the same numbers, whatever they are written with."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import HeavyBall, Simultaneous, Unrolled, load
from stability.dynamics.ensemble_scalars import scalarised
from stability.fields import Consensus, Gradient
from tests.selection import slow_rows

M = np.array([[1.0, 2.0, 0.5], [-1.0, 0.25, 3.0], [0.0, 1.0, -2.0]])
MIXED = jax.grad(lambda z: jax.nn.softplus(z[0] * z[1]) + z[2] ** 2 * jnp.sin(z @ M @ z))

FUNCTIONS = {
    "a list of numbers": lambda z: jnp.stack([z[1] * z[2], -z[0], jnp.exp(z[0]) + 1]),
    "slices": lambda z: jnp.concatenate([z[1:], z[:1]]) * 2,
    "backwards and strided": lambda z: z[::-1] + jnp.concatenate([z[::2], z[1:2]]),
    "a matrix product": lambda z: M @ z,
    "a product from the left": lambda z: z @ M,
    "an outer product": lambda z: jnp.outer(z, z).sum(axis=0) - jnp.outer(z, z).T @ z,
    "einsum": lambda z: jnp.einsum("i,ij,j->j", z, M, z),
    "sum and mean": lambda z: z * jnp.sum(z**2) - jnp.mean(z),
    "indices": lambda z: z[jnp.array([2, 0, 0])] * z[1],
    "an assigned index": lambda z: z.at[1].set(z[0] * 3).at[2].add(z[1]),
    "padding": lambda z: jnp.pad(z, 1)[1:4] + jnp.pad(z[:1], (0, 2), constant_values=2.0),
    "roll and reshape": lambda z: jnp.roll(z, 1).reshape(3, 1)[:, 0] + jnp.tile(z[:1], 3),
    "where and comparison": lambda z: jnp.where(z > 0.2, z, jnp.abs(z) + jnp.maximum(z, 1)),
    "whole numbers": lambda z: z * jnp.floor(z).astype(int) + jnp.sign(z),
    "a gradient": MIXED,
    "a jitted function": jax.jit(lambda z: jnp.tanh(z) * z[0]),
    "a custom derivative": lambda z: jax.nn.relu(z) + jax.nn.sigmoid(z),
    "a norm": lambda z: z / (1 + jnp.linalg.norm(z)),
    "a linear solve": lambda z: jnp.linalg.solve(jnp.eye(3) * 2 + jnp.outer(z, z), z),
    "a loop": lambda z: jax.lax.fori_loop(0, 5, lambda i, y: 0.5 * y + jnp.sin(y[::-1]), z),
    "a scan": lambda z: jax.lax.scan(lambda c, x: (c + x, c * x), z[0], z)[1],
    "a condition": lambda z: jax.lax.cond(z[0] > 0, lambda y: y, lambda y: -2 * y, z),
    "a dynamic index": lambda z: z * z[jnp.int32(jnp.floor(jnp.abs(z[0])))],
    "sorting": lambda z: jnp.sort(z) + z[jnp.argmax(z)] + jnp.cumsum(z),
    "constants alone": lambda z: jnp.array([1.0, 2.0, 3.0]),
    "the argument itself": lambda z: z,
    "a large matrix on the way": lambda z: (jnp.outer(z, jnp.arange(100.0)) ** 2).sum(axis=1),
    "nothing on the way": lambda z: z + jnp.zeros((0, 3)).sum(axis=0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_values(name):
    function = FUNCTIONS[name]
    points = np.random.default_rng(1).normal(size=(40, 3))
    with jax.enable_x64(True):
        expected = jax.jit(jax.vmap(function))(points)
        found = jax.jit(jax.vmap(scalarised(function, 3)))(*points.T)
    # sums are taken in another order, and a condition number of 1e3 at most stands behind a solve
    np.testing.assert_allclose(np.stack(found, axis=1), expected, rtol=1e-12, atol=1e-13)


SIMULTANEOUS, HEAVY, UNROLLED = Simultaneous(lr=0.1), HeavyBall(lr=0.1), Unrolled(lr=0.1, k=2)
GRADIENT, CONSENSUS = Gradient(), Consensus(gamma=0.3)


@pytest.mark.parametrize(
    ("field", "rule"),
    slow_rows(
        (
            (field, rule)
            for field in (GRADIENT, CONSENSUS)
            for rule in (SIMULTANEOUS, HEAVY, UNROLLED)
        ),
        lambda row: row not in ((GRADIENT, UNROLLED), (CONSENSUS, HEAVY)),
    ),
)
def test_the_same_values_of_rules_on_games_given_by_their_losses(rule, field):
    map = rule.map(field.flow(load("dirac-gan-r1").numeric()))
    d = map.dimension
    points = np.random.default_rng(1).normal(size=(20, d))
    with jax.enable_x64(True):
        expected = jax.jit(jax.vmap(map.function))(points)
        found = jax.jit(jax.vmap(scalarised(map.function, d)))(*points.T)
    np.testing.assert_allclose(np.stack(found, axis=1), expected, rtol=1e-12, atol=1e-13)


def test_no_arrays_are_left_in_a_simple_field():
    """What the rewriting is for: the batch is made of operations on (lanes,), and nothing is moved about."""
    flow = Gradient().flow(load("letcher").numeric())
    with jax.enable_x64(True):
        x = jnp.ones(5)
        jaxpr = jax.make_jaxpr(jax.vmap(scalarised(flow.function, 2)))(x, x)
    assert {variable.aval.shape for equation in jaxpr.eqns for variable in equation.outvars} <= {
        (5,),
        (),
    }
