"""The divergence between two distributions, whatever they are given as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dynamics.positive_settings import check_positive
from ..errors import InputError, InputTypeError
from .distributions import Density, Finite
from .f_divergences import F_DIVERGENCES, FDivergence
from .kernels import check_dimensions, mmd_of_points, mmd_on_the_line
from .quadrature import integral
from .transport import transport_of_points, transport_on_the_line

NAMES = (*F_DIVERGENCES, "wasserstein-1", "mmd-squared")

Distribution = Finite | Density


@dataclass(frozen=True)
class Measured:
    """A divergence: its `value` (perhaps infinite), a bound or estimate of its `error`, and `how` found."""

    value: float
    error: float
    how: str

    def __float__(self) -> float:
        return self.value


def between(name: str, p: Any, q: Any, *, bandwidth: float = 1.0) -> Measured:
    """The divergence D(p‖q) of two distributions.

    **Arguments:**

    - `name`: one of `NAMES`. With p the data and q the model, `kl` is KL(p‖q) = ∫ p log(p/q), `reverse-kl`
      is KL(q‖p), `pearson` ∫ (p − q)²/q, `squared-hellinger` ∫ (√p − √q)², `js` the Jensen–Shannon
      divergence (Lin 1991; at most log 2), `jensen-shannon` twice that, which is the f-GAN's of that name
      (Nowozin, Cseke, Tomioka 2016), `total-variation` ½∫|p − q|, `wasserstein-1` the earth mover's
      distance and `mmd-squared` the squared maximum mean discrepancy with the kernel exp(−‖x −
      y‖²/(2·bandwidth²)).
    - `bandwidth`: the kernel's, positive.
    - `p`, `q`: probability vectors of the same length, or `Finite`, `empirical` (samples in d dimensions),
      `Normal`, `Uniform` or `Mixture`.

    The value is `inf` where the divergence is infinite (or beyond the largest float: then `how` says so).
    Raises InputError for what is no distribution and for two that cannot be compared.
    """
    if name not in NAMES:
        raise InputError(f"there is no divergence {name!r}; there are {', '.join(NAMES)}")
    check_positive(bandwidth, "the bandwidth of the kernel")
    p, q = distribution(p), distribution(q)
    if name in F_DIVERGENCES:
        return _f_divergence(F_DIVERGENCES[name], p, q)
    for given in (p, q):
        if isinstance(given, Finite) and given.points is None:
            raise InputError(f"{name} measures distances; give Finite(weights, points)")
    if isinstance(p, Finite) and isinstance(q, Finite):
        if name == "mmd-squared":
            check_dimensions(p, q)
            return Measured(mmd_of_points(p, q, bandwidth), 1e-15, "sum over pairs of points")
        value, how = transport_of_points(p, q)
        return Measured(value, 1e-15 * value, how)
    for given in (p, q):
        if isinstance(given, Finite) and given.points.shape[1] > 1:
            raise InputError("a density is on the line; the points need one coordinate too")
    if name == "mmd-squared":
        value, error = mmd_on_the_line(p, q, bandwidth)
        return Measured(value, error, "quadrature of the characteristic functions")
    value, error = transport_on_the_line(p, q)
    return Measured(value, error, "quadrature of the distribution functions")


def distribution(given: Any) -> Distribution:
    """A distribution as it is, or a probability vector as one. Raises InputError for anything else."""
    if isinstance(given, (Finite, Density)):
        return given
    if isinstance(given, (str, bytes)) or not hasattr(given, "__len__"):
        raise InputTypeError(
            "a distribution is a probability vector, or Finite, Normal, Uniform or Mixture of "
            f"stability.divergences, not {given!r}"
        )
    return Finite(given)


def aligned(p: Finite, q: Finite) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The weights of both on the union of their points, shapes (k,), and these points or None."""
    if (p.points is None) != (q.points is None):
        raise InputError("one of the distributions has points and the other none; give both some")
    if p.points is None:
        if len(p.weights) != len(q.weights):
            raise InputError(
                f"the probability vectors have {len(p.weights)} and {len(q.weights)} entries; "
                "they need equally many"
            )
        return p.weights, q.weights, None
    check_dimensions(p, q)
    points, where = np.unique(np.concatenate([p.points, q.points]), axis=0, return_inverse=True)
    where = where.ravel()
    n = len(p.weights)
    return (
        np.bincount(where[:n], p.weights, len(points)),
        np.bincount(where[n:], q.weights, len(points)),
        points,
    )


def line(p: Density, q: Density, growth: float = 0.0) -> np.ndarray:
    """Ascending edges that cut the line for integrals of p, q and p^growth q^(1 − growth)."""
    edges = [p.edges, q.edges]
    precision = tail_precision(p, q, growth)
    if growth > 1 and p.tail > 0 and q.tail > 0 and precision > 0:
        # p^k q^(1 − k) of two normal densities is a normal density too, with tails longer than p's
        weighted = growth * p.mean / p.tail - (growth - 1) * q.mean / q.tail
        reach = 38 * precision**-0.5
        edges.append(weighted / precision + np.linspace(-reach, reach, 39))
    return np.unique(np.concatenate(edges))


def tail_precision(p: Density, q: Density, growth: float) -> float:
    """The 1/s² of the tails of p^growth q^(1 − growth); not positive where its integral diverges."""
    if p.tail == 0 or q.tail == 0:
        return np.inf
    return growth / p.tail - (growth - 1) / q.tail


_ALONE = "infinite because one distribution has mass where the other has none"


def infinite_in_the_tails(divergence: FDivergence, p: Density, q: Density) -> str | None:
    """Why the divergence is infinite, where floating point may see nothing: far out in the tails."""
    # such as a normal density beyond the ends of a segment, however little of it lies there
    alone = float(p.tail > 0 == q.tail), float(q.tail > 0 == p.tail)
    if divergence.outside(*alone) == np.inf:
        return _ALONE
    if divergence.growth > 1 and tail_precision(p, q, divergence.growth) <= 0:
        return "infinite because the first distribution's tails are too heavy for the second's"
    return None


def _f_divergence(divergence: FDivergence, p: Distribution, q: Distribution) -> Measured:
    if isinstance(p, Finite) and isinstance(q, Finite):
        on_p, on_q, _ = aligned(p, q)
        with np.errstate(over="ignore"):
            value = divergence.of_weights(on_p, on_q)
        return Measured(_nonnegative(value), 1e-15 * len(on_p), "sum over the points")
    if isinstance(p, Finite) or isinstance(q, Finite):
        how = "a density gives no mass to points, so the supports are disjoint"
        return Measured(divergence.greatest, 0.0, how)
    reason = infinite_in_the_tails(divergence, p, q)
    if reason is not None:
        return Measured(np.inf, 0.0, reason)
    value, error, alone = densities(divergence, p, q)
    outside = divergence.outside(*alone)
    if outside == np.inf:
        return Measured(np.inf, 0.0, _ALONE)
    if not np.isfinite(value):
        return Measured(np.inf, 0.0, "larger than the largest floating-point number")
    return Measured(_nonnegative(value + outside), error, "quadrature of the densities")


def densities(
    divergence: FDivergence, p: Density, q: Density
) -> tuple[float, float, tuple[float, float]]:
    """∫ q f(p/q) over the common support with its error, and the masses of p alone and of q alone."""
    edges = line(p, q, divergence.growth)
    middle = (edges[1:] + edges[:-1]) / 2
    on_p, on_q = (np.isfinite(r.log_density(middle)) for r in (p, q))
    masses = [np.diff(r.cdf(edges)) for r in (p, q)]
    p_alone, q_alone = masses[0][on_p & ~on_q].sum(), masses[1][on_q & ~on_p].sum()
    value = error = 0.0
    both = on_p & on_q
    with np.errstate(over="ignore", invalid="ignore"):
        for start, stop in _runs(both):
            part, missing = integral(
                lambda x: divergence.integrand(p.log_density(x), q.log_density(x)),
                edges[start : stop + 1],
            )
            value, error = value + part, error + missing
    return value, error, (float(p_alone), float(q_alone))


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """The stretches (start, stop) of an array of flags that are true throughout."""
    changes = np.diff(np.concatenate([[0], flags.astype(int), [0]]))
    starts, stops = np.flatnonzero(changes == 1), np.flatnonzero(changes == -1)
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _nonnegative(value: float) -> float:
    """The value without what rounding has put below zero; no divergence is negative."""
    return max(value, 0.0)
