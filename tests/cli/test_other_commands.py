"""Help, list and show through the real entry point; help must not import anything slow."""

import json
import subprocess
import sys
import tomllib

import pytest

import stability as st
from tests.cli.commands import in_process, process


@pytest.mark.parametrize("arguments", [["--help"], ["report", "--help"], ["-h"], ["--version"]])
def test_help_imports_nothing_slow(arguments):
    code = (
        "import sys\nsys.argv = ['stability', *" + repr(arguments) + "]\n"
        "from stability_cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "slow = {'jax', 'numpy', 'scipy', 'sympy', 'rich', 'stability'} & set(sys.modules)\n"
        "assert not slow, slow"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
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
