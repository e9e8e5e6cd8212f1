"""A network's leading eigenvalues: Krylov–Schur against SciPy's ARPACK, driving the same products.

    python benchmarks/spectrum.py [repetitions] [batch]

A two-player game of multilayer perceptrons (generator 64→256→256→784, discriminator 784→256→256→1,
0.55 million parameters, float32), at a random point and after 500 steps of training: the 20 rightmost
and the 20 largest eigenvalues, residuals at most 1e-4 |λ| each. ARPACK is run with the basis size and
the number of BLAS threads that serve it best in a first round. Both sides then run in turn, so that a
busy machine slows them alike; medians are printed. Left eigenvectors, which ARPACK does not give, are
left out; the time of the random-start check, which it does not make either, is printed apart.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs
from threadpoolctl import threadpool_limits

import stability as st
from stability.spectra.krylov import krylov_spectrum

COUNT, TOLERANCE = 20, 1e-4
BASIS_SIZES, THREADS = (45, 60, 80), (1, 2)


def network(sizes: tuple[int, ...], key: jax.Array) -> list[tuple[jax.Array, jax.Array]]:
    layers = []
    for inputs, outputs in pairwise(sizes):
        key, own = jax.random.split(key)
        weights = jax.random.normal(own, (inputs, outputs), jnp.float32) / inputs**0.5
        layers.append((weights, jnp.zeros(outputs, jnp.float32)))
    return layers


def output(layers: Any, inputs: Any) -> Any:
    for weights, bias in layers[:-1]:
        inputs = jnp.tanh(inputs @ weights + bias)
    weights, bias = layers[-1]
    return inputs @ weights + bias


def gan(batch: int) -> st.Game:
    """The non-saturating game; the data lie near a curved surface of 16 dimensions."""
    keys = jax.random.split(jax.random.key(0), 5)
    noise = jax.random.normal(keys[0], (batch, 64))
    factors = jax.random.normal(keys[1], (batch, 16))
    data = jnp.tanh(factors @ jax.random.normal(keys[2], (16, 784)))
    softplus = jax.nn.softplus

    def discriminator(disc: Any, gen: Any) -> Any:
        fake = output(disc, jnp.tanh(output(gen, noise)))
        return softplus(-output(disc, data)).mean() + softplus(fake).mean()

    def generator(disc: Any, gen: Any) -> Any:
        return softplus(-output(disc, jnp.tanh(output(gen, noise)))).mean()

    start = {
        "disc": network((784, 256, 256, 1), keys[3]),
        "gen": network((64, 256, 256, 784), keys[4]),
    }
    return st.Game({"disc": discriminator, "gen": generator}, start=start)


def points(game: st.Game) -> dict[str, jax.Array]:
    x = jnp.asarray(game.start, jnp.float32)

    @jax.jit
    def train(x: jax.Array) -> jax.Array:
        return jax.lax.scan(lambda x, _: (x + 0.1 * game.field(x), None), x, length=500)[0]

    return {"random": x, "trained": train(x)}


class Counted:
    """The products, with their number and the time they take."""

    def __init__(self, operator: Any):
        self.operator, self.shape, self.dtype = operator, operator.shape, operator.dtype
        self.products, self.seconds = 0, 0.0

    def matvec(self, vector: Any) -> Any:
        begin = time.perf_counter()
        image = self.operator.matvec(vector).block_until_ready()
        self.seconds += time.perf_counter() - begin
        self.products += 1
        return image


def arpack(operator: Counted, which: str, ncv: int, threads: int) -> tuple[np.ndarray, np.ndarray]:
    product = LinearOperator(
        operator.shape,
        matvec=lambda v: np.asarray(operator.matvec(v.astype(np.float32))),
        dtype=np.float32,
    )
    start = np.random.default_rng(0).standard_normal(operator.shape[0]).astype(np.float32)
    name = {"rightmost": "LR", "largest": "LM"}[which]
    with threadpool_limits(threads, "blas"):
        return eigs(product, k=COUNT, which=name, ncv=ncv, tol=TOLERANCE, v0=start)


def relative(operator: Any, values: np.ndarray, vectors: np.ndarray) -> float:
    """The largest ‖A x − λ x‖ / |λ|."""
    worst = 0.0
    for value, vector in zip(values, np.asarray(vectors).T, strict=True):
        image = np.asarray(operator.matvec(vector.real)) + 1j * np.asarray(
            operator.matvec(vector.imag)
        )
        worst = max(worst, float(np.linalg.norm(image - value * vector) / abs(value)))
    return worst


def timed(work: Callable[[Counted], Any], operator: Any) -> tuple[float, Counted, Any]:
    counted = Counted(operator)
    begin = time.perf_counter()
    found = work(counted)
    return time.perf_counter() - begin, counted, found


def ours(operator: Counted, which: str, verify: bool = True) -> st.Spectrum:
    return krylov_spectrum(operator, COUNT, which, tolerance=TOLERANCE, left=False, verify=verify)


def best_arpack(operator: Any, which: str) -> tuple[int, int]:
    """The basis size and thread count that serve ARPACK best, from one run of each."""
    timings = {}
    for ncv in BASIS_SIZES:
        for threads in THREADS:
            try:
                timings[ncv, threads] = timed(lambda o: arpack(o, which, ncv, threads), operator)[0]  # noqa: B023
            except ArpackNoConvergence:
                continue
    return min(timings, key=lambda setting: timings[setting])


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    game = gan(int(sys.argv[2]) if len(sys.argv) > 2 else 128)
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, JAX {jax.__version__} "
        f"on {jax.default_backend()}, SciPy {scipy.__version__}; {game.dimension} parameters"
    )
    print(
        f"{'point':8} {'which':10} {'ARPACK':>22} {'Krylov–Schur':>22} {'ratio':>6} {'checked':>8} "
        f"{'products':>14} {'outside them':>12} {'residuals':>16} {'agree':>8}"
    )
    for name, x in points(game).items():
        operator = game.linearize(x)
        for which in ("rightmost", "largest"):
            ncv, threads = best_arpack(operator, which)
            ours(Counted(operator), which)
            runs: dict[str, list[tuple[float, Counted, Any]]] = {
                "them": [],
                "us": [],
                "checked": [],
            }
            for _ in range(repetitions):
                runs["them"].append(timed(lambda o: arpack(o, which, ncv, threads), operator))  # noqa: B023
                runs["us"].append(timed(lambda o: ours(o, which, verify=False), operator))  # noqa: B023
                runs["checked"].append(timed(lambda o: ours(o, which), operator))  # noqa: B023
            seconds = {
                side: statistics.median(run[0] for run in all_) for side, all_ in runs.items()
            }
            (_, their_count, (values, vectors)), (_, our_count, found) = (
                runs["them"][-1],
                runs["us"][-1],
            )
            checked = runs["checked"][-1][2]
            distance = np.abs(checked.eigenvalues[:, None] - values[None, :]).min(0).max()
            print(
                f"{name:8} {which:10} {seconds['them']:8.2f} s (m={ncv}, {threads}t) "
                f"{seconds['us']:20.2f} s {seconds['us'] / seconds['them']:6.2f} "
                f"{seconds['checked'] / seconds['them']:8.2f} "
                f"{their_count.products:4}, {our_count.products:3}, {checked.products:3} "
                f"{1 - their_count.seconds / runs['them'][-1][0]:5.0%}, "
                f"{1 - our_count.seconds / runs['us'][-1][0]:4.0%} "
                f"{relative(operator, values, vectors):.1e}, "
                f"{relative(operator, found.eigenvalues, found.eigenvectors):.1e} "
                f"{distance:8.1e}{'' if checked.converged else '  not converged'}",
                flush=True,
            )


if __name__ == "__main__":
    main()
