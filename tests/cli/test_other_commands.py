"""Help, list and show through the real entry point; help must not import anything slow."""

import json
import os
import subprocess
import sys
import tomllib

import pytest

import stability as st
from tests.cli.commands import in_process, process

HELP = {"jax", "numpy", "scipy", "sympy", "matplotlib", "rich", "stability"}


@pytest.mark.parametrize(
    ("arguments", "completing", "slow"),
    [
        (["--help"], "", HELP),
        (["report", "--help"], "", HELP),
        (["-h"], "", HELP),
        (["--version"], "", HELP),
        (["list"], "", HELP - {"rich", "stability"}),
        (["list", "--json"], "", HELP - {"stability"}),
        (["show", "dirac-gan"], "", HELP - {"stability"}),
        ([], "report dirac", HELP - {"stability"}),
        ([], "report xy --rule he", HELP - {"stability"}),
    ],
)
def test_what_computes_nothing_imports_nothing_slow(arguments, completing, slow):
    code = (
        f"import sys\nsys.argv = {['stability', *arguments]}\n"
        "from stability_cli.entry import run\n"
        "run()\n"
        f"found = {slow} & set(sys.modules)\n"
        "assert not found, found"
    )
    words = ["stability", *completing.split()]
    shell = {
        "_STABILITY_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **(shell if completing else {})},
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout


def test_help_names_every_command_and_warns_of_python_files():
    text = process("--help").stdout
    assert all(name in text for name in ("report", "list", "show"))
    assert "trust" in process("report", "--help").stdout


def test_list_and_show():
    content = json.loads(process("list", "--json").stdout)
    names = [game["name"] for game in content["games"]]
    assert names == list(st.games.catalogue.names())
    assert len(names) > 40
    assert all(game["summary"] for game in content["games"])
    text = in_process("list").stdout
    assert all(name in text for name in names)
    shown = in_process("show", "dirac-gan-r1")
    assert tomllib.loads(shown.stdout)["players"]
    missing = in_process("show", "dirac-gan-r2")
    assert missing.returncode == 2
    assert "dirac-gan-r1" in missing.stderr


def test_show_turns_nfg_files_into_game_files_and_back(tmp_path):
    nfg, toml = tmp_path / "dilemma.nfg", tmp_path / "dilemma.toml"
    nfg.write_text('NFG 1 R "Dilemma" { "a" "b" } { 2 2 } 3 3 5 0 0 5 1 1', encoding="utf-8")
    shown = in_process("show", str(nfg)).stdout
    assert tomllib.loads(shown)["matrix"]["payoffs"]["b"] == [[3, 5], [0, 1]]
    toml.write_text(shown, encoding="utf-8")
    back = in_process("show", str(toml), "--nfg").stdout
    assert st.read_nfg(back) == st.load(nfg).strategic_form
    for arguments, said in (
        (["show", "xy", "--nfg"], "takes a game in strategic form"),
        (["report", str(tmp_path / "none.nfg")], "there is no file"),
        (["report", str(nfg), "--set", "a=1"], "has no parameters"),
    ):
        refused = in_process(*arguments)
        assert refused.returncode == 2
        assert said in refused.stderr
    nfg.write_text('NFG 1 R "Dilemma" { "a" "b" } { 2 2 } 3 3 5 0', encoding="utf-8")
    refused = in_process("report", str(nfg))
    assert refused.returncode == 2
    assert f"{nfg}: line 1: the game has 8 payoffs, and the file 4" in refused.stderr
