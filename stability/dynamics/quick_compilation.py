"""Compilation for what is small and runs for a moment: compiling it takes longer than running it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

SMALL = 10  # variables, up to which a function's own arithmetic is next to nothing


def quickly_compiled(function: Callable[..., Any], dimension: int) -> Callable[..., Any]:
    """`jax.jit(function)` for a function of few variables: LLVM compiles it in half the time, unoptimised.

    Above `SMALL` variables it is compiled as usual. It must not be called while JAX is tracing.
    """
    if dimension > SMALL:
        return jax.jit(function)
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0})
