"""Sizes of what is born, against what is there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability.dynamics.functions import jax_vector_function, sigmoid
from stability.dynamics.traced_formulas import traced_formulas
from stability.normal_forms.born import born
from stability.normal_forms.near_rest import Formulas, NearRest

from .systems import x, y


def dirac(h):
    """Simultaneous steps of the non-saturating Dirac-GAN."""
    return x - h * y * sigmoid(x * y), y + h * x * sigmoid(-x * y)


def beside(function, point, kind):
    """What is born beside the rest point of a function in JAX."""
    names = [f"x{i}" for i in range(len(point))]
    variables = tuple(sympy.Symbol(name, real=True) for name in names)
    at = tuple(map(sympy.Rational, point))
    formulas = Formulas(variables, traced_formulas(function, variables), at)
    return born(NearRest(kind, tuple(names), None, point, 0.0, formulas))


def rms(step, start, settle, count):
    """Root mean square distance from the origin over `count` steps, after `settle`."""
    point, total = start, 0.0
    for n in range(settle + count):
        point = step(*point)
        if n >= settle:
            total += sum(c * c for c in point)
    return (total / count) ** 0.5


def test_the_circle_of_the_dirac_gan():
    h = 0.2
    found = beside(jax_vector_function((x, y), dirac(h)), np.zeros(2), "map")
    assert (found.kind, found.stable) == ("invariant circle", True)
    assert found.radius == pytest.approx(np.sqrt(2 * h), rel=5e-3)
    step = sympy.lambdify((x, y), [e.rewrite(sympy.exp) for e in dirac(h)], "math")
    assert found.radius == pytest.approx(rms(step, (0.6, 0.1), 4000, 4000), rel=5e-3)
    assert found.radius == pytest.approx(0.6318, rel=5e-3)
    assert found.turn == pytest.approx(2 * np.pi / np.arctan(h / 2), rel=0.02)
    step = [e.xreplace({sympy.Float(h): sympy.Rational(h)}) for e in dirac(h)]
    formulas = Formulas((x, y), tuple(step), (sympy.Integer(0),) * 2)
    exactly = born(NearRest("map", ("x", "y"), None, np.zeros(2), 0.0, formulas))
    assert exactly.radius == pytest.approx(found.radius, rel=1e-12)
    assert exactly.turn == pytest.approx(found.turn, rel=1e-12)


def test_van_der_pol_and_the_other_way_round():
    def field(mu):
        return lambda v: jnp.array([v[1], mu * (1 - v[0] ** 2) * v[1] - v[0]])

    out = beside(field(0.05), np.zeros(2), "flow")
    assert (out.kind, out.stable) == ("limit cycle", True)
    assert out.radius == pytest.approx(2.0, rel=2e-3)
    assert out.turn == pytest.approx(2 * np.pi, rel=2e-3)
    inward = beside(field(-0.05), np.zeros(2), "flow")  # time turned round: the cycle repels
    assert inward.radius == pytest.approx(2.0, rel=2e-3)
    assert not inward.stable


def test_two_cycles_of_the_logistic_map():
    r = 3.02
    rest = 1 - 1 / r
    found = beside(lambda v: r * v * (1 - v), np.array([rest]), "map")
    root = np.sqrt((r - 3) * (r + 1))
    there = [(r + 1 + s * root) / (2 * r) - rest for s in (1, -1)]
    assert (found.kind, found.stable, found.turn) == ("two-cycle", True, 2.0)
    assert found.radius == pytest.approx(np.sqrt(np.mean(np.square(there))), rel=2e-2)


@pytest.mark.parametrize("seed", range(3))
def test_planted_sizes(seed):
    """ż = (δ + iω)z − b z|z|² beside decay, seen in coordinates that are moved, turned and bent."""
    rng = np.random.default_rng(seed)
    delta = 1e-3 * rng.choice([-1, 1])
    omega, b = rng.uniform(0.5, 2), rng.uniform(0.5, 2) * np.sign(delta)
    frame, point = np.linalg.qr(rng.standard_normal((3, 3)))[0], rng.standard_normal(3)
    m, n = rng.uniform(-1, 1, 2)

    def bent(u):
        return jnp.array([u[0], u[1] + m * u[0] ** 2, u[2] + n * u[0] * u[1]])

    def straight(u):
        r = delta - b * (u[0] ** 2 + u[1] ** 2)
        return jnp.array([r * u[0] - omega * u[1], omega * u[0] + r * u[1], u[0] * u[1] - u[2]])

    def field(v):
        w = frame.T @ (v - point)
        second = w[1] - m * w[0] ** 2
        u = jnp.array([w[0], second, w[2] - n * w[0] * second])
        return frame @ jax.jvp(bent, (u,), (straight(u),))[1]

    found = beside(field, point, "flow")
    assert found.stable == (delta > 0)
    assert found.coefficient == pytest.approx(-2 * b, rel=2e-2)
    assert found.radius == pytest.approx(np.sqrt(delta / b), rel=2e-2)


def test_where_nothing_is_born():
    def spiral(delta, cubic, third=-1.0):
        return jax_vector_function(
            (x, y, sympy.Symbol("z", real=True)),
            [delta * x - y + cubic * x**3, x + delta * y, third * sympy.Symbol("z", real=True)],
        )

    zero = np.zeros(3)
    assert beside(spiral(0.01, -1), zero, "flow") is not None
    assert beside(spiral(0.01, 1), zero, "flow") is None  # the cycle is on the other side
    assert beside(spiral(0.5, -1), zero, "flow") is None  # too far
    assert beside(spiral(0, -1), zero, "flow") is None  # on the boundary
    assert beside(spiral(0.01, -1, 0.5), zero, "flow") is None  # another one grows
    assert (
        beside(lambda v: 0.01 * v - v**3, np.zeros(1), "flow") is None
    )  # other rest points are born


def test_higher_orders_that_are_larger():
    """u⁺ = −(1 + δ)u + cu³ + eu⁵ with a tiny c: the two-cycle is where the fifth order says."""
    h = 1e-2
    told = beside(lambda v: -(1 + h) * v + 0.5 * v**3, np.zeros(1), "map")
    assert told.radius == pytest.approx((h / 0.5) ** 0.5, rel=1e-2)
    assert beside(lambda v: -(1 + h) * v + 1e-3 * v**3 + v**5, np.zeros(1), "map") is None
