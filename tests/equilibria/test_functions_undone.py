"""Sets of zeros behind functions that have an inverse, and behind periodic ones."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import Integer, cos, exp, log, pi, sin, tanh

import stability as st
from stability.equilibria.exact import solve_exactly, undone

x, y = sympy.symbols("x y", real=True)
BOX = np.array([[-1.0, 1.0], [-2.0, 2.0]])  # three boxes around: |x| ≤ 3, |y| ≤ 6

LINES = {
    "exponential": (exp(x) - 2, [{x: log(2)}], True),
    "never zero": (exp(x) + 1, [], True),
    "of a difference": (exp(x - y) - 1, [{x: y}], True),
    "two exponentials": (3 * exp(x) - exp(y), [{x: y - log(3)}], True),
    "out of reach": (tanh(x) - 2, [], True),
    "sine": (sin(x), [{x: Integer(0)}], False),
    "cosine": (
        2 * cos(y) - 1,
        [{y: s * (pi / 3 + k)} for s in (1, -1) for k in (0, -2 * pi)],
        False,
    ),
    "too large for a sine": (sin(x) + 2, [], True),
}


@pytest.mark.parametrize("name", LINES)
def test_lines(name):
    factor, expected, exhaustive = LINES[name]
    found = solve_exactly([factor * (1 + y**2), factor * x], (x, y), {}, box=BOX)
    assert found.points == ()
    key = sorted(str(sorted(f.items(), key=str)) for f in expected)
    assert sorted(str(sorted(f.items(), key=str)) for f in found.families) == key
    assert found.exhaustive == exhaustive


def test_isolated_zeros_are_left_to_the_search():
    assert solve_exactly([sin(x), y], (x, y), {}, box=BOX).points == ()


def test_without_a_box_periodic_lines_are_not_listed():
    assert solve_exactly([sin(x), Integer(0)], (x, y), {}).families == ()


def test_what_is_undone():
    assert undone(exp(x) - 2, x) == [x - log(2)]
    assert undone(exp(x) + 2, x) == []
    assert undone(exp(x) - x, x) is None
    assert undone(sin(x), x) is None


def test_lines_behind_functions_are_components_with_ranges():
    box = {"x": (-1, 1), "y": (-2, 3)}
    found = st.report(st.SymbolicFlow({x: -sin(x) * (y - 1), y: 0 * y}), box=box)
    sets = [e.component for e in found.equilibria if e.component is not None]
    (line,) = [own for own in sets if own.parametrisation == {"x": "0", "y": "y"}]
    assert (line.attracts, line.repels) == ("y > 1", "y < 1")
    flow = st.SymbolicFlow({x: -((exp(x) - 1) ** 3) * (exp(y) - 2), y: 0 * y})
    (line, *_) = [
        e for e in st.report(flow).equilibria if e.component and e.component.free == ("y",)
    ]
    assert (line.component.attracts, line.component.repels) == ("y > log(2)", "y < log(2)")
    assert line.flows[0].stability.verdict == "asymptotically stable"


def test_where_an_eigenvalue_across_changes_its_sign_orbits_pass():
    """ẋ = y c, ẏ = c with c = cos x: at (π/2, 0) the line is crossed by no orbit, and y grows beside it."""
    found = st.report(st.SymbolicFlow({x: y * cos(x), y: cos(x)}))
    ends = [e for e in found.equilibria if e.singular]
    assert {e.flows[0].stability.verdict for e in ends} == {"unstable"}
    assert {abs(e.point["x"]) for e in ends} >= {np.pi / 2}
