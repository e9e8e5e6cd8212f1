"""Vector fields of games: what the players follow."""

from collections.abc import Sequence

from .anticipation import LOLA as LOLA
from .anticipation import LookaheadOpponent as LookaheadOpponent
from .anticipation import Shaping as Shaping
from .consensus import Consensus as Consensus
from .custom import FieldFunction as FieldFunction
from .custom import Preconditioned as Preconditioned
from .evolutionary import BestReplyDynamics as BestReplyDynamics
from .evolutionary import Logit as Logit
from .evolutionary import Replicator as Replicator
from .field import Field as Field
from .gradient import Gradient as Gradient
from .hierarchy import Ridge as Ridge
from .hierarchy import Stackelberg as Stackelberg
from .symplectic import Symplectic as Symplectic
from .two_timescale import TwoTimescale as TwoTimescale

FIELDS: dict[str, type[Field]] = {
    field.name: field
    for field in (
        Gradient,
        TwoTimescale,
        Consensus,
        Symplectic,
        Stackelberg,
        Ridge,
        LOLA,
        LookaheadOpponent,
        Shaping,
        Replicator,
        Logit,
        BestReplyDynamics,
    )
}


def every_field(players: Sequence[str]) -> tuple[Field, ...]:
    """The usual fields besides the gradient with their usual settings, for either leader of two players.

    `Shaping` is a term of `LOLA` and left out.
    """
    leaders = players if len(players) == 2 else players[:1]
    return (
        Consensus(),
        Symplectic(),
        *(Stackelberg(leader) for leader in leaders),
        Ridge(),
        LookaheadOpponent(),
        LOLA(),
    )
