"""How slowly samples tell of the distributions behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from ..dynamics.positive_settings import check_nonnegative, check_positive, check_whole
from ..errors import InputError, InputTypeError
from .between import between
from .distributions import empirical

MEASURES = ("js", "wasserstein-1", "mmd-squared")


@dataclass(frozen=True)
class SampleRow:
    """The divergences between two samples of n points in d dimensions: means and standard errors by name.

    `transport_error` is the mean of |W1 − its true value|.
    """

    n: int
    dimension: int
    mean: dict[str, float]
    standard_error: dict[str, float]
    transport_error: float


@dataclass(frozen=True)
class SampleComplexity:
    """What `sample_complexity` found.

    - `rows`: one for each dimension and n, in that order.
    - `true`: dimension ↦ name ↦ the divergence of the distributions themselves.
    - `repeats`, `seed`: pairs of samples for each row, and what they were drawn from.
    - `exponent`, `exponent_error`: dimension ↦ the slope of the logarithm of the mean of |W1 − its true
      value| against log n by least squares, and its standard error.
    """

    rows: tuple[SampleRow, ...]
    true: dict[int, dict[str, float]]
    exponent: dict[int, float]
    exponent_error: dict[int, float]
    repeats: int
    seed: int

    def __str__(self) -> str:
        lines = [f"{'d':>3} {'n':>6}" + "".join(f" {name:>24}" for name in MEASURES)]
        for row in self.rows:
            cells = (f"{row.mean[m]:.6f} ± {row.standard_error[m]:.6f}" for m in MEASURES)
            lines.append(
                f"{row.dimension:>3} {row.n:>6}" + "".join(f" {cell:>24}" for cell in cells)
            )
        for d, slope in self.exponent.items():
            lines.append(f"d = {d}: W1's error ~ n^({slope:.3f} ± {self.exponent_error[d]:.3f})")
        return "\n".join(lines)


def sample_complexity(
    dimensions: Sequence[int] = (1, 3, 5),
    sizes: Sequence[int] = (16, 32, 64, 128, 256),
    *,
    shift: float = 0.0,
    bandwidth: float = 0.5,
    repeats: int = 10,
    seed: int = 0,
) -> SampleComplexity:
    """Divergences between two samples of n points, against those of the distributions they were drawn from.

    The distributions are uniform on the cube [0, 1]^d and on the same cube moved by `shift` along its first
    axis; so the true values are JS = min(shift, 1) · log 2 and W1 = shift (the points on the line by
    Kantorovich's duality, and nobody has to move sideways). Two samples of continuous distributions have
    no point in common, so the JS of the empirical distributions is log 2 for every n, even if the
    distributions are the same: it never learns. W1 converges, but at the rate n^(−1/d) for d > 2 (Dudley
    1969; Fournier, Guillin 2015, theorem 1), and n^(−1/2) on the line; hence a discriminator of unlimited
    capacity does not generalise from few samples (Arora, Ge, Liang, Ma, Zhang 2017). MMD² with a Gaussian
    kernel, here the biased estimate, converges like 1/n in every dimension (Gretton et al. 2012) at shift
    0.

    `dimensions` are the d, `sizes` the n; `bandwidth` is the kernel's, `seed` the random numbers'. Each row
    is a mean over `repeats` independent pairs of samples, with its standard error. Raises InputError for
    numbers that are none of dimensions, sizes (at least two of them, of 2 to 4096) and repeats (at least
    two).
    """
    for given, what in ((dimensions, "dimensions"), (sizes, "sizes")):
        if not isinstance(given, Sequence):
            raise InputTypeError(f"{what} is a sequence of whole numbers, not {given!r}")
    for d in dimensions:
        check_whole(d, "a dimension", 1, 10_000)
    for n in sizes:
        check_whole(n, "a sample size", 2, 4096)
    if not dimensions or len(set(sizes)) < 2:
        raise InputError("the rates need at least one dimension and two different sample sizes")
    check_whole(repeats, "the number of repeats", 2, 100_000)
    check_nonnegative(shift, "the shift")
    check_positive(bandwidth, "the bandwidth of the kernel")
    rows, true, exponents = [], {}, {}
    for d in dimensions:
        true[d] = _true(d, shift, bandwidth)
        own = [_row(n, d, shift, bandwidth, repeats, seed) for n in sorted(set(sizes))]
        rows += own
        exponents[d] = _slope(own)
    return SampleComplexity(
        tuple(rows),
        true,
        {d: slope for d, (slope, _) in exponents.items()},
        {d: error for d, (_, error) in exponents.items()},
        repeats,
        seed,
    )


def _row(n: int, d: int, shift: float, bandwidth: float, repeats: int, seed: int) -> SampleRow:
    values: dict[str, list[float]] = {name: [] for name in MEASURES}
    for k in range(repeats):
        x, y = np.random.default_rng([seed, d, n, k]).uniform(size=(2, n, d))
        y[:, 0] += shift
        p, q = empirical(x), empirical(y)
        for name in MEASURES:
            values[name].append(between(name, p, q, bandwidth=bandwidth).value)
    return SampleRow(
        n,
        d,
        {name: float(np.mean(v)) for name, v in values.items()},
        {name: float(np.std(v, ddof=1)) / math.sqrt(repeats) for name, v in values.items()},
        float(np.mean(np.abs(np.array(values["wasserstein-1"]) - shift))),
    )


def _true(d: int, shift: float, bandwidth: float) -> dict[str, float]:
    same, moved = _mean_kernel(0.0, bandwidth), _mean_kernel(shift, bandwidth)
    return {
        "js": min(shift, 1.0) * math.log(2),
        "wasserstein-1": float(shift),
        "mmd-squared": 2 * same ** (d - 1) * (same - moved),
    }


def _mean_kernel(shift: float, bandwidth: float) -> float:
    """E exp(−(X − Y − shift)²/(2σ²)) for X, Y uniform on [0, 1]: the kernel integrated twice."""

    def twice(t: float) -> float:
        z = t / (math.sqrt(2) * bandwidth)
        first = t * math.sqrt(math.pi / 2) * bandwidth * float(scipy.special.erf(z))
        return first + bandwidth**2 * math.exp(-(z**2))

    return twice(shift + 1) + twice(shift - 1) - 2 * twice(shift)


def _slope(rows: list[SampleRow]) -> tuple[float, float]:
    x = np.log([row.n for row in rows])
    y = np.log([row.transport_error for row in rows])
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    residuals = y - y.mean() - slope * centred
    freedom = max(len(rows) - 2, 1)
    return slope, float(np.sqrt(residuals @ residuals / freedom / (centred @ centred)))
