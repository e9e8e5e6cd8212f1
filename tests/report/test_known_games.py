"""Known answers about games: Nash, minmax and Stackelberg points, timescales, curves, kinks."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from known import DIGITS, analyse, case_id, equilibrium, near, number, numbers

import stability as st

STABLE, UNSTABLE, UNDECIDED = "exponentially stable", "unstable", "undecided"
ORIGIN = ("0", "0")

# game, parameters, point, differential Nash, local Nash, local minmax, Stackelberg by leader in order
CONDITIONS = [
    ("xy", {}, ORIGIN, "no", "undecided", "no", ("no", "no")),
    ("dirac-gan", {}, ORIGIN, "no", "undecided", "no", ("no", "no")),
    # -∇²_ψψ f = γ, Schur complement 1/(4γ); the generator's own Hessian is zero
    ("dirac-gan-r1", {"gamma": "0.3"}, ORIGIN, "no", "undecided", "yes", ("yes", "no")),
    # both own Hessians are γ/4; the leader's total second derivative is γ/4 + 1/γ
    # (L_gen + L_disc is not constant: each player pays for both, so minmax is not asked)
    ("dirac-gan-consensus", {"gamma": "0.3"}, ORIGIN, "yes", "yes", UNDECIDED, None),
    ("nagarajan-kolter-uniform-minimax", {}, ("0", "1"), "no", UNDECIDED, "yes", ("no", "yes")),
    ("ridge-1", {}, ORIGIN, "no", "no", "yes", ("yes", "no")),  # L_xx = -6 < 0; Schur 2
    ("ridge-2", {}, ORIGIN, "no", "no", "no", ("no", "no")),  # L_yy = -2 < 0; leader y: 6 > 0, -2 + 8/3 > 0
    ("ridge-3", {}, ORIGIN, "no", "no", "yes", ("yes", "no")),
    ("torus", {}, ORIGIN, "no", "no", "yes", ("yes", "no")),  # Schur a²/(1 + a)
    ("torus", {}, ("pi", "pi"), "no", "no", "yes", ("yes", "no")),  # Schur a²/(1 - a)
    ("balduzzi-four", {}, ("0",) * 4, "yes", "yes", UNDECIDED, ()),
    # along the other's response the leader gains at rate 2
    ("tandem", {}, ("1/2", "1/2"), "yes", "yes", UNDECIDED, ("no", "no")),
    ("letcher", {}, ORIGIN, "no", "no", "no", ("no", "no")),
]


@pytest.mark.parametrize(
    ("game", "parameters", "point", "differential", "local", "minmax", "leaders"),
    CONDITIONS,
    ids=case_id,
)
def test_conditions(game, parameters, point, differential, local, minmax, leaders):
    conditions = equilibrium(analyse(game, **parameters), *point)["conditions"]
    assert conditions["differential_nash"]["verdict"] == differential
    assert conditions["local_nash"]["verdict"] == local
    assert conditions["local_minmax"]["verdict"] == minmax
    if leaders is not None:
        found = [v["verdict"] for v in conditions["differential_stackelberg"].values()]
        assert tuple(found) == leaders
