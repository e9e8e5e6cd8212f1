"""Systems that are linear near the point."""

import numpy as np
import sympy

from stability.normal_forms.linear import linear
from stability.normal_forms.near_rest import Formulas, NearRest

from .systems import x, y


def judged(kind, *expressions):
    zero = (sympy.Integer(0),) * 2
    formulas = Formulas((x, y), tuple(map(sympy.sympify, expressions)), zero)
    return linear(NearRest(kind, ("x", "y"), None, np.zeros(2), 0.0, formulas))


def test_rotations_are_neutral():
    assert judged("flow", y, -x).verdict == "neutral"
    assert judged("map", y, -x).verdict == "neutral"


def test_shears_are_unstable():
    assert judged("flow", y, 0).verdict == "unstable"
    assert judged("map", -x + y, -y).verdict == "unstable"  # the hinge at h = 2, up to coordinates


def test_what_is_not_for_it():
    assert judged("flow", y, -x - x**3) is None
    assert judged("flow", x, -y) is None  # an eigenvalue grows
    assert judged("flow", -x, -y) is None  # none is neutral
