"""A PyTorch GAN trained by torch.optim, and the analysis of the point that it has come to.

python examples/torch_gan.py        (needs PyTorch, which this package does not install)
"""

import sys

import numpy as np

import stability as st

try:
    import torch  # pyright: ignore[reportMissingImports]
except ImportError:
    sys.exit(print("PyTorch is not installed; pip install torch"))
softplus = torch.nn.functional.softplus
torch.set_num_threads(1)  # the networks are small

angles = 2 * np.pi * np.arange(8) / 8
rng = np.random.default_rng(0)
ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)  # eight Gaussians on a ring
images = torch.from_numpy(ring[np.arange(64) % 8] + 0.05 * rng.standard_normal((64, 2))).float()
latents = torch.from_numpy(rng.standard_normal((64, 3))).float()

torch.manual_seed(0)
disc = torch.nn.Sequential(torch.nn.Linear(2, 12), torch.nn.Tanh(), torch.nn.Linear(12, 1))
gen = torch.nn.Sequential(
    torch.nn.Linear(3, 12), torch.nn.BatchNorm1d(12), torch.nn.Tanh(), torch.nn.Linear(12, 2)
)


def disc_loss(disc, gen, images, latents):
    return softplus(-disc(images)).mean() + softplus(disc(gen(latents))).mean()


def gen_loss(disc, gen, images, latents):
    return softplus(-disc(gen(latents))).mean()


disc_optimizer = torch.optim.SGD(disc.parameters(), 0.05)
gen_optimizer = torch.optim.SGD(gen.parameters(), 0.05)
for _ in range(1000):
    for optimizer, loss in ((disc_optimizer, disc_loss), (gen_optimizer, gen_loss)):
        optimizer.zero_grad()
        loss(disc, gen, images, latents).backward()
        optimizer.step()

# the trained modules as a game: batch normalisation on its stored statistics
game = st.networks.torch_game(
    {"disc": disc_loss, "gen": gen_loss},
    modules={"disc": disc, "gen": gen},
    data=[images, latents],
    name="PyTorch GAN",
    minimizer="gen",
)
print(st.probe(game, rules=[st.Alternating(lr=0.05)], k=5, source="after 1000 steps"))
