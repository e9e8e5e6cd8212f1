"""Settings that no rule can take: each one clear sentence, at construction or when the players are known."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import InputError, InputTypeError
from stability.dynamics import Partition
from stability.dynamics.flow import Linear
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

WITH_STEP = [
    Simultaneous,
    Alternating,
    Extragradient,
    Optimistic,
    HeavyBall,
    Nesterov,
    Proximal,
    Lookahead,
    Heun,
    RK4,
    Competitive,
    LinearCompetitive,
    Unrolled,
    lambda lr: RungeKutta(((),), (1,), lr),
]
THREE = Linear(-np.eye(3), Partition(("a", "b", "c"), (1, 1, 1)))
ALONE = Linear(-np.eye(3), Partition(("a",), (3,)))


@pytest.mark.parametrize("rule", WITH_STEP, ids=lambda r: getattr(r, "name", "runge-kutta"))
@pytest.mark.parametrize(
    ("lr", "kind"),
    [
        *((v, InputError) for v in (0, -1, float("nan"), float("inf"), {"a": -0.1}, {}, sympy.nan)),
        *((v, InputTypeError) for v in ("0.1", True, 1j, [0.1], {"a": "0.1"}, np.array([0.1, 0.2]))),
    ],
    ids=repr,
)  # fmt: skip
def test_step_sizes(rule, lr, kind):
    name = getattr(rule, "name", "runge-kutta")
    words = f"the step size lr of {name}( for player 'a')? is (a positive|given for no player)"
    with pytest.raises(kind, match=words) as e:
        rule(lr)
    assert str(e.value).count("\n") == 0


@pytest.mark.parametrize("rule", WITH_STEP, ids=lambda r: getattr(r, "name", "runge-kutta"))
@pytest.mark.parametrize(
    ("lr", "words"),
    [
        ({"a": 0.1, "": 0.1, "d": 0.1}, "there is no player 'd'; the players are a, b, c"),
        ({"a": 0.1, "b": 0.1}, "lr is missing for player 'c'"),
        ({0: 0.1, "": 0.1}, "lr is keyed by player names, not by 0"),
    ],
    ids=repr,
)
def test_step_sizes_of_players_that_are_not_there(rule, lr, words):
    with pytest.raises(InputError, match=words):
        rule(lr).check(THREE)


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: HeavyBall(beta="0.9"), InputTypeError, "the momentum beta"),
        (lambda: HeavyBall(beta=float("nan")), InputError, "the momentum beta"),
        (lambda: HeavyBall(beta=True), InputTypeError, "the momentum beta"),
        (lambda: HeavyBall(beta=sympy.I), InputError, "the momentum beta"),
        (lambda: HeavyBall(order="sideways"), InputError, "simultaneous or alternating"),
        (lambda: HeavyBall(order=("a", "b")), InputError, "simultaneous or alternating"),
        (lambda: Nesterov(beta=None), InputTypeError, "the momentum beta"),
        (lambda: Nesterov(beta=float("inf")), InputError, "the momentum beta"),
        (lambda: Extragradient(past=1), InputTypeError, "past is true or false"),
        (lambda: Lookahead(k=0), InputError, "number of steps k"),
        (lambda: Lookahead(k=2.0), InputTypeError, "number of steps k"),
        (lambda: Lookahead(k=10**6), InputError, "number of steps k"),
        (lambda: Lookahead(alpha=0), InputError, "lookahead's alpha"),
        (lambda: Lookahead(alpha="half"), InputTypeError, "lookahead's alpha"),
        (lambda: Lookahead(inner="simultaneous"), InputTypeError, "lookahead goes round a rule"),
        (lambda: Lookahead(inner=Simultaneous), InputTypeError, "lookahead goes round a rule"),
        (lambda: Lookahead(-1), InputError, "the step size lr of lookahead"),
        (lambda: Simultaneous(jnp.float32("nan")), InputError, "the step size lr of simultaneous"),
        (lambda: Simultaneous({"": -1}), InputError, "of simultaneous for the other players"),
        (lambda: Alternating(inner="simultaneous"), InputTypeError, "the inner rule is a rule"),
        (lambda: Alternating(inner={"a": 3}), InputTypeError, "the inner rule is a rule"),
        (lambda: Alternating(inner=Simultaneous({"a": 1})), InputError, "to the outer rule"),
        (lambda: Alternating(order=3), InputTypeError, "a sequence of players' names"),
        (lambda: Alternating(order=(0, 1)), InputTypeError, "a sequence of players' names"),
        (lambda: BestResponse(order=3), InputTypeError, "a sequence of players' names"),
        (lambda: Unrolled(k=0), InputError, "number of steps k"),
        (lambda: Unrolled(k="5"), InputTypeError, "number of steps k"),
        (lambda: Unrolled(player=None), InputTypeError, "a player's name or position"),
        (lambda: Unrolled(player=1.5), InputTypeError, "a player's name or position"),
        (lambda: Unrolled(player=True), InputTypeError, "a player's name or position"),
        (lambda: Unrolled(stop_gradient="no"), InputTypeError, "stop_gradient is true or false"),
        (lambda: RungeKutta(3, (1,)), InputTypeError, "rows a and weights b"),
        (lambda: RungeKutta((), ()), InputError, "an explicit tableau"),
        (lambda: RungeKutta(((1,),), (1,)), InputError, "an explicit tableau"),
        (lambda: RungeKutta(((), (0.5,)), (1,)), InputError, "an explicit tableau"),
        (lambda: RungeKutta(((), (0.5,)), (0.5, 0.4)), InputError, "add up to one"),
        (lambda: RungeKutta(((), ("x",)), (0, 1)), InputTypeError, "an entry of a tableau"),
        (lambda: RungeKutta(((), (float("nan"),)), (0, 1)), InputError, "an entry of a tableau"),
    ],
)
def test_other_settings(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Alternating(steps={"d": 2}), "no player 'd'"),
        (Alternating(order=("a", "b")), "names every player once"),
        (Alternating(inner={"d": Simultaneous()}), "no player 'd'"),
        (Alternating(inner=Alternating()), "alternating needs a game with at least two players"),
        (Alternating(inner={"a": Competitive()}), "competitive needs a game with at least two"),
        (Alternating(inner=Unrolled()), "at least two players"),
        (BestResponse(order=("a", "b")), "names every player once"),
        (BestResponse(order="a+b+d"), "no player 'd'"),
        (Lookahead(inner=Alternating(order=("c", "a"))), "names every player once"),
        (Unrolled(player="d", stop_gradient=True), "no player 'd'"),
        (Unrolled(player=3, stop_gradient=True), "player 3 does not exist"),
        (Unrolled(), "follows the gradient field of a game only"),
    ],
    ids=str,
)
def test_settings_that_do_not_fit_the_players(rule, words):
    with pytest.raises(InputError, match=words):
        rule.check(THREE)


@pytest.mark.parametrize(
    "rule",
    [
        Alternating(),
        Competitive(),
        LinearCompetitive(),
        BestResponse(),
        Unrolled(stop_gradient=True),
        HeavyBall(order="alternating"),
        Lookahead(inner=Alternating()),
    ],
    ids=str,
)
def test_rules_for_several_players(rule):
    with pytest.raises(InputError, match="at least two players"):
        rule.check(ALONE)
    rule.check(THREE)
