"""SymPy and JAX agree on fields, Jacobians and rules, for every entry of the catalogue.

SymPy differentiates the expressions and evaluates them with 30 digits; JAX differentiates the losses
(or right-hand sides) in float64. Neither knows of the other, so each is the other's oracle.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy

import stability as st
from tests.selection import slow_but

NAMES = st.games.catalogue.names()
GAMES = [name for name in NAMES if st.load(name).kind == "game"]
FLOWS = [name for name in NAMES if st.load(name).kind == "flow"]
MAPS = [name for name in NAMES if st.load(name).kind == "map"]
OFTEN = ("dirac-gan-r1", "balduzzi-four", "tandem", "torus", "brusselator")
STEPPED = ("dirac-gan-r1", "tandem", "brusselator")  # with every rule and field, in every run
RELATIVE = 1e-12  # of the largest entry: a few hundred roundings of terms of that size


def fields(game: st.SymbolicGame) -> dict[str, st.Field]:
    players = game.players
    tau = 2.5 if len(players) == 2 else {players[-1]: 2.5, players[0]: 0.5}
    return {"gradient": st.Gradient(), "two-timescale": st.TwoTimescale(tau=tau)}


def rules(partition: Any) -> dict[str, st.Rule]:
    players = partition.players
    lr = {player: 0.05 * (i + 1) for i, player in enumerate(players)}
    several = {
        "alternating": st.Alternating(lr=0.1),
        "alternating, own steps": st.Alternating(
            lr=lr, steps={players[0]: 2, "": 1}, order=tuple(reversed(players))
        ),
    }
    return {
        "simultaneous": st.Simultaneous(lr=0.1),
        "simultaneous, own steps": st.Simultaneous(lr=lr),
        **(several if len(players) > 1 else {}),
    }


def points(name: str, system: Any) -> np.ndarray:
    """Five points of the box, shape (5, d), the same in every run."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    low, high = np.array([system.box[v.name] for v in system.variables]).T
    return rng.uniform(low, high, (5, len(low)))


def by_sympy(matrix: sympy.MatrixBase, system: Any, x: np.ndarray) -> np.ndarray:
    """A symbolic matrix at points (n, d), by mpmath with 30 digits; shape (n, rows, columns)."""
    inserted = matrix.xreplace(system.values())
    away_from_jumps = {"DiracDelta": lambda _: mpmath.mpf(0)}
    function = sympy.lambdify(system.variables, inserted, [away_from_jumps, "mpmath"], cse=True)
    with mpmath.workdps(30):
        values = [np.array(function(*map(mpmath.mpf, point)).tolist(), dtype=float) for point in x]
    return np.array(values)


def by_jax(function: Callable[[Any], Any], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values (n, d) and Jacobians (n, d, d) at points (n, d), in one compilation."""
    with jax.enable_x64(True):
        values, jacobians = jax.jit(jax.vmap(lambda p: (function(p), jax.jacfwd(function)(p))))(
            jnp.asarray(x)
        )
        return np.asarray(values), np.asarray(jacobians)


def assert_engines_agree(by_algebra: Any, compiled: Any, symbolic: Any, x: np.ndarray) -> None:
    """Values and Jacobians of one flow or map in both engines."""
    values, jacobians = by_jax(compiled, x)
    assert_agree(by_sympy(by_algebra.expressions, symbolic, x)[:, :, 0], values)
    assert_agree(by_sympy(by_algebra.jacobian(), symbolic, x), jacobians)


def assert_agree(one: np.ndarray, other: np.ndarray) -> None:
    assert one.shape == other.shape
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=RELATIVE * max(np.abs(a).max(), 1e-300))


@functools.cache
def system(name: str) -> tuple[Any, Any, np.ndarray]:
    """An entry over real symbols, its JAX twin, and points away from the kinks of |x|, min and max."""
    symbolic = st.load(name).real
    return symbolic, symbolic.numeric(), points(name, symbolic)


@pytest.mark.parametrize("name", slow_but([*GAMES, *FLOWS], [*OFTEN, *FLOWS]))
def test_field_and_jacobian(name):
    symbolic, numeric, x = system(name)
    flows = (
        [(f.flow(symbolic), f.flow(numeric)) for f in fields(symbolic).values()]
        if symbolic.kind == "game"
        else [(symbolic, numeric)]
    )
    for by_algebra, compiled in flows:
        assert_engines_agree(by_algebra, compiled, symbolic, x)


@pytest.mark.parametrize("name", slow_but(GAMES, OFTEN))
def test_products_with_the_jacobian(name):
    """jvp is J u and vjp is Jᵀu: not the other way round."""
    symbolic, numeric, x = system(name)
    u = np.random.default_rng(1).standard_normal(x.shape)
    jacobian = by_sympy(symbolic.jacobian(), symbolic, x)
    with jax.enable_x64(True):
        forward = np.array(
            [numeric.jvp(jnp.asarray(a), jnp.asarray(b)) for a, b in zip(x, u, strict=True)]
        )
        back = np.array(
            [numeric.vjp(jnp.asarray(a), jnp.asarray(b)) for a, b in zip(x, u, strict=True)]
        )
    scale = np.abs(jacobian).max(axis=(1, 2))[:, None] * np.abs(u).max()
    assert (np.abs(forward - np.einsum("nij,nj->ni", jacobian, u)) <= 4 * RELATIVE * scale).all()
    assert (np.abs(back - np.einsum("nij,ni->nj", jacobian, u)) <= 4 * RELATIVE * scale).all()


@pytest.mark.parametrize("name", MAPS)
def test_map_and_jacobian(name):
    symbolic, numeric, x = system(name)
    assert_engines_agree(symbolic, numeric, symbolic, x)


@pytest.mark.parametrize("rule", ["simultaneous, own steps", "alternating, own steps"])
@pytest.mark.parametrize("name", slow_but([*GAMES, *FLOWS], STEPPED))
def test_one_step_and_its_jacobian(name, rule):
    """The map that a rule makes, anywhere in the box, and its derivative, from both engines."""
    symbolic, numeric, x = system(name)
    own = rules(symbolic.partition)
    if rule not in own:
        pytest.skip("a flow has no players to take turns")
    if symbolic.kind == "game":
        field = fields(symbolic)["two-timescale"]
        flows = field.flow(symbolic), field.flow(numeric)
    else:
        flows = symbolic, numeric
    by_algebra, compiled = (own[rule].map(flow) for flow in flows)
    assert_engines_agree(by_algebra, compiled, symbolic, x)


# An exact equilibrium of each game that has a differentiable one.
EQUILIBRIA = {
    "covariance-gan": ("0", "1"),
    "dirac-gan-least-squares": ("0", "0", "1/2"),
    "gaussian-gan": ("0", "0", "0", "1"),
    "linear-gan": ("0", "1/2"),
    "nagarajan-kolter-uniform": ("0", "1"),
    "nagarajan-kolter-uniform-minimax": ("0", "-1"),
    "tandem": ("1/4", "3/4"),
    "torus": ("pi", "pi"),
}


@pytest.mark.parametrize("field", ["gradient", "two-timescale"])
@pytest.mark.parametrize("name", slow_but(sorted(set(GAMES) - {"dirac-gan-wgan-gp"}), STEPPED))
def test_multiplier_matrix_at_an_equilibrium(name, field):
    """`linearise(J)` is the Jacobian of the step there, for J from either engine."""
    symbolic, numeric, _ = system(name)
    exact = EQUILIBRIA.get(name, ("0",) * symbolic.dimension)
    x = np.array([float(sympy.sympify(c)) for c in exact])
    flow, compiled = (fields(symbolic)[field].flow(game) for game in (symbolic, numeric))
    jacobian = by_sympy(flow.jacobian(), symbolic, x[None])[0]
    assert np.abs(by_sympy(flow.expressions, symbolic, x[None])).max() <= 1e-14
    own = list(rules(symbolic.partition).values())
    maps = [rule.map(compiled) for rule in own]
    with jax.enable_x64(True):
        derivatives = jax.jit(lambda p: [jax.jacfwd(map_)(p) for map_ in maps])(jnp.asarray(x))
    for rule, derivative in zip(own, derivatives, strict=True):
        linearised = rule.linearise(jacobian, symbolic.partition)
        assert_agree(linearised[None], np.asarray(derivative)[None])
        by_algebra = rule.linearise(sympy.Matrix(jacobian), symbolic.partition)
        assert_agree(linearised[None], np.array(by_algebra, dtype=float)[None])
