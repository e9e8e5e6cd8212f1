"""Orbits of maps against closed forms, and how they end."""

import logging

import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as some

from stability import InputError
from stability.dynamics import Map, SymbolicMap
from stability.dynamics.simulate import simulate
from stability.dynamics.trajectory import Outcome

H = 0.1


@pytest.fixture(scope="module")
def simultaneous():
    """Simultaneous gradient steps on xy."""
    return Map(lambda z: z + H * jnp.stack([-z[1], z[0]]), variables=["x", "y"], start=[1.0, 0.0])


@pytest.fixture(scope="module")
def logistic():
    r, x = sympy.symbols("r x")
    return SymbolicMap({x: r * x * (1 - x)}, parameters={r: 3.2}, start={x: 0.3})


def test_simultaneous_steps_spiral_out(simultaneous):
    path = simulate(simultaneous, [1.0, 0.0], 500)
    assert (path.times == np.arange(501)).all()
    radii = (1 + H**2) ** (path.times / 2)
    assert np.hypot(*path.points.T) == pytest.approx(radii, rel=1e-10)
    assert path.outcome is Outcome.FINISHED
    with pytest.raises(InputError, match="no points between"):
        path(0.5)


@settings(deadline=None)  # the first example compiles
@given(some.integers(1, 60), some.integers(1, 25))
def test_thinning_keeps_points_and_the_last(steps, every):
    path = simulate(_SHIFT, [0.0], steps, every=every)
    expected = sorted({*range(0, steps + 1, every), steps})
    assert path.times.tolist() == expected
    assert path.points[:, 0].tolist() == expected
    assert path.settings == {"steps": steps, "every": every}


_SHIFT = Map(lambda x: x + 1.0, dimension=1)


def test_long_orbits_go_through_several_buffers():
    path = simulate(_SHIFT, [0.0], 5000)
    assert (path.points[:, 0] == np.arange(5001)).all()
    path = simulate(_SHIFT, [0.0], 1_000_000, every=100_000)
    assert len(path) == 11
    assert path.end[0] == 1e6


def test_thinning_does_not_prolong_what_has_ended():
    # 10¹¹ idle steps would take hours
    path = simulate(Map(lambda x: 2 * x, dimension=1), [1.0], 10**12, every=10**11)
    assert path.outcome is Outcome.BLEW_UP
    assert path.times.tolist() == [0, 29]


def test_many_starts_are_the_single_ones(simultaneous):
    starts = np.random.default_rng(0).normal(size=(19, 2))
    for start, path in zip(starts, simulate(simultaneous, starts, 50), strict=True):
        assert (path.points == simulate(simultaneous, start, 50).points).all()


def test_a_blow_up_is_cut_before_it(logistic):
    path = simulate(logistic, [1.5], 10_000)
    assert path.outcome is Outcome.BLEW_UP
    assert np.isfinite(path.points).all()
    assert abs(path.end[0]) <= 1e9
    nothing = simulate(Map(jnp.log, dimension=1), [0.5], 10)  # log 0.5 < 0, and then NaN
    assert nothing.outcome is Outcome.BLEW_UP
    assert nothing.points[:, 0] == pytest.approx([0.5, np.log(0.5)])


def test_memory_that_is_not_finite_ends_the_orbit():
    # the second number is memory: it overflows while the point stays
    step = Map(lambda s: jnp.stack([0.5 * s[0], s[1] * 1e200]), dimension=2)
    path = simulate(step, [1.0, 1.0], 10, dimension=1)
    assert path.outcome is Outcome.BLEW_UP
    assert path.points[:, 0].tolist() == [1.0, 0.5]
    assert path.variables == ("x0",)
    assert path.states.shape == (2, 2)
    assert np.isfinite(path.states).all()


def test_leaving_a_box(simultaneous):
    path = simulate(simultaneous, [1.0, 0.0], 10_000, box={"x": (-2, 2)}, every=7)
    assert path.outcome is Outcome.LEFT
    assert abs(path.end[0]) > 2
    assert (abs(path.points[:-1, 0]) <= 2).all()
    # the very step: the orbit is rᵗ cos(tφ)
    t = np.arange(1000)
    exact = (1 + H**2) ** (t / 2) * np.cos(t * np.arctan(H))
    assert path.times[-1] == np.flatnonzero(abs(exact) > 2)[0]
    outside = simulate(simultaneous, [3.0, 0.0], 10, box={"x": (-2, 2)})
    assert outside.outcome is Outcome.LEFT
    assert len(outside) == 1


def test_stopping_where_a_sign_changes(simultaneous):
    path = simulate(simultaneous, [1.0, 0.0], 10_000, until=lambda z: z[1])
    assert path.outcome is Outcome.STOPPED
    assert path.times[-1] == np.ceil(np.pi / np.arctan(H))
    assert path.end[1] < 0


def test_coming_to_rest():
    shrink = Map(lambda x: 0.5 * x, dimension=1)
    path = simulate(shrink, [1.0], 1000, rest=1e-6)
    assert path.outcome is Outcome.RESTED
    t = path.times[-1]
    assert 0.5**t * t <= 1e-6 < 0.5 ** (t - 1) * (t - 1)
    assert simulate(shrink, [1.0], 50).outcome is Outcome.FINISHED
    assert simulate(shrink, [0.0], 50, rest=1e-6).outcome is Outcome.RESTED


def test_the_method_knows_the_start(simultaneous, logistic):
    assert (simultaneous.trajectory(steps=3).points[0] == [1, 0]).all()
    assert (simultaneous.trajectory({"y": 2, "x": 1}, steps=3).points[0] == [1, 2]).all()
    period_two = np.sort(logistic.trajectory(steps=2000).points[-2:, 0])
    r = 3.2
    exact = (r + 1 + np.array([-1, 1]) * np.sqrt((r - 3) * (r + 1))) / (2 * r)
    assert period_two == pytest.approx(exact, abs=1e-12)
    with pytest.raises(InputError, match="no start of its own"):
        _SHIFT.trajectory(steps=3)


def test_a_second_call_compiles_nothing(logistic, caplog):
    simulate(logistic, [0.3], 10)
    caplog.set_level(logging.DEBUG, logger="jax")
    simulate(logistic, [[0.3], [0.4]], 5000, every=3, box={"x": (0, 2)}, rest=1e-9)
    assert "ompiling" not in caplog.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": 0}, "number of steps"),
        ({"steps": -3}, "number of steps"),
        ({"steps": 1.5}, "whole number"),
        ({"every": 0}, "every"),
        ({"x0": [np.nan, 0.0]}, "not finite"),
        ({"x0": [1.0]}, "shape"),
        ({"x0": [1j, 0]}, "real numbers"),
        ({"box": {"z": (0, 1)}}, "no variable"),
        ({"dimension": 3}, "dimension"),
        ({"blow_up": 0}, "blow_up"),
        ({"rest": -1.0}, "rest"),
        ({"until": lambda z: z}, "one real number"),
    ],
)
def test_bad_input_is_one_sentence(simultaneous, changes, sentence):
    arguments = {"x0": [1.0, 0.0], "steps": 10, **changes}
    with pytest.raises(InputError, match=sentence) as caught:
        simulate(simultaneous, arguments.pop("x0"), arguments.pop("steps"), **arguments)
    assert "\n" not in str(caught.value)


def test_what_is_no_map():
    with pytest.raises(InputError, match="follows a Map"):
        simulate(lambda x: x, [1.0], 1)  # pyright: ignore[reportArgumentType]
