"""The verdict at a rest point where no eigenvalue grows and some are neutral."""

from __future__ import annotations

from .near_rest import NearRest
from .neutral import neutral
from .simple import reduce
from .value import NormalForm


def settle(near: NearRest) -> NormalForm | None:
    """What decides at a rest point that the linearisation leaves open.

    Tried in this order: the first coefficient of the normal form on the centre manifold that does not vanish;
    where one neutral eigenvalue or pair is not all there is, the amplitude system or the leading part of the
    field; where every coefficient vanishes, a reason for orbits to stay: a conserved quantity, a reversing
    symmetry, the twist theorem. Undecided, with what would decide, where none of these applies.
    """
    form = reduce(near)
    if form.verdict != "undecided":
        return form
    return neutral(near) or form
