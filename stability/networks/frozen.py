"""What all models from outside share: trainable numbers, and state that must stand still."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError

Apply = Callable[..., Any]


def is_trainable(leaf: Any) -> bool:
    """Whether a leaf of a model is an array of real floating-point numbers."""
    return isinstance(leaf, (jax.Array, np.ndarray)) and jnp.issubdtype(leaf.dtype, jnp.floating)


def check_trainable(library: str, params: Any) -> None:
    """Raises InputError if there is nothing to train."""
    if not jax.tree_util.tree_leaves(params):
        raise InputError(f"the {library} model has no floating-point parameters to train")


def check_still(library: str, states: Iterable[tuple[str, Any, Any, bool]]) -> None:
    """Raises InputError for state that a call has changed.

    `states` gives for every array its name, the array before and after the call, and whether it belongs to
    a generator of random numbers. An array that was not assigned to is the same object: no value is looked
    at.
    """
    for name, before, after, random in states:
        if after is before:
            continue
        if random:
            raise InputError(
                f"the {library} model draws random numbers from {name!r} when it is called; "
                "switch dropout and noise off, or draw them outside and pass them as data"
            )
        raise InputError(
            f"the {library} model changes its state {name!r} when it is called; "
            "let batch normalisation use its stored statistics and freeze other state"
        )


def check_same(library: str, before: Any, after: Any) -> None:
    """`check_still` for pytrees of one structure, none of whose leaves belongs to a random generator."""
    named, _ = jax.tree_util.tree_flatten_with_path(before)
    pairs = zip(named, jax.tree_util.tree_leaves(after), strict=True)
    check_still(library, ((path_name(path), old, new, False) for (path, old), new in pairs))


def path_name(path: Any) -> str:
    """A pytree path as text, `layers/0/weight`."""
    return jax.tree_util.keystr(path, simple=True, separator="/")
