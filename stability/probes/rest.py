"""Whether a point is at rest, for people: the numbers of `stationarity` and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from ..equilibria.nearby import Stationarity
from ..games.game import Game
from ..verdicts.verdict import Verdict
from .value import Rest


def rest_at(
    game: Game, x: Any, found: Stationarity, gradients: Mapping[str, float], moved: float | None
) -> Rest:
    """What `stationarity` found of a field at the profile x, with the players' losses there.

    `gradients`: the norm of every player's own gradient.
    """
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
    verdict = _verdict(found, size)
    if verdict.verdict == "no" and _solves(game, x):
        text = (
            f"the field has norm {found.field_norm:.3g} and pushes against limits of the players' sets, "
            "from which no step gets away: at rest there, but what follows is of the field in all "
            "directions"
        )
        verdict = Verdict("undecided", found.field_norm, None, "numeric", text)
        remarks = []
    return Rest(
        found.field_norm, gradients, size, found.newton_step, losses, verdict, moved, tuple(remarks)
    )


def _solves(game: Game, x: Any) -> bool:
    """Whether the projected field vanishes at x: ‖P(x + v) − x‖ is within rounding."""
    if not game.sets:
        return False
    point, v = np.asarray(x, float), np.asarray(game.field(x), float)
    left = float(np.abs(game.sets.project(point + v) - point).max())
    rounding = 16 * float(jnp.finfo(x.dtype).eps)
    return left <= rounding * (1 + np.abs(point).max() + np.abs(v).max())


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
