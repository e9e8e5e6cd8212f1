"""Conditions asked for by name: in the value, the JSON, the text and the pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sympy
from jsonschema import Draft202012Validator

import stability as st
from stability.verdicts.named_conditions import NagarajanKolterCondition, ProximalCondition

x, y = sympy.symbols("x y", real=True)
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text())
BOTH = ("nagarajan-kolter", "proximal:lam=1/2")


def logistic(t):
    return -sympy.log(1 + sympy.exp(-t))


VALUE = logistic(y) + logistic(-y * x)
GAN = st.SymbolicGame({"gen": ([x], VALUE), "disc": ([y], -VALUE)}, name="one datum")
AT = {"x": 1, "y": 0}


@pytest.fixture(scope="module")
def report():
    return st.report(GAN, at=AT, rules=[], conditions=BOTH)


def test_the_verdicts_are_those_of_the_functions(report):
    nagarajan, proximal = report.equilibria[0].further
    own = st.nagarajan_kolter(GAN, AT)
    assert list(nagarajan.verdicts.values()) == list(own.verdicts.values())
    assert nagarajan.data == own.to_dict()
    alone = st.proximal_equilibrium(GAN, AT, sympy.Rational(1, 2))
    assert list(proximal.verdicts.values()) == [alone.verdict]
    assert proximal.settings == {"lam": 0.5}


def test_the_json_is_valid_and_only_there_if_asked_for(report):
    data = json.loads(report.to_json())
    Draft202012Validator(SCHEMA).validate(data)
    first, second = data["equilibria"][0]["conditions"]["further"]
    assert (first["condition"], second["condition"]) == ("nagarajan-kolter", "proximal")
    assert first["bounds"] == {"real": [-0.5, -0.5], "complex": [-0.25, -0.25]}
    assert second["critical_lam"] is None  # for every λ: V_xx = 0 and the answer always pays
    plain = json.loads(st.report(GAN, at=AT, rules=[]).to_json())
    assert "further" not in plain["equilibria"][0]["conditions"]


@pytest.mark.parametrize("broken", ["verdict", "condition", "bounds"])
def test_the_schema_refuses_nonsense(report, broken):
    data = json.loads(report.to_json())
    first, second = data["equilibria"][0]["conditions"]["further"]
    if broken == "verdict":
        first["implied"]["verdict"] = "yes"
    elif broken == "condition":
        second["condition"] = "nagarajan-kolter"
    else:
        first["bounds"]["real"] = [1]
    assert not Draft202012Validator(SCHEMA).is_valid(data)


def test_the_rows_are_in_every_page(report):
    for page in (report.to_text(width=200), report.to_markdown()):
        assert "Nagarajan–Kolter 2, concave" in page
        assert "Nagarajan–Kolter, implied stability" in page
        assert "proximal equilibrium, lam = 0.5" in page
        assert "every eigenvalue has a real part of at most" in page


def test_a_single_name_and_objects_are_taken_too():
    alone = st.report(GAN, at=AT, rules=[], conditions="proximal:lam=2")
    objects = [ProximalCondition(2.0), ProximalCondition(2.0), NagarajanKolterCondition("disc")]
    several = st.report(GAN, at=AT, rules=[], conditions=objects)
    assert several.equilibria[0].further[0] == alone.equilibria[0].further[0]
    assert len(several.equilibria[0].further) == 2  # the same question is asked once
    names = several.equilibria[0].further_verdicts
    assert "Nagarajan–Kolter for disc 1, realisable" in names


def test_where_the_point_moves_or_has_a_kink_the_rows_say_so():
    moving = st.report(GAN, at={"x": 2, "y": 0}, rules=[], conditions=BOTH)
    verdicts = [v.verdict for v in moving.equilibria[0].further_verdicts.values()]
    assert verdicts == ["no", "undecided", "undecided", "undecided", "undecided"]
    kinked = st.SymbolicGame({"gen": ([x], x**2), "disc": ([y], sympy.Abs(y))})
    text = st.report(kinked, at={"x": 0, "y": 0}, rules=[], conditions=BOTH).to_text(width=200)
    assert "Nagarajan–Kolter 1, realisable" in text


def test_a_game_without_v_is_told_so():
    game = st.SymbolicGame({"a": ([x], x**2 + x * y), "b": ([y], y**2 + x * y)})
    report = st.report(game, at={"x": 0, "y": 0}, rules=[], conditions=["proximal"])
    assert report.equilibria[0].further[0].verdicts["proximal equilibrium, lam = 1"].word == (
        "not applicable"
    )


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        (["nagarajan-kolte"], "did you mean nagarajan-kolter"),
        (["proximal:lambda=1"], "no setting 'lambda'; its settings are lam"),
        (["proximal:lam=-1"], "lam is zero or a positive"),
        (["nagarajan-kolter:discriminator=nobody"], "no player 'nobody'"),
    ],
)
def test_bad_names_get_one_sentence(conditions, words):
    with pytest.raises(st.InputError, match=words) as error:
        st.report(GAN, at=AT, conditions=conditions)
    assert "\n" not in str(error.value)


def test_a_flow_has_no_conditions():
    with pytest.raises(st.InputError, match="proximal fits no flow"):
        st.report(st.Flow(lambda u: -u, dimension=1), conditions=["proximal"])
