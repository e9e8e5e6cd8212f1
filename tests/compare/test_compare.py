"""Every number of a comparison against steps written down by hand, and what it says and leaves out."""

from __future__ import annotations

import json
import math
from functools import cache
from itertools import pairwise
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from jsonschema import Draft202012Validator
from step_matrices import RULES, Linearised, spectral_radius, step

import stability as st
from stability.compare.algorithms import every_field, every_rule
from stability.compare.value import SCHEMA

PATH = Path(__file__).parents[2] / "docs" / "compare.schema.json"
validator = Draft202012Validator(json.loads(PATH.read_text(encoding="utf-8")))

SAME = 1e-9  # two ways to the eigenvalues of well-conditioned steps of size one
DOUBLE = 1e-7  # best steps are often where two eigenvalues meet, known to √(rounding) only
NEAR_ONE = 1e-10  # a radius this near one is not told from it by either way
FIELDS = ("consensus", "symplectic", "lookahead-opponent", "lola")


def definite(generator, n):
    square = generator.standard_normal((n, n))
    return square @ square.T / n + 0.5 * np.eye(n)


def quadratic(sizes, seed, zero_sum):
    """Hessians of random quadratic losses, each player's own positive definite."""
    generator = np.random.default_rng(seed)
    d = sum(sizes)
    ends = np.cumsum(sizes)
    rows = [slice(e - n, e) for n, e in zip(sizes, ends, strict=True)]
    hessians = []
    for own in rows:
        square = generator.standard_normal((d, d))
        hessians.append((square + square.T) / 2)
        hessians[-1][own, own] = definite(generator, own.stop - own.start)
    if zero_sum:
        first, second = hessians
        first[rows[1], rows[1]] = -second[rows[1], rows[1]]
        hessians[1] = -first
    return Linearised(sizes, hessians)


def in_jax(known):
    """The quadratic game with these Hessians."""
    players = "pqr"[: len(known.rows)]
    start = {p: np.zeros(len(own)) for p, own in zip(players, known.rows, strict=True)}

    def loss(hessian):
        def own(*strategies):
            z = jnp.concatenate(strategies)
            return z @ jnp.asarray(hessian, z.dtype) @ z / 2

        return own

    losses = zip(players, known.hessians, strict=True)
    return st.Game({p: loss(h) for p, h in losses}, start=start, name="quadratic")


GAMES = {
    "zero-sum 2+2": quadratic((2, 2), 1, zero_sum=True),
    "zero-sum 1+1": quadratic((1, 1), 3, zero_sum=True),
    "general-sum 1+2": quadratic((1, 2), 8, zero_sum=False),
    "three players": quadratic((1, 2, 1), 5, zero_sum=False),
}


@cache
def compared(name):
    game = in_jax(GAMES[name])
    return st.compare(game, at=dict.fromkeys(game.variables, 0.0))


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


# (best step, radius there, critical step) on V = xy, from the multipliers at λ = ±i
XY = {
    "extragradient": (math.sqrt(0.5), math.sqrt(0.75), 1),
    "optimistic": (0.5, math.sqrt(0.5), 1 / math.sqrt(3)),
    "rk4": (math.sqrt(6), 0.5, math.sqrt(8)),
    "lookahead": (0.543689, 0.6348845, None),
    # (1 − h²γ²/…): √((1 − hγ)² + h²) at γ = 0.1 and 1 is least at h = γ/(1 + γ²), one at twice that
    "simultaneous on consensus": (0.1 / 1.01, 1 / math.sqrt(1.01), 0.2 / 1.01),
    "simultaneous on symplectic": (0.5, math.sqrt(0.5), 1),
}


def test_known_numbers_on_xy():
    rows = {r.name: r for r in compared_xy().rows}
    for name, (best, radius, critical) in XY.items():
        assert rows[name].best_lr == pytest.approx(best, rel=1e-5)
        assert rows[name].best_spectral_radius == pytest.approx(radius, rel=1e-6)
        if critical is not None:
            assert rows[name].critical_lr == pytest.approx(critical, rel=1e-9)
    for name in ("simultaneous", "heun", "alternating", "heavy-ball:beta=0.5"):
        assert (rows[name].critical_lr, rows[name].best_spectral_radius) == (0, None)
    assert rows["proximal"].best_spectral_radius == 0


# Two wells and a hill: P′(x) = x(x + 1)(x − 2) − 0.3x, and a second player at y = x/2.
WELLS, WELLS_AND_HILL = (-1.0, 2.0), (-1.0, 0.0, 2.0)


def wells():
    def first(p, q):
        return p**4 / 4 - p**3 / 3 - 2.3 * p**2 / 2 + 0.6 * p * q

    losses = {"p": first, "q": lambda p, q: q**2 / 2 - p * q / 2}
    start, box = {"p": 0.5, "q": 0.5}, {"p": (-3, 3), "q": (-3, 3)}
    return st.Game(losses, start=start, name="two wells", box=box)


def at_well(x):
    curvature = 3 * x**2 - 2 * x - 2.3
    return Linearised((1, 1), [[[curvature, 0.6], [0.6, 0]], [[0, -0.5], [-0.5, 1]]])


def compare_wells(points, fields, rules):
    at = [{"p": x, "q": x / 2} for x in points]
    return st.compare(wells(), fields=fields, rules=rules, at=at)


@cache
def compared_wells(points):
    fields = [st.Gradient(), st.Consensus()]
    rules = [st.Simultaneous(), st.Alternating(), st.Optimistic(), st.Proximal(), st.Lookahead(),
             st.BestResponse()]  # fmt: skip
    return compare_wells(points, fields, rules)


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
        (lambda: st.compare(st.games.xy(), rules=[st.Simultaneous(1e300)]), "overflows"),
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
    validator.validate(json.loads(nothing.to_json()))


def text_samples():
    return {
        "everything": compared("zero-sum 2+2"),
        "several equilibria": compared_wells(WELLS),
        "flow": st.compare(st.games.lorenz(), rules=[st.RK4(), st.Proximal()]),
        "by player": st.compare(
            st.games.dirac_gan_r1(),
            rules=[st.Optimistic({"disc": 0.2, "": 0.1}), st.BestResponse()],
        ),
        "exact": st.compare(
            st.games.xy(), rules=[st.Optimistic(), st.Heun(), st.Proximal()], exact=True
        ),
        "nothing converges": st.compare(st.games.xy(), rules=[st.Simultaneous(), st.Heun()]),
    }


def squeezed(text):
    return "".join(text.split())


def test_text_markdown_and_json():
    for sample, found in text_samples().items():
        data = json.loads(
            found.to_json(), parse_constant=lambda name: pytest.fail(f"{name} in JSON")
        )
        validator.validate(data)
        assert data["schema"] == SCHEMA
        assert [a["name"] for a in data["algorithms"]] == [r.name for r in found.rows]
        for width in (60, 80, 120):
            lines = found.to_text(width).splitlines()
            assert max(map(len, lines)) <= width, (sample, width)
        wide, page = found.to_text(200), found.to_markdown()
        for row in found.rows:
            shown = row.name.replace(",", ", ").replace(":", ", ").replace("=-", "=−")
            assert shown in wide, (sample, row.name)
            assert squeezed(shown) in squeezed(page.replace("\\", "")), (sample, row.name)
        for own in found.inapplicable:
            assert squeezed(own.because) in squeezed(found.to_text(80))


def test_headlines():
    samples = text_samples()
    heads = {name: " ".join(found.to_text(400).split()) for name, found in samples.items()}
    assert "proximal converges fastest, the faster the larger its steps" in heads["everything"]
    assert "At (x, y) = (0, 0) no algorithm converges exponentially" in heads["nothing converges"]
    assert "At the worst of the 2 equilibria" in heads["several equilibria"]
    assert "lr < √3/3" in heads["exact"].replace("sqrt(3)", "√3").replace("√(3)", "√3")
    one = st.compare(st.games.tandem(), rules=[st.Simultaneous()]).to_text(200)
    assert "simultaneous converges fastest with lr = 0.25, which gets there in finitely many" in one
    slow = st.compare(st.games.dirac_gan_r1(), rules=[st.Simultaneous()], at={"theta": 0, "psi": 0})
    # at its best step 0.6 the radius is √(1 − 0.09): 48.8 steps of one gradient each
    assert "with lr = 0.6: 48.8 steps, 48.8 gradient evaluations for each digit" in slow.to_text(
        200
    )
    assert "1.25" not in slow.to_text(200)


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
    from stability.fields import FIELDS as fields
    from stability.rules import RULES as rules

    # clipped and projected need a set; two-timescale is a step size by player
    assert {r.name for r in every_rule()} == set(rules) - {"clipped", "projected"}
    game = in_jax(GAMES["zero-sum 1+1"])
    assert {f.name for f in every_field(game)} == set(fields) - {"gradient", "two-timescale"}


def test_the_schema_is_one_and_describes_every_key():
    Draft202012Validator.check_schema(validator.schema)
    assert validator.schema["$id"] == SCHEMA
    for own in (validator.schema, *validator.schema["$defs"].values()):
        for key, value in own.get("properties", {}).items():
            assert value.get("description"), key
        if "properties" in own:
            assert own["additionalProperties"] is False


@pytest.mark.parametrize(
    "break_it",
    [
        lambda d: d.update(schema="stability-compare/2"),
        lambda d: d.update(extra=1),
        lambda d: d.pop("inapplicable"),
        lambda d: d["system"].update(kind="map"),
        lambda d: d["algorithms"][0].pop("critical_lr"),
        lambda d: d["algorithms"][0].update(verdict="yes"),
        lambda d: d["algorithms"][0].update(best_lr=-1),
        lambda d: d["algorithms"][0]["cost"].update(gradients="one"),
        lambda d: d["algorithms"][0].update(stable_lr=[[1]]),
        lambda d: d["flows"][0].update(spectral_abscissa="small"),
    ],
)
def test_a_broken_comparison_is_not_valid(break_it):
    data = json.loads(compared("zero-sum 2+2").to_json())
    validator.validate(data)
    break_it(data)
    assert not validator.is_valid(data)
