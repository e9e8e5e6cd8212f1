"""A network at limits of the players' intervals: the game of the numbers that are free there."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..games.game import Game
from ..games.sets import Tangent, tangent


def strictly_held(game: Game, x: Any) -> Tangent | None:
    """Which numbers are held at ends of their intervals at x, shape (d,), if all are pushed against these.

    None where nothing is held, where a limit is touched without a push (complementarity is not strict), where
    a player has no free number left, and at limits of other kinds.
    """
    face = tangent(game.sets, np.asarray(x))
    if face.spheres or game.sets.simplices or not face.held.any():
        return None
    if any(face.held[own].all() for own in game.partition.slices):
        return None
    v = np.asarray(game.field(x), float)
    return face if face.strict(v, 8 * float(jnp.finfo(x.dtype).eps)) else None


def free_game(game: Game, x: Any, face: Tangent) -> Game:
    """The game in the numbers that are not held, the others staying where they are at x; its start is there.

    Strict complementarity makes it the game near x: its rest points, conditions and spectra are those of the
    face, which nearby steps reach at once.
    """
    positions = [np.flatnonzero(~face.held[own]) + own.start for own in game.partition.slices]
    index = np.concatenate(positions)
    players = range(len(game.players))

    def loss(i: int, *arguments: Any) -> Any:
        own = jnp.concatenate(arguments[: len(players)])
        data = arguments[len(players) :]
        return game.with_data(*data).losses(jnp.asarray(x).at[index].set(own))[i]

    return Game(
        {player: partial(loss, i) for i, player in enumerate(game.players)},
        start={
            player: np.asarray(x)[own] for player, own in zip(game.players, positions, strict=True)
        },
        data=game.data,
        name=game.name,
        minimizer=game.minimizer,
        check=False,
    )


def told(face: Tangent, v: np.ndarray) -> str:
    """What a reader has to know of a report on the free numbers."""
    pushes = face.pushes(v)[face.held]
    n, d = len(pushes), len(face.held)
    return (
        f"{n} of the {d} numbers are held at limits, each pushed against its own with {pushes.min():.3g} to "
        f"{pushes.max():.3g} (complementarity is strict): this report is of the {d - n} that are free, and "
        "every held number adds the multiplier 0"
    )
