"""Proximal equilibria against closed forms, brute force, the other engine, and their two limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import sympy
from sympy import Rational

import stability as st
from stability.verdicts.conditions import conditions
from stability.verdicts.point import game_point

x, y, z = sympy.symbols("x y z", real=True)
a, b, c = sympy.symbols("a b c", real=True)


def zero_sum(value, minimise=(x,), maximise=(y,), **options):
    players = {"min": (list(minimise), value), "max": (list(maximise), -value)}
    return st.SymbolicGame(players, **options)


def quadratic(matrix, dx):
    """The zero-sum game ½ uᵀ matrix u in JAX and in SymPy."""
    d = len(matrix)
    rational = sympy.Matrix(matrix.tolist()).applyfunc(lambda e: Rational(repr(float(e))))
    symbols = sympy.symbols(f"u0:{d}", real=True)
    u = sympy.Matrix(symbols)
    in_sympy = zero_sum((u.T * rational * u)[0] / 2, symbols[:dx], symbols[dx:])
    return in_sympy.numeric(), in_sympy


def proximal_hessian(matrix, dx, lam, metric=None):
    """The second derivative of the proximal value, straight from its definition."""
    metric = np.eye(len(matrix) - dx) if metric is None else metric
    v_xx, v_xy, v_yy = matrix[:dx, :dx], matrix[:dx, dx:], matrix[dx:, dx:]
    return v_xx + v_xy @ np.linalg.solve(lam * metric - v_yy, v_xy.T)


def random_minmax(rng, dx, dy):
    """A random strict local minmax point: V_yy ≺ 0 and a positive definite Schur complement."""
    coupling = rng.normal(size=(dx, dy))
    root, other = rng.normal(size=(dy, dy)), rng.normal(size=(dx, dx))
    v_yy = -root @ root.T - 0.1 * np.eye(dy)
    v_xx = coupling @ np.linalg.solve(v_yy, coupling.T) + other @ other.T + 0.01 * np.eye(dx)
    return np.round(np.block([[v_xx, coupling], [coupling.T, v_yy]]), 3)


# ---- closed forms -----------------------------------------------------------------------------


def test_a_minmax_point_that_is_no_nash_is_proximal_exactly_below_two_thirds():
    game = zero_sum(-3 * x**2 - y**2 + 4 * x * y)  # V_xx = −6, V_xy = 4, V_yy = −2
    for lam, verdict in {0: "yes", 0.5: "yes", 0.667: "no", 1: "no"}.items():
        found = st.proximal_equilibrium(game, [0, 0], lam)
        assert (found.verdict.verdict, found.verdict.evidence) == (verdict, "exact")
        # the eigenvalue is −6 + 16/(λ + 2); exact but for one rounding each
        assert found.verdict.value == pytest.approx(min(-6 + 16 / (lam + 2), 2), rel=1e-13)
        assert (found.critical_lam, found.critical_lam_exact) == (2 / 3, "2/3")
    boundary = st.proximal_equilibrium(game, [0, 0], Rational(2, 3))
    assert (boundary.verdict.verdict, boundary.verdict.value) == ("undecided", 0.0)


def test_the_critical_number_in_the_parameters():
    game = zero_sum(
        a * x**2 / 2 + b * x * y + c * y**2 / 2, parameters={a: -1, b: 2, c: Rational(-1, 2)}
    )
    found = st.proximal_equilibrium(game, {"x": 0, "y": 0})
    assert found.critical_lam == 3.5
    closed = sympy.sympify(found.critical_lam_exact)
    assert sympy.simplify(closed - (c - b**2 / a).subs({s: s.name for s in (a, b, c)})) == 0


def test_a_root_that_is_not_rational_has_its_closed_form():
    value = -(x**2) - 2 * y**2 - 3 * z**2 + 4 * x * (y + z)
    found = st.proximal_equilibrium(zero_sum(value, (x,), (y, z)), [0, 0, 0])
    # −2 + 16/(λ + 4) + 16/(λ + 6) vanishes at λ² − 6λ − 56 = 0
    assert sympy.sympify(found.critical_lam_exact) == 3 + sympy.sqrt(65)
    assert found.critical_lam == pytest.approx(3 + math.sqrt(65), rel=1e-15)


@pytest.mark.parametrize(
    ("value", "critical", "verdict"),
    [
        (x**2 - y**2 + x * y, math.inf, "yes"),  # differential Nash
        (x * y - y**2, math.inf, "yes"),  # V_xx = 0: no differential Nash, and proximal for every λ
        (3 * x**2 + y**2 + 4 * x * y, 0.0, "no"),  # y does not maximise
        (-5 * x**2 - y**2 + 4 * x * y, 0.0, "no"),  # no minmax point
        (x * y, 0.0, "undecided"),  # not strict for y
        (x * y - x**2 / 2, 0.0, "undecided"),  # not strict for y, and 0 for x at λ = 1
        (x * y - x**2, 0.0, "no"),  # not strict for y, but −2 + 1/λ < 0 decides
    ],
)
def test_kinds_of_points(value, critical, verdict):
    found = st.proximal_equilibrium(zero_sum(value), [0, 0], 1)
    assert (found.critical_lam, found.verdict.verdict) == (critical, verdict)
    assert found.verdict.evidence == "exact"


def test_who_minimises_is_the_games_own_word():
    players = {
        "max": ([y], 3 * x**2 + y**2 - 4 * x * y),
        "min": ([x], -3 * x**2 - y**2 + 4 * x * y),
    }
    game = st.SymbolicGame(players, minimizer="min")
    assert st.proximal_equilibrium(game, [0, 0]).critical_lam_exact == "2/3"


def test_terms_that_only_the_other_could_change_do_not_matter():
    value = -3 * x**2 - y**2 + 4 * x * y
    game = st.SymbolicGame({"min": ([x], value + 7 * y**2), "max": ([y], -value - 9 * x**2)})
    assert st.proximal_equilibrium(game, [0, 0]).critical_lam_exact == "2/3"


# ---- the definition, by brute force -----------------------------------------------------------


def test_the_verdict_is_that_of_the_proximal_value_itself():
    """V_prox by numerical maximisation around a point where V is no quadratic."""

    def value(u, v):
        return -(u**2) - v**2 + 2 * u * v + u**3 - u * v**3 + np.sin(u * v)

    def proximal_value(u, lam):
        found = scipy.optimize.minimize_scalar(
            lambda v: lam / 2 * v**2 - value(u, v),
            bounds=(-0.5, 0.5),
            method="bounded",
            options={"xatol": 1e-12},
        )
        return -found.fun

    game = zero_sum(-(x**2) - y**2 + 2 * x * y + x**3 - x * y**3 + sympy.sin(x * y))
    critical = st.proximal_equilibrium(game, [0, 0]).critical_lam
    assert critical == 2.5  # −2 + 9/(λ + 2) = 0
    for lam in (0.0, 1.0, 2.3, 2.7, 4.0):
        verdict = st.proximal_equilibrium(game, [0, 0], lam).verdict
        around = min(proximal_value(u, lam) for u in (-1e-3, 1e-3))
        # the second-order term is at least 0.09e-6/2; V's third derivatives add about 1e-9
        assert (verdict.verdict == "yes") == (around > 0)


# ---- random games: engines, bisection, limits -------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_the_engines_agree_with_bisection(seed):
    rng = np.random.default_rng(seed)
    dx, dy = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    matrix = random_minmax(rng, dx, dy)
    numeric, symbolic = quadratic(matrix, dx)
    origin = [0] * (dx + dy)
    found = [st.proximal_equilibrium(game, origin, 0.3) for game in (numeric, symbolic)]
    assert [f.verdict.evidence for f in found] == ["numeric", "exact"]

    def smallest(lam):
        return np.linalg.eigvalsh(proximal_hessian(matrix, dx, lam))[0]

    if np.linalg.eigvalsh(matrix[:dx, :dx])[0] > 0:
        assert [f.critical_lam for f in found] == [math.inf, math.inf]
    else:
        root = scipy.optimize.brentq(smallest, 0.0, 1e6, xtol=1e-13, rtol=1e-13)
        for f in found:
            # bisection stops within 1e-13; the eigenvalue problem's condition is below 1e3 here
            assert f.critical_lam == pytest.approx(root, rel=1e-8)
    for f in found:
        assert f.verdict.verdict == ("yes" if smallest(0.3) > 0 else "no")


@pytest.mark.parametrize("singular", [2])
def test_directions_without_own_curvature_are_eliminated(singular):
    """V_xx = diag(0, …, −a): numerically its kernel has no size, and λ* is that of the rest."""
    rng = np.random.default_rng(singular)
    dx, dy = singular + 1, singular + 2
    coupling = np.round(rng.normal(size=(dx, dy)), 2)
    v_xx = np.zeros((dx, dx))
    v_xx[-1, -1] = -0.1
    matrix = np.block([[v_xx, coupling], [coupling.T, -np.eye(dy) / 4]])
    numeric, symbolic = quadratic(matrix, dx)
    found = [
        st.proximal_equilibrium(g, [0.0] * (dx + dy)).critical_lam for g in (numeric, symbolic)
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-10)
    below, above = (
        np.linalg.eigvalsh(proximal_hessian(matrix, dx, found[1] * (1 + s)))[0]
        for s in (-1e-6, 1e-6)
    )
    assert below > 0 > above


def test_the_limits_are_minmax_and_nash():
    general = zero_sum(a * x**2 + b * x * y + c * y**2, parameters={a: 0, b: 0, c: 0})
    seen = set()
    for triple in ((1, 0.5, -1), (-1, 3, -1), (-1, 0.5, -1), (1, 1, 1), (0.3, -2.1, -0.4)):
        values = dict(zip("abc", triple, strict=True))
        numeric, exact, _ = game_point(general, [0, 0], values).derivatives
        known = conditions(
            general.partition, numeric, exact, zero_sum=True, minimizer=0, uncertainty=0.0
        )
        first, last = (
            st.proximal_equilibrium(general, [0, 0], lam, parameters=values) for lam in (0, 10**9)
        )
        assert first.verdict.verdict == known.local_minmax.verdict
        assert last.verdict.verdict == known.differential_nash.verdict
        assert (first.critical_lam > 0) == (known.local_minmax.verdict == "yes")
        seen.add((first.verdict.verdict, last.verdict.verdict))
    assert seen == {("yes", "yes"), ("yes", "no"), ("no", "no")}


def test_a_metric_is_a_change_of_the_maximisers_coordinates():
    rng = np.random.default_rng(3)
    matrix = random_minmax(rng, 2, 2)
    while np.linalg.eigvalsh(matrix[:2, :2])[0] > 0:
        matrix = random_minmax(rng, 2, 2)
    metric = np.array([[2.0, 0.5], [0.5, 1.0]])
    change = np.linalg.inv(np.linalg.cholesky(metric).T)  # ‖z‖_M = ‖w‖ with z = change @ w
    both = scipy.linalg.block_diag(np.eye(2), change)
    moved = st.proximal_equilibrium(quadratic(both.T @ matrix @ both, 2)[0], [0] * 4)
    for game in quadratic(matrix, 2):
        own = st.proximal_equilibrium(game, [0] * 4, metric=metric)
        assert own.critical_lam == pytest.approx(moved.critical_lam, rel=1e-9)
        assert own.verdict.verdict == moved.verdict.verdict
        twice = st.proximal_equilibrium(game, [0] * 4, metric=2 * metric)
        assert twice.critical_lam == pytest.approx(own.critical_lam / 2, rel=1e-12)


# ---- where it does not apply, and bad input ---------------------------------------------------


def test_it_does_not_apply_to_general_sum_games():
    game = st.SymbolicGame({"a": ([x], x**2 + x * y), "b": ([y], y**2 + x * y)})
    found = st.proximal_equilibrium(game, [0, 0])
    assert (found.verdict.word, found.critical_lam) == ("not applicable", None)
    three = st.SymbolicGame({"a": ([x], x**2), "b": ([y], y**2), "c": ([z], z**2)})
    assert "3 player" in st.proximal_equilibrium(three, [0, 0, 0]).verdict.because


def test_away_from_rest_and_at_kinks_nothing_is_decided():
    game = zero_sum(x**2 - y**2)
    assert "not stationary" in str(st.proximal_equilibrium(game, [1, 0]))
    kink = zero_sum(sympy.Abs(x) - y**2)
    assert "not differentiable" in str(st.proximal_equilibrium(kink, [0, 0]))


def test_the_value_is_data():
    data = st.proximal_equilibrium(zero_sum(x**2 - y**2), [0, 0]).to_dict()
    assert (data["critical_lam"], data["verdict"]["verdict"], data["lam"]) == (None, "yes", 1.0)


@pytest.mark.parametrize(
    ("point", "options", "words"),
    [
        ([0, 0], {"lam": -1}, "zero or a positive"),
        ([0, 0], {"lam": math.nan}, "zero or a positive"),
        ([0, 0], {"lam": math.inf}, "finite"),
        ([0, 0], {"lam": "1"}, "zero or a positive"),
        ([0], {}, "2 real numbers, not 1"),
        (3, {}, "2 real numbers"),
        ([0, math.nan], {}, "coordinate y is a finite real number, not nan"),
        (["0", 0], {}, "coordinate x is a finite real number, not '0'"),
        (np.zeros((2, 1)), {}, "coordinate x is a finite real number, not ndarray"),
        ([1e300, 0], {}, "too large: 1e.300"),
        ({"x": 0}, {}, "nothing of y"),
        ({"x": 0, "y": 0, "w": 1}, {}, "names w, which is no variable"),
        ([0, 0], {"metric": [[0.0]]}, "positive definite"),
        ([0, 0], {"metric": [[1.0, 0.0]]}, "shape"),
        ([0, 0], {"parameters": {"q": 1}}, "no parameter q"),
    ],
)
def test_bad_input_gets_one_sentence(point, options, words):
    with pytest.raises(st.InputError, match=words) as error:
        st.proximal_equilibrium(zero_sum(x**2 - y**2), point, **options)
    assert "\n" not in str(error.value)
