"""Runs what a page shows, from top to bottom: `python -m tests.run_page README.md`, in an empty folder.

Python blocks share their names. Shell blocks are run line by line, with this Python's programs in front of
all others. A TOML block is saved under the name that the text before it gives (`game.toml`). Left out are
blocks after a comment `<!-- not run: why -->`, and the parts of a line that install something (`venv`,
`pip install`) or run the tests: .ci/run does both before it runs this, and tests/test_docs.py reads them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[1]
# exit codes that a line may end with: `report --check` answers by them
CHECKED = {0, 3, 4}
_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]*?) -->\n\n)?^```(?P<language>\w+)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A block of code of a page; `why` it is not run, if it is not; `name` of the file that it is."""

    language: str
    code: str
    why: str
    name: str


def blocks(text: str) -> list[Block]:
    """The blocks of code of a page, in order."""
    found = []
    for match in _BLOCK.finditer(text):
        named = re.findall(r"`([\w-]+\.toml)`", text[: match.start()])
        name = named[-1] if named and match["language"] == "toml" else ""
        found.append(Block(match["language"], match["code"], match["why"] or "", name))
    return found


def runs(block: Block) -> bool:
    """Whether something of a block is run."""
    return not block.why and (
        block.language == "python" or (block.language == "sh" and bool(lines(block)))
    )


def lines(block: Block) -> list[str]:
    """The commands of a shell block, without what installs and what runs the tests."""
    found = []
    for line in block.code.replace("\\\n", " ").splitlines():
        parts = [part for part in line.split(" && ") if not installs(part)]
        found.append(" && ".join(part.replace(".venv/bin/", "") for part in parts))
    return [line for line in found if line.strip()]


def installs(part: str) -> bool:
    """Whether a command installs something, or runs the tests."""
    return any(word in part for word in ("-m venv", "pip install", "-m pytest"))


def run(page: Path) -> None:
    """Runs a page in the current folder; exits with a sentence at the first thing that fails."""
    Path("examples").symlink_to(TOP / "examples")
    folder = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": os.pathsep.join([folder, os.environ["PATH"]])}
    names: dict[str, object] = {}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.why:
            continue
        if block.language == "toml" and block.name:
            Path(block.name).write_text(block.code, encoding="utf-8")
        elif block.language == "python":
            begin = time.perf_counter()
            exec(compile(block.code, page.name, "exec"), names)
            print(
                f"{time.perf_counter() - begin:6.1f} s  {block.code.splitlines()[0]} …", flush=True
            )
        elif block.language == "sh":
            for line in lines(block):
                begin = time.perf_counter()
                done = subprocess.run(
                    ["bash", "-c", line], env=environment, capture_output=True, text=True
                )
                print(f"{time.perf_counter() - begin:6.1f} s  {line}", flush=True)
                if done.returncode not in (CHECKED if "--check" in line else {0}):
                    sys.exit(f"{page.name}: {line}\n{done.stderr or done.stdout}")


if __name__ == "__main__":
    run(Path(sys.argv[1]).resolve())
