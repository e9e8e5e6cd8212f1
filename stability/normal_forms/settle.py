"""The verdict at a rest point where no eigenvalue grows and some are neutral."""

from __future__ import annotations

from .degenerate import degenerate
from .kinks import kink, without_kinks
from .linear import linear
from .near_rest import NearRest
from .neutral import neutral
from .simple import HIGHEST_OF_A_PAIR, reduce
from .value import NormalForm

_EARLY = 5  # in a flow a reason to stay is found faster than that higher orders vanish


def settle(near: NearRest) -> NormalForm:
    """What decides at a rest point that the linearisation leaves open.

    At a kink the one-sided pieces decide, for there is no series. Elsewhere:

    Tried in this order: the first coefficient of the normal form on the centre manifold that does not vanish;
    where one neutral eigenvalue or pair is not all there is, the amplitude system or the leading part of the
    field; where every coefficient vanishes, a reason for orbits to stay: a conserved quantity, a reversing
    symmetry, the twist theorem. Undecided, with what would decide, where none of these applies.
    """
    at_kink = kink(near)
    if at_kink is not None:
        return at_kink
    near = without_kinks(near)
    form = reduce(near, _EARLY if near.kind == "flow" else HIGHEST_OF_A_PAIR)
    if form.verdict != "undecided" or near.formulas is None:
        return form
    kept = neutral(near) or linear(near)
    if kept is not None:
        return kept
    if form.case == "degenerate":
        return degenerate(near)
    return reduce(near) if near.kind == "flow" else form
