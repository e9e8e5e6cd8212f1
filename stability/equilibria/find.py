"""All equilibria that can be found: exactly where algebra allows, numerically otherwise and as a check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import sympy

from ..dynamics.angles import Circles, nearest
from ..dynamics.many_digits import ManyDigits
from .cells import TangledError
from .circles import solve_on_circles
from .equilibrium import (
    Equations,
    Equilibrium,
    described,
    in_floats,
    is_defined,
    is_generic,
    vanishes,
)
from .exact import NOTHING, ExactZeros, solve_exactly
from .isolation import Isolation, isolations, merge_manifolds
from .kinks import RestsOnKinks, passes, rests, rests_on_kinks, with_zeros_between
from .pieces import Pieces, pieces_at
from .placing import alone, at_place, close, elsewhere, of_continua, place, sorted_out
from .recognise import recognise
from .search import Evaluate, Search, Zero, find_zeros
from .smoothness import smoothness
from .to_the_digit import confirmed, pinned, without_rounding

_EPS = np.finfo(float).eps
_ROUNDINGS = 16  # of a field that vanishes, in units of eps ‖J‖ ‖x‖


@dataclass(frozen=True)
class Equilibria:
    """What a search found, and how it searched."""

    found: tuple[Equilibrium, ...]
    method: str
    starts: int
    seed: int
    box: np.ndarray
    exhaustive: bool
    warnings: tuple[str, ...] = field(default=())
    rounds: int = 0
    budget: int | None = (
        None  # starts that the numeric search might have made, if it was all there is
    )
    outside: int = 0  # that the numeric search found outside the window, and that are left out


def find_equilibria(
    evaluate: Evaluate,
    box: np.ndarray,
    equations: Equations | None = None,
    *,
    window: np.ndarray | None = None,
    special: Sequence[np.ndarray] = (),
    starts: int = 64,
    seed: int = 0,
    thorough: bool = True,
    defined: Callable[[np.ndarray], bool] = lambda x: True,
    many_digits: ManyDigits | None = None,
    circles: Circles | None = None,
) -> Equilibria:
    """The equilibria in a window, by default the box, and exact ones outside it, each with its isolation.

    `evaluate` maps X (n, d) to v (n, d) and J (n, d, d); `equations` is the same field in SymPy, if there
    is one. A multi-start search proves nothing about completeness; `exhaustive` is True only when every
    step of the exact solution was an equivalence. `thorough`: what algebra does not settle is searched with
    growing effort; see `find_zeros`. `defined` says whether the losses are real and finite at a point, shape
    (d,). `many_digits`: the field evaluated with these, by which what is a manifold of zeros is told from
    what is one to rounding. `circles`: which coordinates are angles; of points that are whole periods apart
    there is one.
    """
    if equations is None and many_digits is not None:
        evaluate = without_rounding(evaluate, many_digits, box)
    exact = NOTHING if equations is None else _solve(equations, box, window)
    kinks = None
    if equations is not None and equations.kinked:
        kinks = rests_on_kinks(
            equations.in_numbers, equations.variables, equations.domain, box, seed
        )
        exact = with_zeros_between(exact, kinks, equations.variables, equations.values)
    continua = sorted_out(exact, equations)
    solutions = exact.points if continua is None else continua.points
    points = [_numbers(e, equations) for e in solutions] if equations else []
    found, shown = [], True
    if continua is not None:
        found, shown = of_continua(evaluate, continua, box, equations)
    all_known = exact.exhaustive and shown
    guides = [*special, *points, *(e.point for e in found)]
    search = find_zeros(
        evaluate, box,
        window=window, special=guides, starts=starts, seed=seed, circles=circles,
        thorough=thorough and not all_known,
    )  # fmt: skip
    scale = box[:, 1] - box[:, 0]
    known = [_as_zero(evaluate, x) for x in points]
    lengths = np.zeros(len(scale)) if circles is None else circles.lengths
    zeros = [
        z
        for z in search.zeros
        if not any(close(x + nearest(z.point - x, lengths), x, scale, z.error) for x in points)
    ]
    zeros = elsewhere(zeros, found, scale)
    pieces: dict[bytes, int | None] = {}
    if all_known:  # near a multiple zero rounding makes a crowd of points, which are singular too
        zeros = [z for z in zeros if not _is_singular(evaluate, z.point)]
    else:
        zeros = [*known, *zeros]
        merged = merge_manifolds(evaluate, zeros, isolations(evaluate, zeros, box), box)
        zeros = _pinned(evaluate, many_digits, merged, box)
        pieces = {zero.point.tobytes(): own.piece for zero, own in merged}
    apart = [
        z
        for z in search.outside
        if not any(close(x + nearest(z.point - x, lengths), x, scale, z.error) for x in points)
    ]
    apart = [] if all_known else [z for z in elsewhere(apart, found, scale) if defined(z.point)]
    proved = alone(len(scale), continua) if all_known else None
    warnings = []
    for solution, x in zip(solutions, points, strict=True):
        if all_known or any(np.array_equal(z.point, x) for z in zeros):
            assert equations is not None
            coordinates = tuple(solution[v] for v in equations.variables)
            generic = is_generic(coordinates, equations)
            found.append(described(evaluate, x, 0.0, box, coordinates, generic, proved))
    exhaustive, surprises = all_known and (continua is None or continua.complete), 0
    for zero in zeros:
        if any(np.array_equal(zero.point, x) for x in points):
            continue
        coordinates, generic = _recognised(zero, equations)
        if coordinates is None:
            outside = not defined(_rounded(zero, scale))
        else:
            outside = equations is not None and not is_defined(coordinates, equations)
        if outside:
            continue
        piece = pieces.get(zero.point.tobytes())
        if coordinates is not None:  # the exact point, to the last digit
            zero = replace(
                zero, point=np.array([float(c.evalf(20)) for c in coordinates]), error=0.0
            )
        around = smoothness(evaluate, zero.point, box)
        if around == "jump" and coordinates is None:
            continue  # v vanishes there only by a convention for what sign(0) is
        if all_known and around == "smooth":
            exhaustive, surprises = False, surprises + 1
        own = described(
            evaluate, zero.point, zero.error, box, coordinates, generic, None, many_digits
        )
        found.append(replace(own, piece=piece if own.isolated == "no" else None))
    if not search.ended:
        warnings.append(_unended(search))
    if surprises:
        warnings.append(f"the numeric search found {surprises} zeros that the exact solution lacks")
    if kinks is not None and equations is not None:
        found = _with_kinks(evaluate, found, kinks, equations, box)
        exhaustive = exhaustive and kinks.exhaustive
    found.sort(key=lambda e: tuple(np.round(e.point / scale, 9)))
    method = search.method
    if exhaustive:
        method = f"exact elimination, checked by {method}"
    return Equilibria(
        found=tuple(found),
        method=method,
        starts=search.starts,
        seed=seed,
        box=box,
        exhaustive=exhaustive,
        warnings=tuple(warnings),
        rounds=search.rounds,
        budget=search.budget,
        outside=len(apart),
    )


def _unended(search: Search) -> str:
    """That a search with growing effort did not come to an end by itself."""
    if search.zeros:
        return (
            f"rest points kept appearing until the search ended, after {search.starts} starts; more starts, "
            "or a smaller box, may find others"
        )
    return f"the search found nothing within its budget of {search.budget} starts"


def describe_point(
    evaluate: Evaluate,
    point: np.ndarray,
    box: np.ndarray,
    exact: tuple[sympy.Expr, ...] | None,
    equations: Equations | None,
    many_digits: ManyDigits | None = None,
) -> Equilibrium:
    """A given point, stationary or not, described like a found one."""
    given = exact
    if equations is None or (exact is not None and not vanishes(exact, equations)):
        exact = None if equations is None else _within_rounding(point, equations)
    generic = equations is not None and exact is not None and is_generic(exact, equations)
    if exact is not None and equations is not None and _is_singular(evaluate, point):
        zeros = _solve(equations, box, None)
        own = place(sorted_out(zeros, equations), exact, zeros.exhaustive)
        if own is not None:
            return at_place(evaluate, exact, box, equations, *own)
    found = described(evaluate, point, 0.0, box, exact, generic, None, many_digits)
    if exact is None and found.stationary and found.differentiable:
        found = replace(found, error=_distance(evaluate, point, box))
    if exact is not None and found.isolated == "undecided" and found.differentiable:
        assert equations is not None
        if _has_full_rank(exact, equations):
            found = replace(found, isolated="yes", because="the Jacobian has full rank")
    if equations is None or given is None or not equations.kinked:
        return found
    coordinates = tuple(c.xreplace(dict(equations.values)) for c in given)
    try:
        pieces = pieces_at(equations.in_numbers, equations.variables, coordinates)
    except TangledError:
        return found
    return found if pieces is None else _on_kinks(found, pieces)


def _has_full_rank(point: tuple[sympy.Expr, ...], equations: Equations) -> bool:
    """Whether the Jacobian is known to be regular: where it is rational, which rounding cannot hide."""
    put = {v: c.xreplace(equations.values) for v, c in zip(equations.variables, point, strict=True)}
    matrix = sympy.Matrix(equations.in_numbers).jacobian(equations.variables).xreplace(put)
    return all(e.is_Rational for e in matrix) and matrix.det() != 0


def _distance(evaluate: Evaluate, x: np.ndarray, box: np.ndarray) -> float:
    """How far off a zero may be: Newton's step where the field is beyond rounding, at most half the box."""
    values, jacobians = evaluate(x[None])
    left, singular, _ = np.linalg.svd(jacobians[0])
    along = np.abs(left.T @ values[0])
    seen = along > _ROUNDINGS * _EPS * singular[0] * np.abs(x).max()
    farthest = float((box[:, 1] - box[:, 0]).max()) / 2
    with np.errstate(divide="ignore", over="ignore"):
        return min(farthest, float(np.linalg.norm(along[seen] / singular[seen])))


def _pinned(
    evaluate: Evaluate,
    many_digits: ManyDigits | None,
    found: Sequence[tuple[Zero, Isolation]],
    box: np.ndarray,
) -> list[Zero]:
    """The zeros, those of higher order to the last digit and once, where rounding makes a crowd of one."""
    zeros: list[Zero] = []
    scale = box[:, 1] - box[:, 0]
    for zero, own in found:
        alone = False
        if many_digits is not None and own.isolated != "yes" and own.kernel == 1:
            seen = confirmed(evaluate, many_digits, zero.point, box, own)
            alone = seen.isolated == "undecided"
        if alone and many_digits is not None:
            zero = pinned(evaluate, many_digits, zero, box) or zero
        if not (alone and any(close(zero.point, z.point, scale, zero.error) for z in zeros)):
            zeros.append(zero)
    return zeros


def _within_rounding(point: np.ndarray, equations: Equations) -> tuple[sympy.Expr, ...] | None:
    """The exact zero whose coordinates in floating point are those given; None if there is none."""
    near, _ = _recognised(Zero(point, 0.0, 0.0), equations)
    if near is None:
        return None
    off = np.abs([float(c.xreplace(dict(equations.values)).evalf(20)) for c in near] - point)
    return near if (off <= 2 * _EPS * np.abs(point)).all() else None


def _with_kinks(
    evaluate: Evaluate,
    found: list[Equilibrium],
    kinks: RestsOnKinks,
    equations: Equations,
    box: np.ndarray,
) -> list[Equilibrium]:
    """What was found, without what only the convention for sign(0) makes a zero, and with rests on kinks."""
    scale, kept = box[:, 1] - box[:, 0], list(found)
    lines = {id(pieces): tangent for pieces, tangent in kinks.lines}
    for pieces in (*kinks.points, *(own for own, _ in kinks.lines)):
        x = np.array([float(c.evalf(20)) for c in pieces.point])
        exact = pieces.point if pieces.exact else None
        near = [e for e in kept if (np.abs(e.point - x) <= 1e-6 * scale + 10 * e.error).all()]
        own = near[0] if near else described(evaluate, x, 0.0, box, exact, False, None)
        kept = [e for e in kept if not any(e is other for other in near)]
        own = _on_kinks(own, pieces)
        if not own.differentiable and kinks.exhaustive and not kinks.lines:
            own = replace(
                own, isolated="yes", because="the exact solution has finitely many points"
            )
        if id(pieces) in lines:
            tangent = np.array(lines[id(pieces)].evalf(20).tolist(), dtype=float)
            because = "it is one of a family of rest points on the same kink"
            own = replace(
                own, isolated="no", manifold_dimension=tangent.shape[1],
                tangent=np.linalg.qr(tangent)[0], because=because,
            )  # fmt: skip
        kept.append(own)
    return [e for e in kept if e.differentiable or e.pieces or not _passed(e, equations)]


def _passed(e: Equilibrium, equations: Equations) -> bool:
    """Whether the field vanishes at a jump only because sign(0) is 0."""
    if e.exact is None:
        return False
    coordinates = tuple(c.xreplace(dict(equations.values)) for c in e.exact)
    return passes(equations.in_numbers, equations.variables, coordinates)


def _on_kinks(e: Equilibrium, pieces: Pieces) -> Equilibrium:
    """A point on kinks with the pieces that meet there; at rest where a mixture of their fields vanishes."""
    if e.differentiable:
        return replace(e, pieces=pieces)
    try:
        at_rest = rests(pieces)
    except TangledError:
        return e
    return replace(
        e,
        point=np.array([float(c.evalf(20)) for c in pieces.point]),
        exact=pieces.point if pieces.exact and at_rest else None,
        residual=0.0 if at_rest else e.residual,
        error=0.0,
        stationary=at_rest,
        pieces=pieces,
    )


def _solve(equations: Equations, box: np.ndarray, window: np.ndarray | None) -> ExactZeros:
    if equations.circles is not None:
        return solve_on_circles(equations, equations.circles, box, window)
    return solve_exactly(
        equations.expressions, equations.variables, equations.values, equations.domain, box=box
    )


def _numbers(
    solution: Mapping[sympy.Symbol, sympy.Expr], equations: Equations | None
) -> np.ndarray:
    assert equations is not None
    return in_floats([solution[v] for v in equations.variables], equations.values)


def _recognised(zero: Zero, equations: Equations | None):
    if equations is None:
        return None, False
    coordinates = recognise(
        zero.point,
        zero.error,
        equations.at_winding_of(zero.point),
        equations.variables,
        equations.values,
    )
    return coordinates, coordinates is not None and is_generic(coordinates, equations)


def _rounded(zero: Zero, scale: np.ndarray) -> np.ndarray:
    """The round numbers that a zero is within its error, or else the zero.

    A field may vanish at a pole of a loss, as 2y does for the loss y² of one and 1/y of another player, and a
    search then stops beside it.
    """
    digit = 10.0 ** np.floor(np.log10(scale) - 9)
    rounded = np.round(zero.point / digit) * digit
    near = np.abs(rounded - zero.point) <= 10 * zero.error + 1e-12 * scale
    return np.where(near, rounded, zero.point)


def _as_zero(evaluate: Evaluate, x: np.ndarray) -> Zero:
    return Zero(x, float(np.abs(evaluate(x[None])[0]).max()), 0.0)


def _is_singular(evaluate: Evaluate, x: np.ndarray) -> bool:
    jacobian = evaluate(x[None])[1][0]
    if not np.isfinite(jacobian).all():
        return True
    singular = np.linalg.svd(jacobian, compute_uv=False)
    return bool(singular[-1] <= 1e-6 * singular[0])
