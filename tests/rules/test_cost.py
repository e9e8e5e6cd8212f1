"""What a step costs, against counts by hand.

Two players share one gradient half and half. A gradient of one loss by all strategies costs the same half,
as reverse mode does; a product is with the Jacobian of everybody's field, or its transpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import sympy

import stability as st
from stability.dynamics import Partition
from stability.rules import every_rule
from stability.rules.cost import Cost, step_cost

x, y, z = sympy.symbols("x y z", real=True)
TWO = st.SymbolicGame({"p": ([x], x * y + x**2), "q": ([y], y**2 - x * y)}).numeric({})
THREE = st.SymbolicGame(
    {"p": ([x], x * y + x**2), "q": ([y], y**2 - x * y), "r": ([z], z**2 + x * z)}
).numeric({})
HALF = 0.5


@dataclass(frozen=True)
class Midpoint(st.Rule):
    """A rule of the user's own: x ← x + h v(x + h/2 v(x)), with one product for good measure."""

    lr: Any = 0.1
    name: ClassVar[str] = "midpoint"

    def step(self, flow, state):
        (x,) = state
        v = flow(x + 0.5 * self.along(flow, flow(x)))
        return (x + self.along(flow, v + 0 * flow.jvp(x, v)),)


# rule: gradients, products, solves on two players' gradient field
RULES = [
    (st.Simultaneous(), (1, 0, 0)),
    (st.Alternating(), (1, 0, 0)),
    (st.Alternating(order="q+p"), (1, 0, 0)),
    (st.Alternating(steps=3), (3, 0, 0)),
    (st.Extragradient(), (2, 0, 0)),
    (st.Extragradient(past=True), (1, 0, 0)),
    (st.Optimistic(), (1, 0, 0)),
    (st.HeavyBall(), (1, 0, 0)),
    (st.HeavyBall(order="alternating"), (1, 0, 0)),
    (st.Nesterov(), (1, 0, 0)),
    (st.Heun(), (2, 0, 0)),
    (st.RK4(), (4, 0, 0)),
    (st.RungeKutta(((), (0.5,), (-1, 2)), (1 / 6, 2 / 3, 1 / 6)), (3, 0, 0)),
    (st.Lookahead(k=5), (5, 0, 0)),
    (st.Lookahead(k=3, inner=st.Extragradient()), (6, 0, 0)),
    (st.Lookahead(k=2, inner=st.Alternating()), (2, 0, 0)),
    (st.Alternating(inner=st.RK4()), (4, 0, 0)),
    (st.Alternating(inner=st.Optimistic()), (1, 0, 0)),
    (st.Clipped(low=-1), (1, 0, 0)),
    (st.Projected(inner=st.Extragradient()), (2, 0, 0)),
    (st.Proximal(), (0, 0, 1)),  # x⁺ = x + h v(x⁺)
    (st.Competitive(), (1, 0, 1)),  # the right-hand side hv, and the equation
    (st.LinearCompetitive(), (1, 2, 0)),  # J times the others' move, once for each player
    (st.BestResponse(), (0, 0, 2)),  # an equation for each player
    (st.BestResponse(order="simultaneous"), (0, 0, 2)),
    # three unrolled steps, the loss at their end, three products on the way back, one ordinary step
    (st.Unrolled(k=3), (3 + HALF + 1, 3, 0)),
    (st.Unrolled(k=3, stop_gradient=True), (3 + HALF + 1, 0, 0)),
    (Midpoint(), (2, 1, 0)),
]


@pytest.mark.parametrize(("rule", "expected"), RULES, ids=[str(r[0]) for r in RULES])
def test_rules_along_the_gradient(rule, expected):
    assert step_cost(rule, st.Gradient(), TWO, TWO.partition) == Cost(*expected)


def test_every_rule_is_in_the_table():
    assert {rule.name for rule in every_rule()} <= {rule.name for rule, _ in RULES}


def test_steps_that_differ_by_player():
    rule = st.Alternating(steps={"p": 4})
    assert step_cost(rule, st.Gradient(), TWO, TWO.partition) == Cost(2.5, 0, 0)
    inner = st.Alternating(inner={"p": st.Extragradient(), "q": st.Proximal()})
    assert step_cost(inner, st.Gradient(), TWO, TWO.partition) == Cost(1, 0, 1)


# field: gradients, products, solves for one evaluation with two players, and with three
FIELDS = [
    (st.Gradient(), (1, 0, 0), (1, 0, 0)),
    (st.TwoTimescale({"q": 2}), (1, 0, 0), (1, 0, 0)),
    (st.Consensus(), (1, 1, 0), (1, 1, 0)),  # v and Jᵀv
    (st.Symplectic(), (1, 2, 0), (1, 2, 0)),  # v, Jv and Jᵀv
    # v, the leader's gradient by everybody, one equation, one product with what it gives
    (st.Stackelberg(0), (1 + 1 / 2, 1, 1), (1 + 1 / 3, 1, 1)),
    (st.LookaheadOpponent(), (2, 0, 0), (2, 0, 0)),  # v, then everybody at another place
    # v; for each player its gradient by everybody, J times the others' moves, one transposed product
    (st.LOLA(), (2, 4, 0), (2, 6, 0)),
    (st.LOLA(exact=True), (2, 2, 0), (2, 3, 0)),  # nothing but the way back through the step
    (st.FieldFunction(lambda game, x: game.jvp(x, game.field(x))), (1, 1, 0), (1, 1, 0)),
]


@pytest.mark.parametrize(("field", "of_two", "of_three"), FIELDS, ids=[str(f[0]) for f in FIELDS])
def test_fields(field, of_two, of_three):
    for game, own in ((TWO, of_two), (THREE, of_three)):
        found = step_cost(st.Simultaneous(), field, game, game.partition)
        assert (found.gradients, found.products, found.solves) == pytest.approx(own)


def test_ridge_in_a_zero_sum_game():
    game = st.games.dirac_gan_r1().numeric({})
    assert step_cost(st.Simultaneous(), st.Ridge(), game, game.partition) == Cost(1, 1, 1)


@pytest.mark.parametrize(
    ("rule", "field", "expected"),
    [
        (st.RK4(), st.Consensus(), (4, 4, 0)),
        (st.Extragradient(), st.Symplectic(), (2, 4, 0)),
        (st.Alternating(), st.Consensus(), (2, 2, 0)),  # every player looks at the whole field
        (st.Alternating(), st.LookaheadOpponent(), (3, 0, 0)),  # v, then its own half, twice
        (st.Alternating(), st.TwoTimescale({"q": 2}), (1, 0, 0)),  # has parts, as the gradient does
        # a product with the field's Jacobian is differentiated through the field's own product
        (st.LinearCompetitive(), st.Consensus(), (1, 1 + 2 * 2, 0)),
        (Midpoint(), st.Consensus(), (2, 2 + 2, 0)),
        (st.Proximal(), st.Consensus(), (0, 0, 1)),
        (st.BestResponse(), st.Symplectic(), (0, 0, 2)),
    ],
    ids=str,
)
def test_rules_on_other_fields(rule, field, expected):
    assert step_cost(rule, field, TWO, TWO.partition) == Cost(*expected)


def test_three_players():
    partition = THREE.partition
    assert step_cost(st.Alternating(), st.Gradient(), THREE, partition) == Cost(1, 0, 0)
    assert step_cost(st.BestResponse(), st.Gradient(), THREE, partition) == Cost(0, 0, 3)
    assert step_cost(st.LinearCompetitive(), st.Gradient(), THREE, partition) == Cost(1, 3, 0)
    found = step_cost(st.Unrolled(k=2), st.Gradient(), THREE, partition)
    assert found.gradients == pytest.approx(2 + 1 / 3 + 1)
    assert found.products == 2


def test_a_flow_without_players():
    partition = Partition(("given",), (3,))
    assert step_cost(st.RK4(), None, None, partition) == Cost(4, 0, 0)
    assert step_cost(st.Proximal(), None, None, partition) == Cost(0, 0, 1)


def test_work_counts_products_and_not_solves():
    assert Cost(2.5, 2.0, 7.0).work == 4.5


def test_players_of_several_variables_cost_no_more():
    a, b, c = sympy.symbols("a b c", real=True)
    game = st.SymbolicGame({"p": ([a, b], a * c + b**2 + a**2), "q": ([c], c**2 - a * c)})
    numeric = game.numeric({})
    assert step_cost(st.Alternating(), st.Consensus(), numeric, numeric.partition) == Cost(2, 2, 0)
