"""Consensus and symplectic fields: by their definitions, by hand, and in both engines."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from stability import InputError, InputTypeError, SymbolicGame
from stability.fields import FIELDS, Consensus, Gradient, Symplectic

x, y, z = sympy.symbols("x y z", real=True)
w = sympy.Symbol("w", nonnegative=True)
GAME = SymbolicGame(
    {
        "one": ([x], x**2 * y + x * z + x**3 - sympy.cos(x * y)),
        "two": ([y, z], -x * y**2 + y * z**2 + y**2 + z**2 * x),
    }
)
NUMERIC = GAME.numeric()
POINTS = [[0.5, -1.0, 2.0], [-0.25, 0.75, 0.125], [-1.0, 1.0, 0.0], [0.01, -0.02, 0.03]]


def parts():
    v = GAME.expressions
    matrix = v.jacobian(GAME.variables)
    return v, matrix


def evaluated(expression, point):
    values = {s: sympy.Rational(p) for s, p in zip(GAME.variables, point, strict=True)}
    return np.array(expression.xreplace(values).evalf(30), float).ravel()


def both_engines(field, point):
    exact = field(GAME, sympy.Matrix([sympy.Rational(p) for p in point])).evalf(30)
    with jax.enable_x64(True):
        numeric = field(NUMERIC, jnp.array(point))
    return np.array(exact, float).ravel(), np.asarray(numeric)


@pytest.mark.parametrize("point", POINTS)
def test_consensus_descends_the_square_of_the_field(point):
    v, _ = parts()
    square = sympy.Matrix([v.dot(v)]).jacobian(GAME.variables).T
    expected = evaluated(v - sympy.Rational(3, 10) / 2 * square, point)
    for found in both_engines(Consensus(0.3), point):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("point", POINTS)
def test_symplectic_adds_the_antisymmetric_part(point):
    v, matrix = parts()
    expected = evaluated(v + sympy.Rational(7, 10) * (matrix - matrix.T) / 2 * v, point)
    for found in both_engines(Symplectic(0.7), point):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("point", POINTS)
def test_alignment_turns_the_adjustment_by_its_sign(point):
    """Against the paper's letter: with ξ = −v, H = −J, the adjustment is λAᵀξ, aligned by
    sign(⟨ξ, Hᵀξ⟩⟨Aᵀξ, Hᵀξ⟩/d + ε), where H = S + A."""
    v, matrix = parts()
    xi, h = evaluated(-v, point), -evaluated(matrix, point).reshape(3, 3)
    adjustment = (h - h.T).T / 2 @ xi
    gradient = h.T @ xi  # of ½‖ξ‖²
    sign = np.sign(xi @ gradient * (adjustment @ gradient) / 3 + 0.1)
    for found in both_engines(Symplectic(0.7, alignment=True), point):
        np.testing.assert_allclose(found, -(xi + 0.7 * sign * adjustment), rtol=1e-12)


def test_both_signs_of_the_alignment_occur():
    plain, aligned = Symplectic(1.0), Symplectic(1.0, alignment=True)
    signs = set()
    for point in POINTS:
        gradient = both_engines(Gradient(), point)[1]
        one, other = (both_engines(field, point)[1] - gradient for field in (plain, aligned))
        signs.add(round(float(one @ other / (one @ one))))
    assert signs == {-1, 1}


def test_the_alignment_changes_nothing_at_an_equilibrium():
    origin = dict.fromkeys(GAME.variables, 0)
    flows = [Symplectic(0.5, alignment=a).flow(GAME) for a in (False, True)]
    plain, aligned = (flow.jacobian().xreplace(origin) for flow in flows)
    assert plain == aligned


def test_a_potential_game_needs_no_symplectic_adjustment():
    potential = x**2 * y + x * z + y**2 * z
    game = SymbolicGame({"one": ([x], potential), "two": ([y, z], potential)})
    difference = Symplectic(3)(game, game.profile) - game.expressions
    assert difference.expand().is_zero_matrix


def test_in_a_hamiltonian_game_both_add_the_same():
    value = x * y + 2 * x * z
    game = SymbolicGame({"one": ([x], value), "two": ([y, z], -value)})
    difference = Symplectic(w)(game, game.profile) - Consensus(w)(game, game.profile)
    assert difference.expand().is_zero_matrix


@pytest.mark.parametrize("field", [Consensus, Symplectic])
def test_no_weight_is_the_gradient_field(field):
    assert (field(0)(GAME, GAME.profile) - GAME.expressions).expand().is_zero_matrix


@pytest.mark.parametrize("field", [Consensus, Symplectic])
def test_weights_may_be_symbols(field):
    flow = field(w).flow(GAME)
    assert flow.free_parameters == (w,)
    assert flow.expressions.diff(w) != sympy.zeros(3, 1)


@pytest.mark.parametrize(("field", "word"), [(Consensus, "gamma"), (Symplectic, "lam")])
@pytest.mark.parametrize(
    ("weight", "kind"),
    [
        *((v, InputError) for v in (-1, -0.5, float("nan"), float("inf"), np.float32("nan"))),
        *((v, InputTypeError) for v in ("1", None, True, [0.1], 1j, {"one": 0.1, "two": "x"})),
    ],
    ids=repr,
)
def test_weights_are_not_negative(field, word, weight, kind):
    with pytest.raises(kind, match=word):
        field(weight)


def test_the_alignment_is_a_flag():
    with pytest.raises(InputTypeError, match="alignment is true or false"):
        Symplectic(alignment="yes")


def test_names():
    assert FIELDS["consensus"] is Consensus
    assert FIELDS["symplectic"] is Symplectic
    assert Consensus(0.2).settings == {"gamma": 0.2}
    assert Symplectic(0.2).settings == {"lam": 0.2, "alignment": False}
