"""A float64 point or direction with a game in float32: converted, computed, or refused in one sentence."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import Game, InputTypeError

DATA = np.ones((2, 3, 3, 1), "float32")


def convolved(kernel, shift, images):
    """Unlike a matrix product, a convolution does not promote."""
    return jnp.mean(jnp.tanh(jax.lax.conv(images, kernel, (1, 1), "VALID"))) + shift**2


def game(loss, start):
    return Game(
        {"a": loss, "b": lambda *args: -loss(*args)},
        start={"a": start, "b": np.float32(1)},
        data=[DATA],
    )


@pytest.mark.parametrize("operation", ["field", "linearize", "losses", "jacobian"])
def test_a_point_that_the_losses_do_not_take_is_refused_in_a_sentence(operation):
    small = game(convolved, np.ones((1, 3, 2, 1), "float32"))
    assert getattr(small, operation)(small.start) is not None
    with jax.enable_x64(True):
        with pytest.raises(InputTypeError, match=r"give the point in float32$") as caught:
            getattr(small, operation)(small.start.astype("float64"))
        assert getattr(small, operation)(small.start) is not None
    assert "\n" not in str(caught.value)
    assert "float64" in str(caught.value)


def test_losses_that_promote_are_computed_in_the_precision_of_the_point():
    promoting = game(
        lambda a, b, images: jnp.sum(a**3) * b + jnp.mean(images), np.ones(2, "float32")
    )
    with jax.enable_x64(True):
        x = np.full(3, 1 / 3)
        assert promoting.field(x).dtype == promoting.linearise(x).dtype == np.float64
        np.testing.assert_allclose(
            promoting.field(x)[:2], -(x[:2] ** 2), rtol=1e-14
        )  # -3a²b, b = 1/3


@pytest.mark.parametrize("product", ["jvp", "vjp"])
def test_a_direction_is_taken_in_the_precision_of_the_point(product):
    small = game(lambda a, b, images: a[0] ** 2 * a[1] * b, np.ones(2, "float32"))
    u = np.array([1.0, -2.0, 0.5])
    with jax.enable_x64(True):
        found = getattr(small, product)(small.start, u)
    assert found.dtype == np.float32
    matrix = np.asarray(small.jacobian(small.start))
    expected = (matrix if product == "jvp" else matrix.T) @ u
    np.testing.assert_allclose(found, expected, rtol=1e-6)  # a few roundings of float32
