"""Losses that are computed outside JAX, differentiable in JAX as often as their own library can.

The k-th derivative of a loss, contracted with vectors, is one JAX primitive for every k. Differentiating it
gives the next derivative, contracted with one vector more; and as derivatives are symmetric, so that every
vector may stand in every place, transposing it exchanges a vector for the place that was left free.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from ..dynamics.partition import Partition

WHOLE = -1  # the place of a vector that is as long as the profile, not one player's part

Places = tuple[int, ...]
Vectors = Sequence[np.ndarray]


class Losses(Protocol):
    """What computes losses and their derivatives; hashed by identity."""

    partition: Partition

    def derivative(
        self, player: int, x: np.ndarray, vectors: Vectors, places: Places, free: Places
    ) -> np.ndarray:
        """What `derivative` is, in the dtype of x. Called from threads of JAX, several at a time."""
        ...


class _Derivative(NamedTuple):
    """Which derivative of which loss; as in `derivative`."""

    losses: Losses
    player: int
    places: Places
    free: Places

    def __call__(self, x: Any, *vectors: Any) -> Any:
        return _derivative.bind(x, *vectors, of=self)


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
    return _Derivative(losses, player, places, free)(x, *vectors)


@_derivative.def_abstract_eval
def _shape(x: Any, *vectors: Any, of: _Derivative) -> Any:
    sizes = of.losses.partition.sizes
    return x.update(shape=tuple(sum(sizes) if i == WHOLE else sizes[i] for i in of.free))


@_derivative.def_impl
def _now(x: Any, *vectors: Any, of: _Derivative) -> Any:
    x, *arrays = map(np.asarray, (x, *vectors))
    return jnp.asarray(of.losses.derivative(of.player, x, arrays, of.places, of.free))


def _lowered(context: Any, *operands: Any, of: _Derivative) -> Any:
    (value,) = context.avals_out
    # as whole numbers of 32 bits: the threads that call do not know of a scoped `jax.enable_x64`, and JAX
    # would round what they return
    shape = (value.size,) if value.dtype.itemsize == 4 else (value.size, value.dtype.itemsize // 4)
    words = value.update(shape=shape, dtype=np.dtype(np.uint32))

    def call(x: np.ndarray, *vectors: np.ndarray) -> tuple[np.ndarray]:
        found = of.losses.derivative(of.player, x, vectors, of.places, of.free)
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


def _pushed(primals: Any, tangents: Any, *, of: _Derivative) -> tuple[Any, Any]:
    (x, *vectors), (along, *changes) = primals, tangents
    terms = []
    if type(along) is not ad.Zero:
        terms.append(of._replace(places=(*of.places, WHOLE))(x, *vectors, along))
    for j, change in enumerate(changes):
        if type(change) is not ad.Zero:
            terms.append(of(x, *vectors[:j], change, *vectors[j + 1 :]))
    return of(x, *vectors), sum(terms[1:], terms[0])


def _pulled(weight: Any, x: Any, *vectors: Any, of: _Derivative) -> list[Any]:
    results: list[Any] = [None] * (1 + len(vectors))
    if type(weight) is ad.Zero:
        return results
    (j,) = (j for j, u in enumerate(vectors) if ad.is_undefined_primal(u))
    others = [*vectors[:j], *vectors[j + 1 :]]
    theirs, own = (*of.places[:j], *of.places[j + 1 :]), (of.places[j],)
    if of.free:
        results[1 + j] = of._replace(places=(*theirs, *of.free), free=own)(x, *others, weight)
    else:
        results[1 + j] = weight * of._replace(places=theirs, free=own)(x, *others)
    return results


def _mapped(arguments: Any, axes: Any, *, of: _Derivative) -> tuple[Any, int]:
    moved = {
        i: jnp.moveaxis(argument, axis, 0)
        for i, (argument, axis) in enumerate(zip(arguments, axes, strict=True))
        if axis is not None
    }

    def one(own: dict[int, Any]) -> Any:
        return of(*(own.get(i, argument) for i, argument in enumerate(arguments)))

    return jax.lax.map(one, moved), 0


mlir.register_lowering(_derivative, _lowered)
ad.primitive_jvps[_derivative] = _pushed
ad.primitive_transposes[_derivative] = _pulled
batching.primitive_batchers[_derivative] = _mapped
