"""The report as text: nothing lost, nothing wider than the page, true sentences."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace

import pytest
from rich.cells import cell_len

from stability.documents.formulas import readable, readable_all
from stability.documents.intervals import intervals
from stability.documents.numbers import (
    SPACE,
    number,
    per_player,
    radius,
    sentence,
    within,
)
from stability.errors import InputError
from stability.reports import Report
from stability.reports.summary import headline
from tests.reports.samples import SAMPLES, flowing, verdicts

WIDTHS = (40, 80, 120)
every_sample = pytest.mark.parametrize("name", SAMPLES)
every_width = pytest.mark.parametrize("width", WIDTHS)


def to_text(report, width=80, colour=False):
    return report.to_text(width, colour)


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
    text = flowing(to_text(report.details(), width))
    for e in report.equilibria:
        for verdict, is_radius in verdicts(e):
            assert verdict.verdict in text
            assert sentence(verdict.because)[1:] in text
            if verdict.value is not None:
                shown = (radius if is_radius else number)(verdict.value)
                if verdict.verdict == "undecided" and (verdict.margin or 0) < 0:
                    shown = within(verdict.value, abs(verdict.value) - verdict.margin)
                assert re.search(rf"(?<![\d.]){re.escape(shown.replace(SPACE, ' '))}", text)
            if verdict.margin is not None:
                assert number(verdict.margin) in text


@every_sample
@every_width
def test_every_other_number_is_there(name, width):
    report = SAMPLES[name]()
    text = flowing(to_text(report.details(), width))
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
            if r.stable_lr is not None and not isinstance(r.settings["lr"], dict):
                assert all(word in text for word in intervals(r.stable_lr).split())
            for value in (r.critical_lr if r.stable_lr else None, r.best_lr):
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
    words = [set(re.findall(r"\w+", to_text(SAMPLES[name](), w))) - {"No"} for w in WIDTHS]
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


def test_of_many_equilibria_text_has_a_line_for_each():
    report = SAMPLES["nine"]()
    text = to_text(report, 80)
    assert re.findall(r"^(\d) +\(.*\d$", text, re.MULTILINE) == list("123456789")
    assert "--details 3" in text
    assert "Game-theoretic conditions" not in text
    assert text == to_text(report.summary(), 80) == str(report)
    assert report.to_markdown() == report.summary().to_markdown()
    assert len(report.to_dict()["equilibria"]) == len(report.summary().to_dict()["equilibria"]) == 9
    few = SAMPLES["lorenz"]()
    assert "Overview" not in to_text(few)
    assert to_text(few) == to_text(few.details())
    assert "Overview" in to_text(few.summary())


def test_details_are_of_the_equilibria_that_are_asked_for():
    report = SAMPLES["nine"]()
    headings = re.findall(
        r"^Equilibrium (\d) of 9: ", to_text(report.details(7, 3, 7)), re.MULTILINE
    )
    assert headings == ["7", "3"]
    assert len(re.findall(r"^Equilibrium \d of 9", to_text(report.details()), re.MULTILINE)) == 9
    for wrong in (0, 10, True):
        with pytest.raises(InputError, match="from 1 to 9"):
            report.details(wrong)


def test_an_overview_says_which_local_solutions_they_are():
    text = to_text(SAMPLES["dirac_gan_r1"]().summary())
    assert (
        "Local: minmax, Nash?; Flow: stable focus; simultaneous, lr=0.2: stable 0.9747"
        in flowing(text)
    )
    assert "“?”: undecided" in flowing(text)


def test_an_overview_that_does_not_fit_is_a_list_of_sentences():
    text = to_text(SAMPLES["nine"](), 40)
    said = re.findall(r"^(\d)\. \(x, y\) = \(.*\)\.", text, re.MULTILINE)
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
    text = " ".join(to_text(SAMPLES["tandem"]()).split())
    assert "One point of a line of equilibria" in text
    assert "The whole line: x = 1 − y, y free. The line attracts everywhere." in text
    (e,) = SAMPLES["tandem"]().equilibria
    line = e.component
    e = replace(e, manifold_dimension=0, remarks=(), component=None)
    report = replace(SAMPLES["tandem"](), equilibria=(e,))
    assert "Not isolated." in to_text(report)
    seen = replace(line, dimension=2, parametrisation=None, attracts=None, repels=None)
    seen = replace(e, component=replace(seen, straight=False))
    assert "One point of a surface of equilibria." in to_text(replace(report, equilibria=(seen,)))


def with_stable_steps(stable, exact=None, critical=0.0, lr=0.1):
    """A report with a rule that is stable for these steps."""
    (e,) = SAMPLES["dirac_gan_r1"]().equilibria
    rule = replace(
        e.rules[0], critical_lr=critical, critical_lr_exact=None, stable_lr=stable,
        stable_lr_exact=exact, settings={"lr": lr},
    )  # fmt: skip
    report = replace(SAMPLES["dirac_gan_r1"](), equilibria=(replace(e, rules=(rule,)),))
    return flowing(to_text(report, 120))


def test_all_steps_no_step_and_no_number_are_told_apart():
    assert "all" in with_stable_steps(((0.0, None),), critical=None)
    nothing = with_stable_steps(())
    assert "none" in nothing
    assert "No step size is exponentially stable." in nothing
    assert "all" not in flowing(to_text(SAMPLES["moving"]())).split("Rules")[1]


def test_a_set_that_does_not_reach_down_to_zero_is_written_out():
    text = with_stable_steps(((2 / 9, 1.8482930469),), (("2/9", "2*(1 + sqrt(1961))/49"),))
    assert "0.2222 to 1.848" in text
    assert "Stable for 0.2222 < lr < 1.848, exactly 2/9 < lr < 2·(1 + √1961)/49;" in text
    assert "no smaller step is stable, so the critical lr is 0." in text
    assert "No step size" not in text
    text = with_stable_steps(((0.0, 1.5), (2.0, None)), critical=1.5)
    assert "Stable for lr < 1.5 or lr > 2." in text
    text = with_stable_steps(((0.5, 2.0),), critical={"": 0.0}, lr={"": 0.1})
    assert "Stable for 0.5 < the factor on lr < 2" in text
    assert "steps of (others 0.1)" in text


def test_a_small_report_is_quick():
    report = SAMPLES["dirac_gan_r1"]()
    to_text(report)  # imports rich
    times = []
    for _ in range(5):
        begin = time.thread_time()
        to_text(report)
        times.append(time.thread_time() - begin)
    assert min(times) < 0.05


def test_text_and_json_come_from_the_same_value():
    report: Report = SAMPLES["dirac_gan"]()
    assert str(report) == to_text(report)
    assert json.loads(report.to_json())["schema"] == "stability-report/1"
