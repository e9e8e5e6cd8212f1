"""What every rule has to do: rest at equilibria, in both engines, under transformations, by player."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import Flow, Game, Gradient, InputError, Rule, SymbolicFlow, SymbolicGame
from stability.dynamics import Partition
from stability.rules import (
    RK4,
    RULES,
    Alternating,
    Clipped,
    Extragradient,
    HeavyBall,
    Lookahead,
    Optimistic,
    Projected,
    RungeKutta,
    Unrolled,
    every_rule,
)
from tests.selection import slow_but

a, b, c = sympy.symbols("a b c", real=True)
VALUE = a**2 - 2 * b**2 - c**2 + 2 * a * b - a * c + b * c + a**2 * b / 2 - a * b * c + a**3 / 3
GAME = SymbolicGame({"x": ([a], VALUE), "y": ([b, c], -VALUE)})
POINT = [sympy.Rational(1, 4), sympy.Rational(-1, 8), sympy.Rational(3, 8)]
UNEQUAL = {"x": 0.1, "y": 0.25}
VARIANTS = {
    "alternating twice": lambda lr: Alternating(lr, steps={"y": 2}, order="y+x"),
    "alternating inner": lambda lr: Alternating(lr, inner=Extragradient()),
    "alternating nested": lambda lr: Alternating(lr, inner=Lookahead(k=2, inner=Optimistic())),
    "past extragradient": lambda lr: Extragradient(lr, past=True),
    "lookahead inner": lambda lr: Lookahead(lr, 2, 0.5, inner=HeavyBall(beta=0.5, order="alternating")),
    "runge-kutta": lambda lr: RungeKutta(((), (0.5,)), (0, 1), lr),
    "unrolled, given": lambda lr: Unrolled(lr, k=2, stop_gradient=True, player="y"),
    "clipped": lambda lr: Clipped(lr, low=-1, high=1),
    "projected": lambda lr: Projected(lr, radius=2.0),
}  # fmt: skip
MAKE = {str(rule): rule.with_lr for rule in every_rule()} | VARIANTS
IMPLICIT = ("proximal", "best-response")  # no formula
IN_TURN = "heavy-ball:beta=-0.5,order=alternating"
COMPILED = [  # one of every kind: each costs seconds of compilation
    label
    for label in MAKE
    if not label.startswith(("alternating ", "lookahead i", "past", "heun", "runge"))
    and label != "heavy-ball:beta=-0.5"
]
# Every run compiles about half of them in one test, and the other half in the next.
IN_TWO_DTYPES = (
    "simultaneous",
    "alternating",
    "optimistic",
    "nesterov:beta=0.5",
    "proximal",
    "projected",
)
SCANNED = (
    "extragradient",
    "heavy-ball:beta=0.5",
    "lookahead",
    "linear-competitive",
    "unrolled, given",
    "clipped",
)
NEEDS_PLAYERS = ("alternating", "competitive", "linear-competitive", "unrolled", "best-response")


@pytest.fixture(scope="module")
def game():
    return GAME.numeric()


def numbers(matrix):
    return np.array(matrix.evalf(30), float)


def jacobian():
    return GAME.jacobian().xreplace(dict.fromkeys(GAME.variables, sympy.S.Zero))


def test_the_registry():
    for name, rule in RULES.items():
        assert rule.name == name
        assert issubclass(rule, Rule)
    on_simplices = {name for name, rule in RULES.items() if rule.keeps_sets}
    assert {make(0.1).name for make in MAKE.values()} >= set(RULES) - on_simplices


# ---- Engines -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lr", [0.25, UNEQUAL], ids=str)
@pytest.mark.parametrize("label", [label for label in MAKE if label != "unrolled"])
def test_linearised_steps_of_both_engines_agree(label, lr):
    rule, partition = MAKE[label](lr), GAME.partition
    exact = rule.linearise(jacobian(), partition)
    assert isinstance(exact, sympy.MatrixBase)
    numeric = rule.linearise(numbers(jacobian()), partition)
    assert isinstance(numeric, np.ndarray)
    np.testing.assert_allclose(numeric, numbers(exact), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("lr", [0.25, UNEQUAL], ids=str)
@pytest.mark.parametrize("label", [label for label in MAKE if label not in IMPLICIT])
def test_steps_of_both_engines_agree(game, label, lr):
    rule = MAKE[label](lr)
    symbolic, flow = Gradient().flow(GAME), Gradient().flow(game)
    exact = rule.init(symbolic, sympy.Matrix(POINT))
    with jax.enable_x64(True):
        state = rule.init(flow, jnp.array(POINT, float))
        for _ in range(2):  # the second step uses what the first one remembers
            exact = tuple(part.evalf(30) for part in rule.step(symbolic, exact))
            state = rule.step(flow, state)
    assert len(exact) == len(state)
    for one, other in zip(exact, state, strict=True):
        np.testing.assert_allclose(other, numbers(one).ravel(), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("label", [IN_TURN, "optimistic", "rk4", "clipped"])
def test_maps_of_both_engines_agree(game, label):
    rule = MAKE[label](UNEQUAL)
    exact, own = rule.map(Gradient().flow(GAME)), rule.map(Gradient().flow(game))
    names = tuple(map(str, exact.variables))
    assert own.variables == names
    assert names[:3] == ("a", "b", "c")
    state = [sympy.Rational(k + 1, 16) for k in range(len(names))]
    expected = numbers(exact(sympy.Matrix(state))).ravel()
    with jax.enable_x64(True):
        np.testing.assert_allclose(own(jnp.array(state, float)), expected, rtol=1e-12)


@pytest.mark.parametrize("label", IMPLICIT)
def test_implicit_steps_have_no_formula(label):
    flow = Gradient().flow(GAME)
    with pytest.raises(InputError, match=r"no formula; use the numeric flow"):
        MAKE[label](0.1).map(flow)


# ---- Rest ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("label", slow_but(MAKE, set(MAKE) - {"best-response"}))  # long to compile
def test_the_first_state_at_an_equilibrium_stays(game, label):
    rule, flow = MAKE[label](UNEQUAL), Gradient().flow(game)
    with jax.enable_x64(True):
        state = rule.init(flow, jnp.zeros(3))
        after = rule.step(flow, state)
        np.testing.assert_array_equal(state[0], np.zeros(3))
        for one, other in zip(state, after, strict=True):
            np.testing.assert_allclose(other, one, rtol=0, atol=1e-15)
    if label not in IMPLICIT:
        symbolic = Gradient().flow(GAME)
        start = rule.init(symbolic, sympy.zeros(3, 1))
        assert tuple(map(sympy.ImmutableMatrix, rule.step(symbolic, start))) == tuple(
            map(sympy.ImmutableMatrix, start)
        )


# ---- Every player's own step ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "label", [label for label in MAKE if label not in ("unrolled", "best-response")]
)
def test_step_sizes_by_player(label):
    """Equal ones are one; the key "" stands for the others; different ones are a faster field."""
    matrix, partition = numbers(jacobian()), GAME.partition
    one = MAKE[label](0.2).linearise(matrix, partition)
    for lr in ({"x": 0.2, "y": 0.2}, {"": 0.2}, {"": 0.2, "y": 0.2}):
        np.testing.assert_array_equal(MAKE[label](lr).linearise(matrix, partition), one)
    by_player = MAKE[label]({"x": 0.2, "y": 0.5}).linearise(matrix, partition)
    assert np.abs(by_player - one).max() > 1e-3
    # y's field 5/2 as fast with one step size: the same profiles, whatever the memory is measured in
    faster = np.diag([1, 2.5, 2.5]) @ matrix
    np.testing.assert_allclose(
        np.poly(MAKE[label](0.2).linearise(faster, partition)), np.poly(by_player), rtol=0, atol=1e-12
    )  # fmt: skip


@pytest.mark.parametrize("lr", [0.1, UNEQUAL, {"": 0.1, "y": 0.3}], ids=str)
@pytest.mark.parametrize("label", MAKE)
def test_scaled(label, lr):
    rule = MAKE[label](lr)
    partition = GAME.partition
    if rule.lr is None:
        assert rule.scaled(2) is rule
        return
    once = rule.scaled(3.0)
    assert type(once) is type(rule)
    sizes = partition.per_player(lr, "lr")
    np.testing.assert_allclose(partition.per_player(once.lr, "lr"), [3 * s for s in sizes])
    if label != "unrolled":
        matrix = numbers(jacobian())
        other = MAKE[label](dict(zip("xy", (3.0 * s for s in sizes), strict=True)))
        np.testing.assert_array_equal(
            once.linearise(matrix, partition), other.linearise(matrix, partition)
        )


def test_an_inner_rule_takes_the_outer_step_size():
    assert Alternating(inner=Extragradient(0.3)).lr == 0.3
    assert Lookahead(inner=Extragradient(0.3)).lr == 0.3
    assert Lookahead(0.2, inner=Extragradient(0.3)).inner.lr == 0.2
    each = Alternating(inner={"x": Extragradient(0.3), "": Optimistic(0.2)})
    assert each.lr == {"x": 0.3, "": 0.2}
    assert each.scaled(2).lr == {"x": 0.6, "": 0.4}
    assert each.settings["inner"] == {"x": "extragradient", "": "optimistic"}
    assert str(Lookahead(0.1, inner=HeavyBall(beta=0.5))) == "lookahead:inner=(heavy-ball:beta=0.5)"
    assert str(Alternating(0.1, {"": 1, "x": 2}, ("y", "x"))) == (
        "alternating:steps=1,steps.x=2,order=y+x"
    )
    assert str(Extragradient(0.1, past=True)) == "extragradient:past=true"


# ---- Flows that are no games ---------------------------------------------------------------------


def cubic(x):
    return jnp.array([-1.0, -0.5, -2.0], x.dtype) * x + x[::-1] ** 2 - x**3


@pytest.mark.parametrize("label", MAKE)
def test_a_flow_that_is_no_game(label):
    flow, rule = Flow(cubic, dimension=3), MAKE[label](0.1)
    if label.startswith(NEEDS_PLAYERS) or label == "lookahead inner":
        with pytest.raises(InputError, match=r"at least two players|no player 'y'"):
            rule.check(flow)
        return
    if label == IN_TURN:
        with pytest.raises(InputError, match="at least two players"):
            rule.check(flow)
        return
    rule.check(flow)
    matrix = np.diag([-1.0, -0.5, -2.0])
    near = rule.near(flow, np.zeros(3))
    with jax.enable_x64(True):
        automatic = rule.map(flow).jacobian(jnp.zeros(3 * len(rule.init(flow, jnp.zeros(3)))))
    np.testing.assert_allclose(near.linearise(matrix, flow.partition), automatic, atol=1e-14)


# ---- Precision and transformations ---------------------------------------------------------------


@pytest.mark.parametrize("label", slow_but(COMPILED, IN_TWO_DTYPES))
def test_dtypes_are_kept(game, label):
    rule, flow = MAKE[label](UNEQUAL), Gradient().flow(game)
    point = np.array(POINT, float)
    step = jax.jit(lambda x: rule.step(flow, rule.init(flow, x)))
    with jax.enable_x64(True):
        single, double = step(point.astype("float32")), step(point)
    assert {part.dtype for part in single} == {jnp.float32.dtype}
    assert {part.dtype for part in double} == {jnp.float64.dtype}
    # Newton's method stops at 64 roundings; all else is a few of them
    np.testing.assert_allclose(single[0], double[0], rtol=0, atol=2e-5)


@pytest.mark.parametrize("label", slow_but(COMPILED, SCANNED))
def test_steps_under_scan_and_vmap(game, label):
    """Three steps from three points in one compilation, against one step after the other."""
    rule, flow = MAKE[label]({"x": 0.05, "y": 0.1}), Gradient().flow(game)
    points = np.random.default_rng(0).uniform(-0.3, 0.3, (3, 3))

    def run(x):
        def body(state, _):
            return rule.step(flow, state), state[0]

        return jax.lax.scan(body, rule.init(flow, x), length=3)[0][0]

    with jax.enable_x64(True):
        together = jax.jit(jax.vmap(run))(points)
        state = rule.init(flow, jnp.asarray(points[1]))
        step = jax.jit(lambda state: rule.step(flow, state))
        for _ in range(3):
            state = step(state)
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together[1], state[0], rtol=1e-9, atol=1e-12)


def test_step_sizes_may_be_traced():
    matrix, partition = numbers(jacobian()), GAME.partition
    rules = [
        *(make for label, make in MAKE.items() if label not in ("unrolled", "best-response")),
    ]

    def everything(h):
        return [make(h).linearise(matrix, partition) for make in rules] + [
            make({"x": h, "y": 2 * h}).linearise(matrix, partition) for make in rules
        ]

    with jax.enable_x64(True):
        for traced, plain in zip(jax.jit(everything)(0.25), everything(0.25), strict=True):
            np.testing.assert_allclose(traced, plain, rtol=0, atol=1e-13)


# ---- What a rule says of itself ------------------------------------------------------------------


@pytest.mark.parametrize("label", [label for label in MAKE if label not in IMPLICIT])
def test_turns_make_a_step(label):
    """One after the other they are the step, and each moves one player, or all of them if there is one."""
    rule, flow = MAKE[label](UNEQUAL), Gradient().flow(GAME)
    turns = rule.turns(GAME.partition)
    in_turn = label.startswith("alternating") or label == IN_TURN
    assert len(turns) == (2 if in_turn else 1)
    state = rule.init(flow, sympy.Matrix(POINT))
    expected, moved = rule.step(flow, state), []
    for turn in turns:
        after = turn(flow, state)
        parts = range(len(GAME.players))
        pairs = [
            (GAME.partition.part(i, state[0]), GAME.partition.part(i, after[0])) for i in parts
        ]
        moved.append(sum(one != other for one, other in pairs))
        state = after
    assert moved == ([1, 1] if in_turn else [2])
    assert all(
        (one - other).expand().is_zero_matrix for one, other in zip(state, expected, strict=True)
    )


def test_what_is_inside():
    clipped = Clipped(low=-1, inner=Lookahead(inner=Extragradient()))
    assert [rule.name for rule in clipped.inside] == ["clipped", "lookahead", "extragradient"]
    assert clipped.interior() == Lookahead(inner=Extragradient())
    each = Alternating(inner={"x": Extragradient(), "y": clipped})
    assert [rule.name for rule in each.inside][:2] == ["alternating", "extragradient"]
    assert each.rests_elsewhere
    assert not Alternating(inner=Extragradient()).rests_elsewhere
    assert Lookahead(inner=Unrolled()).sees_more_than_the_jacobian
    assert not Unrolled(stop_gradient=True).sees_more_than_the_jacobian
    assert [rule.name for rule in every_rule() if rule.is_euler] == ["simultaneous"]


# ---- A rule of the user's own --------------------------------------------------------------------


@dataclass(frozen=True)
class Averaged(Rule):
    """x ← (x + x₋)/2 + h v(x): nothing but evaluations of the field and linear combinations."""

    lr: Any = 0.1
    name: ClassVar[str] = "averaged"

    def init(self, flow, x):
        return (x, x)

    def step(self, flow, state):
        x, before = state
        return ((x + before) * coefficient_of(x) + self.along(flow, flow(x)), x)


def coefficient_of(x):
    return sympy.Rational(1, 2) if isinstance(x, sympy.MatrixBase) else 0.5


def test_a_rule_of_ones_own(game):
    rule, partition = Averaged({"x": 0.2, "": 0.1}), GAME.partition
    found = rule.linearise(numbers(jacobian()), partition)
    expected = np.block(
        [
            [np.eye(3) / 2 + np.diag([0.2, 0.1, 0.1]) @ numbers(jacobian()), np.eye(3) / 2],
            [np.eye(3), np.zeros((3, 3))],
        ]
    )
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    exact = rule.map(Gradient().flow(GAME))
    assert [str(v) for v in exact.variables] == ["a", "b", "c", "a_", "b_", "c_"]
    at = dict.fromkeys(exact.variables, sympy.S.Zero)
    np.testing.assert_allclose(numbers(exact.jacobian().xreplace(at)), expected, rtol=1e-14)
    with jax.enable_x64(True):
        automatic = rule.map(Gradient().flow(game)).jacobian(jnp.zeros(6))
    np.testing.assert_allclose(automatic, expected, rtol=1e-14)
    inside = Lookahead(k=1, alpha=1.0, inner=rule)
    np.testing.assert_allclose(
        inside.linearise(numbers(jacobian()), partition), expected, rtol=1e-14
    )
    assert Alternating(inner=Averaged(0.1)).linearise(numbers(jacobian()), partition).shape == (
        6,
        6,
    )
    assert rule.settings == {"lr": {"x": 0.2, "": 0.1}}


def test_a_symbolic_flow_that_is_no_game():
    h = sympy.Symbol("h", positive=True)
    flow = SymbolicFlow({a: -a + b**2, b: -2 * b})
    exact = RK4(h).map(flow)
    at = {a: sympy.S.Zero, b: sympy.S.Zero}
    series = [sum((-h * k) ** j / sympy.factorial(j) for j in range(5)) for k in (1, 2)]
    difference = exact.jacobian().xreplace(at) - sympy.diag(*series)
    assert difference.expand().is_zero_matrix


def test_one_player_alone():
    alone = Game({"a": lambda x: jnp.sum(x**2)}, start={"a": np.ones(2, "float32")})
    for label, make in MAKE.items():
        if "clipped" in label or "projected" in label or label in ("rk4", "optimistic", "nesterov"):
            make(0.1).check(Gradient().flow(alone))
    assert Partition(("a",), (2,)) == alone.partition
