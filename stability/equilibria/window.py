"""Which rest points lie in the box that was given, and which are hidden because they do not."""

from __future__ import annotations

import numpy as np
import sympy

from .components import Component
from .equilibrium import Equilibrium
from .search import EDGE
from .starts import low_discrepancy

_STARTS = 16  # points of the free variables from which a way into the window is looked for
_REACHED = 1e-9  # of the window's half-widths: so far outside is inside


def whole(window: np.ndarray) -> np.ndarray:
    """The window (d, 2) through which everything is seen."""
    return np.tile([-np.inf, np.inf], (len(window), 1))


def in_window(e: Equilibrium, window: np.ndarray, box: np.ndarray) -> bool:
    """Whether an equilibrium lies in a window, shape (d, 2), infinite in the variables that are free there.

    One that stands for a component lies in it if the component meets it. `box` (d, 2), finite, is the region
    of the search.
    """
    slack = EDGE * (box[:, 1] - box[:, 0]) / 2 + e.error
    inside = (e.point >= window[:, 0] - slack) & (e.point <= window[:, 1] + slack)
    if inside.all():
        return True
    return e.component is not None and meets(e.component, window, box)


def meets(component: Component, window: np.ndarray, box: np.ndarray) -> bool:
    """Whether a component has a point in a window, as far as least squares from several starts can tell.

    They make what the coordinates lack to the window zero, and the equation of the component.
    """
    from scipy.optimize import least_squares

    free = component.free
    unit = (box[:, 1] - box[:, 0]) / 2
    coordinates = [component.numbers.get(v, v) for v in component.variables]
    own = [] if component.equation is None else [component.equation]
    value = sympy.lambdify([free], [*coordinates, *own], modules="numpy", cse=True)
    index = [component.variables.index(v) for v in free]

    def lacking(t: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            numbers = np.array(value(t * unit[index]), dtype=complex)
        size, imaginary = np.abs(numbers), np.abs(np.imag(numbers))
        real = np.where(imaginary <= 1e-12 * size, np.real(numbers), np.nan)
        x, rest = real[: len(unit)], real[len(unit) :]
        outside = np.maximum(window[:, 0] - x, 0) + np.minimum(window[:, 1] - x, 0)
        return np.nan_to_num(
            np.concatenate([outside / unit, rest]), nan=1e8, posinf=1e8, neginf=-1e8
        )

    low, high = (box[index] / unit[index, None]).T
    for start in low + low_discrepancy(_STARTS, len(free)) * (high - low):
        end = least_squares(lacking, start, xtol=1e-15, ftol=1e-15, gtol=1e-15)
        if np.abs(end.fun).max() <= _REACHED:
            return True
    return False
