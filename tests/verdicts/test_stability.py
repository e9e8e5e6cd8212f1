"""Stability verdicts of flows and maps from exact and from numeric matrices."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sympy
from sympy import Matrix, Rational, sqrt

from stability.equilibria.equilibrium import complement
from stability.verdicts.local_stability import local_stability, modulo
from stability.verdicts.verdict import STABILITY_WORDS, Verdict

TINY = Rational(1, 10**25)
CURVE = np.array([[1.0], [-1.0]]) / np.sqrt(2)


def verdicts(kind, exact, **options):
    """The verdict from the exact matrix and from its floating-point image."""
    matrix = np.array(exact, dtype=float)
    error = np.zeros(matrix.shape)
    return [
        local_stability(kind, matrix, error, exact, **options).verdict,
        local_stability(kind, matrix, error, **options).verdict,
    ]


FLOWS = {
    "focus": (Matrix([[-1, 1], [-1, -1]]), "exponentially stable", -1, 1),
    "unstable focus": (Matrix([[2, 1], [-1, 2]]), "unstable", 2, 2),
    "saddle": (sympy.diag(3, -1), "unstable", 3, 3),
    "defective": (Matrix([[-1, 1], [0, -1]]), "exponentially stable", -1, 1),
    "defective, coupled": (Matrix([[6, -4], [4, -2]]), "unstable", 2, 2),
    "centre": (Matrix([[0, 1], [-1, 0]]), "undecided", 0, 0),
    "zero eigenvalue": (sympy.diag(0, -1), "undecided", 0, 0),
    "nilpotent": (Matrix([[0, 1], [0, 0]]), "undecided", 0, 0),
}


@pytest.mark.parametrize(("matrix", "word", "value", "margin"), FLOWS.values(), ids=FLOWS)
def test_flows(matrix, word, value, margin):
    exact, numeric = verdicts("flow", matrix)
    for verdict, evidence in ((exact, "exact"), (numeric, "numeric")):
        assert verdict.verdict == word
        assert verdict.evidence == evidence
        assert verdict.value == pytest.approx(value, abs=1e-12)
    assert exact.margin == pytest.approx(margin, abs=1e-12)
    # less its error, which is of the order of √eps where eigenvalues are defective
    assert margin - 1e-5 < numeric.margin <= margin


MAPS = {
    "contraction": (sympy.diag(Rational(1, 2), -Rational(1, 4)), "exponentially stable", 0.5, 0.5),
    "focus": (Matrix([[1, 1], [-1, 1]]) / 2, "exponentially stable", 0.5**0.5, 1 - 0.5**0.5),
    "expansion": (sympy.diag(-2, Rational(1, 2)), "unstable", 2, 1),
    "superstable": (sympy.zeros(2), "exponentially stable", 0, 1),
    "rotation": (Matrix([[0, 1], [-1, 0]]), "undecided", 1, 0),
    "flip": (sympy.diag(-1, Rational(1, 2)), "undecided", 1, 0),
    "identity": (sympy.eye(2), "undecided", 1, 0),
}


@pytest.mark.parametrize(("matrix", "word", "value", "margin"), MAPS.values(), ids=MAPS)
def test_maps(matrix, word, value, margin):
    for verdict in verdicts("map", matrix):
        assert verdict.verdict == word
        assert verdict.value == pytest.approx(value, abs=1e-12)
        assert verdict.margin == pytest.approx(margin, abs=1e-12)


@pytest.mark.parametrize("sign", [-1, 1])
def test_exact_signs_far_below_rounding(sign):
    exact = Matrix([[sign * TINY, 1], [-1, sign * TINY]])
    found = local_stability("flow", np.array(exact, float), np.zeros((2, 2)), exact)
    assert found.verdict.verdict == ("unstable" if sign > 0 else "exponentially stable")
    assert found.verdict.evidence == "exact"
    assert found.type == ("unstable focus" if sign > 0 else "stable focus")
    blurred = local_stability("flow", np.array(exact, float), np.full((2, 2), 1e-15))
    assert blurred.verdict.verdict == "undecided"
    assert blurred.verdict.margin < 0
    assert blurred.type == "centre of the linearisation"


def test_type_and_verdict_do_not_contradict_each_other():
    matrix = np.array([[-1e-25, 1.0], [-1.0, -1e-25]])
    found = local_stability("flow", matrix, np.zeros((2, 2)))
    assert (found.verdict.verdict, found.type) != ("exponentially stable", "centre")


def test_a_decided_verdict_has_no_negative_margin():
    matrix = np.array([[-1e-25, 1.0], [-1.0, -1e-25]])
    verdict = local_stability("flow", matrix, np.zeros((2, 2))).verdict
    assert verdict.verdict == "undecided" or verdict.margin is None or verdict.margin >= 0


def test_growing_eigenvalues_are_counted_exactly():
    exact = Matrix([[TINY, 1], [-1, TINY]])
    text = local_stability("flow", np.array(exact, float), np.zeros((2, 2)), exact).verdict.because
    assert text.startswith("2 eigenvalues")


def test_an_uncertainty_that_covers_the_boundary_leaves_it_open():
    matrix = np.diag([-0.5, -1.0])
    for error, word in ((0.1, "exponentially stable"), (1.0, "undecided")):
        found = local_stability("flow", matrix, np.full((2, 2), error)).verdict
        assert found.verdict == word
        assert found.margin < 0.5 - error + 1e-12


# ---- Linear fields: the linearisation decides everything --------------------------------------

LINEAR = {
    "centre": ("flow", Matrix([[0, 1], [-1, 0]]), "neutral"),
    "zero": ("flow", sympy.diag(0, -1), "neutral"),
    "irrational centre": ("flow", Matrix([[0, sqrt(2)], [-sqrt(3), 0]]), "neutral"),
    "two equal pairs": ("flow", Matrix(4, 4, lambda i, j: (i // 2 == j // 2) * (j - i)), "neutral"),
    "nilpotent": ("flow", Matrix([[0, 1], [0, 0]]), "unstable"),
    "defective pair": (
        *("flow", Matrix([[0, 1, 1, 0], [-1, 0, 0, 1], [0, 0, 0, 1], [0, 0, -1, 0]])),
        "unstable",
    ),
    "focus": ("flow", Matrix([[-1, 1], [-1, -1]]), "exponentially stable"),
    "rotation": ("map", Matrix([[0, 1], [-1, 0]]), "neutral"),
    "identity": ("map", sympy.eye(2), "neutral"),
    "flip": ("map", sympy.diag(-1, Rational(1, 3)), "neutral"),
    "shear": ("map", Matrix([[1, 1], [0, 1]]), "unstable"),
    "reflected shear": ("map", Matrix([[-1, 1], [0, -1]]), "unstable"),
}


@pytest.mark.parametrize(("kind", "matrix", "word"), LINEAR.values(), ids=LINEAR)
def test_linear_fields(kind, matrix, word):
    exact, _ = verdicts(kind, matrix, linear=True)
    assert exact.verdict == word
    assert exact.evidence == "exact"


# ---- Across manifolds of equilibria -----------------------------------------------------------


@pytest.mark.parametrize(
    ("matrix", "word", "value", "name"),
    [
        (
            Matrix([[-2, -2], [-2, -2]]),
            "exponentially stable",
            -4,
            "attracting curve of equilibria",
        ),
        (Matrix([[2, 2], [2, 2]]), "unstable", 4, "repelling curve of equilibria"),
    ],
)
def test_across_a_curve(matrix, word, value, name):
    numbers = np.array(matrix, float)
    for exact in (matrix, None):
        found = local_stability("flow", numbers, np.zeros((2, 2)), exact, tangent=CURVE)
        assert found.type == name
        assert found.verdict.verdict == word
        assert found.verdict.value == pytest.approx(value, rel=1e-14)
        assert len(found.spectrum.eigenvalues) == 2
        np.testing.assert_allclose(found.across.eigenvalues, [value], rtol=1e-14)
    assert "curve of equilibria" in found.verdict.because or word == "unstable"


def test_everything_is_an_equilibrium():
    for exact in (sympy.zeros(2), None):
        found = local_stability(
            "flow", np.zeros((2, 2)), np.zeros((2, 2)), exact, tangent=np.eye(2)
        )
        assert found.verdict.verdict == "neutral"
        assert found.verdict.value is None
        assert found.type == "surface of equilibria"


def test_a_curve_of_fixed_points():
    matrix = sympy.diag(1, Rational(1, 2))
    for exact in (matrix, None):
        found = local_stability(
            "map", np.diag([1.0, 0.5]), np.zeros((2, 2)), exact, tangent=np.eye(2)[:, :1]
        )
        assert found.verdict.verdict == "exponentially stable"
        assert found.verdict.value == pytest.approx(0.5)


def test_complement_and_modulo():
    rng = np.random.default_rng(0)
    tangent, _ = np.linalg.qr(rng.normal(size=(5, 2)))
    basis = complement(tangent)
    assert basis.shape == (5, 3)
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-15)
    np.testing.assert_allclose(basis.T @ tangent, 0, atol=1e-15)
    matrix = rng.normal(size=(5, 5)) @ (np.eye(5) - tangent @ tangent.T)  # kills the tangent
    reduced, error = modulo("flow", matrix, np.zeros((5, 5)), tangent)
    whole = np.linalg.eigvals(matrix)
    whole = whole[np.argsort(np.abs(whole))][2:]
    found = np.linalg.eigvals(reduced)
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(whole), atol=1e-12)
    assert (error < 1e-13).all()


# ---- The verdict itself -----------------------------------------------------------------------


def test_verdicts_are_json():
    verdict = Verdict("unstable", np.float64(2.0), float("inf"), "numeric", "a sentence")
    data = verdict.to_dict()
    assert json.loads(json.dumps(data)) == {
        "verdict": "unstable",
        "value": 2.0,
        "margin": None,
        "evidence": "numeric",
        "because": "a sentence",
    }
    assert str(verdict) == "unstable: a sentence"
    zero = Verdict("undecided", -0.0, float("nan"), "exact", "").to_dict()
    assert str(zero["value"]) == "0.0"
    assert zero["margin"] is None


def test_every_word_is_one_of_the_five():
    for kind, cases in (("flow", FLOWS), ("map", MAPS)):
        for matrix, *_ in cases.values():
            for verdict in verdicts(kind, matrix):
                assert verdict.verdict in STABILITY_WORDS
                assert verdict.because
                assert "\n" not in verdict.because
