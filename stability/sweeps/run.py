"""`stability.sweep`: numbers of a report over a grid of parameters, step sizes or settings."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import numpy as np

from .._version import __version__
from ..analysis.study import Study, asked
from ..analysis.subject import plain
from ..branches.prepare import make_problem
from ..branches.problem import Problem
from ..dynamics.system import System
from ..errors import InputError, InputTypeError
from ..fields import Field
from ..rules import Rule
from ..spectra.exact import exact_text
from .chunks import LOST, Evaluator, Grid, chunk_size, labels
from .fingerprint import fingerprint
from .on_sets import CHUNK, EvaluatorOnSets
from .quantities import check_quantities, needs_step
from .store import Store
from .value import Sweep

MOST_POINTS = 10_000_000
_MOST_NUMBERS = 2**27  # in all results together


def sweep(
    system: System | Study,
    over: Mapping[str, Any],
    quantities: str | Sequence[str],
    *,
    fields: Sequence[Field] = (),
    rules: Sequence[Rule] | None = None,
    field: Field | None = None,
    rule: Rule | None = None,
    penalties: Sequence[Any] = (),
    parameters: Mapping[Any, Any] | None = None,
    at: Mapping[str, Any] | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    everywhere: bool = False,
    chunk: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    store: str | os.PathLike[str] | None = None,
    scheduler: str | None = None,
) -> Sweep:
    """Numbers that a report has for one equilibrium, over a grid of one or two axes.

    **Arguments:**

    - `system`: a `Game`, `SymbolicGame`, `Flow`, `SymbolicFlow`, `Map` or `SymbolicMap`, or a `study` of one.
    - `over`: axis ↦ values, one or two. An axis is a game's parameter (`gamma`), the rule's step
      size (`lr`, or `lr.PLAYER`), or a setting of the field, the rule or a penalty (`consensus.gamma`).
    - `quantities`: names in `stability.sweeps.QUANTITIES`.
    - `fields`, `rules`, `penalties`: the one field that the players follow, the one way they step (default:
      simultaneous, lr = 0.1), and what is added to their losses; `field` and `rule` are other spellings.
    - `parameters`: values for a symbolic system's parameters, over its own; these are the base values.
    - `at`: which equilibrium to follow, variable ↦ number; needed if there are several in the box.
    - `box`: where the equilibrium is looked for, variable ↦ (low, high); default: the system's own. With
      `everywhere` one outside what is given is another choice; `at` may be outside anyhow.
    - `chunk`: how many points are computed at once; default: by size.
    - `progress`: called with (finished chunks, all chunks), first before any work is done.
    - `store`: a folder in which finished chunks are kept. A sweep with the same request takes them up.
    - `scheduler`: the address of a Dask cluster that computes the chunks.

    The equilibrium is found once, at the base values, and followed over the grid: by its closed form where
    there is one, else by Newton's method. Everything is compiled once, in float64. Where players live in
    sets, all rest points are searched for at every value, and the one is taken that continues the point
    before, from face to face; that takes some tenths of a second a point.

    At values that a setting does not take there are no numbers, and a warning.

    Raises InputError for what does not fit together, too large a grid, several equilibria without `at`, and
    a store that holds another request's chunks.
    """
    one, given = asked(
        system,
        fields=fields,
        rules=rules,
        field=field,
        rule=rule,
        penalties=penalties,
        parameters=parameters,
        box=box,
    )
    names = [quantities] if isinstance(quantities, str) else list(quantities)
    axes = _axes(over)
    check_quantities(names, getattr(one, "kind", "game"))
    problem = make_problem(
        one,
        axes,
        field=given["field"],
        rule=given["rule"],
        penalties=given.get("penalties", ()),
        parameters=given.get("parameters"),
        at=at,
        box=given.get("box"),
        everywhere=everywhere,
        of_step=needs_step(names),
    )
    points = math.prod(len(values) for values in axes.values())
    evaluator: Evaluator | EvaluatorOnSets
    if problem.system.kind == "game" and problem.system.sets:
        size = min(CHUNK, points) if chunk is None else _size(chunk, problem, names, points)
        spans = np.array([np.ptp(values) for values in axes.values()])
        evaluator = EvaluatorOnSets(
            one, problem, tuple(names), size, spans, given.get("box"), everywhere or at is not None
        )
    else:
        evaluator = Evaluator(problem, tuple(names), _size(chunk, problem, names, points))
    grid = Grid(tuple(axes.values()), evaluator.chunk)
    collected = _collect(evaluator, grid, progress, store, scheduler)
    refused = _without_refused(problem, axes, grid, collected)
    return _value(evaluator, axes, grid, collected, refused)


def _size(chunk: int | None, problem: Problem, names: Sequence[str], points: int) -> int:
    """How many points of the grid are worked off together."""
    if chunk is None:
        return chunk_size(problem, names, points)
    if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1:
        raise InputError(f"a chunk is a positive whole number of points, not {chunk!r}")
    return min(chunk, points)


def _axes(over: Mapping[str, Any]) -> dict[str, np.ndarray]:
    if not isinstance(over, Mapping) or not 1 <= len(over) <= 2:
        raise InputTypeError(
            "a sweep is over one or two axes, a mapping from their names to values"
        )
    axes = {}
    for name, values in over.items():
        if not isinstance(name, str):
            raise InputTypeError(f"the name of an axis is a string, not {name!r}")
        try:
            array = np.array(values, dtype=float)
        except (TypeError, ValueError):
            raise InputTypeError(f"the values of {name} are real numbers, not {values!r}") from None
        if array.ndim != 1 or not len(array):
            raise InputError(f"the values of {name} are a sequence of numbers, at least one")
        if not np.isfinite(array).all():
            raise InputError(f"the values of {name} are finite numbers")
        axes[name] = array
    points = math.prod(len(values) for values in axes.values())
    if points > MOST_POINTS:
        raise InputError(f"the grid has {points:,} points; a sweep takes at most {MOST_POINTS:,}")
    return axes


def _collect(
    evaluator: Evaluator | EvaluatorOnSets,
    grid: Grid,
    progress: Callable[[int, int], None] | None,
    folder: str | os.PathLike[str] | None,
    scheduler: str | None,
) -> dict[str, np.ndarray]:
    """All chunks' quantities, from the store, this machine or a cluster, as arrays over all points."""
    store, names = None, [*evaluator.quantities, LOST]
    if folder is not None:
        own = evaluator.problem, evaluator.quantities, grid
        searched = evaluator.searched if isinstance(evaluator, EvaluatorOnSets) else None
        store = Store.open(folder, fingerprint(*own, searched), request(*own))
    collected: dict[str, np.ndarray] = {}

    def put(index: int, found: Mapping[str, np.ndarray]) -> None:
        for name in names:
            if name not in collected:
                shape = (grid.points, *found[name].shape[1:])
                if math.prod(shape) > _MOST_NUMBERS:
                    raise InputError(
                        f"{name} at {grid.points:,} points are {math.prod(shape):,} numbers, "
                        "which is too many; take a coarser grid"
                    )
                collected[name] = np.empty(shape, found[name].dtype)
            collected[name][grid.span(index)] = found[name]

    missing = []
    for index in range(grid.chunks):
        found = None if store is None else store.load(index)
        if found is None or set(found) != set(names):
            missing.append(index)
        else:
            put(index, found)
    done = grid.chunks - len(missing)
    if progress is not None:
        progress(done, grid.chunks)
    with contextlib.closing(_evaluated(evaluator, grid, missing, scheduler)) as results:
        for index, found in results:
            if store is not None:
                store.save(index, found)
            put(index, found)
            done += 1
            if progress is not None:
                progress(done, grid.chunks)
    return collected


def _evaluated(
    evaluator: Evaluator | EvaluatorOnSets,
    grid: Grid,
    indices: Sequence[int],
    scheduler: str | None,
) -> Generator[tuple[int, dict[str, np.ndarray]]]:
    if scheduler is not None:
        from .cluster import evaluate_on_cluster

        yield from evaluate_on_cluster(evaluator, grid, indices, scheduler)
        return
    for index in indices:
        yield index, evaluator(grid.rows(index))


def _without_refused(
    problem: Problem,
    axes: Mapping[str, np.ndarray],
    grid: Grid,
    collected: dict[str, np.ndarray],
) -> list[str]:
    """Takes the numbers away where an axis has values that its setting does not take, and says so."""
    notes = []
    for k, (axis, values) in enumerate(zip(problem.axes, axes.values(), strict=True)):
        taken, because = problem.setup.takes(axis, values)
        if because is None:
            continue
        shape = [1] * len(axes)
        shape[k] = -1
        refused = np.broadcast_to(~taken.reshape(shape), grid.shape).ravel()
        for name, numbers in collected.items():
            if name == LOST:
                collected[name] = numbers & ~refused
            else:
                numbers[refused] = complex(np.nan, np.nan) if np.iscomplexobj(numbers) else np.nan
        count = int(np.logical_not(taken).sum())
        notes.append(
            f"there are no numbers at {count} of {len(values)} values of {axis.name}: {because}"
        )
    return notes


def request(problem: Problem, quantities: Sequence[str], grid: Grid) -> dict[str, Any]:
    """What is asked, for people who look into a store."""
    return {
        "system": problem.system.name,
        "over": [
            {"name": a.name, "from": float(v[0]), "to": float(v[-1]), "count": len(v)}
            for a, v in zip(problem.axes, grid.axes, strict=True)
        ],
        "quantities": list(quantities),
        "chunk": grid.chunk,
        "version": __version__,
    }


def _value(
    evaluator: Evaluator | EvaluatorOnSets,
    axes: Mapping[str, np.ndarray],
    grid: Grid,
    collected: Mapping[str, np.ndarray],
    warnings: list[str],
) -> Sweep:
    problem = evaluator.problem
    quantities, named = {}, {}
    for name in evaluator.quantities:
        values = collected[name]
        named[name] = tuple(labels(problem, name, values))
        own = () if named[name] == ("",) else values.shape[1:]
        quantities[name] = values.reshape(*grid.shape, *own)
    lost = int(collected[LOST].sum())
    if lost:
        warnings.append(
            f"the equilibrium was lost at {lost} of {grid.points} points: it ends on the way there, "
            "or could not be followed"
        )
    setup, base = problem.setup, problem.base
    exact = {
        v: exact_text(c) for v, c in zip(problem.variables, problem.coordinates or (), strict=False)
    }
    how = "closed form" if problem.coordinates is not None else "Newton"
    if isinstance(evaluator, EvaluatorOnSets):
        how = "searched at every value"
    return Sweep(
        version=__version__,
        system={
            "kind": problem.kind,
            "name": problem.system.name,
            "players": list(setup.players) if problem.kind == "game" else [],
            "variables": list(problem.variables),
            "dimension": len(problem.variables),
            "parameters": {s.name: float(v) for s, v in problem.fixed.items()},
        },
        axes=axes,
        field=_described(setup.field),
        rule=_described(setup.rule),
        penalties=tuple(_described(penalty) or {} for penalty in setup.penalties),
        equilibrium={
            "point": dict(zip(problem.variables, base.point.tolist(), strict=True)),
            "exact": exact or None,
            "origin": dict(zip(axes, problem.origin.tolist(), strict=True)),
            "followed": how if problem.moving else "fixed",
        },
        quantities=quantities,
        labels=named,
        lost=lost,
        warnings=tuple(warnings),
    )


def _described(part: Any) -> dict[str, Any] | None:
    """A field, rule or penalty as data, at its base settings."""
    return None if part is None else {"name": part.name, "settings": plain(part.settings)}
