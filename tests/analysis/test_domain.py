"""Rest points lie where all losses are real and finite, in both engines and whoever asks."""

import jax.numpy as jnp
import numpy as np
import pytest
import sympy
from sympy import log, sqrt

import stability as st

x, y, a = sympy.symbols("x y a", real=True)
ROOTS = [-np.sqrt(3), np.sqrt(3)]


def of_one(loss):
    return st.SymbolicGame({"x": ([x], loss)}, box={"x": (-3, 3)})


def in_jax(loss, start):
    return st.Game({"x": loss}, start={"x": start}, box={"x": (-3, 3)})


BUMPS = of_one(-log(4 - x**2) - 2 * log(x**2 - 1))
BUMPS_IN_JAX = in_jax(lambda x: -jnp.log(4 - x**2) - 2 * jnp.log(x**2 - 1), 1.5)
FLOW = st.SymbolicFlow({x: log(-1 - x**2) - log(-2 - 2 * x**2) + log(2) - x})
POLE = st.SymbolicGame({"x": ([x], x**2 + 1 / y), "y": ([y], y**2)})
POLE_IN_JAX = st.Game(
    {"x": lambda x, y: x**2 + 1 / y, "y": lambda x, y: y**2}, start={"x": 1.0, "y": 1.0}
)


@pytest.mark.parametrize(
    ("system", "points"),
    [
        (of_one(log(-1 - x**2)), []),
        (of_one(log(x**2 - 4)), []),
        (in_jax(lambda x: jnp.log(x**2 - 4), 3.0), []),
        (BUMPS, ROOTS),
        (BUMPS.numeric(), ROOTS),
        (BUMPS_IN_JAX, ROOTS),
        (of_one(log(-1 - x**2) - log(-2 - x**2)), []),  # neither is real, their difference is
        (FLOW, []),
        (FLOW.numeric(), []),
        (of_one((x - 1) ** 2 * sqrt(x + 2)), [-1.4, 1.0]),
        (of_one(sqrt(x - 2) + (x - 1) ** 2), []),
        (POLE, []),  # the gradient (2x, 2y) vanishes at a pole of x's loss
        (POLE.numeric(), []),
        (POLE_IN_JAX, []),
    ],
)
def test_no_rest_point_where_a_loss_is_not_real(system, points):
    found = [e.point["x"] for e in st.report(system, rules=[]).equilibria]
    assert found == pytest.approx(points, abs=1e-9)


def test_the_edge_of_the_domain_belongs_to_it_where_the_losses_are_real():
    (only,) = st.report(of_one(x ** sympy.Rational(3, 2)), rules=[]).equilibria
    assert only.point == {"x": 0.0}
    assert not only.differentiable


def test_a_report_says_that_a_loss_is_real_nowhere():
    report = st.report(of_one(log(-1 - x**2)))
    assert any("not a real number at any of the 64 points" in w for w in report.warnings)


@pytest.mark.parametrize("game", [BUMPS, BUMPS_IN_JAX])
@pytest.mark.parametrize(
    "ask",
    [
        lambda game: st.report(game, at={"x": 0}),
        lambda game: st.compare(game, at={"x": 0}),
        lambda game: st.sweep(
            game, over={"lr": [0.1, 0.2]}, quantities=["spectral_radius"], at={"x": 0}
        ),
        lambda game: st.proximal_equilibrium(game, [0], 1),
        lambda game: st.phase_portrait(game, starts=[{"x": 0}]),
        lambda game: st.Gradient().flow(game).trajectory([0.0], t=1.0),
        lambda game: st.along_schedule(game, st.Simultaneous(0.1), lambda t: 0.1, x={"x": 0}),
    ],
)
def test_a_point_at_which_a_loss_is_not_real_is_refused_in_a_sentence(game, ask):
    with pytest.raises(st.InputError, match=r"loss of player 'x' is not a finite real number at"):
        ask(game)


def test_a_step_size_at_a_point_outside_is_refused():
    with pytest.raises(st.InputError, match=r"a loss is not a finite real number at x = 0"):
        st.critical_step(BUMPS, st.Simultaneous, at={"x": 0})


def test_a_flow_and_a_map_are_asked_for_their_right_hand_sides():
    for system in (FLOW, st.SymbolicMap({x: log(x)})):
        with pytest.raises(st.InputError, match=r"the right-hand side of x is not a finite real"):
            st.report(system, at={"x": -1})


def test_a_probe_refuses_a_point_at_which_a_loss_is_not_real():
    with pytest.raises(st.InputError, match=r"the loss of player 'x' is not a finite number"):
        st.probe(BUMPS_IN_JAX, [0.0], k=1)


def test_the_domain_moves_with_a_parameter():
    game = st.SymbolicGame(
        {"x": ([x], x**2 + log(a - y)), "y": ([y], (y - 1) ** 2)}, parameters={a: 2}
    )
    assert not st.report(game, parameters={"a": 1}, rules=[]).equilibria
    swept = st.sweep(game, over={"a": [0.5, 1.0, 1.5]}, quantities=["spectral_abscissa"])
    values = np.asarray(swept.quantities["spectral_abscissa"])
    assert np.isnan(values).tolist() == [True, True, False]
    assert values[2] == -2


def test_the_stable_values_of_a_parameter_end_where_the_domain_does():
    game = st.SymbolicGame({"x": ([x], x**2 + log(a - y)), "y": ([y], (y - 1) ** 2)})
    rules = [st.Simultaneous(0.1)]
    found = st.compare(game, rules=rules, parameters={"a": 2}, tune={"a": (0, 3)})
    assert found.tuned[0].stable is not None
    np.testing.assert_allclose(found.tuned[0].stable, [(1, 3)], atol=1e-6)  # found by bisection


def test_lines_of_rest_points_that_lie_partly_outside_are_no_complete_answer():
    game = st.SymbolicGame({"x": ([x], x**2 + log(y - 1)), "y": ([y], 0 * y)}, box={"y": (0, 3)})
    report = st.report(game, rules=[])
    assert not report.search.exhaustive
    assert all(e.point["y"] > 1 for e in report.equilibria)


def test_a_family_that_is_outside_whatever_it_leaves_free_costs_no_completeness():
    """Elimination comes upon a = 1, where log(1 - a) and 1/(1 - a) have no value for any u and b."""
    found = st.study(st.load("farnia-ozdaglar-kl")).rest_points()
    assert found.search.exhaustive
    assert len(found.places) == 1
