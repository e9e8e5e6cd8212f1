"""Exact zeros of fields with angles, and fixed points up to whole periods of maps with angles."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import mpmath
import numpy as np
import sympy

from ..dynamics.angles import Circles
from .equilibrium import Equations, in_floats
from .exact import ExactZeros, solve_exactly

_MOST = 32  # windings that are solved for
_INTERVALS = {
    name: getattr(mpmath.iv, name) for name in ("sin", "cos", "exp", "log", "sqrt", "pi", "mpf")
}


def solve_on_circles(
    equations: Equations, circles: Circles, box: np.ndarray, window: np.ndarray | None = None
) -> ExactZeros:
    """The exact zeros of a field with angles, one of those that are whole periods apart.

    A fixed point x of a map with angles has F(x) − x = k P for some whole k. Those k are tried that interval
    arithmetic does not rule out in the `window`, or, where this leaves infinitely many, in the box; points
    outside are then left out.
    """
    periods = {v: p for v, p in zip(equations.variables, circles.periods, strict=True) if p != 0}
    windings = [(sympy.S.Zero,) * len(circles.periods)]
    exhaustive = True
    region = box if window is None else window
    if not equations.flows:
        found = _windings(equations, circles, region)
        if found is None:
            region, found = box, _windings(equations, circles, box)
            exhaustive = window is None and found is not None
        windings = windings if found is None else found
    points: list[dict] = []
    families: list[dict] = []
    hypersurfaces: list = []
    for winding in windings:
        own = [e - w for e, w in zip(equations.expressions, winding, strict=True)]
        zeros = solve_exactly(
            own, equations.variables, equations.values, equations.domain, periods=periods
        )
        points += zeros.points
        families += zeros.families
        hypersurfaces += zeros.hypersurfaces
        exhaustive = exhaustive and zeros.exhaustive
    known: dict[bytes, dict] = {}
    for point in points:
        coordinates = [point[v] for v in equations.variables]
        x = in_floats(coordinates, equations.values)
        exact = circles.wrap_exactly(coordinates, x)
        x = circles.wrap(x)
        if equations.flows or _inside(x, region):
            key = np.round(x, 9).tobytes()
            known.setdefault(key, dict(zip(equations.variables, exact, strict=True)))
    return replace(
        ExactZeros((), (), exhaustive),
        points=tuple(known.values()),
        families=tuple(families),
        hypersurfaces=tuple(hypersurfaces),
    )


def _inside(x: np.ndarray, box: np.ndarray) -> bool:
    slack = 1e-9 * np.where(np.isfinite(box), np.abs(box), 1.0).max(axis=1)
    return bool(((x >= box[:, 0] - slack) & (x <= box[:, 1] + slack)).all())


def _windings(
    equations: Equations, circles: Circles, region: np.ndarray
) -> list[tuple[sympy.Expr, ...]] | None:
    """The multiples k P that a displacement may be in a region; None where they are too many to try."""
    choices = []
    for e, period in zip(equations.in_numbers, circles.periods, strict=True):
        if period == 0:
            choices.append([sympy.S.Zero])
            continue
        bounds = _enclosure(e / period, equations.variables, region)
        if bounds is None or bounds[1] - bounds[0] > _MOST:
            return None
        choices.append([k * period for k in range(math.ceil(bounds[0]), math.floor(bounds[1]) + 1)])
    return None if math.prod(map(len, choices)) > _MOST else list(itertools.product(*choices))


def _enclosure(
    e: sympy.Expr, variables: tuple[sympy.Symbol, ...], box: np.ndarray
) -> tuple[float, float] | None:
    """An interval that an expression's values in the box lie in (Moore 1966); None where it has none."""
    try:
        sides = [mpmath.iv.mpf([low, high]) for low, high in box]
        value = mpmath.iv.mpf(sympy.lambdify(variables, e, modules=[_INTERVALS, "mpmath"])(*sides))
        low, high = float(value.a), float(value.b)
    except (
        TypeError,
        ValueError,
        NameError,
        AttributeError,
        ZeroDivisionError,
        NotImplementedError,
    ):
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None
