"""Isolated or not, how many dimensions, and which points stand for a curve of zeros."""

import numpy as np
import pytest

from stability.equilibria.isolation import isolation, isolations, merge_manifolds
from stability.equilibria.search import Zero, find_zeros
from tests.equilibria.fields_with_known_zeros import cube, field, piecewise


def at(*coordinates):
    return Zero(np.array(coordinates, float), 0.0, 0.0)


def representatives(function, box, **keywords):
    evaluate = field(function)
    zeros = find_zeros(evaluate, box).zeros
    return merge_manifolds(evaluate, zeros, isolations(evaluate, zeros, box), box, **keywords)


def test_a_regular_zero_is_isolated():
    result = isolation(field(lambda x, y: [x - y * y, x + y]), at(0, 0), cube(2, 2))
    assert (result.isolated, result.manifold_dimension) == ("yes", 0)
    assert result.tangent.shape == (2, 0)


@pytest.mark.parametrize("gap", [1e-2, 1e-4, 1e-6])
def test_a_near_neighbour_is_no_curve(gap):
    evaluate = field(lambda x, y: [x * (x - gap), y])
    assert isolation(evaluate, at(0, 0), cube(2, 2)).isolated == "yes"


@pytest.mark.parametrize(
    ("function", "d"),
    [
        (lambda x: [x * x], 1),
        (lambda x: [x**3], 1),
        (lambda x: [x**5], 1),
        (lambda x, y: [x * x, y], 2),
        (lambda x, y: [x * y, y - x], 2),
        (lambda x, y: [x * x + y * y, x - y], 2),
        (lambda x, y: [x**3, y**3], 2),
        (lambda x: [x * x * (x - 0.08)], 1),  # an isolated neighbour at the length of a step
    ],
)
def test_a_degenerate_zero_without_others_nearby_is_undecided(function, d):
    result = isolation(field(function), at(*[0.0] * d), cube(2, d))
    assert (result.isolated, result.manifold_dimension) == ("undecided", 0)
    assert "singular" in result.because


@pytest.mark.parametrize(
    ("function", "point", "tangent"),
    [
        (lambda x, y: [1 - x - y, 1 - x - y], (0.3, 0.7), [[1], [-1]]),
        (lambda x, y: [(x * x + y * y - 1) * x, (x * x + y * y - 1) * y], (0.6, 0.8), [[-8], [6]]),
        (lambda x, y: [x * y, 0 * y], (0.0, 1.0), [[0], [1]]),
        (lambda x, y: [x * x, 0 * y], (0.0, 1.0), [[0], [1]]),
        (lambda x, y, z: [x * x, y, 0 * z], (0, 0, 0.5), [[0], [0], [1]]),
        (lambda x, y, z: [x + y + z, 2 * (x + y + z), 0 * x], (1, -1, 0),
         [[1, 1], [-1, 1], [0, -2]]),
        (lambda x, y: [0 * x, 0 * y], (0.5, 0.5), [[1, 0], [0, 1]]),
    ],
)  # fmt: skip
def test_curves_and_surfaces(function, point, tangent):
    tangent = np.array(tangent, float)
    result = isolation(field(function), at(*point), cube(2, len(point)))
    assert (result.isolated, result.manifold_dimension) == ("no", tangent.shape[1])
    expected = tangent @ np.linalg.pinv(tangent)  # the projection onto the tangent space
    # Second-order steps along x² leave an angle of about 1e-8.
    np.testing.assert_allclose(result.tangent @ result.tangent.T, expected, atol=1e-6)
    np.testing.assert_allclose(
        result.tangent.T @ result.tangent, np.eye(tangent.shape[1]), atol=1e-12
    )


def test_tangents_are_in_the_users_coordinates():
    box = np.array([[-2, 2], [-2e-4, 2e-4]])
    evaluate = field(lambda x, y: [1 - x - 1e4 * y, 1 - x - 1e4 * y])
    result = isolation(evaluate, at(0.5, 0.5e-4), box)
    assert result.manifold_dimension == 1
    np.testing.assert_allclose(result.tangent[1] / result.tangent[0], -1e-4, rtol=1e-9)


@pytest.mark.parametrize(
    "function", [lambda x, y: [x * y, x * y], lambda x, y: [x * y, 0 * x],
                 lambda x, y: [x * x - y * y, 2 * (x * x - y * y)]],
)  # fmt: skip
def test_lines_that_cross(function):
    result = isolation(field(function), at(0, 0), cube(2, 2))
    assert (result.isolated, result.manifold_dimension) == ("no", 1)
    assert result.tangent.shape == (2, 0)
    assert "cross" in result.because


def test_planes_that_cross():
    result = isolation(field(lambda x, y, z: [x * y, 0 * y, 0 * z]), at(0, 0, 0.3), cube(2, 3))
    assert (result.isolated, result.manifold_dimension) == ("no", 2)


def test_a_half_line_of_zeros():
    relu = piecewise(lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0)
    for x in (-1.0, 0.0):
        result = isolation(relu, at(x), cube(2, 1))
        assert (result.isolated, result.manifold_dimension) == ("no", 1)


def test_a_zero_without_jacobian_is_undecided():
    evaluate = piecewise(lambda x: np.abs(x), lambda x: np.where(x == 0, np.nan, np.sign(x)))
    result = isolation(evaluate, at(0.0), cube(2, 1))
    assert result.isolated == "undecided"
    assert "no Jacobian" in result.because


@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_the_fields_unit_does_not_matter(factor):
    line = field(lambda x, y: [1 - x - y, 1 - x - y], factor=factor)
    assert isolation(line, at(0.25, 0.75), cube(2, 2)).manifold_dimension == 1
    point = field(lambda x, y: [x - y * y, x + y], factor=factor)
    assert isolation(point, at(0, 0), cube(2, 2)).isolated == "yes"


# --- representatives -------------------------------------------------------------------------


def test_the_tandem_games_line_is_one_point():
    """L₁ = (x+y)² - 2x, L₂ = (x+y)² - 2y: equilibria on x + y = 1; nearest to 0 is (½, ½)."""
    ((zero, own),) = representatives(lambda x, y: [2 - 2 * (x + y), 2 - 2 * (x + y)], cube(2, 2))
    np.testing.assert_allclose(zero.point, [0.5, 0.5], atol=1e-15)
    assert own.manifold_dimension == 1
    assert zero.error < 1e-13


def test_a_plane_is_one_point():
    ((zero, own),) = representatives(lambda *x: [k * (sum(x) - 1) for k in (1, 2, 3)], cube(2, 3))
    np.testing.assert_allclose(zero.point, [1 / 3] * 3, atol=1e-14)
    assert own.manifold_dimension == 2


def test_isolated_zeros_stay():
    """A circle around an isolated zero."""
    pairs = representatives(
        lambda x, y: [(x * x + y * y - 1) * x, (x * x + y * y - 1) * y], cube(2, 2)
    )
    kinds = sorted((own.isolated, float(np.hypot(*zero.point))) for zero, own in pairs)
    assert [kind for kind, _ in kinds] == ["no", "yes"]
    np.testing.assert_allclose([radius for _, radius in kinds], [1, 0], atol=1e-14)


def test_separate_pieces_have_a_point_each():
    parallel = representatives(lambda x, y: [x * x - 1, 0 * y], cube(2, 2))
    np.testing.assert_allclose([z.point for z, _ in parallel], [[-1, 0], [1, 0]], atol=1e-14)
    hyperbola = representatives(lambda x, y: [x * y - 1, 2 * (x * y - 1)], cube(2, 2))
    np.testing.assert_allclose([z.point for z, _ in hyperbola], [[-1, -1], [1, 1]], atol=1e-9)


def test_parts_of_one_curve_with_different_stability_have_a_point_each():
    """x = 0 is a line of zeros of (x(1-y²), 0): unstable for |y| < 1, stable beyond."""
    pairs = representatives(lambda x, y: [x * (1 - y * y), 0 * y], np.array([[-2, 2], [-1.8, 1.8]]))
    signs = {
        int(np.sign(1 - zero.point[1] ** 2))
        for zero, own in pairs
        if own.manifold_dimension == 1 and abs(zero.point[0]) < 1e-12
        and abs(1 - zero.point[1] ** 2) > 1e-6
    }  # fmt: skip
    assert signs == {-1, 1}


def test_the_representative_lies_in_the_box():
    """The line's nearest point to the box's centre in scaled units is inside; others may not be."""
    box = np.array([[0, 1], [0, 10.0]])
    ((zero, _),) = representatives(lambda x, y: [y - 9 * x, 2 * (y - 9 * x)], box)
    assert np.all((zero.point >= box[:, 0]) & (zero.point <= box[:, 1]))
    np.testing.assert_allclose(zero.point[1], 9 * zero.point[0], rtol=1e-14)


def test_nothing_found_is_nothing_merged():
    assert merge_manifolds(field(lambda x: [1 + x * x]), (), (), cube(2, 1)) == ()
    assert isolations(field(lambda x: [1 + x * x]), (), cube(2, 1)) == ()
