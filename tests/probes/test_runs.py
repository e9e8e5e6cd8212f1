"""Run folders: what was written is read again; the rest is refused in a sentence that names the file."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

import stability as st
from stability.analysis import names as named
from stability.analysis.names import penalty_text, rule_text
from stability.errors import InputError
from stability.probes.runs import checkpoint_files, open_run
from stability.probes.training import train
from stability.rules.optax_rule import named_optax

ROOT = Path(__file__).parents[2]
GAME = """
import pathlib
import jax.numpy as jnp
import stability as st
pathlib.Path(__file__).with_suffix(".ran").touch()
def loss(x, y):
    return x @ y + 0.1 * x @ x
game = st.zero_sum(loss, minimizer="x", maximizer="y", start={"x": jnp.ones(2), "y": jnp.ones(2)})
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a game's file and a run of it, which no test changes."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "games").mkdir()
    file = folder / "games" / "mine.py"
    file.write_text(GAME)
    training = train(
        f"{file}:game",
        st.Optimistic(lr={"x": 0.1, "y": 0.05}),
        20,
        every=10,
        penalties=[st.Anchor(0.25)],
        folder=folder / "runs" / "first",
    )
    return folder, training


@pytest.fixture
def copied(trained, tmp_path):
    """A copy of it, at another place."""
    shutil.copytree(trained[0], tmp_path / "copy")
    return tmp_path / "copy" / "runs" / "first"


def change(run, **content):
    path = run / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **content}))


def test_a_run_that_was_moved_with_its_game_is_read_again(trained, copied):
    _, training = trained
    run = open_run(copied)
    assert run.recorded["schema"] == "stability-run/1"
    assert run.recorded["game"] == "../../games/mine.py:game"
    assert run.recorded["outcome"] == "finished"
    assert run.recorded["steps"] == 20
    assert run.remarks == ()
    assert [file.step for file in run.checkpoints] == [0, 10, 20]
    flow = st.Gradient().flow(run.game)
    state = run.checkpoints[1].load(run.game)
    for _ in range(10):
        state = run.rule.step(flow, tuple(map(jnp.asarray, state)))
    for vector, expected in zip(run.checkpoints[2].load(run.game), training.state, strict=True):
        np.testing.assert_array_equal(vector, expected)
    # ten float32 steps, compiled together and apart
    np.testing.assert_allclose(state[0], training.x, rtol=1e-5)
    # the penalty is in the game: its loss is not the file's
    x = jnp.arange(4.0)
    plain = st.load(f"{copied.parents[1]}/games/mine.py:game")
    np.testing.assert_allclose(run.game.losses(x), st.Anchor(0.25)(plain).losses(x), rtol=1e-6)


def test_a_changed_game_is_remarked_and_refused_for_training(copied):
    file = copied.parents[1] / "games" / "mine.py"
    file.write_text(GAME.replace("0.1", "0.3"))
    (remark,) = open_run(copied).remarks
    assert "mine.py has changed since this run" in remark
    with pytest.raises(InputError, match="different run"):
        train(
            f"{file}:game",
            st.Optimistic(lr={"x": 0.1, "y": 0.05}),
            30,
            penalties=[st.Anchor(0.25)],
            folder=copied,
        )


def test_no_file_is_run_when_the_game_is_given(trained, copied):
    marker = copied.parents[1] / "games" / "mine.ran"
    marker.unlink()
    run = open_run(copied, game=trained[1].game, rule=st.Simultaneous())
    assert run.rule == st.Simultaneous()
    assert not marker.exists()
    change(copied, rule=f"{copied.parents[1]}/games/mine.py:rule")
    with pytest.raises(InputError, match=r"run.json: .* is no rule or penalty of this library"):
        open_run(copied, game=trained[1].game)
    assert not marker.exists()


def test_training_is_taken_up_only_for_the_same_run(tmp_path):
    game = st.zero_sum(lambda x, y: x * y, minimizer="x", maximizer="y", start={"x": 1.0, "y": 0.0})
    rule = st.Simultaneous(lr=0.1)
    train(game, rule, 4, folder=tmp_path / "run")
    again = train(game, rule, 4, folder=tmp_path / "run")
    assert again.step == 4
    with pytest.raises(InputError, match="has 4 steps already"):
        train(game, rule, 3, folder=tmp_path / "run")
    for other, options, key in (
        (replace(rule, lr=0.2), {}, "rule"),
        (rule, {"seed": 1}, "seed"),
        (rule, {"penalties": [st.Anchor(0.1)]}, "penalties"),
        (rule, {"x0": jnp.ones(2)}, "start"),
    ):
        with pytest.raises(InputError, match=f"different run \\(its {key} is not the same\\)"):
            train(game, other, 8, folder=tmp_path / "run", **options)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    with pytest.raises(InputError, match="not empty and holds no training run"):
        train(game, rule, 4, folder=tmp_path / "other")
    with pytest.raises(InputError, match="cannot be written to"):
        train(game, rule, 4, folder=tmp_path / "other" / "thesis.tex" / "run")
    # a game that came from no file has to be handed in
    with pytest.raises(InputError, match="pass game="):
        open_run(tmp_path / "run")
    assert open_run(tmp_path / "run", game=game).rule == rule


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no JSON file"),
        ("{", "no JSON file"),
        ("[" * 100_000, "no JSON file"),
        ("[]", "no record of a training run"),
        ('{"schema": "stability-run/2"}', "no record of a training run"),
        ('{"schema": "stability-run/1"}', "damaged"),
        ('{"schema": "stability-run/1", "game": 3, "penalties": []}', "damaged"),
        ('{"schema": "stability-run/1", "game": "xy", "penalties": [3]}', "damaged"),
        ('{"schema": "stability-run/1", "game": "xz", "penalties": []}', "no game called 'xz'"),
        ('{"schema": "stability-run/1", "game": "a.py:b", "penalties": []}', "there is no file"),
        (
            '{"schema": "stability-run/1", "game": "a\\u0000.py:b", "penalties": []}',
            "no name of a file",
        ),
        ('{"schema": "stability-run/1", "game": "lorenz", "penalties": []}', "no game but a flow"),
        ('{"schema": "stability-run/1", "game": "xy", "penalties": ["x"]}', "no penalty called"),
        ('{"schema": "stability-run/1", "game": "xy", "penalties": [null]}', "pass game="),
        ('{"schema": "stability-run/1", "game": "xy", "penalties": []}', "records players None"),
    ],
)
def test_a_record_that_is_none_is_named(content, said, tmp_path):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match=said) as raised:
        open_run(tmp_path)
    assert "run.json" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_folders_that_hold_no_run(trained, copied, tmp_path):
    for folder in (tmp_path / "nowhere", tmp_path, copied / "run.json", tmp_path / "\0"):
        with pytest.raises(InputError, match=r"no training run|no JSON"):
            open_run(folder)
    for own in checkpoint_files(copied):
        own.path.unlink()
    with pytest.raises(InputError, match="no checkpoints"):
        open_run(copied)
    (copied / "run.json").write_bytes(b" " * 2**21)
    with pytest.raises(InputError, match="is too long"):
        open_run(copied)


def test_checkpoints_that_are_not_what_they_say(trained, copied):
    _, training = trained
    first, second, _ = (file.path for file in open_run(copied, game=training.game).checkpoints)
    first.write_bytes(second.read_bytes())
    run = open_run(copied, game=training.game)
    with pytest.raises(InputError, match=r"checkpoint-000000.npz says that it is of step 10"):
        run.checkpoints[0].load(run.game)
    second.write_bytes(second.read_bytes()[:300])
    with pytest.raises(InputError, match=r"checkpoint-000010.npz"):
        run.checkpoints[1].load(run.game)


def test_a_state_of_another_rule_is_not_taken_up(trained, copied):
    change(copied, rule="simultaneous:lr=0.1")
    file = copied.parents[1] / "games" / "mine.py"
    with pytest.raises(InputError, match="does not hold a state of the rule simultaneous"):
        train(
            f"{file}:game", st.Simultaneous(lr=0.1), 30, penalties=[st.Anchor(0.25)], folder=copied
        )


@pytest.mark.parametrize(
    "rule",
    [
        st.Simultaneous(lr=1 / 3),
        st.Alternating(lr={"a": 0.1, "b": 1e-4}, steps={"a": 3}, order=("b", "a")),
        st.Lookahead(k=3, inner=st.Extragradient(lr=0.1, past=True)),
        st.Alternating(inner=st.HeavyBall(beta=-0.25), lr=0.1),
        named_optax("adam", 1.0, {"b1": 0.5}),
        named_optax("rmsprop", {"": 1e-3, "a": 1e-2}, {"second_moment": 0.1}),
    ],
    ids=str,
)
def test_rules_are_read_again_from_their_texts(rule):
    text = rule_text(rule, ("a", "b"))
    assert text is not None
    again = named.rule(text)
    assert type(again) is type(rule)
    assert rule_text(again, ("a", "b")) is not None


def test_rules_and_penalties_that_no_text_makes_again_have_none():
    import optax

    @dataclass(frozen=True)
    class Mine(st.Simultaneous):
        pass

    players = ("a", "b")
    assert rule_text(Mine(), players) is None
    assert rule_text(st.Optax(optax.chain(optax.clip(1.0), optax.sgd(1.0)), 0.1), players) is None
    # said to be adam, but not the one that this name makes
    assert rule_text(st.Optax(optax.adam(1.0, b2=0.9), 0.1, label="adam"), players) is None
    assert rule_text(st.Optax(optax.adam(1.0), 0.1, label="adam"), players) is not None
    assert penalty_text(st.Anchor(0.25)) is not None
    pairs = st.GradientNorm({("a", "b"): 0.1})
    assert penalty_text(pairs) is None


@pytest.mark.slow  # long to compile
@pytest.mark.parametrize("penalty", ["anchor:strength=0.1,to=0.0", "r1:gamma=0.1"])
def test_the_example_trains_the_ring_and_its_run_can_be_opened(
    tmp_path, monkeypatch, capsys, penalty
):
    monkeypatch.setattr(
        sys,
        "argv",
        ["train.py", "ring", "--rule", "optimistic:lr=0.05", "--penalty", penalty, "--steps", "6",
         "--batch", "32", "--every", "3", "-o", str(tmp_path / "run")],
    )  # fmt: skip
    runpy.run_path(str(ROOT / "examples" / "gans" / "train.py"), run_name="__main__")
    said = capsys.readouterr()
    assert said.out.startswith("finished after 6 steps\nloss of disc: ")
    assert said.err == ""
    run = open_run(tmp_path / "run")
    assert run.recorded["rule"].startswith("optimistic:")
    assert run.recorded["penalties"] == [penalty]
    assert [file.step for file in run.checkpoints] == [0, 3, 6]
    state = run.checkpoints[-1].load(run.game)
    assert [vector.shape for vector in state] == [(run.game.dimension,)] * 2
