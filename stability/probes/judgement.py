"""Verdicts from a few eigenvalues of a large operator, and none where there is no equilibrium."""

from __future__ import annotations

import numpy as np

from ..documents.numbers import beside
from ..verdicts.verdict import Verdict
from .value import Eigenvalues, Rest

HIDDEN = "; a Krylov method can only miss an eigenvalue that all its random starts hide"


def flow_verdict(
    rightmost: Eigenvalues, others: Eigenvalues, rest: Rest, bound: float | None = None
) -> Verdict:
    """Whether the flow stays at the point, from its rightmost eigenvalues and whatever else was found.

    One eigenvalue that is certainly to the right of the axis makes it unstable, whether or not the others
    were found; that all are to the left needs the rightmost ones, converged. `bound`: the numerical
    abscissa with its error, which no real part exceeds, if Lanczos has missed nothing.
    """
    values = np.concatenate([rightmost.values, others.values])
    errors = np.concatenate([rightmost.errors, others.errors])
    return _verdict(
        np.real(values), errors, 0.0, rightmost, rest,
        "eigenvalue", "real part", "the rightmost eigenvalues", bound,
    )  # fmt: skip


def map_verdict(multipliers: Eigenvalues, rest: Rest) -> Verdict:
    """Whether a rule's steps stay at the point, from the multipliers of largest modulus."""
    return _verdict(
        np.abs(multipliers.values), multipliers.errors, 1.0, multipliers, rest,
        "multiplier", "modulus", "the largest multipliers",
    )  # fmt: skip


def _verdict(
    sizes: np.ndarray, errors: np.ndarray, boundary: float, asked: Eigenvalues, rest: Rest,
    noun: str, measure: str, wanted: str, bound: float | None = None,
) -> Verdict:  # fmt: skip
    """`sizes`: what must stay below `boundary`, real parts or moduli, each known up to its error."""
    if len(sizes) == 0:
        return Verdict("undecided", None, None, "numeric", f"no {noun} was found")
    value = float(sizes.max())
    lower, upper = sizes - errors, float((sizes + errors).max())
    if rest.stationary.verdict != "yes":
        what = "this is no equilibrium, and only an equilibrium can be stable"
        if rest.stationary.verdict == "undecided":
            what = "limits are touched here that this linearisation does not know of"
        text = (
            f"{what}; the linearisation here has "
            f"{noun}s of {measure} up to {value:.6g}, which tell what happens nearby for a short while"
        )
        return Verdict("undecided", value, None, "numeric", text)
    certain = lower > boundary
    if certain.any():
        count = int(certain.sum())
        text = (
            f"at least {count} {noun}{'s have' if count > 1 else ' has'} a {measure} above {boundary:g} "
            f"(largest {beside(value, boundary, below=False)})"
        )
        return Verdict("unstable", value, float(lower.max()) - boundary, "numeric", text)
    if not asked.converged:
        text = f"{wanted} were not all found to the tolerance, so others may decide"
        return Verdict("undecided", value, None, "numeric", text)
    if upper < boundary:
        found = "" if asked.complete else " found"
        hidden = "" if asked.complete else HIDDEN
        if hidden and bound is not None and bound < boundary:
            hidden = (
                f"; the numerical abscissa, at most {bound:.6g} as far as Lanczos tells, bounds all"
            )
        shown = beside(value, boundary, below=True)
        text = f"the largest {measure} of the {noun}s{found} is {shown}{hidden}"
        return Verdict("exponentially stable", value, boundary - upper, "numeric", text)
    worst = int(np.argmax(sizes + errors))
    text = (
        f"the {measure} {sizes[worst]:.6g} of a {noun} is known to {errors[worst]:.1g} only and cannot be "
        f"told from {boundary:g}"
    )
    return Verdict(
        "undecided",
        value,
        abs(float(sizes[worst]) - boundary) - float(errors[worst]),
        "numeric",
        text,
    )
