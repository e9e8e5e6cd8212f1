"""Rules where players live in sets: each step against one written down with NumPy, in both engines."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability import InputError
from stability.rules import OnFace

X = sympy.symbols("p q a b c u w", real=True)
p, q, a, b, c, u, w = X
BOX, SIMPLEX, BALL = slice(0, 2), slice(2, 5), slice(5, 7)
PARTS = (BOX, SIMPLEX, BALL)
SIZES = np.repeat([0.3, 0.5, 0.2], [2, 3, 2])
LR = {"box": 0.3, "simplex": 0.5, "ball": 0.2}


def named(value):
    """The same name for a rule, a function or a text in every process."""
    return getattr(value, "__name__", None) or str(value)


def game():
    """Three players with quadratic losses, convex in their own strategies."""
    return st.SymbolicGame(
        {
            "box": ([p, q], p**2 + q**2 + p * q - 4 * p + q * (2 + a - u) - p * w),
            "simplex": (
                [a, b, c],
                a**2 + 2 * b**2 + c**2 / 2 - a * (p + 1) + b * u + c * q - c * w,
            ),
            "ball": ([u, w], u**2 + w**2 - 3 * u * (1 + b) + w * (p - 2 * c) + u * w / 2),
        },
        sets={
            "box": st.Bounds(-1, sympy.Rational(3, 2)),
            "simplex": st.Simplex(),
            "ball": st.Ball(sympy.Rational(1, 2)),
        },
    )


SYMBOLIC = game()
EXACT = st.Gradient().flow(SYMBOLIC)
NUMERIC = st.Gradient().flow(SYMBOLIC.numeric())
J = np.array(SYMBOLIC.jacobian(), float)
B = np.array(SYMBOLIC.field(sympy.zeros(7, 1)), float).ravel()
START = np.array([1.2, -0.9, 0.7, 0.25, 0.05, 0.3, -0.4])  # whose steps meet limits of every kind


def v(x):
    return J @ x + B


def simplex(x):
    """The nearest point by trying all supports."""
    found = []
    for size in (1, 2, 3):
        for support in itertools.combinations(range(3), size):
            y = np.zeros(3)
            y[list(support)] = x[list(support)] - (x[list(support)].sum() - 1) / size
            found += [y] if (y >= 0).all() else []
    return min(found, key=lambda y: np.linalg.norm(y - x))


def P(x):
    x = np.array(x, float)
    x[BOX] = np.clip(x[BOX], -1, 1.5)
    x[SIMPLEX] = simplex(x[SIMPLEX])
    x[BALL] *= min(1, 0.5 / max(np.linalg.norm(x[BALL]), 1e-300))
    return x


def only(part, x):
    kept = np.zeros(7)
    kept[part] = x[part]
    return kept


def simultaneous(x, h=SIZES):
    return P(x + h * v(x))


def alternating(x, k=1):
    for part in PARTS:
        for _ in range(k):
            x = P(x + only(part, SIZES * v(x)))
    return x


def extragradient(x):
    return P(x + SIZES * v(P(x + SIZES * v(x))))


def heun(x):
    first = v(x)
    return P(x + SIZES * (first + v(P(x + SIZES * first))) / 2)


def rk4(x):
    first = v(x)
    second = v(P(x + SIZES * first / 2))
    third = v(P(x + SIZES * second / 2))
    fourth = v(P(x + SIZES * third))
    return P(x + SIZES * (first + 2 * second + 2 * third + fourth) / 6)


def outside():
    """O, the part of J outside the players' own blocks."""
    matrix = J.copy()
    for part in PARTS:
        matrix[part, part] = 0
    return matrix


def competitive(x):
    y = x
    for _ in range(200):
        y = y + 0.4 * (P(x + SIZES * (v(x) + outside() @ (y - x))) - y)
    return y


def linear_competitive(x):
    return P(x + SIZES * (v(x) + outside() @ (P(x + SIZES * v(x)) - x)))


def iterated(step, x):
    """The limit of a contraction."""
    y = x
    for _ in range(400):
        y = step(y)
    return y


def proximal(x):
    y = x
    for _ in range(200):  # damped, with the same fixed point
        y = y + 0.4 * (P(x + SIZES * v(y)) - y)
    return y


def best_response(x):
    for part in PARTS:
        for _ in range(100):
            x = P(x + only(part, 0.3 * v(x)))
    return x


def unrolled(x):
    """With the unrolled place taken as given."""
    y = x
    for _ in range(2):
        move = SIZES * v(y)
        move[BOX] = 0
        y = P(y + move)
    return P(x + SIZES * np.concatenate([v(y)[BOX], v(x)[2:]]))


def lookahead(x):
    y = simultaneous(simultaneous(simultaneous(x)))
    return x + 0.5 * (y - x)


MEMORYLESS = [
    (st.Simultaneous(LR), simultaneous),
    (st.Alternating(LR), alternating),
    (st.Alternating(LR, steps=3), lambda x: alternating(x, 3)),
    (st.Alternating(LR, inner=st.Simultaneous()), alternating),
    (st.Extragradient(LR), extragradient),
    (st.Heun(LR), heun),
    (st.RK4(LR), rk4),
    (st.Lookahead(LR, 3, 0.5), lookahead),
    (st.LinearCompetitive(LR), linear_competitive),
    pytest.param(st.Competitive(LR), competitive, marks=pytest.mark.slow),
    pytest.param(st.Proximal(LR), proximal, marks=pytest.mark.slow),
    pytest.param(st.BestResponse(), best_response, marks=pytest.mark.slow),
    (st.Unrolled(LR, 2, "box", stop_gradient=True), unrolled),
]
NUMERIC_ONLY = (st.Proximal, st.BestResponse, st.Competitive)


@pytest.mark.parametrize(("rule", "expected"), MEMORYLESS, ids=named)
def test_steps_without_memory(rule, expected):
    assert not np.allclose(simultaneous(START), START + SIZES * v(START))
    with jax.enable_x64(True):
        (found,) = rule.step(NUMERIC, (jnp.asarray(START),))
    np.testing.assert_allclose(found, expected(START), rtol=0, atol=1e-12)
    assert NUMERIC.sets.outside(np.asarray(found)) < 1e-15
    if not isinstance(rule, NUMERIC_ONLY):
        (exact,) = rule.step(EXACT, (sympy.Matrix([sympy.nsimplify(n) for n in START]),))
        exact = np.array(exact.evalf(30), float).ravel()
        np.testing.assert_allclose(exact, expected(START), rtol=0, atol=1e-14)


def optimistic(path, memory):
    x = path[-1]
    return P(x + SIZES * (2 * v(x) - memory)), v(x)


def heavy_ball(path, memory):
    x, last = path[-1], path[max(len(path) - 2, 0)]
    return P(x + 0.6 * (x - last) + SIZES * v(x)), None


def nesterov(path, memory):
    x, last = path[-1], path[max(len(path) - 2, 0)]
    ahead = P(x + 0.6 * (x - last))
    return P(ahead + SIZES * v(ahead)), None


def past_extragradient(path, memory):
    x = path[-1]
    middle = v(P(x + SIZES * memory))
    return P(x + SIZES * middle), middle


@pytest.mark.parametrize(
    ("rule", "one"),
    [
        (st.Optimistic(LR), optimistic),
        (st.HeavyBall(LR, 0.6), heavy_ball),
        (st.Nesterov(LR, 0.6), nesterov),
        (st.Extragradient(LR, past=True), past_extragradient),
    ],
    ids=named,
)
def test_steps_with_memory(rule, one):
    path, memory = [START], v(START)
    for _ in range(4):
        x, memory = one(path, memory)
        path.append(x)
    with jax.enable_x64(True):
        state = rule.init(NUMERIC, jnp.asarray(START))
        states = [state := rule.step(NUMERIC, state) for _ in range(4)]
    np.testing.assert_allclose(np.stack([s[0] for s in states]), path[1:], rtol=0, atol=1e-13)
    exact = rule.init(EXACT, sympy.Matrix([sympy.nsimplify(n) for n in START]))
    exact = rule.step(EXACT, rule.step(EXACT, exact))[0]
    np.testing.assert_allclose(
        np.array(exact.evalf(30), float).ravel(), path[2], rtol=0, atol=1e-13
    )


def test_adams_steps_are_projected():
    optax = pytest.importorskip("optax")
    rule = st.Optax(optax.sgd(1.0), LR)
    with jax.enable_x64(True):
        found = rule.step(NUMERIC, rule.init(NUMERIC, jnp.asarray(START)))[0]
    np.testing.assert_allclose(found, simultaneous(START), rtol=0, atol=1e-14)


@pytest.mark.slow
def test_an_unrolled_player_differentiates_through_the_projections():
    rule = st.Unrolled(LR, 2, "box")

    def place(own):  # where the others are after two projected steps
        y = jnp.concatenate([own, jnp.asarray(START[2:])])
        for _ in range(2):
            moved = NUMERIC.sets.project(y + jnp.asarray(SIZES) * NUMERIC(y))
            y = jnp.concatenate([own, moved[2:]])
        return y

    with jax.enable_x64(True):
        slope = jax.grad(lambda own: NUMERIC.game.losses(place(own))[0])(jnp.asarray(START[:2]))
        (found,) = rule.step(NUMERIC, (jnp.asarray(START),))
    expected = P(START + SIZES * np.concatenate([-np.asarray(slope), v(START)[2:]]))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


def test_an_implicit_step_ends_at_the_limit():
    """y = P(x + h(2 − y)) on [0, 1]: (x + 2h)/(1 + h), at most 1; and the best reply to nobody is 1."""
    x = sympy.Symbol("x", real=True)
    interval = st.SymbolicGame({"one": ([x], (x - 2) ** 2 / 2)}, sets={"one": st.Bounds(0, 1)})
    flow = st.Gradient().flow(interval.numeric())
    with jax.enable_x64(True):
        step = jax.jit(jax.vmap(lambda x: st.Proximal(0.1).step(flow, (x,))[0]))
        found = step(jnp.array([[0.3], [0.95]]))
    np.testing.assert_allclose(found, [[0.5 / 1.1], [1.0]], rtol=1e-14)


# ---- Clipped and projected rules -----------------------------------------------------------------


def test_rules_with_sets_of_their_own_stay_in_the_intersection():
    rule = st.Clipped(LR, low={"box": -0.95}, high={"box": 1.3})
    with jax.enable_x64(True):
        (found,) = rule.step(NUMERIC, (jnp.asarray(START),))
    expected = simultaneous(START)
    expected[BOX] = np.clip((START + SIZES * v(START))[BOX], -0.95, 1.3)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    (exact,) = rule.step(EXACT, (sympy.Matrix([sympy.nsimplify(n) for n in START]),))
    np.testing.assert_allclose(
        np.array(exact.evalf(30), float).ravel(), expected, rtol=0, atol=1e-14
    )
    rule = st.Projected(LR, radius={"ball": 0.25})
    with jax.enable_x64(True):
        (found,) = rule.step(NUMERIC, (jnp.asarray(START),))
    assert np.linalg.norm(found[BALL]) == pytest.approx(0.25)
    np.testing.assert_allclose(found[:5], simultaneous(START)[:5], rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (st.Clipped(low={"simplex": 0.1}), "an interval cannot be put on"),
        (st.Clipped(low={"box": 2}), "has no room"),
        (st.Projected(radius={"box": 1.0}), "a ball cannot be put on the bounded numbers of box"),
        (st.Projected(radius={"simplex": 1.0}), "a ball cannot be put on"),
    ],
    ids=named,
)
def test_intersections_that_are_none(rule, words):
    for flow in (NUMERIC, EXACT):
        with pytest.raises(InputError, match=words):
            rule.check(flow)


# ---- Near limits ---------------------------------------------------------------------------------


def test_multipliers_are_those_of_the_face():
    """Cournot, p = 10 − Q, costs 0 and 8: (5, 0), where the second firm is held."""
    q1, q2 = sympy.symbols("q1 q2", real=True)
    cournot = st.SymbolicGame(
        {"one": ([q1], -q1 * (10 - q1 - q2)), "two": ([q2], -q2 * (10 - q1 - q2) + 8 * q2)},
        sets={"one": st.Bounds(0), "two": st.Bounds(0)},
    )
    flow, h = st.Gradient().flow(cournot), sympy.Symbol("h", positive=True)
    near = st.Simultaneous(h).near(flow, [sympy.Integer(5), sympy.Integer(0)])
    assert set(near.linearise(flow.jacobian(), flow.partition).eigenvals()) == {0, 1 - 2 * h}
    numeric = flow.numeric()
    point = np.array([5.0, 0.0])
    matrix = np.asarray(numeric.jacobian(jnp.asarray(point, jnp.float32)), float)
    step = st.Simultaneous(0.1).near(numeric, point).linearise(matrix, flow.partition)
    np.testing.assert_allclose(np.linalg.eigvals(step), [0.8, 0.0], atol=1e-15)
    # best replies: q1 = (10 − q2)/2, q2 = max(0, (2 − q1)/2)
    step = st.BestResponse().near(numeric, point).linearise(matrix, flow.partition)
    np.testing.assert_allclose(step, np.array([[0, -0.5], [0, 0]]), atol=1e-15)


@pytest.mark.parametrize("alpha", [0.5, 1.5])
def test_the_way_back_of_lookahead_is_no_projection(alpha):
    """Slow weights go α of the way to the limit, so that a state off the face nears it like (1 − α)ⁿ."""
    x = sympy.Symbol("x", real=True)
    line = st.SymbolicGame({"one": ([x], x)}, sets={"one": st.Bounds(0)})
    flow = st.Gradient().flow(line)
    near = st.Lookahead(0.1, 2, alpha).near(flow, [sympy.Integer(0)])
    expected = sympy.Matrix([[1 - sympy.nsimplify(alpha)]]) if alpha < 1 else sympy.zeros(1)
    assert near.linearise(flow.jacobian(), flow.partition) == expected


RULES_NEAR = [
    st.Simultaneous(LR),
    st.Alternating(LR, steps={"box": 2, "": 1}),
    st.Extragradient(LR),
    st.HeavyBall(LR, 0.4, order="alternating"),
    st.Nesterov(LR, 0.4),
    *(
        pytest.param(rule, marks=pytest.mark.slow)
        for rule in (
            st.Extragradient(LR, past=True),
            st.Optimistic(LR),
            st.HeavyBall(LR, 0.4),
            st.RK4(LR),
            st.Lookahead(LR, 2, 0.5),
            st.LinearCompetitive(LR),
        )
    ),
    pytest.param(st.Competitive(LR), marks=pytest.mark.slow),
    pytest.param(st.Proximal(LR), marks=pytest.mark.slow),
]


def flat():
    """The same game, whose ball is so large that it is not met."""
    sets = {"box": st.Bounds(-1, 1.5), "simplex": st.Simplex(), "ball": st.Ball(9)}
    losses = dict(zip(SYMBOLIC.players, SYMBOLIC.losses(), strict=True))
    own = zip(SYMBOLIC.players, SYMBOLIC.partition.slices, strict=True)
    return st.SymbolicGame({i: (X[s], losses[i]) for i, s in own}, sets=sets)


@pytest.mark.parametrize("rule", RULES_NEAR, ids=named)
def test_states_near_a_rest_point_at_limits_do_what_the_multipliers_say(rule):
    flow = st.Gradient().flow(flat()).numeric()
    rest = iterated(lambda x: flow.sets.project(x + 0.3 * v(x)), START)
    face = st.games.sets.tangent(flow.sets, rest)
    assert face.held.any()
    assert face.strict(v(rest))
    near = rule.near(flow, rest)
    assert isinstance(near, OnFace)
    matrix = near.linearise(J, flow.partition)
    with jax.enable_x64(True):
        start = jnp.concatenate(rule.init(flow, jnp.asarray(rest)))
        away = 1e-6 * np.random.default_rng(0).standard_normal(len(start))
        away[:7] = face.matrix @ away[:7]  # along the face
        if len(away) == 14:
            away[7:] = face.matrix @ away[7:]
        state, step = start + away, jax.jit(rule.map(flow))
        for _ in range(6):
            state, away = step(state), matrix @ away
        np.testing.assert_allclose(np.asarray(state - start)[:7], away[:7], rtol=0, atol=1e-14)


@pytest.mark.parametrize("rule", [st.Simultaneous(0.2), st.Nesterov(0.2, 0.4)], ids=named)
def test_on_a_sphere_the_push_slows_the_step(rule):
    """(R/(R + hm))(I + hJ_t), m = ‖ξ‖: on the disc of radius 1/2, pushed with m from (0.3, 0.4)."""
    x, y = sympy.symbols("x y", real=True)
    m, R, h = sympy.Integer(3), sympy.Rational(1, 2), sympy.Rational(1, 5)
    normal = sympy.Matrix([sympy.Rational(3, 5), sympy.Rational(4, 5)])
    curvature = sympy.Matrix([[1, 2], [2, -1]])
    away = sympy.Matrix([x, y]) - R * normal
    loss = sympy.expand((away.T * curvature * away)[0] / 2 - m * normal.dot(away))
    disc = st.SymbolicGame({"one": ([x, y], loss)}, sets={"one": st.Ball(R)})
    flow = st.Gradient().flow(disc)
    along = sympy.Matrix([-normal[1], normal[0]])
    jt = float(-(along.T * curvature * along)[0])
    point = np.array([0.3, 0.4])
    found = rule.near(flow.numeric(), point).linearise(None, flow.partition)
    shrunk = 0.5 / (0.5 + 0.2 * 3)
    if isinstance(rule, st.Simultaneous):
        expected = [shrunk * (1 + 0.2 * jt), 0]
        exact = st.Simultaneous(h).near(flow, list(R * normal)).linearise(None, flow.partition)
        assert set(exact.eigenvals()) == {R / (R + h * m) * (1 + h * sympy.nsimplify(jt)), 0}
    else:  # y = x + βp, both on the face; x⁺ = s(1 + hJ_t)y, p⁺ = x⁺ − x
        s = shrunk * (1 + 0.2 * jt)
        expected = [*np.linalg.eigvals([[s, 0.4 * s], [s - 1, 0.4 * s]]), 0, 0]
    np.testing.assert_allclose(
        np.sort_complex(np.linalg.eigvals(found)), np.sort_complex(np.array(expected)), atol=1e-7
    )


def test_steps_linearised_without_matrices_are_projected():
    flow = st.Gradient().flow(flat()).numeric()
    rest = iterated(lambda x: flow.sets.project(x + 0.3 * v(x)), START)
    face = st.games.sets.tangent(flow.sets, rest)
    u = np.random.default_rng(0).standard_normal(7)
    with jax.enable_x64(True):
        found = st.linearise_rule(st.Simultaneous(0.2), flow, jnp.asarray(rest)).matvec(
            jnp.asarray(u)
        )
    np.testing.assert_allclose(found, face.matrix @ (u + 0.2 * J @ u), rtol=0, atol=1e-13)


def test_limits_without_a_push_have_no_derivative():
    x, y = sympy.symbols("x y", real=True)
    touched = st.SymbolicGame(
        {"one": ([x], x**2), "two": ([y], y**2 + y)},
        sets={"one": st.Bounds(0), "two": st.Bounds(0)},
    )
    for flow in (st.Gradient().flow(touched), st.Gradient().flow(touched).numeric()):
        with pytest.raises(InputError, match="without a push"):
            st.Simultaneous(0.1).near(flow, [sympy.S.Zero, sympy.S.Zero])


def test_projected_steps_have_no_modified_flow():
    flow = st.Gradient().flow(flat()).numeric()
    rest = iterated(lambda x: flow.sets.project(x + 0.3 * v(x)), START)
    with pytest.raises(InputError, match="without projections"):
        st.modified_flow(st.Simultaneous(0.1), flow)
    with pytest.raises(InputError, match="without projections"):
        st.modified_eigenvalues(st.Simultaneous(0.1).near(flow, rest), J, flow.partition)
