"""GANs from two functions, two pytrees and data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from ...errors import InputError, InputTypeError
from ...networks.check import check_network
from .data import collected, latents
from .game import GAN, PLAYERS
from .objective import Objective, objective_of

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
    check: bool = True,
) -> GAN:
    """The game of a discriminator and a generator; the players are `disc` and `gen`, in this order.

    **Arguments:**

    - `discriminator(disc, images)`: logits of shape (N,) or (N, 1) for N samples; feature vectors of shape
      (N, k) for the objective `mmd`.
    - `generator(gen, latents)`: M samples, shaped as those of the data, for M latents.
    - `start`: `{"disc": …, "gen": …}`, the players' parameters, any pytrees.
    - `data`: an array of shape (N, …), or a mapping or tuple of such arrays; or a list or another finite
      iterable of batches, which are collected.
    - `latent`: fixed latents, arrays of shape (M, …); or a whole number k, for N standard normal vectors of
      shape (k,) drawn once from `seed`. So the game is deterministic: an average over these data and latents.
    - `objective`: a name in `OBJECTIVES`, or an `Objective`.
    - `penalties`: applied one after the other.
    - `batch`: take the averages in microbatches of this size (`Game.batched`); by default the size of the
      first batch where `data` come in batches, and else everything at once.
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
    game = GAN(discriminator, generator, objective, data=both, start=start, name=name)
    _check_shapes(game)
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


def _check_shapes(game: GAN) -> None:
    disc, gen = game.unpack(jnp.asarray(game.start))
    real, latent = game.data
    made = _traced("generator", game.generator, gen, latent)
    m = jax.tree.leaves(latent)[0].shape[0]
    shapes = [tuple(leaf.shape) for leaf in jax.tree.leaves(made)]
    expected = [(m, *leaf.shape[1:]) for leaf in jax.tree.leaves(real)]
    if jax.tree.structure(made) != jax.tree.structure(real) or shapes != expected:
        raise InputError(
            f"the generator makes samples of shape {_text(shapes)} out of {m} latents; "
            f"for these data it must be {_text(expected)}"
        )
    for kind, images in (("the data", real), ("the generated samples", made)):
        n = jax.tree.leaves(images)[0].shape[0]
        said = _traced(f"discriminator, on {kind},", game.discriminator, disc, images)
        shape = getattr(said, "shape", None)
        if game.objective.features:
            if shape is None or len(shape) != 2 or shape[0] != n:
                raise InputError(
                    f"the discriminator of {game.objective.name} returns feature vectors of shape ({n}, k) "
                    f"for {n} samples, not {_kind(said)}"
                )
        elif shape not in ((n,), (n, 1)):
            raise InputError(
                f"the discriminator returns logits of shape ({n},) or ({n}, 1) for {n} samples, "
                f"not {_kind(said)}"
            )


def _traced(what: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """The shapes that a function returns. Raises InputError if JAX cannot trace it."""
    try:
        return jax.eval_shape(function, *arguments)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"the {what} fails under JAX: {reason}") from error


def _text(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes))


def _kind(said: Any) -> str:
    return f"shape {said.shape}" if hasattr(said, "shape") else f"{type(said).__name__}"
