"""GANs from two functions, two pytrees and data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from ...errors import InputError, InputTypeError
from ..shape_checks import check_network
from .data import collected, latents
from .game import GAN, PLAYERS
from .objective import Objective, objective_of
from .shapes import check_shapes

FEW = 8  # samples that a network is checked on


def gan(
    discriminator: Callable[[Any, Any], Any],
    generator: Callable[[Any, Any], Any],
    *,
    start: Mapping[str, Any],
    data: Any,
    latent: Any,
    objective: str | Objective = "non-saturating",
    penalties: Iterable[Callable[[GAN], GAN]] = (),
    batch: int | None = None,
    seed: int = 0,
    name: str = "GAN",
    sets: Mapping[str, Any] | None = None,
    check: bool = True,
) -> GAN:
    """The game of a discriminator and a generator; the players are `disc` and `gen`, in this order.

    **Arguments:**

    - `discriminator`: a function of (disc's parameters, images) to logits of shape (N,) or (N, 1) for N
      samples; feature vectors of shape (N, k) for the objective `mmd`.
    - `generator`: a function of (gen's parameters, latents) to M samples, shaped as those of the data, for M
      latents.
    - `start`: `{"disc": …, "gen": …}`, the players' parameters, any pytrees.
    - `data`: an array of shape (N, …), or a mapping or tuple of such arrays; or a list or another finite
      iterable of batches, which are collected.
    - `latent`: fixed latents, arrays of shape (M, …); or a whole number k, for N standard normal vectors of
      shape (k,) drawn once from `seed`. So the game is deterministic: an average over these data and latents.
    - `objective`: a name in `OBJECTIVES`, or an `Objective`.
    - `penalties`: applied one after the other.
    - `batch`: take the averages in microbatches of this size (`Game.batched`); by default the size of the
      first batch where `data` come in batches, and else everything at once.
    - `name`: what reports call the game.
    - `sets`: where the parameters live, as in `Game`: `{"disc": Bounds(-0.01, 0.01)}` clips the weights.
    - `check`: whether networks are refused whose output for one sample depends on the others in the batch
      (batch normalisation in training mode, which leaks statistics between the players; `False` for
      minibatch discrimination, which does so on purpose), that draw random numbers, or that keep state.

    Raises InputError or InputTypeError for data, samples and logits that do not fit together, and for
    what `Game` raises them for.
    """
    for what, function in (("discriminator", discriminator), ("generator", generator)):
        if not callable(function):
            raise InputTypeError(f"the {what} is a function (parameters, batch), not {function!r}")
    if not isinstance(start, Mapping) or set(start) != set(PLAYERS):
        raise InputError("start maps 'disc' and 'gen' to their parameters and names nobody else")
    objective = objective_of(objective)
    real, size = collected(data)
    both = (real, latents(latent, real, seed))
    game = GAN(discriminator, generator, objective, data=both, start=start, name=name, sets=sets)
    check_shapes(game, latent)
    if check:
        _check_networks(game)
    size = size if batch is None else batch
    if size is not None:
        game = game.batched(size)
    for penalty in penalties:
        if not callable(penalty):
            raise InputTypeError(f"{penalty!r} is no penalty; use for example st.R1(gamma=1.0)")
        game = penalty(game)
    game.check()
    return game


def _check_networks(game: GAN) -> None:
    disc, gen = game.unpack(jnp.asarray(game.start))
    real, latent = (jax.tree.map(lambda leaf: leaf[:FEW], part) for part in game.data)
    check_network(game.discriminator, disc, real, "the discriminator")
    check_network(game.generator, gen, latent, "the generator")
