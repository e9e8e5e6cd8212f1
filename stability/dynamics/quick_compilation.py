"""Compilation for what is small and runs for a moment: compiling it takes longer than running it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax

SMALL = 10  # variables, up to which a function's own arithmetic is next to nothing
# LLVM does not optimise, and XLA emits loops as it did before it had fusions written in MLIR
_PLAIN = (("xla_backend_optimization_level", 0), ("xla_cpu_use_fusion_emitters", False))


def quickly_compiled(function: Callable[..., Any], dimension: int) -> Callable[..., Any]:
    """`jax.jit(function)`, for a function of up to `SMALL` variables compiled in a quarter of the time.

    Its loops then take some times as long. It must not be called while JAX is tracing.
    """
    if dimension > SMALL or jax.default_backend() != "cpu":
        return jax.jit(function)
    return jax.jit(function, compiler_options=known_options(*_PLAIN))


@cache
def known_options(*options: tuple[str, Any]) -> dict[str, Any] | None:
    """These options as a mapping, or None where the compiler does not know them."""
    try:
        jax.jit(lambda: 0, compiler_options=dict(options))()
    except jax.errors.JaxRuntimeError:
        return None
    return dict(options)
