"""`tune`: critical and best values of one number, against closed forms and brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy

import stability as st
from stability.comparisons.tuning import tune
from stability.errors import InputError
from stability.fields import LOLA, Consensus, Gradient, Stackelberg, TwoTimescale
from stability.penalties import NagarajanKolter
from stability.rules import (
    Alternating,
    BestResponse,
    Extragradient,
    HeavyBall,
    Lookahead,
    Nesterov,
    Optimistic,
    Simultaneous,
)
from tests.known_systems import INFINITY, NEGATIVE_MOMENTUM, NO_NASH, TORUS_TIMESCALES, number
from tests.selection import slow_but

x, p = sympy.symbols("x p")
TIGHT = 1e-12  # ends of exact and of guard intervals, which only rounding moves
FLAT = 1e-6  # a smooth minimum is located to about the root of the rounding error


def one(system, name, low, high, field=None, rule=None, **arguments):
    (found,) = tune(system, name, low, high, [(field, rule)], **arguments)
    return found


def linear_flow(a, b):
    """The flow ẋ = (A + pB) x as a symbolic and as a JAX-only system have it."""
    variables = sympy.symbols(f"x0:{len(a)}")
    matrix = sympy.Matrix(a) + p * sympy.Matrix(b)
    rows = matrix * sympy.Matrix(variables)
    return st.SymbolicFlow(dict(zip(variables, rows, strict=True)), parameters={p: 0})


# ---- Known answers ----------------------------------------------------------------------------


@pytest.mark.parametrize(("point", "critical"), TORUS_TIMESCALES.items(), ids=str)
def test_timescale_of_the_torus(point, critical):
    at = dict(zip("xy", map(sympy.sympify, point), strict=True))
    found = one(st.games.torus(), "two-timescale.tau", 0, INFINITY, TwoTimescale(), at=at)
    assert found.how == "exact"
    assert found.critical == pytest.approx(number(critical).real, rel=TIGHT)
    assert found.exact[-1][0] == critical
    assert found.stable[-1][1] == INFINITY
    assert found.critical_below is None


def test_timescale_of_the_polynomial_game_at_a_numeric_equilibrium():
    found = one(st.games.polynomial(), "tau", 0, 5, TwoTimescale(), at=NO_NASH)
    assert found.how == "guards"
    assert found.critical == pytest.approx(0.620, abs=5e-4)  # as far as it is published


def test_critical_damping_of_the_penalised_dirac_gan():
    game = st.games.dirac_gan_r1()
    flow, steps = tune(game, "gamma", 0, 5, [(None, None), (None, Simultaneous(lr=0.2))])
    assert flow.stable == ((0.0, 5.0),)
    assert flow.best == pytest.approx(1.0, rel=1e-10)
    assert flow.best_value == pytest.approx(-0.5, rel=1e-10)
    assert flow.steps_per_digit is None
    # (1 − γh/2)² + h²/4 − γ²h²/4 < 1 ⟺ γ > h/4
    assert steps.critical == pytest.approx(0.05, rel=TIGHT)
    assert steps.exact[0][0] == "1/20"
    assert (steps.best, steps.best_value) == pytest.approx((1.0, 0.9), rel=1e-8)
    assert steps.steps_per_digit == pytest.approx(math.log(10) / -math.log(0.9), rel=1e-8)


@pytest.mark.parametrize("h", [0.1, 0.5])
@pytest.mark.parametrize("symbolic", [True, False], ids=["symbolic", "jax"])
def test_consensus_on_xy(h, symbolic):
    game = st.games.xy() if symbolic else st.games.xy().numeric()
    found = one(game, "consensus.gamma", 0, 30, Consensus(), Simultaneous(lr=h))
    assert found.how == ("exact" if symbolic else "guards")
    ends = ((1 - math.sqrt(1 - h**2)) / h, (1 + math.sqrt(1 - h**2)) / h)
    # where the boundary is crossed slowly, at h = 0.1 with slope h, rounding is divided by it
    assert found.stable == (pytest.approx(ends, rel=1e-13 if symbolic else 1e-11),)
    assert found.best == pytest.approx(1 / h, rel=FLAT)
    assert found.best_value == pytest.approx(h, rel=1e-10)


@pytest.mark.parametrize("symbolic", slow_but([True, False], [True]), ids=["symbolic", "jax"])
def test_strength_of_a_penalty(symbolic):
    plain = st.games.nagarajan_kolter_uniform()
    game, values = (plain, {"eta": 0}) if symbolic else (plain.numeric({"eta": 0}), None)
    penalty = NagarajanKolter(discriminator="disc")
    found = one(
        game,
        "nagarajan-kolter.eta",
        0,
        5,
        penalties=[penalty],
        parameters=values,
        at={"w": 0, "a": 1},
    )
    assert found.stable == ((0.0, 5.0),)
    assert found.best == pytest.approx(1.5, rel=1e-9)
    assert found.best_value == pytest.approx(-2 / 3, rel=1e-9)


def test_the_same_through_the_games_own_parameter_at_both_equilibria():
    found = one(st.games.nagarajan_kolter_uniform(), "eta", 0, 5)
    assert found.stable == ((0.0, 5.0),)
    assert (found.best, found.best_value) == pytest.approx((1.5, -2 / 3), rel=1e-9)


def test_momentum_of_alternating_heavy_ball_on_xy():
    # stable ⟺ β < 0 and h < 2β + 2 for −1 < β (REFERENCE B1 has β = −1/2)
    found = one(st.games.xy(), "heavy-ball.beta", -1, 1, None, HeavyBall(0.5, order="alternating"))
    assert found.exact == (("-3/4", "0"),)
    assert found.best_value < dict(NEGATIVE_MOMENTUM)[0.5]


def test_step_sizes_are_settings_too():
    extragradient, optimistic = tune(
        st.games.xy(), "lr", 0, 3, [(None, Extragradient()), (None, Optimistic())]
    )
    assert extragradient.critical_below == pytest.approx(1, rel=TIGHT)
    assert extragradient.best == pytest.approx(math.sqrt(0.5), rel=FLAT)
    assert optimistic.critical_below == pytest.approx(1 / math.sqrt(3), rel=TIGHT)
    assert optimistic.exact[0][1] == "sqrt(3)/3"
    assert optimistic.best == pytest.approx(0.5, rel=1e-9)


def test_a_field_that_rests_elsewhere():
    # LOLA's step on xy: eigenvalues −2α ± i, so √((1 − 2αh)² + h²) < 1
    h = 0.1
    found = one(st.games.xy(), "lola.step", 0, 3, LOLA(), Simultaneous(lr=h))
    assert found.critical == pytest.approx((1 - math.sqrt(1 - h**2)) / (2 * h), rel=1e-11)


def test_across_a_line_of_equilibria():
    # λ = −4 across it, with consensus −4 − 16γ: simultaneous steps are stable while h(4 + 16γ) < 2
    found = one(st.games.tandem(), "consensus.gamma", 0, 3, Consensus(), Simultaneous(lr=0.1))
    assert found.critical_below == pytest.approx(1.0, rel=TIGHT)
    assert found.best == pytest.approx(0.375, rel=1e-9)
    assert found.best_value == pytest.approx(0.0, abs=1e-14)
    assert found.steps_per_digit is None  # finitely many steps


def test_a_map_whose_fixed_point_moves():
    at = {"x": sympy.Rational(5, 7)}
    found = one(st.games.logistic(), "r", "1.5", 4, at=at, parameters={"r": 3.5})
    assert found.stable == ((1.5, pytest.approx(3.0, rel=TIGHT)),)
    assert found.best == pytest.approx(2.0, rel=1e-9)
    assert found.exact == (("3/2", "3"),)


# ---- Equilibria that end ----------------------------------------------------------------------


def test_an_equilibrium_that_vanishes_in_a_fold():
    flow = st.SymbolicFlow({x: p - x**2 + sympy.exp(x) / 10}, parameters={p: 1}, box={x: (0, 2)})
    found = one(flow, "p", -1, 3)
    zero = sympy.nsolve(-2 * x + sympy.exp(x) / 10, x, 0.05, prec=30)
    fold = float(zero**2 - sympy.exp(zero) / 10)
    assert found.how == "scan"
    assert found.critical == pytest.approx(fold, rel=1e-9)
    assert any("ends at p = -0.102634" in warning for warning in found.warnings)


def test_a_closed_form_that_ceases_to_be_real():
    flow = st.SymbolicFlow({x: p - x**2}, parameters={p: 1}, box={x: (-2, 2)})
    found = one(flow, "p", -1, 3, at={"x": 1})
    assert found.stable == ((pytest.approx(0, abs=1e-12), 3.0),)
    assert found.best == 3.0
    assert any("look beyond" in warning for warning in found.warnings)
    # the other equilibrium is unstable, so without a choice nothing is stable
    assert one(flow, "p", -1, 3).stable == ()


# ---- Every interval is found ------------------------------------------------------------------


def test_a_narrow_window_exactly():
    # the trace (p − c)² − w² is negative for |p − c| < w only; the determinant is one
    c, w = sympy.Rational(1, 3), sympy.Rational(1, 200_000)
    y = sympy.Symbol("y")
    flow = st.SymbolicFlow(
        {x: ((p - c) ** 2 - w**2) * x + y, y: -x}, parameters={p: 0}, box={x: (-1, 1), y: (-1, 1)}
    )
    found = one(flow, "p", -2, 2)
    assert found.how == "exact"
    assert found.stable == ((pytest.approx(1 / 3 - 5e-6), pytest.approx(1 / 3 + 5e-6)),)
    assert found.exact == (("199997/600000", "200003/600000"),)
    assert found.stable[0][1] - found.stable[0][0] == pytest.approx(1e-5, rel=1e-10)


@pytest.mark.parametrize("seed", slow_but(range(6), [0, 1, 4]))
def test_random_pencils_against_brute_force(seed):
    rng = np.random.default_rng(seed)
    d = 2 + seed % 4
    a = rng.integers(-4, 5, (d, d)) - 2 * np.eye(d, dtype=int)
    b = rng.integers(-4, 5, (d, d))
    flow = linear_flow(a.tolist(), b.tolist())
    exact = one(flow, "p", -1, 1, at=dict.fromkeys(flow.numeric().variables, 0))
    assert exact.how == "exact"
    numbers = np.linspace(-1, 1, 4001)[1:-1]
    matrices = a + numbers[:, None, None] * b
    stable = np.linalg.eigvals(matrices).real.max(axis=1) < 0
    within = np.zeros_like(stable)
    for low, high in exact.stable:
        within |= (low < numbers) & (numbers < high)
        for end, outward in ((low, -1), (high, 1)):
            if abs(end) < 1:
                inner = end - outward * 1e-3 * (high - low)
                outer = end + outward * 1e-9
                assert np.linalg.eigvals(a + inner * b).real.max() < 0
                assert np.linalg.eigvals(a + outer * b).real.max() > 0
    assert (stable == within).all()
    if exact.stable:
        values = np.linalg.eigvals(matrices).real.max(axis=1)
        assert exact.best_value <= values.min() + 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_both_engines_agree_on_random_games(seed):
    rng = np.random.default_rng(seed)
    u = sympy.symbols("a b")
    v = sympy.symbols("c d")
    coupling, own = (rng.integers(-3, 4, (2, 2)) for _ in range(2))
    loss = (sympy.Matrix([u]) * sympy.Matrix(coupling) * sympy.Matrix(v))[0]
    loss += (sympy.Matrix([u]) * sympy.Matrix(own) * sympy.Matrix(u))[0] / 4
    game = st.SymbolicGame({"x": (list(u), loss), "y": (list(v), -loss)})
    algorithms = [
        (Consensus(), rule) for rule in (None, Extragradient(lr=0.1), Alternating(lr=0.1))
    ]
    ours = tune(game, "consensus.gamma", 0, 4, algorithms, at=dict.fromkeys("abcd", 0))
    theirs = tune(game.numeric(), "consensus.gamma", 0, 4, algorithms, at=dict.fromkeys("abcd", 0))
    assert {t.how for t in ours} == {"exact"}
    assert {t.how for t in theirs} == {"guards"}
    for exact, numeric in zip(ours, theirs, strict=True):
        assert len(exact.stable) == len(numeric.stable)
        for first, second in zip(exact.stable, numeric.stable, strict=True):
            assert second == pytest.approx(first, rel=1e-10)
        if exact.best is not None:
            assert numeric.best_value == pytest.approx(exact.best_value, rel=1e-9)


def test_ever_larger_values():
    flow = st.SymbolicFlow({x: -p * x}, parameters={p: 1}, box={x: (-1, 1)})
    found = one(flow, "p", -1, INFINITY)
    assert found.stable == ((0.0, INFINITY),)
    assert found.best is None
    assert any("ever faster" in warning for warning in found.warnings)


# ---- Names and arguments ----------------------------------------------------------------------


def test_an_algorithm_without_the_setting_does_not_change():
    game = st.games.xy()
    consensus, gradient = tune(game, "consensus.gamma", 0, 3, [(Consensus(), None), (None, None)])
    assert consensus.stable == ((0.0, 3.0),)
    assert gradient.stable == ()
    assert gradient.best is None
    assert any("has no consensus.gamma" in warning for warning in gradient.warnings)
    rules = [(None, HeavyBall(0.1, -0.5)), (None, Nesterov()), (None, BestResponse())]
    assert "has no heavy-ball.beta" in tune(game, "heavy-ball.beta", -1, 1, rules)[1].warnings[0]


def test_a_parameter_that_does_nothing():
    flow = st.SymbolicFlow({x: -x + 0 * p}, parameters={p: 1}, box={x: (-1, 1)})
    found = one(flow, "p", 0, 2)
    assert found.stable == ((0.0, 2.0),)
    assert found.best is None
    assert any("changes nothing" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("name", "low", "high", "algorithms", "says"),
    [
        ("consensus.gamma", 3, 3, [(Consensus(), None)], "from a finite number to a larger one"),
        ("consensus.gamma", 3, 1, [(Consensus(), None)], "from a finite number to a larger one"),
        ("consensus.gamma", math.nan, 1, [(Consensus(), None)], "finite number"),
        ("consensus.gamma", 0, math.nan, [(Consensus(), None)], "finite number"),
        ("consensus.gamma", -math.inf, 1, [(Consensus(), None)], "finite number"),
        ("consensus.gamma", "a", 1, [(Consensus(), None)], "two numbers"),
        ("consensus.gamma", -1, 1, [(Consensus(), None)], "zero or a positive"),
        ("nothing", 0, 1, [(Consensus(), None)], "there is no nothing to vary"),
        (3, 0, 1, [(Consensus(), None)], "named by a string"),
        ("lookahead.k", 0, 1, [(None, Lookahead(lr=0.1))], "whole number"),
        ("alternating.steps", 0, 1, [(None, Alternating()), (None, None)], "whole number"),
        ("gamma", 0, 1, [], "at least one algorithm"),
        ("gamma", 0, 1, [Consensus()], "is a pair"),
        ("gamma", 0, 1, [("consensus", None)], "no field"),
        ("gamma", 0, 1, [(Gradient(), "euler")], "no rule"),
    ],
)
def test_bad_arguments(name, low, high, algorithms, says):
    with pytest.raises(InputError, match=says):
        tune(st.games.xy(), name, low, high, algorithms)


def test_not_a_system():
    with pytest.raises(InputError, match="takes a game, a flow or a map"):
        tune("xy", "gamma", 0, 1, [(None, None)])


def test_what_fails_says_so_itself():
    """Consensus has a gamma too, and the leader's field has no derivative at the equilibrium."""
    algorithms = [
        (Gradient(), None),
        (Consensus(), None),
        (Stackelberg(leader="disc"), None),
        (None, BestResponse()),
    ]
    flow, *failed = tune(st.games.dirac_gan_r1(), "gamma", 0, 1, algorithms)
    assert flow.stable == ((0.0, 1.0),)
    reasons = ("several things", "stackelberg field is not differentiable", "no best response")
    for own, reason in zip(failed, reasons, strict=True):
        assert (own.stable, own.how, own.critical) == (None, None, None)
        assert reason in own.because
    for algorithm, reason in zip(algorithms[1:], reasons, strict=True):
        with pytest.raises(InputError, match=reason):
            tune(st.games.dirac_gan_r1(), "gamma", 0, 1, [algorithm])


def test_the_equilibrium_that_prevents_stability_is_named():
    flow = st.SymbolicFlow({x: p * (x - x**3)}, parameters={p: 1}, box={x: (-2, 2)})
    found = one(flow, "p", 0, 1)  # slopes p at 0, −2p at ±1
    assert found.stable == ()
    assert any("the equilibrium x=0 is stable for no p" in warning for warning in found.warnings)
    apart = one(flow, "p", -1, 1)
    assert apart.stable == ()
    assert any("no p suits all 3 equilibria" in warning for warning in apart.warnings)
    assert one(flow, "p", 0, 1, at={"x": 1}).stable == ((0.0, 1.0),)


def test_bad_points_and_parameters():
    with pytest.raises(InputError, match="no equilibrium"):
        one(st.games.xy(), "consensus.gamma", 0, 1, Consensus(), at={"x": 1, "y": 1})
    with pytest.raises(InputError, match="no parameter"):
        one(st.games.dirac_gan_r1(), "gamma", 0, 1, parameters={"delta": 1})
    flow = st.SymbolicFlow({x: p + x**2}, parameters={p: 1}, box={x: (-1, 1)})
    with pytest.raises(InputError, match="no equilibrium was found"):
        one(flow, "p", 0.5, 2)
