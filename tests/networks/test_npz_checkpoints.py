"""Checkpoints in NPZ files: what was saved comes back; what is damaged or foreign is refused."""

from __future__ import annotations

import contextlib
import io
import zipfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stability import Game, InputError, InputTypeError
from stability.networks import load_checkpoint, save_checkpoint


def loss(disc, gen):
    return jnp.sum(disc["layers"][0]["w"]) * gen + disc["layers"][1] ** 2


@pytest.fixture(scope="module")
def game():
    disc = {"layers": [{"w": np.ones((2, 3), np.float32)}, np.float32(2)]}
    return Game({"disc": loss, "gen": loss}, start={"disc": disc, "gen": np.float32(0.5)})


KEYS = ["disc/layers/0/w", "disc/layers/1", "gen"]


def rewritten(path, **changes):
    """The file with some arrays exchanged, removed (None) or added."""
    with np.load(path) as file:
        arrays = {key: file[key] for key in file.files} | changes
    with zipfile.ZipFile(path, "w") as archive:
        for key, array in arrays.items():
            if array is not None:
                stream = io.BytesIO()
                np.save(stream, array)
                archive.writestr(f"{key}.npy", stream.getvalue())


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_was_saved_comes_back(game, tmp_path, dtype):
    x = np.random.default_rng(0).normal(size=8).astype(dtype)
    state = (np.arange(8.0), np.array(3))
    save_checkpoint(tmp_path / "c.npz", game, x, step=7, state=state, note="start")
    with np.load(tmp_path / "c.npz", allow_pickle=False) as file:
        assert file.files == [*KEYS, "__step__", "__state__/0", "__state__/1", "__note__"]
        np.testing.assert_array_equal(file["disc/layers/0/w"], x[:6].reshape(2, 3))
    found = load_checkpoint(tmp_path / "c.npz", game)
    assert found.x.dtype == dtype
    np.testing.assert_array_equal(found.x, x)
    assert found.step == 7
    assert set(found.extra) == {"state", "note"}
    assert found.extra["note"] == "start"
    for one, other in zip(found.extra["state"], state, strict=True):
        np.testing.assert_array_equal(one, other)
    assert [p.name for p in tmp_path.iterdir()] == ["c.npz"]


def test_a_profile_on_the_device_and_nothing_else(game, tmp_path):
    save_checkpoint(str(tmp_path / "c.npz"), game, jnp.arange(8.0))
    found = load_checkpoint(tmp_path / "c.npz", game)
    np.testing.assert_array_equal(found.x, np.arange(8))
    assert found.step is None
    assert found.extra == {}


def test_half_precision_that_numpy_lacks_is_widened(game, tmp_path):
    save_checkpoint(tmp_path / "c.npz", game, jnp.linspace(0, 1, 8, dtype=jnp.bfloat16))
    found = load_checkpoint(tmp_path / "c.npz", game).x
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, jnp.linspace(0, 1, 8, dtype=jnp.bfloat16))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_file_written_by_numpy(game, tmp_path, save):
    values = {"gen": np.array(3.0), KEYS[1]: np.array(2.0)}
    save(tmp_path / "c.npz", **values, **{KEYS[0]: np.asfortranarray(np.arange(6.0).reshape(2, 3))})
    np.testing.assert_array_equal(
        load_checkpoint(tmp_path / "c.npz", game).x, [0, 1, 2, 3, 4, 5, 2, 3]
    )


def test_names_that_other_writers_reserve(tmp_path):
    game = Game({"file": lambda a, b: a * b, "allow_pickle": lambda a, b: -a * b},
                start={"file": 1.0, "allow_pickle": 2.0})  # fmt: skip
    save_checkpoint(tmp_path / "c.npz", game, game.start)
    np.testing.assert_array_equal(load_checkpoint(tmp_path / "c.npz", game).x, [1, 2])


def test_a_failed_write_leaves_the_old_file(game, tmp_path, monkeypatch):
    path = tmp_path / "c.npz"
    save_checkpoint(path, game, np.zeros(8))

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(InputError, match="cannot be written: No space left"):
        save_checkpoint(path, game, np.ones(8))
    monkeypatch.undo()
    np.testing.assert_array_equal(load_checkpoint(path, game).x, np.zeros(8))
    assert [p.name for p in tmp_path.iterdir()] == ["c.npz"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gen": None}, r"'gen' is missing"),
        ({"enemy/w": np.ones(2)}, r"'enemy/w' belongs to no player"),
        ({"gen": np.ones(2)}, r"'gen' has the shape \(2,\); this game's has \(\)"),
        ({"gen": np.array(1)}, r"'gen' holds int64, not floating-point"),
        ({"gen": np.array(np.nan)}, r"'gen' holds a number that is not finite"),
        ({"gen": np.array(1j)}, r"'gen' holds complex128, not floating-point"),
        ({"__step__": np.array(1.5)}, r"'__step__' is not one whole number"),
        ({"__step__": np.array([1, 2])}, r"'__step__' is not one whole number"),
        ({"__state__/1": np.ones(2)}, r"'__state__/1' is out of order"),
    ],
    ids=str,
)
def test_files_that_do_not_fit(game, tmp_path, changes, words):
    path = tmp_path / "c.npz"
    save_checkpoint(path, game, np.zeros(8), step=1)
    rewritten(path, **changes)
    with pytest.raises(InputError, match=rf"c\.npz: {words}") as caught:
        load_checkpoint(path, game)
    assert "\n" not in str(caught.value)


def test_pickled_objects_are_never_read(game, tmp_path):
    path = tmp_path / "c.npz"
    bomb = np.empty((), dtype=object)
    bomb[()] = print
    np.savez(path, allow_pickle=True, **{key: np.zeros(()) for key in KEYS[1:]}, **{KEYS[0]: bomb})
    with pytest.raises(InputError, match="has the shape"):
        load_checkpoint(path, game)
    np.savez(path, allow_pickle=True, **{KEYS[0]: np.zeros((2, 3)), KEYS[1]: bomb, "gen": bomb})
    with pytest.raises(InputError, match=r"'disc/layers/1' holds Python objects"):
        load_checkpoint(path, game)


def test_a_header_that_promises_too_much(game, tmp_path):
    stream = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    np.lib.format.write_array_header_1_0(stream, header)
    save_checkpoint(tmp_path / "c.npz", game, np.zeros(8))
    with zipfile.ZipFile(tmp_path / "c.npz", "a") as archive:
        archive.writestr("__state__.npy", stream.getvalue() + b"\0" * 8)
    with pytest.raises(InputError, match=r"'__state__' is damaged"):
        load_checkpoint(tmp_path / "c.npz", game)


def test_every_damaged_byte_is_noticed_or_harmless(game, tmp_path):
    path = tmp_path / "c.npz"
    x = np.arange(8.0)
    save_checkpoint(path, game, x, step=3)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(150):
        content = bytearray(whole)
        content[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        if rng.random() < 0.3:
            content = content[: rng.integers(len(whole))]
        path.write_bytes(content)
        with contextlib.suppress(InputError):
            np.testing.assert_array_equal(load_checkpoint(path, game).x, x)


def test_files_that_are_none(game, tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        load_checkpoint(tmp_path / "c.npz", game)
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        load_checkpoint(tmp_path, game)
    (tmp_path / "c.npz").write_text("weights")
    with pytest.raises(InputError, match="is not an NPZ file"):
        load_checkpoint(tmp_path / "c.npz", game)
    with pytest.raises(InputError, match="cannot be written: No such file"):
        save_checkpoint(tmp_path / "none" / "c.npz", game, np.zeros(8))


@pytest.mark.parametrize(
    ("x", "extra", "kind", "words"),
    [
        (np.zeros(7), {}, InputError, "a vector of 8 floating-point numbers"),
        (np.zeros(8, int), {}, InputError, "a vector of 8 floating-point numbers"),
        (np.zeros(8), {"state": object()}, InputTypeError, "'__state__' of a checkpoint"),
        (np.zeros(8), {"key": jax.random.key(0)}, InputTypeError, "'__key__' of a checkpoint"),
    ],
    ids=["too short", "whole numbers", "an object", "a key"],
)
def test_what_cannot_be_saved(game, tmp_path, x, extra, kind, words):
    with pytest.raises(kind, match=words):
        save_checkpoint(tmp_path / "c.npz", game, x, **extra)
    assert not list(tmp_path.iterdir())


def test_two_arrays_of_one_name(tmp_path):
    start = {"p": {"a/b": 1.0, "a": {"b": 2.0}}}
    game = Game({"p": lambda p: p["a/b"] * p["a"]["b"]}, start=start)
    with pytest.raises(InputError, match="both called 'p/a/b'"):
        save_checkpoint(tmp_path / "c.npz", game, game.start)
