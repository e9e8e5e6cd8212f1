"""Local Nash equilibria at kinks, by the directional derivatives of the own losses."""

import numpy as np
import pytest
import sympy

from stability.verdicts.kinks import conditions_at_kink

x, y = sympy.symbols("x y", real=True)
ABS, HALF = sympy.Abs, sympy.Rational(1, 2)


def found(losses, owned, point=None):
    point = (sympy.Integer(0),) * sum(map(len, owned)) if point is None else point
    players = ["ann", "bob"][: len(owned)]
    return conditions_at_kink(
        players, owned, tuple(losses), point, exact=True, zero_sum=len(owned) == 2
    )


def nash(*args, **options):
    return found(*args, **options).local_nash


# the loss of x at 0, the verdict, the slope that decides
ONE = {
    "L1": (ABS(x), "yes", 1),
    "a kink downwards": (-ABS(x), "no", -1),
    "one side level": (sympy.Max(x, 0), "yes", None),
    "one side falls": (sympy.Max(x, 0) + x / 2, "no", -HALF),
    "sloping": (ABS(x) + 2 * x, "no", -1),
    "hinge": (sympy.Max(x, 0) - x / 3, "yes", sympy.Rational(1, 3)),
    "square root": (sympy.sqrt(ABS(x)), "yes", None),
    "falls at second order": (sympy.Max(x, 0) - x**2, "no", None),
}


@pytest.mark.parametrize("name", ONE)
def test_one_variable(name):
    loss, verdict, slope = ONE[name]
    own = nash([loss], [(x,)])
    assert own.verdict == verdict
    if slope is None:
        assert own.value is None
    else:
        assert own.value == pytest.approx(float(slope))
    assert own.evidence == "exact"


# a loss of (x, y) at the origin
SEVERAL = {
    "L1": (ABS(x) + ABS(y), "yes"),
    "tilted less": (ABS(x) + ABS(y) + (x - y) / 2, "yes"),
    "tilted more": (ABS(x) + ABS(y) + 2 * x, "no"),
    "a valley": (ABS(x) + y**2, "yes"),
    "a ridge": (ABS(x) - y**2, "no"),
    "a sloping valley": (ABS(x) + y, "no"),
    "a bent valley": (ABS(x - y**2) + y**2 - x / 3, "yes"),
    "a bent ridge": (ABS(x - y**2) - 2 * x / 3 + y**2 / 3, "no"),
    "three kinks": (ABS(x) + ABS(y) + ABS(x - y), "yes"),
    "of which one falls": (ABS(x) + ABS(y) - 3 * ABS(x - y), "no"),
    "level": (ABS(x) + sympy.Max(y, 0), "undecided"),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_several_variables_of_one_player(name):
    loss, verdict = SEVERAL[name]
    own = found([loss], [(x, y)])
    assert own.local_nash.verdict == verdict
    assert own.differential_nash.verdict == "no"  # whether or not it is local Nash


def test_the_slope_is_the_least_of_all_directions():
    """|x| + |y − x| − x/4 rises least along x = y, by 3/4 over √2."""
    own = nash([ABS(x) + ABS(y - x) - x / 4], [(x, y)])
    assert own.value == pytest.approx(0.75 / np.sqrt(2))
    angles = np.linspace(0, 2 * np.pi, 100001)
    c, s = np.cos(angles), np.sin(angles)
    assert own.value == pytest.approx(float(np.min(abs(c) + abs(s - c) - c / 4)), abs=1e-4)


def test_only_the_own_slice_counts():
    """ψ = 0 makes θψ level for θ; |ψ| is not θ's."""
    own = found([x * y + ABS(y) ** 3, (ABS(y) - 1) ** 2 - x * y], [(x,), (y,)])
    assert own.local_nash.verdict == "no"
    assert "bob can do better nearby" in own.local_nash.because
    assert "slope 2" in own.local_nash.because
    calm = found([x * y + ABS(y), ABS(y) - x * y], [(x,), (y,)]).local_nash
    assert calm.verdict == "yes"
    assert "weakly" in calm.because


def test_a_slope_of_a_smooth_loss_decides():
    own = nash([x + ABS(y), ABS(y)], [(x,), (y,)])
    assert (own.verdict, own.value) == ("no", -1)


def test_a_jump_decides_nothing():
    assert nash([sympy.sign(x) + x**2], [(x,)]).verdict == "undecided"


@pytest.mark.parametrize("seed", range(20))
def test_random_losses_against_values_around(seed):
    """Sums of |linear| in two variables: as low as anywhere on a small circle, or not."""
    rng = np.random.default_rng(seed)

    def some():
        return sympy.Rational(int(rng.integers(-4, 5)), 2)

    loss = sum(some() * ABS(some() * x + some() * y) for _ in range(3)) + some() * x + some() * y
    if not loss.has(ABS):
        return
    own = nash([loss], [(x, y)])
    angles = np.linspace(0, 2 * np.pi, 20000)
    around = sympy.lambdify((x, y), loss, "numpy")(np.cos(angles), np.sin(angles))
    least = float(np.min(around))
    assert own.verdict == ("yes" if least > 1e-9 else "no" if least < -1e-3 else own.verdict)
    if own.verdict == "yes":
        assert least > -1e-9
