"""Verdicts across sets of rest points on which an eigenvalue is zero all along, in reports."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp

import stability as st

x, y, z = sympy.symbols("x y z")
CIRCLE = x**2 + y**2 - 1
CUBIC = {x: -((x - y) ** 3), y: (x - y) ** 3}


def entry(system, **keywords):
    """The one entry that stands for a set, and the analysis of its flow or map."""
    found = st.report(system, **keywords)
    (e,) = [e for e in found.equilibria if e.component is not None]
    return e, (*e.flows, *e.maps)[0]


KNOWN = {  # field, verdict, case, order, coefficient, attracts, repels
    "semistable": ({x: (x - y) ** 2, y: -((x - y) ** 2)},
                   "unstable", "zero", 2, 2 * np.sqrt(2), "nowhere", "everywhere"),
    "cubic": (CUBIC, "asymptotically stable", "zero", 3, -4, "everywhere", "nowhere"),
    "circle": ({x: -x * CIRCLE**3, y: -y * CIRCLE**3},
               "asymptotically stable", "zero", 3, -8, "everywhere", "nowhere"),
    "round the circle": ({x: -y * CIRCLE - x * CIRCLE**3, y: x * CIRCLE - y * CIRCLE**3},
                         "unstable", "degenerate", 1, 2, "nowhere", "everywhere"),
    "along a line": ({x: -((x - 1) ** 2), y: -(x - 1) * y},
                     "unstable", "degenerate", 1, 0.5, "nowhere", "y < 0 or y > 0"),
    "a bend that attracts": ({x: -(x**3) + x * z, y: x**3, z: -z + y * x**2},
                             "asymptotically stable", "zero", 3, -1, "y < 1", "y > 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", KNOWN)
def test_known(name):
    system, verdict, case, order, coefficient, attracts, repels = KNOWN[name]
    e, own = entry(st.SymbolicFlow(system))
    form = own.normal_form
    assert (own.stability.verdict, own.stability.evidence) == (verdict, "exact")
    assert (form.case, form.order, form.coefficient) == (case, order, pytest.approx(coefficient))
    assert (e.component.attracts, e.component.repels) == (attracts, repels)
    assert f"of equilibria {'orbits run along it' if case == 'degenerate' else ''}" in form.because


def test_the_law_is_what_orbits_do():
    _, own = entry(st.SymbolicFlow(CUBIC))
    law = own.normal_form.law
    t = 1e6
    path = solve_ivp(
        lambda t, v: [-((v[0] - v[1]) ** 3), (v[0] - v[1]) ** 3], (0, t), [0.1, 0.0], method="LSODA",
        rtol=1e-9, atol=1e-12,
    )  # fmt: skip
    distance = abs(path.y[0, -1] - path.y[1, -1]) / np.sqrt(2)
    assert distance == pytest.approx(law.constant * t**-law.exponent, rel=1e-3)
    assert "the distance to it shrinks like 0.354/√t" in own.stability.because


def test_the_typing_and_the_coordinates_change_nothing():
    """Expanded, and in x = 2a + b, y = a + b, where the distance, but no verdict, is another."""
    e, own = entry(st.SymbolicFlow(CUBIC))
    other, typed = entry(st.SymbolicFlow({v: sympy.expand(f) for v, f in CUBIC.items()}))
    assert (other.component, typed.normal_form) == (e.component, own.normal_form)
    a, b = sympy.symbols("a b")
    there = [f.xreplace({x: 2 * a + b, y: a + b}) for f in CUBIC.values()]
    sheared = {a: there[0] - there[1], b: 2 * there[1] - there[0]}
    e, moved = entry(st.SymbolicFlow({v: sympy.expand(f) for v, f in sheared.items()}))
    assert (moved.stability.verdict, moved.normal_form.order) == ("asymptotically stable", 3)
    assert (e.component.attracts, e.component.repels) == ("everywhere", "nowhere")
    assert moved.normal_form.exact == "-2"  # ȧ = −2a³, and the line is a = 0


ENDS = {  # ẋ, ẏ with x = 0 the line; what happens at y = 0
    "the sign changes": ([-(x**3) * y, x**3], "unstable"),
    "attracts beside it": ([-(x**3) * y**2, x**3], "neutral"),
    "repels beside it": ([x**3 * y**2, x**3], "unstable"),
    "semistable": ([x**2 * y**2, x**2], "unstable"),
}


@pytest.mark.parametrize("case", ENDS)
@pytest.mark.parametrize("followed", [False, True])
def test_where_what_decides_vanishes(case, followed):
    """In the plane and with a coordinate that follows x²; moved so that the end is at y = √2."""
    (f, g), verdict = ENDS[case]
    f, g = (e.xreplace({y: y**2 - 2}) for e in (f, g))
    system = {x: f, y: g} | ({z: -z + x**2} if followed else {})
    found = st.report(st.SymbolicFlow(system))
    ends = [e for e in found.equilibria if e.singular]
    assert sorted(e.point["y"] for e in ends) == pytest.approx([-np.sqrt(2), np.sqrt(2)])
    for e in ends:
        assert e.flows[0].stability.verdict == verdict
        assert "vanishes here" in e.singular


def test_an_end_that_no_short_number_is():
    found = st.report(st.SymbolicFlow({x: -(x**3) * (y**5 - y - 1), y: x**3}))
    (end,) = [e for e in found.equilibria if e.singular]
    assert end.exact is None
    assert end.flows[0].stability.verdict == "unstable"
    (line,) = [e for e in found.equilibria if e.component]
    assert line.component.attracts == "y > CRootOf(x**5 - x - 1, 0)"


def test_maps():
    cubic = st.SymbolicMap({v: v + f for v, f in CUBIC.items()})
    e, own = entry(cubic)
    assert (own.normal_form.case, own.normal_form.exact) == ("one", "-4")
    assert (e.component.attracts, own.stability.verdict) == ("everywhere", "asymptotically stable")
    v = np.array([0.1, 0.0])
    for _ in range(20_000):
        v = v + np.array([-1.0, 1.0]) * (v[0] - v[1]) ** 3
    law = own.normal_form.law
    distance = (v[0] - v[1]) / np.sqrt(2)
    assert distance == pytest.approx(law.constant * 20_000**-law.exponent, rel=1e-2)
    _, left = entry(st.SymbolicMap({x: x + (x - y) ** 2, y: y}))
    assert left.stability.verdict == "unstable"


RULES = [
    st.Simultaneous(lr=0.1),
    st.Alternating(lr=0.1),
    st.HeavyBall(lr=0.1, beta=0.5),
    st.Nesterov(lr=0.1, beta=0.5),
    st.Optimistic(lr=0.1),
    st.Proximal(lr=0.1),
]


def test_steps_are_judged_as_they_move():
    """Both players descend (x − y)⁴/4; heavy balls go twice as far, and the law is that of the profile."""
    game = st.SymbolicGame({"a": ([x], (x - y) ** 4 / 4), "b": ([y], (x - y) ** 4 / 4)})
    (e,) = st.report(game, rules=RULES).equilibria
    forms = [own.normal_form for own in e.rules]
    assert {own.stability.verdict for own in e.rules} == {"asymptotically stable"}
    assert {form.case for form in forms} == {"one"}
    constants = {rule.name: form.law.constant for rule, form in zip(RULES, forms, strict=True)}
    expected = {"heavy-ball": 0.8, "nesterov": 0.8}
    for name, constant in constants.items():
        assert constant == pytest.approx((2 * expected.get(name, 0.4)) ** -0.5), name


def test_an_implicit_step_across_a_set_that_is_left():
    """(x − y)² pushes both down: the backward step is the inverse of a forward one, and leaves alike."""
    game = st.SymbolicGame({"a": ([x], (x - y) ** 3), "b": ([y], 0 * y)})
    (e,) = st.report(game, rules=[st.Simultaneous(lr=0.1), st.Proximal(lr=0.1)]).equilibria
    explicit, implicit = (own.normal_form for own in e.rules)
    assert explicit.verdict == implicit.verdict == "unstable"
    assert explicit.coefficient == pytest.approx(implicit.coefficient)
