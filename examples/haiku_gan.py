"""A Haiku GAN with batch normalisation in the generator, its statistics frozen for the analysis.

python examples/haiku_gan.py [--probe]        (needs dm-haiku and optax; with --probe the whole analysis)
"""

import sys

import haiku as hk
import jax
import jax.numpy as jnp
import numpy as np
import optax

import stability as st

angles = 2 * np.pi * np.arange(8) / 8
rng = np.random.default_rng(0)
ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)  # eight Gaussians on a ring
images = np.float32(ring[np.arange(64) % 8] + 0.05 * rng.standard_normal((64, 2)))
latents = np.float32(rng.standard_normal((64, 3)))


@hk.without_apply_rng
@hk.transform
def disc(x):
    return hk.nets.MLP([12, 1], activation=jnp.tanh)(x)


@hk.transform_with_state
def gen(z, is_training):
    hidden = hk.BatchNorm(True, True, decay_rate=0.9)(hk.Linear(12)(z), is_training)
    return hk.Linear(2)(jnp.tanh(hidden))


# ---- Training as Haiku's users write it, with the statistics of the batch ------------------------

params = {"disc": disc.init(jax.random.key(0), images)}
params["gen"], statistics = gen.init(jax.random.key(1), latents, True)
sgd = optax.sgd(0.05, momentum=0.5)
memory = sgd.init(params)


def losses(params, statistics):
    fake, statistics = gen.apply(params["gen"], statistics, None, latents, True)
    real, made = disc.apply(params["disc"], images), disc.apply(params["disc"], fake)
    for_disc = jnp.mean(jax.nn.softplus(-real) + jax.nn.softplus(made))
    return for_disc, jnp.mean(jax.nn.softplus(-made)), statistics


@jax.jit
def train_step(params, statistics, memory):
    gradients = {
        "disc": jax.grad(lambda p: losses(p, statistics)[0])(params)["disc"],
        "gen": jax.grad(lambda p: losses(p, statistics)[1])(params)["gen"],
    }
    updates, memory = sgd.update(gradients, memory)
    return optax.apply_updates(params, updates), losses(params, statistics)[2], memory


for _ in range(300):
    params, statistics, memory = train_step(params, statistics, memory)

# ---- The trained networks as a game, with the stored statistics ----------------------------------

apply_disc, disc_params = st.networks.haiku(disc, params["disc"])
apply_gen, gen_params = st.networks.haiku(gen, params["gen"], statistics, is_training=False)
st.networks.check_network(apply_gen, gen_params, latents, "the generator")
try:
    in_training, _ = st.networks.haiku(gen, params["gen"], statistics, is_training=True)
    st.networks.check_network(in_training, gen_params, latents, "the generator in training mode")
except st.InputError as error:
    print(f"refused: {error}")

game = st.gan(
    apply_disc,
    apply_gen,
    objective="non-saturating",
    data=images,
    latent=latents,
    start={"disc": disc_params, "gen": gen_params},
    name="Haiku GAN",
)
spectrum = st.spectrum(game.linearise(game.start), k=6, which="rightmost")
print("rightmost eigenvalues:", np.round(spectrum.eigenvalues, 4))
if "--probe" in sys.argv:
    print(st.probe(game, rules=[st.HeavyBall(lr=0.05, beta=0.5)], k=6).to_text())
