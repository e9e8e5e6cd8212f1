"""Points and boxes as they are given: vectors, or numbers by variable; checked, and refused in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError, InputTypeError


def real_vector(x: Any, dimension: int) -> jax.Array:
    """`x` as a JAX vector of shape (dimension,); raises InputTypeError for anything else."""
    x = jnp.asarray(x)
    if x.shape != (dimension,) or not jnp.issubdtype(x.dtype, jnp.floating):
        raise InputTypeError(
            f"this takes a real vector of shape ({dimension},), not {x.dtype} of shape {x.shape}"
        )
    return x


def named_box(box: Mapping[str, Any], variables: Sequence[str]) -> dict[str, tuple[float, float]]:
    """A box by variable names, checked. Raises InputError for unknown names and empty intervals."""
    if not isinstance(box, Mapping):
        raise InputTypeError(f"a box maps variables to (low, high), it is no {type(box).__name__}")
    result = {}
    for variable, interval in box.items():
        if str(variable) not in variables:
            raise InputError(
                f"the box names {variable}, which is no variable; there are {listed_names(variables)}"
            )
        try:
            low, high = (float(end) for end in interval)
        except (TypeError, ValueError):
            raise InputTypeError(
                f"the box of {variable} is two numbers (low, high), not {interval!r}"
            ) from None
        if not (np.isfinite([low, high]).all() and low < high):
            raise InputError(
                f"the box of {variable} is two finite numbers, low < high, not {interval}"
            )
        if max(abs(low), abs(high)) > 1e100:
            raise InputError(f"the box of {variable} is too large to search: {interval}")
        result[str(variable)] = (low, high)
    return result


def named_start(start: Any, variables: Sequence[str]) -> np.ndarray:
    """A start as a vector of shape (d,), from a vector or a mapping by names (all of them)."""
    if isinstance(start, Mapping):
        start = coordinates_by_name(start, variables, "the start")
    return start_vector(start, len(variables))


def coordinates_by_name(point: Mapping[Any, Any], variables: Sequence[str], what: str) -> list[Any]:
    """The numbers of a point, given by variable, in the order of the variables.

    Raises InputError, about `what` the point is, unless it names every variable once and nothing else.
    """
    named = {str(key): value for key, value in point.items()}
    for name in [*named, *variables]:
        if name not in variables:
            raise InputError(
                f"{what} names {name}, which is no variable; there are {listed_names(variables)}"
            )
        if name not in named:
            raise InputError(f"{what} says nothing of {name}")
    return [named[name] for name in variables]


def start_vector(start: Any, dimension: int, what: str = "the start") -> np.ndarray:
    """A start, or `what` it is, as a vector (dimension,). Raises InputError unless it is finite numbers."""
    try:
        vector = np.asarray(start, dtype=float)
    except (TypeError, ValueError):
        raise InputTypeError(f"{what} is {dimension} real numbers, not {start!r}") from None
    if vector.shape != (dimension,):
        raise InputError(f"{what} is {dimension} numbers, one for each variable")
    if not np.isfinite(vector).all():
        raise InputError(f"{what} holds a number that is not finite")
    return vector


def listed_names(names: Any) -> str:
    return ", ".join(map(str, names)) or "none"
