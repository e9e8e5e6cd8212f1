"""Reports at kinks: the flow, the steps, and the words."""

import numpy as np
import pytest
import sympy

import stability as st
from stability.games.families import dirac

w, x, y = sympy.symbols("w x y", real=True)
HALF = sympy.Rational(1, 2)
SQUARE = st.SymbolicGame({"p": ([w], (abs(1 - w) + abs(w) / 2) ** 2)})


def only(system, **options):
    (found,) = st.report(system, **options).equilibria
    return found


def test_steps_end_in_a_band():
    """The one-sided fields are ½ and −3/2: a band of width 0.1·2 for steps of 0.1, and the flow arrives."""
    found = only(SQUARE)
    assert found.exact == {"w": "1"}
    assert found.flows[0].stability.verdict == "asymptotically stable"
    assert found.flows[0].type == "attracting kink"
    (rule,) = found.rules
    assert (rule.stability.verdict, rule.type) == ("neutral", "band around a kink")
    assert "of width about 0.2 =" in rule.stability.because
    assert rule.normal_form.case == "kink"
    assert found.conditions.local_nash.verdict == "yes"
    at, h, seen = 1.3, 0.1, []
    for _ in range(400):
        at += h * float(SQUARE.field(sympy.Matrix([sympy.Rational(str(round(at, 12)))]))[0])
        seen.append(at)
    assert 0.15 < np.ptp(seen[200:]) < 0.21


@pytest.mark.parametrize("lr", [1.0, 1000.0])  # the second leaves what floating point can tell
def test_steps_that_are_too_long_are_not_in_a_band(lr):
    found = only(SQUARE, rules=[st.Simultaneous(lr=lr)])
    assert found.rules[0].stability.verdict == "unstable"
    assert "leave" in found.rules[0].stability.because


def test_steps_leave_a_kink_that_the_flow_leaves_however_short_they_are():
    x = sympy.Symbol("x", real=True)
    game = st.SymbolicGame({"p": ([x], sympy.Min((x - 1) ** 2, (x + 1) ** 2))})
    (e,) = st.report(game, at={"x": 0}, rules=[st.Simultaneous(0.1)]).equilibria
    assert (e.flows[0].stability.verdict, e.rules[0].stability.verdict) == ("unstable", "unstable")
    assert "a distance of 1 or more" in e.rules[0].stability.because


def test_steps_that_cannot_be_followed_are_not_judged():
    """An implicit step that would end on the kink solves an equation that has no zero."""
    found = only(SQUARE, rules=[st.Proximal(lr=0.05)])
    assert found.rules[0].stability.verdict == "undecided"
    assert "no numbers" in found.rules[0].stability.because


def test_other_rules_were_followed():
    found = only(SQUARE, rules=[st.HeavyBall(lr=0.05, beta=0.5), st.Extragradient(lr=0.05)])
    assert [rule.stability.verdict for rule in found.rules] == ["neutral"] * 2
    assert all("within" in rule.stability.because for rule in found.rules)


@pytest.mark.parametrize(
    ("h", "verdict"),
    # one-sided slopes −3/2 above and −1/2 below: 1 − 3h/2 and 1 − h/2; both negative from h = 2
    [
        ("1/2", "exponentially stable"),
        ("3/2", "exponentially stable"),
        ("5/2", "exponentially stable"),
        ("29/10", "unstable"),
    ],
)
def test_euler_steps_on_a_continuous_kink(h, verdict):
    game = st.SymbolicGame({"p": ([w], w**2 / 2 + w * abs(w) / 4)})
    found = only(game, rules=[st.Simultaneous(lr=float(sympy.Rational(h)))])
    assert found.flows[0].stability.verdict == "exponentially stable"
    assert found.rules[0].stability.verdict == verdict
    at = 1.0
    for _ in range(400):
        at += float(sympy.Rational(h)) * -(at + abs(at) / 2)
        at = min(at, 1e9)
    assert (abs(at) < 1e-6) == (verdict == "exponentially stable")


def test_wgan_gp_has_an_answer():
    """No discriminator near ψ = 0 stays there: (|ψ| − 1)² pushes it out on both sides."""
    report = st.report(st.games.load("dirac-gan-wgan-gp"))
    assert [tuple(e.point.values()) for e in report.equilibria] == [(-2, 0), (0, 0), (2, 0)]
    assert [e.manifold_dimension for e in report.equilibria] == [0, 1, 0]  # |θ| < 2γ, and its ends
    for found in report.equilibria:
        verdicts = [own.stability.verdict for own in (*found.flows, *found.rules)]
        assert verdicts == ["unstable"] * 3
        assert found.conditions.local_nash.verdict == "no"
    assert "its linear part decays" in report.equilibria[0].flows[0].stability.because
    penalised = st.report(st.WGANGP(1)(dirac("wasserstein")), rules=[]).equilibria
    assert {e.flows[0].stability.verdict for e in penalised} == {"unstable"}


def test_parameters_are_put_in():
    game = st.SymbolicGame({"p": ([w], (w - y) ** 2 / 2 + abs(w))}, parameters={y: 0.5})
    assert only(game).exact == {"w": "0"}
    moved = only(game, parameters={y: 2})
    assert moved.point == {"w": 1.0}
    assert moved.differentiable


def test_players_with_l1():
    game = st.SymbolicGame({"x": ([x], x * y + abs(x) / 2), "y": ([y], -x * y + abs(y) / 2)})
    report = st.report(game)
    (found,) = report.equilibria
    assert found.flows[0].stability.verdict == "asymptotically stable"
    assert found.conditions.local_nash.verdict == "yes"
    text = " ".join(report.to_text().split())
    assert "Training rests at one point, (x, y) = (0, 0), on a kink of the field." in text
    assert "in finite time" in text
    data = report.to_dict()["equilibria"][0]["flows"][0]
    assert data["normal_form"]["case"] == "kink"
    assert data["normal_form"]["law"] is None


def test_a_point_that_is_passed_is_said_to_be():
    found = only(SQUARE, at={"w": 0})
    assert not found.stationary
    assert not found.at_rest
    assert found.flows[0].stability.verdict == "undecided"
    assert "pass through" in found.flows[0].stability.because
    assert found.conditions.local_nash.verdict == "no"


def test_jax_alone_says_not_differentiable():
    import jax.numpy as jnp

    flow = st.Flow(lambda z: -jnp.sign(z), dimension=1)
    found = only(flow, at={flow.variables[0]: 0.0})
    assert found.flows[0].type == "not differentiable here"
