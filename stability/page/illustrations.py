"""The pictures of a report's page: where paths go, the spectra, and what step sizes do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes

from ..analysis.study import Study, as_study
from ..comparisons.curves import rate_curves
from ..documents.numbers import number
from ..dynamics.system import System
from ..errors import InputError
from ..fields import Field
from ..phase.portrait import Portrait
from ..phase.portray import phase_portrait
from ..plots.portrait import portrait
from ..plots.rate_curves import rates
from ..plots.spectra import eigenvalues, multipliers
from ..plots.style import COLUMN, figure, picture, styled
from ..reports.value import Report
from ..rules import Rule

Picture = tuple[str, str, str]  # SVG text, caption, and what it shows, for those who do not see it
NAMED = 6  # equilibria that the description of a portrait names


def illustrations(
    report: Report,
    system: System | Study,
    *,
    rules: Sequence[Rule] | None = None,
    field: Field | None = None,
    parameters: Mapping[Any, Any] | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    seed: int = 0,
) -> list[Picture]:
    """The pictures that go with a report on a system, for `html_page`; those that do not apply are left out.

    They are the phase portrait (of more than two variables: a plane), the eigenvalues and the multipliers at
    all equilibria, and the rules' spectral radii against the step size. The arguments after `report` are
    those that it was made with; of several fields the portrait and the radii are those of `field`.
    """
    study = as_study(system, field=field, rules=rules, parameters=parameters, box=box)
    own = study.rules

    def paths() -> Picture:
        found = phase_portrait(study, rules=own, seed=seed)
        caption = "Phase portrait: the flow and the steps from one start."
        if found.plane is not None and not found.plane.whole:
            caption = f"{caption} {sentence(found.remarks[-1])}"
        return _drawn(partial(portrait, found), 1.5, caption, _in_words(found))

    def flows() -> Picture:
        largest = [flow.spectral_abscissa for e in report.equilibria for flow in e.flows]
        caption = "Eigenvalues of the flow: disturbances decay where all are left of the axis."
        words = f"Eigenvalues in the complex plane. The largest real parts are {_list(largest)}."
        return _drawn(partial(eigenvalues, report), 1.25, caption, words)

    def steps() -> Picture:
        largest = [r.spectral_radius for e in report.equilibria for r in (*e.rules, *e.maps)]
        caption = (
            "Multipliers of the steps: disturbances decay where all are inside the unit circle."
        )
        words = f"Multipliers in the complex plane. The largest moduli are {_list(largest)}."
        return _drawn(partial(multipliers, report), 1.25, caption, words)

    def radii() -> Picture:
        at = [e.point for e in report.equilibria if e.at_rest]
        with_steps = [rule for rule in own if rule.lr is not None]
        if not at or not with_steps:
            raise InputError("there is no rule, or no equilibrium to judge it at")
        found = rate_curves(study, with_steps, at=at, seed=seed)
        best = "; ".join(
            f"{curve.name} is fastest at {number(curve.sizes.best, 3)}"
            for curve in found.curves
            if curve.sizes.best
        )
        caption = "Spectral radius against the step size: below one a rule converges, the lower the faster."
        if len(at) > 1:
            caption += " There is a curve for each equilibrium at which some steps are stable."
        words = f"Spectral radius of each rule against its step size. {best}."
        return _drawn(partial(rates, found), 1.4, caption, words)

    return list(_applicable([paths, flows, steps, radii]))


def _applicable(wanted: Sequence[Callable[[], Picture]]) -> Iterator[Picture]:
    for make in wanted:
        try:
            yield make()
        except InputError:  # no eigenvalues, no rules, no equilibrium
            continue


def _drawn(draw: Callable[[Axes], Axes], width: float, caption: str, words: str) -> Picture:
    with styled():
        made, ax = figure(width=width * COLUMN)
        draw(ax)
        return picture(made, "svg").decode(), caption, words


def _in_words(found: Portrait) -> str:
    spots = [f"{spot.type} at {spot.label}" for spot in found.spots]
    more = f" and {len(spots) - NAMED} more" if len(spots) > NAMED else ""
    rests = f"equilibria: {', '.join(spots[:NAMED])}{more}" if spots else "no equilibria"
    ends = [f"the path of {own.rule} ends with: {own.path.outcome}" for own in found.steps]
    return f"Phase portrait of {found.name} with {'; '.join([rests, *ends])}."


def _list(values: Sequence[float | None]) -> str:
    return ", ".join(number(value) for value in values if value is not None)


def sentence(text: str) -> str:
    """A remark with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."
