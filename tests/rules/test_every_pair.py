"""Every field with every rule on random games: multipliers, and what 500 steps really do.

The oracle is a third engine (`complex_games`): NumPy, complex numbers, derivatives by hand and by complex steps. The
rules left out here have tests of their own: clipped and projected (their corners are not analytic), optax.
"""

from __future__ import annotations

from functools import cache

import jax
import numpy as np
import pytest
from complex_games import Coefficients, Ensemble, jax_game, random_coefficients
from scipy.optimize import linear_sum_assignment

from stability.dynamics import Partition
from stability.errors import InputError, SingularError
from stability.fields import (
    LOLA,
    Consensus,
    FieldFunction,
    Gradient,
    LookaheadOpponent,
    Preconditioned,
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
from stability.rules.rule import split

GAMES = 10
SHAPES = {
    "1+1": (1, 1),
    "3+2": (3, 2),
    "2+1+2": (2, 1, 2),
    "6+4": (6, 4),
    "1+2+1+3": (1, 2, 1, 3),
}
NORMAL = ("3+2", "2+1+2")
slow = pytest.mark.slow


def shapes(names=tuple(SHAPES)):
    return [pytest.param(s, marks=() if s in NORMAL else slow, id=s) for s in names]


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


@cache
def coefficients_of(shape):
    """Five zero-sum games, where there are two players, and five others."""
    partition, seed = partition_of(shape), list(SHAPES).index(shape)
    half = GAMES // 2
    zero_sum = len(partition.players) == 2
    first = random_coefficients(partition, half, 10 * seed, zero_sum=zero_sum)
    second = random_coefficients(partition, half, 10 * seed + 1, zero_sum=False, linear=0.03)
    return first, second


@cache
def ensembles(shape, name):
    """The field on the games that it suits."""
    first, second = coefficients_of(shape)
    groups = (first,) if name == "ridge" else (first, second)
    partition = partition_of(shape)
    return tuple(Ensemble(FIELDS[name], partition, group) for group in groups)


@cache
def jacobians(ensemble):
    """The Jacobians of the library's JAX flow, differentiated by JAX, shape (N, d, d)."""

    def one(arrays, x):
        game = jax_game(ensemble.partition, Coefficients(*arrays))
        return jax.jacfwd(ensemble.field.flow(game).function)(x)

    with jax.enable_x64(True):
        rest = np.ascontiguousarray(ensemble.rest.T)
        return np.asarray(jax.jit(jax.vmap(one))(ensemble.coefficients.arrays, rest))


def pairs(shape):
    return [name for name in FIELDS if name != "ridge" or len(SHAPES[shape]) == 2]


FIELDS_OF_SHAPES = [
    pytest.param(shape, name, marks=() if shape in NORMAL else slow, id=f"{shape}-{name}")
    for shape in SHAPES
    for name in pairs(shape)
]


def assert_same_spectrum(one, other):
    """Eigenvalues paired so that they lie as close as they can."""
    one, other = np.linalg.eigvals(one), np.linalg.eigvals(other)
    distances = np.abs(one[:, None] - other)
    # matrices that agree to 1e-10; a nearly double multiplier moves by the root of that
    assert distances[linear_sum_assignment(distances)].max() < 2e-5 * max(1, np.abs(one).max())


@pytest.mark.parametrize(("shape", "name"), FIELDS_OF_SHAPES)
def test_multipliers_are_those_of_the_differentiated_step(shape, name):
    for ensemble in ensembles(shape, name):
        automatic = jacobians(ensemble)
        np.testing.assert_allclose(automatic, ensemble.slopes, rtol=0, atol=1e-10)
        for label, rule in RULES.items():
            compared = chosen(rule, ensemble, automatic)
            if not compared:
                continue
            derivatives = ensemble.step_derivatives(rule, index=compared)
            for n, expected in zip(compared, derivatives, strict=True):
                found = rule.linearise(automatic[n], ensemble.partition)
                scale = max(1.0, np.abs(expected).max())
                # the Jacobians agree to 1e-10, and every rule is smooth in them
                np.testing.assert_allclose(
                    found, expected, rtol=0, atol=1e-9 * scale, err_msg=label
                )
                assert_same_spectrum(found, expected)


def chosen(rule, ensemble, automatic):
    """The games on which a rule has a step; a best response needs optima of one's own."""
    everyone = range(len(automatic))
    if not isinstance(rule, BestResponse):
        return list(everyone)
    kept = []
    for n in everyone:
        try:
            rule.linearise(automatic[n], ensemble.partition)
        except SingularError as error:
            assert "no best response here" in str(error)
        else:
            kept.append(n)
    return kept
