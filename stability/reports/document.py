"""What a report says and in which order, before it becomes text, Markdown or HTML."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..analysis.value import (
    GIVEN_POINT,
    Drift,
    EquilibriumAnalysis,
    FlowAnalysis,
    MapAnalysis,
    RuleAnalysis,
    SystemInfo,
)
from ..documents.blocks import Block, Bullets, Heading, Paragraph, Row, Table, printable_block
from ..documents.formulas import readable, readable_all
from ..documents.intervals import ends, inequalities, intervals
from ..documents.markdown import render as render_markdown
from ..documents.numbers import (
    DIGITS,
    MANY,
    MISSING,
    SPACE,
    beside,
    eigenvalues,
    listed,
    named,
    number,
    per_player,
    point,
    radius,
    sentence,
    together,
    within,
)
from ..documents.page import as_markdown, as_text, document
from ..documents.text import render
from ..verdicts.conditions import Conditions
from ..verdicts.regret import epsilon
from ..verdicts.verdict import Verdict
from .names import flow_name, rule_name
from .overview import heading, overview
from .sets import about, name_of
from .summary import box, hidden, sentences
from .value import Excerpt, Report

MANY_POINTS = 6  # with more equilibria than this, text has the table of them alone
FEW = 4  # significant digits of the ends of a set of step sizes; JSON has all of them
ROUNDING = 1e-12
LONGEST = 80  # characters of a formula in a sentence


@document.register(Report)
def _(report: Report) -> tuple[Block, ...]:
    """A report as headings, paragraphs and tables; names are free of control characters.

    Of many equilibria the parts fold, and a table of them is first.
    """
    many = len(report.equilibria) > MANY_POINTS
    table = [Heading("Overview", 2), *overview(report)] if many else []
    return _blocks(report, table, range(len(report.equilibria)), folds=many)


@document.register(Excerpt)
def _(excerpt: Excerpt) -> tuple[Block, ...]:
    """The table of all equilibria, or everything about some of them."""
    report, shown = excerpt.report, excerpt.shown
    table: list[Block] = []
    if not shown and report.equilibria:
        last = len(report.equilibria)
        table = [Heading("Overview", 2), *overview(report)]
        table.append(
            Paragraph(
                f"Everything about one of them: --details {min(3, last)} (its number, or all); in Python "
                f"report.details({min(3, last)})."
            )
        )
    return _blocks(report, table, shown)


@as_text.register(Report)
def _(report: Report, width: int, colour: bool) -> str:
    """In full, or of many equilibria the table."""
    return render(_short(report), width, colour)


@as_markdown.register(Report)
def _(report: Report) -> str:
    """In full, or of many equilibria the table, as Markdown."""
    return render_markdown(_short(report))


def _short(report: Report) -> tuple[Block, ...]:
    many = len(report.equilibria) > MANY_POINTS
    return report.summary().blocks() if many else report.blocks()


def _blocks(
    report: Report, table: Sequence[Block], shown: Sequence[int], folds: bool = False
) -> tuple[Block, ...]:
    blocks: list[Block] = [
        Heading(f"Stability of {report.system.name or f'a {report.system.kind}'}", 1),
        Paragraph(system_sentence(report.system)),
        Paragraph(sentences(report), strong=True),
        *table,
    ]
    with_rules = [i for i in shown if report.equilibria[i].rules and report.equilibria[i].at_rest]
    for i in shown:
        blocks += _equilibrium(report, i, explain=i in with_rules[:1], folds=folds)
    blocks += [Heading("How this was found", 2), Paragraph(_search(report))]
    if report.warnings:
        blocks += [Heading("Warnings", 2), Bullets(tuple(map(whole, report.warnings)))]
    return tuple(printable_block(block) for block in blocks)


def system_sentence(system: SystemInfo) -> str:
    words = [system.structure] if system.structure not in (None, "general") else []
    if system.kind == "game":
        if system.zero_sum is not None:
            words.append("zero-sum" if system.zero_sum else "general-sum")
        players = len(system.players)
        words.append("game")
        if system.zero_sum_up_to_own_terms:
            words.append("up to own terms")
        text = f"{' '.join(words)} of {players} player{'s' if players != 1 else ''}"
        text += f": {_players(system)}"
    else:
        text = f"{' '.join([*words, system.kind])} in {_some(_with_periods(system))}"
    if system.conserved:
        totals = [f"{name} = {number(v)}" for name, v in system.conserved.items()]
        text += f", on {listed(totals)}"
    if system.parameters:
        values = ", ".join(f"{name} = {number(v)}" for name, v in system.parameters.items())
        text += f"; with {values}"
    common = "" if system.common is None else f" {common_sentence(system)}"
    return f"{text[0].upper()}{text[1:]}.{common}"


def common_sentence(system: SystemInfo) -> str:
    """What two players have in common whose losses add up to own terms, and what is judged on it."""
    common = system.common
    assert common is not None
    formula = "" if common.formula is None else readable(common.formula, system.names)
    shown = f" = {formula}" if formula and len(formula) <= LONGEST else ""
    return (
        f"But for terms in the other's strategy alone, {common.minimizer} minimises and {common.maximizer} "
        f"maximises f{shown}; minmax is judged on f, Stackelberg on the losses as given, so that the two may "
        "disagree."
    )


def _players(system: SystemInfo) -> str:
    """The players with what they own, as far as names or numbers tell."""
    players, variables = system.players, system.variables
    if len(players) == len(variables):
        owned = {p: [v] for p, v in zip(players, variables, strict=True)}
    else:
        owned = {p: [v for v in variables if _belongs(v, p)] for p in players}
    if sum(map(len, owned.values())) == len(variables) and all(owned.values()):
        return ", ".join(p if own == [p] else f"{p} ({_some(own)})" for p, own in owned.items())
    return f"{', '.join(players)}; {_some(variables)}"


def _with_periods(system: SystemInfo) -> list[str]:
    """The variables; those that are angles with what they are taken modulo."""
    return [
        f"{v} (mod {number(system.angles[v])})" if v in system.angles else v
        for v in system.variables
    ]


def _belongs(variable: str, player: str) -> bool:
    return variable == player or variable.startswith((f"{player}.", f"{player}["))


def _some(variables: Sequence[str]) -> str:
    if len(variables) > MANY:
        return f"{len(variables)} variables"
    return ", ".join(variables)


def _equilibrium(report: Report, index: int, explain: bool, folds: bool) -> Iterable[Block]:
    e, names = report.equilibria[index], report.system.names
    yield Heading(heading(report, index), 2, folds)
    status = _status(e, names)
    if status:
        yield Paragraph(status)
    if e.remarks:
        yield Bullets(tuple(map(whole, e.remarks)), strong=True)
    if not e.differentiable:
        yield from _without_numbers(e)
        return
    if e.conditions is not None:
        yield Heading("Game-theoretic conditions", 3)
        yield from conditions_table(conditions_by_name(e.conditions) | e.further_verdicts)
    if e.flows:
        yield Heading("Flow" if len(e.flows) == 1 else "Flows", 3)
        columns = ("Field", "Eigenvalues", "Type", "Stability")
        yield Table(columns, tuple(_flow_row(f, names) for f in e.flows))
    if e.maps:
        yield Heading("Map", 3)
        yield Table(
            ("Multipliers", "Type", "Spectral radius", "Stability"),
            tuple(_map_row(m, names) for m in e.maps),
        )
    if e.rules:
        yield Heading("Rules", 3)
        yield Table(
            (
                "Rule",
                "Spectral radius",
                "Stability",
                "Stable lr",
                "Best lr",
                "Best radius",
                "Steps per digit",
            ),
            tuple(_rule_row(r, len(e.flows) > 1, names) for r in e.rules),
        )
        if explain:
            yield Paragraph(
                "Stable lr: the step sizes that are exponentially stable; the critical lr is the end of "
                "those that reach down to 0. Best lr: the step size with the "
                "smallest spectral radius (the best radius), that is, the fastest convergence. "
                "Steps per digit: how many steps divide the error by ten."
            )


def _status(e: EquilibriumAnalysis, names: Sequence[str]) -> str:
    said = []
    if e.exact is not None:
        exact = [readable(text, names) for text in e.exact.values()]
        if exact != [number(x) for x in e.point.values()]:
            said.append(f"Exactly {named(list(e.exact), together(exact))}.")
            if any("CRootOf" in text for text in e.exact.values()):
                said.append("Here rootₖ is the k-th root of a polynomial, real ones first.")
    if e.component is not None:
        text = f"One point of a {name_of(e)} of equilibria"
        if not any(remark.startswith(text) for remark in e.remarks):
            said.append(f"{text}.")
        said += about(e, names)
    elif e.judged:
        text = {"yes": "Isolated", "no": "Not isolated"}
        said.append(f"{text.get(e.isolated, 'Whether it is isolated is undecided')}.")
    said += _limits(e)
    said += _regret(e)
    if math.isfinite(e.residual):
        said.append(f"Residual {number(e.residual, 2 if e.stationary else DIGITS)}.")
    if e.decomposition is not None:
        parts = e.decomposition
        said.append(
            f"Jacobian: potential part of norm {number(parts.potential)}, Hamiltonian part of norm "
            f"{number(parts.hamiltonian)}; {number(100 * parts.rotation, 3)}% of it rotates."
        )
    return " ".join(said)


def _limits(e: EquilibriumAnalysis) -> list[str]:
    """Which limits of the players' sets the point touches, and how strongly it is pushed against them."""
    if e.limits is None:
        return []
    if not e.limits and not e.stationary:
        return []
    if not e.limits:
        return ["No limit of the players' sets is active."]
    words = {"lower": "at its lower end", "upper": "at its upper end", "zero": "not played"}
    parts = []
    for name, limit in list(e.limits.items())[:MANY]:
        push = {
            "yes": f"push {number(limit.multiplier)}",
            "no": "without a push",
            "undecided": f"push {number(limit.multiplier)}, which may be zero",
        }[limit.strict]
        parts.append(f"{name} {words.get(limit.kind, 'on its sphere')} ({push})")
    more = len(e.limits) - len(parts)
    return [f"Active limits: {', '.join(parts)}{f' and {more} more' if more else ''}."]


def _regret(e: EquilibriumAnalysis) -> list[str]:
    """What the players could still gain by replies anywhere in their sets."""
    if not e.regret:
        return []
    gains = {p: own for p, own in e.regret.items() if own.value}
    unknown = [p for p, own in e.regret.items() if own.value is None]
    said = [
        f"{player} gains {number(own.value)} by {point(own.reply)}"
        for player, own in gains.items()
        if own.reply
    ]
    largest = epsilon(e.regret)
    if largest == 0:
        return ["Regret: nobody gains by any reply in its set, ε = 0."]
    if unknown:
        missing = f"whether {listed(unknown)} would gain by a reply farther away is not known"
        return [f"Regret: {'; '.join([*said, missing])}."]
    local = e.conditions is not None and e.conditions.local_nash.verdict == "yes"
    kind = "a local Nash equilibrium and no global one, " if local else ""
    return [
        f"Regret: {'; '.join(said)}; this is {kind}an ε-Nash equilibrium with ε = {number(largest)}."
    ]


def conditions_by_name(conditions: Conditions) -> dict[str, Verdict]:
    """The verdicts by the names that people read."""
    return {
        "differential Nash": conditions.differential_nash,
        "local Nash": conditions.local_nash,
        "strict local minmax": conditions.local_minmax,
        **{
            f"differential Stackelberg, {k}": v
            for k, v in conditions.differential_stackelberg.items()
        },
    }


def conditions_table(found: Mapping[str, Verdict]) -> Iterable[Block]:
    """The verdicts as a table; a reason that all share is said once."""
    reasons = dict.fromkeys(map(_because, found.values()))
    shared = len(reasons) == 1
    yield Table(
        ("Condition", "Verdict", "Deciding number", "Margin", "Evidence"),
        tuple(
            Row(
                (name, v.word, _deciding(v), number(v.margin), v.evidence),
                () if shared else (_because(v),),
            )
            for name, v in found.items()
        ),
    )
    if shared:
        yield Paragraph(" ".join(reasons))


def _deciding(verdict: Verdict) -> str:
    """The deciding number; with its error where it is not told from zero."""
    value, margin = verdict.value, verdict.margin
    if verdict.verdict == "undecided" and value is not None and margin is not None and margin < 0:
        return within(value, abs(value) - margin).replace(" ", SPACE)
    return number(value)


def _without_numbers(e: EquilibriumAnalysis) -> Iterable[Block]:
    """What there is to say where the field has no derivative: verdicts, no numbers; a common reason once."""
    found = {} if e.conditions is None else conditions_by_name(e.conditions) | e.further_verdicts
    several = len(e.flows) > 1
    found |= {f"{flow_name(f)} flow": f.stability for f in e.flows}
    found |= {rule_name(r, several): r.stability for r in e.rules}
    if e.maps:
        found["map"] = e.maps[0].stability
    if not found:
        return
    shared = Counter(map(_because, found.values())).most_common(1)[0][0]
    rows = tuple(
        Row((name, v.word), () if _because(v) == shared else (_because(v),))
        for name, v in found.items()
    )
    yield Table(("Condition, flow or rule", "Verdict"), rows)
    yield Paragraph(shared)


def _because(verdict: Verdict) -> str:
    return whole(verdict.because)


def whole(text: str) -> str:
    """A sentence with its capital letter and its full stop."""
    text = sentence(text)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _evidence(verdict: Verdict, name: str, value: str, error: float | None) -> str:
    """The deciding number and all that says how sure it is."""
    bound = f" (error at most {number(error, 2)})" if error else ""
    margin = f", margin {number(verdict.margin)}" if verdict.margin is not None else ""
    return f"{name} {value}{bound}{margin}; {verdict.evidence} evidence."


def _flow_row(f: FlowAnalysis, names: Sequence[str]) -> Row:
    notes = [_because(f.stability), *_around(f)]
    if f.exact_eigenvalues is not None and len(f.exact_eigenvalues) <= MANY:
        notes.append(f"Exact eigenvalues: {', '.join(readable_all(f.exact_eigenvalues, names))}.")
    value = _told(f.stability, f.spectral_abscissa, f.error_bound, 0.0, number)
    notes.append(_evidence(f.stability, "Spectral abscissa", value, f.error_bound))
    notes += _other_value(f.stability, f.spectral_abscissa, number)
    cells = (flow_name(f), eigenvalues(f.eigenvalues, "flow", f.error_bound), f.type)
    return Row((*cells, f.stability.verdict), tuple(notes))


def _map_row(m: MapAnalysis, names: Sequence[str]) -> Row:
    notes = [_because(m.stability), *_around(m)]
    if m.exact_multipliers is not None and len(m.exact_multipliers) <= MANY:
        notes.append(f"Exact multipliers: {', '.join(readable_all(m.exact_multipliers, names))}.")
    value = _told(m.stability, m.spectral_radius, m.error_bound, 1.0, radius)
    notes.append(_evidence(m.stability, "Spectral radius", value, m.error_bound))
    notes += _other_value(m.stability, m.spectral_radius, radius)
    shown = eigenvalues(m.multipliers, "map", m.error_bound)
    return Row((shown, m.type, value, m.stability.verdict), tuple(notes))


def _rule_row(r: RuleAnalysis, several: bool, names: Sequence[str]) -> Row:
    notes = [_because(r.stability)]
    notes += _around(r) + _stable_steps(r, names)
    if r.multipliers is not None:
        shown = eigenvalues(r.multipliers, "map", r.error_bound)
        notes.append(f"Multipliers {shown}: {r.type}.")
    else:
        notes.append(f"Type: {r.type}.")
    if r.drift is not None and len(r.drift.first) <= MANY:
        notes.append(_drift(r.drift))
    if r.noise is not None:
        notes += r.noise.sentences()
    value = _told(r.stability, r.spectral_radius, r.error_bound, 1.0, radius)
    notes.append(_evidence(r.stability, "Spectral radius", value, r.error_bound))
    notes += _other_value(r.stability, r.spectral_radius, radius)
    cells = (
        rule_name(r, several),
        value,
        r.stability.verdict,
        stable_cell(r.settings, r.critical_lr, r.stable_lr, DIGITS),
        per_player(r.best_lr),
        radius(r.best_spectral_radius),
        number(r.steps_per_digit),
    )
    return Row(cells, tuple(notes))


def _around(found: FlowAnalysis | RuleAnalysis | MapAnalysis) -> list[str]:
    return [] if found.born is None else [whole(found.born.text())]


def _stable_steps(r: RuleAnalysis, names: Sequence[str]) -> list[str]:
    """What the table does not say of the stable step sizes."""
    stable = r.stable_lr
    if stable is None or stable == ((0.0, None),):
        return []
    if not stable:
        return ["No step size is exponentially stable."]
    by_player = isinstance(r.settings.get("lr"), Mapping)
    if len(stable) == 1 and stable[0][0] == 0:
        exact = None if r.critical_lr_exact is None else readable(r.critical_lr_exact, names)
        if exact is None or (not by_player and exact == number(r.critical_lr)):
            return []
        what = f"the given step sizes times {exact}" if by_player else exact
        return [f"Critical lr exactly {what}."]
    what = "the factor on lr" if by_player else "lr"
    text = f"Stable for {inequalities(ends(stable, FEW), what)}"
    exact = [
        (readable(low or "0", names), None if end is None else readable(high or "", names))
        for (low, high), (_, end) in zip(r.stable_lr_exact or (), stable, strict=False)
    ]
    known = r.stable_lr_exact is not None and all(
        low is not None and (high is not None or end is None)
        for (low, high), (_, end) in zip(r.stable_lr_exact, stable, strict=True)
    )
    if known and exact != ends(stable, FEW):
        text += f", exactly {inequalities(exact, what)}"
    below = "; no smaller step is stable, so the critical lr is 0" if stable[0][0] > 0 else ""
    return [f"{text}{below}."]


def _drift(drift: Drift) -> str:
    shown = [eigenvalues(own, "flow") for own in (drift.logarithms, drift.first, drift.second)]
    return f"As a flow: log(μ)/h = {shown[0]}; modified flow of order 1: {shown[1]}, of order 2: {shown[2]}."


def _told(
    verdict: Verdict,
    shown: float | None,
    error: float | None,
    boundary: float,
    write: Callable[[float], str],
) -> str:
    """The number shown, as the verdict has it: on the boundary, or on the side of it that is known."""
    if shown is None:
        return MISSING
    apart = abs(shown - boundary)
    if verdict.evidence == "exact" and verdict.margin == 0 and apart < ROUNDING:
        return write(boundary)
    own = verdict.value is not None and abs(verdict.value - shown) < ROUNDING
    if own and verdict.verdict in ("exponentially stable", "unstable"):
        below = verdict.verdict == "exponentially stable"
        known = (boundary - shown if below else shown - boundary) > (error or 0.0)
        return write(shown) if known else beside(boundary, boundary, below).replace(" ", SPACE)
    return write(boundary if apart <= (error or 0.0) else shown)


def _other_value(verdict: Verdict, shown: float | None, write: Callable[[float], str]) -> list[str]:
    """The deciding number where neither the number shown nor the reason gives it."""
    if verdict.value is None or shown is None or abs(verdict.value - shown) < ROUNDING:
        return []
    text = write(verdict.value)
    return [] if text in _because(verdict) else [f"Deciding number {text}."]


def stable_cell(settings: Mapping[str, Any], critical: Any, stable: Any, digits: int) -> str:
    """The stable step sizes for a cell; `critical` and `stable` as in a RuleAnalysis."""
    if stable is None:
        return MISSING
    text = intervals(stable, FEW if len(stable) > 1 or (stable and stable[0][0] > 0) else digits)
    if not isinstance(settings.get("lr"), Mapping) or text in ("all", "none"):
        return text
    if len(stable) == 1 and isinstance(critical, Mapping) and any(critical.values()):
        return f"below {per_player(critical)}"
    return f"factor {text}"


def _search(report: Report) -> str:
    search = report.search
    if search.method == GIVEN_POINT:
        one = len(report.equilibria) == 1
        how = f"The point{' was' if one else 's were'} given, not searched for."
    else:
        starts = f", from {search.starts} starts (seed {search.seed})" if search.starts > 1 else ""
        how = f"{search.method[:1].upper()}{search.method[1:]}{starts} {box(report)}. "
        others = "others" if report.equilibria or search.hidden else "equilibria"
        if search.hidden:
            how += f"{hidden(report)} "
        how += (
            f"The exact solution is complete: there are no {others}."
            if search.exhaustive
            else f"Such a search proves nothing about completeness: there may be {others}."
        )
    return f"{how} Computed by stability {report.version}."
