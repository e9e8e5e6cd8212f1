"""Steps that solve linear systems, without their matrices: for games too large to write a Jacobian down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from ..dynamics.flow import Flow
from ..dynamics.vectors import stack, zeros_like
from ..errors import InputError
from .competitive import Competitive
from .limits import project, sets_of
from .rule import Rule, State

DENSE = 2000  # the most rows of a matrix that a step may form
RESTART, RESTARTS = 20, 50  # of GMRES
NEWTON_STEPS = 30


class LargeFlow(Flow):
    """A flow, its game at data that JAX may trace, that solves without a matrix where it is large.

    Linear systems are solved by GMRES to about a hundred units of rounding; what was not solved is NaN.
    `weights` are those of the last terms added to the game's losses (`Game.weighing_terms`).
    """

    def __init__(self, flow: Flow, data: Any, weights: Sequence[Any] = ()):
        vars(self).update(vars(flow))
        for compiled in ("_jvp", "_vjp", "_jacobian", "_store"):
            vars(self).pop(compiled, None)
        if flow.game is not None:
            game = flow.game.with_data(*data)
            if len(weights):
                game = game.weighing_terms(weights)
            if flow.dimension > DENSE:
                game.solve = partial(_solve_block, game)
            self.game, self.function = game, partial(flow.field, game)
            self._part = partial(flow.field.part, game)

    def implicit_step(self, sizes: Sequence[Any], x: Any) -> Any:
        if self.dimension <= DENSE:
            return super().implicit_step(sizes, x)
        return _root(lambda y: y - project(self, x + self.partition.scale(sizes, self(y))), x)


def without_matrices(rule: Rule) -> Rule:
    """The rule with every competitive step in it solved by GMRES."""
    return with_competitive(rule, LargeCompetitive)


def with_competitive(rule: Rule, other: Callable[[Any], Competitive]) -> Rule:
    """The rule with every competitive step in it made another way: a function of its step size."""
    if type(rule) is Competitive:
        return other(rule.lr)
    return rule.with_inner(lambda inner: with_competitive(inner, other))


@dataclass(frozen=True)
class LargeCompetitive(Competitive):
    """The competitive step, (I − hO)Δ = hv, with the products O u by automatic differentiation."""

    def step(self, flow: Any, state: State) -> State:
        (x,) = state
        partition = flow.partition
        v, push = jax.linearize(flow.function, x)

        def replies_to(u: Any) -> Any:
            replies = []
            for i in range(len(partition.players)):
                of_others = partition.replaced(i, zeros_like(partition.part(i, u)), u)
                replies.append(partition.part(i, push(of_others)))
            return self.along(flow, stack(replies))

        move = self.along(flow, v)
        if sets_of(flow) is None:
            return (x + solve(lambda u: u - replies_to(u), move),)
        return (_root(lambda y: y - project(flow, x + move + replies_to(y - x)), x),)


def solve(matvec: Callable[[Any], Any], b: Any) -> Any:
    """The z with A z = b, by GMRES (Saad, Schultz 1986), NaN where that fails.

    Differentiable, and transposable, by the same solve of the derived equations.
    """
    tolerance = 100 * float(jnp.finfo(b.dtype).eps)

    def run(product: Callable[[Any], Any], right: Any) -> Any:
        z, _ = jax.scipy.sparse.linalg.gmres(
            product, right, tol=tolerance, restart=RESTART, maxiter=RESTARTS
        )
        # its own report is not to be trusted
        left = jnp.linalg.norm(right - product(z))
        return jnp.where(left <= 10 * tolerance * jnp.linalg.norm(right), z, jnp.nan)

    return jax.lax.custom_linear_solve(matvec, b, run, run)


def _root(function: Callable[[Any], Any], guess: Any) -> Any:
    """A zero by Newton's method, NaN where it finds none; differentiable like an implicit function."""
    tolerance = 100 * float(jnp.finfo(guess.dtype).eps)

    def newton(f: Callable[[Any], Any], start: Any) -> Any:
        def small(value: Any) -> Any:
            return jnp.linalg.norm(value) <= tolerance * (1 + jnp.linalg.norm(start))

        def one(carry: Any) -> Any:
            y, value, steps = carry
            _, push = jax.linearize(f, y)
            y = y - solve(push, value)
            return y, f(y), steps + 1

        def more(carry: Any) -> Any:
            _, value, steps = carry
            return (steps < NEWTON_STEPS) & ~small(value) & jnp.isfinite(value).all()

        y, value, _ = jax.lax.while_loop(more, one, (start, f(start), 0))
        return jnp.where(small(value), y, jnp.nan)

    return jax.lax.custom_root(function, guess, newton, solve)


def _solve_block(
    game: Any, players: Sequence[int], x: Any, b: Any, transposed: bool = False
) -> Any:
    """What `Game.solve` gives, without the matrix."""
    partition = game.partition
    _, push = jax.linearize(game.field, x)

    def block(own: Any) -> Any:
        parts, begin = [zeros_like(partition.part(i, x)) for i in range(len(game.players))], 0
        for i in players:
            parts[i] = own[begin : begin + partition.sizes[i]]
            begin += partition.sizes[i]
        moved = push(stack(parts))
        return stack([partition.part(i, moved) for i in players])

    if not transposed:
        return solve(block, b)
    pulled = jax.linear_transpose(block, b)
    return solve(lambda u: pulled(u)[0], b)


def check_no_matrix(
    function: Callable[..., Any], rule: Rule, dimension: int, arguments: Any
) -> None:
    """Raises InputError if the function forms a square matrix of more than `DENSE` rows."""
    if dimension <= DENSE:
        return
    rows = max(_squares(jax.make_jaxpr(function)(*arguments).jaxpr), default=0)
    if rows > DENSE:
        raise InputError(
            f"the step of {rule.name} forms a matrix of {rows} rows here, too large to solve with; choose a "
            "rule and a field without linear solves"
        )


def _squares(jaxpr: Any) -> list[int]:
    """The sizes of all square matrices in a program that look like those of a linear system."""
    from jax.extend import core  # slow to import

    found = []
    equation: Any
    for equation in jaxpr.eqns:
        shapes = [v.aval.shape for v in equation.outvars if hasattr(v.aval, "shape")]
        found += [max(s) for s in shapes if len(s) >= 2 and sorted(s)[-1] == sorted(s)[-2]]
        for own in core.jaxprs_in_params(equation.params):
            found += _squares(own)
    return found
