"""Integrals over the line of functions that are smooth between known edges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

ORDER = 16  # nodes on a panel
MAX_ROUNDS = 60  # halvings of a panel: beyond them it has no width
MAX_PANELS = 4096  # at a time; more are needed only where rounding is all that is left
TOLERANCE = 1e-14  # relative to the integral of |f|

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(ORDER)


def nodes(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss–Legendre quadrature on the panels between ascending edges, (m, 16)."""
    middle, half = (edges[1:] + edges[:-1]) / 2, (edges[1:] - edges[:-1]) / 2
    return middle[:, None] + half[:, None] * _NODES, half[:, None] * _WEIGHTS


def integral(
    function: Callable[[np.ndarray], np.ndarray], edges: np.ndarray
) -> tuple[float, float]:
    """∫ f from the first to the last of the ascending `edges`, with an estimate of its error.

    Gauss–Legendre quadrature on the panels between the edges; those on which the two halves do not add up
    to the whole are halved again, until they do to rounding. The estimate is the sum of what was still
    missing and of the rounding.
    """
    left, right = edges[:-1], edges[1:]
    whole = _panels(function, left, right)
    size = float(np.abs(whole).sum())
    total = error = 0.0
    for _ in range(MAX_ROUNDS):
        middle = (left + right) / 2
        halves = np.stack([_panels(function, left, middle), _panels(function, middle, right)])
        missing = np.abs(halves.sum(axis=0) - whole)
        size = max(size, float(np.abs(halves).sum()))
        again = missing > TOLERANCE * size
        total += float(halves.sum(axis=0)[~again].sum())
        error += float(missing[~again].sum())
        if not again.any():
            return total, error + 1e-15 * size
        left, right = (
            np.concatenate([left[again], middle[again]]),
            np.concatenate([middle[again], right[again]]),
        )
        whole = np.concatenate([halves[0][again], halves[1][again]])
        if len(whole) > MAX_PANELS:
            break
    return total + float(whole.sum()), error + float(missing[again].sum()) + 1e-15 * size


def _panels(function, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    middle, half = (right + left) / 2, (right - left) / 2
    values = function(middle[:, None] + half[:, None] * _NODES)
    return (values @ _WEIGHTS) * half
