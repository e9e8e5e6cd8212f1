"""`stability probe`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import stability
from stability.analysis import names as named
from stability.analysis.subject import penalised
from stability.errors import InputError
from stability.games import Game, SymbolicGame
from stability.networks import load_checkpoint
from stability.probes.along import probe_checkpoint, probe_run
from stability.probes.probing import probe
from stability.probes.runs import CheckpointFile, Run, code_of, open_run
from stability.probes.series import ProbeSeries

from .figures import FIGURES, picture_of
from .output import SUFFIXES, check_output, deliver, write
from .progress import working

MOST = 12  # checkpoints of a run that are probed unless more are asked for


def run(
    game: str, *, settings, field, rules, penalties, at, along, checkpoints, k, tolerance, products, move,
    seed,
    as_json, output, force,
) -> int:  # fmt: skip
    """Runs the command and returns its exit code."""
    if output is not None:
        check_output(output, (*SUFFIXES, *FIGURES), force)
    chosen: dict[str, Any] = {
        "field": None if field is None else named.field(field),
        "rules": [named.rule(text) for text in rules] or None,
        "k": k,
        "tolerance": tolerance,
        "max_products": products,
        "seed": seed,
    }
    if along and (at is not None or move):
        raise InputError("--along probes a run's own checkpoints; leave --at and --move out")
    if checkpoints is not None and not along:
        raise InputError("--checkpoints says how many are probed with --along; give --along too")
    with working("Loading") as now:
        chosen["progress"] = lambda what: now(f"{what[:1].upper()}{what[1:]}")
        if Path(game).is_dir():
            found = _run(game, settings, penalties, at, along, checkpoints, move, chosen)
        else:
            found = _game(game, settings, penalties, at, along, move, chosen)
        if output is not None and Path(output).suffix in FIGURES:
            write(output, picture_of(lambda: drawn(found), output))
            return 0
    deliver(found, output, as_json)
    return 0


def _run(folder, settings, penalties, at, along, checkpoints, move, chosen) -> Any:
    if settings or penalties:
        raise InputError(f"{folder} is a training run, whose game and penalties are recorded in it")
    code = code_of(folder)
    if code is not None:
        print(f"note: opening {folder} runs {code}, which its run.json names", file=sys.stderr)
    recorded = open_run(folder)
    for remark in recorded.remarks:
        print(f"note: {remark}", file=sys.stderr)
    if along:
        return probe_run(recorded, most=checkpoints or MOST, **chosen)
    return probe_checkpoint(
        recorded, None if at is None else _of(recorded, at), move=move, **chosen
    )


def _of(recorded: Run, at: str) -> CheckpointFile:
    """The checkpoint of a run given by its step or its file's name."""
    for file in recorded.checkpoints:
        if at in (str(file.step), file.path.name, str(file.path)):
            return file
    steps = ", ".join(f"{file.step}" for file in recorded.checkpoints)
    raise InputError(f"this run has no checkpoint {at}; --at takes one of the steps {steps}")


def _game(game, settings, penalties, at, along, move, chosen) -> Any:
    if along:
        raise InputError(f"--along needs the folder of a training run, and {game} is none")
    chosen["rules"] = chosen["rules"] or ()
    system: Any = stability.load(game, named.assignments(settings, "--set"))
    system = penalised(system, [named.penalty(text) for text in penalties])
    if at is None:
        return probe(system, move=move, **chosen)
    numeric = system.real.numeric() if isinstance(system, SymbolicGame) else system
    if not isinstance(numeric, Game):
        raise InputError(f"probe is for games, and {game} is a {system.kind}")
    checkpoint = load_checkpoint(at, numeric)
    return probe(
        system, checkpoint.x, move=move, source=Path(at).name, step=checkpoint.step, **chosen
    )


def drawn(found: Any) -> Any:
    """The figure of a probe: eigenvalues in the plane, or everything along a run."""
    from stability.plots.probe import probe, probe_series

    return probe_series(found)[0] if isinstance(found, ProbeSeries) else probe(found)[0]
