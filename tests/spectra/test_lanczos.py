"""Lanczos on operators whose spectra are known: nothing missed, nothing invented, errors that hold."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stability import InputError
from stability.dynamics.linearisation import Products
from stability.dynamics.partition import Partition
from stability.spectra.symmetric import numerical_abscissa, symmetric_spectrum
from stability.spectra.symmetric.basis import random_vector
from stability.spectra.symmetric.lanczos import DENSE
from tests.selection import slow_but


class Matrix:
    """A dense matrix as an operator that counts its products."""

    def __init__(self, matrix, dtype=np.float64):
        with jax.enable_x64(dtype == np.float64):
            self.matrix = jnp.asarray(matrix, dtype)
        self.shape, self.dtype, self.products = np.shape(matrix), self.matrix.dtype, 0

    def matvec(self, u):
        self.products += 1
        return self.matrix @ u


def with_spectrum(values, seed=0):
    d = len(values)
    frame, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))
    return (frame * values) @ frame.T


D = 160  # one dimension and one size of the basis, so that little is compiled


def bulk(*values, low=0.0, high=1.0):
    """The values, and as many spread over an interval as make D in all."""
    return np.r_[values, np.linspace(low, high, D - len(values))]


SPECTRA = {
    "uniform": (bulk(low=-1), 3, "smallest"),
    "one below a bulk": (
        np.r_[-0.01, np.zeros(100), np.linspace(0, 1, D - 102), 30],
        1,
        "smallest",
    ),
    "threefold": (bulk(-1, -1, -1), 4, "smallest"),
    "twofold at both ends": (bulk(-1, -1, 4, 4), 2, "both"),
    "close pair": (bulk(-1, -1 + 1e-3), 2, "smallest"),
    "largest": (bulk(2, 2.5, low=-5), 2, "largest"),
    "zero": (np.zeros(D), 2, "smallest"),
    "identity": (np.ones(D), 3, "largest"),
    "projection": (np.r_[np.zeros(D - 3), np.ones(3)], 4, "largest"),
    "small and large": (bulk(-1e-3, 1.0, high=1e-2), 1, "smallest"),
    "scaled down": (1e-20 * bulk(low=-1), 2, "both"),
    "d = 1": (np.array([3.0]), 1, "smallest"),
    "d = 2": (np.array([3.0, -1.0]), 2, "largest"),
    "d = 3": (np.array([1.0, 1.0, 2.0]), 1, "both"),
}


@pytest.mark.parametrize(("values", "k", "which"), SPECTRA.values(), ids=SPECTRA)
@pytest.mark.parametrize("dtype", slow_but([np.float64, np.float32], [np.float32]))
def test_prescribed_spectra(values, k, which, dtype):
    operator = Matrix(with_spectrum(values), dtype)
    found = symmetric_spectrum(operator, k, which)
    values = np.sort(values)
    expected = {"smallest": values[:k], "largest": values[-k:], "both": [*values[:k], *values[-k:]]}
    assert found.converged, found.remarks
    assert found.products == operator.products
    size = np.abs(values).max()
    # the tolerance on residuals, and the matrix itself is rounded to its dtype; a residual bounds the error
    allowed = (2e-8 if dtype == np.float64 else 1e-4) * size
    np.testing.assert_allclose(found.eigenvalues, expected[which], rtol=0, atol=allowed)
    assert (found.residuals <= allowed).all()
    rounded = np.linalg.eigvalsh(np.asarray(operator.matrix, np.float64))
    for value, error in zip(found.eigenvalues, found.errors, strict=True):
        assert np.abs(rounded - value).min() <= error
    vectors = np.asarray(found.eigenvectors, float)
    # orthonormal up to the rounding of dot products of this length
    np.testing.assert_allclose(
        vectors.T @ vectors, np.eye(vectors.shape[1]), atol=1e3 * np.finfo(dtype).eps
    )


def test_restarts_find_what_one_basis_cannot():
    values = bulk() ** 2
    found = symmetric_spectrum(Matrix(with_spectrum(values)), 2, "largest", basis=12)
    np.testing.assert_allclose(found.eigenvalues, values[-2:], atol=1e-12)
    assert found.products > 24


def test_a_second_start_finds_what_the_first_is_blind_to(monkeypatch):
    # a diagonal operator keeps a coordinate that is zero at the start exactly zero
    draws = []

    def blind_at_first(seed, dimension, dtype):
        draws.append(seed)
        u = random_vector(seed, dimension, dtype)
        return u.at[0].set(0) if len(draws) == 1 else u

    monkeypatch.setattr("stability.spectra.symmetric.lanczos.random_vector", blind_at_first)
    found = symmetric_spectrum(Matrix(np.diag(bulk(-5.0))), 1, "smallest")
    assert found.converged
    assert len(draws) > 1
    assert found.eigenvalues[0] == pytest.approx(-5.0, abs=1e-12)


def test_what_has_not_converged_says_so():
    values = np.r_[np.zeros(D - 100), np.logspace(-6, 2, 100)]
    found = symmetric_spectrum(Matrix(with_spectrum(values)), 2, "smallest", max_products=70)
    assert not found.converged
    assert len(found.remarks) == 1
    assert "70 products did not suffice" in found.remarks[0]
    assert (found.residuals > 0).all()
    assert found.eigenvalues[0] >= -1e-12  # a Rayleigh quotient, so from above


def test_small_operators_are_complete():
    found = symmetric_spectrum(Matrix(np.diag(np.arange(float(DENSE)))), 2)
    assert found.complete
    assert found.products == DENSE
    np.testing.assert_allclose(found.eigenvalues, [0, 1], atol=1e-12)
    assert not symmetric_spectrum(Matrix(np.diag(np.arange(DENSE + 1.0))), 1).complete


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40),
    st.sampled_from(["smallest", "largest"]),
    st.integers(0, 100),
)
def test_any_spectrum_with_multiplicities(values, which, seed):
    values = np.sort(np.resize(values, D))  # repeated to fill it
    found = symmetric_spectrum(Matrix(with_spectrum(values, seed)), 3, which)
    expected = values[:3] if which == "smallest" else values[-3:]
    assert found.converged
    np.testing.assert_allclose(found.eigenvalues, expected, atol=1e-7 * np.abs(values).max())


@pytest.mark.parametrize("d", [5, D])
def test_bad_operators(d):
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="not symmetric"):
        symmetric_spectrum(Matrix(rng.normal(size=(d, d))))
    with pytest.raises(InputError, match="not finite"):
        symmetric_spectrum(Matrix(np.full((d, d), np.nan)))
    with pytest.raises(InputError, match="square"):
        symmetric_spectrum(Matrix(np.ones((d, d + 1))))
    with pytest.raises(InputError, match="cannot be had"):
        symmetric_spectrum(Matrix(np.eye(d)), d // 2 + 1, "both")
    with pytest.raises(InputError, match="smallest, largest or both"):
        symmetric_spectrum(Matrix(np.eye(d)), 1, "SA")


@pytest.mark.parametrize("d", [3, D])
def test_numerical_abscissa(d):
    # a Jordan block: eigenvalue −0.1, yet (J + Jᵀ)/2 is tridiagonal with −0.1 + cos(π j/(d+1))
    matrix = np.diag(np.full(d, -0.1)) + np.diag(np.ones(d - 1), 1)
    products = Products(lambda x: jnp.asarray(matrix, x.dtype) @ x, Partition(("flow",), (d,)))
    with jax.enable_x64(True):
        found = numerical_abscissa(products.at(jnp.zeros(d)))
    assert found.eigenvalues[-1] == pytest.approx(-0.1 + np.cos(np.pi / (d + 1)), abs=1e-8)
