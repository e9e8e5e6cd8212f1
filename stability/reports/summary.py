"""The report in one or two sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..analysis.value import (
    GIVEN_POINT,
    EquilibriumAnalysis,
    FlowAnalysis,
    MapAnalysis,
    NoNumbers,
    RuleAnalysis,
)
from ..documents.formulas import readable
from ..documents.intervals import spoken
from ..documents.numbers import SPACE, listed, named, number, per_player, point, values_of
from ..documents.settings import settings
from .sets import briefly, count, in_parts, name_of, named_sets, ranges, singular_points
from .value import Report

FEW = 3  # up to here things are named one by one
LONGEST = 60  # characters of a formula in the headline
CONVERGENT = ("exponentially stable", "asymptotically stable")

Analysis = FlowAnalysis | RuleAnalysis | MapAnalysis


@dataclass(frozen=True)
class Mover:
    """A flow, a rule or a map: its name in a sentence, and what was found at each equilibrium."""

    name: str
    plural: bool
    found: tuple[Analysis, ...]

    def verb(self, plural: str) -> str:
        return plural if self.plural else plural + ("es" if plural.endswith("ch") else "s")


def headline(report: Report) -> str:
    """What the report says, for someone who reads nothing else."""
    return sentences(report).replace(SPACE, " ")


def sentences(report: Report) -> str:
    """The headline, with the blanks that are not to be broken at the end of a line."""
    points = report.equilibria
    if not points:
        return _nothing(report)
    usable = [e for e in points if e.judged]
    judged = [e for e in usable if e.singular is None] or usable
    said = []
    if len(judged) == 1:
        said += [_placed(report, _where_one(report, judged[0])), _one(report, judged[0])]
    elif judged:
        said += [_placed(report, _where_many(report, judged)), _many(report, judged)]
    if sum(e.component is not None for e in judged) <= FEW:
        said += [_changes(report, e) for e in judged]
    if len(judged) < len(usable):
        said += singular_points(usable)
    moving = [e for e in points if e.differentiable and not e.stationary]
    resting = [e for e in moving if e.at_rest]
    if len(resting) <= FEW:
        said += [_elsewhere(report, e) for e in resting]
    else:
        said.append(_many_elsewhere(report, resting))
    said += _unusable([e for e in moving if not e.at_rest], "moving")
    said += _unusable([e for e in points if not (e.differentiable or e.judged)], "kinked")
    return " ".join(s for s in said if s)


def rests(found: Analysis) -> bool:
    """Whether this flow, rule or map rests at the point at all."""
    return (
        found.stationary if isinstance(found, FlowAnalysis) else found.type != NoNumbers.NOT_AT_REST
    )


def _elsewhere(report: Report, e: EquilibriumAnalysis) -> str:
    """A point where only a field that looks beyond the gradient, or only a rule, rests."""
    there = [m for m in movers(report, [e]) if rests(m.found[0])]
    names = listed([m.name for m in there])
    verb = "rests" if len(there) == 1 and not there[0].plural else "rest"
    return f"At {point(e.point)}, which is no equilibrium of the game, {names} {verb}."


def _many_elsewhere(report: Report, resting: Sequence[EquilibriumAnalysis]) -> str:
    """The same of many points."""
    names = dict.fromkeys(m.name for e in resting for m in movers(report, [e]) if rests(m.found[0]))
    return (
        f"At {len(resting)} further points, which are no equilibria of the game, {listed(list(names))} rest "
        "as well."
    )


def _changes(report: Report, e: EquilibriumAnalysis) -> str:
    """Where along a set of equilibria the verdict is another one than at the point that stands for it."""
    own = e.component
    if own is None or {own.attracts, own.repels} & {None, "everywhere"}:
        return ""
    where = "" if len(report.equilibria) == 1 else f" through {point(e.point)}"
    return f"The {own.name}{where} {ranges(own, report.system.names)}."


def movers(report: Report, equilibria: Sequence[EquilibriumAnalysis]) -> list[Mover]:
    """The flows, rules or the map that were analysed at all of these equilibria."""
    flows = [[e.flows[i] for e in equilibria] for i in range(min(len(e.flows) for e in equilibria))]
    rules = [[e.rules[i] for e in equilibria] for i in range(min(len(e.rules) for e in equilibria))]
    maps = [[e.maps[i] for e in equilibria] for i in range(min(len(e.maps) for e in equilibria))]
    names = Counter(f[0].field for f in flows)
    plain = len(flows) == 1 and flows[0][0].field in ("gradient", "given")
    result = []
    for found in flows:
        first = found[0]
        extra = settings(first.settings)
        detail = f" ({extra})" if extra and names[first.field] > 1 else ""
        name = "the flow" if plain else f"the {first.field} flow{detail}"
        result.append(Mover(name, False, tuple(found)))
    short = Counter(_steps(r[0]) for r in rules)
    for found in rules:
        first = found[0]
        name = _steps(first)
        extra = settings({k: v for k, v in first.settings.items() if k != "lr"})
        if short[name] > len(flows) and extra:
            name += f" ({extra})"
        if not plain and len(flows) > 1:
            own = settings(first.field_settings)
            detail = f" ({own})" if own and names[first.field] > 1 else ""
            name += f" on the {first.field} field{detail}"
        result.append(Mover(name, True, tuple(found)))
    return result + [Mover("iteration", False, tuple(found)) for found in maps]


def _steps(rule: RuleAnalysis) -> str:
    lr = rule.settings.get("lr")
    if lr is None:
        return f"{rule.rule} steps"
    return (
        f"{rule.rule} steps of {f'({per_player(lr)})' if isinstance(lr, Mapping) else number(lr)}"
    )


def _nothing(report: Report) -> str:
    noun = "fixed point" if report.system.kind == "map" else "equilibrium"
    if report.search.exhaustive and report.search.hidden:
        return f"There is no {noun} {box(report)}. {hidden(report)}"
    if report.search.exhaustive:
        return f"There is no {noun}: the exact solution of the equations finds none."
    return (
        f"No {noun} was found {box(report)}. The search may have missed one (it cannot find one at a "
        "kink), one may lie elsewhere, or there may be none."
    )


def box(report: Report) -> str:
    """Where the search looked, as in `in the box x ∈ [−2, 2], y ∈ [0, 1]`."""
    intervals = report.search.box
    if not intervals:
        return "in the whole space"
    texts = {
        name: f"[{number(low)},{SPACE}{number(high)}]" for name, (low, high) in intervals.items()
    }
    groups: dict[str, list[str]] = {}
    for name, text in texts.items():
        groups.setdefault(text, []).append(name)
    if len(groups) == 1 and len(texts) > FEW:
        return f"in the box of {next(iter(groups))} for each of the {len(texts)} variables"
    parts = [f"{', '.join(names)} ∈ {text}" for text, names in groups.items()]
    return f"in the box {'; '.join(parts)}"


def hidden(report: Report) -> str:
    """How many rest points lie outside the box that was given, and how they are shown."""
    n = report.search.hidden
    noun = "fixed point" if report.system.kind == "map" else "rest point"
    verb = "lies" if n == 1 else "lie"
    plural = "" if n == 1 else "s"
    return (
        f"{count(n).capitalize()} more {noun}{plural} {verb} outside the box that was given and "
        f"{'is' if n == 1 else 'are'} hidden (`everywhere=True`, on the command line --everywhere, shows "
        f"{'it' if n == 1 else 'them'})."
    )


def _placed(report: Report, sentence: str) -> str:
    """A sentence about where the rest points are, which are not all where some are hidden."""
    if not report.search.hidden:
        return sentence
    return f"In the box that was given, {sentence[0].lower()}{sentence[1:]}"


def _where_one(report: Report, e: EquilibriumAnalysis) -> str:
    where = point(e.point) + ("" if e.differentiable else ", on a kink of the field")
    dimension = e.manifold_dimension
    subject, verb = {
        "game": ("Training", "rests"),
        "flow": ("The flow", "rests"),
        "map": ("The map", "has"),
    }[report.system.kind]
    if report.search.method == GIVEN_POINT:
        noun = {"map": "a fixed point of the map", "flow": "an equilibrium of the flow"}
        what = noun.get(report.system.kind, "a point where training rests")
        on = f", one of a whole {name_of(e)} of them" if dimension else ""
        return f"The point given, {where}, is {what}{on}."
    found = not report.search.exhaustive
    if dimension:
        fixed = "fixed points" if report.system.kind == "map" else "equilibria"
        on = "has" if verb == "has" else "rests on"
        which = briefly(e, report.system.names)
        return f"{subject} {on} a {name_of(e)} of {fixed}{which}; {where} is one of them."
    if verb == "has":
        return f"The {'search found' if found else 'map has'} one fixed point, {where}."
    if found:
        place = "point where training rests" if subject == "Training" else "equilibrium of the flow"
        return f"The search found one {place}, {where}."
    return f"{subject} {verb} at one point, {where}."


def _where_many(report: Report, points: Sequence[EquilibriumAnalysis]) -> str:
    if any(e.component is not None for e in points):
        return _where_sets(report, points)
    names = ""
    if len(points) <= FEW and len(points[0].point) <= FEW:
        variables = list(points[0].point)
        shown = listed([values_of(e.point) for e in points])
        names = f", {named(variables, shown)}"
    if report.search.exhaustive:
        whole = "Training can rest at {} points{}"
        text = {"flow": "The flow has {} equilibria{}", "map": "The map has {} fixed points{}"}
    else:
        whole = "The search found {} points where training can rest{}"
        text = {
            "flow": "The search found {} equilibria of the flow{}",
            "map": "The search found {} fixed points of the map{}",
        }
    return text.get(report.system.kind, whole).format(count(len(points)), names) + "."


def _where_sets(report: Report, points: Sequence[EquilibriumAnalysis]) -> str:
    """Sets of equilibria and isolated points, each counted once."""
    sets = [e for e in points if e.component is not None]
    alone = [e for e in points if e.component is None]
    kinds = named_sets(points)
    noun = "fixed points" if report.system.kind == "map" else "equilibria"
    which = briefly(sets[0], report.system.names) if kinds == [f"a {name_of(sets[0])}"] else ""
    parts = " with parts of different stability" if in_parts(points) else ""
    where = f"{listed(kinds)} of {noun}{which}{parts}"
    points_there = ""
    if alone:
        known = " isolated" if all(e.isolated == "yes" for e in alone) else ""
        points_there = f"{count(len(alone))}{known} point{'s' if len(alone) > 1 else ''}"
        if len(alone) <= FEW and len(alone[0].point) <= FEW:
            shown = listed([values_of(e.point) for e in alone])
            points_there += f", {named(list(alone[0].point), shown)}"
    if report.search.exhaustive and report.system.kind != "map":
        subject = "Training can rest" if report.system.kind == "game" else "The flow rests"
        at = f" and at {points_there}" if points_there else ""
        return f"{subject} on {where}{at}."
    subject = "The map has" if report.search.exhaustive else "The search found"
    return f"{subject} {where}{f' and {points_there}' if points_there else ''}."


def _one(report: Report, e: EquilibriumAnalysis) -> str:
    """What everything that moves does at the only equilibrium."""
    everything = movers(report, [e])
    there = f"the {name_of(e)}" if e.component is not None else "it"
    clauses: list[str] = []
    open_: list[Mover] = []
    elsewhere: list[Mover] = []
    groups: dict[str, list[Mover]] = {}
    for mover in everything:
        verdict = mover.found[0].stability.verdict
        if not rests(mover.found[0]):
            elsewhere.append(mover)
        elif verdict == "undecided":
            open_.append(mover)
        else:
            groups.setdefault(verdict, []).append(mover)
    for verdict, group in groups.items():
        if len(everything) > FEW and len(group) > 1:
            clauses.append(_does(_united(group, everything), verdict, there))
        else:
            clauses += [
                _does(m, verdict, there) + _speed(m.found[0], report.system.names) for m in group
            ]
    if open_:
        mover = _united(open_, everything)
        place = f"on {there}" if e.manifold_dimension else "there"
        clauses.append(f"whether {mover.name} {mover.verb('stay')} {place} is undecided")
    if elsewhere:
        mover = _united(elsewhere, everything)
        clauses.append(f"{mover.name} {'do' if mover.plural else 'does'} not rest there")
    return _disturbed(clauses)


def _disturbed(clauses: Sequence[str]) -> str:
    text = "; ".join(clauses)
    return _sentence(f"after a small disturbance, {text}" if " return" in text else text)


def _does(mover: Mover, verdict: str, there: str) -> str:
    if verdict == "unstable":
        return f"{mover.name} {mover.verb('move')} away from {there}"
    if verdict == "neutral":
        return f"{mover.name} neither {mover.verb('approach')} {there} nor {mover.verb('leave')} it"
    how = ""
    if verdict == "asymptotically stable":
        forms = [f.normal_form for f in mover.found]
        kinks = all(form is not None and form.case == "kink" and not form.law for form in forms)
        how = " in finite time" if kinks else ", but slower than any exponential"
    return f"{mover.name} {mover.verb('return')} to {there}{how}"


def _speed(found: Analysis, names: Sequence[str]) -> str:
    """How fast the error shrinks or grows, or what is conserved, in brackets; nothing if not known."""
    verdict, value, form = found.stability.verdict, found.stability.value, found.normal_form
    if form is not None:
        if form.law is not None:
            time = "t" if isinstance(found, FlowAnalysis) else "n"
            return f" (the error shrinks like {form.law.text(time)})"
        kept = None if form.invariant is None else readable(form.invariant, names)
        return f" ({kept} is conserved)" if kept and len(kept) <= LONGEST else ""
    if verdict not in ("exponentially stable", "unstable") or value is None:
        return ""
    if found.stability.margin is None:  # nearer to the boundary than rounding tells
        return ""
    change = "shrinks" if verdict == "exponentially stable" else "grows"
    if isinstance(found, FlowAnalysis):
        return f" (the error {change} like exp({number(value, 3)}·t))" if value else ""
    percent = 100 * abs(value - 1)
    step = "iteration" if isinstance(found, MapAnalysis) else "step"
    if value == 0:
        text = "the error vanishes faster than any exponential"
    elif percent < 50:
        text = f"the error {change} by {number(percent, 2)}% per {step}"
    else:
        text = f"the error is multiplied by {number(value, 3)} per {step}"
    return f" ({text}{_remedy(found)})"


def _remedy(found: Analysis) -> str:
    """For a rule that leaves where other steps would return: which ones."""
    if not isinstance(found, RuleAnalysis) or found.stability.verdict != "unstable":
        return ""
    if isinstance(found.settings.get("lr"), Mapping) or not found.stable_lr:
        return ""
    return f"; steps {spoken(found.stable_lr)} would return"


def _many(report: Report, points: Sequence[EquilibriumAnalysis]) -> str:
    """How many of several equilibria each thing that moves returns to."""
    groups: dict[tuple[str, ...], list[Mover]] = {}
    everything = movers(report, points)
    for mover in everything:
        groups.setdefault(tuple(f.stability.verdict for f in mover.found), []).append(mover)
    clauses = []
    for verdicts, group in groups.items():
        mover = _united(group, everything)
        kept = [i for i, verdict in enumerate(verdicts) if verdict in CONVERGENT]
        other = Counter(v for v in verdicts if v not in (*CONVERGENT, "unstable"))
        extra = [f"{word} at {count(n)}" for word, n in sorted(other.items())]
        which = ""
        if 0 < len(kept) <= FEW and len(kept) < len(points):
            which = f", {_which([points[i] for i in kept], kept)}"
        share = _share(len(kept), len(points))
        if not kept and other:
            share += " for certain"
        also = f" ({', '.join(extra)})" if extra else ""
        clauses.append(f"{mover.name} {mover.verb('return')} to {share}{which}{also}")
    return _disturbed(clauses)


def _share(kept: int, total: int) -> str:
    if kept == total:
        return "both of them" if total == 2 else "all of them"
    if kept == 0:
        return "neither of them" if total == 2 else "none of them"
    return f"{count(kept)} of them"


def _which(points: Sequence[EquilibriumAnalysis], indices: Sequence[int]) -> str:
    if len(points[0].point) <= FEW:
        return listed([values_of(e.point) for e in points])
    return f"number {listed([str(i + 1) for i in indices])}"


def _unusable(points: Sequence[EquilibriumAnalysis], why: str) -> list[str]:
    if not points:
        return []
    many = len(points) > FEW
    where = (
        count(len(points)) + " of the points" if many else listed([point(e.point) for e in points])
    )
    if why == "kinked":
        return [f"At {where} the field is not differentiable, so linearisation says nothing there."]
    one = len(points) == 1
    size = f": the field there has size {number(points[0].residual)}" if one else ""
    verb, noun = ("is", "an equilibrium") if one else ("are", "equilibria")
    return [
        f"{_sentence(where, end='')} {verb} not {noun}{size}, so there is no stability to judge."
    ]


def _united(group: Sequence[Mover], everything: Sequence[Mover]) -> Mover:
    if len(group) == 1:
        return group[0]
    if len(group) == len(everything) > FEW:
        return Mover("every flow and every rule", False, group[0].found)
    return Mover(listed([m.name for m in group]), True, group[0].found)


def _sentence(text: str, end: str = ".") -> str:
    return text[:1].upper() + text[1:] + end if text else ""
