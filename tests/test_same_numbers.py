"""A change of the code keeps every number and text that the commands print; see `same_numbers`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.same_numbers import CASES, Comparison, compare, main, same, slug

ROOT = Path(__file__).parents[1]
BEFORE = os.environ.get("STABILITY_BEFORE")

DATA = {
    "schema": "stability-probe/1",
    "version": "0.1.0",
    "eigenvalues": [[3e-17, 0.5], [3e-17, -0.5]],
    "stability": {"verdict": "undecided", "evidence": "The linearisation is silent."},
    "size": 2,
    "seconds": 0.25,
}
TEXT = """The game xy rests at (0, 0).

From matrices written out by 12 products with Jacobians and Hessians in 0.25 s, in float64 (seed 0).
Residuals are those of unit vectors, recomputed. Computed by stability 0.1.0.
"""


def collection(folder: Path, data=DATA, text: str = TEXT) -> Path:
    folder.mkdir()
    (folder / "probe_xy.json").write_text(json.dumps(data), encoding="utf-8")
    (folder / "probe_xy.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def before(tmp_path):
    return collection(tmp_path / "before")


def changed(**values):
    return {**DATA, **values}


def differences(data) -> list[str]:
    return list(Comparison().of_data(DATA, json.loads(json.dumps(data))))


@pytest.mark.slow
@pytest.mark.skipif(
    BEFORE is None,
    reason="STABILITY_BEFORE is not set: give the folder of a checkout of the older version",
)
def test_the_commands_print_what_an_older_version_prints(tmp_path, capsys):
    for name, checkout in (("before", Path(str(BEFORE)).resolve()), ("after", ROOT)):
        path = os.pathsep.join([str(checkout), str(checkout / "cli")])
        done = subprocess.run(
            [sys.executable, str(ROOT / "tests/same_numbers.py"), "collect", str(tmp_path / name)],
            env={**os.environ, "PYTHONPATH": path},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert f"the commands of {checkout} print" in done.stderr  # not another one's
    code = compare(tmp_path / "before", tmp_path / "after")
    assert code == 0, capsys.readouterr().out


def test_equal_collections(before, tmp_path, capsys):
    assert compare(before, collection(tmp_path / "after")) == 0
    assert "2 files, 5 numbers and 4 texts compared; 0 files differ" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (changed(eigenvalues=[[3e-17, 0.5], [3e-17, -0.50000000001]]), ".eigenvalues[1][1]: -0.5"),
        (changed(eigenvalues=[[3e-17, 0.5]]), ".eigenvalues: 2 entries became 1"),
        (changed(eigenvalues=[[1e-13, 0.5], [3e-17, -0.5]]), ".eigenvalues[0][0]: 3e-17"),
        (changed(stability={"verdict": "undecided"}), ".stability.evidence: is missing"),
        (changed(stability={**DATA["stability"], "margin": 1.0}), ".stability.margin: is new"),
        (changed(stability={**DATA["stability"], "verdict": "unstable"}), '"unstable"'),
        (dict(reversed(DATA.items())), "the whole: has its keys in another order"),
        (changed(stability=None), ".stability: "),
        (changed(size=3), ".size: 2 became 3"),
        (changed(size=2.0), ".size: 2 became 2.0"),
        (changed(size=True), ".size: 2 became true"),
        (changed(seconds=None), ".seconds: 0.25 became null"),
    ],
)
def test_every_difference_of_the_data_is_found(data, said, before, tmp_path, capsys):
    assert compare(before, collection(tmp_path / "after", data)) == 1
    assert len(differences(data)) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("probe_xy.json\n")
    assert said in printed


def test_rounding_the_time_and_the_version_may_differ(before, tmp_path, capsys):
    data = changed(
        eigenvalues=[[-6e-17, 0.5 + 1e-16], [0.0, -0.5 - 2e-14]], seconds=1.5, version="0.2.0"
    )
    text = TEXT.replace("0.25 s", "1,031.25 s").replace("0.1.0", "0.2.0")
    text = text.replace(" (seed 0).\nRes", " (seed\n0). Res")  # the longer time breaks another line
    assert compare(before, collection(tmp_path / "after", data, text)) == 0
    assert "but for rounding: 4 numbers in probe_xy.json\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        (1.0, 1.0 + 5e-13, True),
        (1.0, 1.0 + 2e-12, False),
        (1e9, 1e9 + 1e-4, True),
        (0.0, 9e-15, True),
        (0.0, 2e-14, False),
        (1e-10, 1.001e-10, False),
    ],
)
def test_what_counts_as_the_same_number(one, other, agree):
    assert same(one, other) == same(other, one) == same(-one, -other) == agree


def test_a_changed_text_is_found(before, tmp_path, capsys):
    text = TEXT.replace("(0, 0)", "(0, 1)")
    assert compare(before, collection(tmp_path / "after", text=text)) == 1
    printed = capsys.readouterr().out
    assert (
        "probe_xy.txt\n    -The game xy rests at (0, 0).\n    +The game xy rests at (0, 1)."
        in printed
    )
    assert printed.count("\n") == 4


def test_a_file_that_comes_or_goes_is_found(before, tmp_path, capsys):
    after = collection(tmp_path / "after")
    (after / "probe_xy.txt").rename(after / "probe_xy.json.notes")
    assert compare(before, after) == 1
    printed = capsys.readouterr().out
    assert "probe_xy.json.notes\n    was not there before" in printed
    assert "probe_xy.txt\n    is no longer there" in printed


def test_changes_that_are_meant(before, tmp_path, capsys):
    after = collection(tmp_path / "after", changed(size=3), TEXT.replace("xy", "yx"))
    folders = [str(before), str(after)]
    assert main(["compare", *folders, "--changed", "probe_xy"]) == 0
    assert "probe_xy.json (meant to change)\n    .size: 2 became 3" in capsys.readouterr().out
    assert main(["compare", *folders, "--changed", "probe_*.json"]) == 1
    assert main(["compare", *folders[:1], *folders[:1], "--changed", "probe_xy"]) == 0
    assert "probe_xy is said to have changed, and has not" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="no case is called that"):
        main(["compare", *folders, "--changed", "probe_yx"])


def test_what_is_no_collection_is_said(before, tmp_path):
    with pytest.raises(SystemExit, match="no folder with a collection"):
        compare(before, tmp_path / "nowhere")
    with pytest.raises(SystemExit, match="is not empty"):
        main(["collect", str(before)])


def test_every_case_has_a_name_of_its_own():
    lines = [
        f"{command} {line}" for command in CASES for line in CASES[command].split("\n") if line
    ]
    assert len({slug(line) for line in lines}) == len(lines) == 55
