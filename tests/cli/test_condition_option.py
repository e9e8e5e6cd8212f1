"""`stability report --condition` and what `stability list` says of it."""

from __future__ import annotations

import json

from tests.cli.commands import in_process


def test_conditions_are_asked_for_by_name():
    found = in_process(
        "report", "ridge-1", "--condition", "proximal:lam=1/2", "--condition", "nagarajan-kolter",
        "--json",
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    proximal, nagarajan = json.loads(found.stdout)["equilibria"][0]["conditions"]["further"]
    assert (proximal["settings"], proximal["verdict"]["verdict"]) == ({"lam": 0.5}, "yes")
    assert proximal["critical_lam_exact"] == "2/3"  # −6 + 16/(λ + 2) = 0
    assert nagarajan["realisable"]["verdict"] == "no"  # the minimiser has a curvature of its own


def test_unknown_conditions_get_the_close_match():
    found = in_process("report", "ridge-1", "--condition", "proximl")
    assert found.returncode == 2
    assert "did you mean proximal?" in found.stderr
    assert len(found.stderr.strip().splitlines()) == 1


def test_the_list_names_them():
    content = json.loads(in_process("list", "--json").stdout)
    assert [each["name"] for each in content["conditions"]] == ["nagarajan-kolter", "proximal"]
    text = in_process("list").stdout
    assert "nagarajan-kolter:discriminator" in text
    assert "proximal:lam" in text
