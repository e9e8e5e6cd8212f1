"""Every field with every rule on random games: multipliers, and what 500 steps really do.

The oracle is a third engine (`complex_games`): NumPy, complex numbers, derivatives by hand and by complex
steps. The rules left out here have tests of their own: clipped and projected (their corners are not
analytic), and optax.
"""

from __future__ import annotations

from functools import cache

import jax
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from stability.dynamics import Partition
from stability.dynamics.vectors import stack
from stability.errors import InputError, SingularError
from stability.fields import (
    LOLA,
    Consensus,
    FieldFunction,
    Gradient,
    LookaheadOpponent,
    Ridge,
    Stackelberg,
    Symplectic,
    TwoTimescale,
)
from stability.rules import (
    RK4,
    Alternating,
    BestResponse,
    Competitive,
    Extragradient,
    HeavyBall,
    Heun,
    LinearCompetitive,
    Lookahead,
    Nesterov,
    Optimistic,
    Proximal,
    RungeKutta,
    Simultaneous,
    Unrolled,
)
from tests.rules.complex_games import Coefficients, Ensemble, jax_game, random_coefficients, times
from tests.selection import slow_but

GAMES = 10
SHAPES = {
    "1+1": (1, 1),
    "3+2": (3, 2),
    "2+1+2": (2, 1, 2),
    "6+4": (6, 4),
    "1+2+1+3": (1, 2, 1, 3),
}


def partition_of(shape):
    sizes = SHAPES[shape]
    return Partition(tuple("pqrs"[: len(sizes)]), sizes)


def diagonal(game, x):
    """A field of the user's own: every coordinate at another speed, and a pull to the line through v."""
    v = game.field(x)
    return v + 0.3 * game.jvp(x, v)


FIELDS = {
    "gradient": Gradient(),
    "two-timescale": TwoTimescale(tau={"q": 1.7}),
    "consensus": Consensus(0.3),
    "symplectic": Symplectic(0.7),
    "stackelberg-first": Stackelberg(0),
    "stackelberg-last": Stackelberg("q"),
    "ridge": Ridge(),
    "lola": LOLA(0.15),
    "lola-exact": LOLA(0.15, exact=True),
    "lookahead-opponent": LookaheadOpponent(0.4),
    "custom": FieldFunction(diagonal),
}
UNEQUAL = {"": 0.25, "q": 0.4}
RULES = {
    "simultaneous": Simultaneous(0.4),
    "simultaneous, by player": Simultaneous(UNEQUAL),
    "alternating": Alternating(0.4),
    "alternating, by player": Alternating(UNEQUAL, steps={"q": 3}),
    "alternating extragradient": Alternating(UNEQUAL, inner=Extragradient()),
    "alternating, a rule each": Alternating(
        inner={"p": HeavyBall(0.3, -0.4), "q": Optimistic(0.2), "": Proximal(0.3)}
    ),
    "extragradient": Extragradient(UNEQUAL),
    "past extragradient": Extragradient(0.3, past=True),
    "optimistic": Optimistic(UNEQUAL),
    "heavy ball": HeavyBall(UNEQUAL, 0.5),
    "negative heavy ball": HeavyBall(UNEQUAL, -0.5, "alternating"),
    "nesterov": Nesterov(0.3, 0.6),
    "proximal": Proximal(UNEQUAL),
    "lookahead": Lookahead(0.3, 3, 0.5),
    "lookahead over optimistic": Lookahead(UNEQUAL, 2, 0.7, inner=Optimistic()),
    "lookahead over alternating": Lookahead(0.2, 2, 0.3, inner=Alternating(steps=2)),
    "heun": Heun(UNEQUAL),
    "rk4": RK4(0.5),
    "kutta": RungeKutta(((), (0.5,), (-1, 2)), (1 / 6, 2 / 3, 1 / 6), 0.4),
    "linear competitive": LinearCompetitive(UNEQUAL),
    "unrolled, given": Unrolled(UNEQUAL, k=2, player="q", stop_gradient=True),
    "best response": BestResponse(),
    "simultaneous best response": BestResponse("simultaneous"),
}


MANY_STEPS = 500


@cache
def ensemble_of(shape, name):
    """The field on ten games, the first five of them zero-sum where there are two players."""
    partition, seed = partition_of(shape), 10 * list(SHAPES).index(shape)
    zero_sum = len(partition.players) == 2
    games = random_coefficients(partition, GAMES // 2, seed, zero_sum=zero_sum)
    if name != "ridge":
        others = random_coefficients(partition, GAMES // 2, seed + 1, zero_sum=False, linear=0.01)
        games = Coefficients.joined(games, others)
    return Ensemble(FIELDS[name], partition, games)


@cache
def jacobians(ensemble):
    """The Jacobians of the library's JAX flow, differentiated by JAX, shape (N, d, d)."""

    def one(arrays, x):
        game = jax_game(ensemble.partition, Coefficients(*arrays))
        return jax.jacfwd(ensemble.field.flow(game).function)(x)

    quickly = {"xla_backend_optimization_level": 0}  # compiled once, run once
    with jax.enable_x64(True):
        rest = np.ascontiguousarray(ensemble.rest.T)
        compiled = jax.jit(jax.vmap(one), compiler_options=quickly)
        return np.asarray(compiled(ensemble.coefficients.arrays, rest))


def shapes_and_fields(normally):
    """All of them, those that are not `normally` run marked as slow."""
    return [
        pytest.param(
            shape,
            name,
            id=f"{shape}-{name}",
            marks=() if normally(shape, name) else pytest.mark.slow,
        )
        for shape, sizes in SHAPES.items()
        for name in FIELDS
        if name != "ridge" or len(sizes) == 2
    ]


def test_some_games_are_stable_and_some_are_not():
    abscissas = np.concatenate(
        [np.linalg.eigvals(ensemble_of(s, "gradient").slopes).real.max(axis=1) for s in SHAPES]
    )
    assert len(abscissas) == 50
    assert (abscissas < 0).sum() >= 15
    assert (abscissas > 0).sum() >= 15


def assert_same_spectrum(one, other):
    """Eigenvalues paired so that they lie as close as they can."""
    one, other = np.linalg.eigvals(one), np.linalg.eigvals(other)
    distances = np.abs(one[:, None] - other)
    # matrices that agree to 1e-10; a nearly double multiplier moves by the root of that
    assert distances[linear_sum_assignment(distances)].max() < 2e-5 * max(1, np.abs(one).max())


@pytest.mark.parametrize(
    ("shape", "name"),
    shapes_and_fields(
        lambda shape, name: (
            (
                shape == "3+2"
                and name in ("gradient", "consensus", "stackelberg-last", "lola-exact", "custom")
            )
            or (shape == "2+1+2" and name == "lookahead-opponent")
        )
    ),
)
def test_multipliers_are_those_of_the_differentiated_step(shape, name):
    ensemble = ensemble_of(shape, name)
    automatic = jacobians(ensemble)
    np.testing.assert_allclose(automatic, ensemble.slopes, rtol=0, atol=1e-10)
    for label, rule in RULES.items():
        compared = suited(rule, ensemble)
        derivatives = ensemble.step_derivatives(rule, compared) if compared else ()
        for n, expected in zip(compared, derivatives, strict=True):
            found = rule.linearise(automatic[n], ensemble.partition)
            # the Jacobians agree to 1e-10, and every rule is smooth in them
            atol = 1e-9 * max(1.0, np.abs(expected).max())
            np.testing.assert_allclose(found, expected, rtol=0, atol=atol, err_msg=label)
            assert_same_spectrum(found, expected)


def suited(rule, ensemble):
    """The games on which a rule has a step: a best response needs strict optima of one's own."""
    everyone = list(range(len(ensemble.slopes)))
    if not isinstance(rule, BestResponse):
        return everyone
    own = [ensemble.slopes[:, s, s] for s in ensemble.partition.slices]
    curved = [np.linalg.eigvalsh(-(m + m.swapaxes(-1, -2)) / 2).min(axis=1) > 0 for m in own]
    for n in everyone:
        if not all(player[n] for player in curved):
            with pytest.raises(SingularError, match="no best response here"):
                rule.linearise(ensemble.slopes[n], ensemble.partition)
    return [n for n in everyone if all(player[n] for player in curved)]


@pytest.mark.parametrize("full", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", slow_but(FIELDS, set(FIELDS) - {"lola-exact"}))  # long to solve
def test_500_steps_do_what_the_multipliers_say(name, full):
    shape = "3+2" if full or name == "ridge" else "1+1"
    ensemble = ensemble_of(shape, name)
    labels = list(RULES)
    if not full:  # every rule along one of the fields
        labels = labels[list(FIELDS).index(name) :: len(FIELDS)]
    for label in labels:
        rule = RULES[label].scaled(0.03)
        games = suited(rule, ensemble)
        if games:
            follow(rule, ensemble, games, label)


def follow(rule, ensemble, games, label):
    """From 1e-6 away, the state after n steps against the n-th power of the linearised step."""
    flow, rest = ensemble.flow(games), ensemble.rest[:, games]
    away = np.random.default_rng(7).normal(size=rest.shape)
    origin = stack(rule.init(flow, rest))
    state = rule.init(flow, rest + 1e-6 * away / np.linalg.norm(away, axis=0))
    linear = stack(state) - origin
    matrices = np.array([rule.linearise(ensemble.slopes[n], ensemble.partition) for n in games])
    peak, left = np.linalg.norm(linear, axis=0), np.zeros(len(games), bool)
    compared = np.zeros(len(games), int)
    for _ in range(MANY_STEPS):
        state = rule.step(flow, state)
        before, linear = np.linalg.norm(linear, axis=0), times(matrices, linear.T).T
        size = np.linalg.norm(linear, axis=0)
        peak = np.maximum(peak, size)
        left |= (peak > 1e-4) | (size < 1e-11)  # where the steps are no longer linear, or round
        if left.all():
            break
        compared += ~left
        state[0][:, left], linear[:, left] = rest[:, left], 0.0  # may not run away to infinity
        missed = np.linalg.norm(stack(state) - origin - linear, axis=0)
        # a step misses by some |displacement|², which 500 steps add up; rounding misses by 1e-16 each
        bound = (1e-3 + 300 * peak) * size + 30 * before**2 + 1e-13
        assert (missed <= bound)[~left].all(), label
    if not isinstance(
        rule, BestResponse
    ):  # which has no step size, and is soon at rest or far away
        assert compared.min() >= 50, label


# ---- Rules that take one profile, or more of the game than its field -----------------------------


@pytest.mark.parametrize("name", ["gradient", "consensus", "stackelberg-last", "custom"])
def test_competitive(name):
    rule = Competitive(UNEQUAL)
    for shape in ("3+2", "2+1+2"):
        ensemble = ensemble_of(shape, name)
        for n in (0, 1, 8, 9):
            expected = ensemble.one_by_one(rule, n, ensemble.rest[:, n])
            found = rule.linearise(ensemble.slopes[n], ensemble.partition)
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "n"), [("3+2", 8), ("3+2", 1), ("2+1+2", 8)])
def test_unrolled(shape, n):
    """Differentiated through; game 8 is one where the rule rests elsewhere than the field."""
    rule = Unrolled(UNEQUAL, k=2, player="q")
    ensemble = ensemble_of(shape, "gradient")
    rest = ensemble.rest[:, n]
    identity = np.eye(len(rest))
    for _ in range(8):
        moved = rule.step(ensemble.flow([n]), (rest[:, None],))[0][:, 0] - rest
        rest = rest - np.linalg.solve(ensemble.one_by_one(rule, n, rest) - identity, moved)
    assert np.abs(moved).max() < 1e-13
    assert (np.abs(rest - ensemble.rest[:, n]).max() > 1e-5) == (n == 8)
    flow = Gradient().flow(jax_game(ensemble.partition, ensemble.coefficients[n]))
    found = rule.near(flow, rest).linearise(
        np.asarray(flow.evaluate(rest[None])[1][0]), ensemble.partition
    )
    expected = ensemble.one_by_one(rule, n, rest)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    if n == 8:
        with pytest.raises(InputError, match="does not rest here"):
            rule.near(flow, ensemble.rest[:, n])


# ---- The third engine is the library's -----------------------------------------------------------


@pytest.mark.parametrize("label", ["alternating, by player", "rk4"])
@pytest.mark.parametrize(
    "name", slow_but(["gradient", "ridge", "lola-exact", "custom"], ["gradient", "custom"])
)
def test_a_step_in_jax_is_a_step_in_complex_numbers(name, label):
    ensemble, rule = ensemble_of("3+2", name), RULES[label]
    point = np.random.default_rng(3).uniform(-1, 1, 5)
    with jax.enable_x64(True):
        flow = ensemble.field.flow(jax_game(ensemble.partition, ensemble.coefficients[2]))
        (found,) = rule.step(flow, (jax.numpy.asarray(point),))
    (expected,) = rule.step(ensemble.flow([2]), (point[:, None],))
    np.testing.assert_allclose(found, expected[:, 0], rtol=1e-11, atol=1e-11)
