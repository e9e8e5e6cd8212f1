"""The twist theorem for planar maps."""

import cmath
import math

import numpy as np
import pytest
import sympy
from sympy import Rational, sin, sqrt, tanh

from stability.normal_forms.boundary import boundary
from stability.normal_forms.neutral import neutral
from stability.normal_forms.twist import twist

from .systems import step, x, y, z

FIFTH = Rational(1, 5)


def alternating(g, k, h=FIFTH):
    """Each gradient depends on the other player alone."""
    moved = x - h * g(y)
    return step((x, y), (moved, y + h * k(moved)))


def found_twist(near):
    return twist(near.formulas, boundary(near.formulas, "map").jacobian)


@pytest.mark.parametrize(
    ("near", "order", "coefficient"),
    [
        # x⁺ = y, y⁺ = −x + y³: λ = i, Im(λ̄c₁) = −3/4 by hand, and |b| = 1/4
        (step((x, y), (y, -x + y**3)), 3, Rational(-3, 4)),
        (alternating(lambda y: y + y**3, lambda a: a, sqrt(2)), 3, Rational(3, 2)),
        (alternating(lambda y: y + y**3, lambda a: a, 1), 3, sqrt(3) / 2),
    ],
)
def test_closed_forms(near, order, coefficient):
    found = found_twist(near)
    assert (found.order, found.structure) == (order, "area-preserving")
    assert sympy.simplify(found.coefficient - coefficient) == 0
    assert neutral(near).reason.startswith("twist theorem: the map is area-preserving")


def rotation(near, radius, steps=4000):
    """The mean angle of a step, by simulation, around the orbit's own ellipse."""
    formulas = near.formulas
    f = sympy.lambdify(formulas.variables, formulas.expressions, "math")
    jacobian = sympy.Matrix(formulas.expressions).jacobian(formulas.variables)
    matrix = np.array(jacobian.subs({x: 0, y: 0}).evalf(), float)
    values, vectors = np.linalg.eig(matrix)
    k = int(np.argmax(values.imag))
    frame = np.array([vectors[:, k], vectors[:, k].conj()]).T
    inverse = np.linalg.inv(frame)
    point, total = (frame @ [radius, radius]).real, 0.0
    angle = cmath.phase((inverse @ point)[0])
    for _ in range(steps):
        point = f(*point)
        new = cmath.phase((inverse @ point)[0])
        total += (new - angle) % (2 * math.pi)
        angle = new
    return total / steps, cmath.phase(values[k])


@pytest.mark.parametrize(
    "near",
    [
        alternating(sin, sin),
        alternating(lambda y: y + y**2, lambda a: a - a**2 / 3),
        alternating(tanh, lambda a: 2 * a, Rational(7, 10)),
        step((x, y), (y, -x + y / 2 + y**2)),
    ],
)
def test_the_coefficient_is_the_rotation_that_is_measured(near):
    radius = 0.02
    measured, linear = rotation(near, radius)
    coefficient = float(found_twist(near).coefficient)
    assert (measured - linear) / radius**2 == pytest.approx(coefficient, rel=0.05)


def test_resonances():
    third = alternating(lambda y: y + y**2, lambda a: a, sqrt(3))  # z̄² throws orbits out
    assert neutral(third) is None
    without = alternating(lambda y: y + y**3, lambda a: a, sqrt(3))  # no such term
    assert neutral(without) is not None
    fourth = step((x, y), (-y, x + 3 * y**2 - 5 * x * y + y**3))
    assert neutral(fourth) is None


def test_what_is_not_area_preserving_is_not_neutral():
    moved = x - sin(y) / 5
    assert neutral(step((x, y), (moved, y + sin(moved) / 5 - y**9 / 10**9))) is None
    moved = x - y * (1 - x * y / 2 + x**2 * y**2) / 5  # beside the Pearson Dirac-GAN: it drifts
    drifting = y + moved * (1 - moved * y / 2 + moved**2 * y**2) / 5
    assert neutral(step((x, y), (moved, drifting))) is None


@pytest.mark.parametrize("h", [Rational(1, 10), Rational(1, 2)])
def test_the_pearson_dirac_gan_preserves_a_density(h):
    """Alternating steps: each has its own determinant, and the measure dx dy/(2 + xy) is kept."""
    moved = x + h * y * (1 + x * y / 2)
    near = step((x, y), (moved, y - h * moved * (1 + moved * y / 2)))
    found = found_twist(near)
    assert (found.order, found.structure) == (5, "measure-preserving")
    assert sympy.simplify(found.density.diff(x, y) * (2 + x * y) - found.density) == 0
    assert neutral(near).reason.startswith(
        "twist theorem: the map preserves area divided by x·y + 2"
    )


def test_a_cascade_and_an_invariant_plane():
    plane = alternating(lambda y: y + y**3, lambda a: a).formulas.expressions
    assert neutral(step((x, y, z), (*plane, z / 2 + x * y))) is not None
    pulled = (plane[0] + z * x**2, plane[1], z / 2 + z * x)
    assert neutral(step((x, y, z), pulled)) is not None
    assert neutral(step((x, y, z), (plane[0] + z * x, plane[1], z / 2 + x**2))) is None


def test_reversible_maps():
    """F = S∘R with two involutions: the linear R = (x, −y) turns its time round, and F preserves no area."""
    straight = (-y + x**2 / 4) * (1 + x / 3)  # S is seen through (x, y) ↦ (x, y/(1 + x/3) − x²/4)
    a, b = (3 * x + 4 * straight) / 5, (4 * x - 3 * straight) / 5
    for power in (0, 5):
        near = step((x, y), (a + power * y**5 / 10**9, b / (1 + a / 3) - a**2 / 4))
        found = found_twist(near)
        assert (found is None) == bool(power)
        if found is not None:
            assert found.structure == "reversible"
            assert neutral(near).reason.startswith("twist theorem: the map is reversible")


@pytest.mark.parametrize(
    ("expressions", "back"),
    [
        ((-y + x**2, -x + (y - x**2) ** 2), True),
        ((-y + x**2, -x + y**2), False),  # its linear part is an involution, it is none
        ((-x, -y + x**3), False),
    ],
)
def test_two_steps_that_lead_back(expressions, back):
    found = neutral(step((x, y), expressions))
    assert (found is not None) == back
