"""Instance noise: the discriminator sees all samples through noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..documents.settings import setting
from ..dynamics.positive_settings import check_nonnegative, check_whole
from ..games.batches import samples
from .penalty import Penalty, Term, coefficient
from .samples import gan_of, standard_normal


@dataclass(frozen=True)
class InstanceNoise(Penalty):
    """Normal noise of standard deviation σ on the data and on the generated samples (Sønderby et al. 2017).

    In a game made by `gan` the noise is drawn once for each sample, from `seed`, and kept with the game's
    data: a sample average of the losses that Arjovsky, Bottou (2017) take the expectation of. In a
    `SymbolicGAN` it is that expectation. Penalties that are applied afterwards see the noisy samples, those
    applied before do not. Raises InputError for a negative `sigma` and, when applied, for other games.
    """

    sigma: Any = 0.1
    seed: int = setting(0, read="whole")
    name: ClassVar[str] = "instance-noise"

    def __post_init__(self):
        check_nonnegative(self.sigma, "the standard deviation sigma of instance noise")
        check_whole(self.seed, "the seed of instance-noise", 0, 2**32 - 1)

    def terms(self, game: Any) -> dict[str, Term]:
        return {}  # not the losses change, but what they are evaluated on

    def __call__(self, game: Any) -> Any:
        gan = gan_of(game, self)
        sigma = coefficient(gan, self.sigma, "the standard deviation sigma of instance noise")
        if gan.symbolic:
            return gan.with_noise(sigma)
        rng = np.random.default_rng(self.seed)
        real, latent = gan.data[:2]
        return gan.with_noise(
            sigma,
            standard_normal(real, samples(real), rng),
            standard_normal(real, samples(latent), rng),
        )
