"""Verdicts where the linearisation is silent, against 10⁵ steps in extended precision."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import stability as st

STEPS, WINDOW = 100_000, 10_000
RADII = np.array([0.3, 0.4], np.longdouble)
LRS = (0.5, 1.0)


def rates(name: str, lr: float, order: int) -> np.ndarray:
    """d in r⁺ = r + d r^order for each of the radii, measured under alternating steps.

    With ‖q‖ = 1 the mean square distance over many turns is 2r². Its mean at either end is taken with
    the weights sin⁴, which leave of every oscillation less than 1e-12. r^(1−order) grows by (1 − order) d in
    each step.
    """
    game = st.load(name)
    theta, psi = game.variables
    speeds = [
        sympy.lambdify((theta, psi), e.rewrite(sympy.exp), "numpy")
        for e in st.Gradient().flow(game).expressions
    ]
    x, y = np.longdouble(0.6) * RADII, np.longdouble(0.8) * RADII
    weights = np.sin(np.pi * (np.arange(WINDOW) + 0.5) / WINDOW) ** 4
    squares = np.zeros((2, len(RADII)), np.longdouble)
    for n in range(STEPS):
        end = int(n >= STEPS - WINDOW)
        if n < WINDOW or end:
            weight = weights[n - end * (STEPS - WINDOW)]
            squares[end] += weight * (x**2 + y**2)
        x = x + lr * speeds[0](x, y)
        y = y + lr * speeds[1](x, y)
    first, last = np.sqrt(squares / weights.sum() / 2)
    power = 1 - order
    return np.asarray((last**power - first**power) / (power * (STEPS - WINDOW)), float)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("dirac-gan", "unstable"),
        ("dirac-gan-nonsaturating", "asymptotically stable"),
        ("dirac-gan-kl", "asymptotically stable"),
    ],
)
def test_the_radius_drifts_as_the_coefficient_says(name, word):
    """Third, fifth and ninth order: what is lost or won in 10⁵ steps."""
    rules = [st.Alternating(lr) for lr in LRS]
    (e,) = st.report(st.load(name), rules=rules, at={"theta": 0, "psi": 0}).equilibria
    for lr, rule in zip(LRS, e.rules, strict=True):
        form = rule.normal_form
        assert form.verdict == word
        np.testing.assert_allclose(rates(name, lr, form.order), form.coefficient, rtol=0.02)


@pytest.mark.slow
def test_the_radius_stays_where_invariant_curves_surround_the_point():
    """The Pearson Dirac-GAN: ten digits less than the ninth-order drift of the minimax one."""
    game = st.load("dirac-gan-pearson")
    (e,) = st.report(game, rules=[st.Alternating(0.5)], at={"theta": 0, "psi": 0}).equilibria
    assert e.rules[0].stability.verdict == "neutral"
    assert np.abs(rates("dirac-gan-pearson", 0.5, 9)).max() < 1e-12
