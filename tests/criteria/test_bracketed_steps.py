"""Critical steps of every rule separate stable steps from unstable ones; stable sets are stable."""

from __future__ import annotations

import numpy as np
import pytest

from stability import (
    Alternating,
    Clipped,
    Extragradient,
    HeavyBall,
    Lookahead,
    RungeKutta,
    Unrolled,
)
from stability.criteria.steps import rule_step_sizes
from stability.dynamics import Partition
from stability.rules import every_rule
from tests.selection import slow_but

# unrolled, differentiated through, needs a game; a best response has no step size
RULES = [
    rule.with_lr(1.0) for rule in every_rule() if rule.name not in ("unrolled", "best-response")
]
RULES += [
    Alternating(1.0, steps={"a": 3}),
    Alternating(1.0, inner=Extragradient()),
    Extragradient(1.0, past=True),
    Lookahead(1.0, k=3, alpha=0.3, inner=HeavyBall(beta=-0.3)),
    RungeKutta(a=((), (0.5,)), b=(0, 1), lr=1.0),
    Unrolled(1.0, k=3, stop_gradient=True),
    Clipped(1.0, low=-1, high=1),
]
SHAPES = [(1, 1), (2, 1), (3, 2), (1, 2, 1), (4, 4), (2, 1, 1, 2)]


def jacobian(seed):
    """A random J of two to four players; two thirds are shifted so that their flow is stable."""
    rng = np.random.default_rng(seed)
    sizes = SHAPES[seed % len(SHAPES)]
    partition = Partition(tuple("abcd"[: len(sizes)]), sizes)
    d = partition.dimension
    matrix = rng.normal(size=(d, d))
    if seed % 2:  # as in zero-sum games: mostly rotating
        matrix = (matrix - matrix.T) / 2 - np.diag(rng.uniform(0.05, 0.5, d))
    if seed % 3:
        matrix -= (np.linalg.eigvals(matrix).real.max() + 0.1) * np.eye(d)
    return matrix, partition


def radius(rule, matrix, partition, factor):
    return np.abs(np.linalg.eigvals(rule.scaled(factor).linearise(matrix, partition))).max()


def check(rule, seed):
    matrix, partition = jacobian(seed)
    found = rule_step_sizes(rule, matrix, partition)
    for low, high in found.stable:
        width = (10 * max(low, 1.0) if high is None else high) - low
        assert radius(rule, matrix, partition, low + 1e-3 * width) < 1 or low == 0.0
        assert radius(rule, matrix, partition, low + 0.5 * width) < 1
        if low:
            assert radius(rule, matrix, partition, 0.999 * low) > 1
        if high is not None:
            assert radius(rule, matrix, partition, 0.999 * high) < 1 or high < 1.01 * low
            assert radius(rule, matrix, partition, 1.001 * high) > 1
    if found.critical:
        assert found.stable[0] == (0.0, found.critical)
        for fraction in (1e-3, 0.1, 0.5, 0.9, 0.999):
            assert radius(rule, matrix, partition, fraction * found.critical) < 1
    if found.best is not None:
        best = radius(rule, matrix, partition, found.best)
        # eigenvalues that collide there are split by the root of rounding
        assert best == pytest.approx(found.best_radius, abs=1e-6)
        for factor in np.geomspace(found.best / 30, 30 * found.best, 60):
            assert radius(rule, matrix, partition, factor) > found.best_radius - 1e-9


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("seed", slow_but(range(4), range(2)))
def test_steps_are_bracketed(rule, seed):
    check(rule, seed)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_steps_are_bracketed_on_fifty_games(rule):
    for seed in range(4, 54):
        check(rule, seed)
