"""Whether conserved quantities hold orbits near a point: a strict extremum, or one on a common level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy

from ..equilibria.exact import number_is_zero
from ..spectra.exact import at_point
from ..spectra.hurwitz import characteristic_polynomial, root_counts
from .boundary import Boundary
from .near_rest import Formulas

_STEPS, _DENOMINATOR = 400, 64
_HIGHEST = 8  # order of the first terms that may decide


def holding(
    conserved: Sequence[sympy.Expr], formulas: Formulas, centre: Boundary
) -> tuple[sympy.Expr, ...] | None:
    """As few of the conserved quantities as `hold` orbits near the point; None if all of them do not."""
    real = [_real_logarithms(v, formulas) for v in conserved]
    chosen = [v for v in real if _is_smooth(v, formulas)]
    found = hold(chosen, formulas, centre)
    for v in list(reversed(chosen)) if found is not None and len(found) > 1 else ():
        fewer = [other for other in chosen if other is not v]
        without = hold(fewer, formulas, centre)
        if without is not None:
            chosen, found = fewer, without
    return found


def _is_smooth(v: sympy.Expr, formulas: Formulas) -> bool:
    """Whether a quantity and its first two derivatives are finite at the point."""
    second = sympy.hessian(v, list(formulas.variables))
    parts = [v, *sympy.Matrix([v]).jacobian(formulas.variables), *second]
    at = _at(sympy.Matrix(parts), formulas)
    return not at.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo) and all(
        part.is_real is not False for part in at
    )


def hold(
    conserved: Sequence[sympy.Expr], formulas: Formulas, centre: Boundary
) -> tuple[sympy.Expr, ...] | None:
    """Conserved quantities whose common level through the point is, on the centre manifold, the point alone.

    Where there are some, the point is stable (Lyapunov; with other eigenvalues by the reduction principle,
    Pliss 1964; Carr, Applications of Centre Manifold Theory, 1981, section 2.4), and not attracting,
    because a quantity that is conserved and not constant keeps its value. Let G be the gradients of the
    quantities and W a combination of them without gradient at the point. A conserved quantity has ∇V(x*) J
    = 0 (map: ∇V(x*)(A − I) = 0), so that ∇V(x*) vanishes on the other eigenvectors. If W is definite to
    second order on the directions of the centre on which G vanishes, then W + K Σ(V_k − V_k(x*))² has a
    strict extremum on the centre manifold for large K (the energy–Casimir method).

    The first returned is W, the others those with a gradient. In the plane higher orders of W decide too.
    None if there are no such quantities, or that was not seen.
    """
    if not conserved:
        return None
    gradients = [_at(sympy.Matrix([v]).jacobian(formulas.variables), formulas) for v in conserved]
    matrix = sympy.Matrix.vstack(*gradients)
    flat = matrix.T.nullspace(iszerofunc=number_is_zero)
    tilted = [v for v, g in zip(conserved, gradients, strict=True) if not _is_zero(g)]
    level = [sum(c * v for c, v in zip(w, conserved, strict=True)) for w in flat]
    free = (matrix * centre.basis).nullspace(iszerofunc=number_is_zero)
    if not free:
        return tuple(tilted)
    alone = _minimum(level, formulas, centre.basis)
    if alone is not None:
        return (alone,)
    if tilted:
        least = _minimum(level, formulas, centre.basis * sympy.Matrix.hstack(*free))
        return None if least is None else (least, *tilted)
    if len(formulas.variables) == 2 == centre.basis.cols:
        for w in level:
            if (sign := _higher_sign(w, formulas)) != 0:
                return (_scaled(sign * w, formulas),)
    return None


def _minimum(
    level: Sequence[sympy.Expr], formulas: Formulas, directions: sympy.Matrix
) -> sympy.Expr | None:
    """One of the functions, or a combination, whose second derivative on the directions is definite."""
    forms = [_second(w, formulas, directions) for w in level]
    for w, form in zip(level, forms, strict=True):
        if (sign := _definite(form)) != 0:
            return _scaled(sign * w, formulas)
    weights = _definite_combination(forms)
    if weights is None:
        return None
    return _scaled(sum(c * w for c, w in zip(weights, level, strict=True)), formulas)


def _at(matrix: sympy.Matrix, formulas: Formulas) -> sympy.Matrix:
    return at_point(matrix, formulas.variables, formulas.point)


def _is_zero(matrix: sympy.Matrix) -> bool:
    return all(number_is_zero(e) for e in matrix)


def _second(w: sympy.Expr, formulas: Formulas, directions: sympy.Matrix) -> sympy.Matrix:
    hessian = _at(sympy.hessian(w, formulas.variables), formulas)
    return (directions.T * hessian * directions).applyfunc(sympy.expand)


def _definite(form: sympy.Matrix) -> int:
    """1 or −1 where a symmetric matrix is positive or negative definite, else 0."""
    counts = root_counts(characteristic_polynomial(form))
    if counts is None or counts.axis or (counts.left and counts.right):
        return 0
    return 1 if counts.right else -1


def _definite_combination(forms: Sequence[sympy.Matrix]) -> list[sympy.Rational] | None:
    """Weights with Σ w_j forms_j positive definite, by ascent of the smallest eigenvalue; checked exactly."""
    if len(forms) < 2:
        return None
    numbers = np.array([np.array(f.evalf(), dtype=float) for f in forms])
    size = np.abs(numbers).max(axis=(1, 2))
    scaled = numbers / np.where(size, size, 1)[:, None, None]
    weights = np.einsum("kii->k", scaled)
    weights = weights / (np.linalg.norm(weights) or 1)
    for step in range(_STEPS):
        values, vectors = np.linalg.eigh(np.tensordot(weights, scaled, 1))
        if values[0] > 1e-3:
            break
        lowest = vectors[:, 0]
        weights = weights + (scaled @ lowest @ lowest) / np.sqrt(1 + step)
        weights /= max(np.linalg.norm(weights), 1e-12)
    exact = [
        sympy.Rational(float(w / (s or 1))).limit_denominator(_DENOMINATOR)
        for w, s in zip(weights, size, strict=True)
    ]
    total = sum((w * f for w, f in zip(exact, forms, strict=True)), sympy.zeros(*forms[0].shape))
    return exact if _definite(total) == 1 else None


def _higher_sign(w: sympy.Expr, formulas: Formulas) -> int:
    """1 or −1 where the point of the plane is a strict minimum or maximum of w, by its first terms; else 0.

    With a second derivative of rank one, w(u, s) = a u² + … is minimised over u along a curve u(s), on
    which the first term decides (the splitting lemma); with none, the leading homogeneous part does if it
    is definite.
    """
    s, t = sympy.symbols("s t", real=True)
    hessian = _at(sympy.hessian(w, formulas.variables), formulas)
    kernel = hessian.nullspace(iszerofunc=number_is_zero)
    if len(kernel) == 1:
        k = kernel[0]
        across = sympy.Matrix([-k[1], k[0]])
        taylor = _taylor(w, formulas, k * s + across * t, (s, t))
        return _along_valley(taylor, s, t)
    taylor = _taylor(w, formulas, sympy.Matrix([s, t]), (s, t))
    for order in range(2, _HIGHEST + 1):
        part = sympy.Poly(
            {m: c for m, c in taylor.terms() if sum(m) == order} or 0, s, t, extension=True
        )
        if not part.is_zero:
            return _definite_form(part.as_expr(), s, t, order)
    return 0


def _definite_form(form: sympy.Expr, s: sympy.Symbol, t: sympy.Symbol, order: int) -> int:
    on_axis = form.subs({s: 0, t: 1})
    section = sympy.Poly(form.subs(s, 1), t)
    if order % 2 or number_is_zero(on_axis) or not (section.domain.is_QQ or section.domain.is_ZZ):
        return 0
    if section.count_roots():
        return 0
    return 1 if on_axis > 0 else -1


def _taylor(w, formulas: Formulas, along: sympy.Matrix, symbols) -> sympy.Poly:
    """The Taylor polynomial of w at the point, without its constant."""
    step = sympy.Dummy("step")
    moved = {
        v: p + step * a for v, p, a in zip(formulas.variables, formulas.point, along, strict=True)
    }
    derivative, total = w.xreplace(moved), sympy.Integer(0)
    for order in range(1, _HIGHEST + 1):
        derivative = sympy.diff(derivative, step)
        total += sympy.expand(derivative.subs(step, 0)) / sympy.factorial(order)
    return sympy.Poly(total, *symbols)


def _along_valley(taylor: sympy.Poly, s: sympy.Symbol, t: sympy.Symbol) -> int:
    """The sign of a(t − t(s))² + b s^m + … with a ≠ 0 if m is even and a, b have it; else 0."""
    curvature = taylor.coeff_monomial(t**2)
    slope = taylor.diff(t)
    curve = sympy.Poly(0, s)
    for order in range(2, _HIGHEST + 1):  # t(s), one more term each time
        rest = sympy.Poly(slope.as_expr().subs(t, curve.as_expr()), s)
        curve -= sympy.Poly(rest.coeff_monomial(s**order) / (2 * curvature) * s**order, s)
    floor = sympy.Poly(taylor.as_expr().subs(t, curve.as_expr()), s)
    for order in range(2, _HIGHEST + 1):
        first = floor.coeff_monomial(s**order)
        if not number_is_zero(first):
            agree = (first > 0) == (curvature > 0)
            return (1 if first > 0 else -1) if order % 2 == 0 and agree else 0
    return 0


def _real_logarithms(w: sympy.Expr, formulas: Formulas) -> sympy.Expr:
    """The same with log(−a) for log(a) where a is negative at the point: their derivatives are one."""
    put = dict(zip(formulas.variables, formulas.point, strict=True))
    negative = {
        e: sympy.log(sympy.expand(-e.args[0]))
        for e in w.atoms(sympy.log)
        if e.args[0].xreplace(put).is_negative
    }
    return w.xreplace(negative)


def _scaled(w: sympy.Expr, formulas: Formulas) -> sympy.Expr:
    """A positive multiple without constants, the first coefficient one, in its shortest form."""
    rest = sympy.expand(w).as_independent(*formulas.variables, as_Add=True)[1]
    size = abs(rest.as_ordered_terms()[0].as_coeff_Mul()[0])
    rest = sympy.expand(rest / size)
    if rest.is_polynomial(*formulas.variables):
        return rest
    return min((rest, sympy.factor(rest), sympy.together(rest)), key=sympy.count_ops)
