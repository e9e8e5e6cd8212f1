"""The normal distribution closest to a target: every local minimum of a divergence (model mismatch)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from ..dynamics.positive_settings import check_positive, check_whole
from ..errors import InputError, InputTypeError
from .between import NAMES, between, infinite_in_the_tails, line
from .distributions import Density, Normal
from .f_divergences import F_DIVERGENCES
from .kernels import mmd_on_the_line
from .quadrature import nodes
from .transport_fit import closest, expansion

FITTED = tuple(name for name in NAMES if name != "total-variation")  # whose integrand has kinks
MERGE = 1e-3  # two runs that end this close to each other, in units of the target's spread, found the same
STEP = 2e-3  # of the five-point differences: h⁴ and rounding/h both leave about 1e-11
POLISH = 12  # Newton steps at most
MEANS = 2.0  # spreads within which the starts' means lie
SCALES = (0.1, 1.5)  # spreads between which the starts' scales lie
FARTHEST = 1e3  # spreads: where a run that leaves the target is given up
_COARSE = {"xatol": 1e-3, "fatol": 1e-6, "maxiter": 600}  # of Nelder–Mead, before it is polished


@dataclass(frozen=True)
class LocalFit:
    """A local minimum of D(target‖N(mean, scale²)).

    `mean` and `scale` (the standard deviation) are the normal distribution's, `value` is the divergence.
    `gradient` is the largest entry of the derivative in (mean/spread, log scale) that was left, and
    `curvature` the smallest eigenvalue of the second derivative there: positive at a strict minimum, and
    infinite at the kink that Wasserstein-1 has at zero.
    """

    mean: float
    scale: float
    value: float
    gradient: float
    curvature: float

    @property
    def model(self) -> Normal:
        return Normal(self.mean, self.scale)


def fit_normal(
    name: str, target: Density, *, bandwidth: float = 1.0, starts: int = 16, seed: int = 0
) -> tuple[LocalFit, ...]:
    """The local minima of D(target‖N(mean, scale²)) over mean and scale, best first.

    `name` is one of `NAMES`; `target` a `Normal`, `Uniform` or `Mixture`. For a target that no normal
    distribution equals the divergences disagree on the best one (Nie, Liu, Patel; Minka 2005):
    KL(target‖model) matches the target's mean and variance exactly and so covers all of its modes,
    KL(model‖target) prefers a single mode, the others lie between. `starts` runs of Nelder–Mead begin with
    the target's moments and at a Latin hypercube (drawn from `seed`) of means within two spreads (standard
    deviations) of the target's and scales between a tenth of the spread and one and a half, and are polished
    by Newton's method; those that end at no strict minimum, or a thousand spreads away, are left out. More
    starts may find more minima. `wasserstein-1` is convex in (mean, scale) and has one minimum, which needs
    a single start. `bandwidth` is the kernel's, for `mmd-squared`.

    Raises InputError for an unknown divergence, for one that is infinite at every start (a bounded target
    and `reverse-kl`), and for a target that is no density.
    """
    if name not in FITTED:
        raise InputError(f"there is no fit by {name!r}; there are {', '.join(FITTED)}")
    if not isinstance(target, Density):
        raise InputTypeError(f"the target is a density, such as a Mixture, not {target!r}")
    check_whole(starts, "the number of starts", 1, 10_000)
    center, spread = target.mean, math.sqrt(target.variance)
    check_positive(bandwidth, "the bandwidth of the kernel")
    if name == "wasserstein-1":
        return (_closest_by_transport(target, center, spread),)
    objective = _objective(name, target, center, spread, bandwidth)
    low, high = (-MEANS, math.log(SCALES[0])), (MEANS, math.log(SCALES[1]))
    begin = scipy.stats.qmc.scale(
        scipy.stats.qmc.LatinHypercube(2, rng=np.random.default_rng(seed)).random(starts), low, high
    )
    begin[0] = 0.0  # the target's own moments
    begin = [x for x in begin if np.isfinite(objective(x))]
    if not begin:
        raise InputError(f"{name} is infinite for every normal distribution that was tried")
    found: list[LocalFit] = []
    for x in begin:
        end = scipy.optimize.minimize(objective, x, method="Nelder-Mead", options=_COARSE).x
        if np.abs(end).max() > FARTHEST or _known(end, found, center, spread):
            continue
        local = _polished(objective, end)
        if local is None or _known(local[0], found, center, spread):
            continue
        (mean, log_scale), gradient, curvature = local
        model = Normal(center + spread * mean, spread * math.exp(log_scale))
        value = between(name, target, model, bandwidth=bandwidth).value
        found.append(LocalFit(model.mean, float(model.scale), value, gradient, curvature))
    return tuple(sorted(found, key=lambda fit: (fit.value, fit.mean)))


def _closest_by_transport(target: Density, center: float, spread: float) -> LocalFit:
    """The only minimum of Wasserstein-1."""
    mean, scale = closest(target, center, spread)
    value = between("wasserstein-1", target, Normal(mean, scale)).value
    found = expansion(target, mean, scale)
    units = np.array([spread, scale])  # d mean and d scale for a unit of (mean/spread, log scale)
    if not found.hessian.any():  # no sign changes: the target is the model
        return LocalFit(mean, scale, value, 0.0, math.inf)
    gradient = found.gradient * units
    hessian = found.hessian * np.outer(units, units) + np.diag([0.0, gradient[1]])
    curvature = float(np.linalg.eigvalsh(hessian)[0])
    return LocalFit(mean, scale, value, float(np.abs(gradient).max()), curvature)


def _objective(
    name: str, target: Density, center: float, spread: float, bandwidth: float
) -> Callable[[np.ndarray], float]:
    """((mean − center)/spread, log(scale/spread)) ↦ the divergence, by a rule whose nodes move smoothly."""

    def model(x: np.ndarray) -> Normal:
        return Normal(
            center + spread * float(x[0]), spread * math.exp(float(np.clip(x[1], -30, 30)))
        )

    if name == "mmd-squared":
        return lambda x: mmd_on_the_line(target, model(x), bandwidth)[0]
    divergence = F_DIVERGENCES[name]

    def value(x: np.ndarray) -> float:
        q = model(x)
        if infinite_in_the_tails(divergence, target, q) is not None:
            return np.inf
        at, weights = nodes(line(target, q, divergence.growth))
        on_p, on_q = target.log_density(at), q.log_density(at)
        both = np.isfinite(on_p)  # a normal density vanishes nowhere
        alone = float(np.sum((np.exp(on_q) * weights)[~both]))
        with np.errstate(over="ignore", invalid="ignore"):
            inside = float(np.sum(divergence.integrand(on_p[both], on_q[both]) * weights[both]))
        total = inside + divergence.outside(0.0, alone)
        return total if np.isfinite(total) else np.inf

    return value


def _polished(objective, x: np.ndarray) -> tuple[np.ndarray, float, float] | None:
    """The minimum that Newton's method reaches from x, its gradient and curvature; None if it is none."""
    gradient, hessian = _derivatives(objective, x)
    for _ in range(POLISH):
        if not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian)[0] <= 0:
            return None
        step = np.linalg.solve(hessian, gradient)
        if np.abs(step).max() > MERGE * 100:
            return None
        x = x - step
        gradient, hessian = _derivatives(objective, x)
        if np.abs(step).max() < 1e-10:
            break
    curvature = float(np.linalg.eigvalsh(hessian)[0]) if np.isfinite(hessian).all() else -np.inf
    size = float(np.abs(gradient).max())
    return (x, size, curvature) if curvature > 0 and size < 1e-6 else None


def _derivatives(objective, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradient by five-point differences, (2,), and the Hessian by three-point ones, (2, 2)."""
    directions = np.eye(2) * STEP
    center = objective(x)
    gradient, hessian = np.zeros(2), np.zeros((2, 2))
    for i, h in enumerate(directions):
        near, far = ([objective(x + s * k * h) for s in (1, -1)] for k in (1, 2))
        gradient[i] = (8 * (near[0] - near[1]) - (far[0] - far[1])) / (12 * STEP)
        hessian[i, i] = (near[0] + near[1] - 2 * center) / STEP**2
    i, j = directions
    mixed = (
        objective(x + i + j) - objective(x + i - j) - objective(x - i + j) + objective(x - i - j)
    )
    hessian[0, 1] = hessian[1, 0] = mixed / (4 * STEP**2)
    return gradient, hessian


def _known(x: np.ndarray, found: list[LocalFit], center: float, spread: float) -> bool:
    """Whether a point in the coordinates of the search is a minimum that was found before."""
    mean, scale = center + spread * x[0], spread * math.exp(x[1])
    near = MERGE * spread
    return any(abs(mean - f.mean) <= near and abs(scale - f.scale) <= near for f in found)
