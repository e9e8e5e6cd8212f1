"""A network's leading eigenvalues: Krylov–Schur against SciPy's ARPACK, driving the same products.

    python benchmarks/spectrum.py [repetitions] [batch]

A two-player game of multilayer perceptrons (generator 64→256→256→784, discriminator 784→256→256→1,
0.55 million parameters, float32), at a random point and after 500 steps of training: the 20 rightmost
and the 20 largest eigenvalues, residuals at most 1e-4 |λ| each. ARPACK is run with the basis size and
the number of BLAS threads that serve it best in a first round, at the random point. Both sides then run
in turn, so that a busy machine slows them alike; medians are printed. Left eigenvectors, which ARPACK
does not give, are left out; the time with the random-start check, which it does not make either, is
printed apart, and so are the products that measure our residuals anew (it trusts its recurrence). About
20 minutes on two cores.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise, product
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
BASIS_SIZES, THREADS = (60, 80), (1, 2)


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
    counted = LinearOperator(
        operator.shape,
        matvec=lambda v: np.asarray(operator.matvec(v.astype(np.float32))),
        dtype=np.float32,
    )
    start = np.random.default_rng(0).standard_normal(operator.shape[0]).astype(np.float32)
    name = {"rightmost": "LR", "largest": "LM"}[which]
    with threadpool_limits(threads, "blas"):
        return eigs(counted, k=COUNT, which=name, ncv=ncv, tol=TOLERANCE, v0=start)


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
    for ncv, threads in product(BASIS_SIZES, THREADS):
        try:
            timings[ncv, threads] = timed(
                partial(arpack, which=which, ncv=ncv, threads=threads), operator
            )[0]
        except ArpackNoConvergence:
            continue
        print(f"  ARPACK, {which}, m={ncv}, {threads} BLAS threads: {timings[ncv, threads]:.1f} s")
    return min(timings, key=lambda setting: timings[setting])


def compared(
    operator: Any, which: str, setting: tuple[int, int], repetitions: int
) -> dict[str, list[tuple[float, Counted, Any]]]:
    """Seconds, products and results of each side, run in turn."""
    sides = {
        "them": partial(arpack, which=which, ncv=setting[0], threads=setting[1]),
        "us": partial(ours, which=which, verify=False),
        "checked": partial(ours, which=which),
    }
    runs: dict[str, list[tuple[float, Counted, Any]]] = {side: [] for side in sides}
    for _ in range(repetitions):
        for side, work in sides.items():
            runs[side].append(timed(work, operator))
    return runs


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    game = gan(int(sys.argv[2]) if len(sys.argv) > 2 else 128)
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, JAX {jax.__version__} "
        f"on {jax.default_backend()}, SciPy {scipy.__version__}; {game.dimension} parameters"
    )
    where = points(game)
    start = game.linearise(where["random"])
    settings = {which: best_arpack(start, which) for which in ("rightmost", "largest")}
    print(
        f"{'point':8} {'which':10} {'ARPACK':>21} {'ours':>9} {'ratio':>6} {'checked':>8} "
        f"{'products':>16} {'outside them':>13} {'residuals':>18} {'differ':>8}"
    )
    for (name, x), (which, setting) in product(where.items(), settings.items()):
        operator = game.linearise(x)
        runs = compared(operator, which, setting, repetitions)
        seconds = {side: statistics.median(run[0] for run in own) for side, own in runs.items()}
        products = {side: own[-1][1].products for side, own in runs.items()}
        outside = {
            side: statistics.median(1 - count.seconds / time for time, count, _ in own)
            for side, own in runs.items()
        }
        values, vectors = runs["them"][-1][2]
        found, checked = runs["us"][-1][2], runs["checked"][-1][2]
        residuals = [
            relative(operator, values, vectors),
            relative(operator, found.eigenvalues, found.eigenvectors),
        ]
        differ = np.abs(checked.eigenvalues[:, None] - values[None, :]).min(0).max()
        print(
            f"{name:8} {which:10} {seconds['them']:7.2f} s (m={setting[0]}, {setting[1]}t) "
            f"{seconds['us']:7.2f} s {seconds['us'] / seconds['them']:6.2f} "
            f"{seconds['checked'] / seconds['them']:8.2f} "
            f"{', '.join(str(products[side]) for side in runs):>16} "
            f"{outside['them']:7.0%}, {outside['us']:4.0%} "
            f"{residuals[0]:9.1e}, {residuals[1]:.1e} {differ:8.1e}"
            f"{'' if checked.converged else '  not converged'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
