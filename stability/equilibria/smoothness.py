"""Is the field differentiable at a point? Automatic differentiation never says no, so look around."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

Smoothness = Literal["smooth", "continuous", "jump"]

NEAR, NEARER = 1e-4, 1e-6  # fractions of the box at which the field is probed
_FAR = 0.3  # where the size of a field shows
# of a change, and of the size far away: what may be rounding alone
_ROUNDING, _CANCELLED = 0.1, 1e-6


def smoothness(evaluate: Evaluate, point: np.ndarray, box: np.ndarray, seed: int = 0) -> Smoothness:
    """Whether v has a derivative at `point` ("smooth"), only a kink ("continuous") or even a "jump".

    `evaluate` maps X (n, d) to (v, J); `box` (d, 2) sets the scale. From distance 1e-4 to 1e-6 the changes
    of a smooth field shrink a hundredfold; across a kink (|x|, ReLU) those of J do not shrink at all,
    across a jump (sign) those of v. Where the field is not finite around the point it counts as a jump.

    Where long terms cancel, as in (x − 2)⁶ multiplied out, rounding does not shrink either. Unlike a kink it
    differs from one point to the next on the same side, and is tiny next to the field far away.
    """
    d = len(point)
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((12, d))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    if d <= 8:
        directions = np.concatenate([directions, np.eye(d)])
    directions = np.concatenate([directions, -directions]) * (box[:, 1] - box[:, 0])
    v0, j0 = evaluate(point[None])
    farther = NEARER * np.linspace(1.1, 1.9, len(directions))[:, None]
    near, nearer, beside, far = (
        evaluate(point + size * directions) for size in (NEAR, NEARER, farther, _FAR)
    )
    if not all(np.isfinite(a).all() for a in (v0, j0, *near, *nearer)):
        return "jump"

    def persists(at, index) -> bool:
        change, smaller = (float(np.abs(values[index] - at).max()) for values in (near, nearer))
        scale = float(np.abs(near[index]).max())
        if smaller <= 1e-7 * scale or smaller <= 0.3 * change:
            return False
        noise = float(np.abs(nearer[index] - beside[index]).max())
        size = float(np.abs(far[index][np.isfinite(far[index])]).max(initial=0.0))
        return noise <= _ROUNDING * smaller or smaller > _CANCELLED * size

    if persists(v0, 0):
        return "jump"
    return "continuous" if persists(j0, 1) else "smooth"
