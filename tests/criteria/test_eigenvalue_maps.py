"""Multipliers as functions of one eigenvalue."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from stability.criteria.eigenvalue_maps import multiplier_polynomial, multipliers, stability_region
from stability.dynamics import Partition
from stability.errors import InputError
from stability.rules import (
    RK4,
    RULES,
    Alternating,
    Competitive,
    Extragradient,
    HeavyBall,
    Heun,
    LinearCompetitive,
    Lookahead,
    Nesterov,
    Optimistic,
    Proximal,
    Simultaneous,
)
from tests.known_systems import ON_XY_BY_EIGENVALUES, POLYNOMIALS

lam, mu, beta, alpha = sympy.symbols("lambda mu beta alpha")
h = sympy.Symbol("h", positive=True)
z = h * lam


@pytest.mark.parametrize("row", POLYNOMIALS)
def test_the_formulas_of_the_textbook(row):
    make, free, known = row
    settings = {"alpha": alpha, "beta": beta}
    rule = make(lr=h, **{name: settings[name] for name in free})
    polynomial = sympy.Poly(known(z, **{name: settings[name] for name in free}), mu).as_expr()
    found = multiplier_polynomial(rule, lam, mu)
    assert sympy.simplify(found - polynomial) == 0
    for root in multipliers(rule, lam):
        assert sympy.simplify(polynomial.xreplace({mu: root})) == 0
    assert len(multipliers(rule, lam)) == sympy.degree(polynomial, mu)


@pytest.mark.parametrize("step", [0.3, 0.7])
@pytest.mark.parametrize("known", ON_XY_BY_EIGENVALUES, ids=lambda known: known.name)
def test_the_game_xy(known, step):
    both = multipliers(known.rule(step), np.array([1j, -1j]))
    assert np.abs(both).max() == pytest.approx(known.radius(step), rel=1e-12)


COMMUTING = [
    Simultaneous(lr=0.3),
    Extragradient(lr=0.3),
    Extragradient(lr=0.3, past=True),
    Optimistic(lr=0.3),
    HeavyBall(lr=0.3, beta=-0.4),
    Nesterov(lr=0.3, beta=0.7),
    Proximal(lr=0.3),
    Lookahead(lr=0.3, k=4, alpha=0.6),
    Lookahead(lr=0.3, k=3, inner=Optimistic()),
    Heun(lr=0.3),
    RK4(lr=0.3),
]


@pytest.mark.parametrize("rule", COMMUTING, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_the_multipliers_of_a_matrix_are_those_of_its_eigenvalues(rule, seed):
    rng = np.random.default_rng(seed)
    d = 3 + seed
    matrix = rng.normal(size=(d, d))
    partition = Partition(("a", "b"), (1, d - 1))
    whole = np.linalg.eigvals(rule.linearise(matrix, partition))
    parts = multipliers(rule, np.linalg.eigvals(matrix)).ravel()
    assert len(whole) == len(parts)
    # as sets; random matrices have well-conditioned eigenvalues except for the zeros of a memory,
    # which come in Jordan blocks of size two and are found to sqrt(eps)
    for value in whole:
        assert np.abs(parts - value).min() < 1e-6
    for value in parts:
        assert np.abs(whole - value).min() < 1e-6


@pytest.mark.parametrize("rule", COMMUTING, ids=str)
def test_arrays_of_any_shape_and_the_closed_form_agree(rule):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3))
    found = multipliers(rule, values)
    assert found.shape[:2] == (2, 3)
    assert multipliers(rule, values[0, 0]).shape == found.shape[2:]
    assert multipliers(rule, np.zeros((0,))).shape == (0, *found.shape[2:])
    for index in np.ndindex(2, 3):
        number = complex(values[index])
        polynomial = multiplier_polynomial(rule, sympy.sympify(number), mu)
        for root in found[index]:
            assert abs(complex(polynomial.xreplace({mu: sympy.sympify(complex(root))}))) < 1e-11


def test_a_double_multiplier_is_double():
    # 1 + 4z² = 0 at z = i/2: both multipliers are exactly (1 + 2z)/2
    both = multipliers(Optimistic(lr=0.5), np.array([1j]))
    np.testing.assert_allclose(both, [[0.5 + 0.5j, 0.5 + 0.5j]], atol=1e-15)


def test_the_pole_of_an_implicit_step():
    assert np.isnan(multipliers(Proximal(lr=0.5), np.array([2.0]))).all()
    assert not stability_region(Proximal, np.array([1.0])).any()


def test_many_steps_of_lookahead_do_not_lose_digits():
    # expanded in powers of z, (1 + z)^200 would cancel away
    value = -1.9 + 0.1j
    expected = 0.5 + 0.5 * (1 + value) ** 200
    found = multipliers(Lookahead(lr=1.0, k=200, alpha=0.5), np.array([value]))
    np.testing.assert_allclose(found, [[expected]], rtol=1e-12)


@pytest.mark.parametrize(
    "rule",
    [
        Alternating(lr=0.1),
        Competitive(lr=0.1),
        LinearCompetitive(lr=0.1),
        HeavyBall(lr=0.1, order="alternating"),
        Simultaneous(lr={"x": 0.1, "y": 0.2}),
        Lookahead(lr=0.1, inner=Alternating()),
        RULES["unrolled"](),
        RULES["best-response"](),
    ],
    ids=lambda rule: rule.name,
)
def test_rules_that_do_not_commute(rule):
    with pytest.raises(InputError, match="no functions of one eigenvalue"):
        multipliers(rule, lam)
    with pytest.raises(InputError, match="no functions of one eigenvalue"):
        multipliers(rule, np.array([1j]))


def test_a_mapping_with_one_step_size_for_all_commutes():
    assert multipliers(Simultaneous(lr={"": 0.5}), lam) == (1 + lam / 2,)


def test_settings_have_to_be_numbers_for_numbers():
    with pytest.raises(InputError, match="numbers as settings"):
        multipliers(HeavyBall(lr=0.1, beta=beta), np.array([1j]))


def test_stability_regions():
    x = np.linspace(-3, 1, 81)
    plane = x + 1j * np.linspace(-3, 3, 121)[:, None]
    np.testing.assert_array_equal(stability_region(Simultaneous, plane), np.abs(1 + plane) < 1)
    np.testing.assert_array_equal(stability_region(Proximal(lr=7.0), plane), np.abs(1 - plane) > 1)
    # the real and the imaginary interval of RK4: −2.78529… and 2√2
    assert stability_region(RK4, np.array([-2.7852, 2.8284j - 1e-9])).all()
    assert not stability_region(RK4, np.array([-2.7854, 2.8285j])).any()
