"""Steps that are stable in a window that does not reach down to zero: every view says the same set.

The game is L_x = −x²/4 + xy + x⁴/4 and, maximised by y, xy − 9y²/40 + x²y/2. At 0 its alternating steps have
determinant (1 + h/2)(1 − 9h/20) < 1 for h > 2/9, and trace > −1 − determinant for h < 2(1 + √1961)/49.
"""

import math

import numpy as np
import pytest

import stability as st
from stability.probes.rules import stable_steps
from tests.cli.commands import in_process

FILE = """
[players.x]
strategy = ["x"]
loss = "-x**2/4 + x*y + x**4/4"
[players.y]
strategy = ["y"]
payoff = "x*y - 9*y**2/40 + x**2*y/2"
"""
LOW, HIGH = 2 / 9, 2 * (1 + math.sqrt(1961)) / 49
ORIGIN = {"x": 0, "y": 0}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("games") / "window.toml"
    path.write_text(FILE, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def game(path):
    return st.load(path)


def turns(h):
    """The linearised step: x ← x + h(x/2 − y), then y ← y + h(x − 9y/20) with the new x."""
    first = np.array([[1 + h / 2, -h], [0, 1]])
    second = np.array([[1, 0], [h, 1 - 9 * h / 20]])
    return second @ first


def radius(h):
    return float(np.abs(np.linalg.eigvals(turns(h))).max())


def test_the_window_is_where_the_eigenvalues_say():
    for h, stable in ((LOW - 1e-6, 0), (LOW + 1e-6, 1), (HIGH - 1e-6, 1), (HIGH + 1e-6, 0)):
        assert (radius(h) < 1) == bool(stable)


def test_report(game):
    (e,) = st.report(game, at=ORIGIN, rules=[st.Alternating(lr=0.3)]).equilibria
    (rule,) = e.rules
    assert rule.stability.verdict == "exponentially stable"
    assert rule.critical_lr == 0.0
    assert rule.stable_lr == (pytest.approx((LOW, HIGH), rel=1e-15),)
    assert rule.stable_lr_exact[0][0] == "2/9"
    scan = np.linspace(LOW, HIGH, 20001)[1:-1]
    radii = np.array([radius(h) for h in scan])
    assert rule.best_lr == pytest.approx(scan[radii.argmin()], abs=1e-4)
    assert rule.best_spectral_radius == pytest.approx(radius(rule.best_lr), abs=1e-7)
    assert rule.best_spectral_radius <= radii.min() + 1e-9


def test_the_text_says_so(path):
    text = in_process("report", path, "--at", "x=0,y=0", "--rule", "alternating:lr=0.3").stdout
    text = " ".join(text.split())
    assert "Stable for 0.2222 < lr < 1.848, exactly 2/9 < lr < 2·(1 + √1961)/49" in text
    assert "No step size" not in text
    text = in_process("report", path, "--at", "x=0,y=0", "--rule", "alternating:lr=0.1").stdout
    assert "steps between 0.222222 and 1.84829 would return" in " ".join(text.split())


def test_comparison_curves_and_sweep(game):
    (row,) = st.compare(game, at=ORIGIN, rules=[st.Alternating()]).rows
    assert row.stable_lr == (pytest.approx((LOW, HIGH), rel=1e-12),)
    text = st.compare(game, at=ORIGIN, rules=[st.Alternating()]).to_text(width=120)
    assert "0.2222 to 1.848" in text
    (curve,) = st.rate_curves(game, [st.Alternating()], at=ORIGIN).curves
    assert curve.sizes.stable == row.stable_lr
    names = ["critical_lr", "stable_lr"]
    sweep = st.sweep(game, {"lr": [0.1, 0.3]}, names, at=ORIGIN, rule=st.Alternating())
    assert (sweep.quantities["critical_lr"] == 0).all()
    assert sweep.labels["stable_lr"] == ("low", "high")
    np.testing.assert_allclose(sweep.quantities["stable_lr"], [[LOW, HIGH]] * 2, rtol=1e-12)


def test_probe():
    """Implicit steps of an unstable flow: 1/(1 − hλ) is stable for h > 2/λ."""
    sizes = stable_steps(st.Proximal(lr=0.1), np.array([1.0 + 0j, -0.5]))
    assert sizes.critical == 0.0
    ((low, high),) = sizes.stable
    assert (low, high) == (pytest.approx(2.0, rel=1e-12), None)


def test_no_step_is_stable_as_a_set(game):
    (e,) = st.report(game, at=ORIGIN, rules=[st.Simultaneous(lr=0.3)]).equilibria
    (rule,) = e.rules
    assert (rule.stable_lr, rule.critical_lr, rule.best_lr) == ((), 0.0, None)
