"""`stability sweep` through its real entry point: files, tables, interruption, bad input."""

import csv
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner

from stability.errors import InputError
from tests.cli.commands import in_process, process

COMMAND = [sys.executable, "-m", "stability_cli", "sweep"]


def test_a_csv_file(tmp_path):
    target = tmp_path / "out.csv"
    call = ("dirac-gan-r1", "--over", "gamma=0:2:5", "--over", "lr=1e-3:1e-1:3:log",
            "--quantity", "spectral_radius", "--quantity", "stable", "-o", str(target))  # fmt: skip
    result = process("sweep", *call)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    with target.open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 15
    assert [row["lr"] for row in rows[:3]] == ["0.001", "0.01", "0.1"]
    assert [row["stable"] for row in rows[::3]] == ["", "1.0", "1.0", "1.0", "1.0"]
    assert list(tmp_path.iterdir()) == [target]  # neither chunks nor temporary files are left
    again = in_process("sweep", *call)
    assert again.returncode == 2
    assert "--force" in again.stderr


def test_json_and_tables():
    call = (
        "sweep",
        "dirac-gan-r1",
        "--over",
        "gamma=0.5,1",
        "--quantity",
        "eigenvalues",
        "--rule",
        "alternating:lr=0.2",
    )
    data = json.loads(in_process(*call, "--json").stdout)
    assert data["schema"] == "stability-sweep/1"
    assert data["rule"]["settings"]["lr"] == 0.2
    assert data["quantities"]["eigenvalues"]["values"][1] == [[-0.5, 0.0], [-0.5, 0.0]]
    big = in_process(
        "sweep", "dirac-gan-r1", "--over", "gamma=-1:1:200", "--over", "lr=0.1:1:100",
        "--quantity", "spectral_radius", env={"COLUMNS": "72"},
    )  # fmt: skip
    assert big.returncode == 0, big.stderr
    assert big.stderr == ""  # no bar where there is no terminal
    assert len(big.stdout.splitlines()) < 15
    assert all(len(line) <= 72 for line in big.stdout.splitlines())
    assert "spectral_radius < 1 at" in big.stdout


@pytest.mark.slow
def test_a_killed_sweep_goes_on_where_it_stopped(tmp_path):
    target = tmp_path / "out.csv"
    folder = tmp_path / "out.csv.chunks"
    call = [*COMMAND, "dirac-gan-r1", "--over", "gamma=0.1:2:60", "--quantity", "critical_lr", "--rule",
            "alternating", "--chunk", "6", "-o", str(target)]  # fmt: skip
    running = subprocess.Popen(call, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(folder.glob("chunk-*.npz"))) < 3 and running.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    finished = sorted(folder.glob("chunk-*.npz"))
    assert 3 <= len(finished) < 10
    assert not target.exists()
    with np.load(finished[0]) as file:
        marked = {**file, "critical_lr": np.full((6, 1), 42.0)}
    np.savez(finished[0], **marked)

    other = subprocess.run(
        [*call[:-1], str(target), "--quantity", "stable"], capture_output=True, text=True
    )
    assert other.returncode == 2
    assert "a different sweep" in other.stderr
    second = subprocess.run(call, capture_output=True, text=True, timeout=120)
    assert second.returncode == 0, second.stderr
    assert f"{len(finished)} of 10 chunks are done" in second.stderr
    assert not folder.exists()
    with target.open() as stream:
        values = [float(row["critical_lr"]) for row in csv.DictReader(stream)]
    assert len(values) == 60
    assert values[:6] == [42.0] * 6  # a finished chunk is not computed again
    assert 42.0 not in values[6:]


BAD_CALLS = [
    ([], "--over"),
    (["--over", "gamma=0:1:3"], "--quantity"),
    (["--over", "gamma=0:1:3", "--quantity", "speed"], "spectral_radius"),
    (["--over", "gamma", "--quantity", "stable"], "name=value"),
    (["--over", "gamma=0:1", "--quantity", "stable"], "LOW:HIGH:COUNT"),
    (["--over", "gamma=0:1:3:linear", "--quantity", "stable"], "LOW:HIGH:COUNT"),
    (["--over", "gamma=nan:1:3", "--quantity", "stable"], "nan"),
    (["--over", "gamma=0:1e999:3", "--quantity", "stable"], "gamma"),
    (["--over", "gamma=1:0:3", "--quantity", "stable"], "low end"),
    (["--over", "gamma=0:1:0", "--quantity", "stable"], "count"),
    (["--over", "gamma=0:1:2.5", "--quantity", "stable"], "count"),
    (["--over", "gamma=0:1:1", "--quantity", "stable"], "one point"),
    (["--over", "gamma=0:1:1e12", "--quantity", "stable"], "too many"),
    (["--over", "gamma=0:1:1e5", "--over", "lr=0.1:1:1e5", "--quantity", "stable"], "10,000,000,000 points"),
    (["--over", "gamma=0:1:3:log", "--quantity", "stable"], "positive"),
    (["--over", "gamma=,", "--quantity", "stable"], "at least one"),
    (["--over", "gamma=0:1:3", "--over", "gamma=0:2:3", "--quantity", "stable"], "twice"),
    (["--over", "delta=0:1:3", "--quantity", "stable"], "there is gamma"),
    (["--over", "lr=-1:0:3", "--quantity", "stable_rule"], "positive"),
    (["--over", "steps=1:5:5", "--rule", "alternating", "--quantity", "stable_rule"], "whole number"),
    (["--over", "gamma=0:1:3", "--quantity", "stable", "--rule", "nosuch"], "nosuch"),
    (["--over", "gamma=0:1:3", "--quantity", "stable", "--at", "theta=0"], "psi"),
    (["--over", "gamma=0:1:3", "--quantity", "stable", "-o", "out.txt"], ".csv"),
    (["--over", "gamma=0:1:3", "--quantity", "stable", "--scheduler", "nowhere"], "tcp://HOST:PORT"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "fragment"), BAD_CALLS, ids=[" ".join(c[0]) for c in BAD_CALLS]
)
def test_bad_calls_get_one_sentence(arguments, fragment):
    from stability_cli.main import cli

    result = CliRunner().invoke(cli, ["sweep", "dirac-gan-r1", *arguments])
    assert isinstance(result.exception, InputError), result.output
    assert fragment in str(result.exception)
    assert "\n" not in str(result.exception)


def test_several_equilibria():
    call = ("sweep", "torus", "--over", "lr=0.1,0.2", "--quantity", "stable")
    result = in_process(*call)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: there are 11 equilibria")
    chosen = in_process(*call, "--at", "x=0,y=0")
    assert chosen.returncode == 0, chosen.stderr
    assert "stable at 2 of 2 points" in chosen.stdout


def test_one_point():
    result = in_process(
        "sweep", "dirac-gan-r1", "--over", "gamma=1:1:1", "--quantity", "spectral_abscissa"
    )
    assert result.returncode == 0, result.stderr
    assert "−0.5" in result.stdout


def test_a_picture_of_any_quantity_over_one_number(tmp_path):
    target = tmp_path / "out.svg"
    call = ("dirac-gan-r1", "--over", "gamma=0:2:9", "--quantity", "stable", "--quantity", "losses")
    result = in_process("sweep", *call, "-o", str(target))
    assert result.returncode == 0, result.stderr
    assert target.read_text().startswith("<?xml")
    result = in_process("sweep", *call, "--over", "lr=0.1,0.2", "-o", str(tmp_path / "map.svg"))
    assert result.returncode == 2
    assert "needs --quantity spectral_radius" in result.stderr
