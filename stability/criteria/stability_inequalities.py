"""`stability.stability_conditions`: when an equilibrium is stable, as inequalities in all parameters."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy
from sympy.logic.boolalg import Boolean

from ..dynamics.symbols import exact, expression
from ..errors import InputError
from ..fields import Field, Gradient
from ..games.symbolic import SymbolicGame
from ..rules import Rule
from ..spectra.exact import at_point, simplified
from ..spectra.hurwitz import characteristic_polynomial, hurwitz_determinants, moebius
from ..time_limits import in_time
from .inequalities import plain, positive
from .sign_cells import known_sign
from .symbolic_equilibrium import equilibrium, named, over_real_symbols, real_symbols, symbols_of

_SECONDS_PER_POLYNOMIAL = 20.0
_SECONDS_PER_FACTORS = 2.0
_root = sympy.Dummy("s")


def stability_conditions(
    game: SymbolicGame,
    rule: type[Rule] | Rule | None = None,
    *,
    field: Field | None = None,
    at: Mapping[Any, Any] | None = None,
    parameters: Mapping[Any, Any] | None = None,
    lr: Any = None,
    manifold_dimension: int = 0,
) -> Boolean:
    """Exactly when an equilibrium is linearly stable, in all free parameters and step sizes.

    **Arguments:**

    - `game`: a `SymbolicGame`; parameters without a value stay in the answer.
    - `rule`: a rule or its class, whose multipliers are to lie inside the unit circle; without one, the
      eigenvalues of the flow's Jacobian are to have negative real part.
    - `field`: what the rule follows; default the gradient field.
    - `at`: the equilibrium, variable ↦ expression; default: the only one the game has.
    - `parameters`: values to put in first; a symbol as value leaves a parameter free that has one.
    - `lr`: the rule's step size, a positive symbol or number (default: the symbol lr), or a mapping from
      players to those.
    - `manifold_dimension`: for an equilibrium on a manifold of equilibria, how many dimensions that has;
      stability is then meant transversally.

    **Returns** the conjunction of relations, `true` or `false`; with one free symbol, its intervals. It is
    equivalent to stability wherever the symbols' assumptions hold: declare a parameter positive, and
    what follows from that is left out. Settings of the rule and the field may be symbols too.

    The conditions are those of Liénard and Chipart (Gantmacher, Theory of Matrices II, XV section 13), for a
    rule on the Möbius transform of the multipliers' polynomial (equivalent to Schur–Cohn and Jury).

    Raises InputError for an equilibrium that is not the only one, a step size without known sign, a
    manifold dimension that the spectrum does not have, and polynomials too large to write down.
    """
    real, back = over_real_symbols(game, "stability_conditions")
    matrix, steps = _linearised(real, rule, field, at, parameters or {}, lr)
    own = real_symbols(matrix.free_symbols, symbols_of(real))
    back |= {s: user for user, s in own.items() if s not in back}
    matrix = matrix.xreplace(own)
    _check_names(matrix.free_symbols)
    conditions = in_time(
        _SECONDS_PER_POLYNOMIAL,
        lambda: _conditions(matrix, manifold_dimension, circle=rule is not None),
        None,
    )
    if conditions is None:
        raise InputError(
            "the conditions are too long to write down: give values to some of "
            + ", ".join(sorted(s.name for s in matrix.free_symbols))
        )
    return sympy.And(*(r.xreplace(back) for r in positive(conditions, steps)))


def _linearised(
    real: SymbolicGame,
    rule: type[Rule] | Rule | None,
    field: Field | None,
    at: Mapping[Any, Any] | None,
    parameters: Mapping[Any, Any],
    lr: Any,
) -> tuple[sympy.Matrix, list[sympy.Symbol]]:
    """The Jacobian of the flow, or of the rule's step, at the equilibrium, and the step sizes in it."""
    flow = (field or Gradient()).flow(real)
    known = _known(real, parameters)
    free = sorted(flow.expressions.xreplace(known).free_symbols - set(flow.variables), key=str)
    point = [c.xreplace(known) for c in equilibrium(flow, known, free, at)]
    matrix = at_point(flow.jacobian().xreplace(known), flow.variables, point)
    if rule is None:
        return matrix, []
    rule = _with_step(rule() if isinstance(rule, type) else rule, lr)
    rule.check(flow)
    sizes = flow.partition.per_player(rule.lr, "lr") if rule.lr is not None else ()
    steps = sorted(set().union(*(sympy.sympify(s).free_symbols for s in sizes)), key=str)
    return rule.near(flow, point).linearise(matrix, flow.partition).xreplace(known), steps


def hurwitz_conditions(coefficients: Sequence[Any]) -> tuple[Boolean, ...]:
    """The relations under which all roots of a polynomial have negative real part (Liénard–Chipart).

    `coefficients` are real numbers or expressions in real symbols, leading first. What the symbols'
    assumptions imply is left out; `(false,)` if they exclude it. Raises InputError unless the sign of the
    leading coefficient is known.
    """
    return _of_polynomial(coefficients, _half_plane)


def schur_conditions(coefficients: Sequence[Any]) -> tuple[Boolean, ...]:
    """The relations under which all roots of a polynomial lie inside the unit circle (Schur–Cohn, Jury).

    `coefficients`, result and errors are those of `hurwitz_conditions`.
    """
    return _of_polynomial(coefficients, _circle)


def _of_polynomial(
    coefficients: Sequence[Any], conditions: Callable[[list[sympy.Expr]], list[sympy.Expr]]
) -> tuple[Boolean, ...]:
    given = [
        exact(c) if isinstance(c, float) else expression(c, "a coefficient") for c in coefficients
    ]
    if not given or known_sign(given[0]) is None:
        leading = given[0] if given else "none"
        raise InputError(
            f"the leading coefficient needs a known sign other than zero, not {leading}"
        )
    real = real_symbols(set().union(*(c.free_symbols for c in given)))
    back = {s: user for user, s in real.items()}
    found = conditions([sympy.expand(c.xreplace(real)) for c in given])
    return tuple(r.xreplace(back) for r in plain(found))


def _known(real: SymbolicGame, parameters: Mapping[Any, Any]) -> dict[sympy.Symbol, sympy.Expr]:
    """The parameters that have a value, which may be an expression in other symbols."""
    known: dict[sympy.Symbol, sympy.Expr] = dict(real.parameters)
    for p, value in named(real, parameters).items():
        symbolic = isinstance(value, sympy.Expr) and value.free_symbols
        known[p] = value.xreplace(real_symbols(value.free_symbols)) if symbolic else exact(value)
    return {p: value for p, value in known.items() if p != value}


def _with_step(rule: Rule, lr: Any) -> Rule:
    """The rule with its step size, or each player's, as asked for."""
    if isinstance(lr, Mapping):
        return rule.with_lr({player: _step_size(size) for player, size in lr.items()})
    size = _step_size(sympy.Symbol("lr", positive=True) if lr is None else lr)
    if isinstance(rule.lr, Mapping):  # all of them times the same factor
        return rule.with_each_lr(exact).scaled(size)
    return rule.with_each_lr(lambda _: size)


def _step_size(value: Any) -> sympy.Expr:
    size = value if isinstance(value, sympy.Expr) and value.free_symbols else exact(value)
    if not size.is_positive:
        how = f": declare it as sympy.Symbol({str(size)!r}, positive=True)" * size.is_Symbol
        raise InputError(f"the step size {size} is not known to be positive{how}")
    return size


def _check_names(symbols: set[sympy.Symbol]) -> None:
    names = sorted(s.name for s in symbols)
    twice = next((a for a, b in itertools.pairwise(names) if a == b), None)
    if twice is not None:
        raise InputError(
            f"two different symbols are called {twice}; rename one, or the step with lr="
        )


def _conditions(matrix: sympy.Matrix, manifold_dimension: int, circle: bool) -> list[sympy.Expr]:
    matrix = simplified(matrix)
    blocks = [matrix.extract(b, b) for b in matrix.strongly_connected_components()]
    polynomials = [characteristic_polynomial(block) for block in blocks]
    for _ in range(manifold_dimension):
        polynomials = _divided(polynomials, sympy.Integer(int(circle)))
    parts = []
    for polynomial in polynomials:
        whole = [polynomial]
        parts += in_time(_SECONDS_PER_FACTORS, lambda p=polynomial: _parts(p), whole)
    unique = list(dict.fromkeys(map(tuple, parts)))
    return [c for part in unique for c in (_circle if circle else _half_plane)(list(part))]


def _divided(polynomials: list[list[sympy.Expr]], root: sympy.Expr) -> list[list[sympy.Expr]]:
    """The polynomials, the first of them that has the root divided by (s − root)."""
    for k, polynomial in enumerate(polynomials):
        quotient, carry = [], sympy.Integer(0)
        for coefficient in polynomial:
            carry = sympy.expand(root * carry + coefficient)
            quotient.append(carry)
        if len(quotient) > 1 and sympy.simplify(quotient.pop()) == 0:
            return [*polynomials[:k], quotient, *polynomials[k + 1 :]]
    raise InputError(
        f"manifold_dimension is too large: the equilibrium does not have {root} as "
        f"{'a multiplier' if root else 'an eigenvalue'} that often"
    )


def _parts(coefficients: list[sympy.Expr]) -> list[list[sympy.Expr]]:
    """The coefficients of the irreducible factors, or those of the polynomial itself."""
    numerator, _ = sympy.fraction(sympy.together(sympy.Poly(coefficients, _root).as_expr()))
    try:
        factors = [f for f, _ in sympy.factor_list(sympy.expand(numerator))[1] if f.has(_root)]
        return [sympy.Poly(f, _root).all_coeffs() for f in factors]
    except sympy.PolynomialError:  # SymPy does not factor over every number field
        return [coefficients]


def _half_plane(coefficients: list[sympy.Expr]) -> list[sympy.Expr]:
    return _lienard_chipart(coefficients, coefficients[0])


def _circle(coefficients: list[sympy.Expr]) -> list[sympy.Expr]:
    """With a positive leading coefficient, p(1) > 0 and (−1)ⁿ p(−1) > 0 are necessary."""
    if len(coefficients) == 1:
        return []
    image = [sympy.sympify(c) for c in moebius(coefficients)]
    leading = coefficients[0]
    return [leading * image[0], *_lienard_chipart(image, leading)]


def _lienard_chipart(coefficients: list[sympy.Expr], leading: sympy.Expr) -> list[sympy.Expr]:
    """Expressions that are all positive just when all roots have negative real part.

    `leading` is anything of the sign of the leading coefficient: multiplied by it, that is positive.
    """
    degree = len(coefficients) - 1
    every_other = [leading * coefficients[k] for k in range(degree, 0, -2)]
    minors = hurwitz_determinants(coefficients)
    return every_other + [leading**k * minors[k - 1] for k in range(degree - 1, 0, -2)]
