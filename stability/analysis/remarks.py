"""Where game theory and dynamics disagree at an equilibrium, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..equilibria.components import set_name
from ..equilibria.equilibrium import Equilibrium
from ..games.gan.symbolic import SymbolicGAN
from ..verdicts.conditions import Conditions
from .value import FlowAnalysis, RuleAnalysis


def remarks(
    e: Equilibrium,
    conditions: Conditions | None,
    flows: Sequence[FlowAnalysis],
    rules: Sequence[RuleAnalysis],
) -> tuple[str, ...]:
    """Sentences a reader should not miss: Nash but unstable, stable but not Nash, curves, steps too large."""
    said = []
    if not e.stationary and e.differentiable:
        resting = [f"the {flow.field} field" for flow in flows if flow.stationary]
        resting += [
            f"{rule.rule} steps" for rule in rules if rule.multipliers is not None and not resting
        ]
        names = list(dict.fromkeys(resting))
        alone = len(names) == 1 and not names[0].endswith("steps")
        verb = "rests" if alone else "rest"
        where = f"; {' and '.join(names)} {verb} here" if names else ""
        noun = "an equilibrium of the game" if resting else "an equilibrium"
        said.append(f"This point is not {noun}: the field there has size {e.residual:.6g}{where}.")
        return tuple(said)
    if not e.differentiable:
        known = any(flow.normal_form is not None for flow in flows)
        instead = ": the one-sided fields decide" if known else ", so it has no linearisation"
        said.append(f"The field is not differentiable here{instead}.")
        return tuple(said)
    if e.singular is not None:
        said.append(f"{e.singular[:1].upper()}{e.singular[1:]}: nothing is judged across it.")
    if e.manifold_dimension:
        name = set_name(e.manifold_dimension, e.component is not None and e.component.straight)
        said.append(
            f"One point of a {name} of equilibria; stability is judged across it, and step sizes hold at "
            "this point: they may vary along it."
        )
    for flow in flows:
        stability = flow.stability.verdict
        if conditions is None:
            continue
        name = "the gradient flow" if flow.field == "gradient" else f"the {flow.field} flow"
        if stability == "unstable" and conditions.differential_nash.verdict == "yes":
            said.append(f"Nash but unstable: a differential Nash equilibrium that {name} leaves.")
        if stability == "unstable" and conditions.local_minmax.verdict == "yes":
            said.append(f"Minmax but unstable: a strict local minmax point that {name} leaves.")
        if stability == "exponentially stable" and conditions.local_nash.verdict == "no":
            said.append(
                f"Stable but not Nash: {name} stays here although a player could do better nearby."
            )
    for rule in rules:
        flow = next(
            (f for f in flows if (f.field, f.settings) == (rule.field, rule.field_settings)), None
        )
        if flow is None:
            continue
        if (
            flow.stability.verdict in ("exponentially stable", "asymptotically stable", "neutral")
            and rule.stability.verdict == "unstable"
        ):
            said.append(
                f"The flow ({rule.field}) is {flow.stability.verdict} here, "
                f"but {rule.rule} steps of this size leave."
            )
    return tuple(dict.fromkeys(said))


def approximations(system: Any) -> tuple[str, ...]:
    """What in the losses themselves is approximate: the expectations of a SymbolicGAN taken by quadrature."""
    if not isinstance(system, SymbolicGAN) or system.exact_expectations:
        return ()
    return (
        f"The losses hold {system.expectations}; away from a discriminator that is constant they are "
        "approximate. More nodes show how far: SymbolicGAN(…, nodes=…)",
    )
