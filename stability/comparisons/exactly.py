"""The exact conditions under which an algorithm is stable, in all parameters and the step size, as text."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from ..analysis.here import Here
from ..analysis.subject import LARGEST_EXACT, Subject
from ..criteria.stability_inequalities import stability_conditions
from ..errors import InputError
from ..fields import Field
from ..rules import Rule
from ..rules.rule import each

lr = sympy.Symbol("lr", positive=True)


def conditions_text(subject: Subject, field: Field | None, there: Here, rule: Rule) -> str | None:
    """Relations between the parameters and the step size that hold exactly where the rule is stable there.

    `True` and `False` mean always and never. With step sizes by player they are in the common factor of
    the given ones, called lr too. None for what has no closed form here: numeric games, numeric rules,
    more than eight variables, an equilibrium that is not known exactly or is at limits of the players' sets.
    """
    game, e = subject.symbolic, there.e
    if there.rest is not None and not there.rest.bounded.face.whole:
        return None
    if game is None or game.kind != "game" or game.dimension > LARGEST_EXACT or e.exact is None:
        return None
    free = {p.name: p for p in subject.values} if e.generic else {}
    step = each(rule.lr, lambda h: lr * h) if isinstance(rule.lr, Mapping) else lr
    try:
        found = stability_conditions(
            game,
            rule,
            field=field,
            at=dict(zip(subject.variables, e.exact, strict=True)),
            parameters=free,
            lr=None if rule.lr is None else step,
            manifold_dimension=e.manifold_dimension,
        )
    except InputError:
        return None
    return str(found)
