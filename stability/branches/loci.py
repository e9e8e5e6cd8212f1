"""Eigenvalue loci: the paths that eigenvalues or multipliers take as one number of a sweep varies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import scipy

from ..errors import InputError
from .events import Crossing, crossings

_KINDS = ("eigenvalues", "multipliers")


class OverNumbers(Protocol):
    """What loci are made of, such as a Sweep: the axes by name, and quantities along them."""

    @property
    def axes(self) -> Mapping[str, np.ndarray]: ...

    @property
    def quantities(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, eq=False)
class Loci:
    """Paths of eigenvalues or multipliers (`kind`) as a number varies.

    - `name`: of the number. `numbers`, shape (n,): its values.
    - `paths`, shape (n, m): one path in each column; NaN where the equilibrium was lost.
    - `crossings`: of the stability boundary, interpolated linearly between neighbouring numbers.
    """

    name: str
    numbers: np.ndarray
    kind: str
    paths: np.ndarray
    crossings: tuple[Crossing, ...]


def loci(sweep: OverNumbers) -> Loci:
    """The paths of the eigenvalues (or multipliers) of a sweep over one axis.

    `sweep`: as `stability.sweep` returns it. From each number to the next, eigenvalues are paired such that
    the sum of the squared distances is least (the assignment problem; Kuhn 1955). Sorting them would tear
    paths where real parts coincide.

    Raises InputError for a sweep over two axes, without eigenvalues or multipliers, or that lost its
    equilibrium everywhere.
    """
    if len(sweep.axes) != 1:
        raise InputError(f"loci are of a sweep over one axis, not {len(sweep.axes)}")
    kinds = [kind for kind in _KINDS if kind in sweep.quantities]
    if not kinds:
        raise InputError('loci need a sweep of "eigenvalues" or "multipliers"')
    ((name, numbers),) = sweep.axes.items()
    values = np.asarray(sweep.quantities[kinds[0]], dtype=complex)
    if not np.isfinite(values.reshape(len(numbers), -1)).all(axis=1).any():
        raise InputError(f"the equilibrium was lost at every {name} of the sweep")
    paths = matched(values.reshape(len(numbers), -1))
    return Loci(name, numbers, kinds[0], paths, crossings(kinds[0], numbers, paths))


def matched(values: np.ndarray) -> np.ndarray:
    """Rows of m complex numbers, shape (n, m), reordered so that columns are continuous paths."""
    paths = values.copy()
    last: np.ndarray | None = None
    for i, row in enumerate(values):
        if not np.isfinite(row).all():
            continue
        if last is not None:
            apart = np.abs(last[:, None] - row[None, :]) ** 2
            paths[i] = row[scipy.optimize.linear_sum_assignment(apart)[1]]
        last = paths[i]
    return paths
