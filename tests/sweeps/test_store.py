"""Finished chunks are kept, taken up, and never mixed with another request's."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

import stability as st
from stability.sweeps import sweep

OVER = {"gamma": np.linspace(0.1, 1.5, 10)}


def kept(folder, over=OVER, quantities=("spectral_abscissa",), system=None, **options):
    system = st.load("dirac-gan-r1") if system is None else system
    return sweep(system, over, list(quantities), chunk=3, store=folder, **options)


class Stop(Exception):
    pass


def stop_after(count):
    def progress(done, total):
        if done >= count:
            raise Stop

    return progress


def test_a_stopped_sweep_is_taken_up(tmp_path):
    folder = tmp_path / "out.chunks"
    with pytest.raises(Stop):
        kept(folder, progress=stop_after(2))
    assert len(list(folder.glob("*.npz"))) == 2
    with np.load(folder / "chunk-00000001.npz") as file:
        marked = {**file, "spectral_abscissa": np.full(3, 42.0)}
    np.savez(folder / "chunk-00000001.npz", **marked)
    calls = []
    found = kept(folder, progress=lambda *a: calls.append(a))
    assert calls[0] == (2, 4)
    assert calls[-1] == (4, 4)
    values = found.quantities["spectral_abscissa"]
    np.testing.assert_array_equal(values[3:6], 42.0)  # as stored, not computed again
    fresh = sweep(st.load("dirac-gan-r1"), OVER, ["spectral_abscissa"], chunk=3)
    np.testing.assert_array_equal(values[:3], fresh.quantities["spectral_abscissa"][:3])
    np.testing.assert_array_equal(values[6:], fresh.quantities["spectral_abscissa"][6:])


def test_a_damaged_chunk_is_computed_again(tmp_path):
    folder = tmp_path / "out.chunks"
    first = kept(folder)
    (folder / "chunk-00000002.npz").write_bytes(b"PK half a file")
    again = kept(folder)
    for found in (first, again):
        assert np.isfinite(found.quantities["spectral_abscissa"]).all()
    np.testing.assert_array_equal(
        first.quantities["spectral_abscissa"], again.quantities["spectral_abscissa"]
    )


@pytest.mark.parametrize(
    "change",
    [
        {"over": {"gamma": np.linspace(0.1, 1.6, 10)}},
        pytest.param({"quantities": ["stable"]}, marks=pytest.mark.slow),
        pytest.param({"field": st.TwoTimescale(tau=3)}, marks=pytest.mark.slow),
        {"rule": st.Alternating(lr=0.3)},
        {"system": st.load("dirac-gan-consensus")},
    ],
)
def test_another_request_is_refused(tmp_path, change):
    folder = tmp_path / "out.chunks"
    kept(folder)
    with pytest.raises(st.InputError, match="a different sweep"):
        kept(folder, **change)


def python_game(weight):
    table = jnp.array([weight, 1.0])
    return st.Game(
        {"x": lambda x, y: x * y + table[0] * x**2, "y": lambda x, y: -x * y},
        start={"x": 0.5, "y": 0.5},
    )


def test_a_python_function_is_known_by_what_it_computes(tmp_path):
    folder = tmp_path / "out.chunks"
    over = {"lr": [0.1, 0.2]}
    kept(folder, over, system=python_game(0.1))
    kept(folder, over, system=python_game(0.1))
    with pytest.raises(st.InputError, match="a different sweep"):
        kept(folder, over, system=python_game(0.2))


def test_foreign_folders_are_left_alone(tmp_path):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("mine")
    with pytest.raises(st.InputError, match="holds no chunks"):
        kept(folder)
    assert [p.name for p in folder.iterdir()] == ["chapter.txt"]
    (tmp_path / "file").write_text("")
    with pytest.raises(st.InputError, match="cannot be kept"):
        kept(tmp_path / "file")
    other = tmp_path / "other"
    other.mkdir()
    (other / "manifest.json").write_text(json.dumps([]))
    with pytest.raises(st.InputError, match="a different sweep"):
        kept(other)
