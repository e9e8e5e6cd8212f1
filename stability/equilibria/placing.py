"""Exact equilibria that are not all isolated: a point for each component, and where the set is singular."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import sympy

from .components import Component, Continua, Crossing, decompose
from .equilibrium import (
    Equations,
    Equilibrium,
    described,
    in_floats,
    is_defined,
    is_generic,
    vanishes,
)
from .exact import ExactZeros, number_is_zero, solve_exactly
from .isolation import Isolation
from .representatives import representative
from .search import Evaluate, Zero

_LONG = 12  # operations in a coordinate
_FAINT = (
    1e-9  # of the box: so far around a point without exact coordinates an eigenvalue keeps its sign
)


def sorted_out(zeros: ExactZeros, equations: Equations | None) -> Continua | None:
    """The exact zeros in components, if they are not all isolated."""
    if equations is None or not zeros.continua:
        return None
    own, domain = equations, [part.xreplace(dict(equations.values)) for part in equations.domain]
    return decompose(
        zeros,
        own.variables,
        own.values,
        lambda further: solve_exactly(further, own.variables, {}, domain, thorough=True),
    )


def of_continua(
    evaluate: Evaluate, continua: Continua, box: np.ndarray, equations: Equations | None
) -> tuple[list[Equilibrium], bool]:
    """A point for each component, and those where the set is no manifold; whether every one has one."""
    assert equations is not None
    found, complete = [], True
    for component in continua.components:
        point = representative(
            component, box, lambda point: _is_regular(point, continua, equations)
        )
        if point is None:
            complete = False
        else:
            found.append(on_component(evaluate, component, point, box, equations))
    for crossing in continua.crossings:
        point = crossing.point
        if crossing.along is not None:
            k = crossing.along.dimension
            others = [
                c
                for c in continua.crossings
                if c is not crossing and (c.along is None or c.along.dimension <= k)
            ]
            point = representative(
                crossing.along,
                box,
                lambda point, others=others: not any(_is_at(point, c) for c in others),
            )
        if point is None:
            complete = False
        elif not _is_short(point) or (vanishes(point, equations) and is_defined(point, equations)):
            found.append(at_place(evaluate, point, box, equations, None, crossing))
    return found, complete


def on_component(
    evaluate: Evaluate,
    component: Component,
    point: tuple[sympy.Expr, ...],
    box: np.ndarray,
    equations: Equations,
) -> Equilibrium:
    """A point of a component, with exact coordinates, as one that stands for all of it."""
    return at_place(evaluate, point, box, equations, component, None)


def at_end(
    evaluate: Evaluate,
    component: Component,
    point: tuple[sympy.Expr, ...],
    box: np.ndarray,
    equations: Equations,
    because: str,
) -> Equilibrium:
    """A point of a component at which, for a reason, nothing can be judged across it."""
    there = at_place(evaluate, point, box, equations, None, Crossing(point, because))
    return replace(there, end=(component, point))


def at_place(
    evaluate: Evaluate,
    point: tuple[sympy.Expr, ...],
    box: np.ndarray,
    equations: Equations,
    component: Component | None,
    crossing: Crossing | None,
) -> Equilibrium:
    """An exact point of a component, of a crossing or, with neither, of no component at all."""
    x = in_floats(point, equations.values)
    exact = point if crossing is None or _is_short(point) else None
    generic = exact is not None and is_generic(exact, equations)
    if component is not None:
        tangent = component.tangent(x)
        because = f"the exact solution has a component of dimension {component.dimension} here"
        own = Isolation("no", component.dimension, tangent, because)
    elif crossing is not None:
        nothing = np.zeros((len(x), 0))
        own = Isolation("yes" if crossing.isolated else "no", 0, nothing, crossing.because)
    else:
        own = Isolation(
            "yes", 0, np.zeros((len(x), 0)), "no component of the exact solution is here"
        )
    error = 0.0 if exact is not None else _FAINT * float(np.ptp(box, axis=1).max())
    there = described(evaluate, x, error, box, exact, generic, own)
    if all(e.is_polynomial(*equations.variables) for e in equations.expressions):
        there = replace(there, differentiable=True)  # which rounding hides where the field is flat
    if crossing is None:
        return replace(there, component=component)
    singular = None if crossing.isolated else crossing.because
    return replace(there, component=crossing.along, singular=singular, stationary=True)


def _is_short(point: tuple[sympy.Expr, ...]) -> bool:
    """Whether exact arithmetic at a point is cheap, unlike that with nested radicals and roots."""
    return all(c.count_ops() <= _LONG and not c.has(sympy.CRootOf) for c in point)


def place(
    continua: Continua | None, point: tuple[sympy.Expr, ...], exhaustive: bool
) -> tuple[Component | None, Crossing | None] | None:
    """What an exact zero is among the exact zeros: on a component, a crossing, neither; None: not known."""
    if continua is None:
        return (None, None) if exhaustive else None
    for crossing in continua.crossings:
        if _is_at(point, crossing):
            return None, crossing
    on = [c for c in continua.components if c.holds(point)]
    if len(on) == 1 and continua.complete:
        return on[0], None
    return (None, None) if not on and exhaustive else None


def _is_at(point: tuple[sympy.Expr, ...], crossing: Crossing) -> bool:
    if crossing.along is not None:
        return crossing.along.holds(point)
    assert crossing.point is not None
    return all(number_is_zero(a - b) for a, b in zip(point, crossing.point, strict=True))


def _is_regular(point: tuple[sympy.Expr, ...], continua: Continua, equations: Equations) -> bool:
    inserted = tuple(c.xreplace(dict(equations.values)) for c in point)
    if any(_is_at(inserted, crossing) for crossing in continua.crossings):
        return False
    return vanishes(point, equations) and is_defined(point, equations)


def elsewhere(zeros: Sequence[Zero], found: Sequence[Equilibrium], scale: np.ndarray) -> list[Zero]:
    """The numeric zeros that are neither these equilibria nor on their components."""
    components = [e.component for e in found if e.component is not None]
    points = [e.point for e in found]
    if not zeros or not components:
        return list(zeros)
    x, error = np.stack([z.point for z in zeros]), np.array([z.error for z in zeros])
    near = [component.near(x, scale, error) for component in components]
    rest = [z for z, own in zip(zeros, ~np.any(near, axis=0), strict=True) if own]
    return [z for z in rest if not any(close(z.point, p, scale, z.error) for p in points)]


def alone(dimension: int, continua: Continua | None) -> Isolation:
    because = "the exact solution has finitely many points"
    if continua is not None:
        because = "the point lies on no component of the exact solution"
    return Isolation("yes", 0, np.zeros((dimension, 0)), because)


def close(one: np.ndarray, other: np.ndarray, scale: np.ndarray, error: float) -> bool:
    return bool((np.abs(one - other) <= 1e-8 * scale + 10 * error).all())
