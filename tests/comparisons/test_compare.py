"""Every number of a comparison against steps written down by hand, and what it says and leaves out."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import sympy

import stability as st
from stability import fields, rules
from tests.comparisons.compared_games import (
    GAMES,
    WELLS,
    WELLS_AND_HILL,
    at_well,
    compare_wells,
    compared,
    compared_wells,
    wells,
)
from tests.comparisons.step_matrices import RULES, spectral_radius, step
from tests.known_systems import INFINITY, ON_XY

SAME = 1e-9  # two ways to the eigenvalues of well-conditioned steps of size one
DOUBLE = 1e-7  # best steps are often where two eigenvalues meet, known to √(rounding) only
NEAR_ONE = 1e-10  # a radius this near one is not told from it by either way
FIELDS = ("consensus", "symplectic", "lookahead-opponent", "lola")


def radius_of(name, row):
    """h ↦ the spectral radius of the step by hand."""
    players = compared(name).system.players
    return lambda h: spectral_radius(step(GAMES[name], row.name, h, players))


def rows_of(name):
    return compared(name).rows


GRID = np.geomspace(1e-4, 1e3, 700)


def check_steps(row, radius):
    """Everything a row says about step sizes, against the radius of the step by hand at any step size."""
    if row.settings.get("lr") is None:
        assert row.critical_lr is row.best_lr is row.stable_lr is None
        return
    values = np.array([radius(h) for h in GRID])
    if row.critical_lr is None and row.stable_lr:
        assert row.stable_lr == ((0.0, None),)
        assert values.max() < 1
    elif row.critical_lr:
        assert radius(0.999 * row.critical_lr) < 1 < radius(1.001 * row.critical_lr)
        assert values[row.critical_lr * 0.999 > GRID].max() < 1
    else:
        assert row.critical_lr == 0
        small = [radius(h) for h in np.geomspace(1e-4, 1e-2, 5)]
        assert max(small) > 1 - 1e-7
    inside = np.zeros(len(GRID), dtype=bool)
    edge = np.zeros(len(GRID), dtype=bool)
    for low, high in row.stable_lr:
        high = math.inf if high is None else high
        inside |= (low < GRID) & (high > GRID)
        edge |= (np.abs(GRID / high - 1) < 1e-6) | (abs(GRID - low) < 1e-6 * low)
    told = ~edge & (np.abs(values - 1) > NEAR_ONE)
    np.testing.assert_array_equal(inside[told], values[told] < 1)
    if row.best_lr is None:
        if row.best_spectral_radius is None:
            assert values.min() > 1 - 1e-7
        else:  # ever larger steps are better
            assert values.argmin() == len(GRID) - 1
            assert values.min() >= row.best_spectral_radius - SAME
        return
    assert radius(row.best_lr) == pytest.approx(row.best_spectral_radius, abs=DOUBLE)
    fine = row.best_lr * np.concatenate([np.linspace(0.9, 1.1, 201), np.linspace(0.999, 1.001, 51)])
    assert min(values.min(), min(map(radius, fine))) >= row.best_spectral_radius - SAME


SOME = [pytest.param(g, marks=[] if g == "zero-sum 2+2" else pytest.mark.slow) for g in GAMES]


@pytest.mark.parametrize("name", SOME)
def test_numbers_at_the_given_step(name):
    rows = rows_of(name)
    assert len(rows) >= 26
    for row in rows:
        expected = radius_of(name, row)(0.1)
        assert row.spectral_radius == pytest.approx(expected, rel=SAME), row.name
        verdict = "exponentially stable" if expected < 1 else "unstable"
        assert (row.verdict, row.verdicts) == (verdict, (verdict,)), row.name


@pytest.mark.parametrize("name", SOME)
def test_critical_and_best_steps(name):
    for row in rows_of(name):
        check_steps(row, radius_of(name, row))


@pytest.mark.parametrize("name", SOME)
def test_work_and_order(name):
    rows = rows_of(name)
    for row in rows:
        best = row.best_spectral_radius
        if best is None:
            assert row.steps_per_digit is row.work_per_digit is None
            continue
        digits = 0.0 if best == 0 else -math.log(10) / math.log(best)
        assert row.steps_per_digit == pytest.approx(digits)
        assert row.work_per_digit == pytest.approx(
            digits * (row.cost.gradients + row.cost.products)
        )
    best = [math.inf if r.best_spectral_radius is None else r.best_spectral_radius for r in rows]
    assert all(b <= a + 1e-9 for b, a in pairwise(best))
    tied = [r for r in rows if r.best_spectral_radius is None]
    assert [r.verdict for r in tied] == sorted((r.verdict for r in tied), reverse=True)


@pytest.mark.slow
def test_everything_that_applies_is_there():
    two, three = compared("zero-sum 2+2"), compared("three players")
    on = ("simultaneous", "alternating")
    fields = (*FIELDS, "stackelberg:leader=p", "stackelberg:leader=q", "ridge")
    assert {r.name for r in two.rows} == {*RULES, *(f"{r} on {f}" for r in on for f in fields)}
    assert two.inapplicable == ()
    assert {r.name for r in three.rows} == {
        *RULES, *(f"{r} on {f}" for r in on for f in (*FIELDS, "stackelberg:leader=p"))
    }  # fmt: skip
    (ridge,) = three.inapplicable
    assert (ridge.name, "3 players" in ridge.because) == ("ridge", True)
    (ridge,) = compared("general-sum 1+2").inapplicable
    assert (ridge.name, "general-sum" in ridge.because) == ("ridge", True)


def test_a_flow_without_players():
    found = st.compare(st.games.brusselator(), at={"x": 1, "y": 1.5})
    alone = ("alternating", "heavy-ball:beta=-0.5,order=alternating", "competitive",
             "linear-competitive", "unrolled", "best-response")  # fmt: skip
    assert {own.name for own in found.inapplicable} == set(alone)
    assert all("two players" in own.because for own in found.inapplicable)
    assert {r.name for r in found.rows} == set(RULES) - set(alone)
    assert [f.name for f in found.flows] == ["given"]


def test_a_game_of_one_player():
    x = sympy.Symbol("x", real=True)
    found = st.compare(st.SymbolicGame({"p": ([x], x**2)}), at={"x": 0})
    assert "simultaneous on consensus" in {r.name for r in found.rows}
    assert {"alternating", "ridge", "lola", "unrolled"} < {own.name for own in found.inapplicable}


@cache
def compared_xy():
    return st.compare(st.games.xy(), at={"x": 0, "y": 0})


def test_hessians_that_are_singular_everywhere():
    found = compared_xy()
    assert {own.name for own in found.inapplicable} == {
        "ridge", "stackelberg:leader=x", "stackelberg:leader=y",
    }  # fmt: skip
    assert all("singular" in own.because for own in found.inapplicable)
    row = {r.name: r for r in found.rows}["best-response"]
    assert (row.verdict, row.spectral_radius) == ("undecided", None)
    assert "no best response" in row.because


def test_known_numbers_on_xy():
    rows = {r.name: r for r in compared_xy().rows}
    known = {own.name: own for own in ON_XY if own.name in rows}
    assert {"extragradient", "optimistic", "rk4", "simultaneous", "proximal"} < set(known)
    for name, own in known.items():
        critical = INFINITY if rows[name].critical_lr is None else rows[name].critical_lr
        assert critical == pytest.approx(own.critical, rel=1e-9)
        if own.best is not None:
            assert rows[name].best_lr == pytest.approx(own.best[0], rel=1e-5)
            assert rows[name].best_spectral_radius == pytest.approx(own.best[1], rel=1e-6)
        elif own.critical == 0:
            assert rows[name].best_spectral_radius is None
    assert rows["proximal"].best_spectral_radius == 0
    heavy_ball = rows["heavy-ball:beta=0.5"]
    assert (heavy_ball.critical_lr, heavy_ball.best_spectral_radius) == (0, None)
    lookahead = rows["lookahead"]
    assert lookahead.best_lr == pytest.approx(0.54368901, rel=1e-5)
    assert lookahead.best_spectral_radius == pytest.approx(0.6348845, rel=1e-6)
    for field, gamma in (("consensus", 0.1), ("symplectic", 1.0)):  # √((1 − hγ)² + h²)
        row = rows[f"simultaneous on {field}"]
        best = (gamma / (1 + gamma**2), 1 / math.sqrt(1 + gamma**2))
        assert (row.best_lr, row.best_spectral_radius) == pytest.approx(best, rel=1e-6)
        assert row.critical_lr == pytest.approx(2 * best[0], rel=1e-9)


def worst_radius(points, name):
    known = [at_well(x) for x in points]
    return lambda h: max(spectral_radius(step(own, name, h, "pq")) for own in known)


@pytest.mark.parametrize(
    "points",
    [WELLS, pytest.param(WELLS_AND_HILL, marks=pytest.mark.slow)],
    ids=["wells", "and hill"],
)
def test_the_worst_of_several_equilibria(points):
    found = compared_wells(points)
    assert [e["p"] for e in found.equilibria] == list(points)
    assert len(found.rows) == 12
    for row in found.rows:
        if row.rule == "best-response" and points == WELLS_AND_HILL:
            assert row.spectral_radius is None  # on the hill the first player has no optimum
            assert "no best response" in row.because
            continue
        radius = worst_radius(points, row.name)
        assert row.spectral_radius == pytest.approx(radius(0.1), rel=SAME), row.name
        check_steps(row, radius)


def test_best_response_at_the_worst_well():
    (row,) = (r for r in compared_wells(WELLS).rows if r.name == "best-response")
    expected = worst_radius(WELLS, "best-response")(1)
    assert row.spectral_radius == pytest.approx(expected, rel=SAME)
    assert row.best_spectral_radius == pytest.approx(expected, rel=SAME)
    assert row.best_lr is None
    assert row.steps_per_digit == pytest.approx(-math.log(10) / math.log(expected))


@pytest.mark.slow
def test_what_rests_elsewhere_is_said_to():
    found = compare_wells(WELLS, [st.LOLA(), st.Stackelberg("p")], [st.Simultaneous()])
    rules = compare_wells(WELLS, None, [st.Unrolled()])
    assert len(found.rows + rules.rows) == 3
    for row in found.rows + rules.rows:
        assert row.verdict == "undecided"
        assert "does not rest" in row.because, row.name
        assert row.critical_lr is row.best_lr is row.spectral_radius is None
    assert {f.name: f.spectral_abscissa for f in found.flows}["lola"] is None
    (gradient,) = rules.flows
    assert gradient.spectral_abscissa == pytest.approx(
        max(np.linalg.eigvals(at_well(x).J).real.max() for x in WELLS)
    )


def test_stable_at_some():
    found = compare_wells(WELLS_AND_HILL, None, [st.Simultaneous(), st.Proximal()])
    rows = {r.name: r for r in found.rows}
    assert rows["simultaneous"].verdict == "unstable"
    assert sorted(rows["simultaneous"].verdicts).count("exponentially stable") == 2
    assert "stable at 2 of 3" in found.to_text()


def test_a_search_finds_the_same_three():
    found = st.compare(wells(), rules=[st.Simultaneous()])
    assert [e["p"] for e in found.equilibria] == pytest.approx([-1, 0, 2], abs=1e-9)


def test_a_curve_of_equilibria():
    rows = [st.BestResponse(), st.Simultaneous(), st.Alternating()]
    found = {r.name: r for r in st.compare(st.games.tandem(), rules=rows).rows}
    # across the line x + y = 1 the only eigenvalue is −4; alternating steps multiply by (1 − 2h)²
    assert found["simultaneous"].critical_lr == pytest.approx(0.5)
    assert found["simultaneous"].best_lr == pytest.approx(0.25)
    assert found["simultaneous"].best_spectral_radius == 0
    assert found["alternating"].critical_lr == pytest.approx(1)
    assert found["best-response"].best_spectral_radius == 0  # one reply is on the line
    assert found["best-response"].steps_per_digit == 0


def test_fields_and_rules_asked_for():
    at = {"theta": 0, "psi": 0}
    game = st.games.dirac_gan_r1()
    rules = st.compare(game, rules=[st.RK4(), st.Extragradient(0.2)], at=at)
    assert {r.name for r in rules.rows} == {"rk4", "extragradient"}
    fields = st.compare(game, fields=[st.Ridge(), st.Consensus(0.4)], at=at)
    assert {r.name for r in fields.rows} == {
        f"{r} on {f}" for r in ("simultaneous", "alternating") for f in ("ridge", "consensus:gamma=0.4")
    }  # fmt: skip
    both = st.compare(game, fields=[st.Ridge(), st.Gradient()], rules=[st.RK4()], at=at)
    assert {r.name for r in both.rows} == {"rk4 on ridge", "rk4"}


def test_names_tell_step_sizes_apart():
    rules = [
        st.Simultaneous(),
        st.Simultaneous(0.5),
        st.Simultaneous({"disc": 1, "": 0.5}),
        st.RK4(),
    ]
    found = st.compare(st.games.dirac_gan_r1(), rules=rules, at={"theta": 0, "psi": 0})
    assert {r.name for r in found.rows} == {
        "simultaneous:lr=0.1", "simultaneous:lr=0.5", "simultaneous:lr.disc=1,lr=0.5", "rk4",
    }  # fmt: skip


def test_step_sizes_by_player_are_scaled_together():
    rule = st.Alternating({"disc": 0.1, "gen": 0.05, "": 7.0})  # nobody is left to be an other
    (row,) = st.compare(st.games.dirac_gan_r1(), rules=[rule], at={"theta": 0, "psi": 0}).rows
    # J = [[0, −1/2], [1/2, −γ]] for (gen, disc): stable while the determinant of
    # [[1, −s/40], [s/20, 1 − 0.03s − s²/800]] keeps 1 + det > trace > −1 − det: 4 − 0.06s − s²/800 > 0
    s = (-0.06 + math.sqrt(0.06**2 + 4 * 4 / 800)) / (2 / 800)
    assert row.critical_lr == pytest.approx({"gen": 0.05 * s, "disc": 0.1 * s})
    assert row.best_lr["disc"] == pytest.approx(2 * row.best_lr["gen"])


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda: st.compare(st.games.henon()), "discrete"),
        (lambda: st.compare(st.games.brusselator(), fields=[st.Ridge()]), "own field"),
        (lambda: st.compare(st.games.brusselator(), rules=[st.Alternating()]), "two players"),
        (lambda: st.compare(st.games.tandem(), fields=[st.Ridge()]), "general-sum"),
        (lambda: st.compare(st.games.xy(), fields=[st.Ridge()]), "singular"),
        (lambda: st.compare(st.games.xy(), fields=["ridge"]), "no field"),
        (lambda: st.compare(st.games.xy(), rules=["rk4"]), "no rule"),
        (lambda: st.compare(st.games.xy(), rules=[st.Alternating({"z": 1})]), "'z'"),
        (
            lambda: st.compare(st.games.xy(), fields=[st.Consensus()], rules=[st.Unrolled()]),
            "gradient field",
        ),
        (lambda: st.compare(st.games.xy(), at={"x": 0}), "y"),
        (lambda: st.compare(st.games.xy(), starts=0), "start"),
    ],
)
def test_errors(call, fragment):
    with pytest.raises(st.InputError, match=fragment):
        call()


def test_points_that_are_no_equilibria_are_left_out():
    found = st.compare(
        st.games.letcher(), at=[{"x": 0, "y": 0}, {"x": 1, "y": 0}], rules=[st.RK4()]
    )
    assert found.equilibria == ({"x": 0.0, "y": 0.0},)
    assert any("(1, 0) is left out" in warning for warning in found.warnings)
    nothing = st.compare(st.games.dirac_gan_wgan_gp(), at={"theta": 0, "psi": 0}, rules=[st.RK4()])
    assert nothing.equilibria == ()
    assert "not differentiable" in nothing.warnings[0]
    (row,) = nothing.rows
    assert (row.verdict, row.verdicts, row.critical_lr) == ("undecided", (), None)
    assert "There is no equilibrium" in nothing.to_text()
    nothing.to_json()


def test_exact_conditions():
    rules = [st.Simultaneous(), st.Optimistic(), st.Heun(), st.Proximal(), st.Extragradient()]
    found = st.compare(st.games.xy(), rules=rules, exact=True)
    conditions = {r.name: r.conditions for r in found.rows}
    assert conditions["simultaneous"] == conditions["heun"] == "False"
    assert conditions["proximal"] == "True"
    lr = sympy.Symbol("lr", positive=True)
    for name, edge in (("optimistic", 1 / sympy.sqrt(3)), ("extragradient", sympy.S.One)):
        relation = sympy.sympify(conditions[name], locals={"lr": lr})
        assert bool(relation.subs(lr, edge * sympy.Rational(999, 1000)))
        assert not bool(relation.subs(lr, edge * sympy.Rational(1001, 1000)))
    exact = {r.name: r.critical_lr_exact for r in found.rows}
    assert sympy.sympify(exact["optimistic"]) == sympy.sqrt(3) / 3


def test_penalties_and_parameters():
    found = st.compare(
        st.games.dirac_gan_r1(), parameters={"gamma": 1}, rules=[st.Simultaneous()],
        penalties=[st.GradientNorm(0.1)], at={"theta": 0, "psi": 0},
    )  # fmt: skip
    assert "with gradient-norm" in found.system.name
    assert found.system.parameters == {"gamma": 1.0}
    plain = st.compare(st.games.dirac_gan_r1(), parameters={"gamma": 1}, rules=[st.Simultaneous()])
    assert plain.rows[0].critical_lr == pytest.approx(
        4
    )  # J = [[0, −1/2], [1/2, −1]], λ = −1/2 twice
    assert found.rows[0].critical_lr != pytest.approx(4, rel=1e-3)


def test_progress_names_every_algorithm():
    said = []
    found = st.compare(st.games.dirac_gan_r1(), rules=[st.RK4(), st.Heun()], progress=said.append)
    assert len(said) == 1 + len(found.rows)
    assert "rk4" in said[1]


def test_the_usual_list_is_every_rule_and_field_there_is():
    # clipped and projected need a set, the weights a simplex; two-timescale is a step size by player
    in_sets = {n for n in rules.RULES if n in ("clipped", "projected") or n.endswith("-weights")}
    assert {r.name for r in rules.every_rule()} == set(rules.RULES) - in_sets
    named = {f.name for f in fields.every_field(("p", "q"))}
    on_simplices = {name for name, field in fields.FIELDS.items() if field.keeps_sets}
    # shaping is a term of lola's
    assert named == set(fields.FIELDS) - {"gradient", "two-timescale", "shaping"} - on_simplices
