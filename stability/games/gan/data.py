"""A GAN's data and latents: collected, and checked before anything is compiled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...errors import InputError, InputTypeError
from ..batches import samples


def collected(data: Any) -> tuple[Any, int | None]:
    """The data as one pytree of arrays, and the size of the batches if they came in batches.

    An array, a mapping or a tuple is a data set; a list or any other iterable holds batches of one.
    """
    whole = isinstance(data, (np.ndarray, jax.Array, Mapping, tuple))
    if whole or not isinstance(data, Iterable):
        return _checked(data, "the data"), None
    batches = [_checked(batch, f"batch {k} of the data") for k, batch in enumerate(data)]
    if not batches:
        raise InputError("the data are empty; give at least one batch")
    structures = {jax.tree.structure(batch) for batch in batches}
    shapes = {tuple(leaf.shape[1:] for leaf in jax.tree.leaves(batch)) for batch in batches}
    if len(structures) > 1 or len(shapes) > 1:
        raise InputError("the batches of the data are not all shaped alike after their first axis")
    joined = jax.tree.map(lambda *leaves: np.concatenate(leaves), *batches)
    return joined, samples(batches[0])


def latents(given: Any, like: Any, seed: int) -> Any:
    """The latents: those given, or as many standard normal vectors of a dimension as there are data."""
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)):
        return _checked(given, "the latents")
    if given < 1:
        raise InputError(f"the dimension of the latents is a positive whole number, not {given}")
    kind = np.dtype(jax.tree.leaves(like)[0].dtype)
    shape = (samples(like), int(given))
    return np.random.default_rng(seed).standard_normal(shape).astype(kind)


def _checked(data: Any, what: str) -> Any:
    leaves = jax.tree.leaves(data)
    if not leaves:
        raise InputError(f"{what} hold no arrays")
    for leaf in leaves:
        if not isinstance(leaf, (np.ndarray, jax.Array)) or leaf.ndim == 0:
            raise InputTypeError(f"{what} are arrays with one row for each sample, not {leaf!r}")
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            raise InputTypeError(
                f"{what} hold {leaf.dtype}; make them floating-point numbers, usually in [-1, 1]"
            )
        if not bool(jnp.isfinite(leaf).all()):
            raise InputError(f"{what} hold a number that is not finite")
    lengths = sorted({leaf.shape[0] for leaf in leaves})
    if len(lengths) > 1:
        raise InputError(f"{what} have arrays of different lengths, {', '.join(map(str, lengths))}")
    if lengths == [0]:
        raise InputError(f"{what} are empty; give at least one sample")
    return data
