"""An optax state as vectors: one for each quantity that the transformation remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import jax
import jax.numpy as jnp


@dataclass(frozen=True, eq=False)
class Memory:
    """How the state of an optax transformation on one player's strategy is told as vectors.

    An average over the gradients has the strategy's own structure, and becomes one vector, as long as the
    strategy; a count becomes one of length one. Transformations whose state has another structure on
    one long vector than on the strategy (masked ones) get a vector for every array.

    - `template`: the state of `init`, `tree`: its structure down to what becomes a vector.
    - `leaves`: where in it each vector comes from, and an array of its kind, with an axis if it is an average
      over the gradients.
    """

    template: Any
    tree: Any
    leaves: tuple[tuple[Any, Any], ...]

    @classmethod
    def of(cls, transformation: Any, strategy: Any) -> Memory:
        """The memory of a transformation on a strategy, a pytree of arrays with at least one axis."""
        template = transformation.init(strategy)
        try:
            leaves, tree = flatten(transformation.init(ravel(strategy)))
            tree.flatten_up_to(template)
        except (ValueError, TypeError, KeyError, AttributeError):
            leaves, tree = flatten(template)
        return cls(template, tree, tuple(leaves))

    def groups(self, state: Any) -> list[Any]:
        """What becomes a vector each, in order: arrays, or pytrees structured as the strategy."""
        return self.tree.flatten_up_to(state)

    def vectors(self, state: Any) -> list[Any]:
        """The vectors of a state."""
        return [ravel(group) for group in self.groups(state)]

    def state(self, vectors: Iterator[Any], missing: Callable[[Any, Any], Any]) -> Any:
        """The state of these vectors, taken in order; those given as None are `missing(path, group)`."""
        groups = []
        for (path, _), group in zip(self.leaves, self.groups(self.template), strict=True):
            vector = next(vectors)
            groups.append(missing(path, group) if vector is None else unravel(vector, group))
        return self.tree.unflatten(groups)


def flatten(tree: Any) -> tuple[list[tuple[Any, Any]], Any]:
    """The leaves of a pytree with their paths, and its structure."""
    return jax.tree_util.tree_flatten_with_path(tree)


def is_real(leaf: Any) -> bool:
    """Whether a leaf holds floating-point numbers."""
    return bool(jnp.issubdtype(jnp.result_type(leaf), jnp.floating))


def ravel(tree: Any) -> Any:
    """All the numbers of a pytree, in one vector; an empty one has none."""
    leaves = [jnp.ravel(jnp.asarray(leaf)) for leaf in jax.tree_util.tree_leaves(tree)]
    return leaves[0] if len(leaves) == 1 else jnp.concatenate(leaves or [jnp.zeros(0)])


def unravel(vector: Any, like: Any) -> Any:
    """The pytree shaped as `like`, in its dtypes, whose numbers are the vector's."""
    leaves, tree = jax.tree_util.tree_flatten(like)
    ends = accumulate((jnp.size(leaf) for leaf in leaves), initial=0)
    parts = [vector[begin:end] for begin, end in pairwise(ends)]
    return tree.unflatten(
        jnp.reshape(part, jnp.shape(leaf)).astype(jnp.result_type(leaf))
        for part, leaf in zip(parts, leaves, strict=True)
    )


def strategies(flow: Any, x: Any) -> Sequence[Any]:
    """The players' parts of a vector shaped like the profile, as optax sees them.

    Along a game's flow these are the strategies' own pytrees, with scalars as arrays of one number, so that
    a transformation that treats each array apart (clipping by block, trust ratios, masks) finds them; along
    other flows they are flat vectors.
    """
    if flow.game is None:
        return [flow.partition.part(i, x) for i in range(len(flow.partition.players))]
    return jax.tree_util.tree_map(jnp.atleast_1d, flow.game.unpack(x))
