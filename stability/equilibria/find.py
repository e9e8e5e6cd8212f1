"""All equilibria that can be found: exactly where algebra allows, numerically otherwise and as a check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import sympy

from ..dynamics.domain import all_real
from .cells import TangledError, has_kinks
from .exact import NOTHING, ExactZeros, is_zero_at, solve_exactly
from .isolation import isolation, isolations, merge_manifolds
from .kinks import RestsOnKinks, passes, rests, rests_on_kinks, with_zeros_between
from .pieces import Pieces, pieces_at
from .recognise import recognise
from .search import Evaluate, Zero, find_zeros
from .smoothness import smoothness


@dataclass(frozen=True)
class Equations:
    """A symbolic field whose zeros are wanted: real variables, and parameters with their values.

    `domain`: what has to be real and finite at a zero besides, such as the parts of a game's losses.
    `flows`: the field is that of a flow, which may rest on a jump too (no displacement of a map).
    """

    variables: tuple[sympy.Symbol, ...]
    expressions: tuple[sympy.Expr, ...]
    values: Mapping[sympy.Symbol, sympy.Expr]
    domain: tuple[sympy.Expr, ...] = ()
    flows: bool = True

    @property
    def kinked(self) -> bool:
        """Whether the field of a flow has kinks or jumps."""
        return self.flows and has_kinks(self.expressions)

    @property
    def in_numbers(self) -> tuple[sympy.Expr, ...]:
        """The expressions with the values of the parameters put in."""
        return tuple(e.xreplace(dict(self.values)) for e in self.expressions)


@dataclass(frozen=True)
class Equilibrium:
    """A point at which a field vanishes (or one that the user asked about, which may not be one).

    - `point`: shape (d,); `error` estimates its distance to the true point; `residual` is max |v| there.
    - `exact`: the same point in closed form, or None; `generic` says that it is one for every value of the
      parameters near the given ones, so that expressions in them mean something.
    - `stationary`, `differentiable`: whether v vanishes there and has a derivative there.
    - `isolated` (yes, no, undecided) and the dimension and tangent, shape (d, k), of the manifold of
      equilibria through it.
    - `pieces`: the smooth fields that meet there, where some are known to. If the field jumps there, then
      `stationary` means in Filippov's sense (see `stability.equilibria.kinks`).
    """

    point: np.ndarray
    exact: tuple[sympy.Expr, ...] | None
    generic: bool
    residual: float
    error: float
    stationary: bool
    differentiable: bool
    isolated: str
    manifold_dimension: int
    tangent: np.ndarray
    because: str
    pieces: Pieces | None = None

    def across(self, matrix: np.ndarray) -> np.ndarray:
        """A matrix (d, d) that keeps the manifold of equilibria, modulo its tangent; see `across`."""
        return across(matrix, self.tangent)


def complement(tangent: np.ndarray) -> np.ndarray:
    """An orthonormal basis, shape (d, d − k), of the complement of the columns of `tangent`, shape (d, k)."""
    q, _ = np.linalg.qr(tangent, mode="complete")
    return q[:, tangent.shape[1] :]


def across(matrix: np.ndarray, tangent: np.ndarray | None) -> np.ndarray:
    """A matrix, or a stack (…, d, d), modulo the span, which it keeps, of the columns of `tangent` (d, k).

    What is left, shape (…, d − k, d − k), carries the other eigenvalues; it is the matrix itself for k = 0.
    """
    if tangent is None or not tangent.shape[1]:
        return matrix
    basis = complement(tangent)
    return basis.T @ matrix @ basis


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


def find_equilibria(
    evaluate: Evaluate,
    box: np.ndarray,
    equations: Equations | None = None,
    *,
    special: Sequence[np.ndarray] = (),
    starts: int = 64,
    seed: int = 0,
    defined: Callable[[np.ndarray], bool] = lambda x: True,
) -> Equilibria:
    """The equilibria in a box (and exact ones outside it), each with its isolation.

    `evaluate` maps X (n, d) to v (n, d) and J (n, d, d); `equations` is the same field in SymPy, if there
    is one. A multi-start search proves nothing about completeness; `exhaustive` is True only when every
    step of the exact solution was an equivalence. `defined` says whether the losses are real and finite at a
    point, shape (d,).
    """
    exact = NOTHING if equations is None else _solve(equations)
    kinks = None
    if equations is not None and equations.kinked:
        kinks = rests_on_kinks(
            equations.in_numbers, equations.variables, equations.domain, box, seed
        )
        exact = with_zeros_between(exact, kinks, equations.variables, equations.values)
    points = [_numbers(e, equations) for e in exact.points] if equations else []
    guides = [*special, *points, *(_member(f, equations, box) for f in exact.families)]
    search = find_zeros(evaluate, box, special=guides, starts=starts, seed=seed)
    scale = box[:, 1] - box[:, 0]
    finite = exact.exhaustive and not exact.families
    known = [_as_zero(evaluate, x) for x in points]
    zeros = [z for z in search.zeros if not any(_close(z.point, x, scale, z.error) for x in points)]
    if finite:  # near a multiple zero rounding makes a crowd of points, which are singular too
        zeros = [z for z in zeros if not _is_singular(evaluate, z.point)]
    else:
        zeros = [*known, *zeros]
        zeros = [
            z for z, _ in merge_manifolds(evaluate, zeros, isolations(evaluate, zeros, box), box)
        ]
    found: list[Equilibrium] = []
    warnings = []
    for solution, x in zip(exact.points, points, strict=True):
        if finite or any(np.array_equal(z.point, x) for z in zeros):
            assert equations is not None
            coordinates = tuple(solution[v] for v in equations.variables)
            generic = _is_generic(coordinates, equations)
            found.append(_described(evaluate, x, 0.0, box, coordinates, generic, finite))
    exhaustive, surprises = exact.exhaustive, 0
    for zero in zeros:
        if any(np.array_equal(zero.point, x) for x in points):
            continue
        coordinates, generic = _recognised(zero, equations)
        if coordinates is None:
            outside = not defined(_rounded(zero, scale))
        else:
            outside = equations is not None and not _is_defined(coordinates, equations)
        if outside:
            continue
        if coordinates is not None:  # the exact point, to the last digit
            zero = replace(
                zero, point=np.array([float(c.evalf(20)) for c in coordinates]), error=0.0
            )
        around = smoothness(evaluate, zero.point, box)
        if around == "jump" and coordinates is None:
            continue  # v vanishes there only by a convention for what sign(0) is
        if finite and around == "smooth":
            exhaustive, surprises = False, surprises + 1
        found.append(_described(evaluate, zero.point, zero.error, box, coordinates, generic, False))
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
    )


def describe_point(
    evaluate: Evaluate,
    point: np.ndarray,
    box: np.ndarray,
    exact: tuple[sympy.Expr, ...] | None,
    equations: Equations | None,
) -> Equilibrium:
    """A given point, stationary or not, described like a found one."""
    given = exact
    if equations is None or (exact is not None and not _vanishes(exact, equations)):
        exact = None  # only algebra can tell that the field vanishes exactly
    generic = equations is not None and exact is not None and _is_generic(exact, equations)
    found = _described(evaluate, point, 0.0, box, exact, generic, False)
    if equations is None or given is None or not equations.kinked:
        return found
    coordinates = tuple(c.xreplace(dict(equations.values)) for c in given)
    try:
        pieces = pieces_at(equations.in_numbers, equations.variables, coordinates)
    except TangledError:
        return found
    return found if pieces is None else _on_kinks(found, pieces)


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
        own = near[0] if near else _described(evaluate, x, 0.0, box, exact, False, False)
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


def _solve(equations: Equations) -> ExactZeros:
    return solve_exactly(
        equations.expressions, equations.variables, equations.values, equations.domain
    )


def _numbers(
    solution: Mapping[sympy.Symbol, sympy.Expr], equations: Equations | None
) -> np.ndarray:
    assert equations is not None
    values = dict(equations.values)
    return np.array(
        [float(sympy.re(solution[v].xreplace(values).evalf(20))) for v in equations.variables]
    )


def _member(family: Mapping, equations: Equations | None, box: np.ndarray) -> np.ndarray:
    """A point of a family of exact zeros: its free variables at the middle of the box."""
    assert equations is not None
    free = {
        v: sympy.Float(box[i].mean()) for i, v in enumerate(equations.variables) if v not in family
    }
    values = {**equations.values, **free}
    coordinates = [family.get(v, v).xreplace(values).evalf(20) for v in equations.variables]
    return np.array([float(sympy.re(c)) for c in coordinates])


def _is_defined(coordinates: Sequence[sympy.Expr], equations: Equations) -> bool:
    put = {**dict(zip(equations.variables, coordinates, strict=True)), **equations.values}
    return all_real(equations.domain, put)


def _vanishes(coordinates: Sequence[sympy.Expr], equations: Equations) -> bool:
    put = {**dict(zip(equations.variables, coordinates, strict=True)), **equations.values}
    return all(is_zero_at(e, put) for e in equations.expressions)


def _is_generic(coordinates: Sequence[sympy.Expr], equations: Equations) -> bool:
    put = dict(zip(equations.variables, coordinates, strict=True))
    return all(is_zero_at(e, put) for e in equations.expressions)


def _recognised(zero: Zero, equations: Equations | None):
    if equations is None:
        return None, False
    coordinates = recognise(
        zero.point, zero.error, equations.expressions, equations.variables, equations.values
    )
    return coordinates, coordinates is not None and _is_generic(coordinates, equations)


def _rounded(zero: Zero, scale: np.ndarray) -> np.ndarray:
    """The round numbers that a zero is within its error, or else the zero.

    A field may vanish at a pole of a loss, as 2y does for the loss y² of one and 1/y of another player, and a
    search then stops beside it.
    """
    digit = 10.0 ** np.floor(np.log10(scale) - 9)
    rounded = np.round(zero.point / digit) * digit
    near = np.abs(rounded - zero.point) <= 10 * zero.error + 1e-12 * scale
    return np.where(near, rounded, zero.point)


def _close(one: np.ndarray, other: np.ndarray, scale: np.ndarray, error: float) -> bool:
    return bool((np.abs(one - other) <= 1e-8 * scale + 10 * error).all())


def _as_zero(evaluate: Evaluate, x: np.ndarray) -> Zero:
    return Zero(x, float(np.abs(evaluate(x[None])[0]).max()), 0.0)


def _is_singular(evaluate: Evaluate, x: np.ndarray) -> bool:
    jacobian = evaluate(x[None])[1][0]
    if not np.isfinite(jacobian).all():
        return True
    singular = np.linalg.svd(jacobian, compute_uv=False)
    return bool(singular[-1] <= 1e-6 * singular[0])


def _described(
    evaluate: Evaluate,
    x: np.ndarray,
    error: float,
    box: np.ndarray,
    coordinates: tuple[sympy.Expr, ...] | None,
    generic: bool,
    finite: bool,
) -> Equilibrium:
    """`finite`: the exact solution proves that there are finitely many equilibria."""
    v, jacobian = evaluate(x[None])
    residual = float(np.abs(v).max())
    smooth = smoothness(evaluate, x, box) == "smooth"
    scale = (
        float(np.abs(jacobian).max() * np.abs(box).max()) if np.isfinite(jacobian).all() else 1.0
    )
    stationary = coordinates is not None or residual == 0.0 or residual <= 1e-9 * scale
    isolated, dimension, tangent = "undecided", 0, np.zeros((len(x), 0))
    because = "the point is not stationary" if smooth else "the field is not differentiable here"
    if finite:
        isolated, because = "yes", "the exact solution has finitely many points"
    elif stationary and smooth:
        own = isolation(evaluate, Zero(x, residual, error), box)
        isolated, dimension, tangent, because = (
            own.isolated,
            own.manifold_dimension,
            own.tangent,
            own.because,
        )
    return Equilibrium(
        point=x,
        exact=coordinates,
        generic=generic,
        residual=residual,
        error=error,
        stationary=stationary,
        differentiable=smooth,
        isolated=isolated,
        manifold_dimension=dimension,
        tangent=tangent,
        because=because,
    )
