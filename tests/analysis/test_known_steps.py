"""Known answers about steps: spectral radii, critical and best step sizes of rules."""

from __future__ import annotations

import math

import pytest

import stability as st
from tests.analysis.known import (
    DIGITS,
    analyse,
    assert_same_function,
    case_id,
    equilibrium,
    near,
)
from tests.known_systems import ORIGIN, STABLE, STEPS, number
from tests.selection import slow_rows

# long to analyse, or like another row
SLOW = [
    ("dirac-gan-r1", {"gamma": "3/2"}),
    ("dirac-gan-instance-noise", {"sigma": "1/2"}),
    ("dirac-gan-consensus", {"gamma": "0.3"}),
    ("nagarajan-kolter-uniform", {"eta": "2"}),
    ("nagarajan-kolter-uniform-minimax", {}),
]


@pytest.mark.parametrize(
    ("game", "parameters", "rule", "h", "point", "radius", "verdict", "critical"),
    slow_rows(STEPS, lambda row: row[:2] in SLOW),
    ids=case_id,
)
def test_rule(game, parameters, rule, h, point, radius, verdict, critical):
    kind = {"simultaneous": st.Simultaneous, "alternating": st.Alternating}[rule]
    report = analyse(game, rules=[kind(lr=number(h).real)], **parameters)
    found = equilibrium(report, *point)["rules"][0]
    expected = number(radius, h=h, **parameters).real
    assert found["spectral_radius"] == pytest.approx(expected, rel=DIGITS)
    assert max(math.hypot(*m) for m in found["multipliers"]) == pytest.approx(expected, rel=DIGITS)
    assert found["stability"]["verdict"] in verdict.split("/")
    if found["stability"]["verdict"] == STABLE:
        digits = math.log(10) / -math.log(expected)
        # the relative error of 1 - radius is that of the radius over 1 - radius
        assert found["steps_per_digit"] == pytest.approx(digits, rel=1e-8)
    else:
        assert found["steps_per_digit"] is None
    step = number(critical, **parameters).real
    assert found["critical_lr"] == pytest.approx(step, rel=DIGITS)
    if not (game == "dirac-gan-r1" and parameters["gamma"] == "1"):  # on the border of two branches
        assert_same_function(found["critical_lr_exact"], critical, near(report, parameters))


@pytest.mark.parametrize(
    ("gamma", "simultaneous", "alternating"),
    [("0.3", 0.974679, 0.969536), ("1", 0.9, 0.927016)],
)
def test_table_of_the_r1_dirac_gan(gamma, simultaneous, alternating):
    """The printed radii at h = 0.2, to their six digits."""
    rules = [st.Simultaneous(lr=0.2), st.Alternating(lr=0.2)]
    found = equilibrium(analyse("dirac-gan-r1", rules=rules, gamma=gamma), *ORIGIN)["rules"]
    assert [r["spectral_radius"] for r in found] == pytest.approx(
        [simultaneous, alternating], abs=5e-7
    )


def test_four_players_at_the_printed_step():
    report = analyse("balduzzi-four", rules=[st.Simultaneous(lr=0.032)])
    radius = equilibrium(report, *("0",) * 4)["rules"][0]["spectral_radius"]
    assert radius == pytest.approx(1.00266, abs=5e-6)


@pytest.mark.parametrize(
    ("rule", "best", "radius"),
    [
        # J = [[0, -1/2], [1/2, -γ]], γ = 0.3: |1 + hλ|² = 1 - hγ + h²/4 is least at h = 2γ;
        # alternating, the multipliers collide at h = 2.8: trace -0.8, determinant 0.16
        ("simultaneous", 0.6, math.sqrt(0.91)),
        ("alternating", 2.8, 0.4),
    ],
)
def test_best_step_of_the_r1_dirac_gan(rule, best, radius):
    kind = {"simultaneous": st.Simultaneous, "alternating": st.Alternating}[rule]
    found = equilibrium(analyse("dirac-gan-r1", rules=[kind()]), *ORIGIN)["rules"][0]
    assert found["best_lr"] == pytest.approx(best, rel=DIGITS)
    assert found["best_spectral_radius"] == pytest.approx(radius, rel=DIGITS)
