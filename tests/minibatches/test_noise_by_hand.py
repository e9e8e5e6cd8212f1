"""Every rule against the same moments by hand: all minibatches, one step at a time, in NumPy."""

from __future__ import annotations

import sys
from itertools import combinations, product

import numpy as np
import optax
import pytest

import stability as st
from stability.criteria.steps import rule_step_sizes
from stability.dynamics.flow import Linear
from stability.minibatches.minibatches import sample_fields
from stability.minibatches.moments import Jitter, Recorded
from stability.minibatches.optax_tape import optax_step
from stability.minibatches.radius import radius_bounds
from stability.minibatches.symmetric import matrix_of, pack, unpack
from stability.minibatches.tape import record
from tests.minibatches.noisy_games import matrices, moments_by_hand

ROUNDING = 1e-11  # relative; sums over up to 625 minibatches and systems of 36 equations
N, H = 3, 0.15
RULES = [
    (st.Simultaneous(lr={"x": H, "y": 0.3}), 1, (3,)),
    (st.HeavyBall(lr=0.05, beta=0.3), 1, (3, 3)),
    (st.Optimistic(lr=H), 1, (3, 3)),
    (st.Extragradient(lr=H, past=True), 1, (3, 3)),
    (st.Alternating(lr=H, steps={"x": 2, "y": 1}), 3, (3,)),
    (st.HeavyBall(lr=H, beta=-0.2, order="alternating"), 2, (3, 2, 1)),
    (st.Extragradient(lr=H), 2, (3,)),
    (st.Heun(lr=H), 2, (3,)),
    (st.Lookahead(lr=H, k=3), 3, (3,)),
]
ONCE = [*RULES[4:7], (st.RK4(lr=H), 4, (3,))]


def game():
    return matrices(N, (2, 1))


def means(chosen):
    _, pushes, jacobians = game()
    return [(jacobians[list(own)].mean(axis=0), pushes[list(own)].mean(axis=0)) for own in chosen]


def agrees(found, radius, mean, covariance):
    d = 3
    assert found.mean_square_radius == pytest.approx(radius, rel=ROUNDING)
    np.testing.assert_allclose(found.covariance, covariance[:d, :d], rtol=ROUNDING, atol=1e-15)
    np.testing.assert_allclose(found.shift, mean[:d], atol=1e-14)
    assert found.error_bound < 1e-10


@pytest.mark.parametrize(("rule", "evaluations", "sizes"), RULES, ids=str)
def test_with_a_fresh_minibatch_for_every_evaluation(rule, evaluations, sizes):
    batches = means(product(range(N), repeat=1 if evaluations > 1 else 2))
    lists = [list(zip(*own, strict=True)) for own in product(batches, repeat=evaluations)]
    by_hand = moments_by_hand(rule, game()[0], lists, sizes)
    found = st.noise(game()[0], np.zeros(3), rule, batch=1 if evaluations > 1 else 2)
    agrees(found, *by_hand)
    assert found.method == "moments"
    assert not found.shift.any()  # what is independent of the point multiplies zero on average


@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize(("rule", "evaluations", "sizes"), ONCE, ids=str)
def test_with_one_minibatch_for_the_whole_step(rule, evaluations, sizes, replacement):
    chosen = product(range(N), repeat=2) if replacement else combinations(range(N), 2)
    lists = [list(zip(*[own] * evaluations, strict=True)) for own in means(chosen)]
    by_hand = moments_by_hand(rule, game()[0], lists, sizes)
    found = st.noise(game()[0], np.zeros(3), rule, batch=2, fresh=False, replacement=replacement)
    agrees(found, *by_hand)
    assert found.method == "enumeration"
    assert np.abs(found.shift).max() > 1e-4  # the same minibatch twice: a bias


@pytest.mark.parametrize(
    "rule", [st.Proximal(lr=H), st.Competitive(lr=H), st.LinearCompetitive(lr=H), st.BestResponse()]
)
def test_steps_that_solve_equations_or_differentiate(rule):
    g, pushes, jacobians = game()
    steps = []
    for jacobian, push in zip(jacobians, pushes, strict=True):
        flow = Linear(jacobian, g.partition, push)
        (moved,) = rule.step(flow, (np.zeros(3),))
        steps.append((rule.linearise(jacobian, g.partition), moved))
    ms, gs = (np.array(own) for own in zip(*steps, strict=True))
    square = np.mean([np.kron(a, a) for a in ms], axis=0)
    found = st.noise(g, np.zeros(3), rule, batch=1)
    assert found.mean_square_radius == pytest.approx(
        np.abs(np.linalg.eigvals(square)).max(), rel=ROUNDING
    )
    mean = np.linalg.solve(np.eye(3) - ms.mean(axis=0), gs.mean(axis=0))
    np.testing.assert_allclose(found.shift, mean, atol=1e-13)
    assert found.method == "enumeration"


def test_monte_carlo_is_as_good_as_it_says(monkeypatch):
    rule, g = st.Extragradient(lr=H), game()[0]
    exact = st.noise(g, np.zeros(3), rule, batch=4, fresh=False)
    assert exact.method == "enumeration"
    assert exact.draws is exact.trace_error is None
    monkeypatch.setattr(sys.modules["stability.minibatches.analysis"], "ENUMERATED", 0)
    radii, traces = [], []
    for seed in range(6):
        found = st.noise(g, np.zeros(3), rule, batch=4, fresh=False, seed=seed, draws=400)
        assert (found.method, found.draws) == ("Monte Carlo", 400)
        radii.append((found.mean_square_radius - exact.mean_square_radius) / found.error_bound)
        traces.append((found.trace - exact.trace) / found.trace_error)
    for errors in np.abs([radii, traces]):  # in units of three standard errors
        assert errors.max() < 1.3  # six draws beyond 3.9 standard errors: one in 1700
        assert errors.mean() > 0.03  # nor is the error overstated: normal would be 0.27


def test_momentum_of_optax_is_the_heavy_ball():
    g = game()[0]
    ours = st.noise(g, np.zeros(3), st.HeavyBall(lr={"x": 0.05, "y": 0.1}, beta=0.3), batch=1)
    optax_rule = st.Optax(optax.sgd(1.0, momentum=0.3), lr={"x": 0.05, "y": 0.1})
    theirs = st.noise(g, np.zeros(3), optax_rule, batch=1)
    np.testing.assert_allclose(theirs.covariance, ours.covariance, rtol=1e-9)
    assert theirs.mean_square_radius == pytest.approx(ours.mean_square_radius, rel=1e-9)
    for player, lr in ours.mean_square_lr.items():
        assert theirs.mean_square_lr[player] == pytest.approx(lr, rel=1e-9)


@pytest.mark.slow
def test_adam_is_taken_with_its_second_moments_held():
    g, _, jacobians = game()
    rule, flow = st.Optax(optax.adam(1.0, b1=0.3), lr=0.1, second_moment=4.0), st.Gradient().flow(g)
    near = rule.near(flow, np.zeros(3))
    step = optax_step(near, flow).tape(near.scaled(2.0), flow)
    moments = Recorded(step, Jitter(sample_fields(flow, np.zeros(3)), 1.0))
    expected = near.scaled(2.0).linearise(jacobians.mean(axis=0), g.partition)
    np.testing.assert_allclose(moments.mean, expected, atol=1e-12)


def test_the_critical_step_is_where_the_radius_is_one():
    g = game()[0]
    for rule in (st.Simultaneous(), st.Alternating(), st.Extragradient(), st.HeavyBall(beta=-0.3)):
        critical = st.noise(g, np.zeros(3), rule, batch=1).mean_square_lr
        at = [
            st.noise(g, np.zeros(3), rule.scaled(critical * s / rule.lr), batch=1)
            for s in (1 - 1e-6, 1, 1 + 1e-6)
        ]
        assert [one.mean_square_radius < 1 for one in at[::2]] == [True, False]
        # bisection ends at neighbouring numbers; the radius has a slope of order one
        assert at[1].mean_square_radius == pytest.approx(1.0, abs=1e-10)


def test_the_whole_data_have_no_noise():
    g, _, jacobians = game()
    jacobian = jacobians.mean(axis=0)
    for rule in (st.Simultaneous(lr=H), st.Alternating(lr=H), st.Extragradient(lr=H)):
        found = st.noise(g, np.zeros(3), rule, batch=N, replacement=False)
        step = rule.linearise(jacobian, g.partition)
        radius = np.abs(np.linalg.eigvals(step)).max()
        assert found.mean_square_radius == pytest.approx(radius**2, rel=ROUNDING)
        critical = H * rule_step_sizes(rule, jacobian, g.partition).critical
        assert found.mean_square_lr == pytest.approx(critical, rel=1e-9)
        assert not found.covariance.any()


@pytest.mark.slow
def test_a_large_state_is_analysed_like_a_small_one():
    """14 + 10 variables: Arnoldi and Lyapunov iterations against the dense equations."""
    g, _, _ = matrices(40, (14, 10))
    rule = st.Alternating(lr=0.05)
    found = st.noise(g, np.zeros(24), rule, batch=2)
    fields = sample_fields(st.Gradient().flow(g), np.zeros(24))
    moments = Recorded(record(rule, g.partition), Jitter(fields, 0.5))
    matrix = matrix_of(moments.second, 24)
    radius = np.abs(np.linalg.eigvals(matrix)).max()
    bounds = radius_bounds(moments.second, 24)
    assert bounds.lower <= radius <= bounds.upper
    # the interval is as wide as the eigenvector's error (1e-11) times its condition
    assert bounds.upper - bounds.lower < 1e-6
    assert found.mean_square_radius == pytest.approx(radius, rel=1e-9)
    right = pack(moments.forcing(np.zeros(24)))
    dense = unpack(np.linalg.solve(np.eye(len(matrix)) - matrix, right), 24)
    # the iteration ends at changes of 1e-11 and shrinks errors slowly
    np.testing.assert_allclose(found.covariance, dense, rtol=1e-7, atol=1e-9 * dense.max())
    critical = st.noise(g, np.zeros(24), rule.scaled(found.mean_square_lr / 0.05), batch=2)
    assert critical.mean_square_radius == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("m", [2, 5])
def test_packed_matrices_keep_products_and_radii(m):
    """The map of an arbitrary M: radius ρ(M)², and its matrix acts as the map does (a property)."""
    rng = np.random.default_rng(m)
    matrix = rng.normal(size=(m, m))
    p, q = (own + own.T for own in rng.normal(size=(2, m, m)))
    assert pack(p) @ pack(q) == pytest.approx(np.sum(p * q))

    def moved(p):
        return matrix @ p @ matrix.T

    acts = matrix_of(moved, m) @ pack(p)
    np.testing.assert_allclose(unpack(acts, m), moved(p), atol=1e-12)
    bounds = radius_bounds(moved, m)
    radius = np.abs(np.linalg.eigvals(matrix)).max() ** 2
    assert bounds.lower <= radius * (1 + 1e-12)
    assert bounds.upper >= radius * (1 - 1e-12)
