"""The basis on JAX's devices: the same eigenvalues, compiled for CUDA, and split over devices."""

import os
import subprocess
import sys
import textwrap

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability.spectra.krylov import krylov_spectrum
from stability.spectra.krylov.device import DeviceBasis, kernels
from stability.spectra.krylov.host import HostBasis
from stability.spectra.krylov.operators import adapt


def bases(dtype, size=7, d=300):
    """The same random rows in both kinds of basis."""
    rows = np.random.default_rng(0).standard_normal((size, d)).astype(dtype)
    host = HostBasis(size, d, dtype, 0)
    device = DeviceBasis(size, d, dtype, 0, jax.devices()[0] and jnp.zeros(1).sharding)
    host.store(0, rows)
    device.store(0, device.stack(list(rows)))
    return host, device, rows


def test_both_bases_do_the_same():
    dtype = np.float32
    host, device, rows = bases(dtype)
    vectors = np.random.default_rng(1).standard_normal((2, 300)).astype(dtype)
    turning = np.linalg.qr(np.random.default_rng(2).standard_normal((7, 3)))[0]
    close = {"rtol": 1e-4, "atol": 1e-4}  # float32 sums of 300 terms of size 1
    for basis in (host, device):
        block = basis.stack(list(vectors))
        products = basis.project(5, block)
        np.testing.assert_allclose(products, rows[:5] @ vectors.T, **close)
        left = basis.subtract(5, block, products)
        np.testing.assert_allclose(
            basis.gram(left), (g := vectors - products.T @ rows[:5]) @ g.T, rtol=1e-3
        )
        basis.rotate(7, turning)
        np.testing.assert_allclose(basis.row(1), turning[:, 1] @ rows, **close)
        np.testing.assert_allclose(basis.row(5), rows[5], **close)
        basis.move(6, 0)
        np.testing.assert_allclose(basis.row(0), rows[6], **close)
        image = np.asarray(vectors[0])
        taken = basis.columns([basis.extend([5, 6], 1, image)])
        along = rows[5] @ image
        rest = image - along * rows[5]
        np.testing.assert_allclose(taken, [[along], [np.linalg.norm(rest)]], rtol=1e-4)
        added = np.asarray(basis.block(6, 1))[0, :300]
        np.testing.assert_allclose(added, rest / np.linalg.norm(rest), atol=1e-5)


class Dense:
    """A matrix as an operator on JAX's vectors."""

    def __init__(self, matrix, dtype):
        self.shape, self.dtype = matrix.shape, np.dtype(dtype)
        self.matvec = jax.jit(lambda v: jnp.asarray(matrix, dtype) @ v)
        self.rmatvec = jax.jit(lambda v: jnp.asarray(matrix.T, dtype) @ v)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_eigenvalues_on_the_device(monkeypatch, dtype):
    matrix = np.random.default_rng(3).standard_normal((130, 130)) / 130**0.5
    monkeypatch.setattr("stability.spectra.krylov.operators._on_host", lambda image: False)
    operator = Dense(matrix, dtype)
    assert adapt(operator).sharding is not None
    found = krylov_spectrum(operator, 4)
    assert found.converged
    assert isinstance(found.eigenvectors, jax.Array)
    true = np.linalg.eigvals(matrix)
    distance = np.abs(found.eigenvalues[:, None] - true[None, :]).min(1)
    assert np.all(distance <= found.errors)
    assert found.errors.max() < (1e-2 if dtype == np.float32 else 1e-6)


def test_device_parts_lower_for_cuda():
    do = kernels(None, None)
    rows, block = jnp.zeros((6, 320)), jnp.zeros((2, 320))
    square = np.eye(6, dtype=np.float32)
    calls = {
        "row": (rows, 1, 300),
        "extend": (rows, np.array([1, 3, 4]), 2, jnp.zeros(300)),
        "block": (rows, 1, 2),
        "stack": ([jnp.zeros(300)] * 2, 320, np.dtype(np.float32)),
        "products": (rows, block),
        "inner": (rows, jnp.zeros((300, 2), jnp.complex64)),
        "turned": (block, np.eye(2, dtype=np.float32)),
        "subtract": (rows, block, np.zeros((6, 2), np.float32)),
        "store": (rows, block, 1),
        "rotate": (rows, square),
        "move": (rows, 1, 2),
        "take": (rows, square, square, 300),
    }
    for name, arguments in calls.items():
        lowered = getattr(do, name).trace(*arguments).lower(lowering_platforms=("cuda",))
        assert "stablehlo" in lowered.as_text(), name


@pytest.mark.slow
def test_basis_split_over_devices():
    """Four CPU devices in a process of their own: same eigenvalues, and the basis is split."""
    program = textwrap.dedent("""
        import jax, jax.numpy as jnp, numpy as np
        from jax.sharding import AxisType, NamedSharding, PartitionSpec as P
        from stability.spectra.krylov import krylov_spectrum
        from stability.spectra.krylov.device import DeviceBasis

        mesh = jax.make_mesh((4,), ("data",), axis_types=(AxisType.Auto,))
        matrix = np.random.default_rng(0).standard_normal((203, 203)).astype(np.float32) / 203**0.5
        split = jax.device_put(np.pad(matrix, ((0, 1), (0, 0))), NamedSharding(mesh, P("data")))

        class Operator:
            shape, dtype = (203, 203), np.dtype(np.float32)
            matvec = staticmethod(jax.jit(lambda v: (split @ v)[:203],
                                          out_shardings=NamedSharding(mesh, P())))
            rmatvec = staticmethod(jax.jit(lambda v: split[:203].T @ v,
                                           out_shardings=NamedSharding(mesh, P())))

        basis = DeviceBasis(5, 203, np.float32, 0, NamedSharding(mesh, P()))
        assert basis.rows.addressable_shards[0].data.size == basis.rows.size // 4
        found = krylov_spectrum(Operator, 4)
        true = np.linalg.eigvals(matrix.astype(float))
        assert found.converged, found.remarks
        assert np.all(np.abs(found.eigenvalues[:, None] - true).min(1) <= found.errors)
    """)
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300, env=environment)
