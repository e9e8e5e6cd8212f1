"""Multiplicative weights, plain and optimistic."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from sympy import Matrix, Rational, Symbol

import stability as st

h = Symbol("h", positive=True)
lam = Symbol("lambda")
RPS = [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]
RULES = [st.MultiplicativeWeights, st.OptimisticMultiplicativeWeights]


def one(A) -> st.SymbolicGame:
    return st.StrategicForm({"all": [str(i) for i in range(len(A))]}, {"all": A}).game()


def two(A, B) -> st.SymbolicGame:
    labels = {"x": [str(i) for i in range(len(A))], "y": [str(i) for i in range(len(A[0]))]}
    return st.StrategicForm(labels, {"x": A, "y": B}).game()


ONE, TWO = one(RPS), two(RPS, Matrix(RPS).T.tolist())
DILEMMA = two([[3, 0], [5, 1]], [[3, 5], [0, 1]])


def polynomial(rule, game, point):
    """Of the multipliers, without those that are zero because every step has sum one."""
    flow = st.Gradient().flow(game)
    matrix = sp.simplify(rule.near(flow, Matrix(point)).linearise(None, flow.partition))
    _, factors = sp.factor_list(matrix.charpoly(lam).as_expr(), lam)
    return sp.prod([factor**n for factor, n in factors if factor != lam])


@pytest.mark.parametrize(("game", "power"), [(ONE, 1), (TWO, 2)])
def test_rock_paper_scissors(game, power):
    """(μ − 1)² = −h²/3, so |μ| = √(1 + h²/3); optimistic: (μ² − μ)² = −h²(2μ − 1)²/3."""
    middle = [Rational(1, 3)] * game.dimension
    plain = polynomial(st.MultiplicativeWeights(lr=h), game, middle)
    expected = (3 * (lam - 1) ** 2 + h**2) ** power
    assert sp.expand(plain / sp.LC(plain, lam) - expected / sp.LC(sp.expand(expected), lam)) == 0
    late = polynomial(st.OptimisticMultiplicativeWeights(lr=h), game, middle)
    expected = (3 * (lam**2 - lam) ** 2 + h**2 * (2 * lam - 1) ** 2) ** power
    assert sp.expand(late / sp.LC(late, lam) - expected / sp.LC(sp.expand(expected), lam)) == 0


def test_optimism_is_stable_up_to_one():
    late = polynomial(st.OptimisticMultiplicativeWeights(lr=h), ONE, [Rational(1, 3)] * 3)
    for size, stable in ((0.01, True), (0.5, True), (0.999, True), (1.001, False), (2.0, False)):
        roots = np.roots([float(c) for c in sp.Poly(late.subs(h, size), lam).all_coeffs()])
        assert (np.abs(roots).max() < 1) == stable
    assert np.abs(
        np.roots([float(c) for c in sp.Poly(late.subs(h, 1), lam).all_coeffs()])
    ).max() == pytest.approx(1)


def test_the_radius_in_floating_point():
    flow = st.Gradient().flow(TWO.numeric())
    for size in (0.1, 0.5):
        near = st.MultiplicativeWeights(lr=size).near(flow, np.full(6, 1 / 3))
        radius = np.abs(np.linalg.eigvals(near.linearise(None, flow.partition))).max()
        assert radius == pytest.approx(np.sqrt(1 + size**2 / 3), rel=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_strategies_that_are_not_played(rule):
    """e^{h δ}: defectors against defectors lose 1 by cooperating, cooperators gain 2 by defecting."""
    flow = st.Gradient().flow(DILEMMA.numeric())
    for point, difference in (([0.0, 1, 0, 1], -1), ([1.0, 0, 1, 0], 2)):
        near = rule(lr=0.3).near(flow, np.array(point))
        found = np.linalg.eigvals(near.linearise(None, flow.partition))
        nonzero = np.sort(np.abs(found))[-2:]
        assert np.allclose(nonzero, np.exp(0.3 * difference))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("game", [ONE, TWO, DILEMMA], ids=["one", "two", "dilemma"])
def test_both_engines_step_alike_and_stay_on_the_simplices(rule, game):
    x = np.random.default_rng(1).dirichlet(np.ones(game.dimension))
    for group in game.sets.simplices:
        x[group] /= x[group].sum()
    exact = rule(lr=Rational(1, 4))
    flow = st.Gradient().flow(game)
    state = exact.init(flow, Matrix([Rational(repr(c)) for c in x.tolist()]))
    with jax.enable_x64(True):
        numeric = st.Gradient().flow(game.numeric())
        own = rule(lr=0.25)
        found = own.init(numeric, jnp.asarray(x))
        for _ in range(2):
            state, found = exact.step(flow, state), own.step(numeric, found)
    for one_vector, other in zip(state, found, strict=True):
        np.testing.assert_allclose(
            np.array(one_vector.evalf(), dtype=float).ravel(), other, atol=1e-13
        )
    for group in game.sets.simplices:
        assert np.asarray(found[0])[group].sum() == pytest.approx(1, abs=1e-14)


def test_small_steps_follow_the_replicator():
    with jax.enable_x64(True):
        game = DILEMMA.numeric()
        x = jnp.array([0.3, 0.7, 0.6, 0.4])
        (moved,) = st.MultiplicativeWeights(lr=1e-6).step(st.Gradient().flow(game), (x,))
        moved, expected = np.asarray(moved - x) / 1e-6, st.Replicator().flow(game)(x)
    np.testing.assert_allclose(moved, expected, atol=1e-5)


def test_faces_are_kept_and_nothing_overflows():
    with jax.enable_x64(True):
        flow = st.Gradient().flow(one([[0, 0, 0], [0, 1, 0], [0, 0, 2]]).numeric())
        x = jnp.array([0.0, 0.5, 0.5])
        (moved,) = st.MultiplicativeWeights(lr=1e4).step(flow, (x,))
    assert np.asarray(moved).tolist() == [0, 0, 1]


@pytest.mark.parametrize("rule", RULES)
def test_the_formula_is_the_derivative_of_the_step(rule):
    """At an equilibrium with a strategy that is not played, and step sizes by player."""
    game = two([[3, 3], [2, 5], [0, 6]], [[3, 2], [2, 6], [3, 1]])
    x = np.array([4 / 5, 1 / 5, 0, 2 / 3, 1 / 3])
    own = rule(lr={"x": 0.7, "y": 0.4})
    with jax.enable_x64(True):
        flow = st.Gradient().flow(game.numeric())
        state = jnp.concatenate(own.init(flow, jnp.asarray(x)))
        expected = np.asarray(jax.jit(jax.jacfwd(own.map(flow)))(state))
    found = own.near(flow, x).linearise(None, flow.partition)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    exact = rule(lr={"x": Rational(7, 10), "y": Rational(2, 5)})
    point = Matrix([Rational(4, 5), Rational(1, 5), 0, Rational(2, 3), Rational(1, 3)])
    symbolic = exact.near(st.Gradient().flow(game), point).linearise(None, game.partition)
    np.testing.assert_allclose(np.array(symbolic.evalf(), dtype=float), expected, atol=1e-12)
    with pytest.raises(st.InputError, match="does not rest here: strategies that are played"):
        own.near(flow, np.array([0.5, 0.5, 0, 0.5, 0.5]))


@pytest.mark.parametrize("rule", RULES)
def test_what_is_refused(rule):
    with pytest.raises(st.InputError, match="the gradient field, and no other"):
        rule().check(st.Replicator().flow(ONE))
    with pytest.raises(st.InputError, match="needs players whose strategies are probabilities"):
        rule().check(st.Gradient().flow(st.games.xy()))
    with pytest.raises(st.InputError, match="step size lr"):
        rule(lr=-1)
