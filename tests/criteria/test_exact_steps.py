"""Critical step sizes in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import Integer, Matrix, Rational, sqrt

from stability import Alternating, InputError, Simultaneous, SymbolicGame, critical_step
from stability.criteria.exact_steps import (
    ExactStep,
    exact_steps,
    positive_roots,
    step_polynomial,
)
from stability.criteria.exact_steps import h as step
from stability.criteria.steps import rule_step_sizes, step_multipliers, step_sizes
from stability.dynamics import Partition
from stability.time_limits import patience
from tests.selection import slow_but

g, k = sympy.symbols("gamma kappa", real=True)
TWO = Partition(("a", "b"), (1, 1))
SIM, ALT = Simultaneous(lr=0.1), Alternating(lr=0.1)  # the critical factor is on a step size of one


def critical(*arguments) -> ExactStep | None:
    found = exact_steps(*arguments)
    return None if found is None else found.critical


def check(found: ExactStep | None, value: float, expression: sympy.Expr) -> None:
    assert found is not None
    assert found.value == pytest.approx(value, rel=1e-14)
    assert found.expression is not None
    assert sympy.simplify(found.expression - expression) == 0


@pytest.mark.parametrize(
    ("rule", "matrix", "values", "value", "expression"),
    [
        # xy + γx²/2: tr = 2 − γh, det = 1 − γh + h²
        (SIM, [[-g, -1], [1, 0]], {g: Rational(1, 10)}, 0.1, g),
        # a damped pair −γ ± iκ: 2γ/(γ² + κ²)
        (SIM, [[-g, -k], [k, -g]], {g: Integer(1), k: Integer(2)}, 0.4, 2 * g / (g**2 + k**2)),
        (SIM, [[-g, 0], [0, -k]], {g: Integer(1), k: Integer(4)}, 0.5, 2 / k),
        (SIM, [[-g, 0], [0, -k]], {g: Integer(5), k: Integer(4)}, 0.4, 2 / g),
        # Dirac-GAN with R1: P(−1) = 4 − 2γh − h²/4
        (
            *(ALT, [[0, -Rational(1, 2)], [Rational(1, 2), -g]], {g: Rational(3, 4)}),
            *(2.0, 4 * (sqrt(g**2 + 1) - g)),
        ),
        # defective and repeated eigenvalues
        (SIM, [[-1, 1], [0, -1]], {}, 2.0, Integer(2)),
        (SIM, [[-g, 0], [0, -g]], {g: Integer(4)}, 0.5, 2 / g),
        # irrational entries
        (SIM, [[-sqrt(2), 0], [0, -sqrt(2)]], {}, 2**0.5, sqrt(2)),
    ],
)
def test_closed_forms(rule, matrix, values, value, expression):
    check(critical(rule, Matrix(matrix), TWO, values), value, expression)


def test_irrational_matrix():
    matrix = Matrix([[-sqrt(2), -1], [1, -sympy.exp(-1)]])
    # h = −tr/det for a complex pair
    expected = (sqrt(2) + sympy.exp(-1)) / (sqrt(2) * sympy.exp(-1) + 1)
    check(critical(SIM, matrix, TWO, {}), float(expected), expected)


def test_a_triple_irrational_eigenvalue():
    three = Partition(("a", "b", "c"), (1, 1, 1))
    found = critical(SIM, -sqrt(2) * sympy.eye(3), three, {})
    assert found is None or found.value == pytest.approx(2**0.5, rel=1e-14)


def test_step_sizes_that_differ_by_player_are_scaled_together():
    rule = Simultaneous(lr={"a": 0.1, "b": 0.2})
    matrix = Matrix([[-g, -1], [1, 0]])
    # det = 1 − γ t/10 + t²/50, so t < 5γ
    check(critical(rule, matrix, TWO, {g: Rational(1, 10)}), 0.5, 5 * g)


@pytest.mark.parametrize(
    ("rule", "value", "expression"),
    [(SIM, 0.5, 2 / (g + k)), (ALT, None, None)],
    ids=["sim", "alt"],
)
def test_across_a_curve_of_equilibria(rule, value, expression):
    matrix = Matrix([[-g, -k], [-g, -k]])  # eigenvalues 0 and −(γ + κ)
    values = {g: Integer(1), k: Integer(3)}
    found = critical(rule, matrix, TWO, values, 1)
    if value is not None:
        check(found, value, expression)
    else:
        # the other multiplier is the determinant (1 − γh)(1 − κh) − … + …: tr − 1 = 1 − (γ + κ)h + γκh²
        assert found is not None
        t = found.value
        assert abs(1 - 4 * t + 3 * t**2) == pytest.approx(1, rel=1e-13)
        assert t == pytest.approx(4 / 3, rel=1e-13)
    assert critical(rule, matrix, TWO, values) == ExactStep(0.0, Integer(0))


@pytest.mark.parametrize(
    ("rule", "matrix"),
    [
        (SIM, [[0, -1], [1, 0]]),
        (ALT, [[0, -1], [1, 0]]),
        (SIM, [[1, 0], [0, -1]]),
        (ALT, [[1, 0], [0, -1]]),
        (SIM, [[-1, 0], [0, 0]]),
        (SIM, [[Rational(1, 10**9), -1], [1, 0]]),
    ],
)
def test_no_step_is_stable(rule, matrix):
    assert critical(rule, Matrix(matrix), TWO, {}) == ExactStep(0.0, Integer(0))


def test_damping_far_below_rounding():
    tiny = Rational(1, 10**30)
    found = critical(SIM, Matrix([[-g, -1], [1, -g]]), TWO, {g: tiny})
    check(found, 2e-30, 2 * g / (g**2 + 1))


def test_special_values_of_a_parameter():
    # at γ = 0 the matrix is singular; the family around it is not
    matrix = Matrix([[-g, 0], [0, -1]])
    assert critical(SIM, matrix, TWO, {g: Integer(0)}) == ExactStep(0.0, Integer(0))
    check(critical(SIM, matrix, TWO, {g: Integer(2)}), 1.0, 2 / g)


def test_a_manifold_that_is_everything():
    assert critical(SIM, sympy.zeros(2), TWO, {}, 2) is None


# ---- The whole set ----------------------------------------------------------------------------

# own slopes +1/2 and −9/20 and a rotation: unstable as a flow, and stable for alternating steps between
# tr = det + 1 … and tr = −det − 1: det = (1 + h/2)(1 − 9h/20) = 1 at 2/9, 4 + h/10 − 29h²/20 − … below
WINDOW = [[Rational(1, 2), -1], [1, -Rational(9, 20)]]


def radius_of_turns(matrix, h: float) -> float:
    """The spectral radius of alternating steps: the second player sees what the first one has done."""
    (a, b), (c, d) = np.array(matrix, dtype=float)
    first, second = np.array([[1 + h * a, h * b], [0, 1]]), np.array([[1, 0], [h * c, 1 + h * d]])
    return float(np.abs(np.linalg.eigvals(second @ first)).max())


def test_a_window_that_does_not_reach_down_to_zero():
    found = exact_steps(ALT, Matrix(WINDOW), TWO, {})
    assert found is not None
    assert found.critical == ExactStep(0.0, Integer(0))
    ((low, high),) = found.stable
    assert low.expression == Rational(2, 9)
    assert sympy.simplify(high.expression - 2 * (1 + sqrt(1961)) / 49) == 0
    assert (low.value, high.value) == pytest.approx((2 / 9, 1.8482930469783283), rel=1e-15)
    scan = np.linspace(1e-3, 3, 3001)
    inside = np.array([radius_of_turns(WINDOW, h) < 1 for h in scan])
    np.testing.assert_array_equal(inside, (scan > low.value) & (scan < high.value))


def test_a_window_narrower_than_the_numeric_grid_is_looked_into():
    # det(h) = (1 + a h)(1 − b h) is below one from (b − a)/(ab) on, −tr below det + 1 up to (−1) P
    matrix = Matrix([[Rational(1, 2), -1], [1, -Rational(27, 40)]])
    found = exact_steps(ALT, matrix, TWO, {})
    assert found is not None
    for low, high in found.stable or ():
        middle = (low.value + high.value) / 2
        assert radius_of_turns(matrix, middle) < 1
        assert radius_of_turns(matrix, low.value * (1 - 1e-6)) > 1 or low.value == 0
        assert radius_of_turns(matrix, high.value * (1 + 1e-6)) > 1


@pytest.mark.parametrize("n", slow_but(range(12), range(6)))
def test_the_exact_and_the_numeric_set_agree(n):
    rng = np.random.default_rng(n)
    matrix = Matrix(rng.integers(-9, 10, size=(2, 2)).tolist()) / 4
    found = exact_steps(ALT, matrix, TWO, {})
    assert found is not None
    numeric = rule_step_sizes(Alternating(lr=1.0), np.array(matrix, dtype=float), TWO).stable
    assert len(numeric) == len(found.stable)
    for own, (low, high) in zip(numeric, found.stable, strict=True):
        assert own == pytest.approx((low.value, high.value), rel=1e-9)


def test_step_polynomial():
    mu = sympy.Symbol("mu")
    coefficients = step_polynomial(SIM, Matrix([[-g, -1], [1, 0]]), TWO)
    expected = sympy.Poly((mu - 1 + g * step) * (mu - 1) + step**2, mu).all_coeffs()
    assert [sympy.expand(a - b) for a, b in zip(coefficients, expected, strict=True)] == [0, 0, 0]


def test_positive_roots():
    roots = positive_roots(sympy.Poly((step - 2) ** 2 * (step + 1) * (step**2 - 3) * step, step))
    assert [float(r) for r in sorted(roots)] == pytest.approx([3**0.5, 2], rel=1e-15)
    assert positive_roots(sympy.Poly(5, step)) == []
    assert positive_roots(sympy.Poly(step**2 + 1, step)) == []
    assert [float(r) for r in positive_roots(sympy.Poly(step - sqrt(2), step))] == [2**0.5]


def random_matrix(n):
    """A small rational matrix; two thirds of them are shifted so that all eigenvalues decay."""
    rng = np.random.default_rng(n)
    d = 2 + n % 3
    matrix = rng.integers(-6, 7, size=(d, d))
    if n % 3:
        matrix -= (int(np.linalg.eigvals(matrix).real.max()) + 2) * np.eye(d, dtype=int)
    return Matrix(matrix.tolist()) / int(rng.integers(1, 8))


@pytest.mark.parametrize("n", slow_but(range(30), range(12)))
def test_the_exact_and_the_numeric_critical_step_agree(n):
    matrix = random_matrix(n)
    d = matrix.rows
    rule = (Simultaneous(lr=1.0), Alternating(lr=1.0))[n // 3 % 2]
    partition = Partition(("a", "b"), (1, d - 1))
    with patience(10):
        found = critical(rule, matrix, partition, {})
    assert found is not None
    multipliers = step_multipliers(rule, np.array(matrix, dtype=float), partition)
    numeric = step_sizes(multipliers, d)
    if not found.value:
        assert numeric.critical == found.value
        return
    # the numeric one is off by rounding over the slope of ρ
    assert numeric.critical == pytest.approx(found.value, rel=1e-9)
    assert np.abs(multipliers(np.array([0.999 * found.value]))).max() < 1
    assert np.abs(multipliers(np.array([1.001 * found.value]))).max() > 1
    if found.expression is not None:
        # roots of a cubic may be written with i, which cancels (casus irreducibilis)
        assert complex(found.expression.evalf(30)) == pytest.approx(found.value, rel=1e-14)


def test_half_of_the_random_matrices_have_a_critical_step():
    spectra = [np.linalg.eigvals(np.array(random_matrix(n), dtype=float)) for n in range(30)]
    stable = [eigenvalues.real.max() < 0 for eigenvalues in spectra]
    assert sum(stable) >= 15


def test_a_pole_in_the_parameter_is_refused_in_a_sentence():
    """J = -(1 + 2/a) at x = 0."""
    x, a = sympy.symbols("x a", real=True)
    game = SymbolicGame({"x": ([x], x**2 / 2 + sympy.log(x**2 + a))})
    with pytest.raises(InputError, match="polynomial in a; give a a value"):
        critical_step(game, Simultaneous)
    assert critical_step(game, Simultaneous, parameters={a: 2}) == 1
