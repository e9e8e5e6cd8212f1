"""Strict local minmax points of games that are no two-player zero-sum games: not applicable, and why."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from stability import Game, probe, report
from stability.verdicts.at_scale import conditions_at_scale

LOSSES = [lambda x, y: x * y + x**2, lambda x, y: y**2 - 2 * x * y, lambda x, y, z: z**2 + x * z]


def general_sum(start):
    losses = {"x": LOSSES[0], "y": LOSSES[1]}
    with jax.enable_x64(True):
        return Game(losses, start={"x": np.float64(start), "y": np.float64(start)})


def three_players():
    losses = {"x": lambda x, y, z: x**2, "y": lambda x, y, z: y**2, "z": LOSSES[2]}
    with jax.enable_x64(True):
        return Game(losses, start={player: np.float64(0) for player in losses})


@pytest.mark.parametrize(
    ("game", "kind"),
    [
        pytest.param(general_sum(0), "is general-sum", marks=pytest.mark.slow),
        (three_players(), "has 3 players"),
    ],
    ids=["general-sum", "three-players"],
)
def test_report_and_probe_say_the_same_of_the_same_game(game, kind):
    dense = report(game).equilibria[0].conditions.local_minmax
    large = probe(game, k=1).conditions.local_minmax
    assert dense == large
    assert kind in dense.because
    assert dense.because.endswith("so the condition does not apply")
    assert str(dense) == f"not applicable: {dense.because}"
    # the report's schema has no other word for it
    assert dense.to_dict()["verdict"] == large.to_dict()["verdict"] == "undecided"


def test_away_from_rest_it_does_not_apply_either():
    game = general_sum(1)
    with jax.enable_x64(True):
        found = conditions_at_scale(game, game.start)
    assert not found.stationarity.stationary
    assert found.local_minmax == found.second_order.local_minmax
    assert found.local_minmax.word == "not applicable"
    assert "not stationary" in found.local_nash.because
