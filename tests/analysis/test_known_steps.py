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
    number,
)
from tests.selection import slow_rows

STABLE, UNSTABLE = "exponentially stable", "unstable"
ORIGIN = ("0", "0")

# Rules. game, parameters, step, point, spectral radius, verdict, critical step (None: not listed).
R1_BELOW = "4*gamma", "4*(sqrt(gamma**2 + 1) - gamma)"
R1_ABOVE = "4*(gamma - sqrt(gamma**2 - 1))", R1_BELOW[1]
NOISE = "2*sigma**2", "2*(sqrt(sigma**4 + 4) - sigma**2)"
NAGARAJAN_KOLTER = "2*eta", "sqrt(4*eta**2 + 9) - 2*eta"
RULES = [
    # B1. Alternating steps have determinant 1 and trace 2 - h²; at h = 2 the double -1 is defective.
    ("xy", {}, "simultaneous", "0.2", ORIGIN, "sqrt(1 + h**2)", UNSTABLE, "0"),
    ("xy", {}, "alternating", "0.2", ORIGIN, "1", "neutral", "0"),
    ("xy", {}, "alternating", "1.9", ORIGIN, "1", "neutral", "0"),
    ("xy", {}, "alternating", "2", ORIGIN, "1", UNSTABLE, "0"),
    (
        "xy",
        {},
        "alternating",
        "5/2",
        ORIGIN,
        "(h**2 - 2 + h*sqrt(h**2 - 4))/2",
        UNSTABLE,
        "0",
    ),
    # B2
    ("dirac-gan", {}, "simultaneous", "0.2", ORIGIN, "sqrt(1 + h**2/4)", UNSTABLE, "0"),
    ("dirac-gan", {}, "alternating", "0.2", ORIGIN, "1", "undecided/neutral", "0"),
    (
        "dirac-gan-nonsaturating",
        {},
        "simultaneous",
        "0.2",
        ORIGIN,
        "sqrt(1 + h**2/4)",
        UNSTABLE,
        "0",
    ),
    (
        "dirac-gan-r1",
        {"gamma": "0.3"},
        "simultaneous",
        "0.2",
        ORIGIN,
        "sqrt(1 - h*gamma + h**2/4)",
        STABLE,
        R1_BELOW[0],
    ),
    (
        "dirac-gan-r1",
        {"gamma": "0.3"},
        "alternating",
        "0.2",
        ORIGIN,
        "sqrt(1 - h*gamma)",
        STABLE,
        R1_BELOW[1],
    ),
    ("dirac-gan-r1", {"gamma": "1"}, "simultaneous", "0.2", ORIGIN, "9/10", STABLE, "4"),
    (
        "dirac-gan-r1",
        {"gamma": "1"},
        "alternating",
        "0.2",
        ORIGIN,
        "(179 + sqrt(41))/200",  # trace 2 - h - h²/4 = 1.79, determinant 1 - h = 0.8
        STABLE,
        "4*(sqrt(2) - 1)",
    ),
    (
        "dirac-gan-r1",
        {"gamma": "3/2"},
        "simultaneous",
        "0.2",
        ORIGIN,
        "1 - h*(gamma - sqrt(gamma**2 - 1))/2",
        STABLE,
        R1_ABOVE[0],
    ),
    (
        "dirac-gan-r1",
        {"gamma": "3/2"},
        "alternating",
        "0.2",
        ORIGIN,
        "(2 - h*gamma - h**2/4 + sqrt((2 - h*gamma - h**2/4)**2 - 4*(1 - h*gamma)))/2",
        STABLE,
        R1_ABOVE[1],
    ),
    (
        "dirac-gan-instance-noise",
        {"sigma": "1/2"},
        "simultaneous",
        "0.1",
        ORIGIN,
        "sqrt(1 - h*sigma**2/2 + h**2/4)",
        STABLE,
        NOISE[0],
    ),
    (
        "dirac-gan-instance-noise",
        {"sigma": "1/2"},
        "alternating",
        "0.1",
        ORIGIN,
        "sqrt(1 - h*sigma**2/2)",
        STABLE,
        NOISE[1],
    ),
    (
        "dirac-gan-consensus",
        {"gamma": "0.3"},
        "simultaneous",
        "0.2",
        ORIGIN,
        "sqrt((1 - h*gamma/4)**2 + h**2/4)",
        STABLE,
        "8*gamma/(gamma**2 + 4)",
    ),
    (
        "dirac-gan-consensus",
        {"gamma": "0.3"},
        "alternating",
        "0.2",
        ORIGIN,
        "1 - h*gamma/4",
        STABLE,
        "8/(gamma + 2)",
    ),
    # B3
    (
        "nagarajan-kolter-uniform",
        {"eta": "1/2"},
        "simultaneous",
        "0.1",
        ("0", "1"),
        "sqrt(1 - 8*h*eta/9 + 4*h**2/9)",
        STABLE,
        NAGARAJAN_KOLTER[0],
    ),
    (
        "nagarajan-kolter-uniform",
        {"eta": "1/2"},
        "alternating",
        "0.1",
        ("0", "1"),
        "sqrt(1 - 8*h*eta/9)",
        STABLE,
        NAGARAJAN_KOLTER[1],
    ),
    (
        "nagarajan-kolter-uniform",
        {"eta": "2"},
        "simultaneous",
        "0.1",
        ("0", "-1"),
        "1 - 2*h*(2*eta - sqrt(4*eta**2 - 9))/9",
        STABLE,
        "2*eta - sqrt(4*eta**2 - 9)",  # "η not too large"
    ),
    (
        "nagarajan-kolter-uniform-minimax",
        {},
        "simultaneous",
        "1/2",
        ("0", "1"),
        "sqrt(1 - h/10 + h**2/9)",
        STABLE,
        "9/10",
    ),
    (
        "nagarajan-kolter-uniform-minimax",
        {},
        "alternating",
        "1/2",
        ("0", "1"),
        "sqrt(1 - h/10)",
        STABLE,
        "(3*sqrt(409) - 9)/10",
    ),
    # B4: trace 2 - 4h - 16h², determinant (1 - 6h)(1 + 2h) when alternating
    ("ridge-1", {}, "simultaneous", "1/20", ORIGIN, "1 + 2*h", UNSTABLE, "0"),
    ("ridge-2", {}, "simultaneous", "1/20", ORIGIN, "1 - 2*h", STABLE, "1"),
    (
        "ridge-2",
        {},
        "alternating",
        "1/20",
        ORIGIN,
        "(44 + sqrt(11))/50",
        STABLE,
        "(2*sqrt(2) - 1)/7",
    ),
    # B7
    (
        "balduzzi-four",
        {"epsilon": "0.01"},
        "simultaneous",
        "0.032",
        ("0",) * 4,
        "sqrt((1 - h*epsilon)**2 + h**2*(1 + sqrt(2))**2)",
        UNSTABLE,
        "2*epsilon/(epsilon**2 + (1 + sqrt(2))**2)",
    ),
    ("letcher", {}, "simultaneous", "0.1", ORIGIN, "sqrt((1 + h)**2 + h**2)", UNSTABLE, "0"),
]

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
    slow_rows(RULES, lambda row: row[:2] in SLOW),
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
