"""Sets of rest points: what is true all along them, which point stands for each, and where that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import sympy

from ..criteria.along_components import UNKNOWN, Along, along
from ..equilibria.components import Component
from ..equilibria.equilibrium import Equations, Equilibrium, in_floats
from ..equilibria.placing import at_end, on_component
from ..equilibria.representatives import Point, representative
from ..spectra.exact import exact_text
from ..verdicts.verdict import Verdict
from .subject import Subject
from .value import ComponentInfo


def with_ends(
    subject: Subject, known: Sequence[tuple[Equilibrium, Along | None]]
) -> list[tuple[Equilibrium, Along | None]]:
    """The equilibria, with what holds along those that stand for components, and the ends of these ranges.

    A component is represented by a point at which it attracts, if there is one in the box, and never by one
    at which an eigenvalue across it is neutral while others' are not.
    """
    equations = subject.equations
    if equations is None or all(own is None for _, own in known):
        return list(known)
    found = [e for e, _ in known]
    result: list[tuple[Equilibrium, Along | None]] = []
    ends: list[Equilibrium] = []
    for e, own in known:
        if own is None or e.component is None:
            result.append((e, None))
            continue
        result.append((_moved(subject, e, e.component, own, equations, found), own))
        name = e.component.name
        because = f"the {name} of equilibria is not normally hyperbolic here"
        if own.silent:
            because = f"what decides across the {name} of equilibria vanishes here"
        for point in own.ends:
            end = at_end(subject.main.evaluate, e.component, point, subject.box, equations, because)
            if not any(
                _same(end.point, other.point) for other in (*found, *ends) if other.singular
            ):
                ends.append(end)
    result += [(end, None) for end in ends]
    scale = subject.box[:, 1] - subject.box[:, 0]
    return sorted(result, key=lambda pair: tuple(np.round(pair[0].point / scale, 9)))


def along_component(subject: Subject, e: Equilibrium) -> Along | None:
    """What holds along the component that an equilibrium lies on; None if it is on none that is known.

    Nor along a set of points at which the equilibria are no manifold.
    """
    equations = subject.equations
    if equations is None or e.component is None or e.singular is not None:
        return None
    kind = "map" if subject.kind == "map" else "flow"
    return along(equations.expressions, e.component, kind, subject.names)


def component_info(subject: Subject, e: Equilibrium, own: Along | None) -> ComponentInfo | None:
    """The set that an equilibrium stands for, for people and for JSON; None if it stands for itself."""
    component = e.component
    if component is None and not e.manifold_dimension:
        return None
    known = own or UNKNOWN
    if component is None:
        return ComponentInfo(e.manifold_dimension, None, None, (), None, None, False)
    equation = parametrisation = None
    if component.equation is None:
        whole = subject.exactly_in_all_variables(component.coordinates)
        parametrisation = {
            name: exact_text(c, subject.names)
            for name, c in zip(subject.all_variables, whole, strict=True)
        }
    else:
        parts = [f"{exact_text(component.equation, subject.names)} = 0"]
        parts += [f"{v} = {exact_text(c, subject.names)}" for v, c in component.solved.items()]
        equation = " and ".join(parts)
    return ComponentInfo(
        component.dimension,
        parametrisation,
        equation,
        tuple(v.name for v in component.free),
        known.attracts,
        known.repels,
        component.straight,
        known.all_ends,
    )


def qualified(e: Equilibrium, verdict: Verdict) -> Verdict:
    """A stability verdict at an equilibrium, with what the set of equilibria through it has to do with it.

    Across a set that was only seen numerically nothing is exact, whatever the matrix, and where that may be
    no set of equilibria orbits may leave along it, whatever happens across.
    """
    stays = verdict.verdict in ("exponentially stable", "neutral")
    if e.doubt is not None and e.manifold_dimension and stays:
        return replace(
            verdict, verdict="undecided", margin=None, evidence="numeric", because=e.doubt
        )
    if e.doubt is not None and verdict.verdict == "undecided":
        return replace(verdict, because=f"{e.doubt}, and {verdict.because}")
    if e.singular is not None and verdict.verdict == "undecided":
        return replace(verdict, because=f"{e.singular}, and {verdict.because}")
    if e.manifold_dimension and e.component is None and verdict.evidence == "exact":
        return replace(verdict, evidence="numeric")
    return verdict


def _moved(
    subject: Subject,
    e: Equilibrium,
    component: Component,
    own: Along,
    equations: Equations,
    found: Sequence[Equilibrium],
) -> Equilibrium:
    """The same component at a point where it attracts, or at least is normally hyperbolic, if it was not."""
    assert e.exact is not None
    values = dict(equations.values)
    neutral = [in_floats(end, values) for end in own.ends]
    neutral += [other.point for other in found if other.singular]

    def regular(point: Point) -> bool:
        x = in_floats(point, values)
        return not any(_same(x, other) for other in neutral)

    def attracting(point: Point) -> bool:
        put = {v: c.xreplace(values) for v, c in zip(component.variables, point, strict=True)}
        holds = own.attracting is not None and own.attracting.xreplace(put) == sympy.true
        return holds and regular(point)

    def inside(point: Point | None) -> bool:
        if point is None:
            return False
        x = in_floats(point, values)
        return bool(((x >= subject.box[:, 0]) & (x <= subject.box[:, 1])).all())

    if own.attracting not in (None, sympy.false) and not attracting(e.exact):
        point = representative(component, subject.box, attracting)
        if point is not None and inside(point):
            return on_component(subject.main.evaluate, component, point, subject.box, equations)
    if not regular(e.exact):
        point = representative(component, subject.box, regular)
        if point is not None:
            return on_component(subject.main.evaluate, component, point, subject.box, equations)
    return e


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one - other).max() <= 1e-9 * (1 + np.abs(one).max()))
