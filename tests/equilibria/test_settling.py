"""Runs along a flow end where it settles, and keep what it keeps."""

import numpy as np

from stability.equilibria.settling import settled
from tests.equilibria.fields_with_known_zeros import field

UNIT = np.ones(2)


def test_a_logistic_flow_settles_at_its_capacity_and_backward_at_zero():
    logistic = field(lambda x: [x * (1 - x)])
    starts = np.array([[0.1], [0.3], [20.0]])
    np.testing.assert_allclose(settled(logistic, starts, UNIT[:1], np.ones(3)), 1, atol=1e-12)
    back = settled(logistic, starts[:2], UNIT[:1], -np.ones(2))
    np.testing.assert_allclose(back, 0, atol=1e-9)


def test_a_stiff_reaction_keeps_its_total_over_decades():
    """A ⇌ B with rates 1e6 and 1: B is a million times A, and A + B stays as it was."""
    reaction = field(lambda a, b: [b - 1e6 * a, 1e6 * a - b])
    starts = np.array([[1.0, 0.0], [0.0, 1e-3], [5e3, 2e2]])
    ends = settled(reaction, starts, UNIT, np.ones(3))
    np.testing.assert_allclose(ends.sum(axis=1), starts.sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(ends[:, 1], 1e6 * ends[:, 0], rtol=1e-6)


def test_both_attractors_are_reached_from_their_own_sides():
    """ẋ = x − x³: 0 divides what goes to −1 from what goes to 1."""
    starts = np.linspace(-3, 3, 12)[:, None]
    ends = settled(field(lambda x: [x - x**3]), starts, UNIT[:1], np.ones(12))
    np.testing.assert_allclose(ends, np.sign(starts), atol=1e-9)


def test_what_leaves_and_what_is_not_finite_ends_the_run_without_an_error():
    field_ = field(lambda x, y: [x * x + 1, y])
    starts = np.array([[1.0, 1.0], [np.nan, 0.0], [-3.0, 2.0]])
    ends = settled(field_, starts, UNIT, np.ones(3))
    assert np.isnan(ends[1, 0])
    assert np.abs(ends[[0, 2]]).max(axis=1).min() > 30
