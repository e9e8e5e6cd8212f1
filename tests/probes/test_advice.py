"""Advice against closed forms, against dense spectra of larger games, and against training on from there."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import jsonschema
import numpy as np
import pytest
import sympy

import stability as st
from stability.analysis.names import rule as named
from stability.errors import InputError
from stability.probes.adviser import Adviser
from stability.probes.along import advise_checkpoint, advise_run
from stability.probes.knobs import knobs
from stability.rules.family import StepFamily, momentum_of
from stability.rules.linearisation import linearise_rule
from tests.cli.commands import in_process, process

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "advice.schema.json").read_text(encoding="utf-8")
)
GAMMA = 0.3


@pytest.fixture(scope="module")
def dirac():
    """The Dirac-GAN, with no penalty yet."""
    return st.games.families.dirac()


def ends(advice, name):
    """The ends of the only stable interval of a number."""
    (found,) = [own for own in advice.knobs if own.name == name]
    ((low, high),) = found.found.intervals
    return low, high


@pytest.fixture(scope="module")
def alternating(dirac):
    return st.advise(dirac, np.zeros(2), rule=st.Alternating(0.2), penalties=[st.R1(GAMMA)])


def test_step_sizes_end_where_the_closed_form_says(alternating):
    # REFERENCE B2, D: the flip of alternating steps lies at 4 (√(γ² + 1) − γ)
    _, high = ends(alternating, "lr")
    np.testing.assert_allclose(high.value, 4 * (np.sqrt(GAMMA**2 + 1) - GAMMA), rtol=1e-9)
    np.testing.assert_allclose(high.leading, -1, atol=1e-6)
    assert high.told
    assert alternating.knobs[0].edge == pytest.approx(0.2 / high.value)


def test_the_strength_of_a_penalty_ends_where_the_closed_form_says(dirac):
    # simultaneous: J = [[−γ, −½], [½, 0]] is stable iff γ > h/4 and 4 − 2hγ + h²/4 > 0 (Jury)
    h = 0.4
    found = st.advise(dirac, np.zeros(2), rule=st.Simultaneous(h), penalties=[st.R1(GAMMA)])
    low, high = ends(found, "r1.gamma")
    np.testing.assert_allclose([low.value, high.value], [h / 4, 2 / h + h / 8], rtol=1e-9)
    # and with all else as it is: h < 4γ for both players' steps
    np.testing.assert_allclose(ends(found, "lr")[1].value, 4 * GAMMA, rtol=1e-9)


def test_momentum_ends_where_the_jury_conditions_say():
    # minimise x²/2 by heavy ball: μ² − (1 + β − h)μ + β, stable iff β < 1 and β > h/2 − 1
    game = st.Game(
        {"x": lambda x, y: x @ x / 2, "y": lambda x, y: y @ y / 2},
        start={"x": np.zeros(1), "y": np.zeros(1)},
    )
    found = st.advise(game, rule=st.HeavyBall(lr=1.5, beta=0.2))
    low, high = ends(found, "momentum")
    np.testing.assert_allclose(low.value, -0.25, atol=1e-9)
    assert high.outside is None or high.value > 0.99


def test_lazy_penalties_are_a_map_of_several_steps(dirac):
    """Two plain steps, then one with three times the penalty, multiplied out by hand."""
    h, period = 0.2, 3
    found = st.advise(
        dirac, np.zeros(2), rule=st.Simultaneous(h), penalties=[st.R1(GAMMA)], period=period
    )

    def step(gamma):
        return np.eye(2) + h * np.array([[-gamma, -0.5], [0.5, 0]])

    whole = step(period * GAMMA) @ step(0) @ step(0)
    np.testing.assert_allclose(found.now.radius, np.abs(np.linalg.eigvals(whole)).max(), rtol=1e-12)


@pytest.mark.parametrize(
    "text",
    ["simultaneous:lr=0.1", "alternating:lr=0.1,steps.disc=2", "heavy-ball:lr=0.1,beta=-0.4",
     "nesterov:lr=0.1", "optimistic:lr=0.1", "adam:lr=0.05,b1=0.4"],
)  # fmt: skip
def test_the_family_is_the_rule_at_the_numbers_of_now(text, dirac):
    game, rule = st.R1(GAMMA)(dirac).twin, named(text)
    flow = st.Gradient().flow(game)
    with jax.enable_x64(True):
        family = StepFamily(rule, flow, np.zeros(2))
        units = np.eye(family.size)
        one = np.asarray(family.at(family.now).matmat(units))
        other = np.asarray(linearise_rule(rule, flow, np.zeros(2)).matmat(units))
    np.testing.assert_allclose(one, other, atol=1e-12)


def test_momentum_of_rules():
    assert momentum_of(st.HeavyBall(0.1, 0.7)) == 0.7
    assert momentum_of(st.Alternating(0.1, inner=st.Nesterov(beta=0.3))) == 0.3
    assert momentum_of(named("adam:lr=0.1")) == 0.9
    assert momentum_of(named("rmsprop:lr=0.1")) is None
    assert momentum_of(st.Extragradient(0.1)) is None


def test_a_label_of_one_s_own_is_no_optimiser_of_optax():
    optax = pytest.importorskip("optax")
    own = st.Optax(optax.adam(1.0, b1=0.5), lr=0.1, label="adam")
    assert momentum_of(own) is None  # its b1 is not the one that the name stands for


def test_without_matrices_the_ends_are_those_of_the_spectrum():
    """One player of 1,002 numbers with the curvatures 0.1 to 0.4, and one of 1: steps end at 2."""
    curvatures = jnp.append(jnp.linspace(0.1, 0.4, 1001), 1.0)
    game = st.Game({"x": lambda x: x @ (curvatures * x) / 2}, start={"x": jnp.zeros(1002)})
    found = st.advise(game, rule=st.Simultaneous(0.3))
    assert not found.now.complete
    _, high = ends(found, "lr")
    assert high.outside is not None
    assert high.inside < 2 < high.outside
    # half a per cent of an octave, as the search's width
    np.testing.assert_allclose(high.value, 2, rtol=4e-3)
    assert any("Krylov" in own for own in found.warnings)


def test_training_on_stays_inside_and_leaves_outside(dirac):
    """From a point near rest, at 0.9 and 1.1 of every end: the distance shrinks, or grows."""
    adviser = Adviser(dirac, rule=st.HeavyBall(0.1, 0.5), penalties=[st.R1(0.8)])
    found = adviser.at(np.zeros(2))
    family = adviser.family
    assert family is not None
    start = jnp.array([1e-6, -2e-6, 0, 0])
    checked = 0
    with jax.enable_x64(True):
        step = jax.jit(family.step)
        for knob, own in zip(knobs(family, adviser.penalties), found.knobs, strict=True):
            for _, high in own.found.intervals:
                if not high.told or knob.name == "momentum":
                    continue
                for share in (0.9, 1.1):
                    state = jnp.asarray(start, float)
                    sizes = []
                    for _ in range(2):
                        for _ in range(150):
                            state = step(state, knob.numbers(share * high.value))
                        sizes.append(float(jnp.linalg.norm(state)))
                    assert (sizes[1] < sizes[0]) == (share < 1), knob.name
                    checked += 1
    assert checked >= 6


def test_where_the_flow_leaves_no_step_size_is_blamed():
    # λ = +0.02: a saddle of the flow, which the default growth takes note of; −1 of the other decides
    game = st.Game(
        {"x": lambda x, y: -0.01 * x @ x + 0.3 * x[0], "y": lambda x, y: y @ y},
        start={"x": np.zeros(1), "y": np.zeros(1)},
    )
    found = st.advise(game, rule=st.Simultaneous(0.1))
    np.testing.assert_allclose(found.flow_growth, 0.002, rtol=1e-4)
    np.testing.assert_allclose(found.limit, 1.003, rtol=1e-4)
    assert "no step size keeps it" in str(found)
    _, high = ends(found, "lr")
    # |1 − 2h| < exp(0.03 h) ends a little above 1
    assert 1 < high.value < 1.05


def test_an_oscillation_of_huge_steps_is_not_blamed_on_the_flow():
    # λ = −0.1 ± 0.995i: stable for small steps, and |μ| nearly in proportion to h for huge ones
    game = st.Game(
        {"x": lambda x, y: x @ y + 0.1 * x @ x, "y": lambda x, y: -x @ y},
        start={"x": np.zeros(1), "y": np.zeros(1)},
    )
    found = st.advise(game, rule=st.Simultaneous(300.0))
    assert found.flow_growth == 0
    assert "no step size keeps it" not in str(found)


@pytest.fixture(scope="module")
def limited():
    """y's own curvature is 10; x is pushed against 1 by 0.9 at the rest point (1, 0, 0.1)."""
    x, z, y = sympy.symbols("x z y", real=True)
    losses = {"x": ([x, z], (x - 2) ** 2 / 2 + x * y + z**2), "y": ([y], 5 * y**2 - x * y)}
    sets = {"x": st.Bounds(0, 1, of="x"), "y": st.Bounds(-1, 1)}
    return st.SymbolicGame(losses, sets=sets)


def test_at_limits_with_a_push_the_free_numbers_are_advised_on(limited):
    found = st.advise(limited, [1, 0, 0.1], rule=st.Simultaneous(0.1))
    assert found.rest.stationary.verdict == "yes"
    np.testing.assert_allclose(ends(found, "lr")[1].value, 0.2, rtol=1e-9)
    assert "held at limits" in found.warnings[0]


def test_penalties_are_varied_at_limits_too(limited):
    # y's own curvature is 10 and the anchor's strength s; x stays at 1 and z has 2 + s: h (10 + s) < 2
    penalties = [st.Anchor(0.5), st.Anchor(0.25)]
    at = [1, 0, 1 / 10.75]  # where 10 y − x + (s + s′) y = 0
    found = st.advise(limited, at, rule=st.Simultaneous(0.1), penalties=penalties)
    np.testing.assert_allclose(ends(found, "lr")[1].value, 2 / 10.75, rtol=1e-9)
    uppers = [own.found.intervals[0][1].value for own in found.knobs if "anchor" in own.name]
    np.testing.assert_allclose(uppers, [20 - 10.25, 20 - 10.5], rtol=1e-9)


def test_inside_the_sets_steps_are_those_without_limits(limited):
    found = st.advise(limited, [0.9, 0, -0.95], rule=st.Simultaneous(0.19))
    assert ends(found, "lr.y")[1].value == pytest.approx(0.2, abs=0.01)  # not clipped to nothing
    assert "live in sets" in found.warnings[0]


def test_elsewhere_at_limits_there_is_no_advice(limited):
    with pytest.raises(InputError, match="inside the players' sets"):
        st.advise(limited, [1, 0, 1], rule=st.Simultaneous(0.1))


def test_batches_tell_the_spread():
    scales = jnp.array([1.0, 2.0, 3.0, 4.0])
    game = st.Game(
        {"x": lambda x, y, data: jnp.mean(data) * x @ x, "y": lambda x, y, data: y @ y},
        start={"x": np.zeros(1), "y": np.zeros(1)},
        data=(scales,),
    )
    found = st.advise(game, rule=st.Simultaneous(0.1), batches=[scales[:1], scales[3:]])
    # steps of x on one sample a end at 1/a, those of y at 1
    assert [own.upper for own in found.batches] == pytest.approx([1.0, 0.25], rel=1e-6)
    drawn = st.advise(game, rule=st.Simultaneous(0.1), batch=2, batches=3)
    assert drawn.batch == 2
    assert len(drawn.batches) == 3


def test_a_run_is_advised_on_with_its_own_rule_and_penalties(tmp_path):
    st.train(
        "xy", st.Alternating(0.2), 40, penalties=[st.Anchor(0.5)], folder=tmp_path / "run", every=20
    )
    run = st.open_run(tmp_path / "run")
    assert len(run.penalties) == 1
    last = advise_checkpoint(run)
    assert last.step == 40
    names = ["lr", "lr.x", "lr.y", "ratio", "anchor.strength"]
    assert [own.name for own in last.knobs] == names
    series = advise_run(run, most=2)
    assert [own.step for own in series.advice] == [0, 40]
    assert series.advice[1].knobs[0].edge == pytest.approx(last.knobs[0].edge)
    assert "anchor.strength" in str(series)
    jsonschema.validate(json.loads(series.advice[0].to_json()), SCHEMA)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rule": 0.1}, "Alternating"),
        ({"rule": st.Simultaneous(0.1), "period": 3}, "give penalties too"),
        ({"rule": st.Simultaneous(0.1), "growth": -1}, "growth"),
        ({"rule": st.Simultaneous(0.1), "k": 0}, "k is a whole number"),
        ({"rule": st.Simultaneous(0.1), "batches": 2}, "batch=64"),
        ({"rule": st.BestResponse()}, "no step size"),
    ],
    ids=["no rule", "period alone", "negative growth", "no multiplier", "no size", "no step size"],
)
def test_what_does_not_fit_gets_a_sentence(options, sentence):
    with pytest.raises(InputError, match=sentence):
        st.advise(st.games.dirac_gan_r1(), np.zeros(2), **options)


def test_the_command():
    found = process("probe", "dirac-gan-r1", "--advise", "--rule", "simultaneous:lr=0.2", "--json")
    content = json.loads(found.stdout)
    jsonschema.validate(content, SCHEMA)
    ((_, high),) = content["knobs"][0]["stable"]
    expected = st.advise(st.games.dirac_gan_r1(), rule=st.Simultaneous(0.2))
    assert high["inside"] == pytest.approx(ends(expected, "lr")[1].inside, rel=1e-9)


def test_the_command_asks_for_an_algorithm():
    found = in_process("probe", "dirac-gan-r1", "--advise")
    assert found.returncode == 2
    assert "give --rule" in found.stderr
