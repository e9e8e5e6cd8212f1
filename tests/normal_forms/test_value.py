"""Normal forms as data."""

import json

from stability.normal_forms.value import Law, NormalForm


def test_the_keys_of_a_report():
    form = NormalForm(
        "asymptotically stable", "because", "hopf", 3, -0.125, "-1/8", 0.0, "exact",
        law=Law(0.5, 8**0.5),
    )  # fmt: skip
    assert json.loads(json.dumps(form.to_dict())) == {
        "case": "hopf",
        "order": 3,
        "coefficient": -0.125,
        "exact": "-1/8",
        "error_bound": 0.0,
        "evidence": "exact",
        "law": {"exponent": 0.5, "constant": 8**0.5},
    }


def test_only_what_is_neutral_has_an_invariant_or_a_reason():
    assert not {"invariant", "reason"} & set(NormalForm("undecided", "", "zero").to_dict())
    kept = NormalForm("neutral", "", "hopf", invariant="x**2 + y**2")
    assert kept.to_dict()["invariant"] == "x**2 + y**2"
    assert kept.to_dict()["law"] is None
