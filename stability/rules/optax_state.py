"""The optimiser states of a real training run, as the state of our rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError, InputTypeError
from .optax_memory import flatten
from .optax_rule import Optax
from .rule import State


def optax_state(rule: Optax, flow: Any, x: Any, states: Mapping[str, Any]) -> State:
    """The state in which `rule` goes on where optax stopped: (x, memory, …), vectors of the dtype of x.

    One `rule.step(flow, state)` is then one `update` of optax for every player from the same gradients, and
    `linearize_rule(rule, flow, x, state)` analyses the step with the moments, counts and schedules of the
    run.

    **Arguments:**

    - `rule`: `Optax` with the transformations of the run. Where they contain their learning rates, its `lr`
      is 1.
    - `flow`: the flow of the game, `Gradient().flow(game)`.
    - `x`: the profile, shape (d,), that the run has reached, `game.pack({"disc": params, "gen": params})`.
    - `states`: player ↦ what `transformation.init(params)` and `update` returned. Arrays are found by their
      paths, so that states that went through a file, or through Flax's `nnx.Optimizer`, fit as well.

    Raises InputError, which names the player and the array, for a state that is of another transformation
    or of other parameters.
    """
    if not isinstance(rule, Optax):
        raise InputTypeError(f"an optax state continues a rule Optax, not {rule!r}")
    rule.check(flow)
    x = jnp.asarray(x)
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
