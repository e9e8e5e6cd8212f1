"""What a game is as a whole: zero-sum, potential, Hamiltonian; judged exactly or at sample points."""

from __future__ import annotations

import itertools

import numpy as np
import sympy

from .._bounded import within
from ..games.game import Game
from ..games.symbolic import SymbolicGame
from .derivatives import numbers, numeric_derivatives
from .subject import LARGEST_EXACT, Subject

SAME = 1e-13  # relative size of what counts as zero at a sample point


def structure(subject: Subject) -> str | None:
    """Potential (J = Jᵀ), Hamiltonian (J = −Jᵀ) or general (Balduzzi et al. 2018); None for a map."""
    if subject.kind == "map":
        return None
    if subject.equations is not None:
        jacobian = subject.symbolic.jacobian()  # pyright: ignore[reportOptionalMemberAccess]
        if _vanishes(jacobian - jacobian.T):
            return "potential"
        return "Hamiltonian" if _vanishes(jacobian + jacobian.T) else "general"
    _, jacobians = subject.main.evaluate(_samples(subject, 8))
    jacobians = jacobians[np.isfinite(jacobians).all(axis=(1, 2))]
    if not len(jacobians):
        return "general"
    transposed = jacobians.transpose(0, 2, 1)
    tolerance = SAME * float(np.abs(jacobians).max())
    if np.abs(jacobians - transposed).max() <= tolerance:
        return "potential"
    return "Hamiltonian" if np.abs(jacobians + transposed).max() <= tolerance else "general"


def _vanishes(matrix: sympy.MatrixBase) -> bool:
    return within(1.0, lambda: all(sympy.expand(e) == 0 for e in matrix), False)


def zero_sum(subject: Subject) -> bool | None:
    """Whether the losses add up to terms in single strategies: ∇²ᵢⱼ ΣL = 0 for all i ≠ j; None if no game.

    A player cannot act on terms in the others' strategies, so such a two-player game is strategically
    equivalent to one whose losses add up to zero.
    """
    game = subject.numeric
    if not isinstance(game, Game):
        return None
    if len(game.players) == 1:
        return False
    pairs = list(itertools.combinations(game.partition.slices, 2))
    for hessians in _sample_hessians(subject, 3):
        total, scale = hessians.sum(axis=0), np.abs(hessians).max()
        if not all(np.abs(total[i, j]).max() <= SAME * scale for i, j in pairs):
            return False
    return True


def _samples(subject: Subject, n: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform(subject.box[:, 0], subject.box[:, 1], (n, len(subject.variables)))


def _sample_hessians(subject: Subject, n: int) -> list[np.ndarray]:
    """∇²L_i at sample points, (players, d, d) each; by SymPy if there are few, which need not compile."""
    game = subject.symbolic
    if isinstance(game, SymbolicGame) and game.dimension <= LARGEST_EXACT:
        hessians = [h.xreplace(dict(subject.values)) for h in game.derivatives()[1]]
        points = [map(sympy.Float, x) for x in _samples(subject, n)]
        puts = [dict(zip(game.variables, x, strict=True)) for x in points]
        return [np.array([numbers(h.xreplace(put)) for h in hessians]) for put in puts]
    assert isinstance(subject.numeric, Game)
    return [numeric_derivatives(subject.numeric, x)[1] for x in _samples(subject, n)]
