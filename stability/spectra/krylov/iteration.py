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
_OUTLIERS = 4  # Ritz values largest in modulus that a restart keeps, wanted or not
_DOMINANT = 4  # of them, those whose vectors are taken out of products at once
_EARLY = 16  # vectors of the first basis at which those are looked for


@dataclass(frozen=True)
class Found:
    """An invariant subspace: the first rows of the basis.

    - `count`: its dimension.
    - `norm`: an estimate of the operator's norm, from below.
    - `converged`: whether every wanted Ritz value met the tolerance.
    - `restarts`: how often the basis was cut back.
    - `verified`: whether, in the end, a fresh random start changed nothing.
    - `missed`: how many earlier ones did.
    - `complete`: whether the whole space was searched.
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
    start: Any = None,
) -> Found:
    """An invariant subspace for the k most wanted eigenvalues (k + 1 where that splits a pair).

    The basis is expanded to `size` vectors, its most wanted half is kept (the Krylov–Schur restart
    of Stewart, SIAM J. Matrix Anal. Appl. 23, 2001), and so on until the wanted Ritz values have
    converged: the residual of each is at most `tolerance` times its modulus, or times a hundredth
    of the operator's norm where that is larger. Then the basis is continued from a fresh random
    vector orthogonal to what was found. A Krylov space sees one eigenvector of a multiple
    eigenvalue, and none that its start has no part in; the fresh start sees the others. The
    iteration ends when it changes nothing. `guess`, a unit vector, is where to look then; `start`,
    another one, is where to begin.
    """
    if k > size:
        raise ValueError(f"a basis of {size} vectors cannot hold {k} eigenvectors")
    expansion = Expansion(operator, basis, size, steps)
    expansion.begin(start)
    restarts, norm, missed = 0, 0.0, 0
    locked: np.ndarray | None = None
    while True:
        expansion.advance()
        n, full = expansion.count, expansion.full
        # the first basis, and one that looks for what was missed, are always filled
        if not full and (restarts == 0 or locked is not None):
            if n >= _EARLY and not expansion.dominant:
                ordered = _ordered(expansion, prefer, n, n)
                _restart(expansion, ordered, n, ordered.spike)
            continue
        ordered = _ordered(expansion, prefer, k, _kept(k, n))
        count = ordered.count
        norm = max(norm, ordered.norm)
        ritz, converged = ordered.wanted(tolerance, NEGLIGIBLE * norm)
        verified = locked is not None and converged and _same(ritz, locked, tolerance * norm)
        done = expansion.complete or verified or (converged and not verify)
        if done or spent():
            basis.rotate(n, ordered.vectors[:, :count])
            return Found(
                count=count,
                norm=norm,
                converged=converged,
                restarts=restarts,
                verified=verified,
                missed=missed,
                complete=expansion.complete,
            )
        if converged:
            missed += locked is not None
            locked = ritz
            _restart(expansion, ordered, count, np.zeros(count))
            expansion.begin(guess)
        elif full:
            _restart(expansion, ordered, ordered.kept, ordered.spike)
        else:
            continue
        restarts += 1


@dataclass(frozen=True)
class _Ordered:
    """A Krylov decomposition A V Z = V Z S + v bᵀ with S quasi-triangular.

    The first `count` Ritz values are the wanted ones, the first `kept` those worth keeping.
    """

    quasi: Small
    vectors: Small
    spike: Small
    count: int
    kept: int
    norm: float

    @property
    def values(self) -> np.ndarray:
        """All Ritz values, in the order of the Schur vectors."""
        return eigenvalues(self.quasi)

    def wanted(self, tolerance: float, least: float) -> tuple[np.ndarray, bool]:
        """The wanted Ritz values, and whether they have converged: the residuals of their eigenvectors, and
        of the Schur vectors too, which a locked subspace forgets.
        """
        n = self.count
        values, vectors = eigenvectors(self.quasi[:n, :n])
        pairs, own = np.abs(self.spike[:n] @ vectors), self.spike[:n]
        converged = _small(pairs, values, tolerance, least)
        return values, converged and _small(own, self.values[:n], tolerance, least)


def _ordered(expansion: Expansion, prefer: Preference, k: int, kept: int) -> _Ordered:
    n = expansion.count
    small = expansion.small[:n, :n]
    quasi, vectors = schur(small)
    values = eigenvalues(quasi)
    # outliers that nobody wants are kept as well: thrown out, they are back after a few products
    outliers = min(_OUTLIERS, (n - kept) // 3)
    keep = wanted(quasi, values, prefer, kept) | wanted(quasi, values, np.abs, outliers)
    quasi, vectors = lead(quasi, vectors, keep)
    best = wanted(quasi, eigenvalues(quasi), prefer, min(k, n))
    quasi, vectors = lead(quasi, vectors, best)
    spike = np.zeros(n) if expansion.complete else expansion.small[n, :n] @ vectors
    norm = float(np.linalg.norm(small, 2))
    return _Ordered(quasi, vectors, spike, int(best.sum()), int(keep.sum()), norm)


def _restart(expansion: Expansion, ordered: _Ordered, keep: int, spike: Small) -> None:
    """Go on with the first `keep` Schur vectors and the last vector, which is coupled by `spike`."""
    basis, n = expansion.basis, expansion.count
    basis.rotate(n, ordered.vectors[:, :keep])
    basis.move(n, keep)
    dominant = np.argsort(-np.abs(ordered.values[:keep]), kind="stable")[:_DOMINANT]
    small = np.vstack([ordered.quasi[:keep, :keep], spike[:keep]])
    expansion.restart(small, dominant.tolist())


def _kept(k: int, n: int) -> int:
    """How many of the preferred Ritz vectors a restart keeps: the wanted ones, a third of the rest."""
    return min(k, n) + max(0, n - k) // 3


def _small(residuals: Small, values: np.ndarray, tolerance: float, least: float) -> bool:
    """Whether all residuals are within the tolerance of their values, or of `least`."""
    return bool(np.all(np.abs(residuals) <= tolerance * np.maximum(np.abs(values), least)))


def _same(one: np.ndarray, other: np.ndarray, distance: float) -> bool:
    """Whether two sets of eigenvalues agree."""
    if len(one) != len(other):
        return False
    return bool(np.all(np.abs(np.sort_complex(one) - np.sort_complex(other)) <= distance))
