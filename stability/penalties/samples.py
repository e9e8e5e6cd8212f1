"""What the penalties have in common that look at a GAN's samples."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.positive_settings import check_nonnegative
from ..dynamics.system import is_a
from ..errors import InputError
from ..games.expectations import Distribution
from ..games.gan.elementary import sqrt
from ..games.gan.game import GAN
from ..games.gan.symbolic import SymbolicGAN, Variate
from .penalty import Penalty, Term, coefficient

Places = Callable[[Any, Any, Any], Any]


@dataclass(frozen=True)
class SamplePenalty(Penalty):
    """`gamma` times a mean cost of the discriminator's slope, over some places, on the discriminator's loss.

    Of a game made by `gan` it is a mean over samples, and in microbatches it is averaged like the losses.
    Numbers that it draws are drawn once, when the penalty is applied, and kept with the game's data: the
    penalised game is deterministic. Of a `SymbolicGAN` it is an expectation, over what is drawn too.

    In all methods `game` is the GAN, of either engine, that the penalty is applied to.
    """

    gamma: Any = 10.0

    def __post_init__(self):
        check_nonnegative(self.gamma, self._what)

    @property
    def _what(self) -> str:
        return f"the {self.name.upper()} weight gamma"

    def weight(self, game: Any) -> Any:
        """What the mean is multiplied by."""
        return coefficient(game, self.gamma, self._what)

    @abstractmethod
    def places(self, game: Any) -> Places:
        """Where the slope is taken, as a function of (game, generator's parameters, what was drawn).

        It returns samples shaped like the data, in SymPy a random vector. What was drawn is what `draws`
        made, in SymPy a random vector with the distribution `drawn_from`; None if nothing was. This is called
        once, with the game that the penalty is applied to; the function with the same at some of the data.
        """

    def cost(self, square: Any) -> Any:
        """What is paid for a slope, given as its `square`, one number for each sample."""
        return square

    def draws(self, game: GAN) -> tuple[Any, ...]:
        """What is drawn, if anything: one array or pytree with a row for each sample."""
        return ()

    def drawn_from(self, game: SymbolicGAN) -> Distribution | None:
        """The distribution of what is drawn for one sample."""
        return None

    def terms(self, game: Any) -> dict[str, Term]:
        weight, places = self.weight(game), self.places(game)
        if game.symbolic:
            return {"disc": self._expectation(game, weight, places)}
        position = len(game.data)

        def term(game: Any, x: Any) -> Any:
            disc, gen = game.unpack(x)
            drawn = next(iter(game.data[position:]), None)
            squares = squared_slopes(game, disc, places(game, gen, drawn))
            return weight * jnp.mean(self.cost(squares))

        return {"disc": term}

    def _expectation(self, game: SymbolicGAN, weight: Any, places: Places) -> Term:
        distribution = self.drawn_from(game)
        drawn = None if distribution is None else Variate.of("drawn", distribution)

        def term(game: Any, x: Any) -> Any:
            disc, gen = game.unpack(x)
            square = game.squared_slope(disc, places(game, gen, drawn and drawn.vector))
            return weight * game.mean(self.cost(square), *([] if drawn is None else [drawn]))

        return term

    def __call__(self, game: Any) -> Any:
        gan = gan_with_logits(game, self)
        if gan.symbolic:
            return gan.with_terms(self.terms(gan))
        return gan.with_terms(self.terms(gan), mean=True, draws=self.draws(gan))


def off_one(square: Any) -> Any:
    """(‖∇D‖ − 1)² of the squared slope. Where the slope is zero it has no derivative, and JAX says NaN."""
    return (sqrt(square) - 1) ** 2


def gan_of(game: Any, penalty: Penalty) -> Any:
    """The game, if it is a GAN. Raises InputError for games that are none."""
    if not is_a(game, "game"):
        return Penalty.__call__(penalty, game)  # which says that it is no game
    if not isinstance(game, (GAN, SymbolicGAN)):
        raise InputError(
            f"{penalty.name} needs a game that st.gan made or a SymbolicGAN, and the game {game.name!r} has "
            "neither a discriminator nor samples"
        )
    return game


def gan_with_logits(game: Any, penalty: Penalty) -> Any:
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
