"""Multipliers as functions of one eigenvalue λ of the flow, for rules that allow it.

A rule commutes with J if the blocks of its linearised step are rational functions of J. Then J and the
step have the same eigenvectors, and every eigenvalue λ of J gives the multipliers of the same rule on the
scalar flow ẋ = λx. Alternating updates, different step sizes and everything else that treats parts of J
differently do not commute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from ..dynamics.partition import Partition
from ..dynamics.symbols import exact
from ..errors import InputError, InputTypeError
from ..rules import Rule
from ..spectra.exact import closed_form_roots, factors
from ..spectra.hurwitz import characteristic_polynomial

Multipliers = Callable[[np.ndarray], np.ndarray]  # factors (n,) ↦ multipliers (n, m)
_ONE = Partition(("x",), (1,))
_TWO = Partition(("x", "y"), (1, 1))
_mu = sympy.Dummy("mu")


def multipliers(rule: Rule, eigenvalues: Any) -> Any:
    """The multipliers that a rule makes of eigenvalues of the flow's Jacobian.

    `rule` is any rule with a step size. If `eigenvalues` is one SymPy expression λ: their closed forms, a
    tuple. For an array of complex numbers of any shape
    (...,): an array of shape (..., k) for a rule with k state vectors, NaN where the step does not exist.

    Raises InputError if the multipliers are no functions of one eigenvalue alone, or have no closed form.
    """
    if isinstance(eigenvalues, sympy.Expr):
        polynomial = multiplier_polynomial(rule, eigenvalues, _mu)
        roots: list[sympy.Expr] = []
        for factor, multiplicity in factors(sympy.fraction(sympy.together(polynomial))[0], _mu):
            if factor.degree() < 1:
                continue
            own = closed_form_roots(factor)
            if own is None:
                raise InputError(f"the multipliers of {rule.name} have no short closed form")
            roots += own * multiplicity
        return tuple(roots)
    _check_commutes(rule)
    rule = rule.interior()
    if any(isinstance(s, sympy.Expr) and s.free_symbols for s in rule.settings.values()):
        raise InputError(f"multipliers at numbers need numbers as settings of {rule.name}")
    try:
        values = np.asarray(eigenvalues, dtype=complex)
    except (TypeError, ValueError):
        raise InputTypeError(f"eigenvalues are complex numbers, not {eigenvalues!r}") from None
    found = eigenvalues_of_all(_scalar_steps(rule, values.ravel()))
    return found.reshape(*values.shape, found.shape[1])


def multiplier_polynomial(rule: Rule, lam: sympy.Expr, mu: sympy.Expr) -> sympy.Expr:
    """The monic polynomial in μ whose roots are the multipliers that belong to an eigenvalue λ.

    `rule` is any rule with a step size, `lam` and `mu` are λ and μ, SymPy's.

    Raises InputError if the multipliers are no functions of one eigenvalue alone.
    """
    _check_commutes(rule)
    symbol = sympy.Dummy("lam")
    matrix = _exact_step(rule, sympy.Matrix([[symbol]]), _ONE)
    coefficients = characteristic_polynomial(matrix.applyfunc(sympy.cancel))
    polynomial = sum(c * mu**k for k, c in enumerate(reversed(coefficients)))
    return sympy.sympify(polynomial).xreplace({symbol: lam})


def stability_region(rule: type[Rule] | Rule, z: Any) -> np.ndarray:
    """Where in the plane of z = hλ all multipliers lie inside the unit circle, a mask of the shape of z.

    `rule` is a class or one of its objects, whose own step size does not matter; `z` an array of complex
    numbers. Raises InputError as `multipliers` does.
    """
    return radius_over_plane(rule() if isinstance(rule, type) else rule, z) < 1


def radius_over_plane(rule: Rule, z: Any) -> np.ndarray:
    """The largest |μ| at z = hλ, of the shape of z; ∞ where the step does not exist.

    The rule's own step size does not matter. Raises InputError as `multipliers` does.
    """
    with np.errstate(all="ignore"):
        found = np.abs(multipliers(rule.with_each_lr(lambda _: 1.0), z)).max(axis=-1)
    return np.where(np.isnan(found), np.inf, found)


def eigenvalue_multipliers(rule: Rule, eigenvalues: np.ndarray) -> Multipliers:
    """Factors (n,) on the rule's step size ↦ what it makes of the flow's eigenvalues (d,), for all at once.

    The multipliers have the shape (n, m); they are ∞ where the step does not exist. Raises InputError as
    `multipliers` does.
    """
    unit = rule.with_each_lr(lambda _: 1.0)

    def at(factors: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            found = multipliers(unit, float(rule.lr) * np.multiply.outer(factors, eigenvalues))
        return np.where(np.isnan(found), np.inf, found).reshape(len(factors), -1)

    return at


@dataclass(frozen=True)
class _Diagonal:
    """The flow ẋ_i = λ_i x_i of many independent numbers, on stacks of tangent vectors (n, k)."""

    eigenvalues: np.ndarray

    @property
    def partition(self) -> Partition:
        return Partition(("x",), (len(self.eigenvalues),))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self.eigenvalues[:, None] * x

    def implicit_step(self, sizes: Sequence[Any], x: np.ndarray) -> np.ndarray:
        return x / (1 - sizes[0] * self.eigenvalues)[:, None]


def _scalar_steps(rule: Rule, eigenvalues: np.ndarray) -> np.ndarray:
    """The linearised steps on the scalar flows, shape (n, k, k), by one step of all of them together."""
    flow: Any = _Diagonal(eigenvalues)
    n = len(eigenvalues)
    k = len(rule.init(flow, np.zeros((n, 1), complex)))
    state = tuple(np.tile(row, (n, 1)) for row in np.eye(k, dtype=complex))
    with np.errstate(all="ignore"):
        return np.stack(rule.step(flow, state), axis=1)


def eigenvalues_of_all(matrices: np.ndarray) -> np.ndarray:
    """Eigenvalues of n matrices of shape (k, k), shape (n, k), complex; NaN where a matrix is not finite."""
    if matrices.shape[-1] == 1:
        found = matrices[:, :, 0].astype(complex)
    elif matrices.shape[-1] == 2:
        with np.errstate(all="ignore"):
            (a, b), (c, d) = np.moveaxis(matrices.astype(complex), 0, -1)
            mean, split = (a + d) / 2, np.sqrt(((a - d) / 2) ** 2 + b * c)
            found = np.stack([mean + split, mean - split], axis=1)
    else:
        usable = np.isfinite(matrices).all(axis=(1, 2))
        found = np.full(matrices.shape[:2], np.nan, complex)
        found[usable] = np.linalg.eigvals(matrices[usable])
        return found
    return np.where(np.isfinite(found), found, np.nan)


def commutes(rule: Rule) -> bool:
    """Whether every multiplier of the rule is a function of one eigenvalue of the flow."""
    if rule.lr is None:
        return False
    # which number the step size is changes nothing, as long as it is the same for all
    per_player = isinstance(rule.lr, Mapping)
    probe = rule if per_player else rule.with_each_lr(lambda _: sympy.Rational(2, 7))
    try:
        return _commutes(probe)
    except TypeError:  # settings that cannot be hashed, such as mappings
        return _commutes.__wrapped__(probe)


def _check_commutes(rule: Rule) -> None:
    if not isinstance(rule, Rule):
        raise InputTypeError(
            f"multipliers are those of a rule such as Simultaneous(lr=0.1), not {rule!r}"
        )
    if not commutes(rule):
        raise InputError(
            f"the multipliers of {rule} are no functions of one eigenvalue; use rule.linearise(J, partition)"
        )


@lru_cache(maxsize=256)
def _commutes(rule: Rule) -> bool:
    """Whether step(P diag(a, b) P⁻¹) = P diag(step(a), step(b)) P⁻¹ for two generic rational matrices.

    Both sides are rational in a, b and P, so if they differ at all, they do so at almost every choice; the
    arithmetic is exact, and the players own one coordinate each, so that nothing hides in a block.
    """
    for a, b, (p, q, r, s) in ((3, -5, (2, 7, -3, 4)), (-11, 2, (5, -1, 13, 6))):
        change = sympy.Matrix([[p, q], [r, s]])
        diagonal = [sympy.Rational(a, 17), sympy.Rational(b, 19)]
        matrix = change * sympy.diag(*diagonal) * change.inv()
        try:
            whole = _exact_step(rule, matrix, _TWO)
            parts = [_exact_step(rule, sympy.Matrix([[e]]), _ONE) for e in diagonal]
        except (TypeError, ValueError):  # needs more of a game than its Jacobian
            return False
        k = parts[0].rows
        if whole.rows != 2 * k:
            return False
        for i in range(k):
            for j in range(k):
                block = whole[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                expected = change * sympy.diag(*(part[i, j] for part in parts)) * change.inv()
                if not (block - expected).applyfunc(sympy.cancel).is_zero_matrix:
                    return False
    return True


def _exact_step(rule: Rule, matrix: sympy.Matrix, partition: Partition) -> sympy.Matrix:
    def number(value: Any) -> sympy.Expr:
        return value if isinstance(value, sympy.Expr) else exact(value)

    return sympy.Matrix(rule.with_each_lr(number).linearise(matrix, partition))
