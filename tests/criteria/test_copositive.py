"""Copositivity, against closed forms and against the least value on a grid."""

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as hs

from stability.criteria.copositive import is_copositive, sign_on_cone, strictly_copositive

HORN = sympy.Matrix(5, 5, lambda i, j: 1 if (i - j) % 5 in (0, 2, 3) else -1)


def test_the_horn_form_is_copositive_and_no_sum_of_a_definite_and_a_nonnegative_one():
    """Hall, Newman (1963): it vanishes at (1, 1, 0, 0, 0), and any less is negative there."""
    assert is_copositive(HORN)
    assert not strictly_copositive(HORN)
    assert strictly_copositive(HORN + sympy.eye(5) / 1000)
    assert not is_copositive(HORN - sympy.eye(5) / 1000)


@pytest.mark.parametrize(
    ("form", "free", "sign"),
    [
        ([[1, 3], [3, 1]], 0, 1),
        ([[1, 3], [3, 1]], 1, -1),
        ([[1, -1], [-1, 1]], 0, 0),
        ([[1, -1], [-1, 1]], 1, 0),
        ([[1, -1], [-1, 2]], 1, 1),
        ([[0, 1], [1, 0]], 0, 0),
        ([[0, 1], [1, 0]], 1, -1),  # 2xy for any x
        ([[0, 0], [0, 1]], 1, 0),
        ([[0, 0], [0, -1]], 1, -1),
        ([[0, 1], [1, 0]], 2, -1),
        ([[0, 0, 0], [0, 1, 1], [0, 1, 1]], 2, 0),
        ([[0]], 1, 0),
        ([[0]], 0, 0),
    ],
)
def test_known_signs_on_cones(form, free, sign):
    assert sign_on_cone(sympy.Matrix(form), free) == sign


def test_without_numbers_there_is_nothing_to_be_negative():
    assert sign_on_cone(sympy.zeros(0, 0), 0) == 1


@settings(max_examples=30, deadline=None)
@given(hs.integers(1, 4), hs.data())
def test_against_the_least_value_on_a_grid(n, data):
    """Of zᵀMz over the z of the cone with Σ|z| = 12, of whole numbers."""
    free = data.draw(hs.integers(0, n))
    M = np.zeros((n, n), dtype=int)
    entries = hs.lists(hs.integers(-2, 2), min_size=n * (n + 1) // 2, max_size=n * (n + 1) // 2)
    M[np.tril_indices(n)] = data.draw(entries)
    M += np.tril(M, -1).T
    z = np.array([p for p in np.ndindex(*[13] * n) if sum(p) == 12])
    signs = np.array(list(np.ndindex(*[2] * free))) * 2 - 1 if free else np.ones((1, 0), dtype=int)
    sides = np.hstack([signs, np.ones((len(signs), n - free), dtype=int)])
    z = (z[None] * sides[:, None]).reshape(-1, n)
    least = np.einsum("ki,ij,kj->k", z, M, z).min()
    found = sign_on_cone(sympy.Matrix(M.tolist()), free)
    if least <= 0:
        assert found == -1 if least < 0 else found <= 0
    elif least > 6 * n:  # between the grid's points the form has changed by less
        assert found == 1
    if not free:
        assert strictly_copositive(sympy.Matrix(M.tolist())) == (found == 1)
