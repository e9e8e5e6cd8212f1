"""A GAN on eight Gaussians on a ring: `stability probe examples/gans/ring.py:game`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from gan_networks import initial_mlp, mlp

import stability as st

MODES, RADIUS, WIDTH = 8, 2.0, 0.1
SAMPLES, LATENT = 256, 8
ANGLES = 2 * np.pi * np.arange(MODES) / MODES
CENTRES = RADIUS * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


def points() -> np.ndarray:
    """As many points of every mode, shape (256, 2)."""
    noise = WIDTH * np.random.default_rng(0).standard_normal((SAMPLES, 2))
    return (CENTRES[np.arange(SAMPLES) % MODES] + noise).astype(np.float32)


def latents(seed: int = 1, count: int = SAMPLES) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, LATENT)).astype(np.float32)


def discriminator(parameters, points):
    return mlp(parameters, points)[:, 0]


def generator(parameters, latents):
    return mlp(parameters, latents)


def modes(samples: np.ndarray) -> int:
    """How many of the eight modes get at least a quarter of their share of the samples, within 4 widths."""
    distances = np.linalg.norm(samples[:, None] - CENTRES, axis=2)
    hit = np.argmin(distances, axis=1)[distances.min(axis=1) < 4 * WIDTH]
    return int(np.sum(np.bincount(hit, minlength=MODES) >= len(samples) / MODES / 4))


def game() -> st.Game:
    disc, gen = jax.random.split(jax.random.key(0))
    return st.gan(
        discriminator,
        generator,
        objective="non-saturating",
        data=jnp.asarray(points()),
        latent=jnp.asarray(latents()),
        start={
            "disc": initial_mlp(disc, (2, 64, 64, 1)),
            "gen": initial_mlp(gen, (LATENT, 64, 64, 2)),
        },
        name="ring",
    )
