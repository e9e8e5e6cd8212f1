"""Differentiable games in JAX: n players, general sum, strategies any pytrees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Self

import jax
import jax.core
import jax.numpy as jnp
import numpy as np

from ..dynamics.linearisation import Linearisation, Products
from ..dynamics.partition import Partition
from ..dynamics.points import named_box, real_vector
from ..dynamics.positive_settings import check_whole
from ..dynamics.true_derivatives import hindrances, refuse_if_wrong
from ..errors import InputError, InputTypeError, line_of_user
from .batches import samples
from .pure_losses import PureGame, Term
from .purity import impurity
from .sets import Sets, resolved
from .strategies import CoordinateNames, players_of, strategies_of

_DENSE = 500  # the largest dimension at which a field asks whether the losses are real


class Game(PureGame):
    """An n-player game: player i owns the strategy x_i and minimises L_i(x_1, …, x_n).

    **Arguments:**

    - `losses`: name ↦ loss, in player order. A loss is called with every player's strategy, in player
      order and as the pytrees of `start`, then `*data`; it returns a real scalar.
    - `start`: name ↦ strategy, any pytree of floating-point arrays or Python numbers.
    - `data`: further arguments of every loss (arrays; traced, never baked into the compiled code).
    - `variables`: d names for the coordinates; default from the players' names and the pytrees' paths.
    - `box`: variable ↦ (low, high), where equilibria are searched; default: around `start`.
    - `minimizer`: the outer player when a two-player zero-sum game is read as min max; default: the first.
    - `sets`: player ↦ where the strategy lives, `Bounds`, `Simplex`, `Ball` or a list of them; default: no
      limit. A start that is outside by rounding alone is projected.
    - `name`: what reports call the game.
    - `check`: whether the losses are looked at, as below.

    Inside, a *profile* is all strategies stacked in player order into one flat vector of shape (d,).
    Every operation is compiled once for each shape and dtype. In all methods `x` is a profile, `u` a vector
    like it, and `player`, `row`, `column`, `leader` and `follower` are players, by name or position.

    Raises InputError or InputTypeError, at construction, for a loss that is not a finite real scalar
    at `start`, cannot be traced by JAX, or changes from call to call, and for a start outside the sets; for
    sets see `sets.resolve.resolved`.
    """

    kind = "game"
    total: bool  # whether fields may take the losses for real and finite everywhere

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
        sets: Mapping[str, Any] | Sets | None = None,
        check: bool = True,
    ):
        strategies = strategies_of(losses, start)
        players = tuple(strategy.player for strategy in strategies)
        self._losses = tuple(losses[player] for player in players)
        for player, loss in zip(players, self._losses, strict=True):
            if not callable(loss):
                raise InputTypeError(f"the loss of player {player!r} is no function but {loss!r}")
        self._joint = None
        self._terms: tuple[Term, ...] = ()
        self._microbatch: int | None = None
        self._on_device: tuple[Any, Any, Any] = (None, None, None)
        self._trees = tuple(strategy.tree for strategy in strategies)
        self._shapes = tuple(strategy.shapes for strategy in strategies)
        self.name = name
        self.partition = Partition(players, tuple(strategy.size for strategy in strategies))
        self.start: np.ndarray = np.concatenate(
            [leaf.ravel() for strategy in strategies for leaf in strategy.leaves]
        )
        self.data = tuple(data)
        self._names = CoordinateNames(strategies)
        if variables:
            self.variables = tuple(variables)
        if variables or self._names.may_repeat:
            self._check_names()
        leaves = self._names.by_player
        self.sets: Sets = resolved(sets, self.partition, leaves, lambda: self.variables)
        if self.sets:
            kind = self.start.dtype
            rounding = max(1e-9, 8 * float(jnp.finfo(kind).eps))
            self.start = self.sets.taken(self.start, self.variables, "the start", rounding)
            self.start = self.start.astype(kind)
        self.box = named_box(box, self.variables) if box else {}
        self.minimizer = self.partition.index(minimizer)
        self.total = self.dimension > _DENSE
        if check:
            self.check()

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names of the coordinates; a network has millions, so they are made when first asked for."""
        return self._names()

    def _check_names(self) -> None:
        if not len(set(self.variables)) == len(self.variables) == self.dimension:
            raise InputError(f"the game needs {self.dimension} different variable names")

    def pack(self, strategies: Mapping[str, Any]) -> jax.Array:
        """The profile, shape (d,), of `strategies`, name ↦ pytree.

        Raises InputError if they are not shaped as `start`.
        """
        parts = []
        for player, tree, shapes in zip(
            players_of(self._by_name, strategies), self._trees, self._shapes, strict=True
        ):
            leaves, structure = jax.tree_util.tree_flatten(strategies[player])
            if structure != tree or tuple(np.shape(leaf) for leaf in leaves) != shapes:
                raise InputError(
                    f"the strategy of player {player!r} is not shaped as in the game's start"
                )
            parts += [jnp.ravel(jnp.asarray(leaf)) for leaf in leaves]
        return jnp.concatenate(parts)

    def with_terms(
        self, terms: Mapping[str, Callable[[Any, Any], Any]], *, mean: bool = False
    ) -> Self:
        """The same game with a term added to some players' losses: `terms` is player ↦ term.

        A term is a function `term(game, x)` that returns a real scalar. It is called with this game, at the
        data that the loss is evaluated on, and a profile, and uses the operations that `Game` and
        `SymbolicGame` share. It may hold numbers that JAX traces, so it is called only when the new game is.

        `mean` says that the terms are means over the samples of the data, like the losses; in a game that
        is `batched` they are then called on one microbatch after another, all others once, on all data.

        Raises InputError for a player that does not exist.
        """
        added = [Term(self, self.partition.index(p), term, mean) for p, term in terms.items()]
        return self._copy(_terms=(*self._terms, *added), total=self.dimension > _DENSE)

    def without_sets(self) -> Self:
        """The same game of players whose strategies have no limits."""
        return self._copy(sets=Sets.free(self.partition))

    def weighing_terms(self, weights: Sequence[Any]) -> Self:
        """The same game with the terms that were added to its losses times numbers, which JAX may trace.

        `weights`: one for each of the last terms, in the order in which they were added; those before stay.
        """
        kept = len(self._terms) - len(weights)
        weighed = [
            replace(term, weight=weight)
            for term, weight in zip(self._terms[kept:], weights, strict=True)
        ]
        return self._copy(_terms=(*self._terms[:kept], *weighed))

    @property
    def added_terms(self) -> int:
        """How many terms penalties have added to the losses."""
        return len(self._terms)

    def batched(self, size: int) -> Self:
        """The same game, its losses averaged over the data in microbatches of `size` samples.

        For losses that are means over the leading axis, which all of the data share: the losses, the field
        and their derivatives are those of the whole data set up to rounding (the samples that are left over
        have their own weight), in the memory of one microbatch. Every product of `linearise` evaluates the
        microbatches anew. Raises InputError for data without a common leading axis.
        """
        check_whole(size, "the size of a microbatch", 1, 2**31 - 1)
        samples(self.data)
        return self._copy(_microbatch=int(size))

    def with_data(self, *data: Any) -> Self:
        """The same game at other data, with the same compiled code for data of the same shapes.

        Raises InputError for data of another structure or dtype, or with other numbers of axes.
        """
        if jax.tree.structure(data) != jax.tree.structure(self.data):
            raise InputError("the data are not structured as those that the game was made with")
        for new, old in zip(jax.tree.leaves(data), jax.tree.leaves(self.data), strict=True):
            if np.ndim(new) != np.ndim(old) or jnp.result_type(new) != jnp.result_type(old):
                raise InputError(
                    f"the game was made with data of {np.ndim(old)} axes and {jnp.result_type(old)}, "
                    f"not of {np.ndim(new)} axes and {jnp.result_type(new)}"
                )
        if self._microbatch is not None:
            samples(data)
        for compiled in ("_operations", "_products"):  # made now, so that both games share it
            getattr(self, compiled)
        game = copy(self)
        vars(game).pop("_store", None)  # made for the old data
        game.data = data
        return game

    @property
    def _by_name(self) -> dict[str, Callable[..., Any]]:
        return dict(zip(self.players, self._losses, strict=True))

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
        # in microbatches everything that products need of the point would be the graph of all data
        keep = self._microbatch is None
        return Products(self._field, self.partition, keep=keep, part=self._player_field)

    @property
    def _arrays(self) -> tuple[Any, ...]:
        """The data with NumPy's arrays put on the device, once for each precision."""
        precision = jax.dtypes.canonicalize_dtype(float)
        data, known, arrays = self._on_device
        if data is not self.data or known != precision:
            with jax.ensure_compile_time_eval():  # arrays, even while somebody else traces
                arrays = jax.tree.map(
                    lambda leaf: jnp.asarray(leaf) if isinstance(leaf, np.ndarray) else leaf,
                    self.data,
                )
            self._on_device = (self.data, precision, arrays)
        return arrays

    def linearise(self, x: Any, precision: str | None = None) -> Linearisation:
        """J = ∂v/∂x at the profile x as an operator: what every product needs is computed once.

        `precision`: "bfloat16" rounds the operands of matrix products and convolutions so; sums stay in the
        dtype of x. The `error` of the result says what that costs.
        """
        x = real_vector(x, self.dimension)
        return self._together(x, lambda: self._products.at(x, self._arrays, precision=precision))

    def _together(self, x: Any, compute: Callable[[], Any]) -> Any:
        """What `compute` makes of x. Raises InputTypeError if the precision of x does not fit the losses."""
        try:
            return compute()
        except InputTypeError:
            raise
        except TypeError as error:
            if x.dtype == self.start.dtype:
                raise
            raise InputTypeError(
                f"the losses do not take a point of {x.dtype} together with numbers of {self.start.dtype}, "
                f"the precision of the game's start; give the point in {self.start.dtype}"
            ) from error

    def _call(self, operation: str, x: Any, *more: Any, static: tuple[Any, ...] = ()) -> Any:
        x = real_vector(x, self.dimension)
        pure, jitted = self._operations[operation]
        # inside someone else's trace a jit of our own would only slow the tracing down
        function = pure if isinstance(x, jax.core.Tracer) else jitted
        return self._together(x, lambda: function(*static, x, *more, self._arrays))

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
        """The z with J_pp z = b, J_pp the block of J of some `players`, given by position.

        `b` and z have shape (d_p,), the numbers that these players own, or (d_p, m) for m equations at once.
        `transposed` takes J_ppᵀ.
        """
        return self._call("solve", x, jnp.asarray(b), static=(tuple(players), transposed))

    def jvp(self, x: Any, u: Any) -> Any:
        """J u with J = ∂v/∂x, shape (d,)."""
        return self._call("jvp", x, self._like(x, u))

    def vjp(self, x: Any, u: Any) -> Any:
        """Jᵀ u with J = ∂v/∂x, shape (d,)."""
        return self._call("vjp", x, self._like(x, u))

    def _like(self, x: Any, u: Any) -> Any:
        """The vector u in the precision of the point x."""
        return real_vector(u, self.dimension).astype(real_vector(x, self.dimension).dtype)

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
        """∇²(L_leader − wᵀ∇_follower L_follower) with `w`, shape (d_follower,), held fixed: shape (d, d).

        With w = (∇²L_f)⁻¹∇_f L_l this is the Lagrangian Hessian of the leader's problem `min L_l` subject
        to `∇_f L_f = 0`; sandwiched with (I, r′) it gives the total second derivative along the
        follower's response r.
        """
        i, j = self.partition.index(leader), self.partition.index(follower)
        return self._call("constrained_hessian", x, jnp.asarray(w), static=(i, j))

    def of_single_players(self, x: Any) -> Game:
        """The game that somebody plays at the profile x (d,) who does not move it, being one of many.

        It is the game itself unless it is one within a population.
        """
        return self

    def check(self) -> None:
        """Raises InputError or InputTypeError for losses that are not finite real scalars, or random."""
        x = jnp.asarray(self.start)
        found: dict[str, tuple[str, ...]] = {}
        for i, player in enumerate(self.players):
            try:
                changes = impurity(partial(self._loss, i), x, self.data)
                jaxpr, shapes = jax.make_jaxpr(partial(self._loss, i), return_shape=True)(
                    x, self.data
                )
                found[player], values = hindrances(jaxpr), jax.tree.leaves(shapes)
            except Exception as error:
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                raise InputError(
                    f"the loss of player {player!r} fails under JAX: {reason}{line_of_user(error)} "
                    "(losses take every player's strategy in player order, then the data, and use jax.numpy)"
                ) from error
            if len(values) != 1:
                raise InputTypeError(f"the loss of player {player!r} must return one number")
            value = values[0]
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
            if changes is not None:
                raise InputError(f"the loss of player {player!r} {changes}")
        bad = [
            p
            for p, value in zip(self.players, self.losses(x), strict=True)
            if not np.isfinite(value)
        ]
        if bad:
            raise InputError(f"the loss of player {bad[0]!r} is not finite at the start")
        self.hindrances = found
        self.check_derivatives()

    @cached_property
    def hindrances(self) -> Mapping[str, tuple[str, ...]]:
        """By player: what in the loss may give it other derivatives than its own; see `true_derivatives`."""
        x = jnp.asarray(self.start)
        traces = (
            jax.make_jaxpr(partial(self._loss, i))(x, self.data) for i in range(len(self.players))
        )
        return {p: hindrances(trace) for p, trace in zip(self.players, traces, strict=True)}

    def check_derivatives(self, x: Any = None) -> None:
        """Raises InputError if the derivatives of a loss are not its own, at or near x (d,) or the start.

        Looked at are the loss with its gradient, and the player's part of the field with its rows of J.
        """
        for player, hindered in self.hindrances.items():
            i = self.partition.index(player)
            own = self.partition.slices[i]

            def value(x: Any, i: int = i) -> Any:
                return np.append(self.losses(x)[i], self.player_field(i, x))

            def product(x: Any, u: Any, i: int = i, own: slice = own) -> Any:
                return np.append(np.asarray(self.gradient(i, x)) @ u, self.jvp(x, u)[own])

            if hindered:
                point = self.start if x is None else x
                refuse_if_wrong(f"the loss of player {player!r}", value, product, point, hindered)


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

    `value` is called with the strategies in the order of `start`, then `*data`. `options` are the other
    arguments of `Game`.
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
