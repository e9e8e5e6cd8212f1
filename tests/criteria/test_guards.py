"""Guard maps and exact windows: nothing is missed, however narrow."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from stability.criteria.exact_windows import ParametricMatrix, exact_windows
from stability.criteria.guards import crossing_candidates, guard_map, polynomial_matrix
from stability.criteria.windows import (
    HALF_PLANE,
    UNIT_DISC,
    complete_windows,
    sample,
    scan_grid,
    scanned_windows,
)
from stability.time_limits import patience

p = sympy.Symbol("p", real=True)
REGIONS = {"flow": HALF_PLANE, "map": UNIT_DISC}


def pencil(seed, kind):
    """A random A + pB whose entries are multiples of 1/8, so that both ways see the same matrices."""
    rng = np.random.default_rng(seed)
    d = 2 + seed % 7
    scale = 1.0 if kind == "flow" else 0.5 / np.sqrt(d)
    a, b = (np.round(8 * scale * rng.normal(size=(d, d))) / 8 for _ in range(2))
    if kind == "flow":
        middle = np.linalg.eigvals(a + rng.uniform(-1, 1) * b).real.max()
        a -= np.round(8 * (middle + 0.2)) / 8 * np.eye(d)
    return a, b


def numeric(a, b, kind, low=-2.0, high=2.0):
    def matrices(numbers):
        return a + np.asarray(numbers)[:, None, None] * b

    def eigenvalues(numbers):
        return np.linalg.eigvals(matrices(numbers)).astype(complex)

    found = crossing_candidates(polynomial_matrix(matrices, low, high), kind)
    return complete_windows(eigenvalues, REGIONS[kind], low, high, found), eigenvalues


def exact(a, b, kind, low=-2, high=2):
    rational = [
        sympy.Matrix([[sympy.Rational(e) for e in row] for row in m.tolist()]) for m in (a, b)
    ]
    matrix = ParametricMatrix(rational[0] + p * rational[1])
    with patience(12):
        found = exact_windows([matrix], p, sympy.Integer(low), sympy.Integer(high), kind)
    return tuple((begin.value, end.value) for begin, end in found.stable)


@pytest.mark.parametrize("kind", ["flow", "map"])
@pytest.mark.parametrize("seed", range(50))
def test_random_pencils_against_a_dense_scan(seed, kind):
    a, b = pencil(seed, kind)
    windows, eigenvalues = numeric(a, b, kind)
    region = REGIONS[kind]
    numbers = np.linspace(-2, 2, 2001)[1:-1]
    stable = region.size(eigenvalues(numbers)).max(axis=1) < region.limit
    within = np.zeros_like(stable)
    for low, high in windows:
        within |= (low < numbers) & (numbers < high)
        width = high - low
        inner = np.array([low + 1e-3 * width, high - 1e-3 * width])
        outer = np.array([t for t in (low - 1e-9, high + 1e-9) if abs(t) < 2])
        assert (region.size(eigenvalues(inner)).max(axis=1) < region.limit).all()
        if len(outer):
            assert (region.size(eigenvalues(outer)).max(axis=1) > region.limit).all()
    assert (within == stable).all()


@pytest.mark.parametrize("kind", ["flow", "map"])
@pytest.mark.parametrize("seed", range(5))
def test_both_ways_agree(seed, kind):
    a, b = pencil(seed, kind)
    ours, theirs = numeric(a, b, kind)[0], exact(a, b, kind)
    assert len(ours) == len(theirs)
    # ends are simple roots here; the factor allows for slow crossings
    np.testing.assert_allclose(
        ours, np.array(theirs).reshape(len(ours), 2) if ours else (), rtol=1e-10
    )


@pytest.mark.parametrize("width", [1e-2, 1e-5])
@pytest.mark.parametrize("d", [2, 4, 8])
def test_a_narrow_window_between_two_crossings(d, width):
    # one eigenvalue p − c − w, another c − w − p, in a basis that hides them: stable for |p − c| < w
    rng = np.random.default_rng(d)
    c, w = 0.3125, width / 2
    change = np.linalg.qr(rng.normal(size=(d, d)))[0]
    a = change @ np.diag([-c - w, c - w, *(-1 - np.arange(d - 2))]) @ change.T
    b = change @ np.diag([1.0, -1.0, *np.zeros(d - 2)]) @ change.T
    ((low, high),), _ = numeric(a, b, "flow")
    assert (low, high) == pytest.approx((c - w, c + w), abs=1e-13)


def test_a_narrow_window_exactly():
    c, w = sympy.Rational(5, 16), sympy.Rational(1, 10**12)
    matrix = sympy.Matrix([[p - c - w, 1], [0, c - w - p]])
    found = exact_windows([ParametricMatrix(matrix)], p, sympy.Integer(-2), sympy.oo, "flow")
    assert [(b.exact, e.exact) for b, e in found.stable] == [(c - w, c + w)]


def test_a_boundary_that_is_only_touched_splits_the_interval():
    # −(p − 1)² is zero at one
    matrix = sympy.Matrix([[-((p - 1) ** 2), 1], [0, -3]])
    found = exact_windows([ParametricMatrix(matrix)], p, sympy.Integer(0), sympy.Integer(3), "flow")
    assert [(b.value, e.value) for b, e in found.stable] == [(0, 1), (1, 3)]

    def matrices(numbers):
        one = np.ones_like(numbers)
        return np.array([[-((numbers - 1) ** 2), one], [0 * one, -3 * one]]).transpose(2, 0, 1)

    candidates = crossing_candidates(polynomial_matrix(matrices, 0.0, 3.0), "flow")
    windows = complete_windows(
        lambda t: np.linalg.eigvals(matrices(t)).astype(complex), HALF_PLANE, 0.0, 3.0, candidates
    )
    # a double root is located to the root of the rounding error
    np.testing.assert_allclose(windows, [(0, 1), (1, 3)], atol=1e-6)


def test_a_pole_is_no_stable_number():
    matrix = sympy.Matrix([[-1, 1 / (p - 1)], [0, -2]])
    found = exact_windows([ParametricMatrix(matrix)], p, sympy.Integer(0), sympy.Integer(3), "flow")
    assert [(b.value, e.value) for b, e in found.stable] == [(0, 1), (1, 3)]


def test_eigenvalues_that_keep_to_the_boundary():
    matrix = sympy.Matrix([[0, p], [-p, 0]])
    found = exact_windows([ParametricMatrix(matrix)], p, sympy.Integer(1), sympy.Integer(3), "flow")
    assert found.stable == ()
    skew = np.array([[0.0, 1.0], [-1.0, 0.0]])
    polynomial = polynomial_matrix(lambda t: t[:, None, None] * skew, 1.0, 3.0)
    assert crossing_candidates(polynomial, "flow") is None


def test_the_eigenvalue_along_a_manifold_is_left_out():
    matrix = sympy.Matrix([[p - 2, 0], [0, 0]])
    arguments = (p, sympy.Integer(0), sympy.Integer(3), "flow")
    assert exact_windows([ParametricMatrix(matrix)], *arguments).stable == ()
    ((low, high),) = exact_windows([ParametricMatrix(matrix, 1)], *arguments).stable
    assert (low.value, high.exact) == (0, 2)
    assert exact_windows([ParametricMatrix(matrix, 2)], *arguments) is None


@pytest.mark.parametrize("entry", [sympy.sqrt(p), sympy.exp(p), sympy.sqrt(2) * p, sympy.pi])
def test_what_is_not_rational_is_left_to_others(entry):
    matrix = ParametricMatrix(sympy.Matrix([[entry]]))
    assert exact_windows([matrix], p, sympy.Integer(0), sympy.Integer(3), "flow") is None


def test_guard_maps_have_the_sums_and_products():
    matrix = np.random.default_rng(0).normal(size=(4, 4))
    values = np.linalg.eigvals(matrix)
    i, j = np.triu_indices(4)
    for kind, expected in (("flow", values[i] + values[j]), ("map", values[i] * values[j] - 1)):
        found = np.linalg.eigvals(guard_map([matrix], kind)[0])
        key = {"key": lambda z: (round(z.real, 9), round(z.imag, 9))}
        np.testing.assert_allclose(sorted(found, **key), sorted(expected, **key), atol=1e-12)


def test_what_is_no_polynomial_is_noticed():
    assert polynomial_matrix(lambda t: np.exp(t)[:, None, None], 0.0, 3.0) is None
    assert polynomial_matrix(lambda t: (np.nan * t)[:, None, None], 0.0, 3.0) is None
    quartic = polynomial_matrix(lambda t: (t**4 - 2.0)[:, None, None], 0.0, 3.0)
    assert len(quartic.coefficients) == 5
    assert crossing_candidates(quartic, "flow") == pytest.approx([-(2**0.25), 2**0.25])


@pytest.mark.parametrize("width", [0.1, 0.004])
def test_a_scan_looks_between_its_points(width):
    # stable for |sin(p) − sin(1)| < width only, around 1 and around π − 1
    def eigenvalues(numbers):
        return (np.abs(np.sin(numbers) - np.sin(1.0)) - width)[:, None].astype(complex)

    samples = sample(eigenvalues, HALF_PLANE, scan_grid(0.0, 3.0))
    windows = scanned_windows(eigenvalues, HALF_PLANE, 0.0, 3.0, samples)
    low, high = np.arcsin(np.sin(1.0) - width), np.arcsin(np.sin(1.0) + width)
    np.testing.assert_allclose(windows, [(low, high), (np.pi - high, np.pi - low)], rtol=1e-12)
