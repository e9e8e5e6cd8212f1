"""Whether a flow or a map stays at an equilibrium: what the spectrum says, in words."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ..documents.numbers import beside, within
from ..spectra.value import Bounds, Spectrum
from .verdict import Evidence, Verdict

Kind = Literal["flow", "map"]


def stability_verdict(
    kind: Kind,
    spectrum: Spectrum,
    sign: int | None,
    evidence: Evidence,
    *,
    manifold_dimension: int = 0,
    linear: bool = False,
    semisimple: bool | None = None,
    growing: int | None = None,
) -> Verdict:
    """The stability verdict of an equilibrium of a flow (or map) from its linearisation.

    - `spectrum`: eigenvalues (multipliers); along a manifold of equilibria those across it.
    - `sign`: −1 all decay, +1 one grows, 0 none grows but one is exactly neutral, None undecided.
    - `manifold_dimension`: of the manifold of equilibria; stability is then judged across it.
    - `linear`: the field is linear, so that the linearisation decides in every case.
    - `semisimple`: whether the neutral eigenvalues have as many eigenvectors as their multiplicity.
    - `growing`: how many eigenvalues grow, if that was counted exactly.
    """
    if manifold_dimension and len(spectrum.eigenvalues) == 0:
        return Verdict("neutral", None, None, evidence, "every point nearby is an equilibrium")
    across = f" across the {_manifold(manifold_dimension)}" if manifold_dimension else ""
    if sign:
        growing = growing or _count_growing(kind, spectrum)
        return _decided(kind, spectrum, sign, evidence, across, growing)
    if sign is None:
        return _in_doubt(kind, spectrum, evidence)
    value = _bounds(kind, spectrum).value
    if linear and semisimple is not None:
        return _linear(kind, value, evidence, semisimple)
    what, decides = _neutral(kind, spectrum)
    text = f"{what}{across}, where the linearisation is silent; {decides} would decide"
    return Verdict("undecided", value, 0.0, evidence, text)


def _bounds(kind: Kind, spectrum: Spectrum) -> Bounds:
    return spectrum.abscissa if kind == "flow" else spectrum.radius


def _decided(
    kind: Kind, spectrum: Spectrum, sign: int, evidence: Evidence, across: str, growing: int
) -> Verdict:
    """All eigenvalues decay, or so many grow."""
    bounds, boundary = _bounds(kind, spectrum), float(kind == "map")
    value = bounds.value
    margin = abs(value - boundary)
    if evidence == "numeric":
        margin = boundary - bounds.upper if sign < 0 else bounds.lower - boundary
    error = max(bounds.upper - value, value - bounds.lower)
    near = (value - boundary) * sign <= error
    if (
        near
    ):  # counted in more digits than these bounds have: the side is known, the distance is not
        margin = None
    if kind == "flow":
        noun, below, above = "eigenvalue", "a negative real part", "a positive real part"
    else:
        noun, below, above = "multiplier", "modulus below one", "modulus above one"
    told = boundary if near else value
    largest = f"largest {beside(told, boundary, sign < 0, 6 if kind == 'flow' else 9)}"
    if sign < 0:
        text = f"every {noun}{across} has {below} ({largest})"
        return Verdict("exponentially stable", value, margin, evidence, text)
    text = f"{growing} {noun}{'s have' if growing > 1 else ' has'} {above} ({largest})"
    return Verdict("unstable", value, margin, evidence, text)


def _linear(kind: Kind, value: float, evidence: Evidence, semisimple: bool) -> Verdict:
    """The field is linear, and none of its eigenvalues grows."""
    place = (
        "eigenvalue{} on the imaginary axis"
        if kind == "flow"
        else "multiplier{} on the unit circle"
    )
    if semisimple:
        what = f"its {place.format('s')} are semisimple"
        text = f"the field is linear and {what}: orbits neither grow nor decay"
        return Verdict("neutral", value, 0.0, evidence, text)
    text = f"the field is linear and has a defective {place.format('')}: orbits grow like a power of time"
    return Verdict("unstable", value, 0.0, evidence, text)


def _in_doubt(kind: Kind, spectrum: Spectrum, evidence: Evidence) -> Verdict:
    """The bounds do not tell whether the largest eigenvalue grows."""
    bounds, boundary = _bounds(kind, spectrum), float(kind == "map")
    name = "abscissa" if kind == "flow" else "radius"
    value = bounds.value
    error = max(bounds.upper - value, value - bounds.lower)
    text = (
        f"the spectral {name} {within(value, error)} cannot be told from {boundary:g}; "
        f"an exact analysis, or else {_neutral(kind, spectrum)[1]}, would decide"
    )
    return Verdict("undecided", value, abs(value - boundary) - error, evidence, text)


def _manifold(dimension: int) -> str:
    return {1: "curve", 2: "surface"}.get(
        dimension, f"{dimension}-dimensional manifold"
    ) + " of equilibria"


def _count_growing(kind: Kind, spectrum: Spectrum) -> int:
    if kind == "flow":
        growing = spectrum.eigenvalues.real > spectrum.errors
    else:
        growing = np.abs(spectrum.eigenvalues) > 1 + spectrum.errors
    return max(int(growing.sum()), 1)


def _neutral(kind: Kind, spectrum: Spectrum) -> tuple[str, str]:
    """What lies on the stability boundary, and what would decide there."""
    values = spectrum.eigenvalues
    if kind == "flow":
        i = int(np.argmax(values.real))
        if abs(values[i].imag) <= spectrum.errors[i]:
            return "an eigenvalue is zero", "a reduction to the centre manifold"
        pair = f"the imaginary pair ±{abs(values[i].imag):.6g}i lies on the axis"
        return pair, "the first Lyapunov coefficient or a conserved quantity"
    i = int(np.argmax(np.abs(values)))
    if abs(values[i].imag) <= spectrum.errors[i]:
        if values[i].real > 0:
            return "a multiplier is one", "a reduction to the centre manifold"
        return "a multiplier is minus one", "the coefficient of the flip normal form"
    pair = f"a pair of multipliers exp(±{abs(np.angle(values[i])):.6g}i) lies on the unit circle"
    return pair, "the Neimark–Sacker normal form or a conserved quantity"
