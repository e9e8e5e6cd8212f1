"""Schedules of step sizes: the sizes of so many steps, and what Robbins and Monro ask of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy

from ..dynamics.partition import Partition
from ..dynamics.positive_settings import check_nonnegative
from ..errors import InputError, InputTypeError
from ..time_limits import in_time
from ..verdicts.verdict import Verdict

_SECONDS = 5.0  # for the two sums in SymPy


def step_sizes(schedule: Any, partition: Partition, steps: int) -> np.ndarray:
    """The step sizes of every player, shape (steps, players), at the counts 0, 1, …, steps − 1.

    `schedule` is a number, a function of the count (an optax schedule is one), a SymPy expression in one
    symbol, or a mapping from players (key `""` for the others) to these. It may be zero at some counts, as
    where a warm-up begins.

    Raises InputError for a player that is missing or unknown and for a size that is negative or not finite.
    """
    columns = []
    for player, own in zip(
        partition.players, partition.per_player(schedule, "the schedule"), strict=True
    ):
        columns.append(_sizes(own, steps, f"the schedule of {player}"))
    return np.stack(columns, axis=1)


def _sizes(schedule: Any, steps: int, what: str) -> np.ndarray:
    """One player's step sizes, shape (steps,)."""
    if isinstance(schedule, sympy.Expr):
        sizes = _expression(schedule, steps, what)
    elif callable(schedule):
        sizes = _called(schedule, steps, what)
    else:
        check_nonnegative(schedule, what)
        sizes = np.full(steps, float(schedule))
    bad = np.flatnonzero(~(np.isfinite(sizes) & (sizes >= 0)))
    if len(bad):
        raise InputError(
            f"{what} gives {sizes[bad[0]]:g} at step {bad[0]}; a step size is a finite number, not below zero"
        )
    return sizes


def _called(schedule: Callable[[Any], Any], steps: int, what: str) -> np.ndarray:
    """A function at all counts: in one go if JAX can trace it, as it can optax's, else one by one."""
    with jax.enable_x64(True):
        try:
            sizes = np.asarray(jax.jit(jax.vmap(schedule))(jnp.arange(steps)), dtype=float)
        except Exception:  # whatever a function does that is not meant for JAX
            sizes = np.empty(0)
        if sizes.shape == (steps,):
            return sizes
        return np.array([_number(schedule(k), k, what) for k in range(steps)])


def _number(value: Any, k: int, what: str) -> float:
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise InputTypeError(f"{what} is to give a number at step {k}, not {value!r}") from None
    if array.size != 1:
        raise InputTypeError(
            f"{what} is to give one number at step {k}, not an array of shape {array.shape}; "
            "give players schedules of their own by a mapping"
        )
    return float(array.reshape(()))


def _expression(schedule: sympy.Expr, steps: int, what: str) -> np.ndarray:
    symbols = tuple(schedule.free_symbols)
    if len(symbols) > 1:
        raise InputError(
            f"{what} is an expression in the count alone, not in {', '.join(sorted(map(str, symbols)))}"
        )
    count = symbols[0] if symbols else sympy.Dummy("k")
    with np.errstate(all="ignore"):
        sizes = sympy.lambdify(count, schedule, "numpy")(np.arange(steps, dtype=float))
    sizes = np.broadcast_to(np.asarray(sizes), (steps,))
    if np.iscomplexobj(sizes):
        raise InputError(f"{what} is not real: {schedule}")
    return sizes.astype(float)


def robbins_monro(schedule: Any, sizes: np.ndarray) -> Verdict:
    """Whether Σ h_k = ∞ and Σ h_k² < ∞, what stochastic approximation asks of step sizes.

    Robbins and Monro (1951): the first sum lets the steps reach any point, the second lets the noise of
    stochastic gradients average out. No finite number of steps decides: the verdict is yes or no, `exact`,
    only for a constant and for an expression whose sums SymPy settles; else undecided, and `value` is the
    p of h_k ~ k^−p, from the second half of `sizes`, shape (steps,); k^−p passes for ½ < p ≤ 1.
    """
    p = decay(sizes)
    if isinstance(schedule, sympy.Expr):
        converge = in_time(_SECONDS, lambda: _sums_converge(schedule), None)
        if converge is not None:
            first, second = converge
            verdict = "yes" if second and not first else "no"
            text = f"Σh {_sum(first)} and Σh² {_sum(second)}"
            return Verdict(verdict, None, None, "exact", text)
    elif not callable(schedule):
        return Verdict("no", 0.0, None, "exact", "the step size is constant, so Σh² is infinite")
    if p is None:
        text = "too few steps to see how the step size falls"
        return Verdict("undecided", None, None, "numeric", text)
    text = (
        f"in the second half of the steps h falls like k^({-p:.3g}), which for good would mean that "
        f"Σh {_sum(p > 1)} and Σh² {_sum(p > 0.5)}; an expression in k would decide"
    )
    return Verdict("undecided", p, None, "numeric", text)


def decay(values: np.ndarray) -> float | None:
    """The p of values_k ~ (k + 1)^−p between the middle and the end; None for too few values or zeros."""
    n = len(values)
    middle = n // 2
    if n < 4 or not (0 < values[middle] < np.inf and 0 < values[-1] < np.inf):
        return None
    return float(np.log(values[middle] / values[-1]) / np.log(n / (middle + 1)))


def _sums_converge(schedule: sympy.Expr) -> tuple[bool, bool] | None:
    """Whether the sums of h and h² over all counts converge, if SymPy can tell."""
    k = sympy.Symbol("k", integer=True, nonnegative=True)
    h = schedule.xreplace(dict.fromkeys(schedule.free_symbols, k))
    h = sympy.nsimplify(h, rational=True)
    try:
        first, second = (sympy.Sum(own, (k, 0, sympy.oo)).is_convergent() for own in (h, h**2))
    except (NotImplementedError, TypeError, ValueError):
        return None
    return bool(first), bool(second)


def _sum(converges: bool) -> str:
    return "converges" if converges else "is infinite"


def schedule_text(schedule: Any) -> str:
    """A schedule as people read it."""
    if isinstance(schedule, Mapping):
        return ", ".join(f"{p or 'others'} {schedule_text(own)}" for p, own in schedule.items())
    if isinstance(schedule, sympy.Expr):
        return str(schedule)
    if callable(schedule):
        return getattr(schedule, "__name__", type(schedule).__name__)
    return f"{float(schedule):g}"
