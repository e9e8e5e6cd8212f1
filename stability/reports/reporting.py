"""`stability.report`: from a game, a flow or a map to its Report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._version import __version__
from ..analysis.remarks import approximations
from ..analysis.study import Study, as_study
from ..analysis.subject import default_fields
from ..dynamics.system import System
from ..fields import Field
from ..penalties import Penalty
from ..rules import Rule
from ..verdicts.named_conditions import Condition
from .value import Report


def report(
    system: System | Study,
    *,
    fields: Sequence[Field] = (),
    rules: Sequence[Rule] | None = None,
    penalties: Sequence[Penalty] = (),
    parameters: Mapping[Any, Any] | None = None,
    at: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    starts: int | None = None,
    seed: int = 0,
    everywhere: bool = False,
    batch: int | None = None,
    conditions: Sequence[str | Condition] = (),
) -> Report:
    """The stability analysis of a game, a flow or a map.

    **Arguments:**

    - `system`: a `Game`, `SymbolicGame`, `Flow`, `SymbolicFlow`, `Map` or `SymbolicMap`, or a `study` of
      one. Symbolic systems are analysed by both engines: SymPy for closed forms and exact signs, JAX for the
      search.
    - `fields`: fields to analyse (games only); default `[Gradient()]`, of a game in strategic form the
      replicator too.
    - `rules`: rules to apply to every field that they fit; default for a game: simultaneous and alternating,
      lr = 0.1, and in strategic form multiplicative weights, plain and optimistic.
    - `penalties`: penalties to put on the game first, in order.
    - `parameters`: values for a symbolic system's parameters, over its own.
    - `at`: a point (variable ↦ number), or several, to analyse instead of searching. One that agrees with an
      equilibrium to the six digits that reports print stands for it.
    - `box`: variable ↦ (low, high), where to search, over the system's own box. Rest points outside what the
      system and this give are hidden, and counted (`search.hidden`); those of variables without a box never.
    - `starts`, `seed`: size and seed of the multi-start search.
    - `everywhere`: list the rest points outside the box that was given too, which are hidden otherwise.
    - `batch`: for a game with data, also what its noise does to every rule that sees a fresh minibatch of so
      many samples, drawn with replacement, at every evaluation of the field; see `noise`.
    - `conditions`: further conditions to check at every equilibrium of a game, by name: "nagarajan-kolter"
      (see `stability.nagarajan_kolter`), "proximal:lam=0.5" (see `stability.proximal_equilibrium`).

    Everything is computed in float64 whatever the game's dtype; no global JAX setting is changed.

    Raises InputError for fields, rules or conditions that do not apply, unknown names, and more than 500
    variables.
    """
    study = as_study(
        system,
        fields=fields or _fields(system),
        rules=rules,
        penalties=penalties,
        parameters=parameters,
        box=box,
        conditions=conditions,
    )
    if batch is not None:
        from .minibatch_noise import check_minibatches

        check_minibatches(study, batch)
    found = study.rest_points(at, starts, seed, everywhere=everywhere)
    equilibria = tuple(study.analysis(place) for place in found.places)
    if batch is not None:
        from .minibatch_noise import with_noise

        each = zip(found.places, equilibria, strict=True)
        equilibria = tuple(with_noise(study, place, own, batch) for place, own in each)
    return Report(
        version=__version__,
        system=study.info,
        search=found.search,
        equilibria=equilibria,
        warnings=tuple(dict.fromkeys([*approximations(study.symbolic), *found.warnings])),
    )


def _fields(system: Any) -> tuple[Field, ...]:
    """The fields that are analysed where none are asked for."""
    if not isinstance(system, Study):
        return default_fields(system)
    return () if system.options["fields"] else default_fields(system.system)
