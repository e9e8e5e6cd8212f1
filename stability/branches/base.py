"""The equilibrium from which a sweep starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..analysis.subject import Subject, constants
from ..dynamics.batch import batch_size
from ..dynamics.system import exact
from ..equilibria.find import Equilibrium, describe_point, find_equilibria
from ..errors import InputError

_NEAR = 1e-3  # of the box: a point that was copied with a few digits still means its equilibrium


def base_equilibrium(subject: Subject, at: Mapping[str, Any] | None, of_field: bool) -> Equilibrium:
    """The only equilibrium of the subject, or the one nearest to the point `at`.

    With `of_field` where the subject's (first) field rests, else where its gradient field does.

    Raises InputError if there is none, or are several and no `at`, or the field has no derivative there.
    """
    evaluate, equations = subject.main.evaluate, subject.equations
    if of_field:
        field = subject.flows[0]
        evaluate, equations = field.quick.evaluate, field.equations
    if at is not None:
        coordinates = _coordinates(subject, at)
        point = np.array([float(c.evalf(20)) for c in coordinates])
        given = describe_point(evaluate, point, subject.box, coordinates, equations)
        if given.stationary:
            return _differentiable(subject, given)
    start = subject.numeric.start
    special = [] if start is None else [np.asarray(start, dtype=float)]
    if at is not None:
        special.append(point)
    found = find_equilibria(
        evaluate,
        subject.box,
        equations,
        special=special,
        starts=batch_size(len(subject.variables)),
    ).found
    if len(found) == 0:
        raise InputError(
            "no equilibrium was found in the box at the base values; give a larger box or another point"
        )
    there = "; ".join(_text(subject, e) for e in found[:6]) + ("; …" if len(found) > 6 else "")
    if at is None:
        if len(found) > 1:
            raise InputError(
                f"there are {len(found)} equilibria at the base values; choose the one to follow, "
                f'as in at "{_text(subject, found[0])}": {there}'
            )
        return _differentiable(subject, found[0])
    scale = subject.box[:, 1] - subject.box[:, 0]
    distances = [float(np.abs((e.point - point) / scale).max()) for e in found]
    nearest = int(np.argmin(distances))
    if distances[nearest] > _NEAR:
        raise InputError(f"there is no equilibrium at the given point; there is {there}")
    return _differentiable(subject, found[nearest])


def _coordinates(subject: Subject, at: Mapping[str, Any]) -> tuple[Any, ...]:
    named = {str(key): value for key, value in constants(at).items()}
    if set(named) != set(subject.variables):
        raise InputError(
            f"a point names every variable once: {', '.join(subject.variables)}; "
            f"this one names {', '.join(named) or 'none'}"
        )
    return tuple(exact(named[name]) for name in subject.variables)


def _differentiable(subject: Subject, e: Equilibrium) -> Equilibrium:
    if not e.differentiable:
        raise InputError(f"the field is not differentiable at the equilibrium {_text(subject, e)}")
    return e


def _text(subject: Subject, e: Equilibrium) -> str:
    return ",".join(
        f"{name}={value + 0.0:.6g}" for name, value in zip(subject.variables, e.point, strict=True)
    )
