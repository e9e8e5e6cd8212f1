"""A flow or a map near one of its rest points, in both engines: what normal forms are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sympy


@dataclass(frozen=True)
class Formulas:
    """The exact system: all parameters have their values, every number is exact.

    - `variables`: real symbols, d of them; `expressions`: ẋ of a flow, or the next values of a map, in them.
    - `point`: the exact rest point, d constant expressions.
    """

    variables: tuple[sympy.Symbol, ...]
    expressions: tuple[sympy.Expr, ...]
    point: tuple[sympy.Expr, ...]


@dataclass(frozen=True)
class NearRest:
    """A flow ẋ = f(x), or a map x⁺ = f(x), and a point where it rests.

    - `function`: f in JAX, from shape (d,) to (d,); None where there are only formulas.
    - `point`: shape (d,), off the true rest point by at most `error` in every coordinate.
    - `formulas`: the same in exact numbers, or None.
    - `inverse`: f is the *inverse* of the map that is meant (an implicit step y with y − h v(y) = x is the
      inverse of the explicit y ↦ y − h v(y)).
    - `names`: of the coordinates, for people.
    - `known_on_boundary`: why the neutral eigenvalues are known to lie exactly on the boundary where no
      formulas tell it, as a clause for people ("the trace is identically 0"), or None.
    """

    kind: Literal["flow", "map"]
    names: tuple[str, ...]
    function: Callable[[Any], Any] | None
    point: np.ndarray
    error: float
    formulas: Formulas | None = None
    inverse: bool = False
    known_on_boundary: str | None = None
