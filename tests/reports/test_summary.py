"""The headline: the whole report in two sentences."""

import re
from dataclasses import replace

import pytest

from stability.analysis.value import RuleAnalysis
from stability.documents.numbers import SPACE
from stability.reports.summary import headline
from stability.verdicts.verdict import STABILITY_WORDS
from tests.reports.samples import SAMPLES


def test_headline_of_the_dirac_gan():
    assert headline(SAMPLES["dirac_gan"]()) == (
        "Training rests at one point, (theta, psi) = (0, 0). Simultaneous steps of 0.1 move away "
        "from it (the error grows by 0.12% per step); whether the flow and alternating steps of "
        "0.1 stay there is undecided."
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("dirac_gan_r1", "steps below 1.1 would return"),
        ("xy", "the flow and alternating steps of 0.1 neither approach it nor leave it"),
        ("xy", "simultaneous steps of (x 0.1, y 0.2) move away"),
        ("nine", "Training can rest at nine points."),
        (
            "nine",
            "the gradient flow, the two-timescale flow and simultaneous steps of 0.05 on "
            "the gradient field return to four of them; simultaneous steps of 0.6 on the "
            "two-timescale field return to none of them",
        ),
        (
            "tandem",
            "Training rests on a line of equilibria (x = 1 − y, y free); (x, y) = (0.5, 0.5) is one "
            "of them.",
        ),
        ("tandem", "the flow returns to the line (the error shrinks like exp(−4·t))"),
        ("tandem", "(the error shrinks by 40% per step)"),
        ("henon", "The map has two fixed points, (x, y) = (−1.13135, −0.339406) and (0.631354,"),
        ("henon", "iteration returns to neither of them"),
        ("lorenz", "The search found three equilibria of the flow"),
        ("lorenz", "the flow returns to none of them"),
        ("nothing", "No equilibrium was found in the box x ∈ [−2, 2]; y ∈ [0, 1]."),
        ("kink", "At (theta, psi) = (0, 0) the field is not differentiable"),
        ("moving", "(x, y) = (1, 0.5) is not an equilibrium: the field there has size 1"),
    ],
)
def test_headlines(name, said):
    assert said.lower() in headline(SAMPLES[name]()).lower()


def test_headline_names_the_few_that_are_kept():
    report = SAMPLES["lorenz"]()
    left, middle, right = report.equilibria
    kept = replace(left.flows[0].stability, verdict="exponentially stable")
    left = replace(left, flows=(replace(left.flows[0], stability=kept),))
    said = headline(replace(report, equilibria=(left, middle, right)))
    assert "the flow returns to one of them, (−8.48528, −8.48528, 27)." in said


def test_headline_of_an_exhaustive_search_without_result():
    report = SAMPLES["nothing"]()
    report = replace(report, search=replace(report.search, exhaustive=True))
    assert headline(report).startswith("There is no equilibrium")


@pytest.mark.parametrize("name", SAMPLES)
def test_headline_is_short_and_whole(name):
    said = headline(SAMPLES[name]())
    assert said.endswith(".")
    assert said[0].isupper() or said[0] == "("
    assert SPACE not in said
    assert len(re.findall(r"[a-z)\]]\. ", said)) <= 2


@pytest.mark.parametrize("word", STABILITY_WORDS)
def test_every_stability_word_has_its_sentence(word):
    report = SAMPLES["dirac_gan"]()
    (e,) = report.equilibria
    flow = replace(e.flows[0], stability=replace(e.flows[0].stability, verdict=word))
    said = headline(replace(report, equilibria=(replace(e, flows=(flow,), rules=()),)))
    assert {
        "exponentially stable": "returns to it",
        "asymptotically stable": "slower than any exponential",
        "neutral": "neither approaches it nor leaves it",
        "unstable": "moves away from it",
        "undecided": "stays there is undecided",
    }[word] in said


def test_rules_that_differ_in_one_setting_are_told_apart():
    report = SAMPLES["dirac_gan_r1"]()
    (e,) = report.equilibria

    def steps(k: int) -> RuleAnalysis:
        return replace(e.rules[1], settings={"lr": 0.2, "steps": k})

    two = replace(e, rules=(steps(1), steps(2)))
    said = headline(replace(report, equilibria=(two,)))
    assert "alternating steps of 0.2 (steps=1)" in said
    assert "alternating steps of 0.2 (steps=2)" in said
