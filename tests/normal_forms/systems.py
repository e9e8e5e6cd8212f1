"""Systems near a rest point, written down quickly."""

import numpy as np
import sympy

from stability.normal_forms.near_rest import Formulas, NearRest

x, y, z, u, v, w = sympy.symbols("x y z u v w", real=True)


def near(kind, variables, expressions, point=None, inverse=False):
    """A flow or map given by formulas alone, at a point (the origin)."""
    point = tuple(map(sympy.sympify, [0] * len(variables) if point is None else point))
    formulas = Formulas(tuple(variables), tuple(map(sympy.sympify, expressions)), point)
    numbers = np.array([float(p) for p in point])
    return NearRest(kind, tuple(map(str, variables)), None, numbers, 0.0, formulas, inverse)


def flow(variables, expressions, point=None):
    return near("flow", variables, expressions, point)


def step(variables, expressions, point=None, inverse=False):
    return near("map", variables, expressions, point, inverse)
