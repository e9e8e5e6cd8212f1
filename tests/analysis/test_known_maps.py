"""Known answers about maps: fixed points, multipliers, and what happens where they reach the circle."""

from __future__ import annotations

import numpy as np
import pytest

from tests.analysis.known import DIGITS, analyse, case_id, equilibrium, near
from tests.known_systems import HENON, MAPS, UNDECIDED, number, numbers
from tests.selection import slow_rows


@pytest.mark.parametrize(
    ("name", "parameters", "point", "multipliers", "verdict", "decides"),
    # the flip itself is in every run, its two sides are not
    slow_rows(MAPS, lambda row: row[1] in ({"a": "0.367"}, {"a": "0.368"})),
    ids=case_id,
)
def test_map(name, parameters, point, multipliers, verdict, decides):
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
    assert len(report["equilibria"]) == len(HENON)
    for e, (x, multipliers) in zip(report["equilibria"], sorted(HENON.items()), strict=True):
        assert e["point"]["x"] == pytest.approx(x, abs=5e-8)
        found = [m[0] for m in e["maps"][0]["multipliers"]]
        assert found == pytest.approx(multipliers, abs=5e-6)


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
