"""Sentences and numbers at the boundary of stability: what is said is not denied by what is printed."""

import numpy as np
import pytest
import sympy

import stability as st
from stability.spectra.dense import spectrum
from stability.spectra.value import settled
from stability.verdicts.local_stability import local_stability


def judged(kind, entry):
    """One eigenvalue, known exactly, however near to the boundary it lies."""
    matrix = np.array([[float(entry)]])
    return local_stability(kind, matrix, np.zeros((1, 1)), sympy.Matrix([[entry]])).verdict


def test_below_one_is_not_written_as_one():
    verdict = judged("map", 1 - sympy.Rational(32, 10**10))
    assert verdict.because == "every multiplier has modulus below one (largest 0.999999997)"
    verdict = judged("map", 1 - sympy.Rational(32, 10**13))
    assert verdict.because.endswith("(largest 1 − 3.2e-12)")


def test_nearer_than_rounding_is_said_in_words():
    verdict = judged("map", 1 - sympy.Rational(1, 10**30))
    assert verdict.verdict == "exponentially stable"
    assert verdict.because.endswith("(largest just below 1)")
    assert verdict.margin is None
    assert judged("map", 1 + sympy.Rational(1, 10**30)).because.endswith("(largest just above 1)")
    assert judged("flow", -sympy.Rational(1, 10**30)).because.endswith("(largest -1e-30)")


def test_parts_within_their_errors_are_rounding():
    defective = np.array([[-61.0, 1.0], [0.0, -61.0]])
    change = np.array([[1.0, 2.0], [3.0, 7.0]])
    matrix = change @ defective @ np.linalg.inv(change)
    found = spectrum(matrix, np.full((2, 2), 1e-13))
    np.testing.assert_array_equal(settled(found.eigenvalues, found.errors).imag, 0)
    np.testing.assert_allclose(settled(found.eigenvalues, found.errors).real, -61, atol=1e-4)
    singular = spectrum(np.array([[0.1, 0.3], [0.2, 0.6]]), np.full((2, 2), 1e-17))
    assert 0.0 in settled(singular.eigenvalues, singular.errors)
    apart = spectrum(np.diag([1.0, 1e-9]), np.zeros((2, 2)))
    np.testing.assert_array_equal(settled(apart.eigenvalues, apart.errors), [1.0, 1e-9])


def test_a_multiplier_that_is_zero_at_the_best_step_is_zero():
    x, y = sympy.symbols("x y")
    game = st.SymbolicGame({"x": ([x], x**2 / 2 + x * y), "y": ([y], y**2 / 2 - x * y)})
    (e,) = st.report(game, rules=[st.Alternating(lr=0.1), st.Simultaneous(lr=0.1)]).equilibria
    for rule in e.rules:
        radius = rule.best_spectral_radius
        assert radius == 0.0 or radius > 1e-6
    (e,) = st.report(st.games.dirac_gan_r1(), parameters={"gamma": 1}).equilibria
    assert e.rules[0].best_spectral_radius == 0.0  # 1 − h/2 twice, defective
    assert e.rules[0].best_lr == pytest.approx(2.0, rel=1e-15)
