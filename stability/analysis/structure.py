"""What a game is as a whole: zero-sum, potential, Hamiltonian; judged exactly or at sample points."""

from __future__ import annotations

import numpy as np
import sympy

from ..equilibria.scaling import finite
from ..games import structure as of_games
from ..spectra.exact import exact_text
from ..time_limits import in_time
from .subject import LARGEST_EXACT, Subject
from .value import CommonPayoff

_SECONDS = 1.0
_TRIED = 61  # further points of the box at which losses are asked whether they are real


def structure(subject: Subject) -> str | None:
    """Potential (J = Jᵀ), Hamiltonian (J = −Jᵀ) or general (Balduzzi et al. 2018); None for a map.

    Nor is there one on a level set, whose coordinates have not the lengths and angles of the whole space.
    """
    if subject.kind == "map" or subject.level is not None:
        return None
    if subject.equations is not None:
        jacobian = subject.symbolic.jacobian()  # pyright: ignore[reportOptionalMemberAccess]
        if _vanishes(jacobian - jacobian.T):
            return "potential"
        return "Hamiltonian" if _vanishes(jacobian + jacobian.T) else "general"
    values, jacobians = subject.main.evaluate(_samples(subject, 8))
    jacobians = jacobians[finite(values, jacobians)]
    if not len(jacobians):
        return "general"
    transposed = jacobians.transpose(0, 2, 1)
    tolerance = of_games.SAME * float(np.abs(jacobians).max())
    if np.abs(jacobians - transposed).max() <= tolerance:
        return "potential"
    return "Hamiltonian" if np.abs(jacobians + transposed).max() <= tolerance else "general"


def _vanishes(matrix: sympy.MatrixBase) -> bool:
    return in_time(_SECONDS, lambda: all(sympy.expand(e) == 0 for e in matrix), False)


def sum_of_losses(subject: Subject) -> str | None:
    """What a game's losses add up to, "constant", "own terms" or "general"; None if it is no game."""
    if subject.kind != "game":
        return None
    game = subject.symbolic
    if game is None or game.dimension > LARGEST_EXACT:
        return of_games.sum_of_losses(subject.numeric, _samples(subject, 3))
    # SymPy need not compile, but is slow where there are many variables
    return of_games.sum_of_losses(game, _samples(subject, 3), subject.values)


def common(subject: Subject) -> CommonPayoff | None:
    """The f of two players whose losses add up to own terms, with its formula where there is one."""
    numeric, game = subject.numeric, subject.symbolic
    if len(numeric.players) != 2:
        return None
    known = None
    if game is not None and game.dimension <= LARGEST_EXACT:
        known = of_games.common_payoff(game)
    minimizer = numeric.minimizer
    return CommonPayoff(
        None if known is None else exact_text(known, subject.names),
        numeric.players[minimizer],
        numeric.players[1 - minimizer],
    )


def _samples(subject: Subject, n: int) -> np.ndarray:
    """Points of the box, shape (n, d), those first at which a game's losses are real."""
    low, high = subject.box.T
    points = np.random.default_rng(0).uniform(low, high, (n, len(low)))
    if subject.kind != "game" or subject.numeric.total:
        return points
    more = np.random.default_rng(1).uniform(low, high, (_TRIED, len(low)))
    points = np.concatenate([points, more])
    real = np.isfinite(subject.main.evaluate(points)[0]).all(axis=1)
    return points[np.argsort(~real, kind="stable")[:n]]
