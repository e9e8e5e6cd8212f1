"""The report as Markdown and in a notebook."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from stability.documents.markdown import escaped
from stability.documents.numbers import SPACE, sentence
from stability.reports import Report
from stability.reports.formula import to_latex
from tests.reports.samples import SAMPLES, flowing, verdicts

every_sample = pytest.mark.parametrize("name", SAMPLES)
ALLOWED = {"details", "summary", "div", "h3", "h4", "h5", "p", "ul", "li", "strong", "br"}
ALLOWED |= {"table", "thead", "tbody", "tr", "th", "td"}
HOSTILE = "<script>alert(1)</script> | [link](x) `a` **b** _c_"


def hostile() -> Report:
    report = SAMPLES["tandem"]()
    (e,) = report.equilibria
    names = ("x|<i>", "$y_1$")
    e = replace(e, point=dict(zip(names, (0.5, 0.5), strict=True)), exact=None, remarks=(HOSTILE,))
    system = replace(report.system, name=HOSTILE, players=names, variables=names)
    return replace(report, system=system, equilibria=(e,), warnings=(HOSTILE,))


def cells(line: str) -> list[str]:
    return re.split(r"(?<!\\)\|", line.strip())[1:-1]


def tables(markdown: str) -> list[list[str]]:
    return [
        block.splitlines() for block in markdown.split("\n\n") if block.lstrip().startswith("|")
    ]


@pytest.mark.parametrize("report", [*(make() for make in SAMPLES.values()), hostile()])
def test_every_table_has_as_many_cells_in_each_row(report):
    for lines in tables(report.to_markdown()):
        width = len(cells(lines[0]))
        assert width >= 2
        assert set(cells(lines[1])) == {" --- "}
        assert {len(cells(line)) for line in lines} == {width}
        assert len(lines) > 2


@every_sample
def test_markdown_says_what_the_text_says(name):
    report = SAMPLES[name]()
    markdown = flowing(report.details().to_markdown())
    for e in report.equilibria:
        for verdict, _ in verdicts(e):
            assert verdict.verdict in markdown
            assert escaped(sentence(verdict.because))[1:] in markdown
    assert SPACE not in markdown


@every_sample
def test_markdown_and_text_have_the_same_headings(name):
    report = SAMPLES[name]()
    headings = [line.lstrip("# ") for line in report.to_markdown().splitlines() if line[0:1] == "#"]
    text = flowing(report.to_text(120))
    positions = [text.find(re.sub(r"\\(.)", r"\1", heading)) for heading in headings]
    assert -1 not in positions
    assert positions[0] == 0


def test_markdown_has_no_markup_from_names():
    markdown = hostile().to_markdown()
    assert not re.search(r"(?<!\\)[<>`$]", markdown)
    assert not re.search(r"(?<!\\)\[link", markdown)
    assert r"\<script\>" in markdown


class Checker(HTMLParser):
    """Collects tags and text, and notices tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert not [value for key, value in attrs if key in ("src", "href") or key[:2] == "on"]
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data + " "


@pytest.mark.parametrize("report", [*(make() for make in SAMPLES.values()), hostile()])
def test_html_is_whole_and_has_no_foreign_parts(report):
    checker = Checker()
    checker.feed(report._repr_html_())
    checker.close()
    assert checker.open == []
    assert checker.tags <= ALLOWED
    for e in report.equilibria:
        for verdict, _ in verdicts(e):
            assert sentence(verdict.because)[1:] in flowing(checker.text)


def test_html_escapes_names():
    html = hostile()._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("report", [*(make() for make in SAMPLES.values()), hostile()])
def test_latex_is_balanced(report):
    latex = to_latex(report.equilibria)
    assert latex.startswith("$$")
    assert latex.endswith("$$")
    assert "$" not in re.sub(r"\\\$", "", latex[2:-2])
    plain = re.sub(r"\\[{}$_#%&]", "", latex)
    assert plain.count("{") == plain.count("}")
    assert plain.count(r"\left") == plain.count(r"\right")
    assert not re.search(r"[−±…—\u00a0√²<>]", latex), "only what KaTeX and MathJax know"
    assert not re.search(r"\de[-+]\d", latex)


def test_latex_uses_closed_forms():
    latex = to_latex(SAMPLES["dirac_gan_r1"]().equilibria)
    assert r"\left(\theta, \psi\right) = \left(0, 0\right)" in latex
    assert r"\lambda = -\frac{\gamma}{2} \pm \frac{\sqrt{{\gamma}^{2} - 1}}{2}" in latex
    assert r"\text{exponentially stable}" in latex


def test_the_report_shows_itself():
    report = SAMPLES["xy"]()
    assert report._repr_html_() == report._repr_html_()
    assert report._repr_latex_() == to_latex(report.equilibria)
    assert report.to_markdown() == report.to_markdown()
