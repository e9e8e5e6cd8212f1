"""Krylov–Schur on operators whose spectra are known: nothing missed, nothing invented."""

import tracemalloc

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.optimize
import scipy.sparse.linalg
from hypothesis import given, settings
from hypothesis import strategies as hs

import stability as st
from stability.errors import InputError, InputTypeError
from stability.spectra.krylov import krylov_spectrum
from stability.spectra.krylov.schur import preference
from stability.spectra.krylov.solve import basis_size

DTYPES = (np.float64, np.float32)


def operator(matrix, dtype=np.float64):
    return scipy.sparse.linalg.aslinearoperator(np.asarray(matrix, dtype))


def blocks(values):
    """The real block-diagonal matrix with these eigenvalues (of a pair, the upper one)."""
    return scipy.linalg.block_diag(
        *[[[v.real, v.imag], [-v.imag, v.real]] if v.imag else [[v.real]] for v in values]
    )


def similar(matrix, seed=0, skew=0.3):
    """The matrix in random coordinates, not orthogonal ones."""
    rng = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(rng.standard_normal(matrix.shape))
    shear = np.eye(len(matrix)) + skew * rng.standard_normal(matrix.shape) / np.sqrt(len(matrix))
    basis = basis @ shear
    return basis @ matrix @ np.linalg.inv(basis)


def matched(found, true):
    """Distances when each value found is matched with a true one of its own."""
    distance = np.abs(np.asarray(found)[:, None] - np.asarray(true)[None, :])
    rows, columns = scipy.optimize.linear_sum_assignment(distance)
    assert len(rows) == len(found)
    return distance[rows, columns]


def wanted(true, which, count):
    return true[np.argsort(-preference(which)(true), kind="stable")][:count]


def check(found, true, which="rightmost", slack=1.0):
    """Each value within its bound of a true one of its own, and these are the wanted ones."""
    assert found.converged, found.remarks
    best = wanted(true, which, len(found.eigenvalues))
    # the bounds hold to first order; each is that of a simple eigenvalue
    assert np.all(matched(found.eigenvalues, best) <= slack * found.errors.max())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("which", ["rightmost", "leftmost", "largest", "imaginary"])
def test_prescribed_spectrum(dtype, which):
    rng = np.random.default_rng(1)
    inner = 0.6 * np.sqrt(rng.uniform(size=60)) * np.exp(1j * rng.uniform(0, np.pi, 60))
    values = np.concatenate([[1.5, 1.2 + 1j, -2, -1.4 + 0.3j, 0.1 + 1.7j, 0.9, -3], inner])
    matrix = similar(blocks(values))
    true = np.linalg.eigvals(blocks(values))
    found = krylov_spectrum(operator(matrix, dtype), 4, which)
    check(found, true, which)
    x, y = found.eigenvectors, found.left_eigenvectors
    computed = np.linalg.norm(matrix @ x - x * found.eigenvalues, axis=0)
    # residuals are those of the vectors returned, up to the rounding of the product in this check
    rounding = 50 * np.finfo(dtype).eps * np.linalg.norm(matrix, 2)
    np.testing.assert_allclose(computed, found.residuals, atol=rounding)
    np.testing.assert_allclose(1 / np.abs(np.sum(y.conj() * x, axis=0)), found.condition, rtol=1e-3)
    order = [(-round(v.real, 3), -abs(round(v.imag, 3)), -v.imag) for v in found.eigenvalues]
    assert order == sorted(order)
    assert found.products > 0
    assert found.which == which


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("steps", [1, 2, 4, 7])
def test_block_steps_are_steps_of_the_same_iteration(dtype, steps):
    rng = np.random.default_rng(2)
    matrix = rng.standard_normal((150, 150)) / np.sqrt(150)
    matrix[0, 0] -= 30  # an outlier, which spoils bases of fixed polynomials
    found = krylov_spectrum(operator(matrix, dtype), 6, steps=steps)
    check(found, np.linalg.eigvals(matrix))


@pytest.mark.parametrize("dtype", DTYPES)
def test_pair_on_the_boundary_is_not_split(dtype):
    values = np.concatenate([[2.0, 1 + 1j], -np.arange(50) / 25])
    found = krylov_spectrum(operator(similar(blocks(values)), dtype), 2)
    assert len(found.eigenvalues) == 3
    check(found, np.array([2.0, 1 + 1j, 1 - 1j]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("decider", [-0.05, 0.05])
def test_the_rightmost_hidden_among_larger_ones(dtype, decider):
    """The largest twenty are harmless; the one that decides has a hundredth of their modulus."""
    large = -3 + np.linspace(3, 5, 20) * 1j
    rest = -0.5 - np.arange(60) / 60
    values = np.concatenate([large, rest, [decider]])
    matrix = similar(blocks(values))
    found = krylov_spectrum(operator(matrix, dtype), 1)
    assert abs(found.eigenvalues[0] - decider) <= found.errors[0]
    assert np.sign(found.abscissa.lower) == np.sign(found.abscissa.upper) == np.sign(decider)
    largest = krylov_spectrum(operator(matrix, dtype), 20, "largest")
    assert largest.abscissa.value < -0.5
    assert largest.abscissa.upper == np.inf


@pytest.mark.parametrize("dtype", DTYPES)
def test_members_of_a_cluster_are_all_found(dtype):
    values = np.concatenate([[1.0] * 3, [0.8] * 2, 0.3 * np.cos(np.arange(80))])
    rotation, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((85, 85)))
    found = krylov_spectrum(operator(rotation @ np.diag(values) @ rotation.T, dtype), 5)
    check(found, values.astype(complex))
    assert "second random start" in found.remarks[0]


def test_eigenvalue_hidden_from_one_start():
    """A block of its own, in which a first start within the other one has no part."""
    matrix = np.diag(np.concatenate([[3.0, 2.0], -np.arange(60.0)]))
    # exact arithmetic on powers of two: nothing leaks from block to block
    found = krylov_spectrum(operator(np.kron(np.eye(2), matrix)), 4)
    check(found, np.array([3, 3, 2, 2], complex))


@pytest.mark.parametrize("dtype", DTYPES)
def test_jordan_block(dtype):
    """A double eigenvalue comes back split by the square root of its residuals, with no bound."""
    matrix = np.zeros((60, 60))
    matrix[:2, :2] = [[1, 1], [0, 1]]
    matrix[2:, 2:] = np.diag(np.linspace(-1, 0.5, 58))
    rotation, _ = np.linalg.qr(np.random.default_rng(4).standard_normal((60, 60)))
    found = krylov_spectrum(operator(rotation @ matrix @ rotation.T, dtype), 2)
    assert found.converged
    distance = np.abs(found.eigenvalues - 1)
    assert np.all(distance <= 2 * np.sqrt(found.residuals.max() + np.finfo(dtype).eps * 10))
    assert np.all(distance <= found.errors)


@pytest.mark.parametrize(
    ("matrix", "k", "true"),
    [
        (np.zeros((50, 50)), 3, [0, 0, 0]),
        (np.eye(50), 3, [1, 1, 1]),
        (np.kron(np.eye(20), [[0, 1.0], [-1, 0]]), 3, [1j, -1j, 1j, -1j]),
        (np.diag(np.repeat([3.0, 2, 1], 20)), 4, [3, 3, 3, 3]),
        (np.diag(np.ones(49), 1), 2, [0, 0]),
        (np.array([[0.0, 1], [-1, 0]]), 1, [1j, -1j]),
        (np.array([[-2.0]]), 1, [-2]),
        (np.zeros((1, 1)), 1, [0]),
        (np.array([[0.0, 1], [0, 0]]), 2, [0, 0]),
        (np.diag([1.0, -2, 5]), 2, [5, 1]),
        (np.roll(np.eye(3), 1, 0), 3, [1, np.exp(2j * np.pi / 3), np.exp(-2j * np.pi / 3)]),
    ],
    ids=[
        "zero",
        "identity",
        "rotations",
        "triple",
        "nilpotent",
        "xy",
        "1",
        "0",
        "Jordan",
        "3",
        "roll",
    ],
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_breakdown_and_small_spaces(matrix, k, true, dtype):
    found = krylov_spectrum(operator(matrix, dtype), k)
    assert found.converged
    assert len(found.eigenvalues) >= len(true)
    # at an exact invariant subspace only rounding is left, whose square root splits Jordan blocks
    defective = np.linalg.matrix_rank(matrix) < len(matrix) and matrix.any()
    rounding = 100 * np.finfo(dtype).eps
    distance = matched(np.array(true), found.eigenvalues)
    if len(matrix) != 50 or not defective:
        assert np.all(distance <= (rounding**0.5 if defective else rounding * 5))
    assert np.all(found.residuals <= 1e-4 * max(1, np.abs(matrix).max()))


def test_companion_matrix():
    roots = np.concatenate([[1.5], np.exp(1j * np.linspace(0.3, 2.8, 24)) * 0.9])
    matrix = scipy.linalg.companion(np.poly(np.concatenate([roots, roots[1:].conj()])).real)
    found = krylov_spectrum(operator(matrix), 3)
    true = np.linalg.eigvals(matrix)
    check(found, true)


@pytest.mark.parametrize("target", [1.3, 0.5 + 1j])
def test_nearest_a_point(target):
    values = np.concatenate([[1.5, 1.25, 0.55 + 0.95j, -2], -1 + 0.5 * np.cos(np.arange(40.0))])
    matrix = similar(blocks(values))
    found = krylov_spectrum(operator(matrix), 2, target=target)
    true = np.linalg.eigvals(matrix)
    near = np.argsort(np.minimum(np.abs(true - target), np.abs(true - np.conj(target))))[:2]
    assert found.converged, found.remarks
    assert matched(found.eigenvalues, true[near]).max() <= found.errors.max()
    assert found.which == "nearest"


def test_not_converged_is_said():
    matrix = np.diag(np.linspace(-1, 1, 2000))
    found = krylov_spectrum(operator(matrix), 5, max_products=80)
    assert not found.converged
    assert "did not converge" in found.remarks[0]
    assert np.isfinite(found.residuals).all()
    assert found.abscissa.upper == np.inf


def test_without_rmatvec_no_bounds_are_claimed():
    matrix = np.diag(np.concatenate([[2.0], np.linspace(-1, 1, 1100)]))
    without = scipy.sparse.linalg.LinearOperator(
        (1101, 1101), matvec=lambda v: matrix @ v, dtype=np.float64
    )
    found = st.spectrum(without, k=1)
    assert found.converged
    assert found.left_eigenvectors is None
    assert np.isinf(found.errors).all()
    assert any("left eigenvector" in remark for remark in found.remarks)


def test_one_question_one_answer():
    """The same values from a matrix, from a small operator written out, and by Krylov–Schur."""
    matrix = similar(blocks(np.concatenate([[0.5 + 2j, 1], -np.arange(1, 80) / 40])))
    dense = st.spectrum(matrix, k=2)
    written = st.spectrum(operator(matrix), k=2)
    iterated = krylov_spectrum(operator(matrix), 2)
    assert len(dense.eigenvalues) == len(written.eigenvalues) == len(iterated.eigenvalues) == 3
    # tolerance 1e-8 of residuals, times condition numbers of a few
    np.testing.assert_allclose(written.eigenvalues, dense.eigenvalues, atol=1e-12)
    np.testing.assert_allclose(iterated.eigenvalues, dense.eigenvalues, atol=1e-7)
    assert written.products == len(matrix) + 1
    assert dense.abscissa.upper < np.inf


def test_bad_input_is_named():
    def failing(v):
        return v * np.nan

    nan = scipy.sparse.linalg.LinearOperator((600, 600), matvec=failing, dtype=np.float64)
    with pytest.raises(InputError, match="NaN or infinite"):
        st.spectrum(nan)
    with pytest.raises(InputError, match="square"):
        st.spectrum(operator(np.ones((2, 3))))
    with pytest.raises(InputError, match="between 1 and 3"):
        st.spectrum(operator(np.eye(3)), k=4)
    with pytest.raises(InputError, match="between 1 and 3"):
        st.spectrum(np.eye(3), k=0)
    with pytest.raises(InputError, match="which must be one of"):
        st.spectrum(np.eye(3), which="best")
    with pytest.raises(InputError, match="complex"):
        st.spectrum(scipy.sparse.linalg.aslinearoperator(1j * np.eye(600)))
    with pytest.raises(InputTypeError, match="matvec"):
        krylov_spectrum("no operator", 2)


@pytest.mark.parametrize(
    "seed", [s if s < 2 else pytest.param(s, marks=pytest.mark.slow) for s in range(10)]
)
def test_networks_agree_with_dense_eigenvalues(seed):
    """Jacobians of random two-player games of small networks, in their own precision."""
    rng = np.random.default_rng(seed)
    width, latent, out = 9, 4, 6

    def network(sizes):
        return [rng.standard_normal((a, b)).astype(np.float32) / a**0.5 for a, b in sizes]

    def output(weights, inputs):
        for weight in weights[:-1]:
            inputs = jnp.tanh(inputs @ weight)
        return inputs @ weights[-1]

    noise = rng.standard_normal((32, latent)).astype(np.float32)
    data = np.tanh(rng.standard_normal((32, out))).astype(np.float32)

    def value(disc, gen, noise, data):
        real, fake = output(disc, data), output(disc, output(gen, noise))
        return jnp.mean(jnp.logaddexp(0, -real)) + jnp.mean(jnp.logaddexp(0, fake))

    game = st.Game(
        {
            "disc": lambda disc, gen, *data: (
                value(disc, gen, *data) + 0.01 * sum(jnp.sum(w**2) for w in disc)
            ),
            "gen": lambda disc, gen, *data: (
                -value(disc, gen, *data) + 0.01 * sum(jnp.sum(w**2) for w in gen)
            ),
        },
        data=(noise, data),
        start={
            "disc": network([(out, width), (width, width), (width, 1)]),
            "gen": network([(latent, width), (width, width), (width, out)]),
        },
    )
    x = jnp.asarray(game.start, jnp.float32)
    jacobian = np.asarray(game.jacobian(x), np.float64)
    true = np.linalg.eigvals(jacobian)
    which = ("rightmost", "leftmost", "largest", "imaginary")[seed % 4]
    found = krylov_spectrum(game.linearise(x), 6, which)
    assert found.converged, found.remarks
    best = wanted(true, which, len(found.eigenvalues))
    # the dense Jacobian is in float32 too: its rounding moves eigenvalues as the bounds allow
    assert np.all(matched(found.eigenvalues, true) <= found.errors)
    assert matched(found.eigenvalues, best).max() <= 2 * found.errors.max()


@settings(max_examples=12, deadline=None)
@given(
    outer=hs.lists(hs.integers(2, 9), min_size=1, max_size=4),
    pairs=hs.lists(hs.integers(1, 4), max_size=2),
    seed=hs.integers(0, 1000),
)
def test_any_spectrum(outer, pairs, seed):
    """Outer eigenvalues with any multiplicities and pairs, over a dense inner cluster: all found."""
    inner = np.random.default_rng(seed).uniform(-1, 1, 50)
    values = np.concatenate([outer, 2 + 1j * np.array(pairs, float), inner]).astype(complex)
    basis, _ = np.linalg.qr(np.random.default_rng(seed + 1).standard_normal((2 * len(values),) * 2))
    matrix = blocks(values)
    basis = basis[: len(matrix), : len(matrix)]
    basis, _ = np.linalg.qr(basis)
    true = np.linalg.eigvals(matrix)
    count = len(outer) + 2 * len(pairs)
    found = krylov_spectrum(operator(basis @ matrix @ basis.T), count, seed=seed)
    assert found.converged
    assert len(found.eigenvalues) == count
    # orthogonal similarity of a normal matrix: condition numbers are 1, residuals at most 1e-8 |λ|
    assert matched(found.eigenvalues, wanted(true, "rightmost", count)).max() <= 1e-6


def test_memory_is_the_basis_and_little_more():
    d, k = 100_000, 4
    values = np.linspace(-5, 1, d).astype(np.float32)
    diagonal = scipy.sparse.linalg.LinearOperator(
        (d, d), lambda v: values * np.ravel(v), lambda v: values * np.ravel(v), dtype=np.float32
    )
    tracemalloc.start()
    found = krylov_spectrum(diagonal, k, left=False, max_products=200)
    peak = tracemalloc.get_traced_memory()[1] / (4 * d)
    tracemalloc.stop()
    # the eigenvectors returned are complex: two of the basis's vectors each
    assert peak <= basis_size(k, d) + 12 + 2 * len(found.eigenvalues)


def test_the_rightmost_that_outer_ones_hide():
    """A normal operator with a wide band: those further up the imaginary axis converge first.

    Without a second start that leans towards the top of (A + Aᵀ)/2, one 0.13 to the left of it is given.
    """
    rng = np.random.default_rng(1)
    d = 1200
    real, imaginary = -rng.random(d // 2), 3 * rng.standard_normal(d // 2)

    def applied(vector, sign):
        u = scipy.fft.dct(vector, norm="ortho").reshape(-1, 2)  # a rotation
        turned = np.stack([u[:, 1], -u[:, 0]], axis=1)
        moved = real[:, None] * u + sign * imaginary[:, None] * turned
        return scipy.fft.idct(moved.ravel(), norm="ortho")

    normal = scipy.sparse.linalg.LinearOperator(
        (d, d),
        matvec=lambda v: applied(np.ravel(v), 1),
        rmatvec=lambda v: applied(np.ravel(v), -1),
        dtype=np.float64,
    )
    found = st.spectrum(normal, k=1, max_products=8000)
    assert found.converged
    np.testing.assert_allclose(found.eigenvalues.real, real.max(), atol=1e-6)
