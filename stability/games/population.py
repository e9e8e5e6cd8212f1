"""Games within one population, whose field is the payoff vector and not the gradient of anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NoReturn, Self

import jax.numpy as jnp
import sympy

from ..dynamics.functions import jax_scalar_function, jax_vector_function
from ..errors import InputError
from .game import Game
from .symbolic import SymbolicGame

_NO_LOSS = (
    "in a game within one population the strategies have payoffs, and there is no loss that something "
    "could be added to; write the game as two players"
)


class SymbolicPopulationGame(SymbolicGame):
    """A game that a population plays within itself (Sandholm 2010): its state x, the shares of the pure
    strategies, decides what each of these gets, F_i(x).

    **Arguments:**

    - `player`: the population's name. `variables`: the shares, symbols.
    - `payoffs`: F, an expression for each share; F = A x where members meet at random and play a matrix game.
    - `options`: the other arguments of `SymbolicGame`.

    Somebody in the population who plays y loses L(y; x) = −Σ y_i F_i(x), and does not move x, being one of
    very many. So derivatives of the loss are taken in y at y = x: the gradient field is v = F(x) itself, the
    second derivative in the own strategy is 0, and the Jacobian is J = ∂F/∂x, symmetric only in potential
    games. (For F = A x the field −∇ of −xᵀAx/2 would have the symmetric part of A alone.) It is the game of
    two players with the same choices, on the diagonal of their profiles. The loss that is shown is minus the
    mean payoff.
    """

    def __init__(
        self,
        player: str,
        variables: Sequence[sympy.Symbol],
        payoffs: Sequence[sympy.Expr],
        **options: Any,
    ):
        self._payoffs = tuple(payoffs)
        mean = sympy.Add(*(x * f for x, f in zip(variables, payoffs, strict=True)))
        super().__init__({player: (variables, -sympy.expand(mean))}, **options)

    def _symbols(self) -> set[sympy.Symbol]:
        return super()._symbols().union(*(payoff.free_symbols for payoff in self._payoffs))

    @cached_property
    def expressions(self) -> sympy.Matrix:
        return sympy.Matrix(self._payoffs)

    @cached_property
    def _gradients(self) -> sympy.Matrix:
        return -self.expressions.T

    @cached_property
    def _hessians(self) -> tuple[sympy.Matrix, ...]:
        return (sympy.zeros(self.dimension, self.dimension),)

    @cached_property
    def _own_jacobian(self) -> sympy.Matrix:
        return self.expressions.jacobian(self.variables)

    def of_single_players(self, x: Sequence[Any]) -> SymbolicGame:
        at = dict(zip(self.variables, x, strict=True))
        worth = [payoff.xreplace(at) for payoff in self._payoffs]
        loss = -sympy.Add(*(y * f for y, f in zip(self.variables, worth, strict=True)))
        return SymbolicGame({self.players[0]: (self.variables, loss)}, **self._description({}))

    def with_terms(self, terms: Any) -> NoReturn:
        """Raises InputError, whatever the `terms`: there is no loss to add them to."""
        raise InputError(_NO_LOSS)

    def renamed(self, mapping: Mapping[sympy.Symbol, sympy.Symbol]) -> Self:
        game = type(self)(
            self.players[0],
            [mapping.get(v, v) for v in self.variables],
            [payoff.xreplace(mapping) for payoff in self._payoffs],
            **self._description(mapping),
        )
        return self._same_form(game, mapping)

    def numeric(self, parameters: Mapping[Any, Any] | None = None) -> Game:
        real = self.real
        values = real.values(parameters)
        own = jax_scalar_function(real.variables, real.losses()[0].xreplace(values))
        payoffs = jax_vector_function(real.variables, list(real.expressions.xreplace(values)))
        return PopulationGame(self.players[0], own, payoffs, **self._numeric_options(values))


class PopulationGame(Game):
    """`SymbolicPopulationGame` in JAX.

    - `player`: the population's name. `loss`: x (d,) ↦ −Σ x_i F_i(x). `payoffs`: x (d,) ↦ F(x), shape (d,).
    - `options`: the other arguments of `Game`.
    """

    def __init__(self, player: str, loss: Any, payoffs: Any, **options: Any):
        self._payoffs = payoffs
        super().__init__({player: loss}, **options)

    def of_single_players(self, x: Any) -> Game:
        worth = self._payoffs(jnp.asarray(x))
        return Game(
            {self.players[0]: lambda y: -y @ worth},
            start={self.players[0]: self.start},
            variables=self.variables,
            sets=self.sets,
            name=self.name,
            check=False,
        )

    def with_terms(self, terms: Any, *, mean: bool = False) -> NoReturn:
        """Raises InputError, whatever the `terms` and the `mean`: there is no loss to add them to."""
        raise InputError(_NO_LOSS)

    def _base_field(self, x: Any, samples: Any) -> Any:
        return self._payoffs(x)

    def _sample_player_field(self, i: int, x: Any, samples: Any) -> Any:
        return self._payoffs(x)

    def _gradient(self, i: int, x: Any, data: Any) -> Any:
        return -self._payoffs(x)

    def _hessian(self, i: int, x: Any, data: Any) -> Any:
        return jnp.zeros((self.dimension, self.dimension), x.dtype)

    def _derivatives(self, x: Any, data: Any) -> tuple[Any, Any]:
        return self._gradient(0, x, data)[None], self._hessian(0, x, data)[None]
