"""Reports on games in strategic form: the catalogue's, with what is known of them."""

from __future__ import annotations

import numpy as np
import pytest

import stability as st

WEIGHTS = [st.MultiplicativeWeights(lr=0.3), st.OptimisticMultiplicativeWeights(lr=0.3)]


def at(report, **point):
    (found,) = [
        e
        for e in report.equilibria
        if all(abs(e.point[name] - value) < 1e-9 for name, value in point.items())
    ]
    return found


def test_rock_paper_scissors():
    """Neutral for the replicator, √(1 + h²/3) for the weights, stable for optimistic ones up to 1."""
    report = st.report(st.games.rock_paper_scissors(), fields=[st.Replicator()], rules=[])
    middle = at(report, all_rock=1 / 3)
    assert middle.flows[0].stability.verdict == "neutral"
    assert np.allclose(sorted(middle.flows[0].eigenvalues.imag), [-(3**-0.5), 3**-0.5])
    assert len(report.equilibria) == 4
    report = st.report(st.games.rock_paper_scissors(), fields=[st.Gradient()], rules=WEIGHTS)
    plain, optimistic = at(report, all_rock=1 / 3).rules
    assert plain.spectral_radius == pytest.approx(np.sqrt(1 + 0.3**2 / 3), rel=1e-12)
    assert plain.stability.verdict == "unstable"
    assert optimistic.stability.verdict == "exponentially stable"
    assert optimistic.stable_lr == ((0.0, pytest.approx(1.0, rel=1e-9)),)


def test_weights_never_reach_a_pure_equilibrium():
    """There every strategy that is not played has the multiplier e^{−h δ}: 1 each is lost by cooperating."""
    report = st.report(st.games.prisoners_dilemma(), fields=[st.Gradient()], rules=WEIGHTS)
    (defect,) = report.equilibria
    assert defect.point["row_defect"] == defect.point["column_defect"] == 1
    plain, optimistic = defect.rules
    assert np.allclose(plain.multipliers, [np.exp(-0.3)] * 2)
    assert optimistic.spectral_radius == pytest.approx(np.exp(-0.3))
    assert plain.stability.verdict == optimistic.stability.verdict == "exponentially stable"
    assert plain.stable_lr == ((0.0, None),)


def test_what_a_single_hawk_gains():
    """In a population the loss is linear in the own strategy: Nash for certain, differential Nash never."""
    report = st.report(st.games.hawk_dove(), fields=[st.Gradient(), st.Replicator()], rules=[])
    mixed = at(report, all_hawk=2 / 3)
    assert mixed.conditions.local_nash.verdict == "yes"
    assert mixed.conditions.differential_nash.verdict == "no"
    assert mixed.flows[1].eigenvalues.tolist() == [pytest.approx(-1 / 3)]
    for own in (0, 1):
        assert at(report, all_hawk=own).flows[1].stability.verdict == "unstable"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "stable", "saddle"),
    [
        ("stag-hunt", [(0, 0), (1, 1)], (2 / 3, 2 / 3)),
        ("coordination", [(0, 0), (1, 1)], (1 / 3, 1 / 3)),
    ],
)
def test_two_strict_equilibria_and_a_saddle(name, stable, saddle):
    game = st.load(name)
    report = st.report(game)
    row, column = (str(game.variables[i]) for i in (0, 2))
    for x, y in stable:
        found = at(report, **{row: x, column: y})
        assert {f.stability.verdict for f in (*found.flows, *found.rules)} == {
            "exponentially stable"
        }
    found = at(report, **{row: saddle[0], column: saddle[1]})
    assert {f.stability.verdict for f in (*found.flows, *found.rules)} == {"unstable"}
    nash = st.nash_equilibria(game)
    assert len(nash.equilibria) == 3


def test_cournot_and_congestion():
    (alone,) = st.report(st.games.cournot(), rules=[st.Simultaneous(lr=0.1)]).equilibria
    assert alone.point == {"q1": 5, "q2": 0}
    assert alone.rules[0].stable_lr == ((0.0, 1.0),)
    (shared,) = st.report(st.games.congestion(), fields=[st.Gradient()], rules=[]).equilibria
    assert shared.point["all_narrow"] == pytest.approx(0.5)
    assert shared.flows[0].eigenvalues.tolist() == [pytest.approx(-1)]
