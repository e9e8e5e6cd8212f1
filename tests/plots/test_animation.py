"""Moving pictures: what moves is where it should be, and what stands still is drawn once."""

from __future__ import annotations

import shutil

import matplotlib as mpl
import numpy as np
import pytest
import sympy
from PIL import Image

import stability as st
from stability.errors import InputError
from stability.plots import animate
from stability.plots.style import FLOW, STEPS

x, y = sympy.symbols("x y")
GAME = st.SymbolicGame({"x": ([x], x * y), "y": ([y], -x * y)}, box={"x": (-2, 2), "y": (-2, 2)})
DOUBLING = st.SymbolicMap({x: 2 * x * (1 - x)}, box={"x": (0, 1)})


@pytest.fixture(scope="module")
def paths():
    return st.follow(GAME, rules=[st.Simultaneous(lr=0.5)], starts=[(1, 0)], steps=6)


def frames(file):
    with Image.open(file) as picture:
        found = []
        for number in range(picture.n_frames):
            picture.seek(number)
            found.append(np.asarray(picture.convert("RGB")).astype(int))
            yield found[-1], picture.info["duration"]


def marked(frame, color):
    """How many pixels have about this colour."""
    wanted = (255 * np.array(mpl.colors.to_rgb(color))).astype(int)
    return int((np.abs(frame - wanted).max(axis=-1) < 20).sum())


def test_the_flow_and_the_steps_leave_trails(paths, tmp_path):
    file, done = tmp_path / "paths.gif", []
    animate(paths, file, seconds=0.5, frames=7, progress=done.append)
    found = list(frames(file))
    assert len(found) == 7
    assert done == pytest.approx([(k + 1) / 7 for k in range(7)])
    assert [duration for _, duration in found] == [70] * 6 + [1000]  # the end is held for a second
    for color in (FLOW, STEPS):
        seen = [marked(frame, color) for frame, _ in found]
        assert seen[1] < seen[3] < seen[6]
    changed = np.abs(found[6][0] - found[0][0]).max(axis=-1) > 0
    assert changed.any()
    assert not changed[: len(changed) // 20].any()  # the title
    assert (found[0][0][0, 0] == 255).all()  # white is white


def test_the_same_paths_are_the_same_file_and_nothing_global_changes(paths, tmp_path):
    before = dict(mpl.rcParams)
    seen = []
    for name in ("one.gif", "other.gif"):
        progress = lambda share: seen.append(dict(mpl.rcParams) == before)  # noqa: E731
        animate(paths, tmp_path / name, seconds=0.2, progress=progress)
    assert (tmp_path / "one.gif").read_bytes() == (tmp_path / "other.gif").read_bytes()
    assert seen
    assert all(seen)


def test_a_map_has_no_more_frames_than_steps(tmp_path):
    orbit = st.follow(DOUBLING, starts=[(0.1,)], steps=5)
    animate(orbit, tmp_path / "orbit.gif", seconds=3.0)
    found = [marked(frame, STEPS) for frame, _ in frames(tmp_path / "orbit.gif")]
    assert len(found) == 6
    assert found[0] < found[1] < found[2]  # the cobweb grows


@pytest.mark.slow
def test_paths_that_blow_up_are_followed_as_far_as_they_go(tmp_path):
    square = st.SymbolicFlow({x: x**2, y: -y}, box={"x": (-2, 2), "y": (-2, 2)})
    paths = st.follow(square, rules=[st.Simultaneous(lr=0.25)], starts=[(1, 1)], steps=40)
    animate(paths, tmp_path / "paths.gif", seconds=0.2)
    assert (tmp_path / "paths.gif").stat().st_size > 0


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_an_mp4_is_the_same_every_time(paths, tmp_path):
    for name in ("one.mp4", "other.mp4"):
        animate(paths, tmp_path / name, seconds=0.2)
    content = (tmp_path / "one.mp4").read_bytes()
    assert content[4:8] == b"ftyp"
    assert content == (tmp_path / "other.mp4").read_bytes()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_what_ffmpeg_cannot_write_is_one_sentence(paths, tmp_path):
    with pytest.raises(InputError, match="ffmpeg could not write"):
        animate(paths, tmp_path / "missing" / "paths.mp4", seconds=0.2)


def test_an_mp4_needs_ffmpeg(paths, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(InputError, match="ffmpeg"):
        animate(paths, tmp_path / "paths.mp4")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("file", "settings", "fragment"),
    [
        ("paths.avi", {}, r"a \.gif or an \.mp4"),
        ("paths.gif", {"seconds": 0}, "seconds"),
        ("paths.gif", {"frames": 1}, "frames"),
    ],
)
def test_bad_input(paths, tmp_path, file, settings, fragment):
    with pytest.raises(InputError, match=fragment):
        animate(paths, tmp_path / file, **settings)
