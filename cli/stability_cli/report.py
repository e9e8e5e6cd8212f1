"""`stability report`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import stability
from stability.analysis import names as named
from stability.errors import InputError
from stability.reports.value import Excerpt

from . import arguments
from .output import SUFFIXES, check_output, deliver, write
from .progress import working


def run(
    game: str, *, settings, fields, rules, penalties, conditions, at, box, everywhere, starts, seed, batch,
    summary, details, as_json, output, force, check,
) -> int:  # fmt: skip
    """Runs the command and returns its exit code."""
    if output is not None:
        check_output(output, (*SUFFIXES, ".html"), force)
    chosen_fields = [named.field(text) for text in fields]
    chosen_rules = [named.rule(text) for text in rules]
    chosen_penalties = [named.penalty(text) for text in penalties]
    chosen_conditions = [named.condition(text) for text in conditions]
    chosen_details = which(details, summary)
    points = [arguments.point(text) for text in at]
    with working(f"Analysing {game}"):
        study = stability.study(
            stability.load(game, named.assignments(settings, "--set")),
            fields=chosen_fields,
            rules=chosen_rules or None,
            penalties=chosen_penalties,
            box=arguments.box(box),
            conditions=chosen_conditions,
        )
        result = stability.report(
            study,
            at=points or None,
            starts=starts,
            seed=seed,
            everywhere=everywhere,
            batch=batch,
        )
        if output is not None and output.endswith(".html"):
            write(output, html(result, study, chosen_rules, seed))
            return exit_code(result) if check else 0
    deliver(part(result, summary, chosen_details), output, as_json)
    return exit_code(result) if check else 0


def part(
    result: stability.Report, summary: bool, numbers: list[int] | None
) -> stability.Report | Excerpt:
    """What is shown of a report: by default what it decides itself."""
    if summary:
        return result.summary()
    return result if numbers is None else result.details(*numbers)


def which(texts: Sequence[str], summary: bool) -> list[int] | None:
    """The numbers of --details, none for all; None where it was not given."""
    if not texts:
        return None
    if summary:
        raise InputError(
            "--summary is the table alone, and --details what is left out there: say one"
        )
    parts = [part.strip() for text in texts for part in text.split(",")]
    if "all" in parts:
        return []
    for text in parts:
        if not text.isdecimal():
            raise InputError(f"--details takes a number of the table, or all, not {text}")
    return [int(text) for text in parts]


def html(result: stability.Report, study: stability.Study, rules, seed: int) -> str:
    """The report as a page with pictures, of the first of several fields."""
    from stability.page import html_page
    from stability.page.illustrations import illustrations

    field = next(iter(study.options["fields"]), None)
    pictures = illustrations(result, study, field=field, seed=seed)
    return html_page(result, study, pictures=pictures, rules=rules, field=field)


def exit_code(result: stability.Report) -> int:
    """0 if every rule (else flow, else map) is stable somewhere, 3 if one is not, 4 if that is undecided."""
    verdicts: dict[Any, list[str]] = {}
    for equilibrium in result.equilibria:
        for i, entry in enumerate(equilibrium.rules or equilibrium.flows or equilibrium.maps):
            verdicts.setdefault(i, []).append(entry.stability.verdict)
    if not verdicts:
        return 4
    codes = []
    for words in verdicts.values():
        if {"exponentially stable", "asymptotically stable"} & set(words):
            codes.append(0)
        else:
            codes.append(4 if "undecided" in words else 3)
    return 3 if 3 in codes else max(codes)
