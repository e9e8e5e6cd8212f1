"""Losses that are computed outside JAX, differentiable in JAX as often as their own library can.

The k-th derivative of a loss, contracted with vectors, is one JAX primitive for every k. Differentiating it
gives the next derivative, contracted with one vector more; and as derivatives are symmetric, so that every
vector may stand in every place, transposing it exchanges a vector for the place that was left free.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from ..dynamics.partition import Partition

WHOLE = -1  # the place of a vector that is as long as the profile, not one player's part

Places = tuple[int, ...]


class Losses(Protocol):
    """What computes losses and their derivatives; hashed by identity."""

    partition: Partition

    def derivative(
        self,
        player: int,
        x: np.ndarray,
        vectors: Sequence[np.ndarray],
        places: Places,
        free: Places,
    ) -> np.ndarray:
        """What `derivative` is, in the dtype of x. Called from threads of JAX, several at a time."""
        ...


_derivative = Primitive("derivative_outside_jax")


def derivative(
    losses: Losses, player: int, x: Any, *vectors: Any, places: Places = (), free: Places = ()
) -> Any:
    """DᵏL(x)[u_1, …, u_k], of the loss L of a player by position, at the profile x, shape (d,).

    - `vectors`: u_1, …, u_k, none for the loss itself. `places`: for each the player whose part of a profile
      it is, or `WHOLE` for one of shape (d,).
    - `free`: the place at which no vector is put in, so that the result is a vector: with `(WHOLE,)` the
      gradient of DᵏL[u_1, …, u_k]; empty for the number.
    """
    return _derivative.bind(x, *vectors, losses=losses, player=player, places=places, free=free)


@_derivative.def_abstract_eval
def _shape(x: Any, *vectors: Any, losses: Losses, player: int, places: Places, free: Places) -> Any:
    sizes = losses.partition.sizes
    return x.update(shape=tuple(sum(sizes) if place == WHOLE else sizes[place] for place in free))


@_derivative.def_impl
def _now(x: Any, *vectors: Any, losses: Losses, player: int, places: Places, free: Places) -> Any:
    arrays = [np.asarray(u) for u in vectors]
    return jnp.asarray(losses.derivative(player, np.asarray(x), arrays, places, free))


def _lowered(
    context: Any, *operands: Any, losses: Losses, player: int, places: Places, free: Places
) -> Any:
    (value,) = context.avals_out
    # as whole numbers of 32 bits: the threads that call do not know of a scoped `jax.enable_x64`, and JAX
    # would round what they return
    shape = (value.size,) if value.dtype.itemsize == 4 else (value.size, value.dtype.itemsize // 4)
    words = value.update(shape=shape, dtype=np.dtype(np.uint32))

    def call(x: np.ndarray, *vectors: np.ndarray) -> tuple[np.ndarray]:
        found = losses.derivative(player, x, vectors, places, free)
        return (np.ascontiguousarray(found).reshape(-1).view(np.uint32).reshape(shape),)

    # not by `jax.pure_callback`, which hands over JAX arrays: to wait for their transfer in a thread on which
    # the transfer itself may depend is a deadlock
    results, _, _ = mlir.emit_python_callback(
        context.replace(avals_out=[words]),
        call,
        None,
        operands,
        context.avals_in,
        [words],
        has_side_effect=False,
        returns_token=False,
    )

    def numbers(found: Any) -> Any:
        return jax.lax.bitcast_convert_type(found, value.dtype).reshape(value.shape)

    back = mlir.lower_fun(numbers, multiple_results=False)
    return back(context.replace(avals_in=[words]), *results)


def _pushed(
    primals: Any,
    tangents: Any,
    *,
    losses: Losses,
    player: int,
    places: Places,
    free: Places,
) -> tuple[Any, Any]:
    (x, *vectors), (along, *changes) = primals, tangents
    value = derivative(losses, player, x, *vectors, places=places, free=free)
    terms = []
    if type(along) is not ad.Zero:
        more = (*places, WHOLE)
        terms.append(derivative(losses, player, x, *vectors, along, places=more, free=free))
    for j, change in enumerate(changes):
        if type(change) is not ad.Zero:
            changed = [*vectors[:j], change, *vectors[j + 1 :]]
            terms.append(derivative(losses, player, x, *changed, places=places, free=free))
    return value, sum(terms[1:], terms[0])


def _pulled(
    weight: Any,
    x: Any,
    *vectors: Any,
    losses: Losses,
    player: int,
    places: Places,
    free: Places,
) -> list[Any]:
    results: list[Any] = [None] * (1 + len(vectors))
    if type(weight) is ad.Zero:
        return results
    (j,) = (j for j, u in enumerate(vectors) if ad.is_undefined_primal(u))
    others = [*vectors[:j], *vectors[j + 1 :]]
    theirs = (*places[:j], *places[j + 1 :])
    own = (places[j],)
    if free:
        results[1 + j] = derivative(
            losses, player, x, *others, weight, places=(*theirs, *free), free=own
        )
    else:
        results[1 + j] = weight * derivative(losses, player, x, *others, places=theirs, free=own)
    return results


def _mapped(arguments: Any, axes: Any, **parameters: Any) -> tuple[Any, int]:
    moved = {
        i: jnp.moveaxis(argument, axis, 0)
        for i, (argument, axis) in enumerate(zip(arguments, axes, strict=True))
        if axis is not None
    }

    def one(own: dict[int, Any]) -> Any:
        given = [own.get(i, argument) for i, argument in enumerate(arguments)]
        return _derivative.bind(*given, **parameters)

    return jax.lax.map(one, moved), 0


mlir.register_lowering(_derivative, _lowered)
ad.primitive_jvps[_derivative] = _pushed
ad.primitive_transposes[_derivative] = _pulled
batching.primitive_batchers[_derivative] = _mapped
