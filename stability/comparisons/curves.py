"""The spectral radius of many rules as functions of the step size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..analysis.here import Here, here
from ..analysis.study import Study, as_study
from ..analysis.subject import FieldFlow
from ..criteria.eigenvalue_maps import Multipliers
from ..criteria.leading_eigenvalue import sizes
from ..criteria.steps import StepSizes
from ..dynamics.system import System
from ..errors import InputError
from ..fields import Field
from ..penalties import Penalty
from ..rules import Rule, every_rule
from .algorithms import applicable_rules
from .all_equilibria import at_all_equilibria

MOST = 3  # curves of one rule
SAME = 1e-7  # radii that differ by less are the same; a double multiplier has half the digits
_DECADES_APART = 12.0  # step sizes that differ by more are drawn on a logarithmic axis


@dataclass(frozen=True, eq=False)
class RateCurve:
    """One rule's spectral radius at the step sizes of the RateCurves it belongs to.

    - `name`: the rule as on the command line.
    - `at`: at which of the equilibria, by number; several have the same curve.
    - `radii`, shape (n,): the largest modulus of the multipliers; ∞ where a step does not exist.
    - `sizes`: critical and best step size, and the set of all stable ones. With step sizes that differ by
      player, `by_player`, all step sizes here are factors on the given ones.
    """

    name: str
    at: tuple[int, ...]
    radii: np.ndarray
    sizes: StepSizes
    by_player: bool


@dataclass(frozen=True, eq=False)
class RateCurves:
    """Spectral radii over step sizes; see `rate_curves`.

    - `steps`, shape (n,): the step sizes, geometric where those that matter differ much.
    - `equilibria`: where they were judged, each by variable.
    - `left_out`: rules without a curve, or without one at some equilibria, and why.
    """

    system: str
    steps: np.ndarray
    curves: tuple[RateCurve, ...]
    equilibria: tuple[Mapping[str, float], ...]
    left_out: tuple[tuple[str, str], ...]


def rate_curves(
    system: System | Study,
    rules: Sequence[Rule] | None = None,
    *,
    fields: Sequence[Field] = (),
    field: Field | None = None,
    penalties: Sequence[Penalty] = (),
    parameters: Mapping[Any, Any] | None = None,
    at: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    steps: Any = None,
    seed: int = 0,
) -> RateCurves:
    """The spectral radius of each rule as its step size varies, where some steps of it are stable.

    A rule has one curve for all equilibria at which its radii are the same, as they are at those that a
    symmetry exchanges, and at most three: those of most equilibria, and of these the fastest. Equilibria at
    which no step is stable, saddles for one, have curves only where no rule has another one.

    **Arguments:**

    - `system`, `penalties`, `parameters`, `at`, `box`, `seed`: as for `stability.report`.
    - `rules`: default: every rule that applies and has a step size. `fields`: the one that they follow
      (`field` is another spelling).
    - `steps`: step sizes, shape (n,); default: 400 of them, from where nothing happens yet to beyond the
      largest critical one.

    Across a manifold of equilibria the radius is that of the steps modulo the manifold. The fastest rules
    (at their best step) come first.

    Raises InputError for a map, for steps that are not positive, if no rule applies or has a step size, and
    if there is no equilibrium at which rules could be judged.
    """
    study = as_study(
        system,
        fields=fields,
        field=field,
        rules=[],
        penalties=penalties,
        parameters=parameters,
        box=box,
    ).of_one_field()
    if not study.flows:
        raise InputError("a map takes no steps of its own; rates are those of games and flows")
    flow = study.flows[0]
    if isinstance(system, Study) and rules is None:
        rules = system.options["rules"]
    chosen, left_out = _chosen(flow, rules)
    linearised = _linearised(study, at, seed)
    found: list[tuple[Rule, list[tuple[int, Multipliers, StepSizes]]]] = []
    for rule in chosen:
        judged, why = [], ""
        for i, own in enumerate(linearised):
            known = at_all_equilibria(rule, [own])
            if isinstance(known, str):
                why = known
            else:
                judged.append((i, *known))
        if judged:
            found.append((rule, judged))
        else:
            left_out.append((str(rule), why))
    found, unstable = _stable(found)
    left_out += unstable
    if steps is None:
        steps = _default_steps([own for _, judged in found for *_, own in judged], linearised)
    numbers = _checked(steps)
    curves = []
    for rule, judged in found:
        own = _distinct(rule, judged, numbers)
        curves += own[:MOST]
        more = sum(len(curve.at) for curve in own[MOST:])
        if more:
            left_out.append((str(rule), f"its curves at {more} more equilibria are not drawn"))
    return RateCurves(
        system=study.name,
        steps=numbers,
        curves=tuple(sorted(curves, key=_fastest)),
        equilibria=tuple(study.named(own.point) for own in linearised),
        left_out=tuple(left_out),
    )


def _stable(found: list[Any]) -> tuple[list[Any], list[tuple[str, str]]]:
    """The rules with the equilibria at which some steps are stable, and those that have none such.

    Everything at one equilibrium alone, and where no rule has any.
    """
    if all(len(judged) == 1 for _, judged in found):
        return found, []
    kept = [(rule, [own for own in judged if own[2].stable]) for rule, judged in found]
    if not any(judged for _, judged in kept):
        return found, []
    why = "no step size is stable at any of the equilibria"
    return [own for own in kept if own[1]], [(str(rule), why) for rule, own in kept if not own]


def _distinct(
    rule: Rule, judged: Sequence[tuple[int, Multipliers, StepSizes]], steps: np.ndarray
) -> list[RateCurve]:
    """A rule's curves, those that are the same at several equilibria taken together; the foremost first."""
    curves: list[RateCurve] = []
    for i, multipliers, own in judged:
        radii = sizes(multipliers, np.abs, steps)
        for k, curve in enumerate(curves):
            if np.allclose(radii, curve.radii, rtol=SAME, atol=SAME):
                curves[k] = replace(curve, at=(*curve.at, i))
                break
        else:
            curves.append(RateCurve(str(rule), (i,), radii, own, isinstance(rule.lr, Mapping)))
    return sorted(curves, key=lambda curve: (-len(curve.at), *_fastest(curve)))


def _linearised(study: Study, at: Any, seed: int) -> list[Here]:
    """The places at which the first field rests and has a derivative."""
    found, corners = [], []
    for place in study.rest_points(at, seed=seed, elsewhere=False).places:
        e = place.fields[0]
        if not (e.stationary and e.differentiable):
            continue
        own = here(study, place, settle=False)
        if own.known is not None:
            found.append(own)
        elif own.is_corner:
            corners.append(own)
    if not found and corners:
        raise InputError(
            f"there is no rate to draw: {corners[0].flow.stability.because}; steps of any size do the same"
        )
    if not found:
        raise InputError("there is no equilibrium with a derivative at which to judge rules")
    return found


def _chosen(
    flow: FieldFlow, rules: Sequence[Rule] | None
) -> tuple[list[Rule], list[tuple[str, str]]]:
    good, bad = applicable_rules(flow.numeric, every_rule() if rules is None else rules)
    without = [rule for rule in good if rule.lr is None]
    left_out = [(own.name, own.because) for own in bad]
    left_out += [(str(rule), "it has no step size") for rule in without]
    if left_out and len(without) == len(good):
        name, because = left_out[0]
        raise InputError(f"{name}: {because}")
    return [rule for rule in good if rule.lr is not None], left_out


def _default_steps(found: Sequence[StepSizes], linearised: Sequence[Here]) -> np.ndarray:
    """From where nothing happens yet to somewhat beyond the last event, evenly or geometrically."""
    events = [end for own in found for interval in own.stable for end in interval if end]
    events = events or [own.best for own in found if own.best]
    if not events:
        matrices = [own.known.matrix for own in linearised if own.known is not None]
        fastest = max(np.abs(np.linalg.eigvals(matrix)).max() for matrix in matrices)
        events = [1.0 / fastest if fastest > 0 else 1.0]
    low, high = min(events), 1.25 * max(events)
    if high > _DECADES_APART * low:
        return np.geomspace(low / 4, high, 400)
    return np.linspace(high / 400, high, 400)


def _checked(steps: Any) -> np.ndarray:
    numbers = np.asarray(steps, dtype=float)
    if numbers.ndim != 1 or not len(numbers) or not (numbers > 0).all():
        raise InputError("step sizes are a sequence of positive numbers")
    return numbers


def _fastest(curve: RateCurve) -> tuple[float, float]:
    best, critical = curve.sizes.best_radius, curve.sizes.critical
    return (2.0 if best is None else round(best, 10), -np.inf if critical is None else -critical)
