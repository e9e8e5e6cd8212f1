"""The explicit step of order 8 with an error estimate, and the size of the next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

# Prince and Dormand, High order embedded Runge–Kutta formulae, J. Comput. Appl. Math. 7 (1981), table 2,
# RK8(7)13M: what every stage takes from the slopes before it, those with other factors than zero
_ROWS: tuple[dict[int, float], ...] = (
    {},
    {0: 1 / 18},
    {0: 1 / 48, 1: 1 / 16},
    {0: 1 / 32, 2: 3 / 32},
    {0: 5 / 16, 2: -75 / 64, 3: 75 / 64},
    {0: 3 / 80, 3: 3 / 16, 4: 3 / 20},
    {
        0: 29443841 / 614563906,
        3: 77736538 / 692538347,
        4: -28693883 / 1125000000,
        5: 23124283 / 1800000000,
    },
    {
        0: 16016141 / 946692911,
        3: 61564180 / 158732637,
        4: 22789713 / 633445777,
        5: 545815736 / 2771057229,
        6: -180193667 / 1043307555,
    },
    {
        0: 39632708 / 573591083,
        3: -433636366 / 683701615,
        4: -421739975 / 2616292301,
        5: 100302831 / 723423059,
        6: 790204164 / 839813087,
        7: 800635310 / 3783071287,
    },
    {
        0: 246121993 / 1340847787,
        3: -37695042795 / 15268766246,
        4: -309121744 / 1061227803,
        5: -12992083 / 490766935,
        6: 6005943493 / 2108947869,
        7: 393006217 / 1396673457,
        8: 123872331 / 1001029789,
    },
    {
        0: -1028468189 / 846180014,
        3: 8478235783 / 508512852,
        4: 1311729495 / 1432422823,
        5: -10304129995 / 1701304382,
        6: -48777925059 / 3047939560,
        7: 15336726248 / 1032824649,
        8: -45442868181 / 3398467696,
        9: 3065993473 / 597172653,
    },
    {
        0: 185892177 / 718116043,
        3: -3185094517 / 667107341,
        4: -477755414 / 1098053517,
        5: -703635378 / 230739211,
        6: 5731566787 / 1027545527,
        7: 5232866602 / 850066563,
        8: -4093664535 / 808688257,
        9: 3962137247 / 1805957418,
        10: 65686358 / 487910083,
    },
    {
        0: 403863854 / 491063109,
        3: -5068492393 / 434740067,
        4: -411421997 / 543043805,
        5: 652783627 / 914296604,
        6: 11173962825 / 925320556,
        7: -13158990841 / 6184727034,
        8: 3936647629 / 1978049680,
        9: -160528059 / 685178525,
        10: 248638103 / 1413531060,
    },
)
_EIGHTH = {
    0: 14005451 / 335480064,
    5: -59238493 / 1068277825,
    6: 181606767 / 758867731,
    7: 561292985 / 797845732,
    8: -1041891430 / 1371343529,
    9: 760417239 / 1151165299,
    10: 118820643 / 751138087,
    11: -528747749 / 2220607170,
    12: 1 / 4,
}
_SEVENTH = {
    0: 13451932 / 455176623,
    5: -808719846 / 976000145,
    6: 1757004468 / 5645159321,
    7: 656045339 / 265891186,
    8: -3867574721 / 1518517206,
    9: 465885868 / 322736535,
    10: 53011238 / 667516719,
    11: 2 / 45,
}
_STAGES = len(_ROWS) + 1  # the last one is where the step ends
ORDER = 8


def _matrix(rows: tuple[dict[int, float], ...]) -> np.ndarray:
    matrix = np.zeros((len(rows), _STAGES))
    for row, factors in zip(matrix, rows, strict=True):
        row[list(factors)] = list(factors.values())
    return matrix


_FACTORS = _matrix((*_ROWS, _EIGHTH))
_ERROR = _matrix((_EIGHTH,))[0] - _matrix((_SEVENTH,))[0]


def explicit_step(field: Callable[[Any], Any], point: Any, length: Any) -> tuple[Any, Any, Any]:
    """The end of a step from a point (d,), its error (d,), and the field at the end.

    The field is written down once, inside a loop over the stages, so that it is compiled once.
    """

    def stage(slopes: Any, i_and_factors: Any) -> tuple[Any, Any]:
        i, factors = i_and_factors
        there = point + length * (factors[:, None] * slopes).sum(axis=0)
        slope = jnp.asarray(field(there), there.dtype)
        return slopes.at[i].set(slope), None

    start = jnp.zeros((_STAGES, point.size), point.dtype)
    slopes, _ = jax.lax.scan(stage, start, (jnp.arange(_STAGES), jnp.asarray(_FACTORS)))
    end = point + length * (_FACTORS[-1][:, None] * slopes).sum(axis=0)
    return end, length * (_ERROR[:, None] * slopes).sum(axis=0), slopes[-1]


def accepted(
    point: Any, end: Any, error: Any, rtol: Any, atol: Any, order: float
) -> tuple[Any, Any]:
    """Whether a step's error is within the tolerances, and the length of the next step over that of this one.

    The root mean square over the coordinates is compared with one, and the length is changed as the error of
    a method of that order asks, by a factor between 1 and 10 after a step that is taken and between 0.2 and
    0.9 after one that is not (Hairer, Nørsett, Wanner 1993, II.4).
    """
    scale = atol + rtol * jnp.maximum(jnp.abs(point), jnp.abs(end))
    size = jnp.sqrt(jnp.mean((error / scale) ** 2))
    taken = size < 1
    factor = 0.9 * size ** (-1 / order)
    return taken, jnp.clip(factor, jnp.where(taken, 1.0, 0.2), jnp.where(taken, 10.0, 0.9))
