"""Whether the tests notice: one line of the library at a time is made wrong, and its room's tests are run.

    python tests/mutate.py --count 20 --seed 0 [--rooms fields,rules] [--seconds 300]

A mutant turns a comparison round, exchanges + and −, or max and min, negates a condition, or adds one to a
number. What survives is a line that no test needs, or one that changes nothing: look at it.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).parents[1]
ROOMS = [
    "dynamics", "games", "fields", "rules", "equilibria", "spectra", "criteria", "verdicts",
    "analysis",
]  # fmt: skip
TURNED = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add,
}  # fmt: skip
EXCHANGED = {"max": "min", "min": "max"}


class Mutant(NamedTuple):
    """One line of a file, as it is and made wrong."""

    file: Path
    line: int
    old: str
    new: str

    @property
    def source(self) -> str:
        lines = (TOP / self.file).read_text(encoding="utf-8").splitlines(keepends=True)
        lines[self.line - 1] = self.new + "\n"
        return "".join(lines)


def mutated(node: ast.AST) -> str | None:
    """An expression made wrong, or None for what has no mutation."""
    match node:
        case ast.Compare(left, [operator], [right]) if type(operator) in TURNED:
            changed = ast.Compare(left, [TURNED[type(operator)]()], [right])
        case ast.BinOp(left, ast.Add() | ast.Sub() as operator, right):
            changed = ast.BinOp(left, TURNED[type(operator)](), right)
        case ast.Constant(value) if type(value) in (int, float):
            changed = ast.Constant(value + 1)
        case ast.Name(name) if name in EXCHANGED:
            changed = ast.Name(EXCHANGED[name])
        case ast.Attribute(value, name) if name in EXCHANGED:
            changed = ast.Attribute(value, EXCHANGED[name])
        case ast.If(test=test) | ast.IfExp(test=test):
            return f"not ({ast.unparse(test)})"
        case _:
            return None
    return ast.unparse(changed)


def mutants(file: Path) -> Iterator[Mutant]:
    """All mutants of one file whose expression stands on one line."""
    text = (TOP / file).read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        wrong = mutated(node)
        place = node.test if isinstance(node, (ast.If, ast.IfExp)) else node
        if wrong is None or place.lineno != place.end_lineno:
            continue
        old = lines[place.lineno - 1]
        line = old.encode()  # columns count bytes
        new = line[: place.col_offset] + wrong.encode() + line[place.end_col_offset :]
        try:
            ast.parse(Mutant(file, place.lineno, old, new.decode()).source)
        except SyntaxError:  # inside an f-string
            continue
        yield Mutant(file, place.lineno, old, new.decode())


def survives(mutant: Mutant, tests: str, seconds: float, top: Path = TOP) -> bool:
    """Whether these tests pass in a copy of the tree that has the mutant; too long is noticed too."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in (
            "stability",
            "cli",
            "tests",
            "examples",
            "docs",
            "pyproject.toml",
            "README.md",
        ):
            if (top / name).is_dir():
                shutil.copytree(top / name, copy / name)
            else:
                shutil.copy(top / name, copy / name)
        (copy / mutant.file).write_text(mutant.source, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": f"{copy}{os.pathsep}{copy / 'cli'}"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", tests]
        try:
            run = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, timeout=seconds
            )
        except subprocess.TimeoutExpired:
            return False
    return run.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rooms", type=lambda text: text.split(","), default=ROOMS)
    parser.add_argument("--seconds", type=float, default=300)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    survived = 0
    for _ in range(asked.count):
        room = rng.choice(asked.rooms)
        files = sorted((TOP / "stability" / room).rglob("*.py"))
        candidates: list[Mutant] = []
        while not candidates:
            candidates = list(mutants(rng.choice(files).relative_to(TOP)))
        mutant = rng.choice(candidates)
        lives = survives(mutant, f"tests/{room}", asked.seconds)
        survived += lives
        print(f"{'SURVIVED' if lives else 'caught'} {mutant.file}:{mutant.line}")
        print(f"    {mutant.old.strip()}\n    {mutant.new.strip()}", flush=True)
    print(f"{asked.count - survived} caught, {survived} survived")


if __name__ == "__main__":
    main()
