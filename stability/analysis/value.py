"""What is true of a system and at each of its rest points, as frozen values, and as JSON-ready data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from ..equilibria.components import set_name
from ..minibatches.value import Noise
from ..normal_forms.born import Born
from ..normal_forms.value import NormalForm
from ..verdicts.conditions import Conditions
from ..verdicts.named_conditions import Found
from ..verdicts.regret import Regret, epsilon
from ..verdicts.verdict import Verdict, finite


class NoNumbers(StrEnum):
    """Why there are no numbers of a flow, a rule or a map at a point; stands where its `type` would."""

    NOT_AT_REST = "not at rest"
    NOT_DIFFERENTIABLE = "not differentiable here"
    NO_LINEARISATION = "no linearisation"


GIVEN_POINT = "given point"  # the method of a search that was none


@dataclass(frozen=True)
class CommonPayoff:
    """The f of two players who are opposed but for terms in the other's strategy alone; None: no formula."""

    formula: str | None
    minimizer: str
    maximizer: str


@dataclass(frozen=True)
class SystemInfo:
    """What was analysed.

    - `zero_sum`: whether the losses add up to a constant or to terms in single strategies;
      `zero_sum_up_to_own_terms`: whether to the latter, and the f that two players then have in `common`.
    - `structure`: potential (J = Jᵀ everywhere), Hamiltonian (J = −Jᵀ) or general.
    - `angles`: variable ↦ period; `conserved`: total ↦ value, of the level set that all of this is on.
    """

    kind: str
    name: str
    players: tuple[str, ...]
    variables: tuple[str, ...]
    parameters: Mapping[str, float]
    zero_sum: bool | None = None
    structure: str | None = None
    zero_sum_up_to_own_terms: bool | None = None
    common: CommonPayoff | None = None
    angles: Mapping[str, float] = field(default_factory=dict)
    conserved: Mapping[str, float] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the variables and of the parameters."""
        return (*self.variables, *self.parameters)


@dataclass(frozen=True)
class SearchInfo:
    """How equilibria were looked for.

    - `hidden`: how many lie outside the box that was given, and are not listed.
    - `rounds`, `budget`: how often starts were made, and how many at most; None where algebra leaves nothing
      to find, and with more than 64 variables.
    """

    method: str
    starts: int
    seed: int
    box: Mapping[str, tuple[float, float]]
    exhaustive: bool
    hidden: int = 0
    rounds: int = 0
    budget: int | None = None


@dataclass(frozen=True)
class FlowAnalysis:
    """A field's flow linearised at an equilibrium. Numbers are None where they do not exist.

    `stationary`: whether this field vanishes here; one that looks beyond the gradient may rest elsewhere.
    `normal_form`: what was found where the linearisation is silent; `born`: a cycle predicted around a point
    a little beside the boundary of stability.
    """

    field: str
    settings: Mapping[str, Any]
    eigenvalues: np.ndarray | None
    exact_eigenvalues: tuple[str, ...] | None
    spectral_abscissa: float | None
    error_bound: float | None
    type: str
    stability: Verdict
    stationary: bool = True
    normal_form: NormalForm | None = None
    born: Born | None = None


@dataclass(frozen=True)
class Drift:
    """The flows that a rule's steps follow (backward error analysis), by their eigenvalues.

    - `time`: of a step; the step size, or 1 where step sizes differ by player.
    - `logarithms`: log(μ)/time, the eigenvalues of a flow with exactly these multipliers.
    - `first`, `second`: of the modified flow to order one and two in the step size.
    """

    time: float
    logarithms: np.ndarray
    first: np.ndarray
    second: np.ndarray


@dataclass(frozen=True)
class RuleAnalysis:
    """A rule on a field linearised at an equilibrium; `critical_lr` and `best_lr` are shaped like `lr`.

    `stable_lr` are all stable step sizes as open intervals (low, high), None for infinity; with step sizes
    that differ by player, factors on them. `stable_lr_exact` are their ends in closed form, as far as they
    have short ones; None where the set was found numerically. `drift` compares a rule without memory with
    flows; `noise` is what minibatches do to the rule, where that was asked for; `normal_form` what was found
    where the linearisation is silent; `born` an invariant circle or a two-cycle predicted around a point a
    little beside the boundary of stability.
    """

    rule: str
    settings: Mapping[str, Any]
    field: str
    field_settings: Mapping[str, Any]
    multipliers: np.ndarray | None
    spectral_radius: float | None
    error_bound: float | None
    type: str
    stability: Verdict
    critical_lr: Any
    critical_lr_exact: str | None
    best_lr: Any
    best_spectral_radius: float | None
    steps_per_digit: float | None
    stable_lr: tuple[tuple[float, float | None], ...] | None = None
    stable_lr_exact: tuple[tuple[str | None, str | None], ...] | None = None
    drift: Drift | None = None
    noise: Noise | None = None
    normal_form: NormalForm | None = None
    born: Born | None = None


@dataclass(frozen=True)
class MapAnalysis:
    """A map linearised at a fixed point; `normal_form` and `born` are as a rule's."""

    multipliers: np.ndarray | None
    exact_multipliers: tuple[str, ...] | None
    spectral_radius: float | None
    error_bound: float | None
    type: str
    stability: Verdict
    normal_form: NormalForm | None = None
    born: Born | None = None


@dataclass(frozen=True)
class Decomposition:
    """J = S + A at an equilibrium (Balduzzi et al. 2018): Frobenius norms of the symmetric (potential) and
    the antisymmetric (Hamiltonian) part, and ‖A‖²/‖J‖², the share of the field that rotates.
    """

    potential: float
    hamiltonian: float
    rotation: float


@dataclass(frozen=True)
class ComponentInfo:
    """A set of equilibria that one point stands for.

    - `parametrisation`: every variable as an expression in the `free` ones, or `equation`, what binds them;
      neither for a set that was only seen numerically.
    - `attracts`, `repels`: where along it orbits nearby come to it and stay, and where some leave; None where
      that is not known. `straight`: a line, a plane and so on.
    - `all_ends`: whether every point between these ranges is an equilibrium of its own in the analysis.
    """

    dimension: int
    parametrisation: Mapping[str, str] | None
    equation: str | None
    free: tuple[str, ...]
    attracts: str | None
    repels: str | None
    straight: bool
    all_ends: bool = True

    @property
    def name(self) -> str:
        """What it is called: a line, a curve, a plane …"""
        return set_name(self.dimension, self.straight)


@dataclass(frozen=True)
class LimitInfo:
    """An active limit: its kind ("lower", "upper", "zero", "sphere"), how strongly the field pushes against
    it, and `strict`, whether it is known to ("yes", "no", "undecided")."""

    kind: str
    multiplier: float
    strict: str


@dataclass(frozen=True)
class EquilibriumAnalysis:
    """One equilibrium, of the game or of one of the fields or rules alone, and everything said about it.

    `further`: what the conditions that were asked for by name found here. `component`: the set of equilibria
    that it stands for; `singular`: why the set through it is no manifold there that could be judged across;
    `piece` numbers the connected set, seen numerically, that several points stand for parts of. Where
    strategies have limits, `active` names those that the point touches, by variable, and `limits` says how;
    `regret` is what each player could still gain.
    """

    point: Mapping[str, float]
    exact: Mapping[str, str] | None
    residual: float
    stationary: bool
    differentiable: bool
    isolated: str
    manifold_dimension: int
    conditions: Conditions | None
    decomposition: Decomposition | None
    flows: tuple[FlowAnalysis, ...]
    rules: tuple[RuleAnalysis, ...]
    maps: tuple[MapAnalysis, ...]
    remarks: tuple[str, ...] = field(default=())
    further: tuple[Found, ...] = ()
    component: ComponentInfo | None = None
    singular: str | None = None
    piece: int | None = None
    active: Mapping[str, str] | None = None
    limits: Mapping[str, LimitInfo] | None = None
    regret: Mapping[str, Regret] | None = None

    @property
    def further_verdicts(self) -> dict[str, Verdict]:
        """The verdicts on further conditions, by the names that people read."""
        return {name: verdict for found in self.further for name, verdict in found.verdicts.items()}

    @property
    def at_rest(self) -> bool:
        """Whether something rests here: the game's own field, another one, or a rule."""
        somewhere = [flow.stationary for flow in self.flows]
        somewhere += [rule.multipliers is not None for rule in self.rules]
        return self.on_kink or (self.differentiable and (self.stationary or any(somewhere)))

    @property
    def on_kink(self) -> bool:
        """Whether a flow rests here on a kink or a jump of its field, so that one-sided fields decide."""
        return not self.differentiable and any(flow.normal_form is not None for flow in self.flows)

    @property
    def judged(self) -> bool:
        """Whether the subject's own flow or map rests here and has verdicts, by eigenvalues or at a kink."""
        return self.stationary and (self.differentiable or self.on_kink)


def system_to_dict(system: SystemInfo) -> dict[str, Any]:
    """The system as JSON-ready data."""
    return {
        "kind": system.kind,
        "name": system.name,
        "players": list(system.players),
        "variables": list(system.variables),
        "dimension": len(system.variables),
        "parameters": dict(system.parameters),
        "zero_sum": system.zero_sum,
        "zero_sum_up_to_own_terms": system.zero_sum_up_to_own_terms,
        "common": None if system.common is None else asdict(system.common),
        "structure": system.structure,
        **({"angles": dict(system.angles)} if system.angles else {}),
        **({"conserved": dict(system.conserved)} if system.conserved else {}),
    }


def search_to_dict(search: SearchInfo) -> dict[str, Any]:
    """How equilibria were looked for, as JSON-ready data."""
    return {
        "method": search.method,
        "starts": search.starts,
        "seed": search.seed,
        "box": {name: list(interval) for name, interval in search.box.items()},
        "exhaustive": search.exhaustive,
        "hidden": search.hidden,
        "rounds": search.rounds,
        "budget": search.budget,
    }


def equilibrium_to_dict(e: EquilibriumAnalysis, kind: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "point": {name: finite(x) for name, x in e.point.items()},
        "exact": None if e.exact is None else dict(e.exact),
        "residual": finite(e.residual),
        "stationary": e.stationary,
        "differentiable": e.differentiable,
        "isolated": e.isolated,
        "manifold_dimension": e.manifold_dimension,
        "component": None if e.component is None else _component(e.component),
        "conditions": None if e.conditions is None else conditions_to_dict(e.conditions),
        "remarks": list(e.remarks),
    }
    if e.active is not None and e.limits is not None:
        result["active"] = dict(e.active)
        result["limits"] = {name: asdict(limit) for name, limit in e.limits.items()}
    if e.regret is not None:
        players = {player: own.to_dict() for player, own in e.regret.items()}
        result["regret"] = {"players": players, "epsilon": finite(epsilon(e.regret))}
    if e.further:
        result["conditions"]["further"] = [found.to_dict() for found in e.further]
    if kind == "map":
        result["maps"] = [_map(m) for m in e.maps]
        return result
    if e.decomposition is not None:
        result["decomposition"] = {
            "potential": finite(e.decomposition.potential),
            "hamiltonian": finite(e.decomposition.hamiltonian),
            "rotation": finite(e.decomposition.rotation),
        }
    result["flows"] = [_flow(f) for f in e.flows]
    result["rules"] = [_rule(r) for r in e.rules]
    return result


def _component(own: ComponentInfo) -> dict[str, Any]:
    return {
        "dimension": own.dimension,
        "parametrisation": None if own.parametrisation is None else dict(own.parametrisation),
        "equation": own.equation,
        "attracts": own.attracts,
        "repels": own.repels,
    }


def conditions_to_dict(c: Conditions) -> dict[str, Any]:
    """The game-theoretic verdicts as JSON-ready data."""
    return {
        "differential_nash": c.differential_nash.to_dict(),
        "local_nash": c.local_nash.to_dict(),
        "local_minmax": c.local_minmax.to_dict(),
        "differential_stackelberg": {k: v.to_dict() for k, v in c.differential_stackelberg.items()},
    }


def _flow(f: FlowAnalysis) -> dict[str, Any]:
    return {
        "field": f.field,
        "settings": dict(f.settings),
        "eigenvalues": pairs(f.eigenvalues),
        "exact_eigenvalues": None if f.exact_eigenvalues is None else list(f.exact_eigenvalues),
        "spectral_abscissa": finite(f.spectral_abscissa),
        "error_bound": finite(f.error_bound),
        "type": f.type,
        "stationary": f.stationary,
        "stability": f.stability.to_dict(),
        **_beyond_linear(f),
    }


def _rule(r: RuleAnalysis) -> dict[str, Any]:
    result = {
        "rule": r.rule,
        "settings": dict(r.settings),
        "field": r.field,
        "field_settings": dict(r.field_settings),
        "multipliers": pairs(r.multipliers),
        "spectral_radius": finite(r.spectral_radius),
        "error_bound": finite(r.error_bound),
        "type": r.type,
        "stability": r.stability.to_dict(),
        "critical_lr": r.critical_lr,
        "critical_lr_exact": r.critical_lr_exact,
        "best_lr": r.best_lr,
        "stable_lr": None if r.stable_lr is None else [list(own) for own in r.stable_lr],
        "stable_lr_exact": None
        if r.stable_lr_exact is None
        else [list(own) for own in r.stable_lr_exact],
        "best_spectral_radius": finite(r.best_spectral_radius),
        "steps_per_digit": finite(r.steps_per_digit),
        "drift": None
        if r.drift is None
        else {
            "time": r.drift.time,
            "logarithms": pairs(r.drift.logarithms),
            "modified_eigenvalues": {
                "1": pairs(r.drift.first),
                "2": pairs(r.drift.second),
            },
        },
    }
    result |= _beyond_linear(r)
    if r.noise is not None:
        result["noise"] = r.noise.to_dict()
    return result


def _map(m: MapAnalysis) -> dict[str, Any]:
    return {
        "multipliers": pairs(m.multipliers),
        "exact_multipliers": None if m.exact_multipliers is None else list(m.exact_multipliers),
        "spectral_radius": finite(m.spectral_radius),
        "error_bound": finite(m.error_bound),
        "type": m.type,
        "stability": m.stability.to_dict(),
        **_beyond_linear(m),
    }


def _beyond_linear(found: FlowAnalysis | RuleAnalysis | MapAnalysis) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if found.normal_form is not None:
        result["normal_form"] = found.normal_form.to_dict()
    if found.born is not None:
        result["born"] = found.born.to_dict()
    return result


def pairs(values: np.ndarray | None) -> list[list[float | None]] | None:
    """Complex numbers as [real, imaginary] pairs."""
    if values is None:
        return None
    return [[finite(v.real), finite(v.imag)] for v in np.asarray(values, dtype=complex)]
