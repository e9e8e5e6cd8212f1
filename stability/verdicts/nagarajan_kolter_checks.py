"""The three conditions of Nagarajan and Kolter (2017), from the Jacobian and the field around a point."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from ..dynamics.partition import Partition
from ..equilibria.exact import number_is_zero
from ..equilibria.isolation import fills
from ..equilibria.scaling import Evaluate
from ..spectra.dense import symmetric_eigenvalues
from .conditions import EPS
from .definite import definiteness
from .point import numbers
from .verdict import Evidence, Verdict

_ROUNDING = 64 * EPS  # relative error of what a few products of matrices leave


@dataclass(frozen=True)
class ExactPoint:
    """What is known in exact numbers: the Jacobian, and whether a plane through the point is all at rest."""

    jacobian: sympy.MatrixBase
    rests_on: Callable[[sympy.MatrixBase], bool]


@dataclass(frozen=True)
class Field:
    """The gradient field around a point: `isolated` if it is known that no other equilibria are near."""

    evaluate: Evaluate
    point: np.ndarray
    box: np.ndarray
    isolated: bool = False


@dataclass(frozen=True)
class Surroundings:
    """A point at rest, the discriminator's position `d`, and what surrounds the point.

    `uncertainty` bounds the error of each entry of the `jacobian`, whose blocks are named by the letters D
    and G of the players.
    """

    partition: Partition
    d: int
    jacobian: np.ndarray
    uncertainty: np.ndarray
    field: Field
    exact: ExactPoint | None

    @property
    def names(self) -> tuple[str, str]:
        """The discriminator and the generator."""
        return self.partition.players[self.d], self.partition.players[1 - self.d]

    def _index(self, row: str, column: str) -> tuple[slice, slice]:
        own = {"D": self.partition.slices[self.d], "G": self.partition.slices[1 - self.d]}
        return own[row], own[column]

    def block(self, row: str, column: str) -> tuple[np.ndarray, np.ndarray]:
        """A block of J, and the error of its entries."""
        index = self._index(row, column)
        return self.jacobian[index], self.uncertainty[index]

    def exact_block(self, row: str, column: str) -> sympy.MatrixBase | None:
        return None if self.exact is None else self.exact.jacobian[self._index(row, column)]

    @property
    def defect(self) -> float:
        """‖J − [[−Q, P], [−Pᵀ, 0]]‖ / ‖J‖."""
        own, asymmetry = (
            self.block("G", "G")[0],
            self.block("G", "D")[0] + self.block("D", "G")[0].T,
        )
        scale = float(np.linalg.norm(self.jacobian))
        off = math.hypot(float(np.linalg.norm(own)), float(np.linalg.norm(asymmetry)))
        return off / scale if scale else 0.0

    def embedded(self, player: int, basis: Any) -> Any:
        """Directions of one player, shape (n, k), as directions of the profile, in the engine of `basis`."""
        own, total = self.partition.slices[player], len(self.jacobian)
        if isinstance(basis, sympy.MatrixBase):
            before, after = (sympy.zeros(n, basis.cols) for n in (own.start, total - own.stop))
            return sympy.Matrix.vstack(before, basis, after)
        whole = np.zeros((total, basis.shape[1]))
        whole[own] = basis
        return whole

    def continues(self, kernels: Mapping[int, Kernel]) -> Evidence | None:
        """How it is known that the equilibria go on in all of these directions; None if it is not.

        `kernels`: player ↦ directions.
        """
        if self.exact is not None and all(k.exact is not None for k in kernels.values()):
            exact = [self.embedded(player, k.exact) for player, k in kernels.items()]
            if self.exact.rests_on(sympy.Matrix.hstack(*exact)):
                return "exact"
        field = self.field
        if field.isolated:
            return None
        parts = [self.embedded(player, k.basis) for player, k in kernels.items()]
        directions = np.concatenate(parts, axis=1)
        return "numeric" if fills(field.evaluate, field.point, field.box, directions) else None


@dataclass(frozen=True)
class Kernel:
    """Directions of one player: an orthonormal basis, shape (n, k), and one in exact numbers, if known."""

    basis: np.ndarray
    exact: sympy.MatrixBase | None

    @classmethod
    def of(cls, vectors: np.ndarray, exact: sympy.MatrixBase | None) -> Kernel:
        """The kernel spanned by the exact vectors or, without them, by the columns of `vectors`."""
        return cls(vectors if exact is None else np.linalg.qr(numbers(exact))[0], exact)

    @property
    def dimension(self) -> int:
        return self.basis.shape[1]

    def __str__(self) -> str:
        return "one direction" if self.dimension == 1 else f"{self.dimension} directions"


@dataclass(frozen=True)
class Check:
    """A verdict on 2 or 3, and the directions left to equilibria."""

    verdict: Verdict
    tangent: Kernel


def three_conditions(at: Surroundings) -> tuple[Verdict, Check, Check]:
    """The conditions 1, 2 and 3, as `stability.nagarajan_kolter` states them."""
    discriminator, generator = at.names
    first = realisable(at, generator)
    second, third = concave(at, discriminator), full_rank(at, generator)
    if second.tangent.dimension and third.tangent.dimension:
        together = {at.d: second.tangent, 1 - at.d: third.tangent}
        if at.continues(together) is None:
            text = (
                "the equilibria go on in the kernels of both players, but not in directions between them: "
                "branches of equilibria cross here, and higher derivatives would decide"
            )
            third = _check(Verdict("undecided", None, None, "numeric", text), third.tangent.basis)
    return first, second, third


def realisable(at: Surroundings, generator: str) -> Verdict:
    """Condition 1 at a point at rest: J_GG = 0 and J_GD = −J_DGᵀ."""
    own, own_error = at.block("G", "G")
    one, one_error = at.block("D", "G")
    two, two_error = at.block("G", "D")
    asymmetry, asymmetry_error = two + one.T, two_error + one_error.T
    texts = (
        f"the own Hessian of {generator} has norm {{:.6g}}, and is zero in the realisable case",
        "the players' mixed derivatives differ from opposite ones by {:.6g}, in the norm",
    )
    blocks = ((own, own_error), (asymmetry, asymmetry_error))
    exact = [at.exact_block(*names) for names in ("GG", "GD", "DG")]
    evidence: Evidence = "numeric" if exact[0] is None else "exact"
    if exact[0] is not None and exact[1] is not None and exact[2] is not None:
        zero = [_is_zero(exact[0]), _is_zero(exact[1] + exact[2].T)]
    else:
        scale = float(np.linalg.norm(at.jacobian))
        zero = [bool(np.linalg.norm(b) <= np.linalg.norm(e) + _ROUNDING * scale) for b, e in blocks]
    sizes = [float(np.linalg.norm(b)) for b, _ in blocks]
    for nothing, size, (_, error), text in zip(zero, sizes, blocks, texts, strict=True):
        if not nothing:
            margin = size if evidence == "exact" else size - float(np.linalg.norm(error))
            return Verdict("no", size, margin, evidence, text.format(size))
    text = (
        f"the point rests, {generator}'s own Hessian is zero and the players' mixed derivatives are "
        "opposite, as where p_G = p_data and D vanishes on the data"
    )
    return Verdict("yes", max(sizes), None, evidence, text)


def concave(at: Surroundings, discriminator: str) -> Check:
    """Condition 2: Q = −∇²_DD V ≻ 0, or ⪰ 0 with a kernel of equilibria."""
    block, uncertainty = at.block("D", "D")
    exact = at.exact_block("D", "D")
    q = -(block + block.T) / 2
    found = definiteness(q, uncertainty, None if exact is None else -exact)
    what = f"the second derivative of V in {discriminator}"
    if found.sign == -1:
        text = (
            f"{what} has the positive eigenvalue {-found.smallest:.6g}, so V is not concave there"
        )
        return _check(Verdict("no", found.smallest, found.margin, found.evidence, text), q)
    if found.sign == 1:
        text = f"{what} is negative definite (largest eigenvalue {-found.smallest:.6g})"
        return _check(Verdict("yes", found.smallest, found.margin, found.evidence, text), q)
    values, vectors = np.linalg.eigh(q)
    error = symmetric_eigenvalues(q, uncertainty)[1]
    null = None if exact is None else _nullspace(exact)
    zero = np.abs(values) <= error if null is None else _smallest(values, null.cols)
    kernel = Kernel.of(vectors[:, zero], null)
    certain = null is not None or _certain(q, uncertainty, kernel.dimension)
    singular = f"{what} vanishes along {kernel}"
    evidence = found.evidence
    felt = _felt(at, kernel, error / values[~zero].min(initial=np.inf))
    how = None
    if felt is not None:
        text = (
            f"{singular} in which the generator's force, {felt:.6g}, is felt and nothing damps it"
        )
    else:
        how = at.continues({at.d: kernel})
        text = f"{singular} along which no equilibria were found"
        evidence = evidence if at.field.isolated else "numeric"
    if how is None:
        return _check(_singular(certain, float(values[0]), error, found.evidence, text), q)
    return _relaxed(
        float(values[~zero].min(initial=np.inf)),
        error,
        (found.evidence, how),
        what,
        "negative",
        kernel,
    )


def full_rank(at: Surroundings, generator: str) -> Check:
    """Condition 3: 2PᵀP ≻ 0, or ⪰ 0 with a kernel of equilibria."""
    p, uncertainty = at.block("D", "G")
    exact = at.exact_block("D", "G")
    n = p.shape[1]
    _, found, right = np.linalg.svd(p)
    values = np.zeros(n)
    values[: len(found)] = found
    error = float(np.linalg.norm(uncertainty)) + _ROUNDING * float(values[0])
    null = None if exact is None else _nullspace(exact)
    evidence: Evidence = "numeric" if exact is None else "exact"
    zero = values <= error if null is None else _smallest(values, null.cols)
    what = f"the second derivative of ‖∇_D V‖² in {generator}"
    smallest = float(values[~zero].min(initial=np.inf))
    curvature, margin = 2 * smallest**2, 2 * max(smallest - error, 0.0) ** 2
    if not zero.any():
        text = f"{what} is positive definite (smallest eigenvalue {curvature:.6g})"
        return _check(Verdict("yes", curvature, margin, evidence, text), right)
    kernel = Kernel.of(right[zero].T, null)
    how = at.continues({1 - at.d: kernel})
    if how is None:
        more = kernel.dimension == n - len(p)  # then it is there whatever the entries are
        certain = null is not None or more or _certain(p, uncertainty, kernel.dimension)
        text = f"{what} vanishes along {kernel} along which no equilibria were found"
        evidence = evidence if at.field.isolated else "numeric"
        return _check(_singular(certain, 0.0, error, evidence, text), right)
    return _relaxed(curvature, curvature - margin, (evidence, how), what, "positive", kernel)


def _check(verdict: Verdict, matrix: np.ndarray) -> Check:
    """A verdict that leaves no directions to equilibria, of a player with as many as the matrix has rows."""
    return Check(verdict, Kernel(np.zeros((len(matrix), 0)), None))


def _relaxed(
    smallest: float,
    error: float,
    evidence: tuple[Evidence, Evidence],
    what: str,
    sign: str,
    kernel: Kernel,
) -> Check:
    """Yes, across a kernel of equilibria; if there is nothing across it, the number is missing."""
    both: Evidence = "exact" if evidence == ("exact", "exact") else "numeric"
    along = f"the equilibria go on in the {kernel.dimension} dimension(s) of its kernel"
    if np.isinf(smallest):
        return Check(Verdict("yes", None, None, both, f"{what} is zero, and {along}"), kernel)
    text = f"{what} is {sign} definite across its kernel (by {smallest:.6g}), and {along}"
    return Check(Verdict("yes", smallest, smallest - error, both, text), kernel)


def _singular(certain: bool, value: float, error: float, evidence: Evidence, text: str) -> Verdict:
    """No, if the kernel is certain; undecided where a tiny eigenvalue could be behind it."""
    if certain:
        return Verdict("no", 0.0, 0.0, evidence, text)
    text = f"as far as rounding can tell, {text}; an exact analysis would decide"
    return Verdict("undecided", value, abs(value) - error, "numeric", text)


def _felt(at: Surroundings, kernel: Kernel, tilt: float) -> float | None:
    """The size of Pᵀ on Q's kernel, known up to an angle `tilt`; None if it vanishes as far as is known."""
    p, uncertainty = at.block("D", "G")
    size = float(np.linalg.norm(p.T @ kernel.basis))
    exact = at.exact_block("D", "G")
    if exact is not None and kernel.exact is not None:
        return None if _is_zero(exact.T * kernel.exact) else size
    allowed = np.linalg.norm(uncertainty) + (_ROUNDING + tilt) * np.linalg.norm(p)
    return size if size > allowed else None


def _certain(matrix: np.ndarray, uncertainty: np.ndarray, dimension: int) -> bool:
    """Whether a kernel of this dimension is there beyond doubt: columns that are exactly zero."""
    columns = matrix.any(axis=0) | uncertainty.any(axis=0)
    return int(np.count_nonzero(~columns)) >= dimension


def _smallest(values: np.ndarray, count: int) -> np.ndarray:
    """Which are the `count` values of smallest modulus."""
    chosen = np.zeros(len(values), bool)
    chosen[np.argsort(np.abs(values), kind="stable")[:count]] = True
    return chosen


def _nullspace(matrix: sympy.MatrixBase) -> sympy.Matrix:
    """A basis of the kernel of a matrix of exact numbers, shape (n, k)."""
    basis = sympy.Matrix(matrix).nullspace(iszerofunc=number_is_zero)
    return sympy.Matrix.hstack(*basis) if basis else sympy.zeros(matrix.cols, 0)


def _is_zero(matrix: sympy.MatrixBase) -> bool:
    return all(number_is_zero(entry) for entry in matrix)
