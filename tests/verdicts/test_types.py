"""The names of equilibria, from matrices whose type is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import block_diag

from stability.spectra.dense import spectrum
from stability.verdicts.types import classify, sides

FOCUS = np.array([[-1.0, 2.0], [-2.0, -1.0]])
CENTRE = np.array([[0.0, 1.0], [-1.0, 0.0]])
DEFECTIVE = np.array([[-1.0, 1.0], [0.0, -1.0]])

FLOWS = [
    (np.diag([-1.0]), "stable node"),
    (np.diag([2.0]), "unstable node"),
    (np.diag([0.0]), "non-hyperbolic with 1 neutral direction"),
    (np.diag([-1.0, -2.0]), "stable node"),
    (np.diag([1.0, 2.0]), "unstable node"),
    (-3 * np.eye(2), "stable star node"),
    (2 * np.eye(3), "unstable star node"),
    (DEFECTIVE, "stable degenerate node"),
    (-DEFECTIVE, "unstable degenerate node"),
    (block_diag(DEFECTIVE, -5), "stable degenerate node"),
    (np.diag([-1.0, -1.0, -5.0]), "stable node"),
    (FOCUS, "stable focus"),
    (-FOCUS, "unstable focus"),
    (block_diag(FOCUS, -1), "stable focus-node"),
    (block_diag(FOCUS, 3 * FOCUS), "stable focus"),
    (np.diag([1.0, -1.0]), "saddle with 1 unstable direction"),
    (np.diag([1.0, 2.0, -1.0]), "saddle with 2 unstable directions"),
    (block_diag(FOCUS, 1), "saddle-focus with 1 unstable direction"),
    (block_diag(-FOCUS, -1), "saddle-focus with 2 unstable directions"),
    (CENTRE, "centre"),
    (block_diag(CENTRE, 2 * CENTRE), "centre"),
    (block_diag(CENTRE, -1), "non-hyperbolic with 1 stable, 2 neutral directions"),
    (np.diag([0.0, -1.0, 1.0]), "non-hyperbolic with 1 stable, 1 neutral, 1 unstable directions"),
    (np.zeros((2, 2)), "non-hyperbolic with 2 neutral directions"),
]


@pytest.mark.parametrize(("matrix", "name"), FLOWS, ids=[name for _, name in FLOWS])
def test_flows(matrix, name):
    assert classify(matrix, spectrum(matrix), "flow", linear=True) == name


@pytest.mark.parametrize(("matrix", "name"), FLOWS[:-3], ids=[name for _, name in FLOWS[:-3]])
def test_names_do_not_depend_on_coordinates(matrix, name):
    d = len(matrix)
    change, _ = np.linalg.qr(np.random.default_rng(d).normal(size=(d, d)))
    turned = change @ matrix @ change.T
    assert classify(turned, spectrum(turned), "flow", linear=True) == name


MAPS = [
    (np.diag([0.5, -0.25]), "stable node"),
    (0.5 * np.eye(2), "stable star node"),
    (np.zeros((2, 2)), "stable star node"),
    (np.array([[0.5, 1.0], [0.0, 0.5]]), "stable degenerate node"),
    (0.5 * CENTRE, "stable focus"),
    (2 * CENTRE, "unstable focus"),
    (CENTRE, "centre"),
    (np.diag([2.0, 0.5]), "saddle with 1 unstable direction"),
    (np.diag([-2.0, 3.0]), "unstable node"),
    (np.diag([-1.0, 0.5]), "non-hyperbolic with 1 stable, 1 neutral directions"),
    (np.eye(2), "non-hyperbolic with 2 neutral directions"),
]


@pytest.mark.parametrize(("matrix", "name"), MAPS, ids=[name for _, name in MAPS])
def test_maps(matrix, name):
    assert classify(matrix, spectrum(matrix), "map", linear=True) == name


MANIFOLDS = [
    ([0, -1], 1, "attracting curve of equilibria"),
    ([0, 1], 1, "repelling curve of equilibria"),
    ([0, 1, -1], 1, "curve of equilibria of saddle type"),
    ([0, 0, -1], 1, "curve of equilibria, not normally hyperbolic"),
    ([0, 0, -1], 2, "attracting surface of equilibria"),
    ([0, 0, 0], 3, "3-dimensional manifold of equilibria"),
    ([0, 0, 0, -1], 3, "attracting 3-dimensional manifold of equilibria"),
]


@pytest.mark.parametrize(("eigenvalues", "dimension", "name"), MANIFOLDS)
def test_manifolds(eigenvalues, dimension, name):
    matrix = np.diag(np.array(eigenvalues, dtype=float))
    assert classify(matrix, spectrum(matrix), "flow", dimension) == name


def test_sides():
    matrix = np.diag([-2.0, 0.0, 3.0, 1e-20])
    found = spectrum(matrix)
    expected = [1, 1, 0, -1]  # sorted by real part; diagonal matrices have no error
    assert sides(found, "flow").tolist() == expected
    assert sides(found, "map").tolist() == [1, -1, -1, 1]
    uncertain = spectrum(matrix, np.full((4, 4), 1e-3))
    assert sides(uncertain, "flow").tolist() == [1, 0, 0, -1]


def test_sides_that_are_known_better_win():
    matrix = np.array([[-1e-25, 1.0], [-1.0, -1e-25]])
    found = spectrum(matrix)
    assert classify(matrix, found, "flow", linear=True) == "centre"
    assert classify(matrix, found, "flow", known_sides=np.array([-1, -1])) == "stable focus"


def test_a_defective_imaginary_pair_is_no_centre():
    matrix = np.block([[CENTRE, np.eye(2)], [np.zeros((2, 2)), CENTRE]])
    assert classify(matrix, spectrum(matrix), "flow") != "centre"


def test_only_of_a_linear_system_is_a_centre_of_the_linearisation_a_centre():
    matrix = np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert classify(matrix, spectrum(matrix), "flow") == "centre of the linearisation"
    assert classify(matrix, spectrum(matrix), "flow", linear=True) == "centre"
