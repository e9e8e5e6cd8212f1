"""Spectral normalisation: every weight matrix divided by its largest singular value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ...errors import InputError


def spectrally_normalised(
    discriminator: Callable[[Any, Any], Any], *, output_axis: int = -1
) -> Callable[[Any, Any], Any]:
    """The discriminator with weights of spectral norm 1 (Miyato et al. 2018), of the same parameters.

    `discriminator` is a function of (parameters, samples), and so is the answer. Every parameter with two or
    more axes is divided by the largest singular value of the matrix (outputs,
    all else). `output_axis` is where the outputs are: −1, the last axis, in Flax, Haiku and for `x @ w`; 0 in
    Equinox and PyTorch. The singular value is the converged one, not the estimate of one step of power
    iteration, and is differentiated through, any number of times, where it is simple. A matrix of zeros
    cannot be normalised and gives NaN.

    Raises InputError for another `output_axis`.
    """
    if output_axis not in (0, -1):
        raise InputError(f"output_axis is 0 or -1, the first axis or the last, not {output_axis!r}")

    def normalised(disc: Any, images: Any) -> Any:
        return discriminator(jax.tree.map(lambda w: _normalised(w, output_axis), disc), images)

    return normalised


def _normalised(w: Any, output_axis: int) -> Any:
    if jnp.ndim(w) < 2:
        return w
    rows = jnp.reshape(jnp.moveaxis(w, output_axis, 0), (w.shape[output_axis], -1))
    gram = rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows
    return w / jnp.sqrt(_top_eigenpair(gram)[0])


# JAX's derivative of `eigh` divides by the gaps between all eigenvalues, and is NaN where any of them is
# double (zero, if the rank is low). Only the gaps to the largest one matter here, so the rule below is that
# of one eigenpair: (A − λI) v̇ − λ̇ v = −Ȧ v, vᵀ v̇ = 0. It uses the function itself, so it holds for
# derivatives of all orders.
@jax.custom_jvp
def _top_eigenpair(a: Any) -> tuple[Any, Any]:
    """The largest eigenvalue of a symmetric matrix, and its eigenvector of length 1."""
    values, vectors = jnp.linalg.eigh(a)
    return values[-1], vectors[:, -1]


@_top_eigenpair.defjvp
def _top_eigenpair_jvp(primals: Any, tangents: Any) -> Any:
    (a,), (change,) = primals, tangents
    value, vector = _top_eigenpair(a)
    bordered = jnp.block(
        [
            [a - value * jnp.eye(len(a), dtype=a.dtype), -vector[:, None]],
            [vector[None], jnp.zeros((1, 1), a.dtype)],
        ]
    )
    right = jnp.append(-change @ vector, jnp.zeros(1, a.dtype))
    solved = jnp.linalg.solve(bordered, right)
    return (value, vector), (solved[-1], solved[:-1])
