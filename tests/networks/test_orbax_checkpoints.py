"""Checkpoint folders of Orbax: read by path, only what the players own, and refused in a sentence."""

from __future__ import annotations

import shutil

import jax.numpy as jnp
import numpy as np
import pytest

from stability import Game, InputError
from stability.networks import load_orbax

ocp = pytest.importorskip("orbax.checkpoint")

DISC = {"layers": [{"w": np.arange(6, dtype=np.float32).reshape(2, 3)}, np.float32(2)]}
GEN = np.array([7, 8, 9], np.float32)
X = [0, 1, 2, 3, 4, 5, 2, 7, 8, 9]


@pytest.fixture(scope="module")
def game():
    def loss(disc, gen):
        return jnp.sum(disc["layers"][0]["w"]) * jnp.sum(gen) + disc["layers"][1] ** 2

    return Game({"disc": loss, "gen": loss}, start={"disc": DISC, "gen": GEN})


def saved(folder, tree):
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(folder, tree)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    tree = {"disc": DISC, "gen": GEN, "optimiser": (np.zeros(3), {"count": np.int32(3)})}
    return saved(tmp_path_factory.mktemp("orbax") / "whole", tree)


def test_a_pytree_with_more_in_it(game, folder):
    x = load_orbax(folder, game)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, X)


def test_a_step_of_a_manager_and_names_of_its_own(game, tmp_path):
    tree = {"params": {"critic": DISC, "maker": GEN}, "step": np.int32(4)}
    with ocp.CheckpointManager(tmp_path) as manager:
        manager.save(5, args=ocp.args.StandardSave(tree))
        manager.wait_until_finished()
    paths = {"disc": "params/critic", "gen": "params/maker"}
    np.testing.assert_array_equal(load_orbax(tmp_path / "5", game, paths=paths), X)
    with pytest.raises(InputError, match="'disc/layers/0/w' is missing; say with paths="):
        load_orbax(tmp_path / "5", game)
    with pytest.raises(InputError, match="names a player that does not exist"):
        load_orbax(tmp_path / "5", game, paths={"critic": "params/critic"})


@pytest.mark.parametrize(
    ("gen", "words"),
    [
        (np.ones(2, np.float32), r"'gen' has the shape \(2,\); this game's has \(3,\)"),
        (np.ones(3, np.int32), "'gen' holds int32, not floating-point"),
        (np.array([1, np.nan, 0], np.float32), "'gen' holds a number that is not finite"),
        ({"w": GEN}, "'gen' is missing"),
    ],
    ids=str,
)
def test_checkpoints_that_do_not_fit(game, tmp_path, gen, words):
    with pytest.raises(InputError, match=words):
        load_orbax(saved(tmp_path / "c", {"disc": DISC, "gen": gen}), game)


def test_folders_that_are_damaged_or_none(game, folder, tmp_path):
    with pytest.raises(InputError, match="is no Orbax checkpoint"):
        load_orbax(tmp_path, game)
    for metadata in ("{", "{}", None):
        broken = tmp_path / f"broken-{metadata}"
        shutil.copytree(folder, broken)
        if metadata is None:  # the arrays themselves are gone
            shutil.rmtree(broken / "d", ignore_errors=True)
            (broken / "manifest.ocdbt").unlink()
        else:
            (broken / "_METADATA").write_text(metadata)
        with pytest.raises(InputError, match=r"broken.* cannot be read by Orbax") as caught:
            load_orbax(broken, game)
        assert "\n" not in str(caught.value)
