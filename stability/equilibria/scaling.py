"""A vector field in the units of its box: every coordinate and every component of order one.

All tolerances of the search are stated in these units, so that a field multiplied by 1e-12, or a
coordinate measured in other units, gives the same zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .starts import low_discrepancy

Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

_SAMPLES = 64


@dataclass(frozen=True)
class ScaledField:
    """A field `w(u)` with `x = centre + unit · u` and `w = v / row_scale`.

    Points are kept in their own coordinates `x` (so that no digit is lost near zero); values,
    Jacobians, steps and distances are in scaled units.
    """

    evaluate: Evaluate
    box: np.ndarray  # (d, 2)
    centre: np.ndarray  # (d,)
    unit: np.ndarray  # (d,): half the width of the box
    row_scale: np.ndarray  # (d,): median |v_i| over the box
    samples: np.ndarray  # (m, d): points spread over the box
    sample_values: np.ndarray  # (m, d): w there

    def __call__(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`w` `(n, d)` and `∂w/∂u` `(n, d, d)` at points `(n, d)`, perhaps not finite."""
        with np.errstate(all="ignore"):
            values, jacobians = self.evaluate(points)
            return values / self.row_scale, jacobians * self.unit / self.row_scale[:, None]

    def to_units(self, points: np.ndarray) -> np.ndarray:
        """The scaled coordinates `u`; the box is `[-1, 1]^d`."""
        return (points - self.centre) / self.unit


def scaled_field(evaluate: Evaluate, box: np.ndarray, seed: int | None = 0) -> ScaledField:
    """Measures a field's scale over a box `(d, 2)` by sampling it."""
    box = np.asarray(box, float)
    lower, upper = box[:, 0], box[:, 1]
    centre, unit = (lower + upper) / 2, (upper - lower) / 2
    unit = np.where(unit > 0, unit, np.maximum(np.abs(centre), 1.0))  # a frozen coordinate
    samples = centre + unit * (2 * low_discrepancy(_SAMPLES, len(box), seed) - 1)
    with np.errstate(all="ignore"):
        values, _ = evaluate(samples)
    row_scale = np.array([_typical(np.abs(component)) for component in values.T])
    return ScaledField(evaluate, box, centre, unit, row_scale, samples, values / row_scale)


def _typical(sizes: np.ndarray) -> float:
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    return float(np.median(sizes)) if sizes.size else 1.0


def finite(values: np.ndarray, jacobians: np.ndarray) -> np.ndarray:
    """Which points have a finite value and Jacobian, shape `(n,)`."""
    usable = np.isfinite(values).all(axis=1) & np.isfinite(jacobians).all(axis=(1, 2))
    return np.asarray(usable)


def row_norms(jacobians: np.ndarray) -> np.ndarray:
    """Largest entry of every row of Jacobians `(n, d, d)`, shape `(n, d)`; 1 for a zero row."""
    norms = np.abs(jacobians).max(axis=2)
    return np.where(norms > 0, norms, 1.0)
