"""`stability trajectory`."""

from __future__ import annotations

import contextlib
import csv
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import stability
from stability.analysis import names as named
from stability.phase.follow import Paths, follow

from . import arguments
from .figures import FIGURES, picture_of
from .output import check_output, deliver, write
from .portrait import paths, picture_plane
from .progress import working

ANIMATIONS = (".gif", ".mp4")
TEXTS = (".txt", ".md", ".json")


def run(
    game: str, *, settings, field, rules, penalties, begin, steps, time, plane, at, box, everywhere, seed,
    seconds, as_json, output, force,
) -> int:  # fmt: skip
    """Runs the command and returns its exit code."""
    if output is not None:
        check_output(output, (*FIGURES, *ANIMATIONS, ".csv", *TEXTS), force)
    chosen = {
        **paths(field, rules, penalties, begin),
        **picture_plane(plane, at),
        "box": arguments.box(box),
        "everywhere": everywhere,
    }
    with working(f"Following {game}"):
        system = stability.load(game, named.assignments(settings, "--set"))
        found = follow(system, **chosen, steps=steps, time=time, seed=seed)
    suffix = "" if output is None else Path(output).suffix
    if output is None or suffix in TEXTS:
        deliver(found, output, as_json)
    elif suffix == ".csv":
        write(output, table(found))
    elif suffix in FIGURES:
        with working(f"Drawing {output}"):
            content = picture_of(lambda: drawn(found), output)
        write(output, content)
    else:
        write(output, animated(found, suffix, seconds))
    return 0


def table(found: Paths) -> str:
    """All points of all paths as CSV."""
    rows = found.rows()
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def drawn(found: Paths) -> Any:
    """The paths on their Axes; the first of them."""
    from stability.plots.trajectory import trajectory

    return trajectory(found)[0]


def animated(found: Paths, suffix: str, seconds: float) -> bytes:
    """The paths as the bytes of a moving picture."""
    from stability.plots.animation import animate

    with tempfile.TemporaryDirectory() as folder, bar("Drawing frames") as progress:
        file = Path(folder, f"paths{suffix}")
        animate(found, file, seconds=seconds, progress=progress)
        return file.read_bytes()


@contextlib.contextmanager
def bar(what: str) -> Iterator[Callable[[float], None] | None]:
    """What is called with the share that is done: a bar on stderr, on a terminal only."""
    if not sys.stderr.isatty():
        with working(what) as now:
            yield lambda share: now(f"{what}: {share:.0%}")
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda share: progress.update(task, completed=share)
