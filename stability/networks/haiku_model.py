"""Haiku functions as pure functions of their floating-point parameters."""

from __future__ import annotations

import inspect
from typing import Any

from ..errors import InputError, InputTypeError
from .frozen import Apply, check_same, check_trainable, is_trainable


def haiku(transformed: Any, params: Any, state: Any = None, **settings: Any) -> tuple[Apply, Any]:
    """What `hk.transform` or `hk.transform_with_state` made, with its parameters, as (apply, params).

    The returned `params` are the floating-point ones; `apply(params, *inputs)` calls the function with
    them, without a random key and with everything else frozen.

    - `state`: the state of `hk.transform_with_state`, frozen as it is now (moving averages).
    - `settings`: keyword arguments of every call, such as `is_training=False`.

    `apply` raises InputError, when it is traced, if the function draws random numbers or changes its state.
    Raises InputTypeError if `transformed` is not Haiku's, or the state is missing.
    """
    import haiku as hk

    if not isinstance(transformed, (hk.Transformed, hk.TransformedWithState)):
        raise InputTypeError(
            "a Haiku model comes from hk.transform or hk.transform_with_state, "
            f"it is not {type(transformed).__name__}"
        )
    stateful = isinstance(transformed, hk.TransformedWithState)
    if stateful and state is None:
        raise InputTypeError("a Haiku model made by hk.transform_with_state needs its state")
    trained, fixed = hk.data_structures.partition(lambda _, __, leaf: is_trainable(leaf), params)
    check_trainable("Haiku", trained)

    # `hk.without_apply_rng` has taken the place for a random key away
    key = (None,) if "rng" in inspect.signature(transformed.apply).parameters else ()

    def apply(params: Any, *inputs: Any) -> Any:
        whole = hk.data_structures.merge(params, fixed)
        try:
            if not stateful:
                return transformed.apply(whole, *key, *inputs, **settings)
            output, after = transformed.apply(whole, state, *key, *inputs, **settings)
        except ValueError as error:
            if "non-None PRNGKey" not in str(error):
                raise
            raise InputError(
                "the Haiku model draws random numbers when it is called; "
                "switch dropout and noise off, or draw them outside and pass them as data"
            ) from error
        check_same("Haiku", state, after)
        return output

    return apply, trained
