"""Fields of the user's own: preconditioned by a matrix, or any function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import sympy

from ..dynamics.symbols import exact
from ..errors import InputError, InputTypeError
from .field import Field


@dataclass(frozen=True, eq=False)
class Preconditioned(Field):
    """The field P v with a constant invertible matrix P, shape (d, d), or its diagonal, shape (d,).

    `matrix` is P, in numbers or SymPy's. `TwoTimescale` is the special case of one factor for each player.
    """

    matrix: Any
    name: ClassVar[str] = "preconditioned"

    def __post_init__(self):
        shape = np.shape(self.matrix)
        if len(shape) not in (1, 2) or len(set(shape)) > 1 or not shape[0]:
            raise InputTypeError(
                f"a preconditioner has shape (d, d), or (d,) for its diagonal, not {shape}"
            )
        if not isinstance(self.matrix, sympy.MatrixBase):
            numbers = np.asarray(self.matrix)
            if not (np.issubdtype(numbers.dtype, np.number) and np.isfinite(numbers).all()):
                raise InputError("a preconditioner holds finite real numbers")

    def check(self, game: Any) -> None:
        d = game.partition.dimension
        if np.shape(self.matrix)[0] != d:
            raise InputError(
                f"the preconditioner has {np.shape(self.matrix)[0]} rows, the game {d}"
            )

    @property
    def settings(self) -> dict[str, Any]:
        if isinstance(self.matrix, sympy.MatrixBase):
            return {"matrix": [[str(e) for e in row] for row in self.matrix.tolist()]}
        return {"matrix": np.asarray(self.matrix, dtype=float).tolist()}

    def __call__(self, game: Any, x: Any) -> Any:
        self.check(game)
        v = game.field(x)
        if game.symbolic:
            return self._exactly() * v
        matrix = np.asarray(self.matrix, dtype=float).astype(v.dtype)
        return matrix * v if matrix.ndim == 1 else matrix @ v

    def _exactly(self) -> sympy.MatrixBase:
        """The matrix in SymPy, where 0.1 means 1/10."""
        if isinstance(self.matrix, sympy.MatrixBase):
            return self.matrix
        rows = np.asarray(self.matrix, dtype=float)
        entries = sympy.Matrix([exact(entry) for entry in rows.ravel()])
        return sympy.diag(*entries) if rows.ndim == 1 else entries.reshape(*rows.shape)


@dataclass(frozen=True)
class FieldFunction(Field):
    """Any function (game, x) ↦ field: `FieldFunction(lambda game, x: game.field(x) - x, "damped")`.

    `function` takes a game and a profile, shape (d,), and returns a vector like the profile.
    Written with the operations that `Game` and `SymbolicGame` share it works in both engines. `label` names
    it in reports. Whether it vanishes where the gradient field does is not assumed.
    """

    function: Callable[[Any, Any], Any]
    label: str = "custom"
    name: ClassVar[str] = "custom"
    keeps_equilibria: ClassVar[bool] = False

    def __post_init__(self):
        if not callable(self.function):
            raise InputTypeError(
                f"a field is made from a function (game, x), not {self.function!r}"
            )

    @property
    def settings(self) -> dict[str, Any]:
        return {"function": self.label}

    def __call__(self, game: Any, x: Any) -> Any:
        return self.function(game, x)
