"""The spectral radius that a rule makes of every eigenvalue: its stability region in the plane of hλ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..criteria.eigenvalue_maps import eigenvalue_multipliers, radius_over_plane
from ..criteria.steps import StepSizes, euler_step_sizes, step_sizes
from ..errors import InputError
from ..rules import Rule

_FAR = 16.0  # how far from zero boundaries of regions are looked for
_COARSE = 321
_MARGIN = 0.15


@dataclass(frozen=True, eq=False)
class RulePlane:
    """The spectral radius of a rule over a rectangle of z = hλ.

    - `rule`: its name. `real`, shape (n,), and `imaginary`, shape (m,): the grid.
    - `radius`, shape (m, n): the largest |μ|; ∞ where the step does not exist.
    """

    rule: str
    real: np.ndarray
    imaginary: np.ndarray
    radius: np.ndarray


def rule_plane(
    rule: type[Rule] | Rule,
    including: Any = (),
    *,
    extent: tuple[float, float, float, float] | None = None,
    shape: float | None = None,
    resolution: int = 301,
) -> RulePlane:
    """The spectral radius of a rule in the plane of z = hλ, for a picture of its stability region.

    The rectangle is `extent` (left, right, bottom, top), by default the smallest one, with a margin, around
    0, the points `including` and the region's boundary within |Re z|, |Im z| < 16; it is widened such that
    its height over its width is `shape`.

    Raises InputError for rules whose multipliers are no functions of one eigenvalue.
    """
    rule = rule() if isinstance(rule, type) else rule
    if extent is None:
        extent = _around(rule, np.asarray(including, dtype=complex).ravel())
    left, right, bottom, top = extent
    if not (left < right and bottom < top):
        raise InputError(f"an extent is (left, right, bottom, top), unlike {extent}")
    if shape is not None:
        wider = max(0.0, (top - bottom) / shape - (right - left)) / 2
        taller = max(0.0, (right - left) * shape - (top - bottom)) / 2
        left, right, bottom, top = left - wider, right + wider, bottom - taller, top + taller
    real, imaginary = np.linspace(left, right, resolution), np.linspace(bottom, top, resolution)
    return RulePlane(str(rule), real, imaginary, radius_of(rule, real, imaginary))


def radius_of(rule: Rule, real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
    """The largest |μ| at z = x + iy, shape (m, n) for real parts x (n,) and imaginary parts y (m,)."""
    return radius_over_plane(rule, real[None, :] + 1j * imaginary[:, None])


def eigenvalue_step_sizes(rule: Rule, eigenvalues: np.ndarray) -> StepSizes:
    """Critical and best step size of a rule for a flow with these eigenvalues, shape (d,).

    Raises InputError as `rule_plane` does.
    """
    if rule.is_euler:
        return euler_step_sizes(eigenvalues)
    one = rule.with_each_lr(lambda _: 1.0)
    return step_sizes(eigenvalue_multipliers(one, eigenvalues), len(eigenvalues))


def _around(rule: Rule, points: np.ndarray) -> tuple[float, float, float, float]:
    grid = np.linspace(-_FAR, _FAR, _COARSE)
    box = _boundary_box(rule, grid, grid)
    if box is not None:  # once more, finer
        (left, right, bottom, top), cell = box, grid[1] - grid[0]
        x = np.linspace(left - cell, right + cell, _COARSE)
        y = np.linspace(bottom - cell, top + cell, _COARSE)
        box = _boundary_box(rule, x, y) or box
    left, right, bottom, top = (-2.0, 1.0, -1.5, 1.5) if box is None else box
    left, right = min(left, 0.0, *np.real(points)), max(right, 0.0, *np.real(points))
    bottom, top = min(bottom, 0.0, *np.imag(points)), max(top, 0.0, *np.imag(points))
    margin = _MARGIN * max(right - left, top - bottom)
    return left - margin, right + margin, bottom - margin, top + margin


def _boundary_box(
    rule: Rule, real: np.ndarray, imaginary: np.ndarray
) -> tuple[float, float, float, float] | None:
    """The smallest rectangle around the grid's cells in which the region begins or ends."""
    stable = radius_of(rule, real, imaginary) < 1
    edge = np.zeros_like(stable)
    edge[:, 1:] |= stable[:, 1:] != stable[:, :-1]
    edge[1:] |= stable[1:] != stable[:-1]
    rows, columns = np.nonzero(edge)
    if not len(rows):
        return None
    return (
        float(real[columns.min()]),
        float(real[columns.max()]),
        float(imaginary[rows.min()]),
        float(imaginary[rows.max()]),
    )
