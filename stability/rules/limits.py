"""Where a rule stays: the nearest points of the sets that its flow is kept in."""

from __future__ import annotations

from typing import Any


def project(flow: Any, x: Any) -> Any:
    """The nearest profile to x in the flow's sets, a vector like x; x itself where there are none."""
    sets = sets_of(flow)
    return x if sets is None else sets.project(x)


def project_player(flow: Any, i: int, x: Any) -> Any:
    """The profile x with player i's strategy projected on the player's own set."""
    if sets_of(flow) is None:
        return x
    return flow.partition.replaced(i, project_part(flow, i, flow.partition.part(i, x)), x)


def project_part(flow: Any, i: int, own: Any) -> Any:
    """The nearest strategy to player i's `own` in the player's set."""
    sets = sets_of(flow)
    return own if sets is None else sets.of_player(i).project(own)


def pull_back(flow: Any, x: Any, w: Any) -> Any:
    """DP(x)ᵀw, a vector like x: what a slope w at the projection of x is before it."""
    sets = sets_of(flow)
    return w if sets is None else sets.pull_back(x, w)


def sets_of(flow: Any) -> Any:
    """The sets that the flow is kept in; None for none."""
    return getattr(flow, "kept_in", None)
