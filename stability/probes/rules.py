"""What is said about one rule at one point of a large game."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..analysis.subject import plain
from ..criteria.eigenvalue_maps import commutes, eigenvalue_multipliers
from ..criteria.steps import StepSizes, step_sizes
from ..dynamics.flow import Flow
from ..dynamics.linearisation import Linearisation
from ..errors import InputError
from ..rules import Rule
from ..rules.linearisation import linearise_rule
from ..verdicts.verdict import Verdict
from .explained import explained
from .judgement import map_verdict
from .value import Eigenvalues, Rest, RuleProbe

Solver = Callable[[Any, str], Eigenvalues]


def probe_rule(
    rule: Rule,
    flow: Flow,
    x: Any,
    state: Any,
    rest: Rest,
    jacobian: Linearisation,
    eigenvalues: np.ndarray,
    solve: Solver,
    seed: int,
) -> RuleProbe:
    """The rule's multipliers and verdict at x, with its state there.

    - `jacobian`: J at x; `eigenvalues`: those of it that are known. `solve(operator, which)`: finds
      eigenvalues. `seed`: of random directions.
    """
    settings = plain(rule.settings)
    if state is not None:  # which tells the second moments itself
        settings.pop("second_moment", None)
    try:
        operator = linearise_rule(rule, flow, x, state)
        found = solve(operator, "largest")
    except InputError as error:
        verdict = Verdict("undecided", None, None, "numeric", str(error))
        return RuleProbe(rule.name, settings, 0, None, None, verdict, None, None, rule.remark)
    verdict = map_verdict(found, rest)
    radius = float(np.abs(found.values).max()) if len(found.values) else None
    stable = verdict.verdict == "exponentially stable"
    sizes = stable_steps(rule, eigenvalues)
    return RuleProbe(
        rule=rule.name,
        settings=settings,
        state_size=operator.shape[0],
        multipliers=found,
        spectral_radius=radius,
        stability=verdict,
        critical_lr=None if sizes is None else sizes.critical,
        steps_per_digit=-math.log(10) / math.log(radius) if stable and radius else None,
        remark=rule.remark if state is None else None,
        stable_lr=None if sizes is None else sizes.stable,
        explained=None
        if rest.stationary.verdict == "yes"
        else explained(flow, jacobian, x, operator.value[: flow.dimension] - x, seed),
    )


def stable_steps(rule: Rule, eigenvalues: np.ndarray) -> StepSizes | None:
    """The step sizes that these eigenvalues of J alone would allow; what is stable is among them.

    None for rules whose multipliers are no functions of single eigenvalues or whose step sizes differ by
    player.
    """
    if isinstance(rule.lr, Mapping) or not commutes(rule) or not len(eigenvalues):
        return None
    unit = rule.with_each_lr(lambda _: 1.0)
    return step_sizes(eigenvalue_multipliers(unit, eigenvalues), len(eigenvalues))
