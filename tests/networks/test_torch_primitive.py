"""Losses computed outside JAX: their derivatives are those of the same loss written in JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability.dynamics.partition import Partition
from stability.networks.torch_primitive import WHOLE, derivative

A = np.array([[1.0, -2.0, 0.5], [0.3, 1.5, -1.0]])  # the rows a of L_i(x) = (a·x)⁴, by player


class Quartics:
    """DᵏL_i[u_1, …, u_k] = 4!/(4−k)! (a·x)⁴⁻ᵏ Π a·u_j, and the gradient of that is once more of the kind."""

    partition = Partition(("one", "two"), (1, 2))

    def derivative(self, player, x, vectors, places, free):
        k = len(vectors) + len(free)
        factor = np.prod(np.arange(4 - k + 1, 5)) * (A[player] @ x) ** (4 - k)
        for u, place in zip(vectors, places, strict=True):
            factor = factor * (self._part(player, place) @ u)
        result = [factor * self._part(player, place) for place in free]
        return np.asarray(result[0] if free else factor, x.dtype)

    def _part(self, player, place):
        return A[player] if place == WHOLE else self.partition.part(place, A[player])


OUTSIDE = Quartics()
X = np.array([0.4, -0.2, 0.9])


def outside(x, player=1):
    return derivative(OUTSIDE, player, x)


def inside(x, player=1):
    return (A[player].astype(x.dtype) @ x) ** 4


def field(loss):
    """Player two's part of the gradient of its loss, as a function of the profile."""
    return lambda x: jax.grad(lambda own: loss(jnp.concatenate([x[:1], own])))(x[1:])


DERIVATIVES = {
    "value": lambda loss: loss,
    "gradient": jax.grad,
    "hessian, forward over reverse": lambda loss: jax.jacfwd(jax.grad(loss)),
    "hessian, reverse over reverse": lambda loss: jax.jacrev(jax.jacrev(loss)),
    "hessian, forward twice": lambda loss: jax.jacfwd(jax.jacfwd(loss)),
    "third, of all kinds": lambda loss: jax.jacrev(jax.jacfwd(jax.grad(loss))),
    "fourth": lambda loss: jax.jacfwd(jax.jacrev(jax.jacfwd(jax.grad(loss)))),
    "product with the Hessian": lambda loss: lambda x: jax.jvp(jax.grad(loss), (x,), (x**2,))[1],
    "derivative of such a product": lambda loss: jax.jacfwd(
        lambda x: jax.jvp(jax.grad(loss), (x,), (x**2,))[1]
    ),
    "of a composition": lambda loss: jax.hessian(lambda x: jnp.sin(loss(x**2 + 1))),
    "of one player's part": lambda loss: jax.jacrev(field(loss)),
    "mapped": lambda loss: lambda x: jax.vmap(jax.grad(loss), 1, 1)(jnp.outer(x, x)),
}


@pytest.mark.parametrize("how", [jax.jit, lambda f: f], ids=["jit", "eager"])
@pytest.mark.parametrize("name", DERIVATIVES)
def test_every_derivative_is_that_of_the_same_loss_in_jax(name, how):
    make = DERIVATIVES[name]
    with jax.enable_x64(True):
        found, known = how(make(outside))(X), make(inside)(jnp.asarray(X))
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, known, rtol=1e-12)  # a few roundings


@pytest.mark.parametrize("player", [0, 1])
def test_the_places_of_vectors_and_their_transposes(player):
    u, w = np.array([0.7, -1.1]), np.array([2.0])

    def mixed(own):  # rows of player one, a vector in the place of player two
        return derivative(OUTSIDE, player, X, own, places=(1,), free=(0,))

    with jax.enable_x64(True):
        known = 12 * (A[player] @ X) ** 2 * np.outer(A[player, :1], A[player, 1:])
        np.testing.assert_allclose(jax.jit(mixed)(u), known @ u, rtol=1e-13)
        (back,) = jax.linear_transpose(mixed, u)(w)
        np.testing.assert_allclose(back, known.T @ w, rtol=1e-13)


def test_double_precision_survives_threads_that_do_not_know_of_it():
    """A scoped `enable_x64` is the calling thread's; that of the callback is another one."""
    with jax.enable_x64(True):
        busy = jax.jit(lambda x: (jnp.linalg.norm(jnp.outer(x, x) @ x), jax.grad(outside)(x)))
        for i in range(20):
            x = X + 0.1 * i
            np.testing.assert_allclose(busy(x)[1], 4 * (A[1] @ x) ** 3 * A[1], rtol=1e-13)


def test_single_precision_stays_single():
    found = jax.jit(jax.grad(outside))(X.astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, 4 * (A[1] @ X) ** 3 * A[1], rtol=1e-5)
