"""Flows ẋ = v(x): numeric (JAX) and symbolic (SymPy)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any, Self

import jax.numpy as jnp
import numpy as np
import sympy

from ..errors import InputError
from .batch import batched
from .domain import within
from .fixed_point import LONGER, SHORTER, fixed_point
from .integrate import integrate
from .map import Map, SymbolicMap
from .partition import Partition
from .starts import given_start
from .system import NumericSystem, SymbolicSystem
from .trajectory import Trajectory
from .vectors import block, eye_like, solve, split, stack, zeros_like

Init = Callable[
    [Any, Any], tuple[Any, ...]
]  # of a flow and a profile: the state that a step begins with
Step = Callable[[Any, tuple[Any, ...]], tuple[Any, ...]]  # of a flow and a state: the next one


class Flow(NumericSystem):
    """An autonomous flow ẋ = v(x) on flat vectors.

    **Arguments:**

    - `field`: a JAX-traceable function from a vector of shape (d,) to one of shape (d,).
    - `dimension`: d. May be left out when `start`, `variables` or `partition` tells it.
    - `variables`: d names, or a function that returns them, called when they are needed; default x0, x1, ….
    - `start`: where trajectories start and a search begins, a vector of shape (d,) or a mapping by name.
    - `box`: where equilibria are searched, a mapping from names to (low, high).
    - `partition`: who owns which coordinates (only rules that move the players separately ask).
    - `part`: `part(i, x)`, player i's rows of v(x), if they are cheaper than all of v.
    - `name`: what reports call it; `check`: whether `field` is tried once, which says what is wrong with it.
    - `angles`: variable ↦ period, of the variables that live on a circle: `angles={"phi": 2 * jnp.pi}`.
    - `conserved`: totals that the flow keeps, name ↦ (total, value), or total alone, whose value is that at
      the start; a total is a JAX function of the vector or its coefficients by variable:
      `conserved={"mass": ({"A": 1, "B": 1}, 2.0)}`. Rest points are then those with these values.

    In all methods `x` is a point, shape (d,), and `i` the position of a player.

    A flow that a field makes of a game keeps them as `game` and `field` (else None), for the rules that
    look behind the field, and where the game's players live as `sets`; one made of expressions at the values
    of all parameters keeps these as `formulas`. `kept_in` are the sets in which rules and paths are kept by
    projection, None where there are none or the field keeps to them by itself.

    Raises InputError if the dimension is unknown, or `field` does not return a real vector of shape (d,), has
    not the angles' periods, or does not keep the totals (both are looked at where random points are).
    """

    kind = "flow"

    def __init__(
        self,
        field: Callable[[Any], Any],
        *,
        dimension: int | None = None,
        variables: Sequence[str] | Callable[[], Sequence[str]] | None = None,
        start: Any = None,
        box: Mapping[str, tuple[float, float]] | None = None,
        partition: Partition | None = None,
        part: Callable[[int, Any], Any] | None = None,
        name: str = "flow",
        check: bool = True,
        angles: Mapping[str, Any] | None = None,
        conserved: Mapping[str, Any] | None = None,
    ):
        super().__init__(
            field, dimension, variables, start, box, partition, name, check, angles, conserved
        )
        self._part = part
        self.game: Any = None
        self.field: Any = None
        self.sets: Any = None
        self.kept_in: Any = None
        self.formulas: SymbolicFlow | None = None

    def part(self, i: int, x: Any) -> Any:
        """Player i's rows of v(x), shape (d_i,)."""
        return self.partition.part(i, self(x)) if self._part is None else self._part(i, x)

    def restricted(self, i: int, x: Any) -> Flow:
        """Player i's own flow, of dimension d_i, while the others' strategies stay those of x."""
        alone = Flow(
            lambda own: self.part(i, self.partition.replaced(i, own, x)),
            partition=self.partition.alone(i),
            check=False,
        )
        alone.kept_in = part_of(self.kept_in, i)
        return alone

    def within(self, sets: Any) -> Self:
        """The same flow, kept by rules and on its paths in these `sets`."""
        other = copy(self)
        for compiled in ("_store", "_linearised_rules"):  # for the other sets
            vars(other).pop(compiled, None)
        other.kept_in = sets
        return other

    def implicit_step(self, sizes: Sequence[Any], x: Any) -> Any:
        """The y with y = x + H v(y), shape (d,), H the step `sizes` by player; NaN where none was found.

        On sets, y = P(x + H v(y)).
        """
        if self.kept_in is None:
            return _root(lambda y: y - x - self.partition.scale(sizes, self(y)), x)

        def moved(y: Any, h: Any) -> Any:
            stepped = x + self.partition.scale(sizes, self(y))
            return y + h * (self.kept_in.project(stepped) - y)

        return self.kept_in.project(fixed_point(moved, x, SHORTER))

    def zero(self, x: Any) -> Any:
        """The zero of v that Newton's method finds from x, shape (d,); NaN where it finds none.

        On sets, the y with y = P(y + v(y)).
        """
        if self.kept_in is None:
            return _root(self, x)

        def moved(y: Any, h: Any) -> Any:
            return self.kept_in.project(y + h * self(y))

        return self.kept_in.project(fixed_point(moved, x, LONGER))

    def trajectory(
        self, x0: Any = None, *, t: float, **options: Any
    ) -> Trajectory | tuple[Trajectory, ...]:
        """The path from x0 over the time `t`; `options`, answer and errors are those of `integrate`.

        `x0`: a start, shape (d,), or a mapping by variable, or many starts, shape (k, d); default: the
        flow's own start. Raises InputError if it has none.
        """
        return integrate(self, given_start(self, x0), t, **options)

    def stepped(self, init: Init, step: Step) -> Map:
        """The map of a step along this flow, on its state in one vector: the profile, then the memory.

        `init`: (flow, x) ↦ the state that begins at x, and `step`: (flow, state) ↦ the next one, as tuples
        of vectors.
        """
        sizes = tuple(vector.shape[0] for vector in init(self, jnp.zeros(self.dimension)))
        return Map(
            lambda state: stack(step(self, split(state, sizes))),
            dimension=sum(sizes),
            variables=lambda: [*self.variables, *_memory_names(self.variables, sizes)],
            name=self.name,
            check=False,
        )

    @cached_property
    def evaluate(self) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """X (n, d) ↦ (v, J) of shapes (n, d) and (n, d, d), in float64, in one compiled batch."""
        return batched(self.function, self.dimension)


def _root(function: Callable[[Any], Any], guess: Any) -> Any:
    """A zero of a function by Newton's method, differentiable by the implicit function theorem."""
    import optimistix

    tolerance = float(64 * jnp.finfo(guess.dtype).eps)
    found = optimistix.root_find(
        lambda y, _: function(y),
        optimistix.Newton(rtol=tolerance, atol=tolerance),
        guess,
        max_steps=64,
        throw=False,
    )
    return jnp.where(found.result == optimistix.RESULTS.successful, found.value, jnp.nan)


def part_of(sets: Any, i: int) -> Any:
    """Player i's own of the sets that a flow is kept in, if there are any."""
    return None if sets is None else sets.of_player(i)


def _memory_names(
    variables: Sequence[str], sizes: Sequence[int], parameters: Iterable[str] = ()
) -> list[str]:
    """Names for the numbers that a step's state holds besides the profile, none of which is taken."""
    names: list[str] = []
    taken = {*variables, *parameters}
    for k, size in enumerate(sizes[1:], 1):
        full = size == len(variables)
        for i in range(size):
            name = f"{variables[i]}{'_' * k}" if full else f"memory{k}_{i}"
            while name in taken:
                name += "_"
            names.append(name)
            taken.add(name)
    return names


class Linear:
    """The affine flow ẋ = Jx + b of a matrix (NumPy or SymPy), on vectors or stacks of tangent vectors.

    `matrix` may be n of them, shape (n, 1, d, d), which then act on n stacks, shape (n, 1, d, k).
    """

    symbolic = False  # it has no expressions, whatever its matrix
    game: Any = None
    field: Any = None
    kept_in: Any = None

    def __init__(self, matrix: Any, partition: Partition, offset: Any = None):
        self.matrix = matrix
        self.partition = partition
        self.offset = offset

    def __call__(self, x: Any) -> Any:
        moved = self.matrix @ x
        return moved if self.offset is None else moved + self.offset

    def part(self, i: int, x: Any) -> Any:
        own = self.partition.part(i, self.matrix) @ x
        return own if self.offset is None else own + self.partition.part(i, self.offset)

    def jvp(self, x: Any, u: Any) -> Any:
        """J u."""
        return self.matrix @ u

    def jacobian(self, x: Any) -> Any:
        """J."""
        return self.matrix

    def restricted(self, i: int, x: Any) -> Linear:
        """Player i's own flow while the others' strategies stay those of x."""
        own = block(self.matrix, self.partition.slices[i])
        forced = self.part(i, x) - own @ self.partition.part(i, x)
        alone = Linear(own, self.partition.alone(i), forced)
        alone.kept_in = part_of(self.kept_in, i)
        return alone

    def implicit_step(self, sizes: Sequence[Any], x: Any) -> Any:
        """The y with y = x + H v(y), H the step sizes by player; on sets y = P(x + H v(y))."""
        forced = x if self.offset is None else x + self.partition.scale(sizes, self.offset)
        moved = self.partition.scale(sizes, self.matrix)
        if self.kept_in is not None:
            forced, moved = self.kept_in.project(forced), self.kept_in.project(moved)
        return solve(eye_like(self.matrix) - moved, forced)

    def zero(self, x: Any) -> Any:
        """The zero of v; on sets the y with y = P(y + v(y))."""
        forced = zeros_like(x) if self.offset is None else -self.offset
        if self.kept_in is None:
            return solve(self.matrix, forced)
        eye = eye_like(self.matrix)
        moved = self.kept_in.project(eye + self.matrix)
        return solve(moved - eye, self.kept_in.project(forced))


class SymbolicFlow(SymbolicSystem):
    """A flow given by one expression per variable: `SymbolicFlow({x: y, y: -x})`.

    - `expressions`: variable, a SymPy symbol, ↦ its velocity, in the variables and in parameters.
    - `parameters`, `box`, `start`, `name`: as for `SymbolicGame`.
    - `partition`: who owns which variables (only rules that move the players separately ask).
    - `angles`: variable ↦ period, of the variables that live on a circle: `angles={phi: 2*pi}`.
    - `conserved`: totals that the flow keeps, name ↦ (total, value), or total alone, whose value is that at
      the start: `conserved={"mass": (A + B, N)}`. Values may be expressions in parameters.

    Raises InputError for right-hand sides that have not the angles' periods or do not keep the totals, for
    all values of parameters.

    In all methods `x` is a point, shape (d, 1), and `i` the position of a player. Called on a column matrix
    of shape (d, 1) it returns v there, shape (d, 1).
    """

    kind = "flow"
    game: Any = None
    field: Any = None
    sets: Any = None
    kept_in: Any = None

    @cached_property
    def domain(self) -> tuple[sympy.Expr, ...]:
        """Those of the game that a field made the flow of, or else of its own expressions."""
        return super().domain if self.game is None else self.game.domain

    def part(self, i: int, x: sympy.MatrixBase) -> sympy.MatrixBase:
        """Player i's rows of v(x), shape (d_i, 1)."""
        return self._at(self.partition.part(i, self.expressions), x)

    def restricted(self, i: int, x: Sequence[Any] | sympy.MatrixBase) -> SymbolicFlow:
        """Player i's own flow, in d_i variables, while the others' strategies stay those of x."""
        own = sympy.Matrix(
            [sympy.Dummy(f"own {v.name}", real=True) for v in self.partition.part(i, self.profile)]
        )
        values = self.part(i, self.partition.replaced(i, own, sympy.Matrix(x)))
        expressions = dict(zip(own, values, strict=True))
        alone = SymbolicFlow(expressions, partition=self.partition.alone(i))
        alone.kept_in = part_of(self.kept_in, i)
        return alone

    def within(self, sets: Any) -> Self:
        """The same flow, kept by rules and on its paths in these `sets`."""
        other = copy(self)
        for compiled in ("_store", "_linearised_rules"):  # for the other sets
            vars(other).pop(compiled, None)
        other.kept_in = sets
        return other

    def implicit_step(self, sizes: Sequence[Any], x: sympy.MatrixBase) -> sympy.MatrixBase:
        """Raises InputError, whatever the `sizes`: the equation of an implicit step is solved numerically."""
        raise InputError("an implicit step has no formula; use the numeric flow (flow.numeric())")

    def zero(self, x: sympy.MatrixBase) -> sympy.MatrixBase:
        """Raises InputError: a best response is solved for numerically."""
        raise InputError("a best response has no formula; use the numeric flow (flow.numeric())")

    def trajectory(
        self, x0: Any = None, *, t: float, **options: Any
    ) -> Trajectory | tuple[Trajectory, ...]:
        """As `Flow.trajectory`, from `x0` over `t`, with its `options`; parameters have their own values."""
        return self.twin.trajectory(x0, t=t, **options)

    def stepped(self, init: Init, step: Step) -> SymbolicMap:
        """The map of a step along this flow, on its state in one vector: the profile, then the memory.

        `init`: (flow, x) ↦ the state that begins at x, and `step`: (flow, state) ↦ the next one, as tuples
        of vectors.
        """
        sizes = tuple(vector.shape[0] for vector in init(self, self.profile))
        others = {s.name for s in self._symbols()}
        names = _memory_names([v.name for v in self.variables], sizes, others)
        symbols = [*self.variables, *(sympy.Symbol(name, real=True) for name in names)]
        after = stack(step(self, split(sympy.Matrix(symbols), sizes)))
        return SymbolicMap(
            dict(zip(symbols, after, strict=True)), parameters=self.parameters, name=self.name
        )

    def numeric(self, parameters: Mapping[Any, Any] | None = None) -> Flow:
        """The same flow in JAX, at the values of `parameters`, name ↦ number (default: the flow's own)."""
        game = None if self.game is None else self.game.at_values(parameters)[0]
        function = within(self.compiled(parameters), game)
        flow = Flow(function, **self.numeric_arguments(parameters), check=False)
        flow._lives_where(self.real, self.real.values(parameters))
        flow.game, flow.field = game, self.field
        flow.sets = None if game is None else game.sets
        flow.kept_in = None if self.kept_in is None else flow.sets
        return flow
