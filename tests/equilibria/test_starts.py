"""Starting points: inside, even, reproducible."""

import numpy as np
import pytest

from stability.equilibria.starts import likely_zeros, low_discrepancy, starts_in


@pytest.mark.parametrize("d", [1, 2, 5, 40])
def test_points_lie_in_the_half_open_cube(d):
    points = low_discrepancy(500, d, seed=3)
    assert points.shape == (500, d)
    assert np.all((points >= 0) & (points < 1))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_points_fill_the_cube_more_evenly_than_chance(d):
    """Every one of 4^d equal cells gets nearly its share; random points miss by about √share."""
    n = 64 * 4**d
    cells = (4 * low_discrepancy(n, d, seed=0)).astype(int) @ 4 ** np.arange(d)
    counts = np.bincount(cells, minlength=4**d)
    assert np.abs(counts - 64).max() <= 10  # chance gives up to 24


def test_one_dimension_is_the_golden_ratio():
    points = low_discrepancy(3, 1, seed=0)[:, 0]
    steps = np.diff(points) % 1.0
    np.testing.assert_allclose(steps, (np.sqrt(5) - 1) / 2, atol=1e-15)


def test_the_seed_shifts_all_points_alike():
    one, other = low_discrepancy(20, 3, seed=0), low_discrepancy(20, 3, seed=1)
    shifts = (one - other) % 1.0
    np.testing.assert_allclose(shifts, np.broadcast_to(shifts[0], shifts.shape), atol=1e-14)
    assert np.abs(one - other).max() > 0.01
    np.testing.assert_array_equal(one, low_discrepancy(20, 3, seed=0))


def test_a_longer_sequence_begins_like_a_shorter_one():
    np.testing.assert_array_equal(low_discrepancy(50, 2, 7)[:20], low_discrepancy(20, 2, 7))


def test_likely_zeros_come_first_and_once():
    box = np.array([[-1.0, 3.0], [-2.0, 2.0]])
    special = [np.array([0.5, 0.5]), np.array([1.0, 0.0]), np.array([0.0, 0.0])]
    likely = likely_zeros(box, special)
    np.testing.assert_array_equal(likely, [[1.0, 0.0], [0.0, 0.0], [0.5, 0.5]])
    starts = starts_in(box, 10, 0, special)
    assert starts.shape == (10, 2)
    np.testing.assert_array_equal(starts[:3], likely)
    assert np.all((starts >= box[:, 0]) & (starts <= box[:, 1]))


def test_the_origin_is_tried_only_inside_the_box():
    likely = likely_zeros(np.array([[1.0, 3.0]]))
    np.testing.assert_array_equal(likely, [[2.0]])


def test_special_points_are_never_left_out():
    special = [np.array([float(k)]) for k in range(1, 8)]
    assert len(starts_in(np.array([[-1.0, 1.0]]), 3, 0, special)) == 8
