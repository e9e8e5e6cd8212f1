"""Equinox models as pure functions of their parameters."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax

from ..errors import InputTypeError
from .frozen import Apply, check_same, check_trainable, is_trainable


def equinox(
    model: Any, state: Any = None, *, call: Callable[..., Any] | None = None
) -> tuple[Apply, Any]:
    """An Equinox model in inference mode as (apply, params).

    `params` is the `model`, an `eqx.Module`, with everything but its floating-point arrays taken out;
    `apply(params, *inputs)` puts the rest back and calls it. As is Equinox's way the model acts on one
    sample: it is mapped over the leading axis of the inputs.

    - `state`: the `eqx.nn.State` of a model with batch normalisation and the like. The model is then called
      as `model(*inputs, state)` and returns its output and the state, which is frozen as it is now.
    - `call`: what calls the model on whole batches in place of that, `call(model, *inputs)`, or
      `call(model, *inputs, state)`, which returns the state too.

    No random key is passed, so a model that draws random numbers all the same fails. `apply` raises
    InputError, when it is traced, if the call changes the state. Raises InputTypeError if the model is no
    `eqx.Module`.
    """
    import equinox as eqx

    if not isinstance(model, eqx.Module):
        raise InputTypeError(f"an Equinox model is an eqx.Module, not {type(model).__name__}")
    params, static = eqx.partition(eqx.nn.inference_mode(model), is_trainable)
    check_trainable("Equinox", params)

    def apply(params: Any, *inputs: Any) -> Any:
        whole = eqx.combine(params, static)
        own = whole if call is None else partial(call, whole)
        if state is None:
            return (jax.vmap(own) if call is None else own)(*inputs)
        if call is None:
            axes = (*[0] * len(inputs), None)
            own = jax.vmap(whole, in_axes=axes, out_axes=(0, None), axis_name="batch")
        output, after = own(*inputs, state)
        check_same("Equinox", state, after)
        return output

    return apply, params
