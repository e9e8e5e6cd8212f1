"""Points that are not quite at rest, as training leaves them: how far off, and the way to the rest point."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

from ..dynamics.linearisation import Linearisation
from ..errors import InputError

SearchOutcome = Literal["reached", "outside", "local minimum", "stalled", "out of budget"]

SENTENCES: dict[SearchOutcome, str] = {
    "reached": "the point is at rest, as far as its precision tells",
    "outside": "the field vanishes outside the players' sets, where they cannot go",
    "local minimum": "the size of the field has a local minimum here that is not zero",
    "stalled": "no step makes the field smaller beyond rounding, yet the point is not at rest",
    "out of budget": "the steps or products allowed were used up before the field vanished",
}

_POWER_STEPS = 6  # of the power method on JᵀJ; ‖J‖ serves as a scale
_INNER_STEPS = 500  # of one least-squares solve
_ROUNDING = 16  # of a field that vanishes, in units of eps ‖J‖ ‖x‖
_FIRST_DAMPING = 1e-2  # times ‖J‖
_LARGEST_DAMPING = 1e8
_SMALLEST_GAIN = 1e-9  # of ‖v‖², relative, that a step has to promise
_ORTHOGONAL = 1e-4  # ‖Jᵀv‖ over ‖J‖‖v‖ where the field is orthogonal to what any step changes


@dataclass(frozen=True)
class Stationarity:
    """How far a point is from rest, by the linear model of the field there.

    - `field_norm`: ‖v‖. `gradient_norms`: by player, ‖∇ᵢLᵢ‖ (in a game; else the one part's ‖v‖).
    - `newton_step`: ‖δ‖ of the shortest δ that makes ‖v + Jδ‖ smallest, directions in which J is nearly
      singular left out: about the distance of the rest point. `relative_step`: the same over max(1, ‖x‖).
    - `remainder`: ‖v + Jδ‖ / ‖v‖, the part of the field that no small step removes (0 where v is zero).
    - `converged`: whether the least-squares solve did; if not, the step is a lower estimate.
    - `jacobian_norm`: about ‖J‖₂. `products`: how often J and Jᵀ were applied.
    - `stationary`: whether the point is at rest: the field is at the level of rounding (no step is computed
      then), or the step is shorter than √eps of the point and leaves nothing but rounding.
    """

    field_norm: float
    gradient_norms: dict[str, float]
    newton_step: float
    relative_step: float
    remainder: float
    converged: bool
    jacobian_norm: float
    products: int
    stationary: bool


@dataclass(frozen=True, eq=False)
class NearbyPoint:
    """Where the search for a stationary point ended.

    - `point` (d,); `outcome`: "reached", "outside" (the players' sets), "local minimum" (of ‖v‖, not zero),
      "stalled" (rounding) or "out of budget"; `because`: a sentence. `stationarity`: of the point.
    - `history`: ‖v‖ at the start and after every accepted step. `distance`: from the start.
    - `products`: how often J and Jᵀ were applied in all.
    """

    point: Any
    outcome: SearchOutcome
    because: str
    stationarity: Stationarity
    history: tuple[float, ...]
    distance: float
    products: int


def stationarity(system: Any, x: Any, *, max_products: int = 2 * _INNER_STEPS) -> Stationarity:
    """How far the point `x`, shape (d,), of a `system` (a game, a flow, a map's displacement) is from rest.

    The Newton step is a damped least-squares solution by LSMR (Fong, Saunders, SIAM J. Sci. Comput. 33,
    2011), from products alone, at most `max_products`; the damping is √eps ‖J‖. Computed in the precision
    of x.

    Raises InputError where the field is not finite.
    """
    return _measured(_linearised(system, jnp.asarray(x)), max_products // 2)


def nearby_stationary_point(
    system: Any, x: Any, *, max_steps: int = 100, max_products: int = 20_000
) -> NearbyPoint:
    """The stationary point that Levenberg–Marquardt on ½‖v‖² reaches from x, and how it went.

    Every step is a damped least-squares solution by LSMR, solved the more exactly the smaller the field has
    become; the damping follows the gain ratio (Nielsen 1999). Stationary points of every kind attract this
    search, stable or not: what it finds need not be where training would go. Limits of players' sets are not
    looked at: points that rest because the field pushes against them are not found.

    **Arguments:** `system`: a `Game` or `Flow` (anything with `linearise`); `x` (d,). The search ends after
    `max_steps` steps or `max_products` products with J and Jᵀ.

    Raises InputError where the field is not finite at x.
    """
    if max_steps < 1 or max_products < 1:
        raise InputError("max_steps and max_products are at least 1")
    start = _linearised(system, jnp.asarray(x))
    scale = _norm(start)
    here, history, outcome, products = _descended(system, start, scale, max_steps, max_products)
    found = _measured(here)
    if found.stationary:
        outcome = "reached"
        sets = getattr(system, "sets", None)
        if sets and sets.outside(np.asarray(here.point)) > math.sqrt(jnp.finfo(here.dtype).eps):
            outcome = "outside"
    elif (
        outcome == "stalled"
        and _size(here.rmatvec(here.value)) <= _ORTHOGONAL * scale * history[-1]
    ):
        outcome = "local minimum"
    return NearbyPoint(
        here.point,
        outcome,
        SENTENCES[outcome],
        found,
        tuple(history),
        _size(here.point - start.point),
        products + found.products,
    )


def _descended(
    system: Any, here: Linearisation, scale: float, max_steps: int, max_products: int
) -> tuple[Linearisation, list[float], SearchOutcome, int]:
    """Where damped steps end, ‖v‖ at the start and after every accepted one, why, and the products."""
    eps = float(jnp.finfo(here.dtype).eps)
    size, products = _size(here.value), 2 * _POWER_STEPS
    first, history = size, [size]
    damping, growth = _FIRST_DAMPING * scale, 2.0
    for _ in range(max_steps):
        if size == 0.0 or products >= max_products:
            break
        exactness = max(10 * eps, min(1e-2, size / first))
        steps = max(1, min(_INNER_STEPS, (max_products - products) // 2))
        step, count, _ = _least_squares(here, damping, exactness, steps)
        products += count + 1
        reduced = _size(here.value + here.matvec(step))
        if size**2 - reduced**2 <= _SMALLEST_GAIN * size**2:
            return here, history, "stalled", products
        trial = system.linearise(here.point + step)
        new = _size(trial.value)
        gain = (size**2 - new**2) / (size**2 - reduced**2)
        if gain > 1e-4:  # not if it is NaN
            here, size = trial, new
            history.append(size)
            damping *= math.sqrt(max(0.1, 1 - (2 * gain - 1) ** 3))
            growth = 2.0
        else:
            damping, growth = damping * math.sqrt(growth), 2 * growth
        tiny = _size(step) <= 4 * eps * max(1.0, _size(here.point))
        if tiny or damping > _LARGEST_DAMPING * scale:
            return here, history, "stalled", products
    return here, history, "out of budget", products


def _linearised(system: Any, x: Any) -> Linearisation:
    here = system.linearise(x)
    if not bool(jnp.isfinite(here.value).all()):
        raise InputError("the field is not finite at this point; start from another one")
    return here


def _measured(here: Linearisation, steps: int = _INNER_STEPS) -> Stationarity:
    eps = float(jnp.finfo(here.dtype).eps)
    size, scale = _size(here.value), _norm(here)
    length = max(1.0, _size(here.point))
    rounding = size <= _ROUNDING * eps * scale * length
    step, products, converged = jnp.zeros_like(here.point), 0, True
    if not rounding:
        step, products, converged = _least_squares(here, math.sqrt(eps) * scale, 1e-6, steps)
    newton = _size(step)
    rest = _size(here.value + here.matvec(step))
    near = converged and newton <= math.sqrt(eps) * length and rest <= eps**0.75 * scale * length
    norms = {
        player: _size(here.partition.part(i, here.value))
        for i, player in enumerate(here.partition.players)
    }
    return Stationarity(
        size,
        norms,
        newton,
        newton / length,
        rest / size if size else 0.0,
        converged,
        scale,
        products + 2 * _POWER_STEPS + 1,
        rounding or near,
    )


def _least_squares(
    here: Linearisation, damping: float, exactness: float, steps: int
) -> tuple[Any, int, bool]:
    """δ that minimises ‖v + Jδ‖² + damping²‖δ‖², the products that it took, and whether it converged."""
    from scipy.sparse.linalg import LinearOperator, lsmr

    size = _size(here.value)
    if size == 0.0 or damping == 0.0:
        return jnp.zeros_like(here.point), 0, True
    # of length one, so that tiny fields do not underflow
    right = -np.asarray(here.value, float) / size
    # LSMR's own numbers in double precision, whatever that of the products
    operator = LinearOperator(
        here.shape,  # pyright: ignore[reportCallIssue]
        dtype=np.float64,
        matvec=lambda u: np.asarray(here.matvec(np.ravel(u)), float),
        rmatvec=lambda u: np.asarray(here.rmatvec(np.ravel(u)), float),
    )
    solution = lsmr(operator, right, damping, exactness, exactness, conlim=0, maxiter=steps)
    found, reason, count = solution[0], solution[1], solution[2]
    return jnp.asarray(found * size, here.dtype), 2 * count, reason not in (3, 6, 7)


def _norm(here: Linearisation) -> float:
    return estimated_norm(here.matvec, here.rmatvec, here.shape[1], here.dtype)


def estimated_norm(
    matvec: Callable[[Any], Any], rmatvec: Callable[[Any], Any], dimension: int, dtype: Any
) -> float:
    """‖A‖₂ from below, within a factor of two but for very unlucky starts: the power method on AᵀA.

    Twice the estimate serves as a bound (Kuczyński, Woźniakowski, SIAM J. Matrix Anal. Appl. 13, 1992).
    """
    u = np.random.default_rng(0).standard_normal(dimension)
    u = jnp.asarray(u / np.linalg.norm(u), dtype)
    estimate = 0.0
    for _ in range(_POWER_STEPS):
        image = matvec(u)
        estimate = max(estimate, _size(image))
        u = rmatvec(image)
        length = _size(u)
        if not 0 < length < math.inf:
            break
        u = u / length
    return estimate


def _size(u: Any) -> float:
    return float(jnp.linalg.norm(u))
