"""Games whose comparisons several files look at: random quadratic ones, and one with two wells."""

from __future__ import annotations

from functools import cache

import jax.numpy as jnp
import numpy as np

import stability as st
from tests.comparisons.step_matrices import Linearised


def definite(generator, n):
    square = generator.standard_normal((n, n))
    return square @ square.T / n + 0.5 * np.eye(n)


def quadratic(sizes, seed, zero_sum):
    """Hessians of random quadratic losses, each player's own positive definite."""
    generator = np.random.default_rng(seed)
    d = sum(sizes)
    ends = np.cumsum(sizes)
    rows = [slice(e - n, e) for n, e in zip(sizes, ends, strict=True)]
    hessians = []
    for own in rows:
        square = generator.standard_normal((d, d))
        hessians.append((square + square.T) / 2)
        hessians[-1][own, own] = definite(generator, own.stop - own.start)
    if zero_sum:
        first, second = hessians
        first[rows[1], rows[1]] = -second[rows[1], rows[1]]
        hessians[1] = -first
    return Linearised(sizes, hessians)


def in_jax(known):
    """The quadratic game with these Hessians."""
    players = "pqr"[: len(known.rows)]
    start = {p: np.zeros(len(own)) for p, own in zip(players, known.rows, strict=True)}

    def loss(hessian):
        def own(*strategies):
            z = jnp.concatenate(strategies)
            return z @ jnp.asarray(hessian, z.dtype) @ z / 2

        return own

    losses = zip(players, known.hessians, strict=True)
    return st.Game({p: loss(h) for p, h in losses}, start=start, name="quadratic")


GAMES = {
    "zero-sum 2+2": quadratic((2, 2), 1, zero_sum=True),
    "zero-sum 1+1": quadratic((1, 1), 3, zero_sum=True),
    "general-sum 1+2": quadratic((1, 2), 8, zero_sum=False),
    "three players": quadratic((1, 2, 1), 5, zero_sum=False),
}


@cache
def compared(name):
    game = in_jax(GAMES[name])
    return st.compare(game, at=dict.fromkeys(game.variables, 0.0))


# Two wells and a hill: P′(x) = x(x + 1)(x − 2) − 0.3x, and a second player at y = x/2.
WELLS, WELLS_AND_HILL = (-1.0, 2.0), (-1.0, 0.0, 2.0)


def wells():
    def first(p, q):
        return p**4 / 4 - p**3 / 3 - 2.3 * p**2 / 2 + 0.6 * p * q

    losses = {"p": first, "q": lambda p, q: q**2 / 2 - p * q / 2}
    start, box = {"p": 0.5, "q": 0.5}, {"p": (-3, 3), "q": (-3, 3)}
    return st.Game(losses, start=start, name="two wells", box=box)


def at_well(x):
    curvature = 3 * x**2 - 2 * x - 2.3
    return Linearised((1, 1), [[[curvature, 0.6], [0.6, 0]], [[0, -0.5], [-0.5, 1]]])


def compare_wells(points, fields, rules):
    at = [{"p": x, "q": x / 2} for x in points]
    return st.compare(wells(), fields=fields, rules=rules, at=at)


@cache
def compared_wells(points):
    fields = [st.Gradient(), st.Consensus()]
    rules = [st.Simultaneous(), st.Alternating(), st.Optimistic(), st.Proximal(), st.Lookahead(),
             st.BestResponse()]  # fmt: skip
    return compare_wells(points, fields, rules)
