"""What advice says and in which order, before it becomes text, Markdown or HTML."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator

from ..documents.blocks import Block, Bullets, Heading, Paragraph, Row, Table, printable_block
from ..documents.numbers import MISSING, eigenvalues, listed, number, radius
from ..documents.page import document
from ..documents.settings import with_settings
from ..reports.document import whole
from .advice import Advice, KnobAdvice
from .document import FEW, rounded, with_conjugate
from .stable_range import End

_SLOW = 1e-2  # the angle below which a multiplier is said not to turn


@document.register(Advice)
def _(advice: Advice) -> tuple[Block, ...]:
    """Advice as headings, paragraphs and tables; names are free of control characters."""
    rows = tuple(
        Row(
            (
                own.name,
                number(own.now, FEW),
                _stable(own),
                _fastest(own),
                MISSING if own.edge is None else f"{number(100 * own.edge, 3)}%",
            ),
            tuple(_notes(own, advice.period)),
        )
        for own in advice.knobs
    )
    blocks: list[Block] = [
        Heading(f"Advice for {advice.network.name}", 1),
        Paragraph(_system(advice)),
        Paragraph(" ".join(_headline(advice)), strong=True),
        Heading("One number at a time, all others as they are", 2),
        Table(("Number", "Now", "Stable", "Fastest", "Edge"), rows),
        Paragraph(
            "Edge: how far the number now is on the way to where stability ends above, 100% being the edge. "
            "Fastest: the value with the smallest spectral radius, in parentheses, of those looked at."
        ),
    ]
    if advice.batches:
        blocks.append(Paragraph(_spread(advice)))
    if advice.warnings:
        said = tuple(whole(own) for own in dict.fromkeys(advice.warnings))
        blocks += [Heading("Warnings", 2), Bullets(said)]
    blocks += [Heading("How this was found", 2), Paragraph(_method(advice))]
    return tuple(printable_block(block) for block in blocks)


def _system(advice: Advice) -> str:
    network = advice.network
    players = listed([f"{p} ({size:,})" for p, size in network.players.items()])
    step = "" if advice.step is None else f", step {advice.step:,}"
    lazy = ""
    if advice.period > 1:
        lazy = f", penalties every {advice.period} steps; multipliers are those of {advice.period} steps"
    return (
        f"Game of {players}; {network.dtype}. Point: {advice.point}{step}. "
        f"Algorithm: {with_settings(advice.rule, advice.settings)}{lazy}."
    )


def _headline(advice: Advice) -> Iterator[str]:
    rest, now = advice.rest, advice.now
    steps = "a step" if advice.period == 1 else f"{advice.period} steps"
    bound = "inside the unit circle" if advice.limit == 1 else f"below {number(advice.limit, 7)}"
    if rest.stationary.verdict != "yes":
        far = f", a Newton step of {number(rest.newton_step, 3)} away from rest"
        yield f"This is no equilibrium{far if rest.newton_step is not None else ''}."
    if advice.flow_growth:
        grown = number(100 * advice.flow_growth, 3)
        yield (
            f"Disturbances grow by {grown}% in {steps}, and in proportion with smaller steps: it is the flow "
            "that leaves, and no step size keeps it."
        )
    if advice.limit > 1:
        grown = number(100 * (advice.limit - 1), 3)
        yield (
            f"Stable here means that no disturbance grows by more than {grown}% in {steps} (with larger "
            "steps, in proportion, up to 5% a step)."
        )
    size = radius(now.radius)
    if now.stable(advice.limit):
        others = "" if now.complete else " found"
        yield f"The steps stay: all multipliers{others} are {bound}, the largest has modulus {size}."
    elif now.unstable(advice.limit):
        how = _leaving(now.multiplier, advice.period)
        yield f"The steps leave: a multiplier has modulus {size}, not {bound}; {how}."
    else:
        yield f"Undecided: the largest modulus found is {size}, which is not told from the limit."
    first = advice.knobs[0]
    if first.edge is not None and now.stable(advice.limit):
        yield f"The {first.what} is at {number(100 * first.edge, 3)}% of the edge of stability."
    elif not now.stable(advice.limit):
        mends = [own for own in advice.knobs if own.found.intervals]
        if mends:
            yield f"What would make them stay: {'; '.join(f'{own.name} {_stable(own)}' for own in mends)}."
        elif now.unstable(advice.limit):
            yield "No single one of the numbers below makes them stay, as far as was looked."


def _stable(own: KnobAdvice) -> str:
    """The stable values in a cell."""
    if not own.found.intervals:
        return "undecided" if own.found.untold else "none"
    return ", ".join(_interval(own, *ends) for ends in own.found.intervals)


def _interval(own: KnobAdvice, low: End, high: End) -> str:
    open_below = low.outside is None or not low.told
    if open_below and high.outside is None:
        return "all looked at"
    if open_below:
        return f"up to {_shown(high)}"
    if high.outside is None:
        return f"from {_shown(low)}"
    return f"{_shown(low)} to {_shown(high)}"


def _shown(end: End) -> str:
    return number(end.value, FEW)


def _fastest(own: KnobAdvice) -> str:
    best = own.found.best
    return MISSING if best is None else f"{number(best.value, 3)} ({radius(best.radius)})"


def _notes(own: KnobAdvice, period: int) -> Iterator[str]:
    searched = " to ".join(number(x, 3) for x in own.found.searched)
    said = f"{own.what[:1].upper()}{own.what[1:]}, looked at from {searched}."
    for low, high in own.found.intervals:
        for end, where in ((low, "Below"), (high, "Above")):
            if end.outside is not None and end.told and end.leading is not None:
                shown = eigenvalues(with_conjugate(rounded(end.leading)), "map")
                if abs(end.leading) < 1:
                    said += f" {where} {_shown(end)} the precision does not tell {shown} from the limit."
                else:
                    how = _leaving(end.leading, period)
                    said += f" {where} {_shown(end)} the multiplier {shown} leaves: {how}."
    yield said


def _leaving(multiplier: complex, period: int) -> str:
    """How steps leave along an eigenvector of so many of them."""
    angle = abs(cmath.phase(multiplier))
    if angle < _SLOW:
        return "they move off without turning"
    if math.pi - angle < _SLOW:
        once = "step" if period == 1 else f"period of {period} steps"
        return f"every {once} overshoots to the other side"
    return f"they circle outwards, a turn in {number(period * 2 * math.pi / angle, 3)} steps"


def _spread(advice: Advice) -> str:
    radii = [own.radius for own in advice.batches]
    uppers = [own.upper for own in advice.batches if own.upper is not None]
    of = "" if advice.batch is None else f" of {advice.batch:,} samples"
    said = (
        f"On {len(radii)} single batches{of} the spectral radius is {radius(min(radii))} to "
        f"{radius(max(radii))}"
    )
    if uppers:
        said += (
            f", and the {advice.knobs[0].what} is stable up to {number(min(uppers), FEW)} to "
            f"{number(max(uppers), FEW)}"
        )
    lost = len(radii) - len(uppers)
    if lost:
        said += f" (on {lost} of them no such end was found)"
    return f"{said}."


def _method(advice: Advice) -> str:
    how = "written out as a matrix" if advice.now.complete else "known by its products alone"
    return (
        f"The linearised step, {how}, of a state of {advice.state_size:,} numbers; {advice.products:,} "
        f"products in {number(advice.seconds, 3)} s, in {advice.network.dtype} (seed {advice.seed}). Every "
        "end that is named lies between a value that was found stable and one that was not. Computed by "
        f"stability {advice.version}."
    )
