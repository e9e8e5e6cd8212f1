"""Centre manifolds of systems made from known ones: moved, sheared, bent."""

import random

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational, expand, sqrt

from stability.normal_forms.centre import centre, jacobian_of
from stability.normal_forms.fields import ExactField
from stability.normal_forms.reduction import Reduction
from stability.normal_forms.series import Composition, program
from stability.normal_forms.simple import reduce

from .systems import flow, near, u, v, w, x, y, z

PLACES = (x, y, z, u, v, w)
BASE = {"zero": 0, "one": 1, "flip": -1}


def planted(case, order, coefficient, d, seed):
    """A normal form with this coefficient beside strictly stable directions, in other coordinates.

    They are u = S(y + p(y)) + x₀ with a triangular quadratic p, whose inverse is a polynomial. Returns the
    system and the coefficient in the scaling ‖q‖ = 1.
    """
    choose = random.Random(seed)

    def number(low=-2, high=2):
        return Rational(choose.randint(low, high), choose.choice((1, 2, 3)))

    ys, pair = PLACES[:d], case in ("hopf", "neimark-sacker")
    k, is_flow = (order - 1) // 2, case in ("hopf", "zero")
    if pair:
        r = (x**2 + y**2) ** k
        a, b = coefficient * r, number() * r
        if case == "hopf":
            field = [-2 * y + a * x - b * y, 2 * x + a * y + b * x]
        else:
            a, b = x + a * x - b * y, y + a * y + b * x
            field = [(4 * a - 3 * b) / 5, (3 * a + 4 * b) / 5]
    else:
        field = [BASE[case] * x + coefficient * x**order]
    for own in ys[len(field) :]:
        rate = -1 - abs(number()) if is_flow else Rational(choose.randint(-3, 3), 4)
        field.append(rate * own + number() * own * x)
    bend = [
        sum(
            (number() * ys[j] * ys[choose.randint(j, d - 1)] for j in range(i + 1, d)), sympy.S.Zero
        )
        for i in range(d)
    ]
    bent = [own + p for own, p in zip(ys, bend, strict=True)]
    straight = [sympy.S.Zero] * d
    for i in reversed(range(d)):
        put = dict(zip(ys[i + 1 :], straight[i + 1 :], strict=True))
        straight[i] = ys[i] - bend[i].xreplace(put)
    shear = sympy.eye(d)
    while shear == sympy.eye(d) or shear.det() == 0:
        shear = sympy.Matrix(d, d, lambda i, j: number())
    start = sympy.Matrix([number() for _ in ys])
    back = shear.inv() * (sympy.Matrix(ys) - start)
    old = dict(
        zip(ys, (e.xreplace(dict(zip(ys, back, strict=True))) for e in straight), strict=True)
    )
    if is_flow:
        moved = sympy.Matrix(bent).jacobian(ys) * sympy.Matrix(field)
        system = shear * moved.xreplace(old)
    else:
        moved = sympy.Matrix(bent).xreplace(dict(zip(ys, field, strict=True)))
        system = shear * moved.xreplace(old) + start
    first = shear.col(0).dot(shear.col(0))
    if pair:
        scale = (first + shear.col(1).dot(shear.col(1))) ** k / 4**k  # r² = 2|z|²
    else:
        scale = sqrt(first) ** (order - 1)
        largest = max(shear.col(0), key=abs)
        scale *= -1 if order % 2 == 0 and largest < 0 else 1
    return near("flow" if is_flow else "map", ys, system, start), coefficient / scale


CASES = st.one_of(
    st.tuples(st.sampled_from(["hopf", "neimark-sacker", "flip"]), st.sampled_from([3, 5, 7])),
    st.tuples(st.sampled_from(["zero", "one"]), st.integers(2, 6)),
)
SIZES = st.sampled_from([1, Rational(2, 7), Rational(1, 10**6), Rational(3, 10**20)])


@given(CASES, SIZES, st.sampled_from([1, -1]), st.integers(2, 5), st.integers(0, 10**6))
@settings(max_examples=15)
def test_planted_coefficients_are_found_exactly(case, size, sign, d, seed):
    name, order = case
    system, wanted = planted(name, order, sign * size, d, seed)
    form = reduce(system)
    assert (form.case, form.order, form.evidence) == (name, order, "exact")
    assert form.coefficient == pytest.approx(float(wanted), rel=1e-14)
    stable = (order % 2 == 1) and (sign > 0) == (name == "flip")
    assert form.verdict == ("asymptotically stable" if stable else "unstable")


@given(st.sampled_from(["hopf", "neimark-sacker", "flip", "zero"]), st.integers(0, 10**6))
@settings(max_examples=5)
def test_the_typing_of_a_system_changes_nothing(case, seed):
    system, _ = planted(case, 3, Rational(1, 3), 2, seed)
    typed = system.formulas
    names = dict(zip(typed.variables, sympy.symbols("b a", real=True), strict=True))
    others = [sympy.horner(expand(e)).xreplace(names) for e in typed.expressions]
    again = near(system.kind, tuple(names.values()), others, typed.point)
    assert reduce(again) == reduce(system)


def test_the_manifold_is_invariant():
    # ẏ = −y + x²: with ẋ = −x³ the manifold is y = x² + 2x⁴ + …
    system = flow((x, y), (-(x**3), -y + x**2))
    formulas = system.formulas
    written = program(formulas.variables, formulas.expressions, formulas.point)
    over = ExactField(written.constants)
    middle = centre(jacobian_of(Composition(written, over), over, 2), over, "flow")
    reduction = Reduction("flow", middle, over, Composition(written, over))
    while reduction.next_order() < 6:
        pass
    q = middle.q[0]
    assert [reduction.manifold[n][1].get(n, 0) / q**n for n in range(1, 7)] == [0, 1, 0, 2, 0, 8]


@pytest.mark.parametrize(
    ("kind", "rows", "shape"),
    [
        ("flow", [[0, 1], [-4, 0]], "pair"),
        ("flow", [[0, 1], [0, 0]], "several"),
        ("flow", [[1, 0], [0, -1]], "beyond"),
        ("flow", [[0, 0], [0, 1]], "beyond"),
        ("flow", [[-1, 5], [0, 0]], "zero"),
        ("flow", [[-1, 5], [0, -2]], "none"),
        ("map", [[0, -1], [1, 1]], "pair"),
        ("map", [[0, -1], [1, 2]], "several"),
        ("map", [[1, 7], [0, -1]], "several"),
        ("map", [[2, 1], [1, 1]], "beyond"),
        ("map", [[0, 1], [0, 1]], "one"),
        ("map", [[-1, 1], [0, 0]], "minus one"),
        ("map", [[1, 1], [0, 3]], "beyond"),
    ],
)
def test_what_lies_on_the_boundary(kind, rows, shape):
    over = ExactField([])
    entries = [[over.number(sympy.Integer(a)) for a in row] for row in rows]
    assert centre(entries, over, kind).shape == shape
