"""Verdicts on random quadratic games against matrices assembled here, and what must not change them."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some

import stability as st
from stability.verdicts.conditions import Derivatives, conditions
from stability.verdicts.local_stability import local_stability

AWAY = (
    1e-4  # from the boundary: far above the rounding of eigenvalues of matrices of size about ten
)
LIGHT = settings(
    deadline=None, max_examples=20, derandomize=True, suppress_health_check=list(HealthCheck)
)
HEAVY = settings(LIGHT, max_examples=6)  # a whole report each: SymPy, and JAX compiling one game


class Quadratic(NamedTuple):
    """L_i = ½ (x − c)ᵀQ_i(x − c) with Q_i symmetric: every gradient vanishes at c."""

    sizes: tuple[int, ...]
    hessians: tuple[np.ndarray, ...]  # of whole numbers
    centre: np.ndarray

    @property
    def slices(self) -> list[slice]:
        ends = np.cumsum(self.sizes)
        return [slice(end - size, end) for end, size in zip(ends, self.sizes, strict=True)]

    @property
    def players(self) -> list[str]:
        return [f"p{i}" for i in range(len(self.sizes))]

    def jacobian(self) -> np.ndarray:
        rows = [-q[s] for q, s in zip(self.hessians, self.slices, strict=True)]
        return np.vstack(rows).astype(float)

    def own(self) -> list[np.ndarray]:
        return [q[s, s] for q, s in zip(self.hessians, self.slices, strict=True)]

    def step(self, h: float, alternating: bool) -> np.ndarray:
        """The multiplier matrix, player by player: x_i ← x_i + h (J x)_i."""
        jacobian = self.jacobian()
        identity = np.eye(len(jacobian))
        if not alternating:
            return identity + h * jacobian
        matrix = identity
        for s in self.slices:
            move = identity.copy()
            move[s] += h * jacobian[s]
            matrix = move @ matrix
        return matrix


@some.composite
def quadratics(draw, players: tuple[int, int] = (2, 4), largest: int = 2, zero_sum: bool = False):
    """Random games; a convex–concave zero-sum one on request."""
    n = 2 if zero_sum else draw(some.integers(*players))
    sizes = tuple(draw(some.lists(some.integers(1, largest), min_size=n, max_size=n)))
    d = sum(sizes)
    rng = np.random.default_rng(draw(some.integers(0, 2**32 - 1)))
    hessians = []
    for _ in range(n):
        m = rng.integers(-3, 4, (d, d))
        # half of the own Hessians are made positive, lest stable games be rare
        shift = np.diag(rng.integers(0, 12) * np.ones(d, dtype=int)) if rng.random() < 0.7 else 0
        hessians.append(m + m.T + shift)
    if zero_sum:
        a, b = rng.integers(-2, 3, (sizes[0],) * 2), rng.integers(-2, 3, (sizes[1],) * 2)
        cross = rng.integers(-3, 4, sizes)
        f = np.block(
            [
                [a @ a.T + np.eye(sizes[0], dtype=int), cross],
                [cross.T, -b @ b.T - np.eye(sizes[1], dtype=int)],
            ]
        )
        hessians = [f, -f]
    centre = rng.integers(-2, 3, d)
    return Quadratic(sizes, tuple(hessians), centre)


def symbols(d: int) -> list[sympy.Symbol]:
    return [sympy.Symbol(f"x{k}", real=True) for k in range(d)]


def symbolic(game: Quadratic, extra: dict[int, Any] | None = None) -> st.SymbolicGame:
    """The game in SymPy; `extra` is added to the losses by player."""
    x = symbols(sum(game.sizes))
    players = {}
    for i, (player, q, s) in enumerate(zip(game.players, game.hessians, game.slices, strict=True)):
        # multiplied out here, for SymPy takes long to do so
        slopes = q @ game.centre
        terms = [rational(v) / 2 * x[j] * x[k] for (j, k), v in np.ndenumerate(q)]
        terms += [-rational(v) * x[j] for j, v in enumerate(slopes)]
        loss = sympy.Add(*terms, rational(game.centre @ slopes) / 2)
        players[player] = (x[s], loss + (extra or {}).get(i, 0))
    return st.SymbolicGame(players)


def rational(v: Any) -> sympy.Rational:
    fraction = Fraction(v)
    return sympy.Rational(fraction.numerator, fraction.denominator)


def numeric(game: Quadratic) -> st.Game:
    start = {p: jnp.zeros(size) for p, size in zip(game.players, game.sizes, strict=True)}

    def loss(q, *strategies):
        z = jnp.concatenate(strategies) - jnp.asarray(game.centre, jnp.result_type(float))
        return z @ jnp.asarray(q, z.dtype) @ z / 2

    losses = {
        p: functools.partial(loss, q) for p, q in zip(game.players, game.hessians, strict=True)
    }
    return st.Game(losses, start=start)


def flow_word(game: Quadratic) -> str:
    """The verdict by the textbook; examples near the boundary are dropped."""
    eigenvalues = np.linalg.eigvals(game.jacobian())
    assume(np.abs(eigenvalues).min() > AWAY and np.abs(eigenvalues.real).min() > AWAY)
    return "exponentially stable" if eigenvalues.real.max() < 0 else "unstable"


def nash_word(game: Quadratic) -> str:
    smallest = np.array([np.linalg.eigvalsh(h.astype(float)).min() for h in game.own()])
    assume(np.abs(smallest).min() > AWAY)
    return "yes" if smallest.min() > 0 else "no"


def step_word(game: Quadratic, h: float, alternating: bool) -> str:
    radius = np.abs(np.linalg.eigvals(game.step(h, alternating))).max()
    assume(abs(radius - 1) > AWAY)
    return "exponentially stable" if radius < 1 else "unstable"


def words(game: st.SymbolicGame, point: Any, rules: tuple[st.Rule, ...] = ()) -> dict[str, str]:
    """The library's verdicts at a point, without search and without compiling anything."""
    x = sympy.Matrix([rational(v) for v in point])
    d = len(point)

    def floats(matrix):
        return np.array(matrix.evalf(20).tolist(), dtype=float)

    exact = Derivatives(*game.derivatives(x), lambda i, j, w: game.constrained_hessian(i, j, x, w))
    floating = Derivatives(
        floats(exact.gradients),
        [floats(h) for h in exact.hessians],
        lambda i, j, w: floats(game.constrained_hessian(i, j, x, sympy.Matrix(w))),
    )
    found = conditions(game.partition, floating, exact, zero_sum=False, minimizer=0)
    jacobian = game.jacobian(x)
    none = np.zeros((d, d))
    result = {
        "flow": local_stability("flow", floats(jacobian), none, jacobian).verdict.verdict,
        "differential Nash": found.differential_nash.verdict,
        "local Nash": found.local_nash.verdict,
    }
    for rule in rules:
        matrix = rule.linearise(jacobian, game.partition)
        verdict = local_stability("map", floats(matrix), none, matrix).verdict
        result[rule.name] = verdict.verdict
    return result


STEPS = (
    st.Simultaneous(lr=sympy.Rational(1, 20)),
    st.Alternating(lr=sympy.Rational(1, 20)),
)


@settings(LIGHT, max_examples=8)
@given(quadratics(largest=3))
def test_verdicts_are_those_of_the_assembled_matrices(game):
    assert words(symbolic(game), game.centre, STEPS) == {
        "flow": flow_word(game),
        "differential Nash": nash_word(game),
        "local Nash": nash_word(game),
        "simultaneous": step_word(game, 0.05, False),
        "alternating": step_word(game, 0.05, True),
    }


def assert_report_says(report: dict[str, Any], game: Quadratic) -> None:
    flow, nash = flow_word(game), nash_word(game)
    assert len(report["equilibria"]) == 1
    e = report["equilibria"][0]
    assert np.allclose(list(e["point"].values()), game.centre, rtol=0, atol=1e-9)
    assert e["isolated"] == "yes"
    assert e["flows"][0]["stability"]["verdict"] == flow
    expected = np.linalg.eigvals(game.jacobian()).real.max()
    # a defective eigenvalue is off by sqrt(eps) times a constant in NumPy's hands
    assert e["flows"][0]["spectral_abscissa"] == pytest.approx(expected, abs=1e-6)
    assert e["conditions"]["differential_nash"]["verdict"] == nash
    for rule, alternating in zip(e["rules"], (False, True), strict=True):
        assert rule["stability"]["verdict"] == step_word(game, 0.05, alternating)
    if report["system"]["zero_sum"]:
        total = sum(game.hessians)
        assert not total[game.slices[0], game.slices[1]].any()


RULES = (st.Simultaneous(lr=0.05), st.Alternating(lr=0.05))


@pytest.mark.slow
@HEAVY
@given(quadratics(largest=2))
def test_report_of_a_game_in_sympy(game):
    flow_word(game), nash_word(game)  # drop what lies near the boundary before the long work
    report = st.report(symbolic(game), rules=RULES).to_dict()
    assert_report_says(report, game)
    assert report["search"]["exhaustive"]


@pytest.mark.slow
@HEAVY
@given(quadratics(largest=2))
def test_report_of_a_game_in_jax(game):
    flow_word(game), nash_word(game)
    box = dict.fromkeys(numeric(game).variables, (-5, 5))
    assert_report_says(st.report(numeric(game), rules=RULES, box=box).to_dict(), game)


@LIGHT
@given(quadratics(), some.randoms(use_true_random=False))
def test_relabelling_players_changes_no_verdict(game, random):
    """Simultaneous rules too; alternating ones depend on who moves first, and say so by their order."""
    order = list(range(len(game.sizes)))
    random.shuffle(order)
    index = np.concatenate([np.arange(sum(game.sizes))[game.slices[i]] for i in order])
    other = Quadratic(
        tuple(game.sizes[i] for i in order),
        tuple(game.hessians[i][np.ix_(index, index)] for i in order),
        game.centre[index],
    )
    named = st.Alternating(
        lr=sympy.Rational(1, 20), order=tuple(f"p{order.index(i)}" for i in range(len(order)))
    )
    before = words(symbolic(game), game.centre, STEPS)
    assert words(symbolic(other), other.centre, (STEPS[0], named)) == before


@pytest.mark.slow
@LIGHT
@given(quadratics(), some.integers(0, 3), some.sampled_from([(3, 4, 5), (5, 12, 13), (8, 15, 17)]))
def test_rotating_a_strategy_changes_no_verdict(game, player, triple):
    """An orthogonal change of one player's coordinates commutes with gradients, hence with steps."""
    s = game.slices[player % len(game.sizes)]
    d, size = sum(game.sizes), s.stop - s.start
    a, b, c = triple
    turn = np.array([[Fraction(i == j) for j in range(d)] for i in range(d)])
    if size == 1:
        turn[s.start, s.start] = Fraction(-1)
    else:
        i, j = s.start, s.stop - 1
        turn[i, i] = turn[j, j] = Fraction(a, c)
        turn[i, j], turn[j, i] = Fraction(-b, c), Fraction(b, c)
    hessians = tuple(turn.T @ np.vectorize(Fraction)(q) @ turn for q in game.hessians)
    other = Quadratic(game.sizes, hessians, turn.T @ np.vectorize(Fraction)(game.centre))
    before = words(symbolic(game), game.centre, STEPS)
    assert words(symbolic(other), other.centre, STEPS) == before


@pytest.mark.slow
@LIGHT
@given(quadratics(), some.integers(0, 3), some.integers(1, 9))
def test_terms_in_the_others_strategies_change_no_verdict(game, player, size):
    """They change nobody's gradient in their own strategy. (Stackelberg verdicts may change, and should:
    a leader moves the follower, and so does act on terms in the follower's strategy.)"""
    i = player % len(game.sizes)
    x = symbols(sum(game.sizes))
    others = [v for j, s in enumerate(game.slices) if j != i for v in x[s]]
    term = size * sum(others) ** 3 + sympy.exp(-(others[0] ** 2)) - size * others[-1] ** 2
    before = words(symbolic(game), game.centre, STEPS)
    assert words(symbolic(game, {i: term}), game.centre, STEPS) == before


@LIGHT
@given(quadratics(), some.integers(0, 3), some.fractions(Fraction(1, 1000), 1000))
def test_scaling_a_loss_changes_no_nash_verdict(game, player, factor):
    """It may change stability: a player whose loss is scaled learns faster."""
    i = player % len(game.sizes)
    hessians = list(game.hessians)
    hessians[i] = np.vectorize(Fraction)(hessians[i]) * (factor or Fraction(1))
    before = words(symbolic(game), game.centre)
    after = words(symbolic(game._replace(hessians=tuple(hessians))), game.centre)
    for condition in ("differential Nash", "local Nash"):
        assert after[condition] == before[condition]


@LIGHT
@given(quadratics(zero_sum=True))
def test_strict_local_nash_of_a_zero_sum_game_is_stable(game):
    """J + Jᵀ = −2 diag(H₁, H₂) ≺ 0, whatever the coupling."""
    found = words(symbolic(game), game.centre)
    assert (found["differential Nash"], found["flow"]) == ("yes", "exponentially stable")


@pytest.mark.slow
@HEAVY
@given(quadratics(players=(2, 3), largest=2), some.booleans())
def test_critical_step_separates_stable_from_unstable(game, alternating):
    assume(flow_word(game) == "exponentially stable")
    kind = st.Alternating if alternating else st.Simultaneous
    point = {f"x{k}": int(c) for k, c in enumerate(game.centre)}
    (e,) = st.report(symbolic(game), rules=[kind()], at=point).to_dict()["equilibria"]
    critical = e["rules"][0]["critical_lr"]
    assert critical > 0

    def radius(h):
        return np.abs(np.linalg.eigvals(game.step(h, alternating))).max()

    assert max(radius(critical * s) for s in (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999)) < 1
    assert radius(1.001 * critical) > 1
    rules = tuple(kind(lr=rational(critical * s)) for s in (0.999, 1.001))
    below, above = (words(symbolic(game), game.centre, (rule,))[rule.name] for rule in rules)
    assert (below, above) == ("exponentially stable", "unstable")


@pytest.mark.slow
@HEAVY
@given(quadratics(players=(2, 3), largest=2))
def test_an_unstable_flow_has_no_stable_step(game):
    assume(flow_word(game) == "unstable")
    point = {f"x{k}": int(c) for k, c in enumerate(game.centre)}
    (e,) = st.report(symbolic(game), rules=RULES, at=point).to_dict()["equilibria"]
    assert [r["critical_lr"] for r in e["rules"]] == [0, 0]
