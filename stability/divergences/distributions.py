"""Distributions to be compared: on finitely many points, and one-dimensional densities."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from ..dynamics.positive_settings import check_positive, check_real
from ..errors import InputError, InputTypeError

SUM = 1e-9  # by how much rounded probabilities may miss one
HUGE = 1e100  # coordinates beyond it have squares that are not numbers


@dataclass(frozen=True, eq=False)
class Finite:
    """Probabilities on finitely many points.

    - `weights`: shape (k,), not negative, with sum one.
    - `points`: shape (k,) or (k, d), or None where the points have no place, only a number. Points that
      occur twice count together.

    Raises InputError for anything else.
    """

    weights: Any
    points: Any = None

    def __post_init__(self):
        weights = probabilities(self.weights, "the weights")
        object.__setattr__(self, "weights", weights)
        if self.points is not None:
            points = places(self.points, "the points")
            if len(points) != len(weights):
                raise InputError(f"there are {len(weights)} weights for {len(points)} points")
            object.__setattr__(self, "points", points)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """The mass at or below the numbers `x`, for points on the line; shaped as x."""
        order = np.argsort(self.points[:, 0])
        below = np.concatenate([[0.0], np.cumsum(self.weights[order])])
        return below[np.searchsorted(self.points[order, 0], x, side="right")]

    def characteristic(self, frequency: np.ndarray) -> np.ndarray:
        """E exp(iωX) at each `frequency` ω, for points on the line; shaped as ω."""
        return np.exp(1j * np.multiply.outer(frequency, self.points[:, 0])) @ self.weights

    @property
    def edges(self) -> np.ndarray:
        """Where integrands have jumps or kinks."""
        return self.points[:, 0]


def empirical(samples: Any) -> Finite:
    """The empirical distribution of `samples`, shape (n,) or (n, d): weight 1/n on each."""
    points = places(samples, "the samples")
    return Finite(np.full(len(points), 1 / len(points)), points)


class Density(ABC):
    """A distribution on the line that has a density."""

    @abstractmethod
    def log_density(self, x: np.ndarray) -> np.ndarray:
        """log p at the numbers `x`, −inf outside the support; shaped as x."""

    @abstractmethod
    def cdf(self, x: np.ndarray) -> np.ndarray:
        """P(X ≤ x) at the numbers `x`; shaped as x."""

    @abstractmethod
    def characteristic(self, frequency: np.ndarray) -> np.ndarray:
        """E exp(iωX) at each `frequency` ω; shaped as ω."""

    @property
    @abstractmethod
    def edges(self) -> np.ndarray:
        """Ascending numbers that cut the line where the density bends, and that hold all of its mass."""

    @property
    @abstractmethod
    def mean(self) -> float:
        """E X."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """E (X − mean)²."""

    @property
    @abstractmethod
    def tail(self) -> float:
        """The s² of tails like exp(−x²/(2s²)); 0 for a bounded support."""


# In scales, where a normal density is cut into panels: e^(−38²/2) is the smallest positive float
_CUTS = np.array(
    [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 13.0, 18.0, 26.0, 38.0]
)
_CUTS = np.unique([-_CUTS, _CUTS])


@dataclass(frozen=True)
class Normal(Density):
    """The normal distribution with mean `center` and standard deviation `scale`.

    Raises InputError unless the scale is positive.
    """

    center: float
    scale: float

    def __post_init__(self):
        _check_place(self.center, "the center of a normal distribution")
        check_positive(self.scale, "the scale of a normal distribution")

    def log_density(self, x: np.ndarray) -> np.ndarray:
        z = (x - self.center) / self.scale
        return -(z**2) / 2 - math.log(self.scale) - math.log(2 * math.pi) / 2

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return scipy.special.ndtr((x - self.center) / self.scale)

    def characteristic(self, frequency: np.ndarray) -> np.ndarray:
        return np.exp(1j * self.center * frequency - (self.scale * frequency) ** 2 / 2)

    @property
    def edges(self) -> np.ndarray:
        return self.center + self.scale * _CUTS

    @property
    def mean(self) -> float:
        return float(self.center)

    @property
    def variance(self) -> float:
        return float(self.scale) ** 2

    @property
    def tail(self) -> float:
        return self.variance


@dataclass(frozen=True)
class Uniform(Density):
    """The uniform distribution between `low` and `high`. Raises InputError unless low < high."""

    low: float
    high: float

    def __post_init__(self):
        _check_place(self.low, "the low end of a uniform distribution")
        _check_place(self.high, "the high end of a uniform distribution")
        if not self.low < self.high:
            raise InputError(
                f"a uniform distribution needs low < high, not {self.low} and {self.high}"
            )

    def log_density(self, x: np.ndarray) -> np.ndarray:
        inside = (x >= self.low) & (x <= self.high)
        return np.where(inside, -math.log(self.high - self.low), -np.inf)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)

    def characteristic(self, frequency: np.ndarray) -> np.ndarray:
        half = (self.high - self.low) / 2
        return np.exp(1j * self.mean * frequency) * np.sinc(half * frequency / np.pi)

    @property
    def edges(self) -> np.ndarray:
        return np.array([self.low, self.high], dtype=float)

    @property
    def mean(self) -> float:
        return (self.low + self.high) / 2

    @property
    def variance(self) -> float:
        return (self.high - self.low) ** 2 / 12

    @property
    def tail(self) -> float:
        return 0.0


@dataclass(frozen=True, eq=False)
class Mixture(Density):
    """A mixture Σ w_i p_i of densities: `weights` w, shape (k,), and `components` p, k densities.

    Raises InputError unless there is one weight for each component and the weights are probabilities.
    """

    weights: Any
    components: Sequence[Density]

    def __post_init__(self):
        object.__setattr__(self, "weights", probabilities(self.weights, "the weights"))
        given = self.components
        components = tuple(given) if isinstance(given, Sequence) else ()
        if not components or not all(isinstance(component, Density) for component in components):
            raise InputTypeError("the components of a mixture are densities, such as Normal(0, 1)")
        if len(components) != len(self.weights):
            raise InputError(
                f"there are {len(self.weights)} weights for {len(components)} components"
            )
        object.__setattr__(self, "components", components)

    @property
    def _present(self) -> list[tuple[float, Density]]:
        pairs = zip(self.weights, self.components, strict=True)
        return [(float(w), component) for w, component in pairs if w > 0]

    def log_density(self, x: np.ndarray) -> np.ndarray:
        parts = [math.log(w) + component.log_density(x) for w, component in self._present]
        return np.logaddexp.reduce(parts)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        return np.sum([w * component.cdf(x) for w, component in self._present], axis=0)

    def characteristic(self, frequency: np.ndarray) -> np.ndarray:
        parts = [w * component.characteristic(frequency) for w, component in self._present]
        return np.sum(parts, axis=0)

    @property
    def edges(self) -> np.ndarray:
        return np.unique(np.concatenate([component.edges for _, component in self._present]))

    @property
    def mean(self) -> float:
        return sum(w * component.mean for w, component in self._present)

    @property
    def variance(self) -> float:
        return sum(
            w * (component.variance + (component.mean - self.mean) ** 2)
            for w, component in self._present
        )

    @property
    def tail(self) -> float:
        return max(component.tail for _, component in self._present)


def probabilities(values: Any, what: str) -> np.ndarray:
    """The values as probabilities, shape (k,). Raises InputError for what are none."""
    vector = _numbers(values, what)
    if vector.ndim != 1 or len(vector) == 0:
        raise InputError(f"{what} are a vector of probabilities, not of shape {vector.shape}")
    if not np.isfinite(vector).all():
        raise InputError(f"{what} hold a number that is not finite")
    if (vector < 0).any():
        raise InputError(f"{what} are not negative, but one is {vector.min()}")
    if vector.max() > 1 + SUM:
        raise InputError(f"{what} are at most one, but one is {vector.max():.6g}")
    if abs(vector.sum() - 1) > SUM:
        raise InputError(f"{what} sum to {vector.sum():.12g}; divide them by their sum")
    return vector


def places(values: Any, what: str) -> np.ndarray:
    """Points as an array of shape (n, d). Raises InputError for what is none, or too far out."""
    points = _numbers(values, what)
    points = points[:, None] if points.ndim == 1 else points
    if points.ndim != 2 or points.size == 0:
        raise InputError(f"{what} are of shape (n,) or (n, d) and not empty, not {points.shape}")
    if not np.isfinite(points).all():
        raise InputError(f"{what} hold a number that is not finite")
    if np.abs(points).max() > HUGE:
        raise InputError(f"{what} reach beyond {HUGE:g}; divide all lengths by a larger unit")
    return points


def _numbers(values: Any, what: str) -> np.ndarray:
    try:
        return np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise InputTypeError(f"{what} are real numbers, not {values!r}") from None


def _check_place(value: Any, what: str) -> None:
    check_real(value, what)
    if abs(value) > HUGE:
        raise InputError(f"{what} lies beyond {HUGE:g}; divide all lengths by a larger unit")
