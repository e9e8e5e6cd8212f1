"""The JSON of portraits and paths is what their schemas say."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.commands import in_process

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("command", "schema"),
    [
        (
            ("portrait", "dirac-gan-r1", "--rule", "simultaneous:lr=0.2", "--basins", "flow"),
            "portrait",
        ),
        (("portrait", "henon"), "portrait"),
        (("trajectory", "xy", "--rule", "alternating:lr=0.1", "--steps", "20"), "trajectory"),
        (("trajectory", "logistic", "--steps", "20"), "trajectory"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:2]),
)
def test_json_follows_its_schema(command, schema):
    result = in_process(*command, "--json")
    assert result.returncode == 0, result.stderr
    contract = json.loads((DOCS / f"{schema}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(contract)
    jsonschema.validate(json.loads(result.stdout), contract)
