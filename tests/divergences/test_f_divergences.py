"""f-divergences: against their closed forms, a direct sum, and the objectives of f-GANs."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as hs
from sympy import exp, log

import stability.divergences as sd
from stability import InputError, InputTypeError
from stability.divergences.f_divergences import U, V
from stability.games.gan.divergences import DIVERGENCES

F = sd.F_DIVERGENCES
# f(0), lim f(u)/u and the order of growth, from the definitions by hand
LIMITS = {
    "kl": (0, math.inf, 1),
    "reverse-kl": (math.inf, 0, 0),
    "pearson": (1, math.inf, 2),
    "squared-hellinger": (1, 1, 1),
    "jensen-shannon": (math.log(2), math.log(2), 1),
    "js": (math.log(2) / 2, math.log(2) / 2, 1),
    "total-variation": (0.5, 0.5, 1),
}
ROUNDING = 1e-14  # a few roundings of numbers of order one


def by_definition(name: str, p: np.ndarray, q: np.ndarray) -> float:
    """Textbook formulas, for p, q > 0."""
    m = (p + q) / 2
    return float(
        {
            "kl": np.sum(p * np.log(p / q)),
            "reverse-kl": np.sum(q * np.log(q / p)),
            "pearson": np.sum((p - q) ** 2 / q),
            "squared-hellinger": np.sum((np.sqrt(p) - np.sqrt(q)) ** 2),
            "jensen-shannon": np.sum(p * np.log(p / m)) + np.sum(q * np.log(q / m)),
            "js": (np.sum(p * np.log(p / m)) + np.sum(q * np.log(q / m))) / 2,
            "total-variation": np.abs(p - q).sum() / 2,
        }[name]
    )


@pytest.mark.parametrize("name", F)
def test_each_generator_is_a_convex_function_with_the_known_limits(name):
    divergence = F[name]
    assert divergence.f.subs(U, 1) == 0
    assert (divergence.at_zero, divergence.slope_at_infinity, divergence.growth) == pytest.approx(
        LIMITS[name], abs=1e-15
    )
    if name != "total-variation":
        second = sympy.simplify(divergence.f.diff(U, 2))
        assert all(second.subs(U, u) > 0 for u in (sympy.Rational(1, 9), 1, 7))


# f* of each, as in Nowozin, Cseke, Tomioka 2016, table 6, in t = g(v)
CONJUGATES = {
    "kl": lambda t: exp(t - 1),
    "reverse-kl": lambda t: -1 - log(-t),
    "pearson": lambda t: t**2 / 4 + t,
    "squared-hellinger": lambda t: t / (1 - t),
    "jensen-shannon": lambda t: -log(2 - exp(t)),
    "js": lambda t: -log(2 - exp(2 * t)) / 2,  # (cf)*(t) = c f*(t/c)
}


@pytest.mark.parametrize("name", CONJUGATES)
def test_the_legendre_transform_is_that_of_the_table(name):
    divergence = F[name]
    g, derived = divergence.activation, divergence.activated_conjugate
    # ut − f(u) has its maximum over u at f'(u) = t, for f is convex
    assert sympy.simplify(divergence.f.diff(U).subs(U, divergence.ratio) - g) == 0
    difference = sympy.expand_log(CONJUGATES[name](g) - derived, force=True)
    for v in (-1.5, 0.25, 2.0):
        assert abs(sympy.N(difference.subs(V, sympy.Rational(str(v))), 30)) < 1e-25
    # g is concave and f*∘g convex, so that the variational bound is concave in v
    for v in (-2, 0, 2):
        assert g.diff(V, 2).subs(V, v) <= 0 <= derived.diff(V, 2).subs(V, v)


@pytest.mark.parametrize("objective", DIVERGENCES, ids=lambda d: d.name)
def test_the_objectives_of_f_gans_are_those_of_the_same_name(objective):
    divergence = F[objective.name]
    v = np.array([-1.9, -0.3, 0.0, 0.8, 2.5])
    with jax.enable_x64(True):
        for ours, theirs in (
            (divergence.activation, objective.activation),
            (divergence.activated_conjugate, objective.conjugate),
        ):
            expected = [float(ours.subs(V, point)) for point in v]
            np.testing.assert_allclose(
                theirs(jax.numpy.asarray(v)), expected, rtol=ROUNDING, atol=1e-15
            )


weights = hs.lists(hs.floats(1e-3, 1.0), min_size=5, max_size=5).map(lambda w: np.array(w) / sum(w))


@pytest.mark.parametrize("name", F)
def test_sums_over_points_are_those_of_the_textbook(name):
    @settings(max_examples=40, deadline=None)
    @given(weights, weights)
    def check(p, q):
        found = sd.between(name, p, q)
        # p/q up to 1000 in five terms
        assert found.value == pytest.approx(by_definition(name, p, q), rel=1e-12, abs=1e-14)
        assert sd.between(name, p, p).value <= 1e-15

    check()


@pytest.mark.parametrize("name", F)
def test_normal_densities(name):
    p, q = sd.Normal(0.3, 1.1), sd.Normal(-0.4, 0.9)
    found = sd.between(name, p, q)
    assert found.error < 1e-13
    s, t, gap = 1.1, 0.9, 0.7
    closed = {
        "kl": math.log(t / s) + (s**2 + gap**2) / (2 * t**2) - 0.5,
        "reverse-kl": math.log(s / t) + (t**2 + gap**2) / (2 * s**2) - 0.5,
        "pearson": t**2 / (s * math.sqrt(2 * t**2 - s**2)) * math.exp(gap**2 / (2 * t**2 - s**2))
        - 1,
        "squared-hellinger": 2
        - 2 * math.sqrt(2 * s * t / (s**2 + t**2)) * math.exp(-(gap**2) / (4 * (s**2 + t**2))),
    }
    if name in closed:
        assert found.value == pytest.approx(closed[name], rel=1e-13)
    else:  # against a fine midpoint sum, whose error is beyond all powers of the step for smooth densities
        x = np.linspace(-12, 12, 200_001)
        sizes = np.exp([p.log_density(x), q.log_density(x)]) * (x[1] - x[0])
        # the kink of |p − q| leaves the square of the step
        assert found.value == pytest.approx(by_definition(name, *sizes), rel=1e-8)


@pytest.mark.parametrize("name", F)
def test_what_is_lost_in_bins_is_never_gained(name):
    """The data-processing inequality: finer bins see more, and all bins less than the densities."""
    p = sd.Mixture([0.3, 0.7], [sd.Normal(-1, 0.6), sd.Normal(1, 0.8)])
    q = sd.Normal(0.3, 1.4)
    binned = []
    for bins in (2, 8, 64, 512):
        edges = np.concatenate([[-np.inf], np.linspace(-6, 6, bins - 1), [np.inf]])
        binned.append(sd.between(name, *(np.diff(r.cdf(edges)) for r in (p, q))).value)
    whole = sd.between(name, p, q).value
    assert binned[1] < binned[2] < binned[3] < whole + 1e-12
    # the last bins are 1/42 wide, and what they miss is of second order; little lies beyond ±6
    assert binned[3] == pytest.approx(whole, abs=2e-3)


def test_one_jensen_shannon_divergence_is_twice_the_other():
    for p, q in (([0.2, 0.8], [0.7, 0.3]), (sd.Normal(0, 1), sd.Uniform(-1, 3))):
        half, whole = (sd.between(name, p, q).value for name in ("js", "jensen-shannon"))
        assert whole == pytest.approx(2 * half, rel=ROUNDING)


# ---- Where a divergence is infinite, or a logarithm of nothing is met ---------------------------

DISJOINT = {name: at_zero + slope for name, (at_zero, slope, _) in LIMITS.items()}


@pytest.mark.parametrize("name", F)
@pytest.mark.parametrize("distance", [1e-6, 0.5, 40.0])
def test_disjoint_supports_cost_the_same_at_any_distance(name, distance):
    pairs = [
        (sd.Finite([1.0], [0.0]), sd.Finite([1.0], [distance])),
        (sd.Uniform(0, 1), sd.Uniform(1 + distance, 2 + distance)),
        (sd.empirical(np.zeros((1, 3))), sd.empirical(np.full((1, 3), distance))),
    ]
    for p, q in pairs:
        assert sd.between(name, p, q).value == pytest.approx(DISJOINT[name], rel=ROUNDING)
    assert sd.between(name, sd.Finite([1.0], [0.0]), sd.Normal(0, 1)).value == DISJOINT[name]


def test_one_sided_supports():
    p, q = [0.5, 0.5, 0.0], [0.25, 0.5, 0.25]
    assert sd.between("kl", p, q).value == pytest.approx(math.log(2) / 2, rel=ROUNDING)
    assert sd.between("pearson", p, q).value == pytest.approx(1 / 4 + 1 / 4, rel=ROUNDING)
    assert sd.between("reverse-kl", p, q).value == math.inf
    assert sd.between("kl", q, p).value == math.inf
    # uniform on a third of the other's segment: KL = log 3; the other way infinite
    third, whole = sd.Uniform(1, 2), sd.Uniform(0, 3)
    assert sd.between("kl", third, whole).value == pytest.approx(math.log(3), rel=ROUNDING)
    assert sd.between("reverse-kl", third, whole).value == math.inf
    assert sd.between("total-variation", third, whole).value == pytest.approx(2 / 3, rel=ROUNDING)
    # what of a normal density lies beyond ±50 is less than the smallest float, and yet not nothing
    wide, bell = sd.Uniform(-50, 50), sd.Normal(0, 1)
    assert sd.between("kl", bell, wide).value == math.inf
    assert sd.between("reverse-kl", wide, bell).value == math.inf
    assert sd.between("js", bell, wide).value < math.log(2)
    # −∫ log φ over [0, 1] is log √(2π) + 1/6
    expected = math.log(2 * math.pi) / 2 + 1 / 6
    found = sd.between("kl", sd.Uniform(0, 1), sd.Normal(0, 1)).value
    assert found == pytest.approx(expected, rel=ROUNDING)


def test_heavy_tails_make_pearsons_divergence_infinite():
    assert sd.between("pearson", sd.Normal(0, 1), sd.Normal(0, 0.707)).value == math.inf
    # at variance v of the second, v/√(2v − 1) − 1, by tails that are 140 times longer
    v = 0.50002
    found = sd.between("pearson", sd.Normal(0, 1), sd.Normal(0, math.sqrt(v)))
    # 2v − 1 loses four digits
    assert found.value == pytest.approx(v / math.sqrt(2 * v - 1) - 1, rel=1e-10)
    assert sd.between("pearson", sd.Normal(0, 1), sd.Normal(90, 1)).how.startswith("larger than")


def test_far_and_narrow_densities_do_not_overflow():
    far = sd.between("kl", sd.Normal(0, 1), sd.Normal(1000, 1)).value
    assert far == pytest.approx(500_000, rel=1e-12)
    assert sd.between("js", sd.Normal(0, 1), sd.Normal(1000, 1)).value == pytest.approx(math.log(2))
    narrow = sd.between("kl", sd.Normal(0, 1e-20), sd.Normal(0, 1)).value
    assert narrow == pytest.approx(20 * math.log(10) - 0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("entropy", [1.0], [1.0]), "no divergence 'entropy'"),
        (("kl", [0.5, 0.5], [1.0]), "2 and 1 entries"),
        (("kl", [], []), "vector of probabilities"),
        (("kl", [[0.5, 0.5]], [0.5, 0.5]), "vector of probabilities"),
        (("kl", [0.5, np.nan], [0.5, 0.5]), "not finite"),
        (("kl", [1.5, -0.5], [0.5, 0.5]), "not negative"),
        (("kl", [1e308, 1e308], [0.5, 0.5]), "at most one"),
        (("kl", [0.5, 0.6], [0.5, 0.5]), "sum to 1.1; divide"),
        (("kl", "normal", [1.0]), "not 'normal'"),
        (("kl", 3, [1.0]), "not 3"),
        (("kl", ["a", "b"], [1.0]), "real numbers"),
        (("wasserstein-1", [0.5, 0.5], [0.5, 0.5]), "give Finite"),
        (("mmd-squared", [0.5, 0.5], [0.5, 0.5]), "give Finite"),
    ],
)
def test_bad_distributions_get_one_sentence(arguments, says):
    with pytest.raises(InputError, match=says):
        sd.between(*arguments)


def test_bad_parts_get_one_sentence():
    with pytest.raises(InputError, match="scale of a normal distribution is a positive"):
        sd.Normal(0, 0)
    with pytest.raises(InputError, match="lies beyond"):
        sd.Normal(1e200, 1)
    with pytest.raises(InputError, match="needs low < high"):
        sd.Uniform(2, 1)
    with pytest.raises(InputTypeError, match="components of a mixture are densities"):
        sd.Mixture([1.0], [[0.5, 0.5]])
    with pytest.raises(InputError, match="2 weights for 1 components"):
        sd.Mixture([0.5, 0.5], [sd.Normal(0, 1)])
    with pytest.raises(InputError, match="2 weights for 1 points"):
        sd.Finite([0.5, 0.5], [0.0])
    with pytest.raises(InputError, match="not empty"):
        sd.empirical(np.zeros((0, 2)))
    with pytest.raises(InputError, match="reach beyond"):
        sd.empirical([1e150])
    with pytest.raises(InputError, match="has points and the other none"):
        sd.between("kl", sd.Finite([1.0], [0.0]), [1.0])
