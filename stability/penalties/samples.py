"""What the penalties have in common that look at a GAN's samples."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError
from ..games.game import Game
from ..games.gan.game import GAN
from ..games.symbolic import SymbolicGame
from .penalty import Penalty


class SamplePenalty(Penalty):
    """A penalty that is a mean over the samples of a GAN, on the discriminator's loss.

    Of a game in microbatches it is averaged like the losses. Numbers that it draws are drawn once, when the
    penalty is applied, and kept with the game's data: the penalised game is deterministic.
    """

    def draws(self, game: GAN) -> tuple[Any, ...]:
        """What is drawn: arrays with one row for each sample, appended to the game's data."""
        return ()

    def __call__(self, game: Any) -> Any:
        gan = gan_with_logits(game, self)
        return gan.with_terms(self.terms(gan), mean=True, draws=self.draws(gan))


def gan_of(game: Any, penalty: Penalty) -> GAN:
    """The game, if it is a GAN. Raises InputError for games that are none."""
    if not isinstance(game, (Game, SymbolicGame)):
        return Penalty.__call__(penalty, game)  # which says that it is no game
    if not isinstance(game, GAN):
        raise InputError(
            f"{penalty.name} needs a game that st.gan made, and the game {game.name!r} has neither "
            "a discriminator nor samples"
        )
    return game


def gan_with_logits(game: Any, penalty: Penalty) -> GAN:
    """The game, if it is a GAN whose discriminator returns logits. Raises InputError if not."""
    gan = gan_of(game, penalty)
    if gan.objective.features:
        raise InputError(
            f"{penalty.name} needs a discriminator that returns one logit for each sample, and that of "
            f"{gan.objective.name} returns feature vectors"
        )
    return gan


def standard_normal(like: Any, n: int, rng: np.random.Generator) -> Any:
    """n independent standard normal samples, with the shapes and dtypes that those of a pytree have."""
    return jax.tree.map(
        lambda leaf: rng.standard_normal((n, *leaf.shape[1:])).astype(leaf.dtype), like
    )


def squared_slopes(game: GAN, disc: Any, images: Any) -> Any:
    """‖∇D‖² at each of N samples, shape (N,), for a discriminator that looks at each sample by itself."""
    # then the gradient of the sum over samples holds all of theirs, in one backward pass
    slopes = jax.grad(lambda images: jnp.sum(game.outputs(disc, images)))(images)
    leaves = jax.tree.leaves(slopes)
    return sum(jnp.sum(jnp.reshape(leaf, (len(leaf), -1)) ** 2, axis=1) for leaf in leaves)


def slopes_off_one(game: GAN, disc: Any, images: Any) -> Any:
    """E(‖∇D‖ − 1)², a scalar. Where a slope is zero it has no derivative, and JAX says NaN."""
    return jnp.mean((jnp.sqrt(squared_slopes(game, disc, images)) - 1) ** 2)
