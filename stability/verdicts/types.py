"""The textbook's name for an equilibrium, from its eigenvalues, in any dimension."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..spectra.dense import Spectrum, geometric_multiplicity


def sides(spectrum: Spectrum, kind: Literal["flow", "map"]) -> np.ndarray:
    """For each eigenvalue −1 (decays), 0 (cannot be told from neutral) or +1 (grows), shape (d,)."""
    distance = spectrum.eigenvalues.real if kind == "flow" else np.abs(spectrum.eigenvalues) - 1.0
    return np.where(np.abs(distance) <= spectrum.errors, 0, np.sign(distance)).astype(int)


def classify(
    matrix: np.ndarray,
    spectrum: Spectrum,
    kind: Literal["flow", "map"],
    manifold_dimension: int = 0,
    linear: bool = False,
    known_sides: np.ndarray | None = None,
) -> str:
    """The type of an equilibrium with Jacobian `matrix` (flow) or multiplier matrix (map).

    Hyperbolic cases are called stable/unstable node, star node, degenerate node, focus or focus-node,
    and saddle or saddle-focus with their number of unstable directions (Strogatz 2015, §5.2 and §6.3;
    Kuznetsov 2004, §2.2). A double real eigenvalue is told apart into star and degenerate by rank. Only of
    a `linear` system is a centre of the linearisation a centre. `manifold_dimension` is the dimension of
    the manifold of equilibria through the point; `known_sides` gives the side of each eigenvalue where it
    is known better than from the error bounds.
    """
    side = sides(spectrum, kind) if known_sides is None else known_sides
    if manifold_dimension:
        return _on_manifold(side, manifold_dimension)
    d = len(side)
    decaying, growing = int((side < 0).sum()), int((side > 0).sum())
    neutral_count = d - decaying - growing
    spiralling = np.abs(spectrum.eigenvalues.imag) > spectrum.errors
    if neutral_count == d and d > 0 and bool(spiralling.all()):
        for cluster in spectrum.clusters:
            mean = complex(spectrum.eigenvalues[list(cluster)].mean())
            if len(cluster) > 1 and geometric_multiplicity(matrix, mean) < len(cluster):
                return "degenerate centre"
        return "centre" if linear else "centre of the linearisation"
    if neutral_count:
        counts = [
            f"{count} {word}"
            for count, word in (
                (decaying, "stable"),
                (neutral_count, "neutral"),
                (growing, "unstable"),
            )
            if count
        ]
        return f"non-hyperbolic with {', '.join(counts)} direction" + ("s" if d > 1 else "")
    if decaying and growing:
        name = "saddle-focus" if spiralling.any() else "saddle"
        return f"{name} with {growing} unstable direction" + ("s" if growing > 1 else "")
    return f"{'stable' if decaying else 'unstable'} {_node_or_focus(matrix, spectrum, spiralling)}"


def _node_or_focus(matrix: np.ndarray, spectrum: Spectrum, spiralling: np.ndarray) -> str:
    if spiralling.all():
        return "focus"
    if spiralling.any():
        return "focus-node"
    d = len(spiralling)
    if d > 1 and len(spectrum.clusters) == 1:
        multiplicity = geometric_multiplicity(matrix, float(spectrum.eigenvalues.real.mean()))
        return "star node" if multiplicity == d else "degenerate node"
    for cluster in spectrum.clusters:
        if len(cluster) > 1:
            mean = float(spectrum.eigenvalues[list(cluster)].real.mean())
            if geometric_multiplicity(matrix, mean) < len(cluster):
                return "degenerate node"
    return "node"


def _on_manifold(side: np.ndarray, dimension: int) -> str:
    name = {1: "curve", 2: "surface"}.get(dimension, f"{dimension}-dimensional manifold")
    decaying, growing = int((side < 0).sum()), int((side > 0).sum())
    rest = len(side) - dimension
    if rest == 0:
        return f"{name} of equilibria"
    if decaying == rest:
        return f"attracting {name} of equilibria"
    if growing == rest:
        return f"repelling {name} of equilibria"
    if decaying + growing == rest:
        return f"{name} of equilibria of saddle type"
    return f"{name} of equilibria, not normally hyperbolic"
