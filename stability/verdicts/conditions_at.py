"""The game-theoretic conditions at a point that is given by both engines."""

from __future__ import annotations

from functools import cache

from ..time_limits import in_time
from .conditions import Conditions, conditions
from .everywhere import is_affine
from .minimum import Minimum, minimum
from .point import GamePoint
from .weak_nash import OwnLoss

_SECONDS = 1.0  # for what is seen at once


def conditions_at(point: GamePoint) -> Conditions:
    """`conditions` from the point's derivatives, and from its losses where second derivatives are not enough.

    The point is at rest and the losses are differentiable there.
    """
    numeric, exact, error = point.derivatives
    return conditions(
        point.game.partition,
        numeric,
        exact,
        zero_sum=point.zero_sum,
        minimizer=point.game.minimizer,
        uncertainty=error,
        losses=cache(lambda i: own_loss(point, i)),
    )


def own_loss(point: GamePoint, i: int) -> OwnLoss | None:
    """The i-th player's loss in its own strategy at a point of rest; None where nothing is known of it."""
    game = point.symbolic
    if game is None:
        return None
    values = dict(point.values)
    loss = game.losses()[i].xreplace(values)
    own = game.variables[game.partition.slices[i]]
    if in_time(_SECONDS, lambda: is_affine(loss, own), False):
        known = point.equilibrium.exact is not None
        return OwnLoss(Minimum("yes", False, "constant"), True, "exact" if known else "numeric")
    if point.equilibrium.exact is None:
        return None
    at = dict(
        zip(game.variables, (c.xreplace(values) for c in point.equilibrium.exact), strict=True)
    )
    others = {v: c for v, c in at.items() if v not in own}
    alone = loss.xreplace(others)
    if alone.free_symbols - set(own) or any(c.free_symbols for c in at.values()):
        return None
    return OwnLoss(minimum(alone, {v: at[v] for v in own}))
