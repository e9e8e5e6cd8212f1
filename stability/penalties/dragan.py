"""DRAGAN: the discriminator pays for slopes other than one around the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import sympy

from ..documents.settings import setting
from ..dynamics.positive_settings import check_nonnegative, check_whole
from ..games.batches import samples
from ..games.expectations import Distribution, Normal
from ..games.gan.game import GAN
from ..games.gan.symbolic import SymbolicGAN
from .penalty import coefficient
from .samples import Places, SamplePenalty, off_one, standard_normal


@dataclass(frozen=True)
class DRAGAN(SamplePenalty):
    """γ E(‖∇ₓD(x + δ)‖ − 1)² on the discriminator's loss, x from the data (Kodali et al. 2017).

    `gamma` is γ ≥ 0. δ is normal with the standard deviation `deviation` in every coordinate, drawn once for
    each sample from `seed`. Left out, `deviation` is half the standard deviation of all numbers in the data.
    Where the slope at some x + δ is exactly zero the penalty has no derivative, and the field there is NaN.

    For games made by `gan`, and for `SymbolicGAN`, where the mean is the expectation over x and δ. The
    discriminator must look at each sample by itself: no batch statistics. Raises InputError for a negative
    setting and, when applied, for a game without a discriminator.
    """

    deviation: Any = None
    seed: int = setting(0, read="whole")
    name: ClassVar[str] = "dragan"

    def __post_init__(self):
        super().__post_init__()
        if self.deviation is not None:
            check_nonnegative(self.deviation, "the deviation of dragan")
        check_whole(self.seed, "the seed of dragan", 0, 2**32 - 1)

    def draws(self, game: GAN) -> tuple[Any]:
        real = game.data[0]
        return (standard_normal(real, samples(real), np.random.default_rng(self.seed)),)

    def drawn_from(self, game: SymbolicGAN) -> Normal:
        k = game.data.dimension
        return Normal([0] * k, [1] * k)

    def places(self, game: Any) -> Places:
        deviation = self._deviation(game)

        def around(game: Any, gen: Any, drawn: Any) -> Any:
            return jax.tree.map(lambda real, own: real + deviation * own, game.real_samples, drawn)

        return around

    def cost(self, square: Any) -> Any:
        return off_one(square)

    def _deviation(self, game: Any) -> Any:
        """The standard deviation of δ, from all the data of the game that the penalty is applied to."""
        if self.deviation is not None:
            return coefficient(game, self.deviation, "the deviation of dragan")
        if game.symbolic:
            return _standard_deviation(game.data) / 2
        leaves = jax.tree.leaves(game.data[0])
        return jnp.std(jnp.concatenate([jnp.ravel(leaf) for leaf in leaves])) / 2


def _standard_deviation(data: Distribution) -> sympy.Expr:
    """The standard deviation of all coordinates together."""
    k = data.dimension

    def mean_power(power: int) -> sympy.Expr:
        rows = ([power * (i == j) for j in range(k)] for i in range(k))
        return sympy.Add(*(data.moment(powers) for powers in rows)) / k

    return sympy.sqrt(sympy.expand(mean_power(2) - mean_power(1) ** 2))
