"""Flax NNX models as pure functions of their parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import InputTypeError
from .frozen import Apply, check_still, check_trainable, is_trainable


def flax(model: Any, *, call: Callable[..., Any] | None = None) -> tuple[Apply, Any]:
    """A Flax NNX model in evaluation mode as (apply, params).

    `model` is an `nnx.Module`. `params` are its `nnx.Param`s of floating-point numbers, as nested dicts;
    `apply(params, *inputs)` calls the model with them and everything else (batch statistics, random number
    streams, integers) frozen as it is now. The model itself is left alone: a copy of it is set to evaluation
    mode (`eval()`).

    - `call`: what calls the model, `call(model, *inputs)`; default `model(*inputs)`.

    `apply` raises InputError, when it is traced, if the call changes any state: batch statistics being
    updated, random numbers being drawn. Raises InputTypeError if the model is none of Flax NNX.
    """
    from flax import nnx

    if not isinstance(model, nnx.Module):
        raise InputTypeError(
            f"a Flax NNX model is an nnx.Module, not {type(model).__name__}; "
            "a Linen module's own `apply` takes the parameters already"
        )
    copy = nnx.clone(model)
    copy.eval()

    def trained(path: Any, variable: Any) -> bool:
        return isinstance(variable, nnx.Param) and is_trainable(variable.get_value())

    graph, state, rest = nnx.split(copy, trained, ...)
    params = nnx.to_pure_dict(state)
    check_trainable("Flax", params)

    def apply(params: Any, *inputs: Any) -> Any:
        own = nnx.clone(state)
        nnx.replace_by_pure_dict(own, params)
        merged = nnx.merge(graph, own, rest, copy=True)  # a call may change it, and is found out
        output = merged(*inputs) if call is None else call(merged, *inputs)
        _, _, after = nnx.split(merged, trained, ...)
        values = {path: variable.get_value() for path, variable in nnx.to_flat_state(after)}
        states = (
            (
                "/".join(map(str, path)),
                old.get_value(),
                values.get(path),
                isinstance(old, nnx.RngState),
            )
            for path, old in nnx.to_flat_state(rest)
        )
        check_still("Flax", states)
        return output

    return apply, params
