"""What is known of one equilibrium, and the matrices at it modulo the set that it lies on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from ..dynamics.angles import Circles
from ..dynamics.domain import all_real
from ..dynamics.many_digits import ManyDigits
from .cells import has_kinks
from .components import Component
from .exact import is_zero_at
from .isolation import Isolation, isolation
from .pieces import Pieces
from .search import Evaluate, Zero
from .smoothness import smoothness
from .to_the_digit import confirmed

_FAINT = (
    1e-8  # of the box: over this distance an eigenvalue that looks like zero has to keep its sign
)


@dataclass(frozen=True)
class Equations:
    """A symbolic field whose zeros are wanted: real variables, and parameters with their values.

    `domain`: what has to be real and finite at a zero besides, such as the parts of a game's losses.
    `flows`: the field is that of a flow, which may rest on a jump too (no displacement of a map).
    `circles`: which variables are angles, if any is; a map's displacement is then zero if it is whole
    periods.
    """

    variables: tuple[sympy.Symbol, ...]
    expressions: tuple[sympy.Expr, ...]
    values: Mapping[sympy.Symbol, sympy.Expr]
    domain: tuple[sympy.Expr, ...] = ()
    flows: bool = True
    circles: Circles | None = None

    def at_winding_of(self, x: np.ndarray) -> tuple[sympy.Expr, ...]:
        """The expressions, of a map with angles less the whole periods that they are next to at x (d,)."""
        if self.flows or self.circles is None:
            return self.expressions
        put = dict(zip(self.variables, map(sympy.Float, x), strict=True))
        change = [float(sympy.re(e.xreplace(put).evalf(20))) for e in self.in_numbers]
        if not np.isfinite(change).all():
            return self.expressions
        winding = self.circles.winding(np.array(change))
        return tuple(e - w for e, w in zip(self.expressions, winding, strict=True))

    @property
    def kinked(self) -> bool:
        """Whether the field of a flow has kinks or jumps."""
        return self.flows and has_kinks(self.expressions)

    @property
    def in_numbers(self) -> tuple[sympy.Expr, ...]:
        """The expressions with the values of the parameters put in."""
        return tuple(e.xreplace(dict(self.values)) for e in self.expressions)


@dataclass(frozen=True)
class Equilibrium:
    """A point at which a field vanishes (or one that the user asked about, which may not be one).

    - `point`: shape (d,); `error` estimates its distance to the true point; `residual` is max |v| there.
    - `exact`: the same point in closed form, or None; `generic` says that it is one for every value of the
      parameters near the given ones, so that expressions in them mean something.
    - `stationary`, `differentiable`: whether v vanishes there and has a derivative there.
    - `isolated` (yes, no, undecided) and the dimension and tangent, shape (d, k), of the manifold of
      equilibria through it.
    - `component`: the whole set, where this point stands for one that is known exactly; with `singular` one
      of such points.
    - `singular`: why the set of equilibria through the point is no manifold there, so that it has no tangent
      and nothing is judged across it; None elsewhere.
    - `end`: the component on which the point is one where what decides across it vanishes, and its exact
      coordinates, however long.
    - `piece`: numbers the connected set that it stands for, where that was only seen numerically: parts of
      different stability have a point each.
    - `doubt`: why it is not known that the equilibria around make up such a manifold, where they seem to.
    - `pieces`: the smooth fields that meet there, where some are known to. If the field jumps there, then
      `stationary` means in Filippov's sense (see `stability.equilibria.kinks`).
    """

    point: np.ndarray
    exact: tuple[sympy.Expr, ...] | None
    generic: bool
    residual: float
    error: float
    stationary: bool
    differentiable: bool
    isolated: str
    manifold_dimension: int
    tangent: np.ndarray
    because: str
    component: Component | None = None
    singular: str | None = None
    piece: int | None = None
    doubt: str | None = None
    pieces: Pieces | None = None
    end: tuple[Component, tuple[sympy.Expr, ...]] | None = None

    def across(self, matrix: np.ndarray) -> np.ndarray:
        """A matrix (d, d) that keeps the manifold of equilibria, modulo its tangent; see `across`."""
        return across(matrix, self.tangent)


def complement(tangent: np.ndarray) -> np.ndarray:
    """An orthonormal basis, shape (d, d − k), of the complement of the columns of `tangent`, shape (d, k)."""
    q, _ = np.linalg.qr(tangent, mode="complete")
    return q[:, tangent.shape[1] :]


def across(matrix: np.ndarray, tangent: np.ndarray | None) -> np.ndarray:
    """A matrix, or a stack (…, d, d), modulo the span, which it keeps, of the columns of `tangent` (d, k).

    What is left, shape (…, d − k, d − k), carries the other eigenvalues; it is the matrix itself for k = 0.
    """
    if tangent is None or not tangent.shape[1]:
        return matrix
    basis = complement(tangent)
    return basis.T @ matrix @ basis


def in_floats(
    coordinates: Sequence[sympy.Expr], values: Mapping[sympy.Symbol, sympy.Expr]
) -> np.ndarray:
    """Exact real coordinates in floating point, shape (d,), without the imaginary rounding of radicals."""
    put = dict(values)
    return np.array([float(sympy.re(c.xreplace(put).evalf(20))) for c in coordinates])


def is_defined(coordinates: Sequence[sympy.Expr], equations: Equations) -> bool:
    put = {**dict(zip(equations.variables, coordinates, strict=True)), **equations.values}
    return all_real(equations.domain, put)


def vanishes(coordinates: Sequence[sympy.Expr], equations: Equations) -> bool:
    put = {**dict(zip(equations.variables, coordinates, strict=True)), **equations.values}
    near = equations.at_winding_of(in_floats(coordinates, equations.values))
    return all(is_zero_at(e, put) for e in near)


def is_generic(coordinates: Sequence[sympy.Expr], equations: Equations) -> bool:
    put = dict(zip(equations.variables, coordinates, strict=True))
    near = equations.at_winding_of(in_floats(coordinates, equations.values))
    return all(is_zero_at(e, put) for e in near)


def described(
    evaluate: Evaluate,
    x: np.ndarray,
    error: float,
    box: np.ndarray,
    coordinates: tuple[sympy.Expr, ...] | None,
    generic: bool,
    known: Isolation | None,
    many_digits: ManyDigits | None = None,
) -> Equilibrium:
    """`known`: what the exact solution proves of the point; `many_digits`: the field with these."""
    v, jacobian = evaluate(x[None])
    residual = float(np.abs(v).max())
    smooth = smoothness(evaluate, x, box) == "smooth"
    scale = (
        float(np.abs(jacobian).max() * np.abs(box).max()) if np.isfinite(jacobian).all() else 1.0
    )
    stationary = coordinates is not None or residual == 0.0 or residual <= 1e-9 * scale
    because = "the point is not stationary" if smooth else "the field is not differentiable here"
    own = Isolation("undecided", 0, np.zeros((len(x), 0)), because)
    if known is not None:
        own = known
    elif stationary and smooth:
        own = isolation(evaluate, Zero(x, residual, error), box)
        if many_digits is not None:
            own = confirmed(evaluate, many_digits, x, box, own)
    k = own.tangent.shape[1]
    crosses = own.isolated == "no" and not k
    if (
        coordinates is None and k and own.kernel > k
    ):  # what is left is zero as far as that can be told
        error = max(error, _FAINT * float(np.ptp(box, axis=1).max()))
    return Equilibrium(
        point=x,
        exact=coordinates,
        generic=generic,
        residual=residual,
        error=error,
        stationary=stationary,
        differentiable=smooth,
        isolated=own.isolated,
        manifold_dimension=k,
        tangent=own.tangent,
        because=own.because,
        singular=own.because if crosses else None,
        doubt=own.doubt,
    )
