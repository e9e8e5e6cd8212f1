"""Curves of zeros and curves of values below rounding, told from each other with many digits."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import stability as st
from stability.dynamics.batch import batched
from stability.dynamics.many_digits import with_many_digits
from stability.equilibria.isolation import isolation
from stability.equilibria.search import Zero
from stability.equilibria.to_the_digit import confirmed, pinned

BOX = np.array([[-2.0, 2.0], [-2.0, 2.0]])
ORIGIN = np.zeros(2)


def rotated(strength: float, power: int):
    """u̇ = strength u^power, ẇ = −w in axes that are turned."""
    c, s = np.cos(0.3), np.sin(0.3)

    def field(x):
        u, w = c * x[0] + s * x[1], -s * x[0] + c * x[1]
        along = strength * u**power
        return jnp.stack([c * along + s * w, s * along - c * w])

    return batched(field, 2), with_many_digits(field, 2)


def bent(strength: float):
    """A circle of zeros, with a drift along it or none."""

    def field(x):
        return x * (1 - x @ x) + strength * x[0] ** 2 * jnp.stack([-x[1], x[0]])

    return batched(field, 2), with_many_digits(field, 2)


@pytest.mark.parametrize(("strength", "power"), [(1e-16, 2), (-1e-15, 3), (1e-18, 1), (1e-25, 2)])
def test_a_field_below_rounding_is_no_curve_of_zeros(strength, power):
    evaluate, many_digits = rotated(strength, power)
    own = isolation(evaluate, Zero(ORIGIN, 0.0, 0.0), BOX)
    assert (own.isolated, own.manifold_dimension) == ("no", 1)  # as far as double precision sees
    found = confirmed(evaluate, many_digits, ORIGIN, BOX, own)
    assert (found.isolated, found.manifold_dimension) == ("undecided", 0)
    assert "not zero" in (found.doubt or "")


@pytest.mark.parametrize("system", [rotated(0.0, 2), bent(0.0)], ids=["line", "circle"])
def test_a_curve_of_zeros_stays_one(system):
    evaluate, many_digits = system
    x = ORIGIN if evaluate(ORIGIN[None])[1][0].trace() < 0 else np.array([0.6, 0.8])
    own = isolation(evaluate, Zero(x, 0.0, 0.0), BOX)
    assert confirmed(evaluate, many_digits, x, BOX, own) == own
    assert own.manifold_dimension == 1


def test_a_drift_along_a_circle_is_seen():
    evaluate, many_digits = bent(1e-16)
    x = np.array([0.6, 0.8])
    own = isolation(evaluate, Zero(x, 0.0, 0.0), BOX)
    assert own.manifold_dimension == 1
    assert confirmed(evaluate, many_digits, x, BOX, own).manifold_dimension == 0


def test_a_function_that_is_not_evaluated_leaves_a_doubt():
    def field(x):
        return -jnp.sort(jnp.stack([x[0], x[0] + 5]))[0] * jnp.ones(2)

    evaluate = batched(field, 2)
    own = isolation(evaluate, Zero(ORIGIN, 0.0, 0.0), BOX)
    found = confirmed(evaluate, with_many_digits(field, 2), ORIGIN, BOX, own)
    assert found.manifold_dimension == own.manifold_dimension == 1
    assert "cannot be seen" in (found.doubt or "")


@pytest.mark.parametrize("power", [2, 3])
def test_a_zero_of_higher_order_is_found_to_the_last_digit(power):
    """Points that double precision takes for zeros of a field of 1e-12 u^k lead to the one zero."""
    evaluate, many_digits = rotated(1e-12, power)
    beside = 1e-5 * np.array([np.cos(0.3), np.sin(0.3)])
    zero = pinned(evaluate, many_digits, Zero(beside, 0.0, 0.0), BOX)
    assert zero is not None
    assert np.abs(zero.point).max() <= 1e-16


def test_where_there_is_no_zero_none_is_found():
    field = lambda x: jnp.stack([1e-14 * (x[0] ** 2 + 1e-6), -x[1]])  # noqa: E731
    start = Zero(np.array([3e-4, 0.0]), 0.0, 0.0)
    assert pinned(batched(field, 2), with_many_digits(field, 2), start, BOX) is None


@pytest.mark.parametrize(
    ("system", "dimension", "verdict"),
    [
        (lambda x: jnp.stack([0.1 * x[0] * 3 - 0.3 * x[0], -x[1]]), 1, "exponentially stable"),
        (lambda x: jnp.stack([0.1 * x[0] * 3 - 0.3 * x[0], 0.7 * x[1] * 3 - 2.1 * x[1]]), 2, "neutral"),
    ],
    ids=["one component", "both"],
)  # fmt: skip
def test_a_component_that_is_only_rounding_makes_no_crowd(system, dimension, verdict):
    (e,) = st.report(st.Flow(system, dimension=2), rules=[]).equilibria
    assert (e.isolated, e.manifold_dimension) == ("no", dimension)
    assert e.flows[0].stability.verdict == verdict


@pytest.mark.parametrize("strength", [1e-17, 1e-80])
def test_a_component_far_below_rounding_is_kept(strength):
    """It is unstable, and no rounding: with 100 digits it is there."""

    def field(x):
        rounding = 0.1 * x[0] * 3 - 0.3 * x[0]
        return jnp.stack([strength * x[0] + rounding, -x[1]])

    found = st.report(st.Flow(field, dimension=2), rules=[], at={"x0": 0.0, "x1": 0.0})
    for e in found.equilibria:
        assert e.flows[0].stability.verdict in ("undecided", "unstable")
