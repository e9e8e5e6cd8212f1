"""A two-player zero-sum game on a box, as a payoff f(x, y) that x minimises and y maximises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.points import named_box
from ..dynamics.system import is_a
from ..errors import InputError, InputTypeError
from ..games.box_minimum import MOST_VARIABLES, box_minimum
from ..games.game import Game
from ..games.structure import adds_to_zero, is_zero_sum

_AT_ONCE = 4_000_000  # numbers in a table that is computed at once
_FEWEST, _FEWEST_MIXED = 32, 8  # points that are computed at once, at least


@dataclass(frozen=True, eq=False)
class Payoff:
    """f(x, y) with its box; role 0 is the minimiser x, role 1 the maximiser y.

    A strategy of role k is a vector of shape (d_k,) in the order of the game's variables; `low` and `high`
    hold the box by role. Everything is computed in float64 and compiled once.
    """

    game: Game
    low: tuple[np.ndarray, np.ndarray]
    high: tuple[np.ndarray, np.ndarray]

    @property
    def roles(self) -> tuple[int, int]:
        """The positions of the minimiser and the maximiser among the players."""
        return self.game.minimizer, 1 - self.game.minimizer

    def names(self, role: int) -> tuple[str, ...]:
        """The variables of a role."""
        return tuple(self.game.variables[self.game.partition.slices[self.roles[role]]])

    def start(self, role: int) -> np.ndarray:
        """The game's start, moved into the box."""
        own = self.game.partition.part(self.roles[role], np.asarray(self.game.start, dtype=float))
        return np.clip(own, self.low[role], self.high[role])

    def named(self, x: np.ndarray, y: np.ndarray) -> dict[str, float]:
        """A profile as a mapping by variable, in the game's order."""
        found = {
            **dict(zip(self.names(0), x, strict=True)),
            **dict(zip(self.names(1), y, strict=True)),
        }
        return {name: float(found[name]) + 0.0 for name in self.game.variables}

    def value(self, x: Any, y: Any) -> Any:
        """f(x, y), for JAX to trace."""
        parts = [x, y] if self.roles[0] == 0 else [y, x]
        return self.game.losses(jnp.concatenate(parts))[self.roles[0]]

    def table(self, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        """f at every pair: xs of shape (n, d_0), ys of shape (m, d_1), the result (n, m)."""
        n, m = len(xs), len(ys)
        xs, ys = _padded(np.asarray(xs), _FEWEST), _padded(np.asarray(ys), _FEWEST)
        rows = 1 << (max(_AT_ONCE // len(ys), 1).bit_length() - 1)  # divides the number of rows
        with jax.enable_x64(True):
            parts = [np.asarray(self._table(xs[i : i + rows], ys)) for i in range(0, len(xs), rows)]
        return np.concatenate(parts)[:n, :m]

    def best_reply(
        self, role: int, others: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, float]:
        """The best strategy of a role against a mixture of the other's, and the payoff f it leads to.

        `others` has shape (k, d_other), `weights` (k,). The box is searched on a grid and the answer is
        polished, so that f is the true optimum unless that is narrower than the grid.
        """
        others = _padded(np.asarray(others), _FEWEST_MIXED)
        weights = np.append(weights, np.zeros(len(others) - len(weights)))
        with jax.enable_x64(True):
            found, height = self._replies[role](jnp.asarray(others), jnp.asarray(weights))
        value = float(height) * (1 - 2 * role)
        if not np.isfinite(value):
            player = self.game.players[self.roles[role]]
            raise InputError(f"the payoff of {player} is not finite anywhere on a grid of the box")
        return np.asarray(found), value

    def derivatives(self, xs: np.ndarray, ys: np.ndarray) -> tuple[Any, Any, Any]:
        """f, (f_x, f_y) and (f_xx, f_xy, f_yy) at every pair, each of shape (n, m, …)."""
        n, m = len(xs), len(ys)
        with jax.enable_x64(True):
            found = self._derivatives(_padded(xs, _FEWEST), _padded(ys, _FEWEST))
        return jax.tree.map(lambda array: np.asarray(array)[:n, :m], found)

    @cached_property
    def _derivatives(self) -> Callable[..., Any]:
        def at(x: Any, y: Any) -> Any:
            slopes = jax.grad(self.value, (0, 1))
            (f_xx, f_xy), (_, f_yy) = jax.jacfwd(slopes, (0, 1))(x, y)
            return self.value(x, y), slopes(x, y), (f_xx, f_xy, f_yy)

        return jax.jit(jax.vmap(jax.vmap(at, (None, 0)), (0, None)))

    @cached_property
    def _table(self) -> Callable[..., Any]:
        return jax.jit(jax.vmap(jax.vmap(self.value, (None, 0)), (0, None)))

    @cached_property
    def _replies(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        def reply(role: int, others: Any, weights: Any) -> Any:
            def height(own: Any) -> Any:
                pair = self.value if role == 0 else lambda y, x: -self.value(x, y)
                return weights @ jax.vmap(partial(pair, own))(others)

            return box_minimum(height, self.low[role], self.high[role], jnp.float64)

        return jax.jit(partial(reply, 0)), jax.jit(partial(reply, 1))


def payoff(
    game: Any,
    box: Mapping[str, tuple[float, float]] | None,
    parameters: Mapping[Any, Any] | None,
) -> Payoff:
    """The payoff of a game on its box, or on the given sides of it.

    Variables that live in an interval have that. Raises InputError unless the game has two players whose
    losses add up to a constant, every variable has an interval, and no player more than four variables.
    """
    if not is_a(game, "game"):
        raise InputTypeError(f"this takes a Game or a SymbolicGame, not {type(game).__name__}")
    game, _ = game.at_values(parameters)
    if len(game.players) != 2:
        raise InputError(
            f"this is for two-player games, and the game has {len(game.players)} player(s)"
        )
    if max(game.partition.sizes) > MOST_VARIABLES:
        raise InputError(
            f"this searches a box of up to {MOST_VARIABLES} variables per player, and the players have "
            f"{' and '.join(map(str, game.partition.sizes))}"
        )
    sides = {**game.box, **named_box(box or {}, game.variables)}
    sides = game.sets.narrowed(sides, game.variables, "this")
    missing = [name for name in game.variables if name not in sides]
    if missing:
        raise InputError(
            f"the box says nothing of {missing[0]}; give box={{'{missing[0]}': (low, high)}}"
        )
    if not adds_to_zero(game):
        own = ""
        if is_zero_sum(game):
            own = (
                " but to terms in single strategies; leave those in the other's strategy out, on which no "
                "player can act but on which the values depend"
            )
        raise InputError(
            f"this is for zero-sum games, and the losses do not add up to a constant{own}"
        )
    low, high = np.array([sides[name] for name in game.variables]).T
    roles = game.minimizer, 1 - game.minimizer
    part = game.partition.part
    return Payoff(
        game,
        (part(roles[0], low), part(roles[1], low)),
        (part(roles[0], high), part(roles[1], high)),
    )


def _padded(points: np.ndarray, fewest: int) -> np.ndarray:
    """The points and copies of the first, a power of two in all, so that few shapes are compiled."""
    length = max(fewest, 1 << (len(points) - 1).bit_length())
    return np.concatenate([points, np.repeat(points[:1], length - len(points), axis=0)])
