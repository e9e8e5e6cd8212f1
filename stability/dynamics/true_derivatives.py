"""Whether the derivatives that an autodiff library gives are those of the function.

They are unless the function says otherwise: by `stop_gradient` or `detach`, by a derivative of its own
(`custom_jvp`, `custom_vjp`), or by sending numbers through integers. What JAX traces shows where;
finite differences tell whether it matters (in `logsumexp` it does not).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr

from ..errors import InputError, InputTypeError

_JAX = os.path.dirname(jax.__file__) + os.sep
_FINE, _COARSE = (1e-5, 1e-6, 1e-7), (1e-2, 3e-3, 1e-3)  # steps in double and in single precision
FIX = (
    "leave it out (a game differentiates each loss by its own player alone), or write the "
    "velocity that is meant as st.Flow"
)
_AGREE = (
    0.1  # of the gap: by how much differences of all steps, to both sides, may differ themselves
)


def hindrances(jaxpr: Any) -> tuple[str, ...]:
    """What in a trace may give other derivatives than the function's, and where; not what JAX itself does."""
    return tuple(dict.fromkeys(filter(None, map(_hindrance, _equations(jaxpr)))))


def refuse_if_wrong(
    what: str,
    value: Callable[[Any], Any],
    product: Callable[[Any, Any], Any],
    x: np.ndarray,
    found: Sequence[str],
) -> None:
    """Raises InputError if `what` has another derivative than `product` says, by what was `found` in it.

    The other arguments are those of `differs`; the precision is double, or single where that does not fit.
    """
    try:
        try:
            with jax.enable_x64(True):
                wrong = differs(value, product, np.asarray(x, float))
        except InputTypeError:  # it does not compute in double precision
            wrong = differs(value, product, np.asarray(x, np.float32))
    except InputError:
        raise
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{what} cannot be differentiated by JAX: {reason}") from error
    if wrong:
        raise InputError(
            f"{what} has another derivative than JAX is told, by {', '.join(found[:3])}: its Jacobian would "
            f"be that of another function; {FIX}"
        )


def differs(
    value: Callable[[np.ndarray], Any],
    product: Callable[[np.ndarray, np.ndarray], Any],
    x: np.ndarray,
) -> bool:
    """Whether a function from x (d,) to (m,) certainly has another derivative than `product(x, u)` says.

    Compared are one-sided differences along a random direction, at a point near x and at x, each component of
    the result by itself, since they may be of very different size. They count only where those of three step
    sizes agree on both sides of the point: at a kink they do not, nor where rounding speaks; numbers that are
    not finite say nothing. Where small steps decide nothing larger ones do: a function that goes through
    integers, or through single precision, is a staircase, smooth only from afar.
    """
    rng = np.random.default_rng(0)
    unit = np.maximum(1, np.abs(x))
    u = (unit * rng.standard_normal(x.shape)).astype(x.dtype)
    nearby = (x + 0.1 * unit * rng.standard_normal(x.shape)).astype(x.dtype)
    unclear = [nearby, x]
    for steps in (_FINE, _COARSE) if x.dtype == np.float64 else (_COARSE,):
        found = [_compared(value, product, point, u, steps) for point in unclear]
        if True in found:
            return True
        unclear = [point for point, own in zip(unclear, found, strict=True) if own is None]
    return False


def _compared(value, product, x, u, steps) -> bool | None:
    """Whether the derivatives differ in some component; None where they do not, but some is unclear."""
    with np.errstate(all="ignore"):
        here, said = (np.asarray(v, dtype=float) for v in (value(x), product(x, u)))
        slopes = np.stack(
            [(np.asarray(value(x + s * u), float) - here) / s for h in steps for s in (h, -h)]
        )
        gaps = np.abs(slopes - said)
        scale = np.maximum(np.abs(slopes).max(axis=0), np.abs(said))
        noise = 100 * np.finfo(x.dtype).eps / min(steps) * np.abs(here)
        # rounding of what is said itself; that of differences, and curvature, would make them disagree
        real = gaps.min(axis=0) > 0.1 * max(steps) * scale + noise
        agreed = np.ptp(slopes, axis=0) <= _AGREE * gaps.min(axis=0)
        if (real & agreed).any():
            return True
        clear = (gaps <= 10 * max(steps) * scale + noise).all()
    return False if clear else None


def _equations(jaxpr: Any) -> Iterator[Any]:
    """All equations of a trace, those of the functions that it calls included, but for JAX's own."""
    for equation in (jaxpr.jaxpr if isinstance(jaxpr, ClosedJaxpr) else jaxpr).eqns:
        yield equation
        if equation.primitive.name.startswith("custom_"):
            continue  # its derivative is its own, whatever is inside
        for parameter in equation.params.values():
            for inner in parameter if isinstance(parameter, tuple) else (parameter,):
                if isinstance(inner, (ClosedJaxpr, Jaxpr)):
                    yield from _equations(inner)


def _hindrance(equation: Any) -> str | None:
    name = equation.primitive.name
    if name in ("custom_jvp_call", "custom_vjp_call"):
        inner = equation.params["call_jaxpr"]
        told = getattr(getattr(inner, "jaxpr", inner), "debug_info", None)
        function, _, file = str(getattr(told, "func_src_info", "")).partition(" at ")
        return None if file.startswith(_JAX) else f"{name.removesuffix('_call')} of {function}"
    if name == "stop_gradient":
        frames = _frames(equation)
        # the outermost: JAX calls it again where it differentiates
        own = [i for i, f in enumerate(frames) if _is_jax(f) and f.function_name == name]
        caller = frames[own[-1] + 1] if own and own[-1] + 1 < len(frames) else None
        return None if caller and _is_jax(caller) else f"{name}{_line(caller)}"
    if name == "bitcast_convert_type" or (name == "convert_element_type" and _whole(equation)):
        callers = [f for f in _frames(equation) if not _is_jax(f)]
        return f"numbers turned into integers{_line(callers[0] if callers else None)}"
    return None


def _line(frame: Any) -> str:
    return (
        "" if frame is None else f" in line {frame.line_num} of {os.path.basename(frame.file_name)}"
    )


def _frames(equation: Any) -> Sequence[Any]:
    traceback = getattr(equation.source_info, "traceback", None)
    return [] if traceback is None else traceback.frames


def _is_jax(frame: Any) -> bool:
    return frame.file_name.startswith(_JAX)


def _whole(equation: Any) -> bool:
    """Whether it makes whole numbers of others."""
    before, after = equation.invars[0].aval.dtype, equation.outvars[0].aval.dtype
    return jnp.issubdtype(before, jnp.floating) and jnp.issubdtype(after, jnp.integer)
