"""The conditions of Nagarajan and Kolter: known GANs, random ones, and the theorem's own bounds."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sympy

import stability as st
from stability.verdicts.nagarajan_kolter import judge
from stability.verdicts.nagarajan_kolter_checks import three_conditions
from stability.verdicts.saddle_bounds import eigenvalue_bounds
from tests.selection import slow_but
from tests.verdicts.random_gans import break_first, break_second, break_third, random_gan

a, b, w, u = sympy.symbols("a b w u", real=True)


def logistic(t):
    return -sympy.log(1 + sympy.exp(-t))


def gan(value, generator=(a,), discriminator=(w,), **options):
    players = {"gen": (list(generator), value), "disc": (list(discriminator), -value)}
    return st.SymbolicGame(players, **options)


def words(found):
    return tuple(v.verdict for v in (found.realisable, found.concave, found.full_rank))


LINEAR = gan(logistic(w) + logistic(-w * a))  # the datum 1, D(x) = wx, G(z) = az at z = 1
WASSERSTEIN = gan(w * (1 - a**2) / 3)  # data and latents U[−1, 1], D(x) = wx², G(z) = az

# ---- known GANs -------------------------------------------------------------------------------


def test_a_concave_concave_objective_is_stable_all_the_same():
    value = LINEAR.losses()[0]
    second = [sympy.diff(value, s, 2) for s in (a, w)]
    for point in ((0.5, 1.0), (2.0, -1.5), (-1.0, 0.3)):
        put = dict(zip((a, w), point, strict=True))
        assert all(e.xreplace({k: sympy.Float(v) for k, v in put.items()}) < 0 for e in second)
    found = st.nagarajan_kolter(LINEAR, {"a": 1, "w": 0})
    assert words(found) == ("yes", "yes", "yes")
    # Q = ½ and P = −½, so the eigenvalues are −¼ ± i√3/4 and both numbers are exact
    assert (found.concave.value, found.full_rank.value) == (0.5, 0.5)
    assert found.linearised.value == pytest.approx(-0.25, abs=1e-15)
    assert found.implied.value == -0.25
    assert found.implied.verdict == found.linearised.verdict == "exponentially stable"
    assert {v.evidence for v in found.verdicts.values()} == {"exact"}


@pytest.mark.parametrize("engine", ["SymPy", "JAX"])
def test_the_wasserstein_gan_breaks_the_second_condition(engine):
    game = WASSERSTEIN if engine == "SymPy" else WASSERSTEIN.numeric()
    for at in (1, -1):
        found = st.nagarajan_kolter(game, {"a": float(at), "w": 0.0})
        assert words(found) == ("yes", "no", "yes")
        assert "nothing damps it" in found.concave.because
        # ∇²_GG‖V_w‖² = 2P², P = V_wa = −2a/3; a dozen roundings at most
        assert found.full_rank.value == pytest.approx(8 / 9, rel=1e-14)
        assert found.implied.verdict == found.linearised.verdict == "undecided"
        assert found.bounds is None


def test_the_minimax_gan_on_squares():
    """B3: E log-likelihoods of D(x) = wx² on U[−1, 1]; Q = 1/10 and P = 1/3 in modulus at (w, a) = (0, 1)."""
    # to second order in w: V_ww = 2f″(0)E x⁴ = −1/10, V_w = f′(0)(1 − a²)/3
    value = (1 - a**2) * w / 6 - (1 + a**4) * w**2 / 40
    found = st.nagarajan_kolter(gan(value), {"a": 1, "w": 0})
    assert words(found) == ("yes", "yes", "yes")
    assert found.concave.value == pytest.approx(0.1, rel=1e-15)
    assert found.full_rank.value == pytest.approx(2 / 9, rel=1e-15)
    assert found.linearised.value == pytest.approx(-1 / 20, rel=1e-14)
    assert found.bounds.complex == pytest.approx((-1 / 20, -1 / 20), rel=1e-14)


def test_the_dirac_gan_breaks_the_second_condition():
    """D(x) = ψx at the datum 0 does not see ψ: Mescheder's counterexample meets 1 and 3 only."""
    found = st.nagarajan_kolter(st.load("dirac-gan"), [0, 0])
    assert words(found) == ("yes", "no", "yes")
    assert found.linearised.verdict == "undecided"


def test_the_penalty_gives_the_generator_a_curvature_of_its_own():
    game = st.NagarajanKolter(eta=1)(WASSERSTEIN)
    found = st.nagarajan_kolter(game, {"a": 1, "w": 0})
    # η‖V_w‖² has second derivative 2P² = 8/9: the repair is of another kind than the theorem's
    assert words(found) == ("no", "no", "yes")
    assert found.realisable.value == pytest.approx(8 / 9, rel=1e-14)
    assert found.linearised.verdict == "exponentially stable"


# ---- manifolds of equilibria ------------------------------------------------------------------

DOUBLED = {
    "two parameters of D do the work of one": (
        gan(logistic(w + u) + logistic(-(w + u) * a), (a,), (w, u)),
        {"a": 1, "w": 0, "u": 0},
        "exact",
    ),
    "two parameters of G do, along a line": (
        gan(logistic(w) + logistic(-w * (a + b)), (a, b)),
        {"a": 1, "b": 0, "w": 0},
        "exact",
    ),
    "two parameters of G do, along a circle": (
        gan(logistic(w) + logistic(-w * (a**2 + b**2)), (a, b)),
        {"a": sympy.Rational(3, 5), "b": sympy.Rational(4, 5), "w": 0},
        "numeric",
    ),
}


@pytest.mark.parametrize(("game", "point", "evidence"), DOUBLED.values(), ids=DOUBLED)
def test_kernels_of_equilibria_are_allowed(game, point, evidence):
    found = st.nagarajan_kolter(game, point)
    assert words(found) == ("yes", "yes", "yes")
    assert found.manifold_dimension == 1
    assert found.implied.evidence == evidence
    assert found.implied.verdict == found.linearised.verdict == "exponentially stable"
    assert "manifold" in found.implied.because


def test_a_kernel_of_the_linearisation_only_is_no_kernel_of_equilibria():
    """D sees b only through b²: P has the kernel (0, 1), but p_G leaves p_data along it."""
    value = logistic(w) + logistic(-w * a) + logistic(u) + logistic(-u * (1 + b**2))
    game = gan(value, (a, b), (w, u))
    point = {"a": 1, "b": 0, "w": 0, "u": 0}
    for each in (game, game.numeric()):
        found = st.nagarajan_kolter(each, {k: float(v) for k, v in point.items()})
        assert words(found) == ("yes", "yes", "no")
        assert "no equilibria were found" in found.full_rank.because
    assert st.nagarajan_kolter(game, point).linearised.verdict == "undecided"


def test_branches_of_equilibria_that_cross_are_no_manifold():
    """V gains u²b²: it rests where u = 0 and where b = 0, and between them D and G run away from rest."""
    crossing = gan(logistic(w) + logistic(-w * a) + u**2 * b**2, (a, b), (w, u))
    found = st.nagarajan_kolter(crossing, {"a": 1, "b": 0, "w": 0, "u": 0})
    assert words(found) == ("yes", "yes", "undecided")
    assert "cross" in found.full_rank.because
    assert found.implied.verdict == "undecided"
    idle = gan(logistic(w) + logistic(-w * a), (a, b), (w, u))  # nothing depends on u and b
    surface = st.nagarajan_kolter(idle, {"a": 1, "b": 0, "w": 0, "u": 0})
    assert (words(surface), surface.manifold_dimension) == (("yes", "yes", "yes"), 2)


def test_rounding_that_hides_a_kernel_is_undecided():
    """The same in turned coordinates: in floating point a tiny second singular value cannot be excluded."""
    s, t = (3 * a - 4 * b) / 5, (4 * a + 3 * b) / 5
    value = logistic(w) + logistic(-w * (1 + s)) + logistic(u) + logistic(-u * (1 + t**2))
    game = gan(value, (a, b), (w, u))
    exact = st.nagarajan_kolter(game, [0, 0, 0, 0])
    assert words(exact) == ("yes", "yes", "no")
    found = st.nagarajan_kolter(game.numeric(), [0, 0, 0, 0])
    assert words(found) == ("yes", "yes", "undecided")
    assert "an exact analysis would decide" in found.full_rank.because


def test_a_manifold_of_everything_is_neutral():
    found = st.nagarajan_kolter(gan(w * 0 + a * 0), {"a": 0, "w": 0})
    assert words(found) == ("yes", "yes", "yes")
    assert found.implied.verdict == found.linearised.verdict == "neutral"


# ---- a thousand random GANs -------------------------------------------------------------------


@pytest.mark.parametrize("count", slow_but((150, 1000), (150,)))
def test_random_gans_that_meet_the_conditions_are_stable(count):
    rng = np.random.default_rng(1)
    manifolds = 0
    for _ in range(count):
        at = random_gan(rng).surroundings
        found = judge(at)
        assert words(found) == ("yes", "yes", "yes"), found
        assert found.implied.verdict == found.linearised.verdict == "exponentially stable", found
        # both numbers are known to about 1e-13 here
        assert found.linearised.value <= found.implied.value + 1e-12
        assert found.defect == 0.0
        manifolds += found.manifold_dimension > 0
    assert 0.2 * count < manifolds < 0.9 * count


@pytest.mark.parametrize("count", slow_but((150, 1000), (150,)))
@pytest.mark.parametrize("broken", [1, 2, 3])
def test_each_broken_condition_is_the_one_reported(broken, count):
    rng = np.random.default_rng(broken)
    break_it = {1: break_first, 2: break_second, 3: break_third}[broken]
    expected = tuple("no" if i == broken else "yes" for i in (1, 2, 3))
    for _ in range(count):
        at = break_it(rng, random_gan(rng, degenerate=False)).surroundings
        first, second, third = three_conditions(at)
        verdicts = (first.verdict, second.verdict.verdict, third.verdict.verdict)
        assert verdicts == expected, (first, second, third)


# ---- the theorem's bounds ---------------------------------------------------------------------


def test_the_bounds_hold_and_are_sharper_than_the_papers():
    rng = np.random.default_rng(0)
    attained = 0
    for _ in range(500):
        n = int(rng.integers(1, 7))
        m = int(rng.integers(0, n + 1))
        root = rng.normal(size=(n, n)) * 10.0 ** rng.uniform(-1, 1)
        q, p = root @ root.T + 0.01 * np.eye(n), rng.normal(size=(n, m))
        bounds = eigenvalue_bounds(q, p)
        values = np.linalg.eigvals(np.block([[-q, p], [-p.T, np.zeros((m, m))]]))
        pairs = np.abs(values.imag) > 1e-7 * np.abs(values).max()
        slack = 1e-9 * np.abs(values).max()
        low, high = bounds.real
        real = values.real[~pairs]
        assert ((low - slack <= real) & (real <= high + slack)).all()
        if pairs.any():
            low, high = bounds.complex
            assert (
                (low - slack <= values.real[pairs]) & (values.real[pairs] <= high + slack)
            ).all()
        attained += bool(real.size) and abs(real.max() - bounds.real[1]) < slack
        if m:
            extremes, square = np.linalg.eigvalsh(q)[[0, -1]], np.linalg.svd(p)[1][-1] ** 2
            paper = -extremes[0] * square / (extremes[0] * extremes[1] + square)
            assert bounds.real[1] <= paper * (1 - 1e-12)
    assert attained > 10


def test_the_bounds_are_the_eigenvalues_where_both_players_have_one_parameter():
    overdamped, underdamped = (eigenvalue_bounds(np.array([[q]]), np.eye(1)) for q in (4.0, 1.0))
    assert overdamped.real[1] == pytest.approx(-2 + np.sqrt(3), rel=1e-15)
    assert underdamped.complex == (-0.5, -0.5)


# ---- the value, and bad input -----------------------------------------------------------------


def test_the_value_prints_itself_and_is_data():
    found = st.nagarajan_kolter(LINEAR, {"a": 1, "w": 0})
    lines = str(found).splitlines()
    assert lines[0] == "Nagarajan–Kolter conditions, discriminator disc"
    assert [line[0] for line in lines[1:] if line[0] != " "] == ["1", "2", "3", "t", "t"]
    assert all(len(line) <= 80 for line in lines)
    data = json.loads(json.dumps(found.to_dict()))
    assert data["bounds"]["complex"] == [-0.25, -0.25]
    assert data["implied"]["verdict"] == "exponentially stable"
    assert data["defect"] == 0.0


def test_who_the_discriminator_is():
    value = logistic(w) + logistic(-w * a)
    game = st.SymbolicGame({"alice": ([w], -value), "bob": ([a], value)}, minimizer="bob")
    assert st.nagarajan_kolter(game, {"a": 1, "w": 0}).discriminator == "alice"
    other = st.nagarajan_kolter(game, {"a": 1, "w": 0}, discriminator="bob")
    assert (other.discriminator, words(other)) == ("bob", ("no", "no", "yes"))
    with pytest.raises(st.InputError, match="no player 'carol'"):
        st.nagarajan_kolter(game, {"a": 1, "w": 0}, discriminator="carol")
    both = st.SymbolicGame({"d": ([w], -value), "critic": ([a], value)})
    with pytest.raises(st.InputError, match="not clear"):
        st.nagarajan_kolter(both, {"a": 1, "w": 0})


def test_away_from_rest_the_first_condition_fails_and_the_others_are_open():
    found = st.nagarajan_kolter(LINEAR, {"a": 2, "w": 0})
    assert words(found) == ("no", "undecided", "undecided")
    assert "not stationary" in found.realisable.because


def test_at_a_kink_nothing_is_decided():
    found = st.nagarajan_kolter(gan(sympy.Abs(w) * a), [0, 0])
    assert words(found) == ("undecided",) * 3


def test_three_players_do_not_apply():
    game = st.SymbolicGame({"disc": ([w], w**2), "gen": ([a], a**2), "other": ([b], b**2)})
    found = st.nagarajan_kolter(game, [0, 0, 0])
    assert found.realisable.word == "not applicable"
    assert "this game has 3" in found.realisable.because
