"""Local Nash equilibria where an own Hessian is singular: is every strategy still a best reply nearby?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..documents.formulas import readable
from ..spectra.exact import exact_text
from .definite import Definiteness
from .minimum import Minimum
from .verdict import Evidence, Verdict


@dataclass(frozen=True)
class OwnLoss:
    """A player's loss in its own strategy, the others staying where they are.

    `affine`: it is affine in it wherever the others are.
    """

    minimum: Minimum
    affine: bool = False
    evidence: Evidence = "exact"


_CONSTANT = "does not change"

# By player's place; None where nothing is known. The second argument says that the own Hessian is known to be
# positive definite, so that it is asked only whether the loss is lower elsewhere.
OwnLosses = Callable[[int, bool], OwnLoss | None]


def is_affine(loss: OwnLoss | None) -> bool:
    """Whether a loss is known to be affine, so that its own Hessian is known to vanish."""
    return loss is not None and loss.affine


def weak_nash(players: Sequence[str], found: Sequence[Definiteness], losses: OwnLosses) -> Verdict:
    """Whether a point is a local Nash equilibrium, where no own Hessian has a negative eigenvalue.

    It is one iff every player's strategy is a local minimum of its own loss, the others' fixed; weak if one
    has others as good nearby, and global if no strategy at all is better. `found` are the own Hessians'
    signs; only where one is not positive definite, and then for all, `losses` is asked.
    """
    own = {i: losses(i, False) for i, d in enumerate(found) if d.sign != 1}
    known = {i: loss for i, loss in own.items() if loss is not None}
    for i, loss in known.items():
        if loss.minimum.word == "no":
            singular = "its own Hessian is singular, and " if found[i].sign == 0 else ""
            text = f"player {players[i]} can do better nearby: {singular}{_falls(loss.minimum)}"
            return Verdict("no", 0.0, 0.0, loss.evidence, text)
    open_ = [i for i in own if i not in known or known[i].minimum.word != "yes"]
    if open_:
        return _undecided(players, found, own, open_)
    for i, d in enumerate(found):
        loss = losses(i, True) if d.sign == 1 else None
        if loss is not None and loss.minimum.everywhere:
            known[i] = loss
    exact = all(d.evidence == "exact" or (i in own) for i, d in enumerate(found))
    exact = exact and all(known[i].evidence == "exact" for i in own)
    strict = {known[i].minimum.strict for i in own}
    kind = "weak " if False in strict else "" if None in strict else "strict "
    everywhere = len(known) == len(players) and all(k.minimum.everywhere for k in known.values())
    boxed = any(k.minimum.everywhere == "convex in the box" for k in known.values())
    kind += "" if everywhere and boxed else "global " if everywhere else "local "
    where = " in the box" if everywhere and boxed else ""
    text = f"a {kind}Nash equilibrium{where}: {_why(players, known)}"
    return Verdict("yes", 0.0, 0.0, "exact" if exact else "numeric", text)


def _undecided(
    players: Sequence[str],
    found: Sequence[Definiteness],
    own: Mapping[int, OwnLoss | None],
    open_: Sequence[int],
) -> Verdict:
    i = next((i for i in open_ if found[i].sign is None), open_[0])
    loss, names = own[i], ", ".join(players[k] for k in open_)
    if found[i].sign is None:
        text = f"the smallest own-Hessian eigenvalue of {names} cannot be told from zero"
        return Verdict("undecided", found[i].smallest, found[i].margin, found[i].evidence, text)
    missing = "higher derivatives" if loss is None else loss.minimum.missing
    text = f"the own Hessian of {names} has a zero eigenvalue and none negative; {missing} would decide"
    exact = all(d.evidence == "exact" for d in found)
    return Verdict("undecided", 0.0, 0.0, "exact" if exact else "numeric", text)


def _why(players: Sequence[str], known: Mapping[int, OwnLoss]) -> str:
    """What the losses do in their players' own strategies; one that is not known is strictly convex here."""
    clauses: dict[str, list[str]] = {}
    for i, player in enumerate(players):
        clauses.setdefault(_clause(known.get(i)), []).append(player)
    alone = "" if all(loss.affine for loss in known.values()) else "while the others stay, "
    if set(clauses) == {_CONSTANT}:
        return f"{alone}no player's loss changes"
    if len(clauses) == 1:
        return f"{alone}every player's loss {next(iter(clauses))}"
    said = [f"that of {' and '.join(names)} {clause}" for clause, names in clauses.items()]
    said[0] = said[0].replace("that of", "the loss of", 1)
    return f"{alone}{', '.join(said)}"


def _clause(loss: OwnLoss | None) -> str:
    """What follows "the loss of x"."""
    if loss is None:
        return "has a positive definite own Hessian"
    if loss.affine:
        return "is affine in its own strategy"
    found = loss.minimum
    if found.everywhere == "constant":
        return _CONSTANT
    if found.everywhere == "convex":
        return "is convex in its own strategy"
    if found.everywhere == "convex in the box":
        return "is convex in its own strategy in the box"
    if found.leading is None:
        return "is nowhere lower" if found.everywhere else "is nowhere lower nearby"
    return f"grows like {_terms(found)}"


def _falls(found: Minimum) -> str:
    if found.leading is None:
        return "its loss falls along some curve"
    return f"its loss changes like {_terms(found)}"


def _terms(found: Minimum) -> str:
    text = readable(exact_text(found.leading))
    return f"{text} where it is least in its other own variables" if found.partly else text
