"""A loop of your own with optax, checkpoints along it, and Adam's step analysed with the moments of the run.

python examples/optax_run.py [folder]        (needs optax)
"""

import sys
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

import stability as st
from stability.rules.optax_state import optax_state

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
rng = np.random.default_rng(0)
images = np.float32(1 + 0.5 * rng.standard_normal((128, 1)))  # one Gaussian, to be imitated
latents = np.float32(rng.standard_normal((128, 1)))


def disc(params, x):
    return jnp.tanh(x * params["w"] + params["b"]) @ params["out"]


def gen(params, z):
    return params["mean"] + params["scale"] * z


start = {
    "disc": {name: np.float32(rng.standard_normal(6)) for name in ("w", "b", "out")},
    "gen": {"mean": np.float32(-0.5), "scale": np.float32(1.0)},
}
game = st.gan(disc, gen, data=images, latent=latents, start=start)

# ---- The loop: gradients and updates in pytrees --------------------------------------------------

optimisers = {
    "disc": optax.chain(optax.clip_by_global_norm(1.0), optax.adam(5e-3, b1=0.5)),
    "gen": optax.adam(optax.exponential_decay(5e-3, 500, 0.5), b1=0.5),
}


@jax.jit
def train_step(params, states):
    down = dict(zip(game.players, game.unpack(-game.field(game.pack(params))), strict=True))
    moved, after = {}, {}
    for player, optimiser in optimisers.items():
        update, after[player] = optimiser.update(down[player], states[player], params[player])
        moved[player] = optax.apply_updates(params[player], update)
    return moved, after


params = jax.tree.map(jnp.asarray, start)
states = {player: optimiser.init(params[player]) for player, optimiser in optimisers.items()}
rule, flow = st.Optax(optimisers, label="adam"), st.Gradient().flow(game)
for step in range(0, 1001, 250):
    x = game.pack(params)
    state = optax_state(rule, flow, x, states)
    st.save_checkpoint(folder / f"{step:06d}.npz", game, x, step=step, state=state[1:])
    for _ in range(250):
        params, states = train_step(params, states)

# ---- Later, from the files alone -----------------------------------------------------------------

for file in sorted(folder.glob("*.npz"))[1:]:  # at step 0 Adam has seen no gradient yet
    checkpoint = st.load_checkpoint(file, game)
    x, memory = checkpoint.x, checkpoint.extra["state"]
    rightmost = st.spectrum(game.linearise(x), k=1).eigenvalues[0]
    multiplier = st.spectrum(
        st.linearise_rule(rule, flow, x, (x, *memory)), k=1, which="largest"
    ).eigenvalues[0]
    print(
        f"step {checkpoint.step:4}: |v| = {np.linalg.norm(game.field(x)):.2e}, "
        f"rightmost eigenvalue {rightmost.real:.4f}, largest multiplier {abs(multiplier):.4f}"
    )
