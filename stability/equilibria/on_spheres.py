"""Rest points on faces with spheres: zeros of the field less its push against each sphere, and the pushes.

On the sphere ‖x_b‖ = R the field's tangent part vanishes where v_b = m x_b/R; m is the push, not negative at
a rest point. The unknowns are the free coordinates u of the face and one m for each sphere.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import sympy

from .equilibrium import Equations
from .faces import Face
from .scaling import Evaluate


def with_multipliers(
    face: Face,
    evaluate: Evaluate,
    box: np.ndarray,
    equations: Equations | None,
    largest: float,
) -> tuple[Evaluate, np.ndarray, Equations | None]:
    """The system for (u, m), shape (k + s,): in numbers, where to look, and in SymPy.

    `evaluate`, `box` and `equations` are the field on the face; `largest` is a bound on multipliers.
    """
    column = {int(k): j for j, k in enumerate(face.free)}
    balls = [face.sets.balls[j] for j in face.spheres]
    places = [np.array([column[int(k)] for k in ball.index]) for ball in balls]
    k, s = len(face.free), len(balls)

    def extended(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        u, m = points[:, :k], points[:, k:]
        v, jacobian = evaluate(u)
        value = np.concatenate([v, np.zeros((len(points), s))], axis=1)
        matrix = np.zeros((len(points), k + s, k + s))
        matrix[:, :k, :k] = jacobian
        for j, (ball, place) in enumerate(zip(balls, places, strict=True)):
            own, radius = u[:, place], float(ball.radius)
            value[:, place] -= m[:, [j]] * own / radius
            value[:, k + j] = ((own**2).sum(axis=1) - radius**2) / (2 * radius)
            matrix[:, place, place] -= m[:, [j]] / radius
            matrix[:, place, k + j] = -own / radius
            matrix[:, k + j, place] = own / radius
        return value, matrix

    wide = np.concatenate([box, np.tile([-largest, largest], (s, 1))])
    if equations is None:
        return extended, wide, None
    assert face.exact is not None
    pushes = [sympy.Symbol(f"push {j}", real=True) for j in range(s)]
    rows = list(equations.expressions)
    spheres = []
    for j, (index, place) in enumerate(zip(face.spheres, places, strict=True)):
        radius = face.exact.balls[index].radius
        own = [equations.variables[c] for c in place]
        for c, x in zip(place, own, strict=True):
            rows[c] = rows[c] - pushes[j] * x / radius
        spheres.append(sum(x**2 for x in own) - radius**2)
    return (
        extended,
        wide,
        replace(
            equations,
            variables=(*equations.variables, *pushes),
            expressions=(*rows, *spheres),
        ),
    )
