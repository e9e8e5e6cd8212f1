"""What a game is as a whole: zero-sum, potential, Hamiltonian; judged exactly or at sample points."""

from __future__ import annotations

import numpy as np
import sympy

from ..games.structure import SAME, is_zero_sum
from ..time_limits import in_time
from .subject import LARGEST_EXACT, Subject

_SECONDS = 1.0


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
    return in_time(_SECONDS, lambda: all(sympy.expand(e) == 0 for e in matrix), False)


def zero_sum(subject: Subject) -> bool | None:
    """Whether the game is zero-sum up to strategic equivalence; None if it is no game."""
    if subject.kind != "game":
        return None
    game = subject.symbolic
    if game is None or game.dimension > LARGEST_EXACT:
        return is_zero_sum(subject.numeric, _samples(subject, 3))
    # SymPy need not compile, but is slow where there are many variables
    return is_zero_sum(game, _samples(subject, 3), subject.values)


def _samples(subject: Subject, n: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform(subject.box[:, 0], subject.box[:, 1], (n, len(subject.variables)))
