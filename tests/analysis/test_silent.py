"""Where the linearisation is silent: what goes to the normal forms, and what comes back."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability.analysis.silent import _near_rule
from stability.analysis.study import as_study
from stability.reports.value import Report

ORIGIN = {"theta": 0, "psi": 0}
SLOWLY = "asymptotically stable"


def at_origin(name: str, *rules: st.Rule) -> Report:
    return st.report(st.load(name), rules=list(rules), at=ORIGIN)


@pytest.mark.parametrize(
    "rule",
    [
        st.Simultaneous(0.1),
        st.Alternating(0.1),
        st.Alternating(0.1, order=("disc", "gen")),
        st.Alternating({"gen": 0.1, "disc": 0.2}, steps={"disc": 2}),
        st.Extragradient(0.1),
        st.Optimistic(0.1),
        st.HeavyBall(0.1, beta=-0.5),
        st.HeavyBall(0.1, beta=0.5, order="alternating"),
        st.Nesterov(0.1),
        st.RK4(0.1),
        st.Lookahead(0.1, k=2),
        st.Competitive(0.1),
    ],
    ids=str,
)
def test_the_formulas_of_a_rule_are_its_step(rule):
    """SymPy's step against JAX's, on the whole state, at a point off the equilibrium."""
    near = near_rule("dirac-gan-r1", rule)
    assert near.formulas is not None
    x = np.random.default_rng(0).uniform(-1, 1, len(near.point))
    put = dict(zip(near.formulas.variables, map(sympy.Float, x), strict=True))
    exact = [float(e.xreplace(put).evalf()) for e in near.formulas.expressions]
    with jax.enable_x64(True):
        np.testing.assert_allclose(near.function(x), exact, rtol=0, atol=1e-14)
    np.testing.assert_array_equal([float(c) for c in near.formulas.point], near.point)


def test_an_implicit_step_is_given_by_its_inverse():
    near = near_rule("dirac-gan-r1", st.Proximal(0.1))
    assert near.inverse
    assert near.formulas is not None
    x = np.array([0.3, -0.4])
    flow = st.Gradient().flow(st.load("dirac-gan-r1").at_values()[0])
    with jax.enable_x64(True):
        (after,) = st.Proximal(0.1).step(flow, (jnp.asarray(x),))
        np.testing.assert_allclose(near.function(after), x, atol=1e-14)
    put = dict(zip(near.formulas.variables, map(sympy.Float, np.asarray(after)), strict=True))
    before = [float(e.xreplace(put).evalf()) for e in near.formulas.expressions]
    np.testing.assert_allclose(before, x, atol=1e-14)


def test_an_implicit_step_whose_multiplier_is_minus_one():
    """ẋ = 2x − 4x³, h = 1: y = x + 2y − 4y³ gives y = −x − 4x³ + …, which leaves."""
    x = sympy.Symbol("x", real=True)
    game = st.SymbolicGame({"one": ([x], -(x**2) + x**4)})
    (rule,) = st.report(game, rules=[st.Proximal(1)], at={"x": 0}).equilibria[0].rules
    assert rule.stability.verdict == "unstable"
    assert (rule.normal_form.case, rule.normal_form.exact) == ("flip", "-4")


@pytest.mark.parametrize(
    ("name", "flow", "steps", "order"),
    [
        ("dirac-gan-nonsaturating", SLOWLY, SLOWLY, 3),
        ("dirac-gan", "neutral", "unstable", 9),
        ("dirac-gan-pearson", "neutral", "neutral", None),
        ("dirac-gan-squared-hellinger", "neutral", SLOWLY, 5),
    ],
)
def test_dirac_gans(name, flow, steps, order):
    """The four fates of a flow and of alternating steps that linearise to the same centre."""
    (e,) = at_origin(name, st.Alternating(0.1)).equilibria
    assert (e.flows[0].stability.verdict, e.rules[0].stability.verdict) == (flow, steps)
    assert e.rules[0].normal_form.order == order
    assert {e.flows[0].normal_form.evidence, e.rules[0].normal_form.evidence} == {"exact"}


def test_alternating_steps_of_the_non_saturating_dirac_gan():
    """d = −h/8, and the distance √(8/(hn))."""
    rules = [st.Alternating(h, order=o) for h in (0.2, 3) for o in (None, ("disc", "gen"))]
    (e,) = at_origin("dirac-gan-nonsaturating", *rules).equilibria
    for rule, found in zip(rules, e.rules, strict=True):
        assert found.normal_form.coefficient == pytest.approx(-rule.lr / 8, rel=1e-14)
        assert found.normal_form.law.constant == pytest.approx((8 / rule.lr) ** 0.5, rel=1e-14)
        assert found.normal_form.law.exponent == 0.5


def test_the_flip_of_the_minimax_dirac_gan_with_r1():
    """At h = 4(√(γ²+1) − γ) the cubic coefficient is 0 and the fifth-order one positive, in both orders."""
    game = st.load("dirac-gan-r1", {"gamma": 0.75})  # h = 2, exactly
    rules = [st.Alternating(2, order=o) for o in (None, ("disc", "gen"))]
    for found in st.report(game, rules=rules, at=ORIGIN).equilibria[0].rules:
        assert (found.normal_form.case, found.normal_form.order) == ("flip", 5)
        assert found.normal_form.coefficient > 0
        assert found.stability.verdict == SLOWLY


def test_regular_points_have_no_normal_form():
    (e,) = at_origin("dirac-gan-r1", st.Simultaneous(0.1)).equilibria
    assert e.flows[0].normal_form is None
    assert e.rules[0].normal_form is None
    assert "normal_form" not in at_origin("dirac-gan-r1").to_dict()["equilibria"][0]["flows"][0]


def near_rule(name: str, rule: st.Rule):
    study = as_study(st.load(name), rules=[rule])
    place = study.rest_points(at=ORIGIN, elsewhere=False).places[0]
    return _near_rule(study.flows[0], place.fields[0], rule)


def test_games_flows_and_maps_in_jax_are_read_as_formulas():
    """The evidence stays numeric, because constants in JAX are binary numbers."""
    game = st.Game(
        {
            "gen": lambda theta, psi: jax.nn.softplus(-theta * psi),
            "disc": lambda theta, psi: jax.nn.softplus(theta * psi),
        },
        start={"gen": 0.3, "disc": 0.2},
    )
    (e,) = st.report(game, rules=[st.Alternating(0.5)], at={"gen": 0, "disc": 0}).equilibria
    found = [e.flows[0].normal_form, e.rules[0].normal_form]
    assert [form.exact for form in found] == ["-1/8", "-1/16"]
    assert {form.evidence for form in found} == {"numeric"}
    flow = st.Flow(lambda x: jnp.array([x[1], -jnp.sin(x[0])]), dimension=2)
    pendulum = st.report(flow, at={"x0": 0, "x1": 0}).equilibria[0].flows[0]
    assert pendulum.stability.verdict == "neutral"
    flip = st.Map(lambda x: -x + 4 * x**3, dimension=1)
    (fixed,) = st.report(flip, at={"x0": 0}).equilibria[0].maps
    assert (fixed.stability.verdict, fixed.normal_form.coefficient) == (SLOWLY, 4.0)


def test_what_has_no_formulas_is_told_with_its_condition():
    flow = st.Flow(
        lambda x: jnp.array([x[1] - jnp.where(x[0] > 9, 0.0, x[0] ** 3), -x[0]]), dimension=2
    )
    (found,) = st.report(flow, at={"x0": 0, "x1": 0}).equilibria[0].flows
    assert found.stability.verdict == "undecided"
    assert "if the real part is exactly 0" in found.stability.because
    assert found.normal_form.coefficient == pytest.approx(-0.75, abs=found.normal_form.error_bound)


def test_what_is_born_beside_the_boundary():
    """√(2h) around the simultaneous steps of the non-saturating Dirac-GAN; nothing where steps brake."""
    h = 0.02
    rules = [st.Simultaneous(h), st.Alternating(h)]
    report = st.report(st.load("dirac-gan-nonsaturating"), rules=rules, at=ORIGIN)
    around, none = (rule.born for rule in report.equilibria[0].rules)
    assert (around.kind, around.stable, none) == ("invariant circle", True, None)
    assert around.radius == pytest.approx((2 * h) ** 0.5, rel=1e-4)
    said = " ".join(str(report).split())
    assert "an invariant circle lies around the point at the distance 0.2," in said
    said = report.to_dict()["equilibria"][0]["rules"]
    assert said[0]["born"]["radius"] == around.radius
    assert "born" not in said[1]
    (braked,) = at_origin("dirac-gan-r1", st.Simultaneous(0.1)).equilibria
    assert braked.rules[0].born is None


@pytest.mark.parametrize(
    "cubic",
    [
        lambda u: 0.1 * u**3 + 0.2 * u**3 - 0.3 * u**3,  # 2.8e-17 u³ in binary numbers, 0 in truth
        lambda u: 1e-20 * u**3,
    ],
)
def test_rounding_of_constants_in_jax_decides_nothing(cubic):
    flow = st.Flow(lambda x: jnp.array([x[1] + cubic(x[0]) - x[0] ** 5, -x[0]]), dimension=2)
    (found,) = st.report(flow, at={"x0": 0, "x1": 0}).equilibria[0].flows
    assert (found.stability.verdict, found.normal_form.evidence) == ("undecided", "numeric")


def test_laws_of_rules_with_memory_are_those_of_the_profile():
    """Heavy ball at its flip hλ = 2(1 + β), against 10⁴ steps: the memory does not count as distance."""
    x = sympy.Symbol("x", real=True)
    game = st.SymbolicGame({"one": ([x], 3 * x**2 / 2 - x**4 / 4)})
    (rule,) = st.report(game, rules=[st.HeavyBall(1, beta=0.5)], at={"x": 0}).equilibria[0].rules
    assert rule.normal_form.case == "flip"
    at, momentum, count = 0.1, 0.0, 10_000
    for _ in range(count):
        momentum = 0.5 * momentum - 3 * at + at**3
        at += momentum
    law = rule.normal_form.law
    assert abs(at) == pytest.approx(law.constant * count**-law.exponent, rel=0.02)
    assert law.text("n") in rule.stability.because


@pytest.mark.parametrize(
    ("strength", "verdict"),
    [(0.0, "exponentially stable"), (1e-16, "undecided"), (1e-12, "unstable")],
)
def test_a_curve_of_equilibria_in_jax_is_one_to_the_last_digit(strength, verdict):
    """u̇ = strength u², ẇ = −w, u and w being 0.6x + 0.8y and 0.6y − 0.8x."""

    def field(x):
        u, w = 0.6 * x[0] + 0.8 * x[1], 0.6 * x[1] - 0.8 * x[0]
        along = strength * u**2
        return jnp.stack([0.6 * along + 0.8 * w, 0.8 * along - 0.6 * w])

    (e,) = st.report(st.Flow(field, dimension=2), at={"x0": 0, "x1": 0}).equilibria
    assert e.flows[0].stability.verdict == verdict
    assert e.manifold_dimension == (strength == 0)


def test_what_cancels_but_for_rounding_has_no_sign():
    """In JAX 0.3 x − 3 · 0.1 x is −5.6e-17 x."""
    flow = st.Flow(lambda x: 0.3 * x - 3 * (0.1 * x) + 0 * x**3, dimension=1)
    (e,) = st.report(flow, at={"x0": 0}).equilibria
    assert e.flows[0].stability.verdict in ("undecided", "neutral")


def test_typing_a_power_out_changes_no_verdict():
    """ẋ = −(x − 2)⁵/3, where rounding at 2 is not mistaken for a kink."""
    x = sympy.Symbol("x", real=True)
    field = -((x - 2) ** 5) / 3
    for own in (field, sympy.expand(field)):
        (e,) = st.report(st.SymbolicFlow({x: own}), at={"x": 2}).equilibria
        assert (e.isolated, e.flows[0].stability.verdict) == ("yes", "asymptotically stable")


@pytest.mark.parametrize(("cubic", "verdict"), [(-0.01, "undecided"), (0.0, "unstable")])
def test_a_given_point_beside_the_rest_point_decides_what_holds_at_both(cubic, verdict):
    """ẏ = 1e-18 + 1e-17 y + c y³ rises at 0, where it nearly rests; for c = −0.01 it falls where it does."""
    flow = st.Flow(
        lambda u: jnp.stack([-u[0], 1e-18 + 1e-17 * u[1] + cubic * u[1] ** 3]), dimension=2
    )
    (e,) = st.report(flow, at={"x0": 0, "x1": 0}).equilibria
    assert e.flows[0].stability.verdict == verdict


def test_typing_a_map_out_changes_nothing_about_its_fixed_point():
    """Determinant one and trace 3/2 at (1/2, 3), which rounding hides where the map is factored."""
    x, y = sympy.symbols("x y", real=True)
    w = 2 * y - x - sympy.Rational(11, 2)
    first = 2 * y + 2 * w**3 - sympy.Rational(11, 2)
    second = (
        sympy.Rational(3, 2) * y - x / 2 + w**3 / 2 + 3 * (first - sympy.Rational(1, 2)) ** 3 / 4
    )
    for typed in (lambda e: e, sympy.factor):
        study = st.study(st.SymbolicMap({x: typed(first), y: typed(second - sympy.Rational(5, 4))}))
        assert study.rest_points({"x": 0.5, "y": 3}).places[0].main.isolated == "yes"
