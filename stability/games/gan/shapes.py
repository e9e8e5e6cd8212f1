"""Whether a discriminator, a generator, data and latents fit together, said before anything is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...errors import InputError
from .game import GAN


def check_shapes(game: GAN, latent: Any) -> None:
    """Raises InputError, which names the network and what it was given, where shapes do not fit.

    `latent`: what the user gave, latents or their dimension.
    """
    disc, gen = game.unpack(jnp.asarray(game.start))
    real, latents = game.data
    _check_outputs(game, disc, real, "the data")
    advice = "give it such latents"
    if isinstance(latent, (int, np.integer)):
        advice = "set latent={width}"
    made = _traced("the generator", "latents", game.generator, gen, latents, advice)
    m = jax.tree.leaves(latents)[0].shape[0]
    shapes = [tuple(leaf.shape) for leaf in jax.tree.leaves(made)]
    expected = [(m, *leaf.shape[1:]) for leaf in jax.tree.leaves(real)]
    if jax.tree.structure(made) != jax.tree.structure(real) or shapes != expected:
        raise InputError(
            f"the generator makes samples of shape {_text(shapes)} out of {m} latents; for these data it "
            f"must be {_text(expected)}, so change its last layer or the data"
        )
    _check_outputs(game, disc, made, "the generated samples")


def _check_outputs(game: GAN, disc: Any, images: Any, kind: str) -> None:
    n = jax.tree.leaves(images)[0].shape[0]
    advice = "give it such samples, or change its first layer"
    said = _traced(
        f"the discriminator, on {kind},", "samples", game.discriminator, disc, images, advice
    )
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
            f"not {_kind(said)}; let it end in one number for each sample"
        )


def _traced(
    what: str, noun: str, function: Callable[..., Any], params: Any, batch: Any, advice: str
) -> Any:
    """The shapes that a network returns. Raises InputError if JAX cannot trace it on this batch.

    `advice` may name the `{width}` that the network takes.
    """
    try:
        return jax.eval_shape(function, params, batch)
    except Exception as error:
        given = _text([leaf.shape for leaf in jax.tree.leaves(batch)])
        taken = _shape_taken(function, params, batch)
        if taken is not None:
            shape, width = taken
            raise InputError(
                f"{what} takes {noun} of shape {shape} and was given {given}; {advice.format(width=width)}"
            ) from error
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{what} fails under JAX on {noun} of shape {given}: {reason}") from error


def _shape_taken(
    function: Callable[..., Any], params: Any, batch: Any
) -> tuple[tuple[int, ...], int] | None:
    """The shape of a batch on which the network works, one axis changed, and that axis' length.

    The width that a layer takes is an axis of its weights, so only these lengths are tried, for the last axis
    and for the channels next to the samples. None if no shape works, or more than one.
    """
    leaves = jax.tree.leaves(batch)
    if len(leaves) != 1 or leaves[0].ndim < 2:
        return None
    (leaf,) = leaves
    widths = {size for weights in jax.tree.leaves(params) for size in jnp.shape(weights)}
    found = {}
    for axis in {1, leaf.ndim - 1}:
        for width in widths - {leaf.shape[axis]}:
            shape = (*leaf.shape[:axis], width, *leaf.shape[axis + 1 :])
            other = jax.tree.map(lambda _, s=shape: jax.ShapeDtypeStruct(s, leaf.dtype), batch)
            try:
                jax.eval_shape(function, params, other)
            except Exception:
                continue
            found[shape] = width
    return next(iter(found.items())) if len(found) == 1 else None


def _text(shapes: list[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes))


def _kind(said: Any) -> str:
    return f"shape {said.shape}" if hasattr(said, "shape") else f"{type(said).__name__}"
