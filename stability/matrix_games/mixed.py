"""Mixed equilibria of continuous zero-sum games, by the double oracle method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dynamics.positive_settings import check_nonnegative, check_whole
from ..games.game import Game
from ..games.symbolic import SymbolicGame
from ..verdicts.verdict import Verdict
from .matrix_game import matrix_game
from .mixed_newton import Mixed, newton
from .payoff import Payoff, payoff

_MOST_ROUNDS = 100
_ROUNDING = 1e-13
_SAME = 1e-9  # widths of the box below which two strategies are one


@dataclass(frozen=True)
class MixedStrategy:
    """A mixed strategy with finite support: `points`, shape (k, d), in the order of `variables`, played with
    the probabilities `weights`, shape (k,), all positive."""

    variables: tuple[str, ...]
    points: np.ndarray
    weights: np.ndarray

    def __str__(self) -> str:
        parts = []
        for point, weight in zip(self.points, self.weights, strict=True):
            place = ", ".join(
                f"{name} = {x:.6g}" for name, x in zip(self.variables, point, strict=True)
            )
            parts.append(f"{weight:.6g} on ({place})")
        return ", ".join(parts)


@dataclass(frozen=True)
class Round:
    """One round: how many strategies of each player the best mixtures known so far use, and their ε."""

    generators: int
    discriminators: int
    epsilon: float


@dataclass(frozen=True)
class MixedEquilibrium:
    """Mixtures of which neither player can gain more than ε by any deviation in the box.

    - `minimizer`, `maximizer`: the mixtures.
    - `lower`, `upper`: what they guarantee, `min_x E_y f` and `max_y E_x f`; the value of the game is
      between them, and ε = upper − lower bounds what anybody can gain.
    - `rounds`: ε against the numbers of strategies, as the search went.
    - `verdict`: whether ε is at most what was asked for.
    """

    minimizer: MixedStrategy
    maximizer: MixedStrategy
    lower: float
    upper: float
    rounds: tuple[Round, ...]
    verdict: Verdict

    @property
    def epsilon(self) -> float:
        return max(0.0, self.upper - self.lower)  # rounding can make it negative

    @property
    def value(self) -> float:
        """The middle of the interval that holds the value of the game."""
        return (self.lower + self.upper) / 2

    def __str__(self) -> str:
        return (
            f"value {self.value:.6g}, epsilon {self.epsilon:.2g}; "
            f"minimizer {self.minimizer}; maximizer {self.maximizer}"
        )


def mixed_equilibrium(
    game: Game | SymbolicGame,
    *,
    epsilon: float = 1e-6,
    box: Mapping[str, tuple[float, float]] | None = None,
    rounds: int = 60,
    parameters: Mapping[Any, Any] | None = None,
) -> MixedEquilibrium:
    """An ε-equilibrium of a two-player zero-sum game on a box, in mixtures of finitely many strategies.

    A continuous game on a compact box has an equilibrium in mixed strategies (Glicksberg 1952), and for
    every ε finitely many strategies of each player are enough (for GANs: Arora et al. 2017, section 4).
    The double oracle method (McMahan, Gordon, Blum 2003) finds them: solve the matrix game of the
    strategies known so far, add both players' best replies in the box to its solution, and stop when the
    replies gain at most `epsilon`. It converges for every continuous game (Adam et al. 2021). A player's
    mean strategy is tried as well: where the payoff is concave in it, it does at least as well.

    The best replies come from a grid of the box, polished, so ε is certified up to optima that are narrower
    than the grid.

    **Arguments:**

    - `game`: of either engine.
    - `epsilon`: the ε to reach. `rounds`: after how many to stop in any case (1 to 100).
    - `box`: variable ↦ (low, high), over the game's own. `parameters`: for a symbolic game.

    Raises InputError for games with other than two players, whose losses do not add up to a constant,
    or without a box for every variable, and for players with more than four variables.
    """
    check_nonnegative(epsilon, "epsilon")
    check_whole(rounds, "the number of rounds", 1, _MOST_ROUNDS)
    continuous = payoff(game, box, parameters)
    pools = [continuous.start(role)[None] for role in (0, 1)]
    best: list[_Guarantee] = []
    history: list[Round] = []
    for _ in range(rounds):
        candidates = _candidates(continuous, pools)
        found = [[_guarantee(continuous, k, pair[k]) for pair in candidates] for k in (0, 1)]
        known = [[best[k], *found[k]] if best else found[k] for k in (0, 1)]
        best = [_best(known[k], k) for k in (0, 1)]
        gap = max(0.0, best[0].value - best[1].value)
        history.append(Round(len(best[0].weights), len(best[1].weights), gap))
        before = [len(pool) for pool in pools]
        for k in (0, 1):
            own = [points for pair in candidates[1:] for points in pair[k][0]]
            replies = [guarantee.reply for guarantee in found[1 - k]]
            pools[k] = _with(pools[k], [*own, *replies], continuous, k)
        if gap <= epsilon or before == [len(pool) for pool in pools]:
            break
    minimizer, maximizer = best
    return MixedEquilibrium(
        MixedStrategy(continuous.names(0), minimizer.points, minimizer.weights),
        MixedStrategy(continuous.names(1), maximizer.points, maximizer.weights),
        lower=maximizer.value,
        upper=minimizer.value,
        rounds=tuple(history),
        verdict=_verdict(history, float(epsilon)),
    )


def _verdict(history: Sequence[Round], asked: float) -> Verdict:
    found = history[-1].epsilon
    text = (
        f"after {len(history)} rounds nobody can gain more than {found:.2g} by deviating in the box"
    )
    reached = found <= asked
    return Verdict("yes" if reached else "no", found, abs(asked - found), "numeric", text)


@dataclass(frozen=True)
class _Guarantee:
    """A mixture, the other player's best reply to it, and the payoff f that it leads to."""

    points: np.ndarray
    weights: np.ndarray
    reply: np.ndarray
    value: float


def _guarantee(continuous: Payoff, role: int, mixture: Mixed) -> _Guarantee:
    return _Guarantee(*mixture, *continuous.best_reply(1 - role, *mixture))


def _best(known: Sequence[_Guarantee], role: int) -> _Guarantee:
    """The mixture that guarantees a role the most; of those that do so up to rounding, the shortest."""
    losses = [guarantee.value * (1 - 2 * role) for guarantee in known]
    limit = min(losses) + _ROUNDING * (1 + abs(min(losses)))
    good = [g for g, loss in zip(known, losses, strict=True) if loss <= limit]
    return min(good, key=lambda guarantee: len(guarantee.weights))


def _candidates(continuous: Payoff, pools: Sequence[np.ndarray]) -> list[tuple[Mixed, Mixed]]:
    """Pairs of mixtures: the best ones of the pools, then their means, then where Newton leads."""
    solved = matrix_game(continuous.table(*pools))
    best = _support(pools[0], solved.row), _support(pools[1], solved.column)
    polished = newton(continuous, *best)
    pairs = [best, (_mean(best[0]), _mean(best[1]))]
    return pairs if polished is None else [*pairs, polished]


def _support(pool: np.ndarray, weights: np.ndarray) -> Mixed:
    return pool[weights > 0], weights[weights > 0]


def _mean(mixture: Mixed) -> Mixed:
    points, weights = mixture
    return (weights @ points)[None], np.ones(1)


def _with(
    pool: np.ndarray, strategies: Sequence[np.ndarray], continuous: Payoff, role: int
) -> np.ndarray:
    """The pool with those of the strategies that are not in it yet."""
    width = continuous.high[role] - continuous.low[role]
    for strategy in strategies:
        if (np.abs(pool - strategy) / width).max(axis=1).min() > _SAME:
            pool = np.concatenate([pool, strategy[None]])
    return pool
