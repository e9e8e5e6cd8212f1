"""Local Nash equilibria where losses have kinks: by the directional derivatives of each player's own loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from ..documents.numbers import number
from ..equilibria.cells import Expressions, TangledError, sign_of
from ..equilibria.pieces import Pieces, formulas_around, pieces_at
from ..normal_forms.sides import side
from ..spectra.hurwitz import characteristic_polynomial, root_counts
from ..time_limits import in_time
from .conditions import Conditions, minmax_not_applicable
from .verdict import Verdict

_SECONDS = 3.0
NOT_DIFFERENTIABLE = "the field is not differentiable here"


@dataclass(frozen=True)
class _Own:
    """Whether a player's own loss has a local minimum: 1 strict, 0 weak, −1 none, None undecided; and why.

    `slope`: the deciding one-sided derivative, if there is one; `kink`: the own loss has a kink here.
    """

    minimum: int | None
    because: str
    slope: float | None = None
    kink: bool = False


def conditions_at_kink(
    players: Sequence[str],
    owned: Sequence[Expressions],
    losses: Expressions,
    point: Expressions,
    *,
    exact: bool,
    zero_sum: bool,
) -> Conditions:
    """The game-theoretic verdicts at a point where the losses have kinks.

    The point is a local Nash equilibrium if no player's own loss falls in any direction of the own strategy
    (Clarke 1983, *Optimization and Nonsmooth Analysis*): for each cell between the own kinks its gradient is
    a combination Σ λₖ sₖ∇gₖ of the normals into the cell with λ > 0, and along the kinks the second
    derivative decides. What is asked of second derivatives elsewhere stays open.

    **Arguments:**

    - `players`: their names; `owned`: the variables of each, in the order of `point`.
    - `losses`: one each, with the values of all parameters put in; `point`: d numbers, exact ones if `exact`.
    - `zero_sum`: see `GamePoint`.
    """
    variables = tuple(v for own in owned for v in own)
    put = dict(zip(variables, point, strict=True))
    found = []
    for own, loss in zip(owned, losses, strict=True):
        others = {v: x for v, x in put.items() if v not in own}
        found.append(_own(loss.xreplace(others), own, tuple(put[v] for v in own), exact))
    open_ = Verdict("undecided", None, None, "numeric", NOT_DIFFERENTIABLE)
    nash = _nash(players, found, exact)
    differential = open_
    kinked = [p for p, own in zip(players, found, strict=True) if own.kink]
    if nash.verdict == "no":
        differential = nash
    elif kinked:
        text = f"the loss of {kinked[0]} is not differentiable here in the own strategy"
        differential = Verdict("no", None, None, nash.evidence, text)
    two = len(players) == 2
    return Conditions(
        differential,
        nash,
        open_ if two and zero_sum else minmax_not_applicable(len(players)),
        {f"leader {p}": open_ for p in players} if two else {},
    )


def _nash(players: Sequence[str], found: Sequence[_Own], exact: bool) -> Verdict:
    evidence = "exact" if exact else "numeric"
    falls = [i for i, own in enumerate(found) if own.minimum == -1]
    if falls:
        own = found[falls[0]]
        text = f"player {players[falls[0]]} can do better nearby: {own.because}"
        size = None if own.slope is None else abs(own.slope)
        return Verdict("no", own.slope, size, evidence, text)
    open_ = [i for i, own in enumerate(found) if own.minimum is None]
    if open_:
        text = f"player {players[open_[0]]}: {found[open_[0]].because}"
        return Verdict("undecided", None, None, "numeric", text)
    said = "; ".join(f"{p}: {own.because}" for p, own in zip(players, found, strict=True))
    slopes = [own.slope for own in found if own.slope is not None]
    value = min(slopes) if slopes else None
    weak = "" if all(own.minimum for own in found) else ", weakly"
    return Verdict("yes", value, value, evidence, f"no player can do better nearby{weak} ({said})")


def _own(loss: sympy.Expr, own: Expressions, point: Expressions, exact: bool) -> _Own:
    def judged() -> _Own:
        try:
            pieces = pieces_at((loss,), own, point, exact)
            if pieces is None:
                return _smooth(loss, own, point, exact)
            if len(own) == 1:
                return _one_variable(pieces)
            return _several(pieces)
        except TangledError:
            return _Own(None, "which kinks of the own loss meet here cannot be told")

    return in_time(_SECONDS, judged, _Own(None, "the own loss took too long to look at"))


def _smooth(loss: sympy.Expr, own: Expressions, point: Expressions, exact: bool) -> _Own:
    """A loss without a kink here in the own strategy, the others' held fixed."""
    formulas = formulas_around((loss,), own, point) if exact else (loss,)
    formula = loss if formulas is None else formulas[0]
    put = dict(zip(own, point, strict=True))
    slopes = [formula.diff(v).xreplace(put) for v in own]
    for slope in slopes:
        if sign_of(sympy.expand(slope), exact):
            size = abs(float(slope.evalf(20)))
            return _Own(-1, f"the own loss falls with slope {number(size)} there", -size)
    hessian = sympy.hessian(formula, own)
    if all(sympy.expand(e) == 0 for e in hessian):
        return _Own(0, "the own loss does not depend on the own strategy")
    if len(own) == 1:
        base = formula - formula.xreplace(put)
        ways = [
            side(way * base, own[0], point[0], way, lambda n: sign_of(n, exact)) for way in (-1, 1)
        ]
        if all(s.sign > 0 for s in ways):
            return _Own(1, "the own loss has a minimum")
        return _Own(-1, "the own loss falls on one side")
    definite = _definite(hessian.xreplace(put))
    if definite == 1:
        return _Own(1, "the own Hessian is positive definite")
    if definite == -1:
        return _Own(-1, "the own Hessian has a negative eigenvalue")
    return _Own(None, "the own Hessian is singular; higher derivatives would decide")


def _one_variable(pieces: Pieces) -> _Own:
    """The leading terms of the loss on both sides."""
    level = _level(pieces)
    ways = [
        side(
            int(cell.direction[0]) * (cell.expressions[0] - level),
            pieces.variables[0],
            pieces.point[0],
            int(cell.direction[0]),
            pieces.sign,
        )
        for cell in pieces.cells
    ]
    slopes = [s.number if s.order == 1 else 0.0 for s in ways]
    below, above = (number(abs(s)) for s in slopes)
    names = ("below", "above")
    falls = [i for i, s in enumerate(ways) if s.sign < 0]
    if falls:
        where = " and ".join(names[i] for i in falls)
        slope = min(slopes)
        how = f" with slope {number(abs(slope))}" if slope else ""
        return _Own(-1, f"the own loss falls {where} the kink{how}", slope or None, True)
    if any(s.sign == 0 for s in ways):
        return _Own(0, "the own loss falls on neither side of the kink", None, True)
    text = f"the own loss rises from the kink with slopes {below} below and {above} above it"
    return _Own(1, text, min(slopes) or None, True)


def _several(pieces: Pieces) -> _Own:
    """The loss's gradient in each cell, in terms of the normals into it."""
    _level(pieces)
    if not pieces.independent:
        return _rays(pieces)
    normals = pieces.normals
    inverse = (normals * normals.T).inv()
    weights_of, rays = inverse * normals, normals.T * inverse
    lengths = [float(sympy.sqrt(rays.col(k).dot(rays.col(k))).evalf(20)) for k in range(rays.cols)]
    slopes, level = [], False
    for cell in pieces.cells:
        gradient = pieces.at(sympy.Matrix([cell.expressions[0].diff(v) for v in pieces.variables]))
        weights = weights_of * gradient
        along = (gradient - normals.T * weights).applyfunc(sympy.expand)
        if any(map(pieces.sign, along)):
            size = float(sympy.sqrt(along.dot(along)).evalf(20))
            return _Own(
                -1, f"the own loss falls along the kink with slope {number(size)}", -size, True
            )
        across = [sympy.expand(w * s) for w, s in zip(weights, cell.signs, strict=True)]
        signs = list(map(pieces.sign, across))
        if -1 in signs:
            worst = min(float(w.evalf(20)) / own for w, own in zip(across, lengths, strict=True))
            return _Own(-1, "the own loss falls away from the kink", worst, True)
        level = level or 0 in signs
        # the least slope in a cell is that along one of the rays that span it
        slopes += [float(w.evalf(20)) / own for w, own in zip(across, lengths, strict=True)]
    if level:
        return _Own(
            None, "the own loss is level across the kink; higher terms would decide", None, True
        )
    rising = _Own(1, f"the own loss rises in every direction, with slope {number(min(slopes))} or more",
                  min(slopes), True)  # fmt: skip
    tangent = normals.nullspace()
    if not tangent:
        return rising
    basis = sympy.Matrix.hstack(*tangent)
    cell = pieces.cells[0]
    formula = cell.expressions[0]
    gradient = pieces.at(sympy.Matrix([formula.diff(v) for v in pieces.variables]))
    for weight, surface in zip(weights_of * gradient, pieces.surfaces, strict=True):
        formula -= weight * surface
    definite = _definite(basis.T * pieces.at(sympy.hessian(formula, pieces.variables)) * basis)
    if definite == 1:
        return _Own(1, "the own loss rises from the kink and along it", min(slopes), True)
    if definite == -1:
        return _Own(-1, "the own loss falls along the kink", None, True)
    return _Own(
        None, "the own loss is level along the kink; higher derivatives would decide", None, True
    )


def _rays(pieces: Pieces) -> _Own:
    """In two variables, where more than two kinks meet: the loss along the edges of the sectors."""
    rays = [sympy.Matrix([w * -b, w * a]) for a, b in pieces.normals.tolist() for w in (1, -1)]
    slopes = []
    for cell in pieces.cells:
        gradient = pieces.at(sympy.Matrix([cell.expressions[0].diff(v) for v in pieces.variables]))
        for ray in rays:
            inside = zip(cell.signs, pieces.normals * ray, strict=True)
            if all(s * pieces.sign(sympy.expand(x)) >= 0 for s, x in inside):
                slopes.append(sympy.expand(gradient.dot(ray)) / sympy.sqrt(ray.dot(ray)))
    signs = list(map(pieces.sign, slopes))
    least = min(float(s.evalf(20)) for s in slopes)
    if -1 in signs:
        return _Own(-1, f"the own loss falls along a kink with slope {number(-least)}", least, True)
    if 0 in signs:
        return _Own(
            None, "the own loss is level along a kink; higher terms would decide", None, True
        )
    return _Own(
        1, f"the own loss rises in every direction, with slope {number(least)} or more", least, True
    )


def _level(pieces: Pieces) -> sympy.Expr:
    """The loss at the point. Raises TangledError where it jumps there."""
    levels = [pieces.at(cell.expressions[0]) for cell in pieces.cells]
    if any(pieces.sign(sympy.expand(own - levels[0])) for own in levels):
        raise TangledError("the loss jumps")
    return levels[0]


def _definite(matrix: sympy.Matrix) -> int | None:
    """1 for a positive definite matrix, −1 with a negative eigenvalue, None for any other."""
    counts = root_counts(characteristic_polynomial(matrix.applyfunc(sympy.expand)))
    if counts is None:
        return None
    return -1 if counts.left else None if counts.axis else 1
