"""`stability probe`, as users run it."""

import json
from pathlib import Path

import jsonschema
import pytest

import stability as st
from tests.cli.commands import in_process

DOCS = Path(__file__).parents[2] / "docs"


def contract(name):
    return json.loads((DOCS / f"{name}.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A training run of the Dirac-GAN with R1, three checkpoints."""
    folder = tmp_path_factory.mktemp("runs") / "dirac"
    st.train("dirac-gan-r1", st.Alternating(lr=0.2), 20, every=10, folder=folder)
    return folder


def test_a_game():
    result = in_process(
        "probe", "dirac-gan-r1", "--rule", "simultaneous:lr=0.2", "--k", "2", "--json"
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    found = json.loads(result.stdout)
    jsonschema.validate(found, contract("probe"))
    assert found["system"]["players"] == ["gen", "disc"]
    assert found["rules"][0]["state_size"] == 2


def test_the_last_checkpoint_of_a_run_with_its_own_rule(run):
    result = in_process("probe", str(run), "--k", "2")
    assert result.returncode == 0, result.stderr
    assert "checkpoint-000020.npz, step 20" in result.stdout
    assert "alternating" in result.stdout
    assert "This is no equilibrium" in result.stdout


def test_along_a_run(run, tmp_path):
    result = in_process("probe", str(run), "--along", "--k", "2", "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    jsonschema.validate(found, contract("probe-series"))
    for own in found["probes"]:
        jsonschema.validate(own, contract("probe"))
    assert found["steps"] == [0, 10, 20]
    assert found["path_angle"] is not None
    picture = tmp_path / "run.svg"
    drawn = in_process(
        "probe", str(run), "--along", "--checkpoints", "2", "--k", "2", "-o", str(picture)
    )
    assert drawn.returncode == 0, drawn.stderr
    assert picture.read_text(encoding="utf-8").startswith("<?xml")


def test_another_checkpoint_and_another_rule(run):
    result = in_process(
        "probe", str(run), "--at", "10", "--rule", "extragradient:lr=0.1", "--k", "2", "--json"
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["point"]["step"] == 10
    assert [rule["rule"] for rule in found["rules"]] == ["extragradient"]


def test_moving(run):
    result = in_process("probe", str(run), "--move", "--k", "2", "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["rest"]["stationary"]["verdict"] == "yes"
    assert found["rest"]["moved"] > 0
    assert found["flow"]["stability"]["verdict"] == "exponentially stable"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("xy", "--along"), "folder of a training run"),
        (("xy", "--at", "nowhere.npz"), "nowhere.npz"),
        (("henon",), "probe takes a game"),
        (("xy", "--k", "2", "-o", "probe.html"), "use .txt"),
        (("xy", "--checkpoints", "3"), "--along"),
        ((".",), "run.json"),
    ],
)
def test_bad_input_is_one_sentence(arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = in_process("probe", *arguments)
    assert result.returncode == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_step_that_a_run_does_not_have(run):
    result = in_process("probe", str(run), "--at", "15")
    assert result.returncode == 2
    assert "0, 10, 20" in result.stderr


def test_a_run_has_its_own_settings(run):
    result = in_process("probe", str(run), "--set", "gamma=1")
    assert result.returncode == 2
    assert "recorded" in result.stderr


def test_a_run_says_which_python_file_it_runs_or_refuses_it(tmp_path):
    file, folder = tmp_path / "mine.py", tmp_path / "run"
    file.write_text(
        "import stability as st\n\ngame = st.zero_sum(\n    lambda x, y: x * y, minimizer='x', "
        "maximizer='y', start={'x': 1.0, 'y': 0.0}\n)\n"
    )
    st.train(f"{file}:game", st.Simultaneous(lr=0.1), 1, every=1, folder=folder)
    result = in_process("probe", str(folder), "--k", "1")
    assert result.returncode == 0, result.stderr
    assert result.stderr == f"note: opening {folder} runs {file}, which its run.json names\n"
    refused = in_process("probe", str(folder), "--no-code")
    assert refused.returncode == 2
    assert "--no-code forbids that" in refused.stderr
