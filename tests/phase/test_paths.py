"""Paths of algorithms, and how far they are from flows."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import sympy

import stability as st
from stability import InputError
from stability.dynamics.trajectory import Outcome
from stability.phase.paths import compare_paths, duration, losses, rule_path
from stability.rules import (
    RK4,
    Alternating,
    BestResponse,
    Extragradient,
    HeavyBall,
    Lookahead,
    Nesterov,
    Optax,
    Optimistic,
    Simultaneous,
)
from tests.selection import slow_but

x, y = sympy.symbols("x y")


@pytest.fixture(scope="module")
def xy():
    return st.SymbolicGame({"x": ([x], x * y), "y": ([y], -x * y)}, start={x: 1, y: 0.5})


@pytest.fixture(scope="module")
def focus():
    """x' = −x − y, y' = x − y, as the flow of a game."""
    return st.SymbolicGame(
        {"x": ([x], x**2 / 2 + x * y), "y": ([y], y**2 / 2 - x * y)}, start={x: 1, y: 0.5}
    )


def test_simultaneous_radius(xy):
    path, half = rule_path(Simultaneous(0.1), xy, [1.0, 0.0], 300)
    assert np.hypot(*path.points.T) == pytest.approx(1.01 ** (path.times / 2), rel=1e-10)
    assert half is None
    assert path.variables == ("x", "y")


def test_nonsaturating_steps_end_on_a_cycle():
    h = 0.2
    game = st.games.dirac_gan_nonsaturating()
    for start in ([0.1, 0.0], [1.0, 0.0]):
        path, _ = rule_path(Simultaneous(h), game, start, 20_000, every=1)
        radii = np.hypot(*path.points[-2000:].T)
        # √(2h) = .6325 is the leading term; .6318 was computed
        assert radii.mean() == pytest.approx(0.6318, abs=2e-3)


def test_moves_in_turn_are_points_of_their_own(xy):
    h = 0.1
    path, half = rule_path(Alternating(h), xy, [1.0, 0.5], 10)
    assert half is not None
    assert (half.times == np.arange(21) / 2).all()
    assert (half.points[::2] == path.points).all()
    moves = np.diff(half.points, axis=0)
    assert (moves[::2, 1] == 0).all()
    assert (moves[1::2, 0] == 0).all()
    assert moves[::2, 0] == pytest.approx(-h * half.points[:-1:2, 1])
    assert moves[1::2, 1] == pytest.approx(h * half.points[1::2, 0])


@pytest.mark.parametrize(
    "rule",
    [
        Alternating(0.1, steps={"x": 3, "y": 2}),
        Alternating({"x": 0.1, "y": 0.2}, order=("y", "x")),
        Alternating(0.1, inner=HeavyBall(beta=-0.5)),
        pytest.param(
            Alternating(0.1, inner={"x": HeavyBall(beta=0.3), "y": Extragradient()}),
            marks=pytest.mark.slow,
        ),
        HeavyBall(0.1, beta=-0.5, order="alternating"),
        pytest.param(BestResponse(), marks=pytest.mark.slow),
        BestResponse(order=("y", "x")),
    ],
    ids=str,
)
def test_moves_in_turn_of_every_rule_that_has_them(focus, rule):
    path, half = rule_path(rule, focus, None, 6)
    assert half is not None
    # the path is the rule's own map, iterated by hand
    flow = st.Gradient().flow(focus.numeric())
    with jax.enable_x64(True):
        step = jax.jit(rule.map(flow))
        state = jnp.concatenate(rule.init(flow, jnp.asarray([1.0, 0.5])))
        for point in path.points:
            assert point == pytest.approx(np.asarray(state[:2]), abs=1e-12)
            state = step(state)
    assert half.points[::2] == pytest.approx(path.points, abs=1e-13)
    order = getattr(rule, "order", None)
    first = 1 if order == ("y", "x") else 0
    moves = np.diff(half.points, axis=0)
    assert (moves[::2, 1 - first] == 0).all()
    assert (moves[1::2, first] == 0).all()
    assert abs(moves[0, first]) > 0


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(BestResponse(order="simultaneous"), marks=pytest.mark.slow),
        HeavyBall(),
        Lookahead(inner=Alternating()),
    ],
    ids=str,
)
def test_moves_at_once_have_no_half_steps(focus, rule):
    assert rule_path(rule, focus, None, 3)[1] is None


def test_rules_with_memory_keep_their_states(xy):
    path, _ = rule_path(Optimistic(0.1), xy, None, 5)
    assert path.points.shape == (6, 2)
    assert path.states.shape == (6, 4)
    assert (path.states[:, :2] == path.points).all()
    adam, _ = rule_path(Optax(optax.adam(1.0), lr=0.01), xy, None, 5)
    # Adam's first step is lr in every coordinate, against the gradient
    assert adam.points[1] == pytest.approx([0.99, 0.51], abs=1e-6)


def test_steps_that_blow_up_or_leave(xy):
    path, half = rule_path(Alternating(3.0), xy, None, 1000)
    assert path.outcome is Outcome.BLEW_UP
    assert half is not None
    assert half.outcome is Outcome.BLEW_UP
    assert np.isfinite(half.points).all()
    path, _ = rule_path(Simultaneous(0.1), xy, None, 1000, box={"x": (-2, 2)})
    assert path.outcome is Outcome.LEFT


@pytest.mark.parametrize(
    ("make", "order"),
    [
        pytest.param(Simultaneous, 1, marks=pytest.mark.slow),
        (Alternating, 1),
        (Simultaneous, 2),
    ],
)
def test_the_modified_flow_is_closer_by_an_order(xy, make, order):
    wide, narrow = (compare_paths(xy, make(h), t=2.0, order=order) for h in (0.1, 0.05))
    assert wide.times == pytest.approx(0.1 * np.arange(21))
    for compared in (wide, narrow):
        assert compared.reason is None
        assert compared.modified_distances is not None
        assert compared.modified_distances[-1] < compared.flow_distances[-1] / 5
    # errors of order h and h^(order + 1), or one better where a term vanishes
    halved = narrow.flow_distances.max() / wide.flow_distances.max()
    assert halved == pytest.approx(0.5, rel=0.1)
    halved = narrow.modified_distances.max() / wide.modified_distances.max()
    assert halved < 0.5 ** (order + 1) * 1.15


MAKE = {
    "simultaneous": lambda h: Simultaneous(h),
    "alternating": lambda h: Alternating(h, steps=3),
    "alternating by player": lambda h: Alternating({"x": h, "y": 2 * h}, steps={"x": 2}),
    "heavy ball": lambda h: HeavyBall(h, beta=0.5),
    "heavy ball by player": lambda h: HeavyBall(
        {"x": h, "y": h / 2}, beta=-0.5, order="alternating"
    ),
    "nesterov": lambda h: Nesterov(h, beta=0.3),
    "optimistic": lambda h: Optimistic(h),
    "lookahead": lambda h: Lookahead(h, k=3, alpha=0.5),
    "optax": lambda h: Optax(optax.sgd(1.0, momentum=0.5), lr=h),
    "rk4": lambda h: RK4(h),
}


@pytest.mark.parametrize(
    "name", slow_but(MAKE, ["alternating by player", "heavy ball", "optimistic", "optax"])
)
def test_the_flow_is_the_one_that_small_steps_follow(focus, name):
    # momentum, repeated moves and step sizes by player included: the error is of order h
    wide, narrow = (
        compare_paths(focus, MAKE[name](h), steps=n, order=None).flow_distances.max()
        for h, n in ((0.02, 50), (0.01, 100))
    )
    assert narrow < 0.6 * wide


def test_what_a_rule_with_memory_lacks(xy):
    compared = compare_paths(xy, Optimistic(0.1), steps=5)
    assert compared.modified is None
    assert compared.modified_distances is None
    assert compared.reason is not None
    assert "without memory" in compared.reason


def test_a_comparison_ends_with_the_shortest_path(xy):
    compared = compare_paths(xy, Simultaneous(3.0), steps=100)
    assert compared.steps.outcome is Outcome.BLEW_UP
    assert len(compared.times) == len(compared.flow_distances) <= len(compared.steps)
    assert np.isfinite(compared.flow_distances).all()
    runaway = st.Flow(lambda z: z**2, dimension=1)  # the flow blows up, Euler's steps do so later
    compared = compare_paths(runaway, Simultaneous(0.01), [1.0], steps=105, order=None)
    assert compared.flow.outcome is Outcome.BLEW_UP
    assert compared.times[-1] <= 1


def test_fields_and_flows(xy):
    field = st.Consensus(gamma=0.5)
    compared = compare_paths(xy, Simultaneous(0.05), t=1.0, field=field, order=None)
    flow = field.flow(xy)
    same = compare_paths(flow, Simultaneous(0.05), t=1.0, order=None)
    assert compared.flow.end == pytest.approx(same.flow.end, abs=1e-9)
    plain = compare_paths(xy, Simultaneous(0.05), t=1.0, order=None)
    assert compared.flow.end != pytest.approx(plain.flow.end, abs=0.1)
    with pytest.raises(InputError, match="fields are made of games"):
        compare_paths(flow, Simultaneous(0.05), t=1.0, field=field)


def test_losses_along_a_path(xy):
    points = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]])
    expected = points.prod(axis=1)
    for game in (xy, xy.numeric()):
        assert losses(game, points) == pytest.approx(np.stack([expected, -expected], axis=1))
    with pytest.raises(InputError, match=r"shape \(n, 2\)"):
        losses(xy, [1.0, 2.0])
    with pytest.raises(InputError, match="only a game"):
        losses(st.Flow(lambda z: z, dimension=1), points)  # pyright: ignore[reportArgumentType]


def test_durations():
    assert duration(Simultaneous(0.2)) == 0.2
    assert duration(Alternating({"x": 0.1, "": 0.3})) == 0.3
    assert duration(BestResponse()) == 1.0


def test_bad_input_is_one_sentence(xy):
    rule = Simultaneous(0.1)
    for arguments, sentence in (
        ({}, "how long"),
        ({"t": 1.0, "steps": 10}, "how long"),
        ({"t": -1.0}, "positive"),
        ({"t": 0.01}, "number of steps"),
        ({"steps": 0}, "number of steps"),
        ({"steps": 5, "x0": [1.0]}, "shape"),
        ({"steps": 5, "x0": {"x": 1}}, "says nothing of y"),
    ):
        with pytest.raises(InputError, match=sentence):
            compare_paths(xy, rule, **arguments)
    with pytest.raises(InputError, match="no step size"):
        compare_paths(xy, BestResponse(), steps=5)
    with pytest.raises(InputError, match="one start"):
        rule_path(rule, xy, np.ones((3, 2)), 5)
    with pytest.raises(InputError, match="a game or a flow"):
        rule_path(rule, st.Map(lambda z: z, dimension=1), [1.0], 5)  # pyright: ignore[reportArgumentType]
