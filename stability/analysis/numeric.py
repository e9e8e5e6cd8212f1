"""The flow in JAX of anything that flows."""

from __future__ import annotations

from typing import Any

from ..dynamics.flow import Flow
from ..dynamics.system import is_a
from ..errors import InputError, InputTypeError
from ..fields import Field, Gradient


def numeric_flow(system: Any, field: Field | None = None) -> Flow:
    """The JAX flow of a flow or of a game's field (default: the gradient), made once.

    Raises InputTypeError for any other thing, InputError for a field on a flow, and as `field.flow` does.
    """
    if is_a(system, "game"):
        return (Gradient() if field is None else field).flow(system.twin)
    if not is_a(system, "flow"):
        raise InputTypeError(f"paths are those of a game or a flow, not {system!r}")
    if field is not None:
        raise InputError("a flow is its own field; fields are made of games")
    if system.symbolic and system.game is not None:
        return numeric_flow(system.game, system.field)
    return system.twin
