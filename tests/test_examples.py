"""The examples and the README's snippets do what they say."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def run(*arguments: str, **options) -> str:
    result = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        cwd=ROOT,
        **options,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


# the others take longer, most of it in compiling
QUICK = ("critical_steps.py",)
SCRIPTS = sorted(p.name for p in (ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize(
    "script", [s if s in QUICK else pytest.param(s, marks=pytest.mark.slow) for s in SCRIPTS]
)
def test_python_examples_run(script):
    run(f"examples/{script}")


@pytest.mark.slow
@pytest.mark.parametrize("game", ["examples/tiny_gan.py:game", "examples/three_pennies.toml"])
def test_example_games_are_reported(game):
    content = json.loads(run("-m", "stability_cli", "report", game, "--json"))
    assert content["equilibria"]


@pytest.mark.slow
def test_the_python_snippets_of_the_readme_run(tmp_path):
    snippets = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(snippets) >= 2
    for snippet in snippets:
        run("-c", snippet)


def test_the_report_in_the_readme_is_what_the_command_prints():
    (shown,) = re.findall(r"<!-- report -->\n```text\n(.*?)```\n<!-- end -->", README, re.DOTALL)
    printed = run(
        "-m", "stability_cli", "report", "dirac-gan-r1", env={**os.environ, "COLUMNS": "80"}
    )
    assert shown.strip() == printed.strip()
