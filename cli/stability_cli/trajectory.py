"""`stability trajectory`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import stability
from stability.phase.follow import Paths, follow

from . import arguments
from .output import check_output, deliver, write
from .portrait import FIGURES, paths
from .report import working

ANIMATIONS = (".gif", ".mp4")
TEXTS = (".txt", ".md", ".json")


def run(
    game: str, *, settings, field, rules, penalties, begin, steps, time, box, seed, seconds, as_json, output, force,
) -> int:  # fmt: skip
    """Runs the command and returns its exit code."""
    if output is not None:
        check_output(output, (*FIGURES, *ANIMATIONS, ".csv", *TEXTS), force)
    chosen = {**paths(field, rules, penalties, begin), "box": arguments.box(box)}
    with working(f"Following {game}"):
        system = stability.load(game, arguments.assignments(settings, "--set"))
        found = follow(system, **chosen, steps=steps, time=time, seed=seed)
    suffix = "" if output is None else Path(output).suffix
    if output is None or suffix in TEXTS:
        deliver(found, output, as_json)
    elif suffix == ".csv":
        write(output, table(found))
    else:
        with working(f"Drawing {output}"):
            content = (
                drawn(found, suffix) if suffix in FIGURES else animated(found, suffix, seconds)
            )
        write(output, content)
    return 0


def table(found: Paths) -> str:
    """All points of all paths as CSV."""
    rows = found.rows()
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
