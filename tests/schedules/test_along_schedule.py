"""Schedules of step sizes against closed forms of their products, and what frozen steps do not tell."""

import functools
import json
import math

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis.strategies import floats, lists, tuples
from scipy.special import loggamma

import stability as st
from stability.rules import RULES
from stability.schedules.step_sizes import robbins_monro, step_sizes

load = functools.cache(st.games.load)  # what is compiled for a game is kept with it
k = sympy.Symbol("k")
x, y = sympy.symbols("x y", real=True)


def decaying(c, power=1.0):
    return lambda count: c / (count + 1) ** power


@functools.cache
def squared_well():
    return st.SymbolicGame({"x": ([x], x**2 / 2)}, name="L = x²/2")


@functools.cache
def quadratic():
    """A linear field, so that the linear process is what the rules do to the last digits."""
    losses = {"x": ([x], x * y + x**2 / 4), "y": ([y], -x * y + y**2 / 3)}
    return st.SymbolicGame(losses, name="quadratic")


@pytest.mark.parametrize("c", [0.5, pytest.param(2.0, marks=pytest.mark.slow)])
def test_simultaneous_steps_on_xy_stay_bounded_and_do_not_converge(c):
    n = 500
    found = st.along_schedule(load("xy"), st.Simultaneous(), decaying(c), steps=n)
    # ∏_{j ≤ k} √(1 + c²/j²) = |Γ(k + 1 + ic)| / (k! |Γ(1 + ic)|)
    count = np.arange(n + 1)
    expected = loggamma(count + 1 + 1j * c) - loggamma(count + 1) - loggamma(1 + 1j * c)
    np.testing.assert_allclose(found.growth, np.exp(expected.real), rtol=1e-10)
    limit = math.sqrt(math.sinh(math.pi * c) / (math.pi * c))
    assert 0 < limit - found.growth[-1] < limit * c**2 / (2 * n)  # the tail: Σ_{j > n} c²/(2j²)
    # every frozen step is unstable all the same
    np.testing.assert_allclose(found.radii, np.sqrt(1 + (c / (count[:-1] + 1)) ** 2), rtol=1e-14)
    assert {look.stability.verdict for look in found.looks} == {"unstable"}
    assert (found.stable_from, found.contracts.verdict) == (None, "no")
    assert found.agreement.verdict == "yes"


def test_the_closed_form_of_that_product_is_exact():
    c = sympy.symbols("c", positive=True)
    n = sympy.symbols("n", integer=True, positive=True)
    # one more factor of Γ(n + 1 + ic) Γ(n + 1 − ic)/n!², whose limit over n is one
    factor = (n + 1 + sympy.I * c) * (n + 1 - sympy.I * c) / (n + 1) ** 2
    assert sympy.simplify(factor - (1 + c**2 / (n + 1) ** 2)) == 0
    reflected = sympy.gamma(1 + sympy.I * c) * sympy.gamma(1 - sympy.I * c)
    difference = reflected - sympy.pi * c / sympy.sinh(sympy.pi * c)
    for value in (sympy.Rational(1, 2), sympy.Integer(2)):
        assert abs(difference.subs(c, value).evalf(30)) < 1e-25


@pytest.mark.parametrize("c", [pytest.param(1.0, marks=pytest.mark.slow), 4.0])
def test_the_dirac_gan_with_r1_converges_like_a_power(c):
    gamma, n = 0.3, 2000
    game = load("dirac-gan-r1")
    found = st.along_schedule(game, st.Simultaneous(), decaying(c), steps=n)
    # ∏ (I + cJ/j) = V diag(Γ(n + 1 + cλ)/(Γ(1 + cλ) n!)) V⁻¹ ~ n^{c Re λ}, and Re λ = −γ/2
    values, vectors = np.linalg.eig(np.array([[0, -0.5], [0.5, -gamma]]))
    powers = np.exp(loggamma(n + 1 + c * values) - loggamma(n + 1) - loggamma(1 + c * values))
    product = vectors @ np.diag(powers) @ np.linalg.inv(vectors)
    assert abs(found.growth[-1] / np.linalg.norm(product, 2) - 1) < 1e-10
    # |Γ(n + 1 + cλ)/n!| ~ n^{−cγ/2}; which directions are great turns with log n, within cond V
    power = n ** (-c * gamma / 2) / abs(np.exp(loggamma(1 + c * values[0])))
    assert 1 / np.linalg.cond(vectors) < found.growth[-1] / power < np.linalg.cond(vectors)
    assert found.agreement.verdict == "yes"


def test_without_rotation_the_exponent_is_the_power():
    found = st.along_schedule(squared_well(), st.Simultaneous(), decaying(0.6), steps=1000)
    assert abs(found.exponent - 0.6) < 1e-3  # ∏ (1 − c/j) ~ n^−c (1 + O(1/n))


def test_steps_whose_sum_is_finite_stop_short():
    """∏ (1 − 1/(4j²)) = 2/π (Wallis): frozen, every step is stable, and the process does not arrive."""
    n = 2000
    schedule = 1 / (4 * (k + 1) ** 2)
    found = st.along_schedule(squared_well(), st.Simultaneous(), schedule, steps=n)
    assert found.stable_from == 0
    assert abs(found.growth[-1] - 2 / math.pi * (1 + 1 / (4 * n))) < 1 / n**2
    (own,) = found.robbins_monro
    assert (own.verdict, own.evidence) == ("no", "exact")
    assert own.because == "Σh converges and Σh² converges"


def test_stable_frozen_steps_may_pump():
    """Step sizes that change places as the orbit turns: each is stable, their products grow."""
    low, high, half = 0.02, 0.29, 40

    def one(count):
        return high if count // half % 2 else low

    schedule = {"gen": one, "disc": lambda count: low + high - one(count)}
    game = load("dirac-gan-r1")
    found = st.along_schedule(game, st.Simultaneous(), schedule, steps=20 * half)
    assert found.stable_from == 0
    assert {look.stability.verdict for look in found.looks} == {"exponentially stable"}
    # over one period the product of 80 stable steps is an unstable matrix
    steps = [
        np.eye(2) + np.diag([h, low + high - h]) @ np.array([[0, -0.5], [0.5, -0.3]])
        for h in map(one, range(2 * half))
    ]
    period = np.linalg.multi_dot(steps[::-1])
    radius = np.abs(np.linalg.eigvals(period)).max()
    assert radius > 1.05
    assert found.contracts.verdict == "no"
    np.testing.assert_allclose(
        found.growth[-1], np.linalg.norm(np.linalg.matrix_power(period, 10), 2), rtol=1e-9
    )
    assert found.agreement.verdict == "yes"


def test_unstable_first_steps_do_not_keep_it_from_converging():
    found = st.along_schedule(squared_well(), st.Simultaneous(), 2.9 / sympy.sqrt(k + 1), steps=100)
    assert found.stable_from == 2  # 2.9/√(k + 1) < 2 from k + 1 = 3 on
    assert [look.stability.verdict for look in found.looks[:3]] == [
        "unstable",
        "unstable",
        "exponentially stable",
    ]
    assert found.contracts.verdict == "yes"
    expected = np.prod(np.abs(1 - 2.9 / np.sqrt(np.arange(100) + 1)))
    assert abs(found.growth[-1] / expected - 1) < 1e-10


def test_two_timescales_reach_a_minmax_point_that_one_timescale_leaves():
    """min x max y of −3x² − y² + 4xy: the flow is stable for τ > 3, steps a, b for b(2 − 4a) > 6a."""
    a, b = decaying(0.1, 0.9), decaying(0.1, 0.6)
    game = load("ridge-1")
    found = st.along_schedule(game, st.Simultaneous(), {"x": a, "y": b}, steps=3000)
    turn = next(j for j in range(3000) if b(j) * (2 - 4 * a(j)) > 6 * a(j))
    assert found.stable_from == turn == 39
    by_step = {look.step: look.stability.verdict for look in found.looks}
    assert (by_step[38], by_step[39]) == ("unstable", "exponentially stable")
    assert found.contracts.verdict == "yes"
    together = st.along_schedule(game, st.Simultaneous(), a, steps=300)
    assert (together.contracts.verdict, together.stable_from) == ("no", None)


@pytest.mark.parametrize(
    "rule",
    [
        st.Alternating(steps={"y": 3}),
        st.Extragradient(past=True),
        st.HeavyBall(beta=-0.3),
        *(
            pytest.param(rule, marks=pytest.mark.slow)
            for rule in (
                st.Simultaneous(),
                st.Optimistic(),
                st.HeavyBall(beta=0.5, order="alternating"),
                st.Nesterov(beta=0.5),
                st.Lookahead(k=3),
                st.RK4(),
                st.Clipped(low=-1, high=1),
                st.Unrolled(k=2),
            )
        ),
    ],
    ids=str,
)
def test_every_kind_of_rule_does_what_the_linear_process_says(rule):
    schedule = {"x": 0.3 / (k + 1), "y": decaying(0.4, 0.7)}
    found = st.along_schedule(quadratic(), rule, schedule, steps=30)
    assert found.agreement.verdict == "yes"
    assert found.agreement.value < 1e-8  # the field is linear, rounding relative to 1e-4
    np.testing.assert_allclose(found.simulated, found.predicted, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(RULES) - {"best-response"}))
def test_every_rule_follows_a_schedule_on_a_numeric_game(name):
    own = {"clipped": {"low": -1, "high": 1}}.get(name, {})
    game = st.zero_sum(
        lambda a, b: a @ b + 0.1 * a @ a - 0.2 * b @ b,
        minimizer="gen",
        maximizer="disc",
        start={"gen": np.ones(2), "disc": np.ones(2)},
    )
    found = st.along_schedule(game, RULES[name](**own), decaying(0.3), x=np.zeros(4), steps=20)
    assert (found.agreement.verdict, len(found.growth)) == ("yes", 21)


@settings(max_examples=8)
@given(sizes=lists(tuples(floats(0, 2), floats(0, 2)), min_size=6, max_size=6))
def test_the_growth_is_the_norm_of_the_product_whatever_the_schedule(sizes):
    first, second = zip(*sizes, strict=True)
    schedule = {"x": lambda count: first[int(count)], "y": lambda count: second[int(count)]}
    found = st.along_schedule(quadratic(), st.Simultaneous(), schedule, steps=6, looks=[])
    jacobian = np.array([[-1 / 2, -1], [1, -2 / 3]])
    product = np.eye(2)
    for h, expected in zip(sizes, found.growth[1:], strict=True):
        product = (np.eye(2) + np.diag(h) @ jacobian) @ product
        assert abs(np.linalg.norm(product, 2) - expected) <= 1e-12 * max(expected, 1)
    assert found.agreement.verdict == "yes"


def test_a_constant_schedule_is_the_autonomous_rule():
    h, n = 0.3, 50
    found = st.along_schedule(load("xy"), st.Extragradient(), h, steps=n)
    radius = math.sqrt(1 - h**2 + h**4)  # the step is radius times a rotation
    np.testing.assert_allclose(found.growth, radius ** np.arange(n + 1), rtol=1e-12)
    assert {own.verdict for own in found.robbins_monro} == {"no"}
    assert (found.contracts.verdict, found.stable_from) == ("yes", 0)


def test_a_flow_has_a_schedule_too():
    flow = st.Flow(lambda z: -z, dimension=1, name="decay")
    found = st.along_schedule(flow, st.Heun(), decaying(1.0), steps=20)
    h = 1 / np.arange(1, 21)
    np.testing.assert_allclose(found.growth[1:], np.cumprod(1 - h + h**2 / 2), rtol=1e-12)
    assert (found.field, found.players) == ("given", ("flow",))


def test_along_a_line_of_equilibria_distances_are_across_it():
    found = st.along_schedule(load("tandem"), st.Simultaneous(), decaying(0.1), steps=200)
    count = np.arange(1, 201)
    expected = np.cumprod(np.abs(1 - 4 * 0.1 / count))  # the eigenvalue across the line is −4
    np.testing.assert_allclose(found.growth[1:], expected, rtol=1e-10)
    assert found.stable_from == 0


def test_optax_schedules_are_taken_as_they_are():
    optax = pytest.importorskip("optax")
    schedule = optax.warmup_cosine_decay_schedule(0.0, 0.3, 5, 40)
    game = load("dirac-gan-r1")
    found = st.along_schedule(game, st.Alternating(), schedule, steps=41)
    assert found.sizes[0, 0] == 0
    assert abs(found.sizes[5, 0] - 0.3) < 1e-7  # optax rounds to float32 in places
    assert (
        found.looks[0].stability.because
        == "the step size of gen, disc is zero: multipliers are one"
    )
    assert (found.growth[1], found.agreement.verdict) == (1.0, "yes")


@pytest.mark.slow
def test_an_optax_rule_follows_a_schedule():
    optax = pytest.importorskip("optax")
    rule = st.Optax(optax.sgd(1.0, momentum=0.5))
    game = load("dirac-gan-r1")
    found = st.along_schedule(game, rule, optax.linear_schedule(0.3, 0.1, 20), steps=20)
    value = np.linalg.eigvals(np.array([[0, -0.5], [0.5, -0.3]]))[0]
    radii = [
        np.abs(np.roots([1, -(1 + 0.5 + h * value), 0.5])).max() for h in 0.3 - 0.01 * np.arange(20)
    ]
    np.testing.assert_allclose(found.radii, radii, rtol=1e-6)  # optax rounds to float32 in places
    assert (found.agreement.verdict, found.stable_from) == (
        "yes",
        int(np.argmin(np.array(radii) >= 1)),
    )


def test_robbins_and_monro_by_algebra_and_by_estimate():
    def verdict(schedule):
        return robbins_monro(schedule, step_sizes(schedule, squared_well().partition, 100)[:, 0])

    for power, expected in ((1, "yes"), (sympy.Rational(1, 2), "no")):
        found = verdict(1 / (k + 1) ** power)
        assert (found.verdict, found.evidence) == (expected, "exact")
    estimated = verdict(decaying(1.0, 0.75))
    assert (estimated.verdict, estimated.evidence) == ("undecided", "numeric")
    assert abs(estimated.value - 0.75) < 1e-12


def test_a_start_of_ones_own_may_be_too_far_for_the_linear_process():
    game = load("dirac-gan-r1")
    near = st.along_schedule(
        game, st.Simultaneous(), 0.1, start={"theta": 1e-4, "psi": 0}, steps=50
    )
    assert near.agreement.verdict == "yes"
    assert abs(near.simulated[0] - 1e-4) < 1e-18
    far = st.along_schedule(game, st.Simultaneous(), 0.1, start=[1.0, 1.0], steps=50)
    assert far.agreement.verdict == "undecided"
    assert far.simulated[0] == math.sqrt(2)


def test_a_process_that_grows_beyond_all_numbers_is_data_all_the_same():
    found = st.along_schedule(load("xy"), st.Simultaneous(), 1e3, steps=300)
    assert found.contracts.because == "the linear process grows beyond all numbers"
    assert json.loads(found.to_json())["growth"] is None
    assert found.exponent is None


def test_the_report_as_data_and_as_text():
    schedule = {"gen": 0.2 / (k + 1), "disc": 0.2}
    found = st.along_schedule(
        load("dirac-gan-r1"), st.Alternating(), schedule, steps=40, looks=[0, 39]
    )
    data = json.loads(found.to_json())
    assert data["schema"] == "stability-schedule/1"
    assert [look["step"] for look in data["looks"]] == [0, 39]
    assert data["looks"][0]["lr"] == 0.2
    assert data["looks"][1]["lr"] == {"gen": 0.005, "disc": 0.2}
    assert data["schedule"] == {"gen": "0.2/(k + 1)", "disc": "0.2"}
    assert set(data["robbins_monro"]) == {"gen", "disc"}
    text = str(found)
    assert "Frozen, every one of the 40 steps is stable." in text
    assert "Robbins–Monro, disc: no" in text
    assert "| k |" in found.to_markdown()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"schedule": -0.1}, "the schedule of x is zero or a positive"),
        ({"schedule": float("nan")}, "the schedule of x"),
        ({"schedule": lambda count: 1 - count}, "the schedule of x gives -1 at step 2"),
        ({"schedule": lambda count: float("nan")}, "gives nan at step 0"),
        ({"schedule": lambda count: "a"}, "is to give a number at step 0, not 'a'"),
        ({"schedule": lambda count: [1, 2]}, "one number at step 0, not an array"),
        ({"schedule": 1 / k}, "gives inf at step 0"),
        ({"schedule": x / k}, "in the count alone, not in k, x"),
        ({"schedule": {"z": 0.1}}, "no player 'z'"),
        ({"schedule": {"y": 0.1}}, "the schedule is missing for player 'x'"),
        ({"steps": 0}, "the number of steps"),
        ({"schedule": 1e200}, "the simultaneous step overflows"),
        (
            {"system": load("dirac-gan-wgan-gp"), "x": [0, 0]},
            "the field is not differentiable here",
        ),
        ({"looks": [10]}, "a step to look at"),
        ({"x": [1.0]}, "x is 2 numbers, one for each variable"),
        ({"x": {"x": 1, "y": 0}}, "the point is not stationary"),
        ({"start": {"x": 1}}, "the start says nothing of y"),
        ({"rule": st.BestResponse()}, "best-response has no step size"),
        ({"system": load("henon")}, "a map has no step sizes"),
        ({"system": load("torus")}, "equilibria were found; say near which"),
    ],
)
def test_bad_input(changed, words):
    arguments = {"system": quadratic(), "rule": st.Simultaneous(), "schedule": 0.1, "steps": 10}
    with pytest.raises(st.InputError, match=words):
        st.along_schedule(**{**arguments, **changed})


def test_step_sizes_have_a_column_for_every_player():
    partition = quadratic().partition
    sizes = step_sizes({"": 0.1, "y": decaying(1.0)}, partition, 3)
    np.testing.assert_allclose(sizes, [[0.1, 1], [0.1, 1 / 2], [0.1, 1 / 3]])
