"""The spectrum of a GAN whose data are split over several devices, or over several hosts.

    python examples/sharded.py                       all devices of this process
    python examples/sharded.py --cpu-devices 4       four of a CPU, to try it out
    python examples/sharded.py --coordinator HOST:PORT --processes 2 --process 0
                                                     on each host, with its own number (0, 1, …)

Every process runs the same program. Samples are split over the mesh; the profile, and with it every vector,
is on all devices; the Krylov basis is split along its long side. What the host decides, it decides from
numbers that all devices have, so all processes take the same road; only process 0 writes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

import stability as st


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cpu-devices", type=int, help="devices of this process's CPU")
    parser.add_argument("--coordinator", help="address of process 0, as host:port")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--process", type=int, default=0)
    parser.add_argument("--samples", type=int, default=512)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--output", type=Path, help="a JSON file for the results")
    return parser.parse_args()


def discriminator(disc: Any, samples: Any) -> Any:
    return jnp.tanh(samples @ disc["in"]) @ disc["out"]


def generator(gen: Any, latents: Any) -> Any:
    return jnp.tanh(latents @ gen["in"]) @ gen["out"]


def gan(samples: int, width: int) -> st.Game:
    r = np.random.default_rng(0)

    def weights(*shape: int) -> np.ndarray:
        return (r.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32)

    return st.gan(
        discriminator,
        generator,
        start={
            "disc": {"in": weights(8, width), "out": weights(width, 1)},
            "gen": {"in": weights(4, width), "out": weights(width, 8)},
        },
        data=weights(samples, 8) * np.sqrt(samples).astype(np.float32),
        latent=4,
    )


def main() -> None:
    given = options()
    if given.cpu_devices:
        jax.config.update("jax_num_cpu_devices", given.cpu_devices)
    if given.coordinator:
        jax.distributed.initialize(given.coordinator, given.processes, given.process)
    mesh = jax.make_mesh((jax.device_count(),), ("samples",), axis_types=(AxisType.Auto,))
    split, everywhere = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in (("samples",), ()))

    game = gan(given.samples, given.width)
    game = game.with_data(*jax.device_put(game.data, split))
    x = jax.device_put(game.start, everywhere)

    jacobian = game.linearise(x)
    u = jnp.cos(jnp.arange(game.dimension))
    spectrum = st.spectrum(jacobian, k=6, which="rightmost")
    results = {
        "devices": jax.device_count(),
        "processes": jax.process_count(),
        "field": np.asarray(game.field(x)).tolist(),
        "product": np.asarray(jacobian.matvec(u)).tolist(),
        "transposed product": np.asarray(jacobian.rmatvec(u)).tolist(),
        "eigenvalues": [[z.real, z.imag] for z in spectrum.eigenvalues.tolist()],
        "residuals": spectrum.residuals.tolist(),
        "converged": bool(spectrum.converged),
    }
    if jax.process_index() == 0:
        print(
            f"{results['processes']} processes, {results['devices']} devices, {game.dimension} parameters"
        )
        for value, residual in zip(spectrum.eigenvalues, spectrum.residuals, strict=True):
            print(f"  {value:.6f}   residual {residual:.1e}")
        if given.output:
            given.output.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
