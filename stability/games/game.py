"""Differentiable games in JAX: n players, general sum, strategies any pytrees."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cached_property, partial
from typing import Any, Self

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

from ..dynamics.linearization import Linearization, Products
from ..dynamics.partition import Partition
from ..dynamics.system import named_box, real_vector
from ..errors import InputError, InputTypeError


class Game:
    """An n-player game: player i owns the strategy x_i and minimises L_i(x_1, …, x_n).

    **Arguments:**

    - `losses`: name ↦ loss, in player order. A loss is called with every player's strategy, in player
      order and as the pytrees of `start`, then `*data`; it returns a real scalar.
    - `start`: name ↦ strategy, any pytree of floating-point arrays or Python numbers.
    - `data`: further arguments of every loss (arrays; traced, never baked into the compiled code).
    - `variables`: d names for the coordinates; default from the players' names and the pytrees' paths.
    - `box`: variable ↦ (low, high), where equilibria are searched; default: around `start`.
    - `minimizer`: the outer player when a two-player zero-sum game is read as min max; default: the first.

    Inside, a *profile* is all strategies stacked in player order into one flat vector of shape (d,).
    Every operation is compiled once for each shape and dtype.

    Raises InputError or InputTypeError, at construction, for a loss that is not a finite real scalar
    at `start`, cannot be traced by JAX, or changes from call to call.
    """

    kind = "game"

    def __init__(
        self,
        losses: Mapping[str, Callable[..., Any]],
        *,
        start: Mapping[str, Any],
        data: Sequence[Any] = (),
        name: str = "game",
        variables: Sequence[str] | None = None,
        box: Mapping[str, tuple[float, float]] | None = None,
        minimizer: str | int = 0,
        check: bool = True,
    ):
        players = _players(losses, start)
        self._losses = tuple(losses[player] for player in players)
        for player, loss in zip(players, self._losses, strict=True):
            if not callable(loss):
                raise InputTypeError(f"the loss of player {player!r} is no function but {loss!r}")
        flat = [jax.tree_util.tree_flatten_with_path(start[player]) for player in players]
        leaves = [
            [_leaf(p, path, leaf) for path, leaf in pairs]
            for p, (pairs, _) in zip(players, flat, strict=True)
        ]
        self._trees = tuple(tree for _, tree in flat)
        self._shapes = tuple(tuple(leaf.shape for leaf in own) for own in leaves)
        self.name = name
        self.partition = Partition(players, tuple(sum(leaf.size for leaf in own) for own in leaves))
        for player, size in zip(players, self.partition.sizes, strict=True):
            if size == 0:
                raise InputError(f"player {player!r} owns no numbers; leave the player out")
        self.start: np.ndarray = np.concatenate([leaf.ravel() for own in leaves for leaf in own])
        self.data = tuple(data)
        names = variables or [
            coordinate
            for player, (pairs, _) in zip(players, flat, strict=True)
            for path, leaf in pairs
            for coordinate in _coordinates(player, path, np.shape(leaf))
        ]
        self.variables: tuple[str, ...] = tuple(names)
        if not len(set(self.variables)) == len(self.variables) == self.dimension:
            raise InputError(f"the game needs {self.dimension} different variable names")
        self.box = named_box(box or {}, self.variables)
        self.minimizer = self.partition.index(minimizer)
        if check:
            self._check()

    @property
    def players(self) -> tuple[str, ...]:
        return self.partition.players

    @property
    def dimension(self) -> int:
        return self.partition.dimension

    def pack(self, strategies: Mapping[str, Any]) -> jax.Array:
        """The profile, shape (d,), of strategies shaped as `start`. Raises InputError if they are not."""
        parts = []
        for player, tree, shapes in zip(
            _players(self._by_name, strategies), self._trees, self._shapes, strict=True
        ):
            leaves, structure = jax.tree_util.tree_flatten(strategies[player])
            if structure != tree or tuple(np.shape(leaf) for leaf in leaves) != shapes:
                raise InputError(
                    f"the strategy of player {player!r} is not shaped as in the game's start"
                )
            parts += [jnp.ravel(jnp.asarray(leaf)) for leaf in leaves]
        return jnp.concatenate(parts)

    def unpack(self, x: Any) -> tuple[Any, ...]:
        """The players' strategies, as pytrees in player order, of a profile of shape (d,)."""
        x = jnp.asarray(x)
        strategies, begin = [], 0
        for tree, shapes in zip(self._trees, self._shapes, strict=True):
            leaves = []
            for shape in shapes:
                end = begin + math.prod(shape)
                leaves.append(x[begin:end].reshape(shape))
                begin = end
            strategies.append(jax.tree_util.tree_unflatten(tree, leaves))
        return tuple(strategies)

    def with_terms(self, terms: Mapping[str, Callable[[Any, Any], Any]]) -> Self:
        """The same game with a term added to some players' losses: `terms` is player ↦ term.

        A term is a function `term(game, x)` that returns a real scalar. It is called with this game, at the
        data that the loss is evaluated on, and a profile, and uses the operations that `Game` and
        `SymbolicGame` share. It may hold numbers that JAX traces, so it is called only when the new game is.

        Raises InputError for a player that does not exist.
        """
        game = copy(self)
        losses = list(self._losses)
        for player, term in terms.items():
            i = self.partition.index(player)
            losses[i] = partial(self._loss_and_term, i, term)
        game._losses = tuple(losses)
        for compiled in ("_operations", "_products"):  # from the losses without terms
            vars(game).pop(compiled, None)
        return game

    def _loss_and_term(self, i: int, term: Callable[[Any, Any], Any], *arguments: Any) -> Any:
        n = len(self.players)
        game = copy(self)
        game.data = arguments[n:]
        x = self.pack(dict(zip(self.players, arguments[:n], strict=True)))
        value = jnp.asarray(term(game, x))
        if value.shape != ():
            raise InputTypeError(
                f"a term of the loss of player {self.players[i]!r} must be a scalar, not shape {value.shape}"
            )
        return self._losses[i](*arguments) + value.astype(x.dtype)

    @property
    def _by_name(self) -> dict[str, Callable[..., Any]]:
        return dict(zip(self.players, self._losses, strict=True))

    # Pure functions of (x, data); everything below is jitted from these.

    def _loss(self, i: int, x: Any, data: Any) -> Any:
        return self._losses[i](*self.unpack(x), *data)

    def _loss_vector(self, x: Any, data: Any) -> Any:
        strategies = self.unpack(x)
        return jnp.stack([jnp.asarray(loss(*strategies, *data), x.dtype) for loss in self._losses])

    def _player_field(self, i: int, x: Any, data: Any) -> Any:
        own = self.partition.slices[i]
        return -jax.grad(lambda part: self._loss(i, x.at[own].set(part), data))(x[own])

    def _field(self, x: Any, data: Any) -> Any:
        return jnp.concatenate([self._player_field(i, x, data) for i in range(len(self.players))])

    def _gradient(self, i: int, x: Any, data: Any) -> Any:
        return jax.grad(partial(self._loss, i))(x, data)

    def _solve(self, players: tuple[int, ...], transposed: bool, x: Any, b: Any, data: Any) -> Any:
        index = np.concatenate(
            [np.arange(self.dimension)[self.partition.slices[i]] for i in players]
        )
        directions = (
            jnp.zeros((len(index), self.dimension), x.dtype).at[np.arange(len(index)), index].set(1)
        )
        columns = jax.vmap(lambda u: self._jvp(x, u, data), out_axes=1)(directions)
        matrix = columns[index]
        return jnp.linalg.solve(matrix.T if transposed else matrix, b)

    def _hessian(self, i: int, x: Any, data: Any) -> Any:
        return jax.hessian(partial(self._loss, i))(x, data)

    def _constrained_hessian(self, leader: int, follower: int, x: Any, w: Any, data: Any) -> Any:
        own = self.partition.slices[follower]

        def lagrangian(x):
            follower_gradient = jax.grad(partial(self._loss, follower))(x, data)[own]
            return self._loss(leader, x, data) - w @ follower_gradient

        return jax.hessian(lagrangian)(x)

    def _jvp(self, x: Any, u: Any, data: Any) -> Any:
        return jax.jvp(lambda y: self._field(y, data), (x,), (u,))[1]

    def _vjp(self, x: Any, u: Any, data: Any) -> Any:
        return jax.vjp(lambda y: self._field(y, data), x)[1](u)[0]

    def _derivatives(self, x: Any, data: Any) -> tuple[Any, Any]:
        n = range(len(self.players))
        gradients = jnp.stack([jax.grad(partial(self._loss, i))(x, data) for i in n])
        return gradients, jnp.stack([self._hessian(i, x, data) for i in n])

    @cached_property
    def _operations(self) -> dict[str, tuple[Callable[..., Any], Callable[..., Any]]]:
        """Every operation, pure and jitted; jitted once, so compiled once for each shape and dtype."""
        operations = {
            "losses": (self._loss_vector, ()),
            "field": (self._field, ()),
            "player_field": (self._player_field, (0,)),
            "gradient": (self._gradient, (0,)),
            "jvp": (self._jvp, ()),
            "solve": (self._solve, (0, 1)),
            "vjp": (self._vjp, ()),
            "jacobian": (jax.jacfwd(self._field), ()),
            "derivatives": (self._derivatives, ()),
            "constrained_hessian": (self._constrained_hessian, (0, 1)),
        }
        return {
            name: (f, jax.jit(f, static_argnums=static)) for name, (f, static) in operations.items()
        }

    @cached_property
    def _products(self) -> Products:
        return Products(self._field, self.partition)

    def linearize(self, x: Any) -> Linearization:
        """J = ∂v/∂x at the profile x as an operator: what every product needs is computed once."""
        return self._products.at(real_vector(x, self.dimension), self.data)

    def _call(self, operation: str, x: Any, *more: Any, static: tuple[Any, ...] = ()) -> Any:
        x = real_vector(x, self.dimension)
        pure, jitted = self._operations[operation]
        # inside someone else's trace a jit of our own would only slow the tracing down
        function = pure if isinstance(x, jax.core.Tracer) else jitted
        return function(*static, x, *more, self.data)

    def losses(self, x: Any) -> Any:
        """(L_1, …, L_n) at the profile x, shape (n,)."""
        return self._call("losses", x)

    def field(self, x: Any) -> Any:
        """The gradient field v = −(∇₁L₁, …, ∇ₙLₙ), shape (d,)."""
        return self._call("field", x)

    def player_field(self, player: str | int, x: Any) -> Any:
        """−∇ᵢLᵢ, one player's part of the field, shape (d_i,)."""
        return self._call("player_field", x, static=(self.partition.index(player),))

    def gradient(self, player: str | int, x: Any) -> Any:
        """∇L_i over the whole profile, shape (d,)."""
        return self._call("gradient", x, static=(self.partition.index(player),))

    def solve(self, players: Sequence[int], x: Any, b: Any, transposed: bool = False) -> Any:
        """The z with J_pp z = b (or J_ppᵀ z = b), J_pp the block of J of some players, by position."""
        return self._call("solve", x, jnp.asarray(b), static=(tuple(players), transposed))

    def jvp(self, x: Any, u: Any) -> Any:
        """J u with J = ∂v/∂x, shape (d,)."""
        return self._call("jvp", x, real_vector(u, self.dimension))

    def vjp(self, x: Any, u: Any) -> Any:
        """Jᵀ u with J = ∂v/∂x, shape (d,)."""
        return self._call("vjp", x, real_vector(u, self.dimension))

    def jacobian(self, x: Any) -> Any:
        """J = ∂v/∂x, shape (d, d): stable means that every eigenvalue has a negative real part."""
        return self._call("jacobian", x)

    def block(self, row: str | int, column: str | int, x: Any) -> Any:
        """The block ∂v_row/∂x_column of J, shape (d_row, d_column)."""
        i, j = self.partition.index(row), self.partition.index(column)
        return self.jacobian(x)[self.partition.slices[i], self.partition.slices[j]]

    def derivatives(self, x: Any) -> tuple[Any, Any]:
        """∇L_i and ∇²L_i with respect to the whole profile, by player: shapes (n, d) and (n, d, d)."""
        return self._call("derivatives", x)

    def constrained_hessian(self, leader: str | int, follower: str | int, x: Any, w: Any) -> Any:
        """∇²(L_leader − wᵀ∇_follower L_follower) with w held fixed, shape (d, d).

        With w = (∇²L_f)⁻¹∇_f L_l this is the Lagrangian Hessian of the leader's problem `min L_l` subject
        to `∇_f L_f = 0`; sandwiched with (I, r′) it gives the total second derivative along the
        follower's response r.
        """
        i, j = self.partition.index(leader), self.partition.index(follower)
        return self._call("constrained_hessian", x, jnp.asarray(w), static=(i, j))

    def _check(self) -> None:
        x = jnp.asarray(self.start)
        for i, player in enumerate(self.players):
            try:
                first, again = (
                    jax.make_jaxpr(partial(self._loss, i))(x, self.data) for _ in range(2)
                )
            except Exception as error:
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                raise InputError(
                    f"the loss of player {player!r} fails under JAX: {reason} "
                    "(losses take every player's strategy in player order, then the data, and use jax.numpy)"
                ) from error
            if len(first.out_avals) != 1:
                raise InputTypeError(f"the loss of player {player!r} must return one number")
            value = first.out_avals[0]
            if value.shape != ():
                raise InputTypeError(
                    f"the loss of player {player!r} must return a scalar, not shape {value.shape}; "
                    "take a mean or a sum"
                )
            if not jnp.issubdtype(value.dtype, jnp.floating):
                raise InputTypeError(
                    f"the loss of player {player!r} must return a real floating-point number, "
                    f"not {value.dtype}"
                )
            if str(first) != str(again) or not _same(first.consts, again.consts):
                raise InputError(
                    f"the loss of player {player!r} changes from call to call; pass random numbers "
                    "(or a JAX key) as data instead of drawing them inside"
                )
        bad = [
            p
            for p, value in zip(self.players, self.losses(x), strict=True)
            if not np.isfinite(value)
        ]
        if bad:
            raise InputError(f"the loss of player {bad[0]!r} is not finite at the start")


def zero_sum(
    value: Callable[..., Any],
    *,
    minimizer: str,
    maximizer: str,
    start: Mapping[str, Any],
    data: Sequence[Any] = (),
    **options: Any,
) -> Game:
    """The two-player zero-sum game min over `minimizer`, max over `maximizer` of `value`.

    `value` is called with the strategies in the order of `start`, then `*data`. Options as for `Game`.
    """
    if (
        not isinstance(start, Mapping)
        or set(start) != {minimizer, maximizer}
        or minimizer == maximizer
    ):
        raise InputError(
            f"a zero-sum game has two players: start maps {minimizer!r} and {maximizer!r} "
            "to their strategies and names nobody else"
        )
    losses = {p: value if p == minimizer else lambda *args: -value(*args) for p in start}
    return Game(losses, start=start, data=data, minimizer=minimizer, **options)


def _players(losses: Mapping[str, Any], start: Mapping[str, Any]) -> tuple[str, ...]:
    if not isinstance(losses, Mapping) or not isinstance(start, Mapping):
        raise InputTypeError("losses and start are mappings from player names")
    if not losses:
        raise InputError("a game needs at least one player")
    for player in losses:
        if not isinstance(player, str) or not player:
            raise InputTypeError(f"a player's name is a non-empty string, not {player!r}")
        if player not in start:
            raise InputError(f"player {player!r} has a loss but no strategy in start")
    for player in start:
        if player not in losses:
            raise InputError(f"player {player!r} has a strategy in start but no loss")
    return tuple(losses)


def _leaf(player: str, path: Any, leaf: Any) -> np.ndarray:
    where = f"the start of player {player!r}" + jax.tree_util.keystr(path)
    if type(leaf) in (int, float):
        leaf = np.asarray(leaf, dtype=float)
    if not isinstance(leaf, (np.ndarray, np.generic, jax.Array)):
        raise InputTypeError(f"{where} is no array but {leaf!r}")
    if not jnp.issubdtype(leaf.dtype, jnp.floating):
        raise InputTypeError(f"{where} holds {leaf.dtype}; strategies are floating-point arrays")
    array = np.asarray(leaf)
    if not np.isfinite(array.astype(float)).all():
        raise InputError(f"{where} holds a number that is not finite")
    return array


def _coordinates(player: str, path: Any, shape: tuple[int, ...]) -> list[str]:
    base = player + jax.tree_util.keystr(path, simple=True, separator=".").join(
        [".", ""] if path else ["", ""]
    )
    return [
        base + (f"[{','.join(map(str, index))}]" if shape else "") for index in np.ndindex(*shape)
    ]


def _same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(np.asarray(a), np.asarray(b)) for a, b in zip(one, other, strict=True)
    )
