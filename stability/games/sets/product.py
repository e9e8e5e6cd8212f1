"""The set of all profiles: the product of the players' intervals, simplices and balls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from ...dynamics.partition import Partition
from ...dynamics.symbols import exact as exact_number
from ...dynamics.vectors import clip, into_ball
from ...errors import InputError
from .onto import onto_simplex, onto_simplex_exactly

NEAR = 1e-9  # outside by so much is taken for rounding


@dataclass(frozen=True)
class BallOf:
    """A ball: the positions of its coordinates, its radius, and what it is called."""

    index: np.ndarray
    radius: Any
    name: str


@dataclass(frozen=True, eq=False)
class Sets:
    """A closed convex set of profiles x of shape (d,).

    - `low`, `high`: shape (d,), the ends of the intervals, infinite where there are none; floats, or SymPy
      numbers and expressions of parameters (`exact`).
    - `simplices`: the positions of the coordinates of each. `balls`: see `BallOf`.
    - `partition`: whose coordinates they are. No coordinate is in two kinds of set.

    Without any limit it is false.
    """

    low: np.ndarray
    high: np.ndarray
    simplices: tuple[np.ndarray, ...]
    balls: tuple[BallOf, ...]
    partition: Partition
    exact: bool = False

    @classmethod
    def free(cls, partition: Partition) -> Sets:
        """The whole space."""
        return cls(*_no_bounds(partition.dimension), (), (), partition)

    def __bool__(self) -> bool:
        return self.has_bounds or bool(self.simplices) or bool(self.balls)

    @cached_property
    def has_bounds(self) -> bool:
        if not self.exact:
            return bool(np.isfinite(self.low).any() or np.isfinite(self.high).any())
        return any(e not in (sympy.oo, -sympy.oo) for e in (*self.low, *self.high))

    @property
    def polyhedral(self) -> bool:
        """Whether there are no balls."""
        return not self.balls

    # ---- parameters and engines ----------------------------------------------------------

    @property
    def symbols(self) -> set[sympy.Symbol]:
        """The parameters in the limits."""
        if not self.exact:
            return set()
        ends = [*self.low, *self.high, *(ball.radius for ball in self.balls)]
        return set().union(*(sympy.sympify(e).free_symbols for e in ends), set())

    def put(self, values: Mapping[sympy.Symbol, Any]) -> Sets:
        """The set with symbols in the limits exchanged, for others or for numbers."""
        if not self.exact:
            return self

        def new(ends: np.ndarray) -> np.ndarray:
            return _objects([sympy.sympify(e).xreplace(dict(values)) for e in ends])

        balls = tuple(
            replace(b, radius=sympy.sympify(b.radius).xreplace(dict(values))) for b in self.balls
        )
        return replace(self, low=new(self.low), high=new(self.high), balls=balls)

    def numeric(self) -> Sets:
        """The set with limits in floating point. Raises InputError for a limit with a parameter, and an
        empty set."""
        if self.exact:
            balls = tuple(replace(b, radius=float(b.radius)) for b in self.balls)
            low, high = (np.array([float(e) for e in ends]) for ends in (self.low, self.high))
            found = replace(self, low=low, high=high, balls=balls, exact=False)
        else:
            found = self
        found.check()
        return found

    def check(self, names: Sequence[str] | None = None) -> None:
        """Raises InputError for an interval without room and a radius that is not positive."""
        bad = np.flatnonzero(~(self.low < self.high))
        if len(bad):
            k = int(bad[0])
            whose = f"variable {k}" if names is None else names[k]
            raise InputError(
                f"the interval [{self.low[k]:g}, {self.high[k]:g}] of {whose} has no room: its low end is "
                "not below its high end (a number that is fixed is a constant, not a strategy)"
            )
        for ball in self.balls:
            if not 0 < ball.radius < np.inf:
                raise InputError(
                    f"the radius of the ball of {ball.name} is a positive finite number, not {ball.radius:g}"
                )

    def of_player(self, i: int) -> Sets:
        """Player i's own set."""
        return self._own[i]

    @cached_property
    def _own(self) -> tuple[Sets, ...]:
        parts = []
        for i, own in enumerate(self.partition.slices):
            inside = [s - own.start for s in self.simplices if own.start <= s[0] < own.stop]
            balls = [
                replace(b, index=b.index - own.start)
                for b in self.balls
                if own.start <= b.index[0] < own.stop
            ]
            alone = self.partition.alone(i)
            parts.append(
                replace(
                    self,
                    low=self.low[own],
                    high=self.high[own],
                    simplices=tuple(inside),
                    balls=tuple(balls),
                    partition=alone,
                )
            )
        return tuple(parts)

    # ---- points --------------------------------------------------------------------------

    def project(self, x: Any) -> Any:
        """The nearest point of the set to x: shape (d,) in JAX or NumPy, a column (d, 1) in SymPy.

        NumPy also takes many points, shape (n, d).
        """
        if isinstance(x, sympy.MatrixBase):
            return self._project_exactly(x)
        if isinstance(x, np.ndarray):
            return self._project_on_host(x)
        if self.has_bounds:
            x = clip(x, self.low.astype(x.dtype), self.high.astype(x.dtype))
        for index in self._simplices_by_size:
            x = x.at[index].set(onto_simplex(x[index]))
        for ball in self.balls:
            x = x.at[ball.index].set(into_ball(x[ball.index], float(ball.radius)))
        return x

    def _project_on_host(self, x: np.ndarray) -> np.ndarray:
        x = np.clip(np.asarray(x, dtype=float), self.low, self.high)
        for index in self._simplices_by_size:
            x[..., index] = onto_simplex(x[..., index])
        for ball in self.balls:
            size = np.linalg.norm(x[..., ball.index], axis=-1, keepdims=True)
            x[..., ball.index] *= ball.radius / np.maximum(size, ball.radius)
        return x

    def _project_exactly(self, x: sympy.MatrixBase) -> sympy.MatrixBase:
        low, high, radii = self.low, self.high, [ball.radius for ball in self.balls]
        if not self.exact:
            low, high = (_objects([sympy.sympify(e) for e in ends]) for ends in (low, high))
        result = list(x)
        for k, (a, b) in enumerate(zip(low, high, strict=True)):
            result[k] = result[k] if a == -sympy.oo else sympy.Max(result[k], a)
            result[k] = result[k] if b == sympy.oo else sympy.Min(result[k], b)
        groups = [(s, onto_simplex_exactly) for s in self.simplices]
        groups += [
            (ball.index, lambda own, r=r: into_ball(own, r))
            for ball, r in zip(self.balls, radii, strict=True)
        ]
        for index, onto in groups:
            own = onto(sympy.Matrix([x[int(k)] for k in index]))
            for k, value in zip(index, own, strict=True):
                result[int(k)] = value
        return sympy.Matrix(result)

    def slopes(self, x: Any) -> Any:
        """The derivative of `project` at x, shape (d, d), in JAX or SymPy; almost everywhere there is one."""
        if isinstance(x, sympy.MatrixBase):
            free = sympy.Matrix([sympy.Dummy(real=True) for _ in x])
            slopes = self.project(free).jacobian(free)
            return slopes.xreplace(dict(zip(free, x, strict=True)))
        import jax

        return jax.jacfwd(self.project)(x)

    def pull_back(self, x: Any, w: Any) -> Any:
        """DP(x)ᵀw, a vector like x, P being `project`: what a slope w at the projection of x is before it."""
        if isinstance(x, sympy.MatrixBase):
            return self.slopes(x).T * w
        import jax

        return jax.vjp(self.project, x)[1](w)[0]

    def bends_at(self, x: np.ndarray) -> bool:
        """Whether `project` is seen to have no derivative at x, shape (d,): its slopes change nearby."""
        import jax
        import jax.numpy as jnp

        reach = 1e-7 * (1 + np.abs(x).max(initial=0.0))
        around = np.random.default_rng(0).standard_normal((16, len(x)))
        with jax.enable_x64(True):
            slopes = np.asarray(jax.vmap(self.slopes)(jnp.asarray(x + reach * around)))
        return bool(np.abs(slopes - slopes[0]).max(initial=0.0) > 1e-3)

    @cached_property
    def _simplices_by_size(self) -> tuple[np.ndarray, ...]:
        """The positions of the simplices of one size, shape (m, n): projected together."""
        sizes = sorted({len(s) for s in self.simplices})
        return tuple(np.stack([s for s in self.simplices if len(s) == n]) for n in sizes)

    @cached_property
    def motion(self) -> Any:
        """How paths move in the set: a `Motion`."""
        from .motion import Motion  # which needs JAX

        balls = [(ball.index, float(ball.radius)) for ball in self.balls]
        return Motion(self.low, self.high, self._simplices_by_size, balls)

    def outside(self, x: np.ndarray) -> float:
        """How far x, shape (d,), is from the set: the largest change of a coordinate by the projection."""
        return float(np.abs(self.project(np.asarray(x, float)) - x).max(initial=0.0))

    def taken(
        self, x: np.ndarray, names: Sequence[str], what: str, rounding: float = NEAR
    ) -> np.ndarray:
        """The point x, projected if it is outside by no more than `rounding`, relatively.

        Raises InputError, naming `what` the point is and a limit that it breaks, if it is farther out.
        """
        x = np.asarray(x, dtype=float)
        if not self:
            return x
        off = self.outside(x)
        if off <= rounding * (1 + np.abs(x).max(initial=0.0)):
            return self.project(x) if off else x
        raise InputError(f"{what} is outside the players' sets: {self._broken(x, names)}")

    def _broken(self, x: np.ndarray, names: Sequence[str]) -> str:
        """The first limit that x breaks, in words."""
        for k in np.flatnonzero((x < self.low - NEAR) | (x > self.high + NEAR)):
            low, high = self.low[k], self.high[k]
            interval = f"at least {low:g}" if x[k] < low else f"at most {high:g}"
            return f"{names[int(k)]} = {x[k]:g}, which is to be {interval}"
        for index in self.simplices:
            own = [str(names[int(k)]) for k in index]
            negative = [k for k in index if x[k] < -NEAR]
            if negative:
                return f"{names[negative[0]]} = {x[negative[0]]:g}, a probability that is negative"
            if abs(x[index].sum() - 1) > NEAR:
                return f"{listed(own, ' + ')} = {x[index].sum():g}, which is to be 1"
        for ball in self.balls:
            size = np.linalg.norm(x[ball.index])
            if size > ball.radius:
                return f"the norm of ({ball.name}) is {size:g}, more than {ball.radius:g}"
        return "a coordinate is not finite"

    def sample(self, generator: np.random.Generator, n: int, box: np.ndarray) -> np.ndarray:
        """Points of the set, shape (n, d): uniform on every simplex and in every ball, and in `box`, shape
        (d, 2), within the intervals; the box does not cut simplices and balls."""
        low, high = np.maximum(box[:, 0], self.low), np.minimum(box[:, 1], self.high)
        apart = ~(low < high)  # a box beside the interval
        low, high = np.where(apart, self.low, low), np.where(apart, self.high, high)
        low, high = (
            np.where(np.isfinite(low), low, high - 1),
            np.where(np.isfinite(high), high, low + 1),
        )
        x = generator.uniform(low, high, (n, len(low)))
        for index in self.simplices:
            x[:, index] = generator.dirichlet(np.ones(len(index)), n)
        for ball in self.balls:
            k = len(ball.index)
            away = generator.standard_normal((n, k))
            away /= np.linalg.norm(away, axis=1, keepdims=True)
            x[:, ball.index] = ball.radius * away * generator.uniform(size=(n, 1)) ** (1 / k)
        return x

    @cached_property
    def middle(self) -> np.ndarray:
        """A point well inside, shape (d,): the nearest to zero of the bounds, equal probabilities."""
        x = np.clip(np.zeros(len(self.low)), self.low, self.high)
        bounded = np.isfinite(self.low) & np.isfinite(self.high)
        x[bounded] = (self.low[bounded] + self.high[bounded]) / 2
        for index in self.simplices:
            x[index] = 1 / len(index)
        return x

    @cached_property
    def box(self) -> np.ndarray:
        """The smallest box around the set, shape (d, 2), with infinite ends."""
        low, high = self.low.copy(), self.high.copy()
        for index in self.simplices:
            low[index], high[index] = 0.0, 1.0
        for ball in self.balls:
            low[ball.index], high[ball.index] = -ball.radius, ball.radius
        return np.stack([low, high], axis=1)

    def narrowed(
        self, sides: Mapping[str, tuple[float, float]], names: Sequence[str], verb: str
    ) -> dict[str, tuple[float, float]]:
        """Intervals by variable, cut down to the set's own, which stand in where both ends are finite.

        Raises InputError, naming the verb, where players live in simplices or balls, which are no boxes, and
        for an interval that has nothing in common with the set.
        """
        if self.simplices or self.balls:
            raise InputError(f"{verb} looks at boxes, and players live in a simplex or a ball here")
        found = dict(sides)
        for name, low, high in zip(names, self.low.tolist(), self.high.tolist(), strict=True):
            if name in found:
                found[name] = (max(found[name][0], low), min(found[name][1], high))
                if not found[name][0] < found[name][1]:
                    raise InputError(
                        f"the box of {name} is outside its interval [{low:g}, {high:g}]"
                    )
            elif np.isfinite([low, high]).all():
                found[name] = (low, high)
        return found

    def clipped(self, low: Sequence[Any], high: Sequence[Any]) -> Sets:
        """The intersection with an interval for every player's numbers; an end that is None is none.

        Raises InputError where it cuts through a simplex or a ball, and where nothing is left.
        """
        ends = []
        for own, given, largest in ((self.low, low, True), (self.high, high, False)):
            ends.append(own.copy())
            for part, end in zip(self.partition.slices, given, strict=True):
                if end is not None:
                    self._check_free(part, "an interval")
                    ends[-1][part] = [self._extreme(c, end, largest) for c in own[part]]
        found = replace(self, low=ends[0], high=ends[1])
        if not found.symbols:
            found.numeric()
        return found

    def in_balls(self, radii: Sequence[Any]) -> Sets:
        """The intersection with a ball for every player; a radius that is None is none.

        Raises InputError for a player some of whose numbers live in other sets.
        """
        low, high, balls = self.low.copy(), self.high.copy(), list(self.balls)
        for i, (part, radius) in enumerate(zip(self.partition.slices, radii, strict=True)):
            if radius is None:
                continue
            index = np.arange(part.start, part.stop)
            if len(index) == 1:
                low[part] = self._extreme(low[part][0], -radius, True)
                high[part] = self._extreme(high[part][0], radius, False)
                continue
            same = [k for k, b in enumerate(balls) if set(b.index) == set(index)]
            if same:
                own = balls[same[0]]
                smaller = self._extreme(own.radius, radius, False)
                balls[same[0]] = replace(own, radius=smaller)
                continue
            self._check_free(part, "a ball")
            if not self._unbounded(part):
                raise InputError(
                    f"a ball cannot be put on the bounded numbers of {self.partition.players[i]}; give one "
                    "kind of set"
                )
            balls.append(
                BallOf(index, self._extreme(radius, radius, True), self.partition.players[i])
            )
        found = replace(self, low=low, high=high, balls=tuple(balls))
        if not found.symbols:
            found.numeric()
        return found

    def _unbounded(self, part: slice) -> bool:
        ends = [
            float(end)
            for end in (*self.low[part], *self.high[part])
            if sympy.sympify(end).is_number
        ]
        return len(ends) == 2 * (part.stop - part.start) and bool(np.isinf(ends).all())

    def _check_free(self, part: slice, what: str) -> None:
        others = np.concatenate([*self.simplices, *(b.index for b in self.balls), [-1]])
        if ((others >= part.start) & (others < part.stop)).any():
            raise InputError(
                f"{what} cannot be put on variables that live in a simplex or a ball; give one kind of set"
            )

    def _extreme(self, one: Any, other: Any, largest: bool) -> Any:
        """The larger or the smaller of two limits, in this set's kind of numbers."""
        if not self.exact:
            return (max if largest else min)(float(one), float(other))
        function = sympy.Max if largest else sympy.Min
        return function(sympy.sympify(one), exact_number(other))


def listed(names: Sequence[str], joined: str = ", ") -> str:
    """Names in a row, the middle of a long row left out."""
    return joined.join(names if len(names) <= 6 else [*names[:3], "…", names[-1]])


def _no_bounds(d: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(d, -np.inf), np.full(d, np.inf)


def _objects(expressions: Sequence[Any]) -> np.ndarray:
    """Expressions in an array of objects."""
    array = np.empty(len(expressions), dtype=object)
    array[:] = expressions
    return array
