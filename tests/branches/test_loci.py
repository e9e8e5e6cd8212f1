"""Paths of eigenvalues over one number: told apart, gone on with, and where they cross the boundary."""

from dataclasses import replace

import numpy as np
import pytest

import stability as st
from stability.branches.loci import loci, matched


def test_paths_that_pass_each_other_are_kept_apart():
    t = np.linspace(0, 1, 21)
    paths = np.stack([-1 + 2 * t + 1j, 1 - 2 * t - 0.5j, 0.3j + 0 * t], axis=1)
    shuffled = np.stack([np.random.default_rng(i).permutation(row) for i, row in enumerate(paths)])
    found = matched(shuffled)
    assert {tuple(path) for path in found.T} == {tuple(path) for path in paths.T}
    assert not np.array_equal(shuffled, found)


def test_paths_go_on_after_a_gap():
    t = np.arange(5.0)
    paths = np.stack([t + 1j, t - 1j], axis=1)
    gapped = paths.copy()
    gapped[2] = np.nan
    gapped[3] = gapped[3, ::-1]
    found = matched(gapped)
    np.testing.assert_array_equal(found[[0, 1, 3, 4]], paths[[0, 1, 3, 4]])
    assert np.isnan(found[2]).all()


def test_crossings_of_the_axis_and_of_the_circle():
    sweep = st.sweep(st.load("brusselator"), {"B": np.linspace(1.03, 3, 50)}, "eigenvalues")
    crossings = loci(sweep).crossings  # Hopf at B = 2 with ω = 1 (REFERENCE B9)
    assert [c.number for c in crossings] == pytest.approx([2, 2], abs=1e-9)  # Re λ is linear in B
    assert [c.value.imag for c in crossings] == pytest.approx([1, -1], abs=1e-3)
    lr = np.linspace(0.5, 1.5, 101)
    sweep = st.sweep(st.load("xy"), {"lr": lr}, "multipliers", rule=st.Extragradient())
    crossings = loci(sweep).crossings
    assert [c.number for c in crossings] == pytest.approx([1, 1], abs=1e-3)
    np.testing.assert_allclose([abs(c.value) for c in crossings], 1, atol=1e-3)


def test_neutral_paths_cross_nothing():
    sweep = st.sweep(
        st.load("xy"), {"lr": np.linspace(0.1, 1.9, 30)}, "multipliers", rule=st.Alternating()
    )
    assert loci(sweep).crossings == ()


def test_a_sweep_without_its_equilibrium_has_no_loci():
    sweep = st.sweep(st.load("xy"), {"lr": [0.1, 0.2]}, "multipliers")
    lost = replace(sweep, quantities={"multipliers": np.full((2, 2), np.nan)})
    with pytest.raises(st.InputError, match="lost at every lr"):
        loci(lost)


def test_loci_need_one_axis():
    both = st.sweep(st.load("xy"), {"lr.x": [0.1], "lr.y": [0.1]}, "multipliers")
    with pytest.raises(st.InputError, match="one axis"):
        loci(both)
