"""What a comparison looks like as text, Markdown and JSON, and the schema of the last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import stability as st
from stability.comparisons.value import SCHEMA
from tests.comparisons.compared_games import WELLS, compared, compared_wells

PATH = Path(__file__).parents[2] / "docs" / "compare.schema.json"
validator = Draft202012Validator(json.loads(PATH.read_text(encoding="utf-8")))


def text_samples():
    return {
        "everything": compared("zero-sum 2+2"),
        "several equilibria": compared_wells(WELLS),
        "flow": st.compare(st.games.lorenz(), rules=[st.RK4(), st.Proximal()]),
        "by player": st.compare(
            st.games.dirac_gan_r1(),
            rules=[st.Optimistic({"disc": 0.2, "": 0.1}), st.BestResponse()],
        ),
        "exact": st.compare(
            st.games.xy(), rules=[st.Optimistic(), st.Heun(), st.Proximal()], exact=True
        ),
        "nothing converges": st.compare(st.games.xy(), rules=[st.Simultaneous(), st.Heun()]),
    }


def squeezed(text):
    return "".join(text.split())


def test_text_markdown_and_json():
    for sample, found in text_samples().items():
        data = json.loads(
            found.to_json(), parse_constant=lambda name: pytest.fail(f"{name} in JSON")
        )
        validator.validate(data)
        assert data["schema"] == SCHEMA
        assert [a["name"] for a in data["algorithms"]] == [r.name for r in found.rows]
        for width in (60, 80, 120):
            lines = found.to_text(width).splitlines()
            assert max(map(len, lines)) <= width, (sample, width)
        wide, page = found.to_text(200), found.to_markdown()
        for row in found.rows:
            shown = row.name.replace(",", ", ").replace(":", ", ").replace("=-", "=−")
            assert shown in wide, (sample, row.name)
            assert squeezed(shown) in squeezed(page.replace("\\", "")), (sample, row.name)
        for own in found.inapplicable:
            assert squeezed(own.because) in squeezed(found.to_text(80))


def test_headlines():
    samples = text_samples()
    heads = {name: " ".join(found.to_text(400).split()) for name, found in samples.items()}
    assert "proximal converges fastest, the faster the larger its steps" in heads["everything"]
    assert "At (x, y) = (0, 0) no algorithm converges exponentially" in heads["nothing converges"]
    assert "At the worst of the 2 equilibria" in heads["several equilibria"]
    assert "lr < √3/3" in heads["exact"].replace("sqrt(3)", "√3").replace("√(3)", "√3")
    one = st.compare(st.games.tandem(), rules=[st.Simultaneous()]).to_text(200)
    assert "simultaneous converges fastest with lr = 0.25, which gets there in finitely many" in one
    slow = st.compare(st.games.dirac_gan_r1(), rules=[st.Simultaneous()], at={"theta": 0, "psi": 0})
    # at its best step 0.6 the radius is √(1 − 0.09): 48.8 steps of one gradient each
    assert "with lr = 0.6: 48.8 steps, 48.8 gradient evaluations for each digit" in slow.to_text(
        200
    )
    assert "1.25" not in slow.to_text(200)


def test_the_schema_is_one_and_describes_every_key():
    Draft202012Validator.check_schema(validator.schema)
    assert validator.schema["$id"] == SCHEMA
    for own in (validator.schema, *validator.schema["$defs"].values()):
        for key, value in own.get("properties", {}).items():
            assert value.get("description"), key
        if "properties" in own:
            assert own["additionalProperties"] is False


@pytest.mark.parametrize(
    "break_it",
    [
        lambda d: d.update(schema="stability-compare/2"),
        lambda d: d.update(extra=1),
        lambda d: d.pop("inapplicable"),
        lambda d: d["system"].update(kind="map"),
        lambda d: d["algorithms"][0].pop("critical_lr"),
        lambda d: d["algorithms"][0].update(verdict="yes"),
        lambda d: d["algorithms"][0].update(best_lr=-1),
        lambda d: d["algorithms"][0]["cost"].update(gradients="one"),
        lambda d: d["algorithms"][0].update(stable_lr=[[1]]),
        lambda d: d["flows"][0].update(spectral_abscissa="small"),
    ],
)
def test_a_broken_comparison_is_not_valid(break_it):
    data = json.loads(compared("zero-sum 2+2").to_json())
    validator.validate(data)
    break_it(data)
    assert not validator.is_valid(data)
