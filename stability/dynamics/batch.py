"""One compilation for a function and its Jacobian at many points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .quick_compilation import quickly_compiled


def batch_size(dimension: int) -> int:
    """How many points are evaluated at once: bounded work and memory whatever the dimension."""
    return 64 if dimension <= 10 else 16 if dimension <= 100 else 4


def batched(
    function: Callable[[Any], Any], dimension: int
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """X (n, d) ↦ (f, Df) of shapes (n, d) and (n, d, d), NumPy float64.

    Points are padded to batches of one fixed size, so the function is compiled once; 64-bit arithmetic
    is switched on for these calls alone.
    """
    size = batch_size(dimension)

    def of_all(points):
        def value_and_jacobian(x):
            value, push = jax.linearize(function, x)
            return value, jax.vmap(push, out_axes=1)(jnp.eye(dimension, dtype=x.dtype))

        return jax.vmap(value_and_jacobian)(points)

    compiled = quickly_compiled(of_all, dimension)

    def evaluate(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points = np.asarray(points, dtype=np.float64)
        values, jacobians = [], []
        with jax.enable_x64(True):
            for begin in range(0, len(points), size):
                chunk = points[begin : begin + size]
                padded = np.concatenate([chunk, np.repeat(chunk[-1:], size - len(chunk), axis=0)])
                value, jacobian = compiled(padded)
                values.append(np.asarray(value)[: len(chunk)])
                jacobians.append(np.asarray(jacobian)[: len(chunk)])
        if not values:
            return np.empty((0, dimension)), np.empty((0, dimension, dimension))
        return np.concatenate(values), np.concatenate(jacobians)

    return evaluate


def batched_values(
    function: Callable[[Any], Any], dimension: int
) -> Callable[[np.ndarray], np.ndarray]:
    """X (n, d) ↦ f, shape (n, m), NumPy float64: values alone, a few thousand points at a time.

    Few points and many are two batch sizes, so at most two compilations.
    """
    compiled = quickly_compiled(jax.vmap(function), dimension)

    def evaluate(points: np.ndarray) -> np.ndarray:
        points = np.asarray(points, dtype=np.float64)
        size = 64 if len(points) <= 64 else 4096
        values = []
        with jax.enable_x64(True):
            for begin in range(0, max(len(points), 1), size):
                chunk = points[begin : begin + size]
                padded = np.pad(
                    chunk,
                    ((0, size - len(chunk)), (0, 0)),
                    mode="edge" if len(chunk) else "constant",
                )
                values.append(np.asarray(compiled(padded))[: len(chunk)])
        return np.concatenate(values)

    return evaluate
