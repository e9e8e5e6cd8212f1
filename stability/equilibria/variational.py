"""Rest points of a field on the players' sets: solutions of the variational inequality, face by face.

The projected flow ẋ = P_T(x)(v(x)) rests at x where ⟨v(x), y − x⟩ ≤ 0 for all y of the set (Nagurney, Zhang
1996): on the face of the limits that x touches the field's tangent part vanishes, and v pushes against each
of these limits, by its multiplier, which is not negative. Where all multipliers are positive the point is
strictly complementary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import sympy

from ..dynamics.flow import Flow, SymbolicFlow
from ..games.sets import Sets
from .equilibrium import Equations, Equilibrium, described, in_floats, is_defined, is_generic
from .exact import is_zero_at
from .face_chart import FaceChart
from .faces import SPHERE, Face, face_at, faces, number_of_faces
from .find import describe_point, find_equilibria
from .on_spheres import with_multipliers
from .placing import alone, on_component
from .projected_search import resting_faces
from .scaling import Evaluate
from .starts import low_discrepancy

_MOST_FACES = 128  # that are looked at one by one
_MOST_LINEAR_FACES = 1024  # if the field is linear on each of them
_MOST_ON_SPHERES = 3  # unknowns: with more, elimination leads to long polynomials
_FEW_FACES = 4  # with more, spheres are looked at numerically
_ROUNDING = 1e-9  # of the scales: a limit so near is touched, a multiplier so small may be zero
_TRIED = 64  # points of a set of zeros, of which one that rests stands for it


@dataclass(frozen=True)
class Limit:
    """An active limit: which kind, its multiplier, and whether the field is known to push against it.

    `strict`: "yes", "no" (the multiplier is zero), or "undecided" (it is zero within rounding).
    """

    kind: str
    multiplier: float
    strict: str


@dataclass(frozen=True)
class Bounded:
    """A rest point of a field on the players' sets.

    - `x`: shape (d,); `exact`: the same in closed form, or None.
    - `limits`: the active limits, by coordinate; that of the sphere of ball j by −1 − j.
    - `face`: the face of those limits that the field pushes against; of a field that keeps the sets by itself
      the whole set. `on_face`: the point as a rest point of the field on that face, in its coordinates u, or
      where it has spheres in those of the `chart`.
    - `residual`: ‖x − P(x + v(x))‖.
    """

    x: np.ndarray
    exact: tuple[sympy.Expr, ...] | None
    limits: dict[int, Limit]
    face: Face
    on_face: Equilibrium
    residual: float
    chart: FaceChart | None = None

    @cached_property
    def weak(self) -> tuple[int, ...]:
        """The coordinates whose limits are touched without a push, or with none that is seen."""
        return tuple(k for k, limit in self.limits.items() if limit.strict != "yes")

    @property
    def strict(self) -> bool:
        return not self.weak

    def weak_names(self, names: Sequence[str]) -> list[str]:
        """What the limits that are touched without a push are of, of variables with these names."""
        balls = self.face.sets.balls
        return [str(names[k]) if k >= 0 else f"‖({balls[-1 - k].name})‖" for k in self.weak]


@dataclass(frozen=True)
class Variational:
    """What was found on the faces: the points, by coordinates, and whether every face was solved exactly."""

    found: tuple[Bounded, ...]
    method: str
    starts: int
    exhaustive: bool
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """A field on the players' sets.

    - `flow`: the field in JAX, and `symbolic` in SymPy at the parameters' values, or None; `evaluate`: X
      (n, d) ↦ v and J; `equations`: where the field vanishes, in SymPy, or None.
    - `sets` in floating point, `exact` in SymPy (if there are equations).
    - `keeps`: whether the flow of the field keeps the sets by itself, so that nothing is projected.
    - `box`: where to look, shape (d, 2), as far as the sets have no ends.
    - `simpler`: another field, in numbers and in SymPy, that has the same zeros inside every face, or None.
    """

    flow: Flow
    symbolic: SymbolicFlow | None
    evaluate: Evaluate
    sets: Sets
    exact: Sets | None
    equations: Equations | None
    box: np.ndarray
    keeps: bool = False
    simpler: tuple[Evaluate, Equations | None] | None = None
    defined: Callable[[np.ndarray], bool] = lambda x: True

    @property
    def to_solve(self) -> Problem:
        """The problem whose zeros on the faces are looked for."""
        if self.simpler is None:
            return self
        evaluate, equations = self.simpler
        return replace(self, evaluate=evaluate, equations=equations, simpler=None)

    def on(self, face: Face) -> tuple[Evaluate, np.ndarray, Equations | None]:
        """The field on a face: in numbers, where to look, and in SymPy."""
        evaluate = self.evaluate if face.whole else face.evaluate(self.evaluate)
        box = self.box[face.free]
        equations = self.equations
        if equations is None or face.whole:
            return evaluate, box, equations
        free = [equations.variables[k] for k in face.free]
        put = dict(zip(equations.variables, face.lift_exactly(free), strict=True))
        velocity = face.velocity([e.xreplace(put) for e in equations.expressions])
        domain = tuple(e.xreplace(put) for e in equations.domain)
        return evaluate, box, replace(
            equations, variables=tuple(free), expressions=velocity, domain=domain
        )  # fmt: skip

    @cached_property
    def scale(self) -> float:
        """The size of the field over the box."""
        points = self.box[:, 0] + low_discrepancy(64, len(self.box)) * np.ptp(self.box, axis=1)
        with np.errstate(all="ignore"):
            values = np.abs(self.evaluate(self.sets.project(points))[0]).max(axis=1)
        values = values[np.isfinite(values)]
        return float(np.median(values)) if len(values) and np.median(values) > 0 else 1.0


def find_bounded(
    problem: Problem, *, starts: int = 64, seed: int = 0, special: Sequence[np.ndarray] = ()
) -> Variational:
    """The rest points of a field on the players' sets, on every face, exactly where algebra allows.

    If there are too many faces to look at each, those are looked at on which a search over many starts rests.
    """
    number = number_of_faces(problem.sets)
    linear = number > _MOST_FACES and number <= _MOST_LINEAR_FACES and _is_linear(problem)
    warnings: list[str] = []
    if number <= _MOST_FACES or linear:
        every = list(faces(problem.sets, problem.exact))
        method, exhaustive = f"every one of {len(every)} faces: ", True
    else:
        begin = _starts(problem, starts, seed, special)
        every = list(resting_faces(problem.to_solve.evaluate, problem.sets, problem.exact, begin))
        method, exhaustive = "projected Newton steps from many starts, then their faces: ", False
        warnings.append(
            f"the players' sets have {number:.3g} faces, too many to look at each: the rest points come "
            f"from a "
            f"search with {len(begin)} starts, which proves nothing about completeness"
        )
    found: list[Bounded] = []
    methods: list[str] = []
    used = 0
    per_face = starts if len(every) <= 9 else max(8, starts // 4)
    for face in every:
        own, complete, how, tried = _on_face(problem, face, per_face, seed, special)
        used += tried
        exhaustive = exhaustive and complete
        methods += [how]
        found += own
    unique = _distinct(found, problem)
    named = list(dict.fromkeys(m for m in methods if m))
    return Variational(
        tuple(sorted(unique, key=lambda b: tuple(np.round(b.x, 9)))),
        method + ("; ".join(named[:3]) or "corners alone"),
        used,
        exhaustive,
        tuple(warnings),
    )


def _starts(problem: Problem, starts: int, seed: int, special: Sequence[np.ndarray]) -> np.ndarray:
    low, high = problem.box.T
    spread = low + low_discrepancy(4 * starts, len(low), seed) * (high - low)
    generator = np.random.default_rng(seed)
    for index in problem.sets.simplices:
        spread[:, index] = generator.dirichlet(np.full(len(index), 0.7), size=len(spread))
    return np.concatenate([spread, problem.sets.middle[None], *(s[None] for s in special)])


def _is_linear(problem: Problem) -> bool:
    """Whether the field is affine on every face: where each player's loss is so in every player's numbers."""
    points = _starts(problem, 4, 0, ())[:6]
    jacobians = problem.to_solve.evaluate(problem.sets.project(points))[1]
    spread = np.abs(jacobians - jacobians[0]).max()
    return bool(spread <= 1e-12 * max(np.abs(jacobians[0]).max(), 1e-300))


def _on_face(
    problem: Problem, face: Face, starts: int, seed: int, special: Sequence[np.ndarray]
) -> tuple[list[Bounded], bool, str, int]:
    """The rest points in the relative interior of a face; whether it was solved exactly, how, with how many
    starts."""
    if not len(face.free):
        one = _accepted(problem, face, None)
        return ([] if one is None else [one]), problem.equations is not None, "", 0
    evaluate, box, equations = problem.to_solve.on(face)
    k = len(face.free)
    if face.spheres:
        widest = 10 * problem.scale * (1 + len(face.free))
        evaluate, box, equations = with_multipliers(face, evaluate, box, equations, widest)
        few = number_of_faces(problem.sets) <= _FEW_FACES
        if k + len(face.spheres) > _MOST_ON_SPHERES or not few:
            equations = None
    solved = (
        None if equations is None or face.spheres else _linear_solution(evaluate, box, equations)
    )
    if solved is not None:
        found = [_accepted(problem, face, e) for e in solved]
        return [b for b in found if b is not None], True, "linear equations", 0
    guides = [] if face.spheres else [x[face.free] for x in special]
    search = find_equilibria(
        evaluate,
        box,
        equations,
        special=guides,
        starts=starts,
        seed=seed,
        defined=lambda u: problem.defined(face.lift(u[:k])),
    )
    found = [_accepted(problem, face, e) for e in search.found]
    for i, e in enumerate(search.found):
        one = found[i]
        if e.component is not None and equations is not None and (one is None or not one.strict):
            found.append(_on_component(problem, face, e, evaluate, box, equations))
    return [b for b in found if b is not None], search.exhaustive, search.method, search.starts


def _on_component(
    problem: Problem,
    face: Face,
    e: Equilibrium,
    evaluate: Evaluate,
    box: np.ndarray,
    equations: Equations,
) -> Bounded | None:
    """A rest point on the same component of zeros, which `e` stands for but is none; None if none is seen."""
    component = e.component
    if component is None or component.equation is not None:
        return None
    free = component.free
    index = [component.variables.index(v) for v in free]
    low, high = box[index].T
    for t in low + low_discrepancy(_TRIED, len(free)) * (high - low):
        round_ = [sympy.Rational(str(round(float(c), 3))) for c in t]
        put = dict(zip(free, round_, strict=True))
        point = tuple(c.xreplace(put) for c in component.coordinates)
        u = in_floats(point, equations.values)
        x = face.lift(u)
        if not np.isfinite(x).all() or (face.slack(x) <= 1e-6).any():
            continue
        v = problem.evaluate(x[None])[0][0]
        if min(face.push(list(v)).values(), default=1.0) > 1e-6 * problem.scale:
            return _accepted(
                problem, face, on_component(evaluate, component, point, box, equations)
            )
    return None


def _linear_solution(
    evaluate: Evaluate, box: np.ndarray, equations: Equations
) -> tuple[Equilibrium, ...] | None:
    """The zeros of linear equations, one or none; None for other equations, and where there are many."""
    jacobian = sympy.Matrix(equations.expressions).jacobian(equations.variables)
    if jacobian.free_symbols & set(equations.variables):
        return None
    values = dict(equations.values)
    at_zero = dict.fromkeys(equations.variables, sympy.S.Zero)
    constant = sympy.Matrix([e.xreplace(at_zero) for e in equations.expressions])
    number = np.array(jacobian.xreplace(values).evalf(20).tolist(), dtype=float)
    singular = np.linalg.svd(number, compute_uv=False)
    if not singular[-1] > 1e-9 * singular[0]:
        both = jacobian.row_join(constant).xreplace(values)
        rational = all(entry.is_Rational for entry in both)
        return () if rational and both.rank() > both[:, :-1].rank() else None
    solution = tuple(map(sympy.cancel, jacobian.LUsolve(-constant)))
    if not is_defined(solution, equations):
        return ()
    x = in_floats(solution, equations.values)
    generic = is_generic(solution, equations)
    return (described(evaluate, x, 0.0, box, solution, generic, alone(len(x), None)),)


def _accepted(problem: Problem, face: Face, e: Equilibrium | None) -> Bounded | None:
    """A zero of the field on a face as a rest point, if it is in the face's interior and pushes outwards.

    `e` is in the face's coordinates; None at a corner.
    """
    k = len(face.free)
    u = np.zeros(0) if e is None else e.point[:k]
    x = face.lift(u)
    values = {} if problem.equations is None else dict(problem.equations.values)
    exact = None
    if problem.exact is not None and (e is None or e.exact is not None):
        exact = face.lift_exactly(() if e is None or e.exact is None else e.exact[:k])
        x = in_floats(exact, values) if len(exact) else x
    error = 0.0 if e is None else e.error
    reach = _ROUNDING * (1 + np.abs(x).max(initial=0.0)) + 10 * error
    if (face.slack(x) <= reach).any() and not _inside_exactly(face, exact, values, reach):
        return None
    v = problem.evaluate(x[None])[0][0]
    if not np.isfinite(v).all():
        return None
    limits = _limits(problem, face, x, exact, v, values)
    if limits is None:
        return None
    weak = [k for k, limit in limits.items() if limit.strict != "yes"]
    strict = face.without(weak, [-1 - k for k in weak])
    if problem.keeps:
        strict = Face(face.sets, face.exact)
    chart = None
    if strict.spheres:
        closed = exact if exact is not None and _is_short(exact) else None
        chart = FaceChart(strict, x, closed, problem.flow.variables)
        e = _in_chart(problem, chart, error)
    elif len(strict.free) and (
        e is None or strict.free.tolist() != face.free.tolist() or face.spheres
    ):
        evaluate, box, equations = problem.on(strict)
        closed = None if exact is None else tuple(exact[int(k)] for k in strict.free)
        e = describe_point(evaluate, x[strict.free], box, closed, equations)
        e = e if e.stationary else replace(e, stationary=True, error=error)
    if e is None:
        e = _corner()
    residual = float(np.abs(problem.sets.project(x + v) - x).max(initial=0.0))
    residual = float(np.abs(v).max(initial=0.0)) if problem.keeps else residual
    return Bounded(x, exact, limits, strict, e, residual, chart)


def _is_short(exact: Sequence[sympy.Expr]) -> bool:
    """Whether closed forms are such that a sphere's chart around them stays quick to work with."""
    return not any(c.has(sympy.CRootOf) for c in exact) and sum(c.count_ops() for c in exact) <= 60


def _in_chart(problem: Problem, chart: FaceChart, error: float) -> Equilibrium:
    """A rest point on spheres in the coordinates of a chart around it."""
    if not len(chart.names):
        return _corner()
    flow = chart.flow(problem.flow)
    half = np.maximum(1.0, np.abs(chart.origin))
    box = np.stack([chart.origin - half, chart.origin + half], axis=1)
    equations = None
    if problem.symbolic is not None and chart.exact is not None:
        own = chart.symbolic_flow(problem.symbolic)
        equations = Equations(own.variables, tuple(own.expressions), {})
    found = describe_point(flow.evaluate, chart.origin, box, chart.exact_origin, equations)
    if not found.stationary:
        found = replace(found, stationary=True)
    return replace(found, error=max(found.error, error))


def _inside_exactly(face: Face, exact: Any, values: Any, reach: float) -> bool:
    """Whether the closed form says that a point is inside, near to a limit though it is."""
    if exact is None:
        return False
    for slack in face.slack_exactly(exact):
        number = slack.xreplace(values)
        if is_zero_at(number, {}) or not float(sympy.re(number.evalf(20))) > 0:
            return False
    return True


def _limits(
    problem: Problem, face: Face, x: np.ndarray, exact: Any, v: np.ndarray, values: Any
) -> dict[int, Limit] | None:
    """The active limits with their multipliers; None if one is negative: the point does not rest."""
    kinds = dict(face.held) | {-1 - j: SPHERE for j in face.spheres}
    if problem.keeps:
        return {k: Limit(kinds[k], 0.0, "no") for k in kinds}

    def push_of(x: Any, v: Any) -> dict[int, Any]:
        spheres = face.pushes_of_spheres(x, v)
        return face.push(v) | {-1 - j: push for j, push in spheres.items()}

    pushes = push_of(x, list(v))
    small = _ROUNDING * max(problem.scale, float(np.abs(v).max(initial=0.0)))
    closed: dict[int, sympy.Expr] | None = None
    limits = {}
    for k, push in pushes.items():
        strict = "yes"
        if push < -small:
            return None
        if push <= small:
            strict = "undecided"
            if exact is not None and problem.equations is not None:
                if closed is None:
                    put = dict(zip(problem.equations.variables, exact, strict=True))
                    at = [e.xreplace(put).xreplace(values) for e in problem.equations.expressions]
                    closed = push_of([c.xreplace(values) for c in exact], at)
                number = closed[k]
                if is_zero_at(number, {}):
                    strict, push = "no", 0.0
                else:
                    push = float(sympy.re(number.evalf(20)))
                    if push < 0:
                        return None
                    strict = "yes"
        limits[k] = Limit(kinds[k], float(push), strict)
    return limits


def _corner() -> Equilibrium:
    """A rest point on a face without free coordinates."""
    return Equilibrium(
        point=np.zeros(0),
        exact=(),
        generic=True,
        residual=0.0,
        error=0.0,
        stationary=True,
        differentiable=True,
        isolated="yes",
        manifold_dimension=0,
        tangent=np.zeros((0, 0)),
        because="the face has no free coordinates",
    )


def _distinct(found: Sequence[Bounded], problem: Problem) -> list[Bounded]:
    """The points without repetitions: what rounding puts on a face and beside it counts once."""
    kept: list[Bounded] = []
    for one in found:
        reach = 1e-8 * (1 + np.abs(one.x)) + 10 * one.on_face.error
        if not any((np.abs(one.x - other.x) <= reach).all() for other in kept):
            kept.append(one)
    return kept


def bounded_at(
    problem: Problem, x: np.ndarray, exact: tuple[sympy.Expr, ...] | None
) -> Bounded | None:
    """A given point of the sets, x of shape (d,), as a rest point of the field; None if it does not rest
    there.

    `exact`: the same point in closed form, if it is known.
    """
    face = face_at(problem.sets, problem.exact, x)
    if not len(face.free):
        return _accepted(problem, face, None)
    evaluate, box, equations = problem.on(face)
    closed = None if exact is None else tuple(exact[int(k)] for k in face.free)
    u = x[face.free]
    if face.spheres:
        pushes = face.pushes_of_spheres(x, list(problem.evaluate(x[None])[0][0]))
        widest = 10 * problem.scale * (1 + len(u))
        evaluate, box, equations = with_multipliers(face, evaluate, box, equations, widest)
        u = np.append(u, list(pushes.values()))
        if exact is None or closed is None or problem.equations is None:
            equations = None
        else:
            put = dict(zip(problem.equations.variables, exact, strict=True))
            v = [component.xreplace(put) for component in problem.equations.expressions]
            closed = (*closed, *face.pushes_of_spheres(exact, v).values())
    e = describe_point(evaluate, u, box, closed, equations)
    return _accepted(problem, face, e) if e.stationary else None
