"""Coordinates in which a decade is a distance, and starts for a search that are spread over decades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .scaling import Evaluate

_DECADES = 4  # below the size of the box, and above it where there is none
_WITHIN = 4  # decades over which the coordinates of one start are spread
_LINEAR = 1e-6  # of the box: below this distance from the anchor the coordinates are linear


@dataclass(frozen=True)
class Decades:
    """Coordinates y with `x = anchor + s sinh y`: linear near the anchor, logarithmic far from it.

    - `anchor` (d,): the point of the window that is nearest to zero.
    - `low`, `high` (d,): how far a start may lie below and above it, perhaps 0.
    - `grows` (d,): whether the window is infinite there, so that the region reaches beyond the box.
    """

    anchor: np.ndarray
    low: np.ndarray
    high: np.ndarray
    grows: np.ndarray

    @property
    def unit(self) -> np.ndarray:
        """The size (d,) of the box as seen from the anchor."""
        return np.maximum(np.maximum(self.low, self.high), 1e-300)

    @property
    def box(self) -> np.ndarray:
        """The region (d, 2) in the coordinates y."""
        beyond = np.where(self.grows, 10.0**_DECADES, 1.0)
        ends = np.stack([-self.low * beyond, self.high * beyond], axis=1)
        return np.arcsinh(ends / (_LINEAR * self.unit)[:, None])

    def coordinates(self, points: np.ndarray) -> np.ndarray:
        """y (n, d) of points x (n, d)."""
        return np.arcsinh((points - self.anchor) / (_LINEAR * self.unit))

    def points(self, y: np.ndarray) -> np.ndarray:
        """x (n, d) of coordinates y (n, d)."""
        with np.errstate(over="ignore"):
            return self.anchor + _LINEAR * self.unit * np.sinh(y)

    def field(self, evaluate: Evaluate) -> Evaluate:
        """The field as ẏ, with its derivative by y: rates of growth, which compare over decades.

        `ẏᵢ = vᵢ / rᵢ` with `rᵢ = s cosh yᵢ`, and `∂ẏᵢ/∂yⱼ = Jᵢⱼ rⱼ / rᵢ − δᵢⱼ vᵢ sinh yᵢ / (cosh yᵢ rᵢ)`.
        """

        def in_decades(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            with np.errstate(all="ignore"):
                rate = _LINEAR * self.unit * np.cosh(y)
                v, jac = evaluate(self.points(y))
                w = v / rate
                jac = jac * rate[:, None, :] / rate[:, :, None]
                each = np.arange(y.shape[1])
                jac[:, each, each] -= w * np.tanh(y)
            return w, jac

        return in_decades

    def starts(self, n: int, seed: tuple[int, ...]) -> np.ndarray:
        """`n` starts (n, d) with coordinates over decades.

        Each has a size, log-uniform, and below it coordinates over four decades. Every other one has no
        negative coordinates as far as the window permits, as concentrations have; of each sort every other
        one has coordinates that add up to its size, in units of the box, as what belongs to one total does.
        """
        generator = np.random.default_rng(seed)
        d = len(self.anchor)
        span = np.where(self.grows, 2 * _DECADES, _DECADES)
        size = 10.0 ** (span * generator.random((n, 1)) - _DECADES)
        parts = 10.0 ** (-_WITHIN * generator.random((n, d)))
        kind = np.arange(n) % 4
        shared = (kind >= 2)[:, None]
        parts = np.where(shared, parts / parts.sum(axis=1, keepdims=True), parts)
        up = (kind % 2 == 0)[:, None] | (generator.random((n, d)) < 0.5)
        up = np.where(self.high <= 0, False, np.where(self.low <= 0, True, up))
        return self.anchor + np.where(up, self.high, -self.low) * size * parts


def decades(box: np.ndarray, window: np.ndarray) -> Decades:
    """The coordinates for a search in a box (d, 2), seen from the point of the window nearest to zero."""
    grows = np.asarray(~np.isfinite(window).all(axis=1))
    low, high = np.where(grows[:, None], box, window).T
    anchor = np.where(grows, 0.0, np.clip(0.0, low, high))
    width = np.maximum(np.abs(low), np.abs(high))  # without a box both signs are alike
    below = np.where(grows, width, anchor - low)
    above = np.where(grows, width, high - anchor)
    return Decades(anchor, below, above, grows)
