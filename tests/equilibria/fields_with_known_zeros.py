"""Vector fields as the search wants them: points (n, d) to values and Jacobians."""

from __future__ import annotations

import numpy as np


def field(function, *, factor=1.0):
    """A field from an analytic `function(x, y, …)`, with its Jacobian by complex steps.

    Complex steps are exact to rounding, with no differences taken.
    """

    def evaluate(points):
        n, d = points.shape
        with np.errstate(all="ignore"):
            values = np.stack([v + np.zeros(n) for v in function(*points.T)], axis=1)
            jacobians = np.empty((n, d, d))
            for k in range(d):
                shifted = points + 1e-30j * np.eye(d)[k]
                columns = [np.imag(v + np.zeros(n)) / 1e-30 for v in function(*shifted.T)]
                jacobians[:, :, k] = np.stack(columns, axis=1)
        return factor * values, factor * jacobians

    return evaluate


def piecewise(value, slope):
    """A field on the line from two real functions."""

    def evaluate(points):
        with np.errstate(all="ignore"):
            return value(points), slope(points)[:, :, None]

    return evaluate


def cube(half_width, d):
    return np.array([[-half_width, half_width]] * d, float)


def points_of(search):
    return np.array([zero.point for zero in search.zeros]).reshape(-1, len(search.box))
