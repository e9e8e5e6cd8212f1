"""Flows followed from many starts, and the Runge–Kutta pair that follows them."""

from __future__ import annotations

from functools import cache
from itertools import product

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.integrate import solve_ivp

from stability import Flow, InputError, InputTypeError, load
from stability.dynamics import ensemble_flows
from stability.dynamics.ensemble_flows import flow_ends
from stability.dynamics.ensemble_steps import EMBEDDED, ERROR, A
from stability.dynamics.trajectory import Outcome
from tests.selection import slow_rows


def rng():
    """The same numbers for a test, whichever tests ran before it."""
    return np.random.default_rng(0)


@cache
def van_der_pol():
    """It keeps what was compiled for it."""
    return load("van-der-pol").numeric()


# ---- The pair --------------------------------------------------------------------------------------

# rooted trees as nested tuples of their branches, by number of nodes
TREES = {
    1: [()],
    2: [((),)],
    3: [((), ()), (((),),)],
    4: [((), (), ()), ((), ((),)), (((), ()),), ((((),),),)],
    5: [
        ((), (), (), ()),
        ((), (), ((),)),
        ((), ((), ())),
        ((), (((),),)),
        (((),), ((),)),
        (((), (), ()),),
        (((), ((),)),),
        ((((), ()),),),
        (((((),),),),),
    ],
}


def nodes(tree):
    return 1 + sum(map(nodes, tree))


def density(tree):
    return nodes(tree) * np.prod([density(branch) for branch in tree], initial=1, dtype=object)


def weights(tree):
    """The elementary weight of each stage."""
    result = [1] * 7
    rows = [*A, ()]
    rows = [row + (0,) * (7 - len(row)) for row in rows[:7]]
    for branch in tree:
        inner = weights(branch)
        for i in range(7):
            result[i] *= sum(a * w for a, w in zip(rows[i], inner, strict=True))
    return result


def order_condition(b, tree):
    return sum(x * w for x, w in zip(b, weights(tree), strict=True)) * density(tree)


LAST = (*A[-1], 0)


@pytest.mark.parametrize("tree", [tree for trees in TREES.values() for tree in trees], ids=str)
def test_the_pair_is_of_orders_five_and_four(tree):
    """Butcher's order conditions, in exact arithmetic (Hairer, Nørsett, Wanner 1993, II.2)."""
    assert order_condition(LAST, tree) == 1
    if nodes(tree) < 5:
        assert order_condition(EMBEDDED, tree) == 1


def test_the_embedded_method_is_not_of_order_five():
    assert any(order_condition(EMBEDDED, tree) != 1 for tree in TREES[5])
    assert sum(ERROR) == 0


# ---- Ends -----------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    matrix=some.lists(some.floats(-2, 2), min_size=9, max_size=9),
    t=some.floats(0.01, 5),
    rtol=some.sampled_from([1e-4, 1e-6, 1e-8]),
)
def test_linear_flows_follow_the_exponential(matrix, t, rtol):
    matrix = np.reshape(matrix, (3, 3))
    exact = scipy.linalg.expm(t * matrix)
    starts = rng().normal(size=(5, 3))
    # the matrix goes in as further variables that stand still, so that nothing is compiled again
    states = np.concatenate([starts, np.tile(matrix.ravel(), (5, 1))], axis=1)
    ends = flow_ends(LINEAR, states, t, rtol=rtol, atol=rtol)
    # a step's error grows as far as any solution does; a few hundred steps add up
    growth = max(np.linalg.norm(scipy.linalg.expm(s * matrix), 2) for s in np.linspace(0, t, 9))
    largest = growth * (1 + np.abs(starts).max())
    np.testing.assert_allclose(
        ends.points[:, :3], starts @ exact.T, rtol=0, atol=100 * rtol * growth * largest
    )
    assert ends.ended(Outcome.FINISHED).all()
    assert (ends.times == t).all()


LINEAR = Flow(lambda z: jnp.concatenate([z[3:].reshape(3, 3) @ z[:3], 0 * z[3:]]), dimension=12)


def test_errors_are_as_small_as_the_tolerance_asks():
    starts = rng().uniform(-3, 3, (50, 2))

    def field(t, z):
        x, y = z.reshape(2, -1)
        return np.concatenate([y, (1 - x**2) * y - x])

    exact = solve_ivp(field, (0, 5), starts.T.ravel(), "DOP853", rtol=1e-12, atol=1e-12, t_eval=[5])
    exact = exact.y[:, -1].reshape(2, -1).T
    flow = van_der_pol()
    errors = [
        np.abs(flow_ends(flow, starts, 5, rtol=r, atol=r).points - exact).max()
        for r in (1e-4, 1e-6, 1e-8)
    ]
    # at t = 5 an error is at most some ten times the sum of those of the steps, of which there are some fifty
    assert (np.array(errors) < [500e-4, 500e-6, 500e-8]).all()
    assert errors[2] < errors[1] < errors[0]


def test_fast_and_slow_starts_side_by_side():
    """Speeds a thousand times apart: every start ends as it does when it is followed alone."""
    flow = Flow(lambda z: jnp.stack([z[2] * z[1], -z[2] * z[0], 0 * z[2]]), dimension=3)
    speed = np.logspace(-2, 1, 900)
    starts = np.stack([np.cos(speed), np.sin(speed), speed], axis=1)
    ends = flow_ends(flow, starts, 20, rtol=1e-8, atol=1e-10)
    angle = speed - 20 * speed
    exact = np.stack([np.cos(angle), np.sin(angle), speed], axis=1)
    # each turn of the fastest, some 30 of them, adds about a hundred times the tolerance
    np.testing.assert_allclose(ends.points, exact, rtol=0, atol=1e-5)
    for i in range(0, 900, 131):
        np.testing.assert_array_equal(
            flow_ends(flow, starts[i], 20, rtol=1e-8, atol=1e-10).points[0], ends.points[i]
        )


@pytest.mark.parametrize(
    ("wide", "narrow"), slow_rows([(256, 256), (100, 30), (7, 5)], (256, 256).__eq__)
)
def test_the_number_of_lanes_changes_no_bit(monkeypatch, wide, narrow):
    starts = rng().uniform(-3, 3, (500, 2))
    options = {"box": {"y": (-2.2, 3)}, "rest": 1e-3}
    expected = flow_ends(van_der_pol(), starts, 6, **options)
    monkeypatch.setattr(ensemble_flows, "_WIDE", wide)
    monkeypatch.setattr(ensemble_flows, "_NARROW", narrow)
    found = flow_ends(van_der_pol(), starts, 6, **options)
    for name in ("points", "times", "outcomes"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert len(np.unique(expected.outcomes)) == 2


def test_finite_times_of_explosion():
    # x' = x², x = 1/(1/x₀ − t)
    starts = np.array([[1.0], [0.5], [0.05], [-1.0]])
    ends = flow_ends(Flow(lambda x: x**2, dimension=1), starts, 10, rtol=1e-8)
    np.testing.assert_array_equal(ends.ended(Outcome.BLEW_UP), [True, True, False, False])
    # near the pole the relative error of x is that of the time that is left
    np.testing.assert_allclose(ends.times, [1, 2, 10, 10], rtol=1e-6)
    np.testing.assert_allclose(ends.points[2:], [[0.1], [-1 / 11]], rtol=1e-6)
    assert (ends.points[:2] > 1e9).all()
    assert np.isfinite(ends.points).all()


def test_a_box():
    flow = Flow(lambda z: jnp.stack([z[0], -z[1]]), variables=["x", "y"])
    ends = flow_ends(flow, [[0.1, 1], [0, 1], [3, 1], [0.1, 2e9]], 20, box={"x": (-2, 2)})
    outcomes = [Outcome.LEFT, Outcome.FINISHED, Outcome.LEFT, Outcome.BLEW_UP]
    for i, outcome in enumerate(outcomes):
        assert ends.ended(outcome)[i]
    # log 20 = 2.996, and then at most one step, which multiplies x by less than ten
    assert np.log(20) < ends.times[0] < np.log(200)
    np.testing.assert_allclose(
        ends.points[0], [0.1 * np.exp(ends.times[0]), np.exp(-ends.times[0])], rtol=1e-5
    )
    np.testing.assert_array_equal(ends.times[2:], 0)


def test_rest():
    flow = Flow(lambda x: -x, dimension=1)
    ends = flow_ends(flow, [[1.0], [0.0], [-5.0]], 100, rest=1e-3)
    assert ends.ended(Outcome.RESTED).all()
    # the speed is e⁻ᵗ of the greatest: log 1000 = 6.9, and then at most a step
    assert (ends.times[[0, 2]] > 6.9).all()
    assert (ends.times[[0, 2]] < 11).all()
    assert ends.times[1] <= 1e-6  # the first step tried, where nothing tells how long it should be
    assert flow_ends(flow, [[1.0]], 100).ended(Outcome.FINISHED).all()


def test_a_field_that_is_no_number():
    flow = Flow(lambda x: -jnp.sqrt(x) - 1, dimension=1)
    ends = flow_ends(flow, [[-1.0], [1.0], [4.0]], 1.5)
    # no number at the start; 0 reached at 2 (1 − log 2) = 0.614, beyond which there is no step; not reached
    assert ends.ended(Outcome.BLEW_UP)[0]
    assert ends.ended(Outcome.GAVE_UP)[1]
    assert ends.ended(Outcome.FINISHED)[2]
    np.testing.assert_allclose(ends.times, [0, 2 * (1 - np.log(2)), 1.5], atol=1e-3)
    np.testing.assert_allclose(ends.points[:2], [[-1], [0]], atol=1e-3)


def test_no_more_than_so_many_steps():
    flow = Flow(lambda z: 1e4 * jnp.stack([z[1], -z[0]]), dimension=2)
    ends = flow_ends(flow, [[1.0, 0.0], [0.0, 0.0]], 10, max_steps=100)
    np.testing.assert_array_equal(ends.ended(Outcome.GAVE_UP), [True, False])
    assert 0 < ends.times[0] < 1


def test_a_stage_that_is_no_number_only_makes_the_step_shorter():
    # from x near 0 a long step would look at negative x; the solution stays positive
    flow = Flow(lambda x: 1 - x + 0 * jnp.log(x), dimension=1)
    ends = flow_ends(flow, [[50.0], [1e-3]], 5)
    np.testing.assert_allclose(ends.points, 1 + np.array([[49], [-0.999]]) * np.exp(-5), rtol=1e-5)


def test_more_variables_than_are_taken_apart():
    matrix = rng().normal(size=(20, 20)) / 5
    starts = rng().normal(size=(10, 20))
    ends = flow_ends(Flow(lambda x: matrix @ x, dimension=20), starts, 1, rtol=1e-8, rest=1e-9)
    np.testing.assert_allclose(ends.points, starts @ scipy.linalg.expm(matrix).T, atol=1e-6)


def test_the_symbolic_flow():
    starts = rng().uniform(-2, 2, (5, 2))
    flow = load("fitzhugh-nagumo")
    np.testing.assert_array_equal(
        flow_ends(flow, starts, 3).points, flow_ends(flow.numeric(), starts, 3).points
    )


def test_progress_grows_to_one():
    told = []
    flow_ends(van_der_pol(), rng().uniform(-3, 3, (600, 2)), 3, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_an_error_in_one_thread_stops_the_others():
    def refuse(fraction):
        raise RuntimeError("enough")

    flow = Flow(lambda z: 1e3 * jnp.stack([z[1], -z[0]]), dimension=2)
    starts = np.concatenate([np.zeros((10, 2)), np.ones((20_000, 2))])
    with pytest.raises(RuntimeError, match="enough"):  # followed to the end it would take hours
        flow_ends(flow, starts, 1e6, rest=1e-3, max_steps=2**50, progress=refuse)


def test_no_starts_at_all():
    assert len(flow_ends(van_der_pol(), np.empty((0, 2)), 1)) == 0


def test_one_compilation_for_all_times_and_tolerances():
    traced = []

    def field(x):
        traced.append(1)
        return -x

    flow = Flow(field, dimension=1, check=False)
    flow_ends(flow, [[1.0]], 1)
    first = len(traced)
    for t, rtol in product((0.5, 3), (1e-3, 1e-8)):
        flow_ends(flow, np.ones((20, 1)), t, rtol=rtol, blow_up=100 * t)
    assert len(traced) == first


@pytest.mark.parametrize(
    ("error", "starts", "t", "options"),
    [
        (InputError, [[1.0]], 1, {}),
        (InputError, [[np.inf, 0.0]], 1, {}),
        (InputError, [[0.0, 0.0]], 0, {}),
        (InputError, [[0.0, 0.0]], -1, {}),
        (InputTypeError, [[0.0, 0.0]], "long", {}),
        (InputError, [[0.0, 0.0]], 1, {"rtol": 0}),
        (InputError, [[0.0, 0.0]], 1, {"atol": -1}),
        (InputError, [[0.0, 0.0]], 1, {"max_steps": 0}),
        (InputError, [[0.0, 0.0]], 1, {"rest": -1e-3}),
        (InputError, [[0.0, 0.0]], 1, {"box": {"nobody": (0, 1)}}),
    ],
)
def test_bad_input(error, starts, t, options):
    with pytest.raises(error):
        flow_ends(van_der_pol(), starts, t, **options)
