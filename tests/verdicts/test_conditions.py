"""Definiteness, and the game-theoretic conditions against second derivatives taken by hand."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from sympy import Matrix, Rational, sqrt

from stability import SymbolicGame
from stability.verdicts.conditions import Derivatives, conditions
from stability.verdicts.definite import definiteness, solve
from tests.selection import slow_but

x, y, p, q = sympy.symbols("x y p q", real=True)

# ---- Definite, semidefinite, indefinite -------------------------------------------------------

MATRICES = {
    "definite": (Matrix([[2, 1], [1, 2]]), 1, 1),
    "semidefinite": (sympy.ones(2), 0, 0),
    "indefinite": (Matrix([[1, 2], [2, 1]]), -1, -1),
    "negative": (sympy.diag(-1, -2), -1, -2),
    "zero and negative": (sympy.diag(0, -1), -1, -1),
    "zero and positive": (sympy.diag(0, 1), 0, 0),
    "zero": (sympy.zeros(2), 0, 0),
    "one number": (Matrix([[3]]), 1, 3),
    "irrational, singular": (Matrix([[1, sqrt(2)], [sqrt(2), 2]]), 0, 0),
    "hidden zero": (Matrix([[sympy.sin(1) ** 2 + sympy.cos(1) ** 2 - 1]]), 0, 0),
    "tiny": (sympy.diag(1, Rational(1, 10**30)), 1, 1e-30),
}


@pytest.mark.parametrize(("matrix", "sign", "smallest"), MATRICES.values(), ids=MATRICES)
def test_exact_definiteness(matrix, sign, smallest):
    found = definiteness(np.array(matrix.evalf(30), dtype=float), 0.0, matrix)
    assert (found.sign, found.evidence) == (sign, "exact")
    assert found.smallest == pytest.approx(smallest, abs=1e-14)
    assert found.margin == pytest.approx(abs(smallest), abs=1e-14)


@pytest.mark.parametrize(
    ("matrix", "uncertainty", "sign"),
    [
        ([[2, 1], [1, 2]], 0.0, 1),
        ([[2, 1], [1, 2]], 0.4, 1),
        ([[2, 1], [1, 2]], 0.6, None),  # the Frobenius norm of the uncertainty is 1.2
        ([[1, 2], [2, 1]], 0.1, -1),
        ([[1, 1], [1, 1]], 0.0, None),
        ([[0, 0], [0, 0]], 0.0, 0),
        ([[0, 0], [0, 0]], 1e-9, None),
        ([[1e-300]], 0.0, 1),
        ([[-1e-300]], 0.0, -1),
        ([[1, 0], [0, 1e-20]], 0.0, None),
    ],
)
def test_numeric_definiteness(matrix, uncertainty, sign):
    found = definiteness(np.array(matrix, dtype=float), uncertainty)
    assert (found.sign, found.evidence) == (sign, "numeric")
    if sign is not None:
        assert found.margin >= 0
    else:
        assert found.margin <= 0


def test_numeric_signs_are_certain():
    rng = np.random.default_rng(0)
    for _ in range(50):
        d = int(rng.integers(1, 6))
        root = rng.normal(size=(d, d))
        matrix = root @ root.T - rng.uniform(0, 1) * np.eye(d)
        smallest = np.linalg.eigvalsh(matrix)[0]
        found = definiteness(matrix, 1e-12)
        assert found.sign is None or found.sign == np.sign(smallest)


def test_solve():
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(solve(a, np.array([1.0, 2.0])), [0.2, 0.6], rtol=1e-15)
    assert solve(Matrix([[2, 1], [1, 3]]), Matrix([1, 2])) == Matrix(
        [Rational(1, 5), Rational(3, 5)]
    )


# ---- Games ------------------------------------------------------------------------------------


def numeric_derivatives(game, point):
    put = dict(zip(game.variables, point, strict=True))

    def number(matrix):
        return np.array(matrix.xreplace(put), dtype=float)

    gradients, hessians = game.derivatives()

    def constrained(leader, follower, w):
        weights = Matrix([sympy.Float(float(c), 17) for c in w])
        return number(game.constrained_hessian(leader, follower, None, weights))

    return Derivatives(number(gradients), [number(h) for h in hessians], constrained)


def exact_derivatives(game, point):
    put = dict(zip(game.variables, point, strict=True))
    gradients, hessians = game.derivatives()
    return Derivatives(
        gradients.xreplace(put),
        [h.xreplace(put) for h in hessians],
        lambda i, j, w: game.constrained_hessian(i, j, Matrix(point), w),
    )


def both(losses, point=None, *, zero_sum=False, minimizer=0, uncertainty=0.0):
    """The conditions with exact and with numeric evidence."""
    game = SymbolicGame(losses)
    point = [sympy.Integer(0)] * game.dimension if point is None else point
    numeric = numeric_derivatives(game, point)
    return [
        conditions(
            game.partition,
            numeric,
            exact,
            zero_sum=zero_sum,
            minimizer=minimizer,
            uncertainty=uncertainty,
        )
        for exact in (exact_derivatives(game, point), None)
    ]


def against(f):
    return {"x": ([x], f), "y": ([y], -f)}


def words(found):
    return found.differential_nash.verdict, found.local_nash.verdict, found.local_minmax.verdict


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (x**2 - y**2 + 3 * x * y, ("yes", "yes", "yes")),
        (-3 * x**2 - y**2 + 4 * x * y, ("no", "no", "yes")),  # ridge toy 1
        (3 * x**2 + y**2 + 4 * x * y, ("no", "no", "no")),  # ridge toy 2
        (-5 * x**2 - y**2 + 4 * x * y, ("no", "no", "no")),  # Schur complement −10 + 16/2 < 0
        (-4 * x**2 - y**2 + 4 * x * y, ("no", "no", "no")),  # Schur complement zero
    ],
)
def test_quadratic_zero_sum_games(f, expected):
    exact, numeric = both(against(f), zero_sum=True)
    assert words(exact) == expected
    assert exact.differential_nash.evidence == "exact"
    assert words(numeric)[:2] == expected[:2]
    # numerically a singular Schur complement cannot be told from a definite one
    assert numeric.local_minmax.verdict in (expected[2], "undecided")


def test_singular_own_hessians():
    exact, numeric = both(against(x * y), zero_sum=True)
    assert words(exact) == ("no", "undecided", "no")
    assert words(numeric) == ("no", "undecided", "no")
    assert "higher derivatives" in exact.local_nash.because
    _, uncertain = both(against(x * y), zero_sum=True, uncertainty=1e-9)
    assert words(uncertain) == ("undecided", "undecided", "undecided")


def test_a_negative_own_hessian_outweighs_a_singular_one():
    exact, _ = both({"x": ([x], x * y), "y": ([y], -(y**2))})
    assert words(exact)[:2] == ("no", "no")
    assert exact.local_nash.value == pytest.approx(-2.0)
    assert "player y" in exact.local_nash.because


def test_values_and_margins():
    exact, numeric = both({"x": ([x, p], x**2 + 3 * p**2), "y": ([y], y**2 / 2)})
    for found in (exact, numeric):
        assert found.differential_nash.value == pytest.approx(1.0)
        assert found.differential_nash.margin == pytest.approx(1.0)
        assert "y's" in found.differential_nash.because


def test_minmax_reads_the_roles():
    f = -3 * x**2 - y**2 + 4 * x * y
    swapped = {"y": ([y], -f), "x": ([x], f)}
    exact, _ = both(swapped, zero_sum=True, minimizer=1)
    assert exact.local_minmax.verdict == "yes"
    assert "min over x, max over y" in exact.local_minmax.because
    exact, _ = both(swapped, zero_sum=True, minimizer=0)
    assert exact.local_minmax.verdict == "no"


def test_minmax_is_for_two_player_zero_sum_games():
    exact, _ = both({"x": ([x], x**2), "y": ([y], y**2)})
    assert exact.local_minmax.verdict == "undecided"
    assert "two-player zero-sum" in exact.local_minmax.because
    exact, _ = both({"x": ([x], x**2), "y": ([y], y**2), "p": ([p], p**2)}, zero_sum=True)
    assert exact.local_minmax.verdict == "undecided"
    assert exact.differential_stackelberg == {}


# ---- Stackelberg ------------------------------------------------------------------------------


def stackelberg(losses, leader, point=None):
    found = [c.differential_stackelberg[f"leader {leader}"] for c in both(losses, point)]
    assert [v.evidence for v in found] == ["exact", "numeric"]
    assert found[0].verdict == found[1].verdict
    assert found[0].value == pytest.approx(found[1].value, abs=1e-12)
    return found[0]


@pytest.mark.parametrize(("b", "verdict", "value"), [(2, "yes", 0.8), (1, "no", -0.2)])
def test_total_second_derivative_by_hand(b, verdict, value):
    # The follower minimises (1 + x) y²/2 − (3/2) x y, so r(x) = (3/2) x/(1 + x), r″(0) = −3.
    # L(x, r) = b x²/2 + (2/5) r − (3/5) x has derivative (2/5)(3/2) − 3/5 = 0 at 0, and second
    # derivative b − (2/5)·3. Neither ∇_y L nor the follower's third derivatives vanish.
    leader = b * x**2 / 2 + Rational(2, 5) * y - Rational(3, 5) * x
    follower = (1 + x) * y**2 / 2 - Rational(3, 2) * x * y
    found = stackelberg({"x": ([x], leader), "y": ([y], follower)}, "x")
    assert found.verdict == verdict
    # a yes names the smaller of the follower's own Hessian, 1, and the total second derivative
    assert found.value == pytest.approx(value, abs=1e-14)


def test_a_bent_response():
    # r(x) = x² and L(x, r) = r − x²/2: without the follower's third derivative −1/2 would remain
    game = {"x": ([x], y - x**2 / 2), "y": ([y], y**2 / 2 - x**2 * y)}
    found = stackelberg(game, "x")
    assert found.verdict == "yes"
    assert found.value == pytest.approx(1.0)


def test_a_total_gradient_that_does_not_vanish():
    # the origin is stationary for both, yet the leader gains by moving the follower: r = 2x, L = x² + r
    found = stackelberg({"x": ([x], x**2 + y), "y": ([y], y**2 / 2 - 2 * x * y)}, "x")
    assert found.verdict == "no"
    assert found.value == pytest.approx(2.0)
    assert "total gradient" in found.because


def test_the_followers_hessian_has_to_be_definite():
    found = stackelberg({"x": ([x], x**2), "y": ([y], -(y**2) + x * y)}, "x")
    assert found.verdict == "no"
    assert "follower y" in found.because


def test_each_player_may_lead():
    game = {"x": ([x], x**2 / 2 - 2 * x * y), "y": ([y], y**2 / 2 + 3 * x * y)}
    # x leads: r = −3x, L = x²/2 + 6x²; y leads: r = 2y, L = y²/2 + 6y²
    for player in ("x", "y"):
        assert stackelberg(game, player).verdict == "yes"
    game = {"x": ([x], x**2 / 2 + 2 * x * y), "y": ([y], y**2 / 2 + 3 * x * y)}
    # x leads: r = −3x, L = x²/2 − 6x²
    for player in ("x", "y"):
        found = stackelberg(game, player)
        assert found.verdict == "no"
        assert found.value == pytest.approx(-11.0)


@pytest.mark.parametrize("seed", slow_but(range(4), range(2)))
def test_two_dimensional_players_against_the_composed_loss(seed):
    # The follower's loss is quadratic in y with coefficients that depend on x, so that r(x) is known:
    # L_f = ½ yᵀQ(x)y − yᵀc(x), r = Q⁻¹c; c(0) = 0.
    rng = np.random.default_rng(seed)

    def integers(*shape):
        return Matrix(rng.integers(-3, 4, size=shape).tolist())

    own, other = Matrix([x, y]), Matrix([p, q])
    bend = integers(2, 2)
    matrix = Matrix([[7, 1], [1, 8]]) + (bend + bend.T) * x / 2 + sympy.eye(2) * y**2
    c = integers(2, 2) * own + integers(2, 1) * x * y + integers(2, 1) * x**2
    follower = (other.T * matrix * other)[0] / 2 - (other.T * c)[0]
    response = matrix.LUsolve(c)
    cost = (integers(1, 2) * other)[0] + (other.T * integers(2, 2) * own)[0]
    cost += 4 * (x**2 + y**2) + x * y + p * q
    origin = {x: 0, y: 0}
    composed = cost.xreplace(dict(zip(other, response, strict=True)))
    slope = Matrix([composed]).jacobian(own).subs(origin)
    cost -= (slope * own)[0]  # makes the total gradient vanish
    total = np.array(sympy.hessian(composed, (x, y)).subs(origin), dtype=float)
    game = {"lead": ([x, y], cost), "follow": ([p, q], follower)}
    found = stackelberg(game, "lead")
    smallest = np.linalg.eigvalsh(total)[0]
    assert found.verdict == ("yes" if smallest > 0 else "no")
    inner = np.linalg.eigvalsh([[7, 1], [1, 8]])[0]
    assert found.value == pytest.approx(min(smallest, inner), rel=1e-12)
