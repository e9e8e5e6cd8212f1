"""Answers known from the literature or derived by hand, looked up in the whole report."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.analysis.known import (
    DIGITS,
    analyse,
    assert_spectrum,
    case_id,
    equilibrium,
    near,
)
from tests.known_systems import FLOWS, ORIGIN, STABLE, UNSTABLE, number, numbers
from tests.selection import slow_rows

SLOWLY = "asymptotically stable"
ROLLS = "54863333112/21468766692515"  # Re c₁ > 0: the Hopf bifurcation of the rolls is subcritical

# Long to analyse, or like another row. One report serves all points of a game, so it is slow for all of them.
SLOW = [
    ("dirac-gan-instance-noise", {"sigma": "1/2"}),
    ("dirac-gan-instance-noise", {"sigma": "2"}),
    ("dirac-gan-r1", {"gamma": "3/2"}),
    ("nagarajan-kolter-uniform", {"eta": "1/10"}),
    ("nagarajan-kolter-uniform", {"eta": "2"}),
    ("nagarajan-kolter-uniform-minimax", {}),
    ("ridge-3", {}),
    *(("brusselator", {"A": A, "B": B}) for A, B in (("2", "4.999"), ("2", "5.001"), ("1", "4"))),
    *(("lorenz", {"rho": rho}) for rho in ("0.999", "1.001")),
    *(("van-der-pol", {"mu": mu}) for mu in ("-1", "2")),
]


@pytest.mark.parametrize(
    ("game", "parameters", "point", "eigenvalues", "verdict", "kind"),
    slow_rows(FLOWS, lambda row: row[:2] in SLOW),
    ids=case_id,
)
def test_flow(game, parameters, point, eigenvalues, verdict, kind):
    flow = equilibrium(analyse(game, **parameters), *point)["flows"][0]
    expected = numbers(eigenvalues, **parameters)
    assert_spectrum(flow["eigenvalues"], expected)
    assert flow["spectral_abscissa"] == pytest.approx(expected.real.max(), rel=DIGITS, abs=1e-15)
    assert flow["stability"]["verdict"] in verdict.split("/")
    if kind is not None:
        assert flow["type"] == kind


@pytest.mark.parametrize(
    ("game", "parameters", "point", "eigenvalues"),
    slow_rows([row[:4] for row in FLOWS if row.parameters], lambda row: row[:2] in SLOW),
    ids=case_id,
)
def test_closed_forms_of_eigenvalues(game, parameters, point, eigenvalues):
    """The exact eigenvalues are the listed functions of the parameters, not only at one value."""
    report = analyse(game, **parameters)
    flow = equilibrium(report, *point)["flows"][0]
    assert flow["exact_eigenvalues"] is not None
    for shifted in near(report, parameters):
        found = numbers(flow["exact_eigenvalues"], **shifted)
        np.testing.assert_allclose(found, numbers(eigenvalues, **shifted), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("game", "parameters", "point", "verdict", "case", "exact"),
    [
        ("dirac-gan", {}, ORIGIN, "neutral", "hopf", None),
        ("dirac-gan-nonsaturating", {}, ORIGIN, SLOWLY, "hopf", "-1/8"),
        ("brusselator", {"B": "2"}, ("1", "2"), SLOWLY, "hopf", "-1/2"),
        ("brusselator", {"A": "2", "B": "5"}, ("2", "5/2"), SLOWLY, "hopf", "-1/3"),
        ("lorenz", {"rho": "470/19"}, ("sqrt(1/19*8/3*451)",) * 2 + ("451/19",), UNSTABLE, "hopf", ROLLS),
        ("lorenz", {"rho": "1"}, ("0", "0", "0"), SLOWLY, "zero", "-15/88"),
    ],
    ids=case_id,
)  # fmt: skip
def test_where_the_linearisation_is_silent(game, parameters, point, verdict, case, exact):
    """Value and margin stay those of the linearisation; the Brusselator's are −½ and −⅓."""
    flow = equilibrium(analyse(game, **parameters), *point)["flows"][0]
    stability, form = flow["stability"], flow["normal_form"]
    assert (stability["verdict"], stability["margin"]) == (verdict, 0.0)
    assert (form["case"], form["exact"], form["evidence"]) == (case, exact, "exact")
    assert form.get("invariant") == ("psi**2 + theta**2" if verdict == "neutral" else None)


@pytest.mark.parametrize(
    ("rho", "verdict"),
    [
        ("2", STABLE),
        pytest.param("24.73", STABLE, marks=pytest.mark.slow),
        ("470/19", UNSTABLE),
        ("24.74", UNSTABLE),
        ("28", UNSTABLE),
    ],
)
def test_lorenz_convection_rolls(rho, verdict):
    """C± lose their stability at rho = 470/19, at ω = 9.624530, in a subcritical Hopf bifurcation."""
    value = number(rho).real
    x = math.sqrt(8 / 3 * (value - 1))
    characteristic = [1, 41 / 3, 8 / 3 * (value + 10), 160 / 3 * (value - 1)]
    roots = sorted(np.roots(characteristic), key=lambda v: (-round(v.real, 9), -v.imag))
    for sign in (-1, 1):
        e = equilibrium(analyse("lorenz", rho=rho), sign * x, sign * x, value - 1)
        assert_spectrum(e["flows"][0]["eigenvalues"], np.array(roots))
        assert e["flows"][0]["stability"]["verdict"] == verdict
    if rho == "470/19":
        assert x == pytest.approx(7.95602, abs=5e-6)
        assert e["flows"][0]["eigenvalues"][0][1] == pytest.approx(9.624530, abs=5e-7)


@pytest.mark.parametrize(("rho", "count"), [("1/2", 1), ("1", 1), ("3/2", 3)])
def test_lorenz_pitchfork_creates_two_equilibria(rho, count):
    report = analyse("lorenz", rho=rho)
    assert len(report["equilibria"]) == count
    assert report["search"]["exhaustive"]
