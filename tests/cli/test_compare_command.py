"""`stability compare` through its entry point: what it prints and writes, and bad input."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from stability.errors import InputError
from stability_cli.main import cli
from tests.cli.commands import in_process, process

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "compare.schema.json").read_text(encoding="utf-8"))
R1 = "dirac-gan-r1"
ORIGIN = ("--at", "theta=0,psi=0")

GAME = """
name = "three at a table"
[players.a]
strategy = ["u", "v"]
loss = "u**2 + v**2 + u*w - t*v"
[players.b]
strategy = ["w"]
loss = "w**2 - u*w + w*t"
[players.c]
strategy = ["t"]
payoff = "w*t - t**2 - k*v*t"
[parameters]
k = 1/2
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

RULES = """
from dataclasses import dataclass
from typing import Any, ClassVar

import stability as st


@dataclass(frozen=True)
class Midpoint(st.Rule):
    lr: Any = 0.1
    name: ClassVar[str] = "midpoint"

    def step(self, flow, state):
        (x,) = state
        return (x + self.along(flow, flow(x + 0.5 * self.along(flow, flow(x)))),)


mine = Midpoint(0.2)
number = 3
"""


def run(*arguments):
    """Exit code, stdout and stderr, in this process."""
    result = CliRunner().invoke(cli, ["compare", *map(str, arguments)])
    if isinstance(result.exception, InputError):
        return 2, "", f"Error: {result.exception}"
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def data(*arguments):
    code, stdout, stderr = run(*arguments, "--json")
    assert (code, stderr) == (0, "")
    content = json.loads(stdout, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    jsonschema.validate(content, SCHEMA)
    return content


def row(content, name):
    (found,) = (a for a in content["algorithms"] if a["name"] == name)
    return found


@pytest.fixture
def rules_file(tmp_path):
    path = tmp_path / "my_rules.py"
    path.write_text(RULES)
    return path


def test_end_to_end(tmp_path):
    target = tmp_path / "compared.md"
    command = ("compare", R1, "--rule", "simultaneous")
    printed = process(*command, env={**os.environ, "COLUMNS": "72"})
    assert (printed.returncode, printed.stderr) == (0, "")
    assert "simultaneous" in printed.stdout
    assert max(map(len, printed.stdout.splitlines())) <= 72
    assert in_process(*command, "-o", str(target)).returncode == 0
    assert target.read_text(encoding="utf-8").startswith("# Algorithms on Dirac-GAN, R1")
    again = in_process(*command, "-o", str(target))
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert in_process(*command, "-o", str(target), "--force").returncode == 0
    bad = in_process(*command, "--rule", "nosuch")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith("Error: ")
    assert bad.stderr.count("\n") == 1


def test_a_known_row():
    content = data(
        R1, *ORIGIN, "--set", "gamma=1", "--rule", "simultaneous:lr=0.2", "--rule", "rk4"
    )
    assert content["system"]["parameters"] == {"gamma": 1.0}
    euler = row(content, "simultaneous")
    # J = [[0, −1/2], [1/2, −1]] has −1/2 twice: μ = 1 − h/2
    assert euler["spectral_radius"] == pytest.approx(0.9)
    assert euler["critical_lr"] == pytest.approx(4)
    assert euler["best_lr"] == pytest.approx(2, abs=1e-6)
    assert euler["cost"] == {"gradients": 1.0, "products": 0.0, "solves": 0.0}
    assert row(content, "rk4")["cost"]["gradients"] == 4.0


@pytest.mark.parametrize("suffix", ["txt", "md", "json"])
def test_files(tmp_path, suffix):
    target = tmp_path / f"compared.{suffix}"
    code, stdout, _ = run(R1, *ORIGIN, "--rule", "simultaneous", "--rule", "heun", "-o", target)
    assert (code, stdout) == (0, "")
    text = target.read_text(encoding="utf-8")
    assert "heun" in text
    if suffix == "json":
        jsonschema.validate(json.loads(text), SCHEMA)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.slow
def test_everything_on_a_file_of_three_players(tmp_path):
    path = tmp_path / "table.toml"
    path.write_text(GAME.replace("k = 1/2", "k = 0.5"))
    content = data(path, "--set", "k=1/4", "--at", "u=0,v=0,w=0,t=0")
    assert content["system"]["players"] == ["a", "b", "c"]
    assert content["system"]["parameters"] == {"k": 0.25}
    names = {a["name"] for a in content["algorithms"]}
    assert {"best-response", "simultaneous on stackelberg:leader=a", "alternating on lola"} < names
    assert [own["name"] for own in content["inapplicable"]] == ["ridge"]
    assert all(a["verdict"] == "exponentially stable" for a in content["algorithms"][:10])


def test_a_game_in_python(tmp_path):
    path = tmp_path / "networks.py"
    path.write_text(NETWORK)
    content = data(
        f"{path}:game",
        "--field",
        "consensus:gamma=0.5",
        "--field",
        "gradient",
        "--rule",
        "alternating",
    )
    assert {a["name"] for a in content["algorithms"]} == {
        "alternating", "alternating on consensus:gamma=0.5",
    }  # fmt: skip
    assert content["equilibria"][0] == pytest.approx({"disc.w": 0, "gen.v": 0}, abs=1e-9)


@pytest.mark.slow
def test_the_example_of_two_small_networks():
    content = data(
        ROOT / "examples" / "tiny_gan.py", "--rule", "alternating", "--rule", "extragradient",
        "--starts", "8",
    )  # fmt: skip
    assert content["system"]["dimension"] == 14
    assert len(content["algorithms"]) == 2


def test_step_sizes_by_player():
    content = data(R1, *ORIGIN, "--rule", "alternating:lr.disc=0.1,lr.gen=0.05")
    (found,) = content["algorithms"]
    assert found["settings"]["lr"] == {"gen": 0.05, "disc": 0.1}
    assert found["critical_lr"]["disc"] == pytest.approx(2 * found["critical_lr"]["gen"])
    assert found["best_lr"]["disc"] == pytest.approx(2 * found["best_lr"]["gen"])
    _, text, _ = run(R1, *ORIGIN, "--rule", "alternating:lr.disc=0.1")
    assert "others" in text
    assert "disc" in text


def test_rules_inside_rules():
    content = data(
        R1, *ORIGIN, "--rule", "lookahead:k=3,inner=(heavy-ball:beta=-0.3,order=alternating)",
        "--rule", "alternating:inner.disc=(extragradient),lr=0.1",
    )  # fmt: skip
    nested = next(a for a in content["algorithms"] if a["rule"] == "lookahead")
    assert nested["settings"]["inner"] == "heavy-ball:beta=-0.3,order=alternating"
    assert nested["cost"]["gradients"] == 3.0
    by_player = next(a for a in content["algorithms"] if a["rule"] == "alternating")
    assert by_player["settings"]["inner"] == {"disc": "extragradient"}
    assert by_player["cost"]["gradients"] == 1.5  # one half for gen, twice that for disc


def test_rules_of_a_python_file(rules_file):
    content = data(R1, *ORIGIN, "--rule", f"{rules_file}:mine", "--rule", "heun:lr=0.2")
    midpoint, heun = row(content, "midpoint"), row(content, "heun")
    # both are 1 + hλ + h²λ²/2
    assert midpoint["spectral_radius"] == pytest.approx(heun["spectral_radius"])
    assert midpoint["critical_lr"] == pytest.approx(heun["critical_lr"])
    assert data(R1, *ORIGIN, "--rule", f"{rules_file}:Midpoint")["algorithms"][0]["settings"] == {
        "lr": 0.1
    }


@pytest.mark.skipif(importlib.util.find_spec("optax") is None, reason="an extra")
def test_optax_names():
    content = data(R1, *ORIGIN, "--rule", "adam:lr=0.01", "--rule", "sgd:lr=0.2")
    adam, sgd = row(content, "adam"), row(content, "sgd")
    assert "held at 1" in adam["because"]
    assert adam["cost"]["gradients"] == 1.0
    assert sgd["critical_lr"] == pytest.approx(1.2)  # simultaneous: 2·0.15/0.25 at γ = 0.3


def test_penalty_field_and_exact():
    content = data(
        "xy", "--penalty", "gradient-norm:coefficient=0.1", "--rule", "simultaneous", "--exact",
        "--at", "x=0,y=0",
    )  # fmt: skip
    (found,) = content["algorithms"]
    # 0.1·‖∇L‖² on both losses: λ = −0.2 ± i, stable below 2·0.2/1.04
    assert found["critical_lr"] == pytest.approx(5 / 13)
    assert found["critical_lr_exact"] == "5/13"
    assert found["conditions"].replace(" ", "") == "lr<5/13"


BAD_CALLS = [
    (["henon"], "discrete"),
    (["nosuch"], "nosuch"),
    ([R1, "--rule", "nosuch"], "nosuch"),
    ([R1, "--rule", ""], "rule"),
    ([R1, "--rule", ":"], "rule"),
    ([R1, "--rule", "lookahead:inner=(heavy-ball:beta=-0.3"], "heavy-ball"),
    ([R1, "--rule", "lookahead:inner=heavy-ball:beta=-0.3)"], "bracket"),
    ([R1, "--rule", "lookahead:inner=()"], "rule"),
    ([R1, "--rule", "lookahead:inner="], "inner"),
    ([R1, "--rule", "lookahead:inner=(lookahead:inner=(nosuch))"], "nosuch"),
    ([R1, "--rule", "lookahead:k=1000000000"], "1000"),
    ([R1, "--rule", "lookahead:k=1.5"], "whole"),
    ([R1, "--rule", "simultaneous:lr=nan"], "nan"),
    ([R1, "--rule", "simultaneous:lr=inf"], "inf"),
    ([R1, "--rule", "simultaneous:lr=1e400"], "too large"),
    ([R1, "--rule", "alternating:lr.nobody=0.1"], "nobody"),
    ([R1, "--rule", "alternating:lr.disc=0"], "positive"),
    ([R1, "--rule", "simultaneous:lr=0.1,lr=0.2"], "twice"),
    ([R1, "--rule", "missing.py:mine"], "missing.py"),
    ([R1, "--field", "nosuch"], "nosuch"),
    ([R1, "--field", "ridge:x=1"], "no settings"),
    ([R1, "--field", "stackelberg:leader=nobody"], "nobody"),
    ([R1, "--field", "consensus:gamma=-1"], "gamma"),
    ([R1, "--field", "consensus:gamma=1e300", *ORIGIN], "overflows"),
    ([R1, "--field", "consensus", "--rule", "unrolled"], "gradient field"),
    (["tandem", "--field", "ridge"], "general-sum"),
    ([R1, "--penalty", "nosuch"], "nosuch"),
    (["brusselator", "--field", "consensus"], "own field"),
    (["brusselator", "--rule", "alternating"], "two players"),
    (["brusselator", "--penalty", "gradient-norm"], "gradient-norm"),
    ([R1, "--at", "theta=0"], "psi"),
    ([R1, "--at", "theta=nan,psi=0"], "nan"),
    ([R1, "--set", "gamma=nan"], "nan"),
    ([R1, "--set", "nope=1"], "nope"),
    ([R1, "--box", "theta=1:-1"], "theta"),
    ([R1, "--tune", "gamma"], "name=value"),
    ([R1, "--tune", "gamma=1"], "LOW:HIGH"),
    ([R1, "--tune", "gamma=2:1", "--rule", "rk4", *ORIGIN], "larger"),
    ([R1, "--tune", "gamma=nan:1"], "nan"),
    ([R1, "--tune", "gamma=:"], "empty"),
    ([R1, "-o", "compared.html"], ".json"),
    ([R1, "-o", "no/such/folder/compared.md"], "folder"),
    ([R1, "--starts", "0"], "starts"),
    ([R1, "--seed", "-1"], "seed"),
    ([], "GAME"),
]


@pytest.mark.parametrize(
    ("arguments", "fragment"), BAD_CALLS, ids=[" ".join(c[0]) for c in BAD_CALLS]
)
def test_bad_calls_get_one_sentence(arguments, fragment):
    code, stdout, message = run(*arguments)
    assert (code, stdout) == (2, "")
    assert fragment in message
    assert len(re.findall("Error", message)) == 1


def test_what_is_in_a_file_of_rules(rules_file):
    for name, fragment in (
        ("number", "no rule but int"),
        ("nothing", "nothing"),
        ("", "which object"),
    ):
        code, _, message = run(R1, "--rule", f"{rules_file}:{name}" if name else rules_file)
        assert code == 2
        assert fragment in message


def test_what_cannot_be_told_of_one_algorithm_aborts_no_other():
    rules = ("--rule", "simultaneous:lr=0.1", "--rule", "simultaneous:lr=1e300")
    fields = ("--field", "gradient", "--field", "stackelberg:leader=disc")
    code, text, message = run(R1, *fields, *rules, "--tune", "gamma=0:5")
    assert (code, message) == (0, "")
    text = " ".join(text.split())
    assert "The simultaneous step overflows at lr=1e+300; use a smaller lr." in text
    assert "(1/40 = 0.025, 5)" in text  # lr < 4γ
    assert "The stackelberg field is not differentiable at theta=0,psi=0." in text


def test_a_rule_for_two_players_aborts_no_other():
    code, text, message = run("brusselator", "--rule", "simultaneous", "--rule", "alternating")
    assert (code, message) == (0, "")
    assert "alternating: alternating needs a game with at least two players" in text


def test_a_point_that_is_no_equilibrium():
    code, text, _ = run(R1, "--at", "theta=1,psi=1", "--rule", "rk4")
    assert code == 0
    assert "There is no equilibrium" in text
    assert "is left out" in text


def test_help_needs_no_jax():
    code = "import sys; sys.argv = ['stability', 'compare', '--help']\nfrom stability_cli.entry import run\n"
    code += "code = run()\nassert 'jax' not in sys.modules\nsys.exit(code)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    assert "--tune" in result.stdout
