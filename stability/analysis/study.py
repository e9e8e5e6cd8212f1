"""`stability.study`: one system with everything that is asked about it, made ready once, for every view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, TypedDict

from ..dynamics.system import System
from ..errors import InputError, InputTypeError, check_kind
from ..fields import Field
from ..penalties import Penalty
from ..rules import Rule
from ..verdicts.named_conditions import Condition
from .at_point import Place, analyse
from .names import condition as named_condition
from .on_sets import analyse_on_sets
from .search import RestPoints, find_rest_points
from .search_on_sets import find_on_sets
from .structure import common, structure, sum_of_losses
from .subject import Subject, checked_rules, penalised, prepare
from .value import EquilibriumAnalysis, SystemInfo

_KEPT = 8  # searches that a study remembers


class StudyOptions(TypedDict):
    """What is asked about a system; see `stability.study`."""

    fields: Sequence[Field]
    rules: Sequence[Rule] | None
    penalties: Sequence[Penalty]
    parameters: Mapping[Any, Any] | None
    box: Mapping[str, tuple[float, float]] | None
    conditions: Sequence[str | Condition]


class Study(Subject):
    """A system in both engines, its fields and rules, and what has been found out about it so far.

    Made by `stability.study`. `system` and `options` are what it was made of, `subject` the system made
    ready: what that has, a study has too.
    """

    def __init__(self, subject: Subject, system: System, options: StudyOptions):
        vars(self).update(vars(subject), subject=subject, system=system, options=options)

    subject: Subject
    system: System
    options: StudyOptions

    def rest_points(
        self,
        at: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        starts: int | None = None,
        seed: int = 0,
        *,
        elsewhere: bool = True,
        everywhere: bool = False,
    ) -> RestPoints:
        """The points at which the system rests, searched for once for the same arguments.

        **Arguments:**

        - `at`: a point (variable ↦ number), or several, to look at instead of searching. One that agrees with
          an equilibrium to the six digits that are printed stands for it.
        - `starts`, `seed`: size and seed of the multi-start search.
        - `elsewhere`: also the points where only a field that looks beyond the gradient, or a rule, rests.
        - `everywhere`: also the points that were found outside the box that was given, which are hidden
          otherwise. A point of `at` is never hidden.

        Raises InputError for points that do not name every variable once, no starts and a negative seed.
        """
        key = repr((at, starts, seed, elsewhere, everywhere))
        known = self._known
        if key not in known:
            while len(known) >= _KEPT:
                del known[next(iter(known))]
            find = find_on_sets if self.sets else find_rest_points
            known[key] = find(self, at, starts, seed, elsewhere, everywhere)
        return known[key]

    @cached_property
    def _known(self) -> dict[str, RestPoints]:
        return {}

    def of_one_field(self) -> Study:
        """The study itself, for what shows one field. Raises InputError where several were asked for."""
        if len(self.flows) > 1:
            raise InputError(
                f"this takes one field, not {len(self.flows)}; give fields=[one of them]"
            )
        return self

    @cached_property
    def sum_of_losses(self) -> str | None:
        """What a game's losses add up to, "constant", "own terms" or "general"; None if it is no game."""
        return sum_of_losses(self)

    @property
    def zero_sum(self) -> bool | None:
        """Whether the game is zero-sum, perhaps up to own terms; None if it is no game."""
        return None if self.sum_of_losses is None else self.sum_of_losses != "general"

    @cached_property
    def structure(self) -> str | None:
        """Potential (J = Jᵀ), Hamiltonian (J = −Jᵀ) or general; None for a map."""
        return structure(self)

    @cached_property
    def info(self) -> SystemInfo:
        """What is analysed, for the head of a page."""
        kind = self.sum_of_losses
        return SystemInfo(
            kind=self.kind,
            name=self.name,
            players=self.numeric.players,
            variables=self.all_variables,
            parameters={p.name: float(v) for p, v in self.values.items()},
            zero_sum=self.zero_sum,
            zero_sum_up_to_own_terms=None if kind is None else kind == "own terms",
            common=common(self) if kind == "own terms" else None,
            structure=self.structure,
            angles={v: float(period) for v, period in self.numeric.angles.items()},
            conserved={} if self.level is None else self.level.described(),
        )

    def analysis(self, place: Place) -> EquilibriumAnalysis:
        """What is true at `place`, a rest point of `rest_points`, or a given point that is none."""
        if self.sets:
            return analyse_on_sets(self, place, self.zero_sum)
        return analyse(self, place, self.zero_sum)


def study(
    system: System | Study,
    *,
    fields: Sequence[Field] = (),
    rules: Sequence[Rule] | None = None,
    penalties: Sequence[Penalty] = (),
    parameters: Mapping[Any, Any] | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    conditions: Sequence[str | Condition] = (),
) -> Study:
    """A system and what is asked about it, checked and compiled once, for `report`, `compare` and the others.

    A verb takes a study in place of a system, and finds there what another one has already searched for and
    compiled. An argument that a verb is given besides replaces the study's (but nothing empty does, except no
    `rules`); parameters and boxes go over the study's.

    **Arguments:**

    - `system`: a `Game`, `SymbolicGame`, `Flow`, `SymbolicFlow`, `Map` or `SymbolicMap`, or a study of
      one, from which another one is made.
    - `fields`: of a game; default: the gradient field.
    - `rules`: applied to every field; default: each verb's own.
    - `penalties`: put on the game first, in order.
    - `parameters`: values for a symbolic system's parameters, over its own.
    - `box`: variable ↦ (low, high), where to search, over the system's own box.
    - `conditions`: further conditions to check at every equilibrium of a game, by name; see `report`.

    Raises InputError for fields, rules, penalties or conditions that do not apply, unknown names, and more
    than 500 variables.
    """
    if isinstance(system, Study):
        return as_study(
            system,
            fields=fields,
            rules=rules,
            penalties=penalties,
            parameters=parameters,
            box=box,
            conditions=conditions,
        )
    if isinstance(conditions, str):
        conditions = [conditions]
    asked = [named_condition(c) if isinstance(c, str) else c for c in conditions]
    options = StudyOptions(
        fields=fields,
        rules=rules,
        penalties=penalties,
        parameters=parameters,
        box=box,
        conditions=asked,
    )
    subject = prepare(penalised(system, penalties), fields, rules, parameters, box, asked)
    return Study(subject, system, options)


def as_study(system: Any, **options: Any) -> Study:
    """The study of a system, or a given study, with what the options replace in it; see `asked`.

    Raises InputError as `study` does, and for one thing in both spellings.
    """
    given = _given(options)
    if not isinstance(system, Study):
        return study(system, **given)
    given = _over(system.options, given)
    changed = {k: v for k, v in given.items() if not _same(v, system.options.get(k))}
    merged: Any = {**system.options, **changed}
    if not changed.keys() <= {"rules"}:
        return study(system.system, **merged)
    if not changed:
        return system
    subject = replace(system.subject, rules=checked_rules(system, changed["rules"]))
    return Study(subject, system.system, merged)


def asked(system: Any, **options: Any) -> tuple[Any, dict[str, Any]]:
    """A system, and the options that are given or that a study has; for verbs that follow one rest point.

    `field` and `rule` spell one of `fields` and `rules`, and are what comes back, None if there is
    none. Options that are None or empty are not given, but an empty `rules` means none.

    Raises InputError for one thing in both spellings, and for several fields or rules.
    """
    given = _given(options)
    if isinstance(system, Study):
        given = {**system.options, **_over(system.options, given)}
        system = system.system
    for one, several in (("field", "fields"), ("rule", "rules")):
        own = list(given.pop(several, None) or [])
        if len(own) > 1:
            raise InputError(f"this takes one {one}, not {len(own)}; give {several}=[one of them]")
        given[one] = own[0] if own else None
    if given["field"] is not None:
        check_kind(given["field"], Field, "TwoTimescale(tau=2)")
    return system, given


def one_algorithm(
    system: Any,
    fields: Sequence[Field],
    field: Field | None,
    rule: Rule | None,
    penalties: Sequence[Penalty] = (),
    parameters: Mapping[Any, Any] | None = None,
) -> tuple[Any, Field | None, Rule | None]:
    """A system, the one field and the one rule asked for, or those of a study, whose system is then in JAX.

    Raises InputError as `asked` does.
    """
    if penalties or parameters:
        system = as_study(
            system,
            fields=fields,
            field=field,
            rule=rule,
            penalties=penalties,
            parameters=parameters,
        )
        fields, field, rule = (), None, None
    own, given = asked(system, fields=fields, field=field, rule=rule)
    if isinstance(system, Study):
        own = system.numeric
    return own, given["field"], given["rule"]


def _given(options: dict[str, Any]) -> dict[str, Any]:
    for one, several in (("field", "fields"), ("rule", "rules")):
        own = options.pop(one, None)
        if own is not None:
            if options.get(several):
                raise InputError(f"give {one} or {several}, not both")
            options[several] = [own]
    for name, value in options.items():
        if value is not None and not hasattr(value, "__len__"):
            raise InputTypeError(f"{name} are given together, as in {name}=[{value!r}]")
    return {k: v for k, v in options.items() if v is not None and (len(v) or k == "rules")}


def _over(options: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What is given, its parameters and box over those that there are: each names only some."""
    both = {
        k: {**options[k], **given[k]} for k in ("parameters", "box") if k in given and options[k]
    }
    return {**given, **both}


def _same(one: Any, other: Any) -> bool:
    """Whether two options are the same objects in the same order."""
    if isinstance(one, Mapping) or isinstance(other, Mapping) or other is None:
        return one is other
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))
