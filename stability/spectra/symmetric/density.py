"""The density of a symmetric operator's eigenvalues, by Lanczos quadrature from random probes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError
from .basis import in_precision_of
from .lanczos import Krylov


@dataclass(frozen=True, eq=False)
class SpectralDensity:
    """How a symmetric operator's d eigenvalues are distributed, as each of several random probes sees it.

    - `nodes`, `weights` (probes, steps): a quadrature rule for each probe. Its weights add up to 1; a
      probe that needed fewer steps has weights zero at the end.
    - `dimension`: d. `products`: how often the operator was applied.
    """

    nodes: np.ndarray
    weights: np.ndarray
    dimension: int
    products: int

    def mean(self, function: Callable[[np.ndarray], Any]) -> tuple[Any, Any]:
        """The mean of a function over the eigenvalues, tr f(A) / d, and its standard error over probes.

        `function` maps nodes, shape (probes, steps), to values, shape (..., probes, steps). Each probe is
        exact for polynomials of degree < 2 steps. `lambda t: t < 0` gives the fraction of negative ones.
        """
        samples = (self.weights * function(self.nodes)).sum(axis=-1)
        spread = samples.std(axis=-1, ddof=1) / math.sqrt(samples.shape[-1])
        return samples.mean(axis=-1), spread

    def on_grid(
        self, grid: np.ndarray, width: float | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The density smoothed by a Gaussian, and its standard error over probes, at the numbers of a grid.

        `width` is the Gaussian's standard deviation; by default a hundredth of the range of the nodes.
        """
        grid = np.asarray(grid, float)
        if width is None:
            width = np.ptp(self.nodes[self.weights > 0]) / 100
            width = width or 1e-2 * max(1.0, float(np.abs(self.nodes).max()))
        if not width > 0:
            raise InputError(f"the width of the smoothing is a positive number, not {width}")

        def bumps(nodes: np.ndarray) -> np.ndarray:
            distance = (grid[:, None, None] - nodes) / width
            return np.exp(-(distance**2) / 2) / (width * math.sqrt(2 * math.pi))

        return self.mean(bumps)


def spectral_density(
    operator: Any, probes: int = 8, steps: int = 60, seed: int = 0
) -> SpectralDensity:
    """The density of eigenvalues of a symmetric operator (stochastic Lanczos quadrature).

    From every random probe Lanczos gives the Gauss rule of its spectral measure: nodes are the Ritz values,
    weights the squared first components of their vectors (Golub, Meurant 2010). Averaged over probes
    this is the density of eigenvalues (Ubaru, Chen, Saad, SIAM J. Matrix Anal. Appl. 38, 2017; for networks
    Ghorbani, Krishnan, Xiao 2019). The basis is kept orthogonal, at `steps` + 1 vectors of memory.

    **Arguments:** `operator` as for `symmetric_spectrum`; `probes` ≥ 2, drawn from `seed`, whose
    spread tells the error.

    Raises InputError for an operator that is not symmetric or not finite, and for bad numbers.
    """
    d = operator.shape[0]
    if tuple(operator.shape) != (d, d) or d == 0:
        raise InputError(f"a symmetric operator is square, not of shape {tuple(operator.shape)}")
    if probes < 2 or steps < 1:
        raise InputError("a spectral density takes at least 2 probes and 1 step")
    steps = min(steps, d)
    nodes, weights = np.zeros((probes, steps)), np.zeros((probes, steps))
    products = 0
    with in_precision_of(operator.dtype):
        for i, seeds in enumerate(np.random.SeedSequence(seed).spawn(probes)):
            krylov = Krylov(operator, steps, steps, int(seeds.generate_state(1)[0]))
            krylov.grow(until_breakdown=True)
            values, vectors, _ = krylov.ritz()
            nodes[i, : len(values)], weights[i, : len(values)] = values, vectors[0] ** 2
            products += krylov.products
    return SpectralDensity(nodes, weights, d, products)
