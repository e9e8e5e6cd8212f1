"""One rule at several equilibria at once: it is stable where it is so at all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..analysis.bounded import CORNER
from ..analysis.here import Here
from ..analysis.value import RuleAnalysis
from ..criteria.eigenvalue_maps import Multipliers
from ..criteria.exact_steps import unit
from ..criteria.steps import StepSizes, rule_step_sizes, step_multipliers, step_sizes
from ..rules import Rule


def at_all_equilibria(rule: Rule, points: Sequence[Here]) -> tuple[Multipliers, StepSizes] | str:
    """The rule's multipliers at all the equilibria together, and the step sizes for them, or why none.

    Both are in factors on a step size of one, or on the given ones where they differ by player. Corners of
    the players' sets, which steps of any size reach, take no part.
    """
    judged, why = [], "every point is an equilibrium"
    for own in points:
        near = own.acting(rule)
        if isinstance(near, RuleAnalysis):
            if near.type != CORNER:
                return near.stability.because
            why = near.stability.because
        elif own.known is not None and own.e.tangent.shape[1] < len(own.e.point):
            # else everything around is an equilibrium
            partition = own.field.numeric.partition
            base = unit(near).with_each_lr(float)
            judged.append((base, own.known.matrix, partition, own.e.tangent))
    if not judged:
        return why
    functions = [step_multipliers(*own) for own in judged]
    if len(judged) == 1:
        return functions[0], rule_step_sizes(*judged[0])

    def together(factors: np.ndarray) -> np.ndarray:
        return np.concatenate([own(factors) for own in functions], axis=1)

    return together, step_sizes(together, max(len(own[1]) for own in judged))
