"""The Krylov–Schur iteration of Stewart (2001) for a few eigenvalues of a real operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .expansion import Expansion
from .operators import Operator
from .schur import Preference, Small, eigenvalues, eigenvectors, lead, schur, wanted

NEGLIGIBLE = 1e-2  # eigenvalues below this part of the operator's norm are held to it instead


@dataclass(frozen=True)
class Found:
    """An invariant subspace: the first rows of the basis.

    Attributes:
        count: its dimension.
        norm: an estimate of the operator's norm, from below.
        converged: whether every wanted Ritz value met the tolerance.
        restarts: how often the basis was cut back.
        verified: whether, in the end, a fresh random start changed nothing.
        missed: how many earlier ones did.
        complete: whether the whole space was searched.
    """

    count: int
    norm: float
    converged: bool
    restarts: int
    verified: bool
    missed: int
    complete: bool


def krylov_schur(
    operator: Operator,
    basis: Any,
    prefer: Preference,
    k: int,
    *,
    size: int,
    steps: int,
    tolerance: float,
    spent: Callable[[], bool],
    verify: bool = True,
    guess: Any = None,
) -> Found:
    """An invariant subspace for the k most wanted eigenvalues (k + 1 where that splits a pair).

    The basis is expanded to `size` vectors, its most wanted half is kept (the Krylov–Schur restart
    of Stewart, SIAM J. Matrix Anal. Appl. 23, 2001), and so on until the wanted Ritz values have
    converged: the residual of each is at most `tolerance` times its modulus, or times a hundredth
    of the operator's norm where that is larger. Then the basis is continued from a fresh random
    vector orthogonal to what was found. A Krylov space sees one eigenvector of a multiple
    eigenvalue, and none that its start has no part in; the fresh start sees the others. The
    iteration ends when it changes nothing. `guess`, a unit vector, is where to look then.
    """
    if k > size:
        raise ValueError(f"a basis of {size} vectors cannot hold {k} eigenvectors")
    expansion = Expansion(operator, basis, size, steps)
    expansion.begin()
    restarts, norm, missed = 0, 0.0, 0
    locked: np.ndarray | None = None
    while True:
        expansion.fill()
        n = expansion.count
        small = expansion.small[:n, :n]
        norm = max(norm, float(np.linalg.norm(small, 2)))
        quasi, vectors = schur(small)
        kept = wanted(quasi, eigenvalues(quasi), prefer, _kept(k, n))
        quasi, vectors = lead(quasi, vectors, kept)
        values = eigenvalues(quasi)
        best = wanted(quasi, values, prefer, min(k, n))
        quasi, vectors = lead(quasi, vectors, best)
        count, keep = int(best.sum()), int(kept.sum())
        spike = expansion.small[n] @ vectors[:n] if not expansion.complete else np.zeros(n)
        ritz, residuals = _residuals(quasi[:count, :count], spike[:count])
        converged = bool(
            np.all(residuals <= tolerance * np.maximum(np.abs(ritz), NEGLIGIBLE * norm))
        )
        verified = locked is not None and converged and _same(ritz, locked, tolerance * norm)
        done = expansion.complete or verified or (converged and not verify)
        if done or spent():
            basis.rotate(n, vectors[:, :count])
            return Found(count, norm, converged, restarts, verified, missed, expansion.complete)
        restarts += 1
        if converged:
            missed += locked is not None
            locked, keep, spike = ritz, count, np.zeros(n)
        basis.rotate(n, vectors[:, :keep])
        if not converged:
            basis.move(n, keep)
        expansion.restart(keep, np.vstack([quasi[:keep, :keep], spike[:keep]]))
        if converged:
            expansion.begin(guess)


def _kept(k: int, n: int) -> int:
    """How many Ritz vectors a restart keeps: the wanted ones and half of the rest."""
    return min(k, n) + max(0, n - k) // 2


def _residuals(quasi: Small, spike: Small) -> tuple[np.ndarray, Small]:
    """Ritz values and the norms of their residuals."""
    values, vectors = eigenvectors(quasi)
    return values, np.abs(spike @ vectors)


def _same(one: np.ndarray, other: np.ndarray, distance: float) -> bool:
    """Whether two sets of eigenvalues agree."""
    if len(one) != len(other):
        return False
    return bool(np.all(np.abs(np.sort_complex(one) - np.sort_complex(other)) <= distance))
