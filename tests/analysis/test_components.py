"""Sets of rest points as users see them: counted once, with ranges, and judged where they are no manifold."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import stability as st
from stability.reports.summary import headline

x, y, z = sympy.symbols("x y z")
CROSS = {x: x * (x + y), y: x * (x + y)}


def report(system, **keywords):
    return st.report(st.SymbolicFlow(system), **keywords)


def brief(found):
    """What must not depend on the typing."""
    return [
        (
            dict(e.point), e.isolated, e.manifold_dimension, e.singular, e.component,
            *((own.stability.verdict, own.stability.evidence) for own in (*e.flows, *e.rules)),
        )
        for e in found.equilibria
    ]  # fmt: skip


def test_where_lines_cross_nothing_is_judged_across():
    found = report(CROSS)
    (crossing,) = [e for e in found.equilibria if e.component is None]
    assert crossing.point == {"x": 0, "y": 0}
    assert (crossing.isolated, crossing.manifold_dimension) == ("no", 0)
    assert "every point nearby" not in str(found.to_dict())
    assert "cross here" in crossing.singular
    assert crossing.flows[0].stability.verdict == "unstable"  # y − x is kept, and ẋ > 0 from (ε, 0)
    lines = [e.component for e in found.equilibria if e.component is not None]
    assert [(c.attracts, c.repels) for c in lines] == [("y > 0", "y < 0"), ("y < 0", "y > 0")]
    assert "The flow rests on two lines of equilibria." in headline(found)


@pytest.mark.parametrize("at", [{"x": 0, "y": 0}, {"x": 0, "y": "-1/2"}])
def test_a_given_point_of_a_set(at):
    (e,) = report(CROSS, at=at).equilibria
    if at["y"] == 0:
        assert (e.singular is not None, e.component) == (True, None)
        assert e.flows[0].stability.verdict == "unstable"
    else:
        assert e.component.parametrisation == {"x": "0", "y": "y"}
        assert e.flows[0].stability.verdict == "exponentially stable"
        assert e.flows[0].stability.evidence == "exact"


TYPINGS = {
    "crossing lines": [
        CROSS, {x: x**2 + x * y, y: x * x + y * x}, {x: x * (x + y), y: sympy.expand(x * (x + y))},
    ],
    "circle and line": [
        {x: x * (x**2 + y**2 - 1), y: -x * (x**2 + y**2 - 1)},
        {x: x**3 + x * y**2 - x, y: x - x**3 - x * y**2},
        {x: (x**2 + y**2) * x - x, y: -x * (x**2 + y**2) + x},
    ],
    "line and point": [
        {x: -(x + y + 1) * (x**2 - x * y + y**2 - x - y + 1), y: 0 * x},
        {x: sympy.expand(-(x + y + 1) * (x**2 - x * y + y**2 - x - y + 1)), y: 0 * x},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", TYPINGS)
def test_typing_changes_no_verdict_and_no_count(name):
    first, *others = [brief(report(system)) for system in TYPINGS[name]]
    for other in others:
        assert other == first


def test_an_axis_in_space():
    (e,) = report({x: -x + z * y, y: -y * (1 + z**2), z: x * y}).equilibria
    assert e.component.parametrisation == {"x": "0", "y": "0", "z": "z"}
    assert (e.component.attracts, e.component.repels) == ("everywhere", "nowhere")
    assert e.flows[0].stability.verdict == "exponentially stable"


def test_the_pearson_gan_rests_on_one_curve_and_at_one_point():
    """It was five equilibria. On θψ = −2 the trace vanishes at ψ² = 2."""
    found = st.report(st.load("dirac-gan-pearson"), rules=[])
    (curve,) = [e for e in found.equilibria if e.component is not None]
    assert curve.component.attracts == "-sqrt(2) < psi < 0 or 0 < psi < sqrt(2)"
    (alone,) = [e for e in found.equilibria if e.isolated == "yes"]
    assert alone.point == {"theta": 0, "psi": 0}
    assert all(e.singular for e in found.equilibria if e not in (curve, alone))
    text = headline(found)
    assert (
        "rest on a curve of equilibria (theta = −2/psi, psi free) and at one isolated point" in text
    )
    assert found.search.exhaustive


def test_a_double_line_is_left_on_one_side():
    for system in ({x: (x - y) ** 2, y: 0 * x}, {x: -((x - y) ** 2), y: (x - y) ** 2}):
        (e,) = report(system).equilibria
        assert (e.component.attracts, e.component.repels) == ("nowhere", "everywhere")
        assert e.flows[0].stability.verdict == "unstable"


def test_a_curve_without_a_parametrisation_has_its_equation():
    found = report({x: 1 - x**4 - y**4, y: 1 - x**4 - y**4})
    (e,) = [e for e in found.equilibria if e.component is not None]
    data = found.to_dict()["equilibria"][found.equilibria.index(e)]["component"]
    assert data["parametrisation"] is None
    assert data["equation"] == "x**4 + y**4 - 1 = 0"
    assert "The whole curve: x⁴ + y⁴ − 1 = 0." in found.to_text()


def test_a_map():
    found = st.report(st.SymbolicMap({x: x * y, y: y}))
    (line, *_) = [e for e in found.equilibria if e.component and e.component.attracts != "nowhere"]
    assert line.component.attracts == "-1 < y < 1"
    assert line.maps[0].stability.verdict == "exponentially stable"


def test_comparisons_leave_out_what_is_judged_nowhere():
    game = st.SymbolicGame({"x": ([x], x**2 * y**2 / 2), "y": ([y], 0 * y)})
    found = st.compare(game, rules=[st.Simultaneous()])
    assert {"x": 0, "y": 0} not in found.equilibria
    assert len(found.equilibria) == 2
    assert any("(0, 0) is left out: components" in warning for warning in found.warnings)


# ---- only numbers ------------------------------------------------------------------------------


def seen(function, d=2):
    return st.report(st.Flow(function, variables=["x", "y", "z"][:d])).equilibria


def test_numbers_see_no_surface_where_lines_cross():
    found = seen(lambda v: np.array([1.0, 1.0]) * v[0] * (v[0] + v[1]))
    (crossing,) = [e for e in found if e.singular]
    assert crossing.flows[0].stability.verdict != "neutral"
    assert all(e.flows[0].type != "surface of equilibria" for e in found)
    assert len({e.piece for e in found if e.component}) == 1


def test_numbers_see_a_double_line_once_and_leave_it_open():
    (e,) = seen(lambda v: np.array([1.0, -1.0]) * (v[0] - v[1]) ** 2)
    assert e.flows[0].stability.verdict == "undecided"
    assert e.component.dimension == 1
    assert e.component.attracts is None


def test_where_the_ranges_along_a_curve_end():
    """A cusp that attracts but for one point; a plane whose ranges end along a line, which is said."""
    cusp = st.report(st.SymbolicFlow({x: y**2 - x**3, y: 0 * x}))
    assert [e["exact"]["x"] for e in cusp.to_dict()["equilibria"]] == ["0", "1"]
    plane = st.report(st.SymbolicFlow({x: x * y, y: x, z: 0 * z}))
    assert "Points between these ranges are not all listed." in " ".join(plane.to_text().split())


def test_planes_that_cross_in_lines_and_these_in_a_point():
    """Every plane and every axis is an entry, at a point of its own, and the origin is one."""
    found = report(dict.fromkeys((x, y, z), x * y * z))
    assert len({tuple(e.point.values()) for e in found.equilibria}) == len(found.equilibria) == 7
    assert all(e.flows[0].stability.verdict == "unstable" for e in found.equilibria)
    axes = [e for e in found.equilibria if e.component and e.component.dimension == 1]
    assert {e.component.free for e in axes} == {("x",), ("y",), ("z",)}
    assert all(e.singular and e.component.attracts is None for e in axes)
    (origin,) = [e for e in found.equilibria if e.component is None]
    assert origin.exact == {"x": "0", "y": "0", "z": "0"}
    assert "The flow rests on three planes of equilibria." in " ".join(headline(found).split())
    (number,) = [i for i, e in enumerate(found.equilibria, 1) if e in axes and e.point["z"]]
    assert "The whole line: x = y = 0, z free." in " ".join(found.details(number).to_text().split())


def test_sets_that_cross_in_sets_that_cross():
    """Four hyperplanes, the six planes in which they cross, the four axes of these, and the origin."""
    w = sympy.Symbol("w")
    found = st.study(st.SymbolicFlow(dict.fromkeys((x, y, z, w), x * y * z * w))).rest_points()
    dimensions = [
        0 if p.main.component is None else p.main.component.dimension for p in found.places
    ]
    assert sorted(dimensions) == [0] + 4 * [1] + 6 * [2] + 4 * [3]
