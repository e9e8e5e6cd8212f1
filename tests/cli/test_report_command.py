"""`stability report` through its real entry point: the main job, bad input, files and exit codes."""

import json
import os
import re
from pathlib import Path

import jsonschema
import pytest

from tests.cli.commands import in_process, process
from tests.games.bad_files import BAD_FILES

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text())

GAME = """
name = "xy with a penalty"
[players.x]
strategy = ["x"]
loss = "x*y + gamma/2*x**2"
[players.y]
strategy = ["y"]
payoff = "x*y"
[parameters]
gamma = 0.1
"""

NETWORK = """
import jax.numpy as jnp
import stability as st

game = st.Game(
    {
        "disc": lambda disc, gen: -jnp.tanh(disc["w"]) * gen["v"] + 0.1 * disc["w"] ** 2,
        "gen": lambda disc, gen: jnp.tanh(disc["w"]) * gen["v"] + 0.1 * gen["v"] ** 2,
    },
    start={"disc": {"w": 0.5}, "gen": {"v": 0.5}},
)
"""


def data(*arguments: str, **options) -> dict:
    result = in_process("report", *arguments, "--json", **options)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    content = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    jsonschema.validate(content, SCHEMA)
    return content


@pytest.fixture
def game_file(tmp_path):
    path = tmp_path / "game.toml"
    path.write_text(GAME)
    return path


def test_the_example_of_the_design(game_file):
    content = data(str(game_file), "--rule", "simultaneous:lr=0.05")
    assert content["system"] == {
        "kind": "game", "name": "xy with a penalty", "players": ["x", "y"], "variables": ["x", "y"],
        "dimension": 2, "parameters": {"gamma": 0.1}, "zero_sum": True, "zero_sum_up_to_own_terms": True,
        "common": {"formula": "gamma*x**2/2 + x*y", "minimizer": "x", "maximizer": "y"},
        "structure": "general",
    }  # fmt: skip
    (equilibrium,) = content["equilibria"]
    assert equilibrium["point"] == {"x": 0.0, "y": 0.0}
    assert equilibrium["exact"] == {"x": "0", "y": "0"}
    (flow,), (rule,) = equilibrium["flows"], equilibrium["rules"]
    assert flow["eigenvalues"][0] == pytest.approx([-0.05, (1 - 0.0025) ** 0.5], rel=1e-12)
    assert (flow["type"], flow["stability"]["verdict"]) == ("stable focus", "exponentially stable")
    # μ = 1 + hλ: |μ|² = 1 − 2·0.05·0.05 + 0.05²
    assert rule["spectral_radius"] == pytest.approx((1 - 0.005 + 0.0025) ** 0.5, rel=1e-12)
    assert rule["critical_lr"] == pytest.approx(0.1, rel=1e-12)
    assert rule["critical_lr_exact"] == "gamma"
    assert rule["best_lr"] == pytest.approx(0.05, rel=1e-9)


def test_text_leads_with_the_verdict_and_fits_the_terminal(game_file):
    for width in (80, 120):
        result = in_process("report", str(game_file), env={**os.environ, "COLUMNS": str(width)})
        assert result.returncode == 0, result.stderr
        assert max(map(len, result.stdout.splitlines())) <= width
        first = result.stdout.split("Equilibrium")[0]
        assert "rests at one point" in first


def test_a_python_file_with_networks(tmp_path):
    path = tmp_path / "my_networks.py"
    path.write_text(NETWORK)
    content = data(f"{path}:game")
    assert content["system"]["variables"] == ["disc.w", "gen.v"]
    origin = next(e for e in content["equilibria"] if max(map(abs, e["point"].values())) < 1e-8)
    # J = [[−0.2, 1], [−1, −0.2]] at the origin
    assert origin["flows"][0]["eigenvalues"] == [
        pytest.approx([-0.2, 1.0], rel=1e-10),
        pytest.approx([-0.2, -1.0], rel=1e-10),
    ]


@pytest.mark.parametrize("suffix", [".txt", ".md", ".json"])
def test_output_files(game_file, tmp_path, suffix):
    target = tmp_path / f"report{suffix}"
    assert in_process("report", str(game_file), "-o", str(target)).returncode == 0
    text = target.read_text()
    assert "xy with a penalty" in text
    if suffix == ".json":
        jsonschema.validate(json.loads(text), SCHEMA)
    assert not list(tmp_path.glob(".*"))  # no temporary file is left


def test_an_output_file_is_overwritten_only_by_force(game_file, tmp_path):
    target = tmp_path / "report.txt"
    target.write_text("kept")
    refused = in_process("report", str(game_file), "-o", str(target))
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert target.read_text() == "kept"
    assert in_process("report", str(game_file), "-o", str(target), "--force").returncode == 0
    assert "xy with a penalty" in target.read_text()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--rule", "simultaneous:lr=0.05"], 0),
        (["--rule", "simultaneous:lr=0.2"], 3),
        (["--rule", "simultaneous:lr=0.05", "--rule", "simultaneous:lr=0.2"], 3),
        (["--rule", "simultaneous:lr=0.1"], 3),  # exactly critical: a centre of a linear map
        (["--rule", "alternating:lr=0.1"], 0),
    ],
)
def test_check_is_an_exit_code(game_file, arguments, code):
    assert in_process("report", str(game_file), "--check", *arguments).returncode == code


def test_check_undecided():
    assert in_process("report", "dirac-gan", "--check", "--rule", "best-response").returncode == 4


def test_check_counts_what_normal_forms_settle():
    steps = "alternating:lr=0.1"
    codes = [
        in_process("report", name, "--check", "--rule", steps).returncode
        for name in ("dirac-gan-nonsaturating", "dirac-gan")
    ]
    assert codes == [0, 3]  # asymptotically stable; unstable at order nine


def test_settings_fields_and_per_player_values(game_file):
    content = data(
        str(game_file), "--set", "gamma=1/2", "--field", "two-timescale:tau=4", "--field", "gradient",
        "--rule", "alternating:lr=0.1,lr.y=0.2,steps.y=2,order=y+x",
    )  # fmt: skip
    assert content["system"]["parameters"] == {"gamma": 0.5}
    (equilibrium,) = content["equilibria"]
    assert [f["field"] for f in equilibrium["flows"]] == ["two-timescale", "gradient"]
    assert len(equilibrium["rules"]) == 2
    settings = equilibrium["rules"][0]["settings"]
    assert settings["lr"] == {"": 0.1, "y": 0.2}
    assert settings["order"] == ["y", "x"]
    critical = equilibrium["rules"][1]["critical_lr"]
    assert critical["y"] == pytest.approx(2 * critical[""])


def test_a_given_point():
    content = data("letcher", "--at", "x=0,y=0")
    assert content["equilibria"][0]["stationary"] is True
    content = data("letcher", "--at", "x=1/2,y=0")
    (point,) = content["equilibria"]
    assert point["stationary"] is False
    assert "not an equilibrium" in point["remarks"][0]
    assert point["flows"][0]["stability"]["verdict"] == "undecided"


def test_a_given_point_of_a_game_in_python(tmp_path):
    path = tmp_path / "my_networks.py"
    path.write_text(NETWORK)
    content = data(str(path), "--at", "disc.w=0,gen.v=0", "--at", "disc.w=1,gen.v=0")
    assert [e["stationary"] for e in content["equilibria"]] == [True, False]
    assert content["equilibria"][1]["flows"][0]["stability"]["verdict"] == "undecided"


def test_a_step_so_small_that_its_radius_rounds_to_one():
    content = data("dirac-gan-r1", "--rule", "simultaneous:lr=1e-17")
    (rule,) = content["equilibria"][0]["rules"]
    assert rule["stability"]["verdict"] == "exponentially stable"  # decided in exact arithmetic
    assert rule["steps_per_digit"] is None


def test_flows_and_maps():
    flow = data("lorenz", "--set", "rho=1/2")
    assert flow["equilibria"][0]["conditions"] is None
    assert flow["equilibria"][0]["flows"][0]["field"] == "given"
    assert flow["equilibria"][0]["flows"][0]["stability"]["verdict"] == "exponentially stable"
    euler = data("lorenz", "--set", "rho=1/2", "--rule", "simultaneous:lr=0.01")
    assert euler["equilibria"][0]["rules"][0]["field"] == "given"
    henon = data("henon")
    assert "flows" not in henon["equilibria"][0]
    assert len(henon["equilibria"]) == 2


BAD_CALLS = [
    (["no-such-game"], "no-such-game"),
    (["dirac-gun"], "dirac-gan"),
    (["missing.toml"], "missing.toml"),
    (["missing.py:game"], "missing.py"),
    (["dirac-gan", "--set", "gamma=1"], "gamma"),
    (["dirac-gan-r1", "--set", "gamma"], "name=value"),
    (["dirac-gan-r1", "--set", "gamma="], "name=value"),
    (["dirac-gan-r1", "--set", "gamma=nan"], "nan"),
    (["dirac-gan-r1", "--set", "gamma=1e999"], "gamma"),
    (["dirac-gan-r1", "--set", "gamma=theta"], "theta"),
    (["dirac-gan-r1", "--set", "gamma=1", "--set", "gamma=2"], "twice"),
    (["xy", "--rule", "nosuch"], "nosuch"),
    (["xy", "--rule", "simultaneous:lr=0"], "positive"),
    (["xy", "--rule", "simultaneous:lr=-1"], "positive"),
    (["xy", "--rule", "simultaneous:lr=fast"], "fast"),
    (["xy", "--rule", "simultaneous:step=1"], "step"),
    (["xy", "--rule", "simultaneous:lr"], "name=value"),
    (["xy", "--rule", "simultaneous:lr.z=1"], "z"),
    (["xy", "--rule", "alternating:steps=0"], "steps"),
    (["xy", "--rule", "alternating:steps=1.5"], "whole"),
    (["xy", "--rule", "alternating:order=x"], "order"),
    (["xy", "--rule", "alternating:order=x+z"], "z"),
    (["xy", "--rule", ""], "rule"),
    (["xy", "--field", "nosuch"], "nosuch"),
    (["xy", "--field", "two-timescale:tau=0"], "positive"),
    (["balduzzi-four", "--field", "two-timescale:tau=2"], "two players"),
    (["lorenz", "--field", "gradient"], "field"),
    (["lorenz", "--rule", "alternating:lr=0.1"], "two players"),
    (["henon", "--rule", "simultaneous"], "discrete"),
    (["xy", "--at", "x=0"], "y"),
    (["xy", "--at", "x=0,y=0,z=1"], "z"),
    (["xy", "--at", "somewhere"], "name=value"),
    (["xy", "--at", ""], "--at"),
    (["xy", "--at", "x=0,y=oops"], "oops"),
    (["xy", "--box", "x=1"], "low:high"),
    (["xy", "--box", "x=2:1"], "low"),
    (["xy", "--box", "q=0:1"], "q"),
    (["xy", "-o", "report.xyz"], ".json"),
    (["xy", "-o", "no/such/folder/report.md"], "folder"),
    (["xy", "--starts", "0"], "starts"),
    (["xy", "--seed", "x"], "seed"),
    (["xy", "--nonsense"], "nonsense"),
    ([], "GAME"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "fragment"), BAD_CALLS, ids=[" ".join(c[0]) for c in BAD_CALLS]
)
def test_bad_calls_get_one_sentence(arguments, fragment):
    result = in_process("report", *arguments)
    message = result.stderr
    assert result.returncode == 2
    assert fragment in message
    assert len(re.findall("Error", message)) == 1
    assert "Traceback" not in message


@pytest.mark.parametrize("bad", BAD_FILES, ids=[bad.id for bad in BAD_FILES])
def test_bad_files_get_one_sentence(tmp_path, bad):
    path = tmp_path / "bad.toml"
    path.write_text(bad.text, encoding="utf-8")
    result = in_process("report", str(path))
    message = result.stderr
    assert result.returncode == 2
    assert "bad.toml" in message
    assert "\n" not in message.strip()


def test_bad_input_end_to_end(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_bytes(b"\xff\xfe\x00")
    for run, game in ((process, path), (in_process, "no-such-game"), (in_process, tmp_path)):
        result = run("report", str(game))
        assert result.returncode == 2
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1


WELLS = """
[flow]
x = "sin(3*x)"
[box]
x = [-3, 3]
"""


def test_summary_and_details(tmp_path):
    path = tmp_path / "wells.toml"
    path.write_text(WELLS)
    call = ("report", str(path), "--json")
    whole = in_process(*call).stdout
    assert (
        in_process(*call, "--summary").stdout == in_process(*call, "--details", "2").stdout == whole
    )
    points = len(json.loads(whole)["equilibria"])
    assert points <= 6
    short = in_process("report", str(path), "--summary").stdout
    assert "Overview" in short
    assert "Equilibrium 1 of" not in short
    some = in_process("report", str(path), "--details", "2,1").stdout
    assert re.findall(r"^Equilibrium (\d) of", some, re.MULTILINE) == ["2", "1"]
    everything = in_process("report", str(path), "--details", "all").stdout
    assert everything == in_process("report", str(path)).stdout
    for wrong, why in (("9", "from 1 to"), ("x", "a number of the table, or all")):
        result = in_process("report", str(path), "--details", wrong)
        assert result.returncode == 2
        assert why in result.stderr
    both = in_process("report", str(path), "--details", "1", "--summary")
    assert "say one" in both.stderr


def test_a_kink_is_answered(tmp_path):
    file = tmp_path / "adversarial.toml"
    file.write_text(
        '[players.p]\nstrategy = ["w"]\nloss = "relu(1 - w + abs(w)/2) + w**2/20"\n', "utf-8"
    )
    result = process("report", str(file), "--json")
    assert result.returncode == 0, result.stderr
    (found,) = json.loads(result.stdout)["equilibria"]
    assert found["exact"] == {"w": "2"}
    assert found["conditions"]["local_nash"]["verdict"] == "yes"
    (flow,) = found["flows"]
    assert flow["stability"]["verdict"] == "asymptotically stable"
    assert flow["normal_form"]["case"] == "kink"
    assert "finite time" in flow["stability"]["because"]
    assert "band of width about 0.05" in found["rules"][0]["stability"]["because"]
