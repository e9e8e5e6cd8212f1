"""Shows that a change of the code keeps every number and every text that the commands print.

    python tests/same_numbers.py collect FOLDER
    python tests/same_numbers.py compare BEFORE AFTER [--changed CASE ...]

`collect` runs many commands with the `stability` that is installed and keeps what they print; `compare` says
where two such folders differ, and exits with 1 if they do. What an older checkout prints is collected with

    PYTHONPATH=CHECKOUT:CHECKOUT/cli python tests/same_numbers.py collect FOLDER

Collect both on the same machine: another processor or another version of JAX rounds differently.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import json
import multiprocessing
import os
import re
import runpy
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

# ---- What is run ---------------------------------------------------------------------------------

# Each kind of game, and many fields, rules and penalties, at a modest cost; the commands that take longest
# first. The whole catalogue is reported besides. The example files are those of the checkout that is run.
CASES = {
    "report": """
examples/noisy_gan.py:game --batch 4
examples/three_pennies.toml --rule extragradient --rule heun --rule proximal
dirac-gan-r1 --field consensus:gamma=0.5 --field two-timescale:tau=4 --rule rk4 --rule heavy-ball
nagarajan-kolter-uniform-minimax --condition nagarajan-kolter
ridge-1 --condition proximal:lam=0.5 --field ridge
""",
    "probe": """
dirac-gan-r1 --rule simultaneous:lr=0.2
xy --rule extragradient:lr=0.1 --rule optimistic:lr=0.1
balduzzi-four --rule alternating:lr=0.1
covariance-gan --move
linear-gan --rule simultaneous
gaussian-gan --rule adam:lr=0.01
torus --field consensus:gamma=0.5
examples/three_pennies.toml --rule lookahead:k=5
examples/noisy_gan.py:game --rule simultaneous --k 2
examples/tiny_gan.py:game --rule extragradient:lr=0.1 --k 4
""",
    "compare": """
dirac-gan-r1
xy
dirac-gan-instance-noise --exact --rule simultaneous --rule alternating
dirac-gan-consensus --tune gamma=0:5 --rule simultaneous --rule alternating
nagarajan-kolter-uniform --rule simultaneous:lr=0.1 --tune eta=0:30
ridge-1 --field two-timescale:tau=4 --tune tau=1:10
torus --at x=0,y=0 --rule simultaneous --rule nesterov --field symplectic:lam=0.5
dirac-gan --penalty consensus:gamma=1 --rule simultaneous --rule optimistic --rule unrolled:k=2
covariance-gan --rule simultaneous --rule lookahead:k=5
examples/three_pennies.toml --rule extragradient --rule heavy-ball --field consensus:gamma=0.5
""",
    "sweep": """
dirac-gan-r1 --over gamma=0:2:21 --over lr=0.01:1:11:log --quantity spectral_radius --quantity stable
dirac-gan-consensus --over gamma=0.1:2:8 --rule alternating --quantity critical_lr --quantity best_lr \
    --quantity best_spectral_radius --quantity steps_per_digit
xy --over lr=0.05:1:9 --rule extragradient --quantity multipliers --quantity stable_rule
tandem --over two-timescale.tau=0.5:4:8 --field two-timescale:tau=1 --quantity eigenvalues \
    --quantity spectral_abscissa
lorenz --over rho=0.1:0.9:9 --at x=0,y=0,z=0 --quantity eigenvalues --quantity point --quantity residual
henon --over a=0.1:1:9 --quantity multipliers --quantity spectral_radius --at x=0.631354,y=0.189406
matching-pennies --over heavy-ball.beta=-0.8:0.4:7 --rule heavy-ball:lr=0.2,beta=0 --quantity spectral_radius
nagarajan-kolter-uniform --over eta=0.1:5:7 --at w=0,a=1 --quantity critical_lr --quantity losses
dirac-gan --over consensus.gamma=0:2:9 --penalty consensus:gamma=1 --rule adam --quantity spectral_radius
balduzzi-four --over epsilon=0.01:0.5:6 --rule optimistic --quantity critical_lr
""",
    "portrait": """
dirac-gan-r1 --rule alternating:lr=0.4 --steps 12
dirac-gan-nonsaturating --rule simultaneous:lr=0.2
dirac-gan --basins steps --rule extragradient:lr=0.3 --penalty anchor:strength=0.1
fitzhugh-nagumo --basins flow
van-der-pol
henon --steps 40
logistic --steps 20
tandem --start x=2,y=1 --start x=-1.5,y=-0.5 --steps 20
lorenz --plane x,z --start x=1,y=1,z=20 --time 5
torus
""",
    "trajectory": """
xy --penalty anchor:strength=0.09 --rule simultaneous:lr=0.2 --rule alternating:lr=0.2
dirac-gan-r1 --rule adam:lr=0.05 --steps 60
dirac-gan-wgan-gp --steps 50
henon --steps 30
logistic --steps 30
lorenz --time 3
van-der-pol
order-of-play --rule optimistic:lr=0.1 --steps 50
tandem --field stackelberg:leader=x --steps 50
matching-pennies --rule competitive:lr=0.2 --steps 50
""",
}
WITHOUT_TEXT = ("portrait",)  # draws a picture where it prints no JSON

# SymPy's work is stopped after some seconds of processor time, and then exact answers are left out. Some take
# nearly as long, so that a busy machine would find other answers than an idle one: the clock that the limits
# look at goes slower by this factor, and none of these cases comes near one.
PATIENCE = 10
clock = time.thread_time


def slow_clock() -> float:
    """The processor time of this thread, in units longer than a second."""
    return clock() / PATIENCE


def calls(command: str) -> list[str]:
    """The command lines of one command."""
    lines = CASES[command].strip().splitlines()
    if command == "report":
        catalogue = json.loads(run(["list", "--json"]).output)["games"]
        lines = [*(game["name"] for game in catalogue), *lines]
    return [f"{command} {' '.join(line.split())}" for line in lines]


# ---- Collecting ----------------------------------------------------------------------------------


class Printed(NamedTuple):
    """What one call prints on standard output and on standard error, and its exit code, or its bug."""

    output: str
    notes: str
    code: int | str


def run(arguments: Sequence[str]) -> Printed:
    """Runs the command line in this process: starting one for each call would take most of the time."""
    output, errors = io.StringIO(), io.StringIO()
    code: int | str = 0
    with (
        mock.patch.object(sys, "argv", ["stability", *arguments]),
        mock.patch.object(time, "thread_time", slow_clock),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        try:
            runpy.run_module("stability_cli", run_name="__main__")
        except SystemExit as stop:
            code = stop.code or 0
        except Exception as error:  # kept without its traceback, which names places in the code
            code = f"{type(error).__name__}: {error}"
    return Printed(output.getvalue(), errors.getvalue(), code)


def collect_command(command: str, folder: Path) -> int:
    """Keeps what all calls of one command print, and returns how many of them fail."""
    failed = 0
    for line in calls(command):
        began = time.monotonic()
        for ending, option in ((".json", ["--json"]), (".txt", [])):
            if ending == ".txt" and command in WITHOUT_TEXT:
                continue
            printed = run([*shlex.split(line), *option])
            file = folder / f"{slug(line)}{ending}"
            if printed.output:
                file.write_text(printed.output, encoding="utf-8")
            if printed.notes or printed.code:
                notes = f"exit code {printed.code}\n{printed.notes}"
                file.with_name(f"{file.name}.notes").write_text(notes, encoding="utf-8")
            if printed.code:
                failed += 1
                print(
                    f"FAILED {line}: {printed.notes or printed.code}", file=sys.stderr, flush=True
                )
        print(f"{time.monotonic() - began:6.1f} s  {line}", file=sys.stderr, flush=True)
    return failed


def collect(folder: Path) -> int:
    """Runs everything and returns the exit code: 1 if a call fails, which none of them should.

    Every command has a process of its own, in which its calls follow one another in the same order every
    time; so what a process remembers of earlier calls is the same in all collections.
    """
    import stability

    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SystemExit(f"{folder} is not empty; collect into a new folder")
    began, folder = time.monotonic(), folder.resolve()
    checkout = Path(str(stability.__file__)).parents[1]
    print(f"collecting what the commands of {checkout} print", file=sys.stderr, flush=True)
    os.chdir(checkout)  # from where the example files are named
    os.environ["COLUMNS"] = "100"  # the width of the texts, whatever the terminal's
    with ProcessPoolExecutor(
        max_workers=os.cpu_count(),
        mp_context=multiprocessing.get_context("spawn"),
        max_tasks_per_child=1,
    ) as workers:
        failed = sum(workers.map(collect_command, CASES, [folder] * len(CASES)))
    took = time.monotonic() - began
    print(f"{len(list(folder.iterdir()))} files in {took:.0f} s, {failed} failed", file=sys.stderr)
    return 1 if failed else 0


def slug(line: str) -> str:
    """A command line as the name of a file, which is what the case is called."""
    return re.sub(r"[^\w.=:,-]+", "_", line)


# ---- Comparing -----------------------------------------------------------------------------------

# Two orders of the same operations differ in the last digits, of which doubles have sixteen.
RELATIVE = 1e-12
# A number that is zero up to rounding has no digits in common with itself computed another way: the real
# part of a centre is 3e-17 once and -6e-17 the next time. What it is rounded from is mostly of size one,
# where one rounding costs up to 1e-16; so much below a hundred of them says no more than zero does.
FLOOR = 1e-14

# What no two runs have in common, even of the same code: how long a probe took. And what every release
# changes: the version. Both must be there, but may be anything.
VARYING = ("seconds", "version")
TIME = re.compile(r"(?<=\bproducts with Jacobians and Hessians in )\S+ s\b")
VERSION = re.compile(r"(?<=\bstability )\d+(\.\w+)+")
SHOWN = 6  # differences of one file that are written out


@dataclass
class Comparison:
    """What a comparison finds.

    - `numbers`, `texts`: how many were compared.
    - `rounded`: how many of the numbers agree within the tolerances, but not in every bit.
    - `rounded_files`: the files that these are in.
    - `differences`: by file, a line each.
    """

    numbers: int = 0
    texts: int = 0
    rounded: int = 0
    rounded_files: list[str] = field(default_factory=list)
    differences: dict[str, list[str]] = field(default_factory=dict)

    def of_folders(self, before: Path, after: Path) -> Comparison:
        """Compares all files of two folders."""
        names = [{path.name for path in folder.iterdir()} for folder in (before, after)]
        for name in sorted(set.union(*names)):
            rounded = self.rounded
            if name not in names[1]:
                found = ["is no longer there"]
            elif name not in names[0]:
                found = ["was not there before"]
            else:
                texts = [(folder / name).read_text(encoding="utf-8") for folder in (before, after)]
                if name.endswith(".json"):
                    found = list(self.of_data(*map(json.loads, texts)))
                else:
                    found = list(self.of_texts(*texts))
            if found:
                self.differences[name] = found
            if self.rounded > rounded:
                self.rounded_files.append(name)
        return self

    def of_data(self, before: Any, after: Any, where: str = "") -> Iterator[str]:
        """The differences between two pieces of JSON, each with the place where it is."""
        place = where or "the whole"
        if type(before) is not type(after):  # 1 is not 1.0, and not true
            yield f"{place}: {short(before)} became {short(after)}"
        elif isinstance(before, dict):
            yield from (f"{where}.{key}: is missing" for key in before if key not in after)
            yield from (f"{where}.{key}: is new" for key in after if key not in before)
            common = [key for key in before if key in after]
            if common != [key for key in after if key in before]:
                yield f"{place}: has its keys in another order"
            for key in common:
                if key not in VARYING or type(before[key]) is not type(after[key]):
                    yield from self.of_data(before[key], after[key], f"{where}.{key}")
        elif isinstance(before, list):
            if len(before) != len(after):
                yield f"{place}: {len(before)} entries became {len(after)}"
            for i, pair in enumerate(zip(before, after, strict=False)):
                yield from self.of_data(*pair, f"{where}[{i}]")
        elif isinstance(before, str):
            self.texts += 1
            if steady(before) != steady(after):
                yield f"{place}: {short(before)} became {short(after)}"
        elif isinstance(before, float):
            self.numbers += 1
            if not same(before, after):
                yield f"{place}: {before!r} became {after!r}"
            self.rounded += before != after and same(before, after)
        else:
            self.numbers += isinstance(before, int) and not isinstance(before, bool)
            if before != after:
                yield f"{place}: {before!r} became {after!r}"

    def of_texts(self, before: str, after: str) -> Iterator[str]:
        """The lines of which a text has one and the other has not."""
        self.texts += 1
        if steady(before) != steady(after):
            one, other = (steady(text).splitlines() for text in (before, after))
            lines = list(difflib.unified_diff(one, other, n=0, lineterm=""))[2:]
            yield from (line for line in lines if not line.startswith("@@"))


def same(one: float, other: float) -> bool:
    """Whether two numbers are the same up to rounding."""
    return abs(one - other) <= max(RELATIVE * max(abs(one), abs(other)), FLOOR)


def steady(text: str) -> str:
    """A text without what varies; paragraphs with it in one line, for it also moves where lines end."""
    paragraphs = text.split("\n\n")
    for i, paragraph in enumerate(paragraphs):
        line = " ".join(paragraph.split())
        without = VERSION.sub("VERSION", TIME.sub("SOME s", line))
        if without != line:
            paragraphs[i] = without
    return "\n\n".join(paragraphs)


def short(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:100]} …"


def compare(before: Path, after: Path, changed: Sequence[str] = ()) -> int:
    """Prints where two collections differ, and returns the exit code.

    `changed` are cases, files or patterns of either that are meant to differ: `compare_xy`, `probe_*.txt`.
    Their differences are shown, and do not count.
    """
    for folder in (before, after):
        if not folder.is_dir() or not any(folder.iterdir()):
            raise SystemExit(f"{folder} is no folder with a collection")
    found = Comparison().of_folders(before, after)
    names = [path.name for folder in (before, after) for path in folder.iterdir()]
    for pattern in changed:
        if not any(is_named(name, pattern) for name in names):
            raise SystemExit(f"--changed names {pattern}, and no case is called that")
        if not any(is_named(name, pattern) for name in found.differences):
            print(f"{pattern} is said to have changed, and has not")
    unexpected = 0
    for name, differences in found.differences.items():
        expected = any(is_named(name, pattern) for pattern in changed)
        unexpected += not expected
        print(f"{name}{' (meant to change)' if expected else ''}")
        for line in differences[:SHOWN]:
            print(f"    {line}")
        if len(differences) > SHOWN:
            print(f"    … and {len(differences) - SHOWN} more")
    if found.rounded_files:
        print(
            f"the same but for rounding: {found.rounded} numbers in {', '.join(found.rounded_files)}"
        )
    print(
        f"{len(set(names))} files, {found.numbers:,} numbers and {found.texts:,} texts compared; "
        f"{unexpected} files differ that should not"
    )
    return 1 if unexpected else 0


def is_named(name: str, pattern: str) -> bool:
    """Whether a pattern matches the name of a file, or the case that the file belongs to."""
    case = re.sub(r"\.(json|txt)(\.notes)?$", "", name)
    return fnmatchcase(name, pattern) or fnmatchcase(case, pattern)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of this file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect", help="keep what the installed version prints")
    collecting.add_argument("folder", type=Path)
    comparing = commands.add_parser("compare", help="say where two collections differ")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument(
        "--changed", nargs="+", default=[], metavar="CASE", help="cases that are meant to differ"
    )
    chosen = parser.parse_args(arguments)
    if chosen.command == "collect":
        return collect(chosen.folder)
    return compare(chosen.before, chosen.after, chosen.changed)


if __name__ == "__main__":
    sys.exit(main())
