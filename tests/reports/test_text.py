"""The report as text: nothing lost, nothing wider than the page, true sentences."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from rich.cells import cell_len

from stability.analysis.value import EquilibriumAnalysis, RuleAnalysis
from stability.documents.formulas import latex, readable, readable_all
from stability.documents.numbers import (
    SPACE,
    eigenvalues,
    number,
    per_player,
    radius,
    sentence,
    settings,
)
from stability.documents.text import column_widths, wrap
from stability.reports import Report
from stability.reports.summary import headline
from stability.verdicts.verdict import STABILITY_WORDS, Verdict
from tests.reports.samples import SAMPLES

WIDTHS = (40, 80, 120)
every_sample = pytest.mark.parametrize("name", SAMPLES)
every_width = pytest.mark.parametrize("width", WIDTHS)


def to_text(report, width=80, colour=False):
    return report.to_text(width, colour)


def flowing(text: str) -> str:
    """The text with all blanks and line ends made one blank."""
    return " ".join(text.split())


def verdicts(e: EquilibriumAnalysis) -> Iterator[tuple[Verdict, bool]]:
    """Every verdict at an equilibrium, and whether its number is a spectral radius."""
    if e.conditions is not None:
        c = e.conditions
        for v in (c.differential_nash, c.local_nash, c.local_minmax):
            yield v, False
        yield from ((v, False) for v in c.differential_stackelberg.values())
    yield from ((f.stability, False) for f in e.flows)
    yield from ((a.stability, True) for a in (*e.rules, *e.maps))


# ---- the page ------------------------------------------------------------------------------------


@every_sample
@pytest.mark.parametrize("width", [24, 33, *WIDTHS])
def test_no_line_is_wider_than_the_page(name, width):
    for line in to_text(SAMPLES[name](), width).splitlines():
        assert cell_len(line) <= width
        assert line == line.rstrip()


@every_sample
@every_width
def test_every_verdict_with_its_number_and_reason_is_there(name, width):
    report = SAMPLES[name]()
    text = flowing(to_text(report, width))
    for e in report.equilibria:
        for verdict, is_radius in verdicts(e):
            assert verdict.verdict in text
            assert sentence(verdict.because)[1:] in text
            if verdict.value is not None:
                shown = (radius if is_radius else number)(verdict.value)
                assert re.search(rf"(?<![\d.]){re.escape(shown.replace(SPACE, ' '))}", text)
            if verdict.margin is not None:
                assert number(verdict.margin) in text


@every_sample
@every_width
def test_every_other_number_is_there(name, width):
    report = SAMPLES[name]()
    text = flowing(to_text(report, width))
    for e in report.equilibria:
        for f in e.flows:
            assert f.field in text
            assert all(word in text for word in f.type.split())  # a cell may break
            for closed in readable_all(f.exact_eigenvalues or ()):
                assert closed.replace(SPACE, " ") in text
        for r in e.rules:
            assert r.rule in text
            if not e.differentiable:
                continue
            assert r.type in text
            for value in (r.critical_lr, r.best_lr):
                if value is not None:
                    for part in per_player(value).split(", "):  # likewise
                        assert part.replace(SPACE, " ") in text
            assert radius(r.best_spectral_radius) in text
            assert number(r.steps_per_digit) in text
            if r.critical_lr_exact not in (None, "0"):
                assert readable(r.critical_lr_exact) in text
        for remark in e.remarks:
            assert remark in text
    for warning in report.warnings:
        assert warning[1:] in text
    for name_, value in report.system.parameters.items():
        assert f"{name_} = {number(value)}" in text
    assert report.search.method[1:] in text or report.search.method == "given point"
    assert f"stability {report.version}" in text


@every_sample
def test_every_width_says_the_same_words(name):
    """Rows that are written one by one repeat their columns' titles; nothing comes or goes."""
    words = [set(re.findall(r"\w+", to_text(SAMPLES[name](), width))) for width in WIDTHS]
    assert words[0] == words[1] == words[2]


@every_sample
def test_colour_changes_no_words(name, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain, coloured = (to_text(SAMPLES[name](), 80, colour) for colour in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[1m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_no_red_and_green(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    codes = set(re.findall(r"\x1b\[([\d;]*)m", to_text(SAMPLES["dirac_gan_r1"](), 80, True)))
    assert not codes & {"31", "32", "91", "92", "1;31", "1;32"}
    assert any("38;5;" in code for code in codes), "unstable is orange"


def test_names_are_shown_literally_and_cannot_steer_the_terminal():
    report = SAMPLES["xy"]()
    hostile = replace(
        report.system, name="[bold]x[/bold] \x1b[31m\nred \u202e", players=("x", "[y]")
    )
    text = to_text(replace(report, system=hostile))
    assert "[bold]x[/bold]" in text
    assert "\\x1b[31m red" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[y]" in text


def test_wide_characters_and_endless_words_fit():
    report = SAMPLES["dirac_gan"]()
    names = ("生成器生成器生成器", "x" * 150)
    (e,) = report.equilibria
    e = replace(e, point=dict(zip(names, (0.25, -1.5), strict=True)), exact=None)
    system = replace(report.system, name="w" * 300, players=names, variables=names)
    for width in WIDTHS:
        text = to_text(replace(report, system=system, equilibria=(e,)), width)
        assert max(map(cell_len, text.splitlines())) <= width
        assert "w" * 300 in text.replace("\n", "")


def test_a_large_point_and_spectrum_are_shown_in_short():
    text = flowing(to_text(SAMPLES["sixty"]()))
    assert "(0.12573, −0.132105, 0.640423, 0.1049, −0.535669, 0.361595, 1.304, 0.947081," in text
    assert "… and 52 more) of norm 6.97739" in text
    assert "… and 54 more" in text
    assert "disc (40 variables), gen (20 variables)" in text


def test_many_equilibria_come_with_an_overview():
    text = to_text(SAMPLES["nine"](), 120)
    overview, *details = re.split(r"\n\n\nEquilibrium \d of 9: ", text)
    assert "Overview" in overview
    assert len(details) == 9
    assert len(re.findall(r"^\d +\(.*\) ", overview, re.MULTILINE)) == 9
    assert "Overview" not in to_text(SAMPLES["lorenz"](), 120)


def test_an_overview_that_does_not_fit_is_a_list_of_sentences():
    text = to_text(SAMPLES["nine"](), 60)
    said = re.findall(r"^(\d)\. \(x, y\) = \(.*\)\. Type: ", text, re.MULTILINE)
    assert said == list("123456789")


def test_an_overview_in_which_all_agree_has_one_column_for_them():
    report = SAMPLES["nine"]()
    agreed = [
        replace(e, rules=tuple(replace(r, stability=e.flows[0].stability) for r in e.rules))
        for e in report.equilibria
    ]
    report = replace(report, equilibria=tuple(agreed))
    assert "Every flow and rule" in to_text(report)
    assert "every flow and every rule returns to four of them" in headline(report)


def test_an_exact_point_is_named_only_if_it_says_more():
    assert "Exactly (x, y) = (1/2, 1/2)." in to_text(SAMPLES["tandem"]())
    assert "Exactly" not in to_text(SAMPLES["xy"]())


def test_points_that_are_not_alone():
    assert "One point of a curve of equilibria" in to_text(SAMPLES["tandem"]())
    (e,) = SAMPLES["tandem"]().equilibria
    e = replace(e, manifold_dimension=0, remarks=())
    report = replace(SAMPLES["tandem"](), equilibria=(e,))
    assert "Not isolated." in to_text(report)
    surface = replace(e, manifold_dimension=2)
    assert "One point of a surface of equilibria." in to_text(
        replace(report, equilibria=(surface,))
    )


def test_no_limit_and_no_number_are_told_apart():
    (e,) = SAMPLES["dirac_gan_r1"]().equilibria
    stable = replace(e.rules[0], critical_lr=None, critical_lr_exact=None)
    report = replace(SAMPLES["dirac_gan_r1"](), equilibria=(replace(e, rules=(stable,)),))
    assert "no limit" in to_text(report)
    assert "no limit" not in to_text(SAMPLES["moving"]())


def test_a_small_report_is_quick():
    report = SAMPLES["dirac_gan_r1"]()
    to_text(report)  # imports rich
    times = []
    for _ in range(5):
        begin = time.thread_time()
        to_text(report)
        times.append(time.thread_time() - begin)
    assert min(times) < 0.05


def test_rich_is_imported_only_for_text():
    code = "import sys, stability.documents.text; print('rich' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


# ---- tables --------------------------------------------------------------------------------------


def test_columns_are_narrowed_the_widest_first_and_never_into_a_word():
    rows = [("a", "one two three four"), ("bb", "five")]
    assert column_widths(rows, 40) == [2, 18]
    assert column_widths(rows, 14) == [2, 10]
    assert column_widths(rows, 8) is None


def test_wrap_breaks_at_blanks_and_keeps_numbers_whole():
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap(f"at −0.15{SPACE}±{SPACE}0.477i", 16) == ["at", f"−0.15{SPACE}±{SPACE}0.477i"]
    assert wrap("abcdefgh", 3) == ["abc", "def", "gh"]
    assert wrap("", 5) == [""]


# ---- the headline --------------------------------------------------------------------------------


def test_headline_of_the_dirac_gan():
    assert headline(SAMPLES["dirac_gan"]()) == (
        "Training rests at one point, (theta, psi) = (0, 0). Simultaneous steps of 0.1 move away "
        "from it (the error grows by 0.12% per step); whether the flow and alternating steps of "
        "0.1 stay there is not decided by linearisation."
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
        ("tandem", "Training rests on a curve of equilibria; (x, y) = (0.5, 0.5) is one of them."),
        ("tandem", "the flow returns to the curve (the error shrinks like exp(−4·t))"),
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


@every_sample
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
        "undecided": "stays there is not decided",
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


# ---- numbers and closed forms --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "—"),
        (float("nan"), "—"),
        (-0.0, "0"),
        (-1 / 3, "−0.333333"),
        (1234567.0, "1.23457e+06"),
        (-2.5e-12, "−2.5e-12"),
    ],
)
def test_numbers(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.0, "1"),
        (0.974679434, "0.974679"),
        (1.00000025, "1.00000025"),
        (0.9999999, "0.9999999"),
        (0.99998, "0.99998"),
        (1 + 2.2e-13, "1 + 2.2e-13"),
        (1 - 1e-12, "1 − 1.0e-12"),
        (0.0, "0"),
    ],
)
def test_a_radius_is_never_rounded_to_one(value, shown):
    assert radius(value).replace(SPACE, " ") == shown


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([-0.15 + 0.477j, -0.15 - 0.477j], "−0.15 ± 0.477i"),
        ([1j, -1j], "±i"),
        ([2.0, -3.0], "2, −3"),
        ([-0.5, -0.5], "−0.5 (twice)"),
        ([1j, 1j, -1j, -1j], "±i (twice)"),
        ([-1 + 2j, -1 + 1j, -1 - 1j, -1 - 2j], "−1 ± 2i, −1 ± i"),
        ([1e-18 + 0.5j, 1e-18 - 0.5j], "±0.5i"),
        ([1 + 2j], "1 + 2i"),
    ],
)
def test_eigenvalues(values, shown):
    assert eigenvalues(np.array(values), "flow").replace(SPACE, " ") == shown


def test_eigenvalues_split_by_rounding_within_their_error_are_one():
    values = np.array([-0.5 + 1e-9j, -0.5 - 1e-9j])
    assert eigenvalues(values, "flow", 2e-8).replace(SPACE, " ") == "−0.5 (twice)"
    assert "1e-09i" in eigenvalues(values, "flow", 1e-12)


def test_the_leading_multipliers_are_the_largest():
    values = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, -0.99])
    assert eigenvalues(values, "map") == "−0.99, 0.9, 0.8, 0.7, 0.6, 0.5, … and 3 more"
    assert eigenvalues(values, "flow") == "0.9, 0.8, 0.7, 0.6, 0.5, 0.4, … and 3 more"


def test_settings_are_written_as_on_the_command_line():
    given = {"lr": {"": 0.1, "disc": 0.25}, "steps": 2, "order": ["gen", "disc"], "beta": None}
    assert settings(given) == "lr=0.1, lr.disc=0.25, steps=2, order=gen+disc"
    assert settings({"inner": {"rule": "heun"}, "fast": True}) == "inner.rule=heun, fast=true"


@pytest.mark.parametrize(
    ("given", "text", "formula"),
    [
        ("-gamma/2 - sqrt(gamma**2 - 1)/2", "−gamma/2 − √(gamma² − 1)/2",
         r"-\frac{\gamma}{2} - \frac{\sqrt{{\gamma}^{2} - 1}}{2}"),
        ("-sqrt(3)*I/180", "−√3·i/180", r"-\frac{\sqrt{3} \, i}{180}"),
        ("2*(a + b)**3/c", "2·(a + b)³/c", r"\frac{2 \, {\left(a + b\right)}^{3}}{c}"),
        ("a/(b*c)", "a/(b·c)", r"\frac{a}{b \, c}"),
        ("a - (b - c)", "a − b + c", "a - b + c"),
        ("-(a + b)*c", "−(a + b)·c", r"-\left(a + b\right) \, c"),
        ("2**(1/3)*pi", "2^(1/3)·π", r"{2}^{\frac{1}{3}} \, \pi"),
        ("x**(1/2)", "√x", r"\sqrt{x}"),
        ("(-2)**a", "(−2)^a", r"{\left(-2\right)}^{a}"),
        ("lambda*atan(x_1)", "lambda·atan(x_1)", r"\lambda \, \arctan\left(x_{1}\right)"),
        ("erf(learning_rate)", "erf(learning_rate)",
         r"\operatorname{\mathrm{erf}}\left(\mathrm{learning\_rate}\right)"),
        ("Piecewise((1, a > 0))", "Piecewise((1, a > 0))", None),
        ("__import__('os').system('ls')", "__import__('os').system('ls')", None),
        ("a +", "a +", None),
    ],
)  # fmt: skip
def test_closed_forms(given, text, formula):
    assert readable(given) == text
    assert latex(given) == formula


def test_closed_forms_that_differ_in_one_sign_are_joined():
    pair = ["-gamma/2 + sqrt(gamma**2 - 1)/2", "-gamma/2 - sqrt(gamma**2 - 1)/2"]
    assert readable_all(pair) == ["−gamma/2 ± √(gamma² − 1)/2"]
    assert readable_all(["-1/20 + sqrt(3)*I", "-sqrt(3)*I - 1/20"]) == ["−1/20 ± √3·i"]
    assert readable_all(["a + b", "-a - b"]) == ["a + b", "−a − b"]
    assert readable_all(["I/2", "-I/2", "-4", "-4"]) == ["±i/2", "−4 (twice)"]
    assert readable_all(["(-a + b)/2", "-(a + b)/2"]) == ["−a/2 ± b/2"]
    assert readable_all(["(a - b)/2", "c"]) == ["(a − b)/2", "c"]
    assert readable_all(["a >", "1"]) == ["a >", "1"]


def test_text_and_json_come_from_the_same_value():
    report: Report = SAMPLES["dirac_gan"]()
    assert str(report) == to_text(report)
    assert json.loads(report.to_json())["schema"] == "stability-report/1"
