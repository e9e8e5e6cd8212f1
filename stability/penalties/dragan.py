"""DRAGAN: the discriminator pays for slopes other than one around the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.positive import check_nonnegative, check_whole
from ..games.batches import samples
from ..games.gan.game import GAN
from .penalty import Term, coefficient
from .samples import SamplePenalty, slopes_off_one, standard_normal


@dataclass(frozen=True)
class DRAGAN(SamplePenalty):
    """γ E(‖∇ₓD(x + δ)‖ − 1)² on the discriminator's loss, x from the data (Kodali et al. 2017).

    δ is normal with the standard deviation `deviation` in every coordinate, drawn once for each sample from
    `seed`. Left out, `deviation` is half the standard deviation of all numbers in the data. Where the slope
    at some x + δ is exactly zero the penalty has no derivative, and the field there is NaN.

    For games made by `gan`. The discriminator must look at each sample by itself: no batch statistics.
    Raises InputError for a negative setting and, when applied, for a game without a discriminator.
    """

    gamma: Any = 10.0
    deviation: Any = None
    seed: int = 0
    name: ClassVar[str] = "dragan"

    def __post_init__(self):
        check_nonnegative(self.gamma, "the DRAGAN weight gamma")
        if self.deviation is not None:
            check_nonnegative(self.deviation, "the deviation of dragan")
        check_whole(self.seed, "the seed of dragan", 0, 2**32 - 1)

    def draws(self, game: GAN) -> tuple[Any]:
        real = game.data[0]
        return (standard_normal(real, samples(real), np.random.default_rng(self.seed)),)

    def terms(self, game: Any) -> dict[str, Term]:
        gamma = coefficient(game, self.gamma, "the DRAGAN weight gamma")
        deviation = self.deviation
        if deviation is None:
            deviation = _deviation(game.data[0]) / 2
        deviation = coefficient(game, deviation, "the deviation of dragan")
        position = len(game.data)

        def term(game: Any, x: Any) -> Any:
            disc, _ = game.unpack(x)
            around = jax.tree.map(
                lambda real, drawn: real + deviation * drawn, game.real_samples, game.data[position]
            )
            return gamma * slopes_off_one(game, disc, around)

        return {"disc": term}


def _deviation(data: Any) -> Any:
    """The standard deviation of all numbers in a pytree of arrays."""
    return jnp.std(jnp.concatenate([jnp.ravel(leaf) for leaf in jax.tree.leaves(data)]))
