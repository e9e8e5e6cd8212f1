"""Spectral densities by Lanczos quadrature, against the eigenvalues themselves."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import InputError
from stability.spectra.symmetric import spectral_density

D = 160
VALUES = np.r_[-2.0, np.zeros(79), np.linspace(0.5, 1.5, 80)]


class Matrix:
    def __init__(self, matrix, dtype=np.float64):
        with jax.enable_x64(dtype == np.float64):
            self.matrix = jnp.asarray(matrix, dtype)
        self.shape, self.dtype = np.shape(matrix), self.matrix.dtype

    def matvec(self, u):
        return self.matrix @ u


def with_spectrum(values):
    frame, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(len(values),) * 2))
    return (frame * values) @ frame.T


@pytest.fixture(scope="module")
def density():
    return spectral_density(Matrix(with_spectrum(VALUES)), probes=40, steps=20, seed=1)


def test_every_probe_is_a_probability_measure(density):
    assert density.nodes.shape == density.weights.shape == (40, 20)
    assert density.products == 40 * 20
    np.testing.assert_allclose(density.weights.sum(axis=1), 1, rtol=1e-12)
    assert (density.weights >= 0).all()
    assert (density.nodes >= -2 - 1e-10).all()
    assert (density.nodes <= 1.5 + 1e-10).all()


@pytest.mark.parametrize(
    "function", [lambda t: t, lambda t: t**3, lambda t: (t > 0.25) * 1.0, np.cos]
)
def test_means_over_the_eigenvalues(density, function):
    mean, error = density.mean(function)
    # four standard errors; a probe's own quadrature error is far smaller for these
    assert abs(mean - function(VALUES).mean()) <= 4 * error
    assert 0 < error < 0.1


def test_the_standard_error_falls_with_the_probes():
    operator = Matrix(with_spectrum(VALUES))
    few, many = (
        spectral_density(operator, probes, 20, 2).mean(lambda t: t)[1] for probes in (10, 90)
    )
    # a third is expected; the errors' own spread is 24 % with ten probes
    assert 0.15 < many / few < 0.7


def test_on_a_grid(density):
    grid = np.linspace(-4, 3.5, 400)
    mean, error = density.on_grid(grid, 0.2)
    bumps = np.exp(-(((grid[:, None] - VALUES) / 0.2) ** 2) / 2) / (0.2 * np.sqrt(2 * np.pi))
    exact = bumps.mean(axis=1)
    assert np.trapezoid(mean, grid) == pytest.approx(1, abs=1e-6)
    assert (np.abs(mean - exact) <= 5 * error + 1e-3).all()  # 400 points: a few lie beyond four
    default, _ = density.on_grid(grid)
    assert default.max() > mean.max()  # narrower


def test_few_distinct_eigenvalues_end_a_probe_early():
    operator = Matrix(np.diag(np.r_[np.zeros(D // 2), np.ones(D // 2)]))
    found = spectral_density(operator, probes=3, steps=20)
    assert found.products == 6  # two distinct eigenvalues take two steps
    np.testing.assert_array_equal(found.weights[:, 2:], 0)
    np.testing.assert_allclose(found.nodes[:, :2], [[0, 1]] * 3, atol=1e-12)


def test_one_value_is_a_bump():
    found = spectral_density(Matrix(np.eye(D)), probes=2, steps=20)
    mean, error = found.on_grid(np.array([1.0, 2.0]))
    assert mean[0] > 10
    assert mean[1] == 0
    np.testing.assert_allclose(error, 0, atol=1e-9)


def test_single_precision():
    found = spectral_density(Matrix(with_spectrum(VALUES), np.float32), probes=40, steps=20, seed=1)
    mean, error = found.mean(lambda t: t)
    assert abs(mean - VALUES.mean()) <= 4 * error


def test_bad_numbers():
    with pytest.raises(InputError, match="at least 2 probes"):
        spectral_density(Matrix(np.eye(3)), probes=1)
    with pytest.raises(InputError, match="square"):
        spectral_density(Matrix(np.ones((2, 3))))
    with pytest.raises(InputError, match="width"):
        spectral_density(Matrix(np.eye(3)), probes=2, steps=1).on_grid(np.zeros(1), -1.0)
