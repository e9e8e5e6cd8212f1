"""`stability.tune`: for which values of one number an algorithm is stable, and for which it is fastest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from ..branches.branch import Branch
from ..branches.branches import Interval, branches_of
from ..criteria.exact_windows import ExactWindows, exact_windows
from ..criteria.guards import crossing_candidates, polynomial_matrix
from ..criteria.scan import ROUNDING, boundary
from ..criteria.windows import (
    HALF_PLANE,
    UNIT_DISC,
    Lowest,
    Region,
    complete_windows,
    lowest_of_all,
    sample,
    scan_grid,
    scanned_windows,
)
from ..dynamics.system import System
from ..dynamics.system import exact as exact_number
from ..errors import InputError, InputTypeError, check_kind
from ..fields import Field
from ..rules import Rule
from ..spectra.exact import exact_text

_UNBOUNDED = (
    10.0  # the part of an infinite interval on which a polynomial is fitted, in units of its start
)
_AROUND_FOLD = 1e-4  # how far before a fold Newton's method may lose its branch
Algorithm = tuple[Field | None, Rule | None]


@dataclass(frozen=True)
class Tuned:
    """What one algorithm, a field and a rule (None: the flow itself), makes of a number `name`.

    - `interval`: the values (low, high) that were looked at; high may be ∞.
    - `stable`: the open intervals of values for which every equilibrium that is followed is exponentially
      stable; `exact`: closed forms of their ends as text, None where there is no short one, or where the
      end was found numerically.
    - `how`: "exact" (no interval can be missing), "guards" (the same, in floating point) or "scan".
    - `best`: the value at which the leading eigenvalue lies lowest, and `best_value`, the spectral abscissa
      (without a rule) or the spectral radius there; None if no value is stable or all are alike.
    - `steps_per_digit`: ln 10/−ln(spectral radius) at the best value; None for flows.
    """

    name: str
    field: Field | None
    rule: Rule | None
    interval: tuple[float, float]
    stable: tuple[tuple[float, float], ...]
    exact: tuple[tuple[str | None, str | None], ...]
    how: str
    best: float | None
    best_value: float | None
    steps_per_digit: float | None
    warnings: tuple[str, ...]

    @property
    def critical(self) -> float | None:
        """The infimum of the values above which every one is stable (τ* of a timescale); None if none is."""
        return (
            self.stable[-1][0] if self.stable and self.stable[-1][1] == self.interval[1] else None
        )

    @property
    def critical_below(self) -> float | None:
        """The supremum of the values below which every one is stable; None if none is."""
        return self.stable[0][1] if self.stable and self.stable[0][0] == self.interval[0] else None


def tune(
    system: System,
    name: str,
    low: float,
    high: float,
    algorithms: Sequence[Algorithm],
    *,
    penalties: Sequence[Any] = (),
    parameters: Mapping[Any, Any] | None = None,
    at: Mapping[str, Any] | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    seed: int = 0,
) -> tuple[Tuned, ...]:
    """Where in (low, high) algorithms are stable, and where they converge fastest, as one number varies.

    **Arguments:**

    - `system`: a `Game`, `SymbolicGame`, `Flow`, `SymbolicFlow`, `Map` or `SymbolicMap`.
    - `name`: what varies: a game's parameter, or a setting of a field, a rule or a penalty, named as the axis
      of a sweep (`gamma`, `consensus.gamma`, `two-timescale.tau`, `heavy-ball.beta`).
    - `low`, `high`: the interval of values; `high` may be infinite.
    - `algorithms`: (field, rule) pairs; the rule is None for the field's own flow, the field is None for
      systems that are no games. The rule takes its own step size.
    - `penalties`, `parameters`, `box`: as in a report.
    - `at`: the equilibrium to follow; default: all that are found, and stable means that all of them are.
    - `seed`: of the search for equilibria.

    Where the linearisation is rational in the number, with rational coefficients, all stability boundaries
    are isolated exactly; where it is polynomial, they are eigenvalues of the guard map; else the interval is
    scanned.

    Raises InputError for an empty interval, a name that means nothing (or several things) to the algorithms,
    settings that do not take such values, and if there is no equilibrium.
    """
    if not isinstance(system, System):
        raise InputTypeError(
            f"tune takes a game, a flow or a map (Game, SymbolicGame, Flow, …), "
            f"not {type(system).__name__}"
        )
    interval = _interval(name, low, high)
    pairs = _checked(algorithms)
    followed = branches_of(system, interval, pairs, penalties, parameters, at, box, seed)
    return tuple(
        _tuned(interval, field, rule, branches, warnings)
        for (field, rule), (branches, warnings) in zip(pairs, followed, strict=True)
    )


def _interval(name: str, low: Any, high: Any) -> Interval:
    if not isinstance(name, str):
        raise InputTypeError(f"what is tuned is named by a string, not {name!r}")
    try:
        low, high = float(low), float(high)
    except (TypeError, ValueError):
        raise InputTypeError(
            f"{name} varies between two numbers, not {low!r} and {high!r}"
        ) from None
    if not (math.isfinite(low) and low < high):
        raise InputError(
            f"{name} varies from a finite number to a larger one, not from {low} to {high}"
        )
    return Interval(name, low, high)


def _checked(algorithms: Sequence[Algorithm]) -> list[Algorithm]:
    pairs = []
    for algorithm in algorithms:
        try:
            field, rule = algorithm
        except (TypeError, ValueError):
            raise InputTypeError(
                f"an algorithm is a pair (field, rule), the rule None for the flow, not {algorithm!r}"
            ) from None
        if field is not None:
            check_kind(field, Field, "Consensus(gamma=0.1)")
        if rule is not None:
            check_kind(rule, Rule, "Simultaneous(lr=0.1)")
        pairs.append((field, rule))
    if not pairs:
        raise InputError("give at least one algorithm, such as (Gradient(), Simultaneous())")
    return pairs


def _tuned(
    interval: Interval,
    field: Field | None,
    rule: Rule | None,
    branches: Sequence[Branch],
    warnings: Sequence[str],
) -> Tuned:
    low, high = interval.low, interval.high
    region = UNIT_DISC if branches[0].kind == "map" else HALF_PLANE
    notes = list(warnings)

    def eigenvalues_at(numbers: np.ndarray) -> np.ndarray:
        return np.concatenate([_eigenvalues(b.matrices(numbers)) for b in branches], axis=1)

    exact = _exact_windows(branches, interval, region)
    candidates = np.zeros(0)
    texts: tuple[tuple[str | None, str | None], ...]
    if exact is not None:
        how, candidates = "exact", np.array(exact.crossings)
        stable = tuple((max(begin.value, low), min(end.value, high)) for begin, end in exact.stable)
        texts = tuple((_text(begin.exact), _text(end.exact)) for begin, end in exact.stable)
    else:
        guards = _guard_candidates(branches, interval, region)
        how = "scan" if guards is None else "guards"
        candidates = candidates if guards is None else guards
        stable, texts = (), ()
    inside = candidates[(candidates > low) & (candidates < high)]
    cells = np.concatenate([[low], inside, [high] if math.isfinite(high) else []])
    grid = np.concatenate([scan_grid(low, high), inside, (cells[1:] + cells[:-1]) / 2])
    samples = sample(eigenvalues_at, region, grid)
    if exact is None:
        if how == "guards":
            stable = complete_windows(eigenvalues_at, region, low, high, inside)
        else:
            stable = scanned_windows(eigenvalues_at, region, low, high, samples)
            folds, lost = _lost(branches, interval, samples.numbers)
            stable = _at_folds(stable, folds)
            notes += lost
        texts = ((None, None),) * len(stable)
    ends = (low, high) if math.isfinite(high) else (low,)
    best = lowest_of_all(eigenvalues_at, region, samples, ends) if stable else None
    finite = samples.sizes[np.isfinite(samples.sizes)]
    if len(finite) == len(samples.sizes) and np.ptp(finite) <= samples.rounding.max() and not notes:
        notes.append(f"{interval.name} changes nothing here")
    elif best is not None and best.at_end and best.number > low and math.isinf(high):
        notes.append(f"there is no best {interval.name}: larger ones are ever faster")
        best = None
    elif best is not None and best.at_end:
        notes.append(f"the best {interval.name} is at the end of the interval; look beyond it")
    radius = None if best is None or region is HALF_PLANE else best.size
    if best is not None and radius is not None and radius < ROUNDING:
        best, radius = Lowest(best.number, 0.0, best.at_end), None
    return Tuned(
        interval.name,
        field,
        rule,
        (low, high),
        stable,
        texts,
        how,
        None if best is None else best.number,
        None if best is None else best.size,
        math.log(10) / -math.log(radius) if radius is not None and 0 < radius < 1 else None,
        tuple(dict.fromkeys(notes)),
    )


def _eigenvalues(matrices: np.ndarray) -> np.ndarray:
    values = np.full(matrices.shape[:2], complex(np.nan, np.nan))
    finite = np.isfinite(matrices).all(axis=(1, 2))
    values[finite] = np.linalg.eigvals(matrices[finite])
    return values


def _text(e: sympy.Expr | None) -> str | None:
    return None if e is None else exact_text(e)


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


def _guard_candidates(
    branches: Sequence[Branch], interval: Interval, region: Region
) -> np.ndarray | None:
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


def _lost(
    branches: Sequence[Branch], interval: Interval, numbers: np.ndarray
) -> tuple[list[float], list[str]]:
    """Where branches end inside the interval, and a sentence for every branch that does."""
    everywhere, notes = [], []
    for branch in branches:
        lost = branch.is_lost(numbers)
        if not lost.any():
            continue
        point = ",".join(
            f"{v}={x + 0.0:.6g}"
            for v, x in zip(branch.problem.variables, branch.problem.base.point, strict=True)
        )
        if lost.all():
            notes.append(f"the equilibrium {point} was lost for every {interval.name}")
            continue

        def is_kept(number: float, branch: Branch = branch) -> bool:
            return not branch.is_lost(np.array([number]))[0]

        ends = []
        for i in np.flatnonzero(lost[1:] != lost[:-1]):
            kept, gone = (i, i + 1) if lost[i + 1] else (i + 1, i)
            last = boundary(is_kept, float(numbers[kept]), float(numbers[gone]))
            inward = last + 1e-6 * (float(numbers[kept]) - last)
            ends.append(branch.fold(inward))
        everywhere += ends
        notes.append(
            f"the equilibrium {point} ends at {interval.name} = "
            + ", ".join(f"{_plain(end, interval):.6g}" for end in ends)
            + " and is not stable beyond"
        )
    return everywhere, notes


def _plain(number: float, interval: Interval) -> float:
    return 0.0 if abs(number) < 1e-12 * (abs(interval.low) + 1.0) else number


def _at_folds(
    stable: Sequence[tuple[float, float]], folds: Sequence[float]
) -> tuple[tuple[float, float], ...]:
    """The intervals with ends that are folds, near which an equilibrium is hard to follow, put there."""

    def moved(end: float) -> float:
        near = [fold for fold in folds if abs(fold - end) <= _AROUND_FOLD * max(1.0, abs(end))]
        return min(near, key=lambda fold: abs(fold - end), default=end)

    return tuple((moved(low), moved(high)) for low, high in stable)
