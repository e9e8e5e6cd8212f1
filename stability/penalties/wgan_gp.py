"""WGAN-GP: the discriminator pays for slopes other than one between data and generated samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np
import sympy

from ..documents.settings import setting
from ..dynamics.positive_settings import check_whole
from ..errors import InputError
from ..games.batches import samples
from ..games.expectations import Uniform
from ..games.gan.game import GAN
from ..games.gan.symbolic import SymbolicGAN
from .samples import Places, SamplePenalty, off_one


@dataclass(frozen=True)
class WGANGP(SamplePenalty):
    """γ E(‖∇ₓD(x̂)‖ − 1)² on the discriminator's loss (Gulrajani et al. 2017).

    x̂ lies between a sample of the data and a generated one, at a place that is drawn uniformly, once for
    each pair, from `seed`. Where the slope at some x̂ is exactly zero the penalty has no derivative (as on
    the Dirac-GAN at rest), and the field there is NaN.

    For games made by `gan`, with as many latents as data, and for `SymbolicGAN`, where the mean is the
    expectation over independent samples and the place. The discriminator must look at each sample by itself:
    no batch statistics. Raises InputError for a negative `gamma` and, when applied, for a game without a
    discriminator and for other numbers of latents.
    """

    seed: int = setting(0, read="whole")
    name: ClassVar[str] = "wgan-gp"

    def __post_init__(self):
        super().__post_init__()
        check_whole(self.seed, "the seed of wgan-gp", 0, 2**32 - 1)

    def draws(self, game: GAN) -> tuple[np.ndarray]:
        n, m = (samples(own) for own in game.data[:2])
        if n != m:
            raise InputError(
                f"wgan-gp mixes every sample with a generated one: give {n} latents, not {m}"
            )
        kind = np.dtype(jax.tree.leaves(game.data[0])[0].dtype)
        return (np.random.default_rng(self.seed).uniform(size=n).astype(kind),)

    def drawn_from(self, game: SymbolicGAN) -> Uniform:
        return Uniform(0, 1)

    def places(self, game: Any) -> Places:
        return _between

    def cost(self, square: Any) -> Any:
        return off_one(square)


def _between(game: Any, gen: Any, drawn: Any) -> Any:
    """x̂, at the share `drawn` of the way from a generated sample to one of the data."""

    def mixed(real: Any, generated: Any) -> Any:
        share = _per_sample(drawn, real)
        return share * real + (1 - share) * generated

    return jax.tree.map(mixed, game.real_samples, game.generated_samples(gen))


def _per_sample(drawn: Any, like: Any) -> Any:
    """One number for each sample, to multiply an array of samples with, or one random number."""
    if isinstance(drawn, sympy.MatrixBase):
        return drawn[0]
    return drawn.reshape((-1,) + (1,) * (like.ndim - 1))
