"""WGAN-GP: the discriminator pays for slopes other than one between data and generated samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from ..dynamics.positive import check_nonnegative, check_whole
from ..errors import InputError
from ..games.batches import samples
from ..games.gan.game import GAN
from .penalty import Term, coefficient
from .samples import SamplePenalty, slopes_off_one


@dataclass(frozen=True)
class WGANGP(SamplePenalty):
    """γ E(‖∇ₓD(x̂)‖ − 1)² on the discriminator's loss (Gulrajani et al. 2017).

    x̂ lies between a sample of the data and a generated one, at a place that is drawn uniformly, once for
    each pair, from `seed`. Where the slope at some x̂ is exactly zero the penalty has no derivative (as on
    the Dirac-GAN at rest), and the field there is NaN.

    For games made by `gan`, with as many latents as data. The discriminator must look at each sample by
    itself: no batch statistics. Raises InputError for a negative `gamma` and, when applied, for a game
    without a discriminator and for other numbers of latents.
    """

    gamma: Any = 10.0
    seed: int = 0
    name: ClassVar[str] = "wgan-gp"

    def __post_init__(self):
        check_nonnegative(self.gamma, "the WGAN-GP weight gamma")
        check_whole(self.seed, "the seed of wgan-gp", 0, 2**32 - 1)

    def draws(self, game: GAN) -> tuple[np.ndarray]:
        n, m = (samples(own) for own in game.data[:2])
        if n != m:
            raise InputError(
                f"wgan-gp mixes every sample with a generated one: give {n} latents, not {m}"
            )
        kind = np.dtype(jax.tree.leaves(game.data[0])[0].dtype)
        return (np.random.default_rng(self.seed).uniform(size=n).astype(kind),)

    def terms(self, game: Any) -> dict[str, Term]:
        gamma = coefficient(game, self.gamma, "the WGAN-GP weight gamma")
        position = len(game.data)

        def term(game: Any, x: Any) -> Any:
            disc, gen = game.unpack(x)
            mixing = game.data[position]

            def mixed(real: Any, generated: Any) -> Any:
                share = mixing.reshape((-1,) + (1,) * (real.ndim - 1))
                return share * real + (1 - share) * generated

            between = jax.tree.map(mixed, game.real_samples, game.generated_samples(gen))
            return gamma * slopes_off_one(game, disc, between)

        return {"disc": term}
