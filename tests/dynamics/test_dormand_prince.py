"""The explicit step: its order, its error estimate, and the size of the next step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability.dynamics.dormand_prince import _ERROR, _FACTORS, ORDER, accepted, explicit_step


def test_the_weights_are_those_of_methods_of_their_orders():
    """Σ bᵢ cᵢᵏ⁻¹ = 1/k up to the order; the difference of both methods integrates polynomials to zero."""
    nodes = _FACTORS.sum(axis=1)
    for k in range(1, ORDER + 1):
        assert _FACTORS[-1] @ nodes ** (k - 1) == pytest.approx(1 / k, abs=1e-14)
        if k < ORDER:
            assert _ERROR @ nodes ** (k - 1) == pytest.approx(0, abs=1e-13)
    assert np.allclose(np.triu(_FACTORS), 0)


def test_the_order():
    """One step along ẏ = y: errors fall like h⁹, as those of order 7 do not; the estimate is of order 7."""

    def error(length):
        with jax.enable_x64(True):
            end, estimate, slope = explicit_step(lambda y: y, jnp.ones(1), length)
        assert slope == end
        return abs(float(end[0]) - np.exp(length)), abs(float(estimate[0]))

    (large, large_estimate), (small, small_estimate) = error(1.0), error(0.5)
    assert np.log2(large / small) > 8.5
    assert 7 < np.log2(large_estimate / small_estimate) < 8.5
    assert large < large_estimate < 1e-7


@pytest.mark.parametrize(
    ("error", "taken", "factor"),
    [
        (0.0, True, 10.0),
        (0.9**8, True, 1.0),
        (1e-8, True, 9.0),
        (2.0**8, False, 0.45),
        (np.inf, False, 0.2),
    ],
)
def test_the_size_of_the_next_step(error, taken, factor):
    with jax.enable_x64(True):
        found = accepted(jnp.zeros(2), jnp.zeros(2), jnp.full(2, error), 0.0, 1.0, 8)
    assert bool(found[0]) is taken
    assert float(found[1]) == pytest.approx(factor, rel=1e-12)
