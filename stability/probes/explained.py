"""How much of the field's change over a step of training its Jacobian explains: kinks, measured.

Of a network of ReLUs, or a penalty on a slope's norm, the Jacobian at a point is that of the piece which the
point lies in. A step of training crosses hundreds of pieces; multipliers say what happens over a step only as
far as v(x + δ) − v(x) ≈ J δ there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

DIRECTIONS = 4  # random ones, on the sphere with the radius of the step
ENOUGH = 0.8  # a smaller share than this is warned of
_ROUNDING = 30.0  # of a field, in units of eps: a change that is no larger says nothing


@dataclass(frozen=True)
class Explained:
    """1 − ‖v(x + δ) − v(x) − Jδ‖ / ‖v(x + δ) − v(x)‖: 1 if v is affine, 0 or less where J says nothing.

    - `radius`: ‖δ‖ of the rule's own step at the point. `step`: the share over that step; None where the
      change is within rounding. `sphere`: the shares in random directions of that length, without those.
    """

    radius: float
    step: float | None
    sphere: tuple[float, ...]

    @property
    def least(self) -> float | None:
        """The smallest share of all."""
        shares = [*self.sphere, *([] if self.step is None else [self.step])]
        return min(shares) if shares else None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        return {"radius": self.radius, "step": self.step, "sphere": list(self.sphere)}


def explained(
    field: Callable[[Any], Any], jacobian: Any, x: Any, step: Any, seed: int
) -> Explained | None:
    """The shares at x over a `step` δ, shape (d,), and over others of its length; None where it is zero.

    `jacobian` is the operator J at x, and its `value` v(x).
    """
    radius = float(jnp.linalg.norm(step))
    if not (np.isfinite(radius) and radius > 0):
        return None
    rng = np.random.default_rng(seed)
    around = []
    for _ in range(DIRECTIONS):
        direction = rng.standard_normal(x.shape)
        direction *= radius / np.linalg.norm(direction)
        share = _share(field, jacobian, x, jnp.asarray(direction, x.dtype))
        if share is not None:
            around.append(share)
    return Explained(radius, _share(field, jacobian, x, step), tuple(around))


def _share(field: Callable[[Any], Any], jacobian: Any, x: Any, step: Any) -> float | None:
    now = jacobian.value
    change = field(x + step) - now
    size = float(jnp.linalg.norm(change))
    rounding = _ROUNDING * float(jnp.finfo(x.dtype).eps) * float(jnp.linalg.norm(now))
    # what rounding moves x itself by counts as much as J does
    moved = float(jnp.finfo(x.dtype).eps) * float(jnp.linalg.norm(x)) / float(jnp.linalg.norm(step))
    if not (np.isfinite(size) and size > rounding) or moved > 0.01:
        return None
    return 1 - float(jnp.linalg.norm(change - jacobian.matvec(step))) / size
