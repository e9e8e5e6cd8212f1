"""Known answers about games: Nash, minmax and Stackelberg points, timescales, curves, kinks."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import stability as st
from tests.analysis.known import DIGITS, analyse, case_id, equilibrium
from tests.known_systems import (
    ORIGIN,
    POLYNOMIAL,
    STABLE,
    TORUS_TIMESCALES,
    UNDECIDED,
    UNSTABLE,
    number,
)

# game, parameters, point, differential Nash, local Nash, local minmax, Stackelberg by leader in order
CONDITIONS = [
    ("xy", {}, ORIGIN, "no", "yes", "no", ("no", "no")),
    ("dirac-gan", {}, ORIGIN, "no", "yes", "no", ("no", "no")),
    # -∇²_ψψ f = γ, Schur complement 1/(4γ); the generator's own Hessian is zero
    ("dirac-gan-r1", {"gamma": "0.3"}, ORIGIN, "no", "yes", "yes", ("yes", "no")),
    # both own Hessians are γ/4; the leader's total second derivative is γ/4 + 1/γ
    # (L_gen + L_disc is not constant: each player pays for both, so minmax is not asked)
    ("dirac-gan-consensus", {"gamma": "0.3"}, ORIGIN, "yes", "yes", UNDECIDED, None),
    # at w = 0 the value does not depend on the generator
    ("nagarajan-kolter-uniform-minimax", {}, ("0", "1"), "no", "yes", "yes", ("no", "yes")),
    ("ridge-1", {}, ORIGIN, "no", "no", "yes", ("yes", "no")),  # L_xx = -6 < 0; Schur 2
    # L_yy = -2 < 0; led by y, x answers -2y/3 and y pays y²/3
    ("ridge-2", {}, ORIGIN, "no", "no", "no", ("no", "yes")),
    ("ridge-3", {}, ORIGIN, "no", "no", "yes", ("yes", "no")),
    ("torus", {}, ORIGIN, "no", "no", "yes", ("yes", "no")),  # Schur a²/(1 + a)
    ("torus", {}, ("pi", "pi"), "no", "no", "yes", ("yes", "no")),  # Schur a²/(1 - a)
    ("balduzzi-four", {}, ("0",) * 4, "yes", "yes", UNDECIDED, ()),
    # along the other's response the leader gains at rate 2
    ("tandem", {}, ("1/2", "1/2"), "yes", "yes", UNDECIDED, ("no", "no")),
    ("letcher", {}, ORIGIN, "no", "no", "no", ("no", "no")),
]


@pytest.mark.parametrize(
    ("game", "parameters", "point", "differential", "local", "minmax", "leaders"),
    CONDITIONS,
    ids=case_id,
)
def test_conditions(game, parameters, point, differential, local, minmax, leaders):
    conditions = equilibrium(analyse(game, **parameters), *point)["conditions"]
    assert conditions["differential_nash"]["verdict"] == differential
    assert conditions["local_nash"]["verdict"] == local
    assert conditions["local_minmax"]["verdict"] == minmax
    if leaders is not None:
        found = [v["verdict"] for v in conditions["differential_stackelberg"].values()]
        assert tuple(found) == leaders


# Polynomial game: listed points to six digits, polished here by mpmath from the loss alone.


def polynomial_loss(x, y):
    a, b = mpmath.mpf(3) / 10, mpmath.mpf(1) / 2
    return -((a * x**2 + y) ** 2 + (b * y**2 + x) ** 2) * mpmath.exp(-(x**2 + y**2) / 100)


def polynomial_point(guess):
    """The critical point near `guess`, and f_xx, f_xy, f_yy there."""
    with mpmath.workdps(40):

        def gradient(x, y):
            return [mpmath.diff(polynomial_loss, (x, y), n) for n in ((1, 0), (0, 1))]

        x, y = mpmath.findroot(gradient, guess)
        second = [mpmath.diff(polynomial_loss, (x, y), n) for n in ((2, 0), (1, 1), (0, 2))]
        return (float(x), float(y)), [float(s) for s in second]


@pytest.mark.parametrize("guess", POLYNOMIAL, ids=str)
def test_polynomial_game(guess):
    nash = "no" if guess == POLYNOMIAL[3] else "yes"
    point, (f_xx, f_xy, f_yy) = polynomial_point(guess)
    assert point == pytest.approx(guess, rel=5e-6)
    e = equilibrium(analyse("polynomial"), *point)
    assert e["conditions"]["differential_nash"]["verdict"] == nash
    assert e["conditions"]["local_nash"]["verdict"] == nash
    leader = e["conditions"]["differential_stackelberg"]["leader x"]
    assert leader["verdict"] == "yes"
    assert e["conditions"]["local_minmax"]["verdict"] == "yes"
    flow = e["flows"][0]
    expected = np.linalg.eigvals([[-f_xx, -f_xy], [f_xy, f_yy]])
    expected = sorted(expected, key=lambda v: (-round(v.real, 9), -v.imag))
    found = [complex(*pair) for pair in flow["eigenvalues"]]
    assert np.abs(np.array(found) - expected).max() <= DIGITS * np.abs(expected).max()
    assert flow["stability"]["verdict"] == STABLE


def test_polynomial_game_printed_eigenvalues():
    point, _ = polynomial_point(POLYNOMIAL[3])
    flow = equilibrium(analyse("polynomial"), *point)["flows"][0]
    assert np.round(flow["eigenvalues"], 4).tolist() == [[-0.7072, 2.4724], [-0.7072, -2.4724]]
    assert flow["type"] == "stable focus"


@pytest.mark.slow  # tuning finds these numbers in every run
def test_polynomial_game_timescale():
    """The trace -f_xx + τ f_yy changes its sign at τ* = 0.620; the determinant is positive."""
    point, (f_xx, _, f_yy) = polynomial_point(POLYNOMIAL[3])
    critical = f_xx / f_yy
    assert critical == pytest.approx(0.620, abs=5e-4)
    fields = [st.TwoTimescale(tau=critical * s) for s in (1 - 1e-6, 1 + 1e-6)]
    flows = equilibrium(analyse("polynomial", fields=fields), *point)["flows"]
    assert [f["stability"]["verdict"] for f in flows] == [UNSTABLE, STABLE]


@pytest.mark.slow  # tuning finds these numbers in every run
@pytest.mark.parametrize(("point", "critical"), TORUS_TIMESCALES.items(), ids=str)
def test_torus_timescale(point, critical):
    """J = [[∓a + 1 …]]: trace ±(1 ∓ a) - τ(1 ± a) vanishes at τ*; the determinant is τa²."""
    critical = number(critical).real
    fields = [st.TwoTimescale(tau=critical * s) for s in (1 - 1e-9, 1 + 1e-9)]
    flows = equilibrium(analyse("torus", fields=fields), *point)["flows"]
    assert [f["stability"]["verdict"] for f in flows] == [UNSTABLE, STABLE]
    assert critical == pytest.approx(0.73913 if point == ORIGIN else 1.35294, abs=5e-6)


def test_timescale_rules():
    """Slower or faster players change the field; the rule then steps along that field."""
    report = analyse(
        "dirac-gan-r1",
        fields=[st.TwoTimescale(tau=4)],
        rules=[st.Simultaneous(lr=0.1), st.Alternating(lr=0.1)],
        gamma="0.3",
    )
    e = equilibrium(report, *ORIGIN)
    # J = [[0, -1/2], [2, -4γ]]: λ² + 1.2λ + 1 = 0, |λ| = 1
    assert np.allclose(e["flows"][0]["eigenvalues"], [[-0.6, 0.8], [-0.6, -0.8]], atol=1e-12)
    simultaneous, alternating = e["rules"]
    assert simultaneous["critical_lr"] == pytest.approx(1.2, rel=DIGITS)
    # alternating: determinant 1 - 1.2h, trace 2 - 1.2h - h²; 1 + trace + determinant = 4 - 2.4h - h²
    critical = -1.2 + np.sqrt(1.44 + 4)
    assert alternating["critical_lr"] == pytest.approx(critical, rel=DIGITS)


@pytest.mark.parametrize("name", ["tandem", pytest.param("linear-gan", marks=pytest.mark.slow)])
def test_curves_of_equilibria(name):
    """Tandem: x + y = 1, λ = 0, -4. Linear GAN: θ_D = 0, λ = 0 and -(1 + θ_G²)/12."""
    rules = [st.Simultaneous(lr=0.1), st.Alternating(lr=0.1)]
    found = analyse(name, rules=rules)["equilibria"]
    assert found
    for e in found:
        assert (e["isolated"], e["manifold_dimension"]) == ("no", 1)
        first, second = e["point"].values()
        if name == "tandem":
            assert first + second == pytest.approx(1, rel=1e-12)
            rate, criticals = 4, (1 / 2, 1)
        else:
            assert first == pytest.approx(0, abs=1e-12)
            rate = (1 + second**2) / 12
            criticals = (2 / rate, 2 / rate)
        flow = e["flows"][0]
        assert np.allclose(flow["eigenvalues"], [[0, 0], [-rate, 0]], atol=1e-12)
        assert flow["stability"]["verdict"] == STABLE
        assert flow["stability"]["value"] == pytest.approx(-rate, rel=DIGITS)
        assert flow["type"] == "attracting curve of equilibria"
        # tandem, alternating: multipliers 1 and (1 - 2h)²
        assert [r["critical_lr"] for r in e["rules"]] == pytest.approx(criticals, rel=DIGITS)
        assert all(r["stability"]["verdict"] == STABLE for r in e["rules"])


def test_wgan_gp_has_no_linearisation():
    report = analyse("dirac-gan-wgan-gp", rules=[st.Simultaneous()])
    for e in report["equilibria"]:  # the kink ψ = 0 is judged by its two sides, without eigenvalues
        assert not e["differentiable"]
        assert e["flows"][0]["eigenvalues"] is None
        assert e["flows"][0]["type"] == "repelling kink"
        assert e["rules"][0]["multipliers"] is None
        verdicts = [e["flows"][0]["stability"], e["rules"][0]["stability"]]
        assert [v["verdict"] for v in verdicts] == ["unstable"] * 2


@pytest.mark.parametrize(
    ("game", "points"),
    [
        ("xy", 1),
        ("letcher", 1),
        ("dirac-gan-r1", 1),
        ("ridge-1", 1),
        ("nagarajan-kolter-uniform", 2),
        ("brusselator", 1),
        ("fitzhugh-nagumo", 3),
        ("lorenz", 3),
    ],
)
def test_all_equilibria_are_found_and_said_to_be_all(game, points):
    report = analyse(game)
    assert len(report["equilibria"]) == points
    assert report["search"]["exhaustive"]
    assert all(e["isolated"] == "yes" for e in report["equilibria"])
