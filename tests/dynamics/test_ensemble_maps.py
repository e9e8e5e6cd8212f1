"""Maps iterated from many starts."""

from __future__ import annotations

from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest

from stability import Alternating, InputError, InputTypeError, Map, Simultaneous, load
from stability.dynamics import ensemble_maps
from stability.dynamics.ensemble_maps import iterate
from stability.dynamics.trajectory import Outcome
from stability.fields import Gradient
from tests.selection import slow_rows


def rng():
    """The same numbers for a test, whichever tests ran before it."""
    return np.random.default_rng(0)


ROTATION = 0.99 * np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])


# a map keeps what was compiled for it
@cache
def rotation():
    return Map(lambda x: ROTATION @ x, dimension=2)


@cache
def doubling():
    return Map(lambda x: 2 * x, dimension=2)


@cache
def henon():
    return load("henon").numeric()


def by_hand(x, steps):
    """Hénon's map at a = 1.4, b = 0.3, as in the catalogue; overflows quietly."""
    with np.errstate(all="ignore"):
        for _ in range(steps):
            x = np.stack([1 - 1.4 * x[:, 0] ** 2 + x[:, 1], 0.3 * x[:, 0]], axis=1)
    return x


@pytest.mark.parametrize("n", [1, 7, 700])
@pytest.mark.parametrize("steps", [0, 1, 63, 64, 65, 200])
def test_a_linear_map_has_a_closed_form(n, steps):
    starts = rng().normal(size=(n, 2))
    ends = iterate(rotation(), starts, steps)
    power = np.linalg.matrix_power(ROTATION, steps)
    # rounding grows no faster than the steps, as no eigenvalue is larger than one
    np.testing.assert_allclose(ends.points, starts @ power.T, rtol=0, atol=1e-15 * (1 + 10 * steps))
    assert (ends.times == steps).all()
    assert ends.ended(Outcome.FINISHED).all()
    assert len(ends) == n


def test_a_chaotic_map_step_by_step():
    starts = rng().uniform(-0.1, 0.1, (1000, 2))
    # rounding grows by 1.52 a step (the largest exponent is 0.42): 1e-16 becomes 1e-11 in 25 steps
    np.testing.assert_allclose(iterate(henon(), starts, 25).points, by_hand(starts, 25), atol=1e-10)


def test_paths_that_blow_up_end_at_their_first_point_outside():
    starts = np.array([[1.0, 0.0], [3.0, 1.0], [0.0, 0.0], [1e-3, 0.0], [2e9, 0.0]])
    ends = iterate(doubling(), starts, 200)
    times = np.array([30, 29, 200, 40, 0])  # the first power of two that takes them beyond 1e9
    np.testing.assert_array_equal(ends.times, times)
    np.testing.assert_array_equal(
        ends.points, starts * 2.0 ** np.where(starts[:, :1], times[:, None], 0)
    )
    np.testing.assert_array_equal(ends.ended(Outcome.BLEW_UP), [True, True, False, True, True])


def test_a_radius_beyond_which_a_rule_blows_up():
    # simultaneous steps on the loss x⁴/4: x ← x − h x³ shrinks below |x| = sqrt(2/h), else grows
    flow = Gradient().flow(load("letcher"))
    assert flow.dimension == 2
    h = 0.5
    map = Map(lambda x: x - h * x**3, dimension=1)
    starts = np.linspace(-4, 4, 1001)[:, None]
    ends = iterate(map, starts, 500)
    inside = np.abs(starts[:, 0]) < np.sqrt(2 / h)
    on_it = np.isclose(np.abs(starts[:, 0]), np.sqrt(2 / h))
    np.testing.assert_array_equal(ends.ended(Outcome.BLEW_UP)[~on_it], ~inside[~on_it])
    assert (np.abs(ends.points[inside & ~on_it]) < 0.1).all()


def test_what_is_infinite_at_once_keeps_the_last_finite_point():
    map = Map(lambda x: jnp.exp(x**2), dimension=1)
    ends = iterate(map, [[2.0], [30.0]], 10)
    # 2 → e⁴ → infinity; 30 → infinity
    np.testing.assert_allclose(ends.points, [[np.exp(4.0)], [30.0]], rtol=1e-15)
    np.testing.assert_array_equal(ends.times, [1, 0])
    assert ends.ended(Outcome.BLEW_UP).all()


def test_no_number_ends_a_path_and_no_other():
    map = Map(lambda x: jnp.sqrt(x - 0.5), dimension=1)
    starts = np.linspace(-1, 3, 41)[:, None]
    ends = iterate(map, starts, 100)
    # x ← sqrt(x − 1/2) has no fixed point and leads below 1/2, where it is no number
    assert ends.ended(Outcome.BLEW_UP).all()
    assert np.isfinite(ends.points).all()
    assert (ends.points < 0.5).all()
    np.testing.assert_array_equal(ends.times[starts[:, 0] < 0.5], 0)


def test_a_box_is_looked_at_in_every_step():
    map = Map(lambda x: -x, dimension=1, variables=["x"])
    ends = iterate(map, [[0.5], [1.5], [-1.5], [2.5]], 100, box={"x": (-1, 2)})
    np.testing.assert_array_equal(ends.times, [100, 1, 0, 0])
    np.testing.assert_array_equal(ends.points, [[0.5], [-1.5], [-1.5], [2.5]])
    np.testing.assert_array_equal(ends.ended(Outcome.LEFT), [False, True, True, True])


def test_leaving_a_box_and_blowing_up_are_told_apart():
    ends = iterate(doubling(), [[1.0, 0], [1e9, 0]], 10, box={"x0": (-100, 100)}, blow_up=1e5)
    assert list(ends.ended(Outcome.LEFT)) == [True, False]
    assert list(ends.ended(Outcome.BLEW_UP)) == [False, True]
    assert ends.times[0] == 7


def test_rest():
    map = Map(lambda x: 0.5 * x, dimension=1)
    ends = iterate(map, [[1.0], [1e-30]], 10_000, rest=1e-12)
    assert ends.ended(Outcome.RESTED).all()
    # 2⁻⁴⁰ is the first power below 1e-12: seen at the next multiple of 64
    np.testing.assert_array_equal(ends.times, [64, 64])
    assert iterate(map, [[1.0]], 100).ended(Outcome.FINISHED).all()


def test_an_orbit_of_period_two_does_not_rest():
    ends = iterate(Map(lambda x: -x, dimension=1), [[1.0]], 128, rest=1e-3)
    assert ends.ended(Outcome.FINISHED).all()


@pytest.mark.parametrize("box", [None, {"x": (-1.4, 2)}])
@pytest.mark.parametrize(
    ("wide", "narrow", "together"),
    slow_rows([(64, 64, 8), (100, 100, 3), (7, 7, 1)], (100, 100, 3).__eq__),
)
def test_the_division_into_chunks_changes_no_bit(monkeypatch, wide, narrow, together, box):
    starts = rng().uniform(-2, 2, (1500, 2))
    options = {"box": box, "rest": 1e-9}
    expected = iterate(henon(), starts, 300, **options)
    monkeypatch.setattr(ensemble_maps, "_WIDE", wide)
    monkeypatch.setattr(ensemble_maps, "_NARROW", narrow)
    monkeypatch.setattr(ensemble_maps, "_TOGETHER", together)
    found = iterate(henon(), starts, 300, **options)
    for name in ("points", "times", "outcomes"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert len(np.unique(expected.outcomes)) == 2


def test_a_start_alone_ends_where_it_ends_among_others():
    starts = rng().uniform(-2, 2, (600, 2))
    together = iterate(henon(), starts, 200)
    for i in range(0, 600, 97):
        alone = iterate(henon(), starts[i], 200)
        np.testing.assert_array_equal(alone.points[0], together.points[i])
        assert alone.times[0] == together.times[i]


def test_long_iterations_are_cut_into_calls(monkeypatch):
    starts = rng().uniform(-0.1, 0.1, (5, 2))
    expected = iterate(henon(), starts, 700)
    monkeypatch.setattr(ensemble_maps, "_CALL", 128)
    np.testing.assert_array_equal(iterate(henon(), starts, 700).points, expected.points)


def test_the_symbolic_map_and_the_one_of_the_losses_agree():
    game = load("dirac-gan-r1")
    starts = rng().uniform(-2, 2, (600, 2))
    rule = Alternating(lr=0.2)
    symbolic = iterate(rule.map(Gradient().flow(game)), starts, 100)
    numeric = iterate(rule.map(Gradient().flow(game.numeric())), starts, 100)
    np.testing.assert_allclose(symbolic.points, numeric.points, rtol=0, atol=1e-13)


def test_more_variables_than_are_taken_apart():
    matrix = 0.9 * np.linalg.qr(rng().normal(size=(20, 20)))[0]
    starts = rng().normal(size=(30, 20))
    ends = iterate(Map(lambda x: matrix @ x, dimension=20), starts, 70, box={"x3": (-9, 9)})
    power = np.linalg.matrix_power(matrix, 70)
    np.testing.assert_allclose(ends.points, starts @ power.T, rtol=0, atol=1e-13)
    assert ends.ended(Outcome.FINISHED).all()


def test_progress_grows_to_one():
    told = []
    iterate(doubling(), np.zeros((2000, 2)), 10, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_no_starts_at_all():
    assert len(iterate(doubling(), np.empty((0, 2)), 10)) == 0


def test_one_compilation_for_all_numbers_of_steps(monkeypatch):
    traced = []

    def function(x):
        traced.append(1)
        return x

    map = Map(function, dimension=1, check=False)
    iterate(map, [[1.0]], 10)
    first = len(traced)
    for steps in (3, 64, 500):
        iterate(map, np.ones((20, 1)), steps, blow_up=10.0 + steps)
    assert len(traced) == first


def test_the_starts_are_left_alone():
    starts = np.ones((3, 2))
    iterate(doubling(), starts, 5)
    np.testing.assert_array_equal(starts, 1)


@pytest.mark.parametrize(
    ("error", "starts", "steps", "options"),
    [
        (InputError, [[1.0]], 5, {}),
        (InputTypeError, [["a", "b"]], 5, {}),
        (InputError, [[np.nan, 0.0]], 5, {}),
        (InputError, [[0.0, 0.0]], -1, {}),
        (InputTypeError, [[0.0, 0.0]], 1.5, {}),
        (InputError, [[0.0, 0.0]], 5, {"blow_up": 0}),
        (InputError, [[0.0, 0.0]], 5, {"rest": -1}),
        (InputError, [[0.0, 0.0]], 5, {"box": {"nobody": (0, 1)}}),
    ],
)
def test_bad_input(error, starts, steps, options):
    with pytest.raises(error):
        iterate(doubling(), starts, steps, **options)


def test_simultaneous_steps_on_letchers_game_end_on_a_cycle():
    map = Simultaneous(lr=0.05).map(Gradient().flow(load("letcher")))
    ends = iterate(map, rng().uniform(-1, 1, (500, 2)), 2000)
    radius = np.linalg.norm(ends.points, axis=1)
    # Letcher (2021) for infinitesimal steps: between 1.071 and 1.252; a step of 0.05 pushes it outwards
    assert (radius > 1.0).all()
    assert (radius < 1.35).all()
