"""Known answers about maps: fixed points, multipliers, and what happens where they reach the circle."""

from __future__ import annotations

import numpy as np
import pytest

from tests.analysis.known import DIGITS, analyse, case_id, equilibrium, near, number, numbers
from tests.selection import slow_rows

STABLE, UNSTABLE, UNDECIDED = "exponentially stable", "unstable", "undecided"

# Maps. name, parameters, fixed point, multipliers, verdict, what would decide.
MAPS = [
    ("logistic", {"r": "2.5"}, ("0",), ["r"], UNSTABLE, None),
    ("logistic", {"r": "2.5"}, ("3/5",), ["2 - r"], STABLE, None),
    ("logistic", {"r": "2.999"}, ("1 - 1/2.999",), ["2 - r"], STABLE, None),
    ("logistic", {"r": "3"}, ("2/3",), ["2 - r"], "undecided/asymptotically stable", "flip"),
    ("logistic", {"r": "3.001"}, ("1 - 1/3.001",), ["2 - r"], UNSTABLE, None),
    ("logistic", {"r": "1"}, ("0",), ["r"], "undecided/unstable", "centre manifold"),
    *(
        (
            "henon",
            {"a": a},
            (f"(-0.7 {sign} sqrt(0.49 + 4*({a})))/(2*({a}))",) * 1,
            [
                f"-A {s} sqrt(A**2 + 0.3)".replace("A", f"((-0.7 {sign} sqrt(0.49 + 4*a))/2)")
                for s in "+-"
            ],
            verdict,
            decides,
        )
        for a, sign, verdict, decides in [
            ("1.4", "+", UNSTABLE, None),
            ("1.4", "-", UNSTABLE, None),
            ("-0.1225", "+", "undecided/unstable", "centre manifold"),
            ("-0.12", "+", STABLE, None),
            ("-0.12", "-", UNSTABLE, None),
            ("0.367", "+", STABLE, None),
            ("0.3675", "+", "undecided/asymptotically stable", "flip"),
            ("0.368", "+", UNSTABLE, None),
        ]
    ),
    *(
        (
            "delayed-logistic",
            {"r": r},
            (f"1 - 1/({r})",) * 2,
            [f"1/2 {sign} sqrt(5/4 - r)" for sign in "+-"],
            verdict,
            decides,
        )
        for r, verdict, decides in [
            ("1.9", STABLE, None),
            ("2", "undecided/asymptotically stable", "Neimark–Sacker"),
            ("2.1", UNSTABLE, None),
        ]
    ),
    ("delayed-logistic", {"r": "1.9"}, ("0", "0"), ["r", "0"], UNSTABLE, None),
]


@pytest.mark.parametrize(
    ("name", "parameters", "point", "multipliers", "verdict", "decides"),
    # the flip itself is in every run, its two sides are not
    slow_rows(MAPS, lambda row: row[1] in ({"a": "0.367"}, {"a": "0.368"})),
    ids=case_id,
)
def test_map(name, parameters, point, multipliers, verdict, decides):
    if name == "henon":
        point = (point[0], f"0.3*({point[0]})")
    report = analyse(name, **parameters)
    found = equilibrium(report, *point)["maps"][0]
    expected = numbers(multipliers, **parameters)
    values = np.array([complex(*pair) for pair in found["multipliers"]])
    assert np.abs(values - expected).max() <= DIGITS * np.abs(expected).max()
    assert found["spectral_radius"] == pytest.approx(np.abs(expected).max(), rel=DIGITS)
    assert found["stability"]["verdict"] in verdict.split("/")
    if found["stability"]["verdict"] == UNDECIDED:
        assert decides in found["stability"]["because"]
    at_the_fold = parameters == {"a": "-0.1225"}  # the closed form there is that of the double root
    for shifted in [] if at_the_fold else near(report, parameters):
        exact = numbers(found["exact_multipliers"], **shifted)
        np.testing.assert_allclose(exact, numbers(multipliers, **shifted), rtol=0, atol=1e-9)


def test_henon_printed_numbers():
    report = analyse("henon")
    table = [
        (e["point"]["x"], [m[0] for m in e["maps"][0]["multipliers"]]) for e in report["equilibria"]
    ]
    assert table[0][0] == pytest.approx(-1.1313545, abs=5e-8)
    assert table[0][1] == pytest.approx([3.25982, -0.09203], abs=5e-6)
    assert table[1][0] == pytest.approx(0.6313545, abs=5e-8)
    assert table[1][1] == pytest.approx([0.15595, -1.92374], abs=5e-6)


@pytest.mark.parametrize(("a", "count"), [("-0.13", 0), ("-0.1225", 1), ("-0.12", 2), ("0", 1)])
def test_henon_fold(a, count):
    """a x² + 0.7x = 1 has real roots from the fold a = -0.1225 on, outside the usual box too."""
    report = analyse("henon", a=a)
    assert len(report["equilibria"]) == count
    assert report["search"]["exhaustive"]


def test_delayed_logistic_leaves_at_a_sixth_of_a_turn():
    found = equilibrium(analyse("delayed-logistic", r="2"), "1/2", "1/2")["maps"][0]
    angle = np.angle(complex(*found["multipliers"][0]))
    assert angle == pytest.approx(number("pi/3").real, rel=DIGITS)
