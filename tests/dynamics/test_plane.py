"""The plane of a portrait: the whole phase plane, two variables, two vectors, leading eigenvectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from stability import InputError
from stability.dynamics.plane import Plane, choose_plane

BOX = np.array([[-2.0, 2.0], [-1.0, 3.0], [0.0, 8.0]])
NAMES = ("x", "y", "z")
ORIGIN = np.array([0.5, 1.0, 4.0])


def same_span(axes, *vectors):
    """Whether the columns of `axes` span what the vectors span."""
    projector = axes @ np.linalg.pinv(axes)
    return all(np.allclose(projector @ v, v, atol=1e-12) for v in vectors)


def test_two_variables_are_the_plane_itself():
    plane = choose_plane(NAMES[:2], BOX[:2])
    assert plane.whole
    assert plane.labels == ("x", "y")
    np.testing.assert_array_equal(plane.box, BOX[:2])
    np.testing.assert_array_equal(plane.points([[0.25, -0.5]]), [[0.25, -0.5]])


def test_a_plane_of_two_variables_keeps_the_others_and_has_their_values_for_coordinates():
    plane = choose_plane(NAMES, BOX, ORIGIN, axes=["z", "x"])
    assert not plane.whole
    assert plane.labels == ("z", "x")
    np.testing.assert_array_equal(plane.box, BOX[[2, 0]])
    np.testing.assert_array_equal(plane.points([6.0, -1.0]), [-1.0, 1.0, 6.0])
    np.testing.assert_allclose(plane.coordinates([-1.0, 5.0, 6.0]), [6.0, -1.0], atol=1e-15)
    assert plane.distances([-1.0, 5.0, 6.0]) == pytest.approx(4.0)


def test_a_plane_of_two_vectors_goes_through_the_origin_and_stays_in_the_box():
    a, b = [1.0, 1.0, 0.0], [0.0, 0.0, 2.0]
    plane = choose_plane(NAMES, BOX, axes=[a, b])
    middle = BOX.mean(axis=1)
    np.testing.assert_array_equal(plane.points([0.0, 0.0]), middle)
    np.testing.assert_array_equal(plane.axes, np.transpose([a, b]))
    np.testing.assert_allclose(plane.box, [[-2, 2], [-2, 2]])  # half widths 2, 2, 4 over 1, 1, 2
    assert plane.labels == ("x + y", "2·z")


def test_a_complex_pair_spans_its_real_and_imaginary_part():
    basis = np.linalg.qr(np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 3.0]]))[0]
    block = np.array([[-0.1, 2.0, 0.0], [-2.0, -0.1, 0.0], [0.0, 0.0, -5.0]])
    plane = choose_plane(NAMES, BOX, ORIGIN, basis @ block @ basis.T)
    assert same_span(plane.axes, basis[:, 0], basis[:, 1])
    np.testing.assert_allclose(plane.axes.T @ plane.axes, np.eye(2), atol=1e-12)


def test_two_real_eigenvalues_span_their_eigenvectors_the_leading_one_first():
    vectors = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
    matrix = vectors @ np.diag([-3.0, -1.0, 2.0]) @ np.linalg.inv(vectors)
    plane = choose_plane(NAMES, BOX, ORIGIN, matrix)
    leading = vectors[:, 2] / np.linalg.norm(vectors[:, 2])
    np.testing.assert_allclose(plane.axes[:, 0], leading, atol=1e-12)
    assert same_span(plane.axes, vectors[:, 2], vectors[:, 1])
    assert plane.labels[0] == "0.71·y + 0.71·z"


def test_a_defective_matrix_gives_its_invariant_plane():
    matrix = np.array([[-1.0, 1.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -9.0]])
    plane = choose_plane(NAMES, BOX, ORIGIN, matrix)
    assert same_span(plane.axes, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])


def test_many_variables_are_named_by_their_eigenvalue():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    matrix = basis @ np.diag([-1.0, -2.0, -3.0, -4.0, -5.0, -6.0]) @ basis.T
    plane = choose_plane("abcdef", np.tile([-1.0, 1.0], (6, 1)), None, matrix)
    assert plane.labels == ("direction 1, λ = −1", "direction 2, λ = −2")


@given(some.lists(some.floats(-5, 5), min_size=2, max_size=2))
def test_coordinates_undo_points(coordinates):
    axes = np.array([[1.0, 0.5], [0.0, 2.0], [1.0, -1.0]])  # neither orthogonal nor of length 1
    plane = Plane(ORIGIN, axes, ("u", "w"), np.array([[-1.0, 1.0], [-1.0, 1.0]]))
    np.testing.assert_allclose(
        plane.coordinates(plane.points(coordinates)), coordinates, atol=1e-12
    )
    assert plane.distances(plane.points(coordinates)) < 1e-12


@pytest.mark.parametrize(
    ("variables", "options", "said"),
    [
        (("x",), {}, "one variable"),
        (NAMES, {}, "told by two of their names"),
        (NAMES, {"axes": ["x", "w"]}, "names w"),
        (NAMES, {"axes": ["x", "x"]}, "two different variables"),
        (NAMES, {"axes": ["x", "y", "z"]}, "two axes, not 3"),
        (NAMES, {"axes": [[1, 0, 0], [2, 0, 0]]}, "parallel"),
        (NAMES, {"axes": [[1, 0, 0], [0, 0, 0]]}, "parallel"),
        (NAMES, {"axes": [[1, 0], [0, 1]]}, "vector of 3"),
        (NAMES, {"axes": [[1, 0, np.nan], [0, 1, 0]]}, "finite"),
        (NAMES, {"axes": ["x", [0, 1, 0]]}, "names or two real vectors"),
    ],
)
def test_what_spans_no_plane_is_said_in_a_sentence(variables, options, said):
    with pytest.raises(InputError, match=said):
        choose_plane(variables, BOX[: len(variables)], **options)
