"""One rule at several equilibria at once: it is stable where it is so at all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..analysis.rules_at_point import FieldJacobian, as_it_acts
from ..analysis.subject import FieldFlow
from ..analysis.value import RuleAnalysis
from ..criteria.eigenvalue_maps import Multipliers
from ..criteria.exact_steps import unit
from ..criteria.steps import StepSizes, rule_step_sizes, step_multipliers, step_sizes
from ..equilibria.equilibrium import Equilibrium
from ..rules import Rule


def at_all_equilibria(
    flow: FieldFlow, rule: Rule, points: Sequence[tuple[Equilibrium, FieldJacobian]]
) -> tuple[Multipliers, StepSizes] | str:
    """The rule's multipliers at all the equilibria together, and the step sizes for them, or why none.

    Both are in factors on a step size of one, or on the given ones where they differ by player.
    """
    partition = flow.numeric.partition
    judged = []
    for e, known in points:
        near = as_it_acts(flow, e, rule, known)
        if isinstance(near, RuleAnalysis):
            return near.stability.because
        if e.tangent.shape[1] < len(e.point):  # else everything around is an equilibrium
            judged.append((unit(near).with_each_lr(float), known.matrix, partition, e.tangent))
    if not judged:
        return "every point is an equilibrium"
    functions = [step_multipliers(*own) for own in judged]
    if len(judged) == 1:
        return functions[0], rule_step_sizes(*judged[0])

    def together(factors: np.ndarray) -> np.ndarray:
        return np.concatenate([own(factors) for own in functions], axis=1)

    return together, step_sizes(together, flow.numeric.dimension)
