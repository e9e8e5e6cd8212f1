"""`stability.compare`: every algorithm on one game, side by side."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._version import __version__
from ..analysis.at_point import Place
from ..analysis.here import Here, here
from ..analysis.study import Study, as_study
from ..analysis.subject import plain, without_others
from ..analysis.value import FlowAnalysis, RuleAnalysis
from ..branches.axes import Setup, has
from ..criteria.exact_steps import unit
from ..documents.numbers import SPACE, point
from ..dynamics.system import System
from ..errors import InputError, InputTypeError
from ..fields import Field, Gradient, every_field
from ..penalties import Penalty
from ..rules import Alternating, Rule, Simultaneous, every_rule
from ..rules.cost import step_cost
from ..rules.rule import each
from .algorithms import Inapplicable, applicable_fields, applicable_rules
from .all_equilibria import at_all_equilibria
from .tuning import Algorithm, Tuned, tune_each
from .value import Comparison, FlowRow, Row

WORST = ("unstable", "undecided", "neutral", "asymptotically stable", "exponentially stable")
# A radius below the root of rounding is that of a double multiplier zero, which rounding splits: the
# linearised error vanishes in finitely many steps.
NILPOTENT = 1e-7
Progress = Callable[[str], None]


def compare(
    system: System | Study,
    *,
    fields: Sequence[Field] | None = None,
    rules: Sequence[Rule] | None = None,
    penalties: Sequence[Penalty] = (),
    parameters: Mapping[Any, Any] | None = None,
    at: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    starts: int | None = None,
    seed: int = 0,
    everywhere: bool = False,
    exact: bool = False,
    tune: Mapping[str, tuple[float, float]] | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Every algorithm on a game side by side: stability, critical and best step, rate and cost.

    **Arguments:**

    - `system`: a game or a flow, as for `stability.report`; `penalties`, `parameters`, `at`, `box`, `starts`,
      `seed` and `everywhere` as there.
    - `fields`, `rules`: what to compare. With `rules` alone: they along the gradient field; with `fields`
      alone: simultaneous and alternating steps along them; with both: every pair. With neither: every rule
      along the gradient field, and simultaneous and alternating steps along every other field.
    - `exact`: the conditions for stability in closed form too, in all parameters and the step size
      (symbolic games of at most eight variables; SymPy may take seconds for each algorithm).
    - `tune`: name ↦ (low, high): for which values of a parameter or a setting each algorithm is stable,
      and which is best; see `stability.tune`.
    - `progress`: called with a sentence before each algorithm.

    With several equilibria an algorithm is judged by the worst of them. Sorted by the spectral radius at the
    best step, then by work.

    Raises InputError for a map, as `stability.report` does, and if nothing that was asked for applies to the
    game. Algorithms that do not are listed with the reason, and so is what cannot be told of one of them.
    """
    say = progress or (lambda _: None)
    if isinstance(system, Study):
        fields = fields or system.options["fields"]
        rules = system.options["rules"] if rules is None else rules
    if isinstance(rules, Rule):
        raise InputTypeError(f"rules are given together, as in rules=[{rules!r}]")
    given = as_study(system, penalties=penalties, parameters=parameters, box=box, rules=[])
    penalties = given.options["penalties"]
    pairs, flows, bad = _algorithms(given, fields, rules)
    study = as_study(given, fields=[f for f in flows if f is not None], rules=[])
    say("looking for equilibria")
    found = study.rest_points(at, starts, seed, elsewhere=False, everywhere=everywhere)
    places, left_out = _usable(study, found.places)
    warnings = [*found.warnings, *left_out]
    if not places:
        warnings.append("there is no equilibrium at which algorithms could be compared")
    known = _Known(study, tuple(places))
    rows = []
    for (i, rule), name in zip(pairs, _names(pairs, flows), strict=True):
        say(f"{rule.name} on {study.flows[i].name}")
        rows.append(_row(known, i, flows[i], rule, name, exact))
    algorithms = [(flow, None) for flow in flows] + [(flows[i], rule) for i, rule in pairs]
    tuned: list[Tuned] = []
    for name, (low, high) in (tune or {}).items():
        own = _that_have(name, algorithms, study, penalties) or algorithms
        found_each = tune_each(
            given.system, name, low, high, own, at=_one(at), seed=seed, everywhere=everywhere,
            penalties=penalties, parameters=given.options["parameters"], box=given.options["box"],
        )  # fmt: skip
        for algorithm in own:
            say(f"tuning {name} of {_name(algorithm[1], algorithm[0])}")
            tuned.append(next(found_each))
    return Comparison(
        __version__,
        study.info,
        found.search,
        tuple(_named(study, place) for place in places),
        tuple(_flow_row(known, i, field) for i, field in enumerate(flows)),
        tuple(sorted(rows, key=_order)),
        tuple(bad),
        tuple(tuned),
        tuple(dict.fromkeys(warnings)),
    )


def _algorithms(
    study: Study, fields: Sequence[Field] | None, rules: Sequence[Rule] | None
) -> tuple[list[tuple[int, Rule]], list[Any], list[Inapplicable]]:
    """Pairs (position of the field, rule), the fields, and what does not apply."""
    if not study.flows:
        raise InputError("a map is already discrete; algorithms are compared on games and flows")
    if study.kind != "game":
        if fields:
            raise InputError(f"fields are made from games; a {study.kind} is its own field")
        own = every_rule() if rules is None else rules
        good, bad = applicable_rules(study.flows[0].numeric, own)
        if not good and bad:
            raise InputError(f"{bad[0].name}: {bad[0].because}")
        return [(0, rule) for rule in good], [None], bad
    everything = not fields and rules is None
    asked = (
        [Gradient(), *every_field(study.numeric.players)]
        if everything
        else list(fields or [Gradient()])
    )
    game = study.numeric if study.symbolic is None else study.symbolic
    found, bad = applicable_fields(game, study.numeric, asked)
    pairs = []
    for i, field in enumerate(found):
        if rules is not None:
            own = rules
        else:
            own = every_rule() if everything and i == 0 else (Simultaneous(), Alternating())
        good, not_good = applicable_rules(field.flow(study.numeric), own)
        pairs += [(i, without_others(rule, study.numeric.players)) for rule in good]
        bad += not_good
    if not pairs and bad:
        raise InputError(f"{bad[0].name}: {bad[0].because}")
    return pairs, found, list(dict.fromkeys(bad))


def _usable(study: Study, places: Sequence[Place]) -> tuple[list[Place], list[str]]:
    """The places that are equilibria with a derivative, and what is said of the others."""
    usable, left_out = [], []
    for place in places:
        singular = place.main.singular
        if singular is not None and len(places) > 1:
            where = point(_named(study, place)).replace(SPACE, " ")
            left_out.append(f"{where} is left out: {singular}, and nothing is judged across it")
        elif place.main.stationary and place.main.differentiable:
            usable.append(place)
        else:
            where = point(_named(study, place)).replace(SPACE, " ")
            because = "the field is not differentiable there"
            if place.main.differentiable:
                because = (
                    f"it is no equilibrium, the field has size {place.main.residual:.6g} there"
                )
            left_out.append(f"{where} is left out: {because}")
    return usable, left_out


@dataclass(frozen=True)
class _Known:
    """The fields' flows and Jacobians at the places, worked out once."""

    study: Study
    places: tuple[Place, ...]

    def __post_init__(self):
        table = [
            [here(self.study, place, i) for place in self.places]
            for i in range(len(self.study.flows))
        ]
        object.__setattr__(self, "table", table)

    def flows(self, i: int) -> list[FlowAnalysis]:
        return [own.flow for own in self.at(i)]

    def at(self, i: int) -> list[Here]:
        return self.table[i]  # pyright: ignore[reportAttributeAccessIssue]


def _row(known: _Known, i: int, field: Field | None, rule: Rule, name: str, exact: bool) -> Row:
    study = known.study
    one = len(known.places) == 1  # of several, step sizes are those of all together
    found = [own.rule(rule, closed_forms=exact, step_sizes=one) for own in known.at(i)]
    partition = study.flows[i].numeric.partition
    game = study.numeric if study.kind == "game" else None
    cost = step_cost(rule, field, game, partition)
    verdicts = tuple(a.stability.verdict for a in found)
    sizes = found[0] if len(found) == 1 else _worst(known, i, rule, found)
    radii = [a.spectral_radius for a in found]
    best = sizes.best_spectral_radius if sizes is not None else None
    if rule.lr is None and found and all(v == WORST[-1] for v in verdicts):
        best = max(a.stability.value or 0.0 for a in found)  # across a manifold, if there is one
    if all(own.is_corner for own in known.at(i)) and found:
        best = 0.0  # which steps of any size reach
    best = 0.0 if best is not None and best < NILPOTENT else best
    digits = None if best is None else _steps_per_digit(best)
    told = [a.stability.because for a in found if a.multipliers is None]
    told += [a.stability.because for a in found if a.normal_form]
    told += [a.born.text() for a in found if a.born]
    because = next(iter(told), rule.remark)
    conditions = None
    if exact and len(found) == 1 and found[0].multipliers is not None:
        from .exactly import conditions_text

        conditions = conditions_text(study, field, known.at(i)[0], rule)
    return Row(
        name,
        rule.name,
        plain(rule.settings),
        study.flows[i].name,
        study.flows[i].settings,
        cost,
        min(verdicts, key=WORST.index) if verdicts else "undecided",
        verdicts,
        None if not radii or None in radii else max(r for r in radii if r is not None),
        None if sizes is None else sizes.critical_lr,
        None if sizes is None else sizes.stable_lr,
        None if sizes is None else sizes.best_lr,
        best,
        digits,
        None if digits is None else digits * cost.work,
        found[0].critical_lr_exact if len(found) == 1 else None,
        conditions,
        because,
    )


@dataclass(frozen=True)
class _Sizes:
    """Step sizes that hold at all places, shaped like those of a RuleAnalysis."""

    critical_lr: Any
    stable_lr: Any
    best_lr: Any
    best_spectral_radius: float | None


def _worst(known: _Known, i: int, rule: Rule, found: Sequence[RuleAnalysis]) -> _Sizes | None:
    """Step sizes for all equilibria at once: those of all their multipliers together."""
    if rule.lr is None or not found or any(a.multipliers is None for a in found):
        return None
    points = [own for own in known.at(i) if not own.is_corner]
    if not points:  # all are corners, which steps of any size reach
        return _Sizes(None, ((0.0, None),), None, 0.0)
    if any(own.known is None for own in points):
        return None
    judged = at_all_equilibria(rule, points)
    if isinstance(judged, str):
        return None
    base, (_, sizes) = unit(rule).with_each_lr(float), judged

    def times(factor: float | None) -> Any:
        return None if factor is None else each(base.lr, lambda lr: lr * factor)

    return _Sizes(times(sizes.critical), sizes.stable, times(sizes.best), sizes.best_radius)


def _that_have(
    name: str, algorithms: Sequence[Algorithm], study: Study, penalties: Sequence[Penalty]
) -> list[Algorithm]:
    """The algorithms that have a number of this name to vary; a parameter of the game belongs to all."""
    players = study.numeric.players
    values = {p.name: float(v) for p, v in study.values.items()}
    return [
        (field, rule)
        for field, rule in algorithms
        if has(name, Setup(values, field, rule, tuple(penalties), players))
    ]


def _one(at: Any) -> Mapping[str, Any] | None:
    """The one equilibrium to tune at."""
    if at is None or isinstance(at, Mapping):
        return at
    if len(at) > 1:
        raise InputError("tuning follows one equilibrium or all of them; give one point, or none")
    return at[0]


def _names(pairs: Sequence[tuple[int, Rule]], flows: Sequence[Field | None]) -> list[str]:
    """The algorithms' names, with step sizes where they are told apart by nothing else."""
    names = [_name(rule, flows[i]) for i, rule in pairs]
    often = Counter(names)
    return [
        name if often[name] == 1 else _name(rule, flows[i], with_lr=True)
        for name, (i, rule) in zip(names, pairs, strict=True)
    ]


def _name(rule: Rule | None, field: Field | None, with_lr: bool = False) -> str:
    if rule is None:
        return f"the {field} flow"
    text = str(rule)
    if with_lr and rule.lr is not None:
        sizes = rule.lr if isinstance(rule.lr, Mapping) else {"": rule.lr}
        own = ",".join(f"{f'lr.{p}' if p else 'lr'}={float(h):g}" for p, h in sizes.items())
        text += f"{',' if ':' in text else ':'}{own}"
    return text if field is None or isinstance(field, Gradient) else f"{text} on {field}"


def _steps_per_digit(radius: float) -> float | None:
    if not 0 <= radius < 1:
        return None
    return 0.0 if radius == 0 else math.log(10) / -math.log(radius)


def _flow_row(known: _Known, i: int, field: Field | None) -> FlowRow:
    flows = known.flows(i)
    verdicts = tuple(f.stability.verdict for f in flows)
    abscissas = [f.spectral_abscissa for f in flows if f.stationary]
    return FlowRow(
        "given" if field is None else str(field),
        known.study.flows[i].name,
        known.study.flows[i].settings,
        min(verdicts, key=WORST.index) if verdicts else "undecided",
        verdicts,
        max((a for a in abscissas if a is not None), default=None),
    )


def _order(row: Row) -> tuple[float, int, int, float, str]:
    """Convergent ones first, by rate and then by work; then by how stable they are at their own step."""
    best = 2.0 if row.best_spectral_radius is None else row.best_spectral_radius
    stable = sum(v in WORST[-2:] for v in row.verdicts)
    return (round(best, 10), -WORST.index(row.verdict), -stable, row.cost.work, row.rule)


def _named(study: Study, place: Place) -> dict[str, float]:
    return study.named(place.main.point)
