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
