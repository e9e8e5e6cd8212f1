"""Systems of strict inequalities f > 0 between rational functions, made as short as can be proved.

Every step is an equivalence wherever the symbols' assumptions hold. Conditions are split into irreducible
factors; factors of known sign go. Which combinations of signs the others can take at all (`sign_cells`) then
tells which conditions the rest implies. Where that does not finish, or a coefficient is irrational, the
conditions stay as they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import sympy
from sympy.logic.boolalg import Boolean

from ..time_limits import in_time
from .sign_cells import Signs, known_sign, sign_vectors
from .solved_inequalities import interval_set, solved

SECONDS = 10.0
_SECONDS_PER_REGULARITY_TEST = 2.0
_MOST_SUBSETS = 20_000


@dataclass(frozen=True)
class Condition:
    """sign · Π odd > 0 and every one of `even` ≠ 0: distinct irreducible factors of unknown sign."""

    sign: int
    odd: frozenset[sympy.Expr]
    even: frozenset[sympy.Expr] = frozenset()


_UNFACTORED: list[Condition] = []


def positive(
    expressions: Sequence[sympy.Expr], steps: Sequence[sympy.Symbol] = ()
) -> tuple[Boolean, ...]:
    """Relations that hold together exactly where all the expressions are positive (and defined).

    The expressions are rational functions with real values; symbols without a sign are real. Relations
    are solved for the `steps` where their sign allows it. `(false,)` if they hold nowhere, `()` if
    everywhere.
    """
    conditions = in_time(
        SECONDS, lambda: _propagated([condition(e) for e in expressions]), _UNFACTORED
    )
    if conditions is _UNFACTORED:
        return tuple(dict.fromkeys(sympy.Gt(e, 0) for e in expressions))
    if not conditions:
        return (sympy.false,) if conditions is None else ()
    return in_time(SECONDS, lambda: _shortest(conditions, steps), _plain(conditions, steps))


def plain(expressions: Sequence[sympy.Expr]) -> tuple[Boolean, ...]:
    """Relations as from `positive`, one for each expression that the symbols' assumptions leave open."""
    conditions = _propagated([condition(e) for e in expressions])
    return (sympy.false,) if conditions is None else _plain(conditions, ())


def condition(e: sympy.Expr) -> Condition:
    """The condition e > 0 in factors. Where a denominator vanishes, it does not hold."""
    numerator, denominator = sympy.fraction(sympy.together(e))
    constant, factors = _factored(sympy.expand(numerator) * sympy.expand(denominator))
    sign = known_sign(constant)
    if sign is None:
        factors = [*factors, (constant, 1)]
    sign = sign or (0 if constant.is_zero else 1)
    odd, even = set(), set()
    for factor, power in factors:
        own = known_sign(factor)
        if own is not None:
            sign *= own**power
        elif power % 2:
            odd.add(factor)
        elif not factor.is_nonzero:
            even.add(factor)
    return Condition(sign, frozenset(odd), frozenset(even))


def _factored(e: sympy.Expr) -> tuple[sympy.Expr, list[tuple[sympy.Expr, int]]]:
    try:
        constant, factors = sympy.factor_list(e)
        return constant, [(factor, int(power)) for factor, power in factors]
    except sympy.PolynomialError:  # SymPy does not factor over every number field
        return sympy.Integer(1), [(e, 1)]


def _propagated(conditions: Sequence[Condition]) -> list[Condition] | None:
    """The conditions less the factors whose sign another condition fixes; None if they contradict."""
    known: dict[sympy.Expr, int] = {}
    while True:
        left = {_with_known(c, known) for c in conditions}
        if any(not c.odd and c.sign <= 0 for c in left) or any(c.sign == 0 for c in left):
            return None
        single = {next(iter(c.odd)): c.sign for c in left if len(c.odd) == 1}
        if not single:
            break
        known |= single
    units = [Condition(sign, frozenset([f])) for f, sign in known.items()]
    rest = [c for c in left if c.odd or c.even]
    return sorted([*units, *rest], key=_order)


def _with_known(c: Condition, known: dict[sympy.Expr, int]) -> Condition:
    sign = c.sign
    for factor in c.odd & known.keys():
        sign *= known[factor]
    return Condition(sign, c.odd.difference(known), c.even.difference(known))


def _order(c: Condition) -> tuple[int, int, str]:
    return (len(c.odd), sum(map(sympy.count_ops, c.odd)), str(sorted(map(str, c.odd | c.even))))


def _plain(conditions: Sequence[Condition], steps: Sequence[sympy.Symbol]) -> tuple[Boolean, ...]:
    relations: list[Boolean] = [solved(c.sign, c.odd, steps) for c in conditions if c.odd]
    even = set().union(*(c.even for c in conditions)) if conditions else set()
    relations += [sympy.Ne(f, 0) for f in sorted(even, key=sympy.default_sort_key)]
    return tuple(dict.fromkeys(relations))


def _shortest(
    conditions: Sequence[Condition], steps: Sequence[sympy.Symbol]
) -> tuple[Boolean, ...]:
    """The conditions less those that the others imply, or one variable's intervals."""
    factors = sorted(set().union(*(c.odd | c.even for c in conditions)), key=sympy.default_sort_key)
    symbols = set().union(*(f.free_symbols for f in factors))
    if not all(
        f.free_symbols and sympy.Poly(f, *symbols).domain in (sympy.ZZ, sympy.QQ) for f in factors
    ):
        return _plain(conditions, steps)
    index = {f: i for i, f in enumerate(factors)}
    clauses = [(c.sign, [index[f] for f in c.odd]) for c in conditions]

    def holds(signs: Signs, clause: tuple[int, list[int]]) -> bool:
        sign, own = clause
        for i in own:
            sign *= signs[i]
        return sign > 0

    if len(symbols) == 1:
        return interval_set(
            factors, lambda signs: all(holds(signs, c) for c in clauses), symbols.pop()
        )
    vectors = sign_vectors(factors)
    inside = {v for v in vectors if all(holds(v, c) for c in clauses)}
    if not inside:  # the solutions are an open set without a cell
        return (sympy.false,)
    constant = {
        i: signs.pop() for i in range(len(factors)) if len(signs := {v[i] for v in inside}) == 1
    }
    candidates = [(sign, [i]) for i, sign in constant.items()]
    candidates += [c for c in clauses if len(c[1]) > 1 and not all(i in constant for i in c[1])]
    outside = vectors - inside
    shown = [solved(s, frozenset(factors[i] for i in own), steps) for s, own in candidates]
    excluded = [frozenset(v for v in outside if not holds(v, c)) for c in candidates]
    chosen = _cover(frozenset(outside), excluded, [_length(r) for r in shown])
    used = {i for k in chosen for i in candidates[k][1]}
    nonzero = [factors[i] for i in used]
    relations = [shown[k] for k in chosen]
    for i, factor in enumerate(factors):
        # the relations leave no cell where the factor has another sign, but perhaps a zero in between
        if i in used or (i in constant and _no_singular_zero(factor, nonzero)):
            continue
        relations.append(
            solved(constant[i], frozenset([factor]), steps)
            if i in constant
            else sympy.Ne(factor, 0)
        )
    return tuple(relations)


def _cover(
    everything: frozenset[Signs], excluded: Sequence[frozenset[Signs]], lengths: Sequence[int]
) -> list[int]:
    """The shortest choice of relations that together exclude everything; by greed if there are too many."""
    tried = 0
    for count in range(len(excluded) + 1):
        best: tuple[int, tuple[int, ...]] | None = None
        for choice in itertools.combinations(range(len(excluded)), count):
            tried += 1
            if tried > _MOST_SUBSETS:
                return _greedy_cover(everything, excluded, lengths)
            if frozenset().union(*(excluded[k] for k in choice)) >= everything:
                length = sum(lengths[k] for k in choice)
                best = min(best or (length, choice), (length, choice))
        if best is not None:
            return list(best[1])
    raise AssertionError("all conditions together exclude whatever they exclude")


def _greedy_cover(
    everything: frozenset[Signs], excluded: Sequence[frozenset[Signs]], lengths: Sequence[int]
) -> list[int]:
    chosen = list(range(len(excluded)))
    for k in sorted(chosen, key=lambda k: -lengths[k]):
        rest = [excluded[j] for j in chosen if j != k]
        if frozenset().union(*rest) >= everything:
            chosen.remove(k)
    return chosen


def _length(relation: Boolean) -> int:
    return int(sympy.count_ops(relation))


def _no_singular_zero(f: sympy.Expr, nonzero: Sequence[sympy.Expr]) -> bool:
    """Whether f is proved to have no zero where its gradient vanishes and none of `nonzero` does.

    At any other zero f changes its sign. Hilbert's Nullstellensatz, over the complex numbers.
    """
    symbols = sorted(f.free_symbols.union(*(g.free_symbols for g in nonzero)), key=str)
    gradient = [sympy.expand(sympy.diff(f, s)) for s in sorted(f.free_symbols, key=str)]
    if any(known_sign(derivative) is not None for derivative in gradient):
        return True
    inverse = sympy.Dummy()
    signed = [s for s in symbols if known_sign(s) is not None]
    others = sympy.Mul(*signed, *nonzero)

    def work() -> bool:
        for last in ([], [others * inverse - 1]):
            generators = (*([inverse] if last else []), *symbols)
            basis = sympy.groebner([f, *gradient, *last], *generators, order="grevlex")
            if basis.exprs == [1]:
                return True
        return False

    return in_time(_SECONDS_PER_REGULARITY_TEST, work, False)
