"""`stability compare`."""

from __future__ import annotations

from typing import Any

import stability
from stability.analysis import names as named
from stability.errors import InputError

from . import arguments
from .figures import FIGURES, picture_of
from .output import SUFFIXES, check_output, deliver, write
from .progress import working


def run(
    game: str, *, settings, fields, rules, penalties, at, box, everywhere, starts, seed, exact, tune,
    as_json, output, force,
) -> int:  # fmt: skip
    """Runs the command and returns its exit code."""
    if output is not None:
        check_output(output, (*SUFFIXES, *FIGURES), force)
    chosen = {
        "fields": [named.field(text) for text in fields] or None,
        "rules": [named.rule(text) for text in rules] or None,
        "penalties": [named.penalty(text) for text in penalties],
        "at": [arguments.point(text) for text in at] or None,
    }
    what = f"Comparing algorithms on {game}"
    with working(what) as now:
        system = stability.load(game, named.assignments(settings, "--set"))
        result = stability.compare(
            system,
            **chosen,
            box=arguments.box(box),
            starts=starts,
            seed=seed,
            everywhere=everywhere,
            exact=exact,
            tune=intervals(tune),
            progress=lambda step: now(f"{what}: {step}"),
        )
    if output is not None and output.endswith(FIGURES):
        write(output, picture_of(lambda: drawn(result), output))
    else:
        deliver(result, output, as_json)
    return 0


def drawn(result: stability.Comparison) -> Any:
    """The comparison as a picture."""
    from stability.plots.algorithms import comparison

    return comparison(result)


def intervals(texts) -> dict[str, tuple[float, float]] | None:
    """Intervals such as gamma=0:5; the upper end may be inf."""
    result = {}
    for name, interval in named.assignments(texts, "--tune").items():
        low, colon, high = (part.strip() for part in interval.partition(":"))
        if not colon:
            raise InputError(f"--tune takes NAME=LOW:HIGH, not {name}={interval}")
        ends = [
            float("inf") if end == "inf" else float(named.number(end, "--tune"))
            for end in (low, high)
        ]
        result[name] = (ends[0], ends[1])
    return result or None
