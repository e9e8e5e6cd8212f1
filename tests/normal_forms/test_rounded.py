"""Coefficients in double precision where eigenvalues on the boundary are as small as rounding."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from stability.normal_forms.near_rest import NearRest
from stability.normal_forms.rounded import reduce_rounded


@pytest.mark.parametrize("square", [1e-12, 1e-16])
def test_a_pair_that_cannot_be_told_from_zero_is_undecided(square):
    """ẋ = y + z, ẏ = −ω² x − y³: at ω = 0 no pair but a nilpotent block, which ω = 10⁻⁶ is to rounding."""

    def flow(u):
        return jnp.stack([u[1] + u[2], -square * u[0] - u[1] ** 3, -u[2] + u[0] ** 2])

    form = reduce_rounded(NearRest("flow", ("x", "y", "z"), flow, np.zeros(3), 0.0))
    assert form.verdict == "undecided"
    assert "cannot be told apart" in form.because


def test_a_slow_pair_has_its_coefficient():
    """ẋ = ωy, ẏ = −ωx − y³ with ω = 10⁻³: the mean of −y⁴/r is −3r³/8, −3/4 at ‖q‖ = 1 of q = (1, i)/√2."""

    def flow(u):
        return jnp.stack([1e-3 * u[1], -1e-3 * u[0] - u[1] ** 3])

    form = reduce_rounded(NearRest("flow", ("x", "y"), flow, np.zeros(2), 0.0))
    assert form.coefficient == pytest.approx(-0.75, abs=1e-8)
