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
from stability.probes.along import (
    advise_checkpoint,
    advise_run,
    probe_checkpoint,
    probe_run,
)
from stability.probes.probing import probe
from stability.probes.runs import CheckpointFile, Run, code_of, open_run
from stability.probes.series import ProbeSeries

from .figures import FIGURES, picture_of
from .output import SUFFIXES, check_output, deliver, write
from .progress import working

MOST = 12  # checkpoints of a run that are probed unless more are asked for


def run(
    game: str, *, settings, field, rules, penalties, at, along, checkpoints, k, tolerance, products, move,
    advise, batch, period,
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
    if advise:
        _check_advice(move, output)
        chosen = _for_advice(chosen, batch, period)
    elif batch is not None or period is not None:
        raise InputError("--batch and --period are for --advise; give it too")
    with working("Loading") as now:
        chosen["progress"] = lambda what: now(f"{what[:1].upper()}{what[1:]}")
        if Path(game).is_dir():
            found = _run(game, settings, penalties, at, along, checkpoints, move, advise, chosen)
        else:
            found = _game(game, settings, penalties, at, along, move, advise, chosen)
        if output is not None and Path(output).suffix in FIGURES:
            write(output, picture_of(lambda: drawn(found), output))
            return 0
    deliver(found, output, as_json)
    return 0


def _check_advice(move: bool, output: str | None) -> None:
    if move:
        raise InputError("--advise is for the point where training is; leave --move out")
    if output is not None and Path(output).suffix in FIGURES:
        raise InputError("advice has no picture; write it to .txt, .md or .json")


def _for_advice(chosen: dict[str, Any], batch: int | None, period: int | None) -> dict[str, Any]:
    """The options of `advise`; `rule` is None where none was given."""
    rules = chosen["rules"] or [None]
    if len(rules) > 1:
        raise InputError("--advise is about one algorithm; give --rule once")
    return {
        "field": chosen["field"],
        "rule": rules[0],
        "batch": batch,
        "period": period or 1,
        "tolerance": chosen["tolerance"],
        "max_products": chosen["max_products"],
        "seed": chosen["seed"],
        **({} if chosen["k"] is None else {"k": chosen["k"]}),
    }


def _run(folder, settings, penalties, at, along, checkpoints, move, advise, chosen) -> Any:
    if settings or penalties:
        raise InputError(f"{folder} is a training run, whose game and penalties are recorded in it")
    code = code_of(folder)
    if code is not None:
        print(f"note: opening {folder} runs {code}, which its run.json names", file=sys.stderr)
    recorded = open_run(folder)
    for remark in recorded.remarks:
        print(f"note: {remark}", file=sys.stderr)
    if along:
        every = advise_run if advise else probe_run
        return every(recorded, most=checkpoints or MOST, **chosen)
    file = None if at is None else _of(recorded, at)
    if advise:
        return advise_checkpoint(recorded, file, **chosen)
    return probe_checkpoint(recorded, file, move=move, **chosen)


def _of(recorded: Run, at: str) -> CheckpointFile:
    """The checkpoint of a run given by its step or its file's name."""
    for file in recorded.checkpoints:
        if at in (str(file.step), file.path.name, str(file.path)):
            return file
    steps = ", ".join(f"{file.step}" for file in recorded.checkpoints)
    raise InputError(f"this run has no checkpoint {at}; --at takes one of the steps {steps}")


def _game(game, settings, penalties, at, along, move, advise, chosen) -> Any:
    if along:
        raise InputError(f"--along needs the folder of a training run, and {game} is none")
    system: Any = stability.load(game, named.assignments(settings, "--set"))
    put = [named.penalty(text) for text in penalties]
    if advise:
        if chosen["rule"] is None:
            raise InputError("--advise is about an algorithm; give --rule adam:lr=1e-3, say")
        chosen["penalties"] = put
    else:
        chosen["rules"] = chosen["rules"] or ()
        chosen["move"] = move
        system = penalised(system, put)
    where: dict[str, Any] = {}
    if at is not None:
        numeric = system.real.numeric() if isinstance(system, SymbolicGame) else system
        if not isinstance(numeric, Game):
            raise InputError(f"probe is for games, and {game} is a {system.kind}")
        if "=" in at and not Path(at).exists():
            raise InputError(
                f"--at takes a checkpoint here, an .npz file that st.save_checkpoint wrote, not {at!r}; of a "
                "small game `stability report` takes points"
            )
        checkpoint = load_checkpoint(at, numeric)
        where = {"at": checkpoint.x, "source": Path(at).name, "step": checkpoint.step}
    return (stability.advise if advise else probe)(system, **where, **chosen)


def drawn(found: Any) -> Any:
    """The figure of a probe: eigenvalues in the plane, or everything along a run."""
    from stability.plots.probe import probe, probe_series

    return probe_series(found)[0] if isinstance(found, ProbeSeries) else probe(found)[0]
