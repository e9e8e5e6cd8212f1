"""Faces of the players' sets: which limits are active, and the coordinates that are left free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import sympy

from ..dynamics.partition import Partition
from ..games.sets import Sets
from .scaling import Evaluate

LOWER, UPPER, ZERO, SPHERE = "lower", "upper", "zero", "sphere"


@dataclass(frozen=True)
class Face:
    """The points of the players' sets at which some limits are active.

    - `held`: coordinate ↦ `LOWER`, `UPPER` or `ZERO`: those at an end of their interval, and the
      probabilities that are zero.
    - `spheres`: the positions, among the sets' balls, of those on whose sphere the point is.
    - `sets` in floating point, `exact` the same in SymPy at the parameters' values, if there are formulas.

    The free coordinates u of a face are the other variables, without the last one of every simplex, which is
    one minus the others. A face is flat but for its spheres: all coordinates of a ball are among u.
    """

    sets: Sets
    exact: Sets | None
    held: tuple[tuple[int, str], ...] = ()
    spheres: tuple[int, ...] = ()

    @cached_property
    def _held(self) -> dict[int, str]:
        return dict(self.held)

    @cached_property
    def supports(self) -> tuple[np.ndarray, ...]:
        """Of every simplex the coordinates that are not zero."""
        return tuple(
            np.array([k for k in index if int(k) not in self._held])
            for index in self.sets.simplices
        )

    @cached_property
    def _dependent(self) -> dict[int, np.ndarray]:
        """The last coordinate of every simplex's support, and the others of it."""
        return {int(support[-1]): support[:-1] for support in self.supports}

    @cached_property
    def free(self) -> np.ndarray:
        """The positions of the coordinates u, shape (k,)."""
        taken = {*self._held, *self._dependent}
        return np.array([k for k in range(len(self.sets.low)) if k not in taken], dtype=int)

    @property
    def dimension(self) -> int:
        """Of the face as a manifold."""
        return len(self.free) - len(self.spheres)

    @property
    def whole(self) -> bool:
        """Whether u are all the variables: no limit is active, and there is no simplex."""
        return len(self.free) == len(self.sets.low) and not self.spheres

    @cached_property
    def partition(self) -> Partition:
        """Whose the coordinates u are."""
        whose = self.sets.partition
        sizes = [int(np.isin(self.free, np.r_[own]).sum()) for own in whose.slices]
        return Partition(whose.players, tuple(sizes))

    # ---- u and x -------------------------------------------------------------------------

    @cached_property
    def offset(self) -> np.ndarray:
        """b in x = A u + b, shape (d,)."""
        b = np.zeros(len(self.sets.low))
        for k, where in self.held:
            b[k] = {LOWER: self.sets.low[k], UPPER: self.sets.high[k], ZERO: 0.0}[where]
        b[list(self._dependent)] = 1.0
        return b

    @cached_property
    def basis(self) -> np.ndarray:
        """A in x = A u + b, shape (d, k)."""
        a = np.zeros((len(self.sets.low), len(self.free)))
        column = {int(k): j for j, k in enumerate(self.free)}
        a[self.free, np.arange(len(self.free))] = 1.0
        for last, others in self._dependent.items():
            a[last, [column[int(k)] for k in others]] = -1.0
        return a

    @cached_property
    def inverse(self) -> np.ndarray:
        """A⁺, shape (k, d): the orthogonal projection of a velocity on the face, in the coordinates u."""
        inverse = np.zeros((len(self.free), len(self.sets.low)))
        row = {int(k): j for j, k in enumerate(self.free)}
        inverse[np.arange(len(self.free)), self.free] = 1.0
        for support in self.supports:
            for k in support[:-1]:
                inverse[row[int(k)], support] -= 1 / len(support)
        return inverse

    def lift(self, u: np.ndarray) -> np.ndarray:
        """The points x, shape (…, d), of u, shape (…, k)."""
        return u @ self.basis.T + self.offset

    def evaluate(self, evaluate: Evaluate) -> Evaluate:
        """A field and its Jacobian in the coordinates u, from the whole field's: A⁺v and A⁺JA."""

        def on_face(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            v, jacobian = evaluate(self.lift(u))
            with np.errstate(all="ignore"):
                return v @ self.inverse.T, self.inverse @ jacobian @ self.basis

        return on_face

    def lift_exactly(self, u: Sequence[sympy.Expr]) -> tuple[sympy.Expr, ...]:
        """The point x, d expressions, of u in SymPy. Needs the exact sets."""
        assert self.exact is not None
        ends = {LOWER: self.exact.low, UPPER: self.exact.high}
        x: list[Any] = [sympy.S.Zero] * len(self.sets.low)
        for k, where in self.held:
            x[k] = sympy.S.Zero if where == ZERO else sympy.sympify(ends[where][k])
        for k, value in zip(self.free, u, strict=True):
            x[int(k)] = value
        for last, others in self._dependent.items():
            x[last] = 1 - sum((x[int(k)] for k in others), sympy.S.Zero)
        return tuple(x)

    def velocity(self, v: Sequence[sympy.Expr]) -> tuple[sympy.Expr, ...]:
        """u̇ = A⁺v in SymPy, of a velocity v of d expressions."""
        mean = {}
        for support in self.supports:
            average = sympy.Add(*(v[int(k)] for k in support)) / len(support)
            mean |= {int(k): average for k in support}
        return tuple(v[int(k)] - mean.get(int(k), 0) for k in self.free)

    # ---- limits --------------------------------------------------------------------------

    def slack(self, x: np.ndarray) -> np.ndarray:
        """How far x, shape (d,), is from every limit that is not active; empty if there is none."""
        loose = [k for k in range(len(x)) if k not in self._held]
        found = [x[k] - self.sets.low[k] for k in loose if np.isfinite(self.sets.low[k])]
        found += [self.sets.high[k] - x[k] for k in loose if np.isfinite(self.sets.high[k])]
        found += [x[int(k)] for support in self.supports for k in support if len(support) > 1]
        for j, ball in enumerate(self.sets.balls):
            if j not in self.spheres:
                found.append(ball.radius - np.linalg.norm(x[ball.index]))
        return np.array(found, dtype=float)

    def slack_exactly(self, x: Sequence[sympy.Expr]) -> list[sympy.Expr]:
        """The same in SymPy; of a ball the difference of the squares."""
        assert self.exact is not None
        loose = [k for k in range(len(x)) if k not in self._held]
        low, high = self.exact.low, self.exact.high
        found = [x[k] - low[k] for k in loose if np.isfinite(self.sets.low[k])]
        found += [high[k] - x[k] for k in loose if np.isfinite(self.sets.high[k])]
        found += [x[int(k)] for support in self.supports for k in support if len(support) > 1]
        for j, ball in enumerate(self.exact.balls):
            if j not in self.spheres:
                found.append(ball.radius**2 - sum(x[int(k)] ** 2 for k in ball.index))
        return found

    def push(self, v: Sequence[Any]) -> dict[int, Any]:
        """The multipliers of the held coordinates: how strongly the velocity v pushes against each limit.

        At an end of an interval it is the outward component of v; at a probability that is zero, how much
        less it grows than the mean of those that are played. Numbers or SymPy expressions, like v.
        """
        mean = {}
        for index, support in zip(self.sets.simplices, self.supports, strict=True):
            average = sum(v[int(k)] for k in support) / len(support)
            mean |= {int(k): average for k in index}
        sign = {LOWER: -1, UPPER: 1}
        return {
            k: mean[k] - v[k] if where == ZERO else sign[where] * v[k] for k, where in self.held
        }

    def pushes_of_spheres(self, x: Any, v: Sequence[Any]) -> dict[int, Any]:
        """The multipliers of the spheres: ⟨v, x⟩/R on each, by the ball's position."""
        found = {}
        exactly = self.exact is not None and not isinstance(x, np.ndarray)
        for j in self.spheres:
            ball = self.exact.balls[j] if exactly and self.exact else self.sets.balls[j]
            found[j] = sum(v[int(k)] * x[int(k)] for k in ball.index) / ball.radius
        return found

    def without(self, coordinates: Sequence[int], spheres: Sequence[int] = ()) -> Face:
        """The larger face on which these limits are not held."""
        held = tuple((k, where) for k, where in self.held if k not in coordinates)
        left = tuple(j for j in self.spheres if j not in spheres)
        return Face(self.sets, self.exact, held, left)

    def names_of_limits(self, names: Sequence[str]) -> dict[str, str]:
        """Variable, or ball, ↦ which limit is active."""
        found = {names[k]: where for k, where in self.held}
        return found | {self.sets.balls[j].name: SPHERE for j in self.spheres}

    def text(self, names: Sequence[str], limits: Mapping[int, str] | None = None) -> str:
        """The face by its equations: "q2 = 0, p = 1"; `limits` are texts of ends, by coordinate."""
        parts = []
        for k, _ in self.held[:6]:
            end = (limits or {}).get(k, f"{self.offset[k]:.6g}")
            parts.append(f"{names[k]} = {end}")
        if len(self.held) > 6:
            parts.append(f"and {len(self.held) - 6} more")
        parts += [
            f"‖({self.sets.balls[j].name})‖ = {self.sets.balls[j].radius:.6g}" for j in self.spheres
        ]
        return ", ".join(parts)


def number_of_faces(sets: Sets) -> float:
    """How many faces the players' sets have."""
    finite = np.isfinite(sets.low).astype(int) + np.isfinite(sets.high)
    logarithm = np.log2(1.0 + finite).sum() + sum(
        np.log2(2.0 ** min(len(s), 1000) - 1) for s in sets.simplices
    )
    return float(2.0 ** min(logarithm + len(sets.balls), 1000))


def faces(sets: Sets, exact: Sets | None) -> Iterator[Face]:
    """Every face, those of few free coordinates last."""
    choices: list[list[tuple[tuple[int, str], ...]]] = []
    for k in np.flatnonzero(np.isfinite(sets.low) | np.isfinite(sets.high)):
        own: list[tuple[tuple[int, str], ...]] = [()]
        own += [((int(k), LOWER),)] if np.isfinite(sets.low[k]) else []
        own += [((int(k), UPPER),)] if np.isfinite(sets.high[k]) else []
        choices.append(own)
    for index in sets.simplices:
        masks = [
            tuple((int(k), ZERO) for k, off in zip(index, chosen, strict=True) if off)
            for chosen in product([False, True], repeat=len(index))
            if not all(chosen)
        ]
        choices.append(masks)
    every = [
        Face(sets, exact, tuple(sorted(sum(chosen, ()))), spheres)
        for chosen in product(*choices)
        for spheres in _subsets(len(sets.balls))
    ]
    return iter(sorted(every, key=lambda face: -face.dimension))


def _subsets(n: int) -> list[tuple[int, ...]]:
    return [tuple(j for j in range(n) if on[j]) for on in product([False, True], repeat=n)]


def face_at(sets: Sets, exact: Sets | None, x: np.ndarray, tolerance: float = 1e-9) -> Face:
    """The face whose limits are those that x, shape (d,), touches, up to the tolerance."""
    reach = tolerance * (1 + np.abs(x))
    held = [(int(k), LOWER) for k in np.flatnonzero(np.abs(x - sets.low) <= reach)]
    held += [(int(k), UPPER) for k in np.flatnonzero(np.abs(sets.high - x) <= reach)]
    held += [(int(k), ZERO) for index in sets.simplices for k in index if x[k] <= reach[k]]
    spheres = tuple(
        j
        for j, ball in enumerate(sets.balls)
        if np.linalg.norm(x[ball.index]) >= ball.radius * (1 - tolerance)
    )
    return Face(sets, exact, tuple(sorted(held)), spheres)
