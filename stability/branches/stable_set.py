"""For which values of one number followed equilibria are stable: exactly, by guard maps, or by a scan."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy

from ..criteria.exact_windows import ExactWindows, exact_windows
from ..criteria.guards import crossing_candidates, polynomial_matrix
from ..criteria.windows import (
    HALF_PLANE,
    UNIT_DISC,
    Region,
    Samples,
    complete_windows,
    sample,
    scan_grid,
    scanned_windows,
)
from ..dynamics.symbols import exact as exact_number
from .axes import Interval
from .branch import Branch
from .events import ends
from .problem import point_text

# the part of an infinite interval on which a polynomial is fitted, in units of its start
_UNBOUNDED = 10.0
_MOST = 4  # equilibria that are named
_AROUND_FOLD = 1e-4  # how far before a fold Newton's method may lose its branch

Window = tuple[float, float]


@dataclass(frozen=True)
class StableSet:
    """Where in an interval all of some branches are stable.

    - `intervals`: open, in order; `exact`: their ends in closed form, None where there is no short one.
    - `how`: "exact" (no interval can be missing), "guards" (the same, in floating point) or "scan".
    - `region`, `eigenvalues_at`, `samples`: what decides, and what is known of it.
    """

    intervals: tuple[Window, ...]
    exact: tuple[tuple[sympy.Expr | None, sympy.Expr | None], ...]
    how: str
    region: Region
    eigenvalues_at: Callable[[np.ndarray], np.ndarray]
    samples: Samples
    warnings: tuple[str, ...]


def stable_set(branches: Sequence[Branch], interval: Interval) -> StableSet:
    """Where all branches are exponentially stable as the number varies.

    Where every linearisation is rational in the number, with rational coefficients, all stability boundaries
    are isolated exactly; where all are polynomial, they are eigenvalues of the guard map; else the interval
    is scanned, and branches that end inside it are followed to their folds.
    """
    low, high = interval.low, interval.high
    region = UNIT_DISC if branches[0].kind == "map" else HALF_PLANE

    def eigenvalues_at(numbers: np.ndarray) -> np.ndarray:
        return np.concatenate([_eigenvalues(b.matrices(numbers)) for b in branches], axis=1)

    exact = _exact_windows(branches, interval, region)
    guards = _guards(branches, interval, region) if exact is None else np.array(exact.crossings)
    inside = np.zeros(0) if guards is None else guards[(guards > low) & (guards < high)]
    cells = np.concatenate([[low], inside, [high] if math.isfinite(high) else []])
    grid = np.concatenate([scan_grid(low, high), inside, (cells[1:] + cells[:-1]) / 2])
    samples = sample(eigenvalues_at, region, grid)
    warnings: list[str] = []
    if exact is not None:
        how, intervals = "exact", [(max(a.value, low), min(b.value, high)) for a, b in exact.stable]
    elif guards is not None:
        how, intervals = "guards", complete_windows(eigenvalues_at, region, low, high, inside)
    else:
        how, intervals = "scan", scanned_windows(eigenvalues_at, region, low, high, samples)
        folds, warnings = _folds(branches, interval, samples.numbers)
        intervals = _at_folds(intervals, folds)
    if not intervals and len(branches) > 1:
        warnings.append(_prevented(branches, interval, region, samples.numbers))
    forms = ((None, None),) * len(intervals)
    return StableSet(
        intervals=tuple(intervals),
        exact=forms if exact is None else tuple((a.exact, b.exact) for a, b in exact.stable),
        how=how,
        region=region,
        eigenvalues_at=eigenvalues_at,
        samples=samples,
        warnings=tuple(warnings),
    )


def _eigenvalues(matrices: np.ndarray) -> np.ndarray:
    values = np.full(matrices.shape[:2], complex(np.nan, np.nan))
    finite = np.isfinite(matrices).all(axis=(1, 2))
    values[finite] = np.linalg.eigvals(matrices[finite])
    return values


def _exact_windows(
    branches: Sequence[Branch], interval: Interval, region: Region
) -> ExactWindows | None:
    """All stable intervals of all branches together, exactly, if every branch has a closed form."""
    p = sympy.Dummy("p", real=True)
    matrices = []
    for branch in branches:
        own = branch.exact
        if own is None:
            return None
        matrices.append(replace(own, matrix=own.matrix.xreplace({branch.parameter: p})))
    high = sympy.oo if math.isinf(interval.high) else exact_number(interval.high)
    return exact_windows(matrices, p, exact_number(interval.low), high, region.kind)


def _guards(branches: Sequence[Branch], interval: Interval, region: Region) -> np.ndarray | None:
    """All numbers at which stability may change, if every branch is polynomial in the number."""
    low, high = interval.low, interval.high
    if math.isinf(high):
        high = low + _UNBOUNDED * max(1.0, abs(low))
    found = []
    for branch in branches:
        polynomial = polynomial_matrix(branch.matrices, low, high)
        candidates = None if polynomial is None else crossing_candidates(polynomial, region.kind)
        if candidates is None:
            return None
        found.append(candidates)
    return np.unique(np.concatenate(found))


def _folds(
    branches: Sequence[Branch], interval: Interval, numbers: np.ndarray
) -> tuple[list[float], list[str]]:
    """Where branches end inside the interval, and a sentence for every branch that does."""
    everywhere, notes = [], []
    for branch in branches:
        lost = branch.is_lost(numbers)
        if not lost.any():
            continue
        point = point_text(branch.problem.variables, branch.problem.base.point)
        if lost.all():
            notes.append(f"the equilibrium {point} was lost for every {interval.name}")
            continue
        own = ends(branch, numbers)
        everywhere += own
        notes.append(
            f"the equilibrium {point} ends at {interval.name} = "
            + ", ".join(f"{_plain(end, interval):.6g}" for end in own)
            + " and is not stable beyond"
        )
    return everywhere, notes


def _prevented(
    branches: Sequence[Branch], interval: Interval, region: Region, numbers: np.ndarray
) -> str:
    """Which of several equilibria are stable at no number, or that no number suits all of them."""
    never = []
    for branch in branches:
        own = sample(lambda n, b=branch: _eigenvalues(b.matrices(n)), region, numbers)
        if not (own.sizes - region.limit < -own.rounding).any():
            never.append(point_text(branch.problem.variables, branch.problem.base.point))
    if not never:
        return f"no {interval.name} suits all {len(branches)} equilibria; follow one of them alone"
    shown = ["; ".join(never[:_MOST]), *([f"and {len(never) - _MOST} more"] * (len(never) > _MOST))]
    which = "equilibrium" if len(never) == 1 else "equilibria"
    return (
        f"the {which} {' '.join(shown)} {'is' if len(never) == 1 else 'are'} stable for no "
        f"{interval.name}; follow another one alone"
    )


def _plain(number: float, interval: Interval) -> float:
    return 0.0 if abs(number) < 1e-12 * (abs(interval.low) + 1.0) else number


def _at_folds(stable: Sequence[Window], folds: Sequence[float]) -> tuple[Window, ...]:
    """The intervals with ends that are folds, near which an equilibrium is hard to follow, put there."""

    def moved(end: float) -> float:
        near = [fold for fold in folds if abs(fold - end) <= _AROUND_FOLD * max(1.0, abs(end))]
        return min(near, key=lambda fold: abs(fold - end), default=end)

    return tuple((moved(low), moved(high)) for low, high in stable)
