"""What is said about one rule at one point of a large game."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import InputError
from ..report.subject import plain
from ..rules import Rule
from ..rules.linearization import RuleProducts
from ..spectra.eigenvalue_maps import commutes, multipliers
from ..spectra.steps import step_sizes
from ..verdicts.verdict import Verdict
from .judgement import map_verdict
from .value import Eigenvalues, Rest, RuleProbe

Solver = Callable[[Any, str], Eigenvalues]


class RuleProber:
    """A rule whose linearised step is compiled once and used at many points."""

    def __init__(self, rule: Rule, flow: Any):
        rule.check(flow)
        self.rule = rule
        self.products = RuleProducts(rule, flow)

    def at(
        self, x: Any, state: Any, rest: Rest, eigenvalues: np.ndarray, solve: Solver
    ) -> RuleProbe:
        """The rule's multipliers and verdict; `eigenvalues` are those of J that are known."""
        rule = self.rule
        try:
            operator = self.products.at(x, state)
            found = solve(operator, "largest")
        except InputError as error:
            verdict = Verdict("undecided", None, None, "numeric", str(error))
            return RuleProbe(
                rule.name, plain(rule.settings), 0, None, None, verdict, None, None, rule.remark
            )
        verdict = map_verdict(found, rest)
        radius = float(np.abs(found.values).max()) if len(found.values) else None
        stable = verdict.verdict == "exponentially stable" and radius is not None and radius > 0
        return RuleProbe(
            rule=rule.name,
            settings=plain(rule.settings),
            state_size=operator.shape[0],
            multipliers=found,
            spectral_radius=radius,
            stability=verdict,
            critical_lr=critical_step(rule, eigenvalues),
            steps_per_digit=-math.log(10) / math.log(radius) if stable and radius else None,
            remark=rule.remark,
        )


def critical_step(rule: Rule, eigenvalues: np.ndarray) -> float | None:
    """The critical step size that these eigenvalues of J alone would allow, an upper bound on the true one.

    None for rules whose multipliers are no functions of single eigenvalues or whose step sizes differ by
    player, and where every step is stable for these eigenvalues.
    """
    if (
        isinstance(rule.lr, Mapping)
        or rule.lr is None
        or not commutes(rule)
        or not len(eigenvalues)
    ):
        return None
    unit = rule.with_each_lr(lambda _: 1.0)

    def at(factors: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            found = multipliers(unit, np.multiply.outer(factors, eigenvalues))
        return np.where(np.isnan(found), np.inf, found).reshape(len(factors), -1)

    return step_sizes(at, len(eigenvalues)).critical
