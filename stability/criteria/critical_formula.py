"""`stability.critical_step`: the critical step size of a rule as a formula in a game's parameters."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import sympy

from ..dynamics.symbols import exact
from ..errors import InputError
from ..fields import Field, Gradient
from ..games.symbolic import SymbolicGame
from ..rules import Rule
from ..spectra.exact import at_point
from ..spectra.hurwitz import circle_guards
from .exact_steps import StepConditions, h, step_polynomial
from .symbolic_equilibrium import equilibrium, named, over_real_symbols


def critical_step(
    game: SymbolicGame,
    rule: type[Rule] | Rule,
    *,
    parameter: sympy.Symbol | str | None = None,
    field: Field | None = None,
    at: Mapping[Any, Any] | None = None,
    parameters: Mapping[Any, Any] | None = None,
) -> sympy.Expr:
    """The supremum of the step sizes below which every step is stable, in closed form.

    The stable steps need not reach down to zero: where they do not, this is 0, and all of them are what
    `stability_conditions` says.

    **Arguments:**

    - `game`: a `SymbolicGame`; parameters without a value stay in the answer.
    - `rule`: a rule or its class. With step sizes that differ by player the answer is the factor by
      which they may all be multiplied.
    - `parameter`: a parameter to leave free although the game has a value for it.
    - `field`: what the rule follows; default the gradient field.
    - `at`: the equilibrium, variable ↦ expression; default: the only one the game has.
    - `parameters`: values to put in first.

    **Returns** 0 if no small step is stable (larger ones may be), ∞ if every step is. With one parameter
    left, a `Piecewise` over the whole real line: the guards' discriminants, pairwise resultants and outer
    coefficients in h split the line into pieces on each of which one closed form holds (a cylindrical
    decomposition).

    Raises InputError when there is more than one free parameter, or one in which the Jacobian is no
    polynomial, no equilibrium or several, or a piece without a short closed form.
    """
    real, back = over_real_symbols(game, "critical_step")
    rule = rule() if isinstance(rule, type) else rule
    values = {p: exact(v) for p, v in named(real, parameters or {}).items()}
    known = {**real.parameters, **values}
    if parameter is not None:
        known.pop(next(iter(named(real, {parameter: None}))), None)
    free = [p for p in (*real.parameters, *real.free_parameters) if p not in known]
    if len(free) > 1:
        raise InputError(
            f"one parameter may stay free, not {', '.join(map(str, free))}: give values to the others"
        )
    flow = (field or Gradient()).flow(real)
    point = equilibrium(flow, known, free, at)
    jacobian = at_point(flow.jacobian().xreplace(known), flow.variables, point)
    coefficients = step_polynomial(rule, jacobian, flow.partition)
    if not free:
        return _at(coefficients, {}).xreplace(back)
    return _piecewise(coefficients, free[0]).xreplace(back)


def _at(coefficients: list[sympy.Expr], values: dict) -> sympy.Expr:
    step = StepConditions(coefficients, values).critical()
    if step is None:
        raise InputError("the stability conditions of this step could not be decided exactly")
    if step.value is None:
        return sympy.oo
    if step.expression is None:
        raise InputError(f"the critical step, about {step.value:.6g}, has no short closed form")
    return step.expression


def _piecewise(coefficients: list[sympy.Expr], p: sympy.Symbol) -> sympy.Expr:
    guards = circle_guards(coefficients)
    if not all(sympy.expand(guard).is_polynomial(h, p) for guard in guards):
        raise InputError(
            f"a closed form for every {p} needs a Jacobian that is polynomial in {p}; give {p} a value"
        )
    breaks = _breakpoints(guards, p)
    samples = _between(breaks)
    forms = [_at(coefficients, {p: sample}) for sample in samples]
    pieces: list[tuple[sympy.Expr, Any]] = []
    for form, upper in itertools.zip_longest(forms, breaks):
        if upper is None:
            pieces.append((form, sympy.true))
            break
        # the value at the breakpoint itself decides which side it belongs to
        value = _at([c.xreplace({p: upper}) for c in coefficients], {})
        belongs = sympy.simplify(form.xreplace({p: upper}) - value) == 0
        pieces.append((form, p <= upper if belongs else p < upper))
        following = forms[len(pieces)] if len(pieces) < len(forms) else None
        after = None if following is None else following.xreplace({p: upper})
        if not belongs and (after is None or sympy.simplify(after - value) != 0):
            pieces.append((value, sympy.Eq(p, upper)))
    return sympy.piecewise_fold(sympy.Piecewise(*_merged(pieces)))


def _merged(pieces: list[tuple[sympy.Expr, Any]]) -> list[tuple[sympy.Expr, Any]]:
    """Neighbouring pieces with the same formula as one."""
    merged: list[tuple[sympy.Expr, Any]] = []
    for form, condition in pieces:
        if merged and sympy.simplify(merged[-1][0] - form) == 0:
            merged.pop()
        merged.append((form, condition))
    return merged


def _breakpoints(guards: list[sympy.Expr], p: sympy.Symbol) -> list[sympy.Expr]:
    """Where in p the real roots in h of the guards may appear, vanish, meet or pass through 0 or ∞."""
    factors: list[sympy.Poly] = []
    critical: list[sympy.Expr] = []
    for guard in guards:
        for factor, _ in sympy.factor_list(sympy.expand(guard), h, p)[1]:
            if not factor.has(h):
                critical.append(factor)
                continue
            polynomial = sympy.Poly(factor, h)
            if polynomial not in factors:
                factors.append(polynomial)
    for polynomial in factors:
        critical += [polynomial.LC(), polynomial.TC()]
        if polynomial.degree() > 1:
            critical.append(polynomial.discriminant())
    for one, other in itertools.combinations(factors, 2):
        critical.append(sympy.resultant(one.as_expr(), other.as_expr(), h))
    points: set[sympy.Expr] = set()
    for expression in critical:
        expression = sympy.expand(expression)
        if expression.has(p) and expression.is_polynomial(p):
            points |= set(sympy.real_roots(sympy.Poly(expression, p)))
    return sorted(points, key=lambda x: x.evalf(30))


def _between(breaks: list[sympy.Expr]) -> list[sympy.Expr]:
    """A rational number in each of the intervals that the breakpoints leave."""
    if not breaks:
        return [sympy.Rational(7, 19)]
    low, high = sympy.floor(breaks[0]) - 1, sympy.ceiling(breaks[-1]) + 1
    middles = [
        sympy.nsimplify(((a + b) / 2).evalf(30), rational=True)
        for a, b in itertools.pairwise(breaks)
    ]
    return [low, *middles, high]
