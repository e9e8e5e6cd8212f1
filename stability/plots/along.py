"""What happens along paths: distances from rest, distances between them, losses, against time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..analysis.subject import plain
from ..documents.settings import with_settings
from ..dynamics.trajectory import Trajectory
from ..errors import InputError
from ..phase.follow import Paths
from ..phase.paths import PathComparison
from .grids import plain_ticks
from .layers import label_once
from .looks import Look, looks
from .style import CYCLE, FLOW, MODIFIED, STEPS, own_axes, styled

DASHES = ("-", "--", "-.", ":")
FINE = 2000  # points of a flow's curve at most
FLOOR = 1e-12  # relative to the largest: below it a logarithmic axis shows rounding


def distances(paths: Paths, ax: Axes | None = None) -> Axes:
    """How far the flow, the steps and the modified flow are from the nearest equilibrium, over time.

    `paths`: as `stability.follow` returns them. `ax`: where it is drawn; default: the Axes of a new figure.

    Raises InputError where no equilibrium was found.
    """
    ax = own_axes(ax)
    if not paths.scene.places:
        raise InputError("no equilibrium was found, so there are no distances from one")
    with styled():
        for label, color, line, times, points in _curves(paths):
            _draw(ax, times, paths.distances(points), color, line, label)
        ax.set(xlabel=_time(paths), ylabel="distance from equilibrium")
        _logarithmic(ax)
    return ax


def apart(paths: Paths, ax: Axes | None = None) -> Axes:
    """How far the steps are from the flow and from the modified flow at the same time.

    `paths`: as `stability.follow` returns them. `ax`: where it is drawn; default: the Axes of a new figure.

    Raises InputError where there are no steps.
    """
    if not paths.comparisons:
        raise InputError("there are no steps to compare with the flow; give a rule")
    ax = own_axes(ax)
    with styled():
        for own, rule, look in compared(paths):
            _draw(ax, own.times, own.flow_distances, look.color, look.line, f"{rule} from the flow")
            if own.modified_distances is not None:
                name = f"{rule} from its modified flow"
                _draw(ax, own.times, own.modified_distances, look.color, ":", name)
        ax.set(xlabel="time", ylabel="distance apart")
        _logarithmic(ax)
    return ax


def losses(paths: Paths, ax: Axes | None = None) -> Axes:
    """The players' losses along the steps (along the flow where there are none), over time.

    `paths`: as `stability.follow` returns them. `ax`: where it is drawn; default: the Axes of a new figure.

    Raises InputError if the system is no game.
    """
    players = getattr(paths.scene.study.numeric, "players", ())
    if not players:
        raise InputError(f"a {paths.scene.study.kind} has no losses; only games have")
    ax = own_axes(ax)
    with styled():
        shown = [
            (rule, own.steps.times * own.step_time, own.steps.points)
            for own, rule, _ in compared(paths)
        ] or [("flow", path.times, path.points) for path in paths.alone]
        for line, (name, times, points) in enumerate(shown):
            values = paths.losses(points)
            assert values is not None
            for i, player in enumerate(players):
                ax.plot(
                    times,
                    values[:, i],
                    color=CYCLE[i % len(CYCLE)],
                    linestyle=DASHES[line % len(DASHES)],
                    label=f"{player}, {name}" if len(shown) > 1 else player,
                )
        ax.set(xlabel="time", ylabel="loss")
    return ax


def coordinates(paths: Paths, ax: Axes | None = None) -> Axes:
    """The variables over time: lines for the flow, dots for the steps.

    `paths`: as `stability.follow` returns them. `ax`: where it is drawn; default: the Axes of a new figure.
    """
    ax = own_axes(ax)
    with styled():
        for label, color, line, times, points in _curves(paths):
            dots = label != "flow" and line != ":"
            points = paths.scene.study.in_all_variables(points)
            for i, name in enumerate(paths.scene.study.all_variables):
                ax.plot(
                    times,
                    points[:, i],
                    color=color,
                    linestyle="none" if dots else DASHES[i % len(DASHES)],
                    marker="." if dots else None,
                    label=label_once(ax, label if i == 0 else f"{label}, {name}"),
                )
        ax.set(xlabel=_time(paths), ylabel=", ".join(paths.scene.study.all_variables))
    return ax


def _curves(paths: Paths) -> Iterator[tuple[str, str, Any, np.ndarray, np.ndarray]]:
    """Label, colour, line style, times and points of every path."""
    for path in paths.alone:
        kept = slice(None, None, max(1, len(path) // FINE))
        name = "map" if paths.time is None else "flow"
        yield name, FLOW if name == "flow" else STEPS, "-", path.times[kept], path.points[kept]
    for own in paths.comparisons:
        kept = slice(None, None, max(1, len(own.flow) // FINE))
        yield "flow", FLOW, "-", own.flow.times[kept], own.flow.points[kept]
    for own, rule, look in compared(paths):
        yield rule, look.color, look.line, own.steps.times * own.step_time, own.steps.points
    for own, label, color in modified_flows(paths):
        kept = slice(None, None, max(1, len(own) // FINE))
        yield label, color, ":", own.times[kept], own.points[kept]


def compared(paths: Paths) -> Iterator[tuple[PathComparison, str, Look]]:
    """Every comparison with the rule's name and look, the same from all starts."""
    rules, starts = paths.scene.study.rules, len(paths.scene.starts)
    names = [str(rule) for rule in rules]
    if len(set(names)) < len(names):  # they differ in their step sizes
        names = [with_settings(rule.name, plain(rule.settings)) for rule in rules]
    own_looks = looks(names)
    for number, own in enumerate(paths.comparisons):
        rule = number // starts
        yield own, names[rule], own_looks[names[rule]]


def modified_flows(paths: Paths) -> Iterator[tuple[Trajectory, str, str]]:
    """The paths of the modified flows there are, each with its label and its colour."""
    alone = len(paths.scene.study.rules) == 1
    for own, rule, look in compared(paths):
        if own.modified is not None:
            name = "modified flow" if alone else f"modified flow of {rule}"
            yield own.modified, name, MODIFIED if alone else look.color


def _draw(ax: Axes, times: np.ndarray, values, color: str, line: Any, label: str) -> None:
    ax.plot(times, values, color=color, linestyle=line, linewidth=1.3, label=label_once(ax, label))


def _logarithmic(ax: Axes) -> None:
    """A logarithmic axis if what is drawn spans more than a decade."""
    values = np.concatenate([np.asarray(line.get_ydata(), float) for line in ax.get_lines()])
    values = values[np.isfinite(values) & (values > 0)]
    if len(values) and values.max() > 10 * np.percentile(values, 2):
        ax.set_yscale("log", nonpositive="mask")
        ax.set_ylim(bottom=max(values.min(), FLOOR * values.max()) / 1.5)
        plain_ticks(ax.yaxis)
    else:
        ax.set_ylim(bottom=0.0)


def _time(paths: Paths) -> str:
    return "step" if paths.time is None else "time"
