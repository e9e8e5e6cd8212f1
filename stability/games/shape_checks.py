"""Whether a network can be analysed: pure, real, finite, and one sample's output its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError, InputTypeError
from .purity import impurity


def check_network(
    apply: Callable[..., Any], params: Any, inputs: Any, what: str = "the network"
) -> Any:
    """The output, as shapes and dtypes, of a network that is fit for analysis.

    - `apply`: the network, a function of (`params`, `inputs`); `inputs` are arrays with the samples along
      the leading axis. A few samples are enough.
    - `what`: what messages call the network, "the discriminator".

    Checked are: the network is the same on every call and has no effects (see `impurity`); it returns real
    floating-point arrays with the samples along the leading axis; they are finite; and the output for one
    sample does not depend on the others, as it does in batch normalisation in training mode. The last is
    read off a directional derivative: moving one sample must leave all other outputs exactly where they
    are.

    Raises InputError or InputTypeError with one sentence that begins with `what`.
    """
    samples = {np.shape(leaf)[:1] for leaf in jax.tree_util.tree_leaves(inputs)}
    if len(samples) != 1 or samples == {()}:
        raise InputTypeError(
            f"the inputs of {what} have the samples along one leading axis, not shapes "
            f"{[np.shape(leaf) for leaf in jax.tree_util.tree_leaves(inputs)]}"
        )
    ((count,),) = samples
    try:
        changes = impurity(apply, params, inputs)
        outputs = jax.eval_shape(apply, params, inputs)
    except InputError as error:
        raise InputError(f"{what}: {error}") from error
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{what} fails under JAX: {reason}") from error
    if changes is not None:
        raise InputError(f"{what} {changes}")
    for leaf in jax.tree_util.tree_leaves(outputs):
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            raise InputTypeError(f"{what} must return floating-point numbers, not {leaf.dtype}")
        if leaf.shape[:1] != (count,):
            raise InputTypeError(
                f"{what} must return one output per sample, {count} along the leading axis, "
                f"not shape {leaf.shape}"
            )
    finite, moved = jax.jit(partial(_when_the_first_moves, apply))(params, inputs)
    if not finite:
        raise InputError(f"{what} returns a number that is not finite")
    if moved:
        raise InputError(
            f"{what} gives one sample an output that depends on the other samples of the batch; "
            "let batch normalisation use its stored statistics (evaluation mode)"
        )
    return outputs


def _first_sample(inputs: Any) -> Any:
    """A direction in which only the first sample moves; whole numbers cannot move."""
    rng = np.random.default_rng(0)

    def direction(leaf: Any) -> Any:
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
            return np.zeros(np.shape(leaf), jax.dtypes.float0)
        moves = np.zeros(np.shape(leaf), jnp.result_type(leaf))
        moves[:1] = rng.standard_normal(np.shape(leaf)[1:])
        return moves

    return jax.tree_util.tree_map(direction, inputs)


def _when_the_first_moves(apply: Callable[..., Any], params: Any, inputs: Any) -> tuple[Any, Any]:
    """Whether all outputs are finite, and whether those of other samples move with the first one."""
    values, moves = jax.jvp(lambda x: apply(params, x), (inputs,), (_first_sample(inputs),))
    leaves = jax.tree_util.tree_leaves
    finite = [jnp.isfinite(value).all() for value in leaves(values)]
    others = [(move[1:] != 0).any() for move in leaves(moves)]
    return jnp.stack(finite).all(), jnp.stack(others).any()
