"""A rule's own step, linearised without matrices: multipliers of networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..dynamics.flow import Flow
from ..dynamics.linearisation import Linearisation, Products
from ..dynamics.partition import Partition
from ..dynamics.points import real_vector
from ..dynamics.vectors import split, stack
from ..errors import InputError, InputTypeError
from .matrix_free import DENSE, LargeFlow, check_no_matrix, without_matrices
from .rule import Rule, State


def linearise_rule(
    rule: Rule, flow: Flow, x: Any, state: Sequence[Any] | None = None, hold: bool = True
) -> Linearisation:
    """∂F/∂state, the Jacobian of a rule's step F on the stacked state, as an operator.

    Its eigenvalues are the multipliers.

    The step itself is differentiated, whatever the rule; no matrix is formed and no names are made, so this
    serves networks. It is compiled once for a flow, a rule and all its step sizes.

    **Arguments:**

    - `rule`: any rule, with its step size.
    - `flow`: a numeric flow, as `Gradient().flow(game)` gives it.
    - `x`: the profile, shape (d,).
    - `state`: the rule's state, a tuple of vectors as `rule.init` gives it, the profile x first: momenta and
      moments of a real run. Default: `rule.init(flow, x)`, where a rule that rests at x rests.
    - `hold`: whether what the rule counts and adapts for good (Adam's second moments, numbers of steps) is
      held: at its values in `state`, or without a state at those of `rule.frozen()`. If not, it is
      differentiated with the rest of the state and adds as many multipliers, most of them near its decay.

    The result has shape (m, m), where m counts the numbers that are not held. Its `point` is that part of
    the state, stacked, and its `value` the same one step later. Where v(x) ≠ 0 the multipliers describe
    the step at this state, not the stability of a rest point.

    Raises InputError for a state that does not fit, for a step that has no finite derivative (Adam's where
    its second moments are zero), and for a step that forms a matrix too large to be solved with.
    """
    if not isinstance(flow, Flow):
        raise InputTypeError(
            f"a rule is linearised along a numeric flow, as Gradient().flow(game), not {flow!r}"
        )
    rule.check(flow)
    rule, moves, own, held, sizes = moving_state(rule, flow, x, state, hold)
    x = own[: flow.dimension]
    lrs = None if rule.lr is None else flow.partition.per_player(rule.lr, "lr")
    lrs = None if lrs is None else np.asarray(lrs, x.dtype)
    arguments = (held, lrs, None if flow.game is None else flow.game.data)
    linear = _products(rule, flow, sizes, moves, (own, *arguments)).at(own, *arguments)
    check_finite(linear, rule)
    return linear


linearize_rule = linearise_rule  # the American spelling


class Moving(NamedTuple):
    """A rule's state, parted into what its step moves and what is held.

    - `rule`: the rule that holds it. `moves`: which vectors of the state move; `sizes`: their lengths, all.
    - `own`: those that move, stacked, the profile first; `held`: the others.
    """

    rule: Rule
    moves: tuple[bool, ...]
    own: Any
    held: State
    sizes: tuple[int, ...]


def moving_state(rule: Rule, flow: Flow, x: Any, state: Any = None, hold: bool = True) -> Moving:
    """The state of a rule at x, as `linearise_rule` takes it. Raises InputError for one that does not fit."""
    x = real_vector(x, flow.dimension)
    if state is None:
        rule = rule.frozen()
        vectors, moves = rule.init(flow, x), ()
    else:
        vectors = _fitting(rule, flow, x, state)
        moves = rule.moving(flow, x) if hold else ()
    moves = moves or (True,) * len(vectors)
    own = stack([vector for vector, moved in zip(vectors, moves, strict=True) if moved])
    held = tuple(vector for vector, moved in zip(vectors, moves, strict=True) if not moved)
    return Moving(rule, moves, own, held, tuple(vector.size for vector in vectors))


def check_finite(linear: Linearisation, rule: Rule) -> None:
    """Raises InputError where a step has no finite derivative."""
    if not np.isfinite(float(jnp.sum(linear.matvec(jnp.ones(linear.shape[1], linear.dtype))))):
        raise InputError(
            f"the step of {rule.name} has no finite derivative at this state; an adaptive rule needs the "
            "state of a run, in which its second moments are not zero"
        )


def _fitting(rule: Rule, flow: Flow, x: Any, state: Sequence[Any]) -> State:
    """The state as vectors of the dtype of x."""
    expected = jax.eval_shape(partial(rule.init, flow), x)
    given = tuple(jnp.ravel(jnp.asarray(vector)).astype(x.dtype) for vector in state)
    if [v.shape for v in given] != [v.shape for v in expected]:
        raise InputError(
            f"the state of {rule.name} is vectors of lengths {', '.join(str(v.size) for v in expected)}, "
            f"not of {', '.join(str(v.size) for v in given)}"
        )
    if not bool(jnp.array_equal(given[0], x)):
        raise InputError("the state's first vector is the profile, which has to be x")
    return given


def _products(
    rule: Rule, flow: Flow, sizes: tuple[int, ...], moves: tuple[bool, ...], arguments: Any
) -> Products:
    """The compiled products, kept on the flow."""
    known = vars(flow).setdefault("_linearised_rules", [])
    for other, others_moves, products in known:
        if others_moves == moves and _same_but_for_lr(rule, other):
            return products
    function = partial(_stepped, rule, flow, sizes, moves)
    check_no_matrix(function, rule, flow.dimension, arguments)
    names = ("profile", *(f"memory {k}" for k in range(1, len(sizes))))
    moved = [(n, size) for n, size, moves in zip(names, sizes, moves, strict=True) if moves]
    products = Products(function, Partition(*map(tuple, zip(*moved, strict=True))))
    known.append((rule, moves, products))
    return products


def _stepped(
    rule: Rule,
    flow: Flow,
    sizes: tuple[int, ...],
    moves: tuple[bool, ...],
    own: Any,
    held: State,
    lrs: Any,
    data: Any,
) -> Any:
    """What becomes of the moving part of a state in one step."""
    if lrs is not None:
        rule = rule.with_lr(dict(zip(flow.partition.players, lrs, strict=True)))
    if flow.dimension > DENSE:
        rule = without_matrices(rule)
    return step_of_moving(rule, LargeFlow(flow, data), sizes, moves, own, held)


def step_of_moving(
    rule: Rule,
    flow: Any,
    sizes: tuple[int, ...],
    moves: tuple[bool, ...],
    own: Any,
    held: State,
) -> Any:
    """What becomes of the moving part of a state in one step of the rule, and nothing of the held one."""
    moved = iter(split(own, tuple(n for n, moved in zip(sizes, moves, strict=True) if moved)))
    still = iter(held)
    state = tuple(next(moved if own else still) for own in moves)
    after = rule.step(flow, state)
    return stack([vector for vector, own in zip(after, moves, strict=True) if own])


def _same_but_for_lr(one: Any, other: Any) -> bool:
    """Whether two rules differ in nothing but step sizes."""
    if isinstance(one, Rule):
        return type(one) is type(other) and all(
            _same_but_for_lr(getattr(one, f.name), getattr(other, f.name))
            for f in fields(one)  # pyright: ignore[reportArgumentType]
            if f.name != "lr"
        )
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same_but_for_lr(one[k], other[k]) for k in one)
    return one is other or one == other
