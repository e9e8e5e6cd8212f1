"""`stability.tune`: for which values of one number an algorithm is stable, and for which it is fastest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy

from ..analysis.study import Study
from ..branches.axes import Interval
from ..branches.find_branches import Followed, find_branches
from ..branches.stable_set import StableSet, stable_set
from ..criteria.leading_eigenvalue import ROUNDING
from ..criteria.windows import UNIT_DISC, Lowest, lowest_of_all
from ..dynamics.system import System
from ..errors import InputError, InputTypeError, check_kind
from ..fields import Field
from ..rules import Rule
from ..spectra.exact import exact_text

Algorithm = tuple[Field | None, Rule | None]


@dataclass(frozen=True)
class Tuned:
    """What one algorithm, a field and a rule (None: the flow itself), makes of a number `name`.

    - `interval`: the values (low, high) that were looked at; high may be ∞.
    - `stable`: the open intervals of values for which every equilibrium that is followed is exponentially
      stable, None where that could not be told; `exact`: closed forms of their ends as text, None where
      there is no short one, or where the end was found numerically.
    - `how`: "exact" (no interval can be missing), "guards" (the same, in floating point) or "scan"; None
      where `stable` is.
    - `best`: the value at which the leading eigenvalue lies lowest, and `best_value`, the spectral abscissa
      (without a rule) or the spectral radius there; None if no value is stable or all are alike.
    - `steps_per_digit`: ln 10/−ln(spectral radius) at the best value; None for flows.
    - `warnings`: what to know of this; `because`: why there are no numbers.
    """

    name: str
    field: Field | None
    rule: Rule | None
    interval: tuple[float, float]
    stable: tuple[tuple[float, float], ...] | None = None
    exact: tuple[tuple[str | None, str | None], ...] = ()
    how: str | None = None
    best: float | None = None
    best_value: float | None = None
    steps_per_digit: float | None = None
    warnings: tuple[str, ...] = ()
    because: str | None = None

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
    system: System | Study,
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
    everywhere: bool = False,
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
    - `at`: the equilibrium to follow; default: all that are found, and stable means that all of them are;
      with `everywhere` also those outside the box that was given.
    - `seed`: of the search for equilibria.

    Where the linearisation is rational in the number, with rational coefficients, all stability boundaries
    are isolated exactly; where it is polynomial, they are eigenvalues of the guard map; else the interval is
    scanned.

    An algorithm that cannot be followed has the reason as its `because`, and no numbers: one whose field has
    no derivative where it rests, one to which the name means several things.

    Raises InputError for an empty interval, a name that means nothing to any algorithm, and if no algorithm
    can be followed: settings that do not take such values, no equilibrium.
    """
    found = tuple(
        tune_each(
            system, name, low, high, algorithms,
            penalties=penalties, parameters=parameters, at=at, box=box, seed=seed, everywhere=everywhere,
        )
    )  # fmt: skip
    if all(own.because for own in found):
        raise InputError(str(found[0].because))
    return found


def tune_each(
    system: System | Study,
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
    everywhere: bool = False,
) -> Iterator[Tuned]:
    """What `tune` finds, one algorithm after the other, also if none can be followed."""
    if isinstance(system, Study):
        penalties = penalties or system.options["penalties"]
        parameters = parameters or system.options["parameters"]
        box, system = box or system.options["box"], system.system
    if not isinstance(system, System):
        raise InputTypeError(
            f"tune takes a game, a flow or a map (Game, SymbolicGame, Flow, …), "
            f"not {type(system).__name__}"
        )
    interval = _interval(name, low, high)
    pairs = _checked(algorithms)
    followed = find_branches(
        system, interval, pairs,
        penalties=penalties, parameters=parameters, at=at, box=box, seed=seed, everywhere=everywhere,
    )  # fmt: skip
    for (field, rule), own in zip(pairs, followed, strict=True):
        yield _tuned(interval, field, rule, own)


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
    followed: Followed,
) -> Tuned:
    ends = (interval.low, interval.high)
    if followed.because is not None:
        return Tuned(interval.name, field, rule, ends, because=followed.because)
    found = stable_set(followed.branches, interval)
    if not np.isfinite(found.samples.sizes).any():
        reasons = (branch.trouble(float(interval.inner[1])) for branch in followed.branches)
        because = next((reason for reason in reasons if reason), None)
        if because is not None:
            return Tuned(interval.name, field, rule, ends, because=because)
    best, notes = _best(found, interval, [*followed.warnings, *found.warnings])
    radius = best.size if best is not None and found.region is UNIT_DISC else None
    return Tuned(
        name=interval.name,
        field=field,
        rule=rule,
        interval=ends,
        stable=found.intervals,
        exact=tuple((_text(low), _text(high)) for low, high in found.exact),
        how=found.how,
        best=None if best is None else best.number,
        best_value=None if best is None else best.size,
        steps_per_digit=math.log(10) / -math.log(radius) if radius and 0 < radius < 1 else None,
        warnings=tuple(dict.fromkeys(notes)),
    )


def _best(
    found: StableSet, interval: Interval, notes: list[str]
) -> tuple[Lowest | None, list[str]]:
    """Where the leading eigenvalue lies lowest, and the notes with what has to be said of it."""
    low, high = interval.low, interval.high
    ends = (low, high) if math.isfinite(high) else (low,)
    best = None
    if found.intervals:
        best = lowest_of_all(found.eigenvalues_at, found.region, found.samples, ends)
    sizes = found.samples.sizes
    if np.isfinite(sizes).all() and np.ptp(sizes) <= found.samples.rounding.max() and not notes:
        notes = [f"{interval.name} changes nothing here"]
    elif best is not None and best.at_end and best.number > low and math.isinf(high):
        return None, [*notes, f"there is no best {interval.name}: larger ones are ever faster"]
    elif best is not None and best.at_end:
        notes = [*notes, f"the best {interval.name} is at the end of the interval; look beyond it"]
    if best is not None and found.region is UNIT_DISC and best.size < ROUNDING:
        best = replace(best, size=0.0)
    return best, notes


def _text(e: sympy.Expr | None) -> str | None:
    return None if e is None else exact_text(e)
