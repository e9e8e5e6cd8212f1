"""Several devices and processes give what one gives; JAX counts devices once, so each runs apart."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "sharded.py"
SECONDS = 400  # a process takes 10 to 20 on an idle core

SPLIT = """
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from stability import Game

jax.config.update("jax_num_cpu_devices", 4)
mesh = jax.make_mesh((4,), ("samples",), axis_types=(AxisType.Auto,))
split, everywhere = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("samples",), ()))

def disc(d, g, real, latent):
    return (jnp.tanh(real @ d) ** 2).mean() - jnp.tanh(latent * g @ d).mean() + (d ** 2).sum() / 2

r = np.random.default_rng(0)
data = r.standard_normal((2, 4096, 8)).astype(np.float32)
game = Game({"disc": disc, "gen": lambda *a: -disc(*a)},
            start={"disc": r.standard_normal(8), "gen": r.standard_normal(8)},
            data=data)
x, u = game.start.astype(np.float32), r.standard_normal(16).astype(np.float32)
one = game.linearise(x)
spread = game.with_data(*jax.device_put(tuple(data), split))
for place in (everywhere, split):
    many = spread.linearise(jax.device_put(x, place))
    block, own = many.block("disc", "gen"), one.block("disc", "gen")
    for found, expected in [
        (many.value, one.value),
        (many.matvec(u), one.matvec(u)),
        (many.rmatvec(u), one.rmatvec(u)),
        ((-many).symmetric.matvec(u), -one.symmetric.matvec(u)),
        (block.matvec(u[8:]), own.matvec(u[8:])),
    ]:
        # means over 4096 samples, summed in another order
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)
        assert found.sharding.is_equivalent_to(place, found.ndim), (found.sharding, place)
compiled = jax.jit(lambda a, w: a.matvec(w)).lower(many, jax.device_put(u, split)).compile().as_text()
assert "all-reduce" in compiled
assert "[1024,8" in compiled and "[4096,8" not in compiled, "the samples are not split"
"""


def run(*commands):
    """The processes' outputs; they run at the same time."""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    processes = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for command in commands
    ]
    try:
        outputs = [process.communicate(timeout=SECONDS)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for process, output in zip(processes, outputs, strict=True):
        assert process.returncode == 0, output
    return outputs


def free_port():
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


@pytest.mark.slow
def test_samples_split_over_four_devices():
    run([sys.executable, "-c", SPLIT])


@pytest.mark.slow
def test_two_processes_of_two_devices_find_the_same(tmp_path):
    one, four = tmp_path / "one.json", tmp_path / "four.json"
    example = [sys.executable, str(EXAMPLE)]
    run([*example, "--output", str(one)])
    together = [*example, "--cpu-devices", "2", "--coordinator", f"localhost:{free_port()}"]
    outputs = run(
        *[
            [*together, "--processes", "2", "--process", number, "--output", str(four)]
            for number in ("0", "1")
        ]
    )
    assert "2 processes, 4 devices" in outputs[0]
    assert "4 devices" not in outputs[1]  # only process 0 writes
    alone, spread = (json.loads(file.read_text()) for file in (one, four))
    assert (alone["devices"], spread["devices"]) == (1, 4)
    assert alone["converged"]
    assert spread["converged"]
    for key in ("field", "product", "transposed product"):
        # single precision, sums over 512 samples in another order
        np.testing.assert_allclose(spread[key], alone[key], rtol=1e-4, atol=1e-6)
    gaps = np.abs(np.subtract(spread["eigenvalues"], alone["eigenvalues"]))
    # eigenvalues near 0.1 with residuals of 1e-5, mildly conditioned
    assert gaps.max() < 2e-4
