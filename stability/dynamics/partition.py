"""How a profile is divided among the players."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import sympy

from ..errors import InputError, InputTypeError
from .vectors import rows, stack, zeros_like


@dataclass(frozen=True)
class Partition:
    """The players of a profile `x`, in order, and how many of its `d` numbers each one owns.

    A system that is no game has one part that owns everything.
    """

    players: tuple[str, ...]
    sizes: tuple[int, ...]

    @property
    def dimension(self) -> int:
        return sum(self.sizes)

    @property
    def slices(self) -> tuple[slice, ...]:
        ends = tuple(accumulate(self.sizes))
        return tuple(slice(end - size, end) for end, size in zip(ends, self.sizes, strict=True))

    def index(self, player: str | int) -> int:
        """The position of a player given by name or by position. Raises InputError if there is none."""
        if isinstance(player, str):
            if player not in self.players:
                raise InputError(
                    f"there is no player {player!r}; the players are {', '.join(self.players)}"
                )
            return self.players.index(player)
        if not 0 <= player < len(self.players):
            raise InputError(f"player {player} does not exist; there are {len(self.players)}")
        return player

    def alone(self, i: int) -> Partition:
        """Player `i` without the others."""
        return Partition((self.players[i],), (self.sizes[i],))

    def part(self, i: int, x: Any) -> Any:
        """Player `i`'s rows of the vector `x`."""
        return rows(x, self.slices[i])

    def embed(self, i: int, part: Any, like: Any) -> Any:
        """The vector shaped like `like` that is `part` for player `i` and zero for all others."""
        parts = [zeros_like(rows(like, s)) for s in self.slices]
        parts[i] = part
        return stack(parts)

    def replaced(self, i: int, part: Any, x: Any) -> Any:
        """The vector `x` with player `i`'s rows exchanged for `part`."""
        return stack([part if j == i else rows(x, s) for j, s in enumerate(self.slices)])

    def interaction(self, matrix: Any) -> Any:
        """The (d, d) matrix with every player's own diagonal block set to zero."""
        own = np.equal.outer(self._owners, self._owners)
        if isinstance(matrix, sympy.MatrixBase):
            return sympy.Matrix(*matrix.shape, lambda i, j: 0 if own[i, j] else matrix[i, j])
        return matrix * ~own

    @property
    def _owners(self) -> np.ndarray:
        """Whose each coordinate is, shape (d,)."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def scale(self, factors: Sequence[Any], x: Any) -> Any:
        """The vector `x` with each player's part multiplied by that player's factor."""
        return stack([f * rows(x, s) for f, s in zip(factors, self.slices, strict=True)])

    def per_player(self, value: Any, what: str) -> tuple[Any, ...]:
        """One value per player, from a single value or a mapping from player names.

        A mapping may hold the key `""` for the players it does not name; without that key it has to
        name every player. Raises InputError for a player that does not exist or is missing.
        """
        if not isinstance(value, Mapping):
            return (value,) * len(self.players)
        for player in value:
            if not isinstance(player, str):
                raise InputTypeError(f"{what} is keyed by player names, not by {player!r}")
            if player:
                self.index(player)
        missing = [p for p in self.players if p not in value and "" not in value]
        if missing:
            raise InputError(f"{what} is missing for player {missing[0]!r}")
        return tuple(value[p] if p in value else value[""] for p in self.players)
