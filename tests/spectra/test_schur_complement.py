"""Inner solves and what is built of them, against dense matrices."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import InputError
from stability.dynamics.linearisation import Products
from stability.dynamics.partition import Partition
from stability.spectra.symmetric import (
    InnerBlock,
    SchurComplement,
    TotalSecondDerivative,
    complement_spectrum,
    conjugate_gradients,
    symmetric_spectrum,
)

ROWS, COLUMNS = 140, 150  # beyond what is done densely
# one product for all matrices of a shape, so that it is compiled once
PRODUCTS = Products(lambda x, matrix: matrix @ x, Partition(("flow",), (COLUMNS,)))


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def operator(matrix, dtype=np.float64):
    return PRODUCTS.at(jnp.zeros(matrix.shape[1], dtype), jnp.asarray(matrix, dtype))


def with_spectrum(values, seed=0):
    d = len(values)
    frame, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))
    return (frame * values) @ frame.T


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_conjugate_gradients(dtype):
    matrix = with_spectrum(np.linspace(0.1, 2, COLUMNS))
    right = np.random.default_rng(1).normal(size=COLUMNS)
    found = conjugate_gradients(operator(matrix, dtype), right)
    assert found.converged
    assert not found.indefinite
    exact = np.linalg.solve(matrix, right)
    # the relative residual asked for times the condition number, 20; single precision asks for 1.2e-5
    allowed = 2e-9 if dtype == np.float64 else 1e-3
    np.testing.assert_allclose(found.x, exact, atol=allowed * np.linalg.norm(exact))
    left = np.linalg.norm(right - matrix @ np.asarray(found.x, float)) / np.linalg.norm(right)
    assert left == pytest.approx(
        found.relative_residual, abs=1e-5 if dtype == np.float32 else 1e-14
    )
    assert found.curvature >= 0.1 - 1e-6


def test_conjugate_gradients_see_an_indefinite_matrix():
    values = np.linspace(0.1, 2, COLUMNS)
    values[0] = -0.5
    matrix = with_spectrum(values)
    found = conjugate_gradients(operator(matrix), np.ones(COLUMNS))
    assert found.indefinite
    assert not found.converged
    assert -0.5 - 1e-12 <= found.curvature <= 0  # a Rayleigh quotient


def test_conjugate_gradients_that_do_not_converge_say_so():
    matrix = with_spectrum(np.logspace(-8, 0, COLUMNS))
    right = np.ones(COLUMNS)
    found = conjugate_gradients(operator(matrix), right, max_products=20)
    assert not found.converged
    assert 18 <= found.products <= 22
    left = np.linalg.norm(right - matrix @ np.asarray(found.x)) / np.linalg.norm(right)
    assert found.relative_residual == pytest.approx(left, rel=1e-6)
    assert left > 1e-6


def test_nothing_to_solve():
    found = conjugate_gradients(operator(np.eye(COLUMNS)), np.zeros(COLUMNS))
    assert found.converged
    assert found.products == 0
    np.testing.assert_array_equal(found.x, 0)


def blocks(seed):
    rng = np.random.default_rng(seed)
    outer = with_spectrum(np.linspace(-1, 3, ROWS), seed)
    coupling = rng.normal(size=(ROWS, COLUMNS)) / 10
    return outer, coupling, with_spectrum(np.linspace(0.2, 4, COLUMNS), seed + 1)


def test_schur_complement():
    outer, coupling, inner = blocks(0)
    block = InnerBlock(operator(inner), symmetric_spectrum(operator(inner)))
    assert block.smallest == pytest.approx(0.2, abs=1e-6)
    complement = SchurComplement(operator(outer), operator(coupling), block)
    found = complement_spectrum(complement, 2)
    exact = np.linalg.eigvalsh(outer + coupling @ np.linalg.solve(inner, coupling.T))[:2]
    assert found.failure is None
    assert found.inner_products > found.spectrum.products
    assert found.spectrum.converged
    np.testing.assert_array_less(np.abs(found.spectrum.eigenvalues - exact), found.spectrum.errors)
    assert found.spectrum.errors.max() < 1e-6  # and the bound says something


def test_total_second_derivative():
    outer, coupling, inner = blocks(2)
    rng = np.random.default_rng(3)
    whole = np.block([[outer, coupling], [coupling.T, with_spectrum(rng.normal(size=COLUMNS))]])
    mixed = rng.normal(size=(COLUMNS, ROWS)) / 10
    block = InnerBlock(operator(inner), symmetric_spectrum(operator(inner)))
    first, rest = slice(0, ROWS), slice(ROWS, ROWS + COLUMNS)
    complement = TotalSecondDerivative(operator(whole), first, rest, operator(mixed), block)
    found = complement_spectrum(complement)
    along = np.vstack([np.eye(ROWS), -np.linalg.solve(inner, mixed)])
    exact = np.linalg.eigvalsh(along.T @ whole @ along)[0]
    assert abs(found.spectrum.eigenvalues[0] - exact) < found.spectrum.errors[0] < 1e-4


def test_an_indefinite_inner_block():
    outer, coupling, inner = blocks(4)
    shifted = operator(inner - 0.5 * np.eye(COLUMNS))
    with pytest.raises(InputError, match="not positive definite"):
        InnerBlock(shifted, symmetric_spectrum(shifted))
    # an inner block that is believed to be definite, and is not, is found out by the solves
    block = InnerBlock(shifted, symmetric_spectrum(operator(inner)))
    found = complement_spectrum(SchurComplement(operator(outer), operator(coupling), block))
    assert found.spectrum is None
    assert "Rayleigh quotient -" in found.failure


def test_an_inner_solve_that_fails():
    outer, coupling, inner = blocks(5)
    block = InnerBlock(operator(inner), symmetric_spectrum(operator(inner)), max_products=5)
    found = complement_spectrum(SchurComplement(operator(outer), operator(coupling), block))
    assert found.spectrum is None
    assert "stopped at the relative residual" in found.failure
