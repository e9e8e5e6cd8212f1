"""Dense spectra: values, error bounds, clusters, and the small tools beside them."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stability.errors import InputError, InputTypeError
from stability.spectra.dense import (
    geometric_multiplicity,
    kernel,
    spectrum,
    stability_sign,
    symmetric_eigenvalues,
)

EPS = np.finfo(np.float64).eps
DEFECTIVE = np.array([[6.0, -4.0], [4.0, -2.0]])  # eigenvalue 2, twice, one eigenvector
CRITICALLY_DAMPED = np.array(
    [[0.0, -0.5], [0.5, -1.0]]
)  # −1/2 twice: the Dirac-GAN under R1, γ = 1


def _grcar(d: int) -> np.ndarray:
    """A highly nonnormal Toeplitz matrix with sensitive eigenvalues."""
    return sum((np.diag(np.ones(d - k), k) for k in range(4)), -np.diag(np.ones(d - 1), -1))


def test_rotation():
    found = spectrum(np.array([[0.0, 1.0], [-1.0, 0.0]]))
    np.testing.assert_allclose(found.eigenvalues, [1j, -1j], rtol=4 * EPS)
    assert found.errors.max() < 1e-14
    assert found.clusters == ((0,), (1,))
    np.testing.assert_allclose(found.condition, 1.0, rtol=1e-14)
    assert found.abscissa.lower < 0 < found.abscissa.upper
    assert found.converged
    assert found.products == 0


@pytest.mark.parametrize("d", [0, 1])
def test_smallest_dimensions(d: int):
    found = spectrum(np.full((d, d), -0.5))
    np.testing.assert_array_equal(found.eigenvalues, np.full(d, -0.5))
    assert found.eigenvectors.shape == (d, d)
    np.testing.assert_array_equal(found.errors, np.zeros(d))
    assert found.radius.upper == (0.5 if d else 0.0)
    assert found.abscissa.upper == (-0.5 if d else -np.inf)
    assert stability_sign(np.full((d, d), -0.5), kind="flow") == -1
    assert stability_sign(np.full((d, d), -0.5), kind="map") == -1


def test_diagonal_matrices_have_no_error():
    found = spectrum(np.diag([1e8, -1e-8, 3.0, 3.0]))
    np.testing.assert_array_equal(found.eigenvalues, [1e8, 3.0, 3.0, -1e-8])
    np.testing.assert_array_equal(found.errors, np.zeros(4))
    assert found.clusters == ((0,), (1, 2), (3,))
    np.testing.assert_array_equal(np.abs(found.eigenvectors[:, 0]), [1, 0, 0, 0])


@pytest.mark.parametrize("matrix", [DEFECTIVE, CRITICALLY_DAMPED, np.array([[2.0, 1.0], [0, 2.0]])])
def test_defective_double_eigenvalue_is_one_number(matrix: np.ndarray):
    found = spectrum(matrix)
    mean = np.trace(matrix) / 2
    np.testing.assert_allclose(found.eigenvalues, mean, rtol=4 * EPS)  # not split by sqrt(eps)
    assert found.clusters == ((0, 1),)
    # computed eigenvalues of a defective matrix are good to sqrt(eps), their bounds not much worse
    assert found.errors.max() < 1e-5
    assert found.condition.min() > 1e6
    assert geometric_multiplicity(matrix, found.eigenvalues[0]) == 1


def test_defective_complex_pair_stays_conjugate():
    rotation = np.array([[0.0, 1.0], [-1.0, 0.0]])
    matrix = np.block([[rotation, np.eye(2)], [np.zeros((2, 2)), rotation]])
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0]
    found = spectrum(basis @ matrix @ basis.T)
    np.testing.assert_allclose(found.eigenvalues.imag, [1, -1, 1, -1], rtol=1e-13)
    np.testing.assert_array_equal(found.eigenvalues[0], found.eigenvalues[1].conj())
    np.testing.assert_allclose(found.eigenvalues.real, 0, atol=1e-14)
    assert len(found.clusters) == 2


@pytest.mark.parametrize("order", [3, 4, 5])
def test_long_jordan_blocks_have_an_accurate_mean(order: int):
    rng = np.random.default_rng(order)
    basis = np.linalg.qr(rng.standard_normal((order, order)))[0]
    jordan = -0.5 * np.eye(order) + np.diag(np.ones(order - 1), 1)
    found = spectrum(basis @ jordan @ basis.T)
    np.testing.assert_allclose(found.eigenvalues, -0.5, atol=1e-14)
    assert np.abs(found.eigenvalues + 0.5).max() <= found.errors.min()
    assert found.errors.max() < 100 * EPS ** (1 / order)


def test_close_but_distinct_eigenvalues_stay_apart():
    matrix = np.array([[1.0, 1.0], [1e-10, 1.0]])  # 1 ± 1e-5
    found = spectrum(matrix)
    np.testing.assert_allclose(found.eigenvalues, [1 + 1e-5, 1 - 1e-5], rtol=1e-10)
    assert found.clusters == ((0,), (1,))


def test_eigenvectors_residuals_and_condition():
    rng = np.random.default_rng(1)
    matrix = rng.standard_normal((7, 7))
    found = spectrum(matrix)
    x, y, values = found.eigenvectors, found.left_eigenvectors, found.eigenvalues
    np.testing.assert_allclose(matrix @ x, x * values, atol=1e-13)
    np.testing.assert_allclose(y.conj().T @ matrix, values[:, None] * y.conj().T, atol=1e-13)
    np.testing.assert_allclose(np.linalg.norm(x, axis=0), 1)
    np.testing.assert_allclose(np.linalg.norm(y, axis=0), 1)
    np.testing.assert_allclose(found.residuals, np.linalg.norm(matrix @ x - x * values, axis=0))
    np.testing.assert_allclose(found.condition, 1 / np.abs(np.sum(y.conj() * x, axis=0)))
    assert found.residuals.max() < 1e-13


def test_condition_predicts_first_order_change():
    matrix = np.array([[1.0, 1000.0], [0.0, 2.0]])
    found = spectrum(matrix)
    np.testing.assert_allclose(found.condition, np.hypot(1, 1000), rtol=1e-10)


def test_order_keeps_pairs_together():
    # Balduzzi's four players: real parts equal up to rounding
    coupling = np.triu(np.ones((4, 4)), 1)
    found = spectrum(-(0.01 * np.eye(4) + coupling - coupling.T))
    np.testing.assert_allclose(
        found.eigenvalues.imag, [1 + 2**0.5, -1 - 2**0.5, 2**0.5 - 1, 1 - 2**0.5], rtol=1e-13
    )
    np.testing.assert_allclose(found.eigenvalues.real, -0.01, rtol=1e-12)


def test_order_of_complex_spectra_is_by_imaginary_part():
    found = spectrum(np.diag([1 - 3j, 1 + 2j, 2 - 5j, 1 + 1j]))
    np.testing.assert_array_equal(found.eigenvalues, [2 - 5j, 1 + 2j, 1 + 1j, 1 - 3j])


def test_graded_matrices_keep_their_small_eigenvalue():
    matrix = np.diag([1e8, 1e-8]) @ np.array([[-2.0, 1.0], [1.0, -1.0]])
    uncertainty = 4 * EPS * np.abs(matrix)
    assert stability_sign(matrix, kind="flow") == -1
    assert stability_sign(matrix, uncertainty, kind="flow") == -1
    flipped = np.diag([1e8, 1e-8]) @ np.array([[-2.0, 1.0], [3.0, -1.0]])
    assert stability_sign(flipped, 4 * EPS * np.abs(flipped), kind="flow") == 1


def test_exact_boundaries():
    rotation = np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert stability_sign(rotation, kind="flow") == 0
    assert stability_sign(rotation, kind="map") == 0
    assert stability_sign(1j * rotation, kind="flow") == 1  # eigenvalues ±1
    assert stability_sign(1j * np.eye(2), kind="flow") == 0
    assert stability_sign(np.array([[0.0, 1.0], [-1.0, 2.0**-1060]]), kind="flow") == 1


def test_an_uncertain_rotation_is_undecided():
    rotation = np.array([[0.0, 1.0], [-1.0, 0.0]])
    assert stability_sign(rotation, np.full((2, 2), EPS), kind="flow") is None
    assert stability_sign(rotation, np.full((2, 2), EPS), kind="map") is None


@pytest.mark.parametrize("seed", range(20))
def test_uncertainty_is_covered(seed: int):
    rng = np.random.default_rng(seed)
    d = int(rng.integers(2, 7))
    matrix = rng.standard_normal((d, d))
    uncertainty = 10.0 ** rng.uniform(-12, -3) * rng.random((d, d))
    found = spectrum(matrix, uncertainty)
    for _ in range(20):
        moved = np.linalg.eigvals(matrix + rng.uniform(-1, 1, (d, d)) * uncertainty)
        for cluster in found.clusters:
            distance = np.abs(moved[:, None] - found.eigenvalues[list(cluster)])
            inside = np.all(distance <= found.errors[list(cluster)] + 1e-13, axis=1)
            assert np.count_nonzero(inside) >= len(cluster)
        assert found.abscissa.lower - 1e-13 <= moved.real.max() <= found.abscissa.upper + 1e-13


def test_bounds_are_sharp_for_normal_matrices():
    rng = np.random.default_rng(2)
    rotation = np.linalg.qr(rng.standard_normal((30, 30)))[0]
    found = spectrum(rotation @ np.diag(np.arange(1.0, 31.0)) @ rotation.T)
    np.testing.assert_allclose(found.eigenvalues, np.arange(30.0, 0, -1), rtol=1e-12)
    assert found.errors.max() < 1e-10
    assert len(found.clusters) == 30


@pytest.mark.parametrize(
    "matrix",
    [
        _grcar(60),
        np.diag(np.ones(39), 1),
        np.diag(np.ones(39), 1) + np.eye(40),
        np.array([[1e300, 1e300], [-1e300, 1e300]]),
        np.array([[0.0, 1e-320], [1e300, 0.0]]),
        np.array([[1.0, 1e308], [0.0, 1.0]]),
    ],
    ids=["grcar", "nilpotent", "jordan", "huge", "extreme", "sheared"],
)
def test_hard_matrices_give_valid_bounds_never_nan(matrix: np.ndarray):
    found = spectrum(matrix)
    for numbers in (found.eigenvalues, found.errors, found.condition):
        assert not np.isnan(numbers).any()
    assert not np.isnan([found.abscissa.lower, found.abscissa.upper, found.radius.upper]).any()
    assert found.abscissa.lower <= found.abscissa.value <= found.abscissa.upper
    assert found.radius.lower <= found.radius.value <= found.radius.upper
    assert sorted(i for cluster in found.clusters for i in cluster) == list(range(len(matrix)))


def test_nilpotent_bound_holds():
    found = spectrum(np.diag(np.ones(39), 1) + np.eye(40))
    assert found.abscissa.lower <= 1 <= found.abscissa.upper < 3  # finite although no basis exists


def test_similar_scaling_does_no_harm():
    rng = np.random.default_rng(3)
    matrix = rng.standard_normal((6, 6))
    scaling = 2.0 ** rng.integers(-40, 40, 6)
    plain, scaled = spectrum(matrix), spectrum(matrix * scaling[:, None] / scaling[None, :])
    np.testing.assert_allclose(scaled.eigenvalues, plain.eigenvalues, rtol=1e-13)
    assert scaled.errors.max() < 10 * plain.errors.max()


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, (3, 3), elements=st.integers(-3, 3).map(float)))
def test_bounds_agree_with_exact_counts(matrix: np.ndarray):
    for kind in ("flow", "map"):
        sign = stability_sign(matrix, kind=kind)
        bounds = spectrum(matrix).abscissa if kind == "flow" else spectrum(matrix).radius
        boundary = 0.0 if kind == "flow" else 1.0
        assert sign is not None
        if sign <= 0:
            assert bounds.lower <= boundary
        if sign >= 0:
            assert bounds.upper >= boundary


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (np.zeros((2, 3)), "square"),
        (np.zeros(3), "square"),
        (np.array([[np.nan]]), "finite"),
        (np.array([[0.0, np.inf], [0.0, 0.0]]), "finite"),
    ],
)
def test_bad_matrices(matrix: np.ndarray, words: str):
    with pytest.raises(InputError, match=words):
        spectrum(matrix)


def test_bad_arguments():
    with pytest.raises(InputTypeError, match="numbers"):
        spectrum(np.array([["a"]]))
    with pytest.raises(InputError, match="shape"):
        spectrum(np.eye(2), np.zeros((3, 3)))
    with pytest.raises(InputError, match="nonnegative"):
        spectrum(np.eye(2), np.full((2, 2), -1.0))
    with pytest.raises(InputError, match="kind"):
        stability_sign(np.eye(2), kind="flows")  # pyright: ignore
    with pytest.raises(InputError, match="complex"):
        symmetric_eigenvalues(1j * np.eye(2))


def test_symmetric_eigenvalues():
    rng = np.random.default_rng(4)
    rotation = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    truth = np.array([-3.0, -1.0, 0.0, 0.0, 1e-3, 1.0, 2.0, 5.0])
    matrix = rotation @ np.diag(truth) @ rotation.T
    values, error = symmetric_eigenvalues(matrix)
    assert np.all(np.diff(values) >= 0)
    # the matrix itself was rounded, by a few eps times its norm
    np.testing.assert_allclose(values, truth, atol=error + 1e-14)
    assert 0 < error < 1e-12
    _, larger = symmetric_eigenvalues(matrix, np.full((8, 8), 1e-6))
    assert larger >= 8e-6
    _, lopsided = symmetric_eigenvalues(matrix + 1e-3 * np.triu(np.ones((8, 8)), 1))
    assert lopsided >= 1e-3


def test_symmetric_eigenvalues_of_zero_are_exact():
    values, error = symmetric_eigenvalues(np.zeros((3, 3)))
    np.testing.assert_array_equal(values, np.zeros(3))
    assert error == 0
    assert symmetric_eigenvalues(np.zeros((0, 0)))[0].shape == (0,)
    assert symmetric_eigenvalues(np.array([[-2.0]])) == (np.array([-2.0]), 0.0)


def test_kernel():
    matrix = np.array([[-2.0, -2.0], [-2.0, -2.0]])  # the tandem game: a line of equilibria
    basis, singular_values = kernel(matrix)
    assert basis.shape == (2, 1)
    np.testing.assert_allclose(np.abs(basis[:, 0]), 0.5**0.5)
    np.testing.assert_allclose(singular_values, [4.0, 0.0], atol=1e-15)
    assert kernel(np.eye(3))[0].shape == (3, 0)
    assert kernel(np.zeros((3, 3)))[0].shape == (3, 3)
    assert kernel(np.zeros((0, 0)))[0].shape == (0, 0)
    assert kernel(np.diag([1.0, 1e-6]), 1e-5)[0].shape == (2, 1)
    assert kernel(np.diag([1.0, 1e-6]), np.full((2, 2), 1e-5))[0].shape == (2, 1)


def test_geometric_multiplicity_tells_stars_from_degenerate_nodes():
    rng = np.random.default_rng(5)
    rotation = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    star = rotation @ (-0.7 * np.eye(2)) @ rotation.T
    assert geometric_multiplicity(star, spectrum(star).eigenvalues[0]) == 2
    weak = -0.7 * np.eye(2) + 1e-10 * rotation @ np.array([[0, 1], [0, 0]]) @ rotation.T
    assert geometric_multiplicity(weak, spectrum(weak).eigenvalues[0]) == 1
    assert geometric_multiplicity(np.array([[0.0, 1.0], [-1.0, 0.0]]), 1j) == 1
    assert geometric_multiplicity(np.eye(3), 2.0) == 0


def test_small_spectra_are_fast():
    matrix = np.random.default_rng(6).standard_normal((2, 2))
    spectrum(matrix)

    def seconds() -> float:
        start = time.thread_time()
        for _ in range(20):
            spectrum(matrix)
        return (time.thread_time() - start) / 20

    # about 0.4 ms of this thread's own time; the best of some, and room for a slow machine
    assert min(seconds() for _ in range(10)) < 4e-3
