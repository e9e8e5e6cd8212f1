"""Fields on simplices: replicator, logit, best replies."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from sympy import Matrix, Rational, Symbol, sqrt

import stability as st

a, b = (Symbol(name, positive=True) for name in "ab")
RPS = [[0, -b, a], [a, 0, -b], [-b, a, 0]]
LABELS = ["rock", "paper", "scissors"]
THIRD = Rational(1, 3)


def one(A, **options) -> st.SymbolicGame:
    return st.StrategicForm({"all": [str(i) for i in range(len(A))]}, {"all": A}, **options).game()


def two(A, B, **options) -> st.SymbolicGame:
    labels = {"x": [str(i) for i in range(len(A))], "y": [str(i) for i in range(len(A[0]))]}
    return st.StrategicForm(labels, {"x": A, "y": B}, **options).game()


def reduced(field, game, point):
    """The Jacobian where the last probability of every simplex is one minus the others, by hand."""
    put, kept = {}, []
    for group in game.sets.simplices:
        *others, last = (game.variables[i] for i in group)
        put[last] = 1 - sum(others)
        kept += [int(i) for i in group[:-1]]
    velocity = field.flow(game).expressions.extract(kept, [0]).xreplace(put)
    own = [game.variables[i] for i in kept]
    J = velocity.jacobian(own).subs(dict(zip(own, [point[i] for i in kept], strict=True)))
    return J.applyfunc(sp.simplify)


def eigenvalues(matrix):
    return {sp.simplify(value): count for value, count in matrix.eigenvals().items()}


def assert_same(found, expected):
    assert sum(found.values()) == sum(expected.values())
    for value, count in expected.items():
        assert sum(n for own, n in found.items() if sp.simplify(own - value) == 0) == count


FIELDS = [st.Replicator(), st.Logit(beta=2.5), st.BestReplyDynamics()]
GAMES = [
    one([[0, -1, 2], [2, 0, -1], [-1, 2, 0]]),
    two([[1, 2, 3], [3, -1, 0]], [[0, 1, -2], [2, 0.5, 1]]),
]


@pytest.mark.parametrize("game", GAMES, ids=["one population", "two players"])
@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_both_engines_agree_and_stay_on_the_simplices(field, game):
    points = np.random.default_rng(0).dirichlet(np.ones(game.dimension), 3)
    for x in points:
        for group in game.sets.simplices:
            x[group] /= x[group].sum()
        exact = field.flow(game)(Matrix([sp.Float(c) for c in x]))
        with jax.enable_x64(True):
            found = np.asarray(field.flow(game.numeric())(jnp.asarray(x)))
            parts = [
                field.part(game.numeric(), i, jnp.asarray(x)) for i in range(len(game.players))
            ]
        np.testing.assert_allclose(found, np.array(exact, dtype=float).ravel(), atol=1e-14)
        np.testing.assert_allclose(found, np.concatenate(parts), atol=1e-15)
        for group in game.sets.simplices:
            assert abs(found[group].sum()) < 1e-14
    at_a_face = Matrix(
        [0, *[Rational(1, len(g) - 1) for g in game.sets.simplices[:1] for _ in g[1:]]]
    )
    rest = [Rational(1, len(g)) for g in game.sets.simplices[1:] for _ in g]
    assert field.flow(game)(Matrix([*at_a_face, *rest]))[0] >= 0


def test_replicator_of_rock_paper_scissors():
    """One population: (b − a)/6 ± i√3(a + b)/6 in the middle; two: both signs of the real part."""
    middle = [THIRD] * 6
    root, half = sp.I * sqrt(3) * (a + b) / 6, (b - a) / 6
    found = eigenvalues(reduced(st.Replicator(), one(RPS).renamed({}), middle))
    real = {s: Symbol(s.name, positive=True) for s in found.copy().popitem()[0].free_symbols}
    assert_same({v.xreplace(real): n for v, n in found.items()}, {half + root: 1, half - root: 1})
    A = Matrix(RPS)
    found = eigenvalues(reduced(st.Replicator(), two(A.tolist(), A.T.tolist()), middle))
    expected = {s * half + t * root: 1 for s in (1, -1) for t in (1, -1)}
    assert_same({v.xreplace(real): n for v, n in found.items()}, expected)


def test_replicator_keeps_what_is_known_in_zero_sum_games():
    """Σ log x, and Σ log x + Σ log y for two players."""
    A = Matrix([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    for game in (one(A.tolist()), two(A.tolist(), A.T.tolist())):
        velocity = st.Replicator().flow(game).expressions
        rate = sum(v / x for v, x in zip(velocity, game.variables, strict=True))
        for group in game.sets.simplices:  # on the simplex
            *others, last = (game.variables[i] for i in group)
            rate = rate.subs(last, 1 - sum(others))
        assert sp.simplify(rate) == 0


def test_replicator_at_a_pure_profile_grows_by_payoff_differences():
    """At (i, j) the strategy k of a player grows at u_k − u_i."""
    A, B = [[1, 2], [3, -1], [0, 5]], [[0, 1], [2, Rational(1, 2)], [1, 1]]
    game = two(A, B)
    J = reduced(st.Replicator(), game, [0, 0, 1, 0, 1])
    assert eigenvalues(J) == {2 - 5: 1, -1 - 5: 1, 1 - 1: 1}
    strict = reduced(st.Replicator(), one([[3, 0], [5, 1]]), [0, 1])
    assert eigenvalues(strict) == {0 - 1: 1}


def test_logit_in_the_middle():
    """There the softmax has the derivative (I − 11ᵀ/3)/3, so λ = β/3·(eigenvalues of A) − 1."""
    beta = Symbol("beta", positive=True)
    game = one([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    J = reduced(st.Logit(beta=beta), game, [THIRD] * 3)
    expected = {-1 + s * sp.I * sqrt(3) * beta / 3: 1 for s in (1, -1)}
    assert_same(eigenvalues(J), expected)
    coordination = one([[2, 0], [0, 1]])
    flow = st.Logit(beta=0.01).flow(coordination.numeric())
    end = flow.trajectory(np.array([0.9, 0.1]), t=30.0).points[-1]
    assert np.allclose(end, [0.5, 0.5], atol=0.01)


def test_best_replies():
    game = one([[3, 0], [5, 1]])
    assert list(st.BestReplyDynamics().flow(game)(Matrix([1, 0]))) == [-1, 1]
    tie = one([[1, 0], [0, 1]])
    assert list(st.BestReplyDynamics().flow(tie)(Matrix([Rational(1, 2)] * 2))) == [0, 0]
    J = reduced(st.BestReplyDynamics(), game, [Rational(1, 3), Rational(2, 3)])
    assert Matrix([[-1]]) == J


def test_names_and_settings():
    assert [f.name for f in FIELDS] == ["replicator", "logit", "best-reply"]
    assert str(st.Logit(beta=2)) == "logit:beta=2"
    assert all(f.keeps_sets and not f.keeps_equilibria for f in FIELDS)
    with pytest.raises(st.InputError, match="beta of logit"):
        st.Logit(beta=0)


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_players_need_simplices(field):
    with pytest.raises(
        st.InputError, match=rf"{field.name} needs players whose strategies are prob"
    ):
        field.flow(st.games.xy())
    p, q, r = sp.symbols("p q r")
    half = st.SymbolicGame(
        {"x": ([p, q], p - q), "y": ([r], r * p)},
        sets={"x": st.Simplex()},
        start={p: 1, q: 0, r: 0},
    )
    with pytest.raises(st.InputError, match="and r is in no simplex"):
        field.flow(half)
