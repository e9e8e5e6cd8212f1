"""Paths in sets, against closed forms: arrival at a limit in finite time, sliding along it, letting go."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import brentq

import stability as st
from stability import Flow
from stability.dynamics import Partition
from stability.dynamics.ensemble_flows import flow_ends
from stability.dynamics.trajectory import Outcome
from stability.games.sets import resolved


def flow_in(field, one, d):
    partition = Partition(("flow",), (d,))
    sets = resolved({"flow": one}, partition, [[("", (d,))]], lambda: [f"x{k}" for k in range(d)])
    return Flow(lambda x: jnp.stack(field(*x)), dimension=d, check=False).within(sets)


def cournot(start):
    """ξ of two firms with p = 10 − Q and costs 0 and 8: free until q2 = 0, then q1 → 5 like e^(−2t)."""
    A, b = np.array([[-2.0, -1.0], [-1.0, -2.0]]), np.array([10.0, 2.0])
    centre = np.linalg.solve(A, -b)

    def free(t):
        return centre + expm(A * t) @ (start - centre)

    met = brentq(lambda t: free(t)[1], 0.01, 2)
    q1 = free(met)[0]

    def path(t):
        return free(t) if t < met else np.array([5 + (q1 - 5) * np.exp(-2 * (t - met)), 0.0])

    return path


def turning(start):
    """ẋ = −y, ẏ = x from (1, ½): round until y = 1, along it to (0, 1), round the unit disc."""
    phase, r = np.arctan2(0.5, 1.0), np.sqrt(1.25)
    met = np.arcsin(1 / r) - phase

    def path(t):
        if t < met:
            return r * np.array([np.cos(phase + t), np.sin(phase + t)])
        if t < met + 0.5:
            return np.array([0.5 - (t - met), 1.0])
        return np.array([-np.sin(t - met - 0.5), np.cos(t - met - 0.5)])

    return path


def on_disc(start):
    """ẋ = x/2 − y, ẏ = x + y/2: out like e^(t/2), turning by t, and on the circle of radius 2 turning on."""

    def path(t):
        size = min(np.exp(t / 2), 2.0)
        return size * np.array([np.cos(t), np.sin(t)])

    return path


def to_a_vertex(start):
    """Rates 1, 0, −1 from (0.2, 0.3, 0.5): the third is gone at 0.5, the second, then at rate −½, at 1.1."""

    def path(t):
        if t < 0.5:
            return np.array([0.2 + t, 0.3, 0.5 - t])
        later = min(t - 0.5, 0.6)
        return np.array([0.7 + later / 2, 0.3 - later / 2, 0.0])

    return path


KNOWN = {
    "cournot": (
        flow_in(lambda p, q: (10 - 2 * p - q, 2 - p - 2 * q), st.Bounds(0), 2),
        np.array([0.5, 1.0]),
        cournot,
    ),
    "turning": (flow_in(lambda x, y: (-y, x), st.Bounds(-1, 1), 2), np.array([1.0, 0.5]), turning),
    "disc": (
        flow_in(lambda x, y: (x / 2 - y, x + y / 2), st.Ball(2.0), 2),
        np.array([1.0, 0.0]),
        on_disc,
    ),
    "simplex": (
        flow_in(lambda a, b, c: (1 + 0 * a, 0 * b, -1 + 0 * c), st.Simplex(), 3),
        np.array([0.2, 0.3, 0.5]),
        to_a_vertex,
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_paths_are_those_of_the_projected_flow(name):
    flow, start, closed = KNOWN[name]
    path = closed(start)
    times = np.linspace(0, 4, 33)
    found = flow.trajectory(start, t=4.0, times=times, rest=None)
    assert found.outcome is Outcome.FINISHED
    assert max(flow.kept_in.outside(x) for x in found.points) < 1e-15
    np.testing.assert_allclose(found.points, [path(t) for t in times], rtol=0, atol=1e-9)
    assert found.settings["steps"] < 150
    again = flow.trajectory(start, t=4.0, times=times, rest=None)
    np.testing.assert_array_equal(again.points, found.points)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["turning", "disc"])
def test_ends_of_many_starts_are_those_of_their_paths(name):
    flow, start, closed = KNOWN[name]
    others = np.random.default_rng(0).uniform(-0.7, 0.7, (30, 2))
    ends = flow_ends(flow, np.vstack([start, others]), 4.0)
    np.testing.assert_allclose(ends.points[0], closed(start)(4.0), rtol=0, atol=1e-5)
    assert max(flow.kept_in.outside(x) for x in ends.points) < 1e-12
    assert ends.ended(Outcome.FINISHED).all()


def test_paths_come_to_rest_on_a_face():
    flow, start, _ = KNOWN["cournot"]
    found = flow.trajectory(start, t=100.0)
    assert found.outcome is Outcome.RESTED
    np.testing.assert_allclose(found.points[-1], [5, 0], atol=1e-7)
    assert found.points[-1][1] == 0.0


def test_backwards_a_path_ends_at_the_limit_that_it_came_from():
    flow, _, _ = KNOWN["turning"]
    found = flow.trajectory([0.6, -0.9], t=-4.0, rest=None)  # from (√0.17, −1), round the centre
    assert found.outcome is Outcome.LEFT
    np.testing.assert_allclose(found.points[-1], [np.sqrt(0.17), -1.0], atol=1e-9)


@dataclass(frozen=True)
class Inwards(st.Field):
    """−x, and nothing else."""

    name = "inwards"
    keeps_sets = True

    def __call__(self, game, x):
        return -x


def test_fields_that_keep_to_the_sets_are_not_projected():
    game = st.Game(
        {"one": lambda x: jnp.sum(x)}, start={"one": jnp.ones(2)}, sets={"one": st.Bounds(0)}
    )
    assert st.Gradient().flow(game).kept_in is game.sets
    kept = Inwards().flow(game)
    assert kept.sets is game.sets
    assert kept.kept_in is None
