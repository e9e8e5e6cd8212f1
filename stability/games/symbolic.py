"""The same games in SymPy, where fields, Jacobians and critical steps have closed forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import jax.numpy as jnp
import sympy

from ..dynamics.domain import partial_parts
from ..dynamics.functions import jax_scalar_function, jax_vector_function, many_terms
from ..dynamics.partition import Partition
from ..dynamics.symbols import by_name, check_symbols, expression
from ..dynamics.system import SymbolicSystem
from ..dynamics.vectors import solve
from ..errors import InputError, InputTypeError, SingularError
from .game import Game
from .sets import Sets, resolved


class SymbolicGame(SymbolicSystem):
    """An n-player game given by expressions.

    **Arguments:**

    - `players`: name ↦ (symbols the player owns, loss), in player order. Symbols that nobody owns are
      parameters.
    - `parameters`: symbol or name ↦ value, for parameters that have one (0.1 is read as 1/10).
    - `box`, `start`: variable or name ↦ (low, high), and ↦ number.
    - `minimizer`: the outer player when a two-player zero-sum game is read as min max; default: the first.
    - `sets`: player ↦ where the strategy lives, `Bounds`, `Simplex`, `Ball` or a list of them; default: no
      limit. Their limits may be expressions of parameters.
    - `name`: what reports call the game.

    The operations are `Game`'s, on column matrices of shape (d, 1); the profile `x` may be left out and is
    then the variables themselves; `player`, `row`, `column`, `leader` and `follower` are players, by name or
    position. Raises InputError for a variable owned twice and a loss that is no
    real scalar expression; for sets see `sets.resolve.resolved`.
    """

    kind = "game"
    strategic_form: Any = None  # of a game that was made from one

    def __init__(
        self,
        players: Mapping[str, tuple[Sequence[sympy.Symbol], Any]],
        *,
        parameters: Mapping[Any, Any] | None = None,
        box: Mapping[Any, Any] | None = None,
        start: Mapping[Any, Any] | None = None,
        name: str | None = None,
        minimizer: str | int = 0,
        sets: Mapping[str, Any] | Sets | None = None,
    ):
        if not players:
            raise InputError("a game needs at least one player")
        variables, losses, sizes = [], [], []
        for player, owned in players.items():
            try:
                own, loss = owned
                own = [own] if isinstance(own, sympy.Symbol) else list(own)
            except (TypeError, ValueError):
                raise InputTypeError(
                    f"player {player!r} is given as ([symbols], loss), not {owned!r}"
                ) from None
            if not own:
                raise InputError(f"player {player!r} owns no variable; leave the player out")
            loss = expression(loss, f"the loss of player {player!r}")
            variables += own
            sizes.append(len(own))
            losses.append(loss)
        check_symbols(variables)
        self._losses = tuple(by_name(loss, variables) for loss in losses)
        partition = Partition(tuple(players), tuple(sizes))
        names = [v.name for v in variables]
        own_names = [[("", (size,))] for size in sizes]
        self.sets: Sets = resolved(sets, partition, own_names, lambda: names, exact=True)
        self._check_limits(names)
        self._describe(tuple(variables), partition, parameters, box, start, name)
        self.minimizer = partition.index(minimizer)

    def _symbols(self) -> set[sympy.Symbol]:
        return self.sets.symbols.union(*(loss.free_symbols for loss in self._losses))

    def _check_limits(self, names: Sequence[str]) -> None:
        moving = sorted({s.name for s in self.sets.symbols} & set(names))
        if moving:
            raise InputError(
                f"a limit depends on the variable {moving[0]}; the players' sets are fixed, and their limits "
                "numbers or expressions of parameters"
            )

    def _description(self, mapping: Mapping[sympy.Symbol, sympy.Symbol]) -> dict[str, Any]:
        return {**super()._description(mapping), "sets": self.sets.put(mapping)}

    @property
    def players(self) -> tuple[str, ...]:
        return self.partition.players

    def losses(self, x: sympy.MatrixBase | None = None) -> tuple[sympy.Expr, ...]:
        """(L_1, …, L_n) at x."""
        return tuple(self._at(loss, x) for loss in self._losses)

    # Derivatives are taken over real symbols: over bare ones |x| has one that SymPy cannot put numbers into.

    @cached_property
    def _gradients(self) -> sympy.Matrix:
        if self.real is not self:
            return self._in_own_symbols(self.real._gradients)
        return sympy.Matrix(
            [[_derivative(loss, v) for v in self.variables] for loss in self._losses]
        )

    def _in_own_symbols(self, matrix: sympy.Matrix) -> sympy.Matrix:
        bare = {s for s in {*self._symbols(), *self.variables} if s.is_real is None}
        return matrix.xreplace({sympy.Symbol(s.name, real=True): s for s in bare})

    @cached_property
    def domain(self) -> tuple[sympy.Expr, ...]:
        """The parts of the losses that have to be real and finite, over real symbols."""
        return partial_parts(self.real.losses())

    @cached_property
    def expressions(self) -> sympy.Matrix:
        """The gradient field at the variables, shape (d, 1)."""
        if self.real is not self:
            return self._in_own_symbols(self.real.expressions)
        own = zip(self._losses, self.partition.slices, strict=True)
        return sympy.Matrix(
            [-_derivative(loss, v) for loss, part in own for v in self.variables[part]]
        )

    @cached_property
    def _hessians(self) -> tuple[sympy.Matrix, ...]:
        if self.real is not self:
            return tuple(map(self._in_own_symbols, self.real._hessians))
        return tuple(
            self._gradients[i, :].jacobian(self.variables) for i in range(len(self._losses))
        )

    @cached_property
    def _own_jacobian(self) -> sympy.Matrix:
        if self.real is not self:
            return self._in_own_symbols(self.real._own_jacobian)
        return sympy.Matrix(
            [[_derivative(own, v) for v in self.variables] for own in self.expressions]
        )

    def field(self, x: sympy.MatrixBase | None = None) -> sympy.MatrixBase:
        """The gradient field v = −(∇₁L₁, …, ∇ₙLₙ), shape (d, 1)."""
        return self._at(self.expressions, x)

    def player_field(
        self, player: str | int, x: sympy.MatrixBase | None = None
    ) -> sympy.MatrixBase:
        """−∇ᵢLᵢ, one player's part of the field, shape (d_i, 1)."""
        return self._at(self.partition.part(self.partition.index(player), self.expressions), x)

    def gradient(self, player: str | int, x: sympy.MatrixBase | None = None) -> sympy.MatrixBase:
        """∇L_i over the whole profile, shape (d, 1)."""
        return self._at(self._gradients[self.partition.index(player), :].T, x)

    def solve(
        self,
        players: Sequence[int],
        x: sympy.MatrixBase | None,
        b: sympy.MatrixBase,
        transposed: bool = False,
    ) -> sympy.MatrixBase:
        """The z with J_pp z = b, J_pp the block of J of some `players`, given by position.

        `b` and z have shape (d_p, m), d_p the numbers that these players own. `transposed` takes J_ppᵀ.
        """
        index = [k for i in players for k in range(self.dimension)[self.partition.slices[i]]]
        matrix = self._at(self._own_jacobian.extract(index, index), x)
        try:
            return solve(matrix.T if transposed else matrix, b)
        except SingularError:
            names = ", ".join(self.players[i] for i in players)
            raise SingularError(
                f"the second derivative of {names} in the own strategy is singular everywhere, "
                "and this field needs its inverse"
            ) from None

    def block(
        self, row: str | int, column: str | int, x: sympy.MatrixBase | None = None
    ) -> sympy.MatrixBase:
        """The block ∂v_row/∂x_column of J, shape (d_row, d_column)."""
        i, j = self.partition.index(row), self.partition.index(column)
        return self._at(self._own_jacobian[self.partition.slices[i], self.partition.slices[j]], x)

    def derivatives(
        self, x: sympy.MatrixBase | None = None
    ) -> tuple[sympy.MatrixBase, tuple[sympy.MatrixBase, ...]]:
        """∇L_i, shape (n, d), and the ∇²L_i, n matrices of shape (d, d), over the whole profile."""
        return self._at(self._gradients, x), tuple(self._at(h, x) for h in self._hessians)

    def constrained_hessian(
        self,
        leader: str | int,
        follower: str | int,
        x: sympy.MatrixBase | None,
        w: sympy.MatrixBase,
    ) -> sympy.MatrixBase:
        """∇²(L_leader − wᵀ∇_follower L_follower), `w` of shape (d_follower, 1) held fixed; see `Game`."""
        i, j = self.partition.index(leader), self.partition.index(follower)
        gradient = self._gradients[j, self.partition.slices[j]]
        third = sympy.zeros(self.dimension, self.dimension)
        for weight, component in zip(w, gradient, strict=True):
            if weight != 0:
                third += weight * self._at(sympy.hessian(component, self.variables), x)
        return self._at(self._hessians[i], x) - third

    def with_terms(self, terms: Mapping[str, Callable[[Any, Any], Any]]) -> Self:
        """The same game with a term added to some players' losses: `terms` is player ↦ term.

        A term is a function `term(game, x)` that returns a real expression; see `Game.with_terms`. It is
        called with this game over real symbols, because SymPy would differentiate |x| into something
        else over bare ones.

        Raises InputError for a player that does not exist, and InputTypeError for a term that is no real
        scalar expression.
        """
        real = self.real
        symbols = {*self._symbols(), *self.variables}
        own = {sympy.Symbol(s.name, real=True): s for s in symbols if s.is_real is None}
        losses = list(self._losses)
        for player, term in terms.items():
            value = expression(term(real, real.profile), f"a term of the loss of player {player!r}")
            losses[self.partition.index(player)] += value.xreplace(own)
        players = {
            player: (self.variables[s], loss)
            for player, s, loss in zip(self.players, self.partition.slices, losses, strict=True)
        }
        return type(self)(players, minimizer=self.minimizer, **self._description({}))

    def renamed(self, mapping: Mapping[sympy.Symbol, sympy.Symbol]) -> Self:
        """The same system with some symbols exchanged: `mapping` is old ↦ new."""
        players = {
            player: (
                [mapping.get(v, v) for v in self.variables[s]],
                loss.xreplace(mapping),
            )
            for player, s, loss in zip(
                self.players, self.partition.slices, self._losses, strict=True
            )
        }
        game = type(self)(players, minimizer=self.minimizer, **self._description(mapping))
        return self._same_form(game, mapping)

    def _same_form(self, game: Self, mapping: Mapping[sympy.Symbol, sympy.Symbol]) -> Self:
        """The game, which is this one over other symbols, with this one's strategic form over them."""
        if self.strategic_form is not None:
            game.strategic_form = self.strategic_form.renamed(mapping)
        return game

    def of_single_players(self, x: Sequence[Any]) -> SymbolicGame:
        """The game that somebody plays at the profile x (d,) who does not move it, being one of many.

        It is the game itself unless it is one within a population.
        """
        return self

    def numeric(self, parameters: Mapping[Any, Any] | None = None) -> Game:
        """The same game in JAX, at the given parameter values (default: the game's own).

        Only the losses are translated; JAX differentiates them by itself, so the two engines check each
        other. Raises InputError if a parameter has no value.
        """
        real = self.real
        values = real.values(parameters)
        expressions = [loss.xreplace(values) for loss in real.losses()]
        losses = {
            player: _on_strategies(jax_scalar_function(real.variables, loss))
            for player, loss in zip(self.players, expressions, strict=True)
        }
        game = Game(losses, **self._numeric_options(values))
        if many_terms(expressions):
            game._joint = jax_vector_function(real.variables, expressions)
        game.total = not self.domain or not partial_parts(expressions)
        return game

    def _numeric_options(self, values: Mapping[sympy.Symbol, sympy.Expr]) -> dict[str, Any]:
        """What a game in JAX is told besides its losses, at these values of the parameters."""
        sets = self.real.sets.put(values).numeric()
        start = sets.middle if self.start is None else self.start
        return {
            "start": {
                p: start[s] for p, s in zip(self.players, self.partition.slices, strict=True)
            },
            "name": self.name,
            "variables": [v.name for v in self.variables],
            "box": self.box,
            "minimizer": self.minimizer,
            "sets": sets,
            "check": False,
        }


def _derivative(expression: sympy.Expr, v: sympy.Symbol) -> sympy.Expr:
    """∂/∂v, term by term: of a sum of many terms most do not hold v, and SymPy would look at each."""
    if not expression.is_Add:
        return sympy.diff(expression, v)
    return sympy.Add(*(sympy.diff(term, v) for term in expression.args if term.has_free(v)))


def _on_strategies(function):
    def loss(*strategies):
        return function(jnp.concatenate(strategies))

    return loss
