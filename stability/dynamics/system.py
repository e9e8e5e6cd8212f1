"""What every dynamical system has, whatever its kind: variables, a box, a start, parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeGuard

import jax
import jax.numpy as jnp
import numpy as np
import sympy

from ..errors import InputError, InputTypeError, line_of_user
from .angles import check_periodic_formulas, check_periodic_function, checked_periods
from .batch import batched_values
from .domain import partial_parts
from .functions import jax_vector_function
from .linearisation import Linearisation, Products
from .partition import Partition
from .points import listed_names, named_box, named_start, real_vector, start_vector
from .symbols import by_name, check_symbols, exact, expression
from .totals import (
    Total,
    check_conserved_formulas,
    check_conserved_functions,
    numeric_totals,
    symbolic_totals,
)
from .true_derivatives import hindrances, refuse_if_wrong

_KEPT = 16  # things of one sort that are kept with a system


class System:
    """What flows, maps and games have in common, whatever their engine.

    - `kind`: "flow", "map" or "game"; `symbolic`: whether it is given by SymPy expressions.
    - `players`: whose strategies its coordinates are; none where nobody plays.
    - `rest_equations`: the expressions, shape (d, 1), whose zeros are its rest points, or None.
    - `angles`: variable ↦ period, of those that live on a circle; `conserved`: the totals that it keeps.
    - `level`: the level set of another system's totals that this one is that system on, or None.
    """

    kind: ClassVar[str]
    symbolic: ClassVar[bool] = False
    rest_equations: Any = None
    linearise: Callable[..., Linearisation]
    name: str
    variables: Any
    partition: Partition
    dimension: int
    box: dict[str, tuple[float, float]]
    start: np.ndarray | None
    angles: Mapping[str, sympy.Expr] = MappingProxyType({})
    conserved: Mapping[str, Total] = MappingProxyType({})
    level: Any = None

    @property
    def players(self) -> tuple[str, ...]:
        return ()

    @property
    def real(self) -> Self:
        """The system over real symbols; itself where there are none."""
        return self

    @property
    def twin(self) -> Any:
        """The system in JAX, at its own parameters' values, made once; itself if it is in JAX."""
        return self

    def numeric(self, parameters: Mapping[Any, Any] | None = None) -> Any:
        """The system in JAX at the given parameters' values. Raises InputError if it has no parameters."""
        if parameters:
            raise InputError(f"this {self.kind} has no parameters to set")
        return self

    def at_values(self, parameters: Mapping[Any, Any] | None = None) -> tuple[Any, dict[Any, Any]]:
        """The system in JAX at its parameters' values, made once for these, and the values by symbol.

        Values given replace the system's own. Raises InputError for a name that is no parameter, and for a
        parameter without a value.
        """
        return self.numeric(parameters), {}

    def linearize(self, x: Any, **options: Any) -> Linearisation:
        """`linearise` with its `options`, in the American spelling."""
        return self.linearise(x, **options)

    def kept(self, what: str, key: Any, make: Callable[[], Any]) -> Any:
        """What was made for this key before, kept with the system itself; of one sort only the last few.

        A key may hold mappings, arrays and frozen dataclasses such as rules; for one that cannot be told from
        others by its contents (a number that JAX traces) everything is made anew.
        """
        try:
            hash(key := _by_contents(key))
        except TypeError:
            return make()
        store = vars(self).setdefault("_store", {}).setdefault(what, {})
        if key not in store:
            while len(store) >= _KEPT:
                del store[next(iter(store))]
            store[key] = make()
        return store[key]

    def _lives_where(self, other: System, put: Mapping[Any, Any]) -> None:
        """Takes over angles, totals and level of a system of which this one is a copy, with `put` put in."""
        self.angles, self.level = other.angles, other.level
        self.conserved = {name: total.xreplace(put) for name, total in other.conserved.items()}

    def forget(self) -> None:
        """Drops all that was compiled or worked out, for a copy that is to become another system."""
        own = vars(self)
        for name in [n for n in own if isinstance(getattr(type(self), n, None), cached_property)]:
            if name != "variables":  # these may have been given
                del own[name]
        own.pop("_store", None)


def _by_contents(key: Any) -> Any:
    """A key that is equal for equal contents, whatever holds them."""
    if isinstance(key, Mapping):
        return tuple((_by_contents(k), _by_contents(v)) for k, v in key.items())
    if isinstance(key, (tuple, list)):
        return tuple(map(_by_contents, key))
    if isinstance(key, np.ndarray):
        return key.shape, key.dtype.str, key.tobytes()
    if dataclasses.is_dataclass(key) and not isinstance(key, type):
        return type(key), *(_by_contents(getattr(key, f.name)) for f in dataclasses.fields(key))
    return key


def is_a(system: Any, kind: str) -> TypeGuard[Any]:
    """Whether something is a "flow", a "map" or a "game", in either engine."""
    return isinstance(system, System) and system.kind == kind


class NumericSystem(System):
    """A function on flat vectors of shape (d,), with names, a start and a box. See Flow and Map."""

    evaluate: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

    def __init__(
        self,
        function,
        dimension,
        variables,
        start,
        box,
        partition,
        name,
        check,
        angles=None,
        conserved=None,
    ):
        if not callable(function):
            raise InputTypeError(f"a {self.kind} is made from a function, not {function!r}")
        self.function: Callable[[Any], Any] = function
        self.name = name
        if dimension is not None and (type(dimension) is not int or dimension < 1):
            raise InputTypeError(f"the dimension is a positive whole number, not {dimension!r}")
        vector = None if start is None or isinstance(start, Mapping) else np.asarray(start)
        sizes = {
            "dimension": dimension,
            "variables": None if variables is None or callable(variables) else len(variables),
            "start": None
            if start is None
            else len(start)
            if vector is None
            else vector.size
            if vector.ndim == 1
            else -1,
            "partition": None if partition is None else partition.dimension,
        }
        known = {key: size for key, size in sizes.items() if size is not None}
        if not known:
            raise InputError(
                f"the {self.kind} needs its dimension: give dimension=, variables= or start="
            )
        if len(set(known.values())) > 1 or min(known.values()) < 1:
            said = ", ".join(f"{key} says {size}" for key, size in known.items())
            raise InputError(f"the {self.kind}'s dimension is a positive integer told once: {said}")
        self.dimension: int = next(iter(known.values()))
        if variables is None:
            variables = (
                tuple(start)
                if isinstance(start, Mapping)
                else [f"x{i}" for i in range(self.dimension)]
            )
        if callable(variables):
            self._names: Any = variables
        else:
            self.variables = tuple(variables)
            if len(set(self.variables)) < len(self.variables):
                raise InputError(f"the variables of a {self.kind} need different names")
        self.partition = partition or Partition((self.kind,), (self.dimension,))
        self.box = named_box(box, self.variables) if box else {}
        if start is None:
            self.start = None
        elif isinstance(start, Mapping):
            self.start = named_start(start, self.variables)
        else:
            self.start = start_vector(start, self.dimension)
        if angles:
            self.angles = checked_periods(angles, self.variables)
        if conserved:
            self.conserved = numeric_totals(conserved, self.variables)
        if check:
            self._check()

    def __call__(self, x: Any) -> Any:
        """The function's value at x, shape (d,): v(x) of a flow, F(x) of a map."""
        return self.function(x)

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names of the coordinates; where a function makes them, it does so when they are asked for."""
        return tuple(self._names())

    def _check(self) -> None:
        # in 64 bits, like the analysis: JAX remembers a function's constants in the precision they had first
        try:
            with jax.enable_x64(True):
                x = jax.ShapeDtypeStruct((self.dimension,), jnp.zeros(()).dtype)
                jaxpr, value = jax.make_jaxpr(self.function, return_shape=True)(x)
        except Exception as error:
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise InputError(
                f"the {self.kind}'s function cannot be traced by JAX on a vector of shape "
                f"({self.dimension},); write it with jax.numpy ({first}){line_of_user(error)}"
            ) from error
        if getattr(value, "shape", None) != (self.dimension,) or not jnp.issubdtype(
            value.dtype, jnp.floating
        ):
            raise InputTypeError(
                f"the {self.kind}'s function must return a real vector of shape ({self.dimension},), "
                f"not {value}"
            )
        self.hindrances = hindrances(jaxpr)
        self.check_derivatives()
        if self.angles:
            check_periodic_function(self)
        if self.conserved:
            check_conserved_functions(self)

    @cached_property
    def hindrances(self) -> tuple[str, ...]:
        """What in the function may give it other derivatives than its own; see `true_derivatives`."""
        x = np.zeros(self.dimension) if self.start is None else self.start
        return hindrances(jax.make_jaxpr(self.function)(jnp.asarray(x)))

    def check_derivatives(self, x: Any = None, what: str | None = None) -> None:
        """Raises InputError if JAX's derivatives of the function are not its own, at or near x (d,).

        Without x, at the start. `what` is what the message calls the function.
        """
        if not self.hindrances:
            return
        if x is None:
            x = np.zeros(self.dimension) if self.start is None else self.start
        what = f"the function of the {self.kind}" if what is None else what
        refuse_if_wrong(what, self.function, self.jvp, x, self.hindrances)

    @cached_property
    def values(self) -> Callable[[np.ndarray], np.ndarray]:
        """X (n, d) ↦ the function's values, shape (n, d), in float64, compiled once."""
        return batched_values(self.function, self.dimension)

    @cached_property
    def _jvp(self):
        return jax.jit(lambda x, u: jax.jvp(self.function, (x,), (u,))[1])

    @cached_property
    def _vjp(self):
        return jax.jit(lambda x, u: jax.vjp(self.function, x)[1](u)[0])

    @cached_property
    def _jacobian(self):
        return jax.jit(jax.jacfwd(self.function))

    def jvp(self, x: Any, u: Any) -> Any:
        """J(x) u, shape (d,)."""
        return self._jvp(self._vector(x), self._vector(u))

    def vjp(self, x: Any, u: Any) -> Any:
        """J(x)ᵀ u, shape (d,)."""
        return self._vjp(self._vector(x), self._vector(u))

    def jacobian(self, x: Any) -> Any:
        """J(x), shape (d, d)."""
        return self._jacobian(self._vector(x))

    @cached_property
    def _products(self) -> Products:
        return Products(self.function, self.partition)

    def linearise(self, x: Any) -> Linearisation:
        """J(x) as an operator: what every product needs of x is computed once."""
        return self._products.at(self._vector(x))

    def _vector(self, x: Any) -> jax.Array:
        return real_vector(x, self.dimension)


class SymbolicSystem(System):
    """Variables, parameters, a box and a start, in SymPy. See SymbolicFlow, SymbolicMap, SymbolicGame."""

    symbolic = True
    numeric: Callable[..., Any]

    def __init__(
        self,
        expressions: Mapping[sympy.Symbol, Any],
        *,
        parameters: Mapping[Any, Any] | None = None,
        box: Mapping[Any, Any] | None = None,
        start: Mapping[Any, Any] | None = None,
        name: str | None = None,
        partition: Partition | None = None,
        angles: Mapping[Any, Any] | None = None,
        conserved: Mapping[str, Any] | None = None,
    ):
        variables = tuple(expressions)
        if not variables:
            raise InputError(f"a {self.kind} needs at least one variable")
        check_symbols(variables)
        rows = [expression(e, f"the equation of {v}") for v, e in expressions.items()]
        self.expressions = sympy.Matrix([by_name(row, variables) for row in rows])
        partition = partition or Partition((self.kind,), (len(variables),))
        if conserved:
            self.conserved = symbolic_totals(conserved, variables)
        self._describe(variables, partition, parameters, box, start, name)
        if angles:
            self.angles = checked_periods(angles, [v.name for v in variables])
            check_periodic_formulas(self)
        if conserved:
            check_conserved_formulas(self)

    def _describe(self, variables, partition, parameters, box, start, name) -> None:
        if len({v.name for v in variables}) < len(variables):
            raise InputError(f"a variable of this {self.kind} is given twice")
        self.variables: tuple[sympy.Symbol, ...] = variables
        self.partition: Partition = partition
        self.name: str = name or self.kind
        others = {s.name: s for s in sorted(self._symbols() - set(variables), key=str)}
        self.parameters: dict[sympy.Symbol, sympy.Expr] = {}
        for key, value in (parameters or {}).items():
            symbol = (
                key
                if isinstance(key, sympy.Symbol)
                else others.get(str(key), sympy.Symbol(str(key)))
            )
            if symbol in variables:
                raise InputError(f"{symbol} is a variable and cannot be a parameter too")
            self.parameters[symbol] = exact(value)
        self.box = named_box(box or {}, [v.name for v in variables])
        self.start = None if start is None else named_start(start, [v.name for v in variables])

    def _symbols(self) -> set[sympy.Symbol]:
        return self.expressions.free_symbols.union(*(t.symbols for t in self.conserved.values()))

    @property
    def dimension(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return len(self.variables)

    @property
    def rest_equations(self) -> sympy.Matrix:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.expressions

    @cached_property
    def domain(self) -> tuple[sympy.Expr, ...]:
        """The parts that have to be real and finite at a point of the system; over real symbols."""
        return partial_parts(self.expressions)

    @property
    def twin(self) -> Any:
        return self.at_values()[0]

    def at_values(self, parameters: Mapping[Any, Any] | None = None) -> tuple[Any, dict[Any, Any]]:
        values = self.real.values(parameters)
        key = [(p.name, value) for p, value in values.items()]
        return self.kept("numeric", key, lambda: self.real.numeric(values)), values

    @property
    def free_parameters(self) -> tuple[sympy.Symbol, ...]:
        """The symbols that are neither variables nor parameters with a value, by name."""
        known = {*self.variables, *self.parameters}
        return tuple(sorted(self._symbols() - known, key=lambda s: s.name))

    @property
    def profile(self) -> sympy.Matrix:
        """The variables as a column matrix of shape (d, 1)."""
        return sympy.Matrix(self.variables)

    def _at(self, expression: Any, x: sympy.MatrixBase | None) -> Any:
        if x is None or x == self.profile:
            return expression
        return expression.xreplace(dict(zip(self.variables, x, strict=True)))

    def __call__(self, x: sympy.MatrixBase) -> sympy.MatrixBase:
        return self._at(self.expressions, x)

    @cached_property
    def _own_jacobian(self) -> sympy.Matrix:
        return self.expressions.jacobian(self.variables)

    def jacobian(self, x: sympy.MatrixBase | None = None) -> sympy.Matrix:
        """The Jacobian matrix, shape (d, d), at x (default: at the variables)."""
        return self._at(self._own_jacobian, x)

    def jvp(self, x: sympy.MatrixBase, u: sympy.MatrixBase) -> sympy.MatrixBase:
        """J(x) u, shape (d, 1)."""
        return self.jacobian(x) * u

    def vjp(self, x: sympy.MatrixBase, u: sympy.MatrixBase) -> sympy.MatrixBase:
        """J(x)ᵀ u, shape (d, 1)."""
        return self.jacobian(x).T * u

    def values(self, parameters: Mapping[Any, Any] | None = None) -> dict[sympy.Symbol, sympy.Expr]:
        """The value of every parameter, the given ones first. Raises InputError if one has none."""
        values = dict(self.parameters)
        symbols = {s.name: s for s in (*self.parameters, *self.free_parameters)}
        for key, value in (parameters or {}).items():
            if str(key) not in symbols:
                raise InputError(f"there is no parameter {key}; there are {listed_names(symbols)}")
            values[symbols[str(key)]] = exact(value)
        missing = [name for name, symbol in symbols.items() if symbol not in values]
        if missing:
            raise InputError(
                f"parameter {missing[0]} needs a value: pass parameters={{'{missing[0]}': …}}"
            )
        return values

    @cached_property
    def real(self) -> Self:
        """The same system over real symbols of the same names: what "x" means in a game.

        SymPy takes a bare symbol for complex and then differentiates |x| into something else.
        """
        mapping = {
            s: sympy.Symbol(s.name, real=True)
            for s in {*self._symbols(), *self.variables, *self.parameters}
            if s.is_real is None
        }
        return self.renamed(mapping) if mapping else self

    def renamed(self, mapping: Mapping[sympy.Symbol, sympy.Symbol]) -> Self:
        """The same system with some symbols exchanged: `mapping` is old ↦ new."""
        expressions = zip(self.variables, self.expressions, strict=True)
        copy = type(self)(
            {mapping.get(v, v): e.xreplace(mapping) for v, e in expressions},
            partition=self.partition,
            **self._description(mapping),
        )
        copy._lives_where(self, mapping)
        return copy

    def _description(self, mapping: Mapping[sympy.Symbol, sympy.Symbol]) -> dict[str, Any]:
        return {
            "parameters": {mapping.get(p, p): value for p, value in self.parameters.items()},
            "box": self.box,
            "start": self.named_start,
            "name": self.name,
        }

    @property
    def named_start(self) -> dict[str, float] | None:
        """The start by variable names, if there is one."""
        if self.start is None:
            return None
        return {v.name: float(x) for v, x in zip(self.variables, self.start, strict=True)}

    def compiled(self, parameters: Mapping[Any, Any] | None = None) -> Callable[[Any], Any]:
        """The expressions as a JAX function from (d,) to (d,)."""
        real = self.real
        return jax_vector_function(
            real.variables, list(real.expressions.xreplace(real.values(parameters)))
        )

    def numeric_arguments(self, parameters: Mapping[Any, Any] | None = None) -> dict[str, Any]:
        """What a numeric twin is told besides its function."""
        return {
            "variables": [v.name for v in self.variables],
            "start": self.start,
            "box": self.box,
            "name": self.name,
            "partition": self.partition,
        }


def check_system(system: Any) -> None:
    """Raises InputTypeError for what is no system."""
    if isinstance(system, str):
        raise InputTypeError(
            f"{system!r} is a name; st.load({system!r}) gives the system of that name"
        )
    if not isinstance(system, System):
        raise InputTypeError(
            "a game, a flow or a map is needed (Game, SymbolicGame, Flow, …), "
            f"not {type(system).__name__}"
        )


def numeric_system(system: Any, kind: str, told: str) -> Any:
    """The numeric system of this kind that `system` is, or whose symbolic form it is at its own values.

    Raises InputTypeError, which begins with what the caller is `told`, for anything else.
    """
    if not is_a(system, kind):
        raise InputTypeError(f"{told}, not {system!r}")
    return system.twin
