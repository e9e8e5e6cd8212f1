"""What a sweep can compute at every point: the numbers that a report has for one equilibrium."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..branches.grid_points import GridPoints
from ..branches.problem import Problem
from ..errors import InputError

_FLOW, _STEP, _GAME = "flow", "step", "game"


@dataclass(frozen=True)
class Quantity:
    """A number, or several, that a sweep computes.

    - `values`: the chunk ↦ an array of shape (n,), or (n, m) for m labelled numbers.
    - `labels`: the names of these m numbers, given the problem; None for a single number.
    - `reads`: which parts of the linearisation (see `Compiled`) the values come from.
    - `about`: what it needs, a "flow", a "step" (of a rule, or a map) or a "game".
    - `scanned`: whether rules without a closed form need a scan over step sizes for it, which is slow.
    """

    description: str
    values: Callable[[GridPoints], np.ndarray]
    about: str
    reads: tuple[str, ...]
    labels: Callable[[Problem, int], Sequence[str]] | None = None
    scanned: bool = False


def _numbered(problem: Problem, count: int) -> list[str]:
    return [str(i + 1) for i in range(count)]


def _by_variable(problem: Problem, count: int) -> Sequence[str]:
    return problem.variables


def _by_player(problem: Problem, count: int) -> Sequence[str]:
    return problem.partition.players


def _step_sizes(problem: Problem, count: int) -> Sequence[str]:
    return problem.partition.players if count > 1 else ("",)


def _steps_per_digit(points: GridPoints) -> np.ndarray:
    stable = (
        (points.step_is_stable == 1.0) & (points.radius_across > 0) & (points.radius_across < 1)
    )
    radius = np.where(stable, points.radius_across, 0.5)
    return np.where(stable, np.log(10) / -np.log(radius), np.nan)


QUANTITIES: dict[str, Quantity] = {
    "spectral_abscissa": Quantity(
        "largest real part of the flow's eigenvalues; negative: stable",
        lambda points: points.abscissa,
        _FLOW,
        ("eigenvalues",),
    ),
    "spectral_radius": Quantity(
        "largest modulus of the multipliers of the rule's step (or the map); below one: stable",
        lambda points: points.radius,
        _STEP,
        ("multipliers",),
    ),
    "stable": Quantity(
        "1 where the flow is exponentially stable, 0 where it is unstable, else undecided",
        lambda points: points.flow_is_stable,
        _FLOW,
        ("jacobian", "eigenvalues"),
    ),
    "stable_rule": Quantity(
        "the same for the rule's step (or the map)",
        lambda points: points.step_is_stable,
        _STEP,
        ("step", "multipliers"),
    ),
    "critical_lr": Quantity(
        "supremum of the step sizes below which every one is stable; infinite if all are, 0 if small ones "
        "are not",
        lambda points: points.step_sizes.critical,
        _STEP,
        ("jacobian", "eigenvalues", "step", "point"),
        _step_sizes,
        scanned=True,
    ),
    "stable_lr": Quantity(
        "the interval of stable step sizes around the best one: its ends, low and high",
        lambda points: points.step_sizes.stable,
        _STEP,
        ("jacobian", "eigenvalues", "step", "point"),
        lambda problem, count: ("low", "high"),
        scanned=True,
    ),
    "best_lr": Quantity(
        "step size of smallest spectral radius",
        lambda points: points.step_sizes.best,
        _STEP,
        ("jacobian", "eigenvalues", "step", "point"),
        _step_sizes,
        scanned=True,
    ),
    "best_spectral_radius": Quantity(
        "the spectral radius at the best step size",
        lambda points: points.step_sizes.best_radius,
        _STEP,
        ("jacobian", "eigenvalues", "step", "point"),
        scanned=True,
    ),
    "steps_per_digit": Quantity(
        "steps of the rule for one more decimal digit, where it is stable",
        _steps_per_digit,
        _STEP,
        ("step", "multipliers"),
    ),
    "eigenvalues": Quantity(
        "of the flow's Jacobian, the largest real part first",
        lambda points: points.eigenvalues,
        _FLOW,
        ("eigenvalues",),
        _numbered,
    ),
    "multipliers": Quantity(
        "of the rule's step (or the map), the largest real part first",
        lambda points: points.multipliers,
        _STEP,
        ("multipliers",),
        _numbered,
    ),
    "point": Quantity(
        "the equilibrium's coordinates",
        lambda points: points.found["point"],
        "",
        ("point",),
        _by_variable,
    ),
    "residual": Quantity(
        "largest component of the field (of F(x) - x) at the point",
        lambda points: points.found["residual"],
        "",
        ("residual",),
    ),
    "losses": Quantity(
        "every player's loss at the equilibrium",
        lambda points: points.found["losses"],
        _GAME,
        ("losses",),
        _by_player,
    ),
}


def check_quantities(names: Sequence[str], kind: str) -> None:
    """Raises InputError unless all quantities exist for a system of this kind and differ."""
    if isinstance(names, str) or not names:
        raise InputError(f"name one or more quantities: {', '.join(QUANTITIES)}")
    for name in names:
        if name not in QUANTITIES:
            raise InputError(f"there is no quantity {name!r}; there are {', '.join(QUANTITIES)}")
        about = QUANTITIES[name].about
        scanned = QUANTITIES[name].scanned
        if kind == "map" and (about == _FLOW or scanned):
            raise InputError(
                f"a map has no {name}; {'it takes no steps' if scanned else 'use multipliers'}"
            )
        if kind != "game" and about == _GAME:
            raise InputError(f"a {kind} has no {name}, only games have")
    if len(set(names)) < len(names):
        raise InputError(f"a quantity is asked for twice: {', '.join(names)}")


def needs_step(names: Sequence[str]) -> bool:
    """Whether one of the quantities is about the rule's step."""
    return any(QUANTITIES[name].about == _STEP for name in names)


def needs_scan(names: Sequence[str]) -> bool:
    """Whether one of the quantities is a critical or best step size."""
    return any(QUANTITIES[name].scanned for name in names)
