"""A GAN trained on minibatches, for `stability report examples/noisy_gan.py:game --batch 4`.

The Dirac-GAN with data that scatter: the generator puts all its mass on one point θ, the data are 64 numbers
with mean 0 and variance 1, and the discriminator is D(x) = ψx with the penalty R1. On all data training
converges to θ = ψ = 0. On minibatches it cannot: every minibatch has a mean of its own, which pushes ψ, and
ψ pushes θ. Run as a script, it sets the predicted spread beside that of a long simulation.
"""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import norm

import stability as st

SAMPLES = norm.ppf((np.arange(64) + 0.5) / 64)
SAMPLES /= SAMPLES.std()

game = st.gan(
    lambda disc, images: disc["psi"] * images,
    lambda gen, latents: gen["theta"] + 0 * latents,
    start={"disc": {"psi": np.zeros(())}, "gen": {"theta": np.zeros(())}},
    data=SAMPLES,
    latent=np.zeros(64),
    objective="minimax",
    penalties=[st.R1(1.0)],
    name="Dirac-GAN with scattered data",
)


def simulated(rule, batch, steps=2000, chains=64):
    """Standard deviations of (ψ, θ) over many chains of the rule, each step on a fresh minibatch."""
    data = jax.tree.map(jnp.asarray, game.data)

    def step(x, key):
        chosen = jax.random.choice(key, len(SAMPLES), (batch,))
        at = game.with_data(*jax.tree.map(lambda part: part[chosen], data))
        (x,) = rule.step(st.Gradient().flow(at), (x,))
        return x, x

    def chain(key):
        return jax.lax.scan(step, jnp.zeros(2), jax.random.split(key, steps))[1]

    path = jax.jit(jax.vmap(chain))(jax.random.split(jax.random.key(0), chains))
    return np.asarray(path[:, steps // 2 :].reshape(-1, 2)).std(axis=0)


if __name__ == "__main__":
    rule = st.Simultaneous(lr=0.1)
    for batch in (1, 16):
        noise = st.noise(game, np.zeros(2), rule, batch=batch)
        predicted = np.array(list(noise.to_dict()["standard_deviation"].values()))
        print(
            f"minibatches of {batch:2}: predicted standard deviations of (psi, theta) "
            f"{predicted.round(4)}, simulated {simulated(rule, batch).round(4)}; "
            f"mean-square critical lr {noise.mean_square_lr:.4f}"
        )
    whole = st.noise(game, np.zeros(2), rule, batch=len(SAMPLES), replacement=False)
    print(f"on all data: critical lr {whole.mean_square_lr:.4f}")
