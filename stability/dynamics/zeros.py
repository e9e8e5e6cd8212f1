"""The zero of a function of one number between two that it changes its sign between."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable


def zero_between(
    function: Callable[[float], float], low: float, high: float, accuracy: float = 0.0
) -> float:
    """A zero between `low` and `high`, at which the function has different signs.

    It is bracketed within `accuracy` and a few units in the last place. As quick as Brent's method, without
    `scipy.optimize`, which takes longer to import than what is asked here takes to run.

    **Reference**: Chandrupatla (1997): inverse quadratic interpolation where the function is close enough to
    a monotonic quadratic, bisection elsewhere.
    """
    a, b = float(high), float(low)  # the newest point, and the one across the zero
    fa, fb = float(function(a)), float(function(b))
    part = 0.5
    while True:
        x = a + part * (b - a)
        fx = float(function(x))
        if (fx < 0) == (fa < 0):
            c, fc = a, fa
        else:
            c, fc, b, fb = b, fb, a, fa
        a, fa = x, fx
        best, at_best = (a, fa) if abs(fa) < abs(fb) else (b, fb)
        least = (accuracy / 2 + 2 * sys.float_info.epsilon * abs(best)) / abs(b - a)
        if least >= 0.5 or at_best == 0:
            return best
        width, height = (a - b) / (c - b), (fa - fb) / (fc - fb) if fc != fb else math.nan
        part = 0.5
        if 1 - math.sqrt(1 - width) < height < math.sqrt(width):
            part = fa / (fb - fa) * fc / (fb - fc)
            part += (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        part = min(max(part, least), 1 - least)
