"""Sweeps of games whose players live in sets, against closed forms and reports at single values."""

import json

import numpy as np
import pytest
import sympy

import stability as st
from stability.errors import InputError

from ..cli.commands import in_process

X, Y, C = sympy.symbols("x y c", real=True)


@pytest.fixture(scope="module")
def cournot():
    """Two firms with p = 10 − Q and costs 0 and c, which leaves its market at c = 5."""
    players = {"one": ([X], -X * (10 - X - Y)), "two": ([Y], -Y * (10 - X - Y) + C * Y)}
    sets = {"one": st.Bounds(0), "two": st.Bounds(0)}
    return st.SymbolicGame(players, parameters={C: 8}, sets=sets)


@pytest.fixture(scope="module")
def found(cournot):
    return st.sweep(
        cournot,
        {"c": [3.0, 5.0, 12.0]},
        [
            "point",
            "critical_lr",
            "stable_lr",
            "multipliers",
            "stable_rule",
            "losses",
            "eigenvalues",
        ],
        rule=st.Simultaneous(0.1),
    )


def test_a_firm_leaves_its_market(found):
    inside = [(10 + 3) / 3, (10 - 2 * 3) / 3]
    np.testing.assert_allclose(found.quantities["point"], [inside, [5, 0], [5, 0]], atol=1e-12)
    assert found.lost == 0
    assert found.equilibrium["followed"] == "searched at every value"


def test_its_step_sizes_change_with_the_face(found):
    # inside λ = −1, −3, so that h < 2/3; on the face λ = −2, so that h < 1; at c = 5 there is no push
    critical = found.quantities["critical_lr"]
    np.testing.assert_allclose(critical[[0, 2]], [2 / 3, 1], rtol=1e-9)
    assert np.isnan(critical[1])
    np.testing.assert_allclose(found.quantities["stable_lr"][2], [0, 1], rtol=1e-9)
    np.testing.assert_allclose(found.quantities["multipliers"][2], [0.8, 0], atol=1e-12)
    assert np.isnan(found.quantities["eigenvalues"][2][1])  # one limit is active


def test_losses_are_those_at_the_point(found):
    x, y = found.quantities["point"].T
    np.testing.assert_allclose(found.quantities["losses"][:, 0], -x * (10 - x - y), rtol=1e-12)


def test_a_store_of_other_limits_is_another_request(tmp_path):
    """The same losses and base point, (0, 0), with x up to 1 and up to 2."""

    def swept(end):
        game = st.SymbolicGame(
            {"one": ([X], (X - C) ** 2), "two": ([Y], Y**2)},
            parameters={C: 0},
            sets={"one": st.Bounds(-end, end)},
        )
        return st.sweep(game, {"c": [0.0, 3.0]}, "point", store=tmp_path / "store", chunk=1)

    assert swept(1).quantities["point"][1].tolist() == [1, 0]
    with pytest.raises(InputError):
        swept(2)


def test_two_axes_and_chunks_agree_with_reports(cournot):
    grids = {"c": np.array([4.0, 7.0]), "lr": np.array([0.3, 0.9, 1.2])}
    asked = ["spectral_radius", "stable_rule"]
    found = st.sweep(cournot, grids, asked, rule=st.Alternating(0.1), chunk=2)
    for i, c in enumerate(grids["c"]):
        for j, lr in enumerate(grids["lr"]):
            report = st.report(cournot, parameters={"c": c}, rules=[st.Alternating(float(lr))])
            (rule,) = report.equilibria[0].rules
            assert found.quantities["spectral_radius"][i, j] == pytest.approx(rule.spectral_radius)


@pytest.mark.slow
def test_a_game_in_jax_on_a_ball_whose_penalty_varies():
    # minimise x² + y² − 3x on the unit ball with weight s/2 ‖(x, y)‖²: on the sphere while 3 > 2 + s
    game = st.Game(
        {"a": lambda a, b: a @ a - 3 * a[0], "b": lambda a, b: b @ b},
        start={"a": np.array([0.5, 0.1]), "b": np.zeros(1)},
        sets={"a": st.Ball(1.0)},
    )
    found = st.sweep(
        game,
        {"anchor.strength": [0.5, 2.0]},
        ["point", "spectral_abscissa"],
        penalties=[st.Anchor(1.0)],
    )
    np.testing.assert_allclose(found.quantities["point"][:, 0], [1, 3 / 4], atol=1e-7)
    # along the circle −push/R − … is −3; inside −(2 + s), and b has −(2 + s)
    np.testing.assert_allclose(found.quantities["spectral_abscissa"], [-2.5, -4], atol=1e-6)


def test_what_ends_at_a_fold_is_lost_and_never_the_other_branch():
    # x³ − x = c: the upper branch ends at c = −2/(3√3) ≈ −0.385; below, only x < −1 is left
    losses = {"one": ([X], X**4 / 4 - X**2 / 2 - C * X)}
    game = st.SymbolicGame(losses, parameters={C: 0}, sets={"one": st.Bounds(-10, 10)})
    found = st.sweep(game, {"c": [-0.5, 0.5]}, "point", at={"x": 1.0})
    upper = max(np.roots([1, 0, -1, -0.5]).real)
    np.testing.assert_allclose(found.quantities["point"], [[np.nan], [upper]], atol=1e-9)
    assert found.lost == 1


def test_several_rest_points_ask_for_one():
    with pytest.raises(InputError, match="choose the one to follow"):
        st.sweep(st.games.stag_hunt(), {"lr": [0.1, 0.2]}, "spectral_radius")


def test_the_command():
    run = in_process(
        "sweep", "cournot", "--over", "lr=0.1,0.5", "--quantity", "spectral_radius", "--json"
    )
    assert run.returncode == 0, run.stderr
    json.loads(run.stdout)
