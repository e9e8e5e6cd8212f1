"""Where sets of equilibria attract and repel, against what the eigenvalues are at points along them."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import Integer, Rational, exp, sqrt

from stability.criteria.along_components import along
from stability.equilibria.components import Component

x, y, z, w = sympy.symbols("x y z w", real=True)
NOTHING = Integer(0)
AXIS = Component((x, y), {x: NOTHING}, {})


def ranges(equations, component, kind="flow"):
    return along(equations, component, kind, [v.name for v in component.variables])


CASES = {
    "one sign": ([-x * (1 + y**2), NOTHING], "everywhere", "nowhere", set()),
    "one end": ([x * (1 - y * Rational(199, 100)), NOTHING], "y > 100/199", "y < 100/199",
                {Rational(100, 199)}),
    "two ends": ([x * (y**2 - 3), NOTHING], "-sqrt(3) < y < sqrt(3)", "y < -sqrt(3) or y > sqrt(3)",
                 {sqrt(3), -sqrt(3)}),
    "a touch": ([-x * (y - 1) ** 2, NOTHING], "y < 1 or y > 1", "nowhere", {Integer(1)}),
    "a positive factor": ([x * exp(y) * (2 - y), NOTHING], "y > 2", "y < 2", {Integer(2)}),
    "no short root": ([x * (1 + y - y**3), NOTHING], "y > CRootOf(x**3 - x - 1, 0)",
                      "y < CRootOf(x**3 - x - 1, 0)", {sympy.CRootOf(x**3 - x - 1, 0)}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_ranges_on_a_line(case):
    equations, attracts, repels, ends = CASES[case]
    found = ranges(equations, AXIS)
    assert (found.attracts, found.repels) == (attracts, repels)
    assert {end[1] for end in found.ends} == ends


def test_a_pole_is_no_end():
    """x = 1/y: the eigenvalue is y, on two branches that do not meet."""
    hyperbola = Component((x, y), {x: 1 / y}, {})
    found = ranges([-x * y**2 + y, NOTHING], hyperbola)
    assert (found.attracts, found.ends) == ("everywhere", ())


SILENT = {
    "semistable": ([(x - y) ** 2, NOTHING], {x: y}, "nowhere", "everywhere", set()),
    "a cubic that attracts": ([-((x - y) ** 3), (x - y) ** 3], {x: y}, "everywhere", "nowhere", set()),
    "a cubic that changes": ([x**3 * (y**2 - 2), NOTHING], {x: NOTHING}, "-sqrt(2) < y < sqrt(2)",
                             "y < -sqrt(2) or y > sqrt(2)", {sqrt(2), -sqrt(2)}),
    "runs along": ([NOTHING, x * (y - 1)], {x: NOTHING}, "nowhere", "y < 1 or y > 1", {Integer(1)}),
    "nilpotent": ([y * x, NOTHING], {y: NOTHING}, "nowhere", "x < 0 or x > 0", None),
}  # fmt: skip


@pytest.mark.parametrize("case", SILENT)
def test_where_an_eigenvalue_is_zero_all_along(case):
    equations, solved, attracts, repels, ends = SILENT[case]
    found = ranges(equations, Component((x, y), solved, {}))
    assert (found.attracts, found.repels, found.silent) == (attracts, repels, True)
    if ends is not None:
        assert {end[1] for end in found.ends} == ends


def test_the_other_eigenvalues_count_where_one_is_zero_all_along():
    """Across the line are −x³(1 + z) and the eigenvalue z − 2: both attract between −1 and 2."""
    line = Component((x, y, z), {x: NOTHING, y: NOTHING}, {})
    found = ranges([-(x**3) * (1 + z), (z - 2) * y, NOTHING], line)
    assert (found.attracts, found.repels) == ("-1 < z < 2", "z < -1 or z > 2")
    assert {end[2] for end in found.ends} == {-1, 2}


def test_two_zeros_all_along_are_not_judged():
    line = Component((x, y, z), {x: NOTHING, y: NOTHING}, {})
    found = ranges([-(x**3), -(y**3), NOTHING], line)
    assert (found.attracts, found.repels, found.silent) == (None, None, True)


def test_a_pair_that_crosses_the_axis():
    equations = [x * z - y - x**3, x + y * z, NOTHING]
    found = ranges(equations, Component((x, y, z), {x: NOTHING, y: NOTHING}, {}))
    assert (found.attracts, found.repels, found.ends) == ("z < 0", "z > 0", ((0, 0, 0),))


def test_a_map_leaves_through_minus_one_too():
    """Its multiplier is y: the displacement's derivative is y − 1."""
    found = ranges([x * (y - 1), NOTHING], AXIS, "map")
    assert (found.attracts, found.repels) == ("-1 < y < 1", "y < -1 or y > 1")
    assert {end[1] for end in found.ends} == {-1, 1}


def test_on_a_circle():
    circle = Component((x, y), {}, {}, x**2 + y**2 - 1)
    p = circle.equation
    assert ranges([-x * p, -y * p], circle).attracts == "everywhere"
    found = ranges([x * p, -x * p], circle)
    assert (found.attracts, found.repels) == ("x*(x - y) < 0", "x*(x - y) > 0")
    assert {end for end in found.ends if end[0] == 0} == {(0, 1), (0, -1)}
    assert len(found.ends) == 4


def test_on_a_plane_and_in_general():
    plane = Component((x, y, z), {x: y}, {})
    found = ranges([-z * (x - y), NOTHING, NOTHING], plane)
    assert (found.attracts, found.repels) == ("z > 0", "z < 0")
    two = Component((x, y, z, w), {x: NOTHING, y: NOTHING}, {})
    found = ranges([-x * z**2 - x, -y * (1 + w**2), NOTHING, NOTHING], two)
    assert (found.attracts, found.repels) == ("everywhere", "nowhere")


def test_a_pair_on_the_boundary_everywhere_is_not_judged():
    axis = Component((x, y, z), {x: NOTHING, y: NOTHING}, {})
    assert ranges([-y * z, x * z, NOTHING], axis).attracts is None
    circle = Component((x, y), {}, {}, x**2 + y**2 - 1)
    p = circle.equation
    assert ranges([-x * p, -y * p], circle, "map").attracts is None  # the multiplier is −1


def test_what_is_not_known_is_not_said():
    found = ranges([x * (exp(y) - y - 2), NOTHING], AXIS)
    assert (found.attracts, found.repels) == (None, None)


def test_an_end_behind_an_exponential():
    found = ranges([x * (exp(y) - 2), NOTHING], AXIS)
    assert (found.attracts, found.repels) == ("y < log(2)", "y > log(2)")


@pytest.mark.parametrize("seed", range(4))
def test_the_text_against_eigenvalues(seed):
    """Random 3 × 3 blocks across a line, polynomial in the free variable."""
    generator = np.random.default_rng(seed)
    block = sympy.Matrix(
        3,
        3,
        lambda i, j: sum(int(generator.integers(-2, 3)) * z**k for k in range(3)) - 3 * (i == j),
    )
    u = sympy.symbols("u:3", real=True)
    field = [*(block * sympy.Matrix(u)), NOTHING]
    line = Component((*u, z), dict.fromkeys(u, NOTHING), {})
    found = ranges(field, line)
    names = {"z": z, "CRootOf": sympy.CRootOf, "x": x}

    def holds(text, at):
        if text in ("everywhere", "nowhere"):
            return text == "everywhere"
        within = False
        for part in text.split(" or "):
            ends = [sympy.sympify(s, names) for s in part.replace(">", "<").split(" < ")]
            numbers = [float(e.xreplace({z: sympy.Float(at)}).evalf(20)) for e in ends]
            within |= numbers == sorted(numbers, reverse=">" in part)
        return within

    for at in generator.uniform(-4, 4, 20):
        real = np.linalg.eigvals(np.array(block.xreplace({z: sympy.Float(at)}), float)).real
        if np.abs(real).min() > 1e-6:
            assert holds(found.attracts, at) is bool((real < 0).all())
            assert holds(found.repels, at) is bool((real > 0).any())


CUSP = Component((x, y), {}, {}, x**3 - y**2)


def test_an_eigenvalue_of_one_sign_on_a_curve_that_vanishes_at_a_point():
    """Across y² = x³ the eigenvalue is ∓3x²: one of the two relations holds nowhere."""
    for sign, ranges_of in (
        (-1, ("x < 0 or x > 0", "nowhere")),
        (1, ("nowhere", "x < 0 or x > 0")),
    ):
        found = ranges([sign * (x**3 - y**2), NOTHING], CUSP)
        assert (found.attracts, found.repels) == ranges_of
        assert (found.ends, found.all_ends) == (((0, 0),), True)
        assert bool(found.attracting.xreplace({x: Integer(1), y: Integer(1)})) == (sign < 0)


def test_ends_on_a_curve_of_which_no_coordinate_is_short():
    """The eigenvalue across y² = x² − x⁴ vanishes where x is a root of x³ − 2x² − x + 1 and at 0."""
    p = x**4 - x**2 + y**2
    found = ranges([-p, -p * y], Component((x, y), {}, {}, p))
    (low, high) = sympy.Poly(x**3 - 2 * x**2 - x + 1, x).nroots()[:2]
    expected = {(0.0, 0.0)}
    for root in map(float, (low, high)):
        expected |= {(root, s * (root**2 - root**4) ** 0.5) for s in (-1, 1)}
    assert found.all_ends
    np.testing.assert_allclose(
        sorted(tuple(float(c.evalf(20)) for c in end) for end in found.ends),
        sorted(expected),
        atol=1e-9,
    )


def test_ends_on_a_curve_with_two_eigenvalues_across():
    """Across the circle the eigenvalues are −2, x and −1: neutral at (0, ±1)."""
    p = x**2 + y**2 - 1
    circle = Component((x, y, z, w), {z: NOTHING, w: NOTHING}, {}, p)
    found = ranges([-x * p, -y * p, x * z, -(z**2) * w - w], circle)
    assert {end[:2] for end in found.ends} == {(0, 1), (0, -1)}
    assert found.all_ends


def test_ends_on_a_plane_are_not_listed():
    plane = Component((x, y, z), {x: y}, {})
    assert not ranges([-z * (x - y), NOTHING, NOTHING], plane).all_ends
