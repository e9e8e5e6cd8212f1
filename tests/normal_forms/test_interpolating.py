"""The flow that a map is the time-one map of, to some order."""

import random

import pytest
from sympy import QQ
from sympy.polys.rings import ring

from stability.normal_forms.interpolating import composed, logarithm, truncated

R, X, Y = ring("x, y", QQ)


def exponential(field, order):
    """The time-one map by the Lie series Σ Lʲ/j! of the coordinates."""
    current, total, j = [X, Y], [X, Y], 0
    while any(current):
        j += 1
        current = [
            truncated((p.diff(X) * field[0] + p.diff(Y) * field[1]) / QQ(j), order) for p in current
        ]
        total = [t + p for t, p in zip(total, current, strict=True)]
    return total


@pytest.mark.parametrize("linear", [(X, Y), (X + Y, Y), (X - 2 * Y, Y)])
def test_logarithm_is_inverse_to_the_exponential(linear):
    chance, order = random.Random(0), 5
    for _ in range(3):
        step = [
            p
            + sum(chance.randint(-2, 2) * X**i * Y ** (d - i) for d in (2, 3) for i in range(d + 1))
            for p in linear
        ]
        assert exponential(logarithm(step, order), order) == step


def test_time_one_map_of_a_known_flow():
    # ẋ = x² has the time-one map x/(1 − x)
    step = [sum(X**k for k in range(1, 8)), Y]
    assert logarithm(step, 7) == [X**2, R.zero]


def test_composition():
    assert composed([X * Y, X**2], [X + Y, X - Y**2], 3) == [
        truncated((X + Y) * (X - Y**2), 3), X**2 + 2 * X * Y + Y**2
    ]  # fmt: skip
