"""Modified flows: closed forms, the published drift, and the order to which a flow follows a step."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.special
import sympy
from scipy.integrate import solve_ivp

from stability import (
    Alternating,
    Flow,
    Game,
    Gradient,
    InputError,
    InputTypeError,
    Simultaneous,
    SymbolicFlow,
    SymbolicGame,
    games,
)
from stability.dynamics import Partition
from stability.dynamics.functions import softplus
from stability.rules import (
    RK4,
    BestResponse,
    Competitive,
    Extragradient,
    HeavyBall,
    Heun,
    LinearCompetitive,
    Lookahead,
    Proximal,
)
from stability.rules.modified import (
    logarithms,
    modified_eigenvalues,
    modified_flow,
    modified_jacobian,
)

x, y = sympy.symbols("x y", real=True)
h = sympy.Symbol("h", positive=True)
I = sympy.I  # noqa: E741


SECOND = [  # with f₃, which takes long to compile
    Simultaneous(lr=0.1),
    Alternating(lr={"one": 0.05, "two": 0.1}, order=("two", "one")),
    Extragradient(lr=0.1),
    Heun(lr={"one": 0.1, "two": 0.05}),
]
FIRST = [
    *SECOND,
    Alternating(lr=0.1, steps={"one": 2}),
    Proximal(lr=0.1),
    Competitive(lr={"one": 0.05, "two": 0.1}),
    LinearCompetitive(lr=0.1),
    Lookahead(lr=0.1, k=2),
    RK4(lr=0.1),
]
ONE_STEP = [*((rule, 1) for rule in FIRST), *((rule, 2) for rule in SECOND)]


def time_of(rule):
    """The time of one step in the units of the modified flow."""
    return 1.0 if isinstance(rule.lr, dict) else rule.lr


# ---- Closed forms -----------------------------------------------------------------------------

# V = xy: the eigenvalue i becomes log(μ)/h, here to the second power of h
ROTATIONS = [
    (Simultaneous, I + h / 2 - I * h**2 / 3),  # μ = 1 + ih
    (Alternating, I + I * h**2 / 24),  # μ = exp(2i asin(h/2))
    (Extragradient, I - h / 2 + 2 * I * h**2 / 3),  # μ = 1 + ih − h²
    (Heun, I + I * h**2 / 6),  # μ = 1 + ih − h²/2
    (Proximal, I - h / 2 - I * h**2 / 3),  # μ = 1/(1 − ih)
    (Competitive, I - h / 2 - I * h**2 / 3),  # the same, for there are no own Hessians
    (RK4, I),  # μ = exp(ih) + O(h⁵)
]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("rule", "expected"), ROTATIONS, ids=lambda value: str(value))
def test_the_rotation_of_xy(rule, expected, order):
    flow = Gradient().flow(games.load("xy"))
    jacobian = flow.jacobian()
    modified = modified_flow(rule(lr=h), flow, order).jacobian()
    assert sympy.expand(
        modified - modified_jacobian(rule(lr=h), jacobian, flow.partition, order)
    ).is_zero_matrix
    upper = sympy.series(expected, h, 0, order + 1).removeO()
    found = modified_eigenvalues(rule(lr=h), jacobian, flow.partition, order)
    expansions = [sympy.series(value, h, 0, order + 1).removeO() for value in found]
    assert {sympy.expand(e) for e in expansions} == {
        sympy.expand(upper),
        sympy.expand(sympy.conjugate(upper)),
    }


def test_runge_kutta_follows_the_flow_itself():
    flow = Gradient().flow(games.load("dirac-gan"))
    four = modified_flow(RK4(lr=h), flow, 2)
    assert (four.expressions - flow.expressions).applyfunc(sympy.simplify).is_zero_matrix
    two = modified_flow(Heun(lr=h), flow, 1)
    assert (two.expressions - flow.expressions).applyfunc(sympy.simplify).is_zero_matrix


def test_euler_steps_of_a_nonlinear_equation():
    # ẋ = x²: Hairer, Lubich, Wanner, section IX.1, begin with this example
    flow = SymbolicFlow({x: x**2})
    assert modified_flow(Simultaneous(lr=h), flow, 1).expressions[0] == x**2 - h * x**3
    second = modified_flow(Simultaneous(lr=h), flow, 2).expressions[0]
    assert sympy.expand(second - (x**2 - h * x**3 + sympy.Rational(3, 2) * h**2 * x**4)) == 0


def test_known_drift_of_a_damped_rotation():
    # ẋ = −εx + y, ẏ = −x − εy: simultaneous steps diverge, alternating ones converge
    rate, step = 0.09, 0.2
    jacobian, partition = np.array([[-rate, 1], [-1, -rate]]), Partition(("x", "y"), (1, 1))
    diverging = modified_eigenvalues(Simultaneous(lr=step), jacobian, partition)
    np.testing.assert_allclose(diverging, [0.00919 + 1.018j, 0.00919 - 1.018j], atol=1e-12)
    converging = modified_eigenvalues(Alternating(lr=step), jacobian, partition)
    # the real part −ε + h(1 − ε²)/2 − (h/2)(1 + …) is a short decimal, the imaginary part was rounded
    np.testing.assert_allclose(converging.real, -0.09081, atol=1e-12)
    np.testing.assert_allclose(converging.imag, [1.00399, -1.00399], atol=5e-6)


def test_known_drift_of_the_dirac_gan():
    flow = Gradient().flow(games.load("dirac-gan"))
    modified = modified_flow(Simultaneous(lr=h), flow)
    at_rest = modified.jacobian().xreplace(dict.fromkeys(flow.variables, sympy.Integer(0)))
    assert set(at_rest.eigenvals()) == {h / 8 + I / 2, h / 8 - I / 2}


# ---- Rosca et al. 2021 -------------------------------------------------------------------------

# A general-sum game of φ (two numbers) and θ (one): f = −∇_φ E_φ, g = −∇_θ E_θ.
p, q, t = sympy.symbols("p q t", real=True)
alpha, lam = sympy.symbols("alpha lambda", positive=True)


def random_game(seed):
    numbers = np.random.default_rng(seed)
    monomials = [
        p,
        q,
        t,
        p * q,
        p * t,
        q * t,
        p**2,
        q**2,
        t**2,
        p**2 * t,
        p * t**2,
        q**2 * t,
        p**3,
        t**3,
    ]
    losses = [
        sum(sympy.Rational(int(n), 4) * m for n, m in zip(row, monomials, strict=True))
        for row in numbers.integers(-6, 7, (2, len(monomials)))
    ]
    losses[0] += sympy.sin(p * t)
    return SymbolicGame({"phi": ([p, q], losses[0]), "theta": ([t], losses[1])})


def drift_blocks(flow):
    """∇_φ f f, ∇_θ f g, ∇_φ g f and ∇_θ g g, written out with the blocks of the Jacobian."""
    f, g, jacobian = flow.expressions[:2, :], flow.expressions[2:, :], flow.jacobian()
    return (
        f,
        g,
        jacobian[:2, :2] * f,
        jacobian[:2, 2:] * g,
        jacobian[2:, :2] * f,
        jacobian[2:, 2:] * g,
    )


def check_at_random_points(rule, flow, expected, seed):
    """The first-order modified field of both engines against a formula."""
    sizes = {alpha: sympy.Rational(3, 10), lam: sympy.Rational(1, 5), h: sympy.Rational(1, 2)}
    expected = expected.xreplace(sizes)
    exact_field = modified_flow(rule, flow).expressions.xreplace(sizes)
    rule = rule.with_each_lr(lambda lr: float(sympy.sympify(lr).xreplace(sizes)))
    points = np.random.default_rng(seed).normal(size=(5, 3))
    with jax.enable_x64(True):
        values = jax.jit(jax.vmap(modified_flow(rule, flow.numeric())))(points)
    formula = sympy.lambdify(flow.variables, [expected, exact_field])
    for point, numeric in zip(points, values, strict=True):
        published, symbolic = (np.ravel(value) for value in formula(*point))
        scale = np.abs(published).max()  # a sum of about a hundred terms of this size
        np.testing.assert_allclose(symbolic, published, rtol=0, atol=1e-13 * scale)
        np.testing.assert_allclose(numeric, published, rtol=0, atol=1e-13 * scale)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_drift_of_simultaneous_steps(seed):
    # With one step size h this is f₁ = −½(∇_φ f f + ∇_θ f g), g₁ = −½(∇_φ g f + ∇_θ g g) of Theorem 3.1.
    flow = Gradient().flow(random_game(seed))
    f, g, ff, fg, gf, gg = drift_blocks(flow)
    expected = sympy.Matrix.vstack(f - h / 2 * (ff + fg), g - h / 2 * (gf + gg))
    check_at_random_points(Simultaneous(lr=h), flow, expected, seed)


@pytest.mark.parametrize("seed", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_drift_of_simultaneous_steps_of_two_sizes(seed):
    # The field of the joint flow over the time 1: x + D v = x + F + ½F′F with D = diag(αh, λh).
    flow = Gradient().flow(random_game(seed))
    f, g, ff, fg, gf, gg = drift_blocks(flow)
    expected = sympy.Matrix.vstack(
        alpha * h * (f - h / 2 * (alpha * ff + lam * fg)),
        lam * h * (g - h / 2 * (alpha * gf + lam * gg)),
    )
    rule = Simultaneous(lr={"phi": alpha * h, "theta": lam * h})
    check_at_random_points(rule, flow, expected, seed)


@pytest.mark.parametrize(("m", "k"), [pytest.param(1, 1, marks=pytest.mark.slow), (2, 1)])
def test_drift_of_alternating_steps(m, k):
    # m steps h/m of φ, then k steps h/k of θ: with one step size in all, Theorem 3.2 says
    # f₁ = −½(∇_φ f f/m + ∇_θ f g), g₁ = −½((1 − 2)∇_φ g f + ∇_θ g g/k).
    flow = Gradient().flow(random_game(4))
    f, g, ff, fg, gf, gg = drift_blocks(flow)
    field = sympy.Matrix.vstack(f - h / 2 * (ff / m + fg), g - h / 2 * (-gf + gg / k))
    rule = Alternating(lr={"phi": h / m, "theta": h / k}, steps={"phi": m, "theta": k})
    check_at_random_points(rule, flow, h * field, 4)


@pytest.mark.parametrize(("m", "k"), [(1, 2)])
def test_drift_of_alternating_steps_of_two_sizes(m, k):
    # φ moves by m αh f + C(m,2) (αh)² ∇_φ f f, θ by k λh g + C(k,2) (λh)² ∇_θ g g + k m αλh² ∇_φ g f; less
    # half the acceleration of the flow with the speeds mαh, kλh:
    flow = Gradient().flow(random_game(5))
    f, g, ff, fg, gf, gg = drift_blocks(flow)
    expected = sympy.Matrix.vstack(
        m * alpha * h * (f - h / 2 * (alpha * ff + k * lam * fg)),
        k * lam * h * (g - h / 2 * (-m * alpha * gf + lam * gg)),
    )
    rule = Alternating(lr={"phi": alpha * h, "theta": lam * h}, steps={"phi": m, "theta": k})
    check_at_random_points(rule, flow, expected, 5)


# ---- The order ----------------------------------------------------------------------------------

PARTITION = Partition(("one", "two"), (2, 1))


def random_cubic(seed):
    """Coefficients of v_i = b_i + A_ij x_j + B_ijk x_j x_k + C_ijkl x_j x_k x_l, and a point."""
    numbers = np.random.default_rng(seed)
    tensors = [numbers.uniform(-1, 1, (3,) * n) / 3 ** (n - 1) for n in (1, 2, 3, 4)]
    return tensors, numbers.uniform(-1, 1, 3)


@pytest.mark.parametrize(
    ("rule", "order"),
    [
        pytest.param(
            rule,
            order,
            # long to compile: of a rule in turn and of one of two stages, the first order
            marks=pytest.mark.slow if order != i % 2 and i else (),
            id=f"{rule}-{order}",
        )
        for i, rule in enumerate(SECOND)
        for order in (1, 2)
    ],
)
def test_a_step_is_missed_by_the_next_power_of_its_size(rule, order):
    def flow(tensors):
        b, a, c, e = tensors
        return Flow(
            lambda x: b + a @ x + c @ x @ x + e @ x @ x @ x, partition=PARTITION, check=False
        )

    @jax.jit
    def field(factor, tensors, x):
        return modified_flow(rule.scaled(factor), flow(tensors), order)(x)

    def miss(factor, tensors, start):
        end = solve_ivp(
            lambda _, x: np.asarray(field(factor, tensors, x)),
            (0, time_of(rule.scaled(factor))),
            start,
            method="DOP853",
            rtol=1e-12,
            atol=1e-14,
        ).y[:, -1]
        (after,) = rule.scaled(factor).step(flow(tensors), (jnp.asarray(start),))
        return np.linalg.norm(end - after)

    with jax.enable_x64(True):
        for seed in range(3):
            tensors, start = random_cubic(seed)
            tensors = [jnp.asarray(t) for t in tensors]
            power = np.log2(miss(1 / 4, tensors, start) / miss(1 / 8, tensors, start))
            # step sizes of 1/40 and 1/80: what the next power adds to the miss, a few of their size
            assert abs(power - (order + 2)) < 0.2


@pytest.mark.parametrize(("rule", "order"), ONE_STEP, ids=str)
def test_the_jacobian_is_the_truncated_logarithm_of_the_linearised_step(rule, order):
    jacobian = np.random.default_rng(0).uniform(-1, 1, (3, 3))

    def difference(factor):
        scaled = rule.scaled(factor)
        logarithm = scipy.linalg.logm(scaled.linearise(jacobian, PARTITION)) / time_of(scaled)
        return np.abs(modified_jacobian(scaled, jacobian, PARTITION, order) - logarithm).max()

    power = np.log2(difference(1) / difference(1 / 2))
    left_out = order + 1 + isinstance(rule.lr, dict)  # by player, the field itself is of size lr
    if isinstance(rule, RK4):
        left_out = 4
    if isinstance(rule, (Alternating, Heun)):
        assert power > left_out - 0.2
    else:
        assert left_out - 0.2 < power < left_out + 0.2


LAMBDIFY = [{"sigmoid": scipy.special.expit, "softplus": lambda z: np.logaddexp(0, z)}, "numpy"]

# ---- Both engines, and the linearisation ---------------------------------------------------------

GAME = SymbolicGame(
    {
        "one": ([x], x**2 + 3 * x * y + x**2 * y + softplus(x * y)),
        "two": ([y], -x * y + y**2 + y**3),
    },
    parameters={},
    box={"x": (-2, 1), "y": (-1, 3)},
    start={"x": 0.5, "y": -0.25},
    name="named",
)


# second derivatives of long steps take JAX seconds to compile
COMPILED = [
    pytest.param(
        rule,
        order,
        marks=pytest.mark.slow if i and (order == 2 or i > 1) else (),
        id=f"{rule}-{order}",
    )
    for order, rules in ((1, FIRST), (2, SECOND))
    for i, rule in enumerate(rules)
]


@pytest.mark.parametrize(("rule", "order"), COMPILED)
def test_the_engines_agree_with_each_other_and_with_the_linearisation(rule, order):
    flow = Gradient().flow(GAME)
    numeric = modified_flow(rule, flow.numeric(), order)
    symbolic = modified_flow(rule, flow, order)
    points = np.append(np.random.default_rng(1).uniform(-1, 1, (3, 2)), np.zeros((1, 2)), axis=0)
    values, jacobians = numeric.evaluate(points)
    exact_values = sympy.lambdify(
        flow.variables, [symbolic.expressions, symbolic.jacobian()], LAMBDIFY
    )
    for point, value, jacobian in zip(points, values, jacobians, strict=True):
        expected = exact_values(*point)
        # sums of some hundred terms, the largest about a hundred
        np.testing.assert_allclose(value, expected[0].ravel(), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(jacobian, expected[1], rtol=1e-12, atol=1e-12)

    origin = dict.fromkeys(flow.variables, sympy.Integer(0))
    at_rest = flow.jacobian().xreplace(origin)
    closed = modified_jacobian(rule, at_rest, flow.partition, order)
    assert sympy.expand(closed - symbolic.jacobian().xreplace(origin)).is_zero_matrix
    array = np.array(at_rest, float)
    found = modified_jacobian(rule, array, flow.partition, order)
    np.testing.assert_allclose(found, np.array(closed, float), rtol=1e-13)
    eigenvalues = modified_eigenvalues(rule, array, flow.partition, order)
    exact_eigenvalues = modified_eigenvalues(rule, at_rest, flow.partition, order)
    np.testing.assert_allclose(
        np.sort_complex(eigenvalues),
        np.sort_complex([complex(v) for v in exact_eigenvalues]),
        rtol=1e-12,
    )
    assert list(eigenvalues.real) == sorted(eigenvalues.real, reverse=True)


def test_one_step_size_by_player_is_the_same_flow_in_the_time_of_a_step():
    flow = Gradient().flow(GAME.numeric())
    sizes = (0.25, {"": 0.25})
    with jax.enable_x64(True):
        once, by_player = jax.jit(
            lambda x: [modified_flow(Simultaneous(lr=lr), flow, 2)(x) for lr in sizes]
        )(np.array([0.3, -0.7]))
        np.testing.assert_allclose(by_player, 0.25 * once, rtol=1e-13)


def test_what_is_carried_over():
    g = sympy.Symbol("gamma", real=True)
    game = SymbolicGame(
        {"a": ([x], g * x**2), "b": ([y], x * y)},
        parameters={g: 2},
        box={"x": (-2, 1)},
        start={"x": 0.5, "y": -0.25},
        name="named",
    )
    flow = Gradient().flow(game)
    for one in (flow, flow.numeric()):
        modified = modified_flow(Simultaneous(lr=0.5), one)
        assert type(modified) is type(one)
        for what in ("name", "variables", "partition", "box"):
            assert getattr(modified, what) == getattr(one, what)
        assert list(modified.start) == [0.5, -0.25]
    exact_flow = modified_flow(Simultaneous(lr=0.1), flow)
    assert exact_flow.parameters == {g: 2}
    # 0.1 means one tenth
    assert exact_flow.expressions[0] == -2 * g * x - g**2 * x / 5


def test_a_bare_symbol_means_a_real_number():
    bare = sympy.Symbol("x")
    modified = modified_flow(Simultaneous(lr=h), SymbolicFlow({bare: -bare * abs(bare)}))
    assert modified.variables == (bare,)
    assert modified.expressions.free_symbols == {bare, h}
    # f₂ = −½ f′f = −½ (−2|x|)(−x|x|) = −x³
    at_two = modified.expressions[0].subs(bare, -2)
    assert sympy.simplify(at_two - (4 + 8 * h)) == 0


def test_it_can_be_mapped_compiled_and_differentiated_in_single_precision():
    flow = Gradient().flow(GAME.numeric())
    points = jnp.asarray(np.random.default_rng(2).uniform(-1, 1, (4, 2)), jnp.float32)

    def field(lr, x):
        return modified_flow(Alternating(lr=lr), flow)(x)

    @jax.jit
    def with_slope(lr, x):
        return jax.jvp(jax.vmap(field, (None, 0)), (lr, x), (1.0, jnp.zeros_like(x)))

    many, slope = with_slope(0.1, points)
    assert many.dtype == jnp.float32
    double, _ = modified_flow(Alternating(lr=0.1), flow).evaluate(np.asarray(points))
    np.testing.assert_allclose(many, double, rtol=1e-5, atol=1e-5)
    # the field is affine in lr at first order
    np.testing.assert_allclose(slope, (with_slope(0.2, points)[0] - many) / 0.1, atol=1e-4)


# ---- Logarithms ---------------------------------------------------------------------------------


def test_logarithms():
    rates = np.array([-0.3 + 1.2j, 0.1, -2.0])
    np.testing.assert_allclose(logarithms(np.exp(0.5 * rates), 0.5), rates, rtol=1e-14)
    # |Im| ≤ π/h: a rotation by 1.5π a step comes back as one by −π/2
    np.testing.assert_allclose(logarithms(np.exp(1.5j * np.pi), 0.5), -1j * np.pi, atol=1e-14)
    np.testing.assert_allclose(logarithms([-1.0], 0.5), [2j * np.pi], rtol=1e-15)
    (dead,) = logarithms([0.0], 0.5)
    assert (dead.real, dead.imag) == (-np.inf, 0)


def test_logarithms_are_what_the_modified_eigenvalues_tend_to():
    jacobian = np.random.default_rng(3).uniform(-1, 1, (3, 3))
    rule = Alternating(lr=1e-3)
    multipliers = np.linalg.eigvals(rule.linearise(jacobian, PARTITION))
    expected = logarithms(multipliers, 1e-3)
    found = modified_eigenvalues(rule, jacobian, PARTITION, 2)
    # h³ = 1e-9 is left out
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=1e-8)


@pytest.mark.parametrize("time", [0, -1.0, float("nan"), "1"])
def test_logarithms_need_a_time(time):
    with pytest.raises(InputError, match="time of a step"):
        logarithms([1.0], time)


# ---- Errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [0, 3, True, 1.5, "1", None])
def test_orders(order):
    flow = Gradient().flow(GAME)
    with pytest.raises(InputError, match="order 1 or 2"):
        modified_flow(Simultaneous(), flow, order)
    with pytest.raises(InputError, match="order 1 or 2"):
        modified_jacobian(Simultaneous(), np.eye(2), flow.partition, order)


def test_rules_with_memory_have_no_modified_flow_of_the_profile_alone():
    flow = Gradient().flow(GAME)
    for one in (flow, flow.numeric()):
        with pytest.raises(InputError, match="heavy-ball is not"):
            modified_flow(HeavyBall(), one)
    with pytest.raises(InputError, match="heavy-ball is not"):
        modified_jacobian(HeavyBall(), np.eye(2), flow.partition)


def test_a_best_response_has_no_step_size():
    with pytest.raises(InputError, match="best-response has no step size"):
        modified_flow(BestResponse(), Gradient().flow(GAME))


def test_wrong_arguments():
    flow = Gradient().flow(GAME)
    with pytest.raises(InputTypeError, match="Flow or a SymbolicFlow"):
        modified_flow(Simultaneous(), GAME)
    with pytest.raises(InputError, match="step size h has no value"):
        modified_flow(Simultaneous(lr=h), flow.numeric())
    with pytest.raises(InputError, match="no player 'three'"):
        modified_flow(Alternating(order=("one", "three")), flow)
    with pytest.raises(InputError, match=r"shape \(2, 2\)"):
        modified_jacobian(Simultaneous(), np.eye(3), flow.partition)
    alone = Game({"a": lambda a: jnp.sum(a**2)}, start={"a": np.ones(3, "float32")})
    with pytest.raises(InputError, match="at least two players"):
        modified_flow(Alternating(), Gradient().flow(alone))


def test_eigenvalues_without_a_closed_form():
    # μ⁵ − μ − 1 cannot be solved by radicals
    companion = sympy.Matrix(5, 5, lambda i, j: 1 if j == i + 1 or (i == 4 and j < 2) else 0)
    with pytest.raises(InputError, match="no closed form"):
        modified_eigenvalues(RK4(), companion, Partition(("all",), (5,)))
