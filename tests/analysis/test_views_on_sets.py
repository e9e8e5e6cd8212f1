"""What every view says of rest points at limits of players' sets: that of the field on their face."""

from __future__ import annotations

import functools
import json

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability import InputError
from stability.analysis.here import here
from tests.cli.commands import in_process

COURNOT = """
name = "Cournot"
[players.one]
strategy = ["q1"]
payoff = "q1*(10 - q1 - q2)"
bounds = { q1 = [0, inf] }
[players.two]
strategy = ["q2"]
payoff = "q2*(10 - q1 - q2) - c*q2"
bounds = { q2 = [0, inf] }
[parameters]
c = 8
"""
DILEMMA = """
name = "prisoner's dilemma"
[players.x]
strategy = ["p"]
payoff = "3*p*q + 5*(1-p)*q + (1-p)*(1-q)"
bounds = { p = [0, 1] }
[players.y]
strategy = ["q"]
payoff = "3*p*q + 5*(1-q)*p + (1-p)*(1-q)"
bounds = { q = [0, 1] }
"""
ROCK = """
name = "rock-paper-scissors"
[matrix]
players = { row = ["r", "p", "s"], column = ["u", "v", "w"] }
[matrix.payoffs]
row = [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]
column = [[0, 1, -1], [-1, 0, 1], [1, -1, 0]]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sets")
    for name, text in (("cournot", COURNOT), ("dilemma", DILEMMA), ("rock", ROCK)):
        (path / f"{name}.toml").write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def load(folder):
    return functools.cache(lambda name: st.study(st.load(folder / f"{name}.toml")))


def command(*arguments: str) -> str:
    done = in_process(*map(str, arguments))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_rules_are_compared_on_the_face(folder):
    # on q2 = 0 the field is 10 − 2 q1: multipliers 1 − 2h, stable for h < 1, and the best h = 1/2 gives 0
    out = command("compare", folder / "cournot.toml", "--rule", "simultaneous", "--json")
    (row,) = json.loads(out)["algorithms"]
    assert row["critical_lr"] == pytest.approx(1)
    assert row["best_lr"] == pytest.approx(0.5)
    assert row["best_spectral_radius"] == 0
    assert row["verdict"] == "exponentially stable"


def test_a_corner_is_reached_by_steps_of_any_size(folder):
    rules = ("--rule", "simultaneous", "--rule", "heavy-ball:lr=5")
    rows = json.loads(command("compare", folder / "dilemma.toml", *rules, "--json"))["algorithms"]
    assert [row["stable_lr"] for row in rows] == [[[0, None]], [[0, None]]]
    assert [row["best_spectral_radius"] for row in rows] == [0, 0]
    assert " any " in command("compare", folder / "dilemma.toml", *rules)


def test_several_rest_points_are_judged_together():
    # ẋ = x on [−1, 1], ẏ = −y: (±1, 0) attract, 0 does not; steps at the former have the multiplier 1 − h
    x, y = sympy.symbols("x y", real=True)
    game = st.SymbolicGame(
        {"a": ([x], -(x**2) / 2), "b": ([y], y**2 / 2)}, sets={"a": st.Bounds(-1, 1)}
    )
    ends = [{"x": -1, "y": 0}, {"x": 1, "y": 0}]
    (row,) = st.compare(game, rules=[st.Simultaneous()], at=ends).rows
    assert row.critical_lr == pytest.approx(2)
    assert row.best_lr == pytest.approx(1)
    (curve,) = st.rate_curves(game, [st.Simultaneous()], at=ends, steps=[0.5, 1.5]).curves
    assert curve.at == (0, 1)
    np.testing.assert_allclose(curve.radii, [0.5, 0.5])


def test_rates_are_those_on_the_face(load):
    steps = np.array([0.25, 0.75, 1.25])
    (curve,) = st.rate_curves(load("cournot"), [st.Simultaneous()], steps=steps).curves
    np.testing.assert_allclose(curve.radii, np.abs(1 - 2 * steps))
    assert curve.sizes.critical == pytest.approx(1)
    # zero-sum: eigenvalues ±i√3, each twice, so that |μ|² = (1 − 3h²)² + 3h²: below one for h < 1/√3
    (curve,) = st.rate_curves(load("rock"), [st.Extragradient()], steps=steps).curves
    np.testing.assert_allclose(curve.radii**2, (1 - 3 * steps**2) ** 2 + 3 * steps**2)
    assert curve.sizes.critical == pytest.approx(3**-0.5)
    with pytest.raises(InputError, match="no rate to draw"):
        st.rate_curves(load("dilemma"), [st.Simultaneous()])


def test_a_player_at_its_limit_may_take_any_step(load):
    region = st.step_region(load("cournot"), st.Simultaneous(), rays=5)
    np.testing.assert_allclose(region.critical[:, 0], 1)
    with pytest.raises(InputError, match="finitely many steps"):
        st.step_region(load("dilemma"), st.Simultaneous())


@pytest.mark.parametrize("rule", [st.Simultaneous(), st.HeavyBall(beta=0.5), st.Extragradient()])
def test_schedules_are_followed_on_the_face(load, rule):
    found = st.along_schedule(load("cournot"), rule, 0.1, steps=30)
    np.testing.assert_allclose(found.point, [5, 0])
    assert found.contracts.verdict == "yes"
    # the rule's own projected steps, in all the variables, do what the process on the face says
    np.testing.assert_allclose(found.simulated, found.predicted, atol=1e-9)
    if isinstance(rule, st.Simultaneous):
        np.testing.assert_allclose(found.radii, 0.8)
        np.testing.assert_allclose(found.growth, 0.8 ** np.arange(31))


def test_schedules_on_simplices_and_at_corners(load):
    found = st.along_schedule(load("rock"), st.Simultaneous(), 0.1, steps=20)
    np.testing.assert_allclose(found.radii, np.sqrt(1.03))
    np.testing.assert_allclose(found.simulated, found.predicted, atol=1e-9)
    with pytest.raises(InputError, match="finitely many steps"):
        st.along_schedule(load("dilemma"), st.Simultaneous(), 0.1, steps=5)
    with pytest.raises(InputError, match="outside the players' sets"):
        st.along_schedule(
            load("cournot"), st.Simultaneous(), 0.1, steps=5, start={"q1": 5, "q2": -1}
        )


def test_portraits_show_what_the_report_says(folder):
    (spot,) = json.loads(command("portrait", folder / "dilemma.toml", "--json"))["equilibria"]
    assert spot["point"] == pytest.approx([0, 0])
    assert spot["type"] == "corner"
    assert spot["stability"] == "exponentially stable"


def test_portraits_judge_on_the_face(load):
    portrait = st.phase_portrait(load("cournot"), curves=False, steps=3)
    (spot,) = portrait.spots
    np.testing.assert_allclose(spot.point, [5, 0])
    assert (spot.type, spot.stability) == ("stable node", "exponentially stable")


def test_tuning_does_not_follow_them(load, folder):
    with pytest.raises(InputError, match="strategy sets"):
        st.tune(load("cournot"), "c", 7.0, 9.0, [(st.Gradient(), st.Simultaneous())])


def test_a_place_is_made_ready_once(load):
    study = load("cournot")
    (place,) = study.rest_points(elsewhere=False).places
    one, other = here(study, place), here(study, place)
    assert one.field.numeric is other.field.numeric
    np.testing.assert_allclose(one.known.matrix, [[-2]])
    np.testing.assert_allclose(one.lift(one.lower(np.array([[6.0, 0.0]]))), [[6, 0]])


@pytest.mark.slow
def test_a_rule_without_formulas_has_numbers_at_limits(load):
    (equilibrium,) = st.report(load("cournot"), rules=[st.Unrolled()]).equilibria
    assert equilibrium.rules[0].stability.verdict == "exponentially stable"


def game_of(bounds):
    """min over x, max over y of (x − 2)² − (y + 2)², each in an interval: rests at the ends next to it."""
    x, y = sympy.symbols("x y", real=True)
    f = (x - 2) ** 2 - (y + 2) ** 2
    return st.SymbolicGame({"x": ([x], f), "y": ([y], -f)}, sets={"x": bounds, "y": bounds})


def test_boxes_are_those_of_the_sets():
    game = game_of(st.Bounds(-1, 1))
    found = st.order_of_play(game)
    assert found.minmax == pytest.approx(0)  # (1 − 2)² − (−1 + 2)²
    assert found.minmax_point == pytest.approx({"x": 1, "y": -1})
    x = sympy.Symbol("x", real=True)
    cube = st.SymbolicGame({"a": ([x], x**3)}, sets={"a": st.Bounds(0, sympy.oo)})
    assert st.convexity(cube)["a"].verdict == "yes"  # for x ≥ 0
    with pytest.raises(InputError, match="outside its interval"):
        st.convexity(cube, box={"x": (-2, -1)})


def test_closed_forms_are_of_points_inside(load):
    # Cournot with costs 0 and c: (10 + c, 10 − 2c)/3 inside for c < 5; multipliers 1 − h and 1 − 3h
    q, r, c = sympy.symbols("q r c", positive=True)
    players = {"a": ([q], -q * (10 - q - r)), "b": ([r], -r * (10 - q - r) + c * r)}
    game = st.SymbolicGame(players, sets=dict.fromkeys("ab", st.Bounds(0, sympy.oo)))
    inside = {q: (10 + c) / 3, r: (10 - 2 * c) / 3}
    at_one = st.critical_step(game, st.Simultaneous, at=inside, parameters={"c": 1})
    assert at_one == sympy.Rational(2, 3)
    with pytest.raises(InputError, match="at a limit, outside"):
        st.critical_step(game, st.Simultaneous, at=inside, parameters={"c": 8})
    with pytest.raises(InputError, match="say at which equilibrium"):
        st.critical_step(game, st.Simultaneous, parameters={"c": 1})


def test_what_looks_at_zeros_of_the_field_alone_says_so():
    with pytest.raises(InputError, match="every face"):
        st.local_nash_equilibrium_exists(game_of(st.Bounds(-1, 1)))
    numeric = game_of(st.Bounds(-1, 1)).numeric()
    assert st.nearby_stationary_point(numeric, np.array([0.5, 0.5])).outcome == "outside"


def test_projected_steps_that_are_too_long_have_a_cycle(load):
    # h = 1.2: (0, 0) → (12, 2.4), where 10 − 24 − 2.4 and 10 − 12 − 4.8 − 8 lead beyond 0 in both
    box = {"q1": (0, 13), "q2": (0, 5)}
    found = st.periodic_orbits(load("cournot"), st.Simultaneous(1.2), period=2, box=box, starts=8)
    (orbit,) = found.orbits
    np.testing.assert_allclose(orbit.points, [[0, 0], [12, 2.4]])
    np.testing.assert_array_equal(orbit.multipliers, 0)


def test_multiplicative_weights_are_compared(load):
    # zero-sum: radius √(1 + h²/3), so that no step size is stable
    (row,) = st.compare(load("rock"), rules=[st.MultiplicativeWeights(0.3)]).rows
    assert row.spectral_radius == pytest.approx(np.sqrt(1.03))
    assert row.verdict == "unstable"
    assert row.cost.gradients == 1


def test_the_flow_of_players_with_step_sizes_of_their_own_stays_in_the_sets():
    x, y = sympy.symbols("x y", real=True)
    game = st.SymbolicGame(
        {"a": ([x], x**2 / 2 + x * y / 4), "b": ([y], y**2 / 2 + y)},
        sets={"b": st.Bounds(0, 2)}, start={"x": 1, "y": 1},
    )  # fmt: skip
    paths = st.compare_paths(game, st.Simultaneous(lr={"a": 0.1, "b": 0.2}), steps=10, order=None)
    # ẏ = −(y + 1)/5 in the time of a step, from 1 to its limit 0 after 5 ln 2 = 3.5 of them
    assert paths.flow(3.0)[1] == pytest.approx(2 * np.exp(-0.6) - 1, rel=1e-6)
    assert paths.flow.points[:, 1].min() == 0.0


def test_what_allows_every_small_move_says_nothing_at_limits():
    x, y = sympy.symbols("x y", real=True)
    value = x**2 / 2 + x * y - y**2 / 2
    game = st.SymbolicGame({"a": ([x], value), "b": ([y], -value)}, sets={"b": st.Bounds(0, 2)})
    for found in (
        st.proximal_equilibrium(game, [0, 0]).verdict,
        st.nagarajan_kolter(game, [0, 0], "b").realisable,
    ):
        assert found.verdict == "undecided"
        assert "limits of the players' sets" in found.because
    shifted = st.SymbolicGame({"a": ([x], value), "b": ([y], -value)}, sets={"b": st.Bounds(-1, 2)})
    assert st.proximal_equilibrium(shifted, [0, 0]).verdict.verdict == "yes"


def test_noise_says_nothing_at_limits():
    data = np.array([[-1.0], [2.0]])
    game = st.Game(
        {"a": lambda a, s: jnp.mean((a - s[:, 0]) ** 2)},
        start={"a": 2.0}, data=(data,), sets={"a": st.Bounds(1, 3)},
    )  # fmt: skip
    found = st.noise(game, np.array([1.0]), st.Simultaneous(lr=0.1), batch=1)
    assert found.stability.verdict == "undecided"
    assert "one-sided" in found.stability.because


@pytest.mark.slow
def test_conditions_from_products_say_nothing_at_limits():
    game = st.Game(
        {"a": lambda a, b: a * a + a * b, "b": lambda a, b: b * b},
        start={"a": 1.0, "b": 0.5}, sets={"b": st.Bounds(0, 1)},
    )  # fmt: skip
    found = st.conditions_at_scale(game, np.zeros(2))
    assert found.local_nash.verdict == "undecided"
    assert "limits of the players' sets" in found.local_nash.because
