"""However a command ends: one sentence and a known exit code, no traceback, no file that is half written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from unittest import mock

import pytest

from stability_cli import entry, output
from tests.cli.commands import in_process, process

COMMAND = [sys.executable, "-m", "stability_cli"]
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="files of Linux")


def sentence(result, code=2):
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.splitlines()
    return line


def game(folder, loss, name="game.toml"):
    file = folder / name
    file.write_text(f'[players.x]\nstrategy = ["x"]\nloss = "{loss}"\n')
    return str(file)


KINKS = {  # each has a kink at 1/2, where a delta function or an infinity comes up
    "a sign": "sign(x - 1/2)*x + x**2",
    "a sign inside a maximum": "max(sign(x - 1/2), (x - 1/2)**2) + x**2",
    "an infinity inside a maximum": "max(min(-1/(x - 1/2), x**2), abs(x)/2) + x**2",
}


@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_said_and_end_nothing(name, tmp_path):
    file = game(tmp_path, KINKS[name])
    at_kink = in_process("report", file, "--at", "x=1/2")
    assert at_kink.returncode == 0, at_kink.stderr
    assert "is not differentiable" in " ".join(at_kink.stdout.split())
    searched = in_process("report", file)
    assert searched.returncode == 0, searched.stderr


def test_away_from_the_jump_of_a_sign_all_is_well(tmp_path):
    """x² − x² sign(x + 3)/2 is x²/2 near 0: multiplier 1 − h."""
    result = in_process("report", game(tmp_path, "x**2 - x**2*sign(x + 3)/2"), "--at", "x=0")
    assert result.returncode == 0, result.stderr
    assert "Multipliers 0.9" in result.stdout


def test_the_opponents_kink_leaves_the_stackelberg_conditions_undecided(tmp_path):
    file = tmp_path / "game.toml"
    file.write_text(
        '[players.x]\nstrategy = ["x"]\nloss = "abs(y) + x**2"\n'
        '[players.y]\nstrategy = ["y"]\nloss = "y**2"\n'
    )
    result = in_process("report", str(file), "--at", "x=0,y=0")
    assert result.returncode == 0, result.stderr
    assert "not differentiable twice here in the other player's" in " ".join(result.stdout.split())


def test_a_users_own_exception_is_shown_with_their_line(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def half():\n    return 1 / 0\n\n\ngame = half()\n")
    said = sentence(in_process("report", f"{file}:game"))
    assert "ZeroDivisionError: division by zero (line 2 of mine.py: return 1 / 0)" in said
    file.write_text(
        "import jax.numpy as jnp\nimport stability as st\n\n\ndef loss(x):\n"
        "    if x.dtype == jnp.float64:\n        raise RuntimeError('only in single')\n"
        "    return x**2\n\n\ngame = st.Game({'x': loss}, start={'x': jnp.float32(1)})\n"
    )
    said = sentence(in_process("report", f"{file}:game"))
    assert "RuntimeError: only in single (line 7 of mine.py: raise RuntimeError(" in said


def test_our_own_fault_is_one_sentence_that_says_what_to_do():
    with mock.patch(
        "stability_cli.catalogue.show_source", side_effect=ZeroDivisionError("by zero")
    ):
        said = sentence(in_process("show", "xy"), code=1)
        assert said.startswith("Error: ZeroDivisionError: by zero. ")
        assert "please report it" in said
        shown = in_process("show", "xy", env={entry.TRACEBACK: "1"})
    assert "Traceback (most recent call last)" in shown.stderr


@linux
def test_pipes_and_endless_files_are_refused(tmp_path):
    pipe, long = tmp_path / "pipe.toml", tmp_path / "long.toml"
    os.mkfifo(pipe)
    with long.open("wb") as stream:
        stream.truncate(2**33)
    assert "is no file on a disk" in sentence(in_process("report", str(pipe)))
    assert "is no file on a disk" in sentence(in_process("probe", "xy", "--at", str(pipe)))
    assert "is too long" in sentence(in_process("report", str(long)))


def test_a_full_disk_leaves_no_file(tmp_path):
    file = tmp_path / "shown.json"
    full = OSError(28, "No space left on device")
    with mock.patch.object(output.os, "replace", side_effect=full):
        said = sentence(in_process("report", "xy", "-o", str(file)))
    assert said == f"Error: {file} cannot be written: No space left on device"
    assert list(tmp_path.iterdir()) == []


@linux
def test_streams_that_take_nothing():
    def shell(line):
        return subprocess.run(
            ["bash", "-c", f'"$@" {line}', "-", *COMMAND, "show", "xy"],
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert "No space left on device" in sentence(shell("> /dev/full"))
    assert "cannot be written: Bad file descriptor" in sentence(shell(">&-"))
    quiet = shell("2>&- <&-")
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert "[players.x]" in quiet.stdout
    closed = shell("| head -c 1; exit ${PIPESTATUS[0]}")
    assert (closed.returncode, closed.stderr) == (0, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_streams_in_other_encodings(encoding):
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    result = process("list", env=env, encoding="utf-8" if encoding == "ascii" else encoding)
    assert (result.returncode, result.stderr) == (0, "")


WAITING = {
    "in Python": "while True: pass",
    "in compiled code": "import ctypes; ctypes.CDLL(None).sleep(100)",
}


@linux
@pytest.mark.parametrize("name", WAITING)
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_at_once(name, end, tmp_path):
    file, temporary = tmp_path / "game.py", tmp_path / "half"
    temporary.write_text("")
    file.write_text(
        f"from stability_cli.entry import unfinished\nunfinished.add({str(temporary)!r})\n"
        f"print('here', flush=True)\n{WAITING[name]}\n"
    )
    with subprocess.Popen(
        [*COMMAND, "report", f"{file}:game"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout.readline() == "here\n"
        running.send_signal(end)
        _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (128 + end, "")
    assert not temporary.exists()


@pytest.mark.parametrize("verb", ["report", "compare", "sweep", "portrait", "trajectory", "probe"])
def test_no_code_refuses_python_files(verb, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("raise SystemExit('it was run')\n")
    more = ["--over", "lr=0.1", "--quantity", "point"] if verb == "sweep" else []
    said = sentence(in_process(verb, f"{file}:game", "--no-code", *more))
    assert "a Python file, which would be run, and --no-code forbids that" in said
    said = sentence(in_process(verb, "xy", "--field", f"{file}:Mine", "--no-code", *more))
    assert "--no-code forbids that" in said
