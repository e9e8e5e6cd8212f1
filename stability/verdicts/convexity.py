"""Is every player's loss convex in its own strategy, whatever the others do?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import sympy

from ..dynamics.points import named_box
from ..dynamics.positive_settings import check_whole
from ..dynamics.system import is_a
from ..errors import InputError, InputTypeError
from ..fields import Gradient
from ..games.game import Game
from ..games.symbolic import SymbolicGame
from ..time_limits import in_time
from .definite import definiteness
from .intervals import NoBounds, interval
from .point import LARGEST, LARGEST_EXACT
from .verdict import Verdict, finite

SECONDS = 5.0  # for what SymPy is asked about one player
EPS = float(np.finfo(np.float64).eps)
_UNIT = (-1.0, 1.0)  # where a variable without a box is looked at


@dataclass(frozen=True)
class Convexity(Verdict):
    """Whether a loss is convex in its player's own strategy.

    `value` is the smallest second derivative that was found, or that no second derivative is below;
    `point`, by variable, is where the loss bends down, or None. Where the verdict is `no` for a chord,
    `value` is minus the height of the loss above its middle.
    """

    point: Mapping[str, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON-ready data, with the counterexample or None."""
        point = None if self.point is None else {v: finite(x) for v, x in self.point.items()}
        return {**super().to_dict(), "point": point}


def convexity(
    game: Game | SymbolicGame,
    *,
    box: Mapping[str, tuple[float, float]] | None = None,
    parameters: Mapping[Any, Any] | None = None,
    points: int = 1024,
    seed: int = 0,
) -> dict[str, Convexity]:
    """For every player, whether its loss is convex in its own strategy everywhere in a box.

    Where every player's answer is yes, a point at rest is not only locally but globally a Nash equilibrium
    in the box (Rosen 1965: a concave n-person game). A zero-sum game is then convex–concave. A GAN is so in
    function space, where Goodfellow (2014, §4.2) proves convergence, and seldom in its parameters.

    `yes` with exact evidence rests on a constant second derivative, or on interval bounds of it over the
    box (with Gershgorin's discs); `yes` with numeric evidence means that no counterexample was met among
    `points` Hessians and as many chords; `no` comes with the worst counterexample that was met.

    **Arguments:**

    - `game`: of either engine.
    - `box`: variable ↦ (low, high) over the game's own box; a variable without either is taken in [−1, 1]. Of
      players that live in intervals these, as far as they go, cut down to the box that is given.
    - `parameters`: values for a symbolic game's parameters, over its own.
    - `points`, `seed`: number and seed of the sample points (a scrambled Sobol sequence).

    Raises InputError for unknown variables, more than 500 of them, and players in simplices or balls.
    """
    check_whole(points, "the number of points", 1, 1_000_000)
    if not is_a(game, "game"):
        raise InputTypeError(f"convexity is a question about a game, not about {game!r}")
    numeric, values = game.at_values(parameters)
    symbolic: Any = game.real if game.symbolic else None
    if numeric.dimension > LARGEST:
        raise InputError(
            f"convexity is looked at in up to {LARGEST} variables, not {numeric.dimension}"
        )
    given = named_box(box, numeric.variables) if box else {}
    sides: Any = numeric.sets.narrowed({**numeric.box, **given}, numeric.variables, "convexity")
    ends = dict(zip(numeric.variables, numeric.sets.box.tolist(), strict=True))
    sides = {v: sides[v] if v in sides else _near_end(*ends[v]) for v in numeric.variables}
    verdicts: dict[str, Convexity] = {}
    for i, player in enumerate(numeric.players):
        if symbolic is not None and symbolic.dimension <= LARGEST_EXACT:
            known = in_time(SECONDS, lambda i=i: _exactly(symbolic, values, i, sides), None)
            if known is not None:
                verdicts[player] = known
    missing = [player for player in numeric.players if player not in verdicts]
    if missing:
        verdicts.update(_sampled(numeric, missing, sides, points, seed))
    return {player: verdicts[player] for player in numeric.players}


def _near_end(low: float, high: float) -> tuple[float, float]:
    """Where a variable without a box is looked at: near the end of its interval, if it has one."""
    if np.isfinite(low):
        return low, low + 2.0
    return (high - 2.0, high) if np.isfinite(high) else _UNIT


def _exactly(
    game: SymbolicGame, values: Mapping, i: int, sides: Mapping[str, tuple[float, float]]
) -> Convexity | None:
    """The verdict that a constant Hessian or its bounds over the box prove, or None."""
    player = game.players[i]
    raw = (-game.block(i, i)).xreplace(values)
    hessian = raw.applyfunc(sympy.expand)
    if not hessian.free_symbols.isdisjoint(game.variables):
        # not expanded, for a variable that occurs more often has wider bounds
        return _bounded(player, raw, {v: sides[v.name] for v in game.variables})
    if hessian.is_zero_matrix:
        text = f"the loss of {player} is linear in its own strategy"
        return Convexity("yes", 0.0, 0.0, "exact", text)
    numbers = np.array(hessian.evalf(20).tolist(), dtype=float)
    found = definiteness(numbers, 4 * EPS * np.abs(numbers), hessian)
    if found.sign is None or found.evidence != "exact":
        return None
    kind = f"the own Hessian of {player} is the same everywhere, and its smallest eigenvalue is"
    if found.sign >= 0:
        text = f"{kind} {found.smallest:.6g}"
        return Convexity("yes", found.smallest, found.margin, "exact", text)
    middle = {name: (low + high) / 2 for name, (low, high) in sides.items()}
    text = f"{kind} {found.smallest:.6g}, so the loss bends down everywhere"
    return Convexity("no", found.smallest, found.margin, "exact", text, middle)


def _bounded(player: str, hessian: sympy.MatrixBase, box: Mapping) -> Convexity | None:
    try:
        bounds = [[interval(e, box) for e in hessian.row(k)] for k in range(hessian.rows)]
    except NoBounds:
        return None
    discs = [
        row[k][0] - sum(max(-low, high) for j, (low, high) in enumerate(row) if j != k)
        for k, row in enumerate(bounds)
    ]
    lowest = min(discs)
    if lowest < 0:
        return None
    text = (
        f"interval bounds put every second derivative of {player}'s loss at {lowest:.6g} or above"
    )
    return Convexity("yes", lowest, lowest, "exact", f"{text} in the box")


def _sampled(
    game: Game, players: list[str], sides: Mapping[str, tuple[float, float]], points: int, seed: int
) -> dict[str, Convexity]:
    from scipy.stats import qmc

    low, high = np.array(list(sides.values())).T
    d, n = game.dimension, 2 ** int(np.ceil(np.log2(points)))
    sobol = qmc.Sobol(2 * d, rng=np.random.default_rng(seed)).random(n)[:points]
    here, there = low + sobol[:, :d] * (high - low), low + sobol[:, d:] * (high - low)
    _, jacobians = Gradient().flow(game).evaluate(here)
    with jax.enable_x64(True):
        losses = jax.jit(jax.vmap(game.losses))
        verdicts = {}
        for player in players:
            i = game.partition.index(player)
            own = game.partition.slices[i]
            bent = _bent(player, -jacobians[:, own, own], here, game.variables)
            if bent.verdict == "yes":  # at a kink the Hessian sees nothing
                ends, middles = here.copy(), here.copy()
                ends[:, own] = there[:, own]
                middles[:, own] = (here[:, own] + there[:, own]) / 2
                heights = [np.asarray(losses(x))[:, i] for x in (here, ends, middles)]
                bent = _chords(player, heights, middles, game.variables) or bent
            verdicts[player] = bent
    return verdicts


def _bent(
    player: str, hessians: np.ndarray, here: np.ndarray, variables: tuple[str, ...]
) -> Convexity:
    """The verdict of the Hessians, shape (n, k, k), at the points, shape (n, d)."""
    usable = np.isfinite(hessians).all(axis=(1, 2))
    if not usable.all():
        k = int(np.argmin(usable))
        text = f"the second derivatives of {player}'s loss are not finite at {_place(here[k], variables)}"
        return Convexity("undecided", None, None, "numeric", text)
    smallest = np.linalg.eigvalsh((hessians + hessians.transpose(0, 2, 1)) / 2)[:, 0]
    # the rounding of the Hessian and of its eigenvalues
    error = 64 * EPS * len(hessians[0]) * np.abs(hessians).max(axis=(1, 2))
    k = int(np.argmin(smallest + error))
    value, off = float(smallest[k]), float(error[k])
    if value < -off:
        text = (
            f"the loss of {player} bends down at {_place(here[k], variables)}: its own Hessian has the "
            f"eigenvalue {value:.6g} there"
        )
        point = dict(zip(variables, here[k].tolist(), strict=True))
        return Convexity("no", value, -value - off, "numeric", text, point)
    text = f"no second derivative of {player}'s loss is negative at any of {len(here)} points"
    return Convexity(
        "yes", value, value - off, "numeric", f"{text}, which proves nothing about others"
    )


def _chords(
    player: str, heights: list[np.ndarray], middles: np.ndarray, variables: tuple[str, ...]
) -> Convexity | None:
    """The verdict `no` if a loss lies above the chord between two of the player's strategies."""
    first, second, middle = heights
    above = middle - (first + second) / 2
    error = 64 * EPS * np.maximum(np.abs(middle), np.abs(first) + np.abs(second))
    worst = int(np.argmax(np.where(np.isfinite(above), above - error, -np.inf)))
    height, off = float(above[worst]), float(error[worst])
    if not height > off:
        return None
    text = (
        f"the loss of {player} lies {height:.6g} above a chord with its middle at "
        f"{_place(middles[worst], variables)}"
    )
    point = dict(zip(variables, middles[worst].tolist(), strict=True))
    return Convexity("no", -height, height - off, "numeric", text, point)


def _place(x: np.ndarray, variables: tuple[str, ...]) -> str:
    shown = ", ".join(f"{v} = {value:.4g}" for v, value in zip(variables[:6], x, strict=False))
    return shown + (", …" if len(variables) > 6 else "")
