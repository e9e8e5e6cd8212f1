"""Critical and best step sizes found numerically, against closed forms."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from stability import Alternating, Simultaneous
from stability.criteria.steps import (
    euler_step_sizes_of_all,
    rule_step_sizes,
    step_multipliers,
    step_sizes,
)
from stability.criteria.windows import close_extrema
from stability.dynamics import Partition
from tests.selection import slow_but

TWO = Partition(("a", "b"), (1, 1))


def at_each(multipliers):
    """Multipliers of one factor as multipliers of many."""
    return lambda factors: np.stack([np.asarray(multipliers(t), complex) for t in factors])


def sizes(rule, matrix, partition=None, tangent=None):
    matrix = np.array(matrix, dtype=float)
    d = len(matrix)
    partition = partition or Partition(("a", "b"), (1, d - 1))
    return rule_step_sizes(rule, matrix, partition, tangent)


def pair(real, imaginary):
    return [[real, imaginary], [-imaginary, real]]


def radius(multipliers, factor):
    return float(np.abs(multipliers(np.array([factor]))).max())


# ---- Simultaneous steps: h < −2 Re λ / |λ|² for every λ ---------------------------------------


@pytest.mark.parametrize(
    ("real", "imaginary"), [(-1, 1), (-1, 100), (-3, 1e-3), (-1e-6, 1e-6), (-1e6, 1e6), (-1e-3, 1)]
)
def test_a_complex_pair(real, imaginary):
    found = sizes(Simultaneous(lr=1.0), pair(real, imaginary))
    modulus = math.hypot(real, imaginary)
    # ρ − 1 is known to a few roundings, and its slope at the critical step is |Re λ|
    slack = 1e-14 * (modulus / real) ** 2
    assert found.critical == pytest.approx(-2 * real / modulus**2, rel=1e-13 + slack)
    # near its bottom ρ is flat: the place is known to the root of the rounding error, over |λ|
    assert found.best == pytest.approx(-real / modulus**2, rel=2e-8 * modulus / abs(real))
    assert found.best_radius == pytest.approx(abs(imaginary) / modulus, rel=1e-12)


def test_weak_damping():
    # at the best step ρ is one but for 5e-13, of which a rounding error of 1e-16 is the 5000th part
    found = sizes(Simultaneous(lr=1.0), pair(-1e-6, 1))
    assert found.critical == pytest.approx(2e-6, rel=1e-3)
    assert found.best == pytest.approx(1e-6, rel=2e-2)


def test_very_weak_damping_is_not_taken_for_none():
    assert sizes(Simultaneous(lr=1.0), pair(-1e-8, 1)).critical != 0.0


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_real_eigenvalues_have_a_kink_at_the_best_step(scale):
    found = sizes(Simultaneous(lr=1.0), scale * np.diag([-1.0, -2.0, -3.0]))
    assert found.critical == pytest.approx(2 / (3 * scale), rel=1e-13)
    assert found.best == pytest.approx(2 / (4 * scale), rel=1e-8)
    assert found.best_radius == pytest.approx(0.5, rel=1e-8)


def test_a_stiff_spectrum():
    found = sizes(Simultaneous(lr=1.0), np.diag(-np.geomspace(1, 1e6, 7)))
    assert found.critical == pytest.approx(2e-6, rel=1e-12)
    assert found.best == pytest.approx(2 / (1 + 1e6), rel=1e-8)
    assert found.best_radius == pytest.approx((1e6 - 1) / (1e6 + 1), rel=1e-12)


def test_slow_and_fast_pairs_together():
    matrix = np.zeros((4, 4))
    matrix[:2, :2], matrix[2:, 2:] = pair(-1, 1), pair(-1e3, 1e5)
    found = sizes(Simultaneous(lr=1.0), matrix)
    assert found.critical == pytest.approx(2e3 / (1e6 + 1e10), rel=1e-9)


@pytest.mark.parametrize("factor", [0.01, 1.0, 20.0])
def test_factors_multiply_the_rules_own_step_sizes(factor):
    found = sizes(Simultaneous(lr=factor), pair(-1, 2))
    assert factor * found.critical == pytest.approx(0.4, rel=1e-12)


def test_one_eigenvalue():
    found = sizes(Simultaneous(lr=1.0), [[-4.0]], Partition(("a",), (1,)))
    assert found.critical == pytest.approx(0.5, rel=1e-14)
    assert found.best == pytest.approx(0.25, rel=1e-8)
    assert found.best_radius == pytest.approx(0.0, abs=1e-8)


# ---- No step is stable, or the rule does not move ---------------------------------------------


@pytest.mark.parametrize(
    "matrix",
    [
        pair(0, 1),
        pair(1e-3, 1),
        np.diag([1.0, -1.0]),
        np.diag([1e-3, -1.0]),
        np.zeros((2, 2)),
        [[0.0, 1.0], [0.0, 0.0]],
        *(pytest.param(m) for m in (np.diag([-1.0, 0.0]), [[-2.0, -2.0], [-2.0, -2.0]])),
    ],
    ids=[
        *("centre", "unstable focus", "saddle", "weak saddle", "nothing moves", "nilpotent"),
        *("singular", "singular and coupled"),
    ],
)
def test_no_step_is_stable(matrix):
    found = sizes(Simultaneous(lr=1.0), matrix)
    assert (found.critical, found.best, found.best_radius) == (0.0, None, None)


def test_across_a_curve_of_equilibria():
    # the tangent (1, −1) is divided out; −4 stays
    along = np.array([[1.0], [-1.0]]) / math.sqrt(2)
    for rule, critical in ((Simultaneous(lr=1.0), 0.5), (Alternating(lr=1.0), 1.0)):
        found = sizes(rule, [[-2.0, -2.0], [-2.0, -2.0]], tangent=along)
        assert found.critical == pytest.approx(critical, rel=1e-12)


# ---- Alternating steps ------------------------------------------------------------------------


@pytest.mark.parametrize("gamma", [1e-3, 0.1, 0.3, 1.0, 3.0])
def test_alternating_on_the_dirac_gan_with_r1(gamma):
    found = sizes(Alternating(lr=1.0), [[0, 0.5], [-0.5, -gamma]])
    assert found.critical == pytest.approx(4 * (math.sqrt(gamma**2 + 1) - gamma), rel=1e-11)


@pytest.mark.parametrize("gamma", [0.1, 0.3])
def test_best_alternating_step_where_two_multipliers_collide(gamma):
    # det = 1 − γh and tr = 2 − γh − h²/4: the pair of modulus √(1 − γh) meets on the real axis at
    # −√(1 − γh), where (2 − γh − h²/4)² = 4(1 − γh), that is h = 4 − 4γ
    found = sizes(Alternating(lr=1.0), [[0, 0.5], [-0.5, -gamma]])
    collision = 4 - 4 * gamma
    trace, determinant = 2 - gamma * collision - collision**2 / 4, 1 - gamma * collision
    assert trace**2 == pytest.approx(4 * abs(determinant), rel=1e-9) or determinant < 0
    assert found.best == pytest.approx(collision, rel=1e-8)


def test_alternating_on_xy_stays_on_the_circle():
    assert sizes(Alternating(lr=1.0), pair(0, 1)).critical == 0.0


# ---- Any family of multipliers ----------------------------------------------------------------

IMAGINARY = np.array([1j, -1j])


def extragradient(t):
    return 1 + t * IMAGINARY + (t * IMAGINARY) ** 2


def lookahead(t):
    return 0.5 + 0.5 * (1 + t * IMAGINARY) ** 5


def test_a_smooth_bottom():
    found = step_sizes(at_each(extragradient), 2)
    assert found.critical == pytest.approx(1.0, rel=1e-13)
    assert found.best == pytest.approx(1 / math.sqrt(2), rel=1e-8)
    assert found.best_radius == pytest.approx(math.sqrt(3) / 2, rel=1e-14)


def test_lookahead():
    # ρ² = ¼ ((1 + (1 + h²)^{5/2} cos 5φ)² + …) is stationary at h = .543656 (six digits)
    found = step_sizes(at_each(lookahead), 2)
    assert found.best == pytest.approx(0.543656, abs=5e-5)
    assert found.best_radius == pytest.approx(0.634885, abs=1e-6)


def test_every_step_is_stable():
    implicit = np.array([-1 + 1j, -1 - 1j])
    assert step_sizes(at_each(lambda t: 1 / (1 - t * implicit)), 2).critical is None


def test_the_best_step_of_an_implicit_rule_is_no_rounding_error():
    found = step_sizes(at_each(lambda t: 1 / (1 - t * IMAGINARY)), 2)
    assert found.best is None or found.best_radius < 0.01


def test_runge_kutta_on_the_imaginary_axis():
    def multipliers(t):
        return sum((t * IMAGINARY) ** j / math.factorial(j) for j in range(5))

    assert step_sizes(at_each(multipliers), 2).critical == pytest.approx(2 * math.sqrt(2), rel=1e-9)


@pytest.mark.parametrize("width", [0.1, 0.03, 0.01, 0.003])
def test_a_narrow_unstable_hump(width):
    def multipliers(t):
        plain = max(0.9, 1 - 0.5 * t)
        return np.array([plain + 0.2 * math.exp(-(((t - 1) / width) ** 2))], dtype=complex)

    # 0.9 + 0.2 e^{−u²} = 1 at u = √log 2
    expected = 1 - width * math.sqrt(math.log(2))
    assert step_sizes(at_each(multipliers), 1).critical == pytest.approx(expected, rel=1e-12)


def test_stable_again_after_an_unstable_interval():
    def multipliers(t):
        return np.array([1 - t * (t - 2) ** 2 / 2 + t * (t < 3) * (t > 1) * 0.9 / 2], dtype=complex)

    # unstable between 1 and 3 wherever (t − 2)² < 0.9: from 2 − √0.9 on
    found = step_sizes(at_each(multipliers), 1)
    assert found.critical == pytest.approx(2 - math.sqrt(0.9), rel=1e-9)


def test_a_set_that_is_known_is_taken():
    """Alternating steps of ẋ = −x + y, ẏ = −x − y, with the set that a scan finds, and with none."""
    matrix = np.array([[-1.0, 1.0], [-1.0, -1.0]])
    rule = Alternating(lr=1.0)
    scanned = rule_step_sizes(rule, matrix, TWO)
    known = rule_step_sizes(rule, matrix, TWO, stable=scanned.stable)
    assert known.critical == scanned.critical
    assert known.stable == scanned.stable
    assert known.best_radius == pytest.approx(scanned.best_radius, abs=1e-14)
    assert rule_step_sizes(rule, -matrix, TWO, stable=()) == rule_step_sizes(rule, -matrix, TWO)


@pytest.mark.parametrize("few", [True, False])
def test_extrema_are_looked_at_together_as_one_by_one(few):
    """The minima above 0 and the maxima below it of sin(7t)/5 + t/10 − ½ that a grid shows."""

    def size(t):
        return np.sin(7 * t) / 5 + t / 10 - 0.5

    grid = np.linspace(0, 10, 60 if few else 600)
    found = np.sort(close_extrema(size, grid, size(grid), 0.25))
    t = (2 * np.pi * np.arange(12) + np.arccos(-1 / 14)) / 7  # 7 cos(7t)/5 + 1/10 = 0
    both = np.sort(np.concatenate([t, (2 * np.pi * np.arange(12) - np.arccos(-1 / 14)) / 7]))
    both = both[(both > 0) & (both < 10)]
    curved = -np.sin(7 * both)  # the sign of the second derivative
    wanted = both[(np.sign(curved) == np.sign(size(both))) & (np.abs(size(both)) < 0.2)]
    assert len(wanted) >= 4
    for own in wanted:
        assert np.abs(found - own).min() < 1e-7


# ---- What the words mean ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", slow_but(range(6), range(2)))
@pytest.mark.parametrize("rule", [Simultaneous(lr=1.0), Alternating(lr=1.0)], ids=["sim", "alt"])
def test_the_critical_step_separates_stable_from_unstable_steps(rule, seed):
    rng = np.random.default_rng(seed)
    d = 2 + seed % 4
    matrix = rng.normal(size=(d, d))
    matrix -= (np.linalg.eigvals(matrix).real.max() + 0.1) * np.eye(d)
    partition = Partition(("a", "b"), (d // 2, d - d // 2))
    multipliers = step_multipliers(rule, matrix, partition)
    found = step_sizes(multipliers, d)
    assert found.critical is not None
    assert found.critical > 0
    for fraction in (1e-3, 0.1, 0.5, 0.9, 0.999):
        assert radius(multipliers, fraction * found.critical) < 1
    assert radius(multipliers, 1.001 * found.critical) > 1
    assert radius(multipliers, found.best) == pytest.approx(found.best_radius, abs=1e-7)
    grid = np.linspace(0, 3 * found.critical, 3000)[1:]
    assert min(radius(multipliers, t) for t in grid) > found.best_radius - 1e-12


def test_multipliers_of_both_kinds_of_rule_agree():
    matrix = np.random.default_rng(1).normal(size=(4, 4))
    partition = Partition(("a", "b"), (1, 3))
    alike = step_multipliers(Simultaneous(lr=0.5), matrix, partition)
    apart = step_multipliers(Simultaneous(lr={"": 0.5}), matrix, partition)
    for factor in (0.1, 1.0, 7.0):
        one, other = (np.sort_complex(m(np.array([factor]))[0]) for m in (alike, apart))
        np.testing.assert_allclose(one, other, atol=1e-12)
        expected = np.sort_complex(1 + 0.5 * factor * np.linalg.eigvals(matrix))
        np.testing.assert_allclose(one, expected, atol=1e-12)


def test_critical_steps_fall_with_stiffness():
    found = [sizes(Simultaneous(lr=1.0), pair(-1, w)).critical for w in (0, 1, 10, 100)]
    assert all(a > b for a, b in pairwise(found))


def test_euler_steps_of_many_spectra_are_what_a_scan_finds():
    rng = np.random.default_rng(6)
    spectra = -rng.uniform(0.01, 3, (24, 4)) + 1j * rng.standard_normal((24, 4))
    spectra[::5] += 1.0
    spectra[3] = [0, -1, -1, -2]
    spectra[4] = np.nan
    found = np.array(euler_step_sizes_of_all(spectra)).T
    for i in (i for i in range(24) if i != 4):
        scanned = step_sizes(lambda h, i=i: 1 + np.multiply.outer(h, spectra[i]), 4)
        expected = [np.nan if x is None else x for x in list(vars(scanned).values())[:3]]
        np.testing.assert_allclose(found[i], expected, rtol=1e-7)
    assert np.isnan(found[4]).all()
    wide = np.concatenate([spectra] * 60, axis=1)  # looked at in pieces
    np.testing.assert_allclose(np.array(euler_step_sizes_of_all(wide)).T, found, rtol=1e-13)
