"""The first terms beside a set of zeros, against closed forms and against what the field is near the set."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import Integer, cos, exp, sin

from stability.criteria.across_components import leading
from stability.equilibria.components import Component

x, y, z = sympy.symbols("x y z", real=True)
NOTHING = Integer(0)
CIRCLE = x**2 + y**2 - 1

KNOWN = {  # field, solved, order, across, along, direction up to its sign
    "double line": ([(x - y) ** 2, NOTHING], {x: y}, 2, 1, [sympy.Rational(1, 2)]),
    "runs along": ([-((x - 1) ** 2), -(x - 1) * y], {x: Integer(1)}, 1, 0, [-y]),
    "a bend": ([-(x**3) + x * z, NOTHING, -z + y * x**2], {x: NOTHING, z: NOTHING}, 3, y - 1, [0]),
    "sines": ([-(sin(x) ** 3) * (y - 1), exp(y) * x**3], {x: NOTHING}, 3, 1 - y, [exp(y)]),
    "higher": ([x**5 * (y - cos(x)), x**3 * (1 - cos(x))], {x: NOTHING}, 5, y - 1,
               [sympy.Rational(1, 2)]),
}  # fmt: skip


@pytest.mark.parametrize("case", KNOWN)
def test_known_first_terms(case):
    field, solved, order, across, along = KNOWN[case]
    variables = (x, y, z)[: len(field)]
    found = leading(field, Component(variables, solved, {}))
    assert found.order == order
    assert sympy.expand(found.across - across) == 0
    assert [sympy.expand(e - f) for e, f in zip(found.along, along, strict=True)] == [0]


def test_on_a_circle():
    """In u = r² − 1 the field −(x, y) u³ + (−y, x) u is u̇ = −2u³…, behind what runs along, which is first."""
    circle = Component((x, y), {}, {}, CIRCLE)
    found = leading([-x * CIRCLE**3, -y * CIRCLE**3], circle)
    assert (found.order, found.across, found.along) == (3, -2, (0,))
    turning = leading([-y * CIRCLE - x * CIRCLE**3, x * CIRCLE - y * CIRCLE**3], circle)
    assert (turning.order, turning.across, turning.along) == (1, 0, (sympy.Rational(-1, 2),))
    lifted = Component((x, y, z), {z: NOTHING}, {}, CIRCLE)
    space = leading([-x * CIRCLE**3, -y * CIRCLE**3, x * CIRCLE - z], lifted)
    assert space.order == 3
    normal = space.direction.xreplace({x: Integer(0), y: Integer(1)})
    assert tuple(normal) == (0, 2, 0)  # ⟨∇(r² − 1), q⟩ = 4, so that u̇ = −2 (4u)³/4
    assert space.across.xreplace({x: Integer(0), y: Integer(1)}) == -32


def test_where_it_is_not_found():
    assert leading([x**11, NOTHING], Component((x, y), {x: NOTHING}, {})) is None
    assert leading([x - 1, NOTHING], Component((x, y), {x: NOTHING}, {})) is None  # no zeros there
    two = Component((x, y, z), {x: NOTHING, y: NOTHING}, {})
    assert leading([-(x**3), -(y**3), NOTHING], two) is None
    hidden = sin(y) ** 2 + cos(y) ** 2 - 1  # zero, which no algebra sees
    assert leading([hidden * x + x**3, NOTHING], Component((x, y), {x: NOTHING}, {})) is None


@pytest.mark.parametrize("seed", range(2))
def test_the_field_beside_a_line_in_space(seed):
    """v(X(s, u)) = (T f + q g) u^m + …: across the line v is as small as that where z follows in its wake.

    A sheared ẋ = f x³, ẏ = g x³, ż = −z + h x² with random f, g, h in x and y: the slow manifold is z ≈ h x².
    """
    generator = np.random.default_rng(seed)

    def random(*variables):
        return sum(int(c) * m for c, m in zip(generator.integers(-3, 4, 4), variables, strict=True))

    f, g, h = (random(Integer(1), x, y, x * y) for _ in range(3))
    g = g + 4 * (g.xreplace({x: NOTHING}) == 0)
    shear = sympy.Matrix([[1, int(generator.integers(-2, 3)), 1], [0, 1, 0], [2, -1, 3]])
    back = dict(zip((x, y, z), shear.inv() * sympy.Matrix([x, y, z]), strict=True))
    plain = sympy.Matrix([g * x**3, f * x**3, -z + h * x**2])
    field = [sympy.expand(e) for e in shear * plain.xreplace(back)]
    a, b, c = shear * sympy.Matrix([0, y, 0])
    line = Component((x, y, z), {x: a, z: c}, {})
    assert b == y
    found = leading(field, line)
    assert found.order == 3
    s = sympy.Rational(3, 7)
    direction, across, along = (
        e.xreplace({y: s}) for e in (found.direction, found.across, sympy.Matrix(found.along))
    )
    moved = shear.inv() * direction  # x of it is the scale of u
    beside = dict.fromkeys((x,), NOTHING) | {y: s}
    assert sympy.simplify(across - g.xreplace(beside) * moved[0] ** 2) == 0
    velocity = shear.inv() * (direction * across + found.tangents * along)
    assert sympy.simplify(velocity[1] - f.xreplace(beside) * moved[0] ** 3) == 0
