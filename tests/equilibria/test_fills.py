"""Whether a zero set goes on in given directions: fields whose zero sets are known."""

from __future__ import annotations

import numpy as np
import pytest

from stability.equilibria.isolation import fills

E = np.eye(3)


def _field(*components):
    """Components are functions (x, y, z) ↦ (value, gradient)."""

    def evaluate(points):
        with np.errstate(all="ignore"):
            rows = [[component(*point) for component in components] for point in points]
        values = np.array([[value for value, _ in row] for row in rows], dtype=float)
        return values, np.array([[gradient for _, gradient in row] for row in rows], dtype=float)

    return evaluate


def sphere(x, y, z):
    return x**2 + y**2 + z**2 - 1, (2 * x, 2 * y, 2 * z)


def nothing(x, y, z):
    return 0.0, (0.0, 0.0, 0.0)


def cross(x, y, z):
    return x * y, (y, x, 0.0)


def square(x, y, z):
    return x**2, (2 * x, 0.0, 0.0)


def height(x, y, z):
    return z, (0.0, 0.0, 1.0)


def blow_up(x, y, z):
    return (0.0 if x == 0 else np.nan), (0.0, 0.0, 0.0)


CASES = {
    "a sphere, along one tangent": ((sphere, nothing, nothing), E[2], E[:, :1], True),
    "a sphere, along all tangents": ((sphere, nothing, nothing), E[2], E[:, :2], True),
    "a sphere, across": ((sphere, nothing, nothing), E[2], E[:, 2:], False),
    "a circle, along it": ((sphere, height, nothing), E[0], E[:, 1:2], True),
    "a circle, its plane": ((sphere, height, nothing), E[0], E[:, 1:], False),
    "crossing lines, one of them": ((cross, height, nothing), 0 * E[0], E[:, :1], True),
    "crossing lines, both": ((cross, height, nothing), 0 * E[0], E[:, :2], False),
    "a double zero": ((square, height, nothing), 0 * E[0], E[:, :1], False),
    "a double zero, along its line": ((square, height, nothing), 0 * E[0], E[:, 1:2], True),
    "everything": ((nothing, nothing, nothing), 0 * E[0], E, True),
    "not finite": ((blow_up, height, nothing), 0 * E[0], E[:, :1], False),
}


@pytest.mark.parametrize(
    ("components", "point", "directions", "expected"), CASES.values(), ids=CASES
)
@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e9])
def test_known_zero_sets(components, point, directions, expected, scale):
    plain = _field(*components)

    def scaled(points):
        values, jacobians = plain(points)
        return scale * values, scale * jacobians

    box = np.stack([point - 1, point + 1], axis=1)
    assert fills(scaled, point, box, directions) == expected


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_coordinates_in_other_units(unit):
    """The sphere with its first coordinate measured in other units."""
    units = np.array([unit, 1.0, 1.0])

    def evaluate(points):
        values, jacobians = _field(sphere, nothing, nothing)(points / units)
        return values, jacobians / units

    box = np.stack([E[2] - units, E[2] + units], axis=1)
    assert fills(evaluate, E[2], box, E[:, :2])
    assert not fills(evaluate, E[2], box, E[:, 1:])
