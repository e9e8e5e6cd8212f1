"""The optimiser states of a real training run, as the state of our rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError, InputTypeError
from .alternating import Alternating
from .optax_memory import flatten, ravel, strategies, unravel
from .optax_rule import Optax
from .rule import Rule, State


def optax_state(rule: Rule, flow: Any, x: Any, states: Mapping[str, Any]) -> State:
    """The state in which `rule` goes on where optax stopped: (x, memory, …), vectors of the dtype of x.

    One `rule.step(flow, state)` is then one `update` of optax for every player, from the same gradients or
    (inside `Alternating`) from those that the players before it leave behind, and
    `linearise_rule(rule, flow, x, state)` analyses the step with the moments, counts and schedules of
    the run.

    **Arguments:**

    - `rule`: `Optax` with the transformations of the run, or `Alternating` around such rules. Where they
      contain their learning rates, its `lr` is 1.
    - `flow`: the flow of the game, `Gradient().flow(game)`.
    - `x`: the profile, shape (d,), that the run has reached, `game.pack({"disc": params, "gen": params})`.
    - `states`: player ↦ what `transformation.init(params)` and `update` returned. Arrays are found by their
      paths, so that states that went through a file, or through Flax's `nnx.Optimizer`, fit as well.

    Raises InputError, which names the player and the array, for a state that is of another transformation
    or of other parameters, and for one that treats arrays apart and is to go on inside `Alternating`, which
    hands each optimiser one flat vector.
    """
    x = jnp.asarray(x)
    if isinstance(rule, Alternating):
        rule.check(flow)
        return _in_turn(rule, flow, x, states)
    if not isinstance(rule, Optax):
        raise InputTypeError(
            "an optax state continues a rule Optax, alone or inside Alternating, "
            f"not {getattr(rule, 'name', type(rule).__name__)}"
        )
    rule.check(flow)
    players = flow.partition.players
    if not isinstance(states, Mapping) or set(states) != set(players):
        raise InputError(f"states maps each of the players {', '.join(players)} to its optax state")
    vectors: list[Any] = []
    for player, memory in zip(players, rule.memories(flow, x), strict=True):
        given = {_name(path): leaf for path, leaf in flatten(states[player])[0]}
        expected, tree = flatten(memory.template)
        leaves = []
        for path, like in expected:
            name = _name(path)
            if name not in given:
                raise InputError(
                    f"the optimiser state of player {player!r} has no {name!r}; "
                    "is it of this transformation and these parameters?"
                )
            leaves.append(_fitting(player, name, given.pop(name), like))
        if given:
            raise InputError(
                f"the optimiser state of player {player!r} has {next(iter(given))!r}, "
                "which this transformation does not remember"
            )
        vectors += [vector.astype(x.dtype) for vector in memory.vectors(tree.unflatten(leaves))]
    return (x, *vectors)


def _in_turn(rule: Alternating, flow: Any, x: Any, states: Mapping[str, Any]) -> State:
    """The state of players that take turns: the memories that they have when all step at once."""
    partition = flow.partition
    rules = zip(partition.players, rule.by_player(partition), strategies(flow, x), strict=True)
    transformations = {}
    for i, (player, inner, own) in enumerate(rules):
        if not isinstance(inner, Optax):
            raise InputTypeError(
                f"an optax state continues a rule Optax, and player {player!r} steps by {inner.name}"
            )
        (given,) = partition.alone(i).per_player(inner.transformation, "transformation")
        if not _takes_arrays_together(given, own):
            raise InputError(
                f"the transformation of player {player!r} treats each array apart, and Alternating hands it "
                "one flat vector; take Optax alone, which hands it the arrays"
            )
        transformations[player] = given
    return optax_state(Optax(transformations), flow, x, states)


def _takes_arrays_together(transformation: Any, strategy: Any) -> bool:
    """Whether a transformation does to a strategy what it does to one vector of the same numbers."""
    flat = ravel(strategy)
    # large, so that what clips does clip
    gradient = jnp.asarray(1e3 * np.random.default_rng(0).standard_normal(flat.shape), flat.dtype)
    try:
        alone, _ = transformation.update(gradient, transformation.init(flat), flat)
    except (ValueError, TypeError, KeyError, AttributeError):  # a mask of another structure
        return False
    apart, _ = transformation.update(
        unravel(gradient, strategy), transformation.init(strategy), strategy
    )
    # sums over all arrays, as in a norm, are added up in another order
    return bool(np.allclose(ravel(apart), alone, rtol=1e-4, atol=0))


def _fitting(player: str, name: str, leaf: Any, like: Any) -> Any:
    array = np.asarray(leaf)
    # our strategies have no scalars (see `strategies`), optax's parameters may
    if array.shape != jnp.shape(like) and (array.shape, jnp.shape(like)) != ((), (1,)):
        raise InputError(
            f"{name!r} in the optimiser state of player {player!r} has the shape {array.shape}; "
            f"these parameters ask for {jnp.shape(like)}"
        )
    if not np.isfinite(array.astype(float)).all():
        raise InputError(
            f"{name!r} in the optimiser state of player {player!r} holds a number that is not finite"
        )
    return jnp.reshape(jnp.asarray(leaf, jnp.result_type(like)), jnp.shape(like))


def _name(path: Any) -> str:
    """The path as text; Flax's variables add a last step `value` to it."""
    return jax.tree_util.keystr(path, simple=True, separator="/").removesuffix("/value")
