"""Conserved totals: functions of the state that a flow or a map keeps, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy

from ..errors import InputError, InputTypeError, KeyedError
from .functions import jax_scalar_function
from .identities import is_zero_identically, points_to_try, vanishes_at
from .points import listed_names
from .starts import check_scalar
from .symbols import by_name, exact, expression

_LINEAR = 1e-12


@dataclass(frozen=True, eq=False)
class Total:
    """A total that stays as it is.

    - `expression`: in the variables (and parameters) of the system; None where only its `function`, from (d,)
      to a number, is known.
    - `value`: what it is, a number or an expression in parameters; None: what it is at the start.
    """

    expression: sympy.Expr | None
    function: Callable[[Any], Any] | None
    value: sympy.Expr | None

    @property
    def symbols(self) -> set[sympy.Symbol]:
        """What its expressions are in."""
        parts = [e for e in (self.expression, self.value) if e is not None]
        return set().union(*(e.free_symbols for e in parts))

    def xreplace(self, put: Mapping[Any, Any]) -> Total:
        """The total with symbols exchanged or values put in."""
        own = None if self.expression is None else self.expression.xreplace(dict(put))
        value = None if self.value is None else self.value.xreplace(dict(put))
        return replace(self, expression=own, value=value)

    def at(self, variables: Sequence[Any], x: Any) -> sympy.Expr:
        """The total at the point x, shape (d,)."""
        if self.expression is None:
            assert self.function is not None
            with jax.enable_x64(True):
                return sympy.Float(float(self.function(jnp.asarray(x, dtype=float))), 17)
        put = {v.name: exact(own) for v, own in zip(variables, x, strict=True)}
        symbols = {s: put[s.name] for s in self.expression.free_symbols if s.name in put}
        return self.expression.xreplace(symbols)


def symbolic_totals(
    conserved: Mapping[Any, Any], variables: Sequence[sympy.Symbol]
) -> dict[str, Total]:
    """The totals of a symbolic system, from name ↦ total or (total, value). Raises InputError."""
    result = {}
    for name, total, value in _entries(conserved):
        own = by_name(expression(total, f"the total {name!r}"), variables)
        if not own.free_symbols & set(variables):
            raise InputError(
                f"the total {name!r} is {own}, in which there is no variable; "
                f"there are {listed_names(variables)}"
            )
        result[name] = Total(own, None, _value(name, value, variables))
    return result


def numeric_totals(conserved: Mapping[Any, Any], variables: Sequence[str]) -> dict[str, Total]:
    """The totals of a system in JAX: functions of the vector, or coefficients by variable.

    A function that is seen to be linear becomes an expression. Raises InputError.
    """
    symbols = [sympy.Symbol(v, real=True) for v in variables]
    result = {}
    for name, total, value in _entries(conserved):
        own, function = None, None
        if isinstance(total, Mapping):
            for key in total:
                if str(key) not in variables:
                    raise InputError(
                        f"the total {name!r} names {key}, which is no variable; "
                        f"there are {listed_names(variables)}"
                    )
            terms = {str(key): exact(c) for key, c in total.items()}
            own = sympy.Add(*(c * s for s in symbols if (c := terms.get(s.name, 0)) != 0))
            if own == 0:
                raise InputError(f"the total {name!r} has no coefficient that is not zero")
        elif callable(total):
            check_scalar(total, len(variables), f"the total {name!r}")
            function, own = total, _linear_form(total, symbols)
        else:
            raise InputTypeError(
                f"the total {name!r} is a function of the vector or a mapping of coefficients, as in "
                f"{{'{variables[0]}': 1}}, not {total!r}"
            )
        result[name] = Total(own, function, _value(name, value, symbols))
    return result


def _entries(conserved: Any) -> list[tuple[str, Any, Any]]:
    if not isinstance(conserved, Mapping):
        raise InputTypeError(
            "conserved totals map names to a total, or to (total, value), as in "
            f"conserved={{'mass': (total, 1)}}, not {conserved!r}"
        )
    entries = []
    for name, given in conserved.items():
        if not isinstance(name, str) or not name:
            raise InputTypeError(f"a conserved total is called by a text, not {name!r}")
        if isinstance(given, tuple) and len(given) != 2:
            raise InputTypeError(f"the total {name!r} is given as (total, value), not {given!r}")
        entries.append((name, *(given if isinstance(given, tuple) else (given, None))))
    return entries


def _value(name: str, value: Any, variables: Sequence[sympy.Symbol]) -> sympy.Expr | None:
    if value is None:
        return None
    symbols = getattr(value, "free_symbols", set())
    if any(s.name in {v.name for v in variables} for s in symbols):
        raise InputError(
            f"the value of the total {name!r} is a number or an expression of parameters, and {value} "
            "has a variable in it"
        )
    if symbols:
        return expression(value, f"the value of the total {name!r}")
    try:
        return exact(value)
    except InputError:
        raise InputError(
            f"the value of the total {name!r} is a finite real number, not {value!r}"
        ) from None


def _linear_form(function: Any, symbols: Sequence[sympy.Symbol]) -> sympy.Expr | None:
    """The expression of a function that is linear wherever it is looked at, else None."""
    points = np.random.default_rng(0).uniform(-2, 2, (4, len(symbols)))
    with jax.enable_x64(True):
        slopes = np.array([jax.grad(function)(jnp.asarray(x)) for x in points])
        constant = float(function(jnp.zeros(len(symbols))))
    size = np.abs(slopes).max()
    if (
        not np.isfinite(slopes).all()
        or np.abs(slopes - slopes[0]).max() > _LINEAR * size
        or size == 0
    ):
        return None
    coefficients = [exact(float(c)) if abs(c) > _LINEAR * size else 0 for c in slopes[0]]
    return sympy.Add(exact(constant), *(c * s for c, s in zip(coefficients, symbols, strict=True)))


def check_conserved_formulas(system: Any) -> None:
    """Raises InputError unless a symbolic system keeps its totals, for all values of parameters."""
    variables = system.variables
    after = dict(zip(variables, system.expressions, strict=True))
    own = {v.name: v for v in variables}
    for name, total in system.conserved.items():
        e = total.expression
        if system.kind == "map":
            change = e.xreplace(after) - e
        else:
            change = sympy.Add(*(sympy.diff(e, v) * after[v] for v in variables))
        if not is_zero_identically(change):
            raise _not_conserved(system.kind, name)
        for angle, period in system.angles.items():
            if not is_zero_identically(e.xreplace({own[angle]: own[angle] + period}) - e):
                raise _not_single_valued(name, angle)


def check_conserved_functions(system: Any) -> None:
    """As `check_conserved_formulas`, for a system in JAX, at random points. Raises InputError."""
    points = points_to_try(system)
    after = system.values(points)
    for name, total in system.conserved.items():
        function = function_of(total, system.variables)
        with jax.enable_x64(True):
            if system.kind == "map":
                before, then = (
                    np.asarray(jax.vmap(function)(jnp.asarray(x))) for x in (points, after)
                )
                change, size = then - before, 1.0 + np.abs(before)
            else:
                slopes = np.asarray(jax.vmap(jax.grad(function))(jnp.asarray(points)))
                change = (slopes * after).sum(axis=1)
                size = 1.0 + (np.abs(slopes) * np.abs(after)).sum(axis=1)
        conserved = vanishes_at(change, size)
        if conserved is None:
            raise InputError(
                f"the total {name!r} is not finite at any point of the box that was tried; give a box"
            )
        if not conserved:
            raise _not_conserved(system.kind, name)


def function_of(total: Total, variables: Sequence[str]) -> Callable[[Any], Any]:
    """A total as a JAX function from (d,) to a number."""
    if total.function is not None:
        return total.function
    assert total.expression is not None
    symbols = {s.name: s for s in total.expression.free_symbols}
    given = [symbols.get(v, sympy.Symbol(v, real=True)) for v in variables]
    return jax_scalar_function(given, total.expression)


def _not_conserved(kind: str, name: str) -> KeyedError:
    how = (
        "a step of the map changes it"
        if kind == "map"
        else "its derivative along the flow is not zero"
    )
    return KeyedError(
        f"conserved.{name}",
        f"the total {name!r} is not conserved: {how}; correct it or the right-hand sides",
    )


def _not_single_valued(name: str, angle: str) -> KeyedError:
    return KeyedError(
        f"conserved.{name}",
        f"the total {name!r} changes when {angle} goes once around; a total of a system with angles has "
        "their periods",
    )
