"""The radius of a rule's multipliers over the plane of hλ, and the step sizes of eigenvalues alone."""

import numpy as np
import pytest

import stability as st
from stability.comparisons.rule_plane import eigenvalue_step_sizes, rule_plane
from tests.known_systems import INFINITY, ON_XY_BY_EIGENVALUES


def test_radius_over_the_plane_of_simultaneous_steps():
    plane = rule_plane(st.Simultaneous, shape=0.75)
    z = plane.real + 1j * plane.imaginary[:, None]
    np.testing.assert_allclose(plane.radius, np.abs(1 + z), rtol=1e-12)
    assert plane.real[0] < -2
    assert plane.real[-1] > 0
    assert np.ptp(plane.imaginary) == pytest.approx(0.75 * np.ptp(plane.real))


@pytest.mark.parametrize("rule", [st.Extragradient, st.RK4, st.Optimistic, st.Heun, st.Proximal])
def test_the_default_rectangle_holds_the_whole_boundary(rule):
    plane = rule_plane(rule, including=[-0.1 + 4j])
    assert plane.imaginary[-1] > 4
    stable = plane.radius < 1
    border = np.concatenate([stable[0], stable[-1], stable[:, 0], stable[:, -1]])
    assert border.all() == border.any()  # the boundary does not leave the rectangle
    assert stable.any()
    assert not stable.all()


def test_extent_is_taken_as_given():
    plane = rule_plane(st.RK4, extent=(-3, 1, -2, 2), resolution=5)
    assert plane.real.tolist() == [-3, -2, -1, 0, 1]
    assert plane.radius.shape == (5, 5)
    with pytest.raises(st.InputError, match="extent"):
        rule_plane(st.RK4, extent=(1, -3, -2, 2))


@pytest.mark.parametrize("known", ON_XY_BY_EIGENVALUES, ids=lambda known: known.name)
def test_step_sizes_of_eigenvalues_alone(known):
    found = eigenvalue_step_sizes(known.rule(0.1), np.array([1j, -1j]))
    if known.critical is not None:
        critical = None if known.critical == INFINITY else pytest.approx(known.critical, rel=1e-9)
        assert found.critical == critical
    if known.best is not None:
        assert found.best == pytest.approx(known.best[0], rel=1e-5)
        assert found.best_radius == pytest.approx(known.best[1], rel=1e-7)
