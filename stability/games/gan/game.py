"""The game of a generator and a discriminator, with one forward pass for both of their gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import jax
import jax.numpy as jnp

from ...errors import InputError
from ..batches import samples
from ..game import Game
from .objective import Objective

PLAYERS = ("disc", "gen")


class GAN(Game):
    """A generative adversarial network as a game of the players `disc` and `gen`; made by `gan`.

    `discriminator`, `generator`, `objective`, `start`, `name` and `sets` are as in `gan`.
    `data` is (samples, latents, further arrays that penalties drew). The gradient field evaluates the
    generator once, and the discriminator once on the data and once on the generated samples.
    """

    def __init__(
        self,
        discriminator: Callable[[Any, Any], Any],
        generator: Callable[[Any, Any], Any],
        objective: Objective,
        *,
        data: tuple[Any, Any],
        start: Mapping[str, Any],
        name: str = "GAN",
        sets: Mapping[str, Any] | None = None,
    ):
        self.discriminator = discriminator
        self.generator = generator
        self.objective = objective
        self._noises: tuple[tuple[Any, int], ...] = ()
        super().__init__(
            dict(zip(PLAYERS, self._plain_losses(), strict=True)),
            start=start,
            data=data,
            name=name,
            minimizer="gen",
            sets=sets,
            check=False,
        )

    def outputs(self, disc: Any, images: Any) -> Any:
        """What the discriminator says of `images`: logits, shape (N,), or feature vectors, shape (N, k)."""
        result = self.discriminator(disc, images)
        return result if self.objective.features else jnp.reshape(result, (-1,))

    @property
    def real_samples(self) -> Any:
        """The samples of the data, with the instance noise if the game has any."""
        return self._real(self.data)

    def generated_samples(self, gen: Any) -> Any:
        """What a generator makes of the game's latents, with the instance noise if there is any."""
        return self._generated(gen, self.data)

    def with_terms(
        self,
        terms: Mapping[str, Callable[[Any, Any], Any]],
        *,
        mean: bool = False,
        draws: tuple[Any, ...] = (),
    ) -> Self:
        """As `Game.with_terms`; `draws`, arrays with one row for each sample, are appended to the data."""
        game = super().with_terms(terms, mean=mean)
        game.data = (*self.data, *draws)
        return game

    def with_noise(self, sigma: Any, on_real: Any, on_generated: Any) -> Self:
        """The same game with `sigma` times fixed noise on the data and on the generated samples.

        `on_real` and `on_generated` are the noise: arrays (or pytrees) shaped like the samples of either
        kind.
        """
        noises = (*self._noises, (sigma, len(self.data)))
        game = self._copy(_noises=noises, data=(*self.data, (on_real, on_generated)))
        game._losses = game._plain_losses()
        return game

    def with_data(self, *data: Any) -> Self:
        """The same game at other samples and latents, with the same compiled code for the same shapes.

        What penalties drew is kept, cut to the new number of samples, unless it is given as well. Raises
        InputError for data of another structure or dtype, and for more samples than were drawn for.
        """
        kept = self.data[len(data) :]
        if kept:
            kept = tuple(self._cut(drawn, data) for drawn in kept)
        return super().with_data(*data, *kept)

    def batched(self, size: int) -> Self:
        """As `Game.batched`. Raises InputError where a microbatch is too small for the objective."""
        game = super().batched(size)
        n = samples(self.data)
        if min(min(size, n), n % size or size) < self.objective.smallest:
            raise InputError(
                f"microbatches of {size} out of {n} samples leave fewer than the "
                f"{self.objective.smallest} that {self.objective.name} needs; take another size"
            )
        return game

    def _cut(self, drawn: Any, data: tuple[Any, ...]) -> Any:
        n = samples(data[0])
        if samples(drawn) < n:
            raise InputError(
                f"the penalties drew numbers for {samples(drawn)} samples, and {n} are given; "
                "give no more, or the further arrays too"
            )
        return jax.tree.map(lambda leaf: leaf[:n], drawn)

    def _plain_losses(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        return self._discriminator_loss, self._generator_loss

    def _discriminator_loss(self, disc: Any, gen: Any, *data: Any) -> Any:
        return self.objective.discriminator(
            self.outputs(disc, self._real(data)), self.outputs(disc, self._generated(gen, data))
        )

    def _generator_loss(self, disc: Any, gen: Any, *data: Any) -> Any:
        if self.objective.generator is None:
            return -self._discriminator_loss(disc, gen, *data)
        return self.objective.generator(
            self.outputs(disc, self._real(data)), self.outputs(disc, self._generated(gen, data))
        )

    def _real(self, data: Any) -> Any:
        real = data[0]
        for sigma, k in self._noises:
            real = _noisy(real, sigma, data[k][0])
        return real

    def _generated(self, gen: Any, data: Any) -> Any:
        generated = self.generator(gen, data[1])
        for sigma, k in self._noises:
            generated = _noisy(generated, sigma, data[k][1])
        return generated

    def _base_field(self, x: Any, samples: Any) -> Any:
        disc, gen = self.unpack(x)
        objective, real = self.objective, self._real(samples)
        generated, to_gen = jax.vjp(lambda gen: self._generated(gen, samples), gen)
        on_real, from_real = jax.vjp(lambda disc: self.outputs(disc, real), disc)
        on_generated, from_generated = jax.vjp(self.outputs, disc, generated)
        real_weights, weights = jax.grad(objective.discriminator, (0, 1))(on_real, on_generated)
        (by_real,) = from_real(real_weights)
        by_generated, by_image = from_generated(weights)
        if objective.generator is None:  # the generator's loss is minus the discriminator's
            by_image = jax.tree.map(jnp.negative, by_image)
        else:
            _, by_image = from_generated(jax.grad(objective.generator, 1)(on_real, on_generated))
        by_disc = jax.tree.map(jnp.add, by_real, by_generated)
        leaves = [*jax.tree.leaves(by_disc), *jax.tree.leaves(to_gen(by_image))]
        return -jnp.concatenate([jnp.ravel(leaf) for leaf in leaves]).astype(x.dtype)


def _noisy(images: Any, sigma: Any, noise: Any) -> Any:
    return jax.tree.map(lambda image, drawn: image + sigma * drawn, images, noise)
