"""`stability report`."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import stability
from stability.analysis import names as named

from . import arguments
from .output import SUFFIXES, check_output, deliver, write


def run(
    game: str, *, settings, fields, rules, penalties, conditions, at, box, starts, seed, batch, as_json,
    output, force, check
) -> int:  # fmt: skip
    """Runs the command and returns its exit code."""
    if output is not None:
        check_output(output, (*SUFFIXES, ".html"), force)
    chosen_fields = [named.field(text) for text in fields]
    chosen_rules = [named.rule(text) for text in rules]
    chosen_penalties = [named.penalty(text) for text in penalties]
    chosen_conditions = [named.condition(text) for text in conditions]
    points = [arguments.point(text) for text in at]
    with working(f"Analysing {game}"):
        system = stability.load(game, named.assignments(settings, "--set"))
        result = stability.report(
            system,
            fields=chosen_fields,
            rules=chosen_rules or None,
            penalties=chosen_penalties,
            at=points or None,
            box=arguments.box(box),
            starts=starts,
            seed=seed,
            batch=batch,
            conditions=chosen_conditions,
        )
        if output is not None and output.endswith(".html"):
            page = html(result, system, chosen_fields, chosen_rules, chosen_penalties, box, seed)
            write(output, page)
            return exit_code(result) if check else 0
    deliver(result, output, as_json)
    return exit_code(result) if check else 0


def html(result: stability.Report, system, fields, rules, penalties, box, seed) -> str:
    """The report as a page with pictures."""
    from stability.analysis.study import penalised
    from stability.page import html_page
    from stability.page.illustrations import illustrations

    system = penalised(system, penalties)
    field = fields[0] if fields else None
    pictures = illustrations(
        result, system, rules=rules or None, field=field, box=arguments.box(box), seed=seed
    )
    return html_page(result, system, pictures=pictures, rules=rules, field=field)


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


def working(what: str) -> contextlib.AbstractContextManager:
    """A spinner on stderr while something runs, on a terminal only."""
    if not sys.stderr.isatty():
        return contextlib.nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(f"{what} …")
