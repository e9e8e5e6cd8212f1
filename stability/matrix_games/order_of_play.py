"""Whether it matters who moves first: min max against max min of a zero-sum game on a box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from ..games.box_minimum import box_grid
from ..games.game import Game
from ..games.symbolic import SymbolicGame
from ..verdicts.verdict import Verdict
from .mixed_newton import newton
from .payoff import Payoff, payoff

_POINTS = 1089  # of a player's grid, at most
_STARTS = 3
_ROUNDS = 40
_REACH = 3  # steps of the grid
_NEAR = 25  # points of the grid whose best replies there are the first cuts
_ACTIVE = 1e-6  # relative distance from the highest at which a cut is active
_AGREE = 1e-11  # relative difference of the two bounds at which the polishing stops
_SAME = 1e-8  # relative difference of the two values that is put down to the computation


@dataclass(frozen=True)
class OrderOfPlay:
    """The values of a zero-sum game when one player commits and the other replies.

    - `minmax`: min over x of max over y of f, where the minimizer x commits and the maximizer replies, and
      `minmax_point`, the commitment and a best reply to it. `maxmin`, `maxmin_point`: the other way round.
    - `error`: how far the gap can be off near these points, where both values have bounds from the other
      side; elsewhere the search rests on a grid.
    - `matters`: yes if min max exceeds max min by more than the error, so that there is no Nash equilibrium
      in pure strategies on the box; undecided if the two agree that far, as they do wherever there is one.
    """

    minmax: float
    maxmin: float
    minmax_point: dict[str, float]
    maxmin_point: dict[str, float]
    error: float
    matters: Verdict

    @property
    def gap(self) -> float:
        """minmax − maxmin, which is never negative but for rounding."""
        return self.minmax - self.maxmin

    def __str__(self) -> str:
        return f"min max {self.minmax:.6g}, max min {self.maxmin:.6g}: {self.matters.because}"


def order_of_play(
    game: Game | SymbolicGame,
    *,
    box: Mapping[str, tuple[float, float]] | None = None,
    parameters: Mapping[Any, Any] | None = None,
) -> OrderOfPlay:
    """min_x max_y f and max_y min_x f of a two-player zero-sum game on a box.

    `game` is of either engine; `box` is variable ↦ (low, high), over the game's own; `parameters` are values
    for a symbolic game's.

    f is the minimizer's loss. The first is what a discriminator that is always trained to its optimum leads
    to, the second a generator that is: they differ where there is no Nash equilibrium (Goodfellow 2016, on
    mode collapse), and max min ≤ min max always.

    A grid of both strategies gives starts. From each, the outer problem `min t, f(x, y_k) ≤ t` is solved with
    the best replies y_k found so far (sequential quadratic programming), the best reply to its solution is
    added, and so on until the value and its bound from below agree (Blankenship, Falk 1976).

    Raises InputError for games with other than two players, whose losses do not add up to a constant,
    or without a box for every variable, and for players with more than four variables.
    """
    continuous = payoff(game, box, parameters)
    first, last = (_grid(continuous, role) for role in (0, 1))
    table = continuous.table(first, last)
    outer, minmax_error = _committed(continuous, 0, first, last, table)
    inner, maxmin_error = _committed(continuous, 1, last, first, -table.T)
    minmax, maxmin = outer.height, -inner.height
    gap, errors = minmax - maxmin, minmax_error + maxmin_error
    return OrderOfPlay(
        minmax=minmax + 0.0,
        maxmin=maxmin + 0.0,
        minmax_point=continuous.named(outer.own, outer.reply),
        maxmin_point=continuous.named(inner.reply, inner.own),
        error=errors,
        matters=_verdict(gap, errors + _SAME * (1 + abs(minmax) + abs(maxmin))),
    )


def _verdict(gap: float, error: float) -> Verdict:
    if gap > error:
        text = f"min max exceeds max min by {gap:.6g}, so there is no Nash equilibrium in pure strategies"
        return Verdict("yes", gap, gap - error, "numeric", text)
    text = f"min max and max min agree up to {abs(gap):.2g}, so no difference can be seen"
    return Verdict("undecided", gap, gap - error, "numeric", text)


def _grid(continuous: Payoff, role: int) -> np.ndarray:
    return box_grid(continuous.low[role], continuous.high[role], _POINTS)


@dataclass(frozen=True)
class _Answered:
    """A commitment, a best reply to it, and the height: what the one who commits loses."""

    own: np.ndarray
    reply: np.ndarray
    height: float


def _answered(continuous: Payoff, role: int, own: np.ndarray) -> _Answered:
    reply, value = continuous.best_reply(1 - role, own[None], np.ones(1))
    return _Answered(own, reply, value * (1 - 2 * role))


def _committed(
    continuous: Payoff, role: int, own: np.ndarray, others: np.ndarray, heights: np.ndarray
) -> tuple[_Answered, float]:
    """The best commitment of a role, and its error.

    `heights`, shape (n, m), is what the role loses at its own grid against the other's.
    """
    heights = np.where(np.isfinite(heights), heights, -np.inf)  # a reply that nobody would choose
    worst = heights.max(axis=1)
    worst[worst == -np.inf] = np.inf
    parts = np.array_split(np.arange(len(own)), 2 * _STARTS)
    starts = sorted((part[np.argmin(worst[part])] for part in parts), key=lambda i: worst[i])
    width = continuous.high[role] - continuous.low[role]
    reach = _REACH * width / len(own) ** (1 / len(width))
    found = []
    for start in starts[:_STARTS]:
        near = np.argsort((((own - own[start]) / width) ** 2).sum(axis=1), kind="stable")[:_NEAR]
        cuts = others[np.unique(heights[near].argmax(axis=1))]
        found.append(_polished(continuous, role, own[start], cuts, reach))
    return min(found, key=lambda result: result[0].height)


def _polished(
    continuous: Payoff, role: int, start: np.ndarray, cuts: np.ndarray, reach: np.ndarray
) -> tuple[_Answered, float]:
    """A local solution of the outer problem; no move is longer than `reach`."""
    best = _answered(continuous, role, start)
    cuts = np.concatenate([cuts, best.reply[None]])
    error = np.inf
    for _ in range(_ROUNDS):
        low = np.maximum(best.own - reach, continuous.low[role])
        high = np.minimum(best.own + reach, continuous.high[role])
        own, bound, weights = _outer(continuous, role, best.own, cuts, low, high)
        tried = [_answered(continuous, role, own)]
        exact = newton(continuous, *_by_role(role, (own[None], np.ones(1)), (cuts, weights)))
        if exact is not None:
            tried.append(_answered(continuous, role, exact[role][0][0]))
        cuts = np.concatenate([cuts, *(answered.reply[None] for answered in tried)])
        best = min([best, *tried], key=lambda answered: answered.height)
        at_edge = ((own <= low) & (low > continuous.low[role])) | (
            (own >= high) & (high < continuous.high[role])
        )
        error = np.inf if at_edge.any() else max(best.height - bound, 0.0)
        if error <= _AGREE * (1 + abs(best.height)):
            break
    return best, float(error)


def _outer(
    continuous: Payoff,
    role: int,
    begin: np.ndarray,
    cuts: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
) -> tuple[np.ndarray, float, np.ndarray]:
    """The solution u of `min t, height(u, cut) ≤ t`, the t, and weights of the cuts, at least one positive.

    With these weights the slopes of the cuts cancel where u is inside the box (Danskin).
    """
    sign = 1 - 2 * role

    def heights(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, slopes, _ = continuous.derivatives(*_by_role(role, u[None], cuts))
        return sign * value.ravel(), sign * slopes[role].reshape(len(cuts), len(u))

    found = scipy.optimize.minimize(
        lambda z: z[-1],
        np.append(begin, heights(begin)[0].max()),
        jac=lambda z: np.append(np.zeros(len(z) - 1), 1.0),
        bounds=[*zip(low, high, strict=True), (None, None)],
        constraints={
            "type": "ineq",
            "fun": lambda z: z[-1] - heights(np.clip(z[:-1], low, high))[0],
            "jac": lambda z: np.column_stack(
                [-heights(np.clip(z[:-1], low, high))[1], np.ones(len(cuts))]
            ),
        },
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 200},
    )
    u = np.clip(found.x[:-1], low, high)
    value, slopes = heights(u)
    active = value >= value.max() - _ACTIVE * (1 + abs(value.max()))
    inside = (u > low) & (u < high)
    system = np.vstack([slopes[active][:, inside].T, np.ones(active.sum())])
    weights = np.zeros(len(cuts))
    weights[active] = scipy.optimize.nnls(system, np.append(np.zeros(inside.sum()), 1.0))[0]
    used = weights > 0
    return u, float(value.max()), weights / weights[used].sum()


def _by_role(role: int, own: Any, other: Any) -> tuple[Any, Any]:
    """Two things in the order minimizer, maximizer."""
    return (own, other) if role == 0 else (other, own)
