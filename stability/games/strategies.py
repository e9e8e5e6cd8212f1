"""The players' strategies: who plays, what each one owns, and what its numbers are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError, InputTypeError


@dataclass(frozen=True)
class Strategy:
    """One player's strategy: the structure of its pytree, and its leaves by path."""

    player: str
    tree: Any
    paths: tuple[Any, ...]
    leaves: tuple[np.ndarray, ...]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return tuple(leaf.shape for leaf in self.leaves)

    @property
    def size(self) -> int:
        return sum(leaf.size for leaf in self.leaves)


def strategies_of(losses: Mapping[str, Any], start: Mapping[str, Any]) -> tuple[Strategy, ...]:
    """The strategies in player order, checked. Raises InputError or InputTypeError for what is none."""
    result = []
    for player in players_of(losses, start):
        pairs, tree = jax.tree_util.tree_flatten_with_path(start[player])
        leaves = tuple(_leaf(player, path, leaf) for path, leaf in pairs)
        strategy = Strategy(player, tree, tuple(path for path, _ in pairs), leaves)
        if strategy.size == 0:
            raise InputError(f"player {player!r} owns no numbers; leave the player out")
        result.append(strategy)
    return tuple(result)


def players_of(losses: Mapping[str, Any], start: Mapping[str, Any]) -> tuple[str, ...]:
    """The players' names, in order. Raises InputError unless both mappings name the same ones."""
    if not isinstance(losses, Mapping) or not isinstance(start, Mapping):
        raise InputTypeError("losses and start are mappings from player names")
    if not losses:
        raise InputError("a game needs at least one player")
    for player in losses:
        if not isinstance(player, str) or not player:
            raise InputTypeError(f"a player's name is a non-empty string, not {player!r}")
        if player not in start:
            raise InputError(f"player {player!r} has a loss but no strategy in start")
    for player in start:
        if player not in losses:
            raise InputError(f"player {player!r} has a strategy in start but no loss")
    return tuple(losses)


class CoordinateNames:
    """The names of a profile's coordinates, from the players' names and the paths in their pytrees.

    A network has millions, so they are only made when called for.
    """

    def __init__(self, strategies: Sequence[Strategy]):
        self.by_player = [
            [
                (_leaf_name(strategy.player, path), shape)
                for path, shape in zip(strategy.paths, strategy.shapes, strict=True)
            ]
            for strategy in strategies
        ]

    def __call__(self) -> tuple[str, ...]:
        return tuple(
            name + (f"[{','.join(map(str, index))}]" if shape else "")
            for name, shape in self._leaves
            for index in np.ndindex(*shape)
        )

    @property
    def _leaves(self) -> list[tuple[str, tuple[int, ...]]]:
        return [leaf for leaves in self.by_player for leaf in leaves]

    @property
    def may_repeat(self) -> bool:
        """Whether a name may be given twice: where leaves share a name, or a leaf's ends like an index."""
        names = [name for name, _ in self._leaves]
        return len(set(names)) < len(names) or any(name.endswith("]") for name in names)


def _leaf(player: str, path: Any, leaf: Any) -> np.ndarray:
    where = f"the start of player {player!r}" + jax.tree_util.keystr(path)
    if type(leaf) in (int, float):
        leaf = np.asarray(leaf, dtype=float)
    if not isinstance(leaf, (np.ndarray, np.generic, jax.Array)):
        raise InputTypeError(f"{where} is no array but {leaf!r}")
    if not jnp.issubdtype(leaf.dtype, jnp.floating):
        raise InputTypeError(f"{where} holds {leaf.dtype}; strategies are floating-point arrays")
    array = np.asarray(leaf)
    if not np.isfinite(array.astype(float)).all():
        raise InputError(f"{where} holds a number that is not finite")
    return array


def _leaf_name(player: str, path: Any) -> str:
    keys = jax.tree_util.keystr(path, simple=True, separator=".")
    return f"{player}.{keys}" if path else player
