"""Sets of zeros in components: each once, whatever the typing, with the points where they are no manifold."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import Integer, Rational, exp, sqrt

from stability.equilibria.components import decompose
from stability.equilibria.exact import solve_exactly
from stability.equilibria.hypersurfaces import pieces
from stability.equilibria.representatives import representative
from stability.time_limits import patience

x, y, z = sympy.symbols("x y z", real=True)
g = sympy.Symbol("gamma", positive=True)
NOTHING = Integer(0)
CIRCLE = x**2 + y**2 - 1


def decomposed(equations, variables=(x, y), values=None):
    values = values or {}
    with patience(7):
        zeros = solve_exactly(equations, variables, values)
        return decompose(
            zeros, variables, values, lambda e: solve_exactly(e, variables, {}, thorough=True)
        )


def shapes(found):
    """The components as their coordinates, or as their equation."""
    return {c.coordinates if c.equation is None else c.equation for c in found.components}


def crossings(found):
    return {c.point for c in found.crossings}


CASES = {
    "a line": ([2 - 2 * x - 2 * y, 2 - 2 * x - 2 * y], {(1 - y, y)}, set(), set()),
    "lines that cross": ([x * (x + y), x * (x + y)], {(0, y), (-y, y)}, {(0, 0)}, set()),
    "a double line": ([(x - y) ** 2, NOTHING], {(y, y)}, set(), set()),
    "a circle": ([-x * CIRCLE, -y * CIRCLE], {CIRCLE}, set(), {(0, 0)}),
    "a circle and a line": (
        [x * CIRCLE, -x * CIRCLE], {CIRCLE, (0, y)}, {(0, 1), (0, -1)}, set(),
    ),
    "a line and a point": (
        [x**3 + y**3 - 3 * x * y + 1, NOTHING], {(-y - 1, y)}, set(), {(1, 1)},
    ),
    "a product with a positive factor": ([x * exp(y), x * (1 + y**2)], {(0, y)}, set(), set()),
    "irrational lines": (
        [x**2 - 2 * y**2, NOTHING], {(-sqrt(2) * y, y), (sqrt(2) * y, y)}, {(0, 0)}, set(),
    ),
    "one real line of three": ([x**3 - 2 * y**3, NOTHING], {(2 ** Rational(1, 3) * y, y)}, set(), set()),
    "a node": ([y**2 - x**3 - x**2, NOTHING], {x**3 + x**2 - y**2}, {(0, 0)}, set()),
    "a hyperbola and a tangent": (
        [(y - 1) * (x * y - 1), NOTHING], {(x, 1), (1 / y, y)}, {(1, 1)}, set(),
    ),
    "everything": ([NOTHING, NOTHING], {(x, y)}, set(), set()),
    "only a point": ([x**2 + y**2, NOTHING], set(), set(), {(0, 0)}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_components(case):
    equations, components, crossed, points = CASES[case]
    found = decomposed(equations)
    assert shapes(found) == components
    assert crossings(found) == crossed
    assert {(p[x], p[y]) for p in found.points} == points
    assert found.complete


SPACE = {
    "an axis": ([-x + z * y, -y * (1 + z**2), x * y], {(0, 0, z)}, set()),
    "three axes": ([x * y, x * z, y * z], {(0, 0, z), (0, y, 0), (x, 0, 0)}, {(0, 0, 0)}),
    "two circles": (
        [x**2 + y**2 + z**2 - 4, CIRCLE, NOTHING], {CIRCLE}, set(),
    ),
    "a cubic surface": ([NOTHING, NOTHING, x**3 + y**3 - z], {(x, y, x**3 + y**3)}, set()),
    "a cone": ([x * y - z**2, NOTHING, NOTHING], {(z**2 / y, y, z)}, {(0, 0, 0)}),
    "a plane and a line": (
        [(x - y) * z, (x - y) * (x + y), NOTHING], {(y, y, z), (-y, y, 0)}, {(0, 0, 0)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SPACE)
def test_components_in_space(case):
    equations, components, crossed = SPACE[case]
    found = decomposed(equations, (x, y, z))
    assert shapes(found) == components
    assert crossings(found) == crossed
    assert found.complete
    assert not found.points


def test_two_circles_are_two():
    found = decomposed(SPACE["two circles"][0], (x, y, z))
    assert {c.solved[z] for c in found.components} == {sqrt(3), -sqrt(3)}


def test_planes_cross_in_a_line():
    (crossing,) = decomposed([x * y, NOTHING, NOTHING], (x, y, z)).crossings
    assert crossing.point is None
    assert crossing.along.coordinates == (0, 0, z)


def test_an_isolated_point_of_a_curve_is_isolated():
    """(0, 0) on y² = x²(x − 1), whose other points have x ≥ 1."""
    (crossing,) = decomposed([y**2 - x**3 + x**2, NOTHING]).crossings
    assert crossing.point == (0, 0)
    assert crossing.isolated


def test_parameters_stay_in_what_is_free_of_them():
    found = decomposed([x - g * y, g * x - g**2 * y], values={g: Integer(3)})
    (line,) = found.components
    assert line.coordinates == (g * y, y)
    assert line.holds((Integer(3), Integer(1)))
    assert not line.holds((Integer(2), Integer(1)))


def test_what_is_not_solved_is_not_complete():
    found = decomposed([(x - 1) * sympy.sin(x + y), NOTHING])
    assert shapes(found) == {(1, y)}
    assert not found.complete


def products(seed):
    """A random product of lines and circles, all irreducible, and how many different ones it has."""
    generator = np.random.default_rng(seed)
    factors = set()
    while len(factors) < 3:
        a, b, c = (Integer(int(n)) for n in generator.integers(-3, 4, 3))
        line, circle = a * x + b * y + c, (x - a) ** 2 + (y - b) ** 2 - abs(c) - 1
        factor = circle if len(factors) == 2 or not line.free_symbols else line
        if not any(sympy.rem(f, factor, x, y) == 0 for f in factors):
            factors.add(factor)
    return factors


@pytest.mark.parametrize("seed", range(4))
def test_typing_changes_nothing(seed):
    factors = products(seed)
    product = sympy.Mul(*factors)
    power = sympy.Mul(*(f ** (1 + i) for i, f in enumerate(sorted(factors, key=str))))
    typings = [
        [product, -2 * product],
        [sympy.expand(product), NOTHING],
        [sympy.expand(power), sympy.expand(product * (x + 7))],
        [product * exp(x), sympy.expand(product * (1 + y**2))],
    ]
    first, *others = [decomposed(equations) for equations in typings]
    assert first.complete
    assert len(first.components) == len(factors)
    for other in others:
        assert shapes(other) == shapes(first)
        assert crossings(other) == crossings(first)
    u, v = sympy.symbols("b a", real=True)
    renamed = decomposed([e.xreplace({x: u, y: v}) for e in typings[1]], (u, v))
    back = {c.xreplace({u: x, v: y}) if isinstance(c, sympy.Expr) else
            tuple(e.xreplace({u: x, v: y}) for e in c) for c in shapes(renamed)}  # fmt: skip
    assert back == shapes(first)


@pytest.mark.parametrize("seed", range(7))
def test_crossings_are_where_two_factors_vanish(seed):
    """On lines and circles the set is no manifold just where two of them meet."""
    factors = list(products(seed))
    found = decomposed([sympy.Mul(*factors), NOTHING])
    for crossing in found.crossings:
        put = dict(zip((x, y), crossing.point, strict=True))
        zero = [abs(complex(f.xreplace(put).evalf(30))) < 1e-20 for f in factors]
        assert sum(zero) >= 2
    for component in found.components:
        point = representative(component, np.array([[-2.0, 2.0], [-2.0, 2.0]]))
        put = dict(zip((x, y), point, strict=True))
        assert min(abs(complex(f.xreplace(put).evalf(30))) for f in factors) < 1e-20


@pytest.mark.parametrize(
    ("polynomial", "whole"),
    [
        (CIRCLE, True),
        (x**2 + y**2 + 1, False),
        (x**4 + x**2 * y**2 + y**4 + 1, False),
        (
            x**4 * y**2 + x**2 * y**4 - 3 * x**2 * y**2 + 1,
            False,
        ),  # Motzkin: 0 at (±1, ±1), else positive
        (x**4 * y**2 + x**2 * y**4 - 3 * x**2 * y**2 + Rational(99, 100), True),
    ],
)
def test_a_sign_that_changes_makes_a_curve(polynomial, whole):
    assert pieces(polynomial, (x, y)).whole is whole


def test_tangents():
    (circle,) = decomposed([CIRCLE, NOTHING]).components
    tangent = circle.tangent(np.array([0.6, 0.8]))
    np.testing.assert_allclose(np.abs(tangent[:, 0]), [0.8, 0.6], atol=1e-12)
    (plane,) = decomposed([x + y + z, NOTHING, NOTHING], (x, y, z)).components
    np.testing.assert_allclose(np.ones(3) @ plane.tangent(np.zeros(3)), 0, atol=1e-12)


def test_numeric_zeros_near_a_component():
    (curve,) = decomposed([x * y - 1, NOTHING]).components
    points = np.array([[2.0, 0.5], [2.0, 0.5 + 1e-9], [2.0, 0.51], [0.0, 0.0]])
    near = curve.near(points, np.ones(2), np.zeros(4))
    assert near.tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("equations", "lines", "points"),
    [
        ([x * y * z, NOTHING, NOTHING], {(0, 0, z), (0, y, 0), (x, 0, 0)}, {(0, 0, 0)}),
        ([x * y * (x - y), NOTHING, NOTHING], {(0, 0, z)}, set()),
        ([x * y * (x + y + z - 1), NOTHING, NOTHING],
         {(0, 0, z), (1 - z, 0, z), (0, 1 - z, z)}, {(0, 0, 1)}),
    ],
)  # fmt: skip
def test_lines_where_planes_cross_and_the_point_where_these_do(equations, lines, points):
    found = decomposed(equations, (x, y, z))
    assert len(found.components) == 3
    assert len(found.crossings) == len(lines) + len(points)
    assert {c.along.coordinates for c in found.crossings if c.along} == lines
    assert {c.point for c in found.crossings if c.point} == points
    assert found.complete
