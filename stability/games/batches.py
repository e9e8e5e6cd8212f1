"""Means over a data set, taken in microbatches: exact, deterministic, in the memory of one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ..errors import InputError


def samples(data: Any) -> int:
    """How many samples the data hold: the length of the axis that all of its arrays begin with.

    Raises InputError if there is none, if it differs from array to array, or if it is 0.
    """
    shapes = [np.shape(leaf) for leaf in jax.tree.leaves(data)]
    if not shapes:
        raise InputError("the game has no data; only a mean over data can be taken in microbatches")
    if () in shapes:
        raise InputError(
            "the data hold a number without axes; data taken in microbatches all begin with one axis"
        )
    lengths = sorted({shape[0] for shape in shapes})
    if len(lengths) > 1:
        raise InputError(
            f"the data begin with axes of different lengths, {', '.join(map(str, lengths))}; "
            "to take them in microbatches, give as many of each"
        )
    if lengths == [0]:
        raise InputError("the data are empty; give at least one sample")
    return lengths[0]


def average(function: Callable[[Any], Any], data: Any, size: int) -> Any:
    """The mean of `function` over the data, from its means over microbatches of `size` samples.

    `function` takes data of any number of samples and returns a mean over them, any pytree of arrays. The
    last microbatch holds what is left, and weighs as much less. Differentiating this evaluates every
    microbatch anew (`jax.checkpoint`), so the memory is that of one microbatch for derivatives too.
    """
    n = samples(data)
    whole, rest = divmod(n, size)

    def block(start: Any, length: int) -> Any:
        return jax.tree.map(lambda leaf: lax.dynamic_slice_in_dim(leaf, start, length), data)

    if not whole:
        return function(data)

    def add(total: Any, start: Any) -> tuple[Any, None]:
        return jax.tree.map(
            lambda t, v: t + v * (size / n), total, function(block(start, size))
        ), None

    like = jax.eval_shape(lambda: function(block(0, size)))
    total = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), like)
    total, _ = lax.scan(jax.checkpoint(add, prevent_cse=False), total, size * np.arange(whole))
    if not rest:
        return total
    last = function(block(whole * size, rest))
    return jax.tree.map(lambda t, v: t + v * (rest / n), total, last)
