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
    number,
    numbers,
)
from tests.selection import slow_rows

STABLE, UNSTABLE, UNDECIDED = "exponentially stable", "unstable", "undecided"
ORIGIN = ("0", "0")

# Flows. game, its parameters, point, eigenvalues, verdict, type.
# "undecided/neutral": the linearisation is silent, yet who looks further may know more.
FLOWS = [
    ("xy", {}, ORIGIN, ["I", "-I"], "neutral", "centre"),
    ("dirac-gan", {}, ORIGIN, ["I/2", "-I/2"], "undecided/neutral", None),
    (
        "dirac-gan-nonsaturating",
        {},
        ORIGIN,
        ["I/2", "-I/2"],
        "undecided/asymptotically stable",
        None,
    ),
    ("dirac-gan-wasserstein", {}, ORIGIN, ["I", "-I"], "neutral", "centre"),
    *(
        (
            "dirac-gan-instance-noise",
            {"sigma": sigma},
            ORIGIN,
            [f"-sigma**2/4 {sign} sqrt(sigma**4/16 - 1/4)" for sign in "+-"],
            STABLE,
            kind,
        )
        for sigma, kind in [
            ("1/2", "stable focus"),
            ("sqrt(2)", "stable degenerate node"),
            ("2", "stable node"),
        ]
    ),
    *(
        (
            "dirac-gan-r1",
            {"gamma": gamma},
            ORIGIN,
            [f"-gamma/2 {sign} sqrt(gamma**2/4 - 1/4)" for sign in "+-"],
            STABLE,
            kind,
        )
        for gamma, kind in [
            ("0.3", "stable focus"),
            ("1", "stable degenerate node"),
            ("3/2", "stable node"),
        ]
    ),
    (
        "dirac-gan-consensus",
        {"gamma": "0.3"},
        ORIGIN,
        ["-gamma/4 + I/2", "-gamma/4 - I/2"],
        STABLE,
        "stable focus",
    ),
    *(
        (
            "nagarajan-kolter-uniform",
            {"eta": eta},
            ("0", a),
            [f"-4*eta/9 {sign} 2*sqrt(4*eta**2 - 9)/9" for sign in "+-"],
            verdict,
            kind,
        )
        for a in ("-1", "1")
        for eta, verdict, kind in [
            ("0", "undecided/neutral", None),
            ("1/10", STABLE, "stable focus"),
            ("3/2", STABLE, "stable degenerate node"),
            ("2", STABLE, "stable node"),
        ]
    ),
    *(
        (
            "nagarajan-kolter-uniform-minimax",
            {},
            ("0", a),
            [f"-1/20 {sign} I*sqrt(1/9 - 1/400)" for sign in "+-"],
            STABLE,
            "stable focus",
        )
        for a in ("-1", "1")
    ),
    ("ridge-1", {}, ORIGIN, ["2", "2"], UNSTABLE, "unstable degenerate node"),
    ("ridge-2", {}, ORIGIN, ["-2", "-2"], STABLE, "stable degenerate node"),
    ("ridge-3", {}, ORIGIN, ["2/5", "2/5"], UNSTABLE, "unstable degenerate node"),
    ("torus", {}, ORIGIN, ["-0.15", "-0.15"], STABLE, "stable degenerate node"),
    ("torus", {}, ("pi", "pi"), ["0.15", "0.15"], UNSTABLE, "unstable degenerate node"),
    (
        "balduzzi-four",
        {"epsilon": "0.01"},
        ("0",) * 4,
        [f"-epsilon {s} I*(sqrt(2) {r} 1)" for s in "+-" for r in "+-"],
        STABLE,
        "stable focus",
    ),
    ("letcher", {}, ORIGIN, ["1 + I", "1 - I"], UNSTABLE, "unstable focus"),
    ("matching-pennies", {}, ORIGIN, ["I/4", "-I/4"], "undecided/neutral", None),
    # Brusselator: trace B - 1 - A², determinant A²; Hopf at B = 1 + A².
    *(
        (
            "brusselator",
            {"A": A, "B": B},
            (A, f"({B})/({A})"),
            [f"(B - 1 - A**2)/2 {sign} sqrt((B - 1 - A**2)**2 - 4*A**2)/2" for sign in "+-"],
            verdict,
            kind,
        )
        for A, B, verdict, kind in [
            ("1", "3/2", STABLE, "stable focus"),
            ("1", "1.999", STABLE, "stable focus"),
            ("1", "2", "undecided/asymptotically stable", None),  # Re c₁ = -1/2
            ("1", "2.001", UNSTABLE, "unstable focus"),
            ("2", "4.999", STABLE, "stable focus"),
            ("2", "5", "undecided/asymptotically stable", None),  # Re c₁ = -1/3
            ("2", "5.001", UNSTABLE, "unstable focus"),
            ("1", "4", UNSTABLE, "unstable degenerate node"),
        ]
    ),
    # Lorenz: pitchfork at rho = 1, where the origin's eigenvalues are (-11 ± sqrt(121))/2 and -8/3.
    *(
        (
            "lorenz",
            {"rho": rho},
            ("0", "0", "0"),
            ["-8/3", "(-11 + sqrt(81 + 40*rho))/2", "(-11 - sqrt(81 + 40*rho))/2"],
            verdict,
            kind,
        )
        for rho, verdict, kind in [
            ("0.999", STABLE, "stable node"),
            ("1", "undecided/asymptotically stable", None),
            ("1.001", UNSTABLE, "saddle with 1 unstable direction"),
            ("28", UNSTABLE, "saddle with 1 unstable direction"),
        ]
    ),
    *(
        (
            "van-der-pol",
            {"mu": mu},
            ORIGIN,
            ["mu/2 + sqrt(mu**2 - 4)/2", "mu/2 - sqrt(mu**2 - 4)/2"],
            verdict,
            kind,
        )
        for mu, verdict, kind in [
            ("-1", STABLE, "stable focus"),
            ("0", "undecided/neutral", None),
            ("1", UNSTABLE, "unstable focus"),
            ("2", UNSTABLE, "unstable degenerate node"),
            ("3", UNSTABLE, "unstable node"),
        ]
    ),
    (
        "fitzhugh-nagumo",
        {},
        ORIGIN,
        ["(7 + sqrt(129))/2", "(7 - sqrt(129))/2"],
        UNSTABLE,
        "saddle with 1 unstable direction",
    ),
    *(
        (
            "fitzhugh-nagumo",
            {},
            (f"{sign}sqrt(2/3)", f"{sign}sqrt(2/27)"),
            ["-5", "-8"],
            STABLE,
            "stable node",
        )
        for sign in "+-"
    ),
]

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
    [case[:4] for case in FLOWS if case[1]],
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
    ("game", "parameters", "point", "names"),
    [
        ("dirac-gan", {}, ORIGIN, "conserved quantity"),
        ("brusselator", {"B": "2"}, ("1", "2"), "first Lyapunov coefficient"),
        ("lorenz", {"rho": "470/19"}, ("sqrt(1/19*8/3*451)",) * 2 + ("451/19",), "Lyapunov"),
        ("lorenz", {"rho": "1"}, ("0", "0", "0"), "centre manifold"),
    ],
    ids=case_id,
)
def test_undecided_says_what_would_decide(game, parameters, point, names):
    verdict = equilibrium(analyse(game, **parameters), *point)["flows"][0]["stability"]
    assert (verdict["verdict"], verdict["margin"]) == (UNDECIDED, 0.0)
    assert names in verdict["because"]


@pytest.mark.parametrize(
    ("rho", "verdict"),
    [
        ("2", STABLE),
        pytest.param("24.73", STABLE, marks=pytest.mark.slow),
        ("470/19", UNDECIDED),
        ("24.74", UNSTABLE),
        ("28", UNSTABLE),
    ],
)
def test_lorenz_convection_rolls(rho, verdict):
    """C± lose their stability at rho = 470/19, at ω = 9.624530."""
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
