"""The JSON form and its schema agree."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from stability.reports.value import SCHEMA
from stability.verdicts.verdict import STABILITY_WORDS
from tests.reports.samples import SAMPLES

PATH = Path(__file__).parents[2] / "docs" / "report.schema.json"
schema = json.loads(PATH.read_text(encoding="utf-8"))
validator = Draft202012Validator(schema)


def data(name: str) -> dict:
    return json.loads(SAMPLES[name]().to_json())


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == schema["properties"]["schema"]["const"] == SCHEMA
    assert tuple(schema["$defs"]["stability"]["properties"]["verdict"]["enum"]) == STABILITY_WORDS


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_valid(name):
    validator.validate(data(name))


def test_every_key_is_described():
    objects = [schema, *schema["$defs"].values()]
    for each in objects:
        for key, value in each.get("properties", {}).items():
            assert value.get("description"), key
        if "properties" in each:
            assert each["additionalProperties"] is False


def broken_extra_key(report):
    report["equilibria"][0]["flows"][0]["extra"] = 1


def broken_missing_key(report):
    del report["equilibria"][0]["rules"][0]["critical_lr"]


def broken_word(report):
    report["equilibria"][0]["flows"][0]["stability"]["verdict"] = "yes"


def broken_condition(report):
    report["equilibria"][0]["conditions"]["local_nash"]["verdict"] = "unstable"


def broken_number(report):
    report["equilibria"][0]["rules"][0]["spectral_radius"] = "large"


def broken_step(report):
    report["equilibria"][0]["rules"][0]["critical_lr"] = -0.1


def broken_pair(report):
    report["equilibria"][0]["flows"][0]["eigenvalues"][0] = [1.0]


def broken_kind(report):
    report["system"]["kind"] = "map"


def broken_schema_name(report):
    report["schema"] = "stability-report/2"


@pytest.mark.parametrize(
    "break_it",
    [
        broken_extra_key,
        broken_missing_key,
        broken_word,
        broken_condition,
        broken_number,
        broken_step,
        broken_pair,
        broken_kind,
        broken_schema_name,
    ],
)
def test_a_broken_report_is_not_valid(break_it):
    report = data("dirac_gan_r1")
    broken = copy.deepcopy(report)
    break_it(broken)
    assert validator.is_valid(report)
    assert not validator.is_valid(broken)


def test_a_map_has_no_flows_and_a_flow_no_conditions():
    henon, lorenz = data("henon"), data("lorenz")
    assert "flows" not in henon["equilibria"][0]
    henon["equilibria"][0]["flows"] = []
    assert not validator.is_valid(henon)
    lorenz["equilibria"][0]["conditions"] = data("xy")["equilibria"][0]["conditions"]
    assert not validator.is_valid(lorenz)
