"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from typing import Any

from ..analysis.study import Study
from ..analysis.subject import penalised
from ..documents.blocks import Heading
from ..dynamics.system import System
from ..errors import InputError
from ..fields import Field
from ..reports.value import Report
from ..rules import Rule
from .assets import asset
from .interactive import explorer
from .pictures import figure
from .semantic import sections


def html_page(
    report: Report,
    system: System | Study | None = None,
    *,
    pictures: Sequence[tuple[str, str, str]] = (),
    rules: Sequence[Rule] = (),
    field: Field | None = None,
) -> str:
    """A report as a self-contained HTML page, with its data as JSON and a phase portrait to play with.

    **Arguments:**

    - `report`, `system`: a report and what it is of, penalties included.
    - `pictures`: (SVG file's text, caption, what it shows in words) of each.
    - `rules`: the portrait starts with the first of them that it knows (and its step size), else with
      simultaneous steps of 0.1.
    - `field`: the field of a game that the portrait shows; default: the gradient field.

    The page loads nothing: no fonts, no scripts, no style sheets of others. The portrait is there for
    symbolic systems of two to four variables; without JavaScript the page lacks the portrait alone.

    Raises InputError for pictures that are no SVG files and a system that is not the report's.
    """
    about: Any = system
    if isinstance(system, Study):
        about = penalised(system.system, system.options["penalties"])
    if about is not None:
        _check(report, about)
    blocks = report.blocks()
    title = next(block.text for block in blocks if isinstance(block, Heading))
    head, body, titles = sections(blocks)
    script = ""
    parts = [head]
    first: list[tuple[str, str]] = []
    if pictures:
        figures = "\n".join(figure(*picture, i) for i, picture in enumerate(pictures, 1))
        parts.append(_section("pictures", "Pictures", f'<div class="pictures">\n{figures}\n</div>'))
        first.append(("pictures", "Pictures"))
    if about is not None:
        inside, script = _portrait(report, about, field, rules)
        parts.append(_section("explore", "Phase portrait to play with", inside))
        first.append(("explore", "Phase portrait to play with"))
    parts.append(body)
    return _PAGE.format(
        title=escape(title),
        policy=_policy(script),
        style=asset("page.css"),
        contents=_contents([*first, *titles]),
        main="\n".join(parts),
        version=escape(report.version),
        data=_data("report-data", report.to_dict()),
        script=f"<script>{script}</script>" if script else "",
    )


def _check(report: Report, system: System) -> None:
    names = tuple(str(getattr(v, "name", v)) for v in system.variables)
    if system.kind != report.system.kind or names != report.system.variables:
        raise InputError(
            f"the report is of a {report.system.kind} in {', '.join(report.system.variables)}, "
            f"not of this {system.kind} in {', '.join(names)}"
        )


def _portrait(
    report: Report, system: System, field: Field | None, rules: Sequence[Rule]
) -> tuple[str, str]:
    """What stands in the portrait's place until its script runs, and the script."""
    try:
        data, script = explorer(report, system, field, rules)
    except InputError as reason:
        return f"<p>There is no portrait to play with: {escape(str(reason))}.</p>", ""
    what = "" if field is None else f"<p>The field is {escape(str(field))}.</p>\n"
    without = "<noscript><p>This part of the page is drawn by JavaScript.</p></noscript>"
    place = f'<div id="portrait">{without}</div>'
    return f"{what}{place}\n{_data('portrait-data', data)}", script


def _section(own: str, title: str, inside: str) -> str:
    return f'<section aria-labelledby="{own}">\n<h2 id="{own}">{title}</h2>\n{inside}\n</section>'


def _contents(titles: Sequence[tuple[str, str]]) -> str:
    return "".join(f'<li><a href="#{own}">{escape(text)}</a></li>' for own, text in titles)


def _data(own: str, value: Any) -> str:
    """JSON in a page: no text in it can end the element."""
    text = json.dumps(value, allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'<script type="application/json" id="{own}">{text}</script>'


def _policy(script: str) -> str:
    """A content security policy: nothing is loaded from anywhere, and no script but ours is run."""
    digest = b64encode(sha256(script.encode()).digest()).decode()
    own = f"'sha256-{digest}'" if script else "'none'"
    return (
        f"default-src 'none'; script-src {own}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<div class="page">
<nav aria-labelledby="contents">
<p id="contents">Contents</p>
<ol>{contents}</ol>
</nav>
<main id="main" tabindex="-1">
{main}
</main>
</div>
<footer><p>Written by stability {version}. This page carries its data as JSON, in the element
<code>report-data</code>.</p></footer>
{data}
{script}
</body>
</html>
"""
