"""The stable region in the plane of two players' step sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..analysis.here import here
from ..analysis.study import Study, as_study
from ..analysis.value import RuleAnalysis
from ..criteria.steps import rule_step_sizes
from ..dynamics.system import System
from ..errors import InputError
from ..fields import Field
from ..rules import Rule


@dataclass(frozen=True)
class StepRegion:
    """Where in the quarter plane of two step sizes (h₁, h₂) a rule is stable, ray by ray.

    - `players`: whose step sizes these are; `angles`, shape (n,): of the rays (cos θ, sin θ)·r.
    - `stable`: for each ray the intervals of r that are stable, None for infinity.
    """

    players: tuple[str, str]
    angles: np.ndarray
    stable: tuple[tuple[tuple[float, float | None], ...], ...]

    @property
    def critical(self) -> np.ndarray:
        """Where the part at the origin ends, shape (n, 2): infinity if nowhere, 0 if there is none."""
        radii = [
            0.0 if not own or own[0][0] > 0 else np.inf if own[0][1] is None else own[0][1]
            for own in self.stable
        ]
        directions = np.stack([np.cos(self.angles), np.sin(self.angles)], axis=1)
        return np.asarray(radii)[:, None] * directions


def step_region(
    system: System | Study,
    rule: Rule,
    *,
    field: Field | None = None,
    at: Mapping[str, Any] | None = None,
    parameters: Mapping[Any, Any] | None = None,
    box: Mapping[str, tuple[float, float]] | None = None,
    rays: int = 91,
    seed: int = 0,
) -> StepRegion:
    """The step sizes of both players of a two-player game for which a rule is stable at an equilibrium.

    Along each ray through the origin the whole stable set is located as for one step size, so that a region
    with holes or far from the origin is found too.

    **Arguments:** `system`, `field`, `parameters`, `box` and `seed` are those of `stability.report`; `rule`:
    with any step sizes; `at`: which equilibrium, where there are several; `rays`: how many.

    Raises InputError for a game of another number of players, a rule without step sizes, and if the
    equilibrium is not the only one or the rule does not rest there.
    """
    if rule.lr is None:
        raise InputError(f"{rule.name} has no step size")
    if rays < 1:
        raise InputError(f"a region needs at least one ray, not {rays}")
    study = as_study(system, field=field, rule=rule, parameters=parameters, box=box).of_one_field()
    if not study.flows or len(study.flows[0].numeric.partition.players) != 2:
        raise InputError("a region in the plane of two step sizes needs a game of two players")
    places = study.rest_points(at, seed=seed, elsewhere=False).places
    if len(places) != 1:
        raise InputError(
            f"there are {len(places)} equilibria; say which one: at={{variable: value}}"
        )
    own = here(study, places[0], settle=False)
    near, known = own.acting(rule), own.known
    if isinstance(near, RuleAnalysis) or known is None:
        reason = near.stability.because if isinstance(near, RuleAnalysis) else "no derivative"
        raise InputError(f"{rule.name} cannot be analysed there: {reason}")
    partition = own.field.numeric.partition
    angles = (np.arange(rays) + 0.5) * (np.pi / 2) / rays
    stable = []
    for angle in angles:
        lr = dict(zip(partition.players, (float(np.cos(angle)), float(np.sin(angle))), strict=True))
        scaled = near.with_lr(lr)
        stable.append(rule_step_sizes(scaled, known.matrix, partition, own.e.tangent).stable)
    first, second = partition.players
    return StepRegion((first, second), angles, tuple(stable))
