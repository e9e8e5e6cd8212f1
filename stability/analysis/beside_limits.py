"""A flow that no limit stops and none pushes, beside one: of a term of even order the inner side counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..documents.numbers import number
from ..equilibria.variational import Bounded
from ..normal_forms.sentences import called
from ..normal_forms.value import Law, NormalForm

_FLAT = 1e-6  # entries of a unit direction below this are not told from zero
_TIE = 1e-13  # entries as near as this are equal: rounding of a direction is less


def on_the_side(form: NormalForm, bounded: Bounded, matrix: np.ndarray) -> NormalForm | None:
    """The normal form u̇ = a u^m + …, m even, of a replicator where its sets lie on one side, or None.

    `matrix`: the Jacobian in the coordinates of the `bounded` point's face, one eigenvalue 0, the others
    decaying. As ẋ_k = x_k g_k, the row of an active x_k at the point is g_k e_k: either x_k has no part in
    the centre direction q, or g_k = 0 and x_k itself is the coordinate u ≥ 0 of the centre manifold, up to a
    factor. Where no active x_k has a part in q, the point lies inside the invariant face that q spans with
    others, and both sides count. Else states in the set approach exponentially a solution of the reduced
    equation (Carr 1981, theorem 2) and have u ≥ 0, on which u = 0 is asymptotically stable if and only if
    a < 0: a solution with u < 0 would leave, and states near it the set.

    None where numbers do not tell which side it is.
    """
    if form.case != "zero" or form.order is None or form.coefficient is None:
        return None
    if form.evidence != "exact":
        return None
    _, sizes, rows = np.linalg.svd(matrix)
    if len(sizes) > 1 and sizes[-2] <= 1e-4 * sizes[0]:
        return None
    sign = _orientation(rows[-1])
    if sign is None:
        return None
    direction = bounded.face.basis @ (sign * rows[-1])
    inward = direction[list(bounded.limits)]
    large = inward[np.abs(inward) > 1e-3]
    if len(large) + int((np.abs(inward) < _FLAT).sum()) != len(inward) or len(large) > 1:
        return None
    if not len(large) or form.order % 2:
        return form
    inner = form.coefficient if large[0] > 0 else -form.coefficient
    what = f"{called(form.case, form.order)} is {number(inner)} on the side of the set"
    if inner > 0:
        return replace(form, because=f"{what}: orbits leave")
    power = form.order - 1
    # a unit of u is as long as this: the face's coordinates are not orthonormal
    size = float(np.linalg.norm(direction))
    law = Law(1 / power, size * (power * -inner) ** (-1 / power))  # of u̇ = −|a| u^m
    because = f"{what}: the error shrinks like {law.text('t')}"
    return replace(form, verdict="asymptotically stable", because=because, law=law)


def _orientation(q: np.ndarray) -> int | None:
    """The sign that makes q's largest entry (the first of equal ones) positive; None if rounding decides."""
    sizes = np.abs(q)
    near = np.flatnonzero(sizes > sizes.max() * (1 - 1e-6))
    if len(set(np.sign(q[near]))) > 1 and np.ptp(sizes[near]) > _TIE:
        return None
    return 1 if q[near[0]] > 0 else -1
