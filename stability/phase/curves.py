"""The curves of a phase portrait as values. All coordinates are those of the picture's plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Nullcline:
    """Where one component of the field vanishes.

    `curves`: each of shape (n, 2); a closed one ends where it begins.
    """

    variable: str
    curves: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Separatrix:
    """One branch of a saddle's invariant manifold: `kind` is "stable" or "unstable".

    `curve`, shape (n, 2), begins at the saddle; `points`, shape (n, d), is the same in all of phase space.
    """

    kind: str
    curve: np.ndarray
    points: np.ndarray
