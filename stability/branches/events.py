"""Where a followed rest point ends in a fold, and where its eigenvalues cross the stability boundary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..criteria.leading_eigenvalue import boundary
from .branch import Branch

_NEWTON = 12
_NEAR_FOLD = 1e-2  # a fold is no farther than this from where its branch was lost
_INWARD = 1e-6  # of the way from where a branch was lost: there its fold is looked for
_ON = 1e-12  # nearer than this to the axis or the circle is on it


def ends(branch: Branch, numbers: np.ndarray) -> list[float]:
    """Where the branch ends between neighbouring numbers, shape (n,): bracketed, then located as a fold."""
    lost = branch.is_lost(numbers)

    def is_kept(some: np.ndarray) -> np.ndarray:
        return np.logical_not(branch.is_lost(some))

    found = []
    for i in np.flatnonzero(lost[1:] != lost[:-1]):
        kept, gone = (i, i + 1) if lost[i + 1] else (i + 1, i)
        last = boundary(is_kept, float(numbers[kept]), float(numbers[gone]))
        found.append(fold(branch, last + _INWARD * (float(numbers[kept]) - last)))
    return found


def fold(branch: Branch, number: float) -> float:
    """Where the branch turns back, near the last number to which it could be followed.

    Newton's method for v(x, p) = 0, J(x, p) w = 0, c·w = 1 (Seydel, Practical Bifurcation and Stability
    Analysis, 2010, section 5.4). Returns `number` if that leads nowhere.
    """
    problem = branch.problem
    point, jacobian = branch.at(number)
    if not np.isfinite(point).all():
        return number
    shift = np.eye(len(point)) if problem.kind == "map" else 0.0
    kernel = np.linalg.svd(jacobian - shift)[2][-1]
    d = len(point)

    def equations(z: Any) -> Any:
        x, w, p = z[:d], z[d : 2 * d], z[2 * d]
        setup, build = problem.at([p])
        value, slope = jax.jvp(problem.displacement(setup, build()), (x,), (w,))
        return jnp.concatenate([value, slope, jnp.array([kernel @ w - 1.0])])

    z = np.concatenate([point, kernel, [number]])
    with jax.enable_x64(True):
        both = jax.jit(lambda z: (equations(z), jax.jacfwd(equations)(z)))
        for _ in range(_NEWTON):
            value, matrix = map(np.asarray, both(jnp.asarray(z)))
            if not (np.isfinite(value).all() and np.isfinite(matrix).all()):
                return number
            z = z - np.linalg.lstsq(matrix, value)[0]
    close = abs(z[-1] - number) <= _NEAR_FOLD * max(1.0, abs(number))
    return float(z[-1]) if close and np.abs(value).max() <= 1e-10 else number


@dataclass(frozen=True)
class Crossing:
    """Where a path crosses the imaginary axis, or a multiplier's path the unit circle."""

    number: float
    value: complex


def crossings(kind: str, numbers: np.ndarray, paths: np.ndarray) -> tuple[Crossing, ...]:
    """Where paths (n, m) of "eigenvalues" or "multipliers" cross the boundary, in the order of the numbers.

    There the real part, or the modulus less one, changes its sign; linearly between neighbouring numbers.
    """
    beyond = np.real(paths) if kind == "eigenvalues" else np.abs(paths) - 1
    beyond = np.where(np.abs(beyond) <= _ON, 0.0, beyond)
    found = []
    for i, j in np.argwhere(beyond[:-1] * beyond[1:] < 0):
        share = beyond[i, j] / (beyond[i, j] - beyond[i + 1, j])
        number = numbers[i] + share * (numbers[i + 1] - numbers[i])
        value = paths[i, j] + share * (paths[i + 1, j] - paths[i, j])
        found.append(Crossing(float(number), complex(value)))
    for i, j in np.argwhere(beyond[1:-1] == 0):  # exactly on it at a number of the grid
        if beyond[i, j] * beyond[i + 2, j] < 0:
            found.append(Crossing(float(numbers[i + 1]), complex(paths[i + 1, j])))
    return tuple(sorted(found, key=lambda c: (c.number, -c.value.imag)))
