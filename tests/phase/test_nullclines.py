"""Nullclines: every vertex is on the curve, and every point of the curve is drawn."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import Flow, Gradient, SymbolicFlow, SymbolicGame
from stability.cycles.polygons import segment_distances
from stability.dynamics.plane import choose_plane
from stability.games import load
from stability.phase.nullclines import nullclines
from tests.selection import slow_rows

x, y = sympy.symbols("x y", real=True)
BOX = np.array([[-2.0, 2.0], [-1.5, 1.5]])
PLANE = choose_plane(("x", "y"), BOX)
MISSED = 1e-3 * 3.0  # a thousandth of the box's shorter side
ANGLES = np.random.default_rng(0).uniform(0, 2 * np.pi, 400)
ACROSS = np.random.default_rng(1).uniform(-2, 2, 400)
UP = np.random.default_rng(2).uniform(-1.5, 1.5, 400)


def circle(radius=1.0, centre=(0.0, 0.0)):
    return np.array(centre) + radius * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


def graph(f):
    points = np.stack([ACROSS, f(ACROSS)], axis=1)
    return points[np.isfinite(points[:, 1]) & (np.abs(points[:, 1]) <= 1.5)]


def vertical(at):
    return np.stack([np.full_like(UP, at), UP], axis=1)


# A function, written for either engine, and points of its zero set that it must draw.
CASES = {
    "horizontal": (lambda x, y, m: y * (1 + x**2), [graph(lambda x: 0 * x)]),
    "vertical": (lambda x, y, m: (x - 0.3) * (2 + y), [vertical(0.3)]),
    "crossing": (lambda x, y, m: x * (y - x), [vertical(0.0), graph(lambda x: x)]),
    "three branches": (
        lambda x, y, m: (y - x) * (y + x) * (y - x**2 / 4),
        [graph(lambda x: x), graph(lambda x: -x), graph(lambda x: x**2 / 4)],
    ),
    "closed": (lambda x, y, m: x**2 + y**2 - 1, [circle()]),
    "tiny loop": (
        lambda x, y, m: (x - 0.31) ** 2 + (y - 0.17) ** 2 - 1e-6,
        [circle(1e-3, (0.31, 0.17))],
    ),
    "double": (lambda x, y, m: y**2, [graph(lambda x: 0 * x)]),
    "double loop": (lambda x, y, m: (x**2 + y**2 - 1) ** 2, [circle()]),
    "double and single": (
        lambda x, y, m: (y - x) ** 2 * (y + 1),
        [graph(lambda x: x), graph(lambda x: -1 + 0 * x)],
    ),
    "pieces": (
        lambda x, y, m: m.cos(3 * x) - y / 4,
        [graph(lambda x: 4 * np.cos(3 * x))],
    ),
    "on the border": (lambda x, y, m: (y + 1.5) * (x + 3), [graph(lambda x: -1.5 + 0 * x)]),
    "pole": (lambda x, y, m: y / x, [graph(lambda x: 0 * x)]),
    "tangent": (lambda x, y, m: m.tan(2 * x) - y, [graph(lambda x: np.tan(2 * x))]),
    "kink": (lambda x, y, m: abs(x) - y, [graph(np.abs)]),
    "kink without change of sign": (lambda x, y, m: abs(x - 0.1), [vertical(0.1)]),
    "near crossing": (lambda x, y, m: x * y - 1e-4, [graph(lambda x: 1e-4 / x)]),
    "two close lines": (
        lambda x, y, m: (y - 0.2 * x) ** 2 - 1e-6,
        [graph(lambda x: 0.2 * x + 1e-3), graph(lambda x: 0.2 * x - 1e-3)],
    ),
    "cusp": (lambda x, y, m: x**3 - y**2, [np.stack([np.abs(UP) ** (2 / 3), UP], axis=1)]),
    "edge of a domain": (
        lambda x, y, m: m.log(x + 1) - y,
        [graph(lambda x: np.log(np.maximum(x + 1, 1e-300)))],
    ),
}


def missed(points, curves):
    """The greatest distance of a point from what is drawn."""
    begin = np.concatenate([curve[:-1] for curve in curves])
    end = np.concatenate([curve[1:] for curve in curves])
    return max(segment_distances(point, begin, end).min() for point in points)


def drawn(case, engine):
    function, true = CASES[case]
    if engine == "symbolic":
        flow = SymbolicFlow({x: function(x, y, sympy), y: sympy.Integer(1)})
        found = nullclines(flow.numeric(), PLANE, symbolic=flow)
    else:
        flow = Flow(lambda z: jnp.array([function(z[0], z[1], jnp), 1.0]), variables=["x", "y"])
        found = nullclines(flow, PLANE)
    return found, function, np.concatenate(true)


@pytest.mark.parametrize(
    ("case", "engine"),
    slow_rows(
        ((case, engine) for case in CASES for engine in ("symbolic", "jax")),
        lambda row: row[1] == "jax" and row[0] not in ("horizontal", "crossing", "closed", "kink"),
    ),
)
def test_a_nullcline_is_complete_and_true(case, engine):
    (found, other), function, true = drawn(case, engine)
    assert (found.variable, other.variable) == ("x", "y")
    assert other.curves == ()
    assert missed(true, found.curves) < MISSED
    vertices = np.concatenate(found.curves)
    assert (vertices >= BOX[:, 0] - 1e-12).all()
    assert (vertices <= BOX[:, 1] + 1e-12).all()
    # on the curve to rounding: the values here are of order 1, and of roots of irrational equations float's
    assert np.abs(function(vertices[:, 0], vertices[:, 1], np)).max() < 1e-10


@pytest.mark.parametrize("engine", ["symbolic", "jax"])
@pytest.mark.parametrize(
    ("case", "closed"), [("closed", 1), ("tiny loop", 1), ("double loop", 1), ("horizontal", 0)]
)
def test_a_closed_curve_ends_where_it_begins(case, closed, engine):
    (found, _), _, _ = drawn(case, engine)
    assert len(found.curves) == 1
    (curve,) = found.curves
    assert np.array_equal(curve[0], curve[-1]) == bool(closed)


@pytest.mark.parametrize("engine", ["symbolic", "jax"])
def test_nothing_is_drawn_where_there_is_no_zero(engine):
    rest = sympy.Integer(1)
    for expression, function in (
        (1 + x**2, lambda z: 1 + z[0] ** 2),
        (x * 0, lambda z: 0 * z[0]),
        (1 / x, lambda z: 1 / z[0]),
        (sympy.sign(x), lambda z: jnp.sign(z[0])),
        (sympy.exp(x) * (1 + y**2), lambda z: jnp.exp(z[0]) * (1 + z[1] ** 2)),
        (x**2 + y**2 + 1e-4, lambda z: z @ z + 1e-4),
    ):
        flow = SymbolicFlow({x: expression, y: rest})
        numeric = Flow(lambda z, f=function: jnp.array([f(z), 1.0]), dimension=2)
        found = nullclines(numeric, PLANE, symbolic=flow if engine == "symbolic" else None)
        assert found[0].curves == (), expression


def test_straight_lines_are_straight_and_exact():
    flow = SymbolicFlow({x: (x**2 - 2) * (y - sympy.Rational(1, 3)) * sympy.exp(y), y: x})
    first, second = nullclines(flow.numeric(), PLANE, symbolic=flow)
    lines = sorted(curve.tolist() for curve in first.curves)
    root = 2**0.5
    assert lines == [
        [[-2.0, 1 / 3], [2.0, 1 / 3]],
        [[-root, -1.5], [-root, 1.5]],
        [[root, -1.5], [root, 1.5]],
    ]
    assert [curve.tolist() for curve in second.curves] == [[[0.0, -1.5], [0.0, 1.5]]]


@pytest.mark.parametrize("engine", ["symbolic", "jax"])
def test_fitzhugh_nagumo(engine):
    symbolic = load("fitzhugh-nagumo").real
    flow = symbolic.numeric()
    plane = choose_plane(flow.variables, np.array(list(symbolic.box.values())))
    u, v = nullclines(flow, plane, symbolic=symbolic if engine == "symbolic" else None)
    assert (u.variable, v.variable) == ("u", "v")
    (cubic,), (line,) = u.curves, v.curves
    np.testing.assert_allclose(cubic[:, 1], cubic[:, 0] - cubic[:, 0] ** 3, atol=1e-12)
    np.testing.assert_allclose(line[:, 1], line[:, 0] / 3, atol=1e-12)
    at = ACROSS[np.abs(ACROSS - ACROSS**3) <= 1]
    assert missed(np.stack([at, at - at**3], axis=1), u.curves) < 1e-3 * 2
    assert missed(np.stack([ACROSS, ACROSS / 3], axis=1), v.curves) < 1e-3 * 2


def test_parameters_have_their_values():
    a = sympy.Symbol("a", real=True)
    flow = SymbolicFlow({x: x - a, y: y}, parameters={a: 0.7})
    (found, _) = nullclines(flow.numeric(), PLANE, symbolic=flow)
    assert [curve.tolist() for curve in found.curves] == [[[0.7, -1.5], [0.7, 1.5]]]


@pytest.mark.parametrize("engine", ["symbolic", "jax"])
def test_a_plane_of_two_of_three_variables(engine):
    z = sympy.Symbol("z", real=True)
    flow = SymbolicFlow({x: x * z - y, z: x**2 + y**2 + z**2 - 2, y: x})
    box = np.tile([-2.0, 2.0], (3, 1))
    plane = choose_plane(("x", "z", "y"), box, np.array([0.0, 1.0, 0.0]), axes=["x", "y"])
    found = nullclines(flow.numeric(), plane, symbolic=flow if engine == "symbolic" else None)
    assert [nullcline.variable for nullcline in found] == ["x", "y"]
    (first,), (second,) = found[0].curves, found[1].curves  # at z = 1: x = y, and x = 0
    np.testing.assert_allclose(first[:, 0], first[:, 1], atol=1e-12)
    np.testing.assert_allclose(second[:, 0], 0.0, atol=1e-12)
    assert np.ptp(first[:, 0]) == pytest.approx(4.0)


def test_in_any_other_plane_it_is_the_projection_that_vanishes():
    def field(z):
        return jnp.array([z[0] ** 2 + z[1] ** 2 + z[2] ** 2 - 1, z[1], z[2]])

    plane = choose_plane("abc", np.tile([-2.0, 2.0], (3, 1)), axes=[[1, 0, 0], [0, 1, 1]])
    found = nullclines(Flow(field, dimension=3), plane)
    assert [nullcline.variable for nullcline in found] == list(plane.labels)
    (ellipse,), (line,) = found[0].curves, found[1].curves
    np.testing.assert_allclose(ellipse[:, 0] ** 2 + 2 * ellipse[:, 1] ** 2, 1.0, atol=1e-12)
    np.testing.assert_allclose(line[:, 1], 0.0, atol=1e-12)


def test_nullclines_end_where_a_loss_is_not_real():
    game = SymbolicGame({"x": ([x], x**2 / 2 + x * y), "y": ([y], y**2 + sympy.log(1 - x))})
    for nullcline in nullclines(Gradient().flow(game).twin, PLANE):
        (points,) = nullcline.curves
        assert 1 - points[:, 0].max() == pytest.approx(0, abs=4 / 64)  # cells of the grid
        assert (points[:, 0] < 1).all()
