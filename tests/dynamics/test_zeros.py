"""Zeros between two numbers: as accurate as the function allows, in few evaluations."""

import math

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from stability.dynamics.zeros import zero_between

FUNCTIONS = {
    "a line": (lambda t: 2 * t - 0.3, 0.15),
    "a cosine": (lambda t: math.cos(t) - t, 0.7390851332151607),
    "steep at one end": (lambda t: math.exp(20 * t) - 2, math.log(2) / 20),
    "flat at the zero": (lambda t: (t - 0.3) ** 5, 0.3),
    "an infinite slope at the zero": (lambda t: math.copysign(abs(t - 0.3) ** 0.2, t - 0.3), 0.3),
    "a jump": (lambda t: -1.0 if t < 0.3 else 1.0, 0.3),
    "at an end": (lambda t: t, 0.0),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_known_zeros(name):
    function, zero = FUNCTIONS[name]
    seen = []

    def counted(t):
        seen.append(t)
        return function(t)

    found = zero_between(counted, 0.0, 1.0)
    # the fifth power is zero to rounding within 1e-62 ** (1/5); the others to a few units in the last place
    assert found == pytest.approx(zero, rel=1e-15, abs=1e-12 if "flat" in name else 1e-300)
    assert len(seen) < (120 if name in ("a jump", "flat at the zero", "at an end") else 60)


@given(st.floats(-3, 3), st.floats(0.1, 50), st.floats(-8, 8))
def test_the_same_as_brent_s_method(zero, slope, bend):
    def function(t):
        return math.tanh(slope * (t - zero)) * math.exp(bend * (t - zero))

    low, high = zero - 1.3, zero + 0.9
    expected = scipy.optimize.brentq(function, low, high, xtol=1e-15)
    assert abs(zero_between(function, low, high, 1e-15) - expected) <= 3e-15


def test_what_is_not_a_number_is_bisected_and_ends():
    assert 0 <= zero_between(lambda t: math.nan if t > 0.5 else -1.0, 0.0, 1.0) <= 1


def test_an_accuracy_saves_evaluations():
    seen = []
    found = zero_between(lambda t: seen.append(t) or np.cos(t) - t, 0.0, 1.0, 1e-3)
    assert abs(found - 0.7390851332151607) <= 1e-3
    assert len(seen) < 7
