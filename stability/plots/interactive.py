"""A phase portrait with sliders, for notebooks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from ..dynamics.system import System
from ..errors import InputError
from ..phase.portray import phase_portrait
from ..rules import Rule, Simultaneous
from .figure_height import make_room
from .legend import legend_below
from .portrait import portrait
from .style import figure, picture

DECADES = 1.5  # a step size can be made so many times ten larger or smaller


def interactive(
    system: System,
    rule: Rule | None = None,
    *,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    **options: Any,
) -> Any:
    """A phase portrait with a slider for each parameter of a symbolic system and for the rule's step size.

    **Arguments:**

    - `system`: a game, a flow or a map.
    - `rule`: whose steps are drawn; default: of a game simultaneous with lr = 0.1, otherwise none.
    - `ranges`: parameter ↦ (low, high) of its slider; default: from 0 to twice its value, and from −1 to 1
      for a parameter that is 0.
    - `options`: as for `stability.phase.portray.phase_portrait`; `curves` is False unless given, as looking
      for separatrices and cycles takes longer than a hand on a slider likes to wait.

    Returns an ipywidgets box: the sliders (named by their `description`), the picture, and a line that
    says why, if there is no portrait at some values (the last picture then stays).

    Raises InputError if ipywidgets is missing, for ranges of what is no parameter, and as `phase_portrait`
    does for the values to begin with.
    """
    widgets = _ipywidgets()
    if "rules" in options:
        raise InputError("an interactive portrait has one rule; give it as rule, not as rules")
    if rule is None and system.kind == "game":
        rule = Simultaneous()
    parameters = _parameters(system, options.pop("parameters", None) or {})
    sliders = _parameter_sliders(widgets, parameters, ranges or {})
    steps = {} if rule is None else _step_sliders(widgets, rule)
    shown, said = widgets.Image(format="png"), widgets.HTML()
    options = {"curves": False, **options}

    def draw() -> None:
        values = {**parameters, **{name: own.value for name, own in sliders.items()}}
        stepped = None if rule is None else _with_steps(rule, steps)
        found = phase_portrait(
            system, rules=None if stepped is None else [stepped], parameters=values, **options
        )
        made, ax = figure()  # a new one, because it grows to hold its legend
        legend_below(portrait(found, ax, legend=False))
        make_room(ax)
        shown.value = picture(made, "png")

    def changed(_: Any) -> None:
        try:
            draw()
            said.value = ""
        except InputError as error:
            said.value = escape(str(error))

    draw()
    for slider in (*sliders.values(), *steps.values()):
        slider.observe(changed, names="value")
    return widgets.VBox([*sliders.values(), *steps.values(), shown, said])


def _ipywidgets() -> Any:
    try:
        import ipywidgets
    except ModuleNotFoundError:
        raise InputError(
            "sliders need ipywidgets, which is not installed; pip install 'game-stability[notebooks]'"
        ) from None
    return ipywidgets


def _parameters(system: System, given: Mapping[Any, Any]) -> dict[str, float]:
    """The parameters' values to begin with; none of a system in JAX, whose parameters are not known."""
    real = getattr(system, "real", None)
    if real is None:
        return {}
    return {symbol.name: float(value) for symbol, value in real.values(given).items()}


def _parameter_sliders(
    widgets: Any, parameters: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]
) -> dict[str, Any]:
    for name in ranges:
        if name not in parameters:
            raise InputError(f"there is no parameter {name!r} to make a slider for")
    sliders = {}
    for name, value in parameters.items():
        low, high = ranges.get(name, (min(0.0, 2 * value), max(0.0, 2 * value)))
        if name not in ranges and value == 0:
            low, high = -1.0, 1.0
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise InputError(f"the slider of {name} goes from a number to a larger one")
        sliders[name] = widgets.FloatSlider(
            value=value, min=min(low, value), max=max(high, value), step=(high - low) / 200,
            description=name, readout_format=".3g", continuous_update=False,
        )  # fmt: skip
    return sliders


def _step_sliders(widgets: Any, rule: Rule) -> dict[str | None, Any]:
    """One for the step size, or one for each player's; none for a rule that has no step size."""
    if rule.lr is None:
        return {}
    sizes = rule.lr if isinstance(rule.lr, Mapping) else {None: rule.lr}
    return {
        player: widgets.FloatLogSlider(
            value=float(size), base=10.0, step=0.02, readout_format=".3g", continuous_update=False,
            min=math.log10(float(size)) - DECADES, max=math.log10(float(size)) + DECADES,
            description="lr" if player is None else f"lr of {player or 'the others'}",
        )
        for player, size in sizes.items()
    }  # fmt: skip


def _with_steps(rule: Rule, sliders: Mapping[Any, Any]) -> Rule:
    if not sliders:
        return rule
    sizes = {player: _rounded(slider.value) for player, slider in sliders.items()}
    return rule.with_lr(sizes.get(None, sizes))


def _rounded(size: float) -> float:
    """Three digits, as a legend is to say them."""
    return float(f"{size:.3g}")
