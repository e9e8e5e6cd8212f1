"""`stability sweep`."""

from __future__ import annotations

import contextlib
import io
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

import stability
from stability.analysis import names as named
from stability.errors import InputError
from stability.sweeps import QUANTITIES, Sweep, sweep
from stability.sweeps.run import MOST_POINTS
from stability.sweeps.store import Store

from . import arguments
from .figures import FIGURES, picture_of
from .output import check_output, colour, terminal_width, write
from .progress import working

SUFFIXES = (".csv", ".json", ".npz", *FIGURES)


def run(
    game: str, *, over, quantities, settings, field, rule, penalties, at, box, everywhere, chunk,
    scheduler, as_json, output, force,
) -> int:  # fmt: skip
    """Runs the command and returns its exit code."""
    if not over:
        raise InputError("say what to vary, as in --over gamma=0:5:101 or --over lr=0.01,0.1,1")
    if not quantities:
        raise InputError(f"say what to compute: --quantity NAME, one of {', '.join(QUANTITIES)}")
    axes: dict[str, np.ndarray] = {}
    for text in over:
        name, values = axis(text)
        if name in axes:
            raise InputError(f"--over varies {name} twice")
        axes[name] = values
    if output is not None:
        check_output(output, SUFFIXES, force)
        if output.endswith(FIGURES):
            _check_drawable(axes, quantities)
    chosen = {
        "field": named.field(field) if field else None,
        "rule": named.rule(rule) if rule else None,
        "penalties": [named.penalty(p) for p in penalties],
    }
    store = None if output is None else Path(f"{output}.chunks")
    with _progress(f"Sweeping {game}", store) as progress:
        system = stability.load(game, named.assignments(settings, "--set"))
        result = sweep(
            system,
            axes,
            list(quantities),
            **chosen,
            at=arguments.point(at) if at else None,
            box=arguments.box(box),
            everywhere=everywhere,
            chunk=chunk,
            progress=progress,
            store=store,
            scheduler=scheduler,
        )
    for warning in result.warnings:
        click.echo(f"Warning: {warning}", err=True)
    if output is not None:
        _write(output, result)
        if store is not None:
            Store(store).remove()
    elif as_json:
        click.echo(result.to_json())
    else:
        click.echo(result.to_text(terminal_width(), colour()), nl=False)
    return 0


def axis(text: str) -> tuple[str, np.ndarray]:
    """An axis from `NAME=LOW:HIGH:COUNT`, with `:log` for equal ratios, or `NAME=v1,v2,v3`."""
    ((name, values),) = named.assignments([text], "--over").items()
    what = f"--over {name}"
    if ":" not in values:
        parts = [part for part in values.split(",") if part.strip()]
        return name, np.array([_float(part, what) for part in parts])
    low_text, high_text, *rest = values.split(":")
    if not 1 <= len(rest) <= 2 or (len(rest) == 2 and rest[1].strip() != "log"):
        raise InputError(f"{what} takes LOW:HIGH:COUNT or LOW:HIGH:COUNT:log, not {values}")
    low, high = _float(low_text, what), _float(high_text, what)
    count = _float(rest[0], f"{what}, the count")
    if count != math.floor(count) or count < 1:
        raise InputError(f"{what}: the count is a positive whole number, not {rest[0]}")
    if count > MOST_POINTS:
        raise InputError(
            f"{what}: {rest[0]} points are too many; a sweep takes at most {MOST_POINTS:,}"
        )
    if count == 1 and low != high:
        raise InputError(
            f"{what}: one point cannot span {low:g} to {high:g}; give {name}={low_text}"
        )
    if low > high:
        raise InputError(f"{what}: the low end comes first, not {values}")
    if len(rest) == 1:
        return name, np.linspace(low, high, int(count))
    if low <= 0:
        raise InputError(f"{what}: a logarithmic axis is positive, and {low:g} is not")
    return name, np.geomspace(low, high, int(count))


def _float(text: str, what: str) -> float:
    value = float(named.number(text.strip(), what))
    if not math.isfinite(value):
        raise InputError(f"{what}: {text.strip()} is no finite number")
    return value


@contextlib.contextmanager
def _progress(what: str, store: Path | None) -> Iterator[Callable[[int, int], None]]:
    """What is called with (finished chunks, all chunks): a bar on stderr, on a terminal only."""
    first = True

    def said(done: int, total: int) -> None:
        nonlocal first
        if first and done:
            click.echo(f"taking up {store}: {done} of {total} chunks are done", err=True)
        first = False

    if not sys.stderr.isatty():
        with working(what) as now:

            def counted(done: int, total: int) -> None:
                said(done, total)
                now(f"{what}: {done} of {total} chunks")

            yield counted
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with contextlib.ExitStack() as stack:
        waiting = stack.enter_context(contextlib.ExitStack())
        waiting.enter_context(working(what))
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        tasks = []

        def shown(done: int, total: int) -> None:
            if not tasks:
                waiting.close()  # the spinner that turns while the equilibrium is looked for
                said(done, total)
                stack.enter_context(bar)
                tasks.append(bar.add_task(what, total=total))
            bar.update(tasks[0], completed=done)

        yield shown


def _write(output: str, result: Sweep) -> None:
    """Writes the result whole, in the format that the ending tells."""
    suffix = Path(output).suffix
    if suffix in FIGURES:
        write(output, picture_of(lambda: _drawn(result), output))
    elif suffix == ".csv":
        write(output, result.to_csv())
    elif suffix == ".json":
        write(output, result.to_json() + "\n")
    else:
        stream = io.BytesIO()
        result.to_npz(stream)
        write(output, stream.getvalue())


def _check_drawable(axes: Mapping[str, np.ndarray], quantities: Sequence[str]) -> None:
    """Raises InputError, before any work is done, if there is no picture of these."""
    if len(axes) == 2 and "spectral_radius" not in quantities:
        raise InputError("a picture of a sweep over two axes needs --quantity spectral_radius")


def _drawn(result: Sweep) -> Any:
    """A map of the spectral radius over two axes; over one loci if there is nothing else, or curves."""
    from stability.plots.loci import loci
    from stability.plots.quantities import quantities
    from stability.plots.radius_map import radius

    if len(result.axes) == 2:
        return radius(result)
    if len(result.quantities) == 1 and {"eigenvalues", "multipliers"} & set(result.quantities):
        return loci(result)
    return quantities(result)[0]
