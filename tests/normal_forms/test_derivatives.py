"""Coefficients in double precision: their derivatives, their values, their error bounds."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from sympy import Rational, cos, exp, sqrt

from stability.dynamics.functions import jax_vector_function, softplus
from stability.normal_forms.derivatives import AlongFunction, CompiledTaylor
from stability.normal_forms.fields import ExactField
from stability.normal_forms.rounded import rounded_coefficients
from stability.normal_forms.series import Composition, packed, program
from stability.normal_forms.simple import reduce

from .systems import flow, step, x, y
from .test_simple import at_the_flip, brusselator


def in_jax(system, keep=False, **others):
    formulas = system.formulas
    function = jax_vector_function(formulas.variables, formulas.expressions)
    return replace(system, function=function, formulas=formulas if keep else None, **others)


def test_taylor_coefficients_of_softplus_along_a_curve():
    # softplus(z) = log 2 + z/2 + z²/8 − z⁴/192 + …, along z = t + t²
    curve = np.array([[1.0], [1.0], [0.0], [0.0]])
    found = CompiledTaylor(jax.nn.softplus, 4, 1)(np.zeros(1), np.eye(1), curve[None])
    expected = [np.log(2), 1 / 2, 1 / 8 + 1 / 2, 1 / 4, 1 / 8 - 1 / 192]
    assert found[0, :, 0] == pytest.approx(expected, abs=1e-15)


def test_both_engines_give_the_same_series():
    expressions = (softplus(x * y) + exp(x), cos(x - y) / (2 + y))
    point = (Rational(1, 3), Rational(-1, 2))
    function = jax_vector_function((x, y), expressions)
    written = program((x, y), expressions, point)
    exact = Composition(written, ExactField(written.constants))
    compiled = CompiledTaylor(function, 3, 2)
    numeric = AlongFunction(compiled, np.array([1 / 3, -1 / 2]), np.eye(2), (1.0, 0.5), 0.3)
    one = exact._field.one
    inputs = [
        [{packed((1, 0)): one}, {packed((1, 0)): one, packed((0, 1)): one}],
        [{packed((0, 2)): one}, {}],
        [{packed((2, 1)): one}, {packed((0, 3)): one}],
    ]
    for degree, own in enumerate(inputs, start=1):
        wanted = exact.part(degree, own)
        found = numeric.part(degree, [dict.fromkeys(part, 1.0) for part in own])
        for a, b in zip(wanted, found, strict=True):
            values = {m: float(exact._field.value(c)) for m, c in a.items()}
            assert all(b.get(m, 0.0) == pytest.approx(values.get(m, 0.0), abs=1e-13) for m in a | b)


@pytest.mark.parametrize(
    ("system", "order", "value"),
    [
        (brusselator(2), 3, -1 / 3),
        (step((x, y), (2 * x * (1 - y), x), (Rational(1, 2),) * 2), 3, -1),
        (step((x,), (3 * x * (1 - x),), (Rational(2, 3),)), 3, 9),
        (flow((x, y), (x * y + x**2, -y - x**2)), 2, 1),
        (at_the_flip(Rational(3, 10)), 5, 25 * (sqrt(109) - 3) / 1308),
    ],
)  # fmt: skip
def test_known_coefficients_to_eight_digits(system, order, value):
    found = rounded_coefficients(in_jax(system, error=1e-15), order)
    assert isinstance(found, tuple)
    last = found[1][-1]
    assert last.order == order
    assert abs(last.value - float(value)) <= last.error < 1e-8


def test_a_coefficient_decides_only_where_the_boundary_is_known():
    system = in_jax(flow((x, y), (-y - x**3, x)))
    open_form = reduce(system)
    assert open_form.verdict == "undecided"
    assert "asymptotically stable if the real part is exactly 0" in open_form.because
    form = reduce(replace(system, known_on_boundary="the trace is identically 0"))
    assert (form.verdict, form.evidence) == ("asymptotically stable", "numeric")
    assert form.error_bound is not None
    assert abs(form.coefficient + 3 / 4) <= form.error_bound < 1e-12


def test_a_coefficient_inside_its_error_is_none():
    # behind a shear −1e-20 x³ drowns in the rounding of what cancels
    a = x - y**2 / 3
    hidden = (-y - a**3 / 10**20 + 2 * y * a / 3, a)
    system = flow((x, y), hidden)
    assert reduce(system).verdict == "asymptotically stable"
    form = reduce(in_jax(system, known_on_boundary="the trace is 0"))
    assert form.verdict == "undecided"
    assert abs(form.coefficient) <= form.error_bound


def test_more_than_one_neutral_eigenvalue_is_not_for_here():
    form = reduce(in_jax(flow((x, y), (x**2, -y * x))))
    assert (form.verdict, form.case) == ("undecided", "degenerate")
