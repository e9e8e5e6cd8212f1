"""An Equinox GAN trained by RMSProp: its spectrum, and where the players' losses curve down.

python examples/equinox_gan.py [--probe]        (needs equinox and optax; with --probe the whole analysis)
"""

import sys

import equinox as eqx
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

for_disc, for_gen = jax.random.split(jax.random.key(0))
disc = eqx.nn.MLP(2, "scalar", 12, 1, jnp.tanh, key=for_disc)
gen = eqx.nn.MLP(3, 2, 12, 1, jnp.tanh, key=for_gen)


def disc_loss(disc, gen):
    real, fake = jax.vmap(disc)(images), jax.vmap(disc)(jax.vmap(gen)(latents))
    return jnp.mean(jax.nn.softplus(-real) + jax.nn.softplus(fake))


def gen_loss(gen, disc):
    return jnp.mean(jax.nn.softplus(-jax.vmap(disc)(jax.vmap(gen)(latents))))


# ---- Training as Equinox's users write it: the players take turns --------------------------------

rmsprop = optax.rmsprop(1e-3)
disc_state, gen_state = (rmsprop.init(eqx.filter(m, eqx.is_inexact_array)) for m in (disc, gen))


@eqx.filter_jit
def train_step(disc, gen, disc_state, gen_state):
    updates, disc_state = rmsprop.update(eqx.filter_grad(disc_loss)(disc, gen), disc_state)
    disc = eqx.apply_updates(disc, updates)
    updates, gen_state = rmsprop.update(eqx.filter_grad(gen_loss)(gen, disc), gen_state)
    return disc, eqx.apply_updates(gen, updates), disc_state, gen_state


for _ in range(300):
    disc, gen, disc_state, gen_state = train_step(disc, gen, disc_state, gen_state)

# ---- The trained models as a game ----------------------------------------------------------------

apply_disc, disc_params = st.networks.equinox(disc)
apply_gen, gen_params = st.networks.equinox(gen)
game = st.gan(
    apply_disc,
    apply_gen,
    objective="non-saturating",
    data=images,
    latent=latents,
    start={"disc": disc_params, "gen": gen_params},
    name="Equinox GAN",
)
jacobian = game.linearise(game.start)
print("rightmost eigenvalues:", np.round(st.spectrum(jacobian, k=6).eigenvalues, 4))
for player in game.players:
    own = st.spectrum(jacobian.hessian(player), k=1, which="leftmost")
    print(f"smallest eigenvalue of {player}'s own Hessian: {own.eigenvalues[0].real:.4f}")
if "--probe" in sys.argv:
    rules = [st.Simultaneous(lr=0.05), st.Alternating(lr=0.05)]
    print(st.probe(game, rules=rules, k=6).to_text())
