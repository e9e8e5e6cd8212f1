"""A GAN with two small neural networks, for `stability report examples/tiny_gan.py:game`.

A generator (one latent, two hidden units) learns eight points on a line against a discriminator with
two hidden units; both losses carry a little weight decay, which makes equilibria isolated.
"""

import jax
import jax.numpy as jnp

import stability as st

data = jnp.linspace(-1.0, 1.0, 8) + 0.5
latent = jnp.linspace(-1.0, 1.0, 8)


def network(parameters, x):
    hidden = jnp.tanh(jnp.outer(x, parameters["w"]) + parameters["b"])
    return hidden @ parameters["v"] + parameters["c"]


def decay(parameters):
    return 0.05 * sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(parameters))


def value(disc, gen, data, latent):
    real, fake = network(disc, data), network(disc, network(gen, latent))
    return jnp.mean(jax.nn.log_sigmoid(real)) + jnp.mean(jax.nn.log_sigmoid(-fake))


def initial(key):
    w, v = jax.random.normal(key, (2, 2))
    return {"w": w, "b": jnp.zeros(2), "v": v, "c": jnp.zeros(())}


keys = jax.random.split(jax.random.key(0))
game = st.Game(
    {
        "disc": lambda disc, gen, *data: -value(disc, gen, *data) + decay(disc),
        "gen": lambda disc, gen, *data: value(disc, gen, *data) + decay(gen),
    },
    start={"disc": initial(keys[0]), "gen": initial(keys[1])},
    data=(data, latent),
    name="tiny GAN",
)
