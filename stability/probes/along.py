"""Probing the checkpoints of a training run, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..rules import Rule
from .advice import Advice
from .advice_series import AdviceSeries
from .adviser import Adviser
from .probing import Prober
from .runs import CheckpointFile, Run
from .series import ProbeSeries, path_between
from .value import ProbeReport


def probe_run(
    run: Run,
    *,
    rules: Sequence[Rule] | None = None,
    most: int | None = None,
    progress: Callable[[str], None] | None = None,
    **options: Any,
) -> ProbeSeries:
    """Probes of a run's checkpoints, and the path angle from the first to the last.

    - `rules`: default: the run's own, each time at the state that it had there.
    - `most`: at most so many checkpoints, evenly spread, the first and the last among them; default: all.
    - `progress`: called with a sentence as each part begins. Options as for `Prober`.
    """
    prober, own = _prober(run, rules, progress, options)
    files = spread(run.checkpoints, most)
    points, reports = [], []
    for i, file in enumerate(files):
        prober.prefix = f"checkpoint {i + 1} of {len(files)}: "
        x, report = _probed(prober, run, file, own)
        points = [*points[:1], x]
        reports.append(report)
    if progress is not None:
        progress("following the path angle")
    return ProbeSeries(tuple(reports), path_between(prober.flow, points), run.remarks)


def probe_checkpoint(
    run: Run,
    file: CheckpointFile | None = None,
    *,
    rules: Sequence[Rule] | None = None,
    move: bool = False,
    progress: Callable[[str], None] | None = None,
    **options: Any,
) -> ProbeReport:
    """The probe of one checkpoint of a run, by default the last.

    Arguments as for `probe_run` and `Prober.at`.
    """
    prober, own = _prober(run, rules, progress, options)
    return _probed(prober, run, run.checkpoints[-1] if file is None else file, own, move)[1]


def advise_run(
    run: Run, *, rule: Rule | None = None, most: int | None = None, **options: Any
) -> AdviceSeries:
    """Advice at a run's checkpoints; arguments as for `probe_run` and `advise`."""
    adviser, own = _adviser(run, rule, options)
    files = spread(run.checkpoints, most)
    found = []
    for i, file in enumerate(files):
        adviser.prefix = f"checkpoint {i + 1} of {len(files)}: "
        found.append(_advised(adviser, run, file, own))
    return AdviceSeries(tuple(found), run.remarks)


def advise_checkpoint(
    run: Run, file: CheckpointFile | None = None, *, rule: Rule | None = None, **options: Any
) -> Advice:
    """Advice at one checkpoint of a run, by default the last; arguments as for `advise`."""
    adviser, own = _adviser(run, rule, options)
    return _advised(adviser, run, run.checkpoints[-1] if file is None else file, own)


def _adviser(run: Run, rule: Rule | None, options: Any) -> tuple[Adviser, bool]:
    """The adviser, and whether it is about the run's own rule, whose states are known."""
    own = rule is None
    rule = run.rule if own else rule
    if rule is None:
        raise InputError("the run records no rule of this library; name the algorithm with --rule")
    return Adviser(run.bare, rule=rule, penalties=run.penalties, **options), own


def _advised(adviser: Adviser, run: Run, file: CheckpointFile, own: bool) -> Advice:
    state = file.load(run.game)
    return adviser.at(state[0], state=state if own else None, source=file.path.name, step=file.step)


def spread(files: Sequence[CheckpointFile], most: int | None) -> list[CheckpointFile]:
    """At most so many of the files, evenly spread, the first and the last among them (the last, if one)."""
    if most is None or len(files) <= most:
        return list(files)
    if most == 1:
        return [files[-1]]
    return [files[i] for i in np.round(np.linspace(0, len(files) - 1, most)).astype(int)]


def _prober(run: Run, rules: Any, progress: Any, options: Any) -> tuple[Prober, bool]:
    """The prober, and whether it is of the run's own rule, whose states are known."""
    if rules is None and run.rule is not None:
        return Prober(run.game, rules=[run.rule], progress=progress, **options), True
    return Prober(run.game, rules=rules or (), progress=progress, **options), False


def _probed(
    prober: Prober, run: Run, file: CheckpointFile, own: bool, move: bool = False
) -> tuple[Any, ProbeReport]:
    state = file.load(run.game)
    report = prober.at(
        state[0],
        state=state if own and not move else None,
        move=move,
        source=file.path.name,
        step=file.step,
    )
    return state[0], report
