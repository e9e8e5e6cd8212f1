"""A linearised flow or map at an equilibrium: spectrum, sign, type and verdict, in both engines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy

from ..equilibria.equilibrium import across, complement
from ..normal_forms.linear import neutral_part_is_semisimple
from ..spectra.dense import Spectrum, spectrum, stability_sign
from ..spectra.hurwitz import characteristic_polynomial, circle_counts, root_counts
from ..time_limits import in_time
from .stability import Kind, stability_verdict
from .types import classify
from .verdict import Verdict

_SECONDS, _SECONDS_PER_RANK = 2.0, 1.0


@dataclass(frozen=True)
class LocalStability:
    """The spectrum of the whole matrix, that across the manifold of equilibria, the type and the verdict.

    `silent`: the matrix does not decide, but no eigenvalue is known to grow and there is no manifold of
    equilibria, so that terms of higher order may decide.
    """

    spectrum: Spectrum
    across: Spectrum
    type: str
    verdict: Verdict
    silent: bool


def local_stability(
    kind: Kind,
    matrix: np.ndarray,
    uncertainty: np.ndarray,
    exact: sympy.MatrixBase | None = None,
    *,
    tangent: np.ndarray | None = None,
    linear: bool = False,
) -> LocalStability:
    """Analyses the Jacobian of a flow, or the multiplier matrix of a map, at an equilibrium.

    - `matrix`, `uncertainty`: shape (d, d), and a bound on the error of each entry.
    - `exact`: the same matrix in exact numbers; its root counts then decide, however close to the boundary.
    - `tangent`: basis, shape (d, k), of the tangent of the manifold of equilibria, if there is one.
    - `linear`: the field is linear.
    """
    k = 0 if tangent is None else tangent.shape[1]
    whole = spectrum(matrix, uncertainty)
    across, across_uncertainty = whole, uncertainty
    reduced = matrix
    if k:
        assert tangent is not None
        reduced, across_uncertainty = modulo(kind, matrix, uncertainty, tangent)
        across = spectrum(reduced, across_uncertainty)
    counts = None if exact is None else _counts(kind, exact, k)
    if counts is not None:
        _, neutral, growing = counts
        sign, evidence = (1 if growing else 0 if neutral else -1), "exact"
    else:
        sign, evidence = stability_sign(reduced, across_uncertainty, kind=kind), "numeric"
    semisimple = None
    if exact is not None and linear and sign == 0:
        semisimple = in_time(
            _SECONDS_PER_RANK, lambda: neutral_part_is_semisimple(kind, exact), None
        )
    sides = None
    if counts is not None and not k:
        distance = whole.eigenvalues.real if kind == "flow" else np.abs(whole.eigenvalues)
        order = np.argsort(distance, kind="stable")
        sides = np.empty(len(order), dtype=int)
        sides[order] = [-1] * counts[0] + [0] * counts[1] + [1] * counts[2]
    elif sign == -1 and not k:
        sides = -np.ones(len(matrix), dtype=int)
    verdict = stability_verdict(
        kind, across, sign, evidence,
        manifold_dimension=k, linear=linear, semisimple=semisimple,
        growing=None if counts is None else counts[2],
    )  # fmt: skip
    silent = not k and verdict.verdict == "undecided"
    return LocalStability(
        whole, across, classify(matrix, whole, kind, k, linear, sides), verdict, silent
    )


def modulo(
    kind: Kind, matrix: np.ndarray, uncertainty: np.ndarray, tangent: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The matrix modulo the tangent of a manifold of equilibria, and its uncertainty.

    The tangent consists of eigenvectors (eigenvalue 0, multiplier 1), so with an orthonormal basis Q of its
    complement the matrix is block triangular and QᵀMQ carries the remaining eigenvalues.
    """
    basis = complement(tangent)
    residual = matrix @ tangent - (tangent if kind == "map" else 0.0)
    slack = uncertainty + 4 * np.finfo(float).eps * np.abs(matrix) + np.abs(residual).max()
    return across(matrix, tangent), np.abs(basis).T @ slack @ np.abs(basis)


def _counts(kind: Kind, exact: sympy.MatrixBase, k: int) -> tuple[int, int, int] | None:
    """How many eigenvalues decay, are neutral and grow, without k neutral ones along the manifold."""

    def work():
        count = root_counts if kind == "flow" else circle_counts
        return count(characteristic_polynomial(exact))

    counts = in_time(_SECONDS, work, None)
    if counts is None or counts[1] < k:
        return None
    return counts[0], counts[1] - k, counts[2]
