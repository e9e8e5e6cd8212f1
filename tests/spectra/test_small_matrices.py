"""Closed-form eigenvalues of 2 × 2 matrices against mpmath, larger ones against known spectra."""

import jax
import mpmath
import numpy as np
import pytest

from stability.spectra.small_matrices import eigenvalues_2x2, eigenvalues_on_host

FEW_ULPS = 2e-15  # relative error of each eigenvalue: some ten roundings


def closed_form(matrices):
    with jax.enable_x64(True):
        return np.asarray(jax.jit(eigenvalues_2x2)(np.asarray(matrices, dtype=float)))


def exact(matrix):
    """The eigenvalues of the float64 entries, the larger real part first, by mpmath."""
    a, b, c, d = (mpmath.mpf(float(entry)) for entry in np.ravel(matrix))
    root = mpmath.sqrt(((a - d) / 2) ** 2 + b * c)
    return (a + d) / 2 + root, (a + d) / 2 - root


def assert_accurate(matrices):
    with mpmath.workdps(700):  # entries differ by up to 300 decimal orders
        for matrix, found in zip(matrices, closed_form(matrices), strict=True):
            for value, true in zip(found, exact(matrix), strict=True):
                error = abs(mpmath.mpc(complex(value)) - true)
                assert error <= FEW_ULPS * abs(true), (matrix, value)


def test_random_matrices():
    assert_accurate(np.random.default_rng(0).standard_normal((200, 2, 2)))


@pytest.mark.parametrize("size", [1e-140, 1e-3, 1e9, 1e150])
def test_tiny_and_huge_matrices(size):
    assert_accurate(size * np.random.default_rng(1).standard_normal((20, 2, 2)))


def test_graded_matrices_keep_their_small_eigenvalue():
    rng = np.random.default_rng(2)
    grades = 10.0 ** -rng.integers(0, 60, (100, 2))
    assert_accurate(rng.standard_normal((100, 2, 2)) * grades[:, :, None] * grades[:, None, ::-1])
    assert_accurate([[[0.0, 1e200], [1e-200, 0.0]], [[1.0, 1e200], [1e-210, 1e-12]]])


def test_defective_matrices_are_not_split():
    a, d = np.random.default_rng(3).integers(-500, 500, (2, 100)) / 64  # so that bc is exact
    matrices = np.stack(
        [np.stack([a, np.full(100, 4.0)], 1), np.stack([-((a - d) ** 2) / 16, d], 1)], 1
    )
    found = closed_form(matrices)
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    np.testing.assert_array_equal(found[:, 0], (a + d) / 2)


def test_nearly_defective_matrices():
    rng = np.random.default_rng(4)
    centre, ulps = rng.standard_normal(100), rng.integers(-4, 4, 100)
    coupling = 1e-17 * rng.standard_normal(100)
    matrices = np.empty((100, 2, 2))
    matrices[:, 0, 0], matrices[:, 1, 1] = centre, centre * (1 + 2.0**-52 * ulps)
    matrices[:, 0, 1], matrices[:, 1, 0] = 1e-3, coupling
    assert_accurate(matrices)


def test_zero_and_not_finite():
    np.testing.assert_array_equal(closed_form(np.zeros((1, 2, 2))), np.zeros((1, 2)))
    for bad in (np.nan, np.inf):
        for i, j in np.ndindex(2, 2):
            matrix = np.ones((1, 2, 2))
            matrix[0, i, j] = bad
            assert np.isnan(closed_form(matrix)).all()


def test_larger_matrices_are_sorted_and_nan_where_not_finite():
    rng = np.random.default_rng(5)
    basis = rng.standard_normal((600, 3, 3))  # enough to be shared among threads
    blocks = np.zeros((600, 3, 3))
    blocks[:, 0, 0] = -3.0
    blocks[:, 1:, 1:] = [[-1.0, 2.0], [-2.0, -1.0]]
    matrices = basis @ blocks @ np.linalg.inv(basis)
    matrices[7, 0, 0] = np.nan
    found = eigenvalues_on_host(matrices)
    assert np.isnan(found[7]).all()
    rest = np.delete(found, 7, axis=0)
    condition = np.delete(np.linalg.cond(basis), 7)
    error = np.abs(rest - np.array([-1 + 2j, -1 - 2j, -3])).max(axis=1)
    assert (error <= 1e-14 * condition**2).all()
