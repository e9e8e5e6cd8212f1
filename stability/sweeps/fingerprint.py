"""A digest of a request, to tell the chunks of one sweep from those of another."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
import sympy

from .._version import __version__
from ..branches.problem import Problem
from .chunks import Grid


def fingerprint(
    problem: Problem, quantities: Sequence[str], grid: Grid, searched: Any = None
) -> str:
    """A digest of everything that the numbers in the grid depend on, the same in every process.

    `searched`: where rest points in strategy sets are looked for, at every value anew.
    """
    digest = hashlib.sha256()

    def add(part: Any) -> None:
        digest.update(part if isinstance(part, bytes) else str(part).encode())
        digest.update(b"\0")

    add(__version__)
    for part in (
        tuple(quantities),
        grid.chunk,
        problem.kind,
        problem.variables,
        problem.partition,
    ):
        add(part)
    for axis, values in zip(problem.axes, grid.axes, strict=True):
        add(axis)
        add(np.asarray(values, dtype=float).tobytes())
    for owner in (problem.setup.field, problem.setup.rule, *problem.setup.penalties):
        add(re.sub(r" at 0x[0-9a-fA-F]+", "", repr(owner)))
    add(problem.base.point.tobytes())
    sets = problem.system.sets if problem.kind == "game" else None
    if sets:
        add([sympy.srepr(sympy.sympify(end)) for end in (*sets.low, *sets.high)])
        add([simplex.tolist() for simplex in sets.simplices])
        add([(ball.index.tolist(), str(ball.radius)) for ball in sets.balls])
        add(searched)
    add(sympy.srepr(problem.coordinates))
    system = problem.system
    if system.symbolic:
        own = system.losses() if system.kind == "game" else tuple(system.expressions)
        add(sympy.srepr(own))
        add(sorted((s.name, sympy.srepr(v)) for s, v in problem.fixed.items()))
    else:
        for part in _traced(system):
            add(part)
    return digest.hexdigest()


def _traced(system: Any) -> list[Any]:
    """A Python function as what it computes: JAX's trace of it, and the arrays it holds."""
    function = system.losses if system.kind == "game" else system.function
    with jax.enable_x64(True):
        traced = jax.make_jaxpr(function)(np.zeros(len(system.variables)))
    arrays = [np.asarray(constant).tobytes() for constant in traced.consts]
    return [re.sub(r" at 0x[0-9a-fA-F]+", "", str(traced)), *arrays]
