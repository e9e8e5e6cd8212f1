"""Losses, flows and maps whose derivatives JAX is not told are refused; kinks and harmless ones are not."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import stability as st
from stability import InputError
from stability.dynamics.true_derivatives import differs

still = jax.lax.stop_gradient


@jax.custom_jvp
def wrong_slope(x):
    return x**2


wrong_slope.defjvp(lambda p, t: (p[0] ** 2, 3 * p[0] * t[0]))


@jax.custom_jvp
def right_slope(x):
    return jnp.log1p(jnp.exp(x))


right_slope.defjvp(lambda p, t: (right_slope(p[0]), t[0] / (1 + jnp.exp(-p[0]))))


@jax.custom_vjp
def reversed_(x):
    return x


reversed_.defvjp(lambda x: (x, None), lambda x, weight: (-weight,))


def as_bits(x):
    whole = jnp.int64 if x.dtype == jnp.float64 else jnp.int32
    return jax.lax.bitcast_convert_type(jax.lax.bitcast_convert_type(x, whole), x.dtype)


def in_single(w):
    w = w.astype(jnp.float32)
    return (w - still(1.8 * w)) ** 2


REFUSED = {  # the truth of the first: v = 0.8 w is unstable, and JAX says J = -1
    "a bootstrap target": (lambda w: (w - still(1.8 * w)) ** 2 / 2, "stop_gradient in line"),
    "inside a jit": (jax.jit(lambda w: (w - still(1.8 * w)) ** 2), "stop_gradient in line"),
    "partly detached": (lambda w: (w - 0.9 * w - still(0.1 * w)) ** 2, "stop_gradient in line"),
    "a wrong slope": (lambda w: w * wrong_slope(w), "custom_jvp of wrong_slope"),
    "a reversed gradient": (lambda w: reversed_(w) ** 2, "custom_vjp of reversed_"),
    "bits": (lambda w: (w - as_bits(1.8 * w)) ** 2, "numbers turned into integers in line"),
    "a staircase": (lambda w: (w - (1.8e6 * w).astype(int) / 1e6) ** 2, "turned into integers"),
    "single precision inside": (in_single, "stop_gradient in line"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_hidden_derivatives_are_refused_by_name(name):
    loss, words = REFUSED[name]
    with pytest.raises(InputError, match=f"player 'w' has another derivative .*{words}") as caught:
        st.Game({"w": loss}, start={"w": 1.0})
    assert "\n" not in str(caught.value)


def test_a_detached_opponent_is_refused():
    losses = {"d": lambda d, g: d * still(g) + d**2, "g": lambda d, g: -d * g}
    with pytest.raises(InputError, match="player 'd' has another derivative"):
        st.Game(losses, start={"d": 0.0, "g": 0.0})


def test_a_small_component_is_refused_beside_a_large_one():
    def loss(w):
        return 50 * w[0] ** 2 + 1e-3 * (w[1] ** 2 / 2 - 2 * w[1] * still(w[1]))

    with pytest.raises(InputError, match="player 'w' has another derivative"):
        st.Game({"w": loss}, start={"w": jnp.array([0.5, 0.5])})
    with pytest.raises(InputError, match="player 'w' has another derivative"):
        st.Game({"w": lambda w: w**2 / 2 + 1e-4 * w * still(w)}, start={"w": 1.0})


def test_what_is_wrong_at_a_rest_point_alone_is_refused_there():
    def loss(w):  # v = w near 0, and JAX says J = -1
        return w**2 / 2 - jnp.where(jnp.abs(w) < 0.4, 2 * w * still(w), 0)

    game = st.Game({"w": loss}, start={"w": 1.0})
    with pytest.raises(InputError, match="player 'w' has another derivative"):
        st.report(game)
    with pytest.raises(InputError, match="player 'w' has another derivative"):
        st.probe(game, np.zeros(1))


HARMLESS = {
    "the shift of a logsumexp": lambda w: (
        jnp.log(jnp.exp(w - still(w)) + jnp.exp(-w - still(w))) + still(w)
    ),
    "a right slope of one's own": lambda w: w * right_slope(w),
    "a kink at the start": lambda w: jax.nn.relu(w) ** 2 + jnp.abs(w) + w * still(2.0),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_changes_nothing_is_not_refused(name):
    st.Game({"w": HARMLESS[name]}, start={"w": 0.0})


def test_kinks_and_missing_numbers_say_nothing():
    assert not differs(lambda x: np.full(1, np.nan), lambda x, u: u, np.ones(1))
    assert not differs(lambda x: np.abs(x), lambda x, u: np.sign(x) * u, np.zeros(1))
    assert differs(lambda x: x**2, lambda x, u: x * u, np.ones(1))


def test_flows_maps_fields_and_terms_too():
    for kind in (st.Flow, st.Map):
        with pytest.raises(InputError, match="has another derivative than JAX is told"):
            kind(lambda x: 2 * still(x) - x, dimension=2)
    with pytest.raises(InputError, match="cannot be differentiated by JAX"):
        st.Flow(reversed_, dimension=2)
    game = st.zero_sum(lambda x, y: x * y, minimizer="x", maximizer="y", start={"x": 1.0, "y": 1.0})
    with_term = game.with_terms({"x": lambda game, x: still(game.field(x)).sum() * x[0]})
    with pytest.raises(InputError, match="the field gradient has another derivative"):
        st.study(with_term)
    st.study(game, penalties=[st.GradientNorm(0.1)])
