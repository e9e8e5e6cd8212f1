"""Many points side by side: one array per coordinate, so that neighbours in memory are neighbouring lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .ensemble_scalars import scalarised

_SCALARS = 4  # coordinates that are handled one by one; of more, compiling would take long

Lanes = tuple[Any, ...]


def split(x: Any) -> Lanes:
    """A matrix of shape (d, C), or (d, 1), as lanes: its d rows, or for a large d the matrix alone."""
    return tuple(x) if len(x) <= _SCALARS else (x,)


def join(lanes: Lanes) -> Any:
    """Lanes as a matrix of shape (d, C)."""
    return jnp.stack(lanes) if lanes[0].ndim == 1 else lanes[0]


def lanewise(function: Callable[[Any], Any], dimension: int) -> Callable[[Lanes], Lanes]:
    """A function from (d,) to (d,) as one from lanes to lanes."""
    if dimension > _SCALARS:
        batch = jax.vmap(function, in_axes=1, out_axes=1)
        return lambda x: (jnp.asarray(batch(x[0]), x[0].dtype),)
    batch = jax.vmap(scalarised(function, dimension))
    return lambda x: tuple(jnp.asarray(value, x[0].dtype) for value in batch(*x))


def where(mask: Any, new: Lanes, old: Lanes) -> Lanes:
    """The new points of the lanes in the mask (C,), the old ones of the others."""
    return tuple(jnp.where(mask, a, b) for a, b in zip(new, old, strict=True))


def mean(lanes: Lanes, dimension: int) -> Any:
    """The mean over the coordinates, shape (C,)."""
    return sum(part if part.ndim == 1 else part.sum(axis=0) for part in lanes) / dimension


def lanes_inside(x: Lanes, low: Lanes, high: Lanes) -> Any:
    """Whether every coordinate lies between its bounds, shape (C,); NaN does not."""
    return every((a >= b) & (a <= c) for a, b, c in zip(x, low, high, strict=True))


def every(conditions: Any) -> Any:
    """Whether a condition holds for every coordinate, shape (C,)."""
    result: Any = True
    for condition in conditions:
        result &= condition if condition.ndim == 1 else condition.all(axis=0)
    return result
