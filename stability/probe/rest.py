"""Whether a point is at rest, for people: the numbers of `stationarity` and what they mean."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from ..equilibria.nearby import Stationarity
from ..games.game import Game
from ..verdicts.verdict import Verdict
from .value import Rest


def rest_at(game: Game, x: Any, found: Stationarity, moved: float | None) -> Rest:
    """What `stationarity` found at the profile x, with the players' losses and own gradients there."""
    field = np.asarray(game.field(x), dtype=np.float64)
    norms = {
        player: float(np.linalg.norm(field[own]))
        for player, own in zip(game.players, game.partition.slices, strict=True)
    }
    losses = dict(zip(game.players, map(float, game.losses(x)), strict=True))
    size = float(jnp.linalg.norm(x))
    remarks = []
    if not found.converged:
        remarks.append("the Newton step was not found to the end and is a lower estimate")
    elif found.remainder > 0.1 and not found.stationary:
        remarks.append(
            f"{100 * found.remainder:.0f}% of the field is out of reach of every small step, so there may "
            "be no rest point nearby"
        )
    return Rest(
        found.field_norm, norms, size, found.newton_step, losses, _verdict(found, size), moved,
        tuple(remarks),
    )  # fmt: skip


def _verdict(found: Stationarity, size: float) -> Verdict:
    if found.stationary:
        text = (
            f"the field has norm {found.field_norm:.3g}, and the rest point is {found.newton_step:.3g} away "
            "by the linear model: at rest, as far as the precision tells"
        )
        return Verdict("yes", found.field_norm, None, "numeric", text)
    text = (
        f"the field has norm {found.field_norm:.3g}; by the linear model a rest point is "
        f"{found.newton_step:.3g} away, and the point itself has norm {size:.3g}"
    )
    return Verdict("no", found.field_norm, None, "numeric", text)
