"""Paths of flows against closed forms, and how they end."""

import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.linalg import expm

from stability import InputError
from stability.dynamics import Flow, SymbolicFlow
from stability.dynamics.integrate import integrate
from stability.dynamics.trajectory import Outcome

TURN = 2 * np.pi


@pytest.fixture(scope="module")
def rotation():
    """The flow of Goodfellow's xy: x' = −y, y' = x."""
    return Flow(lambda z: jnp.stack([-z[1], z[0]]), variables=["x", "y"], start=[1.0, 0.0])


@pytest.fixture(scope="module")
def linear():
    """x' = Ax with A carried in the state, so that one compilation serves every matrix."""

    def field(z):
        return jnp.concatenate([z[2:].reshape(2, 2) @ z[:2], jnp.zeros(4)])

    return Flow(field, dimension=6)


def circle(t):
    return np.stack([np.cos(t), np.sin(t)], axis=1)


def test_a_hundred_turns_stay_on_the_circle(rotation):
    path = integrate(rotation, [1.0, 0.0], 100 * TURN)
    assert path.outcome is Outcome.FINISHED
    assert path.times[0] == 0
    assert path.times[-1] == 100 * TURN
    # every point that is drawn, not only the ends of steps: 100 turns at 1e-10 a step drift by about 1.5e-9
    assert abs(np.hypot(*path.points.T) - 1).max() < 1e-8
    assert abs(path.points - circle(path.times)).max() < 1e-8


def test_points_between_the_steps_are_as_good_as_the_steps(rotation):
    path = integrate(rotation, [1.0, 0.0], TURN)
    times = np.random.default_rng(0).uniform(0, TURN, 500)
    assert abs(path(times) - circle(times)).max() < 1e-9
    assert path(1.0).shape == (2,)
    assert path(times.reshape(5, 100)).shape == (5, 100, 2)
    assert (path(path.times[-1]) == path.end).all()


def test_loose_tolerances_give_a_smooth_picture_too(rotation):
    path = integrate(rotation, [1.0, 0.0], TURN, rtol=1e-3, atol=1e-3)
    assert len(path) > 60
    chords = np.linalg.norm(np.diff(path.points, axis=0), axis=1)
    assert chords.max() < 0.15  # 0.06 radians were asked for, estimated from the ends of long steps


def test_backwards_and_forwards_again(rotation):
    back = integrate(rotation, [1.0, 0.0], -TURN / 4)
    assert back.times[-1] == -TURN / 4
    assert (np.diff(back.times) < 0).all()
    assert abs(back.end - [0, -1]).max() < 1e-9
    assert abs(back(-TURN / 8) - np.array([1, -1]) / np.sqrt(2)).max() < 1e-9
    assert abs(integrate(rotation, back.end, TURN / 4).end - [1, 0]).max() < 1e-9


@settings(max_examples=25, deadline=None)
@given(
    some.lists(some.floats(-2, 2), min_size=4, max_size=4),
    some.lists(some.floats(-2, 2), min_size=2, max_size=2),
    some.floats(0.1, 3).flatmap(lambda t: some.sampled_from([t, -t])),
)
def test_linear_flows_are_matrix_exponentials(linear, entries, start, t):
    matrix = np.array(entries).reshape(2, 2)
    path = integrate(linear, [*start, *entries], t, rest=None)
    truth = expm(matrix * t) @ start
    # errors grow like the flow itself, at most exp(|A| |t|)
    scale = 1 + np.exp(abs(t) * np.linalg.norm(matrix)) * np.abs(start).max()
    assert np.linalg.norm(path.end[:2] - truth) <= 1e-8 * scale


def test_many_starts_are_the_single_ones(rotation):
    starts = np.random.default_rng(1).normal(size=(11, 2))
    paths = integrate(rotation, starts, 3.0, times=7)
    assert isinstance(paths, tuple)
    assert len(paths) == 11
    for start, path in zip(starts, paths, strict=True):
        alone = integrate(rotation, start, 3.0, times=7)
        assert (path.points[0] == start).all()
        assert path.points == pytest.approx(alone.points, abs=1e-12)
    assert integrate(rotation, np.empty((0, 2)), 3.0) == ()


def test_times_that_are_asked_for(rotation):
    given_times = np.array([0.0, 0.5, 2.0])
    path = integrate(rotation, [1.0, 0.0], 3.0, times=given_times)
    assert (path.times == given_times).all()
    assert abs(path.points - circle(given_times)).max() < 1e-10
    assert (integrate(rotation, [1.0, 0.0], -3.0, times=4).times == [0, -1, -2, -3]).all()


def test_leaving_a_box_is_located(rotation):
    path = integrate(rotation, [1.0, 0.0], TURN, box={"x": (-0.5, 2.0)})
    assert path.outcome is Outcome.LEFT
    assert abs(path.times[-1] - TURN / 3) < 1e-9
    assert abs(path.end - [-0.5, np.sqrt(0.75)]).max() < 1e-9
    # the times asked for, as far as the path goes, then its end
    path = integrate(rotation, [1.0, 0.0], TURN, box={"x": (-0.5, 2.0)}, times=[0.0, 1.0, 2.0, 3.0])
    assert path.times == pytest.approx([0, 1, 2, TURN / 3])


def test_a_corner_that_is_cut_within_a_step_is_seen(rotation):
    # loose tolerances make steps of almost a radian; the path is outside for 0.28 of one
    path = integrate(rotation, [1.0, 0.0], TURN, box={"y": (-2, 0.99)}, rtol=1e-4, atol=1e-4)
    assert path.outcome is Outcome.LEFT
    assert path.times[-1] == pytest.approx(np.arcsin(0.99), abs=1e-2)


def test_a_start_outside_the_box_has_left_it(rotation):
    path = integrate(rotation, [3.0, 0.0], 1.0, box={"x": (-2, 2)})
    assert path.outcome is Outcome.LEFT
    assert len(path) == 1


def test_stopping_at_a_surface(rotation):
    # a start on the surface does not count: the half turn is the first crossing
    path = integrate(rotation, [1.0, 0.0], 10.0, until=lambda z: z[1])
    assert path.outcome is Outcome.STOPPED
    assert path.times[-1] == pytest.approx(np.pi, abs=1e-9)
    assert abs(path.end[1]) < 1e-12
    # nor does one that is on it but for rounding
    path = integrate(rotation, [1.0, -1e-17], 10.0, until=lambda z: z[1])
    assert path.times[-1] == pytest.approx(np.pi, abs=1e-9)
    path = integrate(rotation, [1.0, -0.1], 10.0, until=lambda z: z[1])
    assert path.times[-1] == pytest.approx(np.arctan(0.1), abs=1e-9)


def test_a_blow_up_ends_before_it_happens():
    flow = Flow(lambda x: x**2, dimension=1)  # x = 1/(1/x₀ − t)
    for path in integrate(flow, [[1.0], [4.0]], 2.0):
        assert path.outcome is Outcome.BLEW_UP
        assert np.isfinite(path.points).all()
        end = 1 / path.points[0, 0]
        assert path.times[-1] < end
        assert end - path.times[-1] < 1e-7
        assert path.end[0] <= 1e9
        early = path.times < 0.9 * end
        assert path.points[early, 0] == pytest.approx(1 / (end - path.times[early]), rel=1e-8)


def test_a_logarithmic_blow_up_is_one_too():
    path = integrate(
        Flow(jnp.exp, dimension=1), [0.0], 2.0
    )  # x = −log(1 − t) is only 37 at the last float
    assert path.outcome is Outcome.BLEW_UP
    assert path.times[-1] <= 1


def test_a_field_of_huge_numbers_gives_no_warnings():
    path = integrate(Flow(lambda x: x**25, dimension=1), [2.0], 1.0)
    assert path.outcome is Outcome.BLEW_UP
    assert np.isfinite(path.points).all()


def test_the_edge_of_a_domain_gives_up():
    path = integrate(Flow(lambda x: -1 - jnp.sqrt(x), dimension=1), [1.0], 5.0)
    assert path.outcome is Outcome.GAVE_UP
    assert np.isfinite(path.points).all()
    assert path.times[-1] == pytest.approx(2 - 2 * np.log(2), abs=1e-6)  # √x + … solved by hand
    nowhere = integrate(Flow(jnp.sqrt, dimension=1), [-1.0], 5.0)
    assert nowhere.outcome is Outcome.BLEW_UP
    assert len(nowhere) == 1


def test_coming_to_rest():
    focus = Flow(lambda z: jnp.stack([-z[0] - z[1], z[0] - z[1]]), dimension=2)
    path = integrate(focus, [1.0, 0.0], 1000.0)
    assert path.outcome is Outcome.RESTED
    # |v| = √2 e^{−t} and the start is 1 away, or a little more on the way: the mean speed is 1/t
    early, end = path.times[path.times < path.times[-1] - 4], path.times[-1]
    assert np.sqrt(2) * np.exp(-end) * end <= 1.1e-9
    assert (np.sqrt(2) * np.exp(-early) * early > 1e-9)[1:].all()  # steps are about 2 long there
    assert integrate(focus, [1.0, 0.0], 1000.0, rest=None).outcome is Outcome.FINISHED
    still = integrate(focus, [0.0, 0.0], 1.0, times=5)
    assert still.outcome is Outcome.RESTED
    assert (still.points == 0).all()


def test_slow_motion_is_no_rest():
    saddle = Flow(lambda z: jnp.stack([z[0], -z[1]]), dimension=2)
    path = integrate(saddle, [1e-9, 1.0], 30.0)  # passes the saddle at 1e-9, and leaves it
    assert path.outcome is Outcome.FINISHED
    assert path.end[0] == pytest.approx(1e-9 * np.exp(30), rel=1e-7)


def test_steps_run_out(rotation):
    path = integrate(rotation, [1.0, 0.0], 1000.0, max_steps=50)
    assert path.outcome is Outcome.GAVE_UP
    assert path.settings["steps"] == 50
    assert 0 < path.times[-1] < 1000
    assert abs(path.points - circle(path.times)).max() < 1e-8


def test_the_nonsaturating_dirac_gan_creeps():
    theta, psi = sympy.symbols("theta psi", real=True)
    flow = SymbolicFlow(
        {
            theta: psi / (1 + sympy.exp(theta * psi)),
            psi: -theta / (1 + sympy.exp(-theta * psi)),
        }
    )
    path = integrate(flow, [1.0, 0.0], 4000.0, times=[3999.0, 4000.0])
    radius = np.hypot(*path.end)
    assert radius == pytest.approx(0.0447, abs=2e-4)  # √(8/4000), and corrections of order log t/t
    assert path.variables == ("theta", "psi")


def test_lorenz_stays_finite():
    def field(z):
        return jnp.stack(
            [10 * (z[1] - z[0]), z[0] * (28 - z[2]) - z[1], z[0] * z[1] - 8 / 3 * z[2]]
        )

    path = integrate(Flow(field, dimension=3), [1.0, 1.0, 1.0], 50.0)
    assert path.outcome is Outcome.FINISHED
    assert abs(path.points).max() < 60
    # the two wings are at y = ±√72: both are visited
    assert path.points[:, 0].min() < -8 < 8 < path.points[:, 0].max()


def test_stiff_van_der_pol():
    mu = 1000.0

    def field(z):
        return jnp.stack([z[1], mu * (1 - z[0] ** 2) * z[1] - z[0]])

    flow = Flow(field, dimension=2)
    path = integrate(flow, [2.0, 0.0], 1000.0, times=[500.0, 1000.0], rtol=1e-6, atol=1e-8)
    assert path.outcome is Outcome.FINISHED
    assert path.settings["then"] == "Kvaerno5"
    assert path.settings["steps"] < 10_000
    # on the slow branch μ(log x − x²/2) = t + const, but for corrections of order log μ/μ²
    x = path.points[0, 0]
    assert mu * (np.log(x) - x**2 / 2 - np.log(2) + 2) == pytest.approx(500.0, abs=0.05)
    assert path.end[0] < -1  # jumped at t ≈ 807
    again = integrate(flow, [2.0, 0.0], 1000.0, times=[500.0, 1000.0], solver="stiff", rtol=1e-6)
    assert again.settings["solver"] == "Kvaerno5"
    assert path.points == pytest.approx(again.points, abs=1e-3)
    given_up = integrate(flow, [2.0, 0.0], 1000.0, solver="explicit", rtol=1e-6, max_steps=3000)
    assert given_up.outcome is Outcome.GAVE_UP


def test_a_second_call_compiles_nothing(rotation, caplog):
    x, y = sympy.symbols("x y")
    flows = (rotation, SymbolicFlow({x: -y, y: x}))
    for flow in flows:
        integrate(flow, [1.0, 0.0], 1.0)
    caplog.set_level(logging.DEBUG, logger="jax")
    for flow in flows:
        integrate(flow, np.ones((3, 2)), -2.0, rtol=1e-8, box={"x": (-3, 3)}, times=5, rest=None)
    assert "ompiling" not in caplog.text
    integrate(Flow(lambda x: -x, dimension=1), [1.0], 1.0)
    assert "ompiling" in caplog.text  # the log would have told


def test_no_global_setting_changes(rotation):
    before = jax.config.jax_enable_x64
    path = integrate(rotation, [1.0, 0.0], 1.0)
    assert path.points.dtype == np.float64
    assert jax.config.jax_enable_x64 == before


def test_the_method_knows_the_start(rotation):
    assert abs(rotation.trajectory(t=np.pi).end - [-1, 0]).max() < 1e-9
    assert abs(rotation.trajectory({"y": 1, "x": 0}, t=np.pi).end - [0, -1]).max() < 1e-9
    x, y = sympy.symbols("x y")
    flow = SymbolicFlow({x: -y, y: x}, start={x: 1, y: 0})
    assert abs(flow.trajectory(t=np.pi).end - [-1, 0]).max() < 1e-9
    assert abs(flow.trajectory({x: 0, y: 1}, t=np.pi).end - [0, -1]).max() < 1e-9
    with pytest.raises(InputError, match="no start of its own"):
        SymbolicFlow({x: -y, y: x}).trajectory(t=1.0)
    with pytest.raises(InputError, match="says nothing of y"):
        flow.trajectory({"x": 1}, t=1.0)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"t": 0}, "is not zero"),
        ({"t": np.inf}, "finite"),
        ({"t": "long"}, "real number"),
        ({"x0": [np.nan, 0.0]}, "not finite"),
        ({"x0": [1.0, 2.0, 3.0]}, "shape"),
        ({"x0": [1j, 0.0]}, "real numbers"),
        ({"box": {"z": (0, 1)}}, "no variable"),
        ({"times": [0.0, 2.0]}, "between 0 and t"),
        ({"times": [0.5, 0.2]}, "strictly"),
        ({"times": 1}, "whole number"),
        ({"times": [1j]}, "real numbers"),
        ({"solver": "euler"}, "one of auto"),
        ({"rtol": 0}, "rtol"),
        ({"rest": -1.0}, "rest"),
        ({"until": lambda z: z}, "one real number"),
        ({"until": 3}, "function of a point"),
        ({"max_steps": 0}, "max_steps"),
    ],
)
def test_bad_input_is_one_sentence(rotation, changes, sentence):
    arguments = {"x0": [1.0, 0.0], "t": 1.0, **changes}
    with pytest.raises(InputError, match=sentence) as caught:
        integrate(rotation, arguments.pop("x0"), arguments.pop("t"), **arguments)
    assert "\n" not in str(caught.value)


def test_what_is_no_flow():
    with pytest.raises(InputError, match="follows a Flow"):
        integrate(lambda x: x, [1.0], 1.0)  # pyright: ignore[reportArgumentType]
