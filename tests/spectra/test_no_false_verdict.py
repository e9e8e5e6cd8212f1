"""Matrices near the stability boundary: no verdict is ever false, and no bound is ever broken.

The truth about each float64 matrix is that of exact rational counts; on a part of the matrices
these counts are themselves held against eigenvalues computed with 60 digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from sympy import QQ
from sympy.polys.matrices import DomainMatrix

from stability.spectra.dense import Spectrum, spectrum, stability_sign
from stability.spectra.high_precision import exact_sign
from stability.spectra.hurwitz import circle_counts, root_counts
from tests.selection import slow_rows

FAMILIES = ("normal", "nonnormal", "defective", "similar_scaled", "row_scaled")
KINDS = ("flow", "map")
BOTH = [(family, kind) for family in FAMILIES for kind in KINDS]
# every run takes each family once, as a flow or as a map, not the same in all tests
EVEN, ODD = BOTH[::4] + BOTH[3::4], BOTH[1::4] + BOTH[2::4]
PER_FAMILY = 150  # times five families, times two kinds: 1500 matrices
MANY = 8  # times as many in the slow test
# the part that float64 discs alone leave open: 0.05, 0.29, 0.45, 0.05 and 0.11 were measured
FLOAT64_OPEN = {
    "normal": 0.12,
    "nonnormal": 0.35,
    "defective": 0.55,
    "similar_scaled": 0.12,
    "row_scaled": 0.18,
}
EPS = np.finfo(np.float64).eps


def _real_schur(rng: np.random.Generator, d: int) -> np.ndarray:
    """Block diagonal with real eigenvalues and rotations, the largest real part of them zero."""
    matrix = np.diag(-np.abs(rng.standard_normal(d)))
    for i in range(0, d - 1, 2):
        if rng.random() < 0.5:
            frequency = rng.standard_normal()
            matrix[i + 1, i + 1] = matrix[i, i]
            matrix[i, i + 1], matrix[i + 1, i] = frequency, -frequency
    return matrix - matrix.diagonal().max() * np.eye(d)


def _unimodular(rng: np.random.Generator, d: int) -> tuple[np.ndarray, np.ndarray]:
    """An integer matrix of determinant one and its inverse, by random row operations."""
    basis, inverse = np.eye(d), np.eye(d)
    for _ in range(2 * d if d > 1 else 0):
        i, j = rng.choice(d, 2, replace=False)
        factor = rng.integers(-1, 2)
        basis[i] += factor * basis[j]
        inverse[:, j] -= factor * inverse[:, i]
    return basis, inverse


def _jordan(rng: np.random.Generator, d: int, eigenvalue: float) -> np.ndarray:
    """Jordan blocks: one to the eigenvalue given, the others to eigenvalues well inside."""
    size = int(rng.integers(1, d + 1))
    values = np.full(d, eigenvalue)
    values[size:] = rng.choice([-0.5, -0.25], d - size)
    ones = np.full(d - 1, 1.0) if d > 1 else np.zeros(0)
    if size < d:
        ones[size - 1] = 0.0
        ones[size:] *= values[size:-1] == values[size + 1 :]
    return np.diag(values) + np.diag(ones, 1)


def near_boundary(rng: np.random.Generator, family: str, kind: str) -> np.ndarray:
    """A matrix whose spectral abscissa (radius minus one) is about ±10^-k with k from 0 to 15."""
    d = int(rng.integers(1, 9))
    margin = max(float(rng.choice([-1.0, 1.0]) * 10.0 ** -rng.integers(0, 16)), -0.5)
    if family == "defective":  # a power of two, so that every entry is exact
        margin = float(np.sign(margin) * 2.0 ** np.round(np.log2(abs(margin))))
        basis, inverse = _unimodular(rng, d)
        boundary = 0.0 if kind == "flow" else float(rng.choice([-1.0, 1.0]))
        return basis @ _jordan(rng, d, boundary + margin) @ inverse
    core = _real_schur(rng, d)
    if kind == "map":
        core = core + (1 - rng.random()) * np.eye(d)
        core *= (1 + margin) / max(np.abs(np.linalg.eigvals(core)).max(), 1e-3)
    else:
        core = core + margin * np.eye(d)
    rotation = np.linalg.qr(rng.standard_normal((d, d)))[0]
    if family == "nonnormal":
        upper = np.triu(rng.standard_normal((d, d)), 1) * 10.0 ** rng.uniform(0, 3)
        core = core + np.triu(upper, 2)
    matrix = rotation @ core @ rotation.T
    scaling = 10.0 ** rng.uniform(-8, 8, d)
    if family == "similar_scaled":
        return matrix * scaling[:, None] / scaling[None, :]
    if family == "row_scaled":
        return matrix * scaling[:, None]
    return matrix


def matrices(family: str, kind: str, count: int, seed: int = 0) -> Iterator[np.ndarray]:
    rng = np.random.default_rng([seed, FAMILIES.index(family), KINDS.index(kind)])
    for _ in range(count):
        yield near_boundary(rng, family, kind)


def true_eigenvalues(matrix: np.ndarray) -> list[mpmath.mpc]:
    with mpmath.workdps(60):
        values, _ = mpmath.eig(mpmath.matrix(matrix.tolist()))
        return [mpmath.mpc(value) for value in values]


def _exact_sign_shifted(matrix: np.ndarray, bound: float, kind: str) -> int:
    """The sign of abscissa (or radius) − bound, from A − bound I (or A / bound) in rationals."""
    d = len(matrix)
    shift = Fraction(bound)
    if kind == "map" and shift == 0:
        return 1 if np.any(np.linalg.matrix_power(matrix, d)) else 0
    entries = [
        [
            Fraction(float(matrix[i, j])) / shift
            if kind == "map"
            else Fraction(float(matrix[i, j])) - (shift if i == j else 0)
            for j in range(d)
        ]
        for i in range(d)
    ]
    rows = [[QQ(e.numerator, e.denominator) for e in row] for row in entries]
    polynomial = [
        Fraction(int(c.numerator), int(c.denominator))
        for c in DomainMatrix(rows, (d, d), QQ).charpoly()
    ]
    counts = root_counts(polynomial) if kind == "flow" else circle_counts(polynomial)
    assert counts is not None
    return 1 if counts[2] else (0 if counts[1] else -1)


def _check_enclosure(found: Spectrum, matrix: np.ndarray, kind: str) -> None:
    bounds = found.abscissa if kind == "flow" else found.radius
    assert bounds.lower <= bounds.value <= bounds.upper
    if np.isfinite(bounds.upper):
        assert _exact_sign_shifted(matrix, bounds.upper, kind) <= 0
        assert _exact_sign_shifted(matrix, bounds.lower, kind) >= 0


def _check_discs(found: Spectrum, truth: list[mpmath.mpc]) -> None:
    """Every cluster has as many true eigenvalues as members in the common part of its discs."""
    slack = 1e-25 * float(max((abs(t) for t in truth), default=0))  # of the 60 digits, if defective
    for cluster in found.clusters:
        inside = [
            t
            for t in truth
            if all(abs(t - found.eigenvalues[i].item()) <= found.errors[i] + slack for i in cluster)
        ]
        assert len(inside) >= len(cluster)


def _check(family: str, kind: str, count: int, seed: int) -> float:
    """All checks on `count` matrices; returns the part that float64 discs alone leave open."""
    undecided = 0
    for matrix in matrices(family, kind, count, seed):
        truth = exact_sign(matrix, kind)
        assert stability_sign(matrix, kind=kind) == truth
        found = spectrum(matrix)
        assert not np.isnan(found.errors).any()
        _check_enclosure(found, matrix, kind)
        bounds = found.abscissa if kind == "flow" else found.radius
        boundary = 0.0 if kind == "flow" else 1.0
        undecided += bounds.lower <= boundary <= bounds.upper
    return undecided / count


@pytest.mark.parametrize(("family", "kind"), slow_rows(BOTH, ODD.__contains__))
def test_exact_matrices_are_always_decided_and_enclosed(family: str, kind: str):
    left_open = _check(family, kind, PER_FAMILY, seed=0)
    print(f"{family} {kind}: float64 discs leave {left_open:.3f} to exact counts")
    assert left_open < FLOAT64_OPEN[family]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_exact_matrices_many(family: str, kind: str):
    _check(family, kind, MANY * PER_FAMILY, seed=1)


@pytest.mark.parametrize(("family", "kind"), slow_rows(BOTH, ODD.__contains__))
def test_sixty_digits_agree_with_counts_and_discs(family: str, kind: str):
    for matrix in matrices(family, kind, 25, seed=2):
        truth = true_eigenvalues(matrix)
        _check_discs(spectrum(matrix), truth)
        size = max(t.real if kind == "flow" else abs(t) - 1 for t in truth)
        # sixty digits split a Jordan block of order 8 by 10^(-60/8)
        if abs(size) > 1e-7:
            assert exact_sign(matrix, kind) == (1 if size > 0 else -1)


# The part left undecided with an uncertainty of 4 eps |A|: up to 0.04, 0.24, 0.54, 0.04 and 0.01
# were measured. Jordan blocks of order k move by eps^(1/k), and the margins go down to 1e-15.
UNDECIDED = {
    "normal": 0.08,
    "nonnormal": 0.3,
    "defective": 0.65,
    "similar_scaled": 0.08,
    "row_scaled": 0.05,
}


@pytest.mark.parametrize(("family", "kind"), slow_rows(BOTH, EVEN.__contains__))
def test_no_perturbed_matrix_contradicts(family: str, kind: str):
    rng = np.random.default_rng(3)
    undecided, count = 0, 60
    for matrix in matrices(family, kind, count, seed=3):
        uncertainty = 4 * EPS * np.abs(matrix)
        sign = stability_sign(matrix, uncertainty, kind=kind)
        undecided += sign is None
        if sign is None:
            continue
        assert sign == exact_sign(matrix, kind)
        for _ in range(3):
            # 3.9 leaves room for the rounding of the sum
            noise = 3.9 / 4 * rng.choice([-1, 1], matrix.shape) * uncertainty
            assert exact_sign(matrix + noise, kind) == sign
    print(family, kind, "undecided", undecided / count)
    assert undecided / count <= UNDECIDED[family]
