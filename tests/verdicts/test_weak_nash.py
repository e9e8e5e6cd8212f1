"""Local Nash equilibria where own Hessians are singular: bilinear games, convex losses, higher terms."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from sympy import Integer, Matrix, Rational, exp

import stability as st
from stability import SymbolicGame
from stability.dynamics.functions import softplus
from stability.verdicts.conditions_at import conditions_at, traced_losses
from stability.verdicts.definite import Definiteness
from stability.verdicts.point import game_point
from stability.verdicts.weak_nash import weak_nash

x, y, p, q = sympy.symbols("x y p q", real=True)


def at(players, point=None):
    game = SymbolicGame(players)
    point = [0] * game.dimension if point is None else point
    return conditions_at(game_point(game, point))


def against(f):
    return {"x": ([x], f), "y": ([y], -f)}


SINGULAR = "its own Hessian is singular, and its loss changes like"
SENTENCES = [
    (against(x * y), "a weak global", "every player's loss is affine in its own strategy"),
    (
        against(softplus(x * y)),
        "a weak global",
        "while the others stay, no player's loss changes",
    ),
    (
        {"x": ([x], x**4 + x * y), "y": ([y], -x * y)},
        "a weak global",
        "while the others stay, the loss of x is convex in its own strategy, that of y is affine in its "
        "own strategy",
    ),
    (
        {"x": ([x], x**4 - x**6 + x * y), "y": ([y], y**2 - x * y)},
        "a strict local",
        "while the others stay, the loss of x grows like x⁴, that of y is convex in its own strategy",
    ),
    (
        {"x": ([x], (x - x**2) ** 4), "y": ([y], y**2 - y**4)},
        "a strict local",
        "while the others stay, the loss of x is nowhere lower, that of y has a positive definite own "
        "Hessian",
    ),
    ({"x": ([x], x * y), "y": ([y], x * y - y**4)}, "player y", f"{SINGULAR} −y⁴"),
    ({"x": ([x], x**3 + x * y), "y": ([y], y**2)}, "player x", f"{SINGULAR} x³"),
    (
        {"x": ([x, p], x**2 - 3 * x * p**2 + 2 * p**4), "y": ([y], y**2)},
        "player x",
        f"{SINGULAR} −p⁴/4 where it is least in its other own variables",
    ),
    (
        {"x": ([x, p], p**4 - 3 * x**2 * p**2 + x**6), "y": ([y], y**2)},
        "player x",
        f"{SINGULAR} p⁴ − 3·p²·x²",
    ),
    (
        {"x": ([x, p], p**4 - x**6), "y": ([y], y**2)},
        "player x",
        f"{SINGULAR} −x⁶",
    ),
    (
        {"x": ([x, p], p**4 - 3 * x**3 * p**2 + x**6), "y": ([y], y**2)},
        "player x",
        "its own Hessian is singular, and its loss falls along some curve",
    ),
    (
        {"x": ([x, p], (x + p) ** 2 + x**4 - x**6), "y": ([y], y * x)},
        "a weak local",
        "while the others stay, the loss of x grows like p⁴ where it is least in its other own variables, "
        "that of y is affine in its own strategy",
    ),
    (
        {
            "x": ([x], x**2 * exp(-1 / (x - 1) ** 2)),
            "y": ([y, q], y**4 * q**2 * exp(-y) + q * x),
        },
        "a local",
        "while the others stay, the loss of x has a positive definite own Hessian, that "
        "of y is nowhere lower",
    ),
]


@pytest.mark.parametrize(("players", "who", "because"), SENTENCES)
def test_sentences(players, who, because):
    found = at(players)
    local = found.local_nash
    better = who.startswith("player")
    rest = " can do better nearby" if better else " Nash equilibrium"
    assert local.because == f"{who}{rest}: {because}"
    assert (local.verdict, local.evidence) == ("no" if better else "yes", "exact")
    assert (local.value, local.margin) == (0.0, 0.0)
    assert found.differential_nash.verdict == "no"


def test_what_is_left_open_says_what_would_decide():
    motzkin = x**4 * p**2 + x**2 * p**4 + q**6 - 3 * x**2 * p**2 * q**2 + x**9
    found = at({"x": ([x, p, q], motzkin), "y": ([y], y**2)}).local_nash
    assert found.verdict == "undecided"
    assert found.because == (
        "the own Hessian of x has a zero eigenvalue and none negative; "
        "the sign of a leading form of degree 6 in 3 variables would decide"
    )


def test_only_the_slice_at_the_others_strategies_counts():
    """x³ p vanishes at p = 0 and not at p = 1."""
    players = {"x": ([x], x**3 * p + x**4), "p": ([p], (p**2 - p) ** 2)}
    assert at(players, (0, 0)).local_nash.verdict == "yes"
    assert at(players, (0, 1)).local_nash.verdict == "no"


def test_a_point_off_the_origin():
    r = Rational(1, 3)
    players = {"x": ([x], (x - r) ** 4 + (x - r) * (y - 2)), "y": ([y], (x - r) * y)}
    found = at(players, (r, 2)).local_nash
    assert (found.verdict, found.evidence) == ("yes", "exact")
    expanded = {name: (own, sympy.expand(loss)) for name, (own, loss) in players.items()}
    assert at(expanded, (r, 2)).local_nash.verdict == "yes"


def test_a_local_nash_equilibrium_is_a_local_minmax_point():
    found = at(against(x * y)).local_minmax
    assert found.verdict == "no"  # a strict one
    assert found.because.endswith("as a local Nash equilibrium it still is a local minmax point")
    found = at(against(x**3 + x * y)).local_minmax
    assert "still" not in found.because


def test_a_follower_to_whom_all_strategies_are_equal():
    found = at({"x": ([x], x**2 + x * y), "y": ([y], x * y)}).differential_stackelberg
    assert found["leader x"].because.endswith(": here all its strategies are best replies")
    assert "all its" not in found["leader y"].because


def test_more_players_than_two():
    players = {"x": ([x], x * y + x * p), "y": ([y], y * p - y * x), "p": ([p], p**4)}
    found = at(players).local_nash
    assert found.verdict == "yes"
    assert "the loss of x and y is affine in its own strategy" in found.because
    players["p"] = ([p], p**4 - p**3)
    assert at(players).local_nash.verdict == "no"


def test_a_negative_own_hessian_is_asked_first():
    found = at({"x": ([x], x**4), "y": ([y], -(y**2))}).local_nash
    assert (found.verdict, found.value) == ("no", -2.0)


def test_typing_does_not_matter():
    """Factored, expanded, with other powers and names."""
    a, b = sympy.symbols("a b", real=True)
    forms = [
        (x + p) ** 2 + x**4 - 3 * x * p**3,
        x * x * x * x - 3 * x * p * p**2 + (p + x) * (x + p),
    ]
    words = set()
    for form, (v, w) in itertools.product(forms, [(x, p), (b, a)]):
        own = sympy.expand(form) if v is b else form
        own = own.xreplace({x: v, p: w})
        words.add(at({"x": ([v, w], own), "y": ([y], y**2)}).local_nash.verdict)
    assert words == {"yes"}  # p⁴ + 3p⁴ at x = −p


@pytest.mark.parametrize("seed", range(2))
def test_random_bilinear_games_have_a_weak_equilibrium(seed):
    rng = np.random.default_rng(seed)
    own = Matrix([x, p]), Matrix([y, q])
    for _ in range(3):
        a, b = (Matrix(rng.integers(-4, 5, (2, 2)).tolist()) for _ in range(2))
        players = {
            "x": ([x, p], (own[0].T * a * own[1])[0] + exp(y)),
            "y": ([y, q], (own[0].T * b * own[1])[0]),
        }
        assert at(players).local_nash.verdict == "yes"


@pytest.mark.parametrize("seed", range(2))
def test_random_losses_against_samples(seed):
    """No strategy on a small circle is better iff the verdict is yes."""
    rng = np.random.default_rng(seed)
    angles = np.linspace(0, 2 * np.pi, 4001)
    for _ in range(3):
        a, b = (int(v) for v in rng.integers(-2, 3, 2))
        quartic = sum(int(c) * x**k * p ** (4 - k) for k, c in enumerate(rng.integers(-4, 9, 5)))
        loss = quartic + y * (a * x + b * p) * x
        around = sympy.lambdify((x, p), quartic)(np.cos(angles), np.sin(angles))
        if abs(around.min()) < 1e-6:
            continue
        found = at({"x": ([x, p], loss), "y": ([y], x * y)}).local_nash
        assert found.verdict == ("yes" if around.min() > 0 else "no")


def test_no_player_gains_where_a_catalogue_game_is_a_global_equilibrium():
    """By the losses themselves, in the other engine, at random strategies of each player."""
    rng = np.random.default_rng(0)
    for name in ("dirac-gan", "dirac-gan-r1", "linear-gan"):
        game = st.load(name)
        assert isinstance(game, SymbolicGame)
        point = [Integer(0)] * game.dimension
        found = conditions_at(game_point(game, point)).local_nash
        assert (found.verdict, "global" in found.because) == ("yes", True)
        numeric = game.numeric()
        here = np.asarray(numeric.losses(np.zeros(game.dimension)))
        for i, own in enumerate(numeric.partition.slices):
            for _ in range(20):
                moved = np.zeros(game.dimension)
                moved[own] = rng.normal(scale=3, size=own.stop - own.start)
                assert numeric.losses(moved)[i] >= here[i] - 1e-6


@pytest.mark.parametrize(("players", "who", "because"), SENTENCES[:2] + SENTENCES[3:8:2])
def test_losses_in_jax_are_read_as_formulas(players, who, because):
    """The same words, with numeric evidence, where second derivatives are only known up to rounding too."""
    game = SymbolicGame(players).numeric()
    found = conditions_at(game_point(game, np.zeros(game.dimension))).local_nash
    assert found.evidence == "numeric"
    assert found.verdict == ("no" if who.startswith("player") else "yes")
    assert found.because.endswith(because.removeprefix(SINGULAR))


def test_a_point_found_numerically_may_be_a_round_number():
    """x is the binary 0.3 of the loss, y the fraction 1/4 that the search missed by a little."""
    losses = {
        "x": lambda a, b: (a - 0.3) ** 4 - (a - 0.3) ** 6 + (a - 0.3) * (b - 0.25),
        "y": lambda a, b: (b - 0.25) ** 3 - (a - 0.3) * (b - 0.25),
    }
    game = st.Game(losses, start={"x": jnp.zeros(()), "y": jnp.zeros(())})
    near = traced_losses(game, np.array([0.3, 0.25 + 1e-9]), 1e-9)
    assert [own.minimum.word for i in (0, 1) if (own := near(i, False))] == ["yes", "no"]
    far = traced_losses(game, np.array([0.3, 0.25 + 1e-9]), 1e-11)
    assert far(0, False) is None


def test_what_jax_computes_without_a_formula_is_left_open():
    losses = {
        "x": lambda a, b: jnp.where(a > -1, a**4, a + 2) + a * b,
        "y": lambda a, b: -a * b,
    }
    game = st.Game(losses, start={"x": jnp.zeros(()), "y": jnp.zeros(())})
    found = conditions_at(game_point(game, np.zeros(2))).local_nash
    assert found.verdict == "undecided"


def test_a_bilinear_game_of_more_variables_than_closed_forms_are_made_for():
    rng = np.random.default_rng(1)
    matrix = jnp.asarray(rng.integers(-4, 5, (8, 8)), float)
    game = st.zero_sum(
        lambda a, b: a @ matrix @ b,
        minimizer="a",
        maximizer="b",
        start={"a": jnp.zeros(8), "b": jnp.zeros(8)},
    )
    singular = [Definiteness(0, 0.0, 0.0, "numeric")] * 2
    found = weak_nash(game.players, singular, traced_losses(game, np.zeros(16)))
    assert (found.verdict, found.evidence) == ("yes", "numeric")
    assert "every player's loss is affine" in found.because


def test_second_derivatives_that_decide_ask_for_nothing_else(monkeypatch):
    def never(*_):
        raise AssertionError("asked for more")

    monkeypatch.setattr("stability.verdicts.conditions_at._own_loss", never)
    assert at(against(x**2 - y**2 + x * y)).local_nash.verdict == "yes"
    assert at(against(-(x**2) - y**2)).local_nash.verdict == "no"


def test_a_loss_that_is_convex_in_the_box_of_the_game():
    """12x² − 3x⁴/10 is nowhere negative for |x| ≤ √40."""
    players = {"x": ([x], x**4 - x**6 / 100 + x * y), "y": ([y], -x * y)}

    def because(side):
        game = SymbolicGame(players, box={x: (-side, side)} if side else None)
        return conditions_at(game_point(game, [0, 0])).local_nash.because

    assert because(2).startswith("a weak Nash equilibrium in the box: ")
    assert "the loss of x is convex in its own strategy in the box" in because(2)
    assert because(7).startswith("a weak local Nash equilibrium: ")
    assert because(None) == because(7)
