"""The projected linear flow on a cone: closed forms, and orbits in the plane."""

import numpy as np
import pytest

from stability.criteria.critical_cone import pareto_eigenvalues, projected_linear_flow

RIGHT = np.array([[1.0, 0.0]])
QUADRANT = np.eye(2)


@pytest.mark.parametrize(
    ("slope", "word"), [(-1.0, "stable"), (2.0, "unstable"), (0.0, "undecided")]
)
def test_on_a_ray_the_sign_decides(slope, word):
    assert projected_linear_flow(np.array([[slope]]), np.eye(1)).word == word


def test_a_focus_that_grows_is_caught_by_a_limit():
    # ẋ = 0.1x − y, ẏ = x + 0.1y grows in the plane; with x ≥ 0 it turns onto the ray x = 0, y > 0, where x is
    # pushed outwards, and y grows there
    growing = np.array([[0.1, -1.0], [1.0, 0.1]])
    assert projected_linear_flow(growing, RIGHT).word == "unstable"
    # with −0.5 for y's own slope the ray decays, and no direction inside is kept
    held = np.array([[0.6, -1.0], [1.0, -0.5]])
    assert np.linalg.eigvals(held).real.max() > 0
    assert projected_linear_flow(held, RIGHT).word == "stable"


def test_a_limit_may_take_away_what_makes_stable():
    # stable in the plane, but along x = 0, where x is pushed outwards, y grows
    matrix = np.array([[-3.0, -4.0], [2.0, 1.0]])
    assert np.linalg.eigvals(matrix).real.max() < 0
    assert projected_linear_flow(matrix, RIGHT).word == "unstable"
    assert max(pareto_eigenvalues(matrix, RIGHT)) == pytest.approx(1.0)


def orbit(matrix, u, steps=4000, h=0.005):
    for _ in range(steps):
        u = np.maximum(u + h * matrix @ u, 0.0)
        if not 1e-9 < np.linalg.norm(u) < 1e9:
            break
    return np.linalg.norm(u)


@pytest.mark.parametrize("seed", range(12))
def test_in_a_quadrant_it_agrees_with_orbits(seed):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(2, 2))
    found = projected_linear_flow(matrix, QUADRANT)
    assert found.rate is not None
    if abs(found.rate) < 0.2:
        pytest.skip("too slow to see in an orbit of this length")
    ends = [orbit(matrix, np.array([np.cos(a), np.sin(a)])) for a in np.linspace(0, np.pi / 2, 9)]
    assert (max(ends) > 1) == (found.word == "unstable")
