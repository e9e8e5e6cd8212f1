"""What is found of a spectrum: eigenvalues with a bound on the error of each, in one order."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .discs import UNIT_ROUNDOFF, Array, Indices, connected

Evidence = Literal[
    "exact", "numeric"
]  # signs decided in exact arithmetic, or in bounded floating point

_EPS = np.finfo(np.float64).eps
_SMALL = 1e-4  # error of an eigenvalue, relative to the largest one, that still says something


@dataclass(frozen=True)
class Bounds:
    """A number and an interval that is certain to contain the true one."""

    value: float
    lower: float
    upper: float

    @property
    def error(self) -> float:
        """How far the true number may be from the value."""
        return max(self.upper - self.value, self.value - self.lower)


@dataclass(frozen=True)
class Spectrum:
    """All or k eigenvalues of a (d, d) operator, the largest real part first, pairs together.

    - `eigenvalues`: (k,) complex.
    - `errors`: (k,) bounds; the disc around eigenvalue i of radius `errors[i]` contains all true
      eigenvalues of the cluster of i. Those of a matrix hold rigorously; those of an operator
      to first order in residual and rounding, and are infinite where they are unknown.
    - `eigenvectors`, `left_eigenvectors`: (d, k), unit columns x and y with A x = λ x, yᴴ A = λ yᴴ;
      the left ones may be None.
    - `residuals`: (k,), ‖A x − λ x‖.
    - `condition`: (k,), the condition numbers 1 / |yᴴ x| of the eigenvalues; infinite if unknown.
    - `clusters`: indices that the bounds cannot tell apart; a cluster of k has k true eigenvalues.
    - `converged`: whether all eigenvalues asked for were found.
    - `products`: how often the operator was applied to a vector (0 for dense methods).
    - `restarts`: of the Krylov–Schur iteration (0 for dense methods).
    - `which`: which eigenvalues these are: "all", "rightmost", "leftmost", "largest", "imaginary",
      or "nearest" to a point.
    - `remarks`: sentences about what was checked and what was not reached.
    """

    eigenvalues: Array
    errors: NDArray[np.float64]
    eigenvectors: Any
    left_eigenvectors: Any
    residuals: NDArray[np.float64]
    condition: NDArray[np.float64]
    clusters: tuple[tuple[int, ...], ...]
    converged: bool = True
    products: int = 0
    restarts: int = 0
    which: str = "all"
    remarks: tuple[str, ...] = ()

    @property
    def abscissa(self) -> Bounds:
        """The largest real part; −∞ for an empty spectrum.

        The upper bound is ∞ if these eigenvalues need not include the rightmost one.
        """
        return self._partial(self._largest(self.eigenvalues.real, -math.inf), "rightmost")

    @property
    def radius(self) -> Bounds:
        """The largest modulus; 0 for an empty spectrum.

        The upper bound is ∞ if these eigenvalues need not include the largest one.
        """
        rounding = 4 * UNIT_ROUNDOFF * np.abs(self.eigenvalues) * (self.eigenvalues.imag != 0)
        bounds = self._largest(np.abs(self.eigenvalues), 0.0, rounding)
        bounds = Bounds(bounds.value, max(bounds.lower, 0.0), bounds.upper)
        return self._partial(bounds, "largest")

    def _partial(self, bounds: Bounds, which: str) -> Bounds:
        if self.which in ("all", which) and self.converged:
            return bounds
        return Bounds(bounds.value, bounds.lower, math.inf)

    def _largest(self, sizes: Array, empty: float, rounding: Array | float = 0.0) -> Bounds:
        """Bounds on the largest size: every disc of a cluster holds all its eigenvalues."""
        if len(sizes) == 0:
            return Bounds(empty, empty, empty)
        # of the additions below, which are exact where the error is zero
        rounding = rounding + 2 * UNIT_ROUNDOFF * (np.abs(sizes) + self.errors) * (self.errors > 0)
        reach = self.errors + rounding
        lower, upper = sizes - reach, sizes + reach
        clusters = [list(cluster) for cluster in self.clusters]
        return Bounds(
            float(sizes.max()),
            float(max(lower[cluster].max() for cluster in clusters)),
            float(max(upper[cluster].min() for cluster in clusters)),
        )


def restricted(found: Spectrum, indices: Indices, which: str) -> Spectrum:
    """Some of the eigenvalues, in the order of the indices."""
    place = {int(index): position for position, index in enumerate(indices)}
    clusters = [
        tuple(sorted(place[index] for index in cluster if index in place))
        for cluster in found.clusters
    ]
    left = found.left_eigenvectors
    return replace(
        found,
        eigenvalues=found.eigenvalues[indices],
        errors=found.errors[indices],
        eigenvectors=found.eigenvectors[:, indices],
        left_eigenvectors=None if left is None else left[:, indices],
        residuals=found.residuals[indices],
        condition=found.condition[indices],
        clusters=tuple(sorted(cluster for cluster in clusters if cluster)),
        which=which,
    )


def overlapping(values: Array, errors: NDArray[np.float64]) -> tuple[tuple[int, ...], ...]:
    """The indices of values whose discs of radius `errors` are connected."""
    touch = np.abs(values[:, None] - values[None, :]) <= errors[:, None] + errors[None, :]
    return indices_by_label(connected(touch | np.eye(len(values), dtype=bool)).tolist())


def order_of(values: Array, conjugate: bool) -> Indices:
    """Indices that sort the values, the largest real part first.

    Real parts equal up to rounding count as equal; then the imaginary part decides, or its modulus
    if the spectrum is symmetric (`conjugate`), so that each pair stays together.
    """
    by_real = np.argsort(-values.real, kind="stable")
    tolerance = 8 * len(values) * _EPS * np.abs(values).max()
    steps = -np.diff(values.real[by_real]) > tolerance
    rank = np.empty(len(values), dtype=int)
    rank[by_real] = np.concatenate([[0], np.cumsum(steps)])
    first = -np.abs(values.imag) if conjugate else -values.imag
    repetition = np.zeros(len(values), dtype=int)  # so that i, i, -i, -i becomes i, -i, i, -i
    for indices in indices_by_label(values.tolist()):
        repetition[list(indices)] = np.arange(len(indices))
    return np.lexsort((-values.imag, repetition, first, rank))


def indices_by_label(labels: list) -> tuple[tuple[int, ...], ...]:
    """Indices with the same label together, in the order in which the labels appear."""
    indices: dict[object, list[int]] = {}
    for index, label in enumerate(labels):
        indices.setdefault(label, []).append(index)
    return tuple(map(tuple, indices.values()))


def settled(values: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Eigenvalues without the real and imaginary parts that lie within their errors, where those are small.

    What is left of such a part is rounding: an eigenvalue zero, a centre, or a double real eigenvalue that
    was split into a pair.
    """
    small = errors <= _SMALL * np.abs(values).max(initial=0.0)

    def kept(part: np.ndarray) -> np.ndarray:
        return np.where(small & (np.abs(part) <= errors), 0.0, part)

    return kept(np.real(values)) + 1j * kept(np.imag(values))


def sorted_values(values: np.ndarray) -> np.ndarray:
    """By real part, then by imaginary part, largest first; real parts equal to rounding are equal."""
    tolerance = 1e-12 * float(np.abs(values).max(initial=0.0))
    order = np.argsort(-np.real(values), kind="stable")
    steps = -np.diff(np.real(values)[order], prepend=np.inf if len(order) else ()) > tolerance
    rank = np.empty(len(values), dtype=int)
    rank[order] = np.cumsum(steps)
    return values[np.lexsort((-np.imag(values), rank))]
