"""What paths are told: where they start, and what ends them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ..errors import InputError, InputTypeError
from .domain import check_defined
from .points import named_box, named_start
from .positive_settings import check_nonnegative, check_positive


def given_start(system: Any, x0: Any) -> Any:
    """A start as it was given, a mapping by variable as a vector (d,), or without any the system's own.

    Raises InputError if there is none, for a mapping that does not name all the variables, and where the
    losses of the game that the system is a flow of are not real.
    """
    if isinstance(x0, Mapping):
        x0 = named_start(x0, [str(variable) for variable in system.variables])
    if x0 is None and system.start is None:
        raise InputError(f"this {system.kind} has no start of its own; say where its path starts")
    if x0 is None:
        return system.start
    numbers = np.asarray(x0)
    of_game = getattr(system, "game", None) is not None
    if of_game and numbers.shape == (system.dimension,) and numbers.dtype.kind in "iuf":
        check_defined(system, numbers, "the start")
    return x0


def real_starts(x0: Any, dimension: int, what: str) -> np.ndarray:
    """Starts as an array of shape (k, d), from (d,) or (k, d). Raises InputError for anything else."""
    starts = np.asarray(x0)
    if starts.dtype.kind not in "iuf":
        raise InputTypeError(f"a start of {what} is {dimension} real numbers, not {x0!r}")
    if starts.ndim not in (1, 2) or starts.shape[-1] != dimension:
        raise InputError(
            f"starts of {what} have shape ({dimension},) or (k, {dimension}), not {starts.shape}"
        )
    if not np.isfinite(starts).all():
        raise InputError(f"a start of {what} holds a number that is not finite")
    return np.atleast_2d(starts).astype(np.float64)


def in_sets(system: Any, starts: np.ndarray) -> np.ndarray:
    """Starts (k, d) of a flow's paths, projected on the sets of its players where rounding puts them outside.

    Raises InputError, which names the limit, for a start that is outside.
    """
    sets = getattr(system, "kept_in", None) or getattr(system, "sets", None)
    if not sets:
        return starts
    inside = sets.project(starts)
    off = np.abs(inside - starts).max(axis=1, initial=0.0)
    for k in np.flatnonzero(off > 0):
        sets.taken(starts[k], system.variables, "the start")  # which raises the error
    return inside


class Ends(NamedTuple):
    """What ends a path: `rest` (below zero: not looked for), the sides of a box, and `blow_up`."""

    rest: float
    low: np.ndarray
    high: np.ndarray
    blow_up: float


def checked_ends(
    variables: Any,
    box: Mapping[str, Any] | None,
    blow_up: float,
    rest: float | None,
    until: Any = None,
) -> Ends:
    """Raises InputError for a box of unknown variables, numbers that are not positive, and an `until` that
    is no function from (d,) to a number.
    """
    check_positive(blow_up, "blow_up")
    if rest is not None:
        check_nonnegative(rest, "rest")
    if until is not None:
        check_scalar(until, len(variables), "until")
    return Ends(-1.0 if rest is None else float(rest), *_box_sides(box, variables), float(blow_up))


def _box_sides(box: Mapping[str, Any] | None, variables: Any) -> tuple[np.ndarray, np.ndarray]:
    """The low and the high sides of a box, each of shape (d,), ∓∞ for variables it does not name."""
    sides = named_box(box or {}, variables)
    free = (-np.inf, np.inf)
    low, high = np.array([sides.get(variable, free) for variable in variables], float).T
    return low.copy(), high.copy()


def check_scalar(function: Any, dimension: int, what: str) -> None:
    """Raises InputTypeError unless this is a JAX function from (d,) to one real number."""
    if not callable(function):
        raise InputTypeError(f"{what} is a function of a point, not {function!r}")
    with jax.enable_x64(True):
        try:
            point = jax.ShapeDtypeStruct((dimension,), jnp.zeros(()).dtype)
            value = jax.eval_shape(function, point)
        except Exception as error:
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputTypeError(
                f"{what} is a function of a vector of shape ({dimension},), written with jax.numpy ({first})"
            ) from error
    if getattr(value, "shape", None) != () or not jnp.issubdtype(value.dtype, jnp.floating):
        raise InputTypeError(f"{what} returns one real number, not {value}")
