"""Reports of games whose players' strategies have limits, against closed forms."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import sympy

import stability as st
from stability.analysis.face_rule import WholeStep
from stability.analysis.search_on_sets import problem_of
from stability.analysis.study import study
from stability.equilibria.variational import bounded_at
from stability.errors import InputError

from ..cli.commands import in_process

SCHEMA = Path(__file__).parents[2] / "docs" / "report.schema.json"
X, Y, C = sympy.symbols("x y c", real=True)


def cournot(cost=8, **options):
    """Two firms with p = 10 − Q and costs 0 and c: (5, 0) for c > 5, with the second firm's push c − 5."""
    players = {"one": ([X], -X * (10 - X - Y)), "two": ([Y], -Y * (10 - X - Y) + C * Y)}
    sets = {"one": st.Bounds(0), "two": st.Bounds(0)}
    return st.SymbolicGame(players, parameters={C: cost}, sets=sets, **options)


@pytest.fixture(scope="module")
def report():
    return st.report(cournot(), rules=[st.Simultaneous(lr=0.1), st.Optimistic(lr=0.1)])


def test_cournot_rests_where_the_second_firm_stays_out(report):
    (e,) = report.equilibria
    assert e.exact == {"x": "5", "y": "0"}
    assert e.active == {"y": "lower"}
    assert e.limits["y"].multiplier == 3.0
    assert e.conditions.local_nash.verdict == "yes"
    assert "global" in e.conditions.local_nash.because
    (flow,) = e.flows
    assert flow.exact_eigenvalues == ("-2",)
    assert flow.stability.verdict == "exponentially stable"
    assert report.search.exhaustive


def test_projected_steps_are_stable_iff_h_is_below_one(report):
    simultaneous, optimistic = report.equilibria[0].rules
    np.testing.assert_allclose(simultaneous.multipliers, [0.8, 0.0], atol=1e-12)
    assert simultaneous.critical_lr_exact == "1"
    # roots of μ² − (1 − 4h)μ − 2h, and a zero for each number of the second firm's state
    roots = np.sort(np.roots([1, -0.6, -0.2]))[::-1]
    np.testing.assert_allclose(optimistic.multipliers, [roots[0], 0.0, 0.0, roots[1]], atol=1e-12)


def test_the_report_as_data_has_the_limits(report):
    data = json.loads(json.dumps(report.to_dict()))
    jsonschema.validate(data, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert data["equilibria"][0]["limits"]["y"] == {
        "kind": "lower",
        "multiplier": 3.0,
        "strict": "yes",
    }
    assert "at its lower end (push 3)" in str(report)


def test_where_the_firm_is_indifferent_the_cone_decides():
    (e,) = st.report(cournot(5), rules=[st.Simultaneous()]).equilibria
    assert e.limits["y"].strict == "no"
    assert e.flows[0].stability.verdict == "exponentially stable"
    assert "without a push" in e.flows[0].stability.because
    assert e.rules[0].stability.verdict == "undecided"
    assert e.conditions.local_nash.verdict == "yes"


def test_the_prisoners_dilemma_in_probabilities_is_defection():
    game = st.SymbolicGame(
        {"a": ([X], -(3 * X * Y + 5 * (1 - X) * Y + (1 - X) * (1 - Y))),
         "b": ([Y], -(3 * X * Y + 5 * X * (1 - Y) + (1 - X) * (1 - Y)))},
        sets={"a": st.Bounds(0, 1), "b": st.Bounds(0, 1)},
    )  # fmt: skip
    (e,) = st.report(game, rules=[st.Simultaneous()]).equilibria
    assert e.exact == {"x": "0", "y": "0"}
    assert e.flows[0].spectral_abscissa is None
    assert e.flows[0].stability.verdict == "exponentially stable"
    assert e.rules[0].spectral_radius == 0.0
    assert e.conditions.differential_nash.verdict == "yes"


def test_on_a_sphere_the_push_over_the_radius_counts():
    """J_t − m/R for the flow, (R/(R + hm))(1 + hJ_t) for a step, H_t + m/R for Nash."""
    loss = -(X**2 + 2 * Y**2) + X / 10
    game = st.SymbolicGame({"a": ([X, Y], loss)}, sets={"a": st.Ball(1)})
    # v = (2x − 1/10, 4y) = 4 (x, y) on the circle
    at = {"x": -sympy.Rational(1, 20), "y": sympy.sqrt(1 - sympy.Rational(1, 400))}
    (own,) = st.report(game, rules=[st.Simultaneous(lr=0.1)], at=at).equilibria
    n = np.array([own.point["x"], own.point["y"]])
    push = own.limits["x, y"].multiplier
    t = np.array([-n[1], n[0]])
    tangent = t @ np.diag([2.0, 4.0]) @ t
    assert push == pytest.approx(4.0)
    np.testing.assert_allclose(own.flows[0].eigenvalues, [tangent - push], rtol=1e-9)
    np.testing.assert_allclose(
        own.rules[0].multipliers, [(1 + 0.1 * tangent) / (1 + 0.1 * push), 0], atol=1e-9
    )
    assert own.conditions.differential_nash.value == pytest.approx(push - tangent)


def test_a_leader_that_gains_by_moving_the_follower_does_not_stay_at_its_limit():
    game = st.SymbolicGame(
        {"leader": ([X], X - 5 * Y), "follower": ([Y], (Y - X) ** 2)},
        sets={"leader": st.Bounds(0, 1)},
    )
    (e,) = st.report(game, rules=[]).equilibria
    leads = e.conditions.differential_stackelberg
    assert leads["leader leader"].verdict == "no"
    assert leads["leader leader"].value == pytest.approx(-4)
    assert leads["leader follower"].verdict == "yes"


def test_a_segment_of_rest_points_and_its_ends():
    """xy with x ∈ [−1, 1], y ∈ [0, 1]: on y = 0 the maximiser is pushed against its limit where x < 0."""
    game = st.SymbolicGame(
        {"x": ([X], X * Y), "y": ([Y], -X * Y)},
        sets={"x": st.Bounds(-1, 1), "y": st.Bounds(0, 1)},
    )
    found = st.report(game, rules=[]).equilibria
    assert [e.point["x"] for e in found if e.component is None] == [-1.0, 0.0]
    (segment,) = [e for e in found if e.component is not None]
    assert segment.component.parametrisation == {"x": "x", "y": "0"}
    assert segment.limits["y"].multiplier == pytest.approx(-segment.point["x"])


def test_rock_paper_scissors_under_the_dynamics_of_learners():
    file = st.load("rock-paper-scissors")
    (e,) = [e for e in st.report(file).equilibria if e.stationary]
    flows = {flow.field: flow.stability.verdict for flow in e.flows}
    assert set(flows) == {"gradient", "replicator"}
    rules = {rule.rule: rule for rule in e.rules if rule.field == "gradient"}
    assert "multiplicative-weights" in rules
    assert "optimistic-multiplicative-weights" in rules


def test_points_outside_are_refused_and_never_listed(tmp_path):
    with pytest.raises(InputError, match="outside the players' sets: y = -1"):
        st.report(cournot(), at={"x": 4, "y": -1})
    with pytest.raises(InputError, match="start is outside"):
        cournot(start={"x": -1, "y": 0}).numeric()
    path = tmp_path / "firm.toml"
    path.write_text(
        '[players.firm]\nstrategy = ["q"]\npayoff = "-(q + c)**2"\nbounds = { q = [0, inf] }\n'
        "[parameters]\nc = 2\n",
        encoding="utf-8",
    )
    outside = in_process("report", str(path), "--at", "q=-1")
    assert outside.returncode == 2
    assert "q = -1, which is to be at least 0" in outside.stderr
    moved = in_process("report", str(path), "--set", "c=-3", "--json")
    assert json.loads(moved.stdout)["equilibria"][0]["point"] == {"q": 3.0}
    held = json.loads(in_process("report", str(path), "--json").stdout)["equilibria"]
    assert [e["active"] for e in held] == [{"q": "lower"}]


@pytest.mark.parametrize("gain", [-1, 1])
@pytest.mark.parametrize("first", [True, False])
def test_a_term_of_higher_order_counts_on_the_side_of_the_set(gain, first):
    """A = [[1, 1], [1, 1 + g]] in one population: u̇ = g u²(1 − u) for u = x₂ ≥ 0, either name first."""
    names, matrix = ["one", "two"], [[1, 1], [1, 1 + gain]]
    if not first:
        names, matrix = names[::-1], [[1 + gain, 1], [1, 1]]
    form = st.StrategicForm({"all": names}, {"all": matrix})
    at = {"all_one": 1, "all_two": 0}
    (e,) = st.report(form.game(), fields=[st.Replicator()], rules=[], at=at).equilibria
    assert e.active == {"all_two": "zero"}
    (flow,) = e.flows
    assert flow.stability.verdict == ("unstable" if gain > 0 else "asymptotically stable")
    assert "on the side of the set" in flow.stability.because
    assert flow.normal_form is not None
    law = flow.normal_form.law
    found = None if law is None else (law.exponent, law.constant)
    # u ≈ 1/t, and (1 − u, u) is √2 u away
    assert found == (None if gain > 0 else pytest.approx((1, 2**0.5)))


@pytest.mark.parametrize(("slope", "verdict"), [(-1, "exponentially stable"), (1, "unstable")])
def test_a_sphere_that_is_touched_without_a_push(slope, verdict):
    """v = slope·(x − 1, y) at (1, 0) on the unit circle, beside a limit with a push on a third variable."""
    z = sympy.Symbol("z", real=True)
    loss = -sympy.Rational(slope, 2) * ((X - 1) ** 2 + Y**2) + z
    game = st.SymbolicGame(
        {"a": ([X, Y, z], loss)}, sets={"a": [st.Ball(1, of=["x", "y"]), st.Bounds(0, of="z")]}
    )
    (e,) = st.report(game, rules=[], at={"x": 1, "y": 0, "z": 0}).equilibria
    assert e.active == {"z": "lower", "x, y": "sphere"}
    assert e.limits["x, y"].strict == "no"
    assert e.flows[0].stability.verdict == verdict
    assert "‖(x, y)‖" in e.flows[0].stability.because


def test_a_limit_without_a_push_beside_a_sphere_with_one():
    z = sympy.Symbol("z", real=True)
    game = st.SymbolicGame(
        {"a": ([X, Y, z], -2 * X + Y**2 + z**2 / 2 + z * Y)},
        sets={"a": [st.Ball(1, of=["x", "y"]), st.Bounds(0, of="z")]},
    )
    (e,) = st.report(game, rules=[], at={"x": 1, "y": 0, "z": 0}).equilibria
    assert e.limits["x, y"].multiplier == pytest.approx(2)
    assert e.limits["z"].strict == "no"
    assert e.flows[0].stability.verdict == "exponentially stable"


@pytest.mark.parametrize(
    "rule",
    [
        st.Alternating(lr=sympy.Rational(1, 10)),
        st.Extragradient(lr=sympy.Rational(1, 10)),
        st.HeavyBall(lr=sympy.Rational(1, 10), beta=sympy.Rational(3, 10)),
    ],
    ids=lambda rule: rule.name,
)
def test_a_step_near_a_sphere_is_the_same_in_both_engines(rule):
    """Inner points and momentum are projected in the formulas too."""
    z = sympy.Symbol("z", real=True)
    losses = {
        "a": ([X, Y], -2 * X - X**2 / 5 + (X - 1) * Y / 3 - Y * z - Y**2 / 3),
        "b": ([z], z**2 / 2 + z * Y + z * (X - 1) / 5),
    }
    own = study(st.SymbolicGame(losses, sets={"a": st.Ball(1)}))
    field = own.flows[0]
    at = (sympy.S.One, sympy.S.Zero, sympy.S.Zero)
    found = bounded_at(problem_of(own, field), np.array([1.0, 0.0, 0.0]), at)
    assert found is not None
    chart, at_rest = found.chart, found.on_face
    assert chart is not None
    assert field.formulas is not None
    step = WholeStep(rule, chart, field.numeric, field.formulas)
    exactly = step.near(chart.symbolic_flow(field.formulas), at_rest.exact)
    numerically = step.near(chart.flow(field.numeric), at_rest.point)
    matrix = exactly.linearise(sympy.zeros(2, 2), chart.partition)
    np.testing.assert_allclose(
        np.array(matrix.evalf(20), float),
        numerically.linearise(np.zeros((2, 2)), chart.partition),
        atol=1e-13,
    )


@pytest.mark.parametrize("numeric", [False, True], ids=["formulas", "jax"])
def test_sizes_on_simplices_are_those_along_unit_vectors(numeric):
    """Along tangent vectors of x + y + z = 1 of length one (x² + y² + z²)/2 has the eigenvalue 1."""
    half, third = sympy.Rational(1, 2), sympy.Rational(1, 3)
    two = st.SymbolicGame({"a": ([X, Y], (X**2 + Y**2) / 2)}, sets={"a": st.Simplex()})
    z = sympy.Symbol("z", real=True)
    three = st.SymbolicGame({"a": ([X, Y, z], (X**2 + Y**2 + z**2) / 2)}, sets={"a": st.Simplex()})
    for game, at in ((two, {"x": half, "y": half}), (three, {"x": third, "y": third, "z": third})):
        (e,) = st.report(game.numeric() if numeric else game, rules=[], at=at).equilibria
        assert e.conditions is not None
        nash = e.conditions.differential_nash
        assert (nash.verdict, nash.evidence) == ("yes", "numeric" if numeric else "exact")
        assert nash.value == pytest.approx(1)
        assert nash.margin == pytest.approx(1)


P, Q, R, W = sympy.symbols("p q r w", real=True)


@pytest.mark.parametrize(
    ("leads", "follows"),
    [
        ((P - Q) * (R - W) / 8, (R - W - P + Q) ** 2 / 2),
        ((R - W) / 8, (R - W - (P - Q) ** 2) ** 2 / 2),
    ],
    ids=["a reply with a slope", "a reply that bends"],
)
def test_a_leaders_second_derivative_on_simplices_is_along_unit_vectors(leads, follows):
    """With s = p − q = √2σ and t = r − w the reply is t = s, or t = s², and the leader's loss s²/8 = σ²/4."""
    game = st.SymbolicGame(
        {"a": ([P, Q], leads), "b": ([R, W], follows)}, sets={"a": st.Simplex(), "b": st.Simplex()}
    )
    at = dict.fromkeys("pqrw", sympy.Rational(1, 2))
    (e,) = st.report(game, rules=[], at=at).equilibria
    assert e.conditions is not None
    found = e.conditions.differential_stackelberg["leader a"]
    assert (found.verdict, found.value) == ("yes", pytest.approx(0.5))
