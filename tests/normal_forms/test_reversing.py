"""Reflections that turn time round."""

import numpy as np
import pytest
import sympy
from sympy import Rational, exp, pi, sin, sqrt

from stability.dynamics.functions import sigmoid, softplus
from stability.normal_forms.neutral import neutral
from stability.normal_forms.settle import settle

from .systems import flow, x, y, z

A = Rational(3, 20)


def test_the_reference_system_and_the_torus_game():
    found = neutral(flow((x, y), (-y - x**3, x + y**3)))
    assert found.verdict == "neutral"
    assert found.reason == "reversible under (x, y, t) → (−y, −x, −t)"
    torus = (-(A * sin(x) - sin(x - y)), sin(x - y) - A * sin(y))
    found = neutral(flow((x, y), torus, (pi, 0)))
    assert found.reason == "reversible under (x, y, t) → (y + π, x − π, −t)"


@pytest.mark.parametrize(
    "expressions",
    [
        (-y - x**3, x + y**3, -z + x * y),  # the plane moves by itself
        (-y - x**3 + z * x, x + y**3 + z * x**2, -z + z * y),  # z = 0 is the centre manifold
        (
            -y - x**3 + (z - x) * y,
            x + y**3,
            -y - x**3 + (z - x) * y - (z - x) * (1 + x),
        ),  # z = x is
    ],
)
def test_a_third_variable_that_decays(expressions):
    found = neutral(flow((x, y, z), expressions))
    assert found.reason == "reversible under (x, y, t) → (−y, −x, −t)"


def test_functions():
    assert (
        neutral(flow((x, y), (-y - softplus(x) * y**3, x + sigmoid(x) * y**4))).reason is not None
    )
    assert neutral(flow((x, y), (-y - softplus(y) * y**3, x + sigmoid(x) * y**4))) is None
    assert neutral(flow((x, y), (-y * exp(x), sin(x) + x * y**4))).reason is not None


@pytest.mark.parametrize("small", [x**9 / 10**12, x**2 * y**2 / 10**12])
def test_a_small_term_takes_the_symmetry_away(small):
    assert neutral(flow((x, y), (-y - x**3, x + y**3 + small))) is None


def reversed_by_a_reflection(rng, frame, broken=False):
    """u̇ = v a(u, v²), v̇ = b(u, v²) in coordinates (u, v), whose time (u, −v) turns round; seen in (x, y)."""
    u, v = sympy.symbols("u v")
    c = [
        Rational(int(a), int(b))
        for a, b in zip(rng.integers(-5, 6, 6), rng.integers(1, 5, 6), strict=True)
    ]
    field = [
        v * (-1 + c[0] * u + c[1] * v**2 + c[2] * u**2),
        u + c[3] * u**2 + c[4] * v**2 + c[5] * u * v**2 + (v * u**4 / 10**9 if broken else 0),
    ]
    inside = frame.inv() * sympy.Matrix([x - 1, y + 2])
    put = dict(zip((u, v), inside, strict=True))
    return [sympy.expand(e) for e in frame * sympy.Matrix(field).xreplace(put)]


@pytest.mark.parametrize("seed", range(3))
def test_planted_reflections(seed):
    rng = np.random.default_rng(seed)
    frame = sympy.Matrix(2, 2, [int(k) for k in rng.integers(-3, 4, 4)])
    frame += sympy.diag(5, 7)
    if seed == 0:
        frame[0, 0] = sqrt(2)
    found = neutral(flow((x, y), reversed_by_a_reflection(rng, frame), (1, -2)))
    assert found.verdict == "neutral"
    assert found.reason.startswith("reversible under")
    broken = reversed_by_a_reflection(np.random.default_rng(seed), frame, broken=True)
    assert neutral(flow((x, y), broken, (1, -2))) is None


def seen_in(expressions, frame):
    """The same field in coordinates in which (x, y) is frame⁻¹ times the new ones."""
    put = dict(zip((x, y), frame.inv() * sympy.Matrix([x, y]), strict=True))
    moved = sympy.Matrix(expressions).xreplace(put)
    return [sympy.expand(e) for e in frame * moved]


@pytest.mark.parametrize(
    ("expressions", "centre"),
    [
        ((y, -(x**3) - x * y), True),
        ((y, -(x**5) + x**3 * y * (1 + y)), True),
        ((sin(y), -(sin(x) ** 3) + x * y), True),
        ((y, -(x**3) - 3 * x * y), False),  # an elliptic sector
        ((y, x**3 - x * y), False),  # a saddle
        ((y, -(x**3) - x**2 * y), False),  # a focus
        ((y, -(x**3) - x * y - x**4), False),
    ],
)
def test_nilpotent_centres(expressions, centre):
    """A reflection makes a centre only where orbits go round."""
    for frame in (sympy.eye(2), sympy.Matrix([[2, 1], [-1, 1]])):
        found = neutral(flow((x, y), seen_in(expressions, frame)))
        assert (found is not None) == centre
    if centre:
        assert found.reason.startswith("reversible under")


@pytest.mark.parametrize(
    ("expressions", "centre"),
    [
        ((-(y**3) + x**2 * y**4, x**3 + x * y**5), True),
        ((-(y**3) + x**2 * y**2, x**3 + x**3 * y), True),
        ((-(y**3) * (1 + x), x**3 * (1 + y)), True),  # x ↔ y
        ((-(y**3) - x**5 * y, x**3 + 2 * x * y**5), False),
        ((x * y**2, x**2 * y), False),  # reversed by x ↦ −x, but lines of rest points cross here
    ],
)
def test_centres_without_linear_part(expressions, centre):
    found = neutral(flow((x, y), expressions))
    assert (found is not None) == centre


def test_one_variable_of_two_that_decays():
    """u̇ = −3u, ẋ = −3x⁷ + 2xu with u = y + 2x²: nothing turns here, and order seven is a late one."""
    u = y + 2 * x**2
    moved = -3 * x**7 + 2 * x * u
    found = settle(flow((x, y), (moved, -3 * u - 4 * x * moved)))
    assert (found.verdict, found.order, found.coefficient) == ("asymptotically stable", 7, -3)
