"""How fast orbits near a rest point move outwards: the nonlinear system itself, followed for some turns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import sympy

from .near_rest import Formulas

_BEFORE, _WINDOW = 1, 2  # turns that are waited, and over which the distance is averaged
_MOST_STEPS = 3000  # of a map in a turn
_PARTS = 100  # of a flow's turn, steps of the Runge–Kutta method of fourth order

Step = Callable[[np.ndarray], np.ndarray]


def follower(
    kind: Literal["flow", "map"], formulas: Formulas, turn: float
) -> tuple[Step, float] | None:
    """A step along the flow or of the map in floating point, and how many of them are a turn.

    None for maps that turn too slowly to be followed.
    """
    names = {"sigmoid": _sigmoid, "softplus": _softplus}
    raw = sympy.lambdify(
        [formulas.variables], list(formulas.expressions), modules=[names, "math"], cse=True
    )
    if kind == "map":
        return (lambda x: np.array(raw(x.tolist())), turn) if turn <= _MOST_STEPS else None
    h = turn / _PARTS

    def step(x: np.ndarray) -> np.ndarray:
        k1 = np.array(raw(x.tolist()))
        k2 = np.array(raw((x + h / 2 * k1).tolist()))
        k3 = np.array(raw((x + h / 2 * k2).tolist()))
        k4 = np.array(raw((x + h * k3).tolist()))
        return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

    return step, float(_PARTS)


def growth(
    step: Step, turn: float, point: np.ndarray, start: np.ndarray, left: np.ndarray
) -> tuple[float, float] | None:
    """The distance |p·(x − point)| of an orbit from `start`, p = `left`, and its growth rate in a turn.

    Both come from logarithms averaged over two turns with weights that fade in and out, so that what changes
    within a turn drops out. Infinite for an orbit that overflows, None where one cannot be followed.
    """
    before, window = math.ceil(_BEFORE * turn), math.ceil(_WINDOW * turn)
    x, logarithms = np.asarray(start, float), []
    try:
        for n in range(before + 2 * window):
            x = step(x)
            if n >= before:
                logarithms.append(math.log(abs(left @ (x - point))))
    except OverflowError:
        return math.inf, math.inf
    except (ArithmeticError, ValueError, TypeError):
        return None
    weights = np.sin(np.pi * (np.arange(window) + 0.5) / window) ** 2
    first, second = (
        float(np.average(part, weights=weights)) for part in np.split(np.array(logarithms), 2)
    )
    if not (math.isfinite(first) and math.isfinite(second)):
        return math.inf, math.inf
    return math.exp((first + second) / 2), (second - first) * turn / window


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _softplus(x: float) -> float:
    return math.log1p(math.exp(x))
