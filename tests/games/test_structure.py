"""What losses add up to, and the f that two players have in common."""

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

import stability as st
from stability.games.structure import common_payoff, sum_of_losses

x, y, z, a = sympy.symbols("x y z a", real=True)


def of_two(first, second, **options):
    return st.SymbolicGame({"a": ([x], first), "b": ([y], second)}, **options)


OWN = of_two(-(x**2) / 2 + 2 * x * y, 2 * y**2 - 2 * x * y)
IN_JAX = st.Game(
    {"a": lambda x, y: -(x**2) / 2 + 2 * x * y, "b": lambda x, y: 2 * y**2 - 2 * x * y},
    start={"a": 1.0, "b": 1.0},
)
ROOTS = {
    "a": lambda x, y: jnp.sqrt(x) * y + x,
    "b": lambda x, y: -jnp.sqrt(x) * y,
}


@pytest.mark.parametrize(
    ("game", "sums"),
    [
        (of_two(x * y, -x * y), "constant"),
        (of_two(x * y + 1, 2 - x * y), "constant"),
        (of_two((x + y) ** 2, -(x**2) - 2 * x * y - y**2), "constant"),
        (OWN, "own terms"),
        (OWN.numeric(), "own terms"),
        (IN_JAX, "own terms"),
        (of_two(x * y, x * y), "general"),
        (of_two(x**2, y**2), "own terms"),
        (st.SymbolicGame({"a": ([x], x**2)}), "general"),  # one player has no opponent
        (
            st.SymbolicGame(
                {"a": ([x], x * y), "b": ([y], -x * y + y * z), "c": ([z], z**2 - y * z)}
            ),
            "own terms",
        ),
    ],
)
def test_what_the_losses_add_up_to(game, sums):
    assert sum_of_losses(game) == sums


def test_points_where_a_loss_is_no_number_are_left_out():
    game = st.Game(ROOTS, start={"a": 1.0, "b": 1.0})
    inside, outside = [0.5, 0.3], [-0.5, 0.3]
    assert sum_of_losses(game, np.array([outside, inside])) == "own terms"
    assert sum_of_losses(game, np.array([outside])) == "general"
    report = st.report(st.Game(ROOTS, start={"a": 0.1, "b": 0.0}), rules=[])
    assert report.system.zero_sum


@pytest.mark.parametrize("minimizer", ["a", "b"])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (-(x**2) / 2 + 2 * x * y, 2 * y**2 - 2 * x * y),
        (x * y + sympy.exp(y) + x**2, -x * y + a * x**4 + 3),
        ((x + y) ** 2, -2 * x * y),
        (x**2, y**2),
    ],
)
def test_the_common_payoff_has_the_gradients_of_the_losses(first, second, minimizer):
    game = of_two(first, second, minimizer=minimizer)
    f = common_payoff(game)
    own, other = (x, y) if minimizer == "a" else (y, x)
    losses = dict(zip((x, y), game.losses(), strict=True))
    assert sympy.simplify(sympy.diff(f - losses[own], own)) == 0
    assert sympy.simplify(sympy.diff(f + losses[other], other)) == 0
    rest = sympy.expand(losses[own] - f)  # what its owner cannot act on
    assert own not in rest.free_symbols


def test_there_is_no_common_payoff_without_opposed_incentives():
    assert common_payoff(of_two(x * y, x * y)) is None
    assert common_payoff(st.SymbolicGame({"a": ([x], x**2)})) is None


def test_a_report_names_the_common_payoff_and_what_is_judged_on_it():
    report = st.report(OWN)
    system = report.to_dict()["system"]
    assert system["zero_sum"]
    assert system["zero_sum_up_to_own_terms"]
    assert system["common"] == {
        "formula": "-x**2/2 + 2*x*y - 2*y**2",
        "minimizer": "a",
        "maximizer": "b",
    }
    text = " ".join(report.to_text().split())
    assert "Zero-sum game up to own terms of 2 players: a (x), b (y)." in text
    assert "a minimises and b maximises f = −x²/2 + 2·x·y − 2·y²; minmax is judged on f" in text
    (only,) = report.equilibria
    assert only.conditions is not None
    assert only.conditions.local_minmax.verdict == "no"  # f(x, x/2) is constant, not convex
    assert only.conditions.differential_stackelberg["leader a"].verdict == "yes"  # x²/2


def test_without_a_formula_the_report_names_the_players():
    report = st.report(IN_JAX, rules=[])
    assert report.to_dict()["system"]["common"]["formula"] is None
    assert "a minimises and b maximises f; minmax" in " ".join(report.to_text().split())


def test_a_probe_says_so_too():
    probe = st.probe(IN_JAX, [0.0, 0.0], k=1)
    assert probe.to_dict()["system"]["zero_sum_up_to_own_terms"]
    assert "Zero-sum game up to own terms of 2 players" in probe.to_text()


@pytest.mark.parametrize("ask", [st.order_of_play, st.mixed_equilibrium])
def test_values_of_the_game_are_refused_with_the_reason(ask):
    with pytest.raises(st.InputError, match="to a constant but to terms in single strategies"):
        ask(OWN, box={"x": (-1, 1), "y": (-1, 1)})
