"""The leading homogeneous part in three and more dimensions: forms, rays, Lyapunov functions."""

import random
from fractions import Fraction

import numpy as np
import pytest
import sympy

from stability.normal_forms.degenerate import degenerate
from stability.normal_forms.forms import definite
from stability.normal_forms.rays import growing_ray
from tests.normal_forms.systems import flow, step, x, y, z

STABLE, UNSTABLE = "asymptotically stable", "unstable"


def form(expression):
    polynomial = sympy.Poly(expression, x, y, z)
    return {e: Fraction(int(c.p), int(c.q)) for e, c in polynomial.terms() if c}


def test_definite_forms():
    motzkin = (
        x**4 * y**2 + x**2 * y**4 + z**6 - 3 * x**2 * y**2 * z**2
    )  # not negative, no sum of squares
    above = motzkin + (x**6 + y**6 + z**6) / 50
    assert definite(form(above)) == "positive"
    assert definite(form(motzkin - (x**6 + y**6 + z**6) / 50)) == "indefinite"
    assert definite(form(x**2 + y**2)) is None  # zero on a line
    assert definite(form(x**2 + y**2 + z**2), Fraction(1, 2)) is None  # within the error
    assert definite(form(x**2 + y**2 - z**2 / 100), Fraction(1, 10)) is None
    assert definite(form(x**2 + y**2 - z**2 / 100), Fraction(1, 1000)) == "indefinite"


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        ((-(x**3), -(y**3), -(z**3)), STABLE),
        ((-(x**3) + y * z**2, -(y**3) - 3 * x * z**2, -(z**3) + x * y * z), STABLE),
        ((-(x**3) + 8 * y**3, -(y**3) - x**3, -(z**3)), STABLE),
        ((-(x**3), -(y**3), z**3), UNSTABLE),
        ((y * z, x * z, x * y), UNSTABLE),
        ((x**2 - y**2 - z**2 / 3, 2 * x * y + z**2, 2 * x * z + y**2 / 5), UNSTABLE),
        ((y**3, -(x**3), sympy.Integer(0)), "undecided"),
        ((-x * y**2, -y * z**2, -z * x**2), "undecided"),
    ],
)
def test_known_fields(field, answer):
    assert degenerate(flow((x, y, z), field)).verdict == answer
    put = {x: x + 2 * y, y: y - z, z: z}  # sheared, and a higher term
    back = sympy.Matrix([x + 2 * y, y - z, z]).jacobian([x, y, z]).inv()
    moved = back * sympy.Matrix([f.subs(put, simultaneous=True) for f in field])
    if answer != "undecided":
        exact = [sympy.expand(m) + 10 * x**2 * y * z for m in moved]
        assert degenerate(flow((x, y, z), exact)).verdict == answer


def test_planted_rays_are_found_and_proved():
    chance = random.Random(5)
    for _ in range(12):
        u = [Fraction(chance.randint(-9, 9), 7) for _ in range(3)]
        u[chance.randrange(3)] = Fraction(1)
        kappa, field = Fraction(chance.randint(1, 5)), []
        size = sum(c * c for c in u)
        along = sum(
            sympy.Rational(c) * v for c, v in zip(u, (x, y, z), strict=True)
        ) / sympy.Rational(size)
        orthogonal = [along * sympy.Rational(c) - v for c, v in zip(u, (x, y, z), strict=True)]
        for i, c in enumerate(u):
            other = chance.choice([1, -2]) * x * y + chance.choice([1, 3]) * z**2 - 5 * along**2
            field.append(
                form(sympy.expand(kappa * sympy.Rational(c) * along**3 + other * orthogonal[i]))
            )
        ray = growing_ray(field)
        assert ray is not None
        direction = np.array(ray.direction)
        image = [
            sum(float(c) * np.prod(direction ** np.array(e)) for e, c in p.items()) for p in field
        ]
        np.testing.assert_allclose(image, ray.rate * direction, atol=1e-9 + 10 * ray.error)
        assert ray.rate > 0


def test_irrational_ray():
    field = [form(x**3 + y**3), form(x**2 * y * 3), form(-(z**3))]
    ray = growing_ray(field, Fraction(1, 10**40))
    assert ray is not None
    assert ray.error < 1e-4


def test_even_degree_needs_no_ray():
    # without a zero but 0; its rays are found as well, but the theorem needs none
    found = degenerate(flow((x, y, z), [x**2 - y * z, y**2 - x * z / 3, z**2 + x * y]))
    assert found.verdict == UNSTABLE


def test_maps():
    assert degenerate(step((x, y, z), [x - x**3, y - y**3, -z + z**3])).verdict == STABLE
    assert degenerate(step((x, y, z), [x - x**3, y - y**3, z + z**3])).verdict == UNSTABLE
    inverse = step((x, y, z), [x + x**3, y + y**3, z + z**3], inverse=True)
    assert degenerate(inverse).verdict == STABLE
