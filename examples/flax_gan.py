"""A Flax NNX GAN trained by its own optimisers: its spectrum, and the multipliers of Adam where it stopped.

python examples/flax_gan.py [--probe]        (needs flax and optax; with --probe the whole analysis)
"""

import sys

import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

import stability as st
from stability.rules.optax_state import optax_state

angles = 2 * np.pi * np.arange(8) / 8
rng = np.random.default_rng(0)
ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)  # eight Gaussians on a ring
images = np.float32(ring[np.arange(64) % 8] + 0.05 * rng.standard_normal((64, 2)))
latents = np.float32(rng.standard_normal((64, 3)))


class Network(nnx.Module):
    def __init__(self, inputs, outputs, rngs):
        self.hidden = nnx.Linear(inputs, 12, rngs=rngs)
        self.dropout = nnx.Dropout(0.1, rngs=rngs)
        self.out = nnx.Linear(12, outputs, rngs=rngs)

    def __call__(self, x):
        return self.out(self.dropout(jnp.tanh(self.hidden(x))))


def losses(disc, gen):
    fake = gen(latents)
    real_is_real, fake_is_real = nnx.softplus(-disc(images)), nnx.softplus(-disc(fake))
    fake_is_fake = nnx.softplus(disc(fake))
    return jnp.mean(real_is_real + fake_is_fake), jnp.mean(fake_is_real)


# ---- Training as Flax's users write it, dropout included -----------------------------------------

disc, gen = Network(2, 1, nnx.Rngs(0)), Network(3, 2, nnx.Rngs(1))
adam = optax.adam(2e-3, b1=0.5)
disc_optimizer = nnx.Optimizer(disc, adam, wrt=nnx.Param)
gen_optimizer = nnx.Optimizer(gen, adam, wrt=nnx.Param)


@nnx.jit
def train_step(disc, gen, disc_optimizer, gen_optimizer):
    for_disc = nnx.grad(lambda disc, gen: losses(disc, gen)[0])(disc, gen)
    for_gen = nnx.grad(lambda disc, gen: losses(disc, gen)[1], argnums=1)(disc, gen)
    disc_optimizer.update(disc, for_disc)
    gen_optimizer.update(gen, for_gen)


for _ in range(300):
    train_step(disc, gen, disc_optimizer, gen_optimizer)

# ---- The trained models as a game, dropout off ---------------------------------------------------

apply_disc, disc_params = st.networks.flax(disc)
apply_gen, gen_params = st.networks.flax(gen)
game = st.gan(
    apply_disc,
    apply_gen,
    objective="non-saturating",
    data=images,
    latent=latents,
    start={"disc": disc_params, "gen": gen_params},
    name="Flax GAN",
)
rule = st.Optax(adam, label="adam")  # the learning rate is in the transformation
states = {"disc": disc_optimizer.opt_state, "gen": gen_optimizer.opt_state}
flow = st.Gradient().flow(game)
state = optax_state(rule, flow, game.start, states)
print(
    f"disc's Adam has counted {int(state[1][0])} steps; |v| = {np.linalg.norm(game.field(game.start)):.3g}"
)
spectrum = st.spectrum(game.linearise(game.start), k=6, which="rightmost")
print("rightmost eigenvalues:", np.round(spectrum.eigenvalues, 4))
step = st.spectrum(st.linearise_rule(rule, flow, game.start, state), k=4, which="largest")
print("largest multipliers of the step:", np.round(step.eigenvalues, 4))
if "--probe" in sys.argv:
    print(st.probe(game, rules=[rule], state=state, k=6).to_text())
