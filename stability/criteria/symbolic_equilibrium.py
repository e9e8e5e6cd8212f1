"""What a question in closed form is asked about: a game's symbols and their values, one equilibrium."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from ..dynamics.domain import all_real
from ..dynamics.flow import SymbolicFlow
from ..dynamics.points import coordinates_by_name
from ..equilibria.exact import solve_exactly
from ..errors import InputError, InputTypeError
from ..games.sets import tangent
from ..games.symbolic import SymbolicGame


def over_real_symbols(
    game: Any, verb: str
) -> tuple[SymbolicGame, dict[sympy.Symbol, sympy.Symbol]]:
    """The game over real symbols, and those of them ↦ the user's that are others.

    Raises InputTypeError, which names the verb, unless it is a SymbolicGame.
    """
    if not isinstance(game, SymbolicGame):
        raise InputTypeError(f"{verb} takes a SymbolicGame, not {type(game).__name__}")
    pairs = zip(symbols_of(game.real), symbols_of(game), strict=True)
    return game.real, {s: user for s, user in pairs if s != user}


def symbols_of(game: SymbolicGame) -> list[sympy.Symbol]:
    """The variables and all parameters of a game, always in the same order."""
    return [*game.variables, *game.parameters, *game.free_parameters]


def named(game: SymbolicGame, parameters: Mapping[Any, Any]) -> dict[sympy.Symbol, Any]:
    """The game's own symbols ↦ values, from symbols or names. Raises InputError for unknown names."""
    symbols = {s.name: s for s in (*game.parameters, *game.free_parameters)}
    for name in parameters:
        if str(name) not in symbols:
            raise InputError(
                f"there is no parameter {name}; there are {', '.join(symbols) or 'none'}"
            )
    return {symbols[str(name)]: value for name, value in parameters.items()}


def equilibrium(
    flow: SymbolicFlow,
    known: Mapping[sympy.Symbol, sympy.Expr],
    free: Sequence[sympy.Symbol],
    at: Mapping[Any, Any] | None,
) -> list[sympy.Expr]:
    """The coordinates of the equilibrium `at`, or of the only one that the flow has, in closed form.

    `known` are the parameters with a value, `free` those without. Raises InputError if `at` does not name
    every variable once or is no equilibrium, and, without `at`, if there is not exactly one. Of a game whose
    players live in sets it has to be given, and to touch no limit.
    """
    if flow.sets and at is None:
        raise InputError(
            "the players live in sets: say at which equilibrium, at={...}, inside these; at limits a report "
            "has the numbers"
        )
    if at is not None:
        names = [v.name for v in flow.variables]
        point = list(map(sympy.sympify, coordinates_by_name(at, names, "the equilibrium")))
        real = real_symbols(set().union(*(e.free_symbols for e in point)), free)
        given = [e.xreplace(real) for e in point]
        place = dict(zip(flow.variables, given, strict=True))
        if not all_real([part.xreplace(dict(known)) for part in flow.domain], place):
            raise InputError(f"a loss is not a finite real number at {_text(place)}")
        _check_rests(flow, known, given)
        if flow.sets:
            _check_inside(flow.sets, known, free, given, place)
        return given
    equations = [e.xreplace(dict(known)) for e in flow.expressions]
    domain = [part.xreplace(dict(known)) for part in flow.domain]
    domain = [part for part in domain if part.free_symbols <= set(flow.variables)]
    zeros = solve_exactly(equations, flow.variables, _sample(free), domain)
    if zeros.continua or len(zeros.points) != 1:
        found = "a whole family" if zeros.continua else str(len(zeros.points))
        if not (zeros.continua or zeros.points or zeros.exhaustive):
            raise InputError(
                "no equilibrium was found in closed form in the time that there is: give it, at={...}, or "
                "wait longer, with st.patience(10)"
            )
        raise InputError(f"say at which equilibrium: at={{...}} ({found} found in closed form)")
    return [zeros.points[0][v] for v in flow.variables]


def _check_rests(
    flow: SymbolicFlow, known: Mapping[sympy.Symbol, sympy.Expr], point: Sequence[sympy.Expr]
) -> None:
    """Raises InputError for a point at which the flow moves, whatever the values of the symbols in it.

    The point may have been rounded, by a ten-thousandth of its size.
    """
    at = dict(zip(flow.variables, point, strict=True))

    def here(matrix: sympy.MatrixBase) -> np.ndarray:
        put = sympy.Matrix(matrix).xreplace(dict(known)).xreplace(at).xreplace(dict(known))
        values = put.xreplace(_sample(sorted(put.free_symbols, key=str)))
        return np.array([complex(e.evalf()).real for e in values])

    try:
        field, slopes = here(flow.expressions), here(flow.jacobian())
        sizes = here(sympy.Matrix(point))
    except (TypeError, ValueError):
        return  # no numbers there, which the derivatives will say
    if np.abs(field).max() > 1e-4 * np.abs(slopes).max() * (1 + np.abs(sizes).max()):
        raise InputError(
            f"training does not rest at {_text(at)}: the field is {np.abs(field).max():.3g} there; give an "
            "equilibrium"
        )


def _check_inside(
    sets: Any,
    known: Mapping[sympy.Symbol, sympy.Expr],
    free: Sequence[sympy.Symbol],
    point: Sequence[sympy.Expr],
    place: Mapping[sympy.Symbol, sympy.Expr],
) -> None:
    """Raises InputError for a point at a limit of the players' sets, at a sample of what is free."""
    sample = _sample(free)
    numbers = {p: sympy.sympify(v).xreplace(sample) for p, v in known.items()} | sample
    own = sets.put(numbers).numeric()
    x = np.array([float(sympy.re(c.xreplace(numbers).evalf())) for c in point])
    if own.simplices or own.outside(x) > 1e-9 or not tangent(own, x).whole:
        raise InputError(
            f"closed forms are of equilibria inside the players' sets, and {_text(place)} is at a limit, "
            "outside, or in a simplex; a report has the numbers there"
        )


def _text(point: Mapping[sympy.Symbol, sympy.Expr]) -> str:
    return ", ".join(f"{v} = {e}" for v, e in point.items())


def real_symbols(
    symbols: Iterable[sympy.Symbol], preferred: Sequence[sympy.Symbol] = ()
) -> dict[sympy.Symbol, sympy.Symbol]:
    """Symbols not known to be real ↦ the preferred one of that name, or else a real one."""
    names = {s.name: s for s in preferred}
    return {
        s: names.get(s.name, sympy.Symbol(s.name, real=True)) for s in symbols if s.is_real is None
    }


def _sample(free: Sequence[sympy.Symbol]) -> dict[sympy.Symbol, sympy.Rational]:
    """Values for the free parameters at which nothing special happens: 7/19, 9/19, …"""
    return {p: sympy.Rational(7 + 2 * i, -19 if p.is_negative else 19) for i, p in enumerate(free)}
